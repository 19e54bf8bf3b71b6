"""What is returned."""

import ast
from collections.abc import Iterator
from itertools import permutations

from selfattention.engine.comparison.changes.sites import New, Site


def other_result(site: Site) -> Iterator[tuple[New, str]]:
    """An intermediate result is returned."""
    if not (isinstance(site.parent, ast.Return) and site.field == "value") or isinstance(site.node, ast.Name):
        return
    for name in site.source.names:
        told = f"`{name}`" if name in site.source.parameters else "an intermediate result"
        yield ast.Name(name, ast.Load()), f"{told} is returned"


def input_added(site: Site) -> Iterator[tuple[New, str]]:
    """An input that is added to the result, or subtracted from it."""
    if not (isinstance(site.parent, ast.Return) and site.field == "value" and isinstance(site.node, ast.expr)):
        return
    for name in site.source.parameters:
        for kind, word in ((ast.Add(), "added to"), (ast.Sub(), "subtracted from"), (ast.Mult(), "multiplied by")):
            yield ast.BinOp(site.node, kind, ast.Name(name, ast.Load())), f"`{name}` is {word} the result"


def parts_exchanged(site: Site) -> Iterator[tuple[New, str]]:
    """Several values in another order."""
    node = site.node
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) <= 4 and not (
            isinstance(site.parent, ast.Subscript)):
        for order in permutations(node.elts):
            if list(order) != node.elts:
                yield ast.Tuple(list(order), ast.Load()), "several values are in another order"
