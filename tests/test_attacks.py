"""A whole class of attackers, of the unlucky, and of the honest: every grade is right, and nothing outside has changed.

The attacks are the blocks of `attacks/cells/*.py`, each put into one student's notebook, and the changed or broken
files of `attacks/notebooks.py`; `attacks/unlucky.py` has notebooks that deserve all points. All are graded in one run.
"""

import contextlib
import copy
import json
import os
import re
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from attacks import notebooks, unlucky

from selfattention.course import files
from selfattention.course.grader import run
from selfattention.course.grader.grading import Settings, isolation

CELLS = Path(__file__).parent / "attacks" / "cells"
EXERCISES = ("softmax", "softmax_with_temperature", "log_softmax", "softmax_jacobian")
USUAL = "4 3 P 0"
GOOD = ("good_0", "good_1", "zz_good")
SEED = 20261125

BUSY = int(os.environ.get("BUSY", "0"))  # processes that compute beside the grading

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Attack:
    """A hostile cell: where it goes, and the points that are right for its notebook."""

    name: str
    place: str
    source: str
    expected: str


def attacks():
    for path in sorted(CELLS.glob("*.py")):
        above, *blocks = path.read_text(encoding="utf-8").split("\n# %% ")
        shared = "\n".join(line for line in above.splitlines() if not line.startswith("#")).strip()
        for block in blocks:
            head, _, source = block.partition("\n")
            source = f"{shared}\n\n{source}" if shared else source
            name, place = (part.strip() for part in head.split("|"))
            told = dict(re.findall(r"^# expect(?: with (\w+))?: (.*)$", source, re.MULTILINE))
            installed = next((points for library, points in told.items() if library and find_spec(library)), None)
            yield Attack(f"{path.stem}-{name}", place, source, installed or told.get("", USUAL))


ATTACKS = list(attacks())


def code(source):
    return {"cell_type": "code", "id": "hostile", "metadata": {}, "outputs": [], "execution_count": None,
            "source": source}


def answer(notebook, name):
    return next(cell for cell in notebook["cells"] if cell["id"] == f"{name}-answer")


def base():
    """Two right answers, a wrong one, and an untouched one."""
    solution = json.loads((files.root() / files.place("02_softmax", "solutions")).read_text(encoding="utf-8"))
    notebook = json.loads((files.root() / files.place("02_softmax", "exercises")).read_text(encoding="utf-8"))
    for name in EXERCISES[:2]:
        answer(notebook, name)["source"] = answer(solution, name)["source"]
    answer(notebook, "log_softmax")["source"] = "def log_softmax(scores):\n    return np.log(softmax(scores))"
    return notebook


def attacked(attack, places):
    notebook = copy.deepcopy(base())
    source = attack.source
    for name, value in places.items():
        source = source.replace(f"@{name}@", str(value))
    if attack.place == "before":
        notebook["cells"].insert(0, code(source))
    elif attack.place == "after":
        notebook["cells"].append(code(source))
    else:
        answer(notebook, attack.place)["source"] = source
    return notebook


class Listener:
    """Counts who comes by, on a TCP port and on a socket in the file system."""

    def __init__(self, path):
        self.visits = []
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._unix = socket.socket(socket.AF_UNIX)
        self._unix.bind(str(path))
        self._unix.listen()
        self._datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._datagrams.bind(f"{path}.datagrams")
        self._datagrams.setblocking(False)
        for one in (path, f"{path}.datagrams"):
            os.chmod(one, 0o777)
        for line in (self._tcp, self._unix):
            threading.Thread(target=self._count, args=(line,), daemon=True).start()

    def _count(self, line):
        while True:
            try:
                self.visits.append(line.accept())
            except OSError:
                return

    def close(self):
        try:
            self.visits.append(self._datagrams.recv(100))
        except BlockingIOError:
            self._datagrams.close()
        self._tcp.close()
        self._unix.close()


@dataclass
class Graded:
    """What was there when all had been graded."""

    rows: dict
    results: dict
    folder: Path
    visits: list
    processes: list
    before: dict
    after: dict


def contents(*folders):
    return {path: (path.read_bytes() if path.is_file() else None, path.stat().st_mode)
            for folder in folders for path in sorted(folder.rglob("*"))}


def left_over():
    """Our processes that still run, but for the one that Python itself keeps beside spawned ones."""
    return [process for process in psutil.Process().children(recursive=True)
            if not any("resource_tracker" in word for word in process.cmdline())]


@contextlib.contextmanager
def busy(count):
    """So many processes that do nothing but compute."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    missing = isolation(Settings(0), warm=False)[1]
    if missing:
        pytest.skip(f"this machine cannot shut submissions in: {missing}")
    folder = tmp_path_factory.mktemp("class")
    outside = tmp_path_factory.mktemp("outside")
    (outside / "canary").write_text("the canary sings")
    listener = Listener(outside / "socket")
    places = {"SUBMISSIONS": folder / "subs", "REPORT": folder / "report", "SOLUTIONS": files.root() / "solutions",
              "PROBLEMS": files.PACKAGE / "problems", "CANARY": outside / "canary", "OUTSIDE": outside,
              "PORT": listener.port, "SOCKET": outside / "socket", "PARENT": os.getpid()}
    solution = json.loads((files.root() / files.place("02_softmax", "solutions")).read_text(encoding="utf-8"))
    everybody = {**{name: solution for name in GOOD}, "plain": base(),
                 **{attack.name: attacked(attack, places) for attack in ATTACKS},
                 **{f"file-{case.name}": case.make(base()) for case in notebooks.CASES.values()},
                 **{f"unlucky-{name}": make(copy.deepcopy(solution)) for name, make in unlucky.CASES.items()}}
    for student, notebook in everybody.items():
        path = folder / "subs" / student / "02_softmax.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode())
    guarded = (folder / "subs", outside, files.PACKAGE, files.root() / "solutions")
    before = contents(*guarded)
    order = run.Order(folder / "subs", folder / "report", SEED, workers=8 if BUSY else 2, sandbox="require",
                      cell_seconds=2, call_seconds=1, notebook_seconds=20, patience=6 if BUSY else 3)
    told = []
    with busy(BUSY):
        outcome = run.grade_class(order, told.append)
    assert outcome.graded + outcome.refused == len(everybody), told
    listener.close()
    found = [json.loads(path.read_text()) for path in (folder / "report" / "results").rglob("*.json")]
    rows = {result["student"]: [row["earned"] for row in result["rows"]] for result in found}
    return Graded(rows, {result["student"]: result for result in found}, folder, listener.visits,
                  left_over(), before, contents(*guarded))


def rightful(expected, graded):
    return [graded.rows["plain"][2] if points == "P" else float(points) for points in expected.split()]


def test_there_are_many_attacks():
    assert len(ATTACKS) >= 60 and len({attack.name for attack in ATTACKS}) == len(ATTACKS)


def test_the_notebook_without_an_attack(graded):
    assert graded.rows["plain"][:2] == [4, 3] and 0 < graded.rows["plain"][2] < 4 and graded.rows["plain"][3] == 0


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_grade_is_right(attack, graded):
    assert graded.rows[attack.name] == rightful(attack.expected, graded)


@pytest.mark.parametrize("case", notebooks.CASES.values(), ids=lambda case: case.name)
def test_a_changed_or_broken_file_is_graded_for_its_answers_or_refused(case, graded):
    result = graded.results[f"file-{case.name}"]
    if case.points:
        assert graded.rows[f"file-{case.name}"] == rightful(case.points, graded), result["reason"]
    else:
        assert result["status"] == "not graded" and case.reason in result["reason"]


@pytest.mark.parametrize("name", unlucky.CASES)
def test_an_honest_notebook_that_was_unlucky_has_all_its_points(name, graded):
    assert graded.rows[f"unlucky-{name}"] == [4, 3, 4, 4]


@pytest.mark.parametrize("student", GOOD)
def test_honest_students_beside_them_have_all_their_points(student, graded):
    assert graded.rows[student] == [4, 3, 4, 4]


def test_nothing_outside_was_written_changed_or_removed(graded):
    assert {path for path in graded.before if graded.before[path] != graded.after.get(path)} == set()
    added = {path for path in graded.after.keys() - graded.before.keys() if "__pycache__" not in path.parts}
    assert added == set()


def test_nobody_called_home(graded):
    assert graded.visits == []


def test_no_process_is_left(graded):
    assert graded.processes == []


def test_nothing_was_read_that_is_secret(graded):
    text = json.dumps(graded.results)
    assert "the canary sings" not in text and "root:x:0" not in text


def test_the_graders_environment_is_its_own(graded):
    shown = json.dumps(graded.results["reads-environment_of_the_grader"])
    assert "environment: " in shown and "PYTEST_" not in shown and str(Path.home()) not in shown


def test_the_report_is_whole_and_says_how_it_was_made(graded):
    with (graded.folder / "report" / "grades.csv").open() as file:
        assert len(file.readlines()) == 1 + len(graded.rows)
    page = (graded.folder / "report" / "report.html").read_text()
    assert "namespaces, read-only files, Landlock, seccomp, limits" in page
    assert "<script>" not in page and "<img" not in page
    for path in (graded.folder / "report" / "feedback").iterdir():
        assert "<script>" not in path.read_text() and "<img" not in path.read_text()
