"""Pictures with axes: numbers where they belong, what is wrong marked by more than colour."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from selfattention.plots import COLOURS, MARKERS, bars, canvas, heatmap, lines
from selfattention.plots.look import DASHES, INK, WRONG


def test_a_heatmap_has_queries_down_and_keys_across():
    _, axes = canvas()
    heatmap(axes, np.array([[0.25, 0.75, 0.0], [1.0, 0.0, 0.0]]), queries=["le", "chat"], keys=["the", "black", "cat"])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["le", "chat"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["the", "black", "cat"]
    assert axes.get_ylabel() == "queries" and axes.get_xlabel() == "keys"
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(0, 0): "0.25", (1, 0): "0.75", (0, 1): "1"}, "zeros stay blank"


def test_links_are_framed_where_source_and_target_meet():
    _, axes = canvas()
    heatmap(axes, np.eye(5), links=frozenset({(3, 1), (0, 4)}))
    centres = {(round(patch.get_x() + patch.get_width() / 2), round(patch.get_y() + patch.get_height() / 2))
               for patch in axes.patches}
    assert centres == {(3, 1), (0, 4)}
    rims, frames = axes.patches[::2], axes.patches[1::2]
    assert max(rim.zorder for rim in rims) < min(frame.zorder for frame in frames), "below those of neighbours, too"
    assert {to_rgb(rim.get_edgecolor()) for rim in rims} == {(1, 1, 1)}, "to be seen on dark cells"


def test_what_is_wrong_is_crossed_out_and_dashed_and_counted():
    figure, axes = canvas()
    heatmap(axes, np.ones((3, 3)), wrong=np.triu(np.ones((3, 3)), 1), good=False, title="no mask")
    assert [line.get_marker() for line in axes.lines].count("x") == 3
    assert {patch.get_linestyle() for patch in axes.patches} == {"--"}
    assert axes.get_title() == "✗ no mask" and axes.title.get_color() == WRONG
    assert "3 marked as wrong" in " ".join(figure.told)


def test_what_is_not_finite_is_written_and_hatched():
    figure, axes = canvas()
    heatmap(axes, np.array([[np.nan, 0.5], [np.inf, 0.5]]))
    assert {text.get_text() for text in axes.texts} == {"NaN", "∞", "0.5"}
    assert [patch.get_hatch() for patch in axes.patches] == ["///", "///"]
    assert "2 not finite" in " ".join(figure.told)


def test_what_a_mask_hides_stays_blank():
    figure, axes = canvas()
    heatmap(axes, np.array([[3.0, 9.0], [2.0, 1.0]]), role="scores", hidden=np.array([[0, 1], [0, 0]]))
    assert [text.get_text() for text in axes.texts] == ["3", "2", "1"] and not axes.patches
    assert "from 1 to 3, 1 left blank" in " ".join(figure.told) and "finite" not in " ".join(figure.told)


def test_a_hundred_names_give_way_to_numbers():
    figure, axes = canvas()
    names = [f"token {place}" for place in range(100)]
    heatmap(axes, np.ones((100, 100)), queries=names, keys=names)
    figure.canvas.draw()
    assert len(axes.get_xticklabels()) < 12 and not axes.texts


def test_the_description_names_the_largest_of_each_row():
    figure, axes = canvas()
    heatmap(axes, np.array([[0.2, 0.8], [0.7, 0.3]]), queries=["le", "chat"], keys=["the", "cat"], title="weights")
    assert figure.told == ["weights: 2 queries down, 2 keys across, from 0.2 to 0.8; largest in each row: "
                           "le – cat 0.8, chat – the 0.7."]


def test_the_description_names_all_that_are_largest():
    figure, axes = canvas()
    heatmap(axes, np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]), title="seen")
    assert figure.told == ["seen: 4 queries down, 3 keys across, from 0 to 1; largest in each row: "
                           "0 – 0 1, 1 – 0 to 1, each 1, 2 – 0 and 2, each 1, 3 – 0 to 2, each 1."]


def test_curves_differ_in_more_than_colour():
    figure, axes = canvas()
    lines(axes, [1.0, 2.0], {"one": [1.0, 2.0], "other": [3.0, 2.0]}, xlabel="steps", ylabel="nats")
    one, other = axes.lines
    assert one.get_color() != other.get_color() and one.get_marker() != other.get_marker()
    assert one.get_linestyle() != other.get_linestyle()
    assert len(COLOURS) == len(DASHES) == len(MARKERS)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "other"]
    assert figure.told[1] == "other: 3 at 1, 2 at 2 (between 2 and 3)."


def test_bars_carry_their_numbers():
    figure, axes = canvas()
    bars(axes, {"cat": 0.25, "dog": np.nan, "car": np.inf}, title="weights")
    assert [text.get_text() for text in axes.texts] == ["0.25", "NaN", "∞"]
    assert figure.told == ["weights: cat 0.25, dog NaN, car ∞."]
    figure.canvas.draw()


def test_bars_without_names_are_called_each_by_its_place():
    _, axes = canvas()
    bars(axes, [0.5, 0.25], each="head")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["head 0", "head 1"]


def test_names_of_curves_can_stand_below_the_picture():
    figure, panels = canvas(2, height=3.2)
    for axes in panels:
        lines(axes, [1, 2], {"noise 1": [1, 2], "noise 2": [2, 1]}, xlabel="x", ylabel="y", below=True)
    figure.draw_without_rendering()
    names = [axes.get_legend().get_window_extent() for axes in panels]
    assert all(box.y1 < axes.xaxis.label.get_window_extent().y0 for box, axes in zip(names, panels))
    assert names[0].x0 > 0 and names[0].x1 < names[1].x0


def test_several_panels_stand_side_by_side():
    assert len(canvas(3)[1]) == 3


@pytest.mark.parametrize("weights", [np.zeros((2, 3)), np.array([[-1.0, 1.0]]), np.full((2, 2), np.nan)])
def test_empty_negative_and_broken_weights_can_be_drawn(weights):
    figure, axes = canvas()
    heatmap(axes, weights)
    figure.canvas.draw()


@pytest.mark.parametrize(("draw", "told"), [
    (lambda axes: heatmap(axes, np.zeros((0, 3))), r"nothing to draw: the matrix has shape \(0, 3\)"),
    (lambda axes: heatmap(axes, np.zeros((2, 3, 5))), r"2 axes to be drawn, but has shape \(2, 3, 5\)"),
    (lambda axes: heatmap(axes, np.eye(3), queries=["a"]), "names of the queries.* 1 and 3"),
    (lambda axes: heatmap(axes, np.eye(3), wrong=np.eye(2)), r"\(2, 2\) and \(3, 3\)"),
    (lambda axes: heatmap(axes, np.eye(3), hidden=np.eye(2)), r"\(2, 2\) and \(3, 3\)"),
    (lambda axes: lines(axes, [], {}, xlabel="", ylabel=""), "nothing to draw"),
    (lambda axes: lines(axes, [1], {"a": [1, 2]}, xlabel="", ylabel=""), "curve 'a'.* 1 and 2"),
    (lambda axes: bars(axes, {}), "nothing to draw"),
])
def test_what_cannot_be_drawn_is_refused_with_both_sides(draw, told):
    with pytest.raises(ValueError, match=told):
        draw(canvas()[1])


def test_bars_of_weights_share_one_axis_and_long_bars_are_cut_off():
    _, axes = canvas(2)
    for panel, weights in zip(axes, ([0.1, 0.2], [0.9, 0.1])):
        bars(panel, weights)
    assert axes[0].get_xlim() == axes[1].get_xlim()
    _, axes = canvas()
    bars(axes, {"short": 1.0, "long": 20.0}, role="tokens", most=3.0, limit=0.9, limit_name="entropy")
    assert [patch.get_width() for patch in axes.patches] == [1.0, 3.0]
    assert {"20 (cut off)", "entropy"} <= {text.get_text() for text in axes.texts}


def test_a_limit_of_curves_is_named():
    _, axes = canvas()
    lines(axes, [1, 2], {"one": [1, 2]}, xlabel="x", ylabel="y", limit=1.5, limit_name="chance")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "chance"]


def test_a_curve_below_zero_is_told_with_a_minus_as_in_the_picture():
    figure, axes = canvas()
    lines(axes, [-0.5, 1], {"loss": [-0.25, 0.0301]}, xlabel="x", ylabel="y")
    assert figure.told[0].startswith("loss: −0.25 at −0.5, 0.03 at 1 (between −0.25 and 0.03)")


def test_numbers_stand_out_from_their_cells_at_least_as_well_as_the_other_colour_would():
    _, axes = canvas()
    image = heatmap(axes, np.linspace(0, 1, 10)[None], role="tokens")

    def contrast(one, other):
        lights = []
        for colour in (one, other):
            parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
            lights.append(0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] + 0.05)
        return max(lights) / min(lights)

    texts = [text for text in axes.texts if text.get_text()]
    assert {text.get_color() for text in texts} == {"white", INK}
    for text in texts:
        ground = image.cmap(image.norm(image.get_array()[0, round(text.get_position()[0])]))
        assert contrast(text.get_color(), ground) > 0.98 * max(contrast("white", ground), contrast(INK, ground))


@pytest.mark.parametrize(("title", "colour"), [("✗ no scale", WRONG), ("✓ scaled", INK), ("scaled", INK)])
def test_a_title_that_has_its_mark_already_has_its_colour_too(title, colour):
    _, axes = canvas()
    heatmap(axes, np.eye(2), title=title)
    assert axes.get_title() == title and axes.title.get_color() == colour
