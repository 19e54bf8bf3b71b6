"""Writes the three notebook folders from `problems/` and `lessons/`; nobody edits them by hand."""

import hashlib
import inspect
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from selfattention import problems
from selfattention.course import claimed, exercise_texts, files, way
from selfattention.course.nbformats import nbformat
from selfattention.engine import Exercise

NotebookNode = nbformat.NotebookNode
new_code_cell, new_markdown_cell, new_notebook = (
    nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell, nbformat.v4.new_notebook)
KERNEL = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
          "language_info": {"name": "python"}}
CELL_SECONDS = 300
MAP = "docs/map.png"  # of the README
HELP = ("Under each prompt is a cell to fill in: replace `raise NotImplementedError` with your code, run the cell, "
        "then run the check cell below it, as often as you like: it says what holds and what does not. Stuck? "
        '`hint("{key}")` in a new cell gives one step at a time.')
SOLVED = "These are the solutions. Your own may look different: what counts is that the checks pass."


class BrokenCell(Exception):
    """A cell of a generated notebook raised; the message holds its traceback."""


def exercise_notebook(chapter: str) -> NotebookNode:
    """The prompts, a stub for each answer, and one check cell each."""
    return _problems_notebook(chapter, "exercises", exercise_texts.stub)


def solution_notebook(chapter: str) -> NotebookNode:
    """The same notebook with the reference solutions in place of the stubs."""
    return _problems_notebook(chapter, "solutions", exercise_texts.solution)


def lesson_notebook(lesson: str) -> NotebookNode:
    """A lesson's percent text as a notebook, with cell ids derived from the cells."""
    return _notebook(_text(lesson, "lesson"), way.chapter_of_lesson(lesson), "lesson")


def page_notebook(page: str) -> NotebookNode:
    """A page that belongs to no chapter, such as the glossary: text only."""
    cells = _text(page, "page")
    if any(cell.cell_type == "code" for cell in cells):
        raise BrokenCell(f"lessons/{page}.py has code: only a lesson, whose name begins with a number, may")
    return _notebook(cells, "", "page")


def _text(name: str, kind: str) -> list[NotebookNode]:
    """The cells of a lesson or page; below its title stand the links to its neighbours."""
    import jupytext

    read = jupytext.read(way.LESSONS / f"{name}.py", fmt="py:percent")
    taken: set[str] = set()
    cells = []
    for cell in read.cells:
        tags = cell.metadata.get("tags", [])
        make = new_code_cell if cell.cell_type == "code" else new_markdown_cell
        if any(tag.startswith("claim:") for tag in tags):
            tags = [*tags, "nbval-check-output"]
        metadata = {"tags": tags} if tags else {}
        cells.append(make(cell.source, id=_cell_id(cell.source, taken), metadata=metadata))
    return [*cells[:1], _way_cell(kind, name), *cells[1:]]


def _way_cell(kind: str, name: str) -> NotebookNode:
    return new_markdown_cell(way.line(kind, name), id="way")


def _cell_id(source: str, taken: set[str]) -> str:
    """The same for the same text wherever it stands; equal cells are told apart by order."""
    number = 0
    while True:
        name = hashlib.sha256(f"{number}{source}".encode()).hexdigest()[:12]
        if name not in taken:
            taken.add(name)
            return name
        number += 1


def _notebook(cells: list[NotebookNode], chapter: str, kind: str) -> NotebookNode:
    metadata = {**KERNEL, "selfattention": {"chapter": chapter, "kind": kind}}
    return new_notebook(cells=cells, metadata=metadata)


def _problems_notebook(chapter: str, kind: str, answer: Callable[[Exercise], str]) -> NotebookNode:
    module = problems.module(chapter)
    exercises = problems.exercises(chapter)
    about = SOLVED if kind == "solutions" else HELP.format(key=exercises[0].key)
    intro = inspect.cleandoc(module.__doc__ or "")
    if kind == "solutions":
        intro = intro.replace("# Exercises", "# Solutions", 1)
    cells = [new_markdown_cell(f"{intro}\n\n{about}", id="intro"), _way_cell(kind, chapter),
             new_code_cell(exercise_texts.set_up_cell(chapter), id="set-up")]
    for number, exercise in enumerate(exercises, start=1):
        cells += [
            new_markdown_cell(exercise_texts.prompt(exercise, number), id=f"{exercise.name}-prompt"),
            new_code_cell(
                answer(exercise),
                id=f"{exercise.name}-answer",
                metadata={"nbgrader": _nbgrader(f"{exercise.name}-answer", solution=True)},
            ),
            new_code_cell(
                exercise_texts.check_cell(exercise),
                id=f"{exercise.name}-check",
                metadata={
                    "nbgrader": _nbgrader(f"{exercise.name}-check", points=exercise.points),
                    "tags": ["nbval-check-output"],
                },
            ),
        ]
    if kind == "exercises":
        cells.append(new_code_cell(exercise_texts.PROGRESS, id="progress"))
    return _notebook(cells, chapter, kind)


def _nbgrader(grade_id: str, *, solution: bool = False, points: int | None = None) -> dict:
    """Cell metadata in nbgrader's schema 3: an answer to be written, or a locked check worth points."""
    graded = {"points": points} if points is not None else {}
    return {"grade": points is not None, "grade_id": grade_id, "locked": not solution, "schema_version": 3,
            "solution": solution, "task": False, **graded}


def everything() -> Iterator[tuple[Path, NotebookNode]]:
    """Each notebook of the course with where it belongs, not yet run. Chapters are found by globbing."""
    root = files.root()
    for lesson in way.lessons():
        yield root / "notebooks" / f"{lesson}.ipynb", lesson_notebook(lesson)
    for page in way.pages():
        yield root / "notebooks" / f"{page}.ipynb", page_notebook(page)
    for chapter in problems.chapters():
        yield root / files.place(chapter, "exercises"), exercise_notebook(chapter)
        yield root / files.place(chapter, "solutions"), solution_notebook(chapter)


def is_fresh(path: Path, wanted: NotebookNode) -> bool:
    """True where the file holds just these cells, and all of them have been run."""
    if not path.is_file():
        return False
    there = nbformat.read(path, as_version=4)
    ran = all(cell.execution_count is not None for cell in there.cells if cell.cell_type == "code")
    return ran and _bare(there) == _bare(wanted)


def _bare(notebook: NotebookNode) -> tuple:
    cells = [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in notebook.cells]
    return cells, notebook.metadata, notebook.nbformat_minor


def stale() -> list[Path]:
    """The notebooks that are missing, differ from what the writer writes, or that nothing writes any more."""
    wanted = dict(everything())
    there = [path for folder in files.FOLDERS for path in (files.root() / folder).glob("*.ipynb")]
    return ([path for path, notebook in wanted.items() if not is_fresh(path, notebook)]
            + [path for path in there if path not in wanted])


def run(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run a notebook from top to bottom in a fresh kernel; its outputs are stored in it."""
    if all(cell.cell_type != "code" for cell in notebook.cells):
        return notebook
    from nbclient import NotebookClient

    os.environ.update(OMP_NUM_THREADS="1", PYTHONHASHSEED="0")
    NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", record_timing=False,
                   extra_arguments=["--IPKernelApp.log_level=40"],  # no warnings about the transport
                   resources={"metadata": {"path": str(folder)}}).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
    chapter = notebook.metadata["selfattention"]
    notebook.metadata = NotebookNode({**KERNEL, "selfattention": chapter})
    return notebook


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs with what was printed bit by bit in one: some viewers begin a new line for each output."""
    joined: list[NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def write(path: Path, notebook: NotebookNode) -> None:
    """Write one notebook, whole or not at all."""
    nbformat.validate(notebook)
    files.write_whole(path, nbformat.writes(notebook, version=4) + "\n")


def build(force: bool = False) -> Iterator[str]:
    """Run and write what is stale (all of it where `force`), bring README and CLAIMS.md up to date; yields steps."""
    from nbclient.exceptions import CellExecutionError

    from selfattention.plots import course_map, look

    wanted = dict(everything())
    for path in stale():
        if path not in wanted:
            path.unlink()
            yield f"removed {path.relative_to(files.root())}"
    for path, notebook in wanted.items():
        if not path.is_file():  # others may count its exercises while they run
            write(path, notebook)
    for path, notebook in wanted.items():
        if force or not is_fresh(path, notebook):
            started = time.perf_counter()
            try:
                write(path, run(notebook, path.parent))
            except CellExecutionError as error:
                raise BrokenCell(
                    f"{path.relative_to(files.root())} does not run; nothing was written:\n{error}"
                ) from None
            yield f"wrote {path.relative_to(files.root())} ({time.perf_counter() - started:.0f} s)"
    claimed.write()
    (files.root() / MAP).write_bytes(look.png(course_map(10)))
    yield "all notebooks are fresh"
