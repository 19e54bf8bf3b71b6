"""What a working copy remembers: a small JSON file, changed by one process at a time."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from selfattention.course import files

MEMORY = ".selfattention.json"
LOCK = ".selfattention.lock"
PATIENCE_SECONDS = 5


def recall(folder: Path) -> dict[str, Any]:
    """What is remembered in a folder; nothing where the file is missing or damaged."""
    try:
        memory = json.loads((folder / MEMORY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) else {}


def section(memory: dict[str, Any], name: str) -> dict[str, Any]:
    """One part of a memory, to be read or changed; what is no part is replaced."""
    if not isinstance(memory.get(name), dict):
        memory[name] = {}
    return memory[name]


@contextlib.contextmanager
def changed(folder: Path) -> Iterator[dict[str, Any]]:
    """The memory of a folder, saved after the block: two notebooks may be checked at the same moment.

    Raises:  OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        memory = recall(folder)
        yield memory
        files.write_whole(folder / MEMORY, json.dumps(memory, indent=1) + "\n")


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Alone with the file; on a disk that knows no locks, or behind a process that hangs, go on without."""
    lock = FileLock(folder / LOCK)
    with contextlib.suppress(Timeout, OSError, NotImplementedError):
        lock.acquire(timeout=PATIENCE_SECONDS)
    try:
        yield
    finally:
        lock.release()
