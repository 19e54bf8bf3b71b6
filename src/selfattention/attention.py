"""Attention with tensors, as pure functions: who matches whom, and what is mixed."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def attention_weights(queries: Float[Tensor, "*batch queries d_k"], keys: Float[Tensor, "*#batch keys d_k"],
                      mask: Bool[Tensor, "*#batch #queries keys"] | None = None,
                      bias: Float[Tensor, "*#batch #queries keys"] | None = None,
                      ) -> Float[Tensor, "*batch queries keys"]:
    r"""$\mathrm{softmax}(QK^\top/\sqrt{d_k})$ (Vaswani et al. 2017, eq. 1; our `queries` is their $Q$).

    Args:    mask: True where a query may attend. bias: added to the scores, for instance by distance.
    Returns: weights; each row sums to 1, or to 0 where a query may attend to nothing.
    Raises:  ValueError: queries and keys differ in width, or mask or bias do not fit (a mask is boolean).
    Differs: the paper leaves fully masked rows undefined; here they are all zero, and so are their gradients.
    """
    if queries.shape[-1] != keys.shape[-1]:
        raise ValueError(f"queries {tuple(queries.shape)} and keys {tuple(keys.shape)} differ in their last axis: "
                         "a dot product needs equally many numbers on both sides")
    scores = queries / math.sqrt(queries.shape[-1]) @ keys.transpose(-2, -1)  # there are fewer queries than scores
    if bias is not None:
        _require_fit("bias", bias, scores)
        scores = scores + bias
    if mask is None:
        return torch.softmax(scores, dim=-1)
    if mask.dtype != torch.bool:
        raise ValueError(f"the mask has type {mask.dtype}, expected torch.bool, True where a query may attend: "
                         "compare with `== 0` or `!= 0` to make it boolean")
    _require_fit("mask", mask, scores)
    # Where a row is empty, nothing is set to -inf: its softmax stays finite, and so does its gradient.
    empty = ~mask.any(dim=-1, keepdim=True)
    weights = torch.softmax(scores.masked_fill(~mask & ~empty, -math.inf), dim=-1)
    return weights.masked_fill(empty, 0.0) if empty.any() else weights


def attention(queries: Float[Tensor, "*batch queries d_k"], keys: Float[Tensor, "*#batch keys d_k"],
              values: Float[Tensor, "*#batch keys d_v"],
              mask: Bool[Tensor, "*#batch #queries keys"] | None = None,
              bias: Float[Tensor, "*#batch #queries keys"] | None = None) -> Float[Tensor, "*batch queries d_v"]:
    r"""Mix values by how well each query matches each key: $\mathrm{softmax}(QK^\top/\sqrt{d_k})V$.

    (Vaswani et al. 2017, eq. 1.) Use `attention_weights` to see the weights.

    Args:    mask: True where a query may attend. bias: added to the scores.
    Returns: for each query a mean of the values; zero where a query may attend to nothing.
    Raises:  ValueError: keys and values differ in length; or as `attention_weights`.
    """
    return mix(attention_weights(queries, keys, mask, bias), values)


def mix(weights: Float[Tensor, "*batch queries keys"],
        values: Float[Tensor, "*#batch _keys d_v"]) -> Float[Tensor, "*batch queries d_v"]:
    """For each query the mean of the values under its weights.

    Raises:  ValueError: keys and values differ in length.
    """
    if weights.shape[-1] != values.shape[-2]:
        raise ValueError(f"weights {tuple(weights.shape)} and values {tuple(values.shape)}: keys and values differ in "
                         f"length ({weights.shape[-1]} and {values.shape[-2]}), and every key needs one value")
    return weights @ values


def _require_fit(name: str, given: Tensor, scores: Tensor) -> None:
    try:
        fits = torch.broadcast_shapes(given.shape, scores.shape) == scores.shape
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(f"the {name} {tuple(given.shape)} does not fit the scores {tuple(scores.shape)}: "
                         "its last two axes are queries and keys")
