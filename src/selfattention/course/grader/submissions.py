"""Find the submissions in a folder or an archive, whatever a learning platform called them.

Nothing is unpacked under a name of somebody else's choosing, no link is followed, and what cannot be graded is not
left out: it is found with the reason.
"""

import os
import re
import shutil
import stat
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from selfattention import problems
from selfattention.course.reading import LARGEST_BYTES, Notebook, Unreadable, chapter_of, parse, too_large

# How platforms name what they export. A pattern of one's own needs a group `student`; a group `number` tells apart
# students of one name.
PATTERNS = {
    "moodle": r"(?P<student>[^/]+?)_(?P<number>\d+)_assignsubmission_file(?:[_/].*)?",
    "canvas": r"(?P<student>[^/_]+)(?:_LATE)?_(?P<number>\d+)_\d+_[^/]+",
}
ENDING = re.compile(r"\.(zip|tgz|tar(\.\w+)?)$", re.IGNORECASE)
SKIPPED = "__MACOSX"
LINK = "it is a link, which is not followed"
NO_NOTEBOOK = "there is no notebook in the folder"
NAME_BYTES = 100
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
    number: str = ""  # by which a platform tells its student from others of that name

    @property
    def chapter(self) -> str:
        """The chapter it will be graded for; an empty string where it will not be."""
        named = any(chapter in self.name for chapter in problems.chapters())
        try:
            notebook = Notebook([], "") if named or self.path is None else parse(self.read(), Path(self.name))
            return chapter_of(notebook, Path(self.name))
        except (Unreadable, OSError):
            return ""

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


def find(where: Path, pattern: str | None, unpacked: Path, report: Path | None = None) -> list[Found]:
    """Every student's submissions under a folder, or in a zip or tar archive, sorted by student.

    Args:    pattern: a name of `PATTERNS`, or a regular expression with a group `student` for the path of a notebook.
             unpacked: an empty folder; notebooks of an archive are put there, under numbers.
             report: a folder that is no student's.
    Raises:  NoSubmissions: there are none, or the archive or the pattern is damaged.
    """
    wanted = _patterns(pattern)
    if not where.exists():
        raise NoSubmissions(f"{where} does not exist: give a folder of submissions, or a zip or tar of it")
    if where.is_dir():
        entries, owner = list(_in_folder(where, report and report.resolve())), where.resolve().name
    else:
        owner = ENDING.sub("", where.name)
        entries = _answered_or_not(_without_the_folder_itself(list(_in_archive(where, unpacked)), owner))
    found = _with_numbers([_assigned(entry, owner, wanted, pattern) for entry in entries if _is_meant(entry)])
    answered = {entry.student for entry in found if entry.reason != NO_NOTEBOOK}
    found = _without_twins([one for one in found if one.reason != NO_NOTEBOOK or one.student not in answered])
    if not found:
        raise NoSubmissions(f"there are no notebooks in {where}: STUDENT/02_softmax.ipynb is what is looked for")
    return sorted(found, key=lambda entry: (entry.student, entry.name, entry.origin))


def only(found: list[Found], chapters: list[str]) -> list[Found]:
    """The submissions for some chapters; a student who has handed in nothing for them is marked."""
    kept = [one for one in found if one.chapter in (*chapters, "")]
    without = {one.student for one in found} - {one.student for one in kept}
    reason = f"there is no notebook of {' or '.join(chapters)}"
    return sorted(kept + [Found(student, "", student, reason=reason) for student in without],
                  key=lambda one: (one.student, one.name, one.origin))


def _patterns(pattern: str | None) -> list[re.Pattern]:
    try:
        texts = [PATTERNS.get(pattern, pattern)] if pattern else PATTERNS.values()
        wanted = [re.compile(text, re.IGNORECASE) for text in texts]
    except re.error as error:
        raise NoSubmissions(f"--pattern {pattern!r} is no regular expression ({error})") from None
    if any("student" not in one.groupindex for one in wanted):
        raise NoSubmissions(f"--pattern {pattern!r} names nobody: it needs a group like (?P<student>[^/]+)")
    return wanted


def _is_meant(entry: Found) -> bool:
    """False for what stands beside students' folders and is no notebook, unless a platform's name tells whose it is."""
    beside = "/" not in entry.origin and entry.reason == NO_NOTEBOOK and entry.name != ""
    return not beside or any(re.fullmatch(one, entry.origin, re.IGNORECASE) for one in PATTERNS.values())


def _assigned(entry: Found, owner: str, wanted: list[re.Pattern], pattern: str | None) -> Found:
    """The entry with its student, which the path tells; `owner` has those that lie in no folder."""
    path = entry.origin
    match = next(filter(None, (one.fullmatch(path) for one in wanted)), None)
    name, origin, number = clean(entry.name), clean(path), ""
    if match is not None and match["student"]:
        student, number = match["student"], match.groupdict().get("number") or ""
    elif pattern:
        reason = entry.reason or f"its name does not fit the pattern {pattern!r}"
        return replace(entry, student=origin, name=name, origin=origin, reason=reason)
    else:
        parts = path.split("/")
        parts = parts[1:] if parts[0] == "submitted" and len(parts) > 1 else parts
        student = parts[0] if len(parts) > 1 or entry.name == "" else owner
    return replace(entry, student=clean(student) or "(no name)", name=name, origin=origin, number=number)


def clean(name: str) -> str:
    """A name as it can be shown and saved: no half characters, no control characters, not longer than a line."""
    name = unicodedata.normalize("NFC", name.encode("utf-8", "backslashreplace").decode())
    return "".join(character if character.isprintable() else "?" for character in name)[:200].strip()


def _with_numbers(entries: list[Found]) -> list[Found]:
    """Students of one name whom the platform tells apart by a number get it into their names."""
    numbers: dict[str, set[str]] = {}
    for entry in entries:
        numbers.setdefault(entry.student, set()).add(entry.number)
    return [replace(entry, student=f"{entry.student} {entry.number}".strip())
            if len(numbers[entry.student]) > 1 else entry for entry in entries]


def _without_twins(entries: list[Found]) -> list[Found]:
    """Two notebooks of one student for one chapter are both set aside: the teacher knows which counts."""
    groups: dict[tuple[str, str], list[Found]] = {}
    for entry in entries:
        groups.setdefault((entry.student, entry.chapter or entry.origin), []).append(entry)
    kept = []
    for group in groups.values():
        if len(group) > 1:
            all_of_them = ", ".join(sorted(entry.origin for entry in group))
            told = "; ".join(sorted({entry.reason for entry in group if entry.reason}))
            reason = f"there are {len(group)} submissions for one chapter: keep one of {all_of_them}"
            if all("/" not in entry.origin for entry in group):
                reason += ", or say with --pattern how their names tell the students"
            group = [replace(group[0], path=None, reason=f"{reason} ({told})" if told else reason)]
        kept += group
    return kept


def _in_folder(where: Path, report: Path | None) -> Iterator[Found]:
    """Notebooks in a folder; and students' folders that hold none."""
    top = where / "submitted"
    top = top if top.is_dir() and not top.is_symlink() else where
    for path in sorted({*where.iterdir(), *top.iterdir()} - {top}):
        origin = path.relative_to(where).as_posix()
        if path.name.startswith(".") or path.name == SKIPPED or path.resolve() == report:
            continue
        if path.is_symlink():
            yield Found("", path.name if _is_notebook(path.name) else "", origin, reason=LINK)
        elif path.is_dir():
            yield from _in_students_folder(path, where, origin)
        elif path.parent == where:
            yield _file(path, origin)


def _in_students_folder(folder: Path, where: Path, origin: str) -> Iterator[Found]:
    troubles: list[OSError] = []
    count = 0
    for parent, folders, names in os.walk(folder, onerror=troubles.append):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != SKIPPED)
        for name in sorted(names):
            if _is_notebook(name):
                count += 1
                path = Path(parent, name)
                yield _file(path, path.relative_to(where).as_posix())
    if troubles or not count:
        reason = f"a folder cannot be read ({troubles[0].strerror})" if troubles else NO_NOTEBOOK
        yield Found("", "", origin, reason=reason)


def _is_notebook(name: str) -> bool:
    return name.lower().endswith(".ipynb") and not name.startswith(".")


def _file(path: Path, origin: str) -> Found:
    mode = path.lstat().st_mode
    if not _is_notebook(path.name):
        return Found("", path.name, origin, reason=NO_NOTEBOOK)
    if stat.S_ISREG(mode):
        return Found("", path.name, origin, path)
    return Found("", path.name, origin, reason=LINK if stat.S_ISLNK(mode) else "it is not a plain file")


def _in_archive(where: Path, unpacked: Path) -> Iterator[Found]:
    """What is in a tar or zip archive; a tar may look like the zip that lies in it, so it is asked first."""
    try:
        if tarfile.is_tarfile(where):
            yield from _in_tar(where, unpacked)
        elif zipfile.is_zipfile(where):
            yield from _in_zip(where, unpacked)
        else:
            raise NoSubmissions(f"{where} is neither a folder nor a zip or tar archive, or not a whole one: unpack it "
                                "first, or download it again")
    except NoSubmissions:
        raise
    except Exception as error:  # every decompressor has its own kinds
        raise NoSubmissions(f"{where} is a damaged archive ({type(error).__name__}: {error}): download or make it again"
                            ) from None


def _without_the_folder_itself(entries: list[Found], owner: str) -> list[Found]:
    """The entries of an archive that holds the folder of submissions, and not just what is in it."""
    tops = {entry.origin.partition("/")[0] for entry in entries}
    below = [replace(entry, origin=entry.origin.partition("/")[2]) for entry in entries]
    if len(tops) != 1 or tops == {"submitted"} or any(not entry.origin for entry in below if entry.name):
        return entries
    below = [entry for entry in below if entry.origin]
    notebooks = [entry for entry in below if entry.reason != NO_NOTEBOOK]
    in_folders = all("/" in entry.origin for entry in notebooks)
    chapters = [entry.chapter or entry.origin for entry in notebooks]
    named = all(any(re.fullmatch(one, entry.origin, re.IGNORECASE) for one in PATTERNS.values()) for entry in notebooks)
    twins = len(set(chapters)) < len(chapters)
    nbgraders = all(entry.origin.startswith("submitted/") for entry in notebooks)
    return below if nbgraders or named or (in_folders and (twins or tops == {owner})) else entries


def _answered_or_not(entries: list[Found]) -> list[Found]:
    """Of the folders that were seen in an archive, those of students without a notebook; and all notebooks."""
    def student(entry: Found) -> str:
        parts = entry.origin.split("/")
        return "/".join(parts[:2] if parts[0] == "submitted" else parts[:1])

    notebooks = [entry for entry in entries if entry.name]
    answered = {student(entry) for entry in notebooks}
    without = {student(entry) for entry in entries if not entry.name} - answered - {"submitted"}
    return notebooks + [Found("", "", name, reason=NO_NOTEBOOK) for name in sorted(without)]


def _in_zip(where: Path, unpacked: Path) -> Iterator[Found]:
    with zipfile.ZipFile(where) as archive:
        members = [(member.filename, _zip_trouble(member), lambda member=member: archive.open(member))
                   for member in archive.infolist() if not member.is_dir()]
        if not any("/" in name for name, *_ in members):  # some Windows programs write the other stroke
            members = [(name.replace("\\", "/"), *rest) for name, *rest in members]
        yield from _unpacked(members, unpacked)


def _zip_trouble(member: zipfile.ZipInfo) -> str:
    mode = member.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "it is not a plain file in the archive"
    return "it is encrypted: unpack the archive with its password first" if member.flag_bits & 1 else ""


def _in_tar(where: Path, unpacked: Path) -> Iterator[Found]:
    with tarfile.open(where) as archive:
        members = ((member.name, "" if member.isreg() else "it is not a plain file in the archive",
                    lambda member=member: archive.extractfile(member)) for member in archive if not member.isdir())
        yield from _unpacked(members, unpacked)
        # Python takes a damaged header in the middle for the end; after a real end there are zeros only.
        archive.fileobj.seek(archive.offset)
        while rest := archive.fileobj.read(2**16):
            if any(rest):
                raise NoSubmissions(f"{where} is a damaged archive: download or make it again")


def _unpacked(members: Iterable[tuple[str, str, Callable[[], IO[bytes]]]], folder: Path) -> Iterator[Found]:
    """The notebooks among an archive's members, each copied to a file whose name is a number; and all folders."""
    total, folders = 0, set()
    for number, (name, trouble, opened) in enumerate(members):
        if number >= MOST_FILES:
            raise NoSubmissions(f"the archive holds more than {MOST_FILES} files: is it a folder of submissions?")
        parts = [part for part in PurePosixPath(name).parts if part not in ("/", "..", ".")]
        if not parts or any(part.startswith(".") or part == SKIPPED for part in parts):
            continue
        origin, path = "/".join(parts), folder / f"{number}.ipynb"
        if parts[:-1]:
            folders.add("/".join(parts[:-1]))
        if _is_notebook(parts[-1]):
            if not trouble:
                total, trouble = _copied(opened, path, total)
            yield Found("", parts[-1], origin, None if trouble else path, trouble)
        elif len(parts) <= 2:
            yield Found("", parts[-1], origin, reason=NO_NOTEBOOK)  # its name may tell whose it is
    for name in sorted(folders):
        yield Found("", "", name, reason=NO_NOTEBOOK)


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
        big = f"the archive unpacks to more than {MOST_BYTES // 2**30} GB"
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
        name = re.sub(r"[^\w@+,. -]", "_", unicodedata.normalize("NFC", student))
        name = name.encode()[:NAME_BYTES].decode(errors="ignore").strip(" .") or "_"
        if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name):
            name = f"_{name}"
        base, number = name, 1
        while unicodedata.normalize("NFC", name.casefold()) in taken:
            number += 1
            name = f"{base}-{number}"
        taken.add(unicodedata.normalize("NFC", name.casefold()))
        names[student] = name
    return names
