"""Judge the exercises of a notebook file, with its code in a process of its own."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from selfattention import problems
from selfattention.course import writer
from selfattention.course.catalogue import Unknown
from selfattention.course.catalogue import chapter as full_name
from selfattention.course.nbformats import nbformat
from selfattention.engine import Exercise
from selfattention.engine.door import CALL_SECONDS, Raised
from selfattention.engine.judging import ERROR, NOT_ATTEMPTED, PASSED, TIMEOUT, Report, Verdict, judge
from selfattention.engine.remote import CELL_SECONDS, SLOW, UNASKED, Cell, Child, ChildEnded, Process, Ran, Spawned

LARGEST_BYTES = 20 * 2**20
MOST_CELLS = 5000
MOST_VERSIONS = 4  # of one exercise in one notebook; beside these only the last one is judged
NEWEST_FORMAT = 4


class Unreadable(ValueError):
    """A file from which no answers can be read; the message says why and what to do."""


def read(path: Path) -> nbformat.NotebookNode:
    """A notebook from a file, in today's format.

    Raises:  Unreadable: it is missing, empty, too large, not JSON, not a notebook, or of a newer format.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= LARGEST_BYTES else b" " * (LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise Unreadable(
            f"{path} does not exist: `selfattention start` writes the exercises that are missing"
        ) from None
    except OSError as error:
        raise Unreadable(
            f"{path} cannot be read ({error.strerror}): is it a notebook file that you may open?"
        ) from None
    if size > LARGEST_BYTES:
        raise Unreadable(f"{path} {too_large(size)}")
    return parse(content, path)


def too_large(size: int) -> str:
    """What to tell about a file of so many bytes, of which no more may have been read than are too many."""
    most = LARGEST_BYTES // 2**20
    known = size > LARGEST_BYTES + 1
    many = f"{size / 2**20:.0f} MB, at most {most} MB are read" if known else f"larger than {most} MB"
    return f"is {many}: open it, choose Edit > Clear Outputs of All Cells, and save it"


def parse(text: bytes, path: Path) -> nbformat.NotebookNode:
    """A notebook from a file's content; `path` is for the messages.

    Raises:  Unreadable: it is empty, too large, not JSON, not a notebook, or of a newer format.
    """
    if len(text) > LARGEST_BYTES:
        raise Unreadable(f"{path} {too_large(len(text))}")
    try:
        content = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        what = "is empty" if not text else "is not a notebook: its text is not JSON"
        raise Unreadable(
            f"{path} {what}; bring back an earlier copy, or let `selfattention reset NN` keep this "
            "file as a backup and write a fresh one"
        ) from None
    cells = content.get("cells", content.get("worksheets")) if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise Unreadable(f"{path} is not a notebook: it is JSON, but without cells")
    if len(cells) > MOST_CELLS:
        raise Unreadable(f"{path} has {len(cells)} cells, at most {MOST_CELLS} are read: take out what is not yours")
    if not isinstance(content.get("nbformat"), int) or content["nbformat"] > NEWEST_FORMAT:
        raise Unreadable(f"{path} has notebook format {content.get('nbformat')}, this reads up to {NEWEST_FORMAT}: "
                         "save it in format 4, or upgrade nbformat and this course")
    try:
        return nbformat.reads(json.dumps(content), as_version=NEWEST_FORMAT)
    except Exception as error:
        raise Unreadable(f"{path} is a damaged notebook ({type(error).__name__}): bring back an earlier copy") from None


def chapter_of(notebook: nbformat.NotebookNode, path: Path) -> str:
    """The chapter whose exercises a notebook answers: by its full name, by its metadata, or by a number in its name."""
    for name in problems.chapters():
        if name in path.stem:
            return name
    course = notebook.metadata.get("selfattention", {})
    noted = course.get("chapter", "") if isinstance(course, dict) else ""
    for name in filter(None, (str(noted), path.stem)):
        try:
            return full_name(name[:2])
        except Unknown:
            continue
    raise Unreadable(
        f"{path} belongs to no chapter: its name should begin with the chapter's number, like 02_softmax.ipynb"
    )


def cells_of(notebook: nbformat.NotebookNode) -> list[Cell]:
    """The code cells, with the exercise each answers as far as their metadata tells."""
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            noted = cell.metadata.get("nbgrader", {})
            grade_id = str(noted.get("grade_id", "")) if isinstance(noted, dict) else ""
            cells.append(Cell(cell.source, grade_id.removesuffix("-answer") if grade_id.endswith("-answer") else ""))
    return cells


def judge_file(path: Path, seed: int = 0) -> list[Report]:
    """Judge every exercise of the chapter that a notebook file answers, with its code in a process of its own.

    Raises:  Unreadable: nothing can be judged.
    """
    notebook = read(path)
    return judge_cells(cells_of(notebook), chapter_of(notebook, path), Spawned, seed)


def judge_cells(cells: list[Cell], chapter: str, start: Callable[[], Process], seed: int = 0, *,
                cell_seconds: float = CELL_SECONDS, call_seconds: float = CALL_SECONDS,
                seconds: float = float("inf")) -> list[Report]:
    """Run a notebook's cells in order and judge each exercise as soon as its function appears.

    So every exercise is judged with what stood in the notebook when its cell had run, whatever comes later. One that
    has not passed is judged again at the end where its function, or anything that it uses, has changed by then;
    of several reports the best counts. A cell that ends the process is left out when the rest is run again.

    Args:    start: gives a new process. cell_seconds, call_seconds: for one cell, for one call of an answer.
             seconds: for the whole notebook.
    """
    exercises = {exercise.name: exercise for exercise in problems.exercises(chapter)}
    sitting = _Sitting([Cell(writer.set_up(chapter)), *cells], exercises, seed)
    deadline = time.monotonic() + seconds
    finished = False
    while not finished and time.monotonic() < deadline:
        with Child(start(), list(exercises), cell_seconds=cell_seconds, call_seconds=call_seconds,
                   deadline=deadline) as child:
            finished = sitting.go_through(child)
    return [sitting.report(exercise) for exercise in exercises.values()]


class _Sitting:
    """What is known of a notebook so far, over all the processes it took to run it."""

    def __init__(self, cells: list[Cell], exercises: dict[str, Exercise], seed: int) -> None:
        self._cells, self._exercises, self._seed = cells, exercises, seed
        self._blocked: set[int] = set()
        self._troubles: dict[str, str] = {}
        self._found: dict[str, dict[int, Report]] = {name: {} for name in exercises}

    def go_through(self, child: Child) -> bool:
        """Run the cells and judge what has not been judged yet; False where the process ended on the way."""
        functions: dict[str, int] = {}
        states: dict[str, int] = {}
        ran, before = Ran("", {}), 0
        for number, cell in enumerate(self._cells):
            if number in self._blocked:
                continue
            try:
                ran = child.run(cell)
            except ChildEnded as error:
                blamed = before if str(error).startswith(UNASKED) else number
                self._blocked.add(blamed)
                self._troubles.setdefault(self._cells[blamed].answers, str(error))
                return False
            before = number
            if ran.trouble:
                self._troubles.setdefault(cell.answers, ran.trouble)
            for name, (function, state) in ran.functions.items():
                if functions.get(name) != function:
                    functions[name], states[name] = function, state
                    if not self._judge(name, number, child):
                        return False
        changed = [name for name, (_, state) in ran.functions.items() if state != states.get(name)]
        return all(self._judge(name, len(self._cells), child) for name in changed)

    def _judge(self, name: str, place: int, child: Child) -> bool:
        """Judge a function as it is now, unless that is done or needless; False where the process ended."""
        found = self._found[name]
        done = any(report.status == PASSED for report in found.values())
        if place in found or done or (len(found) >= MOST_VERSIONS and place < len(self._cells)):
            return True
        exercise = self._exercises[name]
        found[place] = judge(exercise, lambda: child.open(name, exercise.ready_made), self._seed)
        return not child.ended

    def report(self, exercise: Exercise) -> Report:
        """The best report on an exercise, or why there is none."""
        found = self._found[exercise.name].values()
        if found:
            return max(found, key=lambda report: (report.earned, report.status == PASSED,
                                                  report.status != NOT_ATTEMPTED))
        report = Report(exercise.chapter, exercise.name, exercise.points)
        nothing = not any(self._found.values())
        trouble = self._troubles.get(exercise.name) or (self._troubles.get("", "") if nothing else "")
        report.status = NOT_ATTEMPTED if not trouble else TIMEOUT if SLOW in trouble else ERROR
        raised = Raised(*trouble.split(": ", 1)) if ": " in trouble else Raised("Stopped", trouble)
        report.verdicts = [Verdict(f"is a function called `{exercise.name}`", report.status, trouble,
                                   raised=raised if trouble else None)]
        return report
