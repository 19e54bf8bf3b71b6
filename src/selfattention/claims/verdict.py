"""What the reader sees of a claim: its verdict, what was measured, and how far off the guess was."""

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from selfattention.claims import axis
from selfattention.claims.measured import Measured, coarsely, shortly
from selfattention.claims.statements import Claim, find

UNGUESSED = "You made no guess: set it above and run both cells again."
NEAR = 1.5  # a factor, or a tenth of the measured number, counts as near
BOX = "border-left:4px solid {colour};padding:6px 14px;margin:2px 0;max-width:46em;line-height:1.5"
# Of frames and marks: at least 3:1 on white and on near-black. Words have the colour of the page.
COLOURS = {True: "#2e9d4f", False: "#d9480f"}

_guesses: dict[str, tuple[Real | None, Measured, str]] = {}  # by key, of this notebook: for the tally


@dataclass(frozen=True)
class Verdict:
    """A claim that was measured; shown as a card, and as plain text where there is no page."""

    claim: Claim
    measured: Mapping[str, Measured]
    guess: Real | None = None

    @property
    def holds(self) -> bool:
        """Whether every number lies within its limits."""
        return all(one.holds for one in self.measured.values())

    @property
    def figure(self) -> str:
        """What was measured, as one line."""
        return self.claim.figure.format(**self.measured)

    def __repr__(self) -> str:
        lines = [("Claim:    ", self.claim.statement), ("Measured: ", self.figure),
                 ("Verdict:  ", "holds" if self.holds else "does NOT hold")]
        if self.claim.guess:
            lines.insert(0, ("Guess:    ", self._guessed()))
        return "\n".join(label + text for label, text in lines)

    def _guessed(self) -> str:
        asked = self.measured[self.claim.guess]
        return UNGUESSED if self.guess is None else compared(self.guess, asked, self.claim.unit)

    def _repr_html_(self) -> str:
        mark, verdict = ("✓", "This claim holds") if self.holds else ("✗", "This claim does NOT hold here")
        colour = COLOURS[self.holds]
        parts = [f'<div><strong><span style="color:{colour}">{mark}</span> {verdict}:</strong> '
                 f"{html.escape(self.claim.statement)}.</div>",
                 f"<div><strong>Measured:</strong> {html.escape(self.figure)}</div>"]
        if self.claim.guess:
            parts.append(f"<div><strong>Your guess:</strong> {html.escape(self._guessed())}</div>")
        if self.guess is not None:
            parts.append(axis.drawn(float(self.guess), self.measured[self.claim.guess], self.claim.unit))
        return f'<div style="{BOX.format(colour=colour)}" role="status">{"".join(parts)}</div>'


def compared(guess: Real, measured: Measured, unit: str = "") -> str:
    """How far a guess is off: as a factor where the number is one, else as a difference."""
    words = f" {unit}" if unit else ""
    text = f"{shortly(guess)}{words}; measured {shortly(measured.value)}{words}: "
    if unit == "times" and guess > 0 and measured.value > 0:
        ratio = guess / measured.value
        off = f"{coarsely(max(ratio, 1 / ratio))} times too {'large' if ratio > 1 else 'small'}"
        return text + ("right." if math.isclose(ratio, 1, rel_tol=0.005) else f"{off}.")
    off = abs(guess - measured.value)
    return text + ("right." if shortly(guess) == shortly(measured.value) else f"off by {coarsely(off)}.")


def claim(key: str, guess: Any = None, /, **values: Real) -> None:
    """Hold what was measured against a claim, and show the verdict beside the reader's guess.

    Args:    key: chapter and id, such as `03.score-spread`. guess: the reader's, None where none was made.
             values: each number that the claim is about, by its name.
    Raises:  AssertionError: the numbers no longer support the claim, so that the lesson stops.
             ValueError: the claim is unknown, or its numbers are others; the message gives both sides.
             TypeError: the guess is no number.
    """
    from IPython.display import display

    wanted = find(key)
    if set(values) != set(wanted.numbers):
        raise ValueError(f"the claim {key} is about {', '.join(wanted.numbers)}, but it was given "
                         f"{', '.join(values) or 'nothing'}")
    if guess is not None and (isinstance(guess, bool) or not isinstance(guess, Real)):
        raise TypeError(f"a guess is a number, such as 0.5 or 20, but {guess!r} is of type {type(guess).__name__}")
    verdict = Verdict(wanted, {name: limits.measured(values[name]) for name, limits in wanted.numbers.items()}, guess)
    if wanted.guess:
        _guesses[key] = guess, verdict.measured[wanted.guess], wanted.unit
    display(verdict)
    broken = [f"{name} is {one.value:.4g}, expected {one.expected or 'a number'}"
              for name, one in verdict.measured.items() if not one.holds]
    if broken:
        raise AssertionError(f"the figure no longer supports the claim: {wanted.statement} ({'; '.join(broken)})")


def is_near(guess: Real, measured: Measured, unit: str = "") -> bool:
    """Whether a guess counts as near: a factor within one and a half, another number within a tenth of what came."""
    if unit == "times":
        return guess > 0 and 1 / NEAR <= guess / measured.value <= NEAR
    return abs(guess - measured.value) <= 0.1 * abs(measured.value) + 1e-9


@dataclass(frozen=True)
class Tally:
    """The guesses of a lesson, side by side."""

    guesses: Mapping[str, tuple[Real | None, Measured, str]]

    def _rows(self) -> list[tuple[str, str, bool]]:
        return [(key, compared(guess, measured, unit), is_near(guess, measured, unit))
                for key, (guess, measured, unit) in self.guesses.items() if guess is not None]

    def _summary(self) -> str:
        rows, asked = self._rows(), len(self.guesses)
        if not rows:
            return "You made no guess: set them, and run the lesson again." if asked else \
                "Nothing was asked yet: run the cells above first."
        return f"You made {len(rows)} of {asked} guesses, and {sum(near for *_, near in rows)} came near."

    def __repr__(self) -> str:
        return "\n".join([self._summary(), *(f"{'≈' if near else '·'} {key}: {text}"
                                             for key, text, near in self._rows())])

    def _repr_html_(self) -> str:
        lines = "".join(f"<div>{'≈' if near else '·'} <code>{html.escape(key)}</code> {html.escape(text)}</div>"
                        for key, text, near in self._rows())
        box = BOX.format(colour="#868e96")
        return f'<div style="{box}" role="status"><strong>{html.escape(self._summary())}</strong>{lines}</div>'


def tally() -> None:
    """Show all guesses of this notebook beside what was measured."""
    from IPython.display import display

    display(Tally(dict(_guesses)))
