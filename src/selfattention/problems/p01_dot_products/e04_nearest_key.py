import numpy as np
from jaxtyping import Float, Int

from selfattention.engine import exercise, probes
from selfattention.problems.p01_dot_products.shared import THREE_KEYS, TWO_QUERIES


@exercise(points=2, minutes=6, builds_on="exercise 2", hints=(
    "First score every query against every key. Which score is the best of its row?",
    "You need not how large the best score is, but where it is: which function says that, and along which axis?",
))
def nearest_key(queries: Float[np.ndarray, "*batch queries d"],
                keys: Float[np.ndarray, "*batch keys d"]) -> Int[np.ndarray, "*batch queries"]:
    """Find for each query the key with the largest dot product.

    The result holds that key's number, an integer counted from 0, so that (without a batch) `keys[number]` is the key
    itself. Of several equally good keys, take the first. This is a hard choice: one key is taken, the others are
    ignored. As before, there may be batch axes in front, the same for queries and keys.
    """
    return (queries @ np.swapaxes(keys, -1, -2)).argmax(axis=-1)


nearest_key.example(TWO_QUERIES, THREE_KEYS)
nearest_key.example(np.array([[[1.0, 0.0]], [[0.0, 1.0]]]),
                    np.array([[[-2.0, 0.0], [-1.0, 0.0]], [[3.0, 1.0], [0.0, 1.0]]]))


@nearest_key.check("finds a key by its own copy",
                   hint="Which of the keys is most like the query? Score them one by one.")
def finds_copies(answer, rng):
    keys = np.linalg.qr(rng.normal(size=(7, 7)))[0][:5]
    place = rng.permutation(5)[:3]
    probes.equal(answer(keys[place] + 0.01, keys), place)


@nearest_key.check("prefers the largest dot product, batched or not",
                   hint="Is the largest dot product the same as the smallest distance, or the smallest angle?")
def largest_product(answer, rng):
    for batch, queries in (((), 13), ((2,), 13), ((11, 2), 13), ((1,), 1)):
        keys = rng.normal(size=(*batch, 5, 7)) * rng.uniform(0.2, 4, size=(*batch, 5, 1))
        probes.parity(answer, nearest_key, rng.normal(size=(*batch, queries, 7)), keys)


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


@nearest_key.mistake("removes every axis of length 1",
                     hint="One query is still a row of queries. Which axes does `squeeze()` remove?")
def squeezed(queries, keys):
    return (queries @ np.swapaxes(keys, -1, -2)).argmax(axis=-1).squeeze()


@nearest_key.mistake("finds the best query for each key",
                     hint="How many numbers should come out: one per query or one per key?")
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


@nearest_key.mistake("works only without a batch",
                     hint="Which axes does your code name, or loop over, when there is a batch axis in front?")
def no_batch(queries, keys):
    return (queries @ keys.T).argmax(axis=-1)


@nearest_key.mistake("counts the axis from the front", hint="Without a batch, axis 1 is the keys. And with one?")
def first_axis_after(queries, keys):
    return (queries @ np.swapaxes(keys, -1, -2)).argmax(axis=1)


@nearest_key.mistake("returns the key itself, not its number", hint="How many numbers should come out for one query?")
def key_itself(queries, keys):
    place = (queries @ np.swapaxes(keys, -1, -2)).argmax(axis=-1)
    return np.take_along_axis(keys, place[..., None], axis=-2)


@nearest_key.mistake("keeps the numbers as floats",
                     hint="Which type of numbers does `np.zeros` give unless you say otherwise?")
def as_floats(queries, keys):
    return (queries @ np.swapaxes(keys, -1, -2)).argmax(axis=-1).astype(float)


@nearest_key.mistake("searches the whole array, not row by row",
                     hint="How many numbers does `argmax` give when it is told no axis?")
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
