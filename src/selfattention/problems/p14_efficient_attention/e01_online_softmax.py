import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p14_efficient_attention.shared import eighths


@exercise(points=3, minutes=10, builds_on="exercise 1 of chapter 02", hints=(
    "Take the example with a pencil. Which is the largest score now, and what has become of the old sum?",
    "All exponentials must be measured from the same largest score. From which one are those in `total` measured, and "
    "by which factor do they change when that one does?",
    "Is there a case of its own for the first block? What does Python make of exp(−∞)?",
))
def online_softmax(largest: Float[Tensor, " queries"], total: Float[Tensor, " queries"],
                   scores: Float[Tensor, "queries block"]) -> tuple[Float[Tensor, " queries"],
                                                                    Float[Tensor, " queries"]]:
    r"""Take one more block of scores into a running softmax.

    Of all scores read so far only two numbers a query are kept: `largest` is the largest of them, and `total` is the
    sum of $e^{s - largest}$ over them. Before the first block they are $-\infty$ and 0. `scores` are the next block.
    Return the same two numbers of all scores, the block's included (Milakov and Gimelshein 2018, alg. 3). A score may
    be $\pm 10000$, and $-\infty$ where a key is hidden, but each block has a finite one for each query.
    """
    now = torch.maximum(largest, scores.amax(dim=-1))
    return now, total * torch.exp(largest - now) + torch.exp(scores - now[:, None]).sum(dim=-1)


online_softmax.example(torch.tensor([1.0, 3.0]), torch.tensor([1.5, 2.0]),
                       torch.tensor([[2.0, 0.0, -1.0], [2.5, 1.0, 0.0]]))
online_softmax.example(torch.tensor([-torch.inf, -torch.inf]), torch.tensor([0.0, 0.0]),
                       torch.tensor([[2.0, 0.5, 1.0], [-2.5, -3.0, -1.5]]))


def at_once(scores):
    """Both numbers from all scores together."""
    largest = scores.max(dim=1).values
    return largest, torch.stack([sum(torch.exp(score - most) for score in row) for row, most in zip(scores, largest)])


def in_turn(answer, blocks):
    """Block after block from the beginning on, each time against all scores so far."""
    queries = len(blocks[0])
    largest, total = torch.full((queries,), -torch.inf, dtype=torch.float64), torch.zeros(queries, dtype=torch.float64)
    for number in range(len(blocks)):
        largest, total = answer(largest, total, blocks[number])
        most, sums = at_once(torch.cat(blocks[:number + 1], dim=1))
        probes.equal(largest, most, f"after block {number}, the largest score differs")
        probes.equal(total, sums, f"after block {number}, the sum differs")


@online_softmax.check("keeps the largest score and the sum, block after block",
                      hint="Two blocks of one score each: 1, then 3. What are both numbers after each?")
def block_after_block(answer, rng):
    in_turn(answer, [2 * tensor(rng, 5, size) for size in (3, 1, 7)])


@online_softmax.check("is right whether the larger score came before or comes now",
                      hint="Which of the two sums has to be scaled down: the old one, the new one, or either?")
def before_or_now(answer, rng):
    for offset in (2.0, -2.0, 0.0):
        earlier, scores = tensor(rng, 5, 3), tensor(rng, 5, 4) + offset
        got = answer(*at_once(earlier), scores)
        for one, other in zip(got, at_once(torch.cat([earlier, scores], dim=1))):
            probes.equal(one, other)


@online_softmax.check("tells a hidden key from a score of −10,000, and works for one query",
                      hint="Beside scores of −10,000, does a hidden key count as one of them? And how many queries has "
                           "a result of one query?")
def hidden_or_low(answer, rng):
    low = torch.full((3, 4), -10_000.0, dtype=torch.float64)
    low[:, 1] = -torch.inf
    in_turn(answer, [low, low + 1])
    in_turn(answer, [tensor(rng, 1, 3), tensor(rng, 1, 2)])


@online_softmax.check("begins well, even where all scores are far below 0 and some keys are hidden",
                      hint="What is the largest of no scores at all? Is 0 larger or smaller than −700?")
def begins_well(answer, rng):
    blocks = [eighths(tensor(rng, 5, 3)) + offset for offset in (-700, -705, -690)]
    for number in range(3):
        blocks[number][number::2, number] = -torch.inf
    in_turn(answer, blocks)


@online_softmax.check("stays finite for huge scores",
                      hint="Which number is the largest that you take an exponential of?")
def stays_finite(answer, rng):
    scores = eighths(tensor(rng, 3, 8)) + torch.tensor([9000.0, -9000.0, 0.0])[:, None]
    in_turn(answer, [scores[:, :3], scores[:, 3:] + 1, scores[:, 3:] - 1])


def powers(scores, largest):
    return torch.exp(scores - largest[:, None]).sum(dim=-1)


@online_softmax.mistake("takes a hidden key for a score of −10,000",
                        hint="A key is hidden, and the others have scores of −10,000. What is its exponential?")
def hidden_is_low(largest, total, scores):
    return online_softmax(largest, total, scores.masked_fill(scores == -torch.inf, -10_000.0))


@online_softmax.mistake("does not scale the old sum down when a larger score comes",
                        hint="The old exponentials were measured from the old largest score. From which one are they "
                             "now?")
def never_scaled(largest, total, scores):
    now = torch.maximum(largest, scores.amax(dim=-1))
    return now, total + powers(scores, now)


@online_softmax.mistake("measures the new scores from the largest of their block",
                        hint="The largest score so far may be in an earlier block. From which one are both sums "
                             "measured?")
def from_the_blocks(largest, total, scores):
    most = scores.amax(dim=-1)
    now = torch.maximum(largest, most)
    return now, total * torch.exp(largest - now) + powers(scores, most)


@online_softmax.mistake("forgets the earlier largest score",
                        hint="What is the largest of 5, then 3? What does your function say?")
def largest_of_the_block(largest, total, scores):
    now = scores.amax(dim=-1)
    return now, total * torch.exp(largest - now) + powers(scores, now)


@online_softmax.mistake("keeps the old largest score for ever", hint="Where does your code take note of a larger one?")
def old_for_ever(largest, total, scores):
    kept = torch.where(largest == -torch.inf, scores.amax(dim=-1), largest)
    return kept, total + powers(scores, kept)


@online_softmax.mistake("scales the sum up where it should go down",
                        hint="Is exp(old − new) or exp(new − old) below 1, when the new one is larger?")
def scaled_up(largest, total, scores):
    now = torch.maximum(largest, scores.amax(dim=-1))
    return now, total * torch.exp(now - largest) + powers(scores, now)


@online_softmax.mistake("scales the new sum as well",
                        hint="From which score are the new exponentials measured already?")
def both_scaled(largest, total, scores):
    now = torch.maximum(largest, scores.amax(dim=-1))
    return now, (total + powers(scores, now)) * torch.exp(largest - now)


@online_softmax.mistake("takes exponentials of the scores as they are", hint="What is exp(9000)?")
def not_shifted(largest, total, scores):
    now = torch.maximum(largest, scores.amax(dim=-1))
    return now, (total * torch.exp(largest) + torch.exp(scores).sum(dim=-1)) / torch.exp(now)


@online_softmax.mistake("begins with 0 as the largest score",
                        hint="Which is larger: the largest of no scores, or −700?")
def begins_with_zero(largest, total, scores):
    before = torch.where(largest == -torch.inf, 0.0, largest)
    now = torch.maximum(before, scores.amax(dim=-1))
    return now, total * torch.exp(before - now) + powers(scores, now)


@online_softmax.mistake("takes one largest score for all queries", hint="How many largest scores have three queries?")
def one_for_all(largest, total, scores):
    now = torch.maximum(largest, scores.max())
    return now, total * torch.exp(largest - now) + powers(scores, now)


@online_softmax.mistake("adds up the exponents, not the exponentials", hint="What is summed: s − largest, or e to it?")
def exponents_added(largest, total, scores):
    now = torch.maximum(largest, scores.amax(dim=-1))
    return now, total * torch.exp(largest - now) + (scores - now[:, None]).sum(dim=-1)


@online_softmax.mistake("returns the logarithm of the sum", hint="Of what is `total` the sum: is a logarithm in it?")
def logarithm(largest, total, scores):
    now, sums = online_softmax(largest, total, scores)
    return now, now + torch.log(sums)


@online_softmax.mistake("loses the sum of the earlier blocks", hint="Where does `total` appear in your code?")
def sum_lost(largest, total, scores):
    now = torch.maximum(largest, scores.amax(dim=-1))
    return now, powers(scores, now)


@online_softmax.alternative("logarithms of sums, added as torch does")
def by_logarithms(largest, total, scores):
    now = torch.maximum(largest, scores.max(dim=1)[0])
    both = torch.logaddexp(torch.log(total) + largest - now, torch.logsumexp(scores - now[:, None], dim=1))
    return now, torch.exp(both)


@online_softmax.alternative("the earlier largest as one more score")
def one_more_score(largest, total, scores):
    every = torch.cat([largest[:, None], scores], dim=1)
    now = every.amax(dim=1)
    weights = torch.cat([total[:, None], torch.ones_like(scores)], dim=1)
    return now, (weights * torch.exp(every - now[:, None])).sum(dim=1)
