"""One change away: the solution with one thing changed in it, asked what the answer was asked."""

from selfattention.engine.comparison.changes.search import told, told_together

__all__ = ["told", "told_together"]
