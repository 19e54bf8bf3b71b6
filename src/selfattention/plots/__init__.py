"""The course's pictures, in one visual language: each thing has its colour and its place everywhere.

Queries stand right or down, keys left or across; what is wrong is vermillion, dashed or crossed out, never by colour
alone. Every picture is drawn from a lesson's own arrays and describes itself from them (the alternative text).
"""

from selfattention.plots.arrows import arrows, clocks
from selfattention.plots.blocks import blocks
from selfattention.plots.charts import bars, heatmap, lines
from selfattention.plots.descent import descent
from selfattention.plots.flow import flow
from selfattention.plots.graphs import graph
from selfattention.plots.images import images
from selfattention.plots.lineup import lineup
from selfattention.plots.links import links, tokens_and_links
from selfattention.plots.look import COLOURS, MARKERS, ROLES, canvas, show, tell
from selfattention.plots.map import course_map
from selfattention.plots.rows import token_rows
from selfattention.plots.shaded import shaded
from selfattention.plots.streams import streams
from selfattention.plots.tables import heatmaps
from selfattention.plots.wiring import wiring

__all__ = ["COLOURS", "MARKERS", "ROLES", "arrows", "bars", "blocks", "canvas", "clocks", "course_map", "descent",
           "flow", "graph", "heatmap", "heatmaps", "images", "lines", "lineup", "links", "shaded", "show", "streams",
           "tell", "token_rows", "tokens_and_links", "wiring"]
