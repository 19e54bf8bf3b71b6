import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=10, builds_on="exercise 1 and the empty row of chapter 04", hints=(
    "Over which axis do the weights of one query sum to one? And which scores may take part in the sum?",
    "What is the softmax of a row that is −∞ everywhere? How can such rows be left out before the softmax?",
    "Look at your gradients, too: what is set to 0 only afterwards was NaN before.",
))
def neighbour_weights(scores: Float[Tensor, "queries keys"],
                      mask: Bool[Tensor, "queries keys"]) -> Float[Tensor, "queries keys"]:
    r"""Turn scores into weights, where each query is a node and sees its neighbours alone.

    `mask` is `True` where a query may attend. In each row the weights of the neighbours are
    $\exp(e_{ij}) / \sum_{k \in N_i} \exp(e_{ik})$ (Veličković et al. 2018, eq. 2), all others are 0; a node without
    neighbours has a row of zeros. Nothing may become NaN, neither weights nor gradients, however large the scores are
    and whatever stands where nobody may look. Gradients must reach `scores`.
    """
    empty = ~mask.any(dim=1, keepdim=True)
    weights = torch.softmax(scores.masked_fill(~mask, -math.inf).masked_fill(empty, 0.0), dim=1)
    return weights.masked_fill(empty, 0.0)


neighbour_weights.example(torch.tensor([[0.0, math.log(3), 5.0], [1.0, 2.0, 3.0]]),
                          torch.tensor([[True, True, False], [False, False, False]]))
neighbour_weights.example(torch.tensor([[1000.0, 1001.0, 2000.0]]), torch.tensor([[True, True, False]]))
neighbour_weights.example(torch.tensor([[-1000.0, 0.0], [0.0, 1000.0]]), torch.tensor([[True, False], [True, False]]))
neighbour_weights.example(torch.tensor([[2.0, 1.0], [1.0, 1.0]]), torch.tensor([[True, False], [True, True]]))


def drawn(rng, queries, keys, share=0.5):
    mask = torch.from_numpy(rng.random((queries, keys)) < share)
    mask[0] = False
    mask[-1, 0], mask[-1, -1] = True, True
    mask[1] = False
    mask[1, int(rng.integers(keys))] = True
    return tensor(rng, queries, keys), mask


def by_neighbours(scores, mask):
    """Each node with a list of its neighbours."""
    weights = torch.zeros_like(scores)
    for query, row in enumerate(mask):
        seen = row.nonzero()[:, 0]
        if len(seen):
            powers = torch.exp(scores[query, seen] - scores[query, seen].max())
            weights[query, seen] = powers / powers.sum()
    return weights


@neighbour_weights.check("is a softmax over the neighbours of each node, and zero elsewhere",
                         hint="In the first example node 0 has two neighbours, with scores 0 and ln 3. What are 1 and "
                              "3 of 1 + 3?")
def over_neighbours(answer, rng):
    for queries, keys in ((5, 7), (7, 5), (3, 11)):
        scores, mask = drawn(rng, queries, keys)
        probes.equal(answer(scores, mask), by_neighbours(scores, mask))
    probes.equal(answer(scores[-1:], mask[-1:]), by_neighbours(scores[-1:], mask[-1:]))


@neighbour_weights.check("gives zeros to a node without neighbours",
                         hint="The second row of the first example has no neighbour at all. What is left to mix?")
def empty_rows(answer, rng):
    for scores, mask in (drawn(rng, 5, 3, share=0.0), drawn(rng, 3, 7)):
        probes.equal(answer(scores, mask), by_neighbours(scores, mask))
    probes.equal(answer(tensor(rng, 3, 5), torch.zeros(3, 5, dtype=torch.bool)), torch.zeros(3, 5))


@neighbour_weights.check("stays right with huge scores, seen or not",
                         hint="What is exp(1000)? And what remains of small scores when a huge one is not seen?")
def huge(answer, rng):
    scores, mask = drawn(rng, 5, 7)
    scores = torch.round(scores * 8) / 8
    hidden = torch.where(mask, scores, 4096.0)
    for given in (1024 * scores, hidden, scores + 4096.0, scores - 40960.0):
        probes.equal(answer(given, mask), by_neighbours(given, mask))
    low, one = -2.0**40 * (1 + scores.abs()), torch.eye(5, 7, dtype=torch.bool)
    probes.equal(answer(low, one), by_neighbours(low, one))


@neighbour_weights.check("lets gradients reach the scores, and none of them is NaN",
                         hint="Is a row of NaN made on the way, and only covered afterwards?")
def gradients(answer, rng):
    scores, mask = drawn(rng, 5, 7)
    probes.gradient_parity(answer, by_neighbours, scores, mask, cotangent=tensor(rng, 5, 7))


@neighbour_weights.check("does not read what stands where nobody may look",
                         hint="Put NaN and ∞ where the mask is `False`, also in a row that is `False` everywhere. Do "
                              "they come out anywhere, as weights or as gradients?")
def unread(answer, rng):
    scores, mask = drawn(rng, 5, 7)
    strange = torch.tensor([math.nan, math.inf, -math.inf])[torch.arange(7) % 3].to(scores.dtype)
    given = torch.where(mask, scores, strange)
    probes.equal(answer(given, mask), by_neighbours(given, mask))
    probes.gradient_parity(answer, by_neighbours, given, mask, cotangent=tensor(rng, 5, 7))


def softmaxed(scores, mask, *, hidden=-math.inf, dim=1):
    return torch.softmax(scores.masked_fill(~mask, hidden), dim=dim)


@neighbour_weights.mistake("has a softmax over all nodes, times the mask",
                           hint="Add up the weights of one row. Which nodes took part in the sum below the line?")
def all_times_mask(scores, mask):
    return torch.softmax(scores, dim=1) * mask


@neighbour_weights.mistake("has a softmax over all nodes, and divides what is seen by its sum",
                           hint="A score that is not seen is a thousand larger. What is left of the others after the "
                                "first softmax?")
def normalised_twice(scores, mask):
    weights = torch.softmax(scores, dim=1) * mask
    return weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-300)


@neighbour_weights.mistake("gives NaN to a node without neighbours", hint="What is the softmax of nothing but −∞?")
def nan_rows(scores, mask):
    return softmaxed(scores, mask)


@neighbour_weights.mistake("adds −∞ and covers the NaN afterwards, so that gradients are NaN",
                           hint="What is 0 · NaN in the backward pass? Where does the NaN come from?")
def covered(scores, mask):
    return torch.nan_to_num(torch.softmax(scores + torch.where(mask, 0.0, -math.inf), dim=1))


@neighbour_weights.mistake("lets the scores of a node without neighbours into the softmax",
                           hint="Such a row may hold ∞. Its weights are set to 0 in the end, but what are its "
                                "gradients?")
def empty_rows_read(scores, mask):
    empty = ~mask.any(dim=1, keepdim=True)
    return softmaxed(scores, mask | empty).masked_fill(empty, 0.0)


@neighbour_weights.mistake("gives a node without neighbours equal weights for all",
                           hint="A large negative number in a whole row: what does the softmax make of it?")
def even_rows(scores, mask):
    return softmaxed(scores, mask, hidden=torch.finfo(scores.dtype).min)


@neighbour_weights.mistake("normalises over the queries", hint="Which axis counts the neighbours of one node?")
def over_queries(scores, mask):
    return softmaxed(scores, mask, hidden=torch.finfo(scores.dtype).min, dim=0).masked_fill(~mask, 0.0)


@neighbour_weights.mistake("reads the mask by column: out-neighbours in place of in-neighbours, where it can",
                           hint="Rows of the mask are queries. Is it turned anywhere in your code?")
def turned(scores, mask):
    if mask.shape[0] != mask.shape[1]:
        return neighbour_weights.function(scores, mask.flip(1))
    return neighbour_weights.function(scores, mask.T)


@neighbour_weights.mistake("lets see what the mask hides, and hides the neighbours",
                           hint="What does `True` in a mask mean in this course?")
def inverted(scores, mask):
    return neighbour_weights.function(scores, ~mask)


@neighbour_weights.mistake("multiplies the scores by the mask: hidden ones count with score 0",
                           hint="What is exp(0)?")
def zero_scores(scores, mask):
    return torch.softmax(scores * mask, dim=1)


@neighbour_weights.mistake("multiplies the scores by the mask, and the weights, too",
                           hint="What is exp(0), and does it stand in the sum below the line?")
def zero_scores_hidden(scores, mask):
    return torch.softmax(scores * mask, dim=1) * mask


@neighbour_weights.mistake("exponentiates without subtracting the largest score",
                           hint="What is exp(1000)? Which shift leaves the weights as they are?")
def overflows(scores, mask):
    powers = torch.where(mask, torch.exp(scores), 0.0)
    sums = powers.sum(dim=1, keepdim=True)
    return powers / torch.where(mask.any(dim=1, keepdim=True), sums, 1.0)


@neighbour_weights.mistake("subtracts the largest of all scores, also of those that nobody sees",
                           hint="The largest of which scores must be 0 after the shift, so that a sum is at least 1?")
def wrong_largest(scores, mask):
    powers = torch.where(mask, torch.exp(scores - scores.max().detach()), 0.0)
    sums = powers.sum(dim=1, keepdim=True)
    return powers / torch.where(mask.any(dim=1, keepdim=True), sums, 1.0)


@neighbour_weights.mistake("gives equal weights to all neighbours", hint="Where do the scores appear in your code?")
def equal_weights(scores, mask):
    return mask / mask.sum(dim=1, keepdim=True).clamp(min=1).to(scores.dtype)


@neighbour_weights.mistake("divides by the number of neighbours as well",
                           hint="What do the weights of one row sum to?")
def divided(scores, mask):
    return neighbour_weights.function(scores, mask) / mask.sum(dim=1, keepdim=True).clamp(min=1)


@neighbour_weights.mistake("cuts the scores off from the gradient", hint="Look for `.detach()` or `torch.tensor`.")
def detached(scores, mask):
    return neighbour_weights.function(scores.detach(), mask)


@neighbour_weights.alternative("row by row")
def row_by_row(scores, mask):
    rows = []
    for values, seen in zip(scores, mask):
        row = torch.zeros_like(values)
        if seen.any():
            row = row.masked_scatter(seen, torch.softmax(values[seen], dim=0))
        rows.append(row)
    return torch.stack(rows)


@neighbour_weights.alternative("shifted powers, and a sum that is never 0")
def by_powers(scores, mask):
    seen = torch.where(mask, scores, -torch.finfo(scores.dtype).max)
    largest = seen.max(dim=1, keepdim=True).values.detach()
    powers = torch.exp(torch.where(mask, scores - largest, 0.0)) * mask
    return powers / (powers.sum(dim=1, keepdim=True) + ~mask.any(dim=1, keepdim=True))
