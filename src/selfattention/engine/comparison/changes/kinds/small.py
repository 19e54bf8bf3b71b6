"""A small number added where none belongs, a finite one where infinity does."""

import ast
from collections.abc import Iterator

from selfattention.engine.comparison.changes.sites import New, Site, called, number_of

SMALL = (1e-3, 1e-5, 1e-6)


def small_number_added(site: Site) -> Iterator[tuple[New, str]]:
    """A small number below a fraction bar, or in a logarithm."""
    node = site.node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and number_of(node.right) is None:
        for small in SMALL:
            below = ast.BinOp(node.right, ast.Add(), ast.Constant(small))
            yield ast.BinOp(node.left, ast.Div(), below), "a small number is added to a denominator"
    if called(node) == "log" and node.args:
        for small in SMALL:
            inside = ast.BinOp(node.args[0], ast.Add(), ast.Constant(small))
            yield ast.Call(node.func, [inside, *node.args[1:]], node.keywords), "a small number is added in a logarithm"


def not_infinite(site: Site) -> Iterator[tuple[New, str]]:
    """A finite number where infinity belongs."""
    node = site.node
    if isinstance(node, ast.Attribute) and node.attr == "inf":
        for value in (1e9, 1e4, 100.0, 10.0, 0.0):
            yield ast.Constant(value), "infinity is replaced by a finite number" if value else (
                "infinity is replaced by zero")
