"""A comparison that is turned round or lets equals through; conditions that hold always, never, or both."""

import ast
from collections.abc import Iterator

from selfattention.engine.comparison.changes.sites import New, Site

ONLY_IN_THE_SOLUTION = True
STRICT = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
TURNED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}
OPPOSITE = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn,
            ast.NotIn: ast.In, ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}


def another_comparison(site: Site) -> Iterator[tuple[New, str]]:
    """Equals on the wrong side, less in place of more, the opposite."""
    node = site.node
    if not (isinstance(node, ast.Compare) and len(node.ops) == 1):
        return
    kind = type(node.ops[0])
    for table, sentence in ((STRICT, "a comparison treats equal values the other way"), (TURNED, "a comparison is "
                            "reversed"), (OPPOSITE, "a condition is turned into its opposite")):
        if kind in table:
            yield ast.Compare(node.left, [table[kind]()], node.comparators), sentence
    if kind in (ast.Eq, ast.NotEq):
        for other, sentence in ((ast.Gt, "a comparison asks for more instead of equal"),
                                (ast.Lt, "a comparison asks for less instead of equal")):
            yield ast.Compare(node.left, [other()], node.comparators), sentence


def both_or_one(site: Site) -> Iterator[tuple[New, str]]:
    """`and` in place of `or`, or a condition that is left out."""
    node = site.node
    if isinstance(node, ast.BoolOp):
        kind = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield ast.BoolOp(kind(), node.values), "conditions are joined by `or` instead of `and`, or the other way round"
        for value in node.values:
            yield value, "a condition is left out"


def always_or_never(site: Site) -> Iterator[tuple[New, str]]:
    """A condition that always holds, or never does."""
    if isinstance(site.parent, (ast.If, ast.IfExp, ast.While)) and site.field == "test":
        yield ast.Constant(True), "a condition always holds"
        if not isinstance(site.parent, ast.While):
            yield ast.Constant(False), "a condition never holds"
    if isinstance(site.node, ast.comprehension) and site.node.ifs:
        yield ast.comprehension(site.node.target, site.node.iter, [], 0), "a condition always holds"
