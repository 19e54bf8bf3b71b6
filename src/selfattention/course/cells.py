"""A notebook's cells as they are compared: by their text alone, and found again by the names they carry."""

import hashlib
import json
import re
from typing import Any

TYPES = ("code", "markdown", "raw")
DEFINED = re.compile(r"^(?:async[ \t]+)?(?:def[ \t]+(\w+)[ \t]*\(|(\w+)[ \t]*=[ \t]*lambda\b)", re.MULTILINE)
CHECKED = re.compile(r"""^check\(["']\d\d\.(\w+)["']""", re.MULTILINE)
HEADED = re.compile(r"^## \d+ · `(\w+)`")
Cell = dict[str, Any]


class Doubtful(ValueError):
    """A file that cannot be understood as a notebook, and so is left alone; the message says why."""


def tree(content: bytes) -> dict[str, Any]:
    """A notebook's content, as it is.

    Raises:  Doubtful: it is not a notebook of format 4, or not in UTF-8.
    """
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
        json.dumps(notebook, ensure_ascii=False).encode()  # half a pair of surrogates cannot be written again
    except (ValueError, RecursionError):
        raise Doubtful("it is empty" if not content.strip() else "its text is not JSON") from None
    if not isinstance(notebook, dict) or notebook.get("nbformat") != 4 or not isinstance(notebook.get("cells"), list):
        raise Doubtful("it is not a notebook of format 4")
    if not all(_is_cell(cell) for cell in notebook["cells"]):
        raise Doubtful("some of its cells are damaged")
    return notebook


def _is_cell(cell: Any) -> bool:
    if not isinstance(cell, dict) or cell.get("cell_type") not in TYPES:
        return False
    text = cell.get("source")
    lines = text if isinstance(text, list) else [text]
    return isinstance(cell.get("metadata", {}), dict) and all(isinstance(line, str) for line in lines)


def source(cell: Cell) -> str:
    """A cell's text with the line ends of this course; editors write others, and add or take the last one."""
    text = "".join(cell["source"])
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip()


def digest(cell: Cell) -> str:
    """What tells whether a cell's text has been changed: outputs, numbers and metadata do not count."""
    return hashlib.sha256(f"{cell['cell_type']}\n{source(cell)}".encode()).hexdigest()[:16]


def digests(notebook: dict[str, Any]) -> list[str]:
    """The digest of every cell, in order; cells without text are nobody's work."""
    return [digest(cell) for cell in notebook["cells"] if source(cell)]


def names(cell: Cell) -> list[str]:
    """What a cell may be called: by nbgrader, by the format's own field, and by Colab, which moves that."""
    metadata = cell.get("metadata", {})
    nbgrader = metadata.get("nbgrader")
    found = [nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None, cell.get("id"), metadata.get("id")]
    return [name for name in found if isinstance(name, str)]


def key(cell: Cell) -> str:
    """What the course calls a cell of its own."""
    return (names(cell) or [""])[0]


def defined(cell: Cell) -> list[str]:
    """The functions that a code cell defines at the left edge."""
    if cell["cell_type"] != "code":
        return []
    return [found[1] or found[2] for found in DEFINED.finditer(source(cell))]


def told(cell: Cell) -> list[str]:
    """The names that a cell's text tells where nothing else does: of prompts, answers and checks."""
    if cell["cell_type"] == "markdown":
        return [f"{found[1]}-prompt" for found in [HEADED.match(source(cell))] if found]
    if cell["cell_type"] != "code":
        return []
    return ([f"{name}-answer" for name in defined(cell)]
            or [f"{name}-check" for name in CHECKED.findall(source(cell))])
