import torch
from jaxtyping import Int
from torch import Tensor

from selfattention.engine import exercise, probes


@exercise(points=3, minutes=12, builds_on="lesson 18 (windows and scales), the layer", hints=(
    "In which row and which column of its window does place p stand? Which two operators tell?",
    "The displacement has two parts, each from negative to positive. How do you make both start at 0?",
    "Two parts shall give one number, and no two displacements the same. How many values does the second part have?",
))
def relative_index(height: int, width: int) -> Int[Tensor, "places places"]:
    r"""Number the displacements between the places of a window.

    A window of `height` × `width` has `height` · `width` places, numbered in reading order. Between a query (the row of
    the table) and a key (its column) lies a displacement: the query's row in the window minus the key's row, and the
    query's column minus the key's column. Number all displacements from 0 on: those with the least first part come
    first, and among them those with the least second part. There are (2 `height` − 1)(2 `width` − 1). Return the number
    for each query and key (Liu et al. 2021, §3.2; their windows are square).
    """
    places = torch.arange(height * width)
    rows, columns = places // width, places % width
    down = rows[:, None] - rows + height - 1
    across = columns[:, None] - columns + width - 1
    return down * (2 * width - 1) + across


relative_index.example(1, 3)
relative_index.example(3, 1)
relative_index.example(1, 1)


def counted(height, width):
    """A list of all displacements in their order, and the place of each in it."""
    order = [(down, across) for down in range(1 - height, height) for across in range(1 - width, width)]
    places = [(row, column) for row in range(height) for column in range(width)]
    return torch.tensor([[order.index((row - other_row, column - other_column)) for other_row, other_column in places]
                         for row, column in places])


@relative_index.check("numbers the displacements in their order",
                      hint="In the first example, the query is the last place and the key the first one. How far is it "
                           "from key to query, and which number does that have?")
def in_order(answer, rng):
    for height, width in ((2, 3), *rng.permutation([(3, 2), (2, 2), (4, 3), (3, 5)]).tolist()):
        got = answer(height, width)
        probes.equal(got, counted(height, width), "a number differs")
        probes.require(not got.is_floating_point(), f"an index must be whole, and yours is of type {got.dtype}")


@relative_index.check("works for windows of one row, one column and one place",
                      hint="How many displacements are there in a window of a single place?")
def single(answer, rng):
    for height, width in rng.permutation([(1, 1), (1, 4), (5, 1), (2, 1), (1, 3)]).tolist():
        probes.equal(answer(height, width), counted(height, width), "a number differs")


def index(height, width, *, rows=None, columns=None, start=(None, None), stride=None, sign=(1, 1), absolute=False,
          rows_fast=False):
    """The solution with one thing to be changed at a time."""
    places = torch.arange(height * width)
    rows = places // width if rows is None else rows
    columns = places % width if columns is None else columns
    down, across = sign[0] * (rows[:, None] - rows), sign[1] * (columns[:, None] - columns)
    down, across = (down.abs(), across.abs()) if absolute else (down, across)
    down = down + (height - 1 if start[0] is None else start[0])
    across = across + (width - 1 if start[1] is None else start[1])
    if rows_fast:
        return across * (2 * height - 1) + down
    return down * (2 * width - 1 if stride is None else stride) + across


@relative_index.mistake("is flipped: the key's place minus the query's",
                        hint="The query stands below the key. Is the first part of the displacement positive?")
def flipped(height, width):
    return index(height, width, sign=(-1, -1))


@relative_index.mistake("is flipped down, and right across", hint="Which row is subtracted from which?")
def rows_flipped(height, width):
    return index(height, width, sign=(-1, 1))


@relative_index.mistake("is flipped across, and right down", hint="Which column is subtracted from which?")
def columns_flipped(height, width):
    return index(height, width, sign=(1, -1))


@relative_index.mistake("counts the first part faster than the second",
                        hint="From one number to the next, which part of the displacement changes by 1?")
def rows_first(height, width):
    return index(height, width, rows_fast=True)


@relative_index.mistake("multiplies by the number of rows that are possible, not of columns",
                        hint="How many values has the part across? Try a window of 2 × 3.")
def stride_of_rows(height, width):
    return index(height, width, stride=2 * height - 1)


@relative_index.mistake("multiplies by the width of the window, so that it is a distance in a text",
                        hint="From the leftmost key to the rightmost query and back: how many values has the part "
                             "across?")
def stride_of_places(height, width):
    return index(height, width, stride=width)


@relative_index.mistake("multiplies by one too many", hint="Does each number up to the largest belong to one?")
def stride_too_wide(height, width):
    return index(height, width, stride=2 * width)


@relative_index.mistake("only adds the two parts", hint="Do two displacements get the same number?")
def added(height, width):
    return index(height, width, stride=1)


@relative_index.mistake("does not begin at 0: displacements to the other side have negative numbers",
                        hint="Which is the least number in your table?")
def negative(height, width):
    return index(height, width, start=(0, 0))


@relative_index.mistake("begins one row and one column too late", hint="Which is the least number in your table?")
def too_late(height, width):
    return index(height, width, start=(height, width))


@relative_index.mistake("exchanges the least row and the least column",
                        hint="A window of 2 × 3: how far up can a key stand, how far to the left?")
def starts_swapped(height, width):
    return index(height, width, start=(width - 1, height - 1))


@relative_index.mistake("takes distances, so that left and right are one",
                        hint="Do a key to the left and one to the right have the same number?")
def distances(height, width):
    return index(height, width, absolute=True)


@relative_index.mistake("numbers the places of the window column by column",
                        hint="Which place comes after the upper left one, in reading order?")
def by_column(height, width):
    places = torch.arange(height * width)
    return index(height, width, rows=places % height, columns=places // height)


@relative_index.mistake("exchanges height and width",
                        hint="In a window of 2 × 3, in which row stands place 2?")
def sides_swapped(height, width):
    return index(width, height)


@relative_index.mistake("divides by the height to find the row",
                        hint="How many places has one row of the window?")
def rows_by_height(height, width):
    places = torch.arange(height * width)
    return index(height, width, rows=places // height, columns=places % height)


@relative_index.alternative("a list of displacements, and where each stands")
def by_list(height, width):
    return counted(height, width)


@relative_index.alternative("coordinates in one table")
def coordinates(height, width):
    both = torch.stack(torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")).flatten(1)
    away = both[:, :, None] - both[:, None, :]
    return (away[0] + height - 1) * (2 * width - 1) + away[1] + width - 1
