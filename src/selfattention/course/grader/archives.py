"""What is in archives: in the one of a class, and in those that students hand in.

Notebooks are copied out under numbers, never under a name of somebody else's choosing, and without the values of their
outputs. What is wrong with a student's archive is told as that student's trouble.
"""

import bz2
import gzip
import io
import os
import re
import shutil
import stat
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import count
from pathlib import Path, PurePosixPath
from typing import IO

from selfattention.course.grader.names import clean
from selfattention.course.reading import LARGEST_BYTES, LARGEST_FILE_BYTES, slim, too_large

ENDING = re.compile(r"\.(zip|tgz|tbz2?|tar(\.\w+)?)$", re.IGNORECASE)
OPENED = re.compile(r"\.(zip|tgz|tbz2?|tar(\.gz|\.bz2)?)$", re.IGNORECASE)  # of what students hand in
CLOSED = re.compile(r"\.(7z|rar|gz|bz2|t?xz|zst)$", re.IGNORECASE)
SKIPPED = "__MACOSX"
LEFT_BEHIND = (".ipynb_checkpoints", ".git")  # folders that are nobody's, wherever they lie
LINK = "it is a link, which is not followed"
NO_FILE = "it is not a plain file"
NOT_OPENED = "it is an archive of a kind that is not opened: zip, tar and tar.gz are"
NESTED = "it is an archive in an archive, which is not opened"
MOST_FILES = 100_000  # in an archive
MOST_BYTES = 4 * 2**30  # unpacked of all archives together
MOST_BYTES_OF_ONE = 2**30  # unpacked of the archives that one student has handed in
MOST_AT_ONCE = 16 * 2**20  # more than the list of files in an honest zip, or the longest name in a tar
NO_ROOM = (f"no more than {MOST_BYTES // 2**30} GB are unpacked of a class, and {MOST_BYTES_OF_ONE // 2**30} GB of one "
           "student's archives: unpack it into a folder first")

TOO_LARGE = (f"is larger than {LARGEST_FILE_BYTES // 2**20} MB: open it, choose Edit > Clear Outputs of All Cells, and "
             "save it")
UNFOLDS = "unpacks to more than is looked at"


class NoSubmissions(ValueError):
    """There is nothing to grade; the message says where was looked and for what."""


class TooMuch(Exception):
    """An archive holds more than is looked at."""


class Kind(Enum):
    """What an entry is, as far as it matters here."""

    NOTEBOOK = "a notebook"
    ARCHIVE = "an archive"
    FOLDER = "a folder"
    OTHER = "any other file"
    HIDDEN = "a notebook in a hidden folder"
    ODD = "something that may have been meant as a notebook; the reason says why it is none"
    TROUBLE = "something that cannot be looked into; the reason says why"
    EMPTY = "a folder or file of a student in which there is no notebook"


@dataclass(frozen=True)
class Entry:
    """Something in a folder or an archive, by its path there; `archive` is the student's one that it lay in."""

    origin: str
    kind: Kind
    path: Path | None = None
    reason: str = ""
    archive: str = ""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.origin.rpartition("/")[2]


def kind_of(name: str) -> Kind:
    """What a file is by its name."""
    if name.startswith("."):
        return Kind.OTHER
    if name.lower().endswith(".ipynb"):
        return Kind.NOTEBOOK
    return Kind.ARCHIVE if OPENED.search(name) else Kind.ODD if CLOSED.search(name) else Kind.OTHER


def opened(path: Path) -> io.FileIO:
    """A plain file, opened to be read.

    Raises:  OSError: it cannot be read, or is no longer a plain file.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
                     | getattr(os, "O_BINARY", 0))
    file = io.FileIO(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        raise OSError(22, NO_FILE)
    return file


class Room:
    """A folder for what is unpacked, and how much it still takes."""

    def __init__(self, folder: Path, whole: "Room | None" = None) -> None:
        self.folder, self._whole = folder, whole
        self._numbers = whole._numbers if whole else count()
        self.files, self.bytes = MOST_FILES, min(MOST_BYTES_OF_ONE, whole.bytes) if whole else MOST_BYTES

    def share(self) -> "Room":
        """Room for one student, who cannot use up what is there for all."""
        return Room(self.folder, self)

    def free_path(self, ending: str) -> Path:
        """Where nothing is yet."""
        return self.folder / f"{next(self._numbers)}{ending}"

    def take(self, size: int) -> None:
        """Note that so many bytes were unpacked."""
        self.bytes -= size
        if self._whole:
            self._whole.take(size)

    def take_file(self) -> None:
        """Note that one more file of an archive is looked at.

        Raises:  TooMuch: there are too many.
        """
        self.files -= 1
        if self.files < 0:
            raise TooMuch(f"holds more than {MOST_FILES} files")


Opener = Callable[[], IO[bytes]]
Members = Iterator[tuple[str, str, Opener | None]]  # path, what is wrong with it, and how to open what is no folder


def in_archive(where: Path, room: Room) -> Iterator[Entry]:
    """What is in the archive of a class; a tar may look like the zip that lies in it, so it is asked first.

    Raises:  NoSubmissions: it is no archive, a damaged one, or holds too many files.
    """
    try:
        if tarfile.is_tarfile(where):
            with tarfile.open(where) as archive:
                yield from _unpacked(_in_tar(archive), room)
        elif zipfile.is_zipfile(where):
            with zipfile.ZipFile(where) as archive:
                yield from _unpacked(_in_zip(archive), room)
        else:
            raise NoSubmissions(f"{where} is neither a folder nor a zip or tar archive, or not a whole one: unpack it "
                                "first, or download it again")
    except NoSubmissions:
        raise
    except TooMuch as error:
        raise NoSubmissions(f"the archive {where} {error}: is it a folder of submissions?") from None
    except Exception as error:  # every decompressor has its own kinds
        raise NoSubmissions(f"{where} is a damaged archive ({type(error).__name__}: {error}): download or make it again"
                            ) from None


def inside(archive: Entry, room: Room) -> Iterator[Entry]:
    """What is in an archive that a student has handed in; archives in it are not opened."""
    name = clean(archive.name)
    trouble = ""
    try:
        with opened(archive.path) as file, _decompressed(file, room.bytes) as whole:
            for entry in _unpacked(_members(whole), room, opening=False):
                yield replace(entry, origin=f"{archive.origin}/{entry.origin}", archive=archive.origin)
    except TooMuch as error:
        trouble = f"{name} {error}"
    except Exception as error:  # every decompressor has its own kinds
        trouble = f"{name} is a damaged archive ({type(error).__name__}: {clean(str(error))})"
    if trouble:
        yield Entry(archive.origin, Kind.TROUBLE, reason=trouble, archive=archive.origin)
    if archive.path.parent == room.folder:
        archive.path.unlink(missing_ok=True)


class _Sparing(io.BufferedReader):
    """A file of which nothing is read in one large piece, nor what lies far behind: the sizes in an archive may lie."""

    last = sys.maxsize

    def read(self, size: int | None = -1) -> bytes:
        wanted = MOST_AT_ONCE + 1 if size is None or size < 0 else size
        if self.tell() > self.last:
            raise TooMuch(UNFOLDS)
        part = super().read(min(wanted, MOST_AT_ONCE + 1))
        if len(part) > MOST_AT_ONCE:
            raise TooMuch("has a longer list of files than is read")
        return part

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_SET and place > self.last:
            raise TooMuch(UNFOLDS)
        return super().seek(place, whence)


def _decompressed(file: io.FileIO, most: int) -> _Sparing:
    """What is in a compressed file; the file itself where it is none."""
    begin = file.read(2)
    file.seek(0)
    if begin not in (b"\x1f\x8b", b"BZ"):
        return _Sparing(file)
    whole = _Sparing(bz2.BZ2File(file) if begin == b"BZ" else gzip.GzipFile(fileobj=file))
    whole.last = most
    return whole


def _members(whole: _Sparing) -> Members:
    """What is in a tar or a zip that may have been made to do harm."""
    try:
        archive = tarfile.open(fileobj=whole, mode="r:")  # noqa: SIM115
    except tarfile.ReadError:
        with zipfile.ZipFile(whole) as archive:
            yield from _in_zip(archive)
    else:
        with archive:
            yield from _in_tar(archive)


def _in_zip(archive: zipfile.ZipFile) -> Members:
    members = archive.infolist()
    backwards = not any("/" in member.filename for member in members)  # some Windows programs write the other stroke
    for member in members:
        name = member.filename.replace("\\", "/") if backwards else member.filename
        yield name, _zip_trouble(member), None if name[-1:] == "/" else lambda member=member: archive.open(member)


def _zip_trouble(member: zipfile.ZipInfo) -> str:
    mode = member.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return f"{NO_FILE} in the archive"
    return "it is encrypted: unpack the archive with its password first" if member.flag_bits & 1 else ""


def _in_tar(archive: tarfile.TarFile) -> Members:
    for member in archive:
        trouble = "" if member.isreg() else f"{NO_FILE} in the archive"
        yield member.name, trouble, None if member.isdir() else lambda member=member: archive.extractfile(member)
    # Python takes a damaged header in the middle for the end; after a real end there are zeros only.
    archive.fileobj.seek(archive.offset)
    while rest := archive.fileobj.read(2**16):
        if any(rest):
            raise tarfile.ReadError("there is more after its end")


def _unpacked(members: Members, room: Room, *, opening: bool = True) -> Iterator[Entry]:
    """What is in an archive, without what systems leave behind; `opening`: archives in it are to be opened."""
    folders = set()
    for name, trouble, open_ in members:
        room.take_file()
        parts = [part for part in PurePosixPath(name).parts if part not in ("/", "//", "..", ".")]
        if not parts or SKIPPED in parts:
            continue
        folders.add("/".join(parts if open_ is None else parts[:-1]))
        if open_ is not None:
            yield from _member(parts, trouble, open_, room, opening)
    for origin in sorted(folders - {""}):
        yield Entry(origin, Kind.FOLDER)


def _member(parts: list[str], trouble: str, open_: Opener, room: Room, opening: bool) -> Iterator[Entry]:
    origin, kind = "/".join(parts), kind_of(parts[-1])
    if kind == Kind.NOTEBOOK:
        yield _notebook(parts, trouble, open_, room)
    elif kind == Kind.ARCHIVE:
        yield _archive(origin, trouble, open_, room) if opening else Entry(origin, Kind.ODD, reason=NESTED)
    elif kind == Kind.ODD:
        yield Entry(origin, kind, reason=NOT_OPENED)
    elif len(parts) <= 2:
        yield Entry(origin, kind)  # its name may tell whose it is


def _notebook(parts: list[str], trouble: str, open_: Opener, room: Room) -> Entry:
    """A notebook of an archive, copied to a file."""
    origin, path = "/".join(parts), room.free_path(".ipynb")
    if trouble or set(parts) & set(LEFT_BEHIND):
        return Entry(origin, Kind.NOTEBOOK, reason=trouble)

    def copy(source: "_Limited") -> str:
        content = slim(source)
        if len(content) > LARGEST_BYTES:
            return too_large(len(content))
        path.write_bytes(content)
        return ""

    trouble = _copied(open_, copy, path, room)
    return Entry(origin, Kind.NOTEBOOK, None if trouble else path, trouble)


def _archive(origin: str, trouble: str, open_: Opener, room: Room) -> Entry:
    """An archive in the archive of a class, copied to a file: it is opened when it is known whose it is."""
    path = room.free_path(".archive")

    def copy(source: "_Limited") -> str:
        with path.open("wb") as target:
            shutil.copyfileobj(source, target)
        return ""

    if trouble := trouble or _copied(open_, copy, path, room):
        return Entry(origin, Kind.TROUBLE, reason=f"{clean(origin.rpartition('/')[2])}: {trouble}")
    return Entry(origin, Kind.ARCHIVE, path)


def _copied(open_: Opener, copy: Callable[["_Limited"], str], path: Path, room: Room) -> str:
    """Copy a member; or say why not, and it takes no room."""
    try:
        with open_() as source:
            limited = _Limited(source, min(LARGEST_FILE_BYTES, room.bytes))
            trouble = copy(limited)
    except Exception as error:  # every decompressor has its own kinds
        trouble = f"it cannot be unpacked ({type(error).__name__}: {clean(str(error))})"
    else:
        if limited.left < 0:
            trouble = NO_ROOM if limited.most < LARGEST_FILE_BYTES else TOO_LARGE
    if trouble:
        path.unlink(missing_ok=True)
    else:
        room.take(limited.most - limited.left)
    return trouble


class _Limited:
    """A file that ends with the first byte that is too much."""

    def __init__(self, source: IO[bytes], most: int) -> None:
        self._source, self.most, self.left = source, most, most

    def read(self, size: int = -1) -> bytes:
        part = self._source.read(self.left + 1 if size < 0 else min(size, self.left + 1))
        self.left -= len(part)
        return part
