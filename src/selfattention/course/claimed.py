"""What is said and what the lessons claim, with the figures of their stored outputs: a page, and the README's table."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from selfattention.claims.folklore import SAYINGS
from selfattention.course import files, way
from selfattention.course.nbformats import nbformat

PAGE = "CLAIMS.md"
FIGURE = re.compile(r"^Claim:\s+(.*)\nMeasured:\s+(.*)\nVerdict:\s+(.*)", re.MULTILINE)
MARKERS = re.compile(r"(<!-- claims -->\n).*?(\n<!-- end of claims -->)", re.DOTALL)
HELD = re.compile(r"^\| (\d\d) \| ([\w-]+) \| (\d+ of \d+) \|", re.MULTILINE)  # a row of the benchmarks' table
HEAD = """# What is said of attention, and what was measured

Made from the lessons' own cells; each cell fails when its figure no longer supports the claim. *Held*: in how many
runs, under other instruction sets, thread counts and seeds ([how](benchmarks/README.md#do-the-claims-hold-elsewhere)).
Whoever wants to guess first reads the lessons first: the answers stand below.

## What is commonly said
"""
COLUMNS = ("commonly said", "verdict", "what holds", "measured", "chapter", "held")


@dataclass(frozen=True)
class Claimed:
    """A claim with the figure that a lesson's stored output shows."""

    lesson: str
    key: str
    statement: str
    figure: str
    verdict: str

    @property
    def link(self) -> str:
        """To its lesson, by the chapter's number."""
        return f"[{self.lesson[:2]}](notebooks/{self.lesson}.ipynb)"


def claims() -> Iterator[Claimed]:
    """Every tagged claim of every lesson, in their order."""
    for lesson in way.lessons():
        notebook = nbformat.read(files.root() / "notebooks" / f"{lesson}.ipynb", as_version=4)
        for cell in notebook.cells:
            for tag in cell.metadata.get("tags", []):
                shown = "\n".join(output.get("data", {}).get("text/plain", "") for output in cell.get("outputs", []))
                if tag.startswith("claim:") and (found := FIGURE.search(shown)):
                    yield Claimed(lesson, f"{lesson[:2]}.{tag.removeprefix('claim:')}", *found.groups())


def held() -> dict[str, str]:
    """By key, in how many runs each claim held when it was tried elsewhere, such as "10 of 10"."""
    text = (files.root() / "benchmarks" / "README.md").read_text(encoding="utf-8")
    return {f"{chapter}.{name}": times for chapter, name, times in HELD.findall(text)}


def page() -> str:
    """The page: what is said, with its verdicts, then all claims, a table for each lesson."""
    every, tried = list(claims()), held()
    parts = [HEAD, _said(every, tried, only_surprising=False) + "\n"]
    for lesson in dict.fromkeys(one.lesson for one in every):
        rows = [(one.statement, one.figure, tried.get(one.key, "")) for one in every if one.lesson == lesson]
        heading = f"## [{way.title(lesson)}](notebooks/{lesson}.ipynb)\n\n"
        parts.append(heading + _table(("claim", "measured", "held"), rows) + "\n")
    return "\n".join(parts)


def in_readme(readme: str) -> str:
    """The README's text with what surprises most between its two markers."""
    table = _said(list(claims()), held(), only_surprising=True)
    return MARKERS.sub(lambda found: found[1] + table + found[2], readme)


def _said(every: list[Claimed], tried: dict[str, str], *, only_surprising: bool) -> str:
    """What is said, each with the figures of its claims; the README has the first figure alone."""
    by_key, rows = {one.key: one for one in every}, []
    for saying in SAYINGS:
        if saying.surprising or not only_surprising:
            measured = [by_key[key] for key in saying.claims[:1 if only_surprising else None]]
            rows.append((saying.said, f"**{saying.verdict}**", saying.holds,
                         _lines(one.figure for one in measured), _lines(one.link for one in measured),
                         _lines(tried.get(one.key, "") for one in measured)))
    return _table(COLUMNS, rows)


def _lines(texts: Iterable[str]) -> str:
    """Several in one cell of a table, each once."""
    return "<br>".join(dict.fromkeys(texts))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = f"|{'---|' * len(head)}"
    first, *others = (f"| {' | '.join(cells)} |" for cells in (head, *rows))
    return "\n".join([first, rule, *others])


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
