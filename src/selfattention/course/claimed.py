"""What the lessons claim, gathered from their stored outputs: the page of all claims, and the README's short table."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from selfattention.claims.statements import find
from selfattention.course import files, way
from selfattention.course.nbformats import nbformat

PAGE = "CLAIMS.md"
FIGURE = re.compile(r"^Claim:\s+(.*)\nMeasured:\s+(.*)\nVerdict:\s+(.*)", re.MULTILINE)
MARKERS = re.compile(r"(<!-- claims -->\n).*?(\n<!-- end of claims -->)", re.DOTALL)
HEAD = """# What the lessons claim, and what was measured

Made from the lessons' own cells; each cell fails when its figure no longer supports the claim. All of them were tried
under other instruction sets, thread counts and seeds, and
[held every time](benchmarks/README.md#do-the-claims-hold-elsewhere).
Whoever wants to guess first reads the lessons first: the answers stand below.
"""


@dataclass(frozen=True)
class Claimed:
    """A claim with the figure that a lesson's stored output shows."""

    lesson: str
    key: str
    statement: str
    figure: str
    verdict: str

    @property
    def surprising(self) -> bool:
        """Whether it is one of the few that the README shows."""
        return find(self.key).surprising


def claims() -> Iterator[Claimed]:
    """Every tagged claim of every lesson, in their order."""
    for lesson in way.lessons():
        notebook = nbformat.read(files.root() / "notebooks" / f"{lesson}.ipynb", as_version=4)
        for cell in notebook.cells:
            for tag in cell.metadata.get("tags", []):
                shown = "\n".join(output.get("data", {}).get("text/plain", "") for output in cell.get("outputs", []))
                if tag.startswith("claim:") and (found := FIGURE.search(shown)):
                    yield Claimed(lesson, f"{lesson[:2]}.{tag.removeprefix('claim:')}", *found.groups())


def page() -> str:
    """The page of all claims, a table for each lesson."""
    parts, every = [HEAD], list(claims())
    for lesson in dict.fromkeys(one.lesson for one in every):
        rows = [f"| {one.statement} | {one.figure} |" for one in every if one.lesson == lesson]
        heading = f"## [{way.title(lesson)}](notebooks/{lesson}.ipynb)\n"
        parts.append("\n".join([heading, "| claim | measured |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


def in_readme(readme: str) -> str:
    """The README's text with the claims that surprise most between its two markers."""
    rows = [f"| [{one.lesson[:2]}](notebooks/{one.lesson}.ipynb) | {one.statement} | {one.figure} |"
            for one in claims() if one.surprising]
    table = "\n".join(["| chapter | claim | measured |", "|---|---|---|", *rows])
    return MARKERS.sub(lambda found: found[1] + table + found[2], readme)


def stale() -> list[Path]:
    """Which of the two pages is not what the notebooks say today."""
    wanted = {PAGE: page(), "README.md": in_readme((files.root() / "README.md").read_text(encoding="utf-8"))}
    return [files.root() / name for name, text in wanted.items()
            if not (files.root() / name).is_file() or (files.root() / name).read_text(encoding="utf-8") != text]


def write() -> None:
    """Bring both up to date."""
    readme = files.root() / "README.md"
    files.write_whole(files.root() / PAGE, page())
    files.write_whole(readme, in_readme(readme.read_text(encoding="utf-8")))
