"""Exact attention by blocks: the table of scores is never there as a whole, neither forward nor backward."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.efficient.shapes import require_causal_order, require_fit, require_keys

Texts = Float[Tensor, "texts _tokens _width"]


class Blocks(NamedTuple):
    """How many queries meet how many keys at once: 512 × 512 scores in float32 are 1 MiB, about an L2 cache."""

    queries: int = 512
    keys: int = 512


PLAIN = Blocks()


def blockwise_attention(queries: Float[Tensor, "*batch queries d_k"], keys: Float[Tensor, "*batch keys d_k"],
                        values: Float[Tensor, "*batch keys d_v"], *, causal: bool = False,
                        blocks: Blocks = PLAIN) -> Float[Tensor, "*batch queries d_v"]:
    r"""`attention`, block by block: exact, with memory that grows with the tokens and not with their square.

    Each block of queries meets one block of keys after the other and keeps the largest score so far, the sum of the
    exponentials and the sum of the weighted values; when a larger score comes, both sums are scaled down (the online
    softmax: Milakov and Gimelshein 2018, alg. 3; with values: Rabe and Staats 2021). Of the forward pass only the
    output and two numbers a query are kept, and the backward pass computes the weights again from them (Dao et al.
    2022, alg. 4).

    Args:    causal: each query sees the keys up to its own position; the queries are the last positions of the keys.
             Blocks that lie wholly in the future are not computed.
             blocks: how many queries meet how many keys at once; the result does not depend on it.
    Returns: for each query a mean of the values.
    Raises:  ValueError: an empty block, no keys, shapes that do not fit, or more queries than keys where `causal`.
    Differs: half precision is computed in float32 and rounded once. There is no second derivative. Dao (2023,
             §3.1) keeps one number a query, the logarithm of the sum with the largest score added to it; there
             gradients lose digits where scores are large, for that number is as coarse as the largest score.
    """
    if min(blocks) < 1:
        raise ValueError(f"blocks of {blocks[0]} queries and {blocks[1]} keys: there must be at least 1 of each")
    require_fit(queries, keys, values)
    require_keys(keys)
    if causal:
        require_causal_order(queries, keys)
    wide, texts = torch.promote_types(values.dtype, torch.float32), math.prod(queries.shape[:-2])
    parts = (part.to(wide).reshape(texts, *part.shape[-2:]) for part in (queries, keys, values))
    output, *_ = _Blockwise.apply(*parts, causal, blocks)
    return output.reshape(*queries.shape[:-1], values.shape[-1]).to(values.dtype)


class _Blockwise(torch.autograd.Function):
    """Forward and backward by tiles of the table of scores."""

    @staticmethod
    def forward(queries: Texts, keys: Texts, values: Texts, causal: bool, blocks: Blocks) -> tuple[Tensor, ...]:
        ahead = keys.shape[1] - queries.shape[1]  # how much further the keys reach, where causal
        output = values.new_empty(*queries.shape[:2], values.shape[-1])
        peaks, sums = (values.new_empty(*queries.shape[:2], 1) for _ in range(2))
        for texts, rows, columns in _strips(queries, keys, causal, blocks):
            asked = queries[texts, rows] / math.sqrt(queries.shape[-1])
            mixed = torch.zeros_like(output[texts, rows])
            total = torch.zeros_like(sums[texts, rows])
            largest = torch.full_like(total, -math.inf)
            for some in columns:
                scores = asked @ keys[texts, some].mT
                if causal:
                    _hide_future(scores, rows.start + ahead - some.start)
                before, largest = largest, torch.maximum(largest, scores.amax(dim=-1, keepdim=True))
                powers = _exp_(scores.sub_(largest))
                shrink = _exp_(before.sub_(largest))  # 0 at the first block, for the largest of nothing is -inf
                total.mul_(shrink).add_(powers.sum(dim=-1, keepdim=True))
                mixed.mul_(shrink).baddbmm_(powers, values[texts, some])
            output[texts, rows], peaks[texts, rows], sums[texts, rows] = mixed / total, largest, total
        return output, peaks, sums

    @staticmethod
    def setup_context(ctx, inputs: tuple, outputs: tuple[Tensor, ...]) -> None:
        *parts, ctx.causal, ctx.blocks = inputs
        ctx.mark_non_differentiable(*outputs[1:])
        ctx.save_for_backward(*parts, *outputs)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, slope: Texts, *_: Tensor) -> tuple[Tensor | None, ...]:
        queries, keys, values, output, peaks, sums = ctx.saved_tensors
        ahead, scale = keys.shape[1] - queries.shape[1], queries.shape[-1] ** -0.5
        to_queries, to_keys, to_values = (torch.zeros_like(part) for part in (queries, keys, values))
        slope = slope / sums  # so that the exponentials need not be divided by it
        mean = (slope * output).sum(dim=-1, keepdim=True)  # of what pulls at a row's weights, under these weights
        for texts, rows, columns in _strips(queries, keys, ctx.causal, ctx.blocks):
            asked, slopes = queries[texts, rows], slope[texts, rows]
            for some in columns:
                scores = torch.baddbmm(-peaks[texts, rows], asked, keys[texts, some].mT, alpha=scale)
                if ctx.causal:
                    _hide_future(scores, rows.start + ahead - some.start)
                powers = _exp_(scores)
                to_values[texts, some].baddbmm_(powers.mT, slopes)
                to_scores = torch.baddbmm(-mean[texts, rows], slopes, values[texts, some].mT).mul_(powers)
                to_queries[texts, rows].baddbmm_(to_scores, keys[texts, some], alpha=scale)
                to_keys[texts, some].baddbmm_(to_scores.mT, asked, alpha=scale)
        return to_queries, to_keys, to_values, None, None


def _strips(queries: Texts, keys: Texts, causal: bool, blocks: Blocks) -> Iterator[tuple[slice, slice, list[slice]]]:
    """Some texts, a block of queries, and the blocks of keys that one of them sees.

    Short texts are taken several at a time, as many as fill a tile.
    """
    tile = min(blocks.queries, queries.shape[1]) * min(blocks.keys, keys.shape[1])
    for texts in _cuts(len(queries), max(1, blocks.queries * blocks.keys // max(1, tile))):
        for rows in _cuts(queries.shape[1], blocks.queries):
            seen = rows.stop + keys.shape[1] - queries.shape[1] if causal else keys.shape[1]
            yield texts, rows, _cuts(seen, blocks.keys)


def _cuts(length: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, length)) for start in range(0, length, size)]


def _hide_future(scores: Float[Tensor, "texts queries keys"], behind: int) -> None:
    """Set what a query must not see to -inf; the tile's first key stands `behind` places before its first query."""
    if scores.shape[-1] > behind + 1:
        future = torch.ones(scores.shape[1:], dtype=torch.bool, device=scores.device)
        scores.masked_fill_(future.triu_(1 + behind), -math.inf)


def _exp_(x: Tensor) -> Tensor:
    """The exponential in place: on many processors torch's powers of two take half the time of its powers of e."""
    return x.mul_(math.log2(math.e)).exp2_()
