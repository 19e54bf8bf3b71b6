"""How many keys with a value each an attention gives back, or a table of fixed size: all are told, then asked for."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize

from selfattention.efficient.linear import delta_rule

LONG = 256.0  # so that a softmax can be sharp, and φ can tell keys apart: it is nearly linear in short ones


def plain_sum(queries: Float[Tensor, "*batch queries d_k"], keys: Float[Tensor, "*batch keys d_k"],
              values: Float[Tensor, "*batch keys d_v"]) -> Float[Tensor, "*batch queries d_v"]:
    r"""Read the sum of all $k\,v^\top$ with each query: linear attention with neither φ nor a division."""
    return queries @ (keys.mT @ values)


def corrected_sum(queries: Float[Tensor, "*batch queries d_k"], keys: Float[Tensor, "*batch keys d_k"],
                  values: Float[Tensor, "*batch keys d_v"]) -> Float[Tensor, "*batch queries d_v"]:
    """Read with each query what the delta rule wrote of all keys, at full strength; it brings them to length 1."""
    keys = normalize(keys, dim=-1)
    _, table = delta_rule(keys, keys, values, torch.ones_like(keys[..., 0]))
    return queries @ table


def found_again(answer: Callable[[Tensor, Tensor, Tensor], Tensor], count: int, times: int = 1, *, draws: int = 8,
                width: int = 64) -> Bool[Tensor, "draws keys"]:
    """Which of `count` random keys give back their value: the answer is most like it, of all values that were told.

    Args:    answer: called with queries, keys and values; the queries are the keys, all of them of length `LONG`.
             times: how often all keys are told, one after the other, each time with new values; the last ones count.
             draws: how many times it is tried, all at once.
    """
    generator = torch.Generator().manual_seed(count)
    keys = LONG * normalize(torch.randn(draws, count, width, generator=generator), dim=-1)
    values = normalize(torch.randn(draws, times * count, width, generator=generator), dim=-1)
    nearest = (answer(keys, keys.repeat(1, times, 1), values) @ values.mT).argmax(dim=-1)
    return nearest == torch.arange(count) + (times - 1) * count
