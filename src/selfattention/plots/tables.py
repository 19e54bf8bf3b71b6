"""Several tables side by side, each with its own names."""

from collections.abc import Mapping, Sequence

from selfattention.plots import look
from selfattention.plots.charts import LETTER, heatmap

WIDE = 4.8  # inches: of all tables without their names


def heatmaps(tables: Mapping[str, object], *, queries: Sequence[Sequence[str]] = (), keys: Sequence[Sequence[str]] = (),
             height: float = 2.7, **style):
    """Draw a heatmap for each title; `style` is as of `heatmap`.

    Args:    queries, keys: for each table the names of its rows and of its columns; left out, there are none.
    Returns: the figure.
    Raises:  ValueError: there is no table, or not a list of names for each.
    """
    if not tables:
        raise ValueError("there is nothing to draw: give at least one table")
    for names, what in ((queries, "rows"), (keys, "columns")):
        if len(names):
            look.same_length(names, f"the lists of names of the {what}", tables, "the tables")
    figure, panels = look.canvas(len(tables), height=height)
    for number, (title, table) in enumerate(tables.items()):
        axes = panels[number] if len(tables) > 1 else panels
        heatmap(axes, table, title=title, queries=queries[number] if len(queries) else (),
                keys=keys[number] if len(keys) else (), **style)
        if any(LETTER * len(str(name)) > WIDE / len(tables) / len(row) for row in keys for name in row):
            axes.tick_params(axis="x", rotation=45)
    return figure
