"""Images with patches and weights on them."""

import numpy as np
import pytest
from matplotlib.patches import Circle

from selfattention.plots import images

ONE, OTHER = np.arange(24.0).reshape(4, 6), np.zeros((4, 6))
WEIGHTS = np.array([[0.4, 0.1, 0.0], [0.2, 0.2, 0.1]])


def circles(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Circle)]


def test_dots_have_areas_like_their_weights_and_all_images_share_a_scale():
    figure = images({"a": ONE, "b": OTHER}, patch=2, weights={"a": WEIGHTS, "b": WEIGHTS / 4})
    figure.canvas.draw()
    areas = np.array([circle.radius**2 for circle in circles(figure)])
    shown = WEIGHTS[WEIGHTS > 0]
    np.testing.assert_allclose(areas / areas[0], np.concatenate([shown, shown / 4]) / 0.4)
    first, second = circles(figure)[:2]
    step = second.center[0] - first.center[0]
    assert first.radius < step / 2 and circles(figure)[2].center[1] == pytest.approx(first.center[1] + step)
    assert figure.told == [
        "a: 4 × 6 pixels, from 0 to 23, 11.5 on average, 2 × 3 patches; largest weights: 0.4 in row 1, column 1, 0.2 "
        "in row 2, column 1, 0.2 in row 2, column 2.",
        "b: 4 × 6 pixels, from 0 to 0, 0 on average, 2 × 3 patches; largest weights: 0.1 in row 1, column 1, 0.05 in "
        "row 2, column 1, 0.05 in row 2, column 2."]


def test_many_images_go_on_in_the_next_row_and_stay_on_the_sheet():
    figure = images({str(number): ONE for number in range(7)}, patch=2, most=5, title="seven", wrong=["3"])
    figure.canvas.draw()
    shown = figure.axes[0].get_images()
    assert len(shown) == 7 and shown[5].get_extent()[3] > shown[0].get_extent()[2]
    left, right = figure.axes[0].get_xlim()
    assert all(left <= image.get_extent()[0] and image.get_extent()[1] <= right for image in shown)
    assert max(image.get_extent()[2] for image in shown) <= figure.axes[0].get_ylim()[0]
    assert "✗ 3" in [text.get_text() for text in figure.axes[0].texts] and "3 (marked as wrong): " in figure.told[3]


@pytest.mark.parametrize(("call", "told"), [
    (lambda: images({}), "nothing to draw"),
    (lambda: images({"a": np.ones(3)}), r"a should have 2 axes .* \(3,\)"),
    (lambda: images({"a": ONE}, patch=4), "'a' has 4 × 6 pixels, which patches of 4 × 4"),
    (lambda: images({"a": ONE}, patch=2, weights={"a": WEIGHTS.T}), r"\(3, 2\), but there is \(4, 6\) pixels"),
    (lambda: images({"a": ONE}, patch=2, weights={"b": WEIGHTS}), "weights of 'b'.*no image"),
    (lambda: images({"a": ONE}, weights={"a": WEIGHTS}), "patches of 0"),
])
def test_what_does_not_fit_is_refused_with_both_sides(call, told):
    with pytest.raises(ValueError, match=told):
        call()
