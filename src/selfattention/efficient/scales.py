"""Attention at several scales: near keys one by one, far ones as summaries, the farther the coarser."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

from selfattention.layers import MultiHeadAttention, merge_heads, split_heads
from selfattention.positions import Rotary


def multiscale_attention(queries: Float[Tensor, "*batch tokens d_k"], keys: Float[Tensor, "*batch tokens d_k"],
                         values: Float[Tensor, "*batch tokens d_v"],
                         block: int) -> Float[Tensor, "*batch tokens d_v"]:
    r"""Causal attention to near keys and to means of far ones, the hierarchy of Zhu & Soricut (2021, §4 to §6).

    A query sees its own block of tokens and the one before as they are. What lies further back, it sees as summaries of
    2 tokens within the next larger blocks, of 4 beyond those, and so on: `scales` is the table. A summary's key and
    value are the means of its tokens', and it has as many votes as it has tokens: $\log c$ is added to its score.

    Args:    block: tokens a block, an even number. Any number of tokens will do.
    Raises:  ValueError: an odd or empty block, no tokens, or shapes that do not fit.
    Differs: the paper has far queries share one mean of theirs, too, and so makes a number of scores that grows with
             the tokens n; here each query has its own, n log n in all. Theirs adds exponentials without regard to the
             largest score.
    """
    _require_fit(queries, keys, values, block)
    tokens = queries.shape[-2]
    levels = _levels(tokens, block)
    more = block * 2**levels - tokens  # filling behind the last token, which no token sees
    queries, keys, values = (pad(part, (0, 0, 0, more)) for part in (queries / math.sqrt(queries.shape[-1]), keys,
                                                                     values))
    every = [_near(queries, keys, block), *(_far(queries, keys, block, level) for level in range(levels - 1))]
    parts = torch.softmax(torch.cat(every, dim=-1), dim=-1).split([one.shape[-1] for one in every], dim=-1)
    mixed = _mix(parts[0], _before(values, block, (1, 0)))
    for level, weights in enumerate(parts[1:]):
        mixed = mixed + _mix(weights, _before(_pooled(values, 2 << level), block // 2, (3, 2)))
    return mixed[..., :tokens, :]


class MultiscaleAttention(MultiHeadAttention):
    """`multiscale_attention` in several heads, for a causal layer. There are no weights to be watched.

    Args:    block: tokens a block, an even number.
    Raises:  ValueError: as `MultiHeadAttention`; an odd or empty block.
    """

    def __init__(self, d_model: int, heads: int, block: int, *, rotary: Rotary | None = None) -> None:
        super().__init__(d_model, heads, rotary=rotary)
        _require_block(1, block)
        self.block = block

    def forward(self, x: Float[Tensor, "batch tokens d_model"], memory: None = None, mask: None = None,
                bias: None = None) -> Float[Tensor, "batch tokens d_model"]:
        """Self-attention of `x`; texts are not padded, or only at their ends, which no token sees.

        Raises:  ValueError: there is a memory, a mask or a bias.
        """
        if memory is not None or mask is not None or bias is not None:
            raise ValueError("a memory, a mask or a bias: who sees whom is fixed here, every token those before it; "
                             "pad texts at their ends, and give x alone")
        keys, values = self.keys_values(x)
        queries = split_heads(self.query(x), self.heads)
        queries = self.rotary(queries) if self.rotary else queries
        return self.output(merge_heads(multiscale_attention(queries, keys, values, self.block)))


def scales(tokens: int, block: int) -> Int[Tensor, "tokens tokens"]:
    """How many tokens share the summary through which the query of the row sees the token of the column.

    1 is a key of its own, 0 is not seen: a later token. The table is for pictures and for counting; the attention
    never makes it.

    Raises:  ValueError: no tokens, or an odd or empty block.
    """
    _require_block(tokens, block)
    places, table = torch.arange(tokens), torch.zeros(tokens, tokens, dtype=torch.long)
    for level in range(max(_levels(tokens, block), 1) - 1, -1, -1):  # from coarse to fine, and what is finer counts
        away = (places // (block << level))[:, None] - places // (block << level)
        table[(away >= 0) & (away <= 1)] = 1 << level
    return table.tril()


def pairs(tokens: int, block: int) -> int:
    """How many scores `multiscale_attention` needs; causal attention to all keys needs n (n + 1) / 2.

    Raises:  ValueError: no tokens, or an odd or empty block.
    """
    _require_block(tokens, block)
    count = 0
    for place in range(tokens):
        own = place // block
        count += place + 1 - block * max(own - 1, 0)  # its own block up to itself, and the one before
        for level in range(_levels(tokens, block) - 1):
            blocks = place // (block << level)
            count += block // 2 * ((blocks >= 2) + (blocks >= 3 and blocks % 2))
    return count


def _levels(tokens: int, block: int) -> int:
    """How often the block is doubled until it holds all tokens."""
    return max(0, (-(-tokens // block) - 1).bit_length())


def _near(queries: Tensor, keys: Tensor, block: int) -> Tensor:
    """Scores of the block before and of the own one, up to the query."""
    scores = queries.unflatten(-2, (-1, block)) @ _before(keys, block, (1, 0)).mT
    seen = torch.ones(block, 2 * block, dtype=torch.bool, device=keys.device).tril(block).repeat(scores.shape[-3], 1, 1)
    seen[0, :, :block] = False  # there is none before the first
    return scores.masked_fill(~seen, -math.inf).flatten(-3, -2)


def _far(queries: Tensor, keys: Tensor, block: int, level: int) -> Tensor:
    """Scores of the summaries that are seen at a level: of two blocks back, and of three where the own one is odd.

    Blocks hold `block` · 2^level tokens here. The one before is seen at a finer level; what lies further back than
    these two is seen at a coarser one.
    """
    found = _before(_pooled(keys, 2 << level), block // 2, (3, 2))
    scores = queries.unflatten(-2, (found.shape[-3], -1)) @ found.mT + math.log(2 << level)
    own = torch.arange(found.shape[-3], device=keys.device)[:, None, None]
    three = torch.arange(block, device=keys.device) < block // 2  # the columns of three blocks back
    seen = torch.where(three, (own >= 3) & (own % 2 == 1), own >= 2)
    return scores.masked_fill(~seen, -math.inf).flatten(-3, -2)


def _pooled(x: Tensor, count: int) -> Tensor:
    """The mean of each so many neighbours."""
    return x.unflatten(-2, (-1, count)).mean(dim=-2)


def _before(x: Tensor, block: int, back: tuple[int, int]) -> Tensor:
    """For each block the two that stand so many blocks before it, one after the other; zeros where there are none."""
    cut = x.unflatten(-2, (-1, block))
    return torch.cat([pad(cut, (0, 0, 0, 0, far, 0))[..., :cut.shape[-3], :, :] for far in back], dim=-2)


def _mix(weights: Tensor, values: Tensor) -> Tensor:
    return (weights.unflatten(-2, (values.shape[-3], -1)) @ values).flatten(-3, -2)


def _require_block(tokens: int, block: int) -> None:
    if block < 2 or block % 2:
        raise ValueError(f"blocks of {block} tokens: the nearest summaries stand for 2 tokens each, so a block must "
                         f"be an even number, such as {max(block + 1, 2)}")
    if tokens < 1:
        raise ValueError(f"{tokens} tokens: give at least one")


def _require_fit(queries: Tensor, keys: Tensor, values: Tensor, block: int) -> None:
    _require_block(queries.shape[-2], block)
    if queries.shape != keys.shape or keys.shape[:-1] != values.shape[:-1]:
        raise ValueError(f"queries {tuple(queries.shape)}, keys {tuple(keys.shape)} and values {tuple(values.shape)} "
                         "do not fit: each token needs one of all three, and queries and keys need the same last axis")
