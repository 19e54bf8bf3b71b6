"""The course's own code on the page of a lesson: a function as it stands, without its docstring."""

import ast
import inspect
import textwrap


def show_source(thing) -> None:
    """Print a function, method or class as it stands in the package, its docstrings left out.

    Raises:  TypeError: it was not written in Python, so there is nothing to show.
    """
    text = textwrap.dedent(inspect.getsource(inspect.unwrap(thing)))
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            for line in range(node.body[0].lineno - 1, node.body[0].end_lineno):
                lines[line] = None
    print("\n".join(line for line in lines if line is not None))
