import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise, probes
from selfattention.problems.p02_softmax.shared import SOFTMAX, THREE_KEYS


@exercise(points=4, minutes=12, builds_on="lesson 02, scores become weights", ready_made=SOFTMAX, hints=(
    "Write the weights of one row by hand first. Which numbers are divided by which sum?",
    "A row of scores may be shifted by any constant without changing its weights. Which constant keeps `exp` small?",
    "`keepdims=True` keeps an axis of length 1, so that the result still lines up with the scores.",
))
def softmax(scores: Float[np.ndarray, "*batch keys"]) -> Float[np.ndarray, "*batch keys"]:
    r"""Turn each row of scores into weights.

    For scores $s_1, \dots, s_n$ the weight of key $j$ is $w_j = e^{s_j} / \sum_k e^{s_k}$: positive, and
    summing to one over the keys, which are the last axis. There may be any number of axes before it.

    Scores may be huge, such as 4000 or −4000: no infinity and no NaN may come out.
    """
    shifted = scores - scores.max(axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


softmax.example(THREE_KEYS)
softmax.example(np.array([[0.0, 0.0, 0.0, 0.0, 4000.0]]))


@softmax.check("gives rows that each sum to one", hint="Over which axis do the weights compete?")
def rows_sum_to_one(answer, rng):
    probes.sums_to_one(answer(rng.normal(size=(3, 5))))


@softmax.check("agrees with a loop over the keys", hint="Compute one row of the example by hand and compare.")
def agrees(answer, rng):
    scores = rng.normal(size=(3, 5)) * 2
    weights = answer(scores)
    for row, got in zip(scores, weights):
        probes.equal(got, np.array([1 / sum(np.exp(other - score) for other in row) for score in row]))


@softmax.check("works for a batch and for a single row", hint="How do you name the last axis, however many there are?")
def any_batch(answer, rng):
    probes.parity(answer, softmax, rng.normal(size=(2, 3, 5)))
    probes.parity(answer, softmax, rng.normal(size=7))
    alone = answer(rng.normal(size=(3, 1)))
    probes.require((abs(alone - 1) < 5e-7).all(), f"a single key has all the weight: expected 1, got {alone.min():.7f}")


@softmax.check("survives huge scores", hint="What is the largest number that `np.exp` can return?")
def huge(answer, rng):
    close = np.array([[1000.0, 0.0], [-1000.0, -1001.0], [0.0, 1.0]]) + rng.normal(size=(3, 1))
    apart = rng.normal(size=(4, 5))
    apart[0, 4], apart[1, 0], apart[2, :2], apart[3, :4] = 4000.0, -4000.0, (1000.0, -1000.0), 4000.0
    for rows in (close, apart):
        weights = answer(rows)
        probes.finite(weights)
        probes.equal(weights, softmax(rows))


@softmax.mistake("normalises over the queries instead of the keys",
                 hint="Add up one row, then one column. Which of the two is 1, and which should be?")
def over_queries(scores):
    exponentials = np.exp(scores - scores.max(axis=0, keepdims=True))
    return exponentials / exponentials.sum(axis=0, keepdims=True)


@softmax.mistake("normalises over the whole array, not row by row",
                 hint="Each query shares out its own 1. How many sums are needed, and how many do you compute?")
def over_everything(scores):
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum()


@softmax.mistake("takes the exponential of the raw scores", hint="What does `np.exp(1000.0)` return? Try it in a cell.")
def no_shift(scores):
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@softmax.mistake("subtracts one maximum for all rows",
                 hint="If all scores of a row lie 1000 below that maximum, what is the sum of its exponentials?")
def one_maximum(scores):
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@softmax.mistake("subtracts the mean of the row",
                 hint="Of the scores (0, 0, 0, 0, 4000), how far above the mean is the largest?")
def mean_subtracted(scores):
    exponentials = np.exp(scores - scores.mean(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@softmax.mistake("subtracts the median of the row",
                 hint="Of the scores (0, 0, 0, 0, 4000), how far above the middle one is the largest?")
def median_subtracted(scores):
    exponentials = np.exp(scores - np.median(scores, axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@softmax.mistake("loses the axis it sums over",
                 hint="What is the shape of `scores.sum(axis=-1)`, and of what you divide by it?")
def no_keepdims(scores):
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1)


@softmax.mistake("does not divide by the sum", hint="The numbers are positive now. What do they add up to?")
def not_normalised(scores):
    return np.exp(scores - scores.max(axis=-1, keepdims=True))


@softmax.mistake("adds a small number to the sum it divides by",
                 hint="Once the largest score of the row is shifted to 0, how small can the sum become?")
def with_epsilon(scores):
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / (exponentials.sum(axis=-1, keepdims=True) + 1e-6)


@softmax.mistake("divides the scores by their sum, without the exponential",
                 hint="Can a weight be negative? What happens to your result for a negative score?")
def no_exponential(scores):
    return scores / scores.sum(axis=-1, keepdims=True)


@softmax.alternative("a loop over the rows")
def by_loop(scores):
    weights = np.empty(scores.shape)
    for index in np.ndindex(scores.shape[:-1]):
        row = np.exp(scores[index] - max(scores[index]))
        weights[index] = row / sum(row)
    return weights


@softmax.alternative("in float32")
def in_float32(scores):
    exponentials = np.exp((scores - scores.max(axis=-1, keepdims=True)).astype(np.float32))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@softmax.alternative("in torch, given back as a tensor")
def with_torch(scores):
    import torch

    exponentials = torch.exp(torch.from_numpy(scores - scores.max(axis=-1, keepdims=True)))
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


@softmax.alternative("through the logarithm of the sum")
def through_logsumexp(scores):
    return np.exp(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True))
