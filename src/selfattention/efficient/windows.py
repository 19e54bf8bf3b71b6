"""Attention to the nearest tokens alone, computed by blocks, so that its cost grows with the tokens."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import pad


def sliding_window(queries: int, window: int, keys: int | None = None) -> Bool[Tensor, "queries keys"]:
    """Each query sees its own key and the `window` − 1 before it: the mask of `windowed_attention`, as a whole table.

    Args:    keys: how many; with fewer queries than keys, the queries are the last positions.
    Raises:  ValueError: an empty window, or more queries than keys.
    """
    keys = queries if keys is None else keys
    _require_window(window)
    if queries > keys:
        raise ValueError(f"{queries} queries and {keys} keys: the queries are the last positions of the keys, so there "
                         "can be no more of them")
    seen = torch.ones(queries, keys, dtype=torch.bool)
    return seen.tril(keys - queries).triu(keys - queries - window + 1)


def windowed_attention(queries: Float[Tensor, "*batch tokens d_k"], keys: Float[Tensor, "*batch tokens d_k"],
                       values: Float[Tensor, "*batch tokens d_v"], window: int, *,
                       block: int | None = None) -> Float[Tensor, "*batch tokens d_v"]:
    r"""Causal attention in which each query sees its own key and the `window` − 1 before it.

    (Beltagy et al. 2020, §3.1, who look to both sides.) A block of queries meets the stretch of keys that any of them
    sees, so each makes `block` + `window` − 1 scores, however long the text is.

    Args:    block: queries taken together, `window` unless given; the result does not depend on it.
    Raises:  ValueError: an empty window, block or text, or shapes that do not fit.
    """
    block = window if block is None else block
    _require_window(window)
    _require_fit(queries, keys, values, block)
    tokens, before = queries.shape[-2], window - 1
    more = -tokens % block  # so that the last block is as long as the others
    asked = pad(queries, (0, 0, 0, more)).unflatten(-2, (-1, block)) / math.sqrt(queries.shape[-1])
    found, read = (pad(part, (0, 0, before, more)).unfold(-2, before + block, block) for part in (keys, values))
    # Column c of a block's table is the key c − before places after the block's first query.
    rows, columns = torch.arange(block)[:, None], torch.arange(before + block)
    near = (columns >= rows) & (columns <= rows + before)
    real = columns >= before - block * torch.arange(asked.shape[-3])[:, None, None]
    scores = (asked @ found).masked_fill(~(near & real).to(queries.device), -math.inf)
    return (torch.softmax(scores, dim=-1) @ read.mT).flatten(-3, -2)[..., :tokens, :]


def _require_window(window: int) -> None:
    if window < 1:
        raise ValueError(f"a window of {window} keys: it holds the query's own key, so it must be at least 1")


def _require_fit(queries: Tensor, keys: Tensor, values: Tensor, block: int) -> None:
    if block < 1:
        raise ValueError(f"blocks of {block} queries: there must be at least 1 in each")
    if not queries.shape[-2]:
        raise ValueError(f"no queries {tuple(queries.shape)}: give at least one token")
    if not (queries.shape == keys.shape and keys.shape[:-1] == values.shape[:-1] and queries.ndim >= 2):
        raise ValueError(f"queries {tuple(queries.shape)}, keys {tuple(keys.shape)} and values {tuple(values.shape)} "
                         "do not fit: each token needs one of all three, and queries and keys need the same last axis")
