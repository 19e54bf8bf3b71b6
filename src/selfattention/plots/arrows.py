"""Vectors in the plane as arrows with their angles, and the hands of clocks that turn at different rates."""

from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np
from matplotlib.patches import Arc, Circle

from selfattention.plots import look
from selfattention.plots.board import Board

MOST_CLOCKS = 12
NARROW = 15  # degrees; there is no room for a number within a smaller angle


def arrows(vectors: Mapping[str, Sequence[Real]], *, roles: Mapping[str, str] | None = None,
           angles: Sequence[tuple[str, str]] = (), title: str = "", width: Real = 4.2):
    """Draw vectors of two numbers from the origin, and the angle between some of them in degrees.

    Args:    roles: as what each is coloured, such as `queries`; `tokens` where nothing is said.
    Returns: the figure.
    Raises:  ValueError: a vector has not two finite numbers, or an angle names none of the vectors.
    """
    look.required(vectors, "arrows")
    ends = {name: look.table(vector, name, axes=1) for name, vector in vectors.items()}
    for name, end in ends.items():
        if end.shape != (2,) or not np.isfinite(end).all():
            raise ValueError(f"an arrow needs two finite numbers, but {name!r} is {look.listed(end)}")
    for pair in angles:
        if flat := [name for name in pair if name in ends and not ends[name].any()]:
            raise ValueError(f"an arrow without length has no angle: {', '.join(flat)} is (0, 0)")
        if missing := set(pair) - set(ends):
            raise ValueError(f"an angle is asked with {', '.join(missing)}, but the arrows are {', '.join(ends)}")
    every = np.array([*ends.values(), [0, 0]])
    low, high = every.min(axis=0), every.max(axis=0)
    margin = 0.3 * max(high - low)
    figure, axes = look.canvas(width=width, height=max(1.8, min(width, width * (high - low + 2 * margin)[1]
                                                               / (high - low + 2 * margin)[0] + 0.4)))
    axes.set(xlim=(low[0] - margin, high[0] + margin), ylim=(low[1] - margin, high[1] + margin), aspect="equal")
    look.entitle(axes, title)
    axes.axhline(0, color=look.ROLES["masks"], linewidth=0.8, zorder=0)
    axes.axvline(0, color=look.ROLES["masks"], linewidth=0.8, zorder=0)
    for name, (x, y) in ends.items():
        colour = look.ROLES[(roles or {}).get(name, "tokens")]
        axes.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 2.2,
                                                      "mutation_scale": 14, "shrinkA": 0, "shrinkB": 0})
        length = np.hypot(x, y) or 1.0
        across, up = x / length, y / length
        axes.annotate(f"{name}\n({look.number(x)}, {look.number(y)})", (x, y), (6 * across, 6 * up),
                      textcoords="offset points", linespacing=1.05,
                      ha="left" if across > 0.4 else "right" if across < -0.4 else "center",
                      va="bottom" if up > 0.4 else "top" if up < -0.4 else "center",
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    _arcs(axes, ends, angles, 0.35 * max(np.hypot(*end) for end in ends.values()))
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    look.tell(axes, "Arrows: " + ", ".join(f"{name} ({look.number(x)}, {look.number(y)})"
                                           for name, (x, y) in ends.items()) + ".")
    return figure


def degrees_between(one: np.ndarray, other: np.ndarray) -> float:
    """The angle between two vectors, 0 to 180."""
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return float(np.degrees(np.arccos(np.clip(one @ other / lengths, -1, 1)))) if lengths else float("nan")


def _arcs(axes, ends: Mapping[str, np.ndarray], angles: Sequence[tuple[str, str]], radius: Real) -> None:
    told = []
    for order, (one, other) in enumerate(angles):
        first, second = (np.degrees(np.arctan2(*ends[name][::-1])) for name in (one, other))
        if (second - first) % 360 > 180:
            first, second = second, first
        size = radius * (1 + 0.45 * order)
        axes.add_patch(Arc((0, 0), 2 * size, 2 * size, theta1=first, theta2=second, color=look.INK, linewidth=1.1))
        middle = np.radians(first + ((second - first) % 360) / 2)
        angle = degrees_between(ends[one], ends[other])
        told.append(f"{one} – {other} {angle:.0f}°")
        look.tell(axes, f"Between {one} and {other} lie {angle:.0f} degrees.")
        if angle < NARROW:
            continue
        axes.text(1.22 * size * np.cos(middle), 1.22 * size * np.sin(middle), f"{angle:.0f}°", ha="center", va="center",
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    if told:
        axes.set_xlabel("angles: " + ("\n" if len(told) > 2 else "") + ", ".join(told))


def clocks(angles, *, rows: Sequence[str], columns: Sequence, role: str = "queries", title: str = ""):
    """Draw a clock for each angle (rows, columns), in radians, counted anticlockwise from the right.

    Returns: the figure.
    Raises:  ValueError: angles and names do not fit.
    """
    angles = look.table(angles, "the angles", axes=2)
    look.same_length(rows, "the names of the rows", angles, "the rows of clocks")
    look.same_length(columns, "the names of the columns", angles.T, "the columns of clocks")
    part, notice = look.window(angles.shape[1], MOST_CLOCKS)
    count, shown = len(rows), len(columns[part])
    step = min(0.78, 5.0 / shown)
    left = 0.12 * max(len(row) for row in rows) + 0.15
    board = Board(left + shown * step + 0.1, count * step + 0.42 + 0.32 * bool(title or notice))
    top = 0.32 * bool(title or notice)
    if title or notice:
        board.text(0.08, 0.16, f"{title} ({notice})" if notice else title, ha="left", weight="bold")
    for row, name in enumerate(rows):
        board.text(left - 0.1, top + (row + 0.5) * step, name, ha="right")
        for column in range(shown):
            x, y, radius = left + (column + 0.5) * step, top + (row + 0.5) * step, 0.42 * step
            board.axes.add_patch(Circle((x, y), radius, fill=False, edgecolor=look.ROLES["masks"], linewidth=1))
            turn = angles[row, column]
            if np.isfinite(turn):
                board.arrow((x, y), (x + radius * np.cos(turn), y - radius * np.sin(turn)), colour=look.ROLES[role],
                            line=1.8)
        look.tell(board.axes, f"{name}: turned by {look.listed(np.degrees(angles[row, part]).round())} degrees.")
    for column, name in enumerate(list(columns)[part]):
        board.text(left + (column + 0.5) * step, top + count * step + 0.16, str(name))
    return board.figure
