"""What was asked of an answer, what it replied, and what the right answer replies: what a comparison compares."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from selfattention.engine.door import data
from selfattention.engine.door.room import Raised, Record, Reply, Request, Room

SECONDS = 2.0  # for one call of the right function
CHANGED_SECONDS = 0.1  # for one call of a changed one, which may never end
ENOUGH = 5  # fractions that are wrong and alike cannot be chance, nor all that a question leaves open
LARGE = 100  # a whole number from here on does not come out by chance
MANY = 12  # numbers or words that are not all the same: a pattern


@dataclass(frozen=True)
class Asked:
    """One question with both replies."""

    request: Request
    reply: Reply
    expected: Reply

    @cached_property
    def wrong(self) -> bool:
        """Whether the replies differ. How an error is worded is free where one is expected."""
        return not (self.reply.raised and self.expected.raised) and not alike(self.reply, self.expected)

    @cached_property
    def size(self) -> int:
        """How many numbers came along."""
        return sum(map(data.numbers_in, (*self.request.args, *self.request.kwargs.values())))


class Replay(Room):
    """A room for code of ours: of an error only its kind and message are kept, for nobody looks for its line."""

    def _describe(self, error: BaseException) -> Raised:
        message = str(error)[:500]
        return Raised(type(error).__name__, "the function calls itself without end" if isinstance(
            error, RecursionError) else message)


Round = list[Asked]  # what one door was asked, in order


def compared(function: Callable, record: Record) -> Round:
    """A record with the replies of the right function beside those of the answer."""
    room = Replay(function, SECONDS)
    return [Asked(request, reply, room.perform(request)) for request, reply in record]


def alike(one: Reply, other: Reply) -> bool:
    """True where two replies are the same but for rounding."""
    if one.raised or other.raised:
        return (bool(one.raised and other.raised) and one.raised.kind == other.raised.kind
                and one.raised.message == other.raised.message)
    return one.mutated == other.mutated and data.same(one.value, other.value)


def replays(function: Callable, asked: Round, seconds: float = SECONDS, until: float = math.inf) -> bool:
    """True where a function replies to everything as the answer did; False where it is not known in time."""
    room = Replay(function, seconds)
    return all(time.thread_time() < until and as_answered(room.perform(one.request), one) for one in asked)


def as_answered(reply: Reply, asked: Asked) -> bool:
    """True where a reply is the answer's; where an error is expected, both may word it in their own way.

    What is as near to the right reply as rounding may be explains no wrong one.
    """
    if asked.expected.raised and asked.reply.raised and reply.raised:
        return reply.raised.kind == asked.reply.raised.kind
    if not (reply.raised or asked.reply.raised) and _tensors(reply.value) != _tensors(asked.reply.value) and any(
            _tensors(asked.expected.value)):
        return False  # where tensors are asked for, an array is another reply, though its numbers are the same
    return alike(reply, asked.reply) and not (asked.wrong and alike(reply, asked.expected))


def _tensors(value: Any) -> tuple[bool, ...]:
    """Which parts of a value are tensors."""
    if isinstance(value, (tuple, list)):
        return tuple(data.is_tensor(part) for part in value)
    return (data.is_tensor(value),)


def fractions(asked: Iterable[Asked]) -> int:
    """How many different finite fractions stand where other numbers belong: each is as good as a fingerprint."""
    found: set[float] = set()
    for one in asked:
        if one.wrong and not one.reply.raised:
            _collect(one.reply.value, None if one.expected.raised else one.expected.value, found)
    return len(found)


def _collect(value: Any, expected: Any, found: set[float]) -> None:
    if isinstance(value, dict):
        expected = expected if isinstance(expected, dict) else {}
        for key, part in value.items():
            _collect(part, expected.get(key), found)
        return
    if isinstance(value, (list, tuple)):
        paired = isinstance(expected, (list, tuple)) and len(expected) == len(value)
        for part, other in zip(value, expected if paired else [None] * len(value)):
            _collect(part, other, found)
        return
    array, target = data.as_array(value), data.as_array(expected)
    if array is None or array.dtype.kind not in "fiu":
        return
    if target is not None and target.shape == array.shape and target.dtype.kind in "fiu":
        array = array[~np.isclose(array, target, rtol=1e-6, atol=1e-12, equal_nan=True)]
    array = array[np.isfinite(array)].ravel()
    telling = array[(array != np.round(array)) | (np.abs(array) >= LARGE)]
    found.update(float(f"{number:.6g}") for number in telling[:LARGE].tolist())


def _pattern(one: Asked) -> int:
    """How many words, whole numbers, yes and no a wrong reply holds that do not all say the same."""
    flat = _flat(one.reply.value)
    return len(flat) if len(set(flat)) > 1 else 0


def _flat(value: Any) -> list:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [item for part in value for item in _flat(part)]
    array = data.as_array(value)
    if array is None or array.dtype.kind == "f":
        return [value] if isinstance(value, str) else []
    return array.ravel().tolist()


def is_evidence(rounds: Iterable[Round]) -> bool:
    """Whether what is wrong is more than what agrees by chance, such as zeros, NaN, yes and no, small whole numbers."""
    values = [one for asked in rounds for one in asked if not one.reply.raised]
    wrong = [one for one in values if one.wrong]
    found = fractions(wrong)
    return found >= ENOUGH or (found > 0 and len(values) > 1) or sum(map(_pattern, wrong)) >= MANY
