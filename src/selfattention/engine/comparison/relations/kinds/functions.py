"""A function of the right numbers: a root, a logarithm, something rounded or clipped."""

from collections.abc import Iterator

import numpy as np

from selfattention.engine.comparison.relations.pairs import Holds, Pair, gives, numbers, softmax
from selfattention.engine.door import data

RANK = 2
RULES = (
    ("your result is one divided by what was expected", np.reciprocal),
    ("your result is the square of what was expected", np.square),
    ("your result is the square root of what was expected", np.sqrt),
    ("your result is the exponential of what was expected", np.exp),
    ("your result is the logarithm of what was expected", np.log),
    ("every number has lost its sign", np.abs), ("your result is one minus what was expected", lambda x: 1 - x),
    ("the digits after the point are cut off", np.trunc), ("numbers are rounded down", np.floor),
    ("numbers are rounded to whole numbers", np.round),
    ("numbers below 0 have become 0", lambda x: np.maximum(x, 0)),
    ("numbers are kept between 0 and 1", lambda x: np.clip(x, 0, 1)),
    ("numbers above 1 have become 1", lambda x: np.minimum(x, 1)),
    ("numbers are added up along the last axis", lambda x: np.cumsum(x, axis=-1) if x.ndim else None),
    ("a softmax was taken of what was expected", lambda x: softmax(x) if x.ndim else None),
    ("only the largest of each row is left", lambda x: np.where(x == x.max(-1, keepdims=True), x, 0)
     if x.ndim and x.size else None),
)


def function(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """A known function of every number."""
    for sentence, rule in RULES:
        yield sentence, numbers(rule)
    for places in range(1, 6):
        yield f"numbers are rounded to {places} places", numbers(lambda x, places=places: np.round(x, places))


def opposite(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """True and false exchanged."""
    yield "true and false are exchanged", gives(_not)


def _not(pair: Pair) -> object:
    array = data.as_array(pair.expected)
    if array is None or array.dtype.kind != "b":
        return None
    return ~array if array.ndim else not bool(array)
