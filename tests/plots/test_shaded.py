"""A text token by token: as dark as its numbers, with frames where they belong, and told in words."""

import numpy as np
import pytest
from matplotlib.patches import FancyBboxPatch

from selfattention.plots import look, shaded

TOKENS = ["a", "b", "c", "a"]


def boxes(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)]


def brightness(patch):
    return sum(patch.get_facecolor()[:3])


def test_a_token_is_the_darker_the_larger_its_number_over_all_rows():
    figure = shaded(TOKENS, {"head 0": [0.1, 0.2, 0.7, 0.0], "head 1": [1.0, 0.0, -0.5, 0.2]})
    drawn = boxes(figure)
    assert len(drawn) == 8
    light = [brightness(patch) for patch in drawn]
    assert light[4] < light[2] < light[1] == light[7] < light[0] < light[3] == light[5] == light[6] == 3.0
    assert figure.told == ["head 0: largest at c at place 2 0.7, b at place 1 0.2, a at place 0 0.1.",
                           "head 1: largest at a at place 0 1, a at place 3 0.2, b at place 1 0."]


def test_the_darkest_colour_can_be_that_of_another_number():
    weak, strong = (boxes(shaded(TOKENS, {"one": [0, 0, 0.5, 0]}, largest=largest))[2] for largest in (1.0, 0.5))
    assert brightness(weak) > brightness(strong)
    assert brightness(boxes(shaded(TOKENS, {"none": np.zeros(4)}))[0]) == 3.0


def test_who_looks_and_what_should_be_found_have_frames():
    figure = shaded(TOKENS, {"head 0": [0.0, 1.0, 0.0, 0.0]}, query=3, marked=[1], title="A text")
    edges = [look.to_rgb(patch.get_edgecolor()[:3]) for patch in boxes(figure)]
    assert edges[3] == look.to_rgb(look.ROLES["queries"]) and edges[1] == look.to_rgb(look.INK) != edges[0]
    assert figure.told[1:] == ["The token that looks is a at place 3.", "Framed: places 1."]


def test_a_long_text_is_cut_and_says_so():
    figure = shaded(["x"] * 40, {"a head with a long name": np.ones(40)})
    drawn = boxes(figure)
    assert len(drawn) == look.MOST_TOKENS and max(box.get_bbox().x1 for box in drawn) <= figure.get_figwidth()
    assert any("the first 24 of 40" in text.get_text() for text in figure.axes[0].texts)


@pytest.mark.parametrize(("draw", "told"), [
    (lambda: shaded([], {"one": []}), "nothing to draw"),
    (lambda: shaded(TOKENS, {}), "nothing to draw"),
    (lambda: shaded(TOKENS, {"one": [1, 2, 3]}), "the numbers of 'one' .* 4 and 3"),
    (lambda: shaded(TOKENS, {"one": [1, 2, 3, 4]}, query=4), "place 4 of a text of 4 tokens: choose one from 0 to 3"),
    (lambda: shaded(TOKENS, {"one": [1, 2, 3, 4]}, marked=[-1]), "place -1 of a text of 4 tokens"),
])
def test_what_cannot_be_drawn_is_refused_with_both_sides(draw, told):
    with pytest.raises(ValueError, match=told):
        draw()
