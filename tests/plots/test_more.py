"""Further kinds of pictures: a descent on a curve, rows of tokens, tables side by side."""

import numpy as np
import pytest

from selfattention.plots import canvas, descent, heatmaps, token_rows
from selfattention.plots.look import WRONG


def square(x):
    return np.square(x)


def test_a_descent_numbers_its_steps_and_tells_them():
    figure, axes = canvas()
    descent(axes, square, [4.0, 2.0, 1.0], slopes=[8.0], title="down")
    assert [text.get_text() for text in axes.texts if text.get_text()] == ["0", "1", "2"]
    assert figure.told == ["down: 0: loss 16 at 4, 1: loss 4 at 2, 2: loss 1 at 1."]
    figure.canvas.draw()


def test_a_descent_that_goes_wrong_is_dashed():
    figure, axes = canvas()
    descent(axes, square, [1.0, -3.0, 9.0], good=False, title="up")
    arrows = [text.arrow_patch for text in axes.texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == 2 and {arrow.get_linestyle() for arrow in arrows} == {"--"}
    assert axes.title.get_color() == WRONG
    figure.canvas.draw()


def test_rows_of_tokens_stand_under_each_other():
    figure = token_rows({"reads": ["<s>", "le", "chat"], "answers": ["le", "chat", "</s>"]}, faint=["</s>"])
    written = [text.get_text() for text in figure.axes[0].texts]
    assert written.count("le") == written.count("chat") == 2 and {"reads", "answers", "<s>"} <= set(written)
    assert figure.told == ["reads: <s>, le, chat.", "answers: le, chat, </s>."]
    figure.canvas.draw()


def test_tables_side_by_side_have_names_of_their_own():
    figure = heatmaps({"one": np.eye(2), "other": np.eye(3)}, queries=[["a", "b"], ["c", "d", "e"]])
    assert [axes.get_title() for axes in figure.axes] == ["one", "other"]
    assert [[label.get_text() for label in axes.get_yticklabels()] for axes in figure.axes] == [["a", "b"], [*"cde"]]


@pytest.mark.parametrize(("draw", "told"), [
    (lambda: descent(canvas()[1], square, []), "nothing to draw"),
    (lambda: descent(canvas()[1], square, [1.0], slopes=[1.0, 2.0]), "2 slopes are given for 1 values"),
    (lambda: token_rows(), "nothing to draw"),
    (lambda: token_rows({"reads": ["a"], "answers": ["a", "b"]}), "'reads'.*'answers'.* 1 and 2"),
    (lambda: heatmaps({}), "nothing to draw"),
    (lambda: heatmaps({"one": np.eye(2)}, queries=[["a", "b"], ["c"]]), "2 and 1"),
])
def test_what_cannot_be_drawn_is_refused_with_both_sides(draw, told):
    with pytest.raises(ValueError, match=told):
        draw()
