"""Which known mistake was made: the one that, asked the same questions, gives the very same replies."""

from selfattention.engine import data
from selfattention.engine.door import Reply, Request, Room
from selfattention.engine.definition import Exercise, Mistake

REPLAY_SECONDS = 2.0


def recognise(exercise: Exercise, records: list[list[list[tuple[Request, Reply]]]], at: int) -> Mistake | None:
    """Name the mistake behind a failed check.

    Args:    records: for each check that ran, for each round, the requests and replies. at: the failed check.
    Returns: among the mistakes that replay the failed check exactly, the one that replays most checks; None
             where no known mistake does.
    """
    best, most = None, 0
    for mistake in exercise.mistakes:
        if not _replays(mistake, records[at]):
            continue
        matched = sum(_replays(mistake, rounds) for rounds in records)
        if matched > most:
            best, most = mistake, matched
    return best


def _replays(mistake: Mistake, rounds: list[list[tuple[Request, Reply]]]) -> bool:
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
