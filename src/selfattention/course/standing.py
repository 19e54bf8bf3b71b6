"""Where a learner stands: every exercise with what it earned when it was last checked, and what comes next.

Nothing is run here. Two things are remembered: what a whole file earned (`selfattention status`), and what one answer
earned in its notebook (`check`). The later one counts, as long as the file still says what was judged.
"""

import ast
import functools
import hashlib
import json
import textwrap
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from selfattention import problems
from selfattention.course import files, memory, way
from selfattention.course.cells import source as text_of
from selfattention.course.reading import Notebook, Unreadable, read
from selfattention.course.workspace import Workspace, digest_of_work

PASSED, NOT_ATTEMPTED = "passed", "not attempted"
CHANGED = "changed since it was last checked"
UNKNOWN = "not checked yet"
_checked_here: dict[str, dict[str, Any]] = {}  # outside of a working copy: as long as this kernel runs


@dataclass(frozen=True)
class Row:
    """One exercise, and what is known of it. `state` is what a report calls it, or one of the above."""

    chapter: str
    exercise: str
    points: int
    earned: float = 0.0
    state: str = NOT_ATTEMPTED
    told: str = ""  # the mistake that was named
    hint: str = ""

    @property
    def is_passed(self) -> bool:
        """Whether nothing is left to do."""
        return self.state == PASSED


@functools.cache
def worth() -> dict[str, dict[str, int]]:
    """The exercises of every chapter with their points, as the course's notebooks have them: nothing is imported."""
    found = {}
    for chapter in problems.chapters():
        notebook = json.loads((files.root() / files.place(chapter, "exercises")).read_text(encoding="utf-8"))
        graded = [cell["metadata"].get("nbgrader", {}) for cell in notebook["cells"]]
        found[chapter] = {one["grade_id"].removesuffix("-check"): one["points"] for one in graded if one.get("grade")}
    return found


def standing(space: Workspace | None) -> list[Row]:
    """Every exercise of the course, in order; without a working copy, with what this kernel has checked."""
    if space is None:
        return [_row(chapter, name, points, _checked_here.get(f"{chapter[:2]}.{name}"))
                for chapter, names in worth().items() for name, points in names.items()]
    checked = memory.section(memory.recall(space.folder), "checked")
    return [row for chapter in worth() for row in _chapter(space, chapter, checked)]


def _chapter(space: Workspace, chapter: str, checked: dict[str, Any]) -> list[Row]:
    """The rows of one chapter, from its file and from what is remembered of it."""
    path = space.exercise_file(chapter[:2])
    if not path.is_file():
        return [_row(chapter, name, points, None) for name, points in worth()[chapter].items()]
    judged = space.results(path)
    rows = {row["exercise"]: {**row, "when": judged.get("when", 0.0)} for row in judged.get("rows", [])}
    is_fresh = judged.get("digest") == digest_of_work(path)
    notebook = _readable(path)
    found = []
    for name, points in worth()[chapter].items():
        by_file, by_check = rows.get(name), checked.get(f"{chapter[:2]}.{name}")
        holds = [one for one, does in ((by_file, is_fresh), (by_check, _holds(by_check, name, notebook, path)))
                 if one and does]
        known = holds or [one for one in (by_file, by_check) if one]
        latest = max(known, key=lambda one: one.get("when", 0.0), default=None)
        row = _row(chapter, name, points, latest)
        found.append(row if holds else replace(row, state=CHANGED if known else _unchecked(notebook, name)))
    return found


def _readable(path: Path) -> Notebook | None:
    try:
        return read(path)
    except Unreadable:
        return None


def _row(chapter: str, name: str, points: int, known: dict[str, Any] | None) -> Row:
    if known is None:
        return Row(chapter, name, points)
    return Row(chapter, name, points, known["earned"], known["status"],
               known.get("mistake") or known.get("comparison") or "", known.get("hint") or "")


def _unchecked(notebook: Notebook | None, name: str) -> str:
    """The state of an answer that was never checked: a stub says so itself."""
    if notebook is None:
        return UNKNOWN
    text = text_in(notebook, name)
    return NOT_ATTEMPTED if text is None or "raise NotImplementedError" in text else UNKNOWN


def _holds(entry: dict[str, Any] | None, name: str, notebook: Notebook | None, path: Path) -> bool:
    """Whether a file still says what was checked in a notebook, or has not been saved since."""
    if not entry:
        return False
    text = text_in(notebook, name) if notebook else None
    same = text is not None and entry.get("text") == digest_of_text(text)
    return same or entry.get("when", 0.0) > path.stat().st_mtime


def text_in(notebook: Notebook, name: str) -> str | None:
    """The last definition of a function in a notebook; None where there is none that can be read."""
    for cell in reversed(notebook.cells):
        if f"def {name}" in cell.source:
            try:
                nodes = ast.parse(cell.source).body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            for node in reversed(nodes):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
                    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                    return "\n".join(cell.source.splitlines()[first - 1:node.end_lineno])
    return None


def digest_of_text(text: str) -> str:
    """What tells whether a function has been changed."""
    text = text_of({"cell_type": "code", "source": textwrap.dedent(text)})
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def note(space: Workspace | None, key: str, row: dict[str, Any], text: str | None) -> None:
    """Remember what an answer earned in its notebook; where nothing can be written, nothing is."""
    entry = {**{name: row[name] for name in ("earned", "status", "mistake", "comparison", "hint")},
             "when": time.time(), "text": digest_of_text(text) if text else ""}
    if space is None:
        _checked_here[key] = entry
        return
    try:
        with memory.changed(space.folder) as known:
            memory.section(known, "checked")[key] = entry
    except OSError:
        _checked_here[key] = entry


@dataclass(frozen=True)
class Next:
    """What to do next: in words, and where that is."""

    words: str
    place: str
    hint: str = ""  # of the mistake that was made there last


def following(rows: list[Row], passed: str = "") -> Next | None:
    """What comes next: after the exercise `02.softmax`, where one is given; None where all is passed.

    That is an exercise of the same chapter, or the lesson of the next one with something left to do.
    """
    number, _, name = passed.partition(".")
    here = [row for row in rows if row.chapter[:2] == number]
    places = [row.exercise for row in here]
    start = places.index(name) + 1 if name in places else 0
    for row in [*here[start:], *here[:start]]:
        if not row.is_passed and row.exercise != name:
            return Next(row.exercise, files.place(row.chapter, "exercises"))
    left = [row for row in rows if not row.is_passed and row.chapter[:2] != number]
    first = next((row for row in left if row.chapter[:2] > number), left[0] if left else None)
    if first is None:
        return None
    chapter = [row for row in rows if row.chapter == first.chapter]
    if passed or all(row.state == NOT_ATTEMPTED for row in chapter):
        lesson = way.lessons_of(first.chapter)[0]
        return Next(way.title(lesson), f"notebooks/{lesson}.ipynb")
    return Next(f"{first.exercise} in chapter {first.chapter[:2]}", files.place(first.chapter, "exercises"), first.hint)
