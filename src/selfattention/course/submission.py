"""Judge the exercises of a notebook file, with its code in a process of its own."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from selfattention import problems
from selfattention.course import exercise_texts
from selfattention.course.reading import Unreadable, chapter_of, read
from selfattention.engine import Exercise
from selfattention.engine.door.room import Raised
from selfattention.engine.guard.limits import Allowance
from selfattention.engine.judging.judge import judge
from selfattention.engine.judging.report import ERROR, NOT_ATTEMPTED, PASSED, TIMEOUT, Report, Verdict
from selfattention.engine.process.remote import (
    SLOW,
    UNASKED,
    WHOLE,
    Cell,
    Child,
    ChildEnded,
    Clock,
    NoProcess,
    Process,
    Ran,
    Spawned,
)

NOTHING = -1  # of a cell: only its statements are counted
MOST_VERSIONS = 4  # of one exercise in its own cells, and in others; beside these only the last one is judged


def judge_file(path: Path, seed: int = 0) -> list[Report]:
    """Judge every exercise of the chapter that a notebook file answers, with its code in a process of its own.

    Raises:  Unreadable: nothing can be judged.
    """
    notebook = read(path)
    try:
        return judge_cells(notebook.cells, chapter_of(notebook, path), lambda: Spawned(path.resolve().parent), seed)
    except NoProcess as error:
        raise Unreadable(f"{path} cannot be run ({error}): does `selfattention doctor` find something?") from None


def judge_cells(cells: list[Cell], chapter: str, start: Callable[[], Process], seed: int = 0,
                clock: Clock | None = None) -> list[Report]:
    """Run a notebook's cells in order, below its set-up, and judge each exercise as soon as its function appears.

    So every exercise is judged with what stood in the notebook when its cell had run, whatever comes later. One that
    has not passed is judged again at the end, where something that it uses may have been mended. A cell that ends the
    process is left out when the rest is run again. Where something is missing then, and a cell had ended before its
    last statement, all is run once more, and in such cells each statement for itself. Of several reports the best
    counts.

    Args:    start: gives a new process. clock: with what the notebook may take; it tells afterwards what it took.
    Raises:  NoProcess: none of the notebook's code could be run.
    """
    exercises = {exercise.name: exercise for exercise in problems.exercises(chapter)}
    given = {exercise_texts.set_up(chapter), exercise_texts.set_up_cell(chapter), exercise_texts.PROGRESS,
             *map(exercise_texts.check_cell, exercises.values())}
    cells = [replace(cell, given=cell.source in given) for cell in [Cell(exercise_texts.set_up(chapter)), *cells]]
    clock = clock or Clock(Allowance())
    sitting = _Sitting(cells, exercises, seed, clock)
    finished = False
    while not finished and not clock.is_over():
        with Child(start(), list(exercises), clock) as child:
            finished = sitting.go_through(child) and not sitting.begin_again()
    sitting.time_is_up = not finished
    return [sitting.report(exercise) for exercise in exercises.values()]


class _Sitting:
    """What is known of a notebook so far, over all the processes it took to run it.

    Answers are found by round and cell; what is judged at the end stands beyond the last cell.
    """

    def __init__(self, cells: list[Cell], exercises: dict[str, Exercise], seed: int, clock: Clock) -> None:
        self._cells, self._exercises, self._seed, self._clock = cells, exercises, seed, clock
        self.time_is_up = False
        self._round = 0
        self._blocked: set[tuple[int, int | None]] = set()  # cells, and statements of them, that end the process
        self._torn: dict[int, int] = {}  # cells that ended before their last statement, and how many they have
        self._too_slow: set[tuple[int, int]] = set()
        self._troubles: dict[str, str] = {}
        self._found: dict[str, dict[tuple[int, int], Report]] = {name: {} for name in exercises}

    def begin_again(self) -> bool:
        """Whether a second round is worth it: something has not passed, and some statements have never been run."""
        self._round += 1
        return self._round == 1 and bool(self._torn) and not all(map(self._passed, self._exercises))

    def go_through(self, child: Child) -> bool:
        """Run the cells and judge what has not been judged yet; False where the process ended on the way."""
        functions: dict[str, int] = {}
        ran, before = Ran("", {}), (0, None)
        for number, cell in enumerate(self._cells):
            for part in self._parts(number, child):
                try:
                    ran = child.run(cell, part)
                except ChildEnded as error:
                    if number == 0 and not self._clock.is_over():  # none of the learner's code has been run yet
                        raise NoProcess(str(error)) from None
                    blamed = before if str(error).startswith(UNASKED) else (number, part)
                    self._blocked.add(blamed)
                    self._troubles.setdefault(self._cells[blamed[0]].answers, str(error))
                    return False
                before = (number, part)
                if ran.trouble:
                    self._note(number, part, ran)
            for name, function in ran.functions.items():
                if functions.get(name) != function:
                    functions[name] = function
                    if not self._judge(name, number, child):
                        return False
        return all(self._judge_again(name, child) for name in ran.functions)

    def _parts(self, number: int, child: Child) -> Iterator[int | None]:
        """What to run of a cell: all of it at once (None) in the first round, then each statement of a torn one."""
        if (number, None) in self._blocked and number not in self._torn:
            with contextlib.suppress(ChildEnded):  # the next question tells
                self._torn[number] = child.run(self._cells[number], NOTHING).parts
            if self._torn.get(number, 0) < 2:
                self._torn.pop(number, None)
        if self._round and number in self._torn:
            yield from (part for part in range(self._torn[number])
                        if (number, part) not in self._blocked | self._too_slow)
        elif (number, None) not in self._blocked:
            yield None

    def _note(self, number: int, part: int | None, ran: Ran) -> None:
        """Note the trouble of a cell, and whether there are statements below that have not been run."""
        self._troubles.setdefault(self._cells[number].answers, ran.trouble)
        if part is None and ran.stopped < ran.parts - 1:  # -1 where somebody replaced what runs cells
            self._torn[number] = ran.parts
            if SLOW in ran.trouble:
                self._too_slow.add((number, ran.stopped))

    def _judge(self, name: str, number: int, child: Child) -> bool:
        """Judge a function as it stands after a cell, unless that is done or needless; False if the process ended."""
        found, place = self._found[name], (self._round, number)
        kind = self._cells[number].answers == name  # a cell that the course gave for it, or another one
        alike = sum(lap == self._round and other < len(self._cells) and (self._cells[other].answers == name) == kind
                    for lap, other in found)
        if place in found or alike >= MOST_VERSIONS or self._passed(name):
            return True
        found[place] = self._judged(name, child, explain=True)
        return not child.ended

    def _judge_again(self, name: str, child: Child) -> bool:
        """Judge a function that has not passed as it stands at the end; what was too slow is not waited for again."""
        found, end = self._found[name], (self._round, len(self._cells))
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
        try:
            return judge(exercise, lambda: child.open(name, exercise.ready_made), seed, explain=explain)
        except Exception as error:  # a fault of ours: this exercise is marked, all others are judged
            report = Report(exercise.chapter, exercise.name, exercise.points, status=ERROR)
            report.verdicts = [Verdict("can be judged", ERROR, f"judging it failed ({type(error).__name__}: {error})")]
            return report

    def report(self, exercise: Exercise) -> Report:
        """The best report on an exercise, or why there is none."""
        found = self._found[exercise.name].values()
        if found:
            return max(found, key=lambda report: (report.earned, report.status == PASSED,
                                                  report.status != NOT_ATTEMPTED))
        report = Report(exercise.chapter, exercise.name, exercise.points)
        nothing = not any(self._found.values())
        if self.time_is_up:
            self._troubles.setdefault(exercise.name, f"{SLOW} {WHOLE}")
        trouble = self._troubles.get(exercise.name) or (self._troubles.get("", "") if nothing else "")
        report.status = NOT_ATTEMPTED if not trouble else TIMEOUT if SLOW in trouble else ERROR
        raised = Raised(*trouble.split(": ", 1)) if ": " in trouble else Raised("Stopped", trouble)
        report.verdicts = [Verdict(f"is a function called `{exercise.name}`", report.status, trouble,
                                   raised=raised if trouble else None)]
        return report
