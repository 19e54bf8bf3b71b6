"""Grade one notebook in this process: the checks run here, the learner's code in a shut-in child."""

import hashlib
import importlib
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from selfattention import problems
from selfattention.course import files
from selfattention.course.grader.likeness import fingerprints
from selfattention.course.reading import Unreadable, chapter_of, parse
from selfattention.course.submission import judge_cells
from selfattention.engine.guard.limits import Allowance
from selfattention.engine.guard.sandbox import LAYERS, LIMITS
from selfattention.engine.judging import card
from selfattention.engine.judging.report import PASSED
from selfattention.engine.process.forkserver import Forked, ForkServer
from selfattention.engine.process.remote import Cell, Clock, NoProcess, Process, Spawned

ALLOWANCE = Allowance(cell=30.0, notebook=300.0)
MODULES = ("torch", "matplotlib.pyplot")  # slow to import
REQUIRE, PREFER, OFF = "require", "prefer", "off"
GRADED, NOT_GRADED = "graded", "not graded"


@dataclass(frozen=True)
class Job:
    """A notebook to grade: whose it is, what it is called, and its bytes; or why it cannot be graded."""

    student: str
    name: str
    origin: str
    content: bytes = b""
    reason: str = ""

    @property
    def digest(self) -> str:
        """What changes when the submission does."""
        return hashlib.sha256(self.content + self.origin.encode() + self.reason.encode()).hexdigest()


@dataclass(frozen=True)
class Settings:
    """What all notebooks of a class are graded with. `hidden` are folders that no learner's code may read."""

    seed: int
    sandbox: str = PREFER
    hidden: tuple[str, ...] = ()
    allowance: Allowance = ALLOWANCE


@dataclass
class Result:
    """What grading a notebook gave, as plain data.

    `waited`: a wall clock ran out before all points were there, so a busy machine may be at fault. `judged`: how often.
    """

    student: str
    name: str
    origin: str
    digest: str
    status: str = NOT_GRADED
    reason: str = ""
    chapter: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)
    cards: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    seconds: float = 0.0
    peak_bytes: int = 0
    runs: list[int] = field(default_factory=list)
    waited: bool = False
    judged: int = 1

    def with_the_best_of(self, other: "Result") -> "Result":
        """This result, with the better of the two for each exercise."""
        if other.status != GRADED:
            return replace(self, judged=self.judged + other.judged)
        better = [one["earned"] >= two["earned"] for one, two in zip(self.rows, other.rows)]
        chosen = {name: [mine if is_better else theirs for is_better, mine, theirs in
                         zip(better, getattr(self, name), getattr(other, name))] for name in ("rows", "cards", "texts")}
        return replace(other, **chosen, judged=self.judged + other.judged, seconds=self.seconds + other.seconds,
                       cpu_seconds=self.cpu_seconds + other.cpu_seconds)

    @classmethod
    def refused(cls, job: Job, reason: str) -> "Result":
        """What is known of a notebook that could not be graded."""
        return cls(job.student, job.name, job.origin, job.digest, reason=reason)


OPEN = ("engine", "__init__.py")  # of this package, to learners' code


def secrets() -> list[Path]:
    """What no learner's code may read: the course's own code but for its engine, and notebooks with stored answers.

    They may lie in several places: an editable installation leaves notebooks beside the libraries.
    """
    packages = {files.PACKAGE, *(Path(entry, files.PACKAGE.name).resolve() for entry in sys.path)}
    found = [inside for package in packages if package.is_dir() for inside in package.iterdir()
             if inside.name not in OPEN]
    return found + [files.root() / name for name in files.FOLDERS if (files.root() / name).exists()]


_servers = threading.local()  # a server gives one process at a time, so each thread has its own


def server(settings: Settings, modules: Iterable[str] = ()) -> ForkServer | None:
    """This thread's warm server; None where the system has none, and every notebook starts a process of its own.

    Args:    modules: what it must have imported. A server that has not is replaced by one that has both.
    Raises:  NoServer: it should be there, and did not start.
    """
    if not sys.platform.startswith("linux"):
        return None
    known, made = getattr(_servers, "known", (None, None))
    if known == settings and made.modules.issuperset(modules):
        return made
    modules = {*modules, *(made.modules if known == settings else ())}
    drop_server()
    made = ForkServer([*secrets(), *map(Path, settings.hidden)], shut_in=settings.sandbox != OFF, modules=modules)
    _servers.known = (settings, made)
    return made


def drop_server() -> None:
    """End this thread's server."""
    _, made = getattr(_servers, "known", (None, None))
    _servers.known = (None, None)
    if made is not None:
        made.close()


def isolation(settings: Settings, *, warm: bool = True) -> tuple[list[str], dict[str, str]]:
    """The layers that stand between a learner's code and this machine, and why others do not.

    Args:    warm: False asks a server that is started for this question alone, and has imported nothing.
    """
    if not sys.platform.startswith("linux"):
        return [LIMITS], {layer: f"not on {sys.platform}" for layer in LAYERS if layer != LIMITS}
    if warm:
        return server(settings).layers, server(settings).missing
    with ForkServer(secrets(), shut_in=settings.sandbox != OFF, warm=False) as cold:
        return cold.layers, cold.missing


def grade(job: Job, settings: Settings) -> Result:
    """Grade a notebook; whatever the notebook does becomes part of the result.

    Raises:  NoProcess: none could be started, twice in a row.
    """
    if job.reason:
        return Result.refused(job, job.reason)
    try:
        return _graded(job, settings)
    except NoProcess:
        drop_server()
        return _graded(job, settings)


def _graded(job: Job, settings: Settings) -> Result:
    result = Result.refused(job, "")
    started, cpu = time.perf_counter(), time.process_time()
    try:
        notebook = parse(job.content, Path(job.name))
        result.chapter = chapter_of(notebook, Path(job.name))
        cells = notebook.cells
    except Unreadable as error:
        result.reason = str(error).removeprefix(f"{job.name} ")
        return result
    processes: list[Forked] = []
    modules = [module for module in MODULES if any(module.split(".")[0] in cell.source for cell in cells)]
    start = _starter(settings, modules, processes)
    result.layers, result.missing = isolation(settings)
    if result.missing and settings.sandbox == REQUIRE:
        result.reason = f"it could not be shut in here: {', '.join(result.missing)} is missing"
        return result
    if "torch" in modules:  # or the first tensor that comes back would have to wait for it
        importlib.import_module("torch").set_num_threads(1)
    clock = Clock(settings.allowance)
    reports = judge_cells(cells, result.chapter, start, settings.seed, clock)
    result.status = GRADED
    result.waited = clock.waited and any(report.status != PASSED for report in reports)
    result.rows = [report.row() for report in reports]
    result.cards = [card.as_html(report) for report in reports]
    result.texts = [card.as_text(report) for report in reports]
    result.runs = fingerprints(_written(cells, result.chapter))
    result.cpu_seconds = time.process_time() - cpu + sum(process.cpu_seconds for process in processes)
    result.peak_bytes = max((process.peak_bytes for process in processes), default=0)
    result.seconds = time.perf_counter() - started
    return result


def _starter(settings: Settings, modules: list[str], processes: list[Forked]) -> Callable[[], Process]:
    """What starts the next process; it keeps those of a fork server, which know what they cost."""
    warm = server(settings, modules)
    if warm is None:
        return lambda: Spawned(limited=True)

    def start() -> Process:
        processes.append(warm.start())
        return processes[-1]

    return start


def _written(cells: list[Cell], chapter: str) -> list[str]:
    """The code that is about the exercises: cells that answer one, or that define one's function."""
    names = [exercise.name for exercise in problems.exercises(chapter)]
    return [cell.source for cell in cells if cell.answers or any(f"def {name}(" in cell.source for name in names)]
