"""Two values beside each other, as text and as pictures: what differs is marked, of large ones a part is shown.

The mark is a sign in the text, so it is there in print, without colours and for a screen reader.
"""

import html
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np

from selfattention.engine.door import data

MARK = "*"
DIGITS = (4, 8, 16)
ROWS, COLUMNS = 8, 7  # of the part that is shown where a table is larger
MOST_LINES, WIDEST = 12, 72
TOGETHER = "display:flex;gap:24px;min-width:0;max-width:100%"  # never one below the other: they shrink
SHRINKING = "display:block;max-width:100%;height:auto"
LARGEST_PICTURE = 24  # rows or columns
CELL = 20  # pixels, or less where not all fits


@dataclass(frozen=True)
class Side:
    """One of two values: its name with what part is shown, its text, and whether marks stand in the two texts."""

    label: str
    text: str
    marked: bool = False


def show(value: Any, digits: int = DIGITS[0]) -> str:
    """A value in at most twelve short lines; several tensors one under the other."""
    if _several(value):
        return "\n\n".join(show(part, digits) for part in value)
    array = data.as_array(value)
    if array is None:
        return _function(value) if callable(value) else str(value)[:300]
    text = np.array2string(_positive(array), precision=digits, suppress_small=digits == DIGITS[0], threshold=60,
                           edgeitems=3, max_line_width=WIDEST)
    return _cut(text)


def _function(value: Any) -> str:
    """A function, with what its author says of it."""
    said = (getattr(value, "__doc__", "") or "").strip() if isinstance(value, FunctionType) else ""
    return f"a function: {said.splitlines()[0]}"[:300] if said else "a function"


def beside(expected: Any, got: Any) -> tuple[Side, Side]:
    """Both values, with as many digits as it takes to see that they differ, and with marks where they do."""
    for digits in DIGITS:
        one, other = _marked(expected, got, digits)
        if one.text != other.text:
            break
    return one, other


def _marked(expected: Any, got: Any, digits: int) -> tuple[Side, Side]:
    if _several(expected) and _several(got) and len(expected) == len(got):
        parts = [_marked(one, other, digits) for one, other in zip(expected, got)]
        return tuple(Side(name, "\n\n".join(side.text for side in sides), any(side.marked for side in sides))
                     for name, sides in zip(("expected", "got"), zip(*parts)))
    one, other = data.as_array(expected), data.as_array(got)
    if one is None or other is None:
        texts = _listed(expected, got), _listed(got, expected)
        marked = isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple)) and not data.same(expected, got)
        return Side("expected", texts[0], marked), Side("got", texts[1], marked)
    if one.shape != other.shape or not one.ndim:
        return Side("expected", show(expected, digits)), Side("got", show(got, digits))
    unlike = data.differing(other, one)
    part, label = part_around(unlike)
    texts = [_table(_positive(array[part]), unlike[part], digits) for array in (one, other)]
    marked = bool(unlike.any() and not unlike.all())
    return Side(f"expected{label}", texts[0], marked), Side(f"got{label}", texts[1], marked)


def part_around(unlike: np.ndarray) -> tuple[tuple, str]:
    """The part of a table around the first difference that fits on a card, and how one writes it in Python."""
    rows, columns = (1, *unlike.shape)[-2], unlike.shape[-1]
    whole = unlike.size <= ROWS * COLUMNS or (unlike.ndim <= 2 and rows <= MOST_LINES and columns <= COLUMNS)
    if whole or not unlike.any():
        return (...,), ""
    first = np.unravel_index(unlike.argmax(), unlike.shape)
    part: list[int | slice] = [int(place) for place in first[:-2]]
    for place, size, most in zip(first[-2:], unlike.shape[-2:], (ROWS, COLUMNS)[-min(2, unlike.ndim):]):
        begin = max(0, min(int(place) - most // 2, size - most))
        part.append(slice(begin, min(begin + most, size)))
    written = ", ".join(str(one) if isinstance(one, int) else ":" if one.stop - one.start == size
                        else f"{one.start}:{one.stop}" for one, size in zip(part, unlike.shape))
    return tuple(part), f"[{written}]"


def _table(array: np.ndarray, unlike: np.ndarray, digits: int) -> str:
    """The numbers in rows, each with a mark behind it where it differs; without marks where all do."""
    if array.size > ROWS * COLUMNS * 4:
        return show(array, digits)
    flat = np.array2string(array.ravel(), precision=digits, suppress_small=digits == DIGITS[0], threshold=10**6,
                           max_line_width=10**6)[1:-1].split()
    width = max(map(len, flat), default=0)
    mark = MARK if unlike.any() and not unlike.all() else ""
    words = [f"{word:>{width}}{mark if differs else ' ' * len(mark)}" for word, differs in zip(flat, unlike.ravel())]
    return _cut(np.array2string(np.array(words, dtype=object).reshape(array.shape), formatter={"object": str},
                                threshold=10**6, max_line_width=WIDEST))


def _listed(value: Any, other: Any) -> str:
    """A list or text; with a mark behind each thing that is another one in the other list."""
    if not isinstance(value, (list, tuple)) or not isinstance(other, (list, tuple)):
        return show(value)
    brackets = "()" if isinstance(value, tuple) else "[]"
    inner = []
    for place, item in enumerate(value):
        beside = other[place] if place < len(other) else None
        if isinstance(item, (list, tuple)) and isinstance(beside, (list, tuple)) and not data.same(item, beside):
            inner.append(_listed(item, beside))
        else:
            inner.append(f"{item!r}{'' if place < len(other) and data.same(item, beside) else MARK}")
    return f"{brackets[0]}{', '.join(inner)}{brackets[1]}"[:300]


def pictures(expected: Any, got: Any) -> str:
    """Weights and masks as two pictures in HTML, where both are small tables; else nothing."""
    one, other = data.as_array(expected), data.as_array(got)
    if one is None or other is None or one.shape != other.shape or not _is_picture(one):
        return ""
    while one.ndim > 2:  # the first table of the batch in which something differs
        place = int(data.differing(other, one).any(axis=tuple(range(1, one.ndim))).argmax())
        one, other = one[place], other[place]
    unlike = data.differing(other, one)
    both = "".join(_picture(name, array, unlike) for name, array in (("expected", one), ("got", other)))
    return f'<div style="{TOGETHER}">{both}</div>'


def _is_picture(expected: np.ndarray) -> bool:
    """True for a mask, and for weights, which are shares of one."""
    if expected.ndim < 2 or not 2 <= max(expected.shape[-2:]) <= LARGEST_PICTURE or not expected.size:
        return False
    if expected.dtype.kind == "b":
        return True
    return bool(expected.dtype.kind == "f" and (expected >= 0).all() and (expected.sum(-1) < 1 + 1e-3).all()
                and (expected.sum(-1) > 1 - 1e-3).any())


def _picture(name: str, array: np.ndarray, unlike: np.ndarray) -> str:
    """One table: the fuller a square, the larger the number; what differs has a frame, where not all does."""
    rows, columns = array.shape
    width, height = columns * CELL + 2, rows * CELL + 2
    squares = [f'<rect x="1" y="1" width="{columns * CELL}" height="{rows * CELL}" fill="none" stroke="currentColor" '
               'stroke-opacity="0.4"/>']
    for row, column in np.ndindex(rows, columns):
        number = float(array[row, column])
        share = min(max(number, 0.0), 1.0) if np.isfinite(number) else 0.0
        side = round((CELL - 4) * share**0.5, 1)
        x, y = 1 + column * CELL, 1 + row * CELL
        if side:
            squares.append(f'<rect x="{x + (CELL - side) / 2:g}" y="{y + (CELL - side) / 2:g}" width="{side:g}" '
                           f'height="{side:g}" fill="currentColor"/>')
        if not np.isfinite(number):
            squares.append(f'<text x="{x + CELL / 2:g}" y="{y + CELL - 6:g}" font-size="12" text-anchor="middle" '
                           'fill="currentColor">?</text>')
        if unlike[row, column] and not unlike.all():
            squares.append(f'<rect x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{CELL - 2}" fill="none" '
                           'stroke="#d9480f" stroke-width="2"/>')
    what = f"{name}: a table of {rows} rows and {columns} columns, in which {int(unlike.sum())} numbers differ"
    return (f'<figure style="margin:0;min-width:0;flex:0 1 auto"><figcaption>{html.escape(name)}</figcaption>'
            f'<svg role="img" aria-label="{what}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'style="{SHRINKING}">{"".join(squares)}</svg></figure>')


def _several(value: Any) -> bool:
    return isinstance(value, tuple) and any(data.is_tensor(part) or isinstance(part, np.ndarray) for part in value)


def _positive(array: np.ndarray) -> np.ndarray:
    """No "-0."."""
    return np.asarray(array + 0.0) if array.dtype.kind == "f" else array


def _cut(text: str) -> str:
    lines = text.splitlines()
    return "\n".join(lines[:MOST_LINES] + ["…"] * (len(lines) > MOST_LINES))
