"""Nodes and edges: an arrow goes from what is read to who reads it, and is as strong as its weight."""

from collections.abc import Sequence

import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from selfattention.plots import look
from selfattention.plots.board import Board

MARGIN, BEND = 0.3, 0.14  # inches around the nodes; how much one of two opposite arrows is curved
FEW, MANY = 10, 12  # nodes whose edges are told one by one; beyond how many they are drawn smaller
PUSHES = 100  # small steps by which nodes that would lie on each other are moved


def graph(axes, places, edges, *, names: Sequence[str] = (), strengths=None, classes=None, known=None, wrong=None,
          only: int | None = None, arrows: bool = True, title: str = "", good: bool | None = None) -> None:
    """Draw nodes at their places and edges between them; nodes of class 0 are round, those of class 1 square.

    Args:    places: (nodes, 2), wherever a layout puts them. edges: (2, edges), sources above, targets below. names:
             of the nodes; left out, their numbers. strengths: a number from 0 for each edge; the largest is the
             thickest. classes: 0 or 1 for each node. known: True where a node's class was told; its rim is thick.
             wrong: True where a node is a mistake; it is dashed and crossed out. only: the one target whose edges are
             drawn strongly. arrows: whether edges have a head. good: False for what goes wrong, True for what is right.
    Raises:  ValueError: shapes do not fit, there is nothing, or an edge names a node that has no place.
    """
    places, edges = look.table(places, "the places", axes=2), look.table(edges, "the edges", axes=2).astype(int)
    count = len(places)
    if places.shape[1] != 2 or len(edges) != 2:
        raise ValueError(f"places of shape {places.shape} and edges of shape {edges.shape}: a place has two numbers, "
                         "and edges have two rows, sources and targets")
    if not 0 <= edges.min() <= edges.max() < count:
        raise ValueError(f"the edges name nodes from {edges.min()} to {edges.max()}, but there are places for those "
                         f"from 0 to {count - 1}")
    plain = strengths is None
    strengths = np.ones(edges.shape[1]) if plain else look.table(strengths, "the strengths", axes=1)
    look.same_length(strengths, "the strengths", edges.T, "the edges")
    names = [str(name) for name in names] or [str(node) for node in range(count)]
    look.same_length(names, "the names", places, "the places")
    marks = {}
    for what, given in (("classes", classes), ("known", known), ("wrong", wrong)):
        marks[what] = np.zeros(count, dtype=int) if given is None else look.table(given, what, axes=1).astype(int)
        look.same_length(marks[what], what, places, "the places")
    width = axes.figure.get_figwidth() / len(axes.figure.axes) - 0.15
    board = Board(width, axes.figure.get_figheight() - (0.35 if title else 0.1), axes)
    look.entitle(axes, title, good)
    radius = max(0.17 if count <= MANY else 0.135, 0.06 * max(map(len, names)))
    at = _spread(places, board, radius)
    opposite = {(source, target) for source, target in edges.T.tolist()}
    for (source, target), strength in zip(edges.T.tolist(), strengths / (strengths.max() or 1.0)):
        bend = BEND if arrows and (target, source) in opposite else 0.0
        colour = look.FAINT if plain else look.ROLES["weights"]
        style = {"linewidth": 1.3 if plain else 0.6 + 3.4 * strength, "alpha": 0.35 + 0.65 * strength, "color": colour}
        if only is not None and target != only:
            style = {"linewidth": 0.6, "alpha": 0.3, "color": look.FAINT}
        if strength > 0 and source == target:
            _loop(board, at[source], at.mean(axis=0), radius, style)
        elif strength > 0:
            _edge(board, at[source], at[target], radius, bend, arrows, style)
    for node, place in enumerate(at):
        _node(board, place, radius, names[node], bool(marks["classes"][node]) if classes is not None else None,
              bool(marks["known"][node]), bool(marks["wrong"][node]))
    look.tell(axes, _described(names, edges, strengths, marks, classes is not None, title))


def _spread(places: np.ndarray, board: Board, radius: float) -> np.ndarray:
    """The places in inches: as large as the sheet allows, with room for loops above, and no node on another."""
    low, reach = places.min(axis=0), np.ptp(places, axis=0)
    edge = max(MARGIN, 2 * radius)
    room = np.array([board.width, board.height]) - 2 * edge
    share = np.where(reach > 0, (places - low) / np.where(reach > 0, reach, 1), 0.5)
    return _pushed(edge + np.column_stack([share[:, 0], 1 - share[:, 1]]) * room, 2.5 * radius)


def _pushed(at: np.ndarray, gap: float) -> np.ndarray:
    """The places, where two were closer than `gap` pushed away from each other little by little."""
    for _ in range(PUSHES):
        apart = at[:, None] - at
        distances = np.linalg.norm(apart, axis=2, keepdims=True)
        lacking = np.clip(gap - distances, 0.0, None) / np.where(distances > 0, distances, 1.0)
        at = at + 0.2 * (lacking * apart).sum(axis=1)
    return at


def _edge(board: Board, start: np.ndarray, end: np.ndarray, radius: float, bend: float, arrows: bool,
          style: dict) -> None:
    gap = 72 * (radius + 0.02)  # points
    board.axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>" if arrows else "-", zorder=1,
                                         mutation_scale=7 + style["linewidth"], shrinkA=gap, shrinkB=gap,
                                         connectionstyle=f"arc3,rad={bend}", **style))


def _loop(board: Board, place: np.ndarray, middle: np.ndarray, radius: float, style: dict) -> None:
    """A small circle on the side that looks away from the middle of the graph."""
    away = place - middle
    length = float(np.hypot(*away))
    x, y = place + 1.2 * radius * (away / length if length else np.array([0.0, -1.0]))
    board.axes.add_patch(Circle((x, y), 0.62 * radius, fill=False, zorder=1, **style))


def _node(board: Board, place: np.ndarray, radius: float, name: str, square: bool | None, known: bool,
          wrong: bool) -> None:
    x, y = place.tolist()
    colour = look.ROLES["tokens"] if square is None else look.COLOURS[int(square)]
    style = {"facecolor": look.tint(colour, 0.3), "zorder": 3, "linewidth": 3.0 if known else 1.2,
             "edgecolor": look.WRONG if wrong else look.INK if known else colour, "linestyle": "--" if wrong else "-"}
    if square:
        side = 1.8 * radius
        board.axes.add_patch(Rectangle((x - side / 2, y - side / 2), side, side, **style))
    else:
        board.axes.add_patch(Circle((x, y), radius, **style))
    board.text(x, y, name)
    if wrong:
        board.axes.plot(x + radius, y - radius, "x", color=look.WRONG, markersize=8, markeredgewidth=2.2, zorder=5)


def _described(names: list[str], edges: np.ndarray, strengths: np.ndarray, marks: dict[str, np.ndarray],
               classed: bool, title: str) -> str:
    said = [f"{title or 'Graph'}: {len(names)} nodes, {edges.shape[1]} edges"]
    if len(names) <= FEW:
        for target, name in enumerate(names):
            reads = [f"{names[source]} ({look.number(strength)})" for source, strength in
                     zip(edges[0, edges[1] == target], strengths[edges[1] == target]) if strength > 0]
            said.append(f"{name} reads {look.listed(reads, FEW) or 'nothing'}")
    if classed:
        square = marks["classes"].astype(bool)
        said.append(f"{(~square).sum()} round, {square.sum()} square")
    for what, words in (("known", "known"), ("wrong", "wrong")):
        if marks[what].any():
            said.append(f"{words}: {look.listed([names[node] for node in np.flatnonzero(marks[what])], FEW)}")
    return "; ".join(said) + "."
