"""Images beside each other, the borders of their patches, and on each patch a dot for its weight."""

from collections.abc import Collection, Mapping
from numbers import Real

import numpy as np
from matplotlib.patches import Circle

from selfattention.plots import look
from selfattention.plots.board import Board

LARGEST, GAP, NAME = 1.35, 0.12, 0.24  # inches: a side, the room between two images, and what a name needs
DOT = 0.46  # of a patch's side: the radius for the largest weight
TOLD = 3  # weights of an image that are told


def images(pictures: Mapping[str, object], *, patch: int = 0, weights: Mapping[str, object] | None = None,
           wrong: Collection[str] = (), most: int = 6, title: str = "", width: Real = look.WIDTH):
    """Draw images of one channel, the larger a number the darker, with their names above them; all share one scale.

    Args:    patch: pixels along a patch's side; its borders are drawn, 0 for none. weights: a table (rows, columns) of
             patches for some of the images; the area of a dot tells the weight, on one scale as well.
             wrong: names of images that went wrong. most: how many stand in a row.
    Returns: the figure.
    Raises:  ValueError: there is no image, a patch does not divide it, or weights do not fit its patches.
    """
    look.required(pictures, "images")
    grids = {name: look.table(picture, name, axes=2) for name, picture in pictures.items()}
    tables = {name: look.table(table, f"the weights of {name}", axes=2) for name, table in (weights or {}).items()}
    for name, grid in grids.items():
        if patch < 0 or (patch and (grid.shape[0] % patch or grid.shape[1] % patch)):
            raise ValueError(f"{name!r} has {grid.shape[0]} × {grid.shape[1]} pixels, which patches of {patch} × "
                             f"{patch} do not divide")
    for name, table in tables.items():
        if name not in grids or not patch or tuple(side // patch for side in grids[name].shape) != table.shape:
            there = f"{grids[name].shape} pixels and patches of {patch}" if name in grids else "no image"
            raise ValueError(f"the weights of {name!r} are a table {table.shape}, but there is {there}: give a weight "
                             "for each patch")
    across = min(len(grids), most)
    side = min(LARGEST, (width - 2 * GAP) / across - GAP)
    tall = [side * grid.shape[0] / grid.shape[1] for grid in grids.values()]
    rows = [max(tall[start:start + most]) + NAME + GAP for start in range(0, len(grids), most)]
    top = 0.32 * bool(title)
    board = Board(width, top + sum(rows) + GAP / 2)
    if title:
        board.text(0.08, 0.16, title, ha="left", weight="bold")
    left = (width - across * (side + GAP) + GAP) / 2
    limits = min(0.0, *map(np.nanmin, grids.values())), max(map(np.nanmax, grids.values()))
    heaviest = max((float(np.nanmax(table)) for table in tables.values()), default=1.0)
    for place, (name, grid) in enumerate(grids.items()):
        x = left + place % most * (side + GAP)
        y = top + sum(rows[:place // most]) + NAME
        bad = name in wrong
        board.text(x + side / 2, y - NAME / 2, (look.MARKS[False] if bad else "") + look.name(name, 24),
                   color=look.WRONG if bad else look.INK)
        _image(board, grid, x, y, side / grid.shape[1], patch, limits, bad)
        if name in tables:
            _dots(board, tables[name], x, y, side / grid.shape[1] * patch, heaviest)
        look.tell(board.axes, _described(name, grid, patch, tables.get(name), bad))
    return board.figure


def _image(board: Board, grid: np.ndarray, x: Real, y: Real, pixel: Real, patch: int, limits: tuple[Real, Real],
           bad: bool) -> None:
    wide, tall = pixel * grid.shape[1], pixel * grid.shape[0]
    sheet = board.axes.get_xlim(), board.axes.get_ylim()
    board.axes.imshow(grid, cmap="Greys", vmin=limits[0], vmax=1.25 * (limits[1] or 1.0),  # so that dots show
                      extent=(x, x + wide, y + tall, y), interpolation="nearest", zorder=1)
    board.axes.set(xlim=sheet[0], ylim=sheet[1])
    lines = {"color": look.ROLES["keys"], "linewidth": 0.9, "zorder": 2}
    if patch:
        for place in range(patch, grid.shape[1], patch):
            board.axes.plot([x + place * pixel] * 2, [y, y + tall], **lines)
        for place in range(patch, grid.shape[0], patch):
            board.axes.plot([x, x + wide], [y + place * pixel] * 2, **lines)
    board.box(x, y, wide, tall, fill="none", edge=look.WRONG if bad else look.FAINT, dash="--" if bad else "-",
              line=1.8 if bad else 0.8, round=0)


def _dots(board: Board, table: np.ndarray, x: Real, y: Real, step: Real, heaviest: Real) -> None:
    for (row, column), weight in np.ndenumerate(table):
        if np.isfinite(weight) and weight > 0:
            board.axes.add_patch(Circle((x + (column + 0.5) * step, y + (row + 0.5) * step),
                                        DOT * step * np.sqrt(weight / (heaviest or 1.0)), zorder=3,
                                        facecolor=look.ROLES["weights"], edgecolor="white", linewidth=0.8))


def _described(name: str, grid: np.ndarray, patch: int, table: np.ndarray | None, bad: bool) -> str:
    text = (f"{name}{' (marked as wrong)' if bad else ''}: {grid.shape[0]} × {grid.shape[1]} pixels, from "
            f"{look.number(np.nanmin(grid))} to {look.number(np.nanmax(grid))}, {look.number(np.nanmean(grid))} on "
            "average")
    if patch and grid.size > patch**2:
        text += f", {grid.shape[0] // patch} × {grid.shape[1] // patch} patches"
    if table is not None:
        order = np.argsort(-np.nan_to_num(table.ravel()), kind="stable")[:TOLD]
        places = (divmod(int(place), table.shape[1]) for place in order)
        text += "; largest weights: " + ", ".join(
            f"{look.number(table[row, column])} in row {row + 1}, column {column + 1}" for row, column in places)
    return text + "."
