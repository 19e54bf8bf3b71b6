"""A factor or an offset of its own for each row."""

from collections.abc import Iterator

import numpy as np

from selfattention.engine.comparison.relations.pairs import Holds, Pair, numbers
from selfattention.engine.door import data

RANK = 6
TINY = 1e-9


def own_factor(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """A factor of its own for each row."""
    for axis in (-1, -2):
        along = f" along {_axis(pair, axis)}"
        yield (f"every row{along} is right except for a factor of its own",
               lambda other, axis=axis: _constant(other, axis, np.divide))


def own_offset(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """An offset of its own for each row."""
    for axis in (-1, -2):
        yield (f"in every row along {_axis(pair, axis)}, all numbers are off by the same amount",
               lambda other, axis=axis: _constant(other, axis, np.subtract))


def _axis(pair: Pair, axis: int) -> str:
    names = pair.axes
    return f"`{names[axis]}`" if len(names) >= -axis and names[axis] else ("the last axis" if axis == -1
                                                                             else "the last axis but one")


def _constant(pair: Pair, axis: int, compare: np.ufunc) -> bool:
    """True where got and expected differ along an axis by one factor or offset."""
    if pair.alike is None or pair.alike[0].ndim < -axis or pair.alike[0].shape[axis] < 2:
        return not pair.wrong
    expected, got = pair.alike
    if not (np.isfinite(expected).all() and np.isfinite(got).all()):
        return False
    with np.errstate(all="ignore"):
        between = np.where(np.abs(expected) > TINY, compare(got, expected), np.nan)
        told = np.isfinite(between).sum(axis=axis, keepdims=True) >= 2  # one alone always has its own factor
        if (data.differing(got, expected).any(axis=axis, keepdims=True) & ~told).any():
            return False
        middle = np.nanmedian(between, axis=axis, keepdims=True) if np.isfinite(between).any() else np.nan
    middle = np.nan_to_num(middle)
    return numbers(lambda _: expected * middle if compare is np.divide else expected + middle)(pair)
