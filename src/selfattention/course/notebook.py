"""What a learner calls in a notebook: `check`, `hint`, `progress` and `certificate`."""

import difflib
import inspect
import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfattention.course import standing
from selfattention.course.catalogue import Unknown, find
from selfattention.course.certificate import NO_COPY, Certificate, drawn_up
from selfattention.course.progress import Progress, in_words, link
from selfattention.course.standing import Next
from selfattention.course.workspace import Workspace
from selfattention.engine.door.room import Room
from selfattention.engine.judging import card
from selfattention.engine.judging.card import Card
from selfattention.engine.judging.judge import judge
from selfattention.engine.judging.report import PASSED

_hints_taken: Counter[str] = Counter()


class Notice:
    """A short message, shown like a card."""

    def __init__(self, text: str, *, trouble: bool = False) -> None:
        self.text, self._colour = text, card.LOOK["error" if trouble else "not attempted"][0]

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<div style="{card.BOX.format(colour=self._colour)}" role="status">{card.inline(self.text)}</div>'


@dataclass(frozen=True)
class Passed(Card):
    """The card of an answer that has passed, with what comes next."""

    following: Next | None

    def _repr_html_(self) -> str:
        box = card.BOX.format(colour=card.LOOK[PASSED][0])
        return f'{super()._repr_html_()}<div style="{box}"><strong>Next:</strong> {link(self.following)}</div>'

    def __repr__(self) -> str:
        return f"{super().__repr__()}\n  Next: {in_words(self.following)}"


def check(key: str, *, seed: int = 0) -> Card | Notice | float:
    """Judge the function of this notebook that answers exercise `key`, such as `"02.softmax"`.

    Args:    seed: what the checks draw their data from.
    Returns: the card; for nbgrader, which reads a number, the points (the card is displayed as well).
    """
    namespace = sys._getframe(1).f_globals
    shown = _judged(key, namespace, seed)
    if "NBGRADER_EXECUTION" not in os.environ:
        return shown
    from IPython.display import display

    display(shown)
    return float(shown.report.earned) if isinstance(shown, Card) else 0.0


def _judged(key: str, namespace: dict[str, Any], seed: int) -> Card | Notice:
    try:
        exercise = find(key)
    except Unknown as error:
        return Notice(f"Nothing was checked: {error}.", trouble=True)
    if exercise.name not in namespace:
        mine = [name for name, value in namespace.items() if callable(value) and not name.startswith("_")]
        near = difflib.get_close_matches(exercise.name, mine, n=1)
        advice = f" There is a `{near[0]}`: is that its name misspelt?" if near else ""
        return Notice(
            f"`{exercise.name}` is not defined yet: run the cell above that defines it, then this one.{advice}",
            trouble=True,
        )
    answer = namespace[exercise.name]
    if not callable(answer):
        return Notice(f"`{exercise.name}` should be a function but is now of type {type(answer).__name__}: "
                      "run the cell above that defines it again, and give the other thing another name.", trouble=True)
    shown = Card(judge(exercise, lambda: Room(answer, ready_made=exercise.ready_made), seed))
    return shown if "NBGRADER_EXECUTION" in os.environ else _noted(shown, exercise.key, answer)


def _noted(shown: Card, key: str, answer: Callable) -> Card:
    """Remember what an answer earned, and tell what comes next; what solutions and lessons show is nobody's points."""
    if Path.cwd().name in ("solutions", "notebooks"):
        return shown
    space = Workspace.around(Path.cwd())
    try:
        text = inspect.getsource(answer)
    except Exception:  # what inspect raises depends on what the learner has made of the function
        text = None
    standing.note(space, key, shown.report.row(), text)
    if shown.report.status != PASSED:
        return shown
    return Passed(shown.report, standing.following(standing.standing(space), key))


def progress() -> Progress:
    """Every chapter with its exercises, your points, and what to do next; nothing is run for it."""
    space = Workspace.around(Path.cwd())
    return Progress(standing.standing(space), space is not None)


def certificate() -> Certificate | Notice:
    """What you have built: points, whole chapters, and guesses that came near; nothing is run for it."""
    space = Workspace.around(Path.cwd())
    return Notice(NO_COPY) if space is None else drawn_up(space)


def hint(key: str) -> Notice:
    """The next hint for exercise `key`; call it again for the one after."""
    try:
        exercise = find(key)
    except Unknown as error:
        return Notice(f"No hint: {error}.", trouble=True)
    step = min(_hints_taken[exercise.key], len(exercise.hints) - 1)
    _hints_taken[exercise.key] += 1
    return Notice(hint_text(exercise.hints, step))


def hint_text(hints: tuple[str, ...], step: int) -> str:
    """One step of the hints, with its number; the last one says where to look next."""
    last = "" if step < len(hints) - 1 else " (That was the last one. The lesson and the card's example say the rest.)"
    return f"Hint {step + 1} of {len(hints)}: {hints[step]}{last}"
