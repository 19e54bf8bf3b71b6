"""The search for a relation that holds in every call of the answer."""

import functools
import importlib
import inspect
import pkgutil
import time
from collections.abc import Callable, Sequence

import numpy as np

from selfattention.engine.comparison.asked import MANY, Asked, Round, is_evidence
from selfattention.engine.comparison.finding import Finding
from selfattention.engine.comparison.relations import kinds
from selfattention.engine.comparison.relations.pairs import Holds, Pair
from selfattention.engine.door import data

ONLY_WHERE = {"some_rows", "situation"}  # kinds that say where it goes wrong, not what is wrong there
FEW = {"some_rows": 2}  # how many wrong calls these need, which else say something of chance


@functools.cache
def every_kind() -> list[Callable]:
    """The kinds of relation, found by globbing, in the order in which they are told."""
    modules = [importlib.import_module(f"{kinds.__name__}.{found.name}") for found in pkgutil.iter_modules(
        kinds.__path__)]
    return [item for module in sorted(modules, key=lambda module: module.RANK) for name, item in vars(module).items()
            if inspect.isfunction(item) and not name.startswith("_") and item.__module__ == module.__name__]


def holding(function: Callable, rounds: Sequence[Round], until: float) -> list[tuple[str, str]]:
    """The sentences that hold for every call, with their kind; those of one module only, the first that has any.

    Args:    function: the right answer. until: when to stop, by `time.thread_time`.
    """
    calls = [one for asked in rounds for one in asked if one.request.verb == "call" and one.request.target == 0]
    if any(bool(one.reply.raised) != bool(one.expected.raised) for one in calls):
        return []
    pairs = [Pair.of(function, one) for one in sorted(calls, key=_size) if not one.reply.raised]
    wrong, right = [pair for pair in pairs if pair.wrong], [pair for pair in pairs if not pair.wrong]
    if not wrong or any(isinstance(pair.got, (data.Handle, data.Foreign, type(None))) for pair in pairs):
        return []
    found: list[tuple[str, str]] = []
    module, enough = "", is_evidence(rounds) or _says_much(wrong)
    for kind in every_kind():
        if found and kind.__module__ != module:
            break
        module = kind.__module__
        by_calls = kind.__name__ == "situation"  # which goes by what calls are wrong, not by what numbers came
        if not (right if by_calls else enough) or len(wrong) < FEW.get(kind.__name__, 1):
            continue
        for sentence, holds in kind(wrong[0]):
            if time.thread_time() > until:
                return found
            if sentence not in dict(found) and all(_holds(holds, pair) for pair in (*wrong, *right)):
                found.append((sentence, kind.__name__))
    return found


def told(function: Callable, rounds: Sequence[Round], until: float) -> Finding | None:
    """What to say: the first relation that holds for every call; nothing where two situations are equally possible."""
    found = holding(function, rounds, until)
    if not found or (len(found) > 1 and found[0][1] == "situation"):
        return None
    return Finding(found[0][0], explains=found[0][1] not in ONLY_WHERE)


def _says_much(pairs: Sequence[Pair]) -> bool:
    """Whether there are many numbers of several kinds, be they whole: to say what they have in common is no chance."""
    flat = [number for pair in pairs if pair.arrays for number in pair.arrays[1].ravel().tolist()]
    return len(flat) >= MANY and len({*flat}) > 2


def _size(asked: Asked) -> int:
    return asked.size


def _holds(holds: Holds, pair: Pair) -> bool:
    try:
        with np.errstate(all="ignore"):
            return bool(holds(pair))
    except (ValueError, TypeError, IndexError, KeyError, ArithmeticError, AttributeError, RuntimeError):
        return False
