"""The exercises: a folder a chapter, a file an exercise. Found by globbing; their order stands in the files' names."""

import functools
import importlib
import pkgutil
from types import ModuleType

from selfattention.engine import Exercise


def chapters() -> list[str]:
    """The chapters that have exercises, such as `02_softmax`, in order."""
    return sorted(module.name[1:] for module in pkgutil.iter_modules(__path__) if module.name[0] == "p")


def module(chapter: str) -> ModuleType:
    """A chapter's folder, whose docstring opens the notebook; no exercise is imported with it."""
    return importlib.import_module(f"{__name__}.p{chapter}")


def exercises(chapter: str) -> list[Exercise]:
    """A chapter's exercises, in order."""
    return [getattr(importlib.import_module(f"{module(chapter).__name__}.{file}"), _name(file))
            for file in _files(chapter)]


@functools.cache
def names() -> dict[str, frozenset[str]]:
    """The names of every chapter's exercises, as its files are called: importing them may mean importing torch."""
    return {chapter: frozenset(map(_name, _files(chapter))) for chapter in chapters()}


def _files(chapter: str) -> list[str]:
    """Such as `e02_log_softmax`, where `log_softmax` is the exercise."""
    return sorted(found.name for found in pkgutil.iter_modules(module(chapter).__path__) if found.name[0] == "e")


def _name(file: str) -> str:
    return file.partition("_")[2]
