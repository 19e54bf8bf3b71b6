"""Grading a whole class: `selfattention grade` beside nbgrader and otter-grader, on the same submissions in turn.

    python benchmarks/grading.py                          all: both peers, then 1,000 submissions, one worker and two
    python benchmarks/grading.py --peers nbgrader         with one of the peers: nbgrader, otter, otter-api
    python benchmarks/grading.py --peers --workers 1      ours alone, with one worker
    python benchmarks/grading.py --scale 0                the comparison alone, without the large classes

`otter` is one `otter run` a submission, `otter-api` the same in one process for all of them, through otter's own
function for it. Otter is installed into an environment of its own, which is kept for the next time (--otter-venv).
Starting takes ours some seconds, however large the class: compare on a whole class, too (--peer-submissions 80).

CPU seconds are user and system time of a command and of every process below it; what prepares an assignment once is
not counted. Needs Linux or macOS.
"""

import argparse
import ast
import contextlib
import csv
import ctypes
import importlib
import importlib.metadata
import importlib.util
import inspect
import json
import os
import platform
import random
import re
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import psutil
from timing import processor, row

from selfattention import problems
from selfattention.course import files
from selfattention.course.catalogue import chapter as full_name
from selfattention.engine import Exercise, Mistake

REPOSITORY = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sys.executable).parent
OURS = "ours"
SEED = 1729
RIGHT, MISTAKEN = 0.60, 0.25  # shares of the class; the rest is partly untouched
GOLDEN = (5**0.5 - 1) / 2  # its multiples spread evenly, so that the first few submissions are a small class, too
SAMPLE_SECONDS = 0.2
LEFT_BEHIND_SECONDS = 3.0
PR_SET_CHILD_SUBREAPER = 36
SCALES = (100, 300)
MEGABYTE = 2**20

NBGRADER = re.compile(r"```python\n(c = get_config\(\)\n.*?)```", re.DOTALL)  # what CONTRIBUTING.md tells teachers
OTTER = "otter-grader[grading]==7.0.0"
# Comes with JupyterLab, which grading does not need; jsonschema loads it wherever it finds it, which makes `otter run`,
# with its two processes that read notebooks, take more than twice as long.
UNWANTED = ["rfc3987-syntax"]
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"
# One test case for each claim of an exercise, worth as much as in the course; the checks themselves run once.
OTTER_TEST = """\
from otter.test_files import test_case

OK_FORMAT = False
name, points, all_or_nothing = {name!r}, {points}, False
reports = []


def passed(env, number):
    if not reports:
        reports.append(eval("__import__('selfattention').check({key!r}).report", env))
    assert reports[0].verdicts[number].status == "passed" and reports[0].earned, repr(reports[0])
"""
OTTER_CASE = """

@test_case(name={claim!r})
def case_{number}(env):
    passed(env, {number})
"""
OTTER_LOOP = """
import json, sys
from otter.api import grade_submission
autograder, out, *paths = sys.argv[1:]
totals = {path: grade_submission(path, autograder, quiet=True).total for path in paths}
with open(out, "w") as file:
    json.dump(totals, file)
"""


class Failed(Exception):
    """A command that did not do its work; the message says which, and what it said last."""


@dataclass
class Grading:
    """What grading a class took, and the points it gave each student."""

    cpu: float
    wall: float
    totals: dict[str, float]


@dataclass
class Memory:
    """The most memory seen while a command ran, of itself and of the processes below it, in bytes."""

    parent: int = 0
    child_resident: int = 0
    child_unique: int = 0
    children_unique: int = 0
    children: int = 0

    def look(self, pid: int) -> None:
        try:
            command = psutil.Process(pid)
            self.parent = max(self.parent, command.memory_info().rss)
            below = command.children(recursive=True)
        except psutil.Error:
            return
        seen = [info for info in map(_memory, below) if info is not None]
        if seen:
            self.child_resident = max(self.child_resident, *(info.rss for info in seen))
            self.child_unique = max(self.child_unique, *(info.uss for info in seen))
            self.children_unique = max(self.children_unique, sum(info.uss for info in seen))
            self.children = max(self.children, len(seen))


def _memory(process: psutil.Process) -> Any:
    """What psutil knows of a process's memory, or None where it has just ended."""
    try:
        return process.memory_full_info()
    except psutil.Error:
        return None


def run(program: str, *arguments: object, folder: Path, programs: Path = PROGRAMS,
        watch: Callable[[int], None] = lambda pid: None) -> tuple[float, float]:
    """Run an installed program as people do, with one thread; returns CPU and wall seconds of it and all it started."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    words = [str(programs / program), *map(str, arguments)]
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        before, started = _cpu_of_children(), time.perf_counter()
        process = subprocess.Popen(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=said,
                                   stderr=subprocess.STDOUT)
        while True:
            try:
                code = process.wait(timeout=SAMPLE_SECONDS)
                break
            except subprocess.TimeoutExpired:
                watch(process.pid)
        wall = time.perf_counter() - started
        _reap()
        cpu = _cpu_of_children() - before
        if code != 0:
            said.seek(0)
            lines = said.read().strip().splitlines()
            raise Failed(f"`{shlex.join([program, *words[1:4]])} …` ended with status {code}: {' / '.join(lines[-3:])}")
    return cpu, wall


def adopt_orphans() -> None:
    """Have processes whose parents ended before them become ours, so that their CPU time is counted, too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _reap() -> None:
    """Wait for what a command left behind, a few seconds at most."""
    until = time.monotonic() + LEFT_BEHIND_SECONDS
    with contextlib.suppress(ChildProcessError):  # there is nothing left
        while time.monotonic() < until:
            if not os.waitpid(-1, os.WNOHANG)[0]:
                time.sleep(0.02)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Assignment:
    """A chapter's exercises and a made-up class that hands them in; student n always hands in the same."""

    def __init__(self, chapter: str) -> None:
        self.chapter = full_name(chapter)
        self.file_name = files.notebook_name(self.chapter, "exercises")
        self.exercises = problems.exercises(self.chapter)
        self.exercise_file = files.root() / files.place(self.chapter, "exercises")
        solution = files.root() / files.place(self.chapter, "solutions")
        self._solution = solution.read_text(encoding="utf-8")
        stubs = json.loads(self.exercise_file.read_text(encoding="utf-8"))["cells"]
        self._stubs = {cell["id"]: "".join(cell["source"]) for cell in stubs}

    def submission(self, number: int) -> dict:
        """The notebook of one student: all right, or with known mistakes, or partly untouched."""
        notebook = json.loads(self._solution)
        share, rng = number * GOLDEN % 1, random.Random(f"{SEED} {number}")
        changed: dict[str, str] = {}
        if share >= RIGHT + MISTAKEN:
            untouched = rng.sample(self.exercises, rng.randint(1, max(1, len(self.exercises) - 1)))
            changed = {exercise.name: self._stubs[f"{exercise.name}-answer"] for exercise in untouched}
        elif share >= RIGHT:
            mistaken = rng.sample(self.exercises, min(rng.randint(1, 2), len(self.exercises)))
            changed = {exercise.name: self._with(exercise, rng.choice(usable(exercise))) for exercise in mistaken}
        for cell in notebook["cells"]:
            if cell["id"].endswith("-answer"):
                source = changed.get(cell["id"].removesuffix("-answer"), "".join(cell["source"]))
                # No two students hand in the same text, so no grader gains by having seen it before.
                cell["source"] = f"{source}\n\n\nwritten_by = {student(number)!r}"
        return notebook

    def _with(self, exercise: Exercise, mistake: Mistake) -> str:
        """A known mistake as the answer to an exercise, below what it uses of its file and of files of its chapter."""
        definition = _bare(textwrap.dedent(inspect.getsource(mistake.function)))
        renamed = definition.replace(f"def {mistake.function.__name__}(", f"def {exercise.name}(", 1)
        known = {exercise.name for exercise in self.exercises}
        return "\n\n\n".join([*_helpers(definition, exercise.function.__module__, known), renamed])

    def write(self, folder: Path, count: int, inside: str = "", change: Callable[[dict], dict] = lambda made: made
              ) -> list[Path]:
        """Write the notebooks of the first `count` students into a folder each."""
        paths = [folder / student(number) / inside / self.file_name for number in range(count)]
        for number, path in enumerate(paths):
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(change(self.submission(number)), ensure_ascii=False, indent=1) + "\n",
                            encoding="utf-8")
        return paths


def usable(exercise: Exercise) -> list[Mistake]:
    """The known mistakes that do not call the solution, which they would replace."""
    return [mistake for mistake in exercise.mistakes if exercise.name not in mistake.function.__code__.co_names]


def student(number: int) -> str:
    return f"student_{number:04d}"


def _helpers(source: str, module: str, known: set[str]) -> Iterator[str]:
    """Source of what some code uses of its module and the notebook does not define, deepest first."""
    used = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    for name, (text, origin) in _definitions(module).items():
        if name in used and name not in known:
            known.add(name)
            yield from _helpers(text, origin, known)
            yield text


@cache
def _definitions(module: str) -> dict[str, tuple[str, str]]:
    """Every name that a module of the exercises defines at its top: the source of its definition, and where that is."""
    source, found = inspect.getsource(importlib.import_module(module)), {}
    for node in ast.parse(source).body:
        text = ast.get_source_segment(source, node), module  # begins at `def`, below the decorators
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = text
        elif isinstance(node, ast.Assign):
            found |= {target.id: text for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom) and node.module.startswith(f"{problems.__name__}."):
            theirs = _definitions(node.module)
            found |= {alias.name: theirs[alias.name] for alias in node.names}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.split(".")[0]: text for alias in node.names}
    return found


def _bare(definition: str) -> str:
    """A definition without its decorators."""
    return "\n".join(definition.splitlines()[ast.parse(definition).body[0].lineno - 1:])


def read_totals(path: Path, student_column: str, total_column: str) -> dict[str, float]:
    with path.open(newline="", encoding="utf-8") as file:
        return {line[student_column]: float(line[total_column] or 0) for line in csv.DictReader(file)}


def ours(assignment: Assignment, count: int, folder: Path, options: Sequence[str] = (),
         watch: Callable[[int], None] = lambda pid: None) -> Grading:
    assignment.write(folder / "submissions", count)
    # Seed 0 is what the check cells draw their data from, and so do the peers.
    cpu, wall = run("selfattention", "grade", folder / "submissions", "--out", folder / "report", "--seed", "0",
                    *options, folder=folder, watch=watch)
    return Grading(cpu, wall, read_totals(folder / "report/grades.csv", "student", "total"))


def grade_exists() -> bool:
    """Whether this checkout has the command that is measured here."""
    done = subprocess.run([sys.executable, "-m", "selfattention", "grade", "--help"], capture_output=True)
    return done.returncode == 0


def nbgrader(assignment: Assignment, count: int, folder: Path) -> Grading:
    told = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (folder / "nbgrader_config.py").write_text(NBGRADER.search(told)[1])
    (folder / "source/ps").mkdir(parents=True)
    (folder / "source/ps" / assignment.file_name).write_bytes(assignment.exercise_file.read_bytes())
    assignment.write(folder / "submitted", count, "ps")
    run("nbgrader", "generate_assignment", "ps", folder=folder)
    cpu, wall = run("nbgrader", "autograde", "ps", folder=folder)
    run("nbgrader", "export", folder=folder)
    return Grading(cpu, wall, read_totals(folder / "grades.csv", "student_id", "score"))


@dataclass
class Otter:
    """otter-grader, with the course beside it, in an environment of its own."""

    home: Path

    def do(self, program: str, *arguments: object, folder: Path) -> tuple[float, float]:
        return run(program, *arguments, folder=folder, programs=self.home / "bin")

    def set_up(self) -> None:
        """Make the environment where it is not there yet. Raises Failed."""
        ready, wanted = self.home / "ready", f"{OTTER} without {UNWANTED} {REPOSITORY} {sys.version}"
        if ready.is_file() and ready.read_text() == wanted:
            return
        print(f"Setting up {OTTER} in {self.home}; the first time takes some minutes.", file=sys.stderr, flush=True)
        try:
            venv.create(self.home, with_pip=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Failed(f"its environment cannot be made ({error})") from None
        pip = ["pip", "install", "--quiet", "--retries", "2", "-c", REPOSITORY / "constraints.txt"]
        if sys.platform == "linux":
            torch = importlib.metadata.version("torch").partition("+")[0]
            self.do(*pip, f"torch=={torch}+cpu", "--extra-index-url", CPU_BUILDS, folder=self.home)
        self.do(*pip, OTTER, "-e", REPOSITORY, folder=self.home)
        self.do("pip", "uninstall", "--quiet", "--yes", *UNWANTED, folder=self.home)
        ready.write_text(wanted)

    def prepare(self, assignment: Assignment, count: int, folder: Path) -> list[Path]:
        """Tests, autograder and submissions in otter's form: without the check cells, which are its tests here."""
        (folder / "tests").mkdir()
        for exercise in assignment.exercises:
            (folder / "tests" / f"{exercise.name}.py").write_text(otter_test(exercise), encoding="utf-8")
        self.do("otter", "generate", "-t", "tests", "-o", "autograder.zip", "--no-config", "--no-requirements",
                "--no-environment", folder=folder)
        return assignment.write(folder / "submissions", count, change=without_checks)

    def run(self, assignment: Assignment, count: int, folder: Path) -> Grading:
        """`otter run`, once for each submission."""
        grading = Grading(0, 0, {})
        for path in self.prepare(assignment, count, folder):
            cpu, wall = self.do("otter", "run", path, "-a", folder / "autograder.zip", "-o", path.parent, folder=folder)
            tests = json.loads((path.parent / "results.json").read_text(encoding="utf-8"))["tests"]
            grading.totals[path.parent.name] = sum(test.get("score", 0) for test in tests)
            grading.cpu, grading.wall = grading.cpu + cpu, grading.wall + wall
        return grading

    def api(self, assignment: Assignment, count: int, folder: Path) -> Grading:
        """`otter.api.grade_submission` for one submission after the other, in one process."""
        paths = self.prepare(assignment, count, folder)
        cpu, wall = self.do("python", "-c", OTTER_LOOP, folder / "autograder.zip", folder / "totals.json", *paths,
                            folder=folder)
        totals = json.loads((folder / "totals.json").read_text())
        return Grading(cpu, wall, {Path(path).parent.name: total for path, total in totals.items()})


def otter_test(exercise: Exercise) -> str:
    """A test file of otter's that calls the course's own check, with partial credit."""
    cases = [OTTER_CASE.format(claim=check.claim, number=number) for number, check in enumerate(exercise.checks)]
    return OTTER_TEST.format(name=exercise.name, points=exercise.points, key=exercise.key) + "".join(cases)


def without_checks(notebook: dict) -> dict:
    return {**notebook, "cells": [cell for cell in notebook["cells"] if not cell["id"].endswith("-check")]}


@dataclass
class Contender:
    """A grader with how many submissions and rounds it gets, and what was measured."""

    name: str
    count: int
    rounds: int
    grade: Callable[[Assignment, int, Path], Grading]
    measured: list[Grading] = field(default_factory=list)

    def go(self, assignment: Assignment) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.measured.append(self.grade(assignment, self.count, Path(folder)))

    def a_submission(self, what: str) -> float:
        """Median seconds a submission, of `cpu` or `wall`."""
        return statistics.median(getattr(grading, what) for grading in self.measured) / self.count

    @property
    def totals(self) -> dict[str, float]:
        return self.measured[0].totals


def contenders(options: argparse.Namespace) -> list[Contender]:
    """Ours and the peers, as far as they are there; what is not is told in a line.

    nbgrader grades the whole class, because its start is shared by all; otter starts for each submission anyway.
    """
    few = min(options.peer_submissions, options.submissions)
    found = [*own(options, few)]
    if "nbgrader" in options.peers:
        if importlib.util.find_spec("nbgrader"):
            name = f"nbgrader {importlib.metadata.version('nbgrader')}, `autograde`"
            found.append(Contender(name, options.submissions, options.peer_rounds, nbgrader))
        else:
            print("nbgrader is left out: it is not installed.")
    if {"otter", "otter-api"} & set(options.peers):
        found += otters(options, few)
    return found


def own(options: argparse.Namespace, few: int) -> Iterator[Contender]:
    """Ours with one worker, on the whole class and on the few that otter gets."""
    def grade(assignment: Assignment, count: int, folder: Path) -> Grading:
        return ours(assignment, count, folder, ["--workers", "1", *options.grade_options])

    if not grade_exists():
        print("Ours is left out: there is no `selfattention grade` here.")
        return
    yield Contender(OURS, options.submissions, options.rounds, grade)
    if few < options.submissions and {"otter", "otter-api"} & set(options.peers):
        yield Contender(OURS, few, options.rounds, grade)


def otters(options: argparse.Namespace, few: int) -> list[Contender]:
    otter = Otter(options.otter_venv.absolute())
    try:
        otter.set_up()
    except Failed as error:
        print(f"otter-grader is left out: {error}")
        return []
    graders = {"otter": ("`otter run`", otter.run), "otter-api": ("one process", otter.api)}
    return [Contender(f"otter-grader {OTTER.partition('==')[2]}, {how}", few, options.peer_rounds, grade)
            for peer, (how, grade) in graders.items() if peer in options.peers]


def beside_peers(assignment: Assignment, options: argparse.Namespace) -> None:
    """The same submissions through every grader in turn: what a submission takes, and whether the points agree."""
    running = contenders(options)
    for turn in range(max(options.rounds, options.peer_rounds)):
        for contender in [one for one in running if turn < one.rounds]:
            try:
                contender.go(assignment)
            except Failed as error:
                print(f"{contender.name} is left out: {error}")
                running.remove(contender)
    if not running:
        return
    base = running[0].name
    print(f"\n| {assignment.chapter}, in turn | submissions | rounds | CPU a submission | wall a submission "
          f"| CPU, times {base} | wall, times {base} | totals as {base} |")
    print("|---|---|---|---|---|---|---|---|")
    for one in running:
        reference = next((other for other in running if other.name == base and other.count == one.count), running[0])
        figures = {what: one.a_submission(what) for what in ("cpu", "wall")}
        ratios = [f"{value / reference.a_submission(what):.1f}" for what, value in figures.items()]
        compared = min(one.count, reference.count)
        row(one.name, str(one.count), str(one.rounds), *(f"{value:.3f} s" for value in figures.values()), *ratios,
            f"{compared - len(differing(one, running[0]))} of {compared}")
    print("".join(f"\n- {line}" for one in running for line in differing(one, running[0])))


def differing(one: Contender, other: Contender) -> list[str]:
    """A line for each student to whom two graders give other totals; both round to hundredths of a point."""
    lines = []
    for name in map(student, range(min(one.count, other.count))):
        points = [grader.totals.get(name, float("nan")) for grader in (one, other)]
        if not abs(points[0] - points[1]) <= 0.05:
            lines.append(f"{name}: {points[0]:g} points from {one.name}, {points[1]:g} from {other.name}")
    return lines


def at_scale(assignment: Assignment, options: argparse.Namespace) -> None:
    """Ours on growing classes: is the time in proportion, does the memory stay, how much does a second worker help?"""
    sizes = [*(size for size in SCALES if size < options.scale), options.scale]
    print("\n| ours, workers | submissions | wall | CPU a submission | largest parent | largest child, resident "
          "| largest child, its own | all children, their own | most processes |")
    print("|---|---|---|---|---|---|---|---|---|")
    found: dict[tuple[int, int], tuple[Grading, Memory]] = {}
    for size in sizes:
        for workers in options.workers:
            memory = Memory()
            with tempfile.TemporaryDirectory() as folder:
                grading = ours(assignment, size, Path(folder), ["--workers", str(workers), *options.grade_options],
                               memory.look)
            found[workers, size] = grading, memory
            sizes_seen = (memory.parent, memory.child_resident, memory.child_unique, memory.children_unique)
            row(str(workers), str(size), f"{grading.wall:.1f} s", f"{grading.cpu / size:.3f} s",
                *(f"{value / MEGABYTE:.0f} MB" for value in sizes_seen), str(memory.children + 1))
    if len(sizes) > 1:
        growth(found, sizes, options.workers)


def growth(found: dict[tuple[int, int], tuple[Grading, Memory]], sizes: Sequence[int], workers: Sequence[int]) -> None:
    """Below the table: the last class against the first, and each number of workers against the first."""
    first, last = sizes[0], sizes[-1]
    print("\n| ours | wall a submission | CPU a submission | parent's memory |\n|---|---|---|---|")
    for number in workers:
        (small, little), (large, much) = found[number, first], found[number, last]
        row(f"{last} against {first} submissions, workers: {number}", f"{large.wall / last / (small.wall / first):.2f}",
            f"{large.cpu / last / (small.cpu / first):.2f}", f"{much.parent / max(little.parent, 1):.2f}")
    for number in workers[1:]:
        (slow, alone), (fast, together) = found[workers[0], last], found[number, last]
        row(f"{number} workers against {workers[0]}, {last} submissions", f"{fast.wall / slow.wall:.2f}",
            f"{fast.cpu / slow.cpu:.2f}", f"{together.parent / max(alone.parent, 1):.2f}")


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chapter", default="02")
    parser.add_argument("--submissions", type=int, default=80, help="of the class that ours and nbgrader get (80)")
    parser.add_argument("--rounds", type=int, default=5, help="for ours (5)")
    parser.add_argument("--peers", nargs="*", default=["nbgrader", "otter"], choices=["nbgrader", "otter", "otter-api"])
    parser.add_argument("--peer-submissions", type=int, default=8, help="the first so many of them for otter (8)")
    parser.add_argument("--peer-rounds", type=int, default=1, help="for each peer (1)")
    parser.add_argument("--otter-venv", type=Path, default=Path(tempfile.gettempdir()) / "selfattention-otter",
                        help="where otter's environment is made and kept")
    parser.add_argument("--scale", type=int, default=1000, help="submissions of the largest class (1000), 0 for none")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="for the large classes (1 2)")
    parser.add_argument("--grade-options", type=shlex.split, default=[], metavar="OPTIONS",
                        help='more options for ours, in one word: --grade-options="--sandbox off"')
    return parser.parse_args(arguments)


def grading(arguments: Sequence[str] = ()) -> None:
    """All of it; `benchmarks/run.py` may call this as one of its parts."""
    options = parsed(arguments)
    adopt_orphans()
    assignment = Assignment(options.chapter)
    beside_peers(assignment, options)
    if options.scale and grade_exists():
        try:
            at_scale(assignment, options)
        except Failed as error:
            print(f"The large classes are left out: {error}")


if __name__ == "__main__":
    parsed(sys.argv[1:])  # for --help and slips, before anything is printed
    print(f"{processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}")
    grading(sys.argv[1:])
