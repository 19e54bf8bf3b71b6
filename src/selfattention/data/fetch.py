"""Fetch a file once, whole and verified: with a progress bar, resumable, cached; never a half file under its name."""

import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path

CHUNK = 1 << 16
SECONDS = 30


class NotFetched(OSError):
    """The file could not be had; the message says why and what to do."""


def cache() -> Path:
    """Where fetched files are kept: `SELFATTENTION_DATA`, else a folder in the user's own cache."""
    return Path(os.environ.get("SELFATTENTION_DATA") or Path.home() / ".cache" / "selfattention")


def fetched(url: str, path: Path, sha256: str, *, progress: bool = True) -> Path:
    """The file at `path`, fetched from `url` if it is not there yet.

    What arrives is written beside it; an interrupted download goes on where it stopped, if the server can.

    Args:    sha256: of the whole file, in hexadecimal.
    Raises:  NotFetched: there is no way to the server, or what came is another file; nothing is left under `path`.
    """
    if path.is_file():
        return verified(path, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        _download(url, part, progress)
    except (urllib.error.URLError, OSError) as error:
        why = getattr(error, "reason", error)
        raise NotFetched(f"{url} could not be fetched ({why}). Try again where there is a network, or put the file "
                         f"{path.name} into a folder and name that folder") from None
    if digest(part) != sha256:
        part.unlink()
        raise NotFetched(f"{url} gave another file than expected (SHA-256 differs): nothing was kept. Try again; "
                         "if it stays so, the file has changed at its home")
    os.replace(part, path)
    return path


def verified(path: Path, sha256: str) -> Path:
    """The file, if it is the expected one.

    Raises:  NotFetched: it is missing, or another file.
    """
    if not path.is_file():
        raise NotFetched(f"{path} does not exist: the folder must hold a file of this name")
    if digest(path) != sha256:
        raise NotFetched(f"{path} is not the expected file (SHA-256 differs): delete it and fetch it again")
    return path


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _download(url: str, part: Path, progress: bool) -> None:
    from tqdm.auto import tqdm

    there = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={there}-"} if there else {})
    try:
        response = urllib.request.urlopen(request, timeout=SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is missing any more
            return
        raise
    with response:
        resumed = response.status == 206
        length = response.headers.get("Content-Length")
        total = int(length) + there * resumed if length else None
        bar = tqdm(total=total, initial=there * resumed, unit="B", unit_scale=True, desc=part.stem, leave=False,
                   disable=not progress)
        with part.open("ab" if resumed else "wb") as file, bar:
            while chunk := response.read(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
        if total is not None and part.stat().st_size < total:
            raise OSError(f"the connection ended after {part.stat().st_size} of {total} bytes; "
                          "the next try goes on from there")
