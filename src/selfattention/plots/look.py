"""The look that all pictures share: colours, letters, numbers, and how a picture is shown and described."""

import html
from base64 import b64encode
from collections.abc import Sized
from io import BytesIO
from itertools import islice
from numbers import Real

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by every kind of colour vision; markers and dashes tell them apart in grey.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"]
MARKERS = ["o", "s", "^", "D", "v", "P"]
DASHES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1))]
# What is drawn in which colour, in every lesson.
ROLES = {"tokens": "#777777", "queries": "#0072B2", "keys": "#E69F00", "values": "#009E73", "scores": "#56B4E9",
         "weights": "#CC79A7", "masks": "#BBBBBB", "outputs": "#C9B800"}
WRONG = "#D55E00"
INK, FAINT = "#1a1a1a", "#6b6b6b"  # both at least 4.5:1 on white

WIDTH = 6.4  # inches; as wide as a page of a laptop leaves
SMALLEST = 1.6  # points of a letter for an inch of the picture's width: 8 pixels where the picture is 360 wide
DOTS = 160  # an inch, of the stored image
SHOWN = 100  # pixels an inch, on the page
LONGEST_NAME = 14
ROUNDING = 1e-6  # what is nearer to a whole number is that number: float32 has seven digits
MOST_TOKENS = 24
MARKS = {True: "✓ ", False: "✗ ", None: ""}


def letters(width: Real) -> float:
    """The size of letters, in points, that can still be read when a picture so wide (in inches) is 360 pixels wide."""
    return max(9.5, SMALLEST * width)


def canvas(panels: int = 1, *, width: Real = WIDTH, height: Real = 3.4, rows: int = 1, **shared):
    """A figure and its axes (one, or an array of `panels` side by side, in so many rows); sizes in inches.

    Args:    shared: which axes are the same for all, as of matplotlib's `subplots`.
    """
    size = letters(width)
    look = {"figure.facecolor": "white", "font.size": size, "axes.titlesize": size, "axes.labelsize": size,
            "xtick.labelsize": size, "ytick.labelsize": size, "legend.fontsize": size, "axes.spines.top": False,
            "axes.spines.right": False, "text.color": INK, "axes.labelcolor": INK, "figure.dpi": SHOWN}
    with matplotlib.rc_context(look):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, panels, **shared)
    figure.get_layout_engine().set(w_pad=0.07, h_pad=0.07)  # inches around each panel
    figure.told = []
    return figure, axes


def entitle(axes, title: str, good: bool | None = None, room: Real = 6) -> None:
    """Set a panel's title; what is right (True) has a tick, what goes wrong (False) a cross and its colour.

    Args:    room: points between the title and the panel.
    """
    text = MARKS[good] + title if title else ""
    axes.set_title(text, color=WRONG if text.startswith(MARKS[False]) else INK,
                   fontsize=letters(axes.figure.get_figwidth()), pad=room)


def tell(axes, text: str) -> None:
    """Add a sentence to the alternative text of the figure that holds `axes`."""
    axes.figure.told.append(text)


def number(value: Real) -> str:
    """A number as pictures write it: whole where it is whole, else with two decimals; from 100 on without.

    A rounding error beside a whole number is left out.
    """
    value = float(value) + 0.0  # no minus before a zero
    if np.isfinite(value) and abs(value - round(value)) < ROUNDING:
        value = round(value) + 0.0
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) >= 1e5:
        return f"{value:.0e}".replace("+", "")
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}".rstrip("0").rstrip(".")
    if text in ("0", "-0", "1") and float(text) != value:
        return f"≈{abs(int(text))}"
    return text.replace("-", "−")


def is_rounded(values) -> bool:
    """Whether one of these numbers is written with fewer digits than it has."""
    return any(abs(float(value) - round(float(value), 2)) > 1e-9 for value in np.ravel(values) if np.isfinite(value))


def role_of(words: str) -> str:
    """What is drawn in which colour, told by its name: `keysᵀ` are keys, `w · v` is a part of an output."""
    known = {"quer": "queries", "key": "keys", "value": "values", "scor": "scores", "scaled": "scores", "exp": "scores",
             "weight": "weights", "mask": "masks", "out": "outputs", "w · v": "outputs"}
    return next((role for start, role in known.items() if words.lower().startswith(start)), "tokens")


def name(text: object, longest: int = LONGEST_NAME) -> str:
    """A token's name, cut where it is too long for a picture, with what would break a line or a formula left out."""
    plain = "".join(one for one in str(text).replace("$", r"\$") if one.isprintable())
    return plain if len(plain) <= longest else plain[:longest - 1] + "…"


def tint(role: str, share: Real) -> tuple[float, Real, Real]:
    """A role's colour, from white (0) to full (1)."""
    colour, share = np.array(to_rgb(ROLES.get(role, role))), float(np.clip(np.nan_to_num(share), 0, 1))
    return tuple(1 - share * (1 - colour))


def colours_of(role: str, signs: bool = False) -> LinearSegmentedColormap:
    """Shades of a role's colour, from white to dark; with `signs`, white is zero and what is negative is grey."""
    full = np.array(to_rgb(ROLES.get(role, role)))
    shades = [(1, 1, 1), tuple(full), tuple(0.45 * full)]
    return LinearSegmentedColormap.from_list(role, [(0.3, 0.3, 0.3), (0.62, 0.62, 0.62), *shades] if signs else shades)


def shades(values, low: Real | None = None, high: Real | None = None) -> np.ndarray:
    """How dark each number is drawn, from 0 to 1: the larger, the darker, and a negative one lighter than zero.

    Args:    low, high: what is lightest and darkest; by default the least, or 0 if that is less, and the largest.
    """
    finite = values[np.isfinite(values)]
    low = min(0.0, finite.min(initial=0.0)) if low is None else low
    high = finite.max(initial=low) if high is None else high
    return np.where(np.isfinite(values), (values - low) / ((high - low) or 1.0), 0.0)


def table(values, what: str, axes: int | None = None) -> np.ndarray:
    """An array or tensor as plain numbers.

    Raises:  ValueError: it holds nothing, or has another number of axes; the message gives its shape.
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    array = np.asarray(values, dtype=float)
    if not array.size:
        raise ValueError(f"there is nothing to draw: {what} has shape {array.shape}")
    if axes is not None and array.ndim != axes:
        raise ValueError(f"{what} should have {axes} axes to be drawn, but has shape {array.shape}: take one sentence "
                         "and one head of it, such as x[0]")
    return array


def required(things, what: str) -> None:
    """Raises ValueError where there is nothing to draw."""
    if not len(things):
        raise ValueError(f"there is nothing to draw: give at least one of the {what}")


def same_length(one: Sized, what: str, other: Sized, other_what: str) -> None:
    """Raises ValueError where two things that stand beside each other differ in length; the message gives both."""
    if len(one) != len(other):
        raise ValueError(f"{what} and {other_what} stand beside each other, but there are {len(one)} and {len(other)}")


def window(count: int, most: int = MOST_TOKENS) -> tuple[slice, str]:
    """What is drawn of so many things, and the notice that says so where it is not all."""
    return slice(0, most), f"the first {most} of {count}" if count > most else ""


def listed(values, most: int = 6) -> str:
    """Numbers or names in a sentence, the first few of them."""
    shown = [number(one) if isinstance(one, int | float | np.number) else str(one) for one in islice(values, most + 1)]
    return ", ".join(shown[:most]) + (", …" if len(shown) > most else "")


def alternative(figure, caption: str) -> str:
    """What stands for a picture where it cannot be seen: what it shows in general, then its numbers."""
    return " ".join([caption, *getattr(figure, "told", [])])


def png(figure) -> bytes:
    """A figure as a PNG file, small enough for a notebook."""
    from PIL import Image

    drawn, stored = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png", dpi=DOTS, facecolor="white")
    with Image.open(drawn) as image:  # 256 colours are enough for lines and letters, and half of the size
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(stored, format="png", optimize=True)
    return stored.getvalue()


def show(figure, caption: str) -> None:
    """Display a figure as PNG with `caption` below it; its alternative text adds what the picture's numbers say.

    Viewers of notebooks pass no alternative text on to a stored picture, so it stands folded below the caption, too.
    """
    from IPython.display import display

    width, words = round(SHOWN * figure.get_figwidth()), alternative(figure, caption)
    display({"image/png": b64encode(png(figure)).decode(), "text/plain": caption}, raw=True,
            metadata={"image/png": {"alt": words, "width": width}})
    folded = html.escape(words.removeprefix(caption).strip(), quote=False)
    display({"text/markdown": f"*{caption}*\n\n<details><summary><small>In words</small></summary><small>{folded}"
                              "</small></details>", "text/plain": ""}, raw=True)
