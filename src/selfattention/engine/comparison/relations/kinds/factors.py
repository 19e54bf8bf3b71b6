"""A factor or an offset for all numbers."""

from collections.abc import Iterator

import numpy as np

from selfattention.engine.comparison.relations.pairs import Holds, Pair, numbers

RANK = 1
POWERS = ((1.0, "{}"), (0.5, "the root of {}"), (2.0, "the square of {}"))
TINY = 1e-9


def sign(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """Everything with the other sign."""
    yield "every number has the wrong sign", numbers(lambda expected: -expected)


def factor(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """Everything too large or too small by one factor: a power of a size, or a number."""
    for name in pair.sizes:
        for power, words in POWERS:
            for sense, large in ((1, "large"), (-1, "small")):
                def scaled(other: Pair, name=name, exponent=sense * power) -> bool:
                    if other.arrays is None or name not in other.sizes or other.sizes[name] <= 0:
                        return False
                    return numbers(lambda expected: expected * other.sizes[name] ** exponent)(other)
                yield f"every number is too {large} by {words.format(name)}", scaled
    ratio = _ratio(pair)
    if ratio is not None and abs(ratio) > TINY:
        yield (f"every number is {_number(ratio)} times what it should be", numbers(lambda expected: expected * ratio))


def factor_by_call(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """A factor of its own for each call."""
    yield "in each call, all numbers are off by one and the same factor", lambda other: _ratio(other) is not None


def offset(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """Everything too large or too small by one number."""
    if pair.alike is None or not pair.alike[0].size:
        return
    off = float(np.median(pair.alike[1] - pair.alike[0]))
    if np.isfinite(off) and off:
        yield (f"every number is too {'large' if off > 0 else 'small'} by {_number(abs(off))}",
               numbers(lambda expected: expected + off))
        for name in pair.sizes:
            yield (f"every number is too {'large' if off > 0 else 'small'} by {name}",
                   lambda other, name=name, sense=1 if off > 0 else -1: name in other.sizes and numbers(
                       lambda expected: expected + sense * other.sizes[name])(other))


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value - round(value)) < 1e-4 else f"{value:.3g}"


def _ratio(pair: Pair) -> float | None:
    """The one factor of all numbers, where there are at least two that are not zero."""
    if pair.alike is None:
        return None
    expected, got = (array.ravel() for array in pair.alike)
    there = np.abs(expected) > TINY * max(1.0, np.abs(expected).max(initial=0.0))
    if there.sum() < 2 or not np.isfinite(got).all() or not np.isfinite(expected).all():
        return None
    ratio = float(np.median(got[there] / expected[there]))
    return ratio if numbers(lambda _: pair.alike[0] * ratio)(pair) else None
