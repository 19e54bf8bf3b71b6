"""Put what a model computed for one text into its run on another: where does the answer come back?

(Vig et al. 2020 for single neurons and heads, Meng et al. 2022 for the stream, "causal tracing".)
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.interpretability.hooks import (
    Heads,
    Layers,
    Stream,
    at_head,
    at_layer,
    changing,
    changing_heads,
    require_position,
)
from selfattention.layers import MultiHeadAttention

Position = int | Int[Tensor, " batch"]


def patched(layers: Layers, layer: int, sources: Sequence[Stream],
            position: Position) -> AbstractContextManager[None]:
    """While inside, what one layer gives at one position is what it gave there in another run.

    Args:    layers: modules that give the stream; an embedding may be the first of them. sources: what
             `hooks.recording` saw of each of them in the other run. position: one for all texts, or one for each; a
             negative one counts from the end.
    Raises:  ValueError: there is no such layer or position, not one source for each layer, or (in use) the two runs
             differ in shape.
    """
    module, source = at_layer(layers, layer), _source(layers, sources, layer)
    places = _places(position, len(source), source.shape[1])

    def change(output: Stream) -> Stream:
        _require_alike(output, source)
        row = torch.arange(len(output), device=output.device)
        changed = output.clone()
        changed[row, places] = source[row, places]
        return changed

    return changing(module, change)


def patched_head(attentions: Sequence[MultiHeadAttention], layer: int, head: int,
                 sources: Sequence[Heads]) -> AbstractContextManager[None]:
    """While inside, one head gives what it gave in another run, at all positions.

    Args:    sources: what `hooks.recording_heads` saw of each attention in the other run.
    Raises:  ValueError: there is no such layer or head, not one source for each attention, or (in use) the two runs
             differ in shape.
    """
    attention, source = at_head(attentions, layer, head), _source(attentions, sources, layer)

    def change(mixed: Heads) -> Heads:
        _require_alike(mixed, source)
        changed = mixed.clone()
        changed[:, head] = source[:, head]
        return changed

    return changing_heads(attention, change)


@torch.no_grad()
def traced(layers: Layers, sources: Sequence[Stream], positions: Sequence[Position],
           measure: Callable[[], float | Tensor]) -> Float[Tensor, "layers positions"]:
    """What a measure becomes when one layer is patched at one position, for each of both.

    Args:    as of `patched`. measure: runs the model on the texts to be mended.
    Raises:  ValueError: as `patched`.
    """
    table = torch.zeros(len(layers), len(positions), dtype=torch.float64)
    for layer in range(len(layers)):
        for column, position in enumerate(positions):
            with patched(layers, layer, sources, position):
                table[layer, column] = measure()
    return table


def _source(modules: Layers, sources: Sequence[Tensor], layer: int) -> Tensor:
    if len(modules) != len(sources):
        raise ValueError(f"{len(modules)} layers and {len(sources)} sources: give for each layer what was recorded of "
                         "it in the other run")
    return sources[layer]


def _places(position: Position, texts: int, tokens: int) -> Int[Tensor, " batch"]:
    if isinstance(position, int):
        return torch.full((texts,), require_position(position, tokens))
    if position.shape != (texts,):
        raise ValueError(f"positions of shape {tuple(position.shape)} for {texts} texts: give one for each text, or a "
                         "single number for all")
    for one in (int(position.min()), int(position.max())):
        require_position(one, tokens)
    return position % tokens


def _require_alike(output: Tensor, source: Tensor) -> None:
    if output.shape != source.shape:
        raise ValueError(f"this run gives {tuple(output.shape)}, the other gave {tuple(source.shape)}: run the model "
                         "on as many texts of the same length in both")
