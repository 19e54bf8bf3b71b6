import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise, probes


@exercise(points=2, minutes=5, builds_on="lesson 01, one score", hints=(
    "Take the example: which numbers are multiplied with each other, and what is done with the products?",
    "One number comes out, however long the vectors are.",
))
def score(query: Float[np.ndarray, " d"], key: Float[np.ndarray, " d"]) -> float:
    r"""Say how well one query matches one key, by their dot product.

    $q \cdot k = \sum_{i=1}^{d} q_i k_i$: multiply the two vectors number by number and add up. Return one number.
    """
    return float(query @ key)


score.example(np.array([1.0, 2.0, 3.0]), np.array([4.0, 0.0, -1.0]))


@score.check("is the sum of the products", hint="Work out the example with pencil and paper.")
def sum_of_products(answer, rng):
    query, key = rng.normal(size=(2, 7)) * 3
    total = 0.0
    for a, b in zip(query, key):
        total += a * b
    for sign in (1, -1):
        probes.equal(answer(query, sign * key), sign * total)


@score.check("works for vectors of one number and of many",
             hint="Try two vectors of one number each. Is a length written into your code?")
def any_length(answer, rng):
    for d in (1, 11, 101):
        query, key = rng.normal(size=(2, d)) + 1
        probes.equal(answer(query, key), sum(query * key))


@score.check("doubles when the key is twice as long",
             hint="By how much does each product grow? What else does your code do with them?")
def grows_with_length(answer, rng):
    query, key = rng.normal(size=(2, 5))
    probes.equal(answer(query, 2 * key), 2 * float(query @ key))


@score.mistake("gives the size of the product without its sign",
               hint="What should a query and a key that point in opposite directions give?")
def without_sign(query, key):
    return float(abs(query @ key))


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


@score.mistake("takes the cosine", hint="What happens to your score when the key becomes twice as long?")
def cosine(query, key):
    return float(query @ key / (np.linalg.norm(query) * np.linalg.norm(key)))


@score.mistake("adds up the products of every number with every other",
               hint="Does the formula multiply the first number of the query by the second one of the key?")
def outer_sum(query, key):
    return float(np.outer(query, key).sum())


@score.mistake("returns the table of all products", hint="`np.outer` gives d × d numbers. How many are asked for?")
def outer_table(query, key):
    return np.outer(query, key)


@score.mistake("adds the vectors instead of multiplying them",
               hint="Which operation is between $q_i$ and $k_i$ in the formula?")
def added(query, key):
    return float((query + key).sum())


@score.mistake("measures the distance", hint="Should a perfect match have a score of 0?")
def distance(query, key):
    return float(np.linalg.norm(query - key))


@score.mistake("measures the squared distance", hint="Is there a minus between $q_i$ and $k_i$ in the formula?")
def squared_distance(query, key):
    return float(((query - key) ** 2).sum())


@score.mistake("leaves out the last number", hint="Does your loop reach the end? Try vectors with a single number.")
def last_left_out(query, key):
    return float(query[:-1] @ key[:-1])


@score.mistake("overwrites the total instead of adding to it",
               hint="After the loop, is the first product still in your total?")
def overwritten(query, key):
    total = 0.0
    for one, other in zip(query, key):
        total = one * other
    return float(total)


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
