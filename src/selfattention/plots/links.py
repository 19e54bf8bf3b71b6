"""Links between tokens: left is read from, right reads, and a line is as strong as its weight."""

from collections.abc import Sequence, Sized
from numbers import Real

import numpy as np

from selfattention.plots import look
from selfattention.plots.board import Board

FAINTEST = 0.03  # a weaker link is left out


def links(axes, keys: Sequence[str], queries: Sequence[str], weights, *, title: str = "", wrong=None,
          good: bool | None = None, headings: tuple[str, str] = ("keys", "queries"), role: str = "weights",
          only: int | None = None) -> None:
    """Draw keys on the left, queries on the right, and between them lines as strong as the weights.

    Args:    weights: (queries, keys), each row the weights of a query. wrong: True where a link must not be; it is
             drawn dashed and in vermillion. good: False for what goes wrong, True for what is right. only: the one
             query whose links are drawn, others faintly.
    Raises:  ValueError: shapes and names do not fit, or there is nothing.
    """
    weights = look.table(weights, "the weights", axes=2)
    look.same_length(queries, "the queries", weights, "the rows of the weights")
    look.same_length(keys, "the keys", weights.T, "the columns of the weights")
    wrong = np.zeros(weights.shape, dtype=bool) if wrong is None else look.table(wrong, "wrong", axes=2).astype(bool)
    if wrong.shape != weights.shape:
        raise ValueError(f"`wrong` marks links, but its shape is {wrong.shape} and that of the weights {weights.shape}")
    height = _height(axes)
    board = Board(_width(axes, height), height, axes)
    look.entitle(axes, title, good)
    _column(board, 0, list(keys), headings[0], "keys")
    _column(board, 1, list(queries), headings[1], "queries")
    _lines(board, weights, wrong, only, role)
    look.tell(axes, _described(keys, queries, weights, wrong, title))


def tokens_and_links(columns: Sequence[Sequence[str]], weights: Sequence, headings: Sequence[str], *,
                     between: Sequence[str] = (), title: str = "", width: Real = look.WIDTH):
    """Draw columns of tokens, each linked with the next by a matrix of weights (right, left).

    Args:    between: what each bundle of links is, such as `cross-attention`, written above it.
    Returns: the figure.
    Raises:  ValueError: there is not one matrix between each two columns, or a shape does not fit.
    """
    look.required(columns, "columns of tokens")
    look.same_length(columns[1:], "the columns but the first", weights, "the matrices between them")
    look.same_length(columns, "the columns", headings, "their headings")
    most = max(min(len(column), look.MOST_TOKENS) for column in columns)
    board = Board(width, 0.36 * most + 0.7 + 0.3 * bool(title) + 0.3 * bool(between))
    top = 0.3 * bool(title) + 0.3 * bool(between)
    if title:
        board.text(width / 2, 0.15, title, weight="bold")
    places = np.linspace(0.55, width - 0.55, len(columns))
    for number, (names, heading) in enumerate(zip(columns, headings)):
        notice = look.window(len(names))[1]
        board.text(places[number], top + 0.2, heading, weight="bold")
        if notice:
            board.text(places[number], top + 0.38, notice, style="italic", fontsize=0.85 * board.letters)
        for name, y in zip(names, _heights(board, names, top)):
            board.text(places[number], y, look.name(name, 12))
    for number, matrix in enumerate(weights):
        matrix = look.table(matrix, headings[number + 1], axes=2)
        if matrix.shape != (len(columns[number + 1]), len(columns[number])):
            raise ValueError(f"the weights between {headings[number]!r} and {headings[number + 1]!r} have shape "
                             f"{matrix.shape}, but there are {len(columns[number + 1])} tokens on the right and "
                             f"{len(columns[number])} on the left")
        left, right = places[number] + 0.5, places[number + 1] - 0.5
        here, following = (_heights(board, column, top) for column in columns[number:number + 2])
        nothing = np.zeros(matrix.shape, dtype=bool)
        _bundle(board, (left, here), (right, following), matrix, nothing, None, look.ROLES["weights"])
        if between:
            board.text((left + right) / 2, top - 0.12, between[number], style="italic")
        look.tell(board.axes, _described(columns[number], columns[number + 1], matrix, np.zeros(matrix.shape, bool),
                                         between[number] if between else ""))
    return board.figure


def _height(axes) -> float:
    return axes.figure.get_figheight() - 0.45


def _width(axes, height: Real) -> float:
    panels = max(1, len(axes.figure.axes))
    return max(1.5, axes.figure.get_figwidth() / panels - 0.2)


def _heights(board: Board, names: Sized, top: Real = 0.0) -> np.ndarray:
    """Where the tokens of a column stand, from the top."""
    count, first, last = min(len(names), look.MOST_TOKENS), top + 0.55, board.height - 0.2
    return np.linspace(first, last, count) if count > 1 else np.array([(first + last) / 2])


def _column(board: Board, side: int, names: list[str], heading: str, role: str) -> None:
    part, notice = look.window(len(names))
    x = board.width - 0.08 if side else 0.08
    board.text(x, 0.18, heading + (f", {notice}" if notice else ""), ha="right" if side else "left", weight="bold")
    for name, y in zip(names[part], _heights(board, names)):
        board.text(x, y, look.name(name, 10), ha="right" if side else "left",
                   fontsize=min(board.letters, 72 * 0.8 * board.height / max(len(names[part]), 1)))


def _lines(board: Board, weights: np.ndarray, wrong: np.ndarray, only: int | None, role: str) -> None:
    room = min(1.0, 0.36 * board.width)  # inches for the names on each side
    _bundle(board, (room, _heights(board, weights.T)), (board.width - room, _heights(board, weights)), weights,
            wrong, only, look.ROLES.get(role, role))


def _bundle(board: Board, left: tuple, right: tuple, weights: np.ndarray, wrong: np.ndarray, only: int | None,
            colour: str) -> None:
    """Lines between the heights on the left and those on the right."""
    finite = np.nan_to_num(np.abs(weights))
    largest = max(1.0, finite.max(initial=0.0))  # weights are as thick in one picture as in another
    for (query, key), weight in np.ndenumerate(finite[:look.MOST_TOKENS, :look.MOST_TOKENS]):
        share = weight / largest
        if share < FAINTEST:
            continue
        bad, other = wrong[query, key], only is not None and query != only
        shade = look.FAINT if other else look.WRONG if bad else colour
        board.axes.plot([left[0], right[0]], [left[1][key], right[1][query]], color=shade,
                        linewidth=0.6 if other else 0.6 + 4 * share, alpha=0.25 if other else 0.35 + 0.65 * share,
                        linestyle=(0, (2.5, 1)) if bad else "-", solid_capstyle="round")


def _described(keys: Sequence[str], queries: Sequence[str], weights: np.ndarray, wrong: np.ndarray, title: str) -> str:
    best = [f"{query} reads most from {keys[int(np.argmax(row))]} ({look.number(row.max())})"
            for query, row in zip(list(queries)[:10], np.nan_to_num(weights)) if row.max() > 0]
    drawn = np.argwhere(wrong & (np.nan_to_num(weights) > 0)).tolist()
    bad = [f"{queries[query]} from {keys[key]}" for query, key in drawn]
    text = f"{title or 'Links'}: {'; '.join(best) or 'no links'}"
    return text + (f". Wrong links: {look.listed(bad)}." if bad else ".")
