import torch
from jaxtyping import Bool, Int
from torch import Tensor

from selfattention.engine import exercise, probes


@exercise(points=4, minutes=12, builds_on="lesson 15, few blocks, all connected", hints=(
    "Three parts, one after the other: the diagonal and its neighbours, rows and columns, then what was drawn.",
    "A window of 3 is the block itself and how many on each side?",
    "A random block is one that is not seen yet. So what must be known before the first one is chosen?",
))
def block_pattern(blocks: int, window: int, chosen: int, random: int,
                  order: Int[Tensor, "blocks blocks"]) -> Bool[Tensor, "blocks blocks"]:
    r"""Say which blocks of tokens see which, in BigBird.

    Return a table, `True` where the block of the row sees that of the column (Zaheer et al. 2020, §2). It has three
    parts. *Window*: `window` is odd, and each block sees itself and (window − 1) / 2 blocks on each side. *Global*: the
    first `chosen` blocks (0 or more; none at the end, unlike in the lesson) see all blocks, and all blocks see them.
    *Random*: each block sees `random` more blocks. These are not drawn here, so that they are the same in every call:
    row i of `order` has all blocks in the order in which block i shall take them; it takes the first `random` of those
    that it does not see already, or all of those where there are fewer.
    """
    places = torch.arange(blocks)
    seen = (places - places[:, None]).abs() <= window // 2
    seen[:chosen] = True
    seen[:, :chosen] = True
    for row in range(blocks):
        free = [block for block in order[row].tolist() if not seen[row, block]]
        seen[row, free[:random]] = True
    return seen


def orders(rng, blocks):
    return torch.from_numpy(rng.permuted(torch.arange(blocks).repeat(blocks, 1).numpy(), axis=1))


ORDER = torch.tensor([[0, 2, 1], [1, 0, 2], [1, 2, 0]])
block_pattern.example(3, 1, 0, 1, ORDER)
block_pattern.example(3, 3, 0, 0, ORDER)
block_pattern.example(3, 1, 1, 0, ORDER)


def expected_pattern(blocks, window, chosen, random, order):
    """Block by block, as the prompt says it."""
    rows = []
    for i in range(blocks):
        row = [abs(i - j) <= (window - 1) / 2 or i < chosen or j < chosen for j in range(blocks)]
        for j in order[i].tolist():
            if not row[j] and sum(row) < blocks and random_left(row, i, window, chosen, random):
                row[j] = True
        rows.append(row)
    return torch.tensor(rows)


def random_left(row, i, window, chosen, random):
    settled = sum(abs(i - j) <= (window - 1) / 2 or i < chosen or j < chosen for j in range(len(row)))
    return sum(row) - settled < random


@block_pattern.check("has a window, global rows and columns, and the random blocks in their order",
                     hint="Draw a table of five rows and columns. Which places are due to which part?")
def three_parts(answer, rng):
    for blocks, window, chosen, random in ((11, 3, 1, 2), (13, 5, 2, 3), (7, 3, 2, 1)):
        order = orders(rng, blocks)
        probes.equal(answer(blocks, window, chosen, random, order),
                     expected_pattern(blocks, window, chosen, random, order), "other blocks are seen")


@block_pattern.check("has each part alone",
                     hint="Without global and random blocks, how many blocks does a middle row see?")
def parts_alone(answer, rng):
    for blocks, window, chosen, random in ((7, 5, 0, 0), (5, 1, 2, 0), (7, 1, 0, 3)):
        order = orders(rng, blocks)
        probes.equal(answer(blocks, window, chosen, random, order),
                     expected_pattern(blocks, window, chosen, random, order), "other blocks are seen")


@block_pattern.check("works where fewer blocks are left than `random`, and for a single block",
                     hint="What shall be done when all blocks are seen already?")
def few_blocks(answer, rng):
    for blocks, window, chosen, random in ((5, 3, 1, 4), (3, 3, 1, 2), (1, 1, 0, 1), (2, 1, 0, 1), (3, 1, 5, 1),
                                           (3, 9, 0, 1)):
        order = orders(rng, blocks)
        probes.equal(answer(blocks, window, chosen, random, order),
                     expected_pattern(blocks, window, chosen, random, order), "other blocks are seen")


def pattern(blocks, window, chosen, random, order, *, sides=None, before=True, after=True, rows=True, columns=True,
            last=False, counted=False, drawn=True, backwards=False, mutual=False):
    """The solution with one thing to be changed at a time."""
    places = torch.arange(blocks)
    away, side = places - places[:, None], window // 2 if sides is None else sides
    seen = (away.abs() <= side) & ((away <= 0) | after) & ((away >= 0) | before)
    ends = places >= blocks - chosen if last else places < chosen
    seen = seen | (ends & columns) | (ends & rows)[:, None]
    made = seen.clone()
    for row in range(blocks if drawn else 0):
        takes = order[row].tolist()[::-1] if backwards else order[row].tolist()
        free = [block for block in takes if counted or not seen[row, block]]
        made[row, free[:random]] = True
    return made | made.T if mutual else made


@block_pattern.mistake("has global rows, but no global columns",
                       hint="The global blocks see all. Who sees them? How does block 5 learn what block 2 knows?")
def no_columns(*given):
    return pattern(*given, columns=False)


@block_pattern.mistake("has global columns, but no global rows",
                       hint="All see the global blocks. What do these see, and so what can they hand on?")
def no_rows(*given):
    return pattern(*given, rows=False)


@block_pattern.mistake("has the whole window on each side",
                       hint="A window of 3: how many blocks does a middle row see without global and random ones?")
def window_twice(blocks, window, *given):
    return pattern(blocks, window, *given, sides=window)


@block_pattern.mistake("has one block too few on each side of the window",
                       hint="A window of 3: how many blocks does a middle row see without global and random ones?")
def window_narrow(blocks, window, *given):
    return pattern(blocks, window, *given, sides=max(window // 2 - 1, 0))


@block_pattern.mistake("has one block too many on each side of the window",
                       hint="A window of 3: how many blocks does a middle row see without global and random ones?")
def window_wide(blocks, window, *given):
    return pattern(blocks, window, *given, sides=window // 2 + 1)


@block_pattern.mistake("looks only back in the window", hint="Is BigBird an encoder, or does it write token by token?")
def window_back(*given):
    return pattern(*given, after=False)


@block_pattern.mistake("looks only ahead in the window", hint="Which blocks stand on the other side?")
def window_ahead(*given):
    return pattern(*given, before=False)


@block_pattern.mistake("counts random blocks that are seen already",
                       hint="The first of a row's order stands in its window. How many new blocks does the row get?")
def random_inside(*given):
    return pattern(*given, counted=True)


@block_pattern.mistake("takes the last blocks for the global ones", hint="Which blocks does the prompt call global?")
def last_global(*given):
    return pattern(*given, last=True)


@block_pattern.mistake("makes the last blocks global as well",
                       hint="Which blocks does this prompt call global: both ends?")
def both_ends(blocks, window, chosen, random, order):
    seen = pattern(blocks, window, chosen, 0, order) | pattern(blocks, window, chosen, 0, order, last=True)
    made = seen.clone()
    for row in range(blocks):
        free = [block for block in order[row].tolist() if not seen[row, block]]
        made[row, free[:random]] = True
    return made


@block_pattern.mistake("has no random blocks", hint="Where does `order` appear in your code?")
def none_random(*given):
    return pattern(*given, drawn=False)


@block_pattern.mistake("takes random blocks from the end of the order", hint="Which of the free blocks come first?")
def from_the_end(*given):
    return pattern(*given, backwards=True)


@block_pattern.mistake("lets random blocks see back", hint="Block 5 drew block 1. Did block 1 draw block 5?")
def random_mutual(*given):
    return pattern(*given, mutual=True)


@block_pattern.mistake("gives all rows the order of the first",
                       hint="Which row of `order` belongs to block 3? What would all blocks miss?")
def one_order(blocks, window, chosen, random, order):
    return pattern(blocks, window, chosen, random, order[:1].expand(blocks, -1))


@block_pattern.mistake("reads the order by column", hint="Which axis of `order` counts the blocks that take?")
def by_column(blocks, window, chosen, random, order):
    return pattern(blocks, window, chosen, random, order.T)


@block_pattern.mistake("gives the global blocks to the window alone: only their diagonal",
                       hint="How many places does a global row have, and how many a global column?")
def global_forgotten(blocks, window, chosen, random, order):
    return pattern(blocks, window, 0, random, order)


@block_pattern.mistake("marks what is not seen", hint="What does `True` mean in this course?")
def marks_unseen(*given):
    return ~pattern(*given)


@block_pattern.alternative("places in a list, row by row")
def by_rows(blocks, window, chosen, random, order):
    table = torch.zeros(blocks, blocks, dtype=torch.bool)
    for i in range(blocks):
        seen = set(range(blocks)) if i < chosen else {*range(min(chosen, blocks)), *range(
            max(i - window // 2, 0), min(i + window // 2 + 1, blocks))}
        left = random
        for j in order[i].tolist():
            if left and j not in seen:
                seen.add(j)
                left -= 1
        table[i, sorted(seen)] = True
    return table


@block_pattern.alternative("the rank among the free ones")
def by_rank(blocks, window, chosen, random, order):
    places = torch.arange(blocks)
    seen = torch.ones(blocks, blocks, dtype=torch.bool).tril(window // 2).triu(-(window // 2))
    seen = seen | (places < chosen)[None] | (places < chosen)[:, None]
    free = ~seen.gather(1, order)
    taken = free & (free.cumsum(dim=1) <= random)
    return seen.scatter(1, order, seen.gather(1, order) | taken)
