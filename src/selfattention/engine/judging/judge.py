"""Judge an answer: run the checks through the door, split the points, and say what went wrong."""

import inspect
import re
import time
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from selfattention.engine.comparison.asked import Round, compared
from selfattention.engine.door import data
from selfattention.engine.door.room import Answer, AnswerRaised, Door, InputChanged, Record, Request
from selfattention.engine.judging import probes
from selfattention.engine.judging.definition import Check, Exercise
from selfattention.engine.judging.diagnosis import compare, recognise
from selfattention.engine.judging.raised.search import hint as hint_of
from selfattention.engine.judging.raised.search import is_untouched
from selfattention.engine.judging.report import (
    ERROR,
    FAILED,
    NOT_ATTEMPTED,
    PASSED,
    READY_MADE,
    TIMEOUT,
    Report,
    Verdict,
)
from selfattention.engine.judging.shown import counterexample

ROUNDS = 2
SHAPES_DIFFER = re.compile(r"expected (array|tensor) .*, got (array|tensor|single)")


def judge(exercise: Exercise, open_door: Callable[[], Door], seed: int = 0, *, explain: bool = True) -> Report:
    """Run every check of `exercise` on the answer behind the door.

    Args:    open_door: gives a fresh door to the same function for each check. seed: what the checks draw
             their data from; the same seed gives the same data. explain: False leaves out what went wrong, and with
             which input: looking for it takes the longer part of the time.
    Returns: a report; it never raises for anything the answer does.
    """
    started = time.perf_counter()
    report = Report(exercise.chapter, exercise.name, exercise.points)
    records: list[list[Record]] = []
    for check in exercise.checks:
        verdict, rounds = _run(exercise, check, open_door, seed)
        if verdict.status == NOT_ATTEMPTED:
            report.verdicts = [verdict]
            break
        report.verdicts.append(verdict)
        records.append(rounds)
        if verdict.status == TIMEOUT or (verdict.raised and verdict.raised.kind == "ProcessEnded"):
            break
    passed = sum(verdict.status == PASSED for verdict in report.verdicts)
    report.earned = round(exercise.points * passed / len(exercise.checks), 2)
    trouble = report.first_trouble
    report.status = trouble.status if trouble else PASSED
    if trouble and report.earned:
        report.idle = _idle([pair for rounds in records for record in rounds for pair in record])
        report.earned = 0.0 if report.idle else report.earned
    replies = (reply for rounds in records for record in rounds for _, reply in record)
    report.used = tuple(sorted({name for reply in replies for name in reply.used}))
    if report.used:
        report.status, report.earned = READY_MADE, 0.0
    elif explain and trouble and trouble.status in (FAILED, ERROR):
        at = report.verdicts.index(trouble)
        checks = [[compared(exercise.function, record) for record in rounds] for rounds in records]
        ended = trouble.raised is not None and trouble.raised.kind == "ProcessEnded"  # it would do so again
        examples = [] if ended else [_example(exercise, args, open_door()) for args in exercise.examples]
        report.mistake = recognise(exercise, checks, at)
        if report.mistake is None:
            report.comparison = compare(exercise, examples, [asked for rounds in checks for asked in rounds])
        report.printed = records[at][-1][-1][1].printed if records[at][-1] else ""
        if trouble.status == ERROR and records[at][-1]:
            report.called_with = _arguments(exercise, records[at][-1][-1][0])
        if trouble.status == FAILED:
            report.counterexample = counterexample(exercise, examples, checks[at])
    report.seconds = time.perf_counter() - started
    return report


def _run(exercise: Exercise, check: Check, open_door: Callable[[], Door], seed: int) -> tuple[Verdict, list[Record]]:
    """One check in several rounds of fresh data, up to the first that does not pass."""
    rounds: list[Record] = []
    fitted = _fit_to_reference(exercise)
    for number in range(ROUNDS):
        record: Record = []
        rounds.append(record)
        rng = np.random.default_rng([seed, zlib.crc32(f"{exercise.key} {check.claim}".encode()), number])
        failed = _failure(check, Answer(open_door(), record, inspect=fitted), rng)
        if failed is not None:
            return failed, rounds
    return Verdict(check.claim, PASSED), rounds


def _failure(check: Check, answer: Answer, rng: np.random.Generator) -> Verdict | None:
    """Why the check did not pass, or None where it did."""
    claim, hint = check.claim, check.hint
    try:
        check.run(answer, rng)
    except AnswerRaised as error:
        status = NOT_ATTEMPTED if is_untouched(error.raised) else TIMEOUT if error.raised.kind == "TimeLimit" else ERROR
        return Verdict(claim, status, str(error.raised), hint_of(error.raised) or ("" if error.raised.advice else hint),
                       raised=error.raised)
    except InputChanged:
        return Verdict(claim, FAILED, "it changes its input in place: whoever passed it would find it altered",
                       "Which line writes into something that was passed in?")
    except probes.Misfit as error:
        if SHAPES_DIFFER.match(str(error)):
            hint = "Print the shape after each line of your function: where is it not what you expect?"
        return Verdict(claim, FAILED, str(error), "" if str(error).endswith("?") else hint, general=True)
    except probes.ClaimFailed as error:
        return Verdict(claim, FAILED, str(error), error.hint or hint, error.expected, error.got, general=error.general)
    except Exception as error:  # the check could not read what came back: the answer is at fault, not the reader
        return Verdict(claim, FAILED, f"what came back cannot be used here ({type(error).__name__}: {error})", hint)
    return None


def _fit_to_reference(exercise: Exercise) -> Callable[[Request, Any], Any]:
    """Holds each returned value against the type and shape of the reference's, with the names of the axes."""
    axes = getattr(exercise.function.__annotations__.get("return"), "dim_str", "")

    def fitted(request: Request, value: Any) -> Any:
        if request.verb != "call":
            return value
        try:
            expected = exercise.function(*data.copy(request.args), **data.copy(request.kwargs))
        except Exception:  # the check means to see the answer refuse this input
            return value
        return probes.fits(value, data.plain(expected, lambda _: data.Handle(0)), axes)

    return fitted


def _idle(record: Record) -> str:
    """How an answer that computes nothing gets through some checks, or an empty string where it does compute."""
    calls = [(request, reply) for request, reply in record if request.verb == "call" and request.target == 0]
    if not calls or any(reply.raised or isinstance(reply.value, data.Handle) for _, reply in calls):
        return ""
    values = [reply.value for _, reply in calls]
    arrays = [data.as_array(part) for value in values
              for part in (value if isinstance(value, (tuple, list)) else [value])]
    numbers = [array.ravel()[0] for array in arrays if array is not None and array.size]
    if numbers and all(array is not None and (array == numbers[0]).all() for array in arrays):
        return "gives the same number whatever it is given"
    if all(value is not None and data.same(value, values[0]) for value in values):
        return "gives the same result whatever it is given"
    for place in range(min(len(request.args) for request, _ in calls)):
        if all(data.same(value, request.args[place]) for (request, _), value in zip(calls, values)):
            return "gives back what it is given"
    return ""


def _arguments(exercise: Exercise, request: Request) -> str:
    """What a call was made with, as types and shapes: `queries: array (3, 7), keys: array (5, 7)`."""
    if request.verb != "call" or request.target != 0:
        return ""
    named = dict(zip(inspect.signature(exercise.function).parameters, request.args)) | request.kwargs
    axes = {name: getattr(kind, "dim_str", "") for name, kind in exercise.function.__annotations__.items()}
    return ", ".join(f"{name}: {probes.describe(value, axes.get(name, ''))}" for name, value in named.items())


def _example(exercise: Exercise, args: tuple, door: Door) -> Round:
    """What is replied to one of the hand-sized examples."""
    request = Request("call", args)
    return compared(exercise.function, [(request, door.perform(request))])
