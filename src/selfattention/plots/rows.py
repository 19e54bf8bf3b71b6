"""Rows of tokens under each other, such as what a decoder reads and what it answers."""

from collections.abc import Mapping, Sequence

from selfattention.plots import look
from selfattention.plots.board import Board
from selfattention.plots.charts import LETTER

TALL, GAP, BETWEEN = 0.34, 0.42, 0.34  # inches: a box, the arrows between two rows, the room between two groups
ARCS, BEND = 0.62, 0.4  # inches above the first row for arcs, and how much these are curved, at most


def token_rows(*groups: Mapping[str, Sequence[str]], faint: Sequence[str] = (), handed_on: bool = False,
               looks: Sequence[tuple[int, int]] = (), title: str = ""):
    """Draw named rows of tokens, an arrow from each token to the one below: `token_rows({"reads": …, "answers": …})`.

    Args:    groups: rows that belong together; those of another group follow below. faint: tokens that do not count,
             such as padding. handed_on: with dashed arrows from each token up to the next place of the row above.
             looks: arcs above the very first row, each from the place of a token to the place where it looks.
    Returns: the figure.
    Raises:  ValueError: there is no row, the rows of a group differ in length, or an arc ends where no token is.
    """
    if not groups or not all(groups):
        raise ValueError("there is nothing to draw: give at least one row of tokens")
    for group in groups:
        (first, tokens), *others = group.items()
        for name, row in others:
            look.same_length(tokens, f"the tokens of {first!r}", row, f"those of {name!r}")
    names = 0.1 * max(len(name) for group in groups for name in group) + 0.25
    step = min(1.25, (look.WIDTH - names - 0.1) / max(len(row) for group in groups for row in group.values()))
    heights = [len(group) * TALL + (len(group) - 1) * GAP for group in groups]
    top = 0.32 * bool(title) + ARCS * bool(looks) + 0.08
    board = Board(look.WIDTH, top + sum(heights) + BETWEEN * (len(groups) - 1) + 0.08)
    if title:
        board.text(0.08, 0.16, title, ha="left", weight="bold")
    _arcs(board, looks, next(iter(groups[0].values())), names, top, step)
    for group, height in zip(groups, heights):
        for number, (name, row) in enumerate(group.items()):
            y = top + number * (TALL + GAP)
            board.text(names - 0.12, y + TALL / 2, name, ha="right", weight="bold")
            _row(board, row, names, y, step, faint)
            if number:
                _arrows(board, row, names, y, step, faint, handed_on)
            look.tell(board.axes, f"{name}: {', '.join(map(str, row))}.")
        top += height + BETWEEN
    return board.figure


def _row(board: Board, row: Sequence[str], left: float, y: float, step: float, faint: Sequence[str]) -> None:
    for place, token in enumerate(row):
        pale, words = token in faint, look.name(token, max(4, int(10.5 * step)))
        room = (0.88 * step - 0.2) / (LETTER * max(len(words), 1))  # as a share of what the words need
        board.box(left + (place + 0.06) * step, y, 0.88 * step, TALL, words,
                  fontsize=board.letters * min(1, max(room, 0.75)),
                  fill="white" if pale else look.tint("tokens", 0.18), edge=look.ROLES["masks" if pale else "tokens"],
                  dash="--" if pale else "-", color=look.FAINT if pale else look.INK)


def _arcs(board: Board, looks: Sequence[tuple[int, int]], row: Sequence[str], left: float, y: float,
          step: float) -> None:
    for start, end in looks:
        if not (0 <= start < len(row) and 0 <= end < len(row) and start != end):
            raise ValueError(f"an arc from place {start} to place {end} of a row of {len(row)} tokens: give two "
                             f"different places from 0 to {len(row) - 1}")
        length = abs(end - start) * step
        bend = min(BEND, 1.6 * (ARCS - 0.06) / length)  # an arc is half as high as it is bent
        board.arrow((left + (start + 0.5) * step, y - 0.03), (left + (end + 0.5) * step, y - 0.03), line=1.6,
                    colour=look.ROLES["queries"], bend=bend if end < start else -bend)
        look.tell(board.axes, f"An arc leads from {row[start]} at place {start + 1} to {row[end]} at place {end + 1}.")


def _arrows(board: Board, row: Sequence[str], left: float, y: float, step: float, faint: Sequence[str],
            handed_on: bool) -> None:
    for place, token in enumerate(row):
        if token in faint:
            continue
        middle = left + (place + 0.5) * step
        board.arrow((middle - 0.12 * step * handed_on, y - GAP + 0.04), (middle - 0.12 * step * handed_on, y - 0.04),
                    line=1.6)
        if handed_on and place + 1 < len(row) and row[place + 1] not in faint:
            board.arrow((middle + 0.2 * step, y - 0.04), (middle + 0.8 * step, y - GAP + 0.04), colour=look.FAINT,
                        dash="--")
