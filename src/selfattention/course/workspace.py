"""A learner's working copy: the notebooks they write in, and what is remembered about them."""

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfattention import __version__, problems
from selfattention.course import carrying, cells, files, memory, updating
from selfattention.course.catalogue import chapter as full_name
from selfattention.course.memory import MEMORY
from selfattention.course.reading import Unreadable, read
from selfattention.course.updating import Step


@dataclass(frozen=True)
class Workspace:
    """A folder with `notebooks`, `exercises` and `solutions`, and a small file of what was seen and earned."""

    folder: Path

    @classmethod
    def find(cls, folder: str | None = None) -> "Workspace":
        """The named folder, else the working copy that holds the current folder, else `work`."""
        return cls(Path(folder)) if folder is not None else cls.around(Path.cwd()) or cls(Path("work"))

    @classmethod
    def around(cls, place: Path) -> "Workspace | None":
        """The working copy that holds a folder, or None."""
        for candidate in (place, *place.parents):
            if (candidate / MEMORY).is_file():
                return cls(candidate)
        return None

    def exercise_file(self, number: str) -> Path:
        """Where the answers to a chapter are written; a file that still has its old name goes by that."""
        path = self.folder / files.place(full_name(number), "exercises")
        former = self.folder / files.former_place(files.place(full_name(number), "exercises"))
        return former if former.is_file() and not path.exists() else path

    def exercise_files(self) -> list[Path]:
        """The exercise notebooks that are there."""
        return [path for chapter in problems.chapters() if (path := self.exercise_file(chapter)).is_file()]

    def start(self) -> list[Step]:
        """Write what is missing and bring up to date what there is; see `updating`."""
        return updating.update(self.folder)

    def reset(self, number: str) -> tuple[Path, Path | None]:
        """Write a chapter's exercises anew; returns the file and the dated backup of what stood there."""
        there, place = self.exercise_file(number), files.place(full_name(number), "exercises")
        target = self.folder / place
        backup = updating.backup(there, self.folder) if there.exists() else None
        fresh = json.loads((files.root() / place).read_text(encoding="utf-8"))
        updating.write(target, fresh)
        with memory.changed(self.folder) as known:
            memory.section(known, "written")[place] = carrying.known(fresh)
        if there != target:
            there.unlink()
        return target, backup

    def next_hint(self, key: str, count: int) -> int:
        """Which hint step comes next, counted from 0; the last one is repeated."""
        with memory.changed(self.folder) as known:
            hints = memory.section(known, "hints")
            taken = hints.get(key, 0)
            hints[key] = min(taken + 1, count)
        return min(taken, count - 1)

    def remembered(self, path: Path) -> list[dict[str, Any]] | None:
        """What an unchanged exercise file earned when it was last judged, or None."""
        entry = self.results(path)
        return entry.get("rows") if entry.get("digest") == digest_of_work(path) else None

    def is_untouched(self, path: Path) -> bool:
        """Whether an exercise file says what the course writes there today, and never said anything else."""
        try:
            found = cells.tree(path.read_bytes())
        except (cells.Doubtful, OSError):
            return False
        place = files.place(full_name(path.name[:2]), "exercises")
        fresh = json.loads((files.root() / place).read_text(encoding="utf-8"))
        return not self.results(path) and cells.digests(found) == cells.digests(fresh)

    def results(self, path: Path) -> dict[str, Any]:
        """What an exercise file earned when it was last judged, changed or not: `rows`, `digest` and `when`."""
        return memory.section(memory.section(memory.recall(self.folder), "results"), path.name)

    def remember(self, path: Path, rows: list[dict[str, Any]]) -> None:
        """Note what an exercise file earned."""
        with memory.changed(self.folder) as known:
            memory.section(known, "results")[path.name] = {"digest": digest_of_work(path), "rows": rows,
                                                           "when": time.time()}


def digest_of_work(path: Path) -> str:
    """What an exercise file earns depends on this: the code in it, and this version of the checks. Not its outputs."""
    try:
        notebook = read(path)
        work = repr((notebook.chapter, notebook.cells)).encode()
    except Unreadable:
        work = path.read_bytes()
    return hashlib.sha256(__version__.encode() + work).hexdigest()
