"""Right but for some rows."""

from collections.abc import Callable, Iterator

import numpy as np

from selfattention.engine.comparison.relations.pairs import Holds, Pair
from selfattention.engine.door import data

RANK = 7
ROWS: tuple[tuple[str, Callable[[int], range]], ...] = (
    ("only the first is wrong", lambda size: range(0, 1)),
    ("only the last is wrong", lambda size: range(size - 1, size)),
    ("all but the first are wrong", lambda size: range(1, size)),
    ("all but the last are wrong", lambda size: range(0, size - 1)))
PARTS = (("on the diagonal", lambda rows, columns: rows == columns),
         ("off the diagonal", lambda rows, columns: rows != columns),
         ("above the diagonal", lambda rows, columns: rows < columns),
         ("below the diagonal", lambda rows, columns: rows > columns))
LEAST = 3  # rows, or they say nothing


def some_rows(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """Only the first or last of an axis is wrong, or all but it."""
    rank = np.ndim(data.as_array(pair.expected))
    if rank >= 2:
        for words, part in PARTS:
            yield f"only the numbers {words} are wrong", lambda other, part=part: _in_part(other, part)
    for axis in range(-rank, 0):
        name = f"`{pair.axes[axis]}`" if pair.axes[axis] else "the batch" if axis == -rank and rank > 2 else "the rows"
        for words, rows in ROWS:
            yield (f"of {name}, {words}",
                   lambda other, axis=axis, rows=rows: _exactly(other, axis, rows))


def _wrong_places(pair: Pair) -> np.ndarray | None:
    one, other = data.as_array(pair.expected), data.as_array(pair.got)
    if one is None or other is None or one.shape != other.shape:
        return None
    return data.differing(other, one)


def _exactly(pair: Pair, axis: int, rows: Callable[[int], range]) -> bool:
    """True where something is wrong in each of these rows, and nothing in any other."""
    if not pair.wrong:
        return True
    wrong = _wrong_places(pair)
    if wrong is None or wrong.ndim < -axis or wrong.shape[axis] < LEAST:
        return False
    others = tuple(place for place in range(wrong.ndim) if place != wrong.ndim + axis)
    return np.flatnonzero(wrong.any(axis=others)).tolist() == list(rows(wrong.shape[axis]))


def _in_part(pair: Pair, part: Callable) -> bool:
    """True where at least half of the numbers of a part are wrong, and no others."""
    if not pair.wrong:
        return True
    wrong = _wrong_places(pair)
    if wrong is None or wrong.ndim < 2 or min(wrong.shape[-2:]) < LEAST:
        return False
    inside = np.broadcast_to(part(np.arange(wrong.shape[-2])[:, None], np.arange(wrong.shape[-1])), wrong.shape)
    return not wrong[~inside].any() and bool(wrong[inside].mean() >= 0.5)
