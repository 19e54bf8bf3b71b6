"""Many curves, each in a small panel of its own, beside the same reference."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from numbers import Real

from selfattention.plots import look

TALL, BELOW = 1.02, 0.55  # inches: of a row of panels, and what stands below the last


def lineup(x: Sequence[Real], curves: Mapping[str, Sequence[Real]], reference: Sequence[Real], *, reference_name: str,
           xlabel: str, ylabel: str, across: int = 4, limit: Real | None = None, limit_name: str = ""):
    """Draw each named curve in a panel of its own, over a grey reference that is the same in all of them.

    Args:    across: how many panels stand side by side. limit: the height of a dashed line in all panels.
    Returns: the figure.
    Raises:  ValueError: there is no curve, or one of them or the reference has not as many points as x.
    """
    look.required(curves, "curves")
    reference = look.table(reference, reference_name, axes=1)
    look.same_length(x, "the points of x", reference, f"those of the curve {reference_name!r}")
    rows = -(-len(curves) // across)
    figure, panels = look.canvas(across, rows=rows, height=rows * TALL + BELOW, sharex=True, sharey=True, squeeze=False)
    for number, (axes, named) in enumerate(zip_longest(panels.flat, curves.items())):
        if named is None:
            axes.axis("off")
            continue
        name, values = named[0], look.table(named[1], named[0], axes=1)
        look.same_length(x, "the points of x", values, f"those of the curve {name!r}")
        lines = [axes.plot(x, reference, color=look.ROLES["masks"], linewidth=3.2)[0],
                 axes.plot(x, values, color=look.COLOURS[0], linewidth=1.6)[0]]
        if limit is not None:
            lines.append(axes.axhline(limit, color=look.INK, linewidth=0.9, linestyle="--"))
        look.entitle(axes, name, room=3)
        axes.grid(alpha=0.25)
        axes.set(ylabel=ylabel if number == rows // 2 * across else "")
        look.tell(axes, f"{name}: {look.number(values[0])} at first, {look.number(values[-1])} at last.")
    names = [reference_name, "the curve of this panel", *[limit_name] * (limit is not None)]
    figure.legend(lines, names, loc="outside upper center", ncols=3, frameon=False)
    figure.supxlabel(xlabel, fontsize=look.letters(look.WIDTH))
    look.tell(panels[0, 0], f"{reference_name}: {look.number(reference[0])} at first, {look.number(reference[-1])} at "
                            "last.")
    return figure
