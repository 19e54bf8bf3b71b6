"""Arguments of a call: one left out, two exchanged."""

import ast
from collections.abc import Iterator

from selfattention.engine.comparison.changes.sites import New, Site

ONLY_IN_THE_SOLUTION = True
OPTIONS = {"axis": "a step runs over everything, not along one axis", "start": "a count begins at 0",
           "dim": "a step runs over everything, not along one axis",
           "keepdims": "an axis that should be kept, with length 1, is lost",
           "keepdim": "an axis that should be kept, with length 1, is lost"}


def argument_left_out(site: Site) -> Iterator[tuple[New, str]]:
    """An option or an argument that is missing."""
    node = site.node
    if not isinstance(node, ast.Call):
        return
    for gone in node.keywords:
        rest = [keyword for keyword in node.keywords if keyword is not gone]
        yield ast.Call(node.func, node.args, rest), OPTIONS.get(gone.arg, "an option of a call is left out")
    if len(node.args) > 1:
        for place in range(len(node.args)):
            rest = [*node.args[:place], *node.args[place + 1:]]
            yield ast.Call(node.func, rest, node.keywords), "an argument of a call is left out"


def arguments_exchanged(site: Site) -> Iterator[tuple[New, str]]:
    """Two arguments in each other's place."""
    node = site.node
    if isinstance(node, ast.Call):
        for place in range(len(node.args) - 1):
            args = list(node.args)
            args[place], args[place + 1] = args[place + 1], args[place]
            yield ast.Call(node.func, args, node.keywords), "two arguments of a call are exchanged"


def option_turned(site: Site) -> Iterator[tuple[New, str]]:
    """`False` in place of `True`."""
    if isinstance(site.node, ast.Constant) and type(site.node.value) is bool:
        yield ast.Constant(not site.node.value), "true and false are exchanged"
