"""What all pictures share: letters that can be read, numbers in one format, and the alternative text."""

import base64
import io

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from PIL import Image

from selfattention.plots import COLOURS, ROLES, canvas, course_map, flow, heatmap, show
from selfattention.plots.look import (
    FAINT,
    INK,
    WRONG,
    colours_of,
    letters,
    name,
    number,
    role_of,
    shades,
    table,
    tint,
)

NARROW = 360  # pixels


@pytest.mark.parametrize(("value", "text"), [
    (0.0, "0"), (-0.001, "≈0"), (0.25, "0.25"), (0.5, "0.5"), (1.0, "1"), (-1.5, "−1.5"), (9.999, "10"), (123.4, "123"),
    (1e7, "1e07"), (np.nan, "NaN"), (-np.inf, "−∞"), (-0.0, "0"), (0.999, "≈1"), (12.345, "12.35"),
    (1 - 1e-7, "1"), (1 + 1e-7, "1"), (1e-9, "0"), (-1e-9, "0")])
def test_numbers_have_one_format(value, text):
    assert number(value) == text


def test_names_are_cut_and_cannot_break_a_picture():
    assert name("cat") == "cat" and name("a" * 50) == "a" * 13 + "…"
    assert name("two\nlines") == "twolines" and name("$x$") == r"\$x\$"


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", [INK, FAINT])
def test_words_can_be_read_on_white(colour):
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5


def test_what_is_wrong_has_a_colour_of_its_own():
    assert WRONG not in ROLES.values() and len(set(ROLES.values())) == len(ROLES)
    assert [role_of(words) for words in ("keysᵀ", "Queries", "w · v", "x")] == ["keys", "queries", "outputs", "tokens"]
    assert tint("keys", 0.0) == (1, 1, 1)


def test_a_role_has_its_colour_wherever_it_is_drawn():
    known = [ROLES[role] for role in ("queries", "keys", "values", "weights", "scores")]
    assert known == COLOURS[:5], "who has learnt them from one picture reads the next by them"
    for role, colour in ROLES.items():
        assert role_of(role) == role
        assert tint(role, 1.0) == pytest.approx(to_rgb(colour))
        assert colours_of(role)(0.5)[:3] == pytest.approx(to_rgb(colour), abs=0.01)


@pytest.mark.parametrize("width", [3.0, 5.0, 6.4])
def test_letters_can_be_read_on_a_telephone(width):
    """At 360 pixels, a letter of so many points in a picture so wide is at least 8 pixels high."""
    assert letters(width) / 72 * NARROW / width >= 8 - 1e-9


@pytest.mark.parametrize("figure", [
    course_map(3), flow(["a", "b"], ("key", np.eye(2)), ("score", [1.0, 2.0], "· q"), query=[1.0, 2.0], result=[3.0])])
def test_no_word_of_a_picture_is_smaller(figure):
    from matplotlib.text import Text

    smallest = min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text())
    assert smallest / 72 * NARROW / figure.get_figwidth() >= 0.85 * 8


def test_tensors_and_arrays_are_drawn_alike():
    rows = torch.eye(3, requires_grad=True)
    assert (table(rows, "rows") == np.eye(3)).all()


def test_a_shown_figure_carries_caption_and_numbers_as_alternative_text(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *data, **options: shown.append((data, options)))
    figure, axes = canvas()
    heatmap(axes, np.eye(3), title="identity")
    show(figure, "Three tokens, each of which attends to itself.")
    (picture,), options = shown[0]
    stored = base64.b64decode(picture["image/png"])
    assert picture["text/plain"] == "Three tokens, each of which attends to itself."
    alternative = options["metadata"]["image/png"]["alt"]
    assert alternative.startswith(picture["text/plain"]) and "3 queries down, 3 keys across, from 0 to 1" in alternative
    with Image.open(io.BytesIO(stored)) as image:
        assert image.format == "PNG" and image.width > options["metadata"]["image/png"]["width"] == 640
        pixels = {pixel for _, pixel in image.convert("RGB").getcolors(100_000)}
    assert (255, 255, 255) in pixels and len(stored) < 100 * 1024


def test_the_larger_a_number_the_darker_and_negative_ones_are_lightest():
    assert shades(np.array([-2.0, 0.0, 2.0])).tolist() == [0.0, 0.5, 1.0]
    assert shades(np.array([1.0, 2.0, np.nan])).tolist() == [0.5, 1.0, 0.0]


@pytest.mark.parametrize(("scores", "noted"), [([1.0, 0.25], False), ([1 / 3, 1.0], True)])
def test_a_flow_says_where_its_numbers_are_rounded(scores, noted):
    figure = flow(["a", "b"], ("score", scores))
    assert any("rounded" in text.get_text() for text in figure.axes[0].texts) is noted
