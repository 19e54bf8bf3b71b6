"""A number that was measured, and how it is rounded.

Machines differ in the last digits, and a training carries that into the first ones. So what a lesson prints is rounded
here and nowhere else, and what no rounding makes alike is not printed: its limit is.
"""

import math
import re
from dataclasses import asdict, dataclass
from numbers import Real

POWER = re.compile(r"(?:1|(\d[\d.]*))e([+-]\d+)")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Limits:
    """Within which limits a number supports a claim, and how it is written.

    Args:    digits: decimals, such as 0 for whole numbers and -1 for tens; only where every processor gives the same
             text. above, below: the limits, not included. exactly: the one value that supports the claim.
    Raises:  ValueError: there are neither digits nor limits, so there is nothing to show.
    """

    digits: int | None = None
    above: Real = -math.inf
    below: Real = math.inf
    exactly: Real | None = None

    def __post_init__(self) -> None:
        if self.digits is None and not self.expected:
            raise ValueError("a number needs digits or limits: say how many decimals every machine shows, or between "
                             "which limits the claim holds")

    @property
    def expected(self) -> str:
        """The limits as text; empty where there are none."""
        if self.exactly is not None:
            return powers(f"{self.exactly:,.10g}")
        above, below = (powers(f"{limit:,.4g}") for limit in (self.above, self.below))
        if math.isinf(self.above):
            return "" if math.isinf(self.below) else f"less than {below}"
        return f"more than {above}" if math.isinf(self.below) else f"{above} to {below}"

    def measured(self, value: Real) -> "Measured":
        """The number `value`, held against these limits."""
        return Measured(**asdict(self), value=float(value))


@dataclass(frozen=True, kw_only=True)
class Measured(Limits):
    """A number and its limits. As text it is the number with `digits` decimals; without, the limits that it keeps."""

    value: float

    @property
    def holds(self) -> bool:
        """Whether the number lies within its limits; a NaN does not."""
        inside = self.above < self.value < self.below
        return bool(inside and (self.exactly is None or self.value == self.exactly))

    def __str__(self) -> str:
        if self.digits is not None:
            return rounded(self.value, self.digits)
        return self.expected if self.holds else powers(f"{self.value:.4g}")


def shortly(value: Real) -> str:
    """A number with three digits, or whole from a thousand on."""
    return rounded(value, 0) if abs(value) >= 1000 else powers(f"{value:.3g}")


def coarsely(value: Real) -> str:
    """A number with two digits, and no power of ten where it is large."""
    return powers(f"{float(f'{value:.2g}'):,.15g}")


def powers(text: str) -> str:
    """A number's text with 10⁻¹⁰ in place of 1e-10, which pages break at its hyphen."""
    def raised(found: re.Match) -> str:
        return f"{found[1] + '·' if found[1] else ''}10{str(int(found[2])).translate(RAISED)}"

    return POWER.sub(raised, text)


def rounded(value: Real, digits: int) -> str:
    """The text of a number with so many decimals; -1 rounds to tens, and there is no minus before a zero."""
    return f"{round(float(value), digits) + 0.0:,.{max(digits, 0)}f}"
