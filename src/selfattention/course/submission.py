"""Judge the exercises of a notebook file, with its code in a process of its own."""

import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from selfattention import problems
from selfattention.course.catalogue import Unknown
from selfattention.course.catalogue import chapter as full_name
from selfattention.engine import Exercise
from selfattention.engine.door import Raised
from selfattention.engine.judging import ERROR, NOT_ATTEMPTED, TIMEOUT, Report, Verdict, judge
from selfattention.engine.remote import SLOW, Cell, Child

LARGEST_BYTES = 20 * 2**20
NEWEST_FORMAT = 4


class Unreadable(ValueError):
    """A file from which no answers can be read; the message says why and what to do."""


def read(path: Path) -> NotebookNode:
    """A notebook from a file, in today's format.

    Raises:  Unreadable: it is missing, empty, too large, not JSON, not a notebook, or of a newer format.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise Unreadable(f"{path} is {size / 2**20:.0f} MB, at most {LARGEST_BYTES // 2**20} MB are read: open it, "
                             "choose Edit > Clear Outputs of All Cells, and save it")
        content = json.loads(path.read_text(encoding="utf-8"))
    except Unreadable:
        raise
    except FileNotFoundError:
        raise Unreadable(
            f"{path} does not exist: `selfattention start` writes the exercises that are missing"
        ) from None
    except OSError as error:
        raise Unreadable(
            f"{path} cannot be read ({error.strerror}): is it a notebook file that you may open?"
        ) from None
    except (ValueError, RecursionError):
        what = "is empty" if size == 0 else "is not a notebook: its text is not JSON"
        raise Unreadable(
            f"{path} {what}; bring back an earlier copy, or let `selfattention reset NN` keep this "
            "file as a backup and write a fresh one"
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("cells", content.get("worksheets")), list):
        raise Unreadable(f"{path} is not a notebook: it is JSON, but without cells")
    if not isinstance(content.get("nbformat"), int) or content["nbformat"] > NEWEST_FORMAT:
        raise Unreadable(f"{path} has notebook format {content.get('nbformat')}, this reads up to {NEWEST_FORMAT}: "
                         "save it in format 4, or upgrade nbformat and this course")
    try:
        return nbformat.reads(json.dumps(content), as_version=NEWEST_FORMAT)
    except Exception as error:
        raise Unreadable(f"{path} is a damaged notebook ({type(error).__name__}): bring back an earlier copy") from None


def chapter_of(notebook: NotebookNode, path: Path) -> str:
    """The chapter whose exercises a notebook answers: by its metadata, else by the number in its name."""
    noted = notebook.metadata.get("selfattention", {}).get("chapter", "")
    for name in filter(None, (str(noted), path.stem)):
        try:
            return full_name(name[:2])
        except Unknown:
            continue
    raise Unreadable(
        f"{path} belongs to no chapter: its name should begin with the chapter's number, like 02_softmax.ipynb"
    )


def cells_of(notebook: NotebookNode) -> list[Cell]:
    """The code cells, with the exercise each answers as far as their metadata tells."""
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            grade_id = str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
            cells.append(Cell(cell.source, grade_id.removesuffix("-answer") if grade_id.endswith("-answer") else ""))
    return cells


def judge_file(path: Path, seed: int = 0) -> list[Report]:
    """Judge every exercise of the chapter that a notebook file answers; each in a living process.

    Raises:  Unreadable: nothing can be judged.
    """
    notebook = read(path)
    exercises = problems.exercises(chapter_of(notebook, path))
    cells = cells_of(notebook)
    reports, child = [], None
    try:
        for exercise in exercises:
            if child is None or child.ended:
                child = Child(cells)
            reports.append(_judged(exercise, child, seed))
    finally:
        if child is not None:
            child.close()
    return reports


def _judged(exercise: Exercise, child: Child, seed: int) -> Report:
    if exercise.name in child.defined:
        return judge(exercise, lambda: child.open(exercise.name), seed)
    report = Report(exercise.chapter, exercise.name, exercise.points)
    trouble = child.troubles.get(exercise.name) or (child.troubles.get("", "") if not child.defined else "")
    report.status = NOT_ATTEMPTED if not trouble else TIMEOUT if SLOW in trouble else ERROR
    raised = Raised(*trouble.split(": ", 1)) if ": " in trouble else Raised("Stopped", trouble)
    report.verdicts = [Verdict(f"is a function called `{exercise.name}`", report.status, trouble,
                               raised=raised if trouble else None)]
    return report
