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
    _require_equal_width(queries, keys)
    scores = queries / math.sqrt(queries.shape[-1]) @ keys.transpose(-2, -1)  # scaling the queries scales the scores
    if bias is not None:
        _require_fit("bias", bias, scores.shape)
        scores = scores + bias
    if mask is None:
        return torch.softmax(scores, dim=-1)
    _require_boolean(mask)
    _require_fit("mask", mask, scores.shape)
    # Where a row is empty, nothing is set to -inf: its softmax stays finite, and so does its gradient.
    empty = ~mask.any(dim=-1, keepdim=True)
    weights = torch.softmax(scores.masked_fill(~mask & ~empty, -math.inf), dim=-1)
    return weights.masked_fill(empty, 0.0)


def attention(queries: Float[Tensor, "*batch queries d_k"], keys: Float[Tensor, "*#batch keys d_k"],
              values: Float[Tensor, "*#batch keys d_v"],
              mask: Bool[Tensor, "*#batch #queries keys"] | None = None,
              bias: Float[Tensor, "*#batch #queries keys"] | None = None) -> Float[Tensor, "*batch queries d_v"]:
    r"""Mix values by how well each query matches each key: $\mathrm{softmax}(QK^\top/\sqrt{d_k})V$.

    (Vaswani et al. 2017, eq. 1.) Use `attention_weights` to see the weights.

    Args:    mask: True where a query may attend. bias: added to the scores.
    Returns: for each query a mean of the values; zero where a query may attend to nothing.
    Raises:  ValueError: keys and values differ in length; or as `attention_weights`.
    Differs: a masked value has the weight 0, and 0 · NaN is NaN, 0 · ∞ too: what is masked must be finite, as for
             torch's own functions.
    """
    return mix(attention_weights(queries, keys, mask, bias), values)


def fused_attention(queries: Float[Tensor, "*batch queries d_k"], keys: Float[Tensor, "*#batch keys d_k"],
                    values: Float[Tensor, "*#batch keys d_v"],
                    mask: Bool[Tensor, "*#batch #queries keys"] | None = None) -> Float[Tensor, "*batch queries d_v"]:
    """`attention` in one of torch's kernels, which never writes the table of weights to memory: the same, faster.

    Raises:  ValueError: as `attention`.
    Differs: there are no weights to look at, and no bias. A masked key must be finite, too. Forward-mode derivatives
             (`torch.func.jvp`) need `torch.nn.attention.sdpa_kernel(SDPBackend.MATH)` around the call.
    """
    _require_equal_width(queries, keys)
    _require_a_value_each("keys", keys, keys.shape[-2], values)
    if mask is not None:
        _require_boolean(mask)
        _require_fit("mask", mask, (*queries.shape[:-1], keys.shape[-2]))
    return torch.nn.functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)


def mix(weights: Float[Tensor, "*batch queries keys"],
        values: Float[Tensor, "*#batch _keys d_v"]) -> Float[Tensor, "*batch queries d_v"]:
    """For each query the mean of the values under its weights.

    Raises:  ValueError: keys and values differ in length.
    """
    _require_a_value_each("weights", weights, weights.shape[-1], values)
    return weights @ values


def _require_equal_width(queries: Tensor, keys: Tensor) -> None:
    if queries.shape[-1] != keys.shape[-1]:
        raise ValueError(f"queries {tuple(queries.shape)} and keys {tuple(keys.shape)} differ in their last axis: "
                         "a dot product needs equally many numbers on both sides")


def _require_a_value_each(name: str, given: Tensor, keys: int, values: Tensor) -> None:
    if keys != values.shape[-2]:
        raise ValueError(f"{name} {tuple(given.shape)} and values {tuple(values.shape)}: keys and values differ in "
                         f"length ({keys} and {values.shape[-2]}), and every key needs one value")


def _require_boolean(mask: Tensor) -> None:
    if mask.dtype != torch.bool:
        raise ValueError(f"the mask has type {mask.dtype}, expected torch.bool, True where a query may attend: "
                         "compare with `== 0` or `!= 0` to make it boolean")


def _require_fit(name: str, given: Tensor, scores: tuple[int, ...]) -> None:
    try:
        fits = torch.broadcast_shapes(given.shape, scores) == torch.Size(scores)
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(f"the {name} {tuple(given.shape)} does not fit the scores {tuple(scores)}: "
                         "its last two axes are queries and keys")
