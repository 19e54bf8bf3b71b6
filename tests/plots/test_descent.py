"""A descent on a curve: its steps are numbered and told, and one that goes wrong is dashed."""

import numpy as np
import pytest

from selfattention.plots import canvas, descent
from selfattention.plots.look import WRONG


def square(x):
    return np.square(x)


def test_a_descent_numbers_its_steps_and_tells_them():
    figure, axes = canvas()
    descent(axes, square, [4.0, 2.0, 1.0], slopes=[8.0], title="down")
    assert [text.get_text() for text in axes.texts if text.get_text()] == ["0", "1", "2"]
    assert figure.told == ["down: 0: loss 16 at 4, 1: loss 4 at 2, 2: loss 1 at 1."]
    figure.canvas.draw()


def numbers(path, axes=None, **style):
    axes = axes or canvas()[1]
    descent(axes, square, path, **style)
    return {text.get_text(): text for text in axes.texts if text.get_text()}


def test_the_last_step_is_numbered_and_others_where_they_hide_nothing():
    assert list(numbers([4.0, 0.1, 0.05, 0.02])) == ["0", "3"]
    assert list(numbers([3.0, 3.0, 3.0])) == ["2"]
    assert list(numbers([4.0 * 0.7**step for step in range(11)]))[-1] == "10"


@pytest.mark.parametrize("path", [[4.0, 2.0, 1.0, 0.5, 0.2], [1.0, -1.1, 1.2, -1.3, 1.4, -1.5], [0.0, 0.01]])
def test_numbers_stand_within_the_axes_and_apart(path):
    figure, panels = canvas(2)
    written = [text for axes in panels for text in numbers(path, axes).values()]
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in written]
    for text, box in zip(written, boxes):
        inside = text.axes.get_window_extent()
        assert inside.y0 < box.y0 + 2 and box.y1 - 2 < inside.y1 and inside.x0 < box.x0 and box.x1 < inside.x1
        assert sum(box.overlaps(other) for other in boxes) == 1, "with itself"


def test_a_descent_that_goes_wrong_is_dashed():
    figure, axes = canvas()
    descent(axes, square, [1.0, -3.0, 9.0], good=False, title="up")
    arrows = [text.arrow_patch for text in axes.texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == 2 and {arrow.get_linestyle() for arrow in arrows} == {"--"}
    assert axes.title.get_color() == WRONG
    figure.canvas.draw()


@pytest.mark.parametrize(("draw", "told"), [
    (lambda: descent(canvas()[1], square, []), "nothing to draw"),
    (lambda: descent(canvas()[1], square, [1.0], slopes=[1.0, 2.0]), "2 slopes are given for 1 values"),
])
def test_what_cannot_be_drawn_is_refused_with_both_sides(draw, told):
    with pytest.raises(ValueError, match=told):
        draw()
