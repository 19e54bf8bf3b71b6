import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise, probes
from selfattention.problems.p02_softmax.e01_softmax import softmax
from selfattention.problems.p02_softmax.shared import THREE_KEYS

LOG_SOFTMAX = ("torch.log_softmax", "log softmax")


@exercise(points=4, minutes=12, builds_on="exercise 1", ready_made=LOG_SOFTMAX, hints=(
    "Take the logarithm of $e^{s_j} / \\sum_k e^{s_k}$ on paper. What does the fraction turn into?",
    "The sum inside the logarithm can overflow. Which score can you pull out of it before you take `exp`?",
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


@log_softmax.check("gives logarithms of weights that sum to one", hint="What does `np.exp` of your result add up to?")
def exponentials_sum_to_one(answer, rng):
    probes.sums_to_one(np.exp(answer(rng.normal(size=(3, 5)))), of="`np.exp` of your result")


@log_softmax.check("is the logarithm of the softmax, batched or not",
                   hint="Compute one number of the example by hand. In which base is your logarithm?")
def log_of_softmax(answer, rng):
    for shape in ((2, 3, 5), (7,), (3, 1)):
        scores = rng.normal(size=shape)
        probes.equal(answer(scores), np.log(softmax(scores)))


@log_softmax.check("stays finite where a weight rounds to zero",
                   hint="What does `np.log` give for a weight that has been rounded to 0?")
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
                     hint="What is the smallest positive number a float can hold? What becomes of a smaller weight?")
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


@log_softmax.mistake("gives the negative of the logarithm", hint="Can the logarithm of a weight below 1 be positive?")
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
