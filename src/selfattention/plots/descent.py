"""A loss of one number as a curve, and the steps that go down on it."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from numbers import Real

import numpy as np

from selfattention.plots import look

POINTS = 200
MOST_STEPS = 12
NEAR = 0.05  # of the picture's width and height: what is nearer is drawn without an arrow
BELOW = 0.14  # of the curve's height: room below it, for numbers
DOT = 4  # points: half of a point and its rim
SIDES = ((0, 1), (0, -1), (1, 0), (-1, 0))


def descent(axes, loss: Callable[[np.ndarray], np.ndarray], path: Sequence[Real], *, slopes: Sequence[Real] = (),
            around: tuple[Real, Real] | None = None, xlabel: str = "w", ylabel: str = "loss", title: str = "",
            good: bool | None = None) -> None:
    """Draw a loss over one number, and on it the values that a descent visits, counted from 0.

    Args:    loss: of an array of values. path: the values in their order. slopes: at the first of them; each is drawn
             as a short line that touches the curve. around: from where to where the curve is drawn, at least.
             good: False for what goes wrong, True for what is right.
    Raises:  ValueError: nothing was visited, or there are more slopes than values.
    """
    visited = look.table(list(path), "the path", axes=1)
    if len(slopes) > len(visited):
        raise ValueError(f"{len(slopes)} slopes are given for {len(visited)} values: a slope belongs to a value")
    part, notice = look.window(len(visited), MOST_STEPS + 1)
    shown = visited[part]
    heights = np.asarray(loss(shown), dtype=float)
    margin = 0.15 * np.ptp(shown) or 1.0
    low, high = shown.min() - margin, shown.max() + margin
    if around:
        low, high = min(low, around[0]), max(high, around[1])
    x = np.linspace(low, high, POINTS)
    curve = np.asarray(loss(x), dtype=float)
    wide, tall = high - low, np.ptp(curve) or 1.0
    axes.plot(x, curve, color=look.FAINT, linewidth=1.6, zorder=1)
    colour = look.WRONG if good is False else look.COLOURS[0]
    points = list(zip(shown, heights))
    for start, end in pairwise(points):
        if _apart(start, end, wide, tall):
            axes.annotate("", end, start, zorder=3, arrowprops={
                "arrowstyle": "-|>", "color": colour, "linewidth": 1.6, "shrinkA": 5, "shrinkB": 5,
                "linestyle": "--" if good is False else "-",
                "connectionstyle": f"arc3,rad={_bend(start, end)}"})
    axes.scatter(shown, heights, color=colour, s=34, zorder=4)
    touching = []
    for (at, y), slope in zip(points, slopes):
        reach = min(0.12 * wide, 0.2 * tall / (abs(slope) or 1.0))
        ends = np.linspace((at - reach, y - reach * slope), (at + reach, y + reach * slope), 20)
        axes.plot(*ends[[0, -1]].T, color=look.COLOURS[5], linewidth=3, zorder=2)
        touching.append(ends)
    look.entitle(axes, f"{title} ({notice})" if notice else title, good)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.grid(alpha=0.25)
    axes.set_ylim(min(curve.min(), heights.min()) - BELOW * tall)
    _numbered(axes, loss, points, np.concatenate([np.column_stack([x, curve]), *touching]), wide)
    places = ", ".join(f"{number}: {ylabel} {look.number(y)} at {look.number(at)}"
                       for number, (at, y) in enumerate(points))
    look.tell(axes, f"{title or 'Descent'}: {places}.")


def _apart(one: tuple[float, float], other: tuple[float, float], wide: float, tall: float) -> bool:
    return bool(abs(one[0] - other[0]) > NEAR * wide or abs(one[1] - other[1]) > NEAR * tall)


def _numbered(axes, loss, points: list[tuple[float, float]], taken: np.ndarray, wide: float) -> None:
    """Number the points wherever a number hides nothing and lies within the axes; the last point always."""
    axes.figure.draw_without_rendering()  # where everything stands is known only then
    pixel, inside = axes.figure.dpi / 72, axes.get_window_extent()
    places = axes.transData.transform(points) / pixel
    edges = np.array([inside.p0, inside.p1]) / pixel
    taken = np.concatenate([axes.transData.transform(taken) / pixel,
                            *(_bow(*two) for two in pairwise(places)),
                            *(places + DOT * np.array(side) for side in SIDES)])
    written: dict[int, np.ndarray] = {}
    for number in [len(points) - 1, *range(len(points) - 1)]:
        at, half = places[number], np.array([0.32 * len(str(number)), 0.4]) * look.letters(axes.figure.get_figwidth())
        if any(np.hypot(*(places[other] - at)) < 2 * DOT for other in written):
            continue
        falls = float(loss(points[number][0] + 1e-3 * wide)) < float(loss(points[number][0] - 1e-3 * wide))
        first = -1 if falls else 1  # outside of the bowl
        free = [spot for away in (9, 13) for across, up in ((first, -0.7), (0, -1), (first, 0), (0, 1), (-first, 0.7),
                                                            (first, 0.7), (-first, 0), (-first, -0.7))
                if _is_free(spot := at + np.array([across, up]) * (away + half * (abs(across), abs(up)) - 4), half,
                            number, places, taken, edges, written)]
        if free or number == len(points) - 1:
            written[number] = free[0] if free else at + np.array([10 * first, 8])
    for number in sorted(written):
        axes.annotate(str(number), points[number], written[number] - places[number], textcoords="offset points",
                      zorder=5, ha="center", va="center", weight="bold")


def _is_free(spot: np.ndarray, half: np.ndarray, number: int, places: np.ndarray, taken: np.ndarray,
             edges: np.ndarray, written: dict[int, np.ndarray]) -> bool:
    """Whether a number there is within the axes, hides nothing, and is nearer to its own point than to others."""
    far = np.hypot(*(places - spot).T)
    return bool((spot - half > edges[0]).all() and (spot + half < edges[1]).all()
                and not (np.abs(taken - spot) < half + 1).all(axis=1).any()
                and not any((np.abs(other - spot) < 2 * half + 1).all() for other in written.values())
                and far[number] <= far.min() + 1e-9)


def _bow(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Points along the arrow between two points."""
    dx, dy = end - start
    control = (start + end) / 2 + _bend(start, end) * np.array([dy, -dx])
    along = np.linspace(0, 1, 40)[:, None]
    return (1 - along)**2 * start + 2 * along * (1 - along) * control + along**2 * end


def _bend(start, end) -> float:
    return -0.25 if end[0] > start[0] else 0.25
