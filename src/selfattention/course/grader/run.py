"""Grade a class from beginning to end, writing every result as soon as it is there."""

import importlib.util
import json
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from selfattention import __version__
from selfattention.course import files
from selfattention.course.catalogue import chapter
from selfattention.course.files import PACKAGE, write_whole
from selfattention.course.grader import gradebook, pages, workers
from selfattention.course.grader.grading import (
    ALLOWANCE,
    GRADED,
    OFF,
    PREFER,
    REQUIRE,
    Job,
    Result,
    Settings,
    isolation,
)
from selfattention.course.grader.submissions import Found, file_names, find, only
from selfattention.engine.guard import scratch
from selfattention.engine.process.remote import NoProcess

ABOUT, RESULTS, FEEDBACK = "grading.json", "results", "feedback"
TABLE_SECONDS, REPORT_SECONDS = 2.0, 30.0
PAUSE = 20  # times as long as writing took


class CannotGrade(Exception):
    """Nothing was graded; the message says why and what to do."""


@dataclass(frozen=True)
class Order:
    """What the teacher asked for."""

    submissions: Path
    report: Path
    seed: int | None = None
    workers: int = 1
    resume: bool = False
    sandbox: str = PREFER
    dask: str = ""
    pattern: str | None = None
    also: tuple[str, ...] = ()
    chapters: tuple[str, ...] = ()
    cell_seconds: float = ALLOWANCE.cell
    call_seconds: float = ALLOWANCE.call
    notebook_seconds: float = ALLOWANCE.notebook
    patience: float = ALLOWANCE.patience


@dataclass
class Outcome:
    """How many submissions were graded now, kept from before, and not graded."""

    graded: int = 0
    kept: int = 0
    refused: int = 0

    @property
    def status(self) -> int:
        """The exit status: 0 all graded, 1 some could not be, 2 nothing could."""
        done = self.graded + self.kept
        return 2 if not done else 1 if self.refused else 0


Progress = Callable[[Iterable[Result], int], Iterable[Result]]


def grade_class(order: Order, tell: Callable[[str], None],
                progress: Progress = lambda results, total: results) -> Outcome:
    """Grade every submission that is found.

    Args:    tell: is given lines for the teacher. progress: shows how far it is, as it passes the results on.
    Raises:  CannotGrade, NoSubmissions: nothing was graded. OSError: the report cannot be written.
    """
    with scratch.Folder() as unpacked:
        _refuse_what_would_be_hidden(order)
        if not order.dask:
            _say_what_is_missing(Settings(0, order.sandbox), tell)
        if order.dask and importlib.util.find_spec("distributed") is None:
            raise CannotGrade("--dask needs Dask: install the course with its extra, as in selfattention[class]")
        found = find(order.submissions, order.pattern, unpacked.path, order.report)
        if order.chapters:
            found = only(found, [chapter(number) for number in order.chapters])
        if order.resume:
            files.remove_unfinished(order.report)
        book = _Book(order, found)
        hidden = [str(path.resolve()) for path in (order.submissions, order.report, unpacked.path)]
        allowance = replace(ALLOWANCE, cell=order.cell_seconds, call=order.call_seconds,
                            notebook=order.notebook_seconds, patience=order.patience)
        settings = Settings(book.about["seed"], order.sandbox, tuple(hidden), allowance)
        jobs = list(book.left(found))
        outcome = Outcome(kept=len(found) - len(jobs))
        try:
            with closing(_graded(order, jobs, settings, tell)) as graded:  # ends its processes, also when interrupted
                for result in progress(graded, len(jobs)):
                    book.add(result)
                    outcome.graded += result.status == GRADED
                    outcome.refused += result.status != GRADED
                    if result.status != GRADED:
                        tell(f"not graded: {result.student}: {result.origin}: {result.reason}")
        except NoProcess as error:
            raise CannotGrade(str(error)) from None
        finally:
            scratch.sweep()  # what processes left that were killed
            book.finish()
    return outcome


def _graded(order: Order, jobs: list[Found], settings: Settings, tell: Callable[[str], None]) -> Iterator[Result]:
    """Grade them all; then those once more, one after the other, whose time ran out by the clock and not by their work.

    A busy machine may have been at fault: alone, and with twice the patience, an honest notebook has its points.
    """
    aside: dict[tuple[str, str], Result] = {}
    with closing(_spread(order, jobs, settings)) as results:
        for result in results:
            if result.waited:
                aside[result.student, result.origin] = result
            else:
                yield result
    if not aside:
        return
    patient = replace(settings.allowance, patience=2 * settings.allowance.patience)
    again = [one for one in jobs if (one.student, one.origin) in aside]
    with closing(_spread(order, again, replace(settings, allowance=patient), alone=True)) as results:
        for result in results:
            tell(f"judged once more, alone: {result.student}: {result.origin}: its time ran out by the clock")
            yield aside[result.student, result.origin].with_the_best_of(result)


def _spread(order: Order, jobs: list[Found], settings: Settings, *, alone: bool = False) -> Iterator[Result]:
    """Grade on this machine or on a cluster; `alone`: one after the other."""
    todo = (_job(one) for one in jobs)
    if order.dask:
        return workers.on_dask(todo, settings, order.dask, alone=alone)
    return workers.locally(todo, settings, 1 if alone else max(1, order.workers))


def _refuse_what_would_be_hidden(order: Order) -> None:
    """Submissions and report are hidden from learners' code, which therefore must not need what lies in them."""
    for folder in (order.submissions, order.report):
        for needed, what in ((PACKAGE, "this course"), (Path(sys.prefix), "its Python")):
            if folder.resolve() in (needed.resolve(), *needed.resolve().parents):
                raise CannotGrade(f"{folder} holds {what}, which learners' code could then not use: give a folder that "
                                  "holds nothing else")


def _say_what_is_missing(settings: Settings, tell: Callable[[str], None]) -> None:
    try:
        layers, missing = isolation(settings, warm=False)
    except NoProcess as error:
        raise CannotGrade(f"no process can be started here ({error})") from None
    if missing and settings.sandbox == REQUIRE:
        raise CannotGrade("this machine cannot shut submissions in as --sandbox require demands: "
                          + "; ".join(f"{layer} ({why})" for layer, why in missing.items())
                          + ". Grade on a Linux machine that grants it, or accept less with --sandbox prefer")
    if missing and settings.sandbox != OFF:
        tell("sandbox: " + ", ".join(layers) + "; missing: "
             + "; ".join(f"{layer} ({why})" for layer, why in missing.items()))


def _job(one: Found) -> Job:
    """A submission with its bytes, read just before it is graded."""
    job = Job(one.student, one.name or one.origin, one.origin, reason=one.reason)
    if one.reason or one.path is None:
        return job
    try:
        return replace(job, content=one.read())
    except OSError as error:
        return replace(job, reason=f"it cannot be read ({error.strerror}): is it a plain file that you may open?")


class _Book:
    """The report's folder: what is in it, and what is added."""

    def __init__(self, order: Order, found: list[Found]) -> None:
        self._order, self._folder = order, order.report
        self._names = file_names(one.student for one in found)
        origins: dict[str, list[str]] = {}
        for one in found:
            origins.setdefault(one.student, []).append(one.origin)
        self._files = {student: file_names(some, partial(_short, student)) for student, some in origins.items()}
        self.about = self._begin()
        self._results: dict[Path, Result] = {}
        self._by_student: dict[str, set[Path]] = {}
        self._open: dict[str, set[str]] = {}  # what of a student has no result yet
        self._stale: set[str] = set()  # whose pages are older than their results
        self._pages_due: dict[str, float] = {}
        self._tables_due = self._report_due = time.monotonic() + TABLE_SECONDS

    def _begin(self) -> dict:
        noted = self._folder / ABOUT
        if noted.exists():
            if not self._order.resume:
                raise CannotGrade(f"{self._folder} already holds a grading: go on with --resume, "
                                  "or name another folder")
            try:
                about = json.loads(noted.read_text(encoding="utf-8"))
                about["seed"] + 0, about["when"], about["version"]
            except (ValueError, KeyError, TypeError):
                raise CannotGrade(f"{noted} is damaged, so the seed of this grading is lost: name another folder"
                                  ) from None
            if self._order.seed not in (None, about["seed"]):
                raise CannotGrade(f"{self._folder} was begun with seed {about['seed']}, not {self._order.seed}: leave "
                                  "--seed out, or name another folder")
            return about
        if self._folder.is_dir() and any(self._folder.iterdir()):
            raise CannotGrade(f"{self._folder} is not empty and holds no grading: name a folder of its own")
        about = {"seed": secrets.randbits(63) if self._order.seed is None else self._order.seed,
                 "sandbox": self._order.sandbox, "version": __version__,
                 "when": datetime.now().astimezone().isoformat(" ", "minutes")}
        write_whole(noted, json.dumps(about, indent=1))
        return about

    def _path(self, student: str, origin: str) -> Path:
        """Where a result is kept: by where its notebook was found, for a name may stand in several folders."""
        return self._folder / RESULTS / self._names[student] / f"{self._files[student][origin]}.json"

    def left(self, found: list[Found]) -> Iterator[Found]:
        """What has no result yet, or another one than this file would have."""
        for one in found:
            path = self._path(one.student, one.origin)
            with suppress(OSError, ValueError, TypeError, KeyError):
                kept = json.loads(path.read_text(encoding="utf-8"))
                if kept["digest"] == _job(one).digest and kept["status"] == GRADED:
                    self._keep(path, Result(**{name.name: kept[name.name] for name in fields(Result)}))
                    continue
            self._open.setdefault(one.student, set()).add(one.origin)
            yield one

    def add(self, result: Result) -> None:
        """Write a result, and from time to time what is made of all of them.

        Raises:  CannotGrade: the report's folder is gone.
        """
        if self._is_gone():
            raise CannotGrade(f"{self._folder} has vanished, and what was in it; the rest is not graded: grade into "
                              "another folder, or put it back and go on with --resume")
        path = self._path(result.student, result.origin)
        self._write(path, json.dumps(asdict(result)))
        self._keep(path, result)
        self._open.get(result.student, set()).discard(result.origin)
        self._write_student_in_time(result.student)
        if time.monotonic() >= self._tables_due:
            self._tables_due = _due_after(self._write_tables, TABLE_SECONDS)
        if time.monotonic() >= self._report_due:
            self._report_due = _due_after(self._write_report, REPORT_SECONDS)

    def _write_student_in_time(self, student: str) -> None:
        """Write a student's pages when all is there, and before that now and then: they are made of all results."""
        self._stale.add(student)
        due = self._pages_due.setdefault(student, time.monotonic() + TABLE_SECONDS)
        if not self._open.get(student) or time.monotonic() >= due:
            self._pages_due[student] = _due_after(partial(self._write_student, student), TABLE_SECONDS)

    def _keep(self, path: Path, result: Result) -> None:
        """Remember what the tables and the report need of a result; the cards stay on disk."""
        self._results[path] = replace(result, cards=[], texts=[])
        self._by_student.setdefault(result.student, set()).add(path)

    def _write(self, path: Path, text: str) -> None:
        write_whole(path, text, self._folder)

    def _is_gone(self) -> bool:
        """Whether somebody has removed the report: half of it must not come back."""
        return not (self._folder / ABOUT).exists()

    def finish(self) -> None:
        """Write everything that is made of all results, and the pages that are not there yet, or older than those."""
        if self._is_gone():
            return
        for student, results in self._by_student.items():
            newest = max(path.stat().st_mtime_ns for path in results)
            if student in self._stale or not all(page.exists() and page.stat().st_mtime_ns > newest
                                                 for page in self._pages(student)):
                self._write_student(student)
        if self._results:
            self._write_tables()
            self._write_report()

    def _write_student(self, student: str) -> None:
        mine = [Result(**json.loads(path.read_text(encoding="utf-8"))) for path in self._by_student[student]]
        mine = gradebook.by_student(mine)[student]
        for path, make in self._pages(student).items():
            self._write(path, make(mine))
        self._stale.discard(student)

    def _pages(self, student: str) -> dict[Path, Callable[[list[Result]], str]]:
        """The files about one student, and what makes them."""
        name = self._names[student]
        makers = {"gradescope": gradebook.gradescope_json, "classroom": gradebook.classroom_json}
        return {self._folder / FEEDBACK / f"{name}.html": pages.feedback,
                **{self._folder / kind / f"{name}.json": makers[kind] for kind in makers if kind in self._order.also}}

    def _write_tables(self) -> None:
        results = list(self._results.values())
        self._write(self._folder / "grades.csv", gradebook.grades_csv(results))
        if "nbgrader" in self._order.also:
            self._write(self._folder / "nbgrader.csv", gradebook.nbgrader_csv(results))

    def _write_report(self) -> None:
        self._write(self._folder / "report.html", pages.report(list(self._results.values()), self.about, self._names))


def _short(student: str, origin: str) -> str:
    """What a result's file is called after: the folder already tells whose it is."""
    return origin.removeprefix(f"{student}/").removesuffix(".ipynb")


def _due_after(write: Callable[[], None], pause: float) -> float:
    """Write something, and say when it is due again: writing takes no more than a small part of the time."""
    begun = time.monotonic()
    write()
    now = time.monotonic()
    return now + max(pause, PAUSE * (now - begun))
