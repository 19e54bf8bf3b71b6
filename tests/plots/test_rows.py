"""Rows of tokens and tables side by side."""

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from selfattention.plots import heatmaps, token_rows

READS, ANSWERS = ["begin", "le", "chat", "pad"], ["le", "chat", "end", "pad"]


def patches(figure, kind):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, kind)]


def test_rows_of_tokens_stand_under_each_other_with_an_arrow_for_each_that_counts():
    figure = token_rows({"it reads": READS, "it answers": ANSWERS}, {"again": READS}, faint=["pad"], handed_on=True)
    boxes, arrows = patches(figure, FancyBboxPatch), patches(figure, FancyArrowPatch)
    assert len(boxes) == 12 and sum(box.get_linestyle() == "--" for box in boxes) == 3
    assert len(arrows) == 3 + 2 and sum(arrow.get_linestyle() == "--" for arrow in arrows) == 2
    figure.canvas.draw()
    assert figure.told == ["it reads: begin, le, chat, pad.", "it answers: le, chat, end, pad.",
                           "again: begin, le, chat, pad."]


def test_an_arc_leads_from_a_token_to_where_it_looks():
    figure = token_rows({"reads": READS}, looks=[(2, 1), (0, 3)])
    assert len(patches(figure, FancyArrowPatch)) == 2
    figure.canvas.draw()
    assert figure.told[0] == "An arc leads from chat at place 3 to le at place 2."


def test_a_long_row_stays_on_the_sheet():
    figure = token_rows({"reads": ["Donaudampfschifffahrt"] * 12}, title="long")
    assert max(box.get_bbox().x1 for box in patches(figure, FancyBboxPatch)) <= figure.get_figwidth() == 6.4


def test_tables_stand_side_by_side_with_names_of_their_own():
    figure = heatmaps({"one": np.eye(2), "other": np.ones((2, 3))}, queries=["ab", "cd"], keys=["ab", "xyz"])
    assert [axes.get_title() for axes in figure.axes] == ["one", "other"]
    assert [len(axes.get_xticklabels()) for axes in figure.axes] == [2, 3]
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == ["c", "d"]
    assert len(heatmaps({"alone": np.eye(3)}).axes) == 1


@pytest.mark.parametrize(("draw", "told"), [
    (token_rows, "nothing to draw"),
    (lambda: token_rows({}), "nothing to draw"),
    (lambda: token_rows({"reads": READS, "answers": ANSWERS[:3]}), "'reads' and those of 'answers' .* 4 and 3"),
    (lambda: token_rows({"reads": READS}, looks=[(3, 4)]), "from place 3 to place 4 of a row of 4"),
    (lambda: heatmaps({}), "nothing to draw"),
    (lambda: heatmaps({"one": np.eye(2)}, keys=["ab", "cd"]), "names of the columns .* 2 and 1"),
    (lambda: heatmaps({"one": np.eye(2)}, queries=["ab", "cd"]), "names of the rows .* 2 and 1"),
])
def test_what_cannot_be_drawn_is_refused_with_both_sides(draw, told):
    with pytest.raises(ValueError, match=told):
        draw()


@pytest.mark.parametrize("row", [["[CLS]", "the", "[MASK]", "is", "not", "[MASK]", ".", "[SEP]"],
                                 [str(number) for number in range(10, 32)]])
def test_the_words_of_a_token_leave_the_border_of_its_box_free(row):
    figure = token_rows({"reads": row})
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = [patch.get_window_extent() for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    words = [text.get_window_extent() for text in axes.texts if text.get_text() in row]
    assert len(boxes) == len(words) == len(row)
    for box, word in zip(boxes, words):
        assert word.x0 > box.x0 + 0.5 and word.x1 < box.x1 - 0.5, "pixels"
