"""A loss of one number as a curve, and the steps that go down on it."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from numbers import Real

import numpy as np

from selfattention.plots import look

POINTS = 200
MOST_STEPS = 12
NEAR = 0.05  # of the picture's width and height: what is nearer is drawn without an arrow and a number


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
                "connectionstyle": f"arc3,rad={-0.25 if end[0] > start[0] else 0.25}"})
    axes.scatter(shown, heights, color=colour, s=34, zorder=4)
    for (at, y), slope in zip(points, slopes):
        reach = min(0.12 * wide, 0.2 * tall / (abs(slope) or 1.0))
        axes.plot([at - reach, at + reach], [y - reach * slope, y + reach * slope], color=look.COLOURS[5],
                  linewidth=3, zorder=2)
    _count(axes, loss, points, wide, tall)
    look.entitle(axes, f"{title} ({notice})" if notice else title, good)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.grid(alpha=0.25)
    places = ", ".join(f"{number}: {ylabel} {look.number(y)} at {look.number(at)}"
                       for number, (at, y) in enumerate(points))
    look.tell(axes, f"{title or 'Descent'}: {places}.")


def _apart(one: tuple[float, float], other: tuple[float, float], wide: float, tall: float) -> bool:
    return bool(abs(one[0] - other[0]) > NEAR * wide or abs(one[1] - other[1]) > NEAR * tall)


def _count(axes, loss, points: list[tuple[float, float]], wide: float, tall: float) -> None:
    """Number the points, outside of the bowl, as long as there is room."""
    written: list[tuple[float, float]] = []
    for number, (at, y) in enumerate(points):
        if all(_apart((at, y), other, 2 * wide, 2 * tall) for other in written):
            falls = float(loss(at + 1e-3 * wide)) < float(loss(at - 1e-3 * wide))
            axes.annotate(str(number), (at, y), (-7 if falls else 7, -3), textcoords="offset points", zorder=5,
                          ha="right" if falls else "left", va="top", weight="bold")
            written.append((at, y))
