import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise, probes
from selfattention.problems.p01_dot_products.shared import THREE_KEYS, TWO_QUERIES


@exercise(points=3, minutes=8, builds_on="exercise 1 and exercise 2 of chapter 00", hints=(
    "Which shape must the result have, and which axis of queries and keys is gone?",
    "A matrix product sums over the last axis of its left side and the last but one of its right side. What must "
    "happen to the keys?",
    "`.T` reverses all axes, those of the batch too. Which function exchanges only two?",
))
def all_scores(queries: Float[np.ndarray, "*batch queries d"],
               keys: Float[np.ndarray, "*batch keys d"]) -> Float[np.ndarray, "*batch queries keys"]:
    r"""Score every query against every key at once.

    Entry (query, key) of the result is the dot product of that query with that key: $S = QK^\top$. There may be batch
    axes in front, the same for queries and keys; each place in the batch is scored on its own.
    """
    return queries @ np.swapaxes(keys, -1, -2)


all_scores.example(TWO_QUERIES, THREE_KEYS)
all_scores.example(np.array([[[1.0, 2.0]], [[0.0, 3.0]]]),
                   np.array([[[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [1.0, 1.0]]]))


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


@all_scores.mistake("uses `.T`, which reverses the axes of the batch, too",
                    hint="What is the shape of `keys.T` when the keys have shape (2, 5, 7)?")
def transposed_batch(queries, keys):
    return queries @ keys.T


@all_scores.mistake("loops over the first axis, which in a batch is not the queries",
                    hint="Print the shape of what your loop runs over when the queries have shape (2, 3, 7).")
def loop_without_batch(queries, keys):
    return np.array([[query @ key for key in keys] for query in queries])


@all_scores.mistake("counts the axes from the front",
                    hint="With one batch axis, axes 1 and 2 are keys and d. And with none, or two?")
def axes_one_and_two(queries, keys):
    return queries @ np.swapaxes(keys, 1, 2)


@all_scores.mistake("does not transpose the keys", hint="Which axes does `@` sum over? What are they called here?")
def not_transposed(queries, keys):
    return queries @ keys


@all_scores.mistake("scores only pairs at the same place", hint="How many pairs are there of 3 queries and 5 keys?")
def same_place(queries, keys):
    return (queries * keys).sum(axis=-1)


@all_scores.mistake("reshapes the keys instead of transposing them",
                    hint="Take key 0: where are its numbers after your `reshape`?")
def reshaped_keys(queries, keys):
    return queries @ keys.reshape(*keys.shape[:-2], keys.shape[-1], keys.shape[-2])


@all_scores.mistake("divides by the square root of d",
                    hint="That belongs to a later chapter. Is there a division in the formula above?")
def scaled_scores(queries, keys):
    return queries @ np.swapaxes(keys, -1, -2) / np.sqrt(queries.shape[-1])


@all_scores.mistake("adds up over the wrong axis", hint="Which axis must be gone from the result: queries, keys or d?")
def wrong_sum(queries, keys):
    return (queries[..., :, None, :] * keys[..., None, :, :]).sum(axis=-2)


@all_scores.mistake("takes cosines", hint="If a key is twice as long, does its score double in your result?")
def cosines(queries, keys):
    lengths = np.linalg.norm(queries, axis=-1)[..., :, None] * np.linalg.norm(keys, axis=-1)[..., None, :]
    return queries @ np.swapaxes(keys, -1, -2) / lengths


@all_scores.mistake("multiplies without adding up",
                    hint="How many axes does your result have, and how many are asked for?")
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
