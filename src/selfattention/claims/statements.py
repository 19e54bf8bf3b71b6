"""What is claimed: a statement, a figure with places for numbers, and the limits of each number."""

import importlib
import pkgutil
import re
from dataclasses import dataclass, field
from functools import cache
from string import Formatter

from selfattention.claims.measured import Limits


@dataclass(frozen=True)
class Claim:
    """A statement that a lesson measures.

    Args:    figure: what was measured, with `{name}` where a number goes. numbers: the limits of each number by name;
             one that the figure does not show is held against its limits all the same. guess: the number that the
             reader predicts. unit: of that number; "times" makes it a factor, compared by ratio.
    Raises:  ValueError: the figure shows a number without limits, the guess is none of the numbers, or no number has
             a limit, so that the claim could not fail.
    """

    statement: str
    figure: str
    numbers: dict[str, Limits] = field(default_factory=dict)
    guess: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        shown = {name for _, name, _, _ in Formatter().parse(self.figure) if name}
        if unknown := shown - set(self.numbers):
            raise ValueError(f"the figure of the claim {self.statement!r} shows {', '.join(sorted(unknown))}, but its "
                             f"numbers are {', '.join(self.numbers) or 'none'}: give each one its limits")
        if self.guess and self.guess not in self.numbers:
            raise ValueError(f"the claim {self.statement!r} asks for {self.guess}, but its numbers are "
                             f"{', '.join(self.numbers)}")
        if not any(limits.expected for limits in self.numbers.values()):
            raise ValueError(f"nothing measured could contradict the claim {self.statement!r}: give one of its numbers "
                             "a limit")


def stated(statement: str, figure: str, *, guess: str = "", unit: str = "", **numbers: Limits) -> Claim:
    """A claim, with the limits of its numbers as keywords."""
    return Claim(statement, figure, numbers, guess, unit)


@cache
def chapter(number: str) -> dict[str, Claim]:
    """The claims of a chapter such as `03`, by their ids, in the lesson's order.

    Raises:  ValueError: there is no such chapter; the message says which there are.
    """
    known = sorted(module.name[1:] for module in pkgutil.iter_modules(importlib.import_module(__package__).__path__)
                   if re.fullmatch(r"c\d\d", module.name))
    if number not in known:
        raise ValueError(f"no chapter {number!r} makes claims; {', '.join(known)} do")
    return importlib.import_module(f"{__package__}.c{number}").CLAIMS


def find(key: str) -> Claim:
    """The claim called `key`, such as `03.score-spread`.

    Raises:  ValueError: it is not known; the message says which claims the chapter makes.
    """
    number, _, name = key.partition(".")
    known = chapter(number)
    if name not in known:
        raise ValueError(f"chapter {number} makes no claim {name!r}; it makes {', '.join(known)}")
    return known[name]
