import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p14_efficient_attention.shared import ATTENTION, eighths, three, whole


@exercise(points=4, minutes=15, builds_on="exercise 1", ready_made=(*ATTENTION, "torch.softmax", "softmax"), hints=(
    "Exercise 1 keeps two numbers a query. Which third thing grows along with the sum of the exponentials?",
    "When a larger score comes, what was added up so far is too large by one factor. How many things were added up?",
    "A mean is a sum divided by a sum. When do you know the second sum?",
))
def blockwise_attention(queries: Float[Tensor, "queries d_k"], keys: Float[Tensor, "keys d_k"],
                        values: Float[Tensor, "keys d_v"], block: int) -> Float[Tensor, "queries d_v"]:
    r"""Attend to one block of keys after the other, so that the scores of all keys are never there together.

    Scores are products of queries and keys, divided by $\sqrt{d_k}$. Take `block` keys with their values at once, the
    last time what is left. Keep for each query the largest score so far, the sum of $e^{s - largest}$, and the sum of
    the values, each times its $e^{s - largest}$; scale down what needs it when a larger score comes (Dao 2023,
    alg. 1). The result is softmax attention, exactly, for scores of any size. There is at least one key; nothing is
    masked.
    """
    largest = torch.full((len(queries), 1), -torch.inf)
    total, mixed = 0.0, 0.0
    for start in range(0, len(keys), block):
        scores = queries @ keys[start:start + block].mT / queries.shape[1] ** 0.5
        now = torch.maximum(largest, scores.amax(dim=1, keepdim=True))
        powers, shrink = torch.exp(scores - now), torch.exp(largest - now)
        total = total * shrink + powers.sum(dim=1, keepdim=True)
        mixed = mixed * shrink + powers @ values[start:start + block]
        largest = now
    return mixed / total


blockwise_attention.example(torch.tensor([[2.0, 0.0], [-1.0, 1.0]]), torch.tensor([[0.0, 1.0], [0.5, 0.0], [1.0, 2.0]]),
                            torch.tensor([[10.0, 1.0], [20.0, 3.0], [30.0, 8.0]]), 1)
blockwise_attention.example(torch.tensor([[0.0]]), torch.tensor([[1.0], [2.0], [3.0], [4.0], [5.0]]),
                            torch.tensor([[1.0], [2.0], [4.0], [8.0], [16.0]]), 2)
blockwise_attention.example(torch.tensor([[1.0], [-1.0]]), torch.tensor([[1000.0], [1001.5], [1001.0]]),
                            torch.tensor([[1.0], [2.0], [4.0]]), 2)


@blockwise_attention.check("is attention to all keys, however they are cut",
                           hint="Follow the second example: all exponentials are 1. What are the sums after two keys?")
def however_cut(answer, rng):
    for keys, block in ((11, 3), (7, 7), (6, 2), (5, 11), (1, 1)):
        given = three(rng, 3, keys)
        probes.equal(answer(*given, block), whole(*given))
    probes.equal(answer(*three(rng, 1, 5), 2).shape[0], 1, "one query gives one row")


@blockwise_attention.check("is right where scores rise or fall from block to block",
                           hint="After a larger score: what was kept, and from which largest score was each part of it "
                                "measured?")
def rising_or_falling(answer, rng):
    for direction in (1.0, -1.0):
        queries, keys, values = three(rng, 3, 11)
        queries[:, 0], keys[:, 0] = 2.0, direction * torch.arange(11)
        probes.equal(answer(queries, keys, values, 2), whole(queries, keys, values))


@blockwise_attention.check("is right where scores are huge, or all far below 0",
                           hint="What is the largest of no scores at all? And what is exp(2000)?")
def huge_scores(answer, rng):
    equal, unlike = torch.ones(7), torch.tensor([1.0, -0.5, 0.25, 0.5, -0.25, 1.0, 0.75])
    for asked, found in (([2.0, 2.0, 2.0], equal), ([-2.0, -2.0, -2.0], equal), ([2.0, -1.0, 0.5], unlike)):
        queries, keys, values = eighths(tensor(rng, 3, 4)), eighths(tensor(rng, 7, 4)), tensor(rng, 7, 5)
        queries[:, 0], keys[:, 0] = torch.tensor(asked), 20_000 * found
        probes.equal(answer(queries, keys, values, 3), whole(queries, keys, values))


def by_blocks(queries, keys, values, block, *, first=-torch.inf, scale=None, sum_too=True, mixed_too=True,
              read=lambda values, start, block: values[start:start + block], stop=None):
    """The solution with one thing to be changed at a time."""
    scale = queries.shape[1] ** -0.5 if scale is None else scale
    largest = torch.full((len(queries), 1), first, dtype=queries.dtype)
    total, mixed = torch.zeros_like(largest), values.new_zeros(len(queries), values.shape[1])
    for start in range(0, len(keys) if stop is None else stop, block):
        scores = queries @ keys[start:start + block].mT * scale
        now = torch.maximum(largest, scores.amax(dim=1, keepdim=True))
        powers, shrink = torch.exp(scores - now), torch.exp(largest - now)
        total = total * (shrink if sum_too else 1) + powers.sum(dim=1, keepdim=True)
        mixed = mixed * (shrink if mixed_too else 1) + powers @ read(values, start, block)
        largest = now
    return mixed / total


@blockwise_attention.mistake("scales nothing down when a larger score comes",
                             hint="Two blocks, the second with larger scores. From which score is each block's sum "
                                  "measured?")
def nothing_scaled(queries, keys, values, block):
    return by_blocks(queries, keys, values, block, sum_too=False, mixed_too=False)


@blockwise_attention.mistake("scales the sum down, but not the mixed values",
                             hint="Which of the things that were added up hold exponentials?")
def sum_alone(queries, keys, values, block):
    return by_blocks(queries, keys, values, block, mixed_too=False)


@blockwise_attention.mistake("scales the mixed values down, but not the sum",
                             hint="Which of the things that were added up hold exponentials?")
def mixed_alone(queries, keys, values, block):
    return by_blocks(queries, keys, values, block, sum_too=False)


@blockwise_attention.mistake("begins with 0 as the largest score",
                             hint="Where all scores are −20,000: which is larger, the first of them or what you begin "
                                  "with?")
def first_is_zero(queries, keys, values, block):
    return by_blocks(queries, keys, values, block, first=0.0)


@blockwise_attention.mistake("measures a block's exponentials from the block's own largest score",
                             hint="An earlier block may hold a larger score. From which score are the sums measured?")
def from_the_blocks(queries, keys, values, block):
    largest = torch.full((len(queries), 1), -torch.inf, dtype=queries.dtype)
    total, mixed = torch.zeros_like(largest), values.new_zeros(len(queries), values.shape[1])
    for some, read in zip(keys.split(block), values.split(block)):
        scores = queries @ some.mT / queries.shape[1] ** 0.5
        most = scores.amax(dim=1, keepdim=True)
        now = torch.maximum(largest, most)
        powers, shrink = torch.exp(scores - most), torch.exp(largest - now)
        total, mixed = total * shrink + powers.sum(dim=1, keepdim=True), mixed * shrink + powers @ read
        largest = now
    return mixed / total


@blockwise_attention.mistake("divides in every block",
                             hint="What you divided once is no sum any more. What does it weigh when the next block is "
                                  "added?")
def divides_always(queries, keys, values, block):
    largest = torch.full((len(queries), 1), -torch.inf, dtype=queries.dtype)
    total, mixed = torch.zeros_like(largest), values.new_zeros(len(queries), values.shape[1])
    for start in range(0, len(keys), block):
        scores = queries @ keys[start:start + block].mT / queries.shape[1] ** 0.5
        now = torch.maximum(largest, scores.amax(dim=1, keepdim=True))
        powers, shrink = torch.exp(scores - now), torch.exp(largest - now)
        total = total * shrink + powers.sum(dim=1, keepdim=True)
        mixed = (mixed * shrink + powers @ values[start:start + block]) / total
        largest = now
    return mixed


@blockwise_attention.mistake("takes the mean of the blocks' own results",
                             hint="One block may hold all the keys that matter. How much does it count in your result?")
def mean_of_blocks(queries, keys, values, block):
    return torch.stack([whole(queries, some, read) for some, read in zip(keys.split(block), values.split(block))]).mean(
        dim=0)


@blockwise_attention.mistake("leaves out the keys that do not fill a block",
                             hint="5 keys in blocks of 2: which keys does your loop see?")
def last_left_out(queries, keys, values, block):
    return by_blocks(queries, keys, values, block, stop=max(block, len(keys) // block * block))


@blockwise_attention.mistake("reads the values of the first block in every block",
                             hint="Keys 3 to 5 were found. Where do their values stand?")
def first_values(queries, keys, values, block):
    return by_blocks(queries, keys, values, block, read=lambda values, start, block: values[:len(keys) - start][:block])


@blockwise_attention.mistake("takes one largest score for all queries",
                             hint="One query's scores may be 10,000 larger than another's. What is left of the other's "
                                  "exponentials?")
def one_for_all(queries, keys, values, block):
    largest, total, mixed = torch.tensor(-torch.inf), 0.0, 0.0
    for some, read in zip(keys.split(block), values.split(block)):
        scores = queries @ some.mT / queries.shape[1] ** 0.5
        now = torch.maximum(largest, scores.max())
        powers, shrink = torch.exp(scores - now), torch.exp(largest - now)
        total, mixed = total * shrink + powers.sum(dim=1, keepdim=True), mixed * shrink + powers @ read
        largest = now
    return mixed / total


@blockwise_attention.mistake("does not scale the scores by √d_k", hint="Which of chapter 03's steps is missing?")
def not_divided(queries, keys, values, block):
    return by_blocks(queries, keys, values, block, scale=1.0)


@blockwise_attention.mistake("divides the scores by the root of the block's size",
                             hint="How many numbers has a query? By the root of that number the scores are divided.")
def root_of_block(queries, keys, values, block):
    return by_blocks(queries, keys, values, block, scale=block**-0.5)


@blockwise_attention.mistake("never subtracts the largest score", hint="What is exp(2000)?")
def never_subtracted(queries, keys, values, block):
    powers = [torch.exp(queries @ some.mT / queries.shape[1] ** 0.5) for some in keys.split(block)]
    mixed = sum(power @ read for power, read in zip(powers, values.split(block)))
    return mixed / sum(power.sum(dim=1, keepdim=True) for power in powers)


@blockwise_attention.mistake("returns the last block's result", hint="What becomes of the blocks before?")
def last_block(queries, keys, values, block):
    start = (len(keys) - 1) // block * block
    return whole(queries, keys[start:], values[start:])


@blockwise_attention.mistake("returns the first block's result",
                             hint="How many rounds does your loop make? Where does the `return` stand?")
def first_block(queries, keys, values, block):
    return whole(queries, keys[:block], values[:block])


@blockwise_attention.mistake("does not divide at all", hint="A mean of the values lies between them. Does yours?")
def never_divided(queries, keys, values, block):
    scores = queries @ keys.mT / queries.shape[1] ** 0.5
    return torch.exp(scores - scores.amax(dim=1, keepdim=True)) @ values


@blockwise_attention.alternative("blocks on their own, put together by the logarithms of their sums")
def by_logarithms(queries, keys, values, block):
    scores = [queries @ some.mT / queries.shape[1] ** 0.5 for some in keys.split(block)]
    sums = torch.stack([table.logsumexp(dim=1) for table in scores])
    every = sums.logsumexp(dim=0)
    return sum(torch.exp(table - every[:, None]) @ read for table, read in zip(scores, values.split(block)))


@blockwise_attention.alternative("two rounds: first the largest score, then both sums")
def two_rounds(queries, keys, values, block):
    def scores(some):
        return torch.einsum("qd,kd->qk", queries, some) / queries.shape[-1] ** 0.5

    largest = torch.stack([scores(some).max(dim=1).values for some in keys.split(block)]).max(dim=0).values[:, None]
    total, mixed = torch.zeros_like(largest), torch.zeros(len(queries), values.shape[1], dtype=values.dtype)
    for some, read in zip(keys.split(block), values.split(block)):
        powers = torch.exp(scores(some) - largest)
        total, mixed = total + powers.sum(dim=1, keepdim=True), mixed + powers @ read
    return mixed / total
