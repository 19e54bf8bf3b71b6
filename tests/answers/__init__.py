"""Answers as learners write them, right and wrong, by people who had seen the prompts alone.

Each file holds those of one chapter. What is wrong with a wrong one stands beside it, for who reads what the card says.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Written:
    """An answer to one exercise."""

    exercise: str
    right: bool
    about: str
    function: Callable


_WRITTEN: list[Written] = []


def right(exercise: str, about: str) -> Callable[[Callable], Callable]:
    """Add a right answer; `about` says what is unusual about it."""
    return _added(exercise, True, about)


def wrong(exercise: str, about: str) -> Callable[[Callable], Callable]:
    """Add a wrong answer; `about` says what is wrong with it."""
    return _added(exercise, False, about)


def _added(exercise: str, is_right: bool, about: str) -> Callable[[Callable], Callable]:
    def add(function: Callable) -> Callable:
        _WRITTEN.append(Written(exercise, is_right, about, function))
        return function
    return add


def written() -> list[Written]:
    """All of them, by chapter."""
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
        importlib.import_module(f"{__name__}.{module}")
    return list(_WRITTEN)
