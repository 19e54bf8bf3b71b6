"""The recipe of chapter 17 runs, and its network learns what it is for."""

import re
from pathlib import Path

import pytest
import torch

from selfattention.data import karate
from selfattention.models.gat import GATLayer, GATv2Layer, NodeClassifier
from selfattention.training import train

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("layer", [GATLayer, GATv2Layer])
def test_two_labels_tell_the_club_apart(layer):
    torch.manual_seed(0)
    club, model = karate.club(), NodeClassifier(34, 2, layer, dropout=0.0, start=0.1)
    train(model, lambda: club, [0.01] * 100, karate.loss)
    assert karate.accuracy(model(club.features, club.edges).argmax(dim=1), club) > 0.85


def test_the_weights_start_at_a_share_of_the_usual():
    torch.manual_seed(0)
    usual = NodeClassifier(5, 3)
    torch.manual_seed(0)
    small = NodeClassifier(5, 3, start=0.1)
    for one, other in zip(usual.parameters(), small.parameters(), strict=True):
        torch.testing.assert_close(0.1 * one, other)


@pytest.mark.slow
def test_the_recipe_for_graphs_prints_its_tables(recipe):
    for options, expected in (
            (["karate", "--seeds", "2", "--steps", "2", "--draw"], r"\| label propagation \| [01]\.\d+ .* \d+ \d+ \|"),
            (["lookup", "--seeds", "2", "--steps", "2", "--pairs", "3"], r"\| 3 \| GATv2 \| 0\.\d+ 0\.\d+ \| 0\.33")):
        told = recipe("graphs", *options)
        assert re.search(expected, told), told
