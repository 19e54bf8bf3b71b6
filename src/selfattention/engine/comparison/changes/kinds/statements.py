"""Whole lines: one left out, a return too early, a loop that runs once, two cases exchanged."""

import ast
from collections.abc import Iterator

from selfattention.engine.comparison.changes.sites import New, Site

ONLY_IN_THE_SOLUTION = True


def line_left_out(site: Site) -> Iterator[tuple[New, str]]:
    """A line that is missing."""
    if isinstance(site.node, (ast.Assign, ast.AugAssign, ast.Expr, ast.For, ast.Break, ast.If)):
        yield ast.Pass(), "a line is left out"


def return_too_early(site: Site) -> Iterator[tuple[New, str]]:
    """A return inside the loop."""
    if not isinstance(site.node, ast.For) or site.index is None:
        return
    last = getattr(site.parent, site.field)[-1]
    if isinstance(last, ast.Return):
        yield (ast.For(site.node.target, site.node.iter, [*site.node.body, last], []),
               "a `return` is inside a loop, so that the loop runs only once")
    yield (ast.For(site.node.target, site.node.iter, [*site.node.body, ast.Break()], []), "a loop runs only once")


def branches_exchanged(site: Site) -> Iterator[tuple[New, str]]:
    """What belongs to `if` under `else`."""
    node = site.node
    if isinstance(node, (ast.If, ast.IfExp)) and node.orelse:
        yield type(node)(node.test, node.orelse, node.body), "two cases are exchanged"
