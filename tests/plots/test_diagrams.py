"""Diagrams: they are drawn from the arrays, say so in words, and refuse what does not fit."""

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from selfattention.plots import arrows, blocks, canvas, clocks, course_map, flow, links, streams, tokens_and_links
from selfattention.plots.look import WRONG
from selfattention.plots.map import PARTS

RNG = np.random.default_rng(0)
QUERIES, KEYS = RNG.normal(size=(3, 7)), RNG.normal(size=(5, 7))
LONG = ["Donaudampfschifffahrt", "שלום עולם", "a$b", "two\nlines"]


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def said(figure):
    figure.canvas.draw()  # nothing in it stops a lesson
    return " ".join(figure.told)


def test_blocks_carry_the_names_and_sizes_of_the_arrays():
    figure = blocks(("queries", QUERIES, "queries d"), "@", ("keysᵀ", KEYS.T, "d keys"), "=",
                    ("scores", QUERIES @ KEYS.T, "queries keys"))
    assert {"queries: 3", "d: 7", "keys: 5", "@", "="} <= set(words(figure))
    assert said(figure) == "queries (queries 3, d 7) @ keysᵀ (d 7, keys 5) = scores (queries 3, keys 5)."


def test_sheets_stand_for_the_axes_in_front_and_long_lines_are_broken():
    whole = RNG.normal(size=(2, 6, 12))
    cut = whole.reshape(2, 6, 3, 4)
    figure = blocks(("x", whole, "batch tokens d", 3), "cut", ("heads", cut, "batch tokens heads d_head"), "transpose",
                    ("heads first", cut.swapaxes(1, 2), "batch heads tokens d_head"))
    assert "batch: 2, heads: 3" in words(figure) and "d_head: 4" in words(figure)
    for text in figure.axes[0].texts:
        x, y = text.get_position()
        assert 0 <= x <= 6.4 and 0 <= y <= figure.get_figheight(), text.get_text()


def test_a_flow_has_the_numbers_of_every_step():
    keys, scores = np.array([[2.0, 0.0], [-1.0, 1.0]]), np.array([2.0, 0.5])
    figure = flow(["cat", "dog"], ("key", keys), ("score", scores, "· query"), query=[1.0, 1.0], result=[17.08])
    assert {"2", "0", "−1", "1", "0.5", "17.08", "· query", "sum = output", "query"} <= set(words(figure))
    assert said(figure) == ("query (1, 1); key: cat (2, 0), dog (−1, 1); score: cat 2, dog 0.5; output 17.08.")


def test_links_are_as_strong_as_the_weights_and_wrong_ones_are_dashed():
    figure, axes = canvas(height=2.5)
    links(axes, ["the", "cat"], ["le", "chat"], np.array([[0.9, 0.1], [0.0, 1.0]]), wrong=np.array([[0, 1], [0, 0]]))
    strength = {(round(line.get_ydata()[0], 3), round(line.get_ydata()[1], 3)): line for line in axes.lines}
    assert len(strength) == 3, "a weight of zero is no link"
    thick, thin = (max(strength.values(), key=lambda line: line.get_linewidth()),
                   min(strength.values(), key=lambda line: line.get_linewidth()))
    assert thick.get_linewidth() > 2 * thin.get_linewidth()
    assert thin.get_color() == WRONG and thin.get_linestyle() == "--" and thick.get_linestyle() == "-"
    assert "chat reads most from cat (1)" in said(figure) and "Wrong links: le from cat." in said(figure)


def test_columns_of_tokens_are_linked_one_after_another():
    figure = tokens_and_links([["a", "b"], ["a", "b"], ["x"]], [np.eye(2), np.array([[0.2, 0.8]])],
                              ["in", "out", "next"], between=["self", "cross"])
    assert "cross: x reads most from b (0.8)" in said(figure)


def test_arrows_have_their_angles():
    figure = arrows({"one": (1, 0), "other": (0, 2)}, angles=[("one", "other")])
    assert "90°" in words(figure) and "Between one and other lie 90 degrees." in said(figure)


def test_the_hands_of_clocks_turn_at_their_rates():
    figure = clocks(np.outer([1.0, 0.1], range(4)) * np.pi / 2, rows=["fast", "slow"], columns=range(4))
    hands = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]
    assert len(hands) == 8
    assert "fast: turned by 0, 90, 180, 270 degrees." in said(figure)


def test_the_stream_is_as_thick_as_x_is_large():
    figure = streams({"post": [1, 1, 1], "pre": [1, 2, 4]}, {"post": "on the stream", "pre": "before the sublayer"},
                     sublayers=["attention", "feed-forward"])
    heights = [np.ptp(shape.get_paths()[0].vertices[:, 1]) for shape in figure.axes[0].collections
               if isinstance(shape, PolyCollection)]
    post, pre = heights[:4], heights[4:]
    assert len(set(np.round(post, 6))) == 1 and pre[-1] > 2 * pre[0]
    assert words(figure).count("norm") == 4 and "pre: norms before the sublayer; size of x 1, 2, 4." in said(figure)


@pytest.mark.parametrize("chapter", range(20))
def test_the_map_marks_what_the_chapter_builds_and_what_was_built(chapter):
    figure = course_map(chapter) if chapter <= 10 else course_map(chapter, here=["softmax"])
    marked = {name for name, part in PARTS.items() if part.chapter == chapter} if chapter <= 10 else {"softmax"}
    built = {name for name, part in PARTS.items() if part.chapter < chapter} - marked
    text = said(figure)
    here = text.split("you are here: ")[1].split(";")[0]
    before = text.split("built before: ")[1].split(";")[0]
    assert set(here.split(", ")) == (marked or {"nothing"}) and set(before.split(", ")) == (built or {"nothing"})
    assert words(figure).count("▶") + words(figure).count("◀") == len(marked) + 1, "and one in the legend"


def test_a_mark_stands_where_no_arrow_comes_in():
    figure = course_map(9)
    mark = next(text for text in figure.axes[0].texts if text.get_text() == "◀")
    box = next(text for text in figure.axes[0].texts if text.get_text() == "cross-attention")
    assert mark.get_position()[0] > box.get_position()[0] and mark.get_position()[1] == box.get_position()[1]


def test_the_name_of_a_frame_leaves_room_for_the_arrow_out_of_it():
    figure = course_map(9)
    figure.draw_without_rendering()
    name, above = (next(text for text in figure.axes[0].texts if text.get_text() == words).get_window_extent()
                   for words in ("decoder × N", "next token"))
    assert name.x1 + 4 < (above.x0 + above.x1) / 2


@pytest.mark.parametrize(("machine", "lowest"), [("image encoder", "image patches in"), ("graph encoder", "nodes in")])
def test_what_comes_in_has_its_own_name_on_the_map_and_in_its_words(machine, lowest):
    figure = course_map(18, machine=machine, here=["source tokens"])
    assert lowest in words(figure) and f"you are here: {lowest};" in said(figure)


def test_each_of_the_first_chapters_has_its_place_on_the_map():
    assert {part.chapter for part in PARTS.values()} == set(range(11))


@pytest.mark.parametrize(("machine", "missing"), [
    ("encoder", "decoder × N"), ("decoder", "encoder × N"), ("image encoder", "tokens in"),
    ("graph encoder", "+ positions")])
def test_half_of_the_machine_has_its_map_without_gaps(machine, missing):
    figure = course_map(12, machine=machine, here=["mask"])
    assert missing not in words(figure) and "cross-attention" not in words(figure)
    middles = sorted(box.get_y() for box in figure.axes[0].patches if isinstance(box, FancyBboxPatch)
                     and box.get_width() > 1.2 and box.get_height() < 0.4)
    assert max(np.diff(middles)) < 0.7


@pytest.mark.parametrize("draw", [
    lambda: flow(LONG, ("key", RNG.normal(size=(4, 2)))),
    lambda: flow([str(place) for place in range(100)], ("key", RNG.normal(size=(100, 20)))),
    lambda: blocks(("scores", RNG.normal(size=(100, 512)), "queries keys")),
    lambda: blocks(("nothing", np.full((2, 2), np.nan), "rows columns")),
    lambda: tokens_and_links([[str(place) for place in range(100)], LONG], [np.ones((4, 100))], ["left", "right"]),
    lambda: clocks(np.full((2, 30), np.nan), rows=["a", "b"], columns=range(30)),
])
def test_long_names_many_tokens_and_nan_make_a_readable_picture(draw):
    said(draw())


def test_a_hundred_tokens_are_shown_through_a_window_with_a_notice():
    figure, axes = canvas()
    names = [f"token {place}" for place in range(100)]
    links(axes, names, names, np.ones((100, 100)))
    assert any("the first 24 of 100" in word for word in words(figure))
    assert any("the first 8 of 100 tokens" in word for word in words(flow(names, ("key", np.ones((100, 2))))))


@pytest.mark.parametrize(("draw", "told"), [
    (lambda: links(canvas()[1], ["a"], ["b"], np.eye(2)), "queries and the rows of the weights.* 1 and 2"),
    (lambda: links(canvas()[1], ["a", "b"], ["a", "b"], np.eye(2), wrong=np.eye(3)), r"\(3, 3\).*\(2, 2\)"),
    (lambda: links(canvas()[1], [], [], np.zeros((0, 0))), "nothing to draw"),
    (lambda: flow(["a"], ("key", np.eye(2))), "rows of 'key'.* 1 and 2"),
    (lambda: flow(["a"]), "nothing to draw"),
    (lambda: blocks(), "nothing to draw"),
    (lambda: blocks(("q", np.eye(2), "one")), r"q has shape \(2, 2\), but its axes are named 'one'"),
    (lambda: arrows({}), "nothing to draw"),
    (lambda: arrows({"a": (1, 2, 3)}), "two finite numbers, but 'a' is 1, 2, 3"),
    (lambda: arrows({"a": (1, np.nan)}), "two finite numbers, but 'a' is 1, NaN"),
    (lambda: arrows({"a": (0, 0), "b": (1, 0)}, angles=[("a", "b")]), "no angle"),
    (lambda: arrows({"a": (1, 0)}, angles=[("a", "b")]), "an angle is asked with b, but the arrows are a"),
    (lambda: clocks(np.zeros((2, 3)), rows=["a"], columns="abc"), "1 and 2"),
    (lambda: streams({"a": [1, 2]}, {"a": "x"}, sublayers=["s"]), "the norms of 'a' stand 'x'"),
    (lambda: streams({"a": [1, np.nan]}, {"a": "nowhere"}, sublayers=["s"]), "finite.*1, NaN"),
    (lambda: streams({"a": [1, 2, 3]}, {"a": "nowhere"}, sublayers=["s"]), "2 and 1"),
    (lambda: course_map(3, machine="x"), "no map of 'x': choose one of encoder–decoder"),
    (lambda: course_map(3, here=["x"]), "no part x"),
    (lambda: tokens_and_links([["a"], ["b"]], [np.eye(2)], ["h", "i"]), r"shape \(2, 2\), but there are 1 tokens"),
    (lambda: tokens_and_links([["a"]], [np.eye(1)], ["h"]), "0 and 1"),
])
def test_what_cannot_be_drawn_is_refused_with_both_sides(draw, told):
    with pytest.raises(ValueError, match=told):
        draw()
