"""What a learner has built, summed up: points, whole chapters, guesses that came near, functions and models.

Nothing is run: points are those that are remembered, guesses are read from what the lessons of the working copy show.
"""

import html
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from selfattention.claims import statements
from selfattention.claims.measured import Measured
from selfattention.claims.verdict import is_near
from selfattention.course import cells, files, way
from selfattention.course.progress import FRAME, bar, by_chapter, drawn, sums
from selfattention.course.standing import Row, standing
from selfattention.course.workspace import Workspace
from selfattention.engine.judging import card

NO_COPY = ("A certificate sums up a working copy, and this notebook lies in none: `selfattention start` makes one, "
           "which remembers your points and your guesses.")
TITLE = "Self-attention, step by step: what you have built"
GUESSED = re.compile(r"^Guess:\s+(?P<guess>\S+)(?: [^;\n]*)?; measured (?P<measured>[^\s:]+)", re.MULTILINE)
POWER = re.compile(r"(-?)(?:([\d.]+)·)?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
PLAIN = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
# The models of a chapter, which whoever passes all of its exercises has written the parts of.
MODELS = {"09": ("Transformer",), "11": ("RNN", "GRU", "LSTM", "convolution"), "12": ("BERT",), "13": ("GPT",),
          "15": ("Transformer-XL", "BigBird"), "16": ("attention alone",), "17": ("GAT", "GATv2"),
          "18": ("ViT", "Swin")}
MOST_BYTES = 64 * 2**20  # of a lesson that is read
TICK, NOTHING = "✓", "○"


@dataclass(frozen=True)
class Guesses:
    """How many numbers a chapter asks for, how many were guessed, and how many guesses came near."""

    asked: int
    made: int = 0
    near: int = 0

    def __add__(self, other: "Guesses") -> "Guesses":
        return Guesses(self.asked + other.asked, self.made + other.made, self.near + other.near)


@dataclass(frozen=True)
class Certificate:
    """What a learner has built, as a page shows it, and as text where there is no page.

    Args:    rows: every exercise with its points. guesses: by chapter, such as `02`.
    """

    rows: list[Row]
    guesses: dict[str, Guesses]

    @property
    def built(self) -> list[str]:
        """The chapters of which every exercise is passed, by their titles."""
        return [title for title, rows in by_chapter(self.rows) if all(row.is_passed for row in rows)]

    @property
    def written(self) -> list[str]:
        """The functions whose exercises are passed, by their names."""
        return [row.exercise for row in self.rows if row.is_passed]

    @property
    def models(self) -> list[str]:
        """The models whose parts are all written: those of the chapters that are built."""
        return [name for _, rows in by_chapter(self.rows) if all(row.is_passed for row in rows)
                for name in MODELS.get(rows[0].chapter[:2], ())]

    @property
    def guessed(self) -> Guesses:
        """All chapters together."""
        return sum(self.guesses.values(), Guesses(0))

    def _summary(self) -> list[str]:
        earned, points = sums(self.rows)
        chapters, passed = len(list(by_chapter(self.rows))), sum(row.is_passed for row in self.rows)
        guessed = self.guessed
        return [f"{earned:g} of {points} points, {passed} of {len(self.rows)} exercises passed.",
                f"{len(self.built)} of {chapters} chapters built from end to end ({TICK}).",
                f"{guessed.made} of {guessed.asked} guesses made before measuring; {guessed.near} came near."]

    def __repr__(self) -> str:
        lines = [TITLE, "=" * len(TITLE)]
        for title, rows in by_chapter(self.rows):
            earned, points = sums(rows)
            mark = TICK if title in self.built else NOTHING
            lines.append(f"{mark} {bar(earned, points)} {f'{earned:g} / {points}':>8}  {title}{self._near(rows)}")
        named = {"Models you have written the parts of": self.models, "Written by you": self.written}
        told = [line for title, names in named.items() if names
                for line in textwrap.wrap(f"{title}: {', '.join(names)}.", 96)]
        return "\n".join([*lines, *self._summary(), *told])

    def _near(self, rows: list[Row]) -> str:
        """How many guesses of a chapter came near, where any was made."""
        one = self.guesses.get(rows[0].chapter[:2], Guesses(0))
        return f" ({one.near} of {one.made} guesses near)" if one.made else ""

    def _repr_html_(self) -> str:
        padding = 'style="text-align:left;padding:2px 14px 2px 0;white-space:nowrap"'
        lines = []
        for title, rows in by_chapter(self.rows):
            earned, points = sums(rows)
            is_built = title in self.built
            mark = (f'<span style="color:{card.LOOK["passed"][0]}">{TICK}</span> <strong>{html.escape(title)}</strong>'
                    if is_built else f"{NOTHING} {html.escape(title)}")
            lines.append(f'<tr style="background:transparent"><td {padding}>{mark}</td>'
                         f"<td {padding}>{drawn(earned, points)}</td><td {padding}>{earned:g} / {points}</td>"
                         f"<td {padding}>{html.escape(self._near(rows).strip(' ()'))}</td></tr>")
        summary = "".join(f"<div>{html.escape(line)}</div>" for line in self._summary())
        names = ", ".join(f"<code>{html.escape(name)}</code>" for name in self.written)
        written = f'<div style="margin-top:10px;font-size:0.9em">Written by you: {names}.</div>' if names else ""
        models = html.escape(", ".join(self.models))
        models = f'<div style="margin-top:10px">Models you have written the parts of: {models}.</div>' if models else ""
        return (f'<div style="border:3px double {FRAME};padding:14px 22px;margin:4px 0;max-width:52em;line-height:1.5" '
                f'role="status"><div style="font-size:1.25em"><strong>{html.escape(TITLE)}</strong></div>'
                f'<table style="border-collapse:collapse;margin:10px 0;color:inherit">{"".join(lines)}</table>'
                f"<strong>{summary}</strong>{models}{written}</div>")


def drawn_up(space: Workspace) -> Certificate:
    """The certificate of a working copy."""
    return Certificate(standing(space), guesses(space.folder))


def guesses(folder: Path) -> dict[str, Guesses]:
    """What was asked and guessed, by chapter; a lesson that is missing or damaged shows no guess."""
    found = {}
    for lesson in way.lessons():
        number = lesson[:2]
        if number not in found:
            found[number] = Guesses(sum(bool(one.guess) for one in statements.chapter(number).values()))
        for key, text in _shown(folder / files.place(lesson, "lesson"), number):
            if (near := _near(key, text)) is not None:
                found[number] += Guesses(0, 1, near)
    return found


def _shown(path: Path, number: str) -> Iterator[tuple[str, str]]:
    """The key of each claim in a lesson, with what stands below its cell."""
    try:
        notebook = cells.tree(path.read_bytes()) if path.stat().st_size <= MOST_BYTES else {"cells": []}
    except (OSError, cells.Doubtful):
        return
    for cell in notebook["cells"]:
        tags, outputs = cell.get("metadata", {}).get("tags"), cell.get("outputs")
        for tag in tags if isinstance(tags, list) else ():
            if isinstance(tag, str) and tag.startswith("claim:") and isinstance(outputs, list):
                yield f"{number}.{tag.removeprefix('claim:')}", "\n".join(map(_text, outputs))


def _text(output: object) -> str:
    """The plain text of an output; nothing where it has none."""
    data = output.get("data") if isinstance(output, dict) else None
    text = data.get("text/plain", "") if isinstance(data, dict) else ""
    lines = text if isinstance(text, list) else [text]
    return "".join(line for line in lines if isinstance(line, str))


def _near(key: str, text: str) -> bool | None:
    """Whether the guess on a card came near; None where none was made, or where this course asks for none."""
    found = GUESSED.search(text)
    try:
        claim = statements.find(key)
        guess, measured = (number(found[name]) for name in ("guess", "measured")) if found else (None, None)
    except ValueError:
        return None
    if guess is None or not claim.guess:
        return None
    return is_near(guess, Measured(digits=3, value=measured), claim.unit)


def number(text: str) -> float:
    """A number as cards write it: 0.5, 1,200 or 2·10⁻³.

    Raises:  ValueError: it is none.
    """
    power = POWER.fullmatch(text)
    if power:
        return float(f"{power[1]}{power[2] or 1}e{power[3].translate(PLAIN)}")
    return float(text.replace(",", ""))
