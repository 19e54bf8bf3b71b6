"""A learner's working copy: the notebooks they write in, and what is remembered about them."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from selfattention import __version__
from selfattention.course import files
from selfattention.course.catalogue import chapter as full_name

MEMORY = ".selfattention.json"


@dataclass(frozen=True)
class Workspace:
    """A folder with `notebooks`, `exercises` and `solutions`, and a small file of what was seen and earned."""

    folder: Path

    @classmethod
    def find(cls, folder: str | None = None) -> "Workspace":
        """The named folder, else the working copy that holds the current folder, else `work`."""
        if folder is not None:
            return cls(Path(folder))
        here = Path.cwd()
        for candidate in (here, *here.parents):
            if (candidate / MEMORY).is_file():
                return cls(candidate)
        return cls(Path("work"))

    def exercise_file(self, number: str) -> Path:
        """Where the answers to a chapter are written."""
        return self.folder / "exercises" / f"{full_name(number)}.ipynb"

    def exercise_files(self) -> list[Path]:
        """The exercise notebooks that are there."""
        return sorted((self.folder / "exercises").glob("[0-9][0-9]_*.ipynb"))

    def start(self) -> tuple[list[Path], list[Path]]:
        """Copy what is missing; returns the written files and the ones that were there and are left as they are."""
        written, kept = [], []
        for name in files.FOLDERS:
            for source in sorted((files.root() / name).glob("*.ipynb")):
                target = self.folder / name / source.name
                if target.exists():
                    kept.append(target)
                else:
                    files.write_whole(target, _unspoilt(source))
                    written.append(target)
        if not (self.folder / MEMORY).exists():
            self._save({})
        return written, kept

    def reset(self, number: str) -> tuple[Path, Path | None]:
        """Write a chapter's exercises anew; returns the file and the dated backup of what stood there."""
        target = self.exercise_file(number)
        backup = None
        if target.exists():
            moment = datetime.now().strftime("%Y-%m-%d-%H%M%S-%f")
            backup = self.folder / "backups" / f"{target.stem}.{moment}.ipynb"
            backup.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(target, backup)
        source = files.root() / "exercises" / target.name
        files.write_whole(target, source.read_text(encoding="utf-8"))
        return target, backup

    def next_hint(self, key: str, count: int) -> int:
        """Which hint step comes next, counted from 0; the last one is repeated."""
        memory = self._memory()
        taken = memory.setdefault("hints", {}).get(key, 0)
        memory["hints"][key] = min(taken + 1, count)
        self._save(memory)
        return min(taken, count - 1)

    def remembered(self, path: Path) -> list[dict[str, Any]] | None:
        """What an unchanged exercise file earned when it was last judged, or None."""
        entry = self._memory().get("results", {}).get(path.name, {})
        return entry.get("rows") if entry.get("digest") == _digest(path) else None

    def remember(self, path: Path, rows: list[dict[str, Any]]) -> None:
        """Note what an exercise file earned."""
        memory = self._memory()
        memory.setdefault("results", {})[path.name] = {"digest": _digest(path), "rows": rows}
        self._save(memory)

    def _memory(self) -> dict[str, Any]:
        try:
            memory = json.loads((self.folder / MEMORY).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return memory if isinstance(memory, dict) else {}

    def _save(self, memory: dict[str, Any]) -> None:
        files.write_whole(self.folder / MEMORY, json.dumps(memory, indent=1) + "\n")


def _unspoilt(source: Path) -> str:
    """A notebook's text; where a lesson asks for a guess, the stored answer is left out."""
    text = source.read_text(encoding="utf-8")
    notebook = json.loads(text)
    asking = [cell for cell in notebook["cells"] if "guessed(" in "".join(cell["source"]) and cell.get("outputs")]
    for cell in asking:
        cell.update(outputs=[], execution_count=None)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n" if asking else text


def _digest(path: Path) -> str:
    return hashlib.sha256(__version__.encode() + path.read_bytes()).hexdigest()
