"""Positions against loops, laws and torch: float64, distinct primes."""

import math

import pytest
import torch

from selfattention.positions import (
    LearnedPositions,
    RelativeBias,
    Rotary,
    SinusoidalPositions,
    alibi,
    distances,
    rotate,
    sinusoidal,
)

pytestmark = pytest.mark.usefixtures("float64")


def test_sinusoids_are_what_the_formula_says():
    table = sinusoidal(11, 6)
    for position in range(11):
        for i in range(3):
            angle = position / 10_000 ** (2 * i / 6)
            assert table[position, 2 * i].item() == pytest.approx(math.sin(angle))
            assert table[position, 2 * i + 1].item() == pytest.approx(math.cos(angle))
    assert torch.equal(SinusoidalPositions(6)(3, start=7), sinusoidal(10, 6)[7:])
    assert SinusoidalPositions(6)(700).shape == (700, 6)


def test_rotation_is_multiplication_by_a_complex_number():
    x, positions = torch.randn(2, 5, 6), torch.tensor([0, 1, 2, 7, 600])
    turns = torch.exp(1j * positions[:, None] * 10_000.0 ** (-torch.arange(0, 6, 2) / 6))
    expected = torch.view_as_real(torch.view_as_complex(x.reshape(2, 5, 3, 2)) * turns).flatten(-2)
    torch.testing.assert_close(rotate(x, positions), expected, rtol=1e-12, atol=1e-12)
    module = Rotary(6)
    torch.testing.assert_close(module(x[:, 4:], start=600), expected[:, 4:], rtol=1e-12, atol=1e-12)
    apart = torch.randn(7, 6, 5)[1:].permute(2, 1, 0)  # pairs that do not lie side by side in memory
    torch.testing.assert_close(module(apart), rotate(apart, torch.arange(6)), rtol=1e-12, atol=1e-12)


def test_rotated_scores_depend_on_the_distance_alone():
    query, key = torch.randn(1, 14), torch.randn(1, 14)
    def score(at, other):
        return rotate(query, torch.tensor([at])) @ rotate(key, torch.tensor([other])).T
    for shift in (1, 13, 500):
        torch.testing.assert_close(score(5, 2), score(5 + shift, 2 + shift), rtol=1e-10, atol=1e-10)
    assert (score(5, 2) - score(5, 3)).abs() > 1e-3
    assert rotate(query, torch.tensor([9])).norm() == pytest.approx(query.norm())


def test_distances_and_biases():
    assert distances(2, 5).tolist() == [[-3, -2, -1, 0, 1], [-4, -3, -2, -1, 0]]
    bias = alibi(8, 2, 5)
    assert bias[0, 0].tolist() == pytest.approx([-1.5, -1.0, -0.5, 0.0, -0.5])
    assert bias[7, 1, 0].item() == pytest.approx(-4 / 256)
    learned = RelativeBias(2, furthest=3)
    torch.nn.init.normal_(learned.table)
    got = learned(5, 7)
    for query in range(5):
        for key in range(7):
            distance = max(-3, min(3, key - (query + 2)))
            assert torch.equal(got[:, query, key], learned.table[:, distance + 3])


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="7 is odd"):
        sinusoidal(5, 7)
    with pytest.raises(ValueError, match="6 tokens, but only 5"):
        LearnedPositions(5, 8)(3, start=3)
