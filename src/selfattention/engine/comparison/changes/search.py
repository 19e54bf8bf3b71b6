"""The search: every change in turn is asked what the answer was asked, the smallest question first.

What a change replies to the hand-sized examples is computed once and kept, so that most fall without a call.
"""

import ast
import functools
import importlib
import inspect
import pkgutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from selfattention.engine.comparison.asked import CHANGED_SECONDS, Replay, Round, as_answered, replays
from selfattention.engine.comparison.changes import kinds
from selfattention.engine.comparison.changes.sites import Change, Site, Source, code_of
from selfattention.engine.comparison.finding import Finding
from selfattention.engine.door.room import Reply, Request


@functools.cache
def every_kind() -> list[Callable[[Site], Iterator]]:
    """The kinds of change, found by globbing."""
    found = []
    for module in sorted(module.name for module in pkgutil.iter_modules(kinds.__path__)):
        inside = vars(importlib.import_module(f"{kinds.__name__}.{module}"))
        found += [item for name, item in inside.items() if inspect.isfunction(item) and not name.startswith("_")
                  and item.__module__.endswith(f".{module}")]
    return found


class Changed:
    """A function with all its changes, which are made when they are needed first."""

    def __init__(self, function: Callable) -> None:
        self.changes = list(_changes(function))
        self._functions: dict[int, Callable | None] = {}
        self._replies: dict[tuple[int, int], Reply] = {}

    def function(self, number: int) -> Callable | None:
        """The changed function, or None where it does not compile."""
        if number not in self._functions:
            self._functions[number] = self.changes[number].function()
        return self._functions[number]

    def reply(self, number: int, example: int, request: Request) -> Reply:
        """What a changed function replies to an example."""
        key = (number, example)
        if key not in self._replies:
            self._replies[key] = Replay(self.function(number), CHANGED_SECONDS).perform(request)
        return self._replies[key]


def _changes(function: Callable) -> Iterator[Change]:
    try:
        source = Source.of(function)
    except (OSError, TypeError):
        return
    if not source.imports <= sys.modules.keys():
        return  # the first hour of the course needs no torch, and loading it takes longer than all that is done here
    for site in list(source.sites()):
        seen = {code_of(site.node)}
        for kind in every_kind():
            for new, sentence in kind(site):
                for node in new if isinstance(new, list) else [new]:
                    ast.fix_missing_locations(ast.copy_location(node, site.node))
                if (reads := code_of(new)) not in seen:
                    seen.add(reads)
                    yield Change(site, new, kind.__name__, sentence, _is_general(kind))


def _is_general(kind: Callable) -> bool:
    return not getattr(sys.modules[kind.__module__], "ONLY_IN_THE_SOLUTION", False)


@functools.cache
def changed(function: Callable) -> Changed:
    """A function's changes, kept for the next answer."""
    return Changed(function)


def explaining(function: Callable, examples: Sequence[Round], rounds: Sequence[Round], until: float) -> list[Change]:
    """The changes that reply to everything as the answer did.

    Args:    function: a right answer that is written as a function. examples: what the answer replied to the same few
             questions that every answer is asked. rounds: all else. until: when to stop, by `time.thread_time`.
    """
    bank = changed(function)
    order = sorted(rounds, key=lambda asked: (not any(one.wrong for one in asked), sum(one.size for one in asked)))
    found = []
    for number, change in enumerate(bank.changes):
        if time.thread_time() > until:
            break
        if bank.function(number) is not None and all(
            as_answered(bank.reply(number, place, asked[0].request), asked[0]) for place, asked in enumerate(examples)
        ) and all(replays(bank.function(number), asked, CHANGED_SECONDS, until) for asked in order):
            found.append(change)
    return found


def explaining_together(function: Callable, examples: Sequence[Round], rounds: Sequence[Round],
                        until: float) -> tuple[Change, ...]:
    """The first two changes of one kind that together reply to everything as the answer did: the same slip twice."""
    bank = changed(function)
    order = sorted((*examples, *rounds), key=lambda asked: (not any(one.wrong for one in asked), sum(
        one.size for one in asked)))
    usable = [change for number, change in enumerate(bank.changes) if bank.function(number) is not None and not any(
        bank.reply(number, 0, asked[0].request).raised for asked in examples[:1])]  # the others would only take time
    for place, second in enumerate(usable):
        for first in usable[:place]:
            if time.thread_time() > until:
                return ()
            if first.kind != second.kind or first.site.node in (second.site.node, *second.site.around):
                continue
            together = first.function(second)
            if together is not None and all(replays(together, asked, CHANGED_SECONDS, until) for asked in order):
                return first, second
    return ()


def told(solution: Callable, alternatives: Sequence[Callable], examples: Sequence[Round], rounds: Sequence[Round],
         until: float) -> Finding | None:
    """What to say: which change of the solution gives the same, else of an alternative; nothing where it is open which.

    Of a change in an alternative only that is told which speaks of the task and not of that one way to solve it.
    """
    for function in (solution, *alternatives):
        found = explaining(function, examples, rounds, until)
        if function is not solution:
            found = [change for change in found if change.general]
        if found:
            return _finding(" – or, with the same results, when ".join(shared(found)))
    return None


def told_together(solution: Callable, examples: Sequence[Round], rounds: Sequence[Round], until: float) -> (
        Finding | None):
    """What to say of two changes of the solution that give the same together."""
    sentences = list(dict.fromkeys(change.sentence for change in explaining_together(
        solution, examples, rounds, until)))
    return _finding(f"{sentences[0]}, in two places" if len(sentences) == 1 else ", and ".join(sentences))


def shared(found: Sequence[Change]) -> list[str]:
    """What the changes that explain an answer share: one sentence, two of which both are true, or none.

    Something left out is the simplest explanation and goes first.
    """
    sentences = list(dict.fromkeys(change.sentence for change in found))
    simplest = [sentence for sentence in sentences if sentence.endswith("left out")] or sentences
    return simplest if len(simplest) <= 2 else []


def _finding(when: str) -> Finding | None:
    return Finding(f"these are the results you get when {when}") if when else None
