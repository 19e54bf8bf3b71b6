"""Right but in certain situations: what the calls have in common that went wrong, and no other has."""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import numpy as np

from selfattention.engine.comparison.relations.pairs import Holds, Pair
from selfattention.engine.door import data

RANK = 8
HUGE = 100.0


def situation(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """Every call of this kind is wrong, and every other one is right."""
    for words, there in _situations(pair):
        yield f"it goes wrong exactly where {words}", lambda other, there=there: _safely(there, other) == other.wrong


def _safely(there: Holds, pair: Pair) -> bool:
    try:
        return bool(there(pair))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return False


def _situations(pair: Pair) -> Iterator[tuple[str, Holds]]:
    for name, value in pair.inputs.items():
        array = data.as_array(value)
        kind = "" if array is None else array.dtype.kind + ("s" if not array.ndim else "")
        for words, there in BY_KIND.get("list" if isinstance(value, list) else kind, ()):
            yield words.format(f"`{name}`"), lambda other, name=name, there=there: there(other.inputs[name])
        if array is not None and array.ndim >= 2:
            rank = array.ndim
            yield (f"`{name}` has {rank} axes, not fewer or more",
                   lambda other, name=name, rank=rank: _numbers(other.inputs[name]).ndim == rank)
            yield (f"`{name}` has {rank} axes or more",
                   lambda other, name=name, rank=rank: _numbers(other.inputs[name]).ndim >= rank)
    names = sorted(pair.lengths)
    for name in names:
        yield f"there is only one of `{name}`", lambda other, name=name: other.lengths[name] == 1
    for one, two in permutations(names, 2):
        yield (f"there are more of `{one}` than of `{two}`",
               lambda other, one=one, two=two: other.lengths[one] > other.lengths[two])
        if one < two:
            yield (f"`{one}` and `{two}` differ in number",
                   lambda other, one=one, two=two: other.lengths[one] != other.lengths[two])


def _numbers(value: Any) -> np.ndarray:
    return data.as_array(value)


SCALAR = (("{} is 0", lambda x: x == 0), ("{} is negative", lambda x: x < 0), ("{} is 0 or less", lambda x: x <= 0),
          ("{} is below 1", lambda x: x < 1), ("{} is far below 1", lambda x: x < 0.1), ("{} is 1", lambda x: x == 1),
          ("{} is more than 1", lambda x: x > 1))
WHOLE = (("there is a 0 in {}", lambda x: bool((_numbers(x) == 0).any())),)
BY_KIND: dict[str, tuple[tuple[str, Callable[[Any], bool]], ...]] = {
    "f": (("{} holds huge numbers", lambda x: np.abs(_numbers(x)).max() > HUGE),
          ("{} holds only zeros", lambda x: not _numbers(x).any())),
    "b": (("a row of {} is all False", lambda x: not _numbers(x).any(-1).all()),
          ("{} hides something", lambda x: not _numbers(x).all())),
    "i": WHOLE, "u": WHOLE, "fs": SCALAR, "is": SCALAR,
    "bs": (("{} is True", lambda x: x is True), ("{} is False", lambda x: x is False)),
    "list": (("{} is empty", lambda x: len(x) == 0), ("{} holds only one entry", lambda x: len(x) == 1),
             ("something occurs twice in {}", lambda x: len({*map(repr, x)}) < len(x))),
}
