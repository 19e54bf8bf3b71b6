"""What is in a folder on disk. Nothing that a student has put there ends the looking: it is told as that student's."""

import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from selfattention.course.grader.archives import LINK, NO_FILE, NOT_OPENED, SKIPPED, Entry, Kind, kind_of
from selfattention.course.grader.names import clean
from selfattention.course.reading import LARGEST_FILE_BYTES, too_large

MOST_DEEP = 50
MOST_ENTRIES = 100_000  # of one student
NOT_LISTED = "a folder cannot be read"


def at_the_top(where: Path, report: Path | None = None) -> list[Entry]:
    """What lies in the folder of a class, without a look into what lies there.

    Args:    report: a folder that is no student's.
    Raises:  OSError: the folder cannot be read.
    """
    ours = _identity(report) if report else None
    with os.scandir(where) as found:
        listed = sorted(found, key=lambda one: one.name)
    return [_entry(one, one.name) for one in listed
            if one.name != SKIPPED and (ours is None or _identity(one.path) != ours)]


def below(folder: Path, origin: str) -> Iterator[Entry]:
    """What lies in a student's folder; in hidden ones a first notebook, where there is none elsewhere."""
    walk = _Walk()
    missing = True
    for entry in walk.through(folder, origin, 0):
        missing = missing and entry.kind != Kind.NOTEBOOK
        yield entry
    for hidden in walk.hidden if missing else ():
        for entry in walk.through(*hidden):
            if entry.kind == Kind.NOTEBOOK:
                yield Entry(entry.origin, Kind.HIDDEN)
                return


class _Walk:
    """Goes through folders one after the other: a thousand nested ones would be too many for recursion."""

    def __init__(self) -> None:
        self._left = MOST_ENTRIES
        self.hidden: list[tuple[Path, str, int]] = []

    def through(self, folder: Path, origin: str, depth: int) -> Iterator[Entry]:
        """What lies in a folder and in those below it; the hidden ones are only noted."""
        waiting = [(folder, origin, depth)]
        while waiting and self._left >= 0:
            folder, origin, depth = waiting.pop()
            for entry in self._listed(folder, origin):
                yield entry
                if entry.kind != Kind.FOLDER:
                    continue
                if entry.name.startswith("."):
                    self.hidden.append((entry.path, entry.origin, depth + 1))
                elif depth == MOST_DEEP:
                    reason = f"folders more than {MOST_DEEP} deep are not looked into: {clean(entry.origin)}"
                    yield Entry(entry.origin, Kind.TROUBLE, reason=reason)
                elif entry.name != SKIPPED:
                    waiting.append((entry.path, entry.origin, depth + 1))

    def _listed(self, folder: Path, origin: str) -> list[Entry]:
        try:
            with os.scandir(folder) as found:
                listed = sorted(islice(found, self._left + 1), key=lambda one: one.name)
        except OSError as error:
            return [Entry(origin, Kind.TROUBLE, reason=f"{NOT_LISTED} ({error.strerror}): {clean(origin)}")]
        self._left -= len(listed)
        if self._left < 0:
            return [Entry(origin, Kind.TROUBLE, reason=f"there are more than {MOST_ENTRIES} files and folders in it")]
        return [_entry(one, f"{origin}/{one.name}") for one in listed]


def _identity(path: str | Path) -> tuple[int, int] | None:
    """What tells a folder from others, however its path is written; None where it leads nowhere."""
    try:
        told = os.stat(path)
        return told.st_dev, told.st_ino
    except (OSError, ValueError):
        return None


def _entry(one: os.DirEntry, origin: str) -> Entry:
    """What one thing in a folder is."""
    path, kind = Path(one.path), kind_of(one.name)
    try:
        told = one.stat(follow_symlinks=False)
    except OSError as error:
        reason = f"it cannot be read ({error.strerror})"
        return Entry(origin, kind if kind == Kind.NOTEBOOK else Kind.TROUBLE, reason=reason)
    if stat.S_ISDIR(told.st_mode):
        return Entry(origin, Kind.FOLDER, path)
    reason = "" if stat.S_ISREG(told.st_mode) else LINK if stat.S_ISLNK(told.st_mode) else NO_FILE
    if reason and kind != Kind.NOTEBOOK:
        return Entry(origin, Kind.ODD, reason=reason)
    if kind == Kind.NOTEBOOK and not reason and told.st_size > LARGEST_FILE_BYTES:
        reason = too_large(told.st_size)
    return Entry(origin, kind, None if reason else path, NOT_OPENED if kind == Kind.ODD else reason)
