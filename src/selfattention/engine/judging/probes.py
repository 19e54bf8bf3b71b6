"""Reusable questions to an answer. Each raises `ClaimFailed` with what was expected and what came."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from selfattention.engine.door import data
from selfattention.engine.door.room import Answer, AnswerRaised, Room

DIFFER = "the numbers differ"
PLAIN_NAMES = {bool: "True or False", int: "whole number", float: "number", str: "text", Answer: "function"}


class ClaimFailed(Exception):
    """A claim does not hold. `expected` and `got` are shown where given; a `hint` goes before that of the check.

    `general` where the message is about two values, whichever they are, and so can be said of others in their place.
    """

    general = False

    def __init__(self, message: str, expected: Any = None, got: Any = None, hint: str = "") -> None:
        super().__init__(message)
        self.expected, self.got, self.hint = expected, got, hint


class Unlike(ClaimFailed):
    """Two values differ, or one is not finite, and no more is said than that."""

    general = True


class Misfit(Unlike):
    """What came back has another type or shape; the message says all there is to say."""


def require(condition: bool, message: str) -> None:
    """Fail with `message` unless `condition`."""
    if not condition:
        raise ClaimFailed(message)


def describe(value: Any, axes: str = "") -> str:
    """A value's type and shape in words: `array (queries 3, keys 5)`."""
    if isinstance(value, data.Foreign):
        return value.type_name
    if isinstance(value, data.Handle):
        return "function"
    if value is None:
        return "None"
    if not (data.is_tensor(value) or isinstance(value, np.ndarray)):
        return PLAIN_NAMES.get(type(value), type(value).__name__)
    names = _axis_names(axes, len(value.shape))
    sizes = ", ".join(f"{name} {size}".strip() for name, size in zip(names, value.shape))
    kind = "tensor" if data.is_tensor(value) else "array"
    boolean = " of booleans" if "bool" in str(value.dtype) else ""
    if not value.shape:
        return f"tensor with a single number{boolean}" if data.is_tensor(value) else f"single number{boolean}"
    return f"{kind}{boolean} ({sizes})"


def _axis_names(axes: str, rank: int) -> list[str]:
    """The names of `rank` axes out of a jaxtyping string; a `*name` takes as many as are left over."""
    names = [name for name in axes.split() if name != "..."]
    stars = [position for position, name in enumerate(names) if name.startswith("*")]
    if stars:
        at, more = stars[0], rank - len(names) + 1
        names[at:at + 1] = [names[at][1:]] * max(more, 0)
    return names if len(names) == rank else [""] * rank


def fits(got: Any, expected: Any, axes: str = "") -> Any:
    """`got` in the form of `expected` (array, tensor, number, tuple), or a `Misfit` naming both."""
    if isinstance(expected, (tuple, list)):
        if not isinstance(got, (tuple, list)) or len(got) != len(expected):
            what = f"{len(got)} values" if isinstance(got, (tuple, list)) else describe(got)
            raise Misfit(f"expected {len(expected)} values, got {what}")
        return tuple(fits(one, other) for one, other in zip(got, expected))
    if got is None and expected is not None:
        raise Misfit(f"expected {describe(expected, axes)}, got None: is there a `return`?")
    if isinstance(expected, (data.Handle, str, dict, type(None))):
        if type(got) is not type(expected):
            raise Misfit(f"expected {describe(expected)}, got {describe(got)}")
        return got
    array, target = data.as_array(got), data.as_array(expected)
    if array is None or (data.is_tensor(expected) and not data.is_tensor(got)):
        raise Misfit(f"expected {describe(expected, axes)}, got {describe(got)}")
    if array.shape != target.shape:
        raise Misfit(f"expected {describe(expected, axes)}, got {describe(got)}")
    if (array.dtype.kind == "b") != (target.dtype.kind == "b"):
        wanted = "booleans, True or False" if target.dtype.kind == "b" else "numbers"
        raise Misfit(f"expected {wanted}, got values of type {array.dtype}", expected, got)
    if array.dtype.kind == "c":
        raise Misfit(f"expected real numbers, got values of type {array.dtype}")
    if data.is_tensor(expected):
        return got
    return array if isinstance(expected, np.ndarray) else array[()]  # a NumPy number, which remembers its precision


def difference(got: Any, expected: Any, axes: str = "") -> str:
    """What a comparison of two values says, or an empty string where they are equal."""
    try:
        equal(fits(got, expected, axes), expected, DIFFER if data.as_array(expected) is not None else "it differs")
    except ClaimFailed as error:
        return str(error)
    return ""


def equal(got: Any, expected: Any, message: str = DIFFER) -> None:
    """Every element is equal but for rounding; NaN is never expected."""
    target = data.as_array(expected)
    if data.as_array(got) is not None and not np.isnan(target).any():
        nans = np.isnan(data.as_array(got))
        if nans.any():
            raise Unlike(f"{int(nans.sum())} of {nans.size} numbers are NaN (not a number)", expected, got)
    if not data.same(got, expected):
        raise _differing(message, expected, got)


def _differing(message: str, expected: Any, got: Any) -> ClaimFailed:
    """The failure; where the first digits are right, with that said, for no hint of a check is about such a thing."""
    kind = Unlike if message == DIFFER else ClaimFailed
    one, other = data.as_array(got), data.as_array(expected)
    if one is not None and other is not None and one.shape == other.shape and one.dtype.kind == other.dtype.kind == "f":
        with np.errstate(all="ignore"):
            off = np.abs(one.astype(float) - other).max(initial=0.0) / max(np.abs(other).max(initial=0.0), 1e-300)
        if 0 < off < 1e-3:
            return kind(f"{message}, from digit {int(-np.log10(off)) + 1} of the largest on", expected, got,
                        "Is something rounded on the way, or a small number added?")
    return kind(message, expected, got)


def parity(answer: Callable, reference: Callable, *inputs: Any) -> Any:
    """The answer gives what the reference gives; returns it."""
    got = answer(*inputs)
    expected = reference(*inputs)
    for one, other in zip(_parts(got), _parts(expected)):
        equal(one, other)
    return got


def _parts(value: Any) -> tuple:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def finite(values: Any) -> None:
    """No element is NaN or infinite."""
    array = data.as_array(values)
    for what, bad in (("NaN (not a number)", np.isnan(array)), ("infinite", np.isinf(array))):
        if bad.any():
            raise Unlike(f"{int(bad.sum())} of {array.size} numbers are {what}", got=values)


def sums_to_one(weights: Any, of: str = "your result") -> None:
    """Weights are not negative and sum to one along the last axis. `of` says what was made of the result first."""
    finite(weights)
    array = data.as_array(weights)
    if (array < 0).any():
        raise ClaimFailed("some weights are negative", got=weights)
    sums = array.sum(axis=-1)
    if not data.close(sums, np.ones_like(sums)):
        raise _differing(f"along the last axis, {of} does not sum to 1 everywhere", np.ones_like(sums), sums)


def raises(answer: Callable, kind: type[Exception], *inputs: Any) -> None:
    """The answer refuses these inputs with an exception of this kind, or a subclass of it."""
    try:
        answer(*inputs)
    except AnswerRaised as error:
        if kind.__name__ not in (error.raised.kind, *error.raised.bases):
            raise
    else:
        raise ClaimFailed(f"expected a {kind.__name__}, but nothing was raised")


def gradient_parity(answer: Any, reference: Callable, *inputs: Any, cotangent: Any) -> None:
    """The gradients that reach every input are those of the reference, and finite."""
    got = answer.gradients(*inputs, cotangent=cotangent)
    expected = Answer(Room(reference), []).gradients(*inputs, cotangent=cotangent)
    for name in expected:
        finite(got[name])
        if not data.as_array(got[name]).any() and data.as_array(expected[name]).any():
            raise ClaimFailed(f"no gradient reaches {_leaf(reference, name)}: it is cut off", expected[name], got[name])
        if not data.same(got[name], expected[name]):
            raise ClaimFailed(f"the gradient of {_leaf(reference, name)} differs", expected[name], got[name],
                              "A gradient arrives, but the wrong one. Is one use of the value cut off from the graph?")


def _leaf(reference: Callable, name: str) -> str:
    """A key of gradients, `1` or `2.0`, in words: `keys`, `tables[0]`."""
    position, _, place = name.partition(".")
    names = list(inspect.signature(getattr(reference, "function", reference)).parameters)
    return f"`{names[int(position)]}{f'[{place}]' if place else ''}`"


def unmoved(before: Any, after: Any, message: str) -> None:
    """Two outputs are equal: what was changed in between must have no influence."""
    if not data.same(before, after, closely=True):
        raise ClaimFailed(message, before, after)
