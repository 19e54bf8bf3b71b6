"""Judge the exercises of a notebook file, with its code in a process of its own."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfattention import problems
from selfattention.course import writer
from selfattention.course.catalogue import Unknown
from selfattention.course.catalogue import chapter as full_name
from selfattention.engine import Exercise
from selfattention.engine.door import CALL_SECONDS, Raised
from selfattention.engine.judging import ERROR, NOT_ATTEMPTED, PASSED, TIMEOUT, Report, Verdict, judge
from selfattention.engine.remote import (
    CELL_SECONDS,
    SLOW,
    UNASKED,
    Cell,
    Child,
    ChildEnded,
    NoProcess,
    Process,
    Ran,
    Spawned,
)

LARGEST_BYTES = 20 * 2**20
MOST_CELLS = 5000
MOST_VERSIONS = 4  # of one exercise in its own cells, and in others; beside these only the last one is judged
NEWEST_FORMAT = 4


class Unreadable(ValueError):
    """A file from which no answers can be read; the message says why and what to do."""


@dataclass(frozen=True)
class Notebook:
    """What is judged of a notebook: its code cells, and the chapter that its metadata name."""

    cells: list[Cell]
    chapter: str


def read(path: Path) -> Notebook:
    """A notebook from a file.

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


def parse(text: bytes, path: Path) -> Notebook:
    """A notebook from a file's content; `path` is for the messages.

    Only what is judged is looked at. Nothing is validated or converted by nbformat: that took minutes and gigabytes for
    files made to be slow, and refused some whose cells were in order.

    Raises:  Unreadable: it is empty, too large, not JSON, not a notebook, or of a newer format.
    """
    if len(text) > LARGEST_BYTES:
        raise Unreadable(f"{path} {too_large(len(text))}")
    try:
        content = json.loads(text.decode("utf-8-sig"), parse_int=_small_integer)
    except (ValueError, RecursionError):
        what = "is empty" if not text else "is not a notebook: its text is not JSON"
        raise Unreadable(
            f"{path} {what}; bring back an earlier copy, or let `selfattention reset NN` keep this "
            "file as a backup and write a fresh one"
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("cells", content.get("worksheets")), list):
        raise Unreadable(f"{path} is not a notebook: it is JSON, but without cells")
    number = content.get("nbformat")
    if type(number) is not int or not 1 <= number <= NEWEST_FORMAT:
        raise Unreadable(f"{path} has notebook format {printable(str(number)[:20])}, numbers up to {NEWEST_FORMAT} are "
                         f"read: save it in format {NEWEST_FORMAT}, or upgrade this course")
    try:
        found = content["cells"] if number == NEWEST_FORMAT else [
            cell for sheet in content["worksheets"] for cell in sheet["cells"]]
        if len(found) > MOST_CELLS:
            raise Unreadable(f"{path} has {len(found)} cells, at most {MOST_CELLS} are read: take out what is not "
                             "yours")
        cells = [_cell(cell) for cell in found if cell["cell_type"] == "code"]
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"{path} is a damaged notebook ({type(error).__name__}): bring back an earlier copy") from None
    return Notebook(cells, str(_inside(content, "metadata", "selfattention", "chapter")))


def printable(text: str) -> str:
    """A text that can be shown and saved, whatever somebody wrote into it."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return "".join(character if character.isprintable() else "?" for character in text)


def _small_integer(digits: str) -> int:
    """Whoever writes longer ones does not mean them, and Python refuses the longest."""
    return int(digits) if len(digits) < 20 else 0


def _inside(content: Any, *names: str) -> Any:
    """What stands inside nested dictionaries; an empty string where it does not."""
    for name in names:
        content = content.get(name, "") if isinstance(content, dict) else ""
    return content


def _cell(cell: dict) -> Cell:
    source = cell["source"] if "source" in cell else cell["input"]  # as it was called before format 4
    grade_id = str(_inside(cell, "metadata", "nbgrader", "grade_id"))
    answers = grade_id.removesuffix("-answer") if grade_id.endswith("-answer") else ""
    if not isinstance(source, (str, list)):
        raise TypeError("the text of a cell is no text")
    return Cell(source if isinstance(source, str) else "".join(source), answers)


def chapter_of(notebook: Notebook, path: Path) -> str:
    """The chapter whose exercises a notebook answers: by its full name, by its metadata, or by a number in its name."""
    for name in problems.chapters():
        if name in path.stem:
            return name
    for name in filter(None, (notebook.chapter, path.stem)):
        try:
            return full_name(name[:2])
        except Unknown:
            continue
    raise Unreadable(
        f"{path} belongs to no chapter: its name should begin with the chapter's number, like 02_softmax.ipynb"
    )


def judge_file(path: Path, seed: int = 0) -> list[Report]:
    """Judge every exercise of the chapter that a notebook file answers, with its code in a process of its own.

    Raises:  Unreadable: nothing can be judged.
    """
    notebook = read(path)
    try:
        return judge_cells(notebook.cells, chapter_of(notebook, path), Spawned, seed)
    except NoProcess as error:
        raise Unreadable(f"{path} cannot be run ({error}): does `selfattention doctor` find something?") from None


def judge_cells(cells: list[Cell], chapter: str, start: Callable[[], Process], seed: int = 0, *,
                cell_seconds: float = CELL_SECONDS, call_seconds: float = CALL_SECONDS,
                seconds: float = float("inf")) -> list[Report]:
    """Run a notebook's cells in order and judge each exercise as soon as its function appears.

    So every exercise is judged with what stood in the notebook when its cell had run, whatever comes later. One that
    has not passed is judged again at the end, where something that it uses may have been mended; of several reports
    the best counts. A cell that ends the process is left out when the rest is run again. Cells that
    are as the course gave them need not be run: the set-up comes first anyway, and the checks are run here.

    Args:    start: gives a new process. cell_seconds, call_seconds: for one cell, for one call of an answer.
             seconds: for the whole notebook.
    Raises:  NoProcess: none of the notebook's code could be run.
    """
    exercises = {exercise.name: exercise for exercise in problems.exercises(chapter)}
    given = {writer.check_cell(exercise) for exercise in exercises.values()} | {writer.set_up(chapter)}
    own = [cell for cell in cells if cell.source not in given]
    sitting = _Sitting([Cell(writer.set_up(chapter)), *own], exercises, seed)
    deadline = time.monotonic() + seconds
    finished = False
    while not finished and time.monotonic() < deadline:
        with Child(start(), list(exercises), cell_seconds=cell_seconds, call_seconds=call_seconds,
                   deadline=deadline) as child:
            finished = sitting.go_through(child)
    sitting.time_is_up = not finished
    return [sitting.report(exercise) for exercise in exercises.values()]


class _Sitting:
    """What is known of a notebook so far, over all the processes it took to run it."""

    def __init__(self, cells: list[Cell], exercises: dict[str, Exercise], seed: int) -> None:
        self._cells, self._exercises, self._seed = cells, exercises, seed
        self.time_is_up = False
        self._blocked: set[int] = set()
        self._troubles: dict[str, str] = {}
        self._found: dict[str, dict[int, Report]] = {name: {} for name in exercises}

    def go_through(self, child: Child) -> bool:
        """Run the cells and judge what has not been judged yet; False where the process ended on the way."""
        functions: dict[str, int] = {}
        ran, before = Ran("", {}), 0
        for number, cell in enumerate(self._cells):
            if number in self._blocked:
                continue
            try:
                ran = child.run(cell)
            except ChildEnded as error:
                if number == 0:  # our own set-up: no code of the learner's has been run yet
                    raise NoProcess(str(error)) from None
                blamed = before if str(error).startswith(UNASKED) else number
                self._blocked.add(blamed)
                self._troubles.setdefault(self._cells[blamed].answers, str(error))
                return False
            before = number
            if ran.trouble:
                self._troubles.setdefault(cell.answers, ran.trouble)
            for name, function in ran.functions.items():
                if functions.get(name) != function:
                    functions[name] = function
                    if not self._judge(name, number, child):
                        return False
        return all(self._judge_again(name, child) for name in ran.functions)

    def _judge(self, name: str, place: int, child: Child) -> bool:
        """Judge a function as it stands after a cell, unless that is done or needless; False if the process ended."""
        found = self._found[name]
        kind = self._cells[place].answers == name  # a cell that the course gave for it, or another one
        alike = sum((self._cells[other].answers == name) == kind for other in found if other < len(self._cells))
        if place in found or alike >= MOST_VERSIONS or self._passed(name):
            return True
        found[place] = self._judged(name, child, explain=True)
        return not child.ended

    def _judge_again(self, name: str, child: Child) -> bool:
        """Judge a function that has not passed as it stands at the end; what was too slow is not waited for again."""
        found, end = self._found[name], len(self._cells)
        too_slow = any(report.status == TIMEOUT for report in found.values())
        if end in found or too_slow or self._passed(name):
            return True
        best = max((report.earned for report in found.values()), default=-1.0)
        found[end] = self._judged(name, child, explain=not found)
        if not child.ended and found[end].earned > best >= 0:
            found[end] = self._judged(name, child, explain=True)
        return not child.ended

    def _passed(self, name: str) -> bool:
        return any(report.status == PASSED for report in self._found[name].values())

    def _judged(self, name: str, child: Child, *, explain: bool) -> Report:
        exercise = self._exercises[name]
        # Every version meets other data: an earlier one must not be able to note what a later one will be asked.
        seed = self._seed + len(self._found[name])
        return judge(exercise, lambda: child.open(name, exercise.ready_made), seed, explain=explain)

    def report(self, exercise: Exercise) -> Report:
        """The best report on an exercise, or why there is none."""
        found = self._found[exercise.name].values()
        if found:
            return max(found, key=lambda report: (report.earned, report.status == PASSED,
                                                  report.status != NOT_ATTEMPTED))
        report = Report(exercise.chapter, exercise.name, exercise.points)
        nothing = not any(self._found.values())
        if self.time_is_up:
            self._troubles.setdefault(exercise.name, f"{SLOW} the time that a whole notebook may take")
        trouble = self._troubles.get(exercise.name) or (self._troubles.get("", "") if nothing else "")
        report.status = NOT_ATTEMPTED if not trouble else TIMEOUT if SLOW in trouble else ERROR
        raised = Raised(*trouble.split(": ", 1)) if ": " in trouble else Raised("Stopped", trouble)
        report.verdicts = [Verdict(f"is a function called `{exercise.name}`", report.status, trouble,
                                   raised=raised if trouble else None)]
        return report
