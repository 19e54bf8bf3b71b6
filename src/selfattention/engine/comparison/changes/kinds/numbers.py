"""Another number, a count that begins or ends elsewhere."""

import ast
from collections.abc import Iterator

from selfattention.engine.comparison.changes.kinds.axes import another_axis, another_index
from selfattention.engine.comparison.changes.sites import New, Site, called, number_of

ONLY_IN_THE_SOLUTION = True
RANGES = {"range", "arange"}


def another_number(site: Site) -> Iterator[tuple[New, str]]:
    """A constant that is off by one, doubled, halved, ten times as large, negated or zero."""
    number = number_of(site.node)
    if number is None or (isinstance(site.parent, ast.UnaryOp) and isinstance(site.parent.op, ast.USub)):
        return
    if next(another_axis(site), None) or next(another_index(site), None):
        return
    if isinstance(site.parent, (ast.keyword, ast.FormattedValue)):
        return
    for new, how in ((number + 1, "one too large"), (number - 1, "one too small"), (number * 2, "doubled"),
                     (number / 2, "halved"), (number * 10, "ten times as large"), (number / 10, "divided by ten"),
                     (-number, "negated"), (0, "0")):
        if new != number:
            whole = type(number) is int and float(new).is_integer()
            yield ast.Constant(int(new) if whole else new), f"a number is {how}"


def another_end(site: Site) -> Iterator[tuple[New, str]]:
    """A count or a slice that begins or ends one earlier or later."""
    node = site.node
    counts = site.field == "args" and called(site.parent) in RANGES
    if not isinstance(node, ast.expr) or number_of(node) is not None or not (
            counts or (isinstance(site.parent, ast.Slice) and site.field in ("lower", "upper"))):
        return
    last = not isinstance(site.parent, ast.Slice) and site.index == (0 if len(site.parent.args) == 1 else 1)
    end = "ends" if last or site.field == "upper" else "begins"
    what = "a count" if counts else "a part"
    yield ast.BinOp(node, ast.Add(), ast.Constant(1)), f"{what} {end} one later"
    yield ast.BinOp(node, ast.Sub(), ast.Constant(1)), f"{what} {end} one earlier"


def count_from_one(site: Site) -> Iterator[tuple[New, str]]:
    """A count that begins with 1."""
    node = site.node
    if called(node) in RANGES and len(node.args) == 1:
        one = ast.Constant(1)
        yield ast.Call(node.func, [one, *node.args], node.keywords), "a count begins one later"
        yield (ast.Call(node.func, [one, ast.BinOp(node.args[0], ast.Add(), one)], node.keywords),
               "everything is counted from one")
