"""Judge the exercises of a notebook file, with its code in a process of its own."""

import time
from collections.abc import Callable
from pathlib import Path

from selfattention import problems
from selfattention.course import writer
from selfattention.course.reading import Unreadable, chapter_of, read
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

MOST_VERSIONS = 4  # of one exercise in its own cells, and in others; beside these only the last one is judged


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
