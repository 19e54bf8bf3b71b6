"""Attention in NumPy against loops and hand arithmetic, in float64."""

import math

import numpy as np
import pytest

from selfattention import arrays

rng = np.random.default_rng(5)
QUERIES, KEYS, VALUES = rng.normal(size=(2, 3, 7)), rng.normal(size=(2, 5, 7)), rng.normal(size=(2, 5, 11))


def test_attention_is_what_the_loops_say():
    expected = np.zeros((2, 3, 11))
    for batch in range(2):
        for query in range(3):
            powers = [math.exp(sum(QUERIES[batch, query] * key) / math.sqrt(7)) for key in KEYS[batch]]
            for power, value in zip(powers, VALUES[batch]):
                expected[batch, query] += power / sum(powers) * value
    assert np.allclose(arrays.attention(QUERIES, KEYS, VALUES), expected, rtol=1e-12, atol=1e-14)


def test_entropy_of_known_weights():
    weights = np.array([[1.0, 0.0], [0.5, 0.5], [0.25, 0.75]])
    assert np.allclose(arrays.entropy(weights), [0, math.log(2), 0.5623351446188083])


def test_softmax_of_huge_scores_is_finite():
    assert np.allclose(arrays.softmax(np.array([[1e308, 1e308], [-1e308, 0.0]])), [[0.5, 0.5], [0, 1]])


@pytest.mark.usefixtures("as_users_call")
def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"\(2, 3, 7\).*\(2, 5, 11\)"):
        arrays.scores(QUERIES, VALUES)
    with pytest.raises(ValueError, match=r"\(2, 5, 7\).*\(2, 3, 7\)"):
        arrays.attention(QUERIES, KEYS, QUERIES)


def test_shapes_in_signatures_are_checked_while_testing():
    with pytest.raises(TypeError, match="keys"):
        arrays.scores(np.ones((3, 7)), np.ones((5, 11)))
