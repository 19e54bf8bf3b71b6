import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise, probes


@exercise(points=2, minutes=5, builds_on="lesson 00, shapes and axes", hints=(
    "An entry from row 2, column 0 must end up in row 0, column 2. And its place in the batch?",
    "NumPy has a function that exchanges just two axes. Which two do you need, counted from the end?",
))
def swap_queries_and_keys(scores: Float[np.ndarray, "*batch queries keys"]) -> Float[np.ndarray, "*batch keys queries"]:
    """Exchange rows and columns of each matrix in a batch.

    `scores` holds one matrix of queries × keys for every place in the batch (or just one matrix, without a batch). The
    result holds at (…, key, query) what `scores` holds at (…, query, key).
    """
    return np.swapaxes(scores, -1, -2)


swap_queries_and_keys.example(np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]))


@swap_queries_and_keys.check("exchanges rows and columns of one matrix",
                             hint="Follow one number: where was it, where should it be, where is it?")
def one_matrix(answer, rng):
    scores = rng.normal(size=(3, 5))
    swapped = answer(scores)
    for query in range(3):
        for key in range(5):
            probes.equal(swapped[key, query], scores[query, key])


@swap_queries_and_keys.check("leaves the batch axes where they are",
                             hint="Print the shape of your result for a batch of 2.")
def keeps_the_batch(answer, rng):
    probes.parity(answer, swap_queries_and_keys, rng.normal(size=(2, 3, 5)))
    probes.parity(answer, swap_queries_and_keys, rng.normal(size=(7, 2, 3, 5)))
    probes.parity(answer, swap_queries_and_keys, rng.normal(size=(3, 3, 3)))


@swap_queries_and_keys.mistake("uses `.T`, which reverses all axes", hint="What happens to the batch axis in `x.T`?")
def all_axes(scores):
    return scores.T


@swap_queries_and_keys.mistake("reshapes instead of exchanging axes",
                               hint="`reshape` keeps the numbers in reading order. Do yours still belong to the right "
                                    "query and key?")
def reshaped(scores):
    return scores.reshape(*scores.shape[:-2], scores.shape[-1], scores.shape[-2])


@swap_queries_and_keys.mistake("exchanges the first two axes",
                               hint="Which axes are queries and keys when there is a batch?")
def first_two(scores):
    return np.swapaxes(scores, 0, 1)


@swap_queries_and_keys.mistake("counts the axes from the front",
                               hint="With one batch axis, axes 1 and 2 are queries and keys. And with none, or two?")
def axes_one_and_two(scores):
    return np.swapaxes(scores, 1, 2)


@swap_queries_and_keys.mistake("returns the scores unchanged", hint="Compare the shapes that go in and come out.")
def unchanged(scores):
    return scores


@swap_queries_and_keys.mistake("works for exactly one batch axis",
                               hint="Which axes does your code name, and are they there without a batch?")
def one_batch_axis(scores):
    return scores.transpose(0, 2, 1)


@swap_queries_and_keys.mistake("reverses the order of the rows",
                               hint="Exchanging two axes does not reverse either of them. What does `[::-1]` do?")
def reversed_rows(scores):
    return np.swapaxes(scores[..., ::-1, :], -1, -2)


@swap_queries_and_keys.alternative("einsum")
def swap_einsum(scores):
    return np.einsum("...qk->...kq", scores)


@swap_queries_and_keys.alternative("moveaxis")
def swap_moveaxis(scores):
    return np.moveaxis(scores, -1, -2)


@swap_queries_and_keys.alternative("a loop over queries and keys")
def swap_loop(scores):
    result = np.empty((*scores.shape[:-2], scores.shape[-1], scores.shape[-2]))
    for query in range(scores.shape[-2]):
        for key in range(scores.shape[-1]):
            result[..., key, query] = scores[..., query, key]
    return result
