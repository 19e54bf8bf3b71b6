r"""# Exercises 01: dot products

A query looks for its match among keys. Read lesson [01](../notebooks/01_dot_products.ipynb) first.
"""

import numpy as np
from jaxtyping import Float, Int

from selfattention.engine import exercise, probes

TWO_QUERIES = np.array([[1.0, 0.0], [1.0, 2.0]])
THREE_KEYS = np.array([[1.0, 0.0], [0.0, 1.0], [3.0, -1.0]])
THREE_VALUES = np.array([[10.0, 0.0, 0.0], [0.0, 20.0, 0.0], [0.0, 0.0, 30.0]])


@exercise(points=2, hints=(
    "Take the example: which two numbers are multiplied first, and what is done with the products?",
    "One number comes out, however long the vectors are.",
))
def score(query: Float[np.ndarray, " d"], key: Float[np.ndarray, " d"]) -> float:
    r"""Say how well one query matches one key, by their dot product.

    $q \cdot k = \sum_{i=1}^{d} q_i k_i$: multiply the two vectors number by number and add up. One number comes out.
    """
    return float(query @ key)


score.example(np.array([1.0, 2.0, 3.0]), np.array([4.0, 0.0, -1.0]))


@score.check("is the sum of the products", hint="Work out the example with pencil and paper.")
def sum_of_products(answer, rng):
    query, key = rng.normal(size=(2, 7)) * 3
    total = 0.0
    for a, b in zip(query, key):
        total += a * b
    probes.equal(answer(query, key), total)


@score.check("works for vectors of one number and of many", hint="Did you write the length 3 or 7 into the code?")
def any_length(answer, rng):
    for d in (1, 11, 101):
        query, key = rng.normal(size=(2, d)) + 1
        probes.equal(answer(query, key), sum(query * key))


@score.check("doubles when the key is twice as long", hint="Is there a division in your code?")
def grows_with_length(answer, rng):
    query, key = rng.normal(size=(2, 5))
    probes.equal(answer(query, 2 * key), 2 * float(query @ key))


@score.mistake("multiplies without adding up", hint="How many numbers should come out?")
def no_sum(query, key):
    return query * key


@score.mistake("divides by the square root of the length",
               hint="That belongs to a later chapter. Is there a division in the formula above?")
def scaled(query, key):
    return float(query @ key / np.sqrt(len(query)))


@score.mistake("returns after the first product", hint="How far is your `return` indented, and when is it reached?")
def first_product(query, key):
    return float(query[0] * key[0])


@score.mistake("takes the mean of the products",
               hint="In the example, what do you divide by that the formula does not?")
def mean_of_products(query, key):
    return float((query * key).mean())


@score.mistake("takes the cosine", hint="What happens to your score when the key gets twice as long?")
def cosine(query, key):
    return float(query @ key / (np.linalg.norm(query) * np.linalg.norm(key)))


@score.mistake("adds up the products of every number with every other",
               hint="Is the first number of the query to be multiplied with the second one of the key?")
def outer_sum(query, key):
    return float(np.outer(query, key).sum())


@score.mistake("returns the table of all products", hint="`np.outer` gives d × d numbers. How many are asked for?")
def outer_table(query, key):
    return np.outer(query, key)


@score.mistake("adds the vectors instead of multiplying them",
               hint="What stands between $q_i$ and $k_i$ in the formula?")
def added(query, key):
    return float((query + key).sum())


@score.mistake("measures the distance", hint="Should a perfect match have the score 0?")
def distance(query, key):
    return float(np.linalg.norm(query - key))


@score.mistake("measures the squared distance", hint="Which sign stands between $q_i$ and $k_i$ in the formula?")
def squared_distance(query, key):
    return float(((query - key) ** 2).sum())


@score.mistake("leaves out the last number", hint="Does your loop reach the end? Try vectors with a single number.")
def last_left_out(query, key):
    return float(query[:-1] @ key[:-1])


@score.alternative("a loop")
def score_loop(query, key):
    total = 0.0
    for a, b in zip(query, key):
        total = total + a * b
    return total


@score.alternative("elementwise product and sum")
def score_sum(query, key):
    return (query * key).sum()


@score.alternative("einsum in float32")
def score_einsum(query, key):
    return np.einsum("i,i->", query.astype(np.float32), key.astype(np.float32))


@exercise(points=3, hints=(
    "Which shape must the result have, and which axis of queries and keys has gone?",
    "A product of matrices sums over the last axis of the left and the last but one of the right. What must happen to "
    "the keys?",
    "`.T` turns all axes round, also those of a batch. Which function exchanges only two?",
))
def all_scores(queries: Float[np.ndarray, "*batch queries d"],
               keys: Float[np.ndarray, "*batch keys d"]) -> Float[np.ndarray, "*batch queries keys"]:
    r"""Score every query against every key at once.

    Entry (query, key) of the result is the dot product of that query with that key: $S = QK^\top$. There may be batch
    axes in front, the same for queries and keys; each place in the batch is scored on its own.
    """
    return queries @ np.swapaxes(keys, -1, -2)


all_scores.example(TWO_QUERIES, THREE_KEYS)


@all_scores.check("scores each query against each key",
                  hint="Which query and which key belong to row 0, column 2 of the example?")
def each_pair(answer, rng):
    queries, keys = rng.normal(size=(3, 7)), rng.normal(size=(5, 7))
    expected = np.array([[sum(query * key) for key in keys] for query in queries])
    probes.equal(answer(queries, keys), expected)


@all_scores.check("keeps the places of a batch apart", hint="Does `.T` or your loop know about the axes in front?")
def pairs_in_batches(answer, rng):
    # With as many keys as numbers, `.T` and a loop over the batch go wrong in different ways and can be told apart.
    for batch, keys in (((2,), 7), ((2,), 5), ((11, 2), 5), ((1,), 5)):
        probes.parity(answer, all_scores, rng.normal(size=(*batch, 3, 7)), rng.normal(size=(*batch, keys, 7)))


@all_scores.check("tells queries from keys when there are as many of both",
                  hint="Is the first axis of your result the queries?")
def as_many_of_both(answer, rng):
    probes.parity(answer, all_scores, rng.normal(size=(3, 7)), rng.normal(size=(3, 7)))


@all_scores.mistake("puts the keys down and the queries across",
                    hint="Whose axis comes first in the shape that is asked for?")
def keys_down(queries, keys):
    return keys @ np.swapaxes(queries, -1, -2)


@all_scores.mistake("uses `.T`, which turns all axes of a batch round",
                    hint="What shape has `keys.T` when the keys have shape (2, 5, 7)?")
def transposed_batch(queries, keys):
    return queries @ keys.T


@all_scores.mistake("loops over the first axis, which in a batch is not the queries",
                    hint="Print the shape of what your loop runs over when the queries have shape (2, 3, 7).")
def loop_without_batch(queries, keys):
    return np.array([[query @ key for key in keys] for query in queries])


@all_scores.mistake("counts the axes from the front",
                    hint="Axes 1 and 2 are keys and d for one batch axis. And for none, or two?")
def axes_one_and_two(queries, keys):
    return queries @ np.swapaxes(keys, 1, 2)


@all_scores.mistake("does not transpose the keys", hint="Which axes does `@` sum over? What are they called here?")
def not_transposed(queries, keys):
    return queries @ keys


@all_scores.mistake("scores only pairs at the same place", hint="How many pairs are there of 3 queries and 5 keys?")
def same_place(queries, keys):
    return (queries * keys).sum(axis=-1)


@all_scores.mistake("reshapes the keys instead of transposing them",
                    hint="Take key 0: where do its numbers stand after your `reshape`?")
def reshaped_keys(queries, keys):
    return queries @ keys.reshape(*keys.shape[:-2], keys.shape[-1], keys.shape[-2])


@all_scores.mistake("divides by the square root of d",
                    hint="That belongs to a later chapter. Is there a division in the formula above?")
def scaled_scores(queries, keys):
    return queries @ np.swapaxes(keys, -1, -2) / np.sqrt(queries.shape[-1])


@all_scores.mistake("adds up over the wrong axis", hint="Which axis must be gone from the result: queries, keys or d?")
def wrong_sum(queries, keys):
    return (queries[..., :, None, :] * keys[..., None, :, :]).sum(axis=-2)


@all_scores.mistake("takes cosines", hint="A key twice as long: does its score double in your result?")
def cosines(queries, keys):
    lengths = np.linalg.norm(queries, axis=-1)[..., :, None] * np.linalg.norm(keys, axis=-1)[..., None, :]
    return queries @ np.swapaxes(keys, -1, -2) / lengths


@all_scores.mistake("multiplies without adding up", hint="How many axes has your result, and how many are asked for?")
def products_only(queries, keys):
    return queries[..., :, None, :] * keys[..., None, :, :]


@all_scores.mistake("uses `np.dot`, which pairs every batch with every other",
                    hint="Compare the shape of your result for a batch with the one asked for.")
def dot_of_batches(queries, keys):
    return np.dot(queries, np.swapaxes(keys, -1, -2))


@all_scores.alternative("einsum")
def scores_einsum(queries, keys):
    return np.einsum("...qd,...kd->...qk", queries, keys)


@all_scores.alternative("broadcasting and a sum")
def scores_broadcast(queries, keys):
    return (queries[..., :, None, :] * keys[..., None, :, :]).sum(axis=-1)


@all_scores.alternative("torch")
def scores_torch(queries, keys):
    import torch

    return torch.from_numpy(queries) @ torch.from_numpy(keys).transpose(-2, -1)


@all_scores.alternative("a loop over the pairs")
def scores_loop(queries, keys):
    result = np.zeros((*queries.shape[:-1], keys.shape[-2]))
    for query in range(queries.shape[-2]):
        for key in range(keys.shape[-2]):
            result[..., query, key] = (queries[..., query, :] * keys[..., key, :]).sum(axis=-1)
    return result


@exercise(points=3, hints=(
    "A weight of 1 for one key and 0 for the others: what should come out?",
    "Each query gets its own mixture: as many vectors come out as there are queries, as wide as the values.",
    "Multiply each value by its weight and add up over the keys. Is there a product that does just that?",
))
def weighted_mean(weights: Float[np.ndarray, "*batch queries keys"],
                  values: Float[np.ndarray, "*batch keys d_v"]) -> Float[np.ndarray, "*batch queries d_v"]:
    r"""Mix the values of all keys, for each query by its own weights.

    Row $q$ of the result is $\sum_k w_{qk} v_k$. Each row of weights already sums to one, so the result is a weighted
    mean: where all weights are equal, it is the plain mean of the values. There may be batch axes in front, the same
    for weights and values.
    """
    return weights @ values


weighted_mean.example(np.array([[1.0, 0.0, 0.0], [0.5, 0.25, 0.25]]), THREE_VALUES)


def some_weights(rng, *shape):
    weights = rng.uniform(0.1, 2, size=shape)
    return weights / weights.sum(axis=-1, keepdims=True)


@weighted_mean.check("returns one value where that key has all the weight",
                     hint="With the weights 0, 1, 0: which of the three values should come out?")
def one_key(answer, rng):
    values, place = rng.normal(size=(5, 11)), rng.integers(5, size=3)
    probes.equal(answer(np.eye(5)[place], values), values[place])


@weighted_mean.check("mixes the values by the weights, batched or not",
                     hint="Compute one number of the example by hand.")
def mixes(answer, rng):
    for batch in ((), (2,), (7, 2)):
        probes.parity(answer, weighted_mean, some_weights(rng, *batch, 3, 5), rng.normal(size=(*batch, 5, 11)))


@weighted_mean.check("tells queries from keys when there are as many of both",
                     hint="Over which axis of the weights do you sum?")
def square_weights(answer, rng):
    probes.parity(answer, weighted_mean, some_weights(rng, 5, 5), rng.normal(size=(5, 5)))


@weighted_mean.mistake("ignores the weights and takes the plain mean",
                       hint="Give one key all the weight. Does your result change?")
def plain_mean(weights, values):
    return np.broadcast_to(values.mean(axis=-2, keepdims=True), (*weights.shape[:-1], values.shape[-1]))


@weighted_mean.mistake("takes one plain mean, whatever the query",
                       hint="How many rows should come out: one in all, or one a query? And what do the weights "
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


@weighted_mean.mistake("weighs the values without adding them up", hint="How many axes has your result?")
def not_added(weights, values):
    return weights[..., None] * values[..., None, :, :]


@weighted_mean.mistake("mixes over the queries: one result for each key",
                       hint="How many rows come out: one a query or one a key?")
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


@exercise(points=2, hints=(
    "First the scores of every query with every key. Which of them is the best of a row?",
    "Not how large the best score is, but where it stands: which function says that, and along which axis?",
))
def nearest_key(queries: Float[np.ndarray, "*batch queries d"],
                keys: Float[np.ndarray, "*batch keys d"]) -> Int[np.ndarray, "*batch queries"]:
    """Find for each query the key with the largest dot product.

    The result holds the number of that key, an integer counted from 0, so that (without a batch) `keys[number]` is the
    key itself; of several equally good keys the first. This is a hard choice: one key is taken, the others are ignored.
    """
    return (queries @ np.swapaxes(keys, -1, -2)).argmax(axis=-1)


nearest_key.example(TWO_QUERIES, THREE_KEYS)


@nearest_key.check("finds a key by its own copy",
                   hint="Which of the keys is most like the query? Score them one by one.")
def finds_copies(answer, rng):
    keys = np.linalg.qr(rng.normal(size=(7, 7)))[0][:5]
    place = rng.permutation(5)[:3]
    probes.equal(answer(keys[place] + 0.01, keys), place)


@nearest_key.check("prefers the largest dot product, batched or not",
                   hint="Is the largest dot product the same as the smallest distance, or the smallest angle?")
def largest_product(answer, rng):
    for batch in ((), (2,), (11, 2)):
        keys = rng.normal(size=(*batch, 5, 7)) * rng.uniform(0.2, 4, size=(*batch, 5, 1))
        probes.parity(answer, nearest_key, rng.normal(size=(*batch, 13, 7)), keys)


@nearest_key.check("takes the first of equally good keys", hint="What does your code do when two scores are equal?")
def first_of_equals(answer, rng):
    key = rng.integers(1, 10, size=7).astype(float)  # whole numbers: equal sums in whatever order
    queries, keys = np.stack([key, 2 * key, 3 * key]), np.stack([-key, key, key, 0 * key, key])
    probes.equal(answer(queries, keys), np.array([1, 1, 1]))


@nearest_key.check("returns integers, which can be used as an index", hint="Can you write `keys[1.0]`? Try it.")
def usable_as_index(answer, rng):
    numbers = np.asarray(answer(rng.normal(size=(3, 7)), rng.normal(size=(5, 7))))
    probes.require(numbers.dtype.kind in "iu", f"expected integers, got numbers of type {numbers.dtype}")


@nearest_key.mistake("returns the best score, not its place", hint="What is asked for: how good, or which?")
def best_score(queries, keys):
    return (queries @ np.swapaxes(keys, -1, -2)).max(axis=-1)


@nearest_key.mistake("finds the best query for each key",
                     hint="How many numbers should come out: one a query or one a key?")
def best_query(queries, keys):
    return (queries @ np.swapaxes(keys, -1, -2)).argmax(axis=-2)


@nearest_key.mistake("takes the smallest dot product", hint="Is a good match a large score or a small one?")
def worst_key(queries, keys):
    return (queries @ np.swapaxes(keys, -1, -2)).argmin(axis=-1)


@nearest_key.mistake("takes the smallest distance",
                     hint="A long key and a short one in the same direction: which has the larger dot product?")
def smallest_distance(queries, keys):
    return np.linalg.norm(queries[..., :, None, :] - keys[..., None, :, :], axis=-1).argmin(axis=-1)


@nearest_key.mistake("takes the smallest angle",
                     hint="Does the length of a key matter in your code? And in the dot product?")
def smallest_angle(queries, keys):
    lengths = np.linalg.norm(keys, axis=-1)[..., None, :]
    return (queries @ np.swapaxes(keys, -1, -2) / np.where(lengths > 0, lengths, 1)).argmax(axis=-1)


@nearest_key.mistake("starts the search at a score of 0",
                     hint="What does your loop find for a query whose scores are all negative?")
def starts_at_zero(queries, keys):
    best = np.zeros(queries.shape[:-1], dtype=int)
    top = np.zeros(queries.shape[:-1])
    for number in range(keys.shape[-2]):
        scores = (queries * keys[..., number, None, :]).sum(axis=-1)
        best, top = np.where(scores > top, number, best), np.maximum(scores, top)
    return best


@nearest_key.mistake("works without a batch only",
                     hint="Which axes does your code name, or loop over, when a batch stands in front?")
def no_batch(queries, keys):
    return (queries @ keys.T).argmax(axis=-1)


@nearest_key.mistake("counts the axis from the front", hint="Axis 1 are the keys without a batch. And with one?")
def first_axis_after(queries, keys):
    return (queries @ np.swapaxes(keys, -1, -2)).argmax(axis=1)


@nearest_key.mistake("returns the key itself, not its number", hint="How many numbers should come out for one query?")
def key_itself(queries, keys):
    place = (queries @ np.swapaxes(keys, -1, -2)).argmax(axis=-1)
    return np.take_along_axis(keys, place[..., None], axis=-2)


@nearest_key.mistake("keeps the numbers as floats",
                     hint="Which type of numbers does `np.zeros` hold if you do not say?")
def as_floats(queries, keys):
    return (queries @ np.swapaxes(keys, -1, -2)).argmax(axis=-1).astype(float)


@nearest_key.mistake("searches the whole array, not row by row",
                     hint="How many numbers does `argmax` give without an axis?")
def whole_array(queries, keys):
    return (queries @ np.swapaxes(keys, -1, -2)).argmax()


@nearest_key.mistake("takes the last of equally good keys",
                     hint="Two keys with the same score: which of their numbers do you return?")
def last_of_equals(queries, keys):
    return keys.shape[-2] - 1 - (queries @ np.swapaxes(keys, -1, -2))[..., ::-1].argmax(axis=-1)


@nearest_key.mistake("goes by the size of the score, not by its sign", hint="Is a score of −9 a good match?")
def largest_size(queries, keys):
    return np.abs(queries @ np.swapaxes(keys, -1, -2)).argmax(axis=-1)


@nearest_key.alternative("einsum, then argmax")
def nearest_einsum(queries, keys):
    return np.argmax(np.einsum("...qd,...kd->...qk", queries, keys), axis=-1)


@nearest_key.alternative("a loop that keeps the best so far")
def nearest_loop(queries, keys):
    best = np.zeros(queries.shape[:-1], dtype=int)
    top = np.full(queries.shape[:-1], -np.inf)
    for number in range(keys.shape[-2]):
        scores = (queries * keys[..., number, None, :]).sum(axis=-1)
        better = scores > top + 1e-12
        best, top = np.where(better, number, best), np.where(better, scores, top)
    return best
