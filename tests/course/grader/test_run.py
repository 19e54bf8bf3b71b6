"""A class graded from beginning to end: also where it is interrupted, a worker dies, or the disk is full."""

import contextlib
import csv
import itertools
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from selfattention.course import files
from selfattention.course.cli import main
from selfattention.course.grader import run, workers
from selfattention.course.grader import submissions as submissions_module
from selfattention.course.grader.grading import Result
from selfattention.course.grader.run import CannotGrade, Order, grade_class
from selfattention.engine.process.forkserver import NoServer

pytestmark = pytest.mark.slow

NAME = "02_softmax.ipynb"
EMPTY = (files.root() / files.place("02_softmax", "exercises")).read_bytes()
RIGHT = (files.root() / files.place("02_softmax", "solutions")).read_bytes()
SEED = 20261125
POINTS = {"alice": "4.0 3.0 4.0 4.0 15.0", "bob": "4.0 3.0 0.0 0.0 7.0", "carol": "0.0 0.0 0.0 0.0 0.0"}
ALSO = ("nbgrader", "gradescope", "classroom")


def answered(*names, source=None):
    """The exercises with some answers: right ones, or all of this source."""
    notebook, solution = json.loads(EMPTY), json.loads(RIGHT)
    right = {cell["id"]: cell["source"] for cell in solution["cells"]}
    for cell in notebook["cells"]:
        if cell["id"].removesuffix("-answer") in names:
            cell["source"] = source or right[cell["id"]]
    return json.dumps(notebook).encode()


HALF = answered("softmax", "softmax_with_temperature")
CLASS = {"alice": RIGHT, "bob": HALF, "carol": EMPTY}


def write(folder, students):
    for student, content in students.items():
        path = folder / (student if student.endswith(".ipynb") else f"{student}/{NAME}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@contextlib.contextmanager
def workers_ended():
    """Ends the workers of what has failed inside, which a kept exception would keep alive."""
    begun, locally = [], workers.locally
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "locally", lambda *given: begun.append(locally(*given)) or begun[-1])
        try:
            yield
        finally:
            for results in begun:
                results.close()


def graded(submissions, report, progress=lambda results, total: results, **options):
    """What grading gave, and the lines that were told."""
    told = []
    with workers_ended():
        outcome = grade_class(Order(submissions, report, **{"seed": SEED, **options}), told.append, progress)
    return outcome, told


def rows(report):
    with (report / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def points(report):
    return {student: " ".join([value for column, value in row.items() if column[:3] == "02."] + [row["total"]])
            for student, row in rows(report).items()}


def snapshot(folder):
    return {path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
            for path in folder.rglob("*") if path.is_file()}


def results(folder):
    return {name: state for name, state in snapshot(folder).items() if name.startswith("results/")}


@pytest.fixture(scope="module", autouse=True)
def temporary(tmp_path_factory):
    """A folder for everything temporary, as some of it is left behind."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr("tempfile.tempdir", None)
        yield folder


@pytest.fixture(scope="module")
def submissions(tmp_path_factory):
    return write(tmp_path_factory.mktemp("class"), CLASS)


@pytest.fixture(scope="module")
def original(submissions, tmp_path_factory):
    report = tmp_path_factory.mktemp("original") / "report"
    outcome, told = graded(submissions, report, also=ALSO)
    assert (outcome.graded, outcome.kept, outcome.refused, outcome.status) == (3, 0, 0, 0)
    assert [line for line in told if not line.startswith("sandbox: ")] == []
    return report


@pytest.fixture
def report(original, tmp_path):
    """A copy of a finished report, to be gone on with."""
    return Path(shutil.copytree(original, tmp_path / "report"))


@pytest.fixture
def command(monkeypatch, capsys):
    """`selfattention grade`: its exit status, and what it says, which of what went wrong is one line."""

    def command(*arguments):
        monkeypatch.setattr("sys.argv", ["selfattention", "grade", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended, workers_ended():
            main()
        told = capsys.readouterr()
        assert "Traceback" not in told.err and (not told.err or len(told.err.strip().splitlines()) == 1)
        return ended.value.code, told.err or told.out

    return command


# Grades, and the files they are in.


def test_right_half_and_empty_notebooks_get_what_they_deserve(original):
    assert points(original) == POINTS
    assert all((row["points"], row["status"]) == ("15", "graded") for row in rows(original).values())


def test_a_report_holds_what_the_documentation_names(original):
    assert {name for name in snapshot(original) if "/" not in name} == {"grades.csv", "report.html", "grading.json",
                                                                        "nbgrader.csv"}
    for kind, ending in (("feedback", "html"), ("gradescope", "json"), ("classroom", "json")):
        assert {path.name for path in (original / kind).iterdir()} == {f"{student}.{ending}" for student in CLASS}
    assert json.loads((original / "grading.json").read_text())["seed"] == SEED
    assert json.loads((original / "gradescope" / "bob.json").read_text())["score"] == 7
    assert json.loads((original / "classroom" / "alice.json").read_text())["status"] == "pass"


def test_a_zip_gives_the_same_grades_as_the_folder(submissions, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "class"), "zip", submissions)
    assert graded(Path(archive), tmp_path / "report")[0].status == 0
    assert points(tmp_path / "report") == POINTS


def test_the_same_seed_gives_the_same_grades_with_two_workers(submissions, original, tmp_path):
    assert graded(submissions, tmp_path / "report", workers=2)[0].status == 0
    assert rows(tmp_path / "report") == rows(original)


def test_a_seed_is_drawn_and_kept_where_none_is_given(submissions, tmp_path):
    only = write(tmp_path / "class", {"carol": EMPTY})
    seeds = []
    for resume in (False, True):
        graded(only, tmp_path / "report", seed=None, resume=resume)
        seeds.append(json.loads((tmp_path / "report" / "grading.json").read_text())["seed"])
    assert seeds[0] == seeds[1] > 2**20


def test_what_could_not_be_graded_is_told_and_the_status_is_1(tmp_path):
    name = "<img src=x onerror=alert(1)>"
    where = write(tmp_path / "class", {"alice": RIGHT, name: b"no JSON"})
    (where / "zoe").mkdir()
    outcome, told = graded(where, tmp_path / "report")
    assert (outcome.graded, outcome.refused, outcome.status) == (1, 2, 1)
    assert f"not graded: {name}: {name}/{NAME}: is not a notebook: its text is not JSON" in "\n".join(told)
    assert "not graded: zoe: zoe: there is no notebook in the folder" in told
    assert rows(tmp_path / "report")["zoe"]["status"] == "there is no notebook in the folder"
    pages = [*(tmp_path / "report").glob("*.html"), *(tmp_path / "report" / "feedback").iterdir()]
    assert len(pages) == 4 and not any("<img src=x" in page.read_text(encoding="utf-8") for page in pages)


def test_where_nothing_could_be_graded_the_status_is_2(tmp_path, command):
    code, told = command(write(tmp_path / "class", {"alice": b"no JSON", "bob": b""}), "--out", tmp_path / "report")
    assert code == 2 and "0 graded, 2 not graded." in told
    assert set(rows(tmp_path / "report")) == {"alice", "bob"}


def test_the_command_says_what_was_done_and_what_to_read(tmp_path, command):
    where, report = write(tmp_path / "class", {"carol": EMPTY}), tmp_path / "report"
    code, told = command(where, "--out", report)
    assert code == 0 and "1 graded, 0 not graded." in told and all(str(report / name) in told for name in (
        "report.html", "feedback", "grades.csv"))
    code, told = command(where, "--out", report, "--resume")
    assert code == 0 and "0 graded, 1 kept from before, 0 not graded." in told


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path):
    where = write(tmp_path / "class", {"alice": RIGHT, "bob": HALF})
    (where / "bob" / NAME).chmod(0)
    outcome, told = graded(where, tmp_path / "report")
    assert outcome.status == 1 and "it cannot be read (Permission denied)" in told[-1]


# Going on.


def test_resume_grades_nothing_that_is_done(submissions, report):
    before = results(report)
    outcome, _ = graded(submissions, report, resume=True, seed=None)
    assert (outcome.graded, outcome.kept, outcome.status) == (0, 3, 0)
    assert results(report) == before and points(report) == POINTS
    assert json.loads((report / "grading.json").read_text())["seed"] == SEED


def test_resume_grades_what_has_changed_and_who_is_new(report, tmp_path):
    before = results(report)
    where = write(tmp_path / "class", CLASS | {"carol": HALF, "dave": EMPTY})
    outcome, _ = graded(where, report, resume=True)
    assert (outcome.graded, outcome.kept) == (2, 2)
    after = results(report)
    assert {name for name in after if after[name] != before.get(name)} == {
        f"results/{student}/02_softmax.json" for student in ("carol", "dave")}
    assert points(report) == POINTS | {"carol": POINTS["bob"], "dave": POINTS["carol"]}


def test_resume_tries_again_what_could_not_be_graded(tmp_path):
    where = write(tmp_path / "class", {"alice": RIGHT, "bob": b""})
    assert graded(where, tmp_path / "report")[0].status == 1
    write(where, {"bob": HALF})
    outcome, _ = graded(where, tmp_path / "report", resume=True)
    assert (outcome.graded, outcome.kept, outcome.status) == (1, 1, 0)
    assert points(tmp_path / "report")["bob"] == POINTS["bob"]


def test_resume_grades_again_where_a_result_is_damaged(submissions, report):
    (report / "results" / "alice" / "02_softmax.json").write_text("{", encoding="utf-8")
    assert graded(submissions, report, resume=True)[0].graded == 1
    assert points(report) == POINTS


def test_resume_grades_again_what_another_version_wrote(submissions, report):
    path = report / "results" / "alice" / "02_softmax.json"
    result = json.loads(path.read_text())
    del result["peak_bytes"]
    path.write_text(json.dumps(result))
    assert graded(submissions, report, resume=True)[0].graded == 1


def test_resume_writes_the_further_files_that_are_asked_for_now(submissions, report):
    shutil.rmtree(report / "classroom")
    graded(submissions, report, resume=True, also=("classroom",))
    assert {path.stem for path in (report / "classroom").iterdir()} == set(CLASS)


@pytest.mark.parametrize(("options", "words"), [
    ({}, "already holds a grading: go on with --resume, or name another folder"),
    ({"resume": True, "seed": 7}, f"was begun with seed {SEED}, not 7: leave --seed out, or name another folder"),
])
def test_a_report_that_is_there_is_left_as_it_is(options, words, submissions, report):
    before = snapshot(report)
    with pytest.raises(CannotGrade, match=words):
        graded(submissions, report, **options)
    assert snapshot(report) == before


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_with_other_files_is_left_as_it_is(resume, submissions, tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "thesis.tex").write_text("years of work")
    before = snapshot(tmp_path)
    with pytest.raises(CannotGrade, match="is not empty and holds no grading: name a folder of its own"):
        graded(submissions, tmp_path / "report", resume=resume)
    assert snapshot(tmp_path) == before


def test_a_report_among_the_submissions_is_no_student(tmp_path):
    where = write(tmp_path / "class", {"carol": EMPTY})
    for resume in (False, True):
        assert graded(where, where / "report", resume=resume)[0].status == 0


# Interruptions.


def interrupted_after(count):
    def progress(results, total):
        for number, result in enumerate(results, 1):
            yield result
            if number == count:
                raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("count", [1, 2])
def test_after_an_interruption_it_goes_on_to_the_same_grades(count, submissions, original, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        graded(submissions, tmp_path / "report", interrupted_after(count))
    assert points(tmp_path / "report") == dict(list(POINTS.items())[:count])
    assert (tmp_path / "report" / "report.html").exists()
    outcome, _ = graded(submissions, tmp_path / "report", resume=True, seed=None)
    assert (outcome.graded, outcome.kept) == (3 - count, count)
    assert rows(tmp_path / "report") == rows(original)
    assert {path.stem for path in (tmp_path / "report" / "feedback").iterdir()} == set(CLASS)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_the_workers_have_ended_when_an_exception_comes_out(error, submissions, tmp_path):
    def progress(results, total):
        yield next(iter(results))
        raise error

    with workers_ended():
        with pytest.raises(error) as kept:
            grade_class(Order(submissions, tmp_path / "report", workers=2), print, progress)
        left = multiprocessing.active_children()
    assert kept and left == []


def test_nothing_temporary_is_left_after_an_interruption(submissions, temporary, tmp_path):
    before = set(temporary.iterdir())
    with pytest.raises(KeyboardInterrupt):
        graded(submissions, tmp_path / "report", interrupted_after(1))
    assert set(temporary.iterdir()) == before


def test_nothing_temporary_is_left_after_a_grading(submissions, temporary, tmp_path):
    before = set(temporary.iterdir())
    graded(Path(shutil.make_archive(str(tmp_path / "class"), "gztar", submissions)), tmp_path / "report")
    assert set(temporary.iterdir()) == before


SLOW = answered("softmax", source="import time; time.sleep(20)\ndef softmax(scores):\n    return scores")
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals are others on Windows")


def ended_by(number, where, report):
    """The command, with a signal sent to it in the middle; and the processes it had then that are still there."""
    command = [sys.executable, "-m", "selfattention", "grade", str(where), "--out", str(report)]
    with (report.parent / "told").open("w") as told:
        process = psutil.Popen(command, stdout=told, stderr=told)
    deadline = time.monotonic() + 60
    while not list(report.glob("results/*/*.json")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    others = process.children(recursive=True)
    process.send_signal(number)
    code = process.wait(10)
    left = psutil.wait_procs(others, 5)[1]
    for one in left:
        one.kill()
    return code, (report.parent / "told").read_text(), len(left)


@POSIX
def test_ctrl_c_ends_it_at_once_and_says_how_to_go_on(tmp_path):
    where = write(tmp_path / "class", {"alice": EMPTY, "bob": SLOW})
    code, told, left = ended_by(signal.SIGINT, where, tmp_path / "report")
    assert code == 2 and told.splitlines()[-1] == "Error: interrupted. What is done is kept: go on with --resume"
    assert "Traceback" not in told and left == 0 and set(points(tmp_path / "report")) == {"alice"}


@POSIX
@pytest.mark.parametrize("number", ["SIGTERM", "SIGKILL"])
def test_no_process_is_left_where_the_grader_is_ended(number, tmp_path):
    where = write(tmp_path / "class", {"alice": EMPTY, "bob": SLOW})
    assert ended_by(getattr(signal, number), where, tmp_path / "report")[2] == 0


# The book of results, with results that nothing had to be run for.


ROW = {"chapter": "02_softmax", "exercise": "softmax", "points": 4, "earned": 4.0, "status": "passed", "mistake": "",
       "claim": "", "hint": "", "seconds": 0.1, "used": []}


def found_in(tmp_path, names):
    """The submissions in a folder of small notebooks, each of another chapter or of none."""
    if not (tmp_path / "class").exists():
        write(tmp_path / "class", {name: b'{"nbformat": 4, "cells": []}' for name in names})
        (tmp_path / "unpacked").mkdir()
    return submissions_module.find(tmp_path / "class", None, tmp_path / "unpacked")


def begun(tmp_path, found, resume=False):
    """A book, and what it is to be given, one after the other."""
    book = run._Book(Order(tmp_path / "class", tmp_path / "report", SEED, resume=resume), found)
    jobs = [run._job(one) for one in book.left(found)]
    return book, [Result(job.student, job.name, job.origin, job.digest, "graded", "", "02_softmax", [ROW],
                         [f"card of {job.origin}"], [""]) for job in jobs]


def page(tmp_path, student="ana"):
    return (tmp_path / "report" / "feedback" / f"{student}.html").read_text(encoding="utf-8")


LONG = "/".join(["x" * 90] * 3)


@pytest.mark.parametrize("names", [
    [f"ana/{LONG}/a.ipynb", f"ana/{LONG}/b.ipynb"],
    ["ana/ana.ipynb", "ana/ana/ana.ipynb"],
    ["ana/a.ipynb", "ana/a.ipynb.ipynb"],
    ["ana/a.ipynb", "ana/A.ipynb", "ana/a-2.ipynb"],
    ["ana/a/b.ipynb", "ana/a_b.ipynb"],
])
def test_every_notebook_has_a_result_of_its_own(names, tmp_path):
    found = found_in(tmp_path, names)
    book, results = begun(tmp_path, found)
    for result in results:
        book.add(result)
    book.finish()
    assert len(list((tmp_path / "report" / "results").rglob("*.json"))) == len(names) == len(found)
    assert all(f"card of {one.origin}" in page(tmp_path) for one in found)
    assert begun(tmp_path, found_in(tmp_path, names), resume=True)[1] == []


def test_what_is_wrong_with_a_folder_takes_no_notebooks_place(tmp_path):
    found = [*found_in(tmp_path, ["ana/ana.ipynb"]), submissions_module.Found("ana", "", "ana", reason="odd")]
    book, results = begun(tmp_path, found)
    for result in results:
        book.add(result)
    assert len(list((tmp_path / "report" / "results").rglob("*.json"))) == 2


def test_a_students_page_is_written_rarely_and_when_all_is_there(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(run, "write_whole", lambda path, *rest: written.append(path) or files.write_whole(path, *rest))
    names = [*(f"ana/{a}{b}.ipynb" for a in "abcdefghij" for b in "klmnopqrst"), "bo/a.ipynb"]
    book, results = begun(tmp_path, found_in(tmp_path, names))
    for result in results[:-2]:
        book.add(result)
    pages = [path for path in written if path.suffix == ".html"]
    assert len(pages) < 5
    book.add(results[-2])
    assert all(f"card of {name}" in page(tmp_path) for name in names[:-1])
    book.add(results[-1])
    assert "card of bo/a.ipynb" in page(tmp_path, "bo")


def test_a_page_that_takes_long_is_written_less_often(tmp_path, monkeypatch):
    """Writing it takes a second here, and a result comes every half: a clock that is set by hand."""
    now, written = [0.0], []
    monkeypatch.setattr(run.time, "monotonic", lambda: now[0])

    def write_student(book, student):
        written.append(now[0])
        now[0] += 1

    monkeypatch.setattr(run._Book, "_write_student", write_student)
    names = [f"ana/{a}{b}.ipynb" for a in "abcdefghij" for b in "klmnopqrst"]
    book, results = begun(tmp_path, found_in(tmp_path, names))
    for result in results[:-1]:
        now[0] += 0.5
        book.add(result)
    assert 2 <= len(written) <= 4 and min(b - a for a, b in itertools.pairwise(written)) > run.PAUSE


def test_finish_writes_what_is_missing_also_in_the_middle(tmp_path):
    book, results = begun(tmp_path, found_in(tmp_path, [f"ana/{letter}.ipynb" for letter in "abcdef"]))
    for result in results[:3]:
        book.add(result)
    assert not (tmp_path / "report" / "feedback").exists()
    book.finish()
    assert [f"card of ana/{letter}.ipynb" in page(tmp_path) for letter in "abcdef"] == [True] * 3 + [False] * 3


def test_finish_writes_what_has_changed_whatever_the_clock_says(tmp_path):
    """A clock may be set back while a class is graded."""
    book, results = begun(tmp_path, found_in(tmp_path, ["ana/a.ipynb", "ana/b.ipynb"]))
    path = tmp_path / "report" / "feedback" / "ana.html"
    files.write_whole(path, "old")
    os.utime(path, (time.time() + 3600, time.time() + 3600))
    book.add(results[0])
    book.finish()
    assert "card of ana/a.ipynb" in page(tmp_path)


@pytest.mark.parametrize("age", [None, -1, 0])
def test_resume_writes_pages_that_a_killed_grading_left_missing_or_old(age, tmp_path):
    """`age`: when a page was written, from the last result on; results and pages may be of one tick of the clock."""
    names = [f"ana/{letter}.ipynb" for letter in "abcdef"]
    book, results = begun(tmp_path, found_in(tmp_path, names))
    for result in results:
        book.add(result)
    path = tmp_path / "report" / "feedback" / "ana.html"
    if age is None:
        path.unlink()
    else:
        path.write_text("old")
        newest = max(one.stat().st_mtime_ns for one in (tmp_path / "report" / "results").rglob("*.json"))
        os.utime(path, ns=(newest + age, newest + age))
    book, left = begun(tmp_path, found_in(tmp_path, names), resume=True)
    book.finish()
    assert left == [] and all(f"card of {name}" in page(tmp_path) for name in names)


# Workers that die, and notebooks that are made to end more than themselves.


def test_a_worker_that_dies_loses_no_student(submissions, original, tmp_path):
    def killing(results, total):
        for number, result in enumerate(results):
            if number == 0:  # by now the next notebooks are under way
                for process in psutil.Process().children():
                    if "spawn_main" in " ".join(process.cmdline()):
                        process.kill()
            yield result

    outcome, _ = graded(submissions, tmp_path / "report", killing)
    assert (outcome.graded, outcome.status) == (3, 0) and rows(tmp_path / "report") == rows(original)


DEADLY = """
import os
from selfattention.course.grader.grading import grade

def deadly(job, settings):
    if job.student == "bob":
        os._exit(1)
    if job.student == "carol":
        raise ZeroDivisionError("a fault of ours")
    return grade(job, settings)
"""


@pytest.mark.parametrize("count", [1, 2])
def test_only_the_notebook_that_kills_its_worker_goes_without_a_grade(count, tmp_path, monkeypatch):
    (tmp_path / "deadly_worker.py").write_text(DEADLY)
    monkeypatch.syspath_prepend(tmp_path)
    import deadly_worker

    monkeypatch.setattr(workers, "grade", deadly_worker.deadly)
    where = write(tmp_path / "class", {"alice": RIGHT, "bob": RIGHT, "carol": RIGHT, "dave": EMPTY, "erin": EMPTY})
    outcome, _ = graded(where, tmp_path / "report", workers=count)
    assert (outcome.graded, outcome.refused, outcome.status) == (3, 2, 1)
    found = {student: row["status"] for student, row in rows(tmp_path / "report").items()}
    assert found.pop("bob") == workers.DIED
    assert found.pop("carol") == "grading it failed (ZeroDivisionError: a fault of ours)"
    assert found == dict.fromkeys(("alice", "dave", "erin"), "graded")
    assert points(tmp_path / "report")["alice"] == POINTS["alice"]


HOSTILE = {
    "a number of a format that is half a character": (NAME, b'{"cells": [], "nbformat": "\\ud800", "metadata": {}}'),
    "a long name": ("字" * 82 + ".ipynb", EMPTY),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_notebook_ends_the_grading_of_the_others(kind, tmp_path):
    name, content = HOSTILE[kind]
    where = write(tmp_path / "class", {f"alice/{name}": content, "bob": HALF})
    graded(where, tmp_path / "report")
    assert points(tmp_path / "report")["bob"] == POINTS["bob"]


def test_two_notebooks_of_one_name_are_both_kept(tmp_path):
    other = (files.root() / files.place("01_dot_products", "exercises")).read_bytes()
    where = write(tmp_path / "class", {"alice/ps1/answers.ipynb": RIGHT, "alice/ps2/answers.ipynb": other})
    assert graded(where, tmp_path / "report")[0].graded == 2
    assert rows(tmp_path / "report")["alice"]["total"] == "15.0"


def test_only_the_chapters_that_are_due_are_graded(tmp_path):
    other = (files.root() / files.place("01_dot_products", "exercises")).read_bytes()
    where = write(tmp_path / "class", {f"alice/{NAME}": RIGHT, "alice/01_dot_products.ipynb": other,
                                       "bob/01_dot_products.ipynb": other})
    outcome, _ = graded(where, tmp_path / "report", chapters=("2",))
    found = rows(tmp_path / "report")
    assert (outcome.graded, outcome.refused) == (1, 1)
    assert (found["alice"]["total"], found["alice"]["points"]) == ("15.0", "15")
    assert found["bob"]["status"] == "there is no notebook of 02_softmax"


def test_a_chapter_that_is_none_is_told_of_in_one_line(tmp_path, command):
    where = write(tmp_path / "class", {f"alice/{NAME}": RIGHT})
    code, told = command(where, "--out", tmp_path / "report", "--chapter", "77")
    assert code == 2 and "there is no chapter '77'" in told and "Traceback" not in told


# A full disk.


def full_after(count, monkeypatch):
    """Write so many files; then there is no room for more."""
    left, write_whole = count, run.write_whole

    def written(path, *rest):
        nonlocal left
        if left == 0:
            raise OSError(28, "No space left on device")
        left -= 1
        write_whole(path, *rest)

    monkeypatch.setattr(run, "write_whole", written)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_a_full_disk_is_told_in_one_line_and_what_was_written_stays(count, submissions, tmp_path, command, monkeypatch):
    report = tmp_path / "report"
    with monkeypatch.context() as patch:
        full_after(count, patch)
        code, told = command(submissions, "--out", report, "--seed", SEED)
    assert code == 2 and told == (f"Error: {report}: No space left on device. What is done is kept: put that right and "
                                  "go on with --resume\n")
    kept = snapshot(report) if report.exists() else {}
    assert len(kept) == count
    outcome, _ = graded(submissions, report, resume=True)
    assert outcome.graded + outcome.kept == 3 and points(report) == POINTS
    assert {name: state for name, state in snapshot(report).items() if name in kept and name[:8] == "results/"} == {
        name: state for name, state in kept.items() if name[:8] == "results/"}


def test_after_a_full_disk_nobody_is_given_the_feedback_of_before(report, tmp_path, monkeypatch):
    where = write(tmp_path / "class", CLASS | {"carol": HALF})
    with monkeypatch.context() as patch:
        full_after(1, patch)
        with pytest.raises(OSError, match="No space left"):
            graded(where, report, resume=True)
    before = (report / "feedback" / "carol.html").read_text(encoding="utf-8")
    graded(where, report, resume=True)
    assert points(report)["carol"] == POINTS["bob"]
    assert (report / "feedback" / "carol.html").read_text(encoding="utf-8") != before


def test_after_a_full_disk_nobody_goes_without_feedback(submissions, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        full_after(2, patch)  # what the grading is done with, and a result
        with pytest.raises(OSError, match="No space left"):
            graded(submissions, tmp_path / "report")
    graded(submissions, tmp_path / "report", resume=True)
    assert {path.stem for path in (tmp_path / "report" / "feedback").iterdir()} == set(CLASS)


# What stands between a learner's code and this machine.


@pytest.fixture
def bare(monkeypatch):
    """A machine that grants little."""
    monkeypatch.setattr(run, "isolation", lambda settings, *, warm: (["limits"], {"seccomp": "it is not granted"}))


def test_require_refuses_where_layers_are_missing(bare, submissions, tmp_path, command):
    code, told = command(submissions, "--out", tmp_path / "report", "--sandbox", "require")
    assert code == 2 and "--sandbox require demands: seccomp (it is not granted)" in told and "prefer" in told
    assert not (tmp_path / "report" / "results").exists()


def test_prefer_says_what_is_missing_and_off_says_nothing(bare, tmp_path):
    where = write(tmp_path / "class", {"carol": EMPTY})
    told = graded(where, tmp_path / "one", sandbox="prefer")[1]
    assert told == ["sandbox: limits; missing: seccomp (it is not granted)"]
    assert graded(where, tmp_path / "other", sandbox="off")[1] == []
    assert rows(tmp_path / "other")["carol"]["isolation"] == "limits"


def test_after_the_refusal_the_same_report_can_be_asked_for(bare, tmp_path, command):
    where = write(tmp_path / "class", {"carol": EMPTY})
    command(where, "--out", tmp_path / "report", "--sandbox", "require")
    assert command(where, "--out", tmp_path / "report", "--sandbox", "prefer")[0] == 0


# One line for whatever goes wrong.


@pytest.mark.parametrize(("arguments", "words"), [
    (("nowhere", "--out", "report"), "nowhere does not exist: give a folder of submissions, or a zip or tar of it"),
    (("notes.txt", "--out", "report"), "notes.txt is neither a folder nor a zip or tar archive"),
    (("empty", "--out", "report"),
     "there are no notebooks in empty: STUDENT/02_exercises_softmax.ipynb is what is looked for"),
    (("class", "--out", "notes.txt"), "notes.txt: File exists"),
    (("class", "--out", "notes.txt/report"), "notes.txt/report: Not a directory"),
    (("class", "--out", "class"), "class is not empty and holds no grading: name a folder of its own"),
    (("class", "--out", "report", "--pattern", "(?P<student>"), "--pattern"),
    (("class", "--out", "report", "--pattern", ".*"), "student"),
    (("class", "--out", "damaged", "--resume"), "damaged"),
])
def test_what_goes_wrong_is_said_in_one_line(arguments, words, tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "class", {"carol": EMPTY})
    (tmp_path / "notes.txt").write_text("alice: 3")
    for name in ("empty", "damaged"):
        (tmp_path / name).mkdir()
    (tmp_path / "damaged" / "grading.json").write_text("{")
    code, told = command(*arguments)
    assert code == 2 and words in told and not (tmp_path / "report").exists()


@pytest.mark.parametrize(("arguments", "words"), [
    ((), "Missing argument 'SUBMISSIONS'"),
    (("class",), "Missing option '--out'"),
    (("class", "--out", "report", "--seed", "-1"), "Invalid value for '--seed'"),
    (("class", "--out", "report", "--workers", "0"), "Invalid value for '--workers'"),
    (("class", "--out", "report", "--sandbox", "please"), "Invalid value for '--sandbox'"),
    (("class", "--out", "report", "--also", "excel"), "Invalid value for '--also'"),
])
def test_wrong_options_are_explained(arguments, words, tmp_path):
    done = subprocess.run([sys.executable, "-m", "selfattention", "grade", *arguments], cwd=tmp_path, text=True,
                          capture_output=True)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_machine_that_can_start_nothing_is_told_of_in_one_line(submissions, tmp_path, command, monkeypatch):
    def isolation(settings, *, warm):
        raise NoServer("the process that runs notebooks is gone (it ended)")

    monkeypatch.setattr(run, "isolation", isolation)
    code, told = command(submissions, "--out", tmp_path / "report")
    assert code == 2 and "the process that runs notebooks is gone (it ended)" in told


def test_dask_that_is_not_installed_is_told_of_in_one_line(submissions, tmp_path, command, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, told = command(submissions, "--out", tmp_path / "report", "--dask", "tcp://127.0.0.1:1")
    assert code == 2 and "dask" in told.lower()


def test_without_dask_the_same_report_can_be_asked_for(tmp_path, command, monkeypatch):
    where = write(tmp_path / "class", {"carol": EMPTY})
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "distributed", None)
        command(where, "--out", tmp_path / "report", "--dask", "tcp://127.0.0.1:1")
    assert command(where, "--out", tmp_path / "report")[0] == 0


def test_a_report_that_vanishes_is_told_in_one_line_and_not_half_written(tmp_path):
    write(tmp_path / "subs", {f"s{number}": RIGHT for number in range(8)})
    process = subprocess.Popen(
        [sys.executable, "-m", "selfattention", "grade", str(tmp_path / "subs"), "--out", str(tmp_path / "report")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list((tmp_path / "report").rglob("*.json"))[1:]:
        assert process.poll() is None
        time.sleep(0.01)
    (tmp_path / "report").rename(tmp_path / "kept")
    _, told = process.communicate(timeout=300)
    assert process.returncode == 2 and ("has vanished" in told or "No such file" in told) and "--resume" in told
    assert "Traceback" not in told
    assert not (tmp_path / "report").exists()
    (tmp_path / "kept").rename(tmp_path / "report")
    before = {path for path in (tmp_path / "report" / "results").rglob("*.json")}
    outcome = grade_class(Order(tmp_path / "subs", tmp_path / "report", resume=True), lambda line: None)
    assert before and outcome.kept >= len(before) - 1 and outcome.kept + outcome.graded == 8


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.0, 3.0])
def test_killed_at_any_moment_it_leaves_nothing_that_the_next_start_does_not_remove(seconds, tmp_path, temporary):
    """Killed without a chance to do anything: the next run removes what was left, and comes to the same grades."""
    write(tmp_path / "subs", {f"s{number}": RIGHT for number in range(6)})
    process = subprocess.Popen([sys.executable, "-m", "selfattention", "grade", str(tmp_path / "subs"), "--workers",
                                "2", "--out", str(tmp_path / "report"), "--seed", "3"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(temporary)})
    time.sleep(seconds)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert not psutil.wait_procs(family, timeout=60)[1]
    (tmp_path / "report" / "results" / "s0").mkdir(parents=True, exist_ok=True)
    (tmp_path / "report" / "results" / "s0" / f".half.json.x{files.UNFINISHED}").write_text("{")
    resume = ["--resume"] if (tmp_path / "report" / "grading.json").exists() else []
    if not resume:
        shutil.rmtree(tmp_path / "report")
    done = subprocess.run([sys.executable, "-m", "selfattention", "grade", str(tmp_path / "subs"), "--out",
                           str(tmp_path / "report"), "--seed", "3", *resume], capture_output=True, text=True,
                          env={**os.environ, "TMPDIR": str(temporary)})
    assert done.returncode == 0, done
    with (tmp_path / "report" / "grades.csv").open() as file:
        assert {row["total"] for row in csv.DictReader(file)} == {"15.0"}
    for path in temporary.iterdir():
        # Python tries a temporary folder with a file of these bytes. Killed just then, it leaves the file, nobody's.
        if path.is_file() and path.read_bytes() in (b"", b"blat"):
            path.unlink()
    assert not list(temporary.iterdir()) and not list((tmp_path / "report").rglob(f".*{files.UNFINISHED}"))
