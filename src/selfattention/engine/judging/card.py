"""The card a learner sees: the same report as HTML, readable in light and dark, and as plain text."""

import html
import re
from dataclasses import dataclass
from typing import Any

from selfattention.engine.judging import tables
from selfattention.engine.judging.report import Counterexample, Report, Verdict

# Mid-tone colours keep a contrast of at least 3:1 on white and on near-black; the words carry the meaning.
LOOK = {"passed": ("#2e9d4f", "✓", "passed"), "failed": ("#d9480f", "✗", "not yet"),
        "not attempted": ("#868e96", "○", "not attempted yet"), "error": ("#d9480f", "✗", "your code raised an error"),
        "timeout": ("#d9480f", "✗", "stopped: it took too long"),
        "ready-made": ("#d9480f", "✗", "ready-made, not your own")}
MARKS = {"passed": "✓", "not attempted": "○"}
BOX = "border-left:4px solid {colour};padding:6px 14px;margin:2px 0;max-width:60em;line-height:1.5"
SIDE_BY_SIDE = "display:flex;flex-wrap:wrap;gap:4px 32px"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
MARKED = re.compile(r"[^\s\[\](),]+" + re.escape(tables.MARK) + r"(?=[\s\]),]|$)")  # a number or word with a mark
HANGING = "padding-left:1.2em;text-indent:-1.2em"  # where a line is broken, its mark stands alone in front
SHORT, WHOLE = 24, ' style="white-space:nowrap"'  # code of so many letters is not broken over two lines
EMPHASIS = re.compile(r"(?<![\w*])\*([^\s*](?:[^*]*[^\s*])?)\*(?![\w*])")
LEGEND = f" ({tables.MARK} where they differ)"
DIFFERS = "text-decoration:underline;text-decoration-thickness:2px"
CODE = "margin:4px 0;padding:0;background:transparent;color:inherit;white-space:pre-wrap"


@dataclass(frozen=True)
class Card:
    """A report as a notebook shows it; as text where there is no page."""

    report: Report

    def _repr_html_(self) -> str:
        return as_html(self.report)

    def __repr__(self) -> str:
        return as_text(self.report)


def headline(report: Report) -> str:
    """One line: the verdict, the exercise and the points."""
    _, mark, words = LOOK[report.status]
    return f"{mark} {report.exercise}: {words}, {report.earned:g} of {report.points} points"


def visible(text: str) -> str:
    """A text that does nothing to a terminal or a page: colours are left out, other control characters are spelt."""
    text = COLOURS.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one if one.isprintable() or one in "\n\t" else ascii(one)[1:-1] for one in text)


def details(report: Report) -> list[tuple[str, str, bool]]:
    """What to tell beyond the list of checks, in order: label, text, and whether the text is code."""
    return [(label, visible(text), is_code) for label, text, is_code in _details(report)]


def _details(report: Report) -> list[tuple[str, str, bool]]:
    if report.used:
        known = [name for name in report.used if not name.startswith("aten::")] or report.used
        calls = ", ".join(f"`{name}`" for name in known)
        return [("It calls", f"{calls}, which does the whole work", False),
                ("To do", "write it yourself here, from smaller steps", False)]
    trouble = report.first_trouble
    if trouble is None:
        return []
    if report.status == "not attempted":
        return [("To do", "replace `raise NotImplementedError` with your code, run that cell, then this one", False)]
    rows: list[tuple[str, str, bool]] = []
    if report.mistake:
        rows.append(("Known mistake", report.mistake.name, False))
    if report.comparison:
        rows.append(("Found by comparison", report.comparison.sentence, False))
    if trouble.raised:
        rows += _raised(trouble)
        if report.called_with:
            rows.append(("Called with", report.called_with, False))
    else:
        rows.append(("What is wrong", _what_is_wrong(report, trouble), False))
    if report.idle:
        rows.append(("No points", f"it {report.idle}, and so computes nothing", False))
    if report.hint:
        rows.append(("Hint", report.hint, False))
    example = report.counterexample
    if example:
        rows += [(f"{_with(example, trouble, place)} {name} =", tables.show(value), True)
                 for place, (name, value) in enumerate(example.inputs.items())]
        rows += _beside(example.expected, example.got)
    elif trouble.expected is not None:
        rows += _beside(trouble.expected, trouble.got)
    if report.printed.strip():
        rows.append(("Your code printed", report.printed.strip()[:600], True))
    return rows


def _what_is_wrong(report: Report, trouble: Verdict) -> str:
    """What the check says; of values that were compared, what is said of those that stand on the card."""
    example = report.counterexample
    return example.detail if example and example.detail and trouble.general else trouble.detail


def _with(example: Counterexample, trouble: Verdict, place: int) -> str:
    """What the check says of its own data need not be true of an example."""
    return "For example, with" if example.hand_sized and not trouble.general and place == 0 else "With"


def _beside(expected: Any, got: Any) -> list[tuple[str, str, bool]]:
    one, other = tables.beside(expected, got)
    return [(one.label + LEGEND * one.marked, one.text, True), (other.label, other.text, True)]


def _raised(trouble: Verdict) -> list[tuple[str, str, bool]]:
    raised = trouble.raised
    what = raised.message if raised.kind == "TimeLimit" else f"{raised.kind}: {raised.message}"
    rows = [("What happened", what, False)]
    if raised.source:
        rows.append((f"At line {raised.line}", raised.source, True))
    if raised.advice:
        rows.append(("", raised.advice, False))
    return rows


def as_text(report: Report) -> str:
    """The card as plain text, for a terminal, a log or a screen reader."""
    lines = [headline(report)]
    if report.status != "not attempted":
        lines += [f"  {MARKS.get(verdict.status, '✗')} {verdict.claim}" for verdict in report.verdicts]
    for label, text, is_code in details(report):
        if is_code:
            lines += [f"  {label}", *("      " + line for line in text.splitlines())]
        else:
            lines.append(f"  {label + ': ' if label else ''}{text}")
    return "\n".join(lines)


def as_html(report: Report) -> str:
    """The card as HTML with inline styles only; it inherits the page's text and background colours."""
    colour, _, _ = LOOK[report.status]
    parts = [f'<div style="{BOX.format(colour=colour)}" role="status">',
             f"<strong>{inline(headline(report))}</strong>"]
    if report.status != "not attempted":
        items = "".join(f'<li style="{HANGING}">{MARKS.get(verdict.status, "✗")} {inline(verdict.claim)}</li>'
                        for verdict in report.verdicts)
        parts.append(f'<ul style="list-style:none;padding:0;margin:4px 0">{items}</ul>')
    rows = details(report)
    parts += [f"<div><strong>{inline(label)}{':' if label else ''}</strong> {inline(text)}</div>"
              for label, text, is_code in rows if not is_code]
    code = [(label, text) for label, text, is_code in rows if is_code]
    beside = [one for one in code if one[0].startswith(("expected", "got"))]
    shown = report.counterexample or report.first_trouble
    pictures = tables.pictures(shown.expected, shown.got) if beside and shown else ""
    blocks = [_block(*one) for one in code if one not in beside]
    if beside:  # they stay together where not all fits beside each other
        marked = beside[0][0].endswith(LEGEND)
        sides = "".join(_block(*one, marked=marked) for one in beside)
        blocks.append(f'<div style="{SIDE_BY_SIDE}">{sides}{pictures}</div>')
    if blocks:
        parts.append(f'<div style="{SIDE_BY_SIDE};margin-top:4px">' + "".join(blocks) + "</div>")
    parts.append("</div>")
    return "\n".join(parts)


def _block(label: str, text: str, *, marked: bool = False) -> str:
    """A label above code; where there are marks, what they stand behind is also bold and underlined."""
    code = html.escape(text)
    if marked:
        code = MARKED.sub(lambda found: f'<b style="{DIFFERS}">{found[0]}</b>', code)
    return f'<div><strong>{inline(label)}</strong><pre style="{CODE}">{code}</pre></div>'


def inline(text: str) -> str:
    """Escaped text with `code` spans, of which short ones stay on one line, and *emphasis*."""
    pieces = html.escape(text).split("`")
    if len(pieces) % 2 == 0:
        return html.escape(text)
    return "".join(f"<code{WHOLE if len(piece) <= SHORT else ''}>{piece}</code>" if odd % 2
                   else EMPHASIS.sub(r"<em>\1</em>", piece) for odd, piece in enumerate(pieces))
