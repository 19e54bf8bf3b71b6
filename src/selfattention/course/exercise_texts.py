"""What stands in the cells of an exercise: prompt, stub or solution, check, and the set-up above them."""

import ast
import functools
import inspect
import sys
import textwrap

from selfattention import problems
from selfattention.engine import Exercise
from selfattention.engine.judging import tables

NAMED = {"second example": 2, "two examples": 2, "third example": 3}
WIDTH = 64  # characters that stand on one line where half of a screen is the page
PROGRESS = "from selfattention import progress\n\nprogress()"


def prompt(exercise: Exercise, number: int) -> str:
    """What is asked, with an example and what may be used."""
    heading = f"## {number} · `{exercise.name}` ({exercise.points} points)"
    text = [heading, _about(exercise, number), exercise.prompt]
    if exercise.ready_made:
        named = [f"`{name}`" for name in exercise.ready_made if "." in name]
        text.append(f"Write it yourself: {', '.join(named)} and {'its' if len(named) == 1 else 'their'} like do not "
                    "count.")
    names = list(inspect.signature(exercise.function).parameters)
    for place, args in enumerate(exercise.examples[:_shown(exercise)]):
        shown = [f"{name} =\n{tables.show(value)}" for name, value in zip(names, args)]
        call = textwrap.fill(f"{exercise.name}({', '.join(names[:len(args)])}) =", WIDTH, subsequent_indent="    ")
        shown.append(f"{call}\n{tables.show(exercise.function(*args))}")
        text.append(f"{'And' if place else 'For example'}:\n\n```text\n" + "\n\n".join(shown) + "\n```")
    return "\n\n".join(text)


def _shown(exercise: Exercise) -> int:
    """So many examples stand in the prompt: the first, and those that a hint speaks of."""
    hints = [*exercise.hints, *(one.hint for one in (*exercise.checks, *exercise.mistakes))]
    named = [count for words, count in {**NAMED, "last example": len(exercise.examples)}.items()
             if any(words in hint for hint in hints)]
    return max([1, *named])


def stub(exercise: Exercise) -> str:
    """The answer's cell before anybody has written into it."""
    return f"{_parts(exercise)[0]}\n    raise NotImplementedError"


def solution(exercise: Exercise) -> str:
    """The answer's cell with the reference solution."""
    return "\n".join(_parts(exercise))


@functools.cache
def set_up(chapter: str) -> str:
    """What the signatures and solutions of a chapter's exercises import."""
    return _imports(problems.exercises(chapter))


def set_up_cell(chapter: str) -> str:
    """The first code cell of a chapter's exercises: what answers need, and what judges them and helps."""
    return f"{set_up(chapter)}\n\nfrom selfattention import check, hint"


def check_cell(exercise: Exercise) -> str:
    """The cell under an answer that judges it."""
    return f'from selfattention import check, hint\n\ncheck("{exercise.key}")'


def _about(exercise: Exercise, number: int) -> str:
    """One line: how long it may take, what it goes on from, and that earlier answers may be used."""
    earlier = " Functions that you wrote in this notebook may be called." if number > 1 else ""
    return f"*About {exercise.minutes} minutes, by our estimate. Builds on {exercise.builds_on}.{earlier}*"


def _parts(exercise: Exercise) -> tuple[str, str]:
    """Signature with the docstring's first line, and the body below the docstring."""
    lines = inspect.getsource(exercise.function).splitlines()
    node = ast.parse("\n".join(lines)).body[0]
    docstring = node.body[0]
    signature = lines[node.lineno - 1:docstring.lineno - 1]
    summary = exercise.prompt.splitlines()[0]
    raw = "r" if "\\" in summary else ""
    head = [*signature, f'    {raw}"""{summary}"""']
    return "\n".join(head), "\n".join(lines[docstring.end_lineno:node.end_lineno])


def _imports(exercises: list[Exercise]) -> str:
    """What signatures and solutions import, in the usual order; what checks alone need stays out of sight."""
    wanted: dict[tuple, set[str]] = {}
    for exercise in exercises:
        used = {node.id for node in ast.walk(ast.parse(inspect.getsource(exercise.function)))
                if isinstance(node, ast.Name)}
        for node in ast.parse(inspect.getsource(inspect.getmodule(exercise.function))).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = getattr(node, "module", "")
                if not module.startswith(("selfattention.engine", "selfattention.problems")):
                    wanted.setdefault(_place(node), set()).update(
                        ast.unparse(name) for name in node.names if (name.asname or name.name.split(".")[0]) in used)
    return "\n".join(f"{f'from {module} ' if module else ''}import {', '.join(sorted(names))}"
                     for (_, _, module, _), names in sorted(wanted.items()) if names)


def _place(node: ast.Import | ast.ImportFrom) -> tuple:
    """Where an import stands among others: the standard library, then others, then ours; whole modules first."""
    module = getattr(node, "module", "")
    first = module or node.names[0].name
    root = first.split(".")[0]
    return (root == "selfattention") - (root in sys.stdlib_module_names), bool(module), module, first
