"""What reads what in a small network: tokens below, a row of dots for each layer, and the paths to one output."""

from collections.abc import Sequence

import numpy as np

from selfattention.plots import look
from selfattention.plots.board import Board

DOT, BELOW, ABOVE = 0.12, 0.42, 0.2  # inches: at most half a dot, the room for the tokens' names, and above the top
MOST_NAMED = 12  # tokens whose names have room


def wiring(axes, tokens: Sequence[str], layers: Sequence, *, along: bool = False, output: int = -1, title: str = "",
           good: bool | None = None) -> None:
    """Draw tokens at the bottom, a row of dots above them for each layer, and what each dot reads.

    Lines on the way to one output are strong, all others faint.

    Args:    layers: for each layer, from below, where a dot (a row) reads one of the row beneath (a column). along:
             whether each dot also reads its left neighbour in its own row. output: the dot whose paths are drawn
             strongly. good: False for what goes wrong, True for what is right.
    Raises:  ValueError: there is no layer, a layer's table does not fit the tokens, or there is no such output.
    """
    look.required(layers, "layers")
    count = len(tokens)
    tables = [look.table(layer, f"layer {number}", axes=2).astype(bool) for number, layer in enumerate(layers, start=1)]
    for number, table in enumerate(tables, start=1):
        if table.shape != (count, count):
            raise ValueError(f"the table of layer {number} has shape {table.shape}, but there are {count} tokens: it "
                             "needs a row and a column for each")
    if not -count <= output < count:
        raise ValueError(f"output {output} of {count} tokens: choose one from 0 to {count - 1}")
    output %= count
    width, height = axes.figure.get_figwidth() / len(axes.figure.axes) - 0.2, axes.figure.get_figheight() - 0.35
    board = Board(width, height, axes)
    look.entitle(axes, title, good)
    across = np.linspace(0.2, width - 0.2, count).tolist()
    up = np.linspace(height - (BELOW if count <= MOST_NAMED else ABOVE), ABOVE, len(tables) + 1).tolist()
    dot = min(DOT, 0.36 * (width - 0.4) / max(count - 1, 1))
    reached = _reached(tables, along, output)
    for number, table in enumerate(tables):
        lines = [(start, 0, to) for to, start in np.argwhere(table).tolist()]
        lines += [(to - 1, 1, to) for to in range(1, count if along else 0)]
        for start, higher, to in sorted(lines, key=lambda line: reached[number + 1][line[2]]):
            _line(board, (across[start], up[number + higher]), (across[to], up[number + 1]), dot,
                  reached[number + 1][to])
    for row, y in enumerate(up):
        for place, x in enumerate(across):
            strong, end = reached[row][place], row == len(tables) and place == output
            board.box(x - dot, y - dot, 2 * dot, 2 * dot, round=dot, line=2.2 if end else 1.0,
                      fill=look.tint("outputs" if row else "tokens", 0.55) if strong else "white",
                      edge=look.INK if strong else look.ROLES["masks"])
    for place, x in enumerate(across if count <= MOST_NAMED else ()):
        board.text(x, height - 0.12, look.name(tokens[place], 6))
    seen = [str(token) for token, is_seen in zip(tokens, reached[0]) if is_seen]
    look.tell(axes, f"{title or 'Wiring'}: {count} tokens, layers: {len(tables)}; the output at {tokens[output]} "
                    f"depends on {len(seen)} tokens: {', '.join(seen) or 'none'}.")


def _reached(tables: list[np.ndarray], along: bool, output: int) -> list[list[bool]]:
    """For each row, from the tokens up, which dots the output depends on."""
    dots = np.zeros(len(tables[0]), dtype=bool)
    dots[output] = True
    rows = []
    for table in reversed(tables):
        if along:
            dots = np.arange(len(dots)) <= np.flatnonzero(dots).max(initial=-1)
        rows.append(dots)
        dots = table[dots].any(axis=0)
    return [row.tolist() for row in (dots, *reversed(rows))]


def _line(board: Board, start: tuple[float, float], end: tuple[float, float], dot: float,
          strong: bool) -> None:
    (x0, y0), (x1, y1) = start, end
    length = float(np.hypot(x1 - x0, y1 - y0))
    across, up = (x1 - x0) / length * dot, (y1 - y0) / length * dot
    board.arrow((x0 + across, y0 + up), (x1 - across, y1 - up), colour=look.INK if strong else look.ROLES["masks"],
                line=1.5 if strong else 0.8, alpha=1.0 if strong else 0.45)
