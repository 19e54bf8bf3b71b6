"""What is read off a run without changing it: rollout of weights, patterns of heads, and scores before the end."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.interpretability.hooks import Stream

Weights = Float[Tensor, "batch heads tokens tokens"]


def rollout(weights: Sequence[Weights], share: float = 0.5) -> Float[Tensor, "batch tokens tokens"]:
    r"""How much each token's last vector comes from each token of the text, if weights were all there is to it.

    $\tilde A_l = A_l \tilde A_{l-1}$ with $A_l = 0.5\,W_l + 0.5\,I$ (Abnar and Zuidema 2020, eq. 1 and §3), where $W_l$
    is the mean over the heads of layer $l$ and the identity stands for the residual connection.

    Args:    weights: of each layer, from below. share: of the layer in its output, 0.5 in the paper; the rest is what
             goes past it.
    Returns: rows sum to 1 where those of the weights do.
    Raises:  ValueError: no layer, layers of different texts, or a share that is not between 0 and 1.
    """
    shapes = {(len(layer), *layer.shape[2:]) for layer in weights}
    if len(shapes) != 1:
        raise ValueError(f"weights of {len(weights)} layers with batch and tokens {sorted(shapes) or 'of nothing'}: "
                         "give at least one layer, and all of the same texts")
    if not 0 <= share <= 1:
        raise ValueError(f"a share of {share} of the layer in its output: choose one from 0 to 1 (0.5 in the paper)")
    identity = torch.eye(weights[0].shape[-1]).to(weights[0])
    from_text = identity.expand(len(weights[0]), -1, -1)
    for layer in weights:
        from_text = (share * layer.mean(dim=1) + (1 - share) * identity) @ from_text
    return from_text


def previous_token_score(weights: Weights) -> Float[Tensor, " heads"]:
    """The mean weight with which each head looks from a token at the one before it.

    Raises:  ValueError: texts of a single token, which has none before it.
    """
    if weights.shape[-1] < 2:
        raise ValueError(f"weights {tuple(weights.shape)} between single tokens: there must be a token before another")
    return weights.diagonal(offset=-1, dim1=2, dim2=3).mean(dim=(0, 2))


def induction_score(weights: Weights, tokens: Int[Tensor, "batch tokens"],
                    last: int | None = None) -> Float[Tensor, " heads"]:
    """The mean weight with which each head looks, from a token that occurred before, at what followed it there.

    This is the prefix-matching score of Olsson et al. (2022): where a token occurred more than once
    before, the weights at all that followed it count.

    Args:    last: only so many tokens at the end are looked from; all where nothing is said.
    Raises:  ValueError: weights and tokens do not fit, there are not so many tokens, or none of them occurred before.
    """
    batch, count = tokens.shape
    if (len(weights), *weights.shape[2:]) != (batch, count, count):
        raise ValueError(f"weights {tuple(weights.shape)} and tokens {tuple(tokens.shape)}: each text needs a row and "
                         "a column of weights for each of its tokens")
    if last is not None and not 1 <= last <= count:
        raise ValueError(f"the last {last} of {count} tokens: choose a number from 1 to {count}")
    followed = torch.zeros(batch, count, count, dtype=torch.bool, device=tokens.device)
    followed[:, :, 1:] = tokens[:, :, None] == tokens[:, None, :-1]
    followed &= torch.ones(count, count, dtype=torch.bool, device=tokens.device).tril()
    if last is not None:
        followed[:, :count - last] = False
    asked = followed.any(dim=2)
    if not asked.any():
        raise ValueError(f"no token of {batch} texts of {count} tokens has occurred before, so nothing followed it: "
                         "give texts in which something is repeated")
    found = (weights * followed[:, None]).sum(dim=3)
    return (found * asked[:, None]).sum(dim=(0, 2)) / asked.sum()


def lens(streams: Sequence[Stream],
         readout: Callable[[Stream], Tensor]) -> Float[Tensor, "states batch tokens vocab"]:
    """The scores that a model would give if it ended at each of these states of its stream (nostalgebraist 2020).

    Args:    streams: of the same texts, such as what `hooks.recording` saw of each layer. readout: what the model does
             after its last layer, with the last norm where it has one.
    Raises:  ValueError: no state is given, or they differ in shape.
    """
    shapes = {tuple(stream.shape) for stream in streams}
    if len(shapes) != 1:
        raise ValueError(f"{len(streams)} states of shapes {sorted(shapes) or 'of nothing'}: give at least one, and "
                         "all of the same run")
    return torch.stack([readout(stream) for stream in streams])
