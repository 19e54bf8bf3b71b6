import math

import numpy as np
import torch
from jaxtyping import Float

from selfattention.engine import exercise, probes
from selfattention.problems.p03_scaled_dot_product_attention.shared import (
    ATTENTION,
    KEYS,
    QUERIES,
    VALUES,
    random_inputs,
)


@exercise(points=4, minutes=12, builds_on="exercise 1 of chapter 02 and exercise 3 of chapter 01",
          ready_made=ATTENTION, hints=(
    "Four steps: score, scale, softmax, mix. Write each on its own line and print its shape.",
    "The scale depends on the width of the vectors that are compared. Which axis of which input has that width?",
    "You wrote the softmax in chapter 02 and the mixture in chapter 01. What goes into each of them here?",
))
def attention(queries: Float[np.ndarray, "queries d_k"], keys: Float[np.ndarray, "keys d_k"],
              values: Float[np.ndarray, "keys d_v"]) -> Float[np.ndarray, "queries d_v"]:
    r"""Mix the values by how well each query matches each key.

    $\mathrm{softmax}(QK^\top/\sqrt{d_k})V$ (Vaswani et al. 2017, eq. 1), in NumPy and without a batch. The softmax runs
    over the keys, and $d_k$ is the width of queries and keys. Scores of a hundred thousand must not overflow.
    """
    scores = queries @ keys.T / np.sqrt(keys.shape[-1])
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights @ values


attention.example(QUERIES, KEYS, VALUES)
attention.example(np.array([[4000.0, 0.0], [-4000.0, 0.0]]), np.eye(2), np.array([[1.0, 2.0], [3.0, 5.5]]))


@attention.check("agrees with a loop over queries and keys",
                 hint="Compute one weight of the example by hand. With which scale?")
def agrees_with_a_loop(answer, rng):
    queries, keys, values = random_inputs(rng)
    expected = np.zeros((3, 11))
    for row, query in zip(expected, queries):
        powers = [math.exp(sum(query * key) / math.sqrt(7)) for key in keys]
        for power, value in zip(powers, values):
            row += power / sum(powers) * value
    probes.equal(answer(queries, keys, values), expected)


@attention.check("returns the only value when there is one key", hint="What is the softmax of a single score?")
def only_one_key(answer, rng):
    queries, keys, values = random_inputs(rng, keys=1)
    probes.equal(answer(queries, keys, values), np.repeat(values, 3, axis=0))


@attention.check("works when all sizes are equal",
                 hint="With equal sizes a wrong axis or a missing transpose goes unnoticed. Can you follow one number?")
def all_sizes_equal(answer, rng):
    probes.parity(answer, attention, *random_inputs(rng, 5, 5, 5, 5))


@attention.check("survives huge scores", hint="What did the stable softmax of chapter 02 subtract, and from what?")
def huge_scores(answer, rng):
    queries, keys, values = random_inputs(rng, d_k=4)
    queries, keys = np.round(8 * queries) / 8, np.round(8 * keys) / 8  # nothing of the scores is lost in float32
    queries[:, 0] = rng.choice((-1.0, 1.0), len(queries))
    shifted = keys + np.array([4000.0, *[0.0] * (keys.shape[-1] - 1)])  # huge scores, but little apart in a row
    for many, others in ((queries, shifted), (queries * 300, keys * 300)):
        output = answer(many, others, values)
        probes.finite(output)
        probes.equal(output, attention(many, others, values))


def attend(scores, values):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True) @ values


@attention.mistake("does not scale the scores", hint="What is the spread of the scores for d = 512? Where is the √d?")
def no_scale(queries, keys, values):
    return attend(queries @ keys.T, values)


@attention.mistake("divides by d instead of √d", hint="Which grows like d: the variance of a score or its spread?")
def scale_by_d(queries, keys, values):
    return attend(queries @ keys.T / keys.shape[-1], values)


@attention.mistake("divides by the root of the number of keys",
                   hint="Over how many products is a score summed? Is that the number of keys?")
def scale_by_keys(queries, keys, values):
    return attend(queries @ keys.T / np.sqrt(keys.shape[0]), values)


@attention.mistake("divides by the root of the number of queries",
                   hint="Does the score of one query change when there are more queries?")
def scale_by_queries(queries, keys, values):
    return attend(queries @ keys.T / np.sqrt(queries.shape[0]), values)


@attention.mistake("divides by the root of the values' width", hint="Do the values take part in a score?")
def scale_by_values(queries, keys, values):
    return attend(queries @ keys.T / np.sqrt(values.shape[-1]), values)


@attention.mistake("multiplies by √d", hint="Should the scores become smaller or larger?")
def scale_multiplied(queries, keys, values):
    return attend(queries @ keys.T * np.sqrt(keys.shape[-1]), values)


@attention.mistake("scales after the softmax", hint="What do the weights of a row sum to after your division?")
def scale_after(queries, keys, values):
    return attend(queries @ keys.T, values) / np.sqrt(keys.shape[-1])


@attention.mistake("normalises over the queries",
                   hint="Who shares out attention: each query among the keys, or each key among the queries?")
def over_queries(queries, keys, values):
    scores = queries @ keys.T / np.sqrt(keys.shape[-1])
    weights = np.exp(scores - scores.max(axis=0))
    return weights / weights.sum(axis=0) @ values


@attention.mistake("normalises over all scores at once",
                   hint="What does one row of your weights sum to? Each query shares out its own 1.")
def over_everything(queries, keys, values):
    scores = queries @ keys.T / np.sqrt(keys.shape[-1])
    weights = np.exp(scores - scores.max())
    return weights / weights.sum() @ values


@attention.mistake("subtracts one maximum for all queries",
                   hint="If all scores of a row lie 1000 below that maximum, what is the sum of its exponentials?")
def one_maximum(queries, keys, values):
    scores = queries @ keys.T / np.sqrt(keys.shape[-1])
    powers = np.exp(scores - scores.max())
    return powers / powers.sum(axis=-1, keepdims=True) @ values


@attention.mistake("mixes the keys instead of the values", hint="How wide is your result, and how wide are the values?")
def keys_mixed(queries, keys, values):
    return attend(queries @ keys.T / np.sqrt(keys.shape[-1]), keys)


@attention.mistake("leaves out the softmax", hint="Are your weights positive, and do they sum to one?")
def no_softmax(queries, keys, values):
    return queries @ keys.T / np.sqrt(keys.shape[-1]) @ values


@attention.mistake("takes the exponential of the scores without subtracting their row's maximum",
                   hint="How large may a score be before `np.exp` overflows?")
def overflowing(queries, keys, values):
    powers = np.exp(queries @ keys.T / np.sqrt(keys.shape[-1]))
    return powers / powers.sum(axis=-1, keepdims=True) @ values


@attention.mistake("subtracts the mean of each row of scores",
                   hint="Of the scores (0, 0, 0, 0, 4000), how far above the mean is the largest?")
def mean_subtracted(queries, keys, values):
    scores = queries @ keys.T / np.sqrt(keys.shape[-1])
    powers = np.exp(scores - scores.mean(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True) @ values


@attention.mistake("picks the best value instead of mixing",
                   hint="Does the second-best key have any influence on your result?")
def hard_choice(queries, keys, values):
    return values[(queries @ keys.T).argmax(axis=-1)]


@attention.mistake("does not divide by the sum of the exponentials", hint="What does one row of your weights sum to?")
def not_normalised(queries, keys, values):
    scores = queries @ keys.T / np.sqrt(keys.shape[-1])
    return np.exp(scores - scores.max(axis=-1, keepdims=True)) @ values


@attention.mistake("returns the weights", hint="How wide is your result, and how wide are the values?")
def weights_returned(queries, keys, values):
    return attend(queries @ keys.T / np.sqrt(keys.shape[-1]), np.eye(len(keys)))


@attention.alternative("the queries are scaled first")
def scaled_queries(queries, keys, values):
    return attend(queries / np.sqrt(queries.shape[-1]) @ keys.T, values)


@attention.alternative("einsum and logaddexp")
def attention_einsum(queries, keys, values):
    scores = np.einsum("qd,kd->qk", queries, keys) * keys.shape[1] ** -0.5
    return np.einsum("qk,kv->qv", np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)), values)


@attention.alternative("a loop over the queries")
def attention_loop(queries, keys, values):
    rows = []
    for query in queries:
        scores = keys @ query / np.sqrt(len(query))
        powers = np.exp(scores - scores.max())
        rows.append(powers @ values / powers.sum())
    return np.array(rows)


@attention.alternative("torch")
def attention_torch(queries, keys, values):
    queries, keys, values = map(torch.from_numpy, (queries, keys, values))
    return torch.softmax(queries @ keys.mT / keys.shape[-1] ** 0.5, dim=-1) @ values
