"""The flow of a few tokens: each a row, each step a column, the numbers in cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from selfattention.plots import look
from selfattention.plots.board import Board

NAMES, GAP, HEAD, ROW, NUMBER = 0.85, 0.34, 0.52, 0.46, 0.115
MOST_ROWS, MOST_NUMBERS = 8, 6


@dataclass(frozen=True)
class Column:
    """One step of a flow: what it is called, its numbers (a row a token), and what leads to it from its left."""

    heading: str
    values: Any
    before: str = ""
    role: str = ""

    @property
    def colour(self) -> str:
        """As what its cells are coloured: by its name, where nothing else is said."""
        return self.role or look.role_of(self.heading)


def flow(names: Sequence[str], *columns: tuple, query=None, result=None, title: str = ""):
    """Draw what happens to some tokens step by step: `flow(names, ("key", keys), ("score", scores, "· q"), query=q)`.

    Args:    columns: each a heading, its numbers (a row a token), and, where an arrow leads to it from the left, what
             stands above the arrow, such as `÷ √2`; as a fourth, a role of `ROLES` if the heading does not tell it.
             query: the vector of the query, drawn above. result: the sum over the tokens, drawn below the last column.
    Returns: the figure.
    Raises:  ValueError: a column has not as many rows as there are names, or there are none.
    """
    columns = [Column(*column) for column in columns]
    look.required(columns, "columns")
    tables = [_rows(column, names) for column in columns]
    part, notice = look.window(len(names), MOST_ROWS)
    notice = f"{notice} tokens" if notice else ""
    if cut := look.window(max(table.shape[1] for table in tables), MOST_NUMBERS)[1]:
        notice += f"{', ' if notice else ''}{cut} numbers of a vector"
    told = [table[part, :MOST_NUMBERS] for table in tables]
    told += [look.table(one, "the vector").ravel() for one in (query, result) if one is not None]
    if any(look.is_rounded(numbers) for numbers in told):
        notice += f"{'; ' if notice else ''}numbers are rounded"
    shown, tables = list(names)[part], [table[part] for table in tables]
    sizes = [_size(table) for table in tables]
    if query is not None:
        sizes[0] = max(sizes[0], _size(look.table(query, "the query").reshape(1, -1)))
    widths = [min(table.shape[1], MOST_NUMBERS) * size for table, size in zip(tables, sizes)]
    gaps = [max(GAP, 0.09 * len(column.before) + 0.12) for column in columns]
    starts, at = [], NAMES - gaps[0]
    for column, width, gap in zip(columns, widths, gaps):
        need = max(width, 0.085 * len(column.heading))
        starts.append(at + gap + (need - width) / 2)
        at += gap + need
    above = 0.55 * (query is not None) + 0.32 * bool(title)
    height = above + HEAD + ROW * len(shown) + 0.62 * (result is not None) + 0.3 * bool(notice) + 0.08
    board = Board(max(at + 0.15, 3.4), height)
    if title:
        board.text(0.1, 0.16, title, ha="left", weight="bold")
    if query is not None:
        _query(board, query, starts[0], 0.32 * bool(title) + 0.08, sizes[0])
    for row, name in enumerate(shown):
        board.text(NAMES - 0.12, above + HEAD + 0.04 + (row + 0.5) * ROW, look.name(name, 9), ha="right")
    for place, (column, table, start, width) in enumerate(zip(columns, tables, starts, widths)):
        board.text(start + width / 2, above + HEAD / 2, column.heading, weight="bold")
        board.cells(start, above + HEAD + 0.04, table[:, :MOST_NUMBERS], column.colour, size=sizes[place],
                    height=ROW)
        if column.before:
            left = starts[place - 1] + widths[place - 1]
            middle = above + HEAD + 0.04 + len(shown) * ROW / 2
            board.arrow((left + 0.05, middle), (start - 0.05, middle), colour=look.FAINT)
            board.text((left + start) / 2, middle - 0.14, column.before)
    if result is not None:
        _result(board, result, starts[-1], above + HEAD + ROW * len(shown) + 0.16, sizes[-1])
    if notice:
        board.text(0.1, height - 0.16, notice, ha="left", style="italic")
    look.tell(board.axes, _described(names, columns, query, result, title, notice))
    return board.figure


def _rows(column: Column, names: Sequence[str]):
    table = look.table(column.values, column.heading)
    table = table.reshape(len(table), -1) if table.ndim else table.reshape(1, 1)
    look.same_length(names, "the tokens", table, f"the rows of {column.heading!r}")
    return table


def _size(table) -> float:
    """How wide, in inches, a cell must be for the longest of these numbers."""
    return max(0.4, NUMBER * max(len(look.number(value)) for value in table[:, :MOST_NUMBERS].flat))


def _query(board: Board, query, x: Real, y: Real, size: Real) -> None:
    board.text(NAMES - 0.12, y + ROW / 2, "query", ha="right", weight="bold")
    board.cells(x, y, look.table(query, "the query").reshape(1, -1)[:, :MOST_NUMBERS], "queries", size=size, height=ROW)


def _result(board: Board, result, x: Real, y: Real, size: Real) -> None:
    cells = look.table(result, "the result").reshape(1, -1)[:, :MOST_NUMBERS]
    wide = max(size, NUMBER * max(len(look.number(value)) for value in cells.flat))
    board.text(x - 0.12, y + ROW / 2, "sum = output", ha="right", weight="bold")
    board.cells(x, y, cells, "outputs", size=wide, height=ROW)


def _described(names, columns, query, result, title: str, notice: str) -> str:
    """The same numbers in words, step by step."""
    said = [title] * bool(title)
    if query is not None:
        said.append(f"query ({look.listed(look.table(query, 'query').flat)})")
    for column in columns:
        rows = _rows(column, names)
        said.append(f"{column.heading}: " + ", ".join(f"{name} {_vector(row)}" for name, row in zip(names[:8], rows)))
    if result is not None:
        said.append(f"output {_vector(look.table(result, 'result').reshape(-1))}")
    return "; ".join(said) + (f" ({notice})." if notice else ".")


def _vector(row) -> str:
    return look.number(row[0]) if len(row) == 1 else f"({look.listed(row)})"
