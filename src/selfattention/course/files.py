"""Where the course's files are, and how a file is written so that none is ever half written."""

import contextlib
import os
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
UNFINISHED = ".unfinished"
FOLDERS = ("notebooks", "exercises", "solutions")


def root() -> Path:
    """The folder that holds `notebooks`, `exercises` and `solutions`: the repository, or the installed package."""
    return PACKAGE if (PACKAGE / "notebooks").is_dir() else PACKAGE.parents[1]


def write_whole(path: Path, text: str, within: Path | None = None) -> None:
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
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
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
