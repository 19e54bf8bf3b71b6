"""The source with a known entropy: what it draws, and how much of it can be known."""

import math

import pytest
import torch

from selfattention.data.steps import CHANCES, STEPS, SYMBOLS, entropy, texts


def test_the_entropy_is_that_of_the_chances():
    assert entropy == pytest.approx(-(0.6 * math.log(0.6) + 0.3 * math.log(0.3) + 0.1 * math.log(0.1)), abs=1e-12)
    assert CHANCES.sum().item() == pytest.approx(1, abs=1e-12)


def test_only_the_three_steps_occur_and_as_often_as_said():
    drawn = texts(3000, 11, torch.Generator().manual_seed(0))
    assert drawn.shape == (3000, 11) and drawn.min() == 0 and drawn.max() == SYMBOLS - 1
    moves = (drawn[:, 1:] - drawn[:, :-1]) % SYMBOLS
    shares = torch.stack([(moves == step).double().mean() for step in STEPS])
    assert shares.sum().item() == pytest.approx(1, abs=1e-12)
    # 30,000 draws: three standard deviations of a share are at most 3 √(0.24 / 30,000) = 0.0085
    assert torch.allclose(shares, CHANCES, atol=0.01)


def test_every_symbol_begins_equally_often():
    first = texts(7000, 1, torch.Generator().manual_seed(1))[:, 0]
    assert first.bincount(minlength=SYMBOLS).tolist() == pytest.approx([1000] * SYMBOLS, abs=120)


def test_the_same_generator_gives_the_same_texts_whatever_the_default_type_is():
    before = torch.get_default_dtype()
    one = texts(5, 13, torch.Generator().manual_seed(2))
    try:
        torch.set_default_dtype(torch.float64 if before == torch.float32 else torch.float32)
        other = texts(5, 13, torch.Generator().manual_seed(2))
    finally:
        torch.set_default_dtype(before)
    assert torch.equal(one, other)


def test_nothing_at_all_is_refused():
    with pytest.raises(ValueError, match="0 texts of 5 tokens"):
        texts(0, 5, torch.Generator())
    with pytest.raises(ValueError, match="5 texts of 0 tokens"):
        texts(5, 0, torch.Generator())
