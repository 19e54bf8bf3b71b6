"""A loss of one number as a curve, and the steps that go down on it."""

from collections.abc import Callable, Sequence

import numpy as np

from selfattention.plots import look

POINTS = 200
MOST_STEPS = 12


def descent(axes, loss: Callable[[np.ndarray], np.ndarray], path: Sequence[float], *, xlabel: str = "w",
            ylabel: str = "loss", title: str = "", good: bool | None = None, slopes: Sequence[float] = ()) -> None:
    """Draw a loss over one number, and on it the values that a descent visits, counted from 0.

    Args:    loss: of an array of values. path: the values in their order. slopes: at the first of them; each is drawn as
             a short line that touches the curve. good: False for what goes wrong, True for what is right.
    Raises:  ValueError: nothing was visited, or there are more slopes than values.
    """
    visited = look.table(list(path), "the path", axes=1)
    if len(slopes) > len(visited):
        raise ValueError(f"{len(slopes)} slopes are given for {len(visited)} values: a slope belongs to a value")
    part, notice = look.window(len(visited), MOST_STEPS + 1)
    shown, heights = visited[part], loss(visited[part])
    low, high = shown.min(), shown.max()
    margin = 0.15 * (high - low) or 1.0
    x = np.linspace(low - margin, high + margin, POINTS)
    axes.plot(x, loss(x), color=look.FAINT, linewidth=1.6, zorder=1)
    colour = look.WRONG if good is False else look.COLOURS[0]
    for start, end in zip(zip(shown, heights), zip(shown[1:], heights[1:])):
        axes.annotate("", end, start, zorder=3, arrowprops={
            "arrowstyle": "-|>", "color": colour, "linewidth": 1.6, "linestyle": "--" if good is False else "-",
            "shrinkA": 5, "shrinkB": 5, "connectionstyle": "arc3,rad=0.25" if end[0] > start[0] else "arc3,rad=-0.25"})
    axes.scatter(shown, heights, color=colour, s=34, zorder=4)
    for at, y, slope in zip(shown, heights, slopes):
        reach = min(0.12 * (high - low), 0.25 * np.ptp(loss(x)) / (abs(slope) or 1.0))
        axes.plot([at - reach, at + reach], [y - reach * slope, y + reach * slope], color=look.COLOURS[5], linewidth=2.4,
                  zorder=2)
    middle = (low + high) / 2
    for number, (at, y) in enumerate(zip(shown, heights)):
        side = -1 if at < middle else 1
        axes.annotate(str(number), (at, y), (8 * side, -3), textcoords="offset points", zorder=5,
                      ha="right" if side < 0 else "left", va="top", weight="bold")
    look.entitle(axes, f"{title} ({notice})" if notice else title, good)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.grid(alpha=0.25)
    places = ", ".join(f"{number}: {ylabel} {look.number(y)} at {look.number(at)}"
                       for number, (at, y) in enumerate(zip(shown, heights)))
    look.tell(axes, f"{title or 'Descent'}: {places}.")
