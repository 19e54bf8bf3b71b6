"""Where the course's files are, and how a file is written so that none is ever half written."""

import contextlib
import os
import re
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
UNFINISHED = ".unfinished"
FOLDERS = ("notebooks", "exercises", "solutions")
START = "notebooks/00_start_here.ipynb"


def root() -> Path:
    """The folder that holds `notebooks`, `exercises` and `solutions`: the repository, or the installed package."""
    return PACKAGE if (PACKAGE / "notebooks").is_dir() else PACKAGE.parents[1]


def notebook_name(chapter: str, kind: str) -> str:
    """How a chapter's notebook is called: a tab shows no folder, so the kind stands in the name.

    Args:    chapter: such as `02_softmax`. kind: `lesson`, `exercises` or `solutions`.
    Returns: `02_softmax.ipynb`, `02_exercises_softmax.ipynb` or `02_solutions_softmax.ipynb`.
    """
    number, _, rest = chapter.partition("_")
    return f"{chapter}.ipynb" if kind == "lesson" else f"{number}_{kind}_{rest}.ipynb"


def place(chapter: str, kind: str) -> str:
    """Where a chapter's notebook lies, in the repository and in a working copy."""
    return f"{'notebooks' if kind == 'lesson' else kind}/{notebook_name(chapter, kind)}"


def former_place(place: str) -> str:
    """Where a notebook lay when exercises and solutions were called like lessons; the same place for a lesson."""
    return re.sub(r"^(exercises|solutions)/(\d\d_)\1_", r"\1/\2", place)


def write_whole(path: Path, text: str | bytes, within: Path | None = None) -> None:
    """Write `text` to `path` beside it first, then rename: an interruption leaves the old file or the new one.

    Args:    within: a folder that must be there; what is missing below it is made.
    Raises:  OSError: it cannot be written.
    """
    if within is None:
        path.parent.mkdir(parents=True, exist_ok=True)
    else:
        for parent in [*path.relative_to(within).parents][-2::-1]:
            (within / parent).mkdir(exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def remove_unfinished(folder: Path) -> None:
    """Remove what `write_whole` had begun in a folder when its process was killed."""
    for path in folder.rglob(f".*{UNFINISHED}"):
        with contextlib.suppress(OSError):
            path.unlink()
