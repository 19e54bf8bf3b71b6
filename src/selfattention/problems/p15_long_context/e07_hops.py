import torch
from jaxtyping import Bool, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.p15_long_context.shared import links


@exercise(points=3, minutes=12, builds_on="exercise 5 and lesson 15, what is connected", hints=(
    "Who is known after no layer at all? And after one?",
    "What a block knows after a layer: what it knew before, and what those that it sees knew before. Write that as one "
    "product of tables.",
    "A place of the result gets its number when it becomes known for the first time. When are you done?",
))
def hops(seen: Bool[Tensor, "blocks blocks"]) -> Int[Tensor, "blocks blocks"]:
    r"""Count the layers it takes until one block can know of another.

    `seen` is `True` where the block of the row sees that of the column; a block need not see itself, but what it knows
    it keeps. In each layer a block learns all that the blocks it sees knew before that layer. Return for row i and
    column j after how many layers block i can know of block j: 0 for itself, 1 for the others that it sees, and so on;
    −1 where it never can (Zaheer et al. 2020, §2, call it the path length between nodes of a graph).
    """
    known = torch.eye(len(seen), dtype=torch.bool)
    found = known.long() - 1
    for layer in range(1, len(seen)):
        wider = known | (seen.double() @ known.double() > 0)
        found[wider & ~known] = layer
        known = wider
    return found


hops.example(torch.tensor([[True, True, False], [False, True, True], [False, False, True]]))
hops.example(torch.tensor([[False, False, True], [True, False, False], [False, True, False]]))


def searched(seen):
    """From each block breadth first, with a queue."""
    rows = []
    for start in range(len(seen)):
        steps, queue = {start: 0}, [start]
        for block in queue:
            for other in seen[block].nonzero()[:, 0].tolist():
                if other not in steps:
                    steps[other] = steps[block] + 1
                    queue.append(other)
        rows.append([steps.get(block, -1) for block in range(len(seen))])
    return torch.tensor(rows)


def ring(rng, blocks):
    """Each block sees the next one and not itself, in an order drawn, and the last one the first."""
    order = torch.from_numpy(rng.permutation(blocks))
    seen = torch.zeros(blocks, blocks, dtype=torch.bool)
    seen[order, order.roll(-1)] = True
    return seen


@hops.check("counts the layers from block to block, in the right direction",
            hint="In the first example block 0 sees block 1. Which row and column is that, and which is the way back?")
def counts_layers(answer, rng):
    for seen in (ring(rng, 7), ring(rng, 19), links(rng, 11, 0.12), links(rng, 13, 0.08)):
        probes.equal(answer(seen), searched(seen), "a number of layers differs")


@hops.check("says −1 where there is no way, and knows itself without seeing itself",
            hint="What does a block know after no layer at all? And of a block that nobody sees?")
def no_way(answer, rng):
    apart = torch.block_diag(links(rng, 3, 0.5), ring(rng, 4)).bool()
    for seen in (apart, links(rng, 7, 0.2) & ~torch.eye(7, dtype=torch.bool), torch.zeros(3, 3, dtype=torch.bool),
                 torch.ones(5, 5, dtype=torch.bool), torch.tensor([[True]]), torch.tensor([[False]])):
        probes.equal(answer(seen), searched(seen), "a number of layers differs")


def spread(seen, *, start=None, most=None, doubled=False):
    """The solution with one thing to be changed at a time."""
    known = torch.eye(len(seen), dtype=torch.bool) if start is None else start
    found = known.long() - 1
    for layer in range(1, (len(seen) if most is None else most + 1)):
        wider = known | ((known.double() if doubled and layer > 1 else seen.double()) @ known.double() > 0)
        found[wider & ~known] = layer
        known = wider
    return found


@hops.mistake("looks ten layers far at most", hint="In a ring of 19 blocks, how long is the longest way?")
def ten_layers(seen):
    return spread(seen, most=10)


@hops.mistake("goes the other way: who can know of the block",
              hint="In the first example block 0 sees block 1, and not the other way round. Which one knows of which?")
def other_way(seen):
    return spread(seen.T)


@hops.mistake("takes a link for one in both directions", hint="Block 5 drew block 1. Does block 1 see block 5?")
def both_ways(seen):
    return spread(seen | seen.T)


@hops.mistake("counts from 1", hint="After how many layers does a block know of itself?")
def from_one(seen):
    found = spread(seen)
    return torch.where(found < 0, found, found + 1)


@hops.mistake("counts the blocks between, not the steps",
              hint="A block sees another one directly. After how many layers does it know of it: 0 or 1?")
def between(seen):
    found = spread(seen)
    return torch.where(found > 0, found - 1, found)


@hops.mistake("counts one layer for a block itself", hint="What does a block know after no layer at all?")
def itself_one(seen):
    return spread(seen).masked_fill(torch.eye(len(seen), dtype=torch.bool), 1)


@hops.mistake("calls what is never reached 0", hint="How does your result tell a block itself from one out of reach?")
def never_zero(seen):
    return spread(seen).clamp(min=0)


@hops.mistake("calls what is never reached as far as there are blocks",
              hint="Which number shall stand where there is no way at all?")
def never_far(seen):
    found = spread(seen)
    return found.masked_fill(found < 0, len(seen))


@hops.mistake("looks one layer far", hint="What does the second layer add?")
def one_layer(seen):
    return spread(seen, most=1)


@hops.mistake("looks two layers far", hint="In a chain of seven blocks, how many layers does it take to the other end?")
def two_layers(seen):
    return spread(seen, most=2)


@hops.mistake("stops a layer too early", hint="In a chain of three blocks, how many layers does it take to the end?")
def one_short(seen):
    return spread(seen, most=max(len(seen) - 2, 0))


@hops.mistake("takes the first way it finds, not the shortest",
              hint="Do you look at all that is one layer away before you look further?")
def depth_first(seen):
    rows = []
    for start in range(len(seen)):
        steps, stack = {start: 0}, [start]
        while stack:
            block = stack.pop()
            for other in seen[block].nonzero()[:, 0].tolist():
                if other not in steps:
                    steps[other] = steps[block] + 1
                    stack.append(other)
        rows.append([steps.get(block, -1) for block in range(len(seen))])
    return torch.tensor(rows)


@hops.mistake("doubles the reach in every layer",
              hint="Does a block learn what its neighbours know, or what all that it has heard of know?")
def doubles(seen):
    return spread(seen, doubled=True)


@hops.mistake("counts again what is known already, so that the last layer wins",
              hint="A block was known after one layer. May a later layer write another number there?")
def last_wins(seen):
    known = torch.eye(len(seen), dtype=torch.bool)
    found = known.long() - 1
    for layer in range(1, len(seen)):
        known = known | (seen.double() @ known.double() > 0)
        found[known & ~torch.eye(len(seen), dtype=torch.bool)] = layer
    return found


@hops.mistake("says of a block itself how long it takes around",
              hint="After no layer at all, does a block know of itself?")
def forgets(seen):
    found, reached = torch.full(seen.shape, -1), torch.eye(len(seen), dtype=torch.bool)
    for layer in range(1, len(seen)):
        reached = seen.double() @ reached.double() > 0
        found[reached & (found < 0)] = layer
    return found


@hops.alternative("a queue from each block")
def by_queue(seen):
    return searched(seen)


@hops.alternative("each pair by way of each third")
def by_thirds(seen):
    steps = torch.where(seen, 1.0, torch.inf).fill_diagonal_(0.0)
    for between_them in range(len(seen)):
        steps = torch.minimum(steps, steps[:, between_them, None] + steps[None, between_them])
    return torch.where(steps.isinf(), -1, steps).long()
