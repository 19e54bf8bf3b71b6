"""What is cut off from the gradient."""

import ast
from collections.abc import Iterator

from selfattention.engine.comparison.changes.sites import New, Site


def cut_off(site: Site) -> Iterator[tuple[New, str]]:
    """A value through which no gradient goes."""
    node = site.node
    if not isinstance(node, (ast.Name, ast.Call, ast.BinOp)) or isinstance(getattr(node, "ctx", None), ast.Store):
        return
    if isinstance(node, ast.Name) and (node.id not in site.source.names or (
            isinstance(site.parent, ast.Attribute) and site.parent.attr in ("shape", "dtype"))):
        return
    named = f"`{node.id}`" if site.is_parameter(node) else "an intermediate result"
    yield (ast.Call(ast.Attribute(node, "detach", ast.Load()), [], []), f"{named} is cut off from the gradient")
