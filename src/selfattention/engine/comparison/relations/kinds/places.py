"""The right numbers, but elsewhere."""

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from selfattention.engine.comparison.relations.pairs import Holds, Pair, gives
from selfattention.engine.door import data

RANK = 3


def axes_exchanged(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """Axes in another order."""
    rank = np.ndim(data.as_array(pair.expected))
    for order in list(permutations(range(rank)))[1:] if 2 <= rank <= 4 else []:
        moved = [pair.axes[axis] or f"axis {axis}" for axis in range(rank) if order[axis] != axis]
        words = "axes are exchanged: " + " and ".join(moved) if len(moved) == 2 else "axes are in another order"
        yield words, gives(lambda other, order=order: _moved(other, lambda array: array.transpose(order)))


def shifted(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """Everything one place further, or in reverse."""
    rank = np.ndim(data.as_array(pair.expected))
    for axis in range(-rank, 0):
        name = pair.axes[axis]
        along = f" along `{name}`" if name else (" along the last axis" if axis == -1 else " along an axis")
        yield (f"the right values are in reverse order{along}",
               gives(lambda other, axis=axis: _moved(other, lambda array: np.flip(array, axis))))
        for by, words in ((1, "later"), (-1, "earlier")):
            yield (f"everything is one place {words}{along}",
                   lambda other, axis=axis, by=by: _rolled(other, axis, by))


def another_shape(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """The same numbers in the same order, in another shape; or the shape of the result read in another way."""
    yield "the right numbers are in the right order, but in another shape", lambda other: _reshaped(other)


def other_places(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """The same numbers in other places, in each row or altogether."""
    yield "each row has the right numbers, but in other places", lambda other: _sorted(other, -1)
    yield "the right numbers are in other places", lambda other: _sorted(other, None)


def _moved(pair: Pair, move) -> np.ndarray | None:
    array = data.as_array(pair.expected)
    try:
        return None if array is None else move(array)
    except (ValueError, np.exceptions.AxisError):
        return None


def _rolled(pair: Pair, axis: int, by: int) -> bool:
    """True where all but the border is one place further; what has no room for it must be right."""
    one, other = data.as_array(pair.expected), data.as_array(pair.got)
    if one is None or other is None or one.shape != other.shape or one.ndim < -axis:
        return False
    size = one.shape[axis]
    if size < 2:
        return not pair.wrong
    before, after = np.arange(0, size - 1), np.arange(1, size)
    came, wanted = (after, before) if by > 0 else (before, after)
    return data.same(np.take(other, came, axis), np.take(one, wanted, axis))


def _reshaped(pair: Pair) -> bool:
    one, other = data.as_array(pair.expected), data.as_array(pair.got)
    return one is not None and other is not None and one.size == other.size and data.same(one.ravel(), other.ravel())


def _sorted(pair: Pair, axis: int | None) -> bool:
    one, other = data.as_array(pair.expected), data.as_array(pair.got)
    if one is None or other is None or one.shape != other.shape or one.size < 2:
        return not pair.wrong
    if not one.ndim or one.dtype.kind == "b":
        return False
    return data.same(np.sort(one, axis=axis), np.sort(other, axis=axis))
