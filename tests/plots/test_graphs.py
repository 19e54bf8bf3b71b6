"""Graphs: arrows from what is read to who reads it, as strong as their weights, told in words."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from selfattention.plots import canvas, graph, look

PLACES = np.array([[0.0, 0.0], [2.0, 0.0], [1.0, 1.0], [3.0, 1.0]])
EDGES = np.array([[0, 2, 1, 1, 0], [1, 1, 2, 1, 2]])  # 0 → 1, 2 → 1, 1 → 2, a loop at 1, 0 → 2


def drawn(**style):
    figure, axes = canvas()
    graph(axes, PLACES, EDGES, **style)
    figure.canvas.draw()
    kinds = [[patch for patch in axes.patches if isinstance(patch, kind)]
             for kind in (FancyArrowPatch, Circle, Rectangle)]
    return figure.told[-1], kinds, [text.get_text() for text in axes.texts], axes


def test_each_edge_is_an_arrow_and_each_node_tells_what_it_reads():
    told, (arrows, circles, squares), words, _ = drawn(names=["a", "b", "c", "d"], title="people")
    assert len(arrows) == 4 and len(circles) == 4 + 1 and not squares, "a loop is a small circle"
    assert told == ("people: 4 nodes, 5 edges; a reads nothing; b reads a (1), c (1), b (1); c reads b (1), a (1); "
                    "d reads nothing.")
    assert words == ["a", "b", "c", "d"]


def test_strong_edges_are_thick_and_those_without_weight_are_left_out():
    told, (arrows, *_), _, _ = drawn(strengths=[0.2, 0.8, 1.0, 0.0, 0.0])
    assert len(arrows) == 3
    thickness = [arrow.get_linewidth() for arrow in arrows]
    assert thickness[0] < thickness[1] < thickness[2] and "1 reads 0 (0.2), 2 (0.8);" in told


def test_only_one_target_is_drawn_strongly():
    _, (arrows, *_), _, _ = drawn(only=2, strengths=np.ones(5))
    colours = [to_hex(arrow.get_edgecolor()) for arrow in arrows]
    assert colours.count(look.ROLES["weights"].lower()) == 2 and colours.count(look.FAINT) == 2


def test_classes_have_forms_and_mistakes_a_cross_and_dashes():
    told, (_, circles, squares), _, axes = drawn(classes=[0, 1, 1, 0], known=[1, 0, 0, 0], wrong=[0, 0, 0, 1])
    assert len(squares) == 2 and len(circles) == 2 + 1 and len(axes.lines) == 1
    assert circles[-1].get_linestyle() == "--" and to_hex(circles[-1].get_edgecolor()) == look.WRONG.lower()
    assert circles[-2].get_linewidth() > 2 * circles[-1].get_linewidth()
    assert told.endswith("2 round, 2 square; known: 0; wrong: 3.")


def test_nodes_in_a_line_have_places():
    figure, axes = canvas()
    graph(axes, [[0.0, 1.0], [1.0, 1.0]], [[0], [1]], arrows=False, good=False, title="line")
    assert axes.get_title().startswith("✗") and figure.told[-1].startswith("line: 2 nodes, 1 edges")
    figure.canvas.draw()


def test_nodes_that_would_lie_on_each_other_are_moved_apart():
    _, axes = canvas()
    graph(axes, [[0.0, 0.0], [9.0, 9.0], [5.0, 5.0], [5.1, 5.0]], [[0], [1]])
    circles = [patch for patch in axes.patches if isinstance(patch, Circle)]
    centres = np.array([circle.center for circle in circles])
    apart = np.linalg.norm(centres[:, None] - centres, axis=2)[np.triu_indices(4, 1)]
    assert apart.min() > 2 * circles[0].radius


@pytest.mark.parametrize(("places", "edges", "style", "told"), [
    (PLACES, [[0, 4], [1, 1]], {}, "nodes from 0 to 4, but there are places for those from 0 to 3"),
    (PLACES, [[0, -1], [1, 1]], {}, "from -1 to 1"),
    (PLACES.T, EDGES, {}, r"places of shape \(2, 4\) and edges of shape \(2, 5\)"),
    (PLACES, EDGES.T, {}, r"edges of shape \(5, 2\)"),
    (PLACES, EDGES, {"names": ["a"]}, "names and the places .* 1 and 4"),
    (PLACES, EDGES, {"strengths": np.ones(4)}, "strengths and the edges .* 4 and 5"),
    (PLACES, EDGES, {"classes": [0, 1]}, "classes and the places .* 2 and 4"),
    (np.zeros((0, 2)), EDGES, {}, "nothing to draw")])
def test_what_does_not_fit_is_refused(places, edges, style, told):
    with pytest.raises(ValueError, match=told):
        graph(canvas()[1], places, edges, **style)
