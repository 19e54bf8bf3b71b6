"""Every figure of the course in one look: colour-blind-safe, queries down, keys across, with alt text."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from io import BytesIO

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

# Okabe and Ito's colours, told apart by every kind of colour vision; markers and dashes tell them apart in grey.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
MARKERS = ["o", "s", "^", "D", "v", "P"]
DASHES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1))]
LOOK = {"figure.facecolor": "white", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False,
        "axes.titlesize": 11, "figure.dpi": 100}


def canvas(panels: int = 1, *, width: float = 6.4, height: float = 3.4):
    """A figure and its axes (one, or an array of `panels` side by side); sizes in inches."""
    from matplotlib.figure import Figure

    with matplotlib.rc_context(LOOK):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(1, panels)
    return figure, axes


def heatmap(axes, weights: np.ndarray, *, queries: Sequence[str] = (), keys: Sequence[str] = (), title: str = "",
            numbers: bool = True, largest: float | None = None, row_axis: str = "queries", column_axis: str = "keys",
            links: Iterable[tuple[int, int]] = ()):
    """Draw a matrix with queries down and keys across.

    Args:    largest: the value of the darkest colour. links: (key, query) pairs to be framed, such as gold word links.
    """
    weights = np.asarray(weights, dtype=float)
    largest = weights.max() if largest is None else largest
    image = axes.imshow(weights, cmap="Blues", vmin=min(0.0, weights.min()), vmax=largest or 1.0, aspect="auto")
    axes.set(title=title, ylabel=row_axis, xlabel=column_axis)
    for axis, labels in ((axes.yaxis, queries), (axes.xaxis, keys)):
        if len(labels):
            axis.set_ticks(range(len(labels)), labels)
        else:
            axis.set_major_locator(MaxNLocator(integer=True))
    for side in axes.spines.values():
        side.set_visible(False)
    if numbers and weights.size <= 144:
        low, high = image.get_clim()
        for (row, column), weight in np.ndenumerate(weights):
            dark = (weight - low) / (high - low or 1.0) > 0.55
            axes.text(column, row, f"{weight:.2f}".replace("0.", ".", 1) if 0 <= weight < 1 else f"{weight:.1f}",
                      ha="center", va="center", color="white" if dark else "black", fontsize=9)
    for key, query in links:
        axes.add_patch(Rectangle((key - 0.46, query - 0.46), 0.92, 0.92, fill=False, edgecolor=COLOURS[1], linewidth=2))
    return image


def lines(axes, x: Sequence[float], curves: dict[str, Sequence[float]], *, xlabel: str, ylabel: str, title: str = "",
          log_x: bool = False, log_y: bool = False) -> None:
    """Draw named curves over the same x, each with its own colour, dash and marker."""
    for number, (name, y) in enumerate(curves.items()):
        axes.plot(x, y, label=name, color=COLOURS[number % 6], linestyle=DASHES[number % 6],
                  marker=MARKERS[number % 6], markersize=4, linewidth=1.6)
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title, xscale="log" if log_x else "linear",
             yscale="log" if log_y else "linear")
    axes.grid(alpha=0.25)
    if len(curves) > 1:
        axes.legend(frameon=False)


def show(figure, caption: str) -> None:
    """Display a figure as PNG, with `caption` below it and as its alternative text."""
    from IPython.display import Markdown, display

    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=120, facecolor="white")
    display({"image/png": b64encode(buffer.getvalue()).decode(), "text/plain": caption}, raw=True,
            metadata={"image/png": {"alt": caption}})
    display(Markdown(f"*{caption}*"))
