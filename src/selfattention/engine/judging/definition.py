"""One exercise, one function: its prompt, its solution, its checks, its hints and its known mistakes."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from selfattention.engine.door.room import Answer


@dataclass(frozen=True)
class Check:
    """A claim about an answer; `run(answer, rng)` raises where it does not hold."""

    claim: str
    hint: str
    run: Callable[[Answer, np.random.Generator], None]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people really give, as code that runs."""

    name: str
    hint: str
    function: Callable


class Exercise:
    """The reference solution with everything that belongs to it. Calling it calls the solution."""

    def __init__(self, function: Callable, points: int, hints: tuple[str, ...], ready_made: tuple[str, ...],
                 minutes: int, builds_on: str) -> None:
        self.function, self.points, self.hints, self.ready_made = function, points, hints, ready_made
        self.minutes, self.builds_on = minutes, builds_on
        self.name: str = function.__name__
        self.chapter: str = function.__module__.rpartition(".")[0].rpartition(".")[2].removeprefix("p")
        self.prompt: str = inspect.cleandoc(function.__doc__ or "")
        self.checks: list[Check] = []
        self.mistakes: list[Mistake] = []
        self.alternatives: dict[str, Callable] = {}
        self.examples: list[tuple] = []

    @property
    def key(self) -> str:
        """How the exercise is called in a notebook and on the command line: `02.softmax`."""
        return f"{self.chapter[:2]}.{self.name}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the solution."""
        return self.function(*args, **kwargs)

    def check(self, claim: str, *, hint: str) -> Callable[[Callable], Callable]:
        """Add a check. The claim completes "Your function …"; the hint asks or points."""
        def add(run: Callable) -> Callable:
            self.checks.append(Check(claim, hint, run))
            return run
        return add

    def mistake(self, name: str, *, hint: str) -> Callable[[Callable], Callable]:
        """Add a known mistake. The name says what the code does; the hint asks or points."""
        def add(function: Callable) -> Callable:
            self.mistakes.append(Mistake(name, hint, function))
            return function
        return add

    def alternative(self, name: str) -> Callable[[Callable], Callable]:
        """Add another right answer, which the checks must accept."""
        def add(function: Callable) -> Callable:
            self.alternatives[name] = function
            return function
        return add

    def example(self, *args: Any) -> None:
        """Add an input small enough to follow by eye; it stands in the prompt and is shown first on failure."""
        self.examples.append(args)


def exercise(
    *, points: int, hints: tuple[str, ...] = (), ready_made: tuple[str, ...] = (), minutes: int = 10,
    builds_on: str = ""
) -> Callable[[Callable], Exercise]:
    """Make an exercise of a function: signature and docstring are the prompt, the body is the solution.

    Args:    points: split evenly over the checks. hints: steps, from a question to a pointer, never the answer.
             ready_made: functions that do the whole work, such as `torch.softmax`: who calls one earns nothing.
             minutes: an estimate of how long it takes. builds_on: the lesson or exercise that it goes on from.
    """
    def make(function: Callable) -> Exercise:
        return Exercise(function, points, hints, ready_made, minutes, builds_on)
    return make
