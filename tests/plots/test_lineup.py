"""Many curves in panels of their own: the same axes, the same reference, and numbers in the alternative text."""

import pytest
from matplotlib.colors import to_rgb

from selfattention.plots import COLOURS, ROLES, lineup

CURVES = {f"suspect {number}": [2.0, number / 4] for number in range(1, 6)}


def drawn(**more):
    return lineup([0, 10], CURVES, [2.0, 1.0], reference_name="healthy", xlabel="step", ylabel="loss", **more)


def test_each_curve_has_a_panel_with_the_reference_in_it():
    figure = drawn(limit=0.9, limit_name="floor")
    shown = [axes for axes in figure.axes if axes.lines]
    assert [axes.get_title() for axes in shown] == list(CURVES) and len(figure.axes) == 8
    for axes, values in zip(shown, CURVES.values()):
        reference, curve, limit = axes.lines
        assert list(reference.get_ydata()) == [2.0, 1.0] and list(curve.get_ydata()) == values
        assert [to_rgb(line.get_color()) for line in (reference, curve)] == [to_rgb(ROLES["masks"]), to_rgb(COLOURS[0])]
        assert limit.get_linestyle() == "--" and reference.get_linewidth() > curve.get_linewidth()
    assert len({axes.get_ylim() for axes in shown}) == 1, "to be compared"
    assert not any(axes.axison for axes in figure.axes[5:]), "panels without a curve stay empty"
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["healthy", "the curve of this panel", "floor"]


def test_it_tells_where_each_curve_begins_and_ends():
    told = " ".join(drawn(across=3).told)
    assert "suspect 3: 2 at first, 0.75 at last." in told and "healthy: 2 at first, 1 at last." in told


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="nothing to draw: give at least one of the curves"):
        lineup([0, 10], {}, [2.0, 1.0], reference_name="healthy", xlabel="", ylabel="")
    with pytest.raises(ValueError, match="'healthy' stand beside each other, but there are 2 and 3"):
        lineup([0, 10], CURVES, [2.0, 1.0, 1.0], reference_name="healthy", xlabel="", ylabel="")
    with pytest.raises(ValueError, match="'b' stand beside each other, but there are 2 and 1"):
        lineup([0, 10], {"a": [1, 2], "b": [1]}, [2.0, 1.0], reference_name="healthy", xlabel="", ylabel="")
