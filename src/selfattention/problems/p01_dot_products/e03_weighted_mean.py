import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise, probes

THREE_VALUES = np.array([[10.0, 0.0, 0.0], [0.0, 20.0, 0.0], [0.0, 0.0, 30.0]])


@exercise(points=3, minutes=8, builds_on="lesson 01, the mixture of values", hints=(
    "If one key has the weight 1 and all others 0, what should come out?",
    "Each query gets its own mixture. How many vectors come out, and how wide are they?",
    "Multiply each value by its weight and add up over the keys. Which product does just that?",
))
def weighted_mean(weights: Float[np.ndarray, "*batch queries keys"],
                  values: Float[np.ndarray, "*batch keys d_v"]) -> Float[np.ndarray, "*batch queries d_v"]:
    r"""Mix the values of all keys, for each query with its own weights.

    Row $q$ of the result is $\sum_k w_{qk} v_k$. Each row of weights already sums to one, so the result is a weighted
    mean: where all weights are equal, it is the plain mean of the values. There may be batch axes in front, the same
    for weights and values.
    """
    return weights @ values


weighted_mean.example(np.array([[1.0, 0.0, 0.0], [0.5, 0.25, 0.25]]), THREE_VALUES)
weighted_mean.example(np.array([[[1.0, 0.0]], [[0.5, 0.5]]]), np.array([[[1.0], [3.0]], [[10.0], [20.0]]]))


def some_weights(rng, *shape):
    weights = rng.uniform(0.1, 2, size=shape)
    return weights / weights.sum(axis=-1, keepdims=True)


@weighted_mean.check("returns a key's value where that key has all the weight",
                     hint="With the weights 0, 1, 0: which of the three values should come out?")
def one_key(answer, rng):
    values, place = rng.normal(size=(5, 11)), rng.integers(5, size=3)
    probes.equal(answer(np.eye(5)[place], values), values[place])


@weighted_mean.check("mixes the values with the weights, batched or not",
                     hint="Compute one number of the example by hand.")
def mixes(answer, rng):
    for batch, queries in (((), 3), ((2,), 3), ((7, 2), 3), ((1,), 1)):
        probes.parity(answer, weighted_mean, some_weights(rng, *batch, queries, 5), rng.normal(size=(*batch, 5, 11)))


@weighted_mean.check("tells queries from keys when there are as many of both",
                     hint="Over which axis of the weights do you sum?")
def square_weights(answer, rng):
    probes.parity(answer, weighted_mean, some_weights(rng, 5, 5), rng.normal(size=(5, 5)))


@weighted_mean.mistake("ignores the weights and takes the plain mean",
                       hint="Give one key all the weight. Does your result change?")
def plain_mean(weights, values):
    return np.broadcast_to(values.mean(axis=-2, keepdims=True), (*weights.shape[:-1], values.shape[-1]))


@weighted_mean.mistake("removes every axis of length 1",
                       hint="One query is still a row of queries. Which axes does `squeeze()` remove?")
def squeezed(weights, values):
    return (weights @ values).squeeze()


@weighted_mean.mistake("takes one plain mean, whatever the query",
                       hint="How many rows should come out: one in all, or one per query? And what do the weights "
                            "change?")
def one_plain_mean(weights, values):
    return values.mean(axis=-2)


@weighted_mean.mistake("puts the values on the left of the product",
                       hint="`@` sums over the last axis of the left side. Which of the two ends with the keys?")
def values_first(weights, values):
    return values @ weights


@weighted_mean.mistake("multiplies weights and values place by place",
                       hint="Weights are (queries, keys), values (keys, d_v). Which axis do they share?")
def place_by_place(weights, values):
    return weights * values


@weighted_mean.mistake("uses `np.dot`, which pairs every batch with every other",
                       hint="Compare the shape of your result for a batch with the one asked for.")
def dot_of_weights(weights, values):
    return np.dot(weights, values)


@weighted_mean.mistake("transposes the weights",
                       hint="Which axis of the weights belongs to the keys, and which of the values?")
def weights_transposed(weights, values):
    return np.swapaxes(weights, -1, -2) @ values


@weighted_mean.mistake("takes only the value with the largest weight",
                       hint="With the weights 0.5, 0.25, 0.25: do the second and third value appear in your result?")
def hard_pick(weights, values):
    return np.take_along_axis(values, weights.argmax(axis=-1)[..., None], axis=-2)


@weighted_mean.mistake("divides by the number of keys", hint="What do the weights of a row sum to already?")
def divided_again(weights, values):
    return weights @ values / values.shape[-2]


@weighted_mean.mistake("weighs the values without adding them up",
                       hint="How many axes does your result have, and how many are asked for?")
def not_added(weights, values):
    return weights[..., None] * values[..., None, :, :]


@weighted_mean.mistake("mixes over the queries: one result for each key",
                       hint="How many rows should come out: one per query or one per key?")
def per_key(weights, values):
    return np.swapaxes(weights, -1, -2).sum(axis=-1, keepdims=True) * values


@weighted_mean.mistake("takes the weights of the first query for all",
                       hint="Does row 1 of your result use row 1 of the weights?")
def first_row(weights, values):
    return np.repeat(weights[..., :1, :] @ values, weights.shape[-2], axis=-2)


@weighted_mean.alternative("einsum")
def mean_einsum(weights, values):
    return np.einsum("...qk,...kv->...qv", weights, values)


@weighted_mean.alternative("a loop over the keys")
def mean_loop(weights, values):
    total = np.zeros((*weights.shape[:-1], values.shape[-1]))
    for key in range(values.shape[-2]):
        total += weights[..., key, None] * values[..., key, None, :]
    return total


@weighted_mean.alternative("float32")
def mean_float32(weights, values):
    return weights.astype(np.float32) @ values.astype(np.float32)
