"""Take a head out of a model, and see what it was worth: put zero in its place, or what it gives on average."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.interpretability.hooks import (
    Heads,
    at_head,
    changing,
    changing_heads,
    recording_heads,
    require_position,
)
from selfattention.layers import MultiHeadAttention

Means = Float[Tensor, "heads tokens d_head"]


def zeroed(attentions: Sequence[MultiHeadAttention], layer: int, head: int) -> AbstractContextManager[None]:
    """While inside, this head adds nothing (zero ablation).

    Raises:  ValueError: there is no such layer or head.
    """
    return changing_heads(at_head(attentions, layer, head),
                          lambda mixed: _with(mixed, head, torch.zeros_like(mixed[:, head])))


def averaged(attentions: Sequence[MultiHeadAttention], layer: int, head: int,
             means: Sequence[Means]) -> AbstractContextManager[None]:
    """While inside, this head gives its mean at each position, whatever the text is (mean ablation).

    Args:    means: of each attention, from `head_means`.
    Raises:  ValueError: there is no such layer or head, not one table of means for each attention, or (in use) the mean
             was taken over texts of another length.
    """
    attention = at_head(attentions, layer, head)
    if len(means) != len(attentions) or len(means[layer]) != attention.heads:
        raise ValueError(f"{len(means)} tables of means for {len(attentions)} attentions: give each its own, as "
                         "`head_means` makes them")

    def change(mixed: Heads) -> Heads:
        if means[layer].shape[1:] != mixed.shape[2:]:
            raise ValueError(f"means {tuple(means[layer].shape[1:])} of tokens and d_head, but the text has "
                             f"{tuple(mixed.shape[2:])}: take the mean over texts of the same length")
        return _with(mixed, head, means[layer][head].expand_as(mixed[:, head]))

    return changing_heads(attention, change)


@torch.no_grad()
def head_means(run: Callable[[], object], attentions: Sequence[MultiHeadAttention]) -> list[Means]:
    """For each attention what its heads give on average, at each position, over the texts that `run` runs.

    Args:    run: calls the model once, such as `lambda: model(texts)`.
    Raises:  ValueError: one of the attentions was not used, or more than once.
    """
    with recording_heads(*attentions) as seen:
        run()
    for number, calls in enumerate(seen):
        if len(calls) != 1:
            raise ValueError(f"attention {number} of {len(seen)} was called {len(calls)} times, expected once: give a "
                             "`run` that calls the model once, and its own attentions")
    return [calls[0].mean(dim=0) for calls in seen]


@torch.no_grad()
def effects(attentions: Sequence[MultiHeadAttention], measure: Callable[[], float | Tensor],
            means: Sequence[Means] | None = None) -> Float[Tensor, "attentions heads"]:
    """How much smaller a measure becomes without each head: what it is with all heads, minus what it is without.

    Args:    measure: runs the model and says how good it is, such as its accuracy on some texts. means: of each
             attention, from `head_means`: each head is replaced by its mean, and by zero where they are left out.
    Raises:  ValueError: no attention, or they have not all the same number of heads; or as `averaged`.
    """
    counts = [attention.heads for attention in attentions]
    if len(set(counts)) != 1:
        raise ValueError(f"attentions with {counts or 'no'} heads do not make a table: give at least one, and those "
                         "with the same number of heads together")
    whole, without = measure(), torch.zeros(len(attentions), counts[0], dtype=torch.float64)
    for layer in range(len(attentions)):
        for head in range(counts[0]):
            with zeroed(attentions, layer, head) if means is None else averaged(attentions, layer, head, means):
                without[layer, head] = measure()
    return whole - without


def cut(attentions: Sequence[MultiHeadAttention], layer: int, query: int, key: int,
        head: int | None = None) -> AbstractContextManager[None]:
    """While inside, the weight with which one position looks at another is 0, in one head of a layer or in all.

    What is left of the row is not made larger: all else stays as it was. A negative position counts from the end.

    Raises:  ValueError: there is no such layer or head, or (in use) no such position.
    """
    attention = at_head(attentions, layer, head or 0)

    def change(weights: Tensor) -> Tensor:
        changed = weights.clone()
        changed[:, slice(None) if head is None else head, require_position(query, weights.shape[-2]),
                require_position(key, weights.shape[-1])] = 0.0
        return changed

    return changing(attention.weights, change)


def _with(mixed: Heads, head: int, new: Tensor) -> Heads:
    """The same with another output of one head."""
    return torch.cat([mixed[:, :head], new[:, None], mixed[:, head + 1:]], dim=1)
