"""An argument that got into the result, or the right answer to another question."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from selfattention.engine.comparison.relations.pairs import Holds, Pair, gives, numbers, softmax
from selfattention.engine.door import data

RANK = 4


def argument_in_result(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """An argument added to what was expected, subtracted, multiplied; or an argument itself."""
    for name in pair.inputs:
        for words, rule in (("was added", np.add), ("was subtracted", np.subtract), ("was multiplied in", np.multiply)):
            yield f"`{name}` {words}", lambda other, name=name, rule=rule: _with(other, name, rule)
        yield f"`{name}` is returned as it is", gives(lambda other, name=name: other.inputs.get(name))


def _with(pair: Pair, name: str, rule: np.ufunc) -> bool:
    value = data.as_array(pair.inputs.get(name))
    if pair.arrays is None or value is None or value.dtype.kind not in "fiu":
        return False

    def predicted(expected: np.ndarray) -> np.ndarray | None:
        try:
            return rule(expected, value)
        except ValueError:
            return None

    return numbers(predicted)(pair)


def another_question(pair: Pair) -> Iterator[tuple[str, Holds]]:
    """What would be right for other arguments: off by one, negated, turned round, exchanged."""
    for name, value in pair.inputs.items():
        for words, rule in _others(value):
            yield (f"this would be right for {words.format(f'`{name}`')}",
                   gives(lambda other, name=name, rule=rule: other.answer(**{name: rule(other.inputs[name])})
                         if name in other.inputs and rule(other.inputs[name]) is not None else None))
    for one, other_name in combinations(pair.inputs, 2):
        if type(pair.inputs[one]) is type(pair.inputs[other_name]):
            yield (f"this would be right with `{one}` and `{other_name}` exchanged",
                   gives(lambda other, one=one, two=other_name: other.answer(
                       **{one: other.inputs[two], two: other.inputs[one]}) if {one, two} <= {*other.inputs} else None))
            for new, old in ((one, other_name), (other_name, one)):
                yield (f"this would be right with `{new}` in place of `{old}`",
                       gives(lambda other, new=new, old=old: other.answer(**{old: other.inputs[new]})
                             if {new, old} <= {*other.inputs} else None))


FLOATS = (
    ("1 − {}", lambda x: 1 - x), ("−{}", lambda x: -x), ("1 / {}", lambda x: 1 / x if x else x),
    ("the root of {}", lambda x: abs(x) ** 0.5), ("{} squared", lambda x: x * x), ("{} doubled", lambda x: 2 * x),
    ("{} halved", lambda x: x / 2), ("{} = 1", lambda x: 1.0), ("{} = 0", lambda x: 0.0),
)


def _others(value: Any) -> Iterator[tuple[str, Any]]:
    """Other values of one argument, in words."""
    if type(value) is bool:
        yield "the opposite of {}", lambda x: not x
    elif type(value) is int:
        yield "{} + 1", lambda x: x + 1
        yield "{} − 1", lambda x: x - 1
        yield "{} doubled", lambda x: 2 * x
        yield "{} = 1", lambda x: 1
    elif type(value) is float:
        yield from FLOATS
    elif data.is_tensor(value) or isinstance(value, np.ndarray):
        kind = data.as_array(value).dtype.kind
        if kind == "b":
            yield "the opposite of {}", lambda x: ~x
            yield "a {} that hides nothing", lambda x: x | True
            yield "the first of {} in place of all", lambda x: x[:1] | (x & False)
        elif kind == "f":
            yield "{} with the other sign", lambda x: -x
            yield "a softmax of {}", lambda x: x.softmax(-1) if data.is_tensor(x) else softmax(x)
            yield "{} brought to length one", lambda x: x / _sizes(x)
            yield "the first of {} in place of all", lambda x: x[:1] + 0 * x
            yield "{} filled with zeros", lambda x: x * 0
            yield "{} filled with ones", lambda x: x * 0 + 1
            yield "{} squared", lambda x: x * x
            yield "{} without signs", lambda x: abs(x)
        else:
            yield "{} + 1", lambda x: x + 1
            yield "{} − 1", lambda x: x - 1
        for axis in range(-min(data.as_array(value).ndim, 3), 0):
            yield "{} in reverse order", lambda x, axis=axis: _flipped(x, axis)
        if np.ndim(data.as_array(value)) >= 2 and value.shape[-1] == value.shape[-2]:
            yield "{} transposed", lambda x: x.mT if data.is_tensor(x) else np.swapaxes(x, -1, -2)
    elif isinstance(value, list):
        yield "{} in reverse order", lambda x: x[::-1]
        yield "{} without its last entry", lambda x: x[:-1]
        yield "{} without its first entry", lambda x: x[1:]
        if value and all(isinstance(part, list) for part in value):
            yield "the parts of {} in reverse order", lambda x: [part[::-1] for part in x]
        elif value and all(isinstance(part, (int, float, str)) for part in value):
            yield "each of {} taken once", lambda x: list(dict.fromkeys(x))
            yield "{} sorted", sorted


def _sizes(value: Any) -> Any:
    return (value * value).sum(-1)[..., None] ** 0.5


def _flipped(value: Any, axis: int) -> Any:
    array = data.as_array(value)
    if array.ndim < -axis:
        return None
    return value.flip(axis) if data.is_tensor(value) else np.flip(value, axis)
