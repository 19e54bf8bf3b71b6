"""Predict first, then measure: how a lesson takes a guess and states a claim."""


def guessed(guess: float | None, measured: float, unit: str = "") -> None:
    """Show how far the reader's guess was off; `guess` is None where none was made."""
    unit = f" {unit}" if unit else ""
    was = f"{measured:,.0f}" if abs(measured) >= 1000 else f"{measured:.3g}"
    if guess is None:
        print(f"Measured: {was}{unit}. You made no guess: set it above and run both cells again.")
        return
    print(f"You guessed {guess:.3g}{unit}; measured {was}{unit}: off by {abs(guess - measured):.2g}.")


def claim(statement: str, figure: str, holds: bool) -> None:
    """Print a claim with its figure and the verdict.

    Args:    figure: what was measured here, in few digits and with its unit. holds: whether it supports the claim.
    Raises:  AssertionError: it does not, so that a claim that stops being true stops the lesson.
    """
    print(f"Claim:    {statement}\nMeasured: {figure}\nVerdict:  {'holds' if holds else 'does NOT hold'}")
    if not holds:
        raise AssertionError(f"the figure no longer supports the claim: {statement} ({figure})")
