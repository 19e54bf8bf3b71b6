"""Who may see whom. A mask is boolean and `True` means may attend, always. And who does see whom, by the Jacobian."""

from collections.abc import Callable
from functools import reduce

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def causal(queries: int, keys: int | None = None,
           device: torch.device | str | None = None) -> Bool[Tensor, "queries keys"]:
    """Each query sees the keys up to its own position.

    Args:    queries, keys: how many; with fewer queries than keys, the queries are the last positions (as when
             decoding with a cache), so the last query sees every key.
    Raises:  ValueError: more queries than keys, or none.
    Differs: `torch`'s `is_causal` aligns the first query with the first key.
    """
    keys = queries if keys is None else keys
    if not 1 <= queries <= keys:
        raise ValueError(f"{queries} queries and {keys} keys: the queries are the last positions of the keys, "
                         "so there must be at least one and no more than keys")
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(diagonal=keys - queries)


def padding(lengths: Int[Tensor, " batch"], keys: int) -> Bool[Tensor, "batch 1 keys"]:
    """Each sequence's real tokens, for every query alike: key j of sequence b is seen where j < lengths[b].

    Args:    lengths: tokens in each sequence. keys: the padded length.
    Raises:  ValueError: a length is negative or longer than `keys`.
    """
    if bool((lengths < 0).any()) or bool((lengths > keys).any()):
        raise ValueError(f"lengths {lengths.tolist()} do not fit {keys} keys: each must be between 0 and {keys}")
    return (torch.arange(keys, device=lengths.device) < lengths[:, None])[:, None, :]


def combine(*masks: Bool[Tensor, "..."]) -> Bool[Tensor, "..."]:
    """True only where every mask is: a key must be allowed by all of them. Shapes broadcast.

    Raises:  ValueError: no mask is given, or one is not boolean.
    """
    if not masks or any(mask.dtype != torch.bool for mask in masks):
        raise ValueError(f"expected boolean masks, got {[str(mask.dtype) for mask in masks] or 'none'}: "
                         "True means may attend")
    return reduce(torch.logical_and, masks)


def dependence(function: Callable[[Float[Tensor, "tokens width"]], Float[Tensor, "outputs other_width"]],
               x: Float[Tensor, "tokens width"]) -> Bool[Tensor, "outputs tokens"]:
    """Which output token depends on which input token at `x`: where the Jacobian of `function` is not zero.

    A mask says who may see whom, this says who does: with a right causal mask, the lower triangle and nothing else.
    """
    return torch.autograd.functional.jacobian(function, x).abs().amax(dim=(1, 3)) > 0
