"""What `progress()` shows: every chapter with its exercises and points, and what to do next."""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from selfattention.course import way
from selfattention.course.standing import CHANGED, NOT_ATTEMPTED, UNKNOWN, Next, Row, following
from selfattention.engine.judging import card

MARKS = {"passed": "✓", NOT_ATTEMPTED: "○", CHANGED: "?", UNKNOWN: "?"}
BAR = 10  # characters of a bar of text
PIXELS = 48  # of a bar on a page
NO_COPY = ("This notebook lies in no working copy, so only what was checked since its kernel started is counted. "
           "`selfattention start` makes one, which remembers your points.")
STALE = "? changed since it was last checked, or not checked yet: `selfattention status` checks it."
FRAME = "#868e96"


@dataclass(frozen=True)
class Progress:
    """The points of a learner, as a page shows them, and as text where there is no page."""

    rows: list[Row]
    in_working_copy: bool = True

    @property
    def earned(self) -> float:
        """All points so far."""
        return sum(row.earned for row in self.rows)

    @property
    def points(self) -> int:
        """All points there are."""
        return sum(row.points for row in self.rows)

    @property
    def notes(self) -> list[str]:
        """What has to be said about the numbers."""
        stale = any(row.state in (CHANGED, UNKNOWN) for row in self.rows)
        return [STALE] * stale + [NO_COPY] * (not self.in_working_copy)

    def __repr__(self) -> str:
        lines = []
        for chapter, rows in by_chapter(self.rows):
            earned, points = sums(rows)
            lines.append(f"{bar(earned, points)}  {f'{earned:g} / {points}':>9}  {chapter}")
            lines.append(f"{'':{BAR + 13}}{', '.join(map(_one, rows))}")
        lines.append(f"{bar(self.earned, self.points)}  {self.earned:g} of {self.points} points")
        return "\n".join([*lines, *self.notes, f"Next: {in_words(following(self.rows))}"])

    def _repr_html_(self) -> str:
        cells = "".join(self._lines())
        notes = "".join(f"<div>{card.inline(note)}</div>" for note in self.notes)
        total = f"<strong>{self.earned:g} of {self.points} points</strong>"
        return (f'<div style="{card.BOX.format(colour=FRAME)}" role="status">'
                f'<div style="display:flex;gap:12px;align-items:center">{drawn(self.earned, self.points)}{total}</div>'
                f'<table style="border-collapse:collapse;margin:6px 0">{cells}</table>{notes}'
                f"<div><strong>Next:</strong> {link(following(self.rows))}</div></div>")

    def _lines(self) -> Iterator[str]:
        padding = 'style="text-align:left;vertical-align:top;padding:4px 10px 4px 0'
        for chapter, rows in by_chapter(self.rows):
            earned, points = sums(rows)
            named = " ".join(_narrow(row, "," * (row is not rows[-1])) for row in rows)
            yield (f'<tr style="background:transparent"><td {padding}">{html.escape(chapter)}</td>'
                   f'<td {padding};white-space:nowrap">{earned:g} / {points}{drawn(earned, points)}</td>'
                   f'<td {padding}">{named}</td></tr>')


def by_chapter(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Each chapter's title with its rows."""
    for chapter, some in groupby(rows, key=lambda row: row.chapter):
        yield way.title(chapter), list(some)


def sums(rows: list[Row]) -> tuple[float, int]:
    """What these exercises have earned, and what they are worth."""
    return sum(row.earned for row in rows), sum(row.points for row in rows)


def _one(row: Row) -> str:
    return f"{MARKS.get(row.state, '✗')} {row.exercise} {row.earned:g}/{row.points}"


def _narrow(row: Row, comma: str) -> str:
    """The same for a page: it is broken only where its cell is narrower, and then at an underscore of its name."""
    words = html.escape(_one(row)).replace(" ", "&nbsp;").replace("_", "_<wbr>")
    return f'<span style="display:inline-block">{words}{comma}</span>'


def bar(earned: float, points: int) -> str:
    """A bar of text; it is full only where all points are earned."""
    done = int(BAR * earned / points) if points else 0
    return "█" * done + "░" * (BAR - done)


def drawn(earned: float, points: int) -> str:
    """A bar on a page. Its frame is there for those who see no colours."""
    done = round(PIXELS * earned / points) if points else 0
    colour = card.LOOK["passed"][0]
    return (f'<div role="img" aria-label="{earned:g} of {points} points" style="width:{PIXELS}px;height:0.8em;'
            f'margin-top:0.35em;border:1px solid {FRAME}"><div style="width:{done}px;height:100%;'
            f'background:{colour}"></div></div>')


def in_words(following: Next | None) -> str:
    """What comes next, for where nothing can be clicked."""
    if following is None:
        return "nothing, all is passed."
    return f"{following.words} ({following.place}){f': {following.hint}' if following.hint else ''}"


def link(following: Next | None) -> str:
    """A link that opens what comes next, from each of the three folders."""
    if following is None:
        return "nothing, all is passed."
    return f'<a href="../{html.escape(following.place)}">{html.escape(following.words)}</a>'
