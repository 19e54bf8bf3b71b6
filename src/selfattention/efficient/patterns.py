"""Which blocks of a text see which: a window, global and random ones (BigBird; Zaheer et al. 2020, §2)."""

import functools
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from selfattention import masks

Blocks = Bool[Tensor, "blocks blocks"]


@dataclass(frozen=True)
class Pattern:
    """Blocks that see each other in both directions, as the paper's encoder has them (appendix D, the variant ITC).

    Args:    block: tokens in a block. window: how many blocks each sees around itself, itself in the middle.
             first, last: so many blocks at the ends see all and are seen by all. random: how many others each of the
             rest sees besides, as far as there are any. seed: of the choice; the same seed chooses the same each time.
    Raises:  ValueError: a block without tokens, an even or empty window, or a negative number.
    """

    block: int = 64
    window: int = 3
    first: int = 1
    last: int = 1
    random: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        _require_sizes(self)
        if self.window % 2 == 0:
            raise ValueError(f"a window of {self.window} blocks has none in its middle: choose {self.window - 1} or "
                             f"{self.window + 1}")

    def near(self, blocks: int) -> Blocks:
        """The window alone."""
        places = torch.arange(blocks)
        return (places - places[:, None]).abs() <= self.window // 2

    def allowed(self, blocks: int) -> Blocks:
        """What any pattern of this kind may have: all."""
        return torch.ones(blocks, blocks, dtype=torch.bool)

    def within(self) -> Bool[Tensor, "block block"] | None:
        """Who sees whom inside one block; None for all."""
        return None

    def seen(self, tokens: int) -> Blocks:
        """True where the block of the row sees that of the column.

        Raises:  ValueError: the tokens cannot be cut into whole blocks.
        """
        if tokens < 1 or tokens % self.block:
            raise ValueError(f"{tokens} tokens cannot be cut into blocks of {self.block}: pad the texts to "
                             f"{max(-(-tokens // self.block), 1) * self.block} tokens, or choose another block")
        return _seen(self, tokens // self.block)


@dataclass(frozen=True)
class CausalPattern(Pattern):
    """The same where no token sees one after it, for models that predict the next token.

    A window ends with the block itself, global blocks at the beginning are seen by all, random ones are past ones.

    Differs: the paper has an encoder only.
    """

    window: int = 2
    last: int = 0
    random: int = 2

    def __post_init__(self) -> None:
        _require_sizes(self)

    def near(self, blocks: int) -> Blocks:
        """The window alone."""
        return torch.ones(blocks, blocks, dtype=torch.bool).tril().triu(1 - self.window)

    def allowed(self, blocks: int) -> Blocks:
        """What any pattern of this kind may have: the past."""
        return masks.causal(blocks)

    def within(self) -> Bool[Tensor, "block block"]:
        """Inside a block each token sees those up to itself."""
        return masks.causal(self.block)


def _require_sizes(pattern: Pattern) -> None:
    if min(pattern.block, pattern.window) < 1 or min(pattern.first, pattern.last, pattern.random) < 0:
        raise ValueError(f"{pattern}: a block needs at least one token, a window at least the block itself, and no "
                         "number may be negative")


@functools.lru_cache(maxsize=256)
def _seen(pattern: Pattern, blocks: int) -> Blocks:
    places = torch.arange(blocks)
    ends = (places < pattern.first) | (places >= blocks - pattern.last)
    allowed = pattern.allowed(blocks)
    settled = (pattern.near(blocks) | ends | ends[:, None]) & allowed
    lots = torch.rand(blocks, blocks, generator=torch.Generator().manual_seed(pattern.seed))
    order = lots.masked_fill(settled | ~allowed, 2.0).argsort(dim=1).argsort(dim=1)
    return settled | (allowed & (order < pattern.random))


def dense_mask(pattern: Pattern, tokens: int) -> Bool[Tensor, "tokens tokens"]:
    """The pattern token by token, for pictures and comparison; sparse attention never makes it."""
    seen, within = pattern.seen(tokens), pattern.within()
    mask = seen.repeat_interleave(pattern.block, 0).repeat_interleave(pattern.block, 1)
    return mask if within is None else mask & ~torch.block_diag(*[~within] * len(seen)).bool()


def edges(pattern: Pattern, tokens: int) -> int:
    """How many pairs of query and key have a score; full attention has tokens²."""
    seen, within = pattern.seen(tokens), pattern.within()
    hidden = 0 if within is None else int((~within).sum()) * len(seen)
    return int(seen.sum()) * pattern.block**2 - hidden


def hops(seen: Blocks) -> Int[Tensor, "blocks blocks"]:
    """After how many layers the block of the row can know of that of the column; −1 where it never can.

    A breadth-first search from all blocks at once: in 0 layers a block knows of itself, and each layer more hands on
    what those that it sees know.
    """
    steps = torch.full(seen.shape, -1)
    known, links = torch.eye(len(seen), dtype=torch.bool), seen.double()
    for step in range(len(seen)):
        steps[known & (steps < 0)] = step
        before, known = known, known | (links @ known.double() > 0)
        if torch.equal(before, known):
            break
    return steps
