"""What a learner's process may send: each kind of frame with its fields, and what each field must be.

A learner's code can write to the wire itself, so nothing of a frame is used before it has passed here.
"""

import math
from collections.abc import Callable
from typing import Any

from selfattention.engine.door import data

LONGEST_LINE = 200
LONGEST_PRINT = 2000
MOST_NAMES = 100
MOST_FUNCTIONS = 1000

Field = Callable[[Any], bool]


class WrongFrame(ValueError):
    """A frame is not what it should be; the message names the field."""


def _number(value: Any) -> bool:
    return type(value) is int and abs(value) < 2**63


def _seconds(value: Any) -> bool:
    return type(value) is float and math.isfinite(value) and value >= 0


def _text(longest: int) -> Field:
    return lambda value: type(value) is str and len(value) <= longest


def _names(value: Any) -> bool:
    return type(value) is list and len(value) <= MOST_NAMES and all(map(_text(LONGEST_LINE), value))


def _numbers_by_name(value: Any) -> bool:
    return type(value) is dict and len(value) <= MOST_FUNCTIONS and all(map(_number, value.values()))


def _anything(_: Any) -> bool:
    return True


def _nothing(value: Any) -> bool:
    return value is None


def _maybe(field: Field) -> Field:
    return lambda value: value is None or field(value)


def _record(fields: dict[str, Field]) -> Field:
    return lambda value: type(value) is dict and value.keys() == fields.keys() and all(
        field(value[name]) for name, field in fields.items())


def _tensors_by_name(value: Any) -> bool:
    return type(value) is dict and all(map(data.is_tensor, value.values()))


RAISED: dict[str, Field] = {"kind": _text(LONGEST_LINE), "message": _text(LONGEST_PRINT),
                            "source": _text(LONGEST_PRINT), "advice": _text(LONGEST_PRINT), "line": _maybe(_number),
                            "bases": _names}
_ALWAYS: dict[str, Field] = {"number": _number, "imported": _seconds}
FRAMES: dict[str, dict[str, Field]] = {
    "ran": _ALWAYS | {"trouble": _text(3 * LONGEST_PRINT), "functions": _numbers_by_name, "parts": _number,
                      "stopped": _number},
    "opened": _ALWAYS,
    "importing": _ALWAYS | {"importing": lambda value: value is True},  # what is imported first is not charged
    "reply": _ALWAYS | {"value": _anything, "raised": _maybe(_record(RAISED)), "mutated": _names,
                        "printed": _text(LONGEST_PRINT), "used": _names},
    "callback": _ALWAYS | {"callback": _number, "args": lambda value: type(value) is tuple,
                           "kwargs": lambda value: type(value) is dict, "slope": _maybe(data.is_tensor)},
}


VALUES: dict[str, Field] = {"gradients": _tensors_by_name, "state_dict": lambda value: type(value) is dict,
                            "load_state_dict": _nothing, "train": _nothing, "eval": _nothing}


def answers(verb: str, value: Any) -> bool:
    """Whether a value is what may come back for a request."""
    return VALUES.get(verb, _anything)(value)


def checked(frame: Any, *kinds: str) -> dict[str, Any]:
    """The frame, which is of one of these kinds.

    Raises:  WrongFrame: it is none of them, or a field of it is of another type or larger than it may be.
    """
    if type(frame) is not dict:
        raise WrongFrame(f"a frame was expected, not {type(frame).__name__}")
    for kind in kinds:
        fields = FRAMES[kind]
        if frame.keys() == fields.keys():
            wrong = [name for name, field in fields.items() if not field(frame[name])]
            if wrong:
                raise WrongFrame(f"its field {wrong[0]!r} is not what it should be")
            return frame
    raise WrongFrame(f"it has the fields {', '.join(map(repr, frame))}"[:LONGEST_LINE])
