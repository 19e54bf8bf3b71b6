"""Folders for a while: each goes away with whoever made it or, where that was killed, with the next one made."""

import contextlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

import filelock

PREFIX = "selfattention-"
LOCK = "lock"


class Folder:
    """An empty folder that is ours as long as this process lives, or until `remove`.

    A lock in it tells others that it is in use: the system lets go of it when the process ends, however that comes.
    """

    def __init__(self) -> None:
        if not _swept:
            sweep()
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
            self._lock = filelock.FileLock(self.path / LOCK)
            with contextlib.suppress(filelock.Timeout, OSError):
                self._lock.acquire(blocking=False)
                if (self.path / LOCK).exists():  # else somebody swept it away before the lock was ours
                    return

    def __enter__(self) -> "Folder":
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove it with all that is in it."""
        with contextlib.suppress(OSError):
            _remove(self.path, self._lock)


_swept: list[bool] = []


def sweep() -> None:
    """Remove the folders of those who could not do it themselves."""
    _swept[:] = [True]
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, filelock.Timeout):
            told = path.lstat()
            if not stat.S_ISDIR(told.st_mode) or (hasattr(os, "geteuid") and told.st_uid != os.geteuid()):
                continue
            lock = filelock.FileLock(path / LOCK)
            lock.acquire(blocking=False)
            _remove(path, lock)


def _remove(path: Path, lock: filelock.BaseFileLock) -> None:
    """Remove a folder while its lock is ours: first what is in it, the lock last."""
    for entry in path.iterdir():
        if entry.name != LOCK and (entry.is_symlink() or not entry.is_dir()):
            entry.unlink()
        elif entry.name != LOCK:
            shutil.rmtree(entry, ignore_errors=True)
            _open_up(entry)
            shutil.rmtree(entry, ignore_errors=True)
    if os.name == "nt":  # which removes no file that is open
        lock.release()
    (path / LOCK).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        path.rmdir()
    lock.release()


def _open_up(folder: Path) -> None:
    """Let its owner remove what is in a folder, whatever modes somebody gave it; no link is followed."""
    for parent, folders, _ in os.walk(folder):
        for inside in [parent, *(os.path.join(parent, name) for name in folders)]:
            with contextlib.suppress(OSError):
                if not os.path.islink(inside):
                    os.chmod(inside, 0o700)
