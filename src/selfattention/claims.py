"""Predict first, then measure: how a lesson takes a guess, rounds what it measured, and states a claim.

Machines differ in the last digits, and a training carries that into the first ones. So what a lesson prints is rounded
here and nowhere else, and what no rounding makes alike is not printed: its limit is.
"""

import math
from dataclasses import dataclass
from numbers import Real

UNGUESSED = "You made no guess: set it above and run both cells again."


@dataclass(frozen=True)
class Measured:
    """A number that was measured, and the limits within which it supports a claim.

    As text it is the number with `digits` decimals; without `digits` it is the limits it keeps: `more than 0.9`,
    `1.9 to 2.1`. Give `digits` where every processor gives the same text, and leave them out where one may not.

    Args:    digits: decimals, such as 0 for whole numbers and -1 for tens. above, below: the limits, not included.
             exactly: the one value that supports the claim.
    Raises:  ValueError: there are neither digits nor limits, so there is nothing to show.
    """

    value: Real
    digits: int | None = None
    above: Real = -math.inf
    below: Real = math.inf
    exactly: Real | None = None

    def __post_init__(self) -> None:
        if self.digits is None and not self.expected:
            raise ValueError(f"{self.value} was measured with neither digits nor limits: say how many decimals every "
                             "machine shows, or between which limits the claim holds")

    @property
    def holds(self) -> bool:
        """Whether the number lies within its limits; a NaN does not."""
        inside = self.above < self.value < self.below
        return bool(inside and (self.exactly is None or self.value == self.exactly))

    @property
    def expected(self) -> str:
        """The limits as text; empty where there are none."""
        if self.exactly is not None:
            return f"{self.exactly:,.10g}"
        if math.isinf(self.above):
            return "" if math.isinf(self.below) else f"less than {self.below:,.4g}"
        return f"more than {self.above:,.4g}" if math.isinf(self.below) else f"{self.above:,.4g} to {self.below:,.4g}"

    def __str__(self) -> str:
        if self.digits is not None:
            return rounded(self.value, self.digits)
        return self.expected if self.holds else f"{self.value:.4g}"


def rounded(value: Real, digits: int) -> str:
    """The text of a number with so many decimals; -1 rounds to tens, and there is no minus before a zero."""
    return f"{round(float(value), digits) + 0.0:,.{max(digits, 0)}f}"


def guessed(guess: Real | None, measured: Measured, unit: str = "") -> None:
    """Show how far the reader's guess was off; `guess` is None where none was made."""
    unit = f" {unit}" if unit else ""
    if guess is None:
        print(f"Measured: {measured}{unit}. {UNGUESSED}")
        return
    was = rounded(measured.value, 0) if abs(measured.value) >= 1000 else f"{measured.value:.3g}"
    print(f"You guessed {guess:.3g}{unit}; measured {was}{unit}: off by {abs(guess - measured.value):.2g}.")


def claim(statement: str, figure: str, *measured: Measured) -> None:
    """Print a claim with its figure and the verdict.

    Args:    figure: what was measured here, made of the texts of `measured`. measured: each must be within its limits.
    Raises:  AssertionError: one is not, so that a claim that stops being true stops the lesson.
             ValueError: no limit is given, so that the claim could not fail.
    """
    if not any(one.expected for one in measured):
        raise ValueError(f"nothing measured could contradict the claim {statement!r}: give one of the numbers a limit")
    broken = [f"{one.value:.4g}, expected {one.expected or 'a number'}" for one in measured if not one.holds]
    print(f"Claim:    {statement}\nMeasured: {figure}\nVerdict:  {'does NOT hold' if broken else 'holds'}")
    if broken:
        raise AssertionError(f"the figure no longer supports the claim: {statement} ({figure}; {'; '.join(broken)})")
