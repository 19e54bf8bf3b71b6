import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise, probes
from selfattention.problems.p02_softmax.e01_softmax import softmax


@exercise(points=4, minutes=15, builds_on="lesson 02, and derivatives on paper", hints=(
    "If one score rises, what happens to its own weight, and what to all the others? They must still sum to one.",
    "Differentiate $e^{s_i} / \\sum_k e^{s_k}$ with respect to $s_i$, then to another $s_j$. How do you write "
    "both with $w$ alone?",
    "A diagonal matrix of the weights minus the product of the weights with themselves: which shapes are needed?",
))
def softmax_jacobian(weights: Float[np.ndarray, "*batch keys"]) -> Float[np.ndarray, "*batch weights scores"]:
    r"""Say how every weight moves with every score: the derivatives of a softmax, from its weights.

    Entry $(i, j)$ is $\partial w_i / \partial s_j = w_i (\delta_{ij} - w_j)$, where $\delta_{ij}$ is 1 for $i = j$ and
    0 otherwise. The result has one more axis than the weights: with 5 keys, each row of weights gives a 5 × 5 matrix.
    Any number of axes may come before.
    """
    diagonal = weights[..., :, None] * np.eye(weights.shape[-1])
    return diagonal - weights[..., :, None] * weights[..., None, :]


softmax_jacobian.example(np.array([0.5, 0.25, 0.25]))


@softmax_jacobian.check("agrees with a small step of each score",
                        hint="Raise one score by a millionth and compute the weights again. How far has each moved?")
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


@softmax_jacobian.mistake("has the wrong sign everywhere",
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


@softmax_jacobian.mistake("keeps the 1 in every entry, off the diagonal too",
                          hint="Off the diagonal, what is $\\delta_{ij}$ in the formula, and what in your code?")
def one_everywhere(weights):
    return weights[..., :, None] * (1 - weights[..., None, :])


@softmax_jacobian.mistake("uses `np.diag` and `np.outer`, which do not know about batches",
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
