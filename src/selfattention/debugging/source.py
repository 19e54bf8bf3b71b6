"""Texts whose best loss is known, and that need attention: each symbol goes on from the one before the last."""

import math

import torch
from jaxtyping import Int
from torch import Tensor

from selfattention.data import steps

PADDING = steps.SYMBOLS  # one number more than there are symbols
VOCAB = steps.SYMBOLS + 1
TOKENS = 16  # of a text


def texts(count: int, generator: torch.Generator, tokens: int = TOKENS) -> Int[Tensor, "count tokens"]:
    """Two texts of `data.steps`, dealt out in turn: symbol t is 1, 2 or 4 steps after symbol t − 2.

    Args:    generator: of random numbers; the same state gives the same texts.
    Raises:  ValueError: the number of tokens is odd, so that one of the two texts would be longer.
    """
    if tokens % 2:
        raise ValueError(f"{tokens} tokens cannot be dealt out to two texts of equal length: choose an even number")
    return steps.texts(2 * count, tokens // 2, generator).view(count, 2, -1).transpose(1, 2).flatten(1)


def floor(tokens: int = TOKENS) -> float:
    """The best mean loss in nats of all tokens but the first: the second begins anywhere, the others take a step."""
    return (math.log(steps.SYMBOLS) + (tokens - 2) * steps.entropy) / (tokens - 1)


def pad(texts: Int[Tensor, "count tokens"], filling: int) -> Int[Tensor, "count all"]:
    """The same texts behind so many tokens of padding, as where texts of several lengths are continued together."""
    return torch.cat([texts.new_full((len(texts), filling), PADDING), texts], dim=1)
