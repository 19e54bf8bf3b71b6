"""Predict first, then measure: what the lessons claim, the reader's guess, and the card that shows both.

The statements and limits stand in `cNN.py`, a file a chapter, out of sight of the lesson: a prediction is one only as
long as its answer is not on the page.
"""

from selfattention.claims.measured import Limits, Measured, rounded
from selfattention.claims.statements import Claim, stated
from selfattention.claims.verdict import claim, tally

__all__ = ["Claim", "Limits", "Measured", "claim", "rounded", "stated", "tally"]
