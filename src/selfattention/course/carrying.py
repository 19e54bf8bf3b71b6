"""Carry a learner's work from an older notebook over into a newer one, cell by cell.

A cell of the course's is known by its text where nobody has changed it, else by its name (nbgrader's, the cell's own,
or where Colab keeps it), else by what it defines, checks or is headed. All others are the learner's own.
"""

import ast
import copy
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from selfattention.course import cells
from selfattention.course.cells import Cell

ANSWER, CHECK, SET_UP = "-answer", "-check", "set-up"
GUESS = re.compile(r"(guess_\w+)\s*(?::[^=\n]+)?=(?!=)")
HELP = re.compile(r"\s*(?:#.*|from selfattention import .*|(?:check|hint|progress)\(.*\)\s*)?")
VALID_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
ELSEWHERE = "# Your `{name}` stands in another cell."
Known = dict[str, str]  # a cell's name, and the digest of the text that the course gave it
Notebook = dict[str, Any]


@dataclass
class Carried:
    """A newer notebook with a learner's work in it."""

    notebook: Notebook
    answers: list[str] = field(default_factory=list)  # exercises whose answers were carried over
    own: int = 0  # cells of the learner's
    left_out: list[str] = field(default_factory=list)  # texts of the course's that the learner had changed


def known(notebook: Notebook) -> Known:
    """The names and digests of the cells that the course has written."""
    return {cells.key(cell): cells.digest(cell) for cell in notebook["cells"]}


def guesses(old: Notebook, given: Known, fresh: Notebook) -> Notebook | None:
    """A newer lesson with the guesses of an older one in it; None where more than guesses has been changed."""
    result = copy.deepcopy(fresh)
    places = {found[1]: cell for cell in result["cells"] if (found := guess_in(cell))}
    ours = {*given.values(), *cells.digests(fresh)}
    for cell in old["cells"]:
        if cell.get("attachments") or (cells.source(cell) and cells.digest(cell) not in ours):
            guess = guess_in(cell)
            if guess is None or guess[1] not in places:
                return None
            places.pop(guess[1])["source"] = cells.source(cell)
    return result


def guess_in(cell: Cell) -> re.Match | None:
    """The beginning of a cell in which a lesson asks for a guess; its first group is the guess's name."""
    return GUESS.match(cells.source(cell)) if cell["cell_type"] == "code" else None


def exercises(old: Notebook, given: Known, fresh: Notebook) -> Carried:
    """A newer exercise notebook with the answers and the own cells of an older one in it.

    Args:    given: what the course had written into the older one; empty where nobody knows.
    """
    sorting = _Sorting(old, given, fresh)
    result = Carried({**copy.deepcopy(fresh), "cells": []}, left_out=sorting.left_out)
    taken = {cells.key(cell) for cell in fresh["cells"]}
    kept = [_own(cell, taken) for cell in sorting.after[""]]
    for cell in copy.deepcopy(fresh["cells"]):
        key = cells.key(cell)
        text = sorting.text(key)
        if text is not None:
            cell.update(source=text)
        if text is not None or key.removesuffix(CHECK) in sorting.defined:  # its card was a stub's
            cell.update(outputs=[], execution_count=None)
        if key in sorting.answers:
            result.answers.append(key.removesuffix(ANSWER))
        kept += [*(_own(one, taken) for one in sorting.before[key]), cell,
                 *(_own(one, taken) for one in sorting.after[key])]
    result.notebook["cells"] = kept
    result.own = len(kept) - len(fresh["cells"])
    return result


class _Sorting:
    """The cells of an older notebook, sorted: the course's, the learner's answers, and the learner's own."""

    def __init__(self, old: Notebook, given: Known, fresh: Notebook) -> None:
        self.answers: dict[str, Cell] = {}
        self.before: dict[str, list[Cell]] = defaultdict(list)  # own cells by the name of their neighbour
        self.after: dict[str, list[Cell]] = defaultdict(list)
        self.left_out: list[str] = []
        self._fresh = {cells.key(cell): cell for cell in fresh["cells"]}
        self._ours = {text: key for key, text in [*given.items(), *known(fresh).items()]}
        self._names = {*given, *self._fresh}
        self._is_known = bool(given)
        self._cells = [cell for cell in old["cells"] if cells.source(cell) or cell.get("attachments")]
        self._touched = [not self._is_untouched(cell) for cell in self._cells]
        self._keys = list(map(self._key, self._cells))
        self._find_by_text()
        self._choose_answers()
        self._place()
        mine = [cell for cell, touched in zip(self._cells, self._touched) if touched]
        self.defined = {name for cell in mine for name in cells.defined(cell)}

    def text(self, key: str) -> str | None:
        """What stands in an answer's cell now; None where the course's text does."""
        name = key.removesuffix(ANSWER)
        if key in self.answers:
            return cells.source(self.answers[key])
        missing = key.endswith(ANSWER) and key not in self._keys
        return ELSEWHERE.format(name=name) if missing and name in self.defined else None

    def _is_untouched(self, cell: Cell) -> bool:
        ours = cells.digest(cell) in self._ours or f"{_stub_of(cell)}{ANSWER}" in self._names
        return ours and not cell.get("attachments")

    def _key(self, cell: Cell) -> str:
        """The name of a cell of the course's; an empty string for one of the learner's."""
        named = [*cells.names(cell), f"{_stub_of(cell)}{ANSWER}"]
        return self._ours.get(cells.digest(cell)) or next((name for name in named if name in self._names), "")

    def _find_by_text(self) -> None:
        """Where no cell has a name of the course's, the last one that tells it by its text is taken for it."""
        for number in reversed(range(len(self._cells))):
            if not self._keys[number]:
                told = [name for name in cells.told(self._cells[number])
                        if name in self._fresh and name not in self._keys]
                self._keys[number] = told[0] if told else ""

    def _choose_answers(self) -> None:
        """Of several cells with the name of one answer, the last that defines it counts; others become own cells."""
        for key in self._fresh:
            mine = [number for number, other in enumerate(self._keys) if other == key and self._touched[number]]
            if key.endswith(ANSWER) and mine:
                right = [number for number in mine
                         if key.removesuffix(ANSWER) in cells.defined(self._cells[number])]
                code = [number for number in mine if self._cells[number]["cell_type"] == "code"]
                chosen = [*right[-1:], *code][:1]
                for number in mine:
                    if number in chosen:
                        self.answers[key] = self._cells[number]
                    else:
                        self._keys[number] = ""

    def _place(self) -> None:
        """Every own cell goes after the neighbour it had; what was written into a cell of the course's, beside it."""
        neighbour = ""
        for cell, key, touched in zip(self._cells, self._keys, self._touched):
            if key not in self._fresh:
                if touched:
                    self.after[neighbour].append(cell)
                continue
            neighbour = key
            if touched and not key.endswith(ANSWER):
                self._place_changed(cell, key)

    def _place_changed(self, cell: Cell, key: str) -> None:
        """What becomes of a cell of the course's that is no answer and that the learner has changed."""
        news = set(cells.source(self._fresh[key]).splitlines())
        own = [line for line in cells.source(cell).splitlines() if line not in news and not HELP.fullmatch(line)]
        if cell["cell_type"] == "code":
            if own:
                (self.after if key == SET_UP else self.before)[key].append(cell)
        elif self._is_known:  # else it may be an older text of the course's as well
            self.left_out.append(key)


def _stub_of(cell: Cell) -> str:
    """The name of the function that a cell leaves unwritten, without a word of the learner's."""
    text = cells.source(cell)
    if cell["cell_type"] != "code" or "NotImplementedError" not in text or "#" in text:
        return ""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef):
        return ""
    raised = ast.unparse(body[0].body[-1]) == "raise NotImplementedError"
    return body[0].name if raised and len(body[0].body) <= 2 and ast.get_docstring(body[0]) else ""


def _own(cell: Cell, taken: set[str]) -> Cell:
    """A cell of the learner's for another notebook: under a name that is free, and as nobody's graded cell."""
    metadata = {name: value for name, value in cell.get("metadata", {}).items() if name != "nbgrader"}
    kept: Cell = {"cell_type": cell["cell_type"], "metadata": metadata, "source": cells.source(cell)}
    if cell["cell_type"] == "code":
        outputs = cell.get("outputs")
        kept |= {"outputs": outputs if isinstance(outputs, list) else [],
                 "execution_count": cell.get("execution_count")}
    elif cell.get("attachments"):
        kept["attachments"] = cell["attachments"]
    name = cell.get("id")
    if not isinstance(name, str) or not VALID_ID.fullmatch(name) or name in taken:
        name = f"own-{cells.digest(cell)}"
    number = 1
    while name in taken:
        number += 1
        name = f"own-{cells.digest(cell)}-{number}"
    taken.add(name)
    return {"id": name, **kept}
