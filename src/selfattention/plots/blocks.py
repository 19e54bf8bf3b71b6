"""Arrays as boxes whose sides carry axis names and sizes, and operations as boxes that become boxes."""

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from selfattention.plots import look
from selfattention.plots.board import Board

CELL, READABLE, SMALLEST_CELL, SHEET, GRID = 0.24, 0.1, 0.02, 0.13, 16
FLAT = 0.4  # an array whose numbers reach over less of its colour's scale would look flat, and has its own
TALLEST, WIDEST = 2.2, 4.6  # inches; what is longer is squeezed
MOST_SHEETS = 6


@dataclass(frozen=True)
class Block:
    """An array to be drawn.

    Args:    axes: a name for each axis, such as "heads tokens d_head"; the last two are down and across, others are
             sheets. groups: into how many bands of columns it is about to be cut, or was.
    """

    name: str
    array: Any
    axes: str
    groups: int = 1
    role: str = ""

    @property
    def colour(self) -> str:
        """As what it is coloured: by its name, where nothing else is said."""
        return self.role or look.role_of(self.name)


def blocks(*steps: tuple | str, title: str = "", width: Real = look.WIDTH):
    """Draw arrays and, between them, operations as text: `blocks(("queries", Q, "queries d"), "@", ("keysᵀ", …), …)`.

    An array is given as its name, its numbers, and a name for each axis; as a fourth the number of bands its columns
    are cut into, as a fifth a role of `ROLES` if the name does not tell it.
    An operation of one sign stands in the middle, a word such as `transpose` above an arrow, what starts with `✗` is
    said to fail, and `"\\n"` starts a new line. Arrays of one colour share their shades, unless one would look flat.

    Returns: the figure. What does not fit beside each other goes on in the next line.
    Raises:  ValueError: an array has not as many axes as names, or there is nothing to draw.
    """
    rows: list[list[tuple | str]] = [[]]
    for step in steps:
        rows.append([]) if step == "\n" else rows[-1].append(step)
    drawn = [[step if isinstance(step, str) else _checked(Block(*step)) for step in row] for row in rows]
    drawn = [line for row in drawn for line in _wrapped(row, width)]
    if not any(isinstance(step, _Drawn) for row in drawn for step in row):
        raise ValueError("there is nothing to draw: give at least one array")
    sizes = [_fit(row, width) for row in drawn]
    heights = [_height(row, cell) for row, cell in zip(drawn, sizes)]
    top = 0.32 * bool(title)
    board = Board(width, top + sum(heights))
    if title:
        board.text(0.08, 0.16, title, ha="left", weight="bold")
    scales = _scales([step for row in drawn for step in row if isinstance(step, _Drawn)])
    for row, cell, height in zip(drawn, sizes, heights):
        _line(board, row, cell, top, height, scales)
        top += height
    look.tell(board.axes, "; ".join(_described(row) for row in drawn) + ".")
    return board.figure


@dataclass(frozen=True)
class _Drawn:
    block: Block
    grid: np.ndarray  # two axes: what is seen of the first sheet
    sheets: int
    lead: str  # what the sheets are, with their sizes

    def names(self) -> tuple[str, str]:
        down, across = ["", *self.block.axes.split()][-2:]
        return down, across

    def spread(self) -> float:
        return SHEET * (min(self.sheets, MOST_SHEETS) - 1)


def _checked(block: Block) -> _Drawn:
    array, axes = look.table(block.array, block.name), block.axes.split()
    if array.ndim != len(axes):
        raise ValueError(f"{block.name} has shape {array.shape}, but its axes are named {block.axes!r}: give one name "
                         "for each axis")
    grid = array if array.ndim > 1 else array.reshape(1, -1)
    lead = ", ".join(f"{name}: {size}" for name, size in zip(axes[:-2], array.shape))
    return _Drawn(block, grid.reshape(-1, *grid.shape[-2:])[0], int(np.prod(array.shape[:-2])), lead)


def _wide(drawn: _Drawn, cell: Real) -> float:
    return min(drawn.grid.shape[1] * cell, WIDEST)


def _scales(arrays: list[_Drawn]) -> dict[str, tuple[float, float]]:
    """What is lightest and darkest in each colour, over all arrays of the picture."""
    scales = {}
    for array in arrays:
        finite = array.grid[np.isfinite(array.grid)]
        low, high = scales.get(array.block.colour, (0.0, 0.0))
        low, high = min(low, finite.min(initial=0.0)), max(high, finite.max(initial=0.0))
        scales[array.block.colour] = float(low), float(high)
    return scales


def _label(drawn: _Drawn) -> float:
    """The room, in inches, that an array's names need where its cells are narrower."""
    _, across = drawn.names()
    return max(0.095 * len(drawn.block.name), 0.085 * len(f"{across}: {drawn.grid.shape[1]}"), 0.085 * len(drawn.lead))


def _operation(step: str) -> float:
    return 0.3 if len(step) <= 2 else max(0.5, max(0.085 * len(line) for line in step.split("\n")) + 0.08)


def _needed(row, cell: Real) -> float:
    total = 0.1
    for step in row:
        total += (_operation(step) if isinstance(step, str)
                  else max(_wide(step, cell) + step.spread(), _label(step)) + 0.42)
    return total


def _wrapped(row, width: Real) -> list[list]:
    """A line, cut before an operation wherever its boxes would become too small."""
    lines, rest = [[]], list(row)
    while rest:
        step = rest.pop(0)
        together = [step, rest.pop(0)] if isinstance(step, str) and rest else [step]
        if len(lines[-1]) > 0 and _needed([*lines[-1], *together], READABLE) > width:
            lines.append([])
        lines[-1] += together
    return lines


def _fit(row, width: Real) -> float:
    """The largest cell with which a line is not too wide, nor a box too tall."""
    for cell in np.linspace(CELL, SMALLEST_CELL, 60):
        if _needed(row, cell) <= width and all(isinstance(step, str) or step.grid.shape[0] * cell <= TALLEST
                                               for step in row):
            return float(cell)
    return SMALLEST_CELL


def _tall(drawn: _Drawn, cell: Real) -> float:
    return min(drawn.grid.shape[0] * cell, TALLEST)


def _height(row, cell: Real) -> float:
    tallest = max((_tall(step, cell) + step.spread() for step in row if isinstance(step, _Drawn)), default=0.3)
    lead = 0.22 * any(isinstance(step, _Drawn) and step.lead for step in row)
    return 0.3 + lead + tallest + 0.42


def _line(board: Board, row, cell: Real, top: Real, height: Real, scales: dict) -> None:
    middle = top + height / 2 + 0.05
    x = max(0.05, (board.width - _needed(row, cell)) / 2)
    for step in row:
        if isinstance(step, str):
            wide = _operation(step)
            if len(step) <= 2:
                board.text(x + wide / 2, middle, step, fontsize=board.letters * 1.4)
            elif step.startswith("✗"):
                board.text(x + wide / 2, middle, step, color=look.WRONG, linespacing=1.1)
            else:
                board.arrow((x + 0.04, middle), (x + wide - 0.04, middle), line=1.6)
                board.text(x + wide / 2, middle - 0.1, step, va="bottom", linespacing=1.0)
            x += wide
            continue
        room = max(_wide(step, cell) + step.spread(), _label(step))
        _array(board, step, x + 0.34 + (room - _wide(step, cell) - step.spread()) / 2, middle, cell, room,
               scales[step.block.colour])
        x += room + 0.42


def _array(board: Board, step: _Drawn, x: Real, middle: Real, cell: Real, room: Real, scale: tuple) -> None:
    (rows, columns), role = step.grid.shape, step.block.colour
    tall, wide = _tall(step, cell), _wide(step, cell)
    y = middle - tall / 2 + step.spread() / 2
    for sheet in range(min(step.sheets, MOST_SHEETS) - 1, 0, -1):
        board.axes.add_patch(Rectangle((x + SHEET * sheet, y - SHEET * sheet), wide, tall, linewidth=1.0,
                                       facecolor=look.tint(role, 0.3), edgecolor=look.ROLES.get(role, look.INK)))
    _fill(board, step, x, y, wide, tall, scale)
    down, across = step.names()
    above = y - step.spread() - 0.14
    board.text(x + (wide + step.spread()) / 2, above - 0.21 * bool(step.lead), step.block.name, weight="bold")
    if step.lead:
        board.text(x + (wide + step.spread()) / 2, above, step.lead, style="italic")
    board.text(x + wide / 2, y + tall + 0.15, f"{across}: {columns}")
    if down:
        board.text(x - 0.14, y + tall / 2, f"{down}: {rows}", rotation=90)


def _fill(board: Board, step: _Drawn, x: Real, y: Real, wide: Real, tall: Real, scale: tuple[Real, Real]) -> None:
    """The front sheet: its numbers as shades, band by band where it is cut."""
    (rows, columns), role = step.grid.shape, step.block.colour
    finite = step.grid[np.isfinite(step.grid)]
    own = np.ptp(finite) if finite.size else 0.0
    shades = look.shades(step.grid, *(scale if own > FLAT * (scale[1] - scale[0]) else ()))
    pixels = np.array([[look.tint(role, 0.06 + 0.69 * shade) for shade in line] for line in shades])
    board.axes.imshow(pixels, extent=(x, x + wide, y + tall, y), aspect="auto", interpolation="nearest", zorder=1)
    board.axes.set(xlim=(0, board.width), ylim=(board.height, 0), aspect="equal")
    edge = look.ROLES.get(role, look.INK)
    board.axes.add_patch(Rectangle((x, y), wide, tall, fill=False, edgecolor=edge, linewidth=1.4, zorder=2))
    if max(rows, columns) <= GRID:
        for place in range(1, columns):
            board.axes.plot([x + place * wide / columns] * 2, [y, y + tall], color="white", linewidth=0.8, zorder=2)
        for place in range(1, rows):
            board.axes.plot([x, x + wide], [y + place * tall / rows] * 2, color="white", linewidth=0.8, zorder=2)
    for cut in range(1, step.block.groups):
        at = x + wide * cut / step.block.groups
        board.axes.plot([at, at], [y, y + tall], color=look.INK, linewidth=1.6, linestyle="--", zorder=3)


def _described(row) -> str:
    said = []
    for step in row:
        if isinstance(step, str):
            said.append(step.replace("\n", " "))
        else:
            array = np.shape(step.block.array)
            said.append(f"{step.block.name} (" + ", ".join(f"{name} {size}" for name, size
                                                          in zip(step.block.axes.split(), array)) + ")")
    return " ".join(said)
