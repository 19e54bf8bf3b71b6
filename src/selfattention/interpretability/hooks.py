"""See and change what flows through a model while it runs, without a line of it written anew.

Any module will do whose output is a tensor, or a tuple that begins with one, such as a layer; and of each attention
(`layers.MultiHeadAttention`) what its heads hand to the output matrix.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from jaxtyping import Float
from torch import Tensor, nn

from selfattention.layers import MultiHeadAttention, merge_heads, split_heads

Layers = Sequence[nn.Module] | nn.ModuleList  # a module list is no sequence
Heads = Float[Tensor, "batch heads tokens d_head"]
Stream = Float[Tensor, "batch tokens d_model"]


def at_layer(modules: Layers, layer: int) -> nn.Module:
    """The module of a layer, counted from 0.

    Raises:  ValueError: there is no such layer.
    """
    if not 0 <= layer < len(modules):
        raise ValueError(f"layer {layer} of {len(modules)}: choose one from 0 to {len(modules) - 1}")
    return modules[layer]


def at_head(attentions: Sequence[MultiHeadAttention], layer: int, head: int) -> MultiHeadAttention:
    """The attention of a layer, which has such a head; both are counted from 0.

    Raises:  ValueError: there is no such layer, or no such head in it.
    """
    attention = at_layer(attentions, layer)
    if not 0 <= head < attention.heads:
        raise ValueError(f"head {head} of layer {layer}, which has {attention.heads} heads: choose one from 0 to "
                         f"{attention.heads - 1}")
    return attention


def require_position(position: int, tokens: int) -> int:
    """The position counted from 0; a negative one counts from the end.

    Raises:  ValueError: there is no such position.
    """
    if not -tokens <= position < tokens:
        raise ValueError(f"position {position} of a text of {tokens} tokens: choose one from 0 to {tokens - 1}, or "
                         f"from {-tokens} to -1 to count from the end")
    return position % tokens


@contextmanager
def recording(*modules: nn.Module) -> Iterator[list[list[Tensor]]]:
    """While inside, collect what these modules give: a list for each, with the output of each call, detached."""
    seen: list[list[Tensor]] = [[] for _ in modules]

    def hook(calls: list[Tensor]) -> Callable:
        return lambda _, __, output: calls.append(_first(output).detach())

    with ExitStack() as placed:  # torch's hooks take themselves off at its end
        for module, calls in zip(modules, seen):
            placed.enter_context(module.register_forward_hook(hook(calls)))
        yield seen


@contextmanager
def changing(module: nn.Module, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """While inside, the module gives `change(output)` in place of its output.

    With `attention.weights` as the module, the weights are changed before values are mixed.
    """
    def hook(_: nn.Module, __: tuple, output: Tensor | tuple) -> Tensor | tuple:
        changed = change(_first(output))
        return (changed, *output[1:]) if isinstance(output, tuple) else changed

    with module.register_forward_hook(hook):
        yield


@contextmanager
def recording_heads(*attentions: MultiHeadAttention) -> Iterator[list[list[Heads]]]:
    """While inside, collect what the heads of these attentions mixed, before the output matrix."""
    seen: list[list[Tensor]] = [[] for _ in attentions]

    def hook(attention: MultiHeadAttention, calls: list[Tensor]) -> Callable:
        return lambda _, given: calls.append(split_heads(given[0], attention.heads).detach())

    with ExitStack() as placed:
        for attention, calls in zip(attentions, seen):
            placed.enter_context(attention.output.register_forward_pre_hook(hook(attention, calls)))
        yield seen


@contextmanager
def changing_heads(attention: MultiHeadAttention, change: Callable[[Heads], Heads]) -> Iterator[None]:
    """While inside, the output matrix is given `change(what the heads mixed)`."""
    with attention.output.register_forward_pre_hook(
            lambda _, given: (merge_heads(change(split_heads(given[0], attention.heads))),)):
        yield


def written(attention: MultiHeadAttention, mixed: Heads) -> Float[Tensor, "batch heads tokens d_model"]:
    """What each head adds to the residual stream: its part of the output matrix, applied to what it mixed.

    Their sum, and the output's offset where it has one, is what the attention gives (Elhage et al. 2021).

    Raises:  ValueError: `mixed` has not as many heads, or heads of another width.
    """
    parts = attention.output.weight.T.unflatten(0, (attention.heads, -1))
    if mixed.shape[1] != attention.heads or mixed.shape[-1] != parts.shape[1]:
        raise ValueError(f"{mixed.shape[1]} heads of {mixed.shape[-1]} numbers, but this attention has "
                         f"{attention.heads} of {parts.shape[1]}: give what `recording_heads` saw of it")
    return mixed @ parts


def _first(output: Tensor | tuple) -> Tensor:
    return output[0] if isinstance(output, tuple) else output
