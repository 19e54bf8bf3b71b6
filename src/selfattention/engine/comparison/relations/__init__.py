"""Relations: what the numbers that came have to do with those that were expected."""

from selfattention.engine.comparison.relations.search import told

__all__ = ["told"]
