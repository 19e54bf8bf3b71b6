"""Read the answers out of a notebook file, whatever state it is in."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfattention import problems
from selfattention.course.catalogue import Unknown
from selfattention.course.catalogue import chapter as full_name
from selfattention.engine.remote import Cell

LARGEST_BYTES = 20 * 2**20
MOST_CELLS = 5000
NEWEST_FORMAT = 4


class Unreadable(ValueError):
    """A file from which no answers can be read; the message says why and what to do."""


@dataclass(frozen=True)
class Notebook:
    """What is judged of a notebook: its code cells, and the chapter that its metadata name."""

    cells: list[Cell]
    chapter: str


def read(path: Path) -> Notebook:
    """A notebook from a file.

    Raises:  Unreadable: it is missing, empty, too large, not JSON, not a notebook, or of a newer format.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= LARGEST_BYTES else b" " * (LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise Unreadable(
            f"{path} does not exist: `selfattention start` writes the exercises that are missing"
        ) from None
    except OSError as error:
        raise Unreadable(
            f"{path} cannot be read ({error.strerror}): is it a notebook file that you may open?"
        ) from None
    if size > LARGEST_BYTES:
        raise Unreadable(f"{path} {too_large(size)}")
    return parse(content, path)


def too_large(size: int) -> str:
    """What to tell about a file of so many bytes, of which no more may have been read than are too many."""
    most = LARGEST_BYTES // 2**20
    known = size > LARGEST_BYTES + 1
    many = f"{size / 2**20:.0f} MB, at most {most} MB are read" if known else f"larger than {most} MB"
    return f"is {many}: open it, choose Edit > Clear Outputs of All Cells, and save it"


def parse(text: bytes, path: Path) -> Notebook:
    """A notebook from a file's content; `path` is for the messages.

    Only what is judged is looked at. Nothing is validated or converted by nbformat: that took minutes and gigabytes for
    files made to be slow, and refused some whose cells were in order.

    Raises:  Unreadable: it is empty, too large, not JSON, not a notebook, or of a newer format.
    """
    if len(text) > LARGEST_BYTES:
        raise Unreadable(f"{path} {too_large(len(text))}")
    try:
        content = json.loads(text.decode("utf-8-sig"), parse_int=_small_integer)
    except (ValueError, RecursionError):
        what = "is empty" if not text else "is not a notebook: its text is not JSON"
        raise Unreadable(
            f"{path} {what}; bring back an earlier copy, or let `selfattention reset NN` keep this "
            "file as a backup and write a fresh one"
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("cells", content.get("worksheets")), list):
        raise Unreadable(f"{path} is not a notebook: it is JSON, but without cells")
    number = content.get("nbformat")
    if type(number) is not int or not 1 <= number <= NEWEST_FORMAT:
        raise Unreadable(f"{path} has notebook format {printable(str(number)[:20])}, numbers up to {NEWEST_FORMAT} are "
                         f"read: save it in format {NEWEST_FORMAT}, or upgrade this course")
    try:
        found = content["cells"] if number == NEWEST_FORMAT else [
            cell for sheet in content["worksheets"] for cell in sheet["cells"]]
        if len(found) > MOST_CELLS:
            raise Unreadable(f"{path} has {len(found)} cells, at most {MOST_CELLS} are read: take out what is not "
                             "yours")
        cells = [_cell(cell) for cell in found if cell["cell_type"] == "code"]
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"{path} is a damaged notebook ({type(error).__name__}): bring back an earlier copy") from None
    return Notebook(cells, str(_inside(content, "metadata", "selfattention", "chapter")))


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
    return Cell(source if isinstance(source, str) else "".join(source), answers)


def chapter_of(notebook: Notebook, path: Path) -> str:
    """The chapter whose exercises a notebook answers: by its full name, by its metadata, or by a number in its name."""
    for name in problems.chapters():
        if name in path.stem:
            return name
    for name in filter(None, (notebook.chapter, path.stem)):
        try:
            return full_name(name[:2])
        except Unknown:
            continue
    raise Unreadable(
        f"{path} belongs to no chapter: its name should begin with the chapter's number, like 02_softmax.ipynb"
    )
