"""The exercises: one module a chapter, one decorated function an exercise. Found by globbing."""

import importlib
import pkgutil
from types import ModuleType

from selfattention.engine import Exercise


def chapters() -> list[str]:
    """The chapters that have exercises, such as `02_softmax`, in order."""
    return sorted(module.name[1:] for module in pkgutil.iter_modules(__path__) if module.name[0] == "p")


def module(chapter: str) -> ModuleType:
    """The module that holds a chapter's exercises."""
    return importlib.import_module(f"{__name__}.p{chapter}")


def exercises(chapter: str) -> list[Exercise]:
    """A chapter's exercises, in the order in which they are written."""
    return [value for value in vars(module(chapter)).values()
            if isinstance(value, Exercise) and value.chapter == chapter]
