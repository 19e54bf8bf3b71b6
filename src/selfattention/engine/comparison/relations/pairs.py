"""One call, as a relation sees it: what went in, what came out and what should have; and the sizes in play."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from selfattention.engine.comparison.asked import SECONDS, Asked, Replay
from selfattention.engine.door import data
from selfattention.engine.door.room import Reply, Request

Holds = Callable[["Pair"], bool]


@dataclass(frozen=True)
class Pair:
    """A call of an answer, with its arguments by name and what the right function gives."""

    function: Callable
    inputs: dict[str, Any]
    expected: Any
    got: Any

    @classmethod
    def of(cls, function: Callable, asked: Asked) -> "Pair":
        """A pair of a call of the answer itself."""
        names = list(inspect.signature(function).parameters)
        return cls(function, dict(zip(names, asked.request.args)) | asked.request.kwargs, asked.expected.value,
                   asked.reply.value)

    @cached_property
    def wrong(self) -> bool:
        """Whether what came differs."""
        return not data.same(self.got, self.expected)

    @cached_property
    def arrays(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Expected and got as numbers in float64, or None where they are something else."""
        one, other = data.as_array(self.expected), data.as_array(self.got)
        if one is None or other is None or "b" in (one.dtype.kind, other.dtype.kind) or "c" in (
                one.dtype.kind, other.dtype.kind):
            return None
        return one.astype(float), other.astype(float)

    @cached_property
    def alike(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The numbers where both have the same shape."""
        arrays = self.arrays
        return arrays if arrays is not None and arrays[0].shape == arrays[1].shape else None

    @cached_property
    def axes(self) -> list[str]:
        """The names of the result's axes, from the back as far as they are known."""
        return _names(self.function, "return", np.ndim(data.as_array(self.expected)))

    @cached_property
    def sizes(self) -> dict[str, float]:
        """The sizes in play: of every named axis of an argument, and every whole number that was given."""
        found: dict[str, float] = {}
        for name, value in self.inputs.items():
            array = data.as_array(value)
            if array is not None and array.ndim:
                axes = _names(self.function, name, array.ndim)
                found |= {f"the number of `{axis}`" if axis.endswith("s") else f"`{axis}`": float(size)
                          for axis, size in zip(axes, array.shape) if axis and size > 1}
            elif array is not None and array.dtype.kind in "iuf" and abs(float(array)) not in (0.0, 1.0):
                found[f"`{name}`"] = float(array)
        return found

    @cached_property
    def lengths(self) -> dict[str, int]:
        """How many there are of everything that has a name: along axes, in lists, by whole numbers."""
        found: dict[str, int] = {}
        for name, value in self.inputs.items():
            array = data.as_array(value)
            if array is not None and array.ndim:
                axes = _names(self.function, name, array.ndim)
                found |= {axis: size for axis, size in zip(axes, array.shape) if axis}
            elif type(value) is int:
                found[name] = value
            elif isinstance(value, list):
                found[name] = len(value)
        return found

    def answer(self, **changed: Any) -> Any:
        """What the right function gives where some arguments are others; None where it raises."""
        reply: Reply = Replay(self.function, SECONDS).perform(Request("call", (), self.inputs | changed))
        return None if reply.raised else reply.value


def _names(function: Callable, of: str, rank: int) -> list[str]:
    """The names of `rank` axes, empty where there is none."""
    written = [name.lstrip("#") for name in getattr(function.__annotations__.get(of), "dim_str", "").split()]
    stars = [place for place, name in enumerate(written) if name.startswith("*")]
    if stars:
        more = rank - len(written) + 1
        written[stars[0]:stars[0] + 1] = [""] * max(more, 0)
    return written if len(written) == rank else [""] * rank


def same(one: Any, other: Any) -> bool:
    """True where two pieces of plain data are the same but for rounding; None is the same as nothing."""
    return one is not None and other is not None and data.same(one, other)


def softmax(x: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def gives(rule: Callable[[Pair], Any]) -> Holds:
    """Holds where the rule, given a pair, gives what came."""
    def holds(pair: Pair) -> bool:
        with np.errstate(all="ignore"):
            return _explains(rule(pair), pair)
    return holds


def numbers(rule: Callable[[np.ndarray], Any]) -> Holds:
    """Holds where the rule, given the expected numbers, gives those that came."""
    def holds(pair: Pair) -> bool:
        if pair.arrays is None:
            return False
        with np.errstate(all="ignore"):
            predicted = rule(pair.arrays[0])
        return predicted is not None and _explains(np.asarray(predicted, dtype=float), pair)
    return holds


def _explains(predicted: Any, pair: Pair) -> bool:
    """True where a prediction is what came, and not as near to what was expected as rounding may be."""
    return same(predicted, pair.got) and not (pair.wrong and data.same(predicted, pair.expected))
