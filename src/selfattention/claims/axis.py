"""One axis with the reader's guess and the measured number on it, as SVG that follows the page's colours."""

import math

from selfattention.claims.measured import Measured, shortly

WIDTH, MARGIN, LINE = 420, 40, 34  # pixels; the axis shrinks with a narrow page
STYLE = f"display:block;max-width:{WIDTH}px;width:100%;margin-top:4px"


def drawn(guess: float, measured: Measured, unit: str = "") -> str:
    """The axis as HTML, or nothing where a number cannot stand on it; factors stand by their ratio."""
    value = measured.value
    if not (math.isfinite(guess) and math.isfinite(value)):
        return ""
    by_ratio = unit == "times" and guess > 0 and value > 0
    places = [math.log(guess), math.log(value)] if by_ratio else [guess, value]
    low, high = min(*places, 0.0), max(*places, 0.0)  # from zero on; of factors, from 1 on
    high += (high - low) * 0.1 or 1.0

    def across(place: float) -> float:
        return MARGIN + (WIDTH - 2 * MARGIN) * (place - low) / (high - low)

    guess_x, value_x = map(across, places)
    alt = f"Axis: your guess {shortly(guess)}, measured {shortly(value)} {unit}".strip()
    return (f'<svg viewBox="0 0 {WIDTH} 62" style="{STYLE}" role="img" aria-label="{alt}">'
            f'<g stroke="currentColor" fill="none"><path d="M{MARGIN} {LINE}H{WIDTH - MARGIN}" stroke-opacity="0.4"/>'
            f'<path d="M{guess_x:.1f} {LINE}H{value_x:.1f}" stroke-width="3" stroke-opacity="0.4"/></g>'
            f'<circle cx="{guess_x:.1f}" cy="{LINE}" r="6" fill="none" stroke="currentColor" stroke-width="2"/>'
            f'<path d="M{value_x:.1f} {LINE - 8}l7 8l-7 8l-7 -8z" fill="#2e9d4f"/>'
            f'<g fill="currentColor" font-size="13" text-anchor="middle">'
            f'<text x="{_inside(guess_x)}" y="{LINE - 14}">guess {shortly(guess)}</text>'
            f'<text x="{_inside(value_x)}" y="{LINE + 25}">measured {shortly(value)}</text></g></svg>')


def _inside(x: float) -> str:
    """The place of a label's middle, so that all of it can be read."""
    return f"{min(max(x, 60), WIDTH - 60):.1f}"
