"""Figures: numbers where they belong, frames around the links, alt text with every picture."""

import base64

import numpy as np
import pytest

from selfattention.plots import COLOURS, DASHES, MARKERS, canvas, heatmap, lines, show


def test_a_heatmap_has_queries_down_and_keys_across():
    _, axes = canvas()
    heatmap(axes, np.array([[0.25, 0.75, 0.0], [1.0, 0.0, 0.0]]), queries=["le", "chat"], keys=["the", "black", "cat"])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["le", "chat"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["the", "black", "cat"]
    assert axes.get_ylabel() == "queries" and axes.get_xlabel() == "keys"
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written[1, 0] == ".75" and written[0, 1] == "1.0"


def test_links_are_framed_where_source_and_target_meet():
    _, axes = canvas()
    heatmap(axes, np.eye(5), links=frozenset({(3, 1), (0, 4)}))
    centres = {(round(patch.get_x() + patch.get_width() / 2), round(patch.get_y() + patch.get_height() / 2))
               for patch in axes.patches}
    assert centres == {(3, 1), (0, 4)}


def test_curves_differ_in_more_than_colour():
    _, axes = canvas()
    lines(axes, [1.0, 2.0], {"one": [1.0, 2.0], "other": [3.0, 2.0]}, xlabel="steps", ylabel="nats")
    one, other = axes.lines
    assert one.get_color() != other.get_color() and one.get_marker() != other.get_marker()
    assert one.get_linestyle() != other.get_linestyle()
    assert len(COLOURS) == len(DASHES) == len(MARKERS)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "other"]


def test_several_panels_stand_side_by_side():
    assert len(canvas(3)[1]) == 3


def test_a_shown_figure_carries_its_caption_as_alt_text(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *data, **options: shown.append((data, options)))
    figure, axes = canvas()
    heatmap(axes, np.eye(3))
    show(figure, "Three tokens, each of which attends to itself.")
    (picture,), options = shown[0]
    assert base64.b64decode(picture["image/png"]).startswith(b"\x89PNG")
    assert options["metadata"]["image/png"]["alt"] == picture["text/plain"] == \
        "Three tokens, each of which attends to itself."


@pytest.mark.parametrize("weights", [np.zeros((2, 3)), np.array([[-1.0, 1.0]])])
def test_empty_and_negative_weights_can_be_drawn(weights):
    figure, axes = canvas()
    heatmap(axes, weights)
    figure.canvas.draw()
