"""A sheet to draw on, measured in inches from the upper left: boxes, cells, arrows, words."""

from numbers import Real

import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from selfattention.plots import look


class Board:
    """An empty picture of so many inches.

    Args:    axes: draw on these in place of a figure of one's own; the sheet fills them.
    """

    def __init__(self, width: Real, height: Real, axes=None) -> None:
        self.width, self.height = width, height
        if axes is None:
            self.figure, self.axes = look.canvas(width=width, height=height)
        else:
            self.figure, self.axes = axes.figure, axes
        self.letters = look.letters(self.figure.get_figwidth())
        self.axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
        self.axes.axis("off")

    def text(self, x: Real, y: Real, words: str, **style) -> None:
        """Words around a point; `style` as of matplotlib's text."""
        self.axes.text(x, y, words, **{"ha": "center", "va": "center", "fontsize": self.letters, "zorder": 4, **style})

    def box(self, x: Real, y: Real, width: Real, height: Real, words: str = "", *, fill="white",
            edge: str = look.INK, dash: str = "-", line: Real = 1.0, round: Real = 0.06, **style) -> None:
        """A box with its upper left corner at (x, y), and words in its middle."""
        self.axes.add_patch(FancyBboxPatch((x + round, y + round), width - 2 * round, height - 2 * round,
                                           boxstyle=f"round,pad={round}", facecolor=fill, edgecolor=edge,
                                           linestyle=dash, linewidth=line, zorder=3))
        if words:
            self.text(x + width / 2, y + height / 2, words, **style)

    def arrow(self, start: tuple[Real, Real], end: tuple[Real, Real], *, colour: str = look.INK, line: Real = 1.2,
              dash: str = "-", bend: Real = 0.0, head: bool = True, alpha: Real = 1.0) -> None:
        """An arrow from point to point; `bend` curves it."""
        self.axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>" if head else "-", mutation_scale=9,
                                            connectionstyle=f"arc3,rad={bend}", color=colour, linewidth=line,
                                            linestyle=dash, shrinkA=0, shrinkB=0, alpha=alpha))

    def path(self, *points: tuple[Real, Real], colour: str = look.INK, line: Real = 1.2) -> None:
        """A line along points, with an arrow's head at the last."""
        *first, last = points
        self.axes.plot(*zip(*first), color=colour, linewidth=line, solid_capstyle="round")
        self.arrow(first[-1], last, colour=colour, line=line)

    def cells(self, x: Real, y: Real, values, role: str, *, size: Real, numbers: bool = True,
              height: Real | None = None, letters: Real | None = None) -> None:
        """A row, or rows, of cells, the darker the larger their numbers; what is not finite has slanting lines."""
        grid = np.atleast_2d(look.table(values, role))
        shares, height = look.shades(grid), size if height is None else height
        for (row, column), value in np.ndenumerate(grid):
            shade = look.tint(role, 0.75 * shares[row, column])
            odd = "///" if not np.isfinite(value) else None
            self.axes.add_patch(Rectangle((x + column * size, y + row * height), size, height, facecolor=shade,
                                          edgecolor=look.WRONG if odd else look.ROLES.get(role, look.INK), hatch=odd,
                                          linewidth=0.8))
            if numbers:
                ground = {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.5}} if odd else {}
                self.text(x + (column + 0.5) * size, y + (row + 0.5) * height, look.number(value),
                          fontsize=letters or self.letters, **ground)
