"""Which known mistake was made: the one that, asked the same questions, gives the very same replies."""

from typing import Any

import numpy as np

from selfattention.engine.door import data
from selfattention.engine.door.room import Record, Reply, Room
from selfattention.engine.judging.definition import Exercise, Mistake

REPLAY_SECONDS = 2.0


def recognise(exercise: Exercise, records: list[list[Record]], at: int) -> Mistake | None:
    """Name the mistake behind a failed check.

    A wrong name is worse than none. A fraction such as 0.2689 is as good as a fingerprint, so a mistake that gives the
    same one in the failed check has been found, even where a second mistake shows in another check. Zeros, NaN, yes,
    no and error messages agree by chance; then the mistake must reply alike in every check.

    Args:    records: for each check that ran, for each round, the requests and replies. at: the failed check.
    Returns: among the mistakes that replay the failed check exactly, the one that replays most checks; None
             where no known mistake does.
    """
    needed = 1 if any(_tells(reply.value) for record in records[at] for _, reply in record) else len(records)
    best, most = None, needed - 1
    for mistake in exercise.mistakes:
        if not _replays(mistake, records[at]):
            continue
        matched = sum(_replays(mistake, rounds) for rounds in records)
        if matched > most:
            best, most = mistake, matched
    return best


def _tells(value: Any) -> bool:
    """True where a value holds a finite fraction."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return any(map(_tells, value))
    array = data.as_array(value)
    if array is None or array.dtype.kind != "f":
        return False
    array = array[np.isfinite(array)]
    return bool((array != np.round(array)).any())


def _replays(mistake: Mistake, rounds: list[Record]) -> bool:
    """True where the mistake's code replies to every recorded request as the answer did."""
    for record in rounds:
        room = Room(mistake.function, REPLAY_SECONDS)
        for request, reply in record:
            if not _alike(room.perform(request), reply):
                return False
    return True


def _alike(one: Reply, other: Reply) -> bool:
    if one.raised or other.raised:
        return (bool(one.raised and other.raised) and one.raised.kind == other.raised.kind
                and one.raised.message == other.raised.message)
    return one.mutated == other.mutated and data.same(one.value, other.value)
