"""The forward pass of `blockwise_attention` as one kernel for a GPU, in Triton.

Triton's interpreter runs the same kernel without a GPU, slowly: set TRITON_INTERPRET=1 before Python starts.
"""

import math
import os

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.efficient.shapes import require_causal_order, require_fit, require_keys

try:
    import triton
    import triton.language as tl
except ModuleNotFoundError:
    raise ModuleNotFoundError("Triton is not installed, and this kernel is written in it: install the course with its "
                              "extra, as in selfattention[kernel]; it is there for Linux alone. `efficient.blockwise` "
                              "does the same without it") from None

SMALLEST = 16  # rows or columns of a matrix that Triton multiplies


def triton_attention(queries: Float[Tensor, "*batch queries d_k"], keys: Float[Tensor, "*batch keys d_k"],
                     values: Float[Tensor, "*batch keys d_v"], *, causal: bool = False,
                     block: int = 64) -> Float[Tensor, "*batch queries d_v"]:
    """`blockwise_attention`, forward alone: each program of the GPU takes one block of queries past all keys.

    Args:    causal: each query sees the keys up to its own position; the queries are the last positions of the keys.
             block: queries, and keys, taken at once: a power of two from 16 on.
    Raises:  ValueError: another block, no keys, shapes that do not fit, more queries than keys where `causal`, or
             tensors that are on no GPU where Triton does not interpret.
    Differs: there is no backward pass. Sums are in float32, of float64 in float64.
    """
    if block < SMALLEST or block != triton.next_power_of_2(block):
        raise ValueError(f"blocks of {block} tokens: Triton needs a power of two from {SMALLEST} on")
    require_fit(queries, keys, values)
    require_keys(keys)
    if causal:
        require_causal_order(queries, keys)
    if not values.is_cuda and os.environ.get("TRITON_INTERPRET") != "1":
        raise ValueError(f"tensors on {values.device}, but the kernel runs on a GPU: move them there, or set "
                         "TRITON_INTERPRET=1 before Python starts to have it interpreted")
    texts = math.prod(queries.shape[:-2])
    parts = [part.reshape(texts, *part.shape[-2:]).contiguous() for part in (queries, keys, values)]
    output = values.new_empty(*queries.shape[:-1], values.shape[-1])
    widths = [max(SMALLEST, triton.next_power_of_2(part.shape[-1])) for part in (queries, values)]
    _forward[(triton.cdiv(queries.shape[-2], block), texts)](
        *parts, output, 1 / math.sqrt(queries.shape[-1]), queries.shape[-2], keys.shape[-2], queries.shape[-1],
        values.shape[-1], CAUSAL=causal, BLOCK=block, KEY_WIDTH=widths[0], VALUE_WIDTH=widths[1],
        EXACT=tl.float64 if values.dtype == torch.float64 else tl.float32)
    return output


@triton.jit
def _forward(queries, keys, values, output, scale, query_count, key_count, d_k, d_v, CAUSAL: tl.constexpr,
             BLOCK: tl.constexpr, KEY_WIDTH: tl.constexpr, VALUE_WIDTH: tl.constexpr, EXACT: tl.constexpr):
    text = tl.program_id(1).to(tl.int64)
    rows = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    key_features, value_features = tl.arange(0, KEY_WIDTH), tl.arange(0, VALUE_WIDTH)
    asked = tl.load(queries + (text * query_count + rows)[:, None] * d_k + key_features[None, :],
                    mask=(rows < query_count)[:, None] & (key_features < d_k)[None, :], other=0.0)
    largest = tl.full([BLOCK], -float("inf"), EXACT)
    total = tl.zeros([BLOCK], EXACT)
    mixed = tl.zeros([BLOCK, VALUE_WIDTH], EXACT)
    ahead = key_count - query_count
    seen = key_count
    if CAUSAL:  # blocks that lie wholly in the future are not loaded
        seen = tl.minimum(key_count, (tl.program_id(0) + 1) * BLOCK + ahead)
    for start in range(0, seen, BLOCK):
        columns = start + tl.arange(0, BLOCK)
        found = tl.load(keys + (text * key_count + columns)[None, :] * d_k + key_features[:, None],
                        mask=(columns < key_count)[None, :] & (key_features < d_k)[:, None], other=0.0)
        scores = tl.dot(asked, found, out_dtype=EXACT, input_precision="ieee") * scale
        visible = (columns < key_count)[None, :]
        if CAUSAL:
            visible = visible & (columns[None, :] <= rows[:, None] + ahead)
        scores = tl.where(visible, scores, -float("inf"))
        now = tl.maximum(largest, tl.max(scores, axis=1))
        powers = tl.exp(scores - now[:, None])
        shrink = tl.exp(largest - now)
        read = tl.load(values + (text * key_count + columns)[:, None] * d_v + value_features[None, :],
                       mask=(columns < key_count)[:, None] & (value_features < d_v)[None, :], other=0.0)
        total = total * shrink + tl.sum(powers, axis=1)
        mixed = mixed * shrink[:, None] + tl.dot(powers.to(read.dtype), read, out_dtype=EXACT, input_precision="ieee")
        largest = now
    tl.store(output + (text * query_count + rows)[:, None] * d_v + value_features[None, :], mixed / total[:, None],
             mask=(rows < query_count)[:, None] & (value_features < d_v)[None, :])
