"""Another axis, another index, a new axis elsewhere."""

import ast
from collections.abc import Iterator

from selfattention.engine.comparison.changes.sites import New, Site, called, number_of

AXIS_KEYWORDS = {"axis", "dim", "axis1", "axis2", "dim0", "dim1"}
AXIS_CALLS = {"transpose", "swapaxes", "flatten", "unflatten", "squeeze", "unsqueeze", "softmax", "log_softmax", "sum",
              "mean", "max", "min", "amax", "amin", "argmax", "gather", "scatter", "size", "movedim", "cumsum", "any",
              "all", "expand_dims"}
AXES = (-1, -2, -3, 0, 1, 2)


def another_axis(site: Site) -> Iterator[tuple[New, str]]:
    """A step that works along another axis, or a size that is read from another one."""
    number = number_of(site.node)
    if type(number) is not int or isinstance(site.parent, ast.UnaryOp):
        return
    parent = site.parent
    if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name):
        return  # Python's own max, min, sum, any, all: a number in their brackets is no axis
    if _is_shape(parent, site):
        sentence = f"a size is read from another axis{site.parameter_in(parent)}"
    elif (isinstance(parent, ast.keyword) and parent.arg in AXIS_KEYWORDS) or (
            site.field == "args" and called(parent) in AXIS_CALLS):
        sentence = "other axes are exchanged" if called(parent) in {"transpose", "swapaxes", "movedim"} else (
            "a step works along another axis")
    else:
        return
    for axis in AXES:
        if axis != number:
            yield ast.Constant(axis), sentence


def _is_shape(parent: ast.AST, site: Site) -> bool:
    return (isinstance(parent, ast.Subscript) and site.field == "slice" and isinstance(parent.value, ast.Attribute)
            and parent.value.attr == "shape")


def another_index(site: Site) -> Iterator[tuple[New, str]]:
    """Another element, row or column is read."""
    parent = site.parent
    number = number_of(site.node)
    if (type(number) is not int or isinstance(parent, ast.UnaryOp) or _is_shape(parent, site)
            or not (isinstance(parent, ast.Slice) or _in_subscript(site))):
        return
    for index in sorted({number + 1, number - 1, 0, -1, -2} - {number}):
        where = "a part begins or ends elsewhere" if isinstance(parent, ast.Slice) else "another place is read"
        yield ast.Constant(index), where


def _in_subscript(site: Site) -> bool:
    if isinstance(site.parent, ast.Subscript):
        return site.field == "slice"
    return (isinstance(site.parent, ast.Tuple) and isinstance(site.around[1], ast.Subscript)
            and site.around[1].slice is site.parent)


def bounds_left_out(site: Site) -> Iterator[tuple[New, str]]:
    """A slice that takes everything, or that begins where it should end."""
    node = site.node
    if isinstance(node, ast.Slice) and (node.lower or node.upper):
        yield ast.Slice(None, None, node.step), "everything is taken, not just a part"
        if not (node.lower and node.upper):
            yield ast.Slice(node.upper, node.lower, node.step), "the other part is taken"
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and not (
            isinstance(node.value, ast.Attribute) and node.value.attr == "shape"):
        yield node.value, "everything is taken, not just a part"


def new_axis_elsewhere(site: Site) -> Iterator[tuple[New, str]]:
    """`x[:, None]` in place of `x[None, :]`."""
    node = site.node
    if not (isinstance(node, ast.Tuple) and isinstance(site.parent, ast.Subscript) and site.field == "slice"):
        return
    new = [part for part in node.elts if isinstance(part, ast.Constant) and part.value is None]
    rest = [part for part in node.elts if part not in new]
    if len(new) != 1:
        return
    for place in range(len(node.elts)):
        order = [*rest[:place], new[0], *rest[place:]]
        if order != node.elts:
            yield ast.Tuple(order, ast.Load()), "a new axis is in another place"
    yield ast.Tuple(rest, ast.Load()), "a new axis is left out"
