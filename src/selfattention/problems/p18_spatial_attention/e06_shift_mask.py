import torch
from jaxtyping import Bool
from torch import Tensor

from selfattention.engine import exercise, probes


@exercise(points=4, minutes=15, builds_on="exercise 5", hints=(
    "Draw a grid of 4 × 4 that was rolled by 1. Which of its rows came around, and which columns?",
    "Two yes-or-no questions sort all pixels into parts. How many parts are there, at most, in one window?",
    "Give each part a number of its own and cut the numbers into windows as the pixels are cut.",
))
def shift_mask(height: int, width: int, size: int, shift: int) -> Bool[Tensor, "windows places places"]:
    r"""Hide from each other what only the roll brought into one window.

    To shift its windows, Swin rolls the grid by `shift` up and to the left (0 ≤ `shift` < `size`): row r of the rolled
    grid is row r + `shift` of the image, and the first `shift` rows come around to the end; columns likewise. Then it
    cuts the rolled grid into windows of `size` × `size`, in reading order, and the places of each window in reading
    order, too. `height` and `width` are multiples of `size`. Return a table for each window, `True` where the query of
    the row may see the key of the column: where both pixels came around from the top or neither did, and both from the
    left or neither (Liu et al. 2021, figure 4).
    """
    rows, columns = torch.arange(height) >= height - shift, torch.arange(width) >= width - shift
    part = 2 * rows[:, None] + columns
    cut = part.unflatten(1, (-1, size)).unflatten(0, (-1, size)).transpose(1, 2).flatten(2, 3).flatten(0, 1)
    return cut[:, :, None] == cut[:, None]


shift_mask.example(2, 2, 2, 1)
shift_mask.example(2, 4, 2, 1)
shift_mask.example(4, 2, 2, 1)
shift_mask.example(2, 2, 2, 0)


def expected_mask(height, width, size, shift):
    """Pixel by pixel: which rows and columns of the image do the places of a window hold?"""
    tables = []
    for top in range(0, height, size):
        for left in range(0, width, size):
            held = [((row + shift) % height, (column + shift) % width)
                    for row in range(top, top + size) for column in range(left, left + size)]
            came = [(row < shift, column < shift) for row, column in held]
            tables.append([[one == other for other in came] for one in came])
    return torch.tensor(tables)


@shift_mask.check("hides what came around, and nothing else",
                  hint="In the second example, which pixels of the image stand in the last window?")
def what_came_around(answer, rng):
    for given in ((14, 21, 7, 5), *rng.permutation([(6, 9, 3, 1), (9, 6, 3, 2), (4, 8, 4, 3), (10, 5, 5, 2)]).tolist()):
        probes.equal(answer(*given), expected_mask(*given), "other places may see each other")


@shift_mask.check("hides nothing without a shift, and works for a single window, and for windows of one pixel",
                  hint="Rolled by 0, how many pixels came around? And in a grid of one window?")
def edges(answer, rng):
    for given in ((7, 7, 7, 5), *rng.permutation([(4, 6, 2, 0), (3, 3, 3, 1), (2, 3, 1, 0), (5, 5, 5, 3)]).tolist()):
        probes.equal(answer(*given), expected_mask(*given), "other places may see each other")


def masked(height, width, size, shift, *, rows=None, columns=None, numbers=(2, 1), view=False, across=False,
           down=False):
    """The solution with one thing to be changed at a time."""
    rows = torch.arange(height) >= height - shift if rows is None else rows
    columns = torch.arange(width) >= width - shift if columns is None else columns
    part = numbers[0] * rows.long()[:, None] + numbers[1] * columns.long()
    if view:
        cut = part.reshape(-1, size**2)
    else:
        cut = part.unflatten(1, (-1, size)).unflatten(0, (-1, size)).transpose(1, 2)
        cut = cut.transpose(0, 1) if across else cut
        cut = (cut.transpose(2, 3) if down else cut).flatten(2, 3).flatten(0, 1)
    return cut[:, :, None] == cut[:, None]


@shift_mask.mistake("hides nothing: the windows are shifted without a mask",
                    hint="Rolled by 1, the last window of a row holds its last column and its first. Are they "
                         "neighbours?")
def nothing_hidden(*given):
    return masked(*given, numbers=(0, 0))


@shift_mask.mistake("marks what is to be hidden", hint="What does `True` mean in this course?")
def marks_hidden(*given):
    return ~masked(*given)


@shift_mask.mistake("asks for rows alone", hint="What did the roll to the left bring together?")
def rows_alone(*given):
    return masked(*given, numbers=(1, 0))


@shift_mask.mistake("asks for columns alone", hint="What did the roll upwards bring together?")
def columns_alone(*given):
    return masked(*given, numbers=(0, 1))


@shift_mask.mistake("gives two parts the same number: what came from the top, and what came from the left",
                    hint="In the window at the lower right, how many parts are there? How many different numbers do "
                         "they have?")
def numbers_collide(*given):
    return masked(*given, numbers=(1, 1))


@shift_mask.mistake("lets those see each other that agree in one of the two",
                    hint="Both from the top, but one from the left: are they neighbours in the image?")
def either(height, width, size, shift):
    return masked(height, width, size, shift, numbers=(1, 0)) | masked(height, width, size, shift, numbers=(0, 1))


@shift_mask.mistake("is the mask of the grid before it is rolled: the first rows and columns are apart",
                    hint="Where do the first rows of the image stand after the roll?")
def not_rolled(height, width, size, shift):
    return masked(height, width, size, shift, rows=torch.arange(height) < shift, columns=torch.arange(width) < shift)


@shift_mask.mistake("draws the border `shift` places after the beginning of the last window, not before its end",
                    hint="A window of 3 and a shift of 1: how many of its rows came around?")
def from_the_start(height, width, size, shift):
    border = (size - shift) % size
    return masked(height, width, size, shift, rows=torch.arange(height) >= height - border,
                  columns=torch.arange(width) >= width - border)


@shift_mask.mistake("takes one row and column too few for those that came around",
                    hint="Rolled by 1, how many rows came around? `>` or `>=`?")
def one_too_few(height, width, size, shift):
    return masked(height, width, size, shift, rows=torch.arange(height) > height - shift,
                  columns=torch.arange(width) > width - shift)


@shift_mask.mistake("takes one row and column too many for those that came around",
                    hint="Rolled by 0, how many rows came around?")
def one_too_many(height, width, size, shift):
    return masked(height, width, size, shift, rows=torch.arange(height) >= height - shift - 1,
                  columns=torch.arange(width) >= width - shift - 1)


@shift_mask.mistake("takes half of a window for the shift, whatever the shift is",
                    hint="Where does `shift` come into your code? Try a shift of 1 and windows of 4.")
def half_a_window(height, width, size, shift):
    return masked(height, width, size, size // 2)


@shift_mask.mistake("cuts by other line breaks alone, so that a window is a stretch of a row",
                    hint="Which pixels are the first `size`² numbers of the grid's memory: a square?")
def by_view(*given):
    return masked(*given, view=True)


@shift_mask.mistake("numbers the windows column by column", hint="Which window comes after the upper left one?")
def windows_down(*given):
    return masked(*given, across=True)


@shift_mask.mistake("numbers the places of a window column by column",
                    hint="Which place of a window comes after its upper left one?")
def places_down(*given):
    return masked(*given, down=True)


@shift_mask.mistake("exchanges height and width", hint="Try a grid that is wider than high. Which windows are cut?")
def sides_swapped(height, width, size, shift):
    return masked(width, height, size, shift)


@shift_mask.mistake("hides what came around in the last window alone",
                    hint="Which windows hold rows that came around: one, or all of the last row?")
def last_alone(*given):
    mask = masked(*given)
    mask[:-1] = True
    return mask


@shift_mask.mistake("hides from everybody what came around, also from each other",
                    hint="Two pixels came around from the top side by side. Are they neighbours?")
def alone_in_their_part(height, width, size, shift):
    mask = masked(height, width, size, shift)
    rows, columns = torch.arange(height) >= height - shift, torch.arange(width) >= width - shift
    came = (rows[:, None] | columns).unflatten(1, (-1, size)).unflatten(0, (-1, size)).transpose(1, 2).flatten(0, 1)
    came = came.flatten(1)
    return mask & ~(came[:, :, None] & came[:, None]) | torch.eye(size**2, dtype=torch.bool)


@shift_mask.alternative("two masks, one for rows and one for columns")
def two_masks(height, width, size, shift):
    tables = []
    for top in range(0, height, size):
        for left in range(0, width, size):
            rows = torch.arange(top, top + size).repeat_interleave(size) >= height - shift
            columns = torch.arange(left, left + size).repeat(size) >= width - shift
            tables.append((rows[:, None] == rows) & (columns[:, None] == columns))
    return torch.stack(tables)


@shift_mask.alternative("regions painted as in the authors' code")
def painted(height, width, size, shift):
    regions, number = torch.zeros(height, width), 0
    for rows in (slice(0, height - size), slice(height - size, height - shift), slice(height - shift, height)):
        for columns in (slice(0, width - size), slice(width - size, width - shift), slice(width - shift, width)):
            regions[rows, columns] = number
            number += 1
    cut = regions.reshape(height // size, size, width // size, size).transpose(1, 2).reshape(-1, size**2)
    return cut.unsqueeze(1) - cut.unsqueeze(2) == 0
