"""Read the answers out of a notebook file, whatever state it is in."""

import codecs
import contextlib
import io
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from selfattention import problems
from selfattention.course import files, outputs
from selfattention.course.catalogue import Unknown
from selfattention.course.catalogue import chapter as full_name
from selfattention.engine.process.remote import Cell

LARGEST_BYTES = 20 * 2**20  # of a notebook without what it shows
LARGEST_FILE_BYTES = 512 * 2**20
ONE_BY_ONE = "letters_of_old_windows"
# Spaces of one line only: over line ends, a long stretch of empty lines would be gone through from each of them.
DEFINED = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)[ \t]*\(", re.MULTILINE)
CHECKED = re.compile(r"""\b(?:check|hint)\(["']\d\d\.(\w+)["']""")
CLAIMED = re.compile(r"^claim\(", re.MULTILINE)
KINDS = ("exercises", "solutions", "lesson", "page")
NAMED = ("lesson", "exercises", "solutions")  # kinds whose files' names hold the chapter's; all had the lesson's once
MOST_CELLS = 5000
NEWEST_FORMAT = 4


class Unreadable(ValueError):
    """A file from which no answers can be read; the message says why and what to do."""


@dataclass(frozen=True)
class Notebook:
    """What is judged of a notebook: its code cells; and what it is.

    `kind` is one of `KINDS`; where the metadata do not say it, what the cells tell, or empty.
    """

    cells: list[Cell]
    chapter: str
    kind: str = ""


def read(path: Path) -> Notebook:
    """A notebook from a file.

    Raises:  Unreadable: it is missing, empty, too large, not JSON, not a notebook, or of a newer format.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            content = slim(file) if size <= LARGEST_FILE_BYTES else b""
    except FileNotFoundError:
        raise Unreadable(
            f"{path} does not exist: `selfattention start` writes the exercises that are missing"
        ) from None
    except OSError as error:
        raise Unreadable(
            f"{path} cannot be read ({error.strerror}): is it a notebook file that you may open?"
        ) from None
    if size > LARGEST_FILE_BYTES:
        raise Unreadable(f"{path} {too_large(size)}")
    return parse(content, path)


def slim(stream: IO[bytes]) -> bytes:
    """A notebook's bytes without what it shows, which is not judged; at most one more than are read."""
    return outputs.slim(stream, LARGEST_BYTES)


def too_large(size: int) -> str:
    """What to tell about a notebook of so many bytes, of which no more may have been read than are too many."""
    if size > LARGEST_FILE_BYTES:
        return (f"is {size / 2**20:.0f} MB, at most {LARGEST_FILE_BYTES // 2**20} MB are read: open it, choose Edit > "
                "Clear Outputs of All Cells, and save it")
    return (f"holds more than {LARGEST_BYTES // 2**20} MB beside its outputs, or millions of lines in them: choose "
            "Edit > Clear Outputs of All Cells, take out of its cells what is no code of yours, and save it")


def parse(content: bytes, path: Path) -> Notebook:
    """A notebook from a file's content, with its outputs or without; `path` is for the messages.

    Only what is judged is looked at. Nothing is validated or converted by nbformat: that took minutes and gigabytes for
    files made to be slow, and refused some whose cells were in order.

    Raises:  Unreadable: it is empty, too large, not JSON, not a notebook, or of a newer format.
    """
    kept = slim(io.BytesIO(content))
    if len(kept) > LARGEST_BYTES:
        raise Unreadable(f"{path} {too_large(len(kept))}")
    try:
        tree = json.loads(kept.decode("utf-8-sig", ONE_BY_ONE), parse_int=_small_integer)
    except (ValueError, RecursionError):
        what = "is empty" if not content else "is not a notebook: its text is not JSON"
        raise Unreadable(
            f"{path} {what}; bring back an earlier copy, or let `selfattention reset NN` keep this "
            "file as a backup and write a fresh one"
        ) from None
    if not isinstance(tree, dict) or not isinstance(tree.get("cells", tree.get("worksheets")), list):
        raise Unreadable(f"{path} is not a notebook: it is JSON, but without cells")
    number = tree.get("nbformat")
    if type(number) is not int or not 1 <= number <= NEWEST_FORMAT:
        raise Unreadable(f"{path} has notebook format {printable(str(number)[:20])}, numbers up to {NEWEST_FORMAT} are "
                         f"read: save it in format {NEWEST_FORMAT}, or upgrade this course")
    try:
        found = tree["cells"] if number == NEWEST_FORMAT else [
            cell for sheet in tree["worksheets"] for cell in sheet["cells"]]
        if len(found) > MOST_CELLS:
            raise Unreadable(f"{path} has {len(found)} cells, at most {MOST_CELLS} are read: take out what is not "
                             "yours")
        cells = [_cell(cell) for cell in found if cell["cell_type"] == "code"]
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"{path} is a damaged notebook ({type(error).__name__}): bring back an earlier copy") from None
    about = ("metadata", "selfattention")
    kind = _inside(tree, *about, "kind")
    return Notebook(cells, str(_inside(tree, *about, "chapter")), kind if kind in KINDS else _kind_by_content(cells))


def _one_by_one(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8 are letters of old Windows; what is none of those either is a question mark."""
    lost = error.object[error.start:error.end]
    return lost.decode("cp1252", "replace").replace("\ufffd", "?"), error.end


codecs.register_error(ONE_BY_ONE, _one_by_one)


def printable(text: str) -> str:
    """A text that can be shown and saved, whatever somebody wrote into it."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return "".join(character if character.isprintable() else "?" for character in text)


def _small_integer(digits: str) -> int:
    """Whoever writes longer ones does not mean them, and Python refuses the longest."""
    return int(digits) if len(digits) < 20 else 0


def _inside(content: Any, *names: str) -> Any:
    """What stands inside nested dictionaries; an empty string where it does not."""
    for name in names:
        content = content.get(name, "") if isinstance(content, dict) else ""
    return content


def _cell(cell: dict) -> Cell:
    source = cell["source"] if "source" in cell else cell["input"]  # as it was called before format 4
    grade_id = str(_inside(cell, "metadata", "nbgrader", "grade_id"))
    answers = grade_id.removesuffix("-answer") if grade_id.endswith("-answer") else ""
    if not isinstance(source, (str, list)):
        raise TypeError("the text of a cell is no text")
    source = source if isinstance(source, str) else "".join(source)
    return Cell(source.encode("utf-8", "replace").decode(), answers)  # half a pair of surrogates is no letter


def chapter_of(notebook: Notebook, path: Path) -> str:
    """The chapter whose exercises a notebook answers.

    That is told by its full name, else by its metadata, by what its cells define and check, or by the number at the
    beginning of its name.

    Raises:  Unreadable: nothing tells.
    """
    if named(path):
        return named(path)
    for number in (notebook.chapter[:2], _by_content(notebook.cells)[:2], path.stem[:2]):
        if number.isdigit():
            with contextlib.suppress(Unknown):
                return full_name(number)
    raise Unreadable(f"{path} belongs to no chapter: neither its name tells, which should begin with the chapter's "
                     "number like 02_exercises_softmax.ipynb, nor do the functions in it")


def named(path: Path) -> str:
    """The chapter whose full name a file's name holds, as the course calls its notebooks today or did before."""
    for chapter in problems.chapters():
        if any(files.notebook_name(chapter, kind).removesuffix(".ipynb") in path.stem for kind in NAMED):
            return chapter
    return ""


def _by_content(cells: list[Cell]) -> str:
    """The chapter of which the cells name most exercises; nothing where there is none, or more than one."""
    named = {cell.answers for cell in cells}
    for cell in cells:
        named.update(DEFINED.findall(cell.source), CHECKED.findall(cell.source))
    scores = {chapter: len(named & names) for chapter, names in problems.names().items()}
    most = max(scores.values())
    best = [chapter for chapter, score in scores.items() if score == most]
    return best[0] if most and len(best) == 1 else ""


def _kind_by_content(cells: list[Cell]) -> str:
    """Only lessons claim something; what else names exercises answers them."""
    if any(CLAIMED.search(cell.source) for cell in cells) and not any(cell.answers for cell in cells):
        return "lesson"
    return "exercises" if _by_content(cells) else ""
