"""The way past as a stream that sublayers read from and write to, with the norms where they stand."""

from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np

from selfattention.plots import look
from selfattention.plots.board import Board

PLACES = ("on the stream", "before the sublayer", "nowhere")


def streams(sizes: Mapping[str, Sequence[Real]], norms: Mapping[str, str], *, sublayers: Sequence[str],
            unit: str = "size of x"):
    """Draw one stream for each name, as thick as x is large before the first and after each sublayer.

    Args:    sizes: one number more than there are sublayers. norms: for each name one of `PLACES`.
    Returns: the figure.
    Raises:  ValueError: sizes do not fit the sublayers, are not finite, or a norm stands elsewhere.
    """
    look.required(sizes, "streams")
    board = Board(look.WIDTH, 1.95 * len(sizes) + 0.05)
    largest = max(look.table(list(row), name, axes=1).max() for name, row in sizes.items())
    for number, (name, row) in enumerate(sizes.items()):
        look.same_length(row[1:], f"the sizes of {name!r} after a sublayer", sublayers, "the sublayers")
        if not np.isfinite(row).all():
            raise ValueError(f"the sizes of {name!r} should be finite to be drawn, but are {look.listed(row)}")
        if norms.get(name) not in PLACES:
            raise ValueError(f"the norms of {name!r} stand {norms.get(name)!r}: choose one of {', '.join(PLACES)}")
        _stream(board, 1.95 * number, name, [float(one) for one in row], norms[name], sublayers, largest, unit)
        look.tell(board.axes, f"{name}: norms {norms[name]}; {unit} {look.listed(row, 12)}.")
    return board.figure


def _stream(board: Board, top: Real, name: str, sizes: list[Real], norm: str, sublayers: Sequence[str],
            largest: Real, unit: str) -> None:
    left, right, middle = 0.35, board.width - 0.35, top + 0.85
    step = (right - left) / len(sublayers)
    board.text(0.08, top + 0.16, f"{name}: norms {norm}", ha="left", weight="bold")
    for place, sublayer in enumerate(sublayers):
        start = left + place * step
        _flow(board, start, start + step, middle, sizes[place], sizes[place + 1], largest, last=place)
        read, write, box_y = start + 0.06 * step, start + 0.62 * step, middle + 0.62
        box_x, box_wide = start + 0.13 * step, 0.41 * step
        board.path((read, middle), (read, box_y + 0.2), (box_x, box_y + 0.2), colour=look.FAINT)
        if norm == "before the sublayer":
            _norm(board, read, middle + 0.45)
        board.box(box_x, box_y, box_wide, 0.4, sublayer, fill=look.tint("values", 0.2), linespacing=0.95)
        board.path((box_x + box_wide, box_y + 0.2), (write, box_y + 0.2), (write, middle + 0.12), colour=look.FAINT)
        board.box(write - 0.11, middle - 0.11, 0.22, 0.22, "+", round=0.1)
        if norm == "on the stream":
            _norm(board, write + 0.25 * step, middle)
    for place, size in enumerate(sizes):
        if place:
            board.text(left + (place - 0.12) * step, middle - 0.38, look.number(size))
        else:
            board.text(0.08, middle - 0.38, f"{unit}: {look.number(size)}", ha="left")


def _flow(board: Board, start: Real, end: Real, middle: Real, before: Real, after: Real, largest: Real,
          last: int) -> None:
    for x0, x1, size in ((start, start + 0.62 * (end - start), before), (start + 0.62 * (end - start), end, after)):
        half = 0.03 + 0.2 * size / largest
        board.axes.fill_between([x0, x1], middle - half, middle + half, color=look.ROLES["scores"], alpha=0.65,
                                linewidth=0, zorder=0)


def _norm(board: Board, x: Real, y: Real) -> None:
    board.box(x - 0.24, y - 0.12, 0.48, 0.24, "norm", fill="white", edge=look.ROLES["weights"], line=2)
