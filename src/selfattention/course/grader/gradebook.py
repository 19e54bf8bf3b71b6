"""What other programs read: grades.csv, and the forms that nbgrader, Gradescope and GitHub Classroom expect."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from selfattention.course.grader.grading import GRADED, Result

NBGRADER = ("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
            "late_submission_penalty", "score", "max_score")
FORMULA = "=+-@\t"  # a spreadsheet would run what begins so


def chapters(results: Iterable[Result]) -> list[str]:
    """The chapters that somebody was graded in."""
    return sorted({result.chapter for result in results if result.status == GRADED})


def columns(results: Iterable[Result]) -> dict[str, int]:
    """The exercises that somebody was graded in, such as `02.softmax`, in the course's order, with their points.

    They are read from the results: importing the exercises of a chapter means importing torch.
    """
    of_chapters = {result.chapter: result.rows for result in results if result.status == GRADED}
    return {key(row): row["points"] for chapter in sorted(of_chapters) for row in of_chapters[chapter]}


def key(row: dict[str, Any]) -> str:
    """How the exercise of a row is called on the command line: `02.softmax`."""
    return f"{row['chapter'][:2]}.{row['exercise']}"


def by_student(results: Iterable[Result]) -> dict[str, list[Result]]:
    """The results of each student, in order."""
    found: dict[str, list[Result]] = {}
    for result in sorted(results, key=lambda result: (result.student, result.chapter, result.name)):
        found.setdefault(result.student, []).append(result)
    return found


def earned(results: Iterable[Result]) -> dict[str, float]:
    """The points of one student by exercise."""
    return {key(row): row["earned"] for result in results for row in result.rows}


def grades_csv(results: list[Result]) -> str:
    """A row a student, a column an exercise; then the total, what it is out of, and what could not be graded."""
    exercises = columns(results)
    rows = []
    for student, mine in by_student(results).items():
        points = earned(mine)
        trouble = "; ".join(result.reason for result in mine if result.status != GRADED)
        rows.append({"student": harmless(student), **points, "total": round(sum(points.values()), 2),
                     "points": sum(exercises.values()), "status": harmless(trouble) or GRADED,
                     "isolation": " + ".join(dict.fromkeys(layer for result in mine for layer in result.layers))})
    return _table(["student", *exercises, "total", "points", "status", "isolation"], rows)


def nbgrader_csv(results: list[Result]) -> str:
    """The columns of nbgrader's own export, a row for each student and chapter."""
    rows = []
    for result in sorted(results, key=lambda result: (result.chapter, result.student)):
        if result.status == GRADED:
            score = round(sum(row["earned"] for row in result.rows), 2)
            most = sum(row["points"] for row in result.rows)
            rows.append({"assignment": result.chapter, "student_id": harmless(result.student), "raw_score": score,
                         "late_submission_penalty": 0.0, "score": score, "max_score": most})
    return _table(list(NBGRADER), rows)


def gradescope_json(results: list[Result]) -> str:
    """One student's `results.json` (Gradescope's autograder documentation, "Output Format")."""
    tests = [{"name": key(row), "score": row["earned"], "max_score": row["points"],
              "status": "passed" if row["status"] == "passed" else "failed", "output": text,
              "output_format": "text", "visibility": "visible"}
             for result in results for row, text in zip(result.rows, result.texts)]
    told = "\n".join(f"{result.origin}: {result.reason}" for result in results if result.status != GRADED)
    return json.dumps({"score": round(sum(test["score"] for test in tests), 2), "output": told,
                       "output_format": "text", "execution_time": round(sum(result.seconds for result in results), 1),
                       "visibility": "visible", "tests": tests}, indent=1)


def classroom_json(results: list[Result]) -> str:
    """One student's result as GitHub Classroom's `autograding-grading-reporter` reads it."""
    tests: list[dict[str, Any]] = [
        {"name": key(row), "status": "pass" if row["status"] == "passed" else "fail",
         "score": row["earned"], "message": text, "test_code": f"selfattention grade {result.name}",
         "filename": result.name, "line_no": 0, "execution_time": f"{row['seconds']:.2f}s"}
        for result in results for row, text in zip(result.rows, result.texts)]
    tests += [{"name": result.name, "status": "error", "score": 0, "message": result.reason, "test_code": "",
               "filename": result.name, "line_no": 0, "execution_time": "0s"}
              for result in results if result.status != GRADED]
    most = sum(row["points"] for result in results for row in result.rows)
    status = "error" if not most else "pass" if all(test["status"] == "pass" for test in tests) else "fail"
    return json.dumps({"version": 1, "status": status, "max_score": most, "tests": tests}, indent=1)


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    text = text.replace("\r", " ")
    return f"'{text}" if text[:1] in FORMULA and text else text


def _table(names: list[str], rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
