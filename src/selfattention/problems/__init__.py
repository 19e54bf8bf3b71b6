"""The exercises: one module a chapter, one decorated function an exercise. Found by globbing."""

import ast
import functools
import importlib
import pkgutil
from pathlib import Path
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


@functools.cache
def names() -> dict[str, frozenset[str]]:
    """The names of every chapter's exercises, as they stand in its file: importing it may mean importing torch."""
    files = {chapter: Path(__path__[0], f"p{chapter}.py") for chapter in chapters()}
    return {chapter: frozenset(_exercises_in(path.read_text(encoding="utf-8"))) for chapter, path in files.items()}


def _exercises_in(source: str) -> list[str]:
    return [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) for made in
            node.decorator_list if isinstance(made, ast.Call) and getattr(made.func, "id", "") == "exercise"]
