"""Bring a working copy up to date with the course, and lose nothing that the learner has written.

| the learner's file | what happens |
|---|---|
| is missing | it is written |
| holds only text of the course's, of whatever version | it is replaced |
| exercises with answers or cells of the learner's | the new ones are written with these in them; the old file is kept |
| a lesson in which only guesses were written | the new one is written with the guesses in it; the old file is kept |
| any other lesson, solution or page that was changed | stays as it is; the new one is written beside it |
| cannot be read as a notebook | stays as it is; the new one is written beside it |

Kept files go into `backups/`, with their date. What the course has written into a file is remembered as digests of the
text of its cells, so running or saving a notebook is no change.
"""

import copy
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from selfattention.course import carrying, cells, files, memory
from selfattention.course.carrying import Known, Notebook
from selfattention.course.cells import Doubtful

KEPT = "is left as it is"


@dataclass(frozen=True)
class Step:
    """What was done with one file; `told` is empty where there is nothing to say about it."""

    path: Path
    is_written: bool
    told: str = ""


def update(folder: Path) -> list[Step]:
    """Write what is missing and bring up to date what there is; an interruption loses nothing, and may be repeated."""
    known = memory.recall(folder)
    bringing = _Bringing(folder, memory.section(known, "written"), memory.section(known, "offered"))
    try:
        return [bringing.bring(f"{name}/{source.name}", json.loads(source.read_text(encoding="utf-8")))
                for name in files.FOLDERS for source in sorted((files.root() / name).glob("*.ipynb"))]
    finally:
        with memory.changed(folder) as known:
            memory.section(known, "written").update(bringing.written)
            memory.section(known, "offered").update(bringing.offered)


def backup(path: Path, folder: Path) -> Path:
    """Keep a copy of a file under `backups/`, with the date in its name."""
    while True:
        moment = datetime.now().strftime("%Y-%m-%d-%H%M%S-%f")
        target = folder / "backups" / f"{path.stem}.{moment}.ipynb"
        if not target.exists():
            files.write_whole(target, path.read_bytes())
            return target


def write(path: Path, notebook: Notebook) -> None:
    """Write a notebook as JupyterLab would store it here, so that opening it changes nothing in it."""
    from ipykernel.ipkernel import IPythonKernel

    metadata = {**notebook["metadata"], "language_info": IPythonKernel.language_info}
    text = json.dumps({**notebook, "metadata": metadata}, indent=1, ensure_ascii=False, sort_keys=True)
    files.write_whole(path, text + "\n")


def unspoilt(notebook: Notebook) -> Notebook:
    """A notebook as a learner gets it.

    A lesson shows nothing that it measured from its first question on, and no exercises the points of somebody else.
    """
    result = copy.deepcopy(notebook)
    lesson = notebook["metadata"].get("selfattention", {}).get("kind") == "lesson"
    asks = [number for number, cell in enumerate(result["cells"])
            if (carrying.guess_in(cell) if lesson else cell.get("id") == "progress")]
    for cell in result["cells"][asks[0]:] if asks else []:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    return result


class _Bringing:
    """One pass over a working copy: what was written into it before, and what is noted on the way."""

    def __init__(self, folder: Path, written: dict[str, Any], offered: dict[str, Any]) -> None:
        self._folder = folder
        self.written: dict[str, Known] = {place: known for place, known in written.items() if _is_known(known)}
        self.offered = offered  # of a file that is left as it is: which version has been written beside it

    def bring(self, place: str, fresh: Notebook) -> Step:
        """Bring one file up to date."""
        path, former = self._folder / place, self._folder / files.former_place(place)
        if former != path and former.is_file():
            return self._renamed(place, former, fresh)
        if not path.exists():
            self._write(place, fresh)
            return Step(path, True)
        try:
            old = cells.tree(path.read_bytes())
        except (Doubtful, OSError) as error:
            return self._beside(place, fresh, f"cannot be read ({error})")
        return self._changed(place, old, fresh)

    def _changed(self, place: str, old: Notebook, fresh: Notebook) -> Step:
        """Bring a file up to date that can be read."""
        path, given = self._folder / place, self.written.get(place, {})
        if self._is_untouched(place, old, fresh):
            if cells.digests(old) == cells.digests(fresh):
                self.written[place] = carrying.known(fresh)
                return Step(path, False)
            self._write(place, fresh)
            return Step(path, True, "is the new version now; you had written nothing into the old one")
        if given == carrying.known(fresh):
            return Step(path, False)
        if place.startswith("exercises/"):
            return self._carry(place, path, fresh, old)
        guessed = carrying.guesses(old, given, fresh)
        if guessed is None:
            return self._beside(place, fresh, "holds changes of yours")
        if cells.digests(guessed) == cells.digests(old):
            self.written[place] = carrying.known(fresh)
            return Step(path, False)
        kept = backup(path, self._folder)
        self._write(place, fresh, guessed)
        return Step(path, True, f"is the new version now, with your guesses; the old one is {self._shown(kept)}")

    def _carry(self, place: str, old_path: Path, fresh: Notebook, old: Notebook) -> Step:
        """Write newer exercises with the learner's work in them, and keep the old file."""
        carried = carrying.exercises(old, self.written.get(place, {}), fresh)
        path = self._folder / place
        if old_path == path and cells.digests(carried.notebook) == cells.digests(old):
            self.written[place] = carrying.known(fresh)
            return Step(path, False)
        kept = backup(old_path, self._folder)
        self._write(place, fresh, _sound(carried.notebook))
        told = ["is the new version now"]
        if carried.answers:
            told.append(f"with your {', '.join(carried.answers)}")
        if carried.own:
            told.append(f"with {carried.own} cell{'s' if carried.own > 1 else ''} of your own")
        left = f"; your changes to {', '.join(carried.left_out)} are only there" if carried.left_out else ""
        return Step(path, True, f"{' '.join(told)}; the old one is {self._shown(kept)}{left}")

    def _renamed(self, place: str, former: Path, fresh: Notebook) -> Step:
        """Bring a file up to date that still has the name it had when all three kinds were called alike."""
        path = self._folder / place
        try:
            old = cells.tree(former.read_bytes())
            if path.exists() and not self._is_untouched(place, cells.tree(path.read_bytes()), fresh):
                return self._both(path, former)
        except (Doubtful, OSError) as error:
            is_missing = not path.exists()
            if is_missing:
                self._write(place, fresh)
            return Step(path, is_missing, f"is called so from now on; {self._shown(former)} {KEPT}: it cannot be read "
                                          f"({error})")
        if place.startswith("exercises/"):
            step = self._carry(place, former, fresh, old)
        else:
            kept = backup(former, self._folder)
            self._write(place, fresh)
            step = Step(path, True, f"is called so from now on; the old one is {self._shown(kept)}")
        former.unlink()
        return step

    def _both(self, path: Path, former: Path) -> Step:
        """There is work under the new name, and a file with the old one: it goes only if it is kept already."""
        content = former.read_bytes()
        kept = [one for one in (self._folder / "backups").glob(f"{former.stem}.*.ipynb") if one.read_bytes() == content]
        if kept:
            former.unlink()
            return Step(path, False, f"is called so from now on; the old one is {self._shown(kept[0])}")
        return Step(path, False, f"{KEPT}, and so is {self._shown(former)}, which was called so before")

    def _beside(self, place: str, fresh: Notebook, reason: str) -> Step:
        """Leave a file as it is, and write the new version beside it, once."""
        path, wanted = self._folder / place, cells.digests(fresh)
        if self.offered.get(place) == wanted:
            return Step(path, False)
        number = 1
        while True:
            other = f"{place.removesuffix('.ipynb')}.new{f'-{number}' if number > 1 else ''}.ipynb"
            if not (self._folder / other).exists() or self._is_ours(other, fresh):
                break
            number += 1
        self._write(other, fresh)
        self.offered[place] = wanted
        return Step(path, True, f"{reason} and {KEPT}; the new version is {other}")

    def _is_ours(self, place: str, fresh: Notebook) -> bool:
        try:
            return self._is_untouched(place, cells.tree((self._folder / place).read_bytes()), fresh)
        except (Doubtful, OSError):
            return False

    def _is_untouched(self, place: str, old: Notebook, fresh: Notebook) -> bool:
        """Whether a file holds what the course wrote there and nothing else: then, or would write today."""
        given = carrying.known(fresh) if place not in self.written else self.written[place]
        return cells.digests(old) in (cells.digests(fresh), list(given.values()))

    def _write(self, place: str, fresh: Notebook, notebook: Notebook | None = None) -> None:
        write(self._folder / place, unspoilt(notebook or fresh))
        self.written[place] = carrying.known(fresh)

    def _shown(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()


def _is_known(known: Any) -> bool:
    return isinstance(known, dict) and all(isinstance(text, str) for text in known.values())


def _sound(notebook: Notebook) -> Notebook:
    """A notebook that JupyterLab opens: what other programs have put into own cells is left out where it is damaged."""
    from selfattention.course.nbformats import nbformat

    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError:
        for cell in notebook["cells"]:
            cell.pop("attachments", None)
            cell.update(metadata={name: cell["metadata"][name] for name in ("nbgrader", "tags")
                                  if name in cell["metadata"]})
            if cell["cell_type"] == "code":
                cell.update(outputs=[], execution_count=None)
    return notebook
