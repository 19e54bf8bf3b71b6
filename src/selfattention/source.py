"""The course's own code on the page of a lesson: a function as it stands, without its docstring."""

import ast
import html
import inspect
import keyword
import re
import textwrap
from dataclasses import dataclass

TOKEN = re.compile(r"(?P<comment>#.*)|(?P<string>\"[^\"\n]*\"|'[^'\n]*')"
                   rf"|\b(?:(?P<keyword>{'|'.join(keyword.kwlist)})|(?P<number>\d[\d_.]*(?:e-?\d+)?))\b")
COLOUR = "color:var(--jp-mirror-editor-{kind}-color,inherit)"  # JupyterLab's, in light and in dark
SCROLLS = "white-space:pre;overflow-x:auto;margin:0.6em 0 1em"  # a broken line would lose its indentation


@dataclass(frozen=True)
class Source:
    """Python code: highlighted on a page, where long lines scroll sideways, and as it stands where there is no page."""

    text: str

    def _repr_html_(self) -> str:
        pieces, at = [], 0
        for found in TOKEN.finditer(self.text):
            colour = COLOUR.format(kind=found.lastgroup)
            pieces += [html.escape(self.text[at:found.start()], quote=False),
                       f'<span style="{colour}">{html.escape(found[0], quote=False)}</span>']
            at = found.end()
        pieces.append(html.escape(self.text[at:], quote=False))
        return f'<pre style="{SCROLLS}"><code style="white-space:pre">{"".join(pieces)}</code></pre>'

    def __repr__(self) -> str:
        return self.text + "\n"  # an empty line before what comes next

    def _repr_pretty_(self, printer, cycle: bool) -> None:
        printer.text(repr(self))  # IPython's own would leave the empty line out


def show_source(thing) -> None:
    """Show a function, method or class as it stands in the package, its docstrings left out.

    Above a method stands the name of its class.

    Raises:  TypeError: it was not written in Python, so there is nothing to show.
    """
    from IPython.display import display

    thing = inspect.unwrap(thing)
    text = textwrap.dedent(inspect.getsource(thing))
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            for line in range(node.body[0].lineno - 1, node.body[0].end_lineno):
                lines[line] = None
    place = thing.__qualname__.split(".")
    owner = [f"# {place[-2]}"] if len(place) > 1 and place[-2] != "<locals>" else []
    display(Source("\n".join(owner + [line for line in lines if line is not None])))
