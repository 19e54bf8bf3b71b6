r"""# Exercises 02: softmax

Scores become weights. Read lesson [02](../notebooks/02_softmax.ipynb) first.
"""

import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise, probes

THREE_KEYS = np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]])

SOFTMAX = ("torch.softmax", "softmax")
LOG_SOFTMAX = ("torch.log_softmax", "log softmax")


@exercise(points=4, ready_made=SOFTMAX, hints=(
    "Write the weights of one row by hand first. Which numbers are divided by which sum?",
    "A row of scores may be shifted by any constant without changing its weights. Which constant keeps `exp` small?",
    "`keepdims=True` keeps an axis of length 1, so that the result still lines up with the scores.",
))
def softmax(scores: Float[np.ndarray, "*batch keys"]) -> Float[np.ndarray, "*batch keys"]:
    r"""Turn each row of scores into weights.

    For scores $s_1, \dots, s_n$ the weight of key $j$ is $w_j = e^{s_j} / \sum_k e^{s_k}$: positive, and
    summing to one over the keys, which are the last axis. There may be any number of axes before it.

    Scores of 1000 and of −1000 must work: no infinity and no NaN may come out.
    """
    shifted = scores - scores.max(axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


softmax.example(THREE_KEYS)


@softmax.check("each row sums to one", hint="Over which axis do the weights compete?")
def rows_sum_to_one(answer, rng):
    probes.sums_to_one(answer(rng.normal(size=(3, 5))))


@softmax.check("agrees with a loop over the keys", hint="Compute one row of the example by hand and compare.")
def agrees(answer, rng):
    scores = rng.normal(size=(3, 5)) * 2
    weights = answer(scores)
    for row, got in zip(scores, weights):
        probes.equal(got, np.array([1 / sum(np.exp(other - score) for other in row) for score in row]))


@softmax.check("works for a batch and for a single row", hint="Which axis is the last one, however many there are?")
def any_batch(answer, rng):
    probes.parity(answer, softmax, rng.normal(size=(2, 3, 5)))
    probes.parity(answer, softmax, rng.normal(size=7))


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
                 hint="Each query shares out its own 1. How many sums are there, and how many do you compute?")
def over_everything(scores):
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum()


@softmax.mistake("takes the exponential of the raw scores", hint="What does `np.exp(1000.0)` return? Try it in a cell.")
def no_shift(scores):
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@softmax.mistake("subtracts one maximum for all rows",
                 hint="A row whose scores all lie 1000 below that maximum: what becomes of its sum?")
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
                 hint="What shape has `scores.sum(axis=-1)`, and what shape do you divide?")
def no_keepdims(scores):
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1)


@softmax.mistake("does not divide by the sum", hint="The numbers are positive now. What do they add up to?")
def not_normalised(scores):
    return np.exp(scores - scores.max(axis=-1, keepdims=True))


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


@exercise(points=3, ready_made=SOFTMAX, hints=(
    "A temperature of 1 must change nothing. Does a hot row become more even or more peaked?",
    "The temperature acts on the scores, before they become weights.",
    "Scores of 5 at a temperature of 0.001 are as large as scores of 5000. What did you do about those in `softmax`?",
))
def softmax_with_temperature(scores: Float[np.ndarray, "*batch keys"],
                             temperature: float) -> Float[np.ndarray, "*batch keys"]:
    r"""Turn each row of scores into weights that are more even the hotter it is.

    $w_j = e^{s_j/T} / \sum_k e^{s_k/T}$ for a temperature $T > 0$. A very high temperature gives equal weights,
    a very low one gives all weight to the best key. Temperatures of 0.001 and of 1000 must both work.
    """
    tempered = scores / temperature
    exponentials = np.exp(tempered - tempered.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


softmax_with_temperature.example(THREE_KEYS, 2.0)
softmax_with_temperature.example(THREE_KEYS, 0.001)


@softmax_with_temperature.check("gives the plain softmax at temperature 1", hint="What should dividing by 1 change?")
def temperature_one(answer, rng):
    scores = rng.normal(size=(3, 5))
    probes.equal(answer(scores, 1.0), softmax(scores))


@softmax_with_temperature.check("cools: a low temperature sharpens, a high one evens out",
                                hint="Try the example with temperatures 0.5 and 2 and look at the largest weight.")
def cools(answer, rng):
    scores = np.sort(rng.normal(size=(3, 5)), axis=-1)
    cold, warm, hot = (answer(scores, temperature).max(axis=-1) for temperature in (0.5, 1.0, 2.0))
    probes.require((cold > warm).all(), "halving the temperature does not raise the largest weight")
    probes.require((warm > hot).all(), "doubling the temperature does not lower the largest weight")


@softmax_with_temperature.check("agrees with the formula, batched or not",
                                hint="Compute the first row of the example by hand.")
def temperature_formula(answer, rng):
    for shape in ((2, 3, 5), (7,)):
        scores, temperature = rng.normal(size=shape), rng.uniform(0.3, 3)
        powers = np.exp(scores / temperature)
        probes.equal(answer(scores, temperature), powers / powers.sum(axis=-1, keepdims=True))


@softmax_with_temperature.check("survives 0.001 and 1000", hint="How large is a score once it is divided by 0.001?")
def extreme_temperatures(answer, rng):
    scores = rng.normal(size=(3, 5)) * 5
    # First all scores of a row are huge but little apart, then they are far apart: two kinds of shift, one at a time.
    for temperature, raw in ((0.001, scores / 1000 + rng.choice((-2, 2))), (0.001, scores), (1000.0, scores)):
        weights = answer(raw, temperature)
        probes.sums_to_one(weights)
        probes.equal(weights, softmax_with_temperature(raw, temperature))


@softmax_with_temperature.mistake("multiplies by the temperature",
                                  hint="At temperature 1000, are your weights more even or more peaked than at 1?")
def times_temperature(scores, temperature):
    return softmax(scores * temperature)


@softmax_with_temperature.mistake("divides the weights, not the scores",
                                  hint="What do your weights add up to at temperature 2?")
def weights_divided(scores, temperature):
    return softmax(scores) / temperature


@softmax_with_temperature.mistake("ignores the temperature",
                                  hint="Call it with temperatures 1 and 2. Where in your code should they differ?")
def temperature_ignored(scores, temperature):
    return softmax(scores)


@softmax_with_temperature.mistake("takes the exponential of the divided scores without a shift",
                                  hint="What is `np.exp(5 / 0.001)`?")
def tempered_without_shift(scores, temperature):
    exponentials = np.exp(scores / temperature)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@softmax_with_temperature.mistake("subtracts the mean of the row",
                                  hint="How far above the mean of its row is the largest score, divided by 0.001?")
def tempered_by_mean(scores, temperature):
    return mean_subtracted(scores / temperature)


@softmax_with_temperature.mistake("takes a power of the weights and does not normalise again",
                                  hint="Add up a row of your weights at temperature 2.")
def power_of_weights(scores, temperature):
    return softmax(scores) ** (1 / temperature)


@softmax_with_temperature.mistake("divides by the square root of the temperature",
                                  hint="The square root belongs to another quantity. Which does the formula divide by?")
def root_of_temperature(scores, temperature):
    return softmax(scores / np.sqrt(temperature))


@softmax_with_temperature.mistake("normalises over the queries instead of the keys",
                                  hint="Add up one row, then one column. Which of the two should be 1?")
def tempered_over_queries(scores, temperature):
    return over_queries(scores / temperature)


@softmax_with_temperature.alternative("shift first, divide afterwards")
def shift_first(scores, temperature):
    exponentials = np.exp((scores - scores.max(axis=-1, keepdims=True)) / temperature)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@softmax_with_temperature.alternative("torch, in float32")
def tempered_torch(scores, temperature):
    import torch

    hot = torch.from_numpy(scores / temperature)
    return torch.exp((hot - hot.logsumexp(dim=-1, keepdim=True)).float()).numpy()


@exercise(points=4, ready_made=LOG_SOFTMAX, hints=(
    "Take the logarithm of $e^{s_j} / \\sum_k e^{s_k}$ on paper. What becomes of the fraction?",
    "The sum inside the logarithm can overflow. Pull the largest score out of it before you take `exp`.",
))
def log_softmax(scores: Float[np.ndarray, "*batch keys"]) -> Float[np.ndarray, "*batch keys"]:
    r"""Give the natural logarithm of each softmax weight, also where the weight itself rounds to zero.

    $\log w_j = s_j - \log \sum_k e^{s_k}$, over the keys (last axis). A loss needs this: `np.log(softmax(scores))`
    is −∞ wherever a weight is too small for a float. For the scores 1000 and 0 the answer is 0 and −1000.
    """
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


log_softmax.example(THREE_KEYS)
log_softmax.example(np.array([[1000.0, 0.0]]))


@log_softmax.check("gives weights that sum to one", hint="What does `np.exp` of your result add up to?")
def exponentials_sum_to_one(answer, rng):
    probes.sums_to_one(np.exp(answer(rng.normal(size=(3, 5)))))


@log_softmax.check("is the logarithm of the softmax, batched or not", hint="In which base is the logarithm?")
def log_of_softmax(answer, rng):
    for shape in ((2, 3, 5), (7,), (3, 1)):
        scores = rng.normal(size=shape)
        probes.equal(answer(scores), np.log(softmax(scores)))


@log_softmax.check("stays finite where a weight rounds to zero",
                   hint="Which number is the last one for which `np.log` still answers?")
def tiny_weights(answer, rng):
    gap = rng.uniform(800, 2000)
    log_weights = answer(np.array([[gap, 0.0], [-gap, 0.0]]))
    probes.finite(log_weights)
    probes.equal(log_weights, np.array([[0.0, -gap], [-gap, 0.0]]))
    gap = rng.uniform(3000, 5000)
    log_weights = answer(np.array([[0.0, 0, 0, 0, gap], [gap, gap, gap, gap, 0.0], [-gap, 0, 0, 0, gap]]))
    probes.finite(log_weights)
    probes.equal(log_weights, np.array([[-gap, -gap, -gap, -gap, 0.0], [*[-np.log(4)] * 4, -np.log(4) - gap],
                                        [-2 * gap, -gap, -gap, -gap, 0.0]]))


@log_softmax.mistake("takes the logarithm of the finished weights",
                     hint="What is the smallest positive weight a float can hold, and what comes below it?")
def log_after(scores):
    return np.log(softmax(scores))


@log_softmax.mistake("sums exponentials of the raw scores",
                     hint="Which score makes `np.exp` overflow, and how did `softmax` avoid it?")
def raw_log_sum(scores):
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


@log_softmax.mistake("shifts inside the sum only",
                     hint="The largest score was taken out of the sum. Where must it come back?")
def shift_not_returned(scores):
    return scores - np.log(np.exp(scores - scores.max(axis=-1, keepdims=True)).sum(axis=-1, keepdims=True))


@log_softmax.mistake("subtracts the mean of the row",
                     hint="Of the scores (0, 0, 0, 0, 4000), how far above the mean is the largest?")
def log_by_mean(scores):
    shifted = scores - scores.mean(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@log_softmax.mistake("sums over the queries instead of the keys",
                     hint="Take `np.exp` of your result. Does a row or a column add up to 1?")
def log_over_queries(scores):
    shifted = scores - scores.max(axis=0, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))


@log_softmax.mistake("uses the logarithm to base 10", hint="Which logarithm undoes `np.exp`?")
def base_ten(scores):
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log10(np.exp(shifted).sum(axis=-1, keepdims=True))


@log_softmax.mistake("uses the logarithm to base 2", hint="Bits or nats? Which logarithm undoes `np.exp`?")
def base_two(scores):
    return np.log2(softmax(scores))


@log_softmax.mistake("gives the negative", hint="Can the logarithm of a weight below 1 be positive?")
def sign_flipped(scores):
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=-1, keepdims=True)) - shifted


@log_softmax.mistake("adds a small number before the logarithm",
                     hint="Compare your result for the scores 1000 and 0 with the −1000 it should be.")
def with_epsilon(scores):
    return np.log(softmax(scores) + 1e-12)


@log_softmax.alternative("logaddexp over the keys")
def through_logaddexp(scores):
    return scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True)


@log_softmax.alternative("torch's logarithm of a sum of exponentials")
def log_softmax_torch(scores):
    import torch

    return torch.from_numpy(scores) - torch.logsumexp(torch.from_numpy(scores), dim=-1, keepdim=True)


@exercise(points=4, hints=(
    "If one score rises, what happens to its own weight, and what to all the others? They still sum to one.",
    "Differentiate $e^{s_i} / \\sum_k e^{s_k}$ by $s_i$, then by another $s_j$, and write both with $w$ only.",
    "A diagonal matrix of the weights minus the product of the weights with themselves: which shapes are needed?",
))
def softmax_jacobian(weights: Float[np.ndarray, "*batch keys"]) -> Float[np.ndarray, "*batch weights scores"]:
    r"""Tell how every weight moves with every score: the derivatives of a softmax, from its weights.

    Entry $(i, j)$ is $\partial w_i / \partial s_j = w_i (\delta_{ij} - w_j)$, where $\delta_{ij}$ is 1 for $i = j$ and
    0 otherwise. The result has one more axis than the weights: for 5 keys a 5 × 5 matrix for each row.
    """
    diagonal = weights[..., :, None] * np.eye(weights.shape[-1])
    return diagonal - weights[..., :, None] * weights[..., None, :]


softmax_jacobian.example(np.array([0.5, 0.25, 0.25]))


@softmax_jacobian.check("agrees with a small step of each score",
                        hint="Raise one score by a millionth, compute the weights again and subtract.")
def small_steps(answer, rng):
    scores, step = rng.normal(size=5), 1e-5
    columns = [(softmax(scores + step * unit) - softmax(scores - step * unit)) / (2 * step) for unit in np.eye(5)]
    jacobian = answer(softmax(scores))
    probes.require(np.allclose(jacobian, np.stack(columns, axis=1), atol=1e-6),
                   "a small step of the scores moves the weights by other amounts")


@softmax_jacobian.check("keeps the weights' sum: every row and column sums to zero",
                        hint="The weights always sum to one. What do their changes sum to?")
def keeps_the_sum(answer, rng):
    jacobian = answer(softmax(rng.normal(size=7)))
    probes.require(np.allclose(jacobian.sum(axis=0), 0, atol=1e-6), "the columns do not sum to zero")
    probes.require(np.allclose(jacobian.sum(axis=1), 0, atol=1e-6), "the rows do not sum to zero")


@softmax_jacobian.check("works row by row on a batch", hint="Which axes are new, and which are the batch?")
def jacobian_batch(answer, rng):
    probes.parity(answer, softmax_jacobian, softmax(rng.normal(size=(2, 3, 5))))
    probes.parity(answer, softmax_jacobian, softmax(rng.normal(size=(5, 5))))


@softmax_jacobian.check("vanishes where one key has all the weight",
                        hint="When one weight is exactly 1, how much can a small step of any score move it?")
def saturated(answer, rng):
    probes.equal(answer(np.eye(5)[rng.integers(5)]), np.zeros((5, 5)))


@softmax_jacobian.mistake("keeps the diagonal only",
                          hint="If one weight grows, where does what it gains come from?")
def diagonal_only(weights):
    return (weights * (1 - weights))[..., :, None] * np.eye(weights.shape[-1])


@softmax_jacobian.mistake("has the sign the wrong way round",
                          hint="If a key's own score rises, does its weight rise or fall? Look at your diagonal.")
def negative(weights):
    return weights[..., :, None] * weights[..., None, :] - weights[..., :, None] * np.eye(weights.shape[-1])


@softmax_jacobian.mistake("forgets the diagonal part", hint="What does one row of your matrix sum to?")
def outer_only(weights):
    return -weights[..., :, None] * weights[..., None, :]


@softmax_jacobian.mistake("puts ones on the diagonal in place of the weights",
                          hint="Factor out $w_i$ in the formula: what multiplies the 1 of the identity?")
def identity_diagonal(weights):
    return np.eye(weights.shape[-1]) - weights[..., :, None] * weights[..., None, :]


@softmax_jacobian.mistake("uses w(1 − w) in every place",
                          hint="The formula subtracts $w_j$. Which $j$ is it off the diagonal, and where is the 1 "
                               "there?")
def one_everywhere(weights):
    return weights[..., :, None] * (1 - weights[..., None, :])


@softmax_jacobian.mistake("takes `np.diag` and `np.outer`, which know no batch",
                          hint="What does `np.outer` do with an array of shape (2, 3, 5)?")
def no_batch(weights):
    return np.diag(weights) - np.outer(weights, weights)


@softmax_jacobian.alternative("einsum")
def jacobian_einsum(weights):
    return (np.einsum("...i,ij->...ij", weights, np.eye(weights.shape[-1]))
            - np.einsum("...i,...j->...ij", weights, weights))


@softmax_jacobian.alternative("a loop over the entries")
def jacobian_loop(weights):
    keys = weights.shape[-1]
    jacobian = np.zeros((*weights.shape, keys))
    for i in range(keys):
        for j in range(keys):
            jacobian[..., i, j] = weights[..., i] * ((i == j) - weights[..., j])
    return jacobian
