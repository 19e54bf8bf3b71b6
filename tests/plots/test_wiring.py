"""What reads what: which dots an output depends on, and how that is drawn and told."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from selfattention.plots import canvas, look, wiring

TOKENS = ["a", "b", "c", "d", "e"]


def shifted(*distances):
    return sum(np.eye(5, k=-distance) for distance in distances)


def drawn(layers, **style):
    figure, axes = canvas()
    wiring(axes, TOKENS, layers, **style)
    figure.canvas.draw()
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    return figure.told[-1], arrows, [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)]


def test_an_output_depends_on_what_its_paths_reach():
    told, arrows, dots = drawn([shifted(0, 1), shifted(0, 2)])
    assert told.endswith("the output at e depends on 4 tokens: b, c, d, e.")
    assert len(arrows) == 9 + 8 and len(dots) == 15
    assert sum(arrow.get_alpha() == 1.0 for arrow in arrows) == 4 + 2


def test_an_output_in_the_middle_and_one_that_reads_nothing():
    assert drawn([shifted(0, 1)], output=1)[0].endswith("at b depends on 2 tokens: a, b.")
    assert drawn([np.zeros((5, 5))])[0].endswith("depends on 0 tokens: none.")


def test_a_state_that_is_passed_along_brings_all_tokens_before():
    told, arrows, _ = drawn([np.eye(5)], along=True, output=3, title="state", good=False)
    assert told.startswith("state: 5 tokens, layers: 1;") and told.endswith("depends on 4 tokens: a, b, c, d.")
    assert len(arrows) == 5 + 4
    assert sum(arrow.get_edgecolor()[:3] == to_rgb(look.INK) for arrow in arrows) == 4 + 3


@pytest.mark.parametrize(("arguments", "told"), [
    (([],), "layers"), (([np.eye(4)],), r"\(4, 4\), but there are 5 tokens"), (([np.ones(5)],), "axes")])
def test_layers_that_do_not_fit_are_refused(arguments, told):
    with pytest.raises(ValueError, match=told):
        wiring(canvas()[1], TOKENS, *arguments)


def test_an_output_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="output 5 of 5 tokens: choose one from 0 to 4"):
        wiring(canvas()[1], TOKENS, [np.eye(5)], output=5)
