import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise, probes
from selfattention.problems.p02_softmax.e01_softmax import mean_subtracted, over_queries, softmax
from selfattention.problems.p02_softmax.shared import SOFTMAX, THREE_KEYS


@exercise(points=3, minutes=8, builds_on="exercise 1", ready_made=SOFTMAX, hints=(
    "A temperature of 1 must change nothing. Does a high temperature make a row more even or more peaked?",
    "The temperature acts on the scores, before they become weights.",
    "Scores of 5 at a temperature of 0.001 are as large as scores of 5000. What did you do about those in `softmax`?",
))
def softmax_with_temperature(scores: Float[np.ndarray, "*batch keys"],
                             temperature: float) -> Float[np.ndarray, "*batch keys"]:
    r"""Turn each row of scores into weights: the higher the temperature, the more even.

    $w_j = e^{s_j/T} / \sum_k e^{s_k/T}$ for a temperature $T > 0$. A very high temperature gives nearly equal weights,
    a very low one gives nearly all the weight to the best key. Temperatures of 0.001 and of 1000 must both work: no
    infinity and no NaN may come out.
    """
    tempered = scores / temperature
    exponentials = np.exp(tempered - tempered.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


softmax_with_temperature.example(THREE_KEYS, 2.0)
softmax_with_temperature.example(THREE_KEYS, 0.001)
softmax_with_temperature.example(np.zeros((1, 3)), 0.001)


@softmax_with_temperature.check("gives the plain softmax at temperature 1", hint="What should dividing by 1 change?")
def temperature_one(answer, rng):
    scores = rng.normal(size=(3, 5))
    probes.equal(answer(scores, 1.0), softmax(scores))


@softmax_with_temperature.check("sharpens at a low temperature and evens out at a high one",
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


@softmax_with_temperature.check("survives temperatures of 0.001 and 1000",
                                hint="How large is a score once it is divided by 0.001?")
def extreme_temperatures(answer, rng):
    scores = np.round(rng.normal(size=(3, 5)) * 20) / 4
    scores[0], scores[1] = 0.0, scores[1] - scores[1].max()
    # First scores that are far apart, then huge ones little apart: two kinds of shift. In float32 nothing of them is
    # lost; in the first row all weights are equal, and the largest score of the second is 0.
    for temperature, raw in ((0.001, scores), (2**-10, scores / 2**10 + rng.choice((-2, 2))), (1000.0, scores)):
        weights = answer(raw, temperature)
        probes.sums_to_one(weights)
        probes.equal(weights, softmax_with_temperature(raw, temperature))


@softmax_with_temperature.mistake("takes a power of the finished weights",
                                  hint="Raise five equal weights of 0.2 to the power of 1000: which number comes out?")
def normalised_power(scores, temperature):
    powers = softmax(scores) ** (1 / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)


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


@softmax_with_temperature.mistake("takes the exponential of the divided scores without subtracting their own maximum",
                                  hint="What is `np.exp(5 / 0.001)`?")
def tempered_without_shift(scores, temperature):
    exponentials = np.exp(scores / temperature)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@softmax_with_temperature.mistake("subtracts the mean of the row",
                                  hint="How far above the mean of its row is the largest score, divided by 0.001?")
def tempered_by_mean(scores, temperature):
    return mean_subtracted(scores / temperature)


@softmax_with_temperature.mistake("takes a power of the weights and does not normalise again",
                                  hint="What does a row of your weights add up to at temperature 2?")
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
