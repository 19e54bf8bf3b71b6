"""Find an exercise by the name people type."""

import difflib

from selfattention import problems
from selfattention.engine import Exercise


class Unknown(ValueError):
    """A chapter or exercise that does not exist; the message says which do."""


def chapter(number: str) -> str:
    """The full name of a chapter: `2`, `02` and `02_softmax` all give `02_softmax`."""
    known = problems.chapters()
    wanted = number.zfill(2)
    for name in known:
        if wanted in (name, name[:2]):
            return name
    raise Unknown(f"there is no chapter {number!r} with exercises; there are {', '.join(name[:2] for name in known)}")


def find(key: str) -> Exercise:
    """The exercise called `key`, such as `02.softmax`."""
    number, dot, name = key.partition(".")
    if not dot:
        raise Unknown(f"{key!r} names no exercise; write chapter and name with a dot between, like '02.softmax'")
    exercises = {exercise.name: exercise for exercise in problems.exercises(chapter(number))}
    if name not in exercises:
        near = difflib.get_close_matches(name, exercises, n=1)
        advice = f"the nearest name is {near[0]!r}" if near else f"it has {', '.join(exercises)}"
        raise Unknown(f"chapter {number} has no exercise {name!r}; {advice}")
    return exercises[name]
