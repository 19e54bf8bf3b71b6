"""Several values, or a list: in another order, one missing, one too many."""

from collections import Counter
from collections.abc import Iterator
from itertools import permutations
from typing import Any

from selfattention.engine.comparison.relations.pairs import Holds, Pair, gives
from selfattention.engine.door import data

RANK = 5


def values_exchanged(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """Several values in another order, or one of them alone."""
    if not isinstance(pair.expected, tuple) or not 2 <= len(pair.expected) <= 4:
        return
    places = range(len(pair.expected))
    for order in list(permutations(places))[1:]:
        yield ("the right values are there, but in another order",
               gives(lambda other, order=order: tuple(other.expected[place] for place in order)))
    for place in places:
        yield (f"only value {place + 1} of {len(places)} is wrong",
               lambda other, place=place: isinstance(other.got, (tuple, list)) and len(other.got) == len(
                   other.expected) and all(data.same(one, two) for at, (one, two) in enumerate(
                       zip(other.expected, other.got)) if at != place))
        yield (f"only value {place + 1} of {len(places)} is returned",
               gives(lambda other, place=place: other.expected[place]))


def open_or_shut(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """More is True than should be, or less."""
    yield "everything that should be True is, and more besides", lambda other: _only(other, True)
    yield "everything that should be False is, and more besides", lambda other: _only(other, False)


def _only(pair: Pair, truth: bool) -> bool:
    one, other = data.as_array(pair.expected), data.as_array(pair.got)
    if one is None or other is None or one.shape != other.shape or not one.dtype.kind == other.dtype.kind == "b":
        return False
    return bool((other[one == truth] == truth).all())


def list_otherwise(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """The right things in another order, cut off, taken once, or in other groups."""
    if not isinstance(pair.expected, list):
        return
    for sentence, rule in (
            ("the list is in reverse order", lambda x: x[::-1]), ("the first entry is missing", lambda x: x[1:]),
            ("the last entry is missing", lambda x: x[:-1]), ("only the first entry is there", lambda x: x[:1]),
            ("only the last entry is there", lambda x: x[-1:]),
            ("each pair in it is reversed", lambda x: [tuple(reversed(part)) if isinstance(part, tuple)
                                                           else part for part in x])):
        yield sentence, gives(lambda other, rule=rule: rule(other.expected))
    yield ("the right things are there, but in another order",
           lambda other: _counted(other.expected) == _counted(other.got))
    yield ("the right things are there, but in another order or in other groups",
           lambda other: _counted(_flat(other.expected)) == _counted(_flat(other.got)))
    yield ("something is missing, and the rest is right",
           lambda other: isinstance(other.got, list) and not _counted(other.got) - _counted(other.expected))
    yield ("everything that was expected is there, and more besides",
           lambda other: isinstance(other.got, list) and not _counted(other.expected) - _counted(other.got))


def _counted(value: Any) -> Counter:
    return Counter(map(repr, value)) if isinstance(value, list) else Counter({repr(value): 1})


def _flat(value: Any) -> list:
    return [item for part in value for item in _flat(part)] if isinstance(value, list) else [value]
