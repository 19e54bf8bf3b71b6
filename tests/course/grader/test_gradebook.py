"""What other programs read of a grading: tables and JSON in their own forms, whatever students are called."""

import csv
import io
import json
import os
import sys
from pathlib import Path

import pytest

from selfattention import problems
from selfattention.course.grader import gradebook, pages
from selfattention.course.grader.grading import GRADED, NOT_GRADED, Result

SOFTMAX, ATTENTION = "02_softmax", "03_scaled_dot_product_attention"
KEYS = ["02.softmax", "02.softmax_with_temperature", "02.log_softmax", "02.softmax_jacobian"]
FULL = [4.0, 3.0, 4.0, 4.0]


def graded(student, earned=FULL, chapter=SOFTMAX):
    """A result with these points; what has all of them has passed."""
    exercises = problems.exercises(chapter)
    rows = [{"chapter": chapter, "exercise": exercise.name, "points": exercise.points, "earned": points,
             "status": "passed" if points == exercise.points else "failed", "claim": "", "mistake": "", "hint": "",
             "used": [], "seconds": 0.0123} for exercise, points in zip(exercises, earned, strict=True)]
    texts = [f"told of {exercise.name}" for exercise in exercises]
    return Result(student, f"{chapter}.ipynb", f"{student}/{chapter}.ipynb", "digest", GRADED, chapter=chapter,
                  rows=rows, texts=texts, layers=["seccomp", "limits"], seconds=1.5)


def refused(student, reason="there is no notebook in the folder", name="02.ipynb"):
    return Result(student, name, f"{student}/{name}", "digest", NOT_GRADED, reason)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def points_of_attention():
    return [float(exercise.points) for exercise in problems.exercises(ATTENTION)]


def test_the_table_has_a_row_a_student_and_a_column_an_exercise():
    table = gradebook.grades_csv([graded("bob", [4, 0, 1.33, 0]), graded("alice")])
    assert table.splitlines() == [
        ",".join(["student", *KEYS, "total", "points", "status", "isolation"]),
        "alice,4.0,3.0,4.0,4.0,15.0,15,graded,seccomp + limits",
        "bob,4,0,1.33,0,5.33,15,graded,seccomp + limits"]


def test_a_missing_chapter_is_left_empty_and_counts_in_what_the_total_is_out_of():
    alice, bob = rows(gradebook.grades_csv([graded("alice"), graded("alice", points_of_attention(), ATTENTION),
                                            graded("bob")]))
    most = 15 + sum(points_of_attention())
    assert (float(alice["total"]), float(alice["points"])) == (most, most)
    assert (bob["02.softmax"], bob["03.attention"]) == ("4.0", "")
    assert (float(bob["total"]), float(bob["points"])) == (15, most)


def test_who_was_not_graded_has_a_row_with_the_reason():
    alice, bob, carol = rows(gradebook.grades_csv([graded("alice"), refused("alice", "is empty", "03.ipynb"),
                                                   graded("bob"), refused("carol")]))
    assert (alice["total"], alice["status"]) == ("15.0", "is empty")
    assert bob["status"] == "graded"
    assert (carol["total"], carol["points"], carol["status"]) == ("0", "15", "there is no notebook in the folder")
    assert [carol[key] for key in (*KEYS, "isolation")] == [""] * 5


def test_a_class_of_which_nobody_was_graded_has_a_table_all_the_same():
    (row,) = rows(gradebook.grades_csv([refused("alice")]))
    assert row == {"student": "alice", "total": "0", "points": "0", "isolation": "",
                   "status": "there is no notebook in the folder"}


DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://example.org","grade")']
ODD = ["a,b", 'the "best"', "line\nbreak", "O'Neil", "张伟", "<script>", ""]


@pytest.mark.parametrize("name", DANGEROUS)
def test_no_cell_is_a_formula(name):
    for row in rows(gradebook.grades_csv([graded(name), refused("alice", name)])):
        assert not any(cell[:1] in tuple("=+-@\t\r") for cell in row.values() if cell)
        assert f"'{name}" in (row["student"], row["status"])


def test_a_carriage_return_begins_no_row():
    assert len(gradebook.grades_csv([graded("a\r=1"), refused("bob", "b\r=1")]).splitlines()) == 3


@pytest.mark.parametrize("name", DANGEROUS)
def test_nor_in_the_table_for_nbgrader(name):
    (row,) = rows(gradebook.nbgrader_csv([graded(name)]))
    assert row["student_id"][:1] not in tuple("=+-@\t\r")


@pytest.mark.parametrize("name", ODD)
def test_every_name_comes_back_from_the_tables(name):
    assert rows(gradebook.grades_csv([graded(name)]))[0]["student"] == name
    assert rows(gradebook.nbgrader_csv([graded(name)]))[0]["student_id"] == name


def test_the_columns_for_nbgrader_are_those_of_its_own_export(tmp_path, monkeypatch):
    from nbgrader.api import Gradebook
    from nbgrader.plugins import CsvExportPlugin

    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)  # it starts alembic
    plugin = CsvExportPlugin()
    plugin.to = str(tmp_path / "grades.csv")
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        book.add_assignment(SOFTMAX)
        book.add_student("alice")
        plugin.export(book)
    theirs = rows((tmp_path / "grades.csv").read_text())
    ours = rows(gradebook.nbgrader_csv([graded("alice")]))
    assert list(ours[0]) == list(theirs[0]) == list(gradebook.NBGRADER)
    assert [ours[0][column] for column in ("assignment", "student_id")] == [SOFTMAX, "alice"]


def test_nbgrader_is_given_a_row_for_each_student_and_chapter():
    table = rows(gradebook.nbgrader_csv([graded("bob", [4, 0, 0, 0]), refused("carol"), graded("alice"),
                                         graded("alice", points_of_attention(), ATTENTION)]))
    assert [(row["assignment"], row["student_id"], float(row["score"]), float(row["max_score"])) for row in table] == [
        (SOFTMAX, "alice", 15, 15), (SOFTMAX, "bob", 4, 15), (ATTENTION, "alice", sum(points_of_attention()), 14)]
    assert all(row["raw_score"] == row["score"] and row["late_submission_penalty"] == "0.0" for row in table)


def test_nbgrader_is_given_points_as_they_are_in_the_table():
    assert rows(gradebook.nbgrader_csv([graded("alice", [1.1, 2.2, 0, 0])]))[0]["score"] == "3.3"


def test_gradescope_is_given_tests_with_scores_and_what_the_card_says():
    told = json.loads(gradebook.gradescope_json([graded("alice", [4, 1.5, 0, 0])]))
    assert set(told) == {"score", "output", "output_format", "execution_time", "visibility", "tests"}
    assert (told["score"], told["output"], told["execution_time"], told["visibility"]) == (5.5, "", 1.5, "visible")
    assert [(test["name"], test["score"], test["max_score"], test["status"]) for test in told["tests"]] == [
        (KEYS[0], 4, 4, "passed"), (KEYS[1], 1.5, 3, "failed"), (KEYS[2], 0, 4, "failed"), (KEYS[3], 0, 4, "failed")]
    fields = {"output": "told of softmax", "output_format": "text", "visibility": "visible"}
    assert told["tests"][0] == {"name": KEYS[0], "score": 4, "max_score": 4, "status": "passed", **fields}


def test_gradescope_is_told_why_somebody_was_not_graded():
    told = json.loads(gradebook.gradescope_json([refused("alice"), graded("alice", [0, 0, 0, 0])]))
    assert told["score"] == 0 and len(told["tests"]) == 4
    assert told["output"] == "alice/02.ipynb: there is no notebook in the folder"
    assert json.loads(gradebook.gradescope_json([refused("alice")]))["tests"] == []


@pytest.mark.parametrize(("results", "status", "most"), [
    ([graded("alice")], "pass", 15),
    ([graded("alice", [4, 3, 4, 0])], "fail", 15),
    ([graded("alice"), refused("alice")], "fail", 15),
    ([refused("alice")], "error", 0),
])
def test_classroom_is_given_a_status_and_what_there_was_to_earn(results, status, most):
    told = json.loads(gradebook.classroom_json(results))
    assert set(told) == {"version", "status", "max_score", "tests"}
    assert (told["version"], told["status"], told["max_score"]) == (1, status, most)
    fields = {"name", "status", "score", "message", "test_code", "filename", "line_no", "execution_time"}
    assert all(set(test) == fields and test["status"] in ("pass", "fail", "error") for test in told["tests"])


def test_classroom_adds_up_the_points_of_the_tests():
    told = json.loads(gradebook.classroom_json([graded("alice", [4, 1.5, 0, 0]), refused("alice")]))
    assert [(test["status"], test["score"]) for test in told["tests"]] == [
        ("pass", 4), ("fail", 1.5), ("fail", 0), ("fail", 0), ("error", 0)]
    assert told["tests"][0]["execution_time"] == "0.01s" and told["tests"][0]["message"] == "told of softmax"
    assert told["tests"][-1]["message"] == "there is no notebook in the folder"


@pytest.mark.parametrize("make", [gradebook.gradescope_json, gradebook.classroom_json])
def test_json_is_ascii_whatever_was_printed(make):
    result = graded("alice")
    result.texts[0] = "half \ud800, √, \x00"
    assert make([result]).isascii() and "half" in make([result])


def test_the_teachers_page_tells_what_was_found_by_comparison_and_for_whom():
    one, other, older = (graded(student, [0, 3.0, 4.0, 4.0]) for student in ("alice", "bob", "cy"))
    for result in (one, other):
        result.rows[0]["comparison"] = "every number has the wrong <sign>"
    about = {"seed": 1, "sandbox": "off", "when": "today", "version": "1"}
    page = pages.report([one, other, older], about, {name: name for name in ("alice", "bob", "cy")})
    line = next(line for line in page.splitlines() if "every number has the wrong" in line)
    assert "found by comparison: every number has the wrong &lt;sign&gt;" in line
    assert "alice" in line and "bob" in line and "cy" not in line, "results of an older version have none"
