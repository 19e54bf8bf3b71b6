"""Scores and losses at the questions, and there alone."""

import math

import pytest
import torch

from selfattention.data.asked import Asked, accuracy, loss


def model_that_adds_one(texts):
    """Is sure that each token is followed by the next number of 7."""
    return 10 * torch.nn.functional.one_hot((texts + 1) % 7, 7).double()


def test_only_the_last_tokens_are_scored():
    batch = Asked(torch.tensor([[0, 3, 5], [6, 1, 2]]), torch.tensor([[4, 6], [2, 0]]))
    assert batch.scored(model_that_adds_one).argmax(dim=-1).tolist() == [[4, 6], [2, 3]]
    assert accuracy(model_that_adds_one, batch) == 0.75
    total, count = loss(model_that_adds_one, batch)
    right = math.log(1 + 6 * math.exp(-10))
    assert total.item() == pytest.approx(3 * right + right + 10) and count.item() == 4
    moved = batch.to("meta")
    assert moved.texts.device.type == moved.answers.device.type == "meta"
