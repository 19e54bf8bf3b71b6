"""Find the submissions in a folder or an archive, whatever a learning platform called them.

Nothing is unpacked under a name of somebody else's choosing, no link is followed, and what cannot be graded is not
left out: it is found with the reason.
"""

import json
import os
import re
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from selfattention import problems
from selfattention.course.submission import LARGEST_BYTES, too_large

# How platforms name what they export. A pattern of one's own needs a group `student`.
PATTERNS = {
    "moodle": r"(?P<student>[^/]+?)_\d+_assignsubmission_file(?:_/|_|/).+\.ipynb",
    "canvas": r"(?P<student>[^/_]+)(?:_LATE)?_\d+_\d+_[^/]+\.ipynb",
}
SKIPPED = {".ipynb_checkpoints", "__MACOSX", ".git"}
LINK = "it is a link, which is not followed"
MOST_FILES = 100_000
MOST_BYTES = 4 * 2**30


class NoSubmissions(ValueError):
    """There is nothing to grade; the message says where was looked and for what."""


@dataclass(frozen=True)
class Found:
    """One student's notebook, or the reason why it cannot be graded."""

    student: str
    name: str  # of the file
    origin: str  # where it was found
    path: Path | None = None
    reason: str = ""

    @property
    def chapter(self) -> str:
        """The chapter it answers, as far as its name or its metadata tell; else an empty string."""
        for chapter in problems.chapters():
            if chapter in self.name:
                return chapter
        if self.path is None:
            return ""
        try:
            noted = json.loads(self.read())["metadata"]["selfattention"]["chapter"]
        except (ValueError, KeyError, TypeError, RecursionError, OSError):
            noted = None
        return noted if isinstance(noted, str) and noted in problems.chapters() else ""

    def read(self) -> bytes:
        """The file's bytes, at most one more than are graded.

        Raises:  OSError: it cannot be read, or is no longer a plain file.
        """
        handle = os.open(self.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
                         | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(22, "it is not a plain file")
            return file.read(LARGEST_BYTES + 1)


def find(where: Path, pattern: str | None, unpacked: Path) -> list[Found]:
    """Every student's submissions under a folder, or in a zip or tar archive, sorted by student.

    Args:    pattern: a name of `PATTERNS`, or a regular expression with a group `student` for the path of a notebook.
             unpacked: an empty folder; notebooks of an archive are put there, under numbers.
    Raises:  NoSubmissions: there are none.
    """
    if not where.exists():
        raise NoSubmissions(f"{where} does not exist: give a folder of submissions, or a zip or tar of it")
    if where.is_dir():
        entries = _in_folder(where)
    elif zipfile.is_zipfile(where):
        entries = _in_zip(where, unpacked)
    elif tarfile.is_tarfile(where):
        entries = _in_tar(where, unpacked)
    else:
        raise NoSubmissions(f"{where} is neither a folder nor a zip or tar archive")
    found = _without_twins([_assigned(entry, where, pattern) for entry in entries])
    if not found:
        raise NoSubmissions(f"there are no notebooks in {where}: STUDENT/02_softmax.ipynb is what is looked for")
    return sorted(found, key=lambda entry: (entry.student, entry.name, entry.origin))


def _assigned(entry: Found, where: Path, pattern: str | None) -> Found:
    """The entry with its student, which the path tells."""
    path = entry.origin
    wanted = [PATTERNS.get(pattern, pattern)] if pattern else PATTERNS.values()
    matches = filter(None, (re.fullmatch(one, path) for one in wanted))
    match = next(matches, None)
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..", ".")]
    if match is not None:
        student = match["student"]
    elif pattern:
        reason = entry.reason or f"its name does not fit the pattern {pattern!r}"
        return replace(entry, student=clean(path), name=clean(entry.name), origin=clean(path), reason=reason)
    else:
        parts = parts[1:] if parts[:1] == ["submitted"] and len(parts) > 1 else parts
        student = parts[0] if len(parts) > 1 or entry.name == "" else where.resolve().stem
    return replace(entry, student=clean(student) or "(no name)", name=clean(entry.name), origin=clean(path))


def clean(name: str) -> str:
    """A name as it can be shown and saved: no half characters, no control characters, not longer than a line."""
    name = name.encode("utf-8", "replace").decode()
    return "".join(character if character.isprintable() else "?" for character in name)[:200].strip()


def _without_twins(entries: list[Found]) -> list[Found]:
    """Two notebooks of one student for one chapter are both set aside: the teacher knows which counts."""
    groups: dict[tuple[str, str], list[Found]] = {}
    for entry in entries:
        groups.setdefault((entry.student, entry.chapter or entry.origin), []).append(entry)
    kept = []
    for group in groups.values():
        if len(group) > 1:
            all_of_them = ", ".join(sorted(entry.origin for entry in group))
            reason = f"there are {len(group)} submissions for one chapter: keep one of {all_of_them}"
            group = [replace(entry, path=None, reason=entry.reason or reason) for entry in group[:1]]
        kept += group
    return kept


def _in_folder(where: Path) -> Iterator[Found]:
    """Notebooks in a folder; and students' folders that hold none."""
    if any(entry.suffix.lower() == ".ipynb" for entry in where.iterdir()):
        yield from _notebooks(where, where, deep=False)
    top = where / "submitted" if (where / "submitted").is_dir() else where
    for folder in sorted(top.iterdir()):
        if folder.name in SKIPPED or folder.name.startswith("."):
            continue
        origin = folder.relative_to(where).as_posix()
        if folder.is_symlink():
            if folder.suffix.lower() != ".ipynb":
                yield Found("", "", origin, reason=LINK)
        elif folder.is_dir():
            inside = list(_notebooks(folder, where, deep=True))
            yield from inside or [Found("", "", origin, reason="there is no notebook in the folder")]


def _notebooks(folder: Path, where: Path, *, deep: bool) -> Iterator[Found]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - SKIPPED) if deep else []
        for name in sorted(names):
            path = Path(parent, name)
            if not name.lower().endswith(".ipynb") or name.startswith("."):
                continue
            origin = path.relative_to(where).as_posix()
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                yield Found("", name, origin, path)
            else:
                yield Found("", name, origin, reason=LINK if stat.S_ISLNK(mode) else "it is not a plain file")


def _in_zip(where: Path, unpacked: Path) -> Iterator[Found]:
    try:
        with zipfile.ZipFile(where) as archive:
            members = [(member.filename, _zip_trouble(member), lambda member=member: archive.open(member))
                       for member in archive.infolist() if not member.is_dir()]
            yield from _unpacked(members, unpacked)
    except (zipfile.BadZipFile, EOFError) as error:
        raise NoSubmissions(f"{where} is a damaged archive ({error}): download or make it again") from None


def _zip_trouble(member: zipfile.ZipInfo) -> str:
    mode = member.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "it is not a plain file in the archive"
    return "it is encrypted: unpack the archive with its password first" if member.flag_bits & 1 else ""


def _in_tar(where: Path, unpacked: Path) -> Iterator[Found]:
    try:
        with tarfile.open(where) as archive:
            members = ((member.name, "" if member.isreg() else "it is not a plain file in the archive",
                        lambda member=member: archive.extractfile(member)) for member in archive if not member.isdir())
            yield from _unpacked(members, unpacked)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise NoSubmissions(f"{where} is a damaged archive ({error}): download or make it again") from None


def _unpacked(members: Iterable[tuple[str, str, Callable[[], IO[bytes]]]], folder: Path) -> Iterator[Found]:
    """The notebooks among an archive's members, each copied to a file whose name is a number."""
    total, students, answered = 0, set(), set()
    for number, (name, trouble, opened) in enumerate(members):
        if number >= MOST_FILES:
            raise NoSubmissions(f"the archive holds more than {MOST_FILES} files: is it a folder of submissions?")
        parts = [part for part in PurePosixPath(name).parts if part not in ("/", "..", ".")]
        if not parts or SKIPPED & set(parts) or parts[-1].startswith("."):
            continue
        student = tuple(parts[:2]) if parts[0] == "submitted" else tuple(parts[:1])
        students |= {student} if len(parts) > len(student) else set()
        if not parts[-1].lower().endswith(".ipynb"):
            continue
        answered.add(student)
        origin, path = "/".join(parts), folder / f"{number}.ipynb"
        if not trouble:
            total, trouble = _copied(opened, path, total)
        yield Found("", parts[-1], origin, None if trouble else path, trouble)
    for student in sorted(students - answered):
        yield Found("", "", "/".join(student), reason="there is no notebook in the folder")


def _copied(opened: Callable[[], IO[bytes]], path: Path, total: int) -> tuple[int, str]:
    """Copy a member, and add its size to the total; or say why not."""
    try:
        with opened() as source, path.open("wb") as target:
            shutil.copyfileobj(_Limited(source), target)
    except Exception as error:  # every decompressor has its own kinds
        return total, f"it cannot be unpacked ({type(error).__name__}: {error})"
    size = path.stat().st_size
    if size > LARGEST_BYTES or total + size > MOST_BYTES:
        path.unlink()
        big = f"the archive unpacks to more than {MOST_BYTES} bytes"
        return total, too_large(size) if size > LARGEST_BYTES else big
    return total + size, ""


class _Limited:
    """A file that ends soon after the largest size that is graded."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self._left = source, LARGEST_BYTES + 1

    def read(self, count: int) -> bytes:
        part = self._source.read(min(count, self._left))
        self._left -= len(part)
        return part


def file_names(students: Iterable[str]) -> dict[str, str]:
    """A file name for each student, safe and different on every system, and the student's name where that is."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for student in sorted(set(students)):
        name = re.sub(r"[^\w@+,. -]", "_", student).strip(" .")[:100] or "_"
        if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name):
            name = f"_{name}"
        base, number = name, 1
        while name.casefold() in taken:
            number += 1
            name = f"{base}-{number}"
        taken.add(name.casefold())
        names[student] = name
    return names
