"""What went wrong: which known mistake it was, else what a comparison with the right answer shows.

A wrong name is worse than none. A fraction such as 0.2689 is as good as a fingerprint where another one belongs; zeros,
NaN, yes, no, small whole numbers and error messages agree by chance.
"""

import time
import warnings
from collections.abc import Sequence

from selfattention.engine.comparison import changes, relations
from selfattention.engine.comparison.asked import ENOUGH, Round, fractions, is_evidence, replays
from selfattention.engine.comparison.finding import Finding
from selfattention.engine.judging.definition import Exercise, Mistake

SECONDS = 0.2  # of processor time for a comparison, so that a busy machine takes nothing from anybody


def recognise(exercise: Exercise, checks: Sequence[Sequence[Round]], at: int) -> Mistake | None:
    """Name the known mistake behind a failed check.

    A mistake that replays the failed check has been found where that shows at least five wrong fractions, even where a
    second mistake shows in another check. With fewer it must also replay every check that the answer passes, and
    with none every check.

    Args:    checks: for each check that ran its rounds. at: which one failed.
    Returns: among the mistakes that may be named the one that replays most checks; None where none may.
    """
    found = fractions(one for asked in checks[at] for one in asked)
    passed = [not any(one.wrong for asked in rounds for one in asked) for rounds in checks]
    best, most = None, 0
    for mistake in exercise.mistakes:
        if not all(replays(mistake.function, asked) for asked in checks[at]):
            continue
        matched = [place == at or all(replays(mistake.function, asked) for asked in rounds)
                   for place, rounds in enumerate(checks)]
        needed = [found < ENOUGH and (right or not found) for right in passed]
        if all(match or not need for match, need in zip(matched, needed)) and sum(matched) > most:
            best, most = mistake, sum(matched)
    return best


def compare(exercise: Exercise, examples: Sequence[Round], rounds: Sequence[Round]) -> Finding | None:
    """Say what no author foresaw: which change of the right answer gives the same, or how the numbers are related.

    Args:    examples: what was replied to the exercise's examples. rounds: all else that was asked.
    Returns: a sentence that is true of every reply, or None.
    """
    every = [*examples, *rounds]
    if any(one.reply.mutated for asked in every for one in asked):
        return None
    solution, until, enough = exercise.function, time.thread_time() + SECONDS, is_evidence(every)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NaN and infinity are what some comparisons are about
        found = changes.told(solution, [*exercise.alternatives.values()], examples, rounds, until) if enough else None
        found = found or relations.told(solution, every, until)
        return found or (changes.told_together(solution, examples, rounds, until) if enough else None)
