"""The pages that people read: a student's feedback and the teacher's report, each one file that needs no other."""

import functools
import re
import statistics
from collections import Counter, defaultdict
from typing import Any

import jinja2
from markupsafe import Markup

from selfattention.course.grader import gradebook
from selfattention.course.grader.grading import GRADED, Result
from selfattention.course.grader.likeness import alike
from selfattention.engine.judging import card
from selfattention.engine.judging.report import READY_MADE

BINS = 10
MOST_NAMES = 12
MOST_PAIRS = 50
SLOWEST = 5


@functools.cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(loader=jinja2.PackageLoader("selfattention.course.grader"), autoescape=True,
                              trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    made.filters["inline"] = lambda text: _formulas(Markup(card.inline(text)))
    return made


def _formulas(page: Markup) -> Markup:
    """Formulas of a few letters in italics: the pages load nothing that could typeset them."""
    return Markup(re.sub(r"\$([^$\n<]{1,40})\$", r"<i>\1</i>", page))


def feedback(results: list[Result]) -> str:
    """One student's page: the same cards as in the notebook."""
    chapters = [{"name": result.chapter or result.name, "origin": result.origin, "reason": result.reason,
                 "earned": _points(result, "earned"), "points": _points(result, "points"),
                 "cards": [_formulas(Markup(one)) for one in result.cards]} for result in results]
    return _templates().get_template("feedback.html.j2").render(student=results[0].student, chapters=chapters)


def report(results: list[Result], about: dict[str, Any], names: dict[str, str]) -> str:
    """The teacher's page.

    Args:    about: what the grading was done with: `seed`, `sandbox`, `when`, `version`. names: of the students' pages.
    """
    graded = [result for result in results if result.status == GRADED]
    students = gradebook.by_student(results)
    exercises = gradebook.columns(results)
    out_of = sum(exercises.values())
    totals = {student: sum(gradebook.earned(mine).values()) for student, mine in students.items()
              if any(result.status == GRADED for result in mine)}
    return _templates().get_template("report.html.j2").render(
        about=about, results=results, graded=graded, refused=[one for one in results if one.status != GRADED],
        students=students, exercises=exercises, out_of=out_of, totals=totals, earned=gradebook.earned,
        pages={student: f"feedback/{name}.html" for student, name in names.items()},
        bins=_bins(list(totals.values()), out_of), median=statistics.median(totals.values()) if totals else 0,
        hardest=_hardest(graded, exercises), mistakes=_mistakes(graded, list(exercises)), most_names=MOST_NAMES,
        ready_made=_ready_made(graded), pairs=_alike(graded), timings=_timings(graded),
        twice=[one for one in results if one.judged > 1], isolation=_isolation(graded))


def _points(result: Result, kind: str) -> float:
    return round(sum(row[kind] for row in result.rows), 2)


def _bins(totals: list[float], out_of: float) -> list[dict[str, Any]]:
    """How many students have which share of the points; the last bin takes those who have all."""
    counts = Counter(min(int(BINS * total / out_of), BINS - 1) if out_of else 0 for total in totals)
    most = max(counts.values(), default=1)
    return [{"from": 100 * number // BINS, "to": 100 * (number + 1) // BINS, "count": counts[number],
             "height": round(100 * counts[number] / most)} for number in range(BINS)]


def _hardest(graded: list[Result], exercises: dict[str, int]) -> list[dict[str, Any]]:
    """The exercises by the share of their points that the class earned, the hardest first."""
    rows = defaultdict(list)
    for result in graded:
        for row in result.rows:
            rows[gradebook.key(row)].append(row)
    found = [{"key": key, "share": sum(row["earned"] for row in rows[key]) / (points * len(rows[key])),
              "statuses": Counter(row["status"] for row in rows[key]), "count": len(rows[key])}
             for key, points in exercises.items() if rows[key]]
    return sorted(found, key=lambda entry: entry["share"])


def _mistakes(graded: list[Result], order: list[str]) -> list[dict[str, Any]]:
    """For each exercise what went wrong how often, the named mistakes before the unnamed, and for whom."""
    found: dict[tuple[str, str, bool, str], list[str]] = defaultdict(list)
    for result in graded:
        for row in result.rows:
            if row["mistake"]:
                found[gradebook.key(row), row["mistake"], True, row["hint"]].append(result.student)
            elif row.get("comparison"):  # results of an older version have none
                found[gradebook.key(row), f"found by comparison: {row['comparison']}", False, ""].append(result.student)
            elif row["status"] in ("failed", "error", "timeout"):
                what = f"not yet: {row['claim']}" if row["status"] == "failed" else f"{row['status']}: {row['claim']}"
                found[gradebook.key(row), what, False, ""].append(result.student)
    entries = [{"key": key, "what": what, "named": named, "hint": hint, "students": sorted(names)}
               for (key, what, named, hint), names in found.items()]
    return sorted(entries, key=lambda entry: (order.index(entry["key"]), not entry["named"], -len(entry["students"]),
                                              entry["what"]))


def _ready_made(graded: list[Result]) -> list[dict[str, Any]]:
    return [{"student": result.student, "key": gradebook.key(row), "used": ", ".join(row["used"])}
            for result in graded for row in result.rows if row["status"] == READY_MADE]


def _alike(graded: list[Result]) -> list[dict[str, Any]]:
    """Pairs within a chapter that share what is rare there."""
    pairs = []
    for chapter in gradebook.chapters(graded):
        runs = {result.student: result.runs for result in graded if result.chapter == chapter}
        pairs += [{"share": share, "one": one, "other": other, "chapter": chapter} for share, one, other in alike(runs)]
    return sorted(pairs, key=lambda pair: -pair["share"])[:MOST_PAIRS]


def _timings(graded: list[Result]) -> dict[str, Any]:
    if not graded:
        return {}
    cpu = sorted(result.cpu_seconds for result in graded)
    slowest = sorted(graded, key=lambda result: -result.seconds)[:SLOWEST]
    return {"median": statistics.median(cpu), "high": cpu[min(int(0.95 * len(cpu)), len(cpu) - 1)], "sum": sum(cpu),
            "peak": max(result.peak_bytes for result in graded), "slowest": slowest}


def _isolation(graded: list[Result]) -> list[dict[str, Any]]:
    """The sets of layers that grades were made under, with what was missing, and how many grades."""
    found: dict[tuple, list[Result]] = defaultdict(list)
    for result in graded:
        found[tuple(result.layers), tuple(sorted(result.missing.items()))].append(result)
    return [{"layers": layers, "missing": missing, "count": len(some)} for (layers, missing), some in found.items()]
