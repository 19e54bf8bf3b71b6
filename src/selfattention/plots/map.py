"""The map of the course: the Transformer of 2017 with "you are here", what was built before, and what is to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real

from selfattention.plots import look
from selfattention.plots.board import Board

MACHINES = {"encoder–decoder": ("encoder", "decoder"), "encoder": ("encoder",), "decoder": ("decoder",),
            "image encoder": ("encoder",), "graph encoder": ("encoder",)}
WORDS = {"image encoder": {"source tokens": "image patches in", "source vectors": "patch vectors"},
         "graph encoder": {"source tokens": "nodes in", "source vectors": "node vectors", "scores": "score: each edge",
                           "mask": "mask: the edges"}}  # where a machine has others
BUILT, HERE, LATER = "built before", "you are here", "built later"
HERE_FILL, HERE_EDGE, BUILT_FILL = "#FFE3A6", "#B26B00", "#D6E8F5"


@dataclass(frozen=True)
class Part:
    """A part of the machine: where it stands, what it is called, and in which chapter it is built."""

    column: str  # encoder, decoder, or inside one attention
    row: int  # from the bottom
    words: str
    chapter: int


PARTS = {
    "source tokens": Part("encoder", 0, "tokens in", 0),
    "source vectors": Part("encoder", 1, "token vectors", 4),
    "source positions": Part("encoder", 2, "+ positions", 7),
    "self-attention": Part("encoder", 3, "self-attention", 5),
    "encoder norm": Part("encoder", 4, "add & norm", 8),
    "feed-forward": Part("encoder", 5, "feed-forward", 8),
    "second encoder norm": Part("encoder", 6, "add & norm", 8),
    "target tokens": Part("decoder", 0, "tokens so far", 0),
    "target vectors": Part("decoder", 1, "token vectors", 4),
    "target positions": Part("decoder", 2, "+ positions", 7),
    "masked self-attention": Part("decoder", 3, "masked self-attn.", 5),
    "decoder norm": Part("decoder", 4, "add & norm", 8),
    "cross-attention": Part("decoder", 5, "cross-attention", 9),
    "second decoder norm": Part("decoder", 6, "add & norm", 8),
    "decoder feed-forward": Part("decoder", 7, "feed-forward", 8),
    "third decoder norm": Part("decoder", 8, "add & norm", 8),
    "next token": Part("decoder", 9, "next token", 9),
    "training": Part("decoder", 10, "loss: training", 10),
    "projections": Part("inside", 0, "make Q, K, V", 5),
    "cut": Part("inside", 1, "cut into heads", 6),
    "scores": Part("inside", 2, "score: Q · K", 1),
    "scale": Part("inside", 3, "scale: ÷ √d", 3),
    "mask": Part("inside", 4, "mask", 4),
    "softmax": Part("inside", 5, "softmax", 2),
    "mix": Part("inside", 6, "mix the values", 1),
    "join": Part("inside", 7, "join heads", 6),
}
ROOMS = {"encoder": 9, "decoder": 9}  # the chapters that build the frames around the layers
COLUMN, STEP, TALL = 1.56, 0.37, 0.28  # inches
ABOVE, BELOW = 0.24, 0.1  # inches: what a frame needs above it, for its name, and below it


def course_map(chapter: int, *, here: Sequence[str] = (), machine: str = "encoder–decoder"):
    """Draw the map as it looks from a chapter: its parts marked, those of earlier chapters filled, later ones dashed.

    Args:    chapter: 0 to 19. here: parts to mark, from `PARTS`; by default those that the chapter builds.
             Where others are marked, a later lesson of the chapter, what it builds is there.
             machine: the whole of 2017, or the encoder or decoder alone, which later models are made of; an encoder of
             image patches, or of the nodes of a graph, which have no order.
    Returns: the figure.
    Raises:  ValueError: there is no such machine or part; the message says which there are.
    """
    if machine not in MACHINES:
        raise ValueError(f"there is no map of {machine!r}: choose one of {', '.join(MACHINES)}")
    if unknown := set(here) - set(PARTS):
        raise ValueError(f"the map has no part {', '.join(sorted(unknown))}; it has {', '.join(PARTS)}")
    columns = [*MACHINES[machine], "inside"]
    parts = {name: part for name, part in PARTS.items() if part.column in columns and _belongs(name, machine)}
    built = chapter if here else chapter - 1  # the last chapter whose parts are there
    here = set(here) or {name for name, part in parts.items() if part.chapter == chapter}
    states = {name: HERE if name in here else BUILT if part.chapter <= built else LATER
              for name, part in parts.items()}
    heights = _heights(parts)
    tallest = max(heights.values()) + STEP
    board = Board(max(0.3 + len(columns) * (COLUMN + 0.42), 5.0), tallest + 0.85)
    places = {column: 0.2 + number * (COLUMN + 0.42) for number, column in enumerate(columns)}
    bottom = tallest + 0.28
    tops = {name: (places[part.column], bottom - heights[name] - STEP) for name, part in parts.items()}
    _frames(board, parts, tops, chapter)
    _wires(board, parts, tops)
    for name, part in parts.items():
        words = WORDS.get(machine, {}).get(name, part.words)
        _part(board, words, *tops[name], states[name], reached=name == "cross-attention")
    if machine == "encoder–decoder":
        board.text(0.1, 0.2, "The Transformer of 2017,\nfrom bottom to top.\n× N: N such layers", ha="left", va="top",
                   linespacing=1.3)
    _legend(board, bottom + 0.3)
    look.tell(board.axes, _described(parts, states, machine))
    return board.figure


def _belongs(name: str, machine: str) -> bool:
    """Without an encoder there is nothing to attend across to, and nodes have no positions."""
    return (machine == "encoder–decoder" or name not in ("cross-attention", "second decoder norm")) and (
        machine != "graph encoder" or name != "source positions")


def _heights(parts: dict[str, Part]) -> dict[str, Real]:
    """How far each part stands above the lowest, without gaps but for what the frames need above and below."""
    heights = {}
    for column in {part.column for part in parts.values()}:
        at, framed = 0.0, True
        for name, part in sorted(parts.items(), key=lambda item: item[1].row):
            if part.column == column:
                within = _in_frame(name, part)
                at += (ABOVE if framed else BELOW) * (at > 0 and within != framed)
                heights[name], framed = at, within
                at += STEP
    return heights


def _in_frame(name: str, part: Part) -> bool:
    return part.column == "inside" or part.words == "add & norm" or "attention" in name or "feed-forward" in name


def _frames(board: Board, parts: dict[str, Part], tops: dict[str, tuple[Real, Real]], chapter: int) -> None:
    words = {"encoder": "encoder × N", "decoder": "decoder × N", "inside": "inside each attention box"}
    for column in {part.column for part in parts.values()}:
        within = [tops[name] for name, part in parts.items() if part.column == column and _in_frame(name, part)]
        x, top, bottom = within[0][0], min(y for _, y in within), max(y for _, y in within) + TALL
        dash = "--" if ROOMS.get(column, 0) > chapter else "-"
        board.box(x - 0.13, top - 0.08, COLUMN + 0.26, bottom - top + 0.16, fill="none",
                  edge=look.ROLES["masks"], dash=dash, line=1.2)
        board.text(x - 0.13, top - 0.19, words[column], ha="left", style="italic", color=look.FAINT,
                   fontsize=0.9 * board.letters, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})


def _wires(board: Board, parts: dict[str, Part], tops: dict[str, tuple[Real, Real]]) -> None:
    for column in {part.column for part in parts.values()}:
        upwards = sorted((tops[name] for name, part in parts.items() if part.column == column), key=lambda top: -top[1])
        for (x, below), (_, above) in pairwise(upwards):
            board.arrow((x + COLUMN / 2, below), (x + COLUMN / 2, above + TALL), colour=look.FAINT, line=1.0)
    _zoom(board, parts, tops)
    if "cross-attention" in parts:
        start, start_y = tops["second encoder norm"]
        end, end_y = tops["cross-attention"]
        middle = (start + COLUMN + end) / 2
        board.path((start + COLUMN, start_y + TALL / 2), (middle, start_y + TALL / 2), (middle, end_y + TALL / 2),
                   (end, end_y + TALL / 2), colour=look.FAINT, line=1.4)


def _zoom(board: Board, parts: dict[str, Part], tops: dict[str, tuple[Real, Real]]) -> None:
    """Dotted lines from the last attention box to the frame that shows its inside."""
    x, y = tops[next(name for name in reversed(parts) if "attention" in name)]
    inside = [tops[name] for name, part in parts.items() if part.column == "inside"]
    left, top, bottom = inside[0][0] - 0.13, min(y for _, y in inside) - 0.08, max(y for _, y in inside) + TALL + 0.08
    for start, end in ((y, top), (y + TALL, bottom)):
        board.axes.plot([x + COLUMN, left], [start, end], color=look.FAINT, linewidth=1, linestyle=":")


def _part(board: Board, words: str, x: Real, y: Real, state: str, reached: bool) -> None:
    """A box; what an arrow reaches from the left is marked on its right."""
    look_of = {HERE: {"fill": HERE_FILL, "edge": HERE_EDGE, "line": 2.4, "weight": "bold"},
               BUILT: {"fill": BUILT_FILL, "edge": look.ROLES["queries"], "line": 1.2},
               LATER: {"fill": "white", "edge": "#9a9a9a", "dash": "--", "color": look.FAINT}}[state]
    board.box(x, y, COLUMN, TALL, words, **look_of)
    if state == HERE:
        at, mark = (x + COLUMN + 0.09, "◀") if reached else (x - 0.09, "▶")
        board.text(at, y + TALL / 2, mark, color=HERE_EDGE, fontsize=board.letters * 0.9)


def _legend(board: Board, y: Real) -> None:
    step = (board.width - 0.3) / 3
    for number, state in enumerate((BUILT, HERE, LATER)):
        x = 0.15 + number * step
        look_of = {BUILT: (BUILT_FILL, look.ROLES["queries"], "-"), HERE: (HERE_FILL, HERE_EDGE, "-"),
                   LATER: ("white", "#9a9a9a", "--")}[state]
        board.box(x, y - 0.08, 0.26, 0.18, fill=look_of[0], edge=look_of[1], dash=look_of[2], round=0.03)
        if state == HERE:
            board.text(x - 0.1, y + 0.01, "▶", color=HERE_EDGE, fontsize=board.letters * 0.9)
        board.text(x + 0.33, y + 0.01, state, ha="left", weight="bold" if state == HERE else "normal")


def _described(parts: dict[str, Part], states: dict[str, str], machine: str) -> str:
    alone = {"decoder": "a decoder alone", "image encoder": "an encoder of image patches",
             "graph encoder": "an encoder of the nodes of a graph"}
    said = [f"Map of {alone.get(machine, f'the {machine} of 2017')}"]
    called = {} if "second decoder norm" in parts else {"third decoder norm": "second decoder norm"}
    called |= WORDS.get(machine, {})
    for state in (HERE, BUILT, LATER):
        names = [called.get(name, name) for name in parts if states[name] == state]
        said.append(f"{state}: {', '.join(names) or 'nothing'}")
    return "; ".join(said) + "."
