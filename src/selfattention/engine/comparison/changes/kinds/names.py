"""One name in place of another."""

import ast
from collections.abc import Iterator

from selfattention.engine.comparison.changes.sites import New, Site


def another_name(site: Site) -> Iterator[tuple[New, str]]:
    """A parameter, or something that was given a name, in place of another one."""
    if not (isinstance(site.node, ast.Name) and isinstance(site.node.ctx, ast.Load)):
        return
    old = site.node.id
    if old not in site.source.names:
        return
    parent = site.parent
    of_size = (isinstance(parent, ast.Attribute) and parent.attr == "shape") or (
        isinstance(parent, ast.Call) and getattr(parent.func, "id", "") == "len")
    for new in site.source.names:
        if new == old:
            continue
        told = [f"`{name}`" if name in site.source.parameters else "" for name in (new, old)]
        if of_size:
            sentence = (f"a size is read from {told[0]} instead of {told[1]}" if all(told)
                        else "a size is read from something else")
        elif all(told):
            sentence = f"{told[1]} is replaced by {told[0]}"
        elif told[0]:
            sentence = f"an intermediate result is replaced by {told[0]}"
        elif told[1]:
            sentence = f"{told[1]} is replaced by an intermediate result"
        else:
            sentence = "one intermediate result is replaced by another"
        yield ast.Name(new, ast.Load()), sentence
