"""Attention between blocks of tokens that see each other, at a cost that grows with how many of them do."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from selfattention.attention import fused_attention


def sparse_attention(queries: Float[Tensor, "batch heads tokens d_k"], keys: Float[Tensor, "batch heads tokens d_k"],
                     values: Float[Tensor, "batch heads tokens d_v"], seen: Bool[Tensor, "blocks blocks"],
                     within: Bool[Tensor, "block block"] | None = None,
                     real: Bool[Tensor, "batch tokens"] | None = None) -> Float[Tensor, "batch heads tokens d_v"]:
    r"""Let each block of queries attend to the blocks of keys that it sees; no other score is ever computed.

    Blocks that see equally many are computed together, each with a copy of the keys and values that it sees (Zaheer et
    al. 2020, appendix D, gather them likewise). So time and memory grow with the number of True in `seen`.

    Args:    seen: True where the block of queries of the row sees the block of keys of the column. within: who sees
             whom where a block sees itself; None for all. real: True at tokens, False at padding, which nobody sees.
    Returns: for each query a mean of the values that it sees; zero where it sees only padding.
    Raises:  ValueError: the tokens cannot be cut into so many blocks, a block sees nothing, or shapes do not fit.
    """
    batch, heads, tokens, _ = queries.shape
    _require_fit(queries, keys, values, seen, within, real)
    size = tokens // len(seen)
    # Heads go into the batch and blocks take their place, because torch's fused kernel wants four axes.
    queries, keys, values = (x.flatten(0, 1).unflatten(1, (len(seen), size)) for x in (queries, keys, values))
    mixed, places = [], []
    counts = seen.sum(dim=1)
    for count in counts.unique().tolist():
        rows = (counts == count).nonzero()[:, 0]
        columns = seen[rows].nonzero()[:, 1].unflatten(0, (len(rows), count))
        mask = _mask(rows, columns, size, within, real)
        rows, columns = rows.to(queries.device), columns.to(queries.device)
        mixed.append(fused_attention(
            queries.index_select(1, rows), _gathered(keys, columns), _gathered(values, columns),
            mask if mask is None or len(mask) == 1 else mask.repeat_interleave(heads, dim=0)))
        places.append(rows)
    together = torch.cat(mixed, dim=1).index_select(1, torch.cat(places).argsort())
    return together.flatten(1, 2).unflatten(0, (batch, heads))


def _gathered(x: Float[Tensor, "texts blocks block d"],
              columns: Int[Tensor, "rows count"]) -> Float[Tensor, "texts rows keys d"]:
    """For each row the blocks of its columns, one after the other."""
    return x.index_select(1, columns.flatten()).unflatten(1, columns.shape).flatten(2, 3)


def _mask(rows: Int[Tensor, " rows"], columns: Int[Tensor, "rows count"], size: int,
          within: Bool[Tensor, "block block"] | None,
          real: Bool[Tensor, "batch tokens"] | None) -> Bool[Tensor, "_batch rows _queries keys"] | None:
    """What is hidden of the blocks that are seen: padding, and what `within` hides where a block sees itself."""
    mask = None
    if within is not None:
        own = (columns == rows[:, None])[:, None, :, None]
        mask = (~own | within[:, None].cpu()).flatten(2)[None]
        mask = mask.to(within.device if real is None else real.device)
    if real is not None:
        there = real.unflatten(1, (-1, size))[:, columns.to(real.device)].flatten(2)[:, :, None]
        mask = there if mask is None else mask & there
    return mask


def _require_fit(queries: Tensor, keys: Tensor, values: Tensor, seen: Tensor, within: Tensor | None,
                 real: Tensor | None) -> None:
    blocks, (batch, _, tokens, _) = len(seen), queries.shape
    if seen.shape != (blocks, blocks) or tokens % blocks or not keys.shape[-2] == values.shape[-2] == tokens:
        raise ValueError(f"queries {tuple(queries.shape)}, keys {tuple(keys.shape)} and values {tuple(values.shape)} "
                         f"for {tuple(seen.shape)} blocks: all need equally many tokens, a multiple of the blocks")
    if not seen.any(dim=1).all():
        raise ValueError(f"block {int(seen.sum(dim=1).argmin())} of {blocks} sees nothing: let it see at least itself")
    if within is not None and within.shape != (tokens // blocks, tokens // blocks):
        raise ValueError(f"within is {tuple(within.shape)} for blocks of {tokens // blocks} tokens: it says for each "
                         "pair of tokens of one block who sees whom")
    if real is not None and real.shape != (batch, tokens):
        raise ValueError(f"real is {tuple(real.shape)} for {batch} texts of {tokens} tokens: it says of each token "
                         "whether it is one")
