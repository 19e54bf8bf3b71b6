"""One text, token by token, and again for each head or method: the darker a token, the larger its number."""

from collections.abc import Collection, Mapping, Sequence
from numbers import Real

from selfattention.plots import look
from selfattention.plots.board import Board

TALL, GAP, LETTER = 0.3, 0.09, 0.1  # inches: a box, the room between two rows, a letter of a row's name
DARK = 0.6  # from this shade on, letters are white


def shaded(tokens: Sequence[str], rows: Mapping[str, object], *, query: int | None = None,
           marked: Collection[int] = (), role: str = "weights", largest: Real | None = None, title: str = ""):
    """Draw the tokens of a text once for each row of numbers, shaded by them: `shaded(text, {"head 0": weights[0]})`.

    Args:    query: the place of the token that looks; it has a frame in the colour of queries. marked: places with a
             black frame, such as those that should be found. largest: the number of the darkest colour; where nothing
             is said, the largest of all. What is not larger than 0 stays white.
    Returns: the figure.
    Raises:  ValueError: there is nothing to draw, a row has not a number for each token, or a place is none of theirs.
    """
    look.required(tokens, "tokens")
    look.required(rows, "rows of numbers")
    tables = {name: look.table(row, name, axes=1) for name, row in rows.items()}
    for name, row in tables.items():
        look.same_length(tokens, "the tokens", row, f"the numbers of {name!r}")
    for place in [*marked, *([] if query is None else [query])]:
        if not 0 <= place < len(tokens):
            raise ValueError(f"place {place} of a text of {len(tokens)} tokens: choose one from 0 to {len(tokens) - 1}")
    part, notice = look.window(len(tokens))
    left = LETTER * max(map(len, tables)) + 0.2
    step = min(0.62, (look.WIDTH - left - 0.08) / len(tokens[part]))
    heading = f"{title} ({notice})" if title and notice else title or notice
    top = 0.32 * bool(heading) + 0.04
    board = Board(look.WIDTH, top + len(tables) * (TALL + GAP))
    if heading:
        board.text(0.08, 0.16, heading, ha="left", weight="bold")
    darkest = max(max(row.max() for row in tables.values()), 0.0) if largest is None else largest
    for number, (name, row) in enumerate(tables.items()):
        y = top + number * (TALL + GAP)
        board.text(left - 0.1, y + TALL / 2, name, ha="right")
        for place, (token, value) in enumerate(zip(tokens[part], row)):
            share = min(max(value, 0.0) / (darkest or 1.0), 1.0)
            edge, line = (look.ROLES["queries"], 2.4) if place == query else (look.INK, 2.0) if place in marked else (
                look.ROLES["masks"], 0.8)
            board.box(left + (place + 0.05) * step, y, 0.9 * step, TALL, look.name(token, max(1, int(10 * step))),
                      fill=tuple(look.colours_of(role)(0.75 * share)[:3]), edge=edge, line=line,
                      color="white" if share > DARK else look.INK)
        best = sorted(range(len(tokens)), key=lambda place: -row[place])[:3]
        told = ", ".join(f"{tokens[place]} at place {place} {look.number(row[place])}" for place in best)
        look.tell(board.axes, f"{name}: largest at {told}.")
    if query is not None:
        look.tell(board.axes, f"The token that looks is {tokens[query]} at place {query}.")
    if marked:
        look.tell(board.axes, f"Framed: places {look.listed(sorted(marked), 12)}.")
    return board.figure
