"""Pictures with axes: tables of weights, curves, bars."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from numbers import Real

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator, NullLocator

from selfattention.plots import look

MOST_TICKS = 9  # whole numbers on a logarithmic axis, written as they are
MOST_BORDERS = 16
MOST_NAMES = 3  # of curves within the axes
BLANK = ("weights", "masks", "tokens")  # where nothing is, zero says nothing
MIDDLE = 0.202  # the luminance from which on the ink has the larger contrast
MOST_NUMBERS = 64  # beyond, a table's numbers are too small to read
RIM = 1.8  # points: white around a frame
LETTER, MARGIN = 0.085, 0.85  # inches: of a letter across, and what stands beside a panel


def heatmap(axes, weights, *, queries: Sequence[str] = (), keys: Sequence[str] = (), title: str = "",
            role: str = "weights", numbers: bool = True, largest: Real | None = None, row_axis: str = "queries",
            column_axis: str = "keys", links: Iterable[tuple[int, int]] = (), wrong=None, hidden=None,
            good: bool | None = None):
    """Draw a matrix with queries down and keys across; zero weights stay blank, NaN is hatched.

    Args:    queries, keys: names of the rows and columns; too many to be read give way to their numbers.
             largest: the value of the darkest colour. links: (key, query) pairs to be framed, such as gold word links.
             wrong: True where a cell is a mistake; it is framed and crossed out. hidden: True where a mask hides the
             number; the cell stays blank. good: False for what goes wrong, True for what is right, marked in the title.
    Raises:  ValueError: it is not a matrix, is empty, or names, `wrong` or `hidden` do not fit it.
    """
    weights = look.table(weights, "the matrix", axes=2)
    hidden = np.zeros(weights.shape, bool) if hidden is None else look.table(hidden, "hidden").astype(bool)
    if hidden.shape != weights.shape:
        raise ValueError(f"`hidden` leaves out cells of the matrix, but their shapes are {hidden.shape} and "
                         f"{weights.shape}")
    weights = np.where(hidden, np.nan, weights)
    for names, side, what in ((queries, 0, row_axis), (keys, 1, column_axis)):
        if len(names):
            look.same_length(names, f"the names of the {what or 'rows'}", range(weights.shape[side]), "the lines drawn")
    finite = weights[np.isfinite(weights)]
    low = min(0.0, finite.min(initial=0.0))
    largest = finite.max(initial=0.0) if largest is None else largest
    colours = look.colours_of(role, signs=bool(low < 0))
    limits = (low, largest or 1.0) if low >= 0 else (-max(-low, largest), max(-low, largest))
    image = axes.imshow(np.where(np.isfinite(weights), weights, np.nan), cmap=colours, vmin=limits[0], vmax=limits[1],
                        aspect="auto")
    look.entitle(axes, title, good)
    axes.set(ylabel=row_axis, xlabel=column_axis)
    for axis, names in ((axes.yaxis, queries), (axes.xaxis, keys)):
        if 0 < len(names) <= look.MOST_TOKENS:
            axis.set_ticks(range(len(names)), [look.name(one) for one in names])
        else:
            axis.set_major_locator(MaxNLocator(nbins=12 if max(weights.shape) <= 12 else 6, integer=True))
    if 0 < len(keys) <= look.MOST_TOKENS and _crowded(axes, [look.name(one) for one in keys]):
        axes.tick_params(axis="x", rotation=45)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set(visible=True, color=look.ROLES["masks"])
    if max(weights.shape) <= MOST_BORDERS:
        for side, cells in ((axes.axvline, weights.shape[1]), (axes.axhline, weights.shape[0])):
            for border in range(1, cells):
                side(border - 0.5, color="white", linewidth=1)
    _numbers(axes, image, weights, numbers and weights.size <= MOST_NUMBERS, ("0", "≈0") if role in BLANK else (),
             hidden)
    for key, query in links:
        _frame(axes, query, key, look.INK, "-", RIM)
    if wrong is not None:
        _cross_out(axes, weights, look.table(wrong, "wrong", axes=2).astype(bool))
    look.tell(axes, _described(weights, title, queries, keys, row_axis, column_axis, wrong, hidden))
    return image


def _crowded(axes, names: Sequence[str]) -> bool:
    """Whether names across would touch: there are many letters, or two neighbours need more than the cells' width."""
    cell = (axes.figure.get_figwidth() / len(axes.figure.axes) - MARGIN) / len(names)
    pairs = (len(one) + len(other) for one, other in pairwise(names))
    return sum(map(len, names)) > 32 or any(LETTER * both / 2 + 0.05 > cell for both in pairs)


def _frame(axes, row: int, column: int, colour: str, dash: str, rim: Real = 0) -> None:
    """A frame in a cell; with a white rim, so many points wide, it is seen on dark and on light."""
    for edge, line, above in (("white", 1.8 + 2 * rim, 1), (colour, 1.8, 1.5))[not rim:]:  # rims lie below all frames
        axes.add_patch(Rectangle((column - 0.45, row - 0.45), 0.9, 0.9, fill=False, edgecolor=edge, linewidth=line,
                                 linestyle=dash, zorder=above))


def _numbers(axes, image, weights: np.ndarray, shown: bool, blank: tuple[str, ...], hidden: np.ndarray) -> None:
    for (row, column), weight in np.ndenumerate(weights):
        if hidden[row, column]:
            continue
        if not np.isfinite(weight):
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, hatch="///", edgecolor=look.WRONG,
                                     linewidth=0))
            axes.text(column, row, look.number(weight), ha="center", va="center", color=look.WRONG,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
            continue
        text = look.number(weight)
        if shown and text not in blank:
            axes.text(column, row, text, ha="center", va="center", color=_readable(image.cmap(image.norm(weight))))


def _readable(ground) -> str:
    """White or ink, whichever stands out more (WCAG 2.1, contrast ratio)."""
    shares = np.asarray(to_rgb(ground))
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return "white" if linear @ (0.2126, 0.7152, 0.0722) < MIDDLE else look.INK


def _cross_out(axes, weights: np.ndarray, wrong: np.ndarray) -> None:
    if wrong.shape != weights.shape:
        raise ValueError(f"`wrong` marks cells of the matrix, but their shapes are {wrong.shape} and {weights.shape}")
    size = 6 if max(wrong.shape) <= 5 else 4  # points; many cells are small ones
    halo = [withStroke(linewidth=3.4, foreground="white")]  # it is seen on dark cells, too
    for row, column in np.argwhere(wrong).tolist():
        _frame(axes, row, column, look.WRONG, "--", RIM / 2)
        axes.plot(column - 0.32, row - 0.32, "x", color=look.WRONG, markersize=size, markeredgewidth=1.8,
                  path_effects=halo)


def _described(weights: np.ndarray, title: str, queries: Sequence[str], keys: Sequence[str], row_axis: str,
               column_axis: str, wrong, hidden: np.ndarray) -> str:
    rows, columns = weights.shape
    finite = weights[np.isfinite(weights)]
    text = f"{title or 'Table'}: {rows} {row_axis or 'rows'} down, {columns} {column_axis or 'columns'} across"
    if finite.size:
        text += f", from {look.number(finite.min())} to {look.number(finite.max())}"
    if not_finite := weights.size - finite.size - hidden.sum():
        text += f", {not_finite} not finite"
    if hidden.any():
        text += f", {hidden.sum()} left blank"
    if rows <= 8 and finite.size == weights.size:
        text += "; largest in each row: " + ", ".join(
            f"{queries[row] if len(queries) else row} – {_largest(values, keys)} {look.number(values.max())}"
            for row, values in enumerate(weights))
    return text + (f"; {int(np.sum(np.asarray(wrong, dtype=bool)))} marked as wrong." if wrong is not None else ".")


def _largest(row: np.ndarray, keys: Sequence[str]) -> str:
    """The names of the columns in which a row is largest, where there are several all of them."""
    places = np.flatnonzero(row == row.max())
    names = [str(keys[place] if len(keys) else place) for place in places]
    if len(names) == 1:
        return names[0]
    told = f"{names[0]} to {names[-1]}" if np.ptp(places) == len(places) - 1 else " and ".join(names)
    return f"{told}, each"


def lines(axes, x: Sequence[Real], curves: Mapping[str, Sequence[Real]], *, xlabel: str, ylabel: str, title: str = "",
          log_x: bool = False, log_y: bool = False, limit: Real | None = None, limit_name: str = "",
          below: bool = False) -> None:
    """Draw named curves over the same x, each with its own colour, dash and marker.

    Args:    limit: the height of a thin line, such as a chance level; limit_name: what it is. below: the names stand
             below the picture, as many do anyway; for where they would hide a curve.
    Raises:  ValueError: there is no curve, or one has not as many points as x.
    """
    if not curves or not len(x):
        raise ValueError(f"there is nothing to draw: {len(curves)} curves over {len(x)} points")
    for order, (name, y) in enumerate(curves.items()):
        y = look.table(y, name, axes=1) + 0.0  # no minus before a zero
        look.same_length(x, "the points of x", y, f"those of the curve {name!r}")
        axes.plot(x, y, label=name, color=look.COLOURS[order % 6], linestyle=look.DASHES[order % 6],
                  marker=look.MARKERS[order % 6], markersize=4, linewidth=1.8)
        ends = f"{name}: {_short(y[0])} at {_short(x[0])}, {_short(y[-1])} at {_short(x[-1])}"
        finite = y[np.isfinite(y)]
        reach = f" (between {_short(finite.min())} and {_short(finite.max())})" if finite.size else ""
        look.tell(axes, f"{ends}{reach}.")
    look.entitle(axes, title)
    axes.set(xlabel=xlabel, ylabel=ylabel, xscale="log" if log_x else "linear",
             yscale="log" if log_y else "linear")
    if log_x and len(x) <= MOST_TICKS and all(float(one).is_integer() for one in x):
        axes.set_xticks(x, [look.number(one) for one in x])
        axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(alpha=0.25)
    if limit is not None:
        axes.axhline(limit, color=look.FAINT, linewidth=1.2, label=limit_name or None)
    if len(curves) > 1 or limit_name:
        across = (axes.figure.get_figwidth() / len(axes.figure.axes) - 0.2) / (0.6 + LETTER * max(map(len, curves)))
        below = below or len(curves) > MOST_NAMES  # many would hide a curve
        axes.legend(framealpha=0.9, edgecolor=look.ROLES["masks"], **(
            {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2), "ncol": min(3, max(1, int(across)))}
            if below else {}))


def _short(value: Real) -> str:
    """A number of a curve: what is small keeps two digits, however small it is."""
    if not 0 < abs(value) < 1:
        return look.number(value)
    return ("−" if value < 0 else "") + f"{abs(value):.2g}"


def bars(axes, heights: Mapping[str, Real] | Sequence[Real] | np.ndarray, *, each: str = "key", role: str = "weights",
         title: str = "", xlabel: str = "", numbers: bool = True, limit: Real | None = None, limit_name: str = "",
         most: Real | None = None) -> None:
    """Draw a bar for each name, from the top down, with its number; infinite and NaN are written, not drawn.

    Bars of weights all have the axis from 0 to 1, so that panels can be compared.

    Args:    heights: the numbers by name, or without names: then each is called `each` and its place, counted from 0.
             limit: where a thin line stands, such as a chance level; limit_name: what it is. most: where the axis ends;
             a longer bar is cut off there, and its number tells how long it is.
    Raises:  ValueError: there is none.
    """
    if not isinstance(heights, Mapping):
        heights = {f"{each} {place}": height for place, height in enumerate(look.table(heights, "the bars", axes=1))}
    values = look.table(list(heights.values()), "the bars", axes=1)
    names = [look.name(one, 24) for one in heights]
    drawn = np.where(np.isfinite(values), values, 0.0)
    drawn = drawn if most is None else np.minimum(drawn, most)
    axes.barh(range(len(names)), drawn, color=look.ROLES.get(role, role), height=0.62, edgecolor=look.INK,
              linewidth=0.6)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    look.entitle(axes, title, room=18 if limit_name else 6)
    axes.set_xlabel(xlabel)
    low, high = drawn.min(initial=0.0), drawn.max(initial=0.0)
    if role == "weights" and low >= 0 and high <= 1 + 1e-9:
        high = 1.0
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    reach = (high - low) or 1.0
    axes.set_xlim(low - 0.28 * reach * (numbers and low < 0), high + reach * (0.3 if numbers else 0.02))
    if numbers:
        for place, value in enumerate(values):
            below, beyond = drawn[place] < 0, most is not None and value > most
            at = drawn[place] + (-0.03 if below else 0.03) * reach
            axes.text(at, place, look.number(value) + (" (cut off)" if beyond else ""), va="center",
                      ha="right" if below else "left")
    axes.tick_params(axis="y", length=0)
    if limit is not None:
        axes.axvline(limit, color=look.INK, linewidth=1.2, linestyle="--")
        axes.annotate(limit_name, (limit, 1), (0, 1), xycoords=("data", "axes fraction"), textcoords="offset points",
                      ha="center", va="bottom", style="italic", fontsize=0.9 * look.letters(axes.figure.get_figwidth()))
    pairs = ", ".join(f"{name} {look.number(value)}" for name, value in zip(names[:12], values))
    look.tell(axes, f"{title or xlabel or 'Bars'}: {pairs}{', …' if len(names) > 12 else ''}.")
