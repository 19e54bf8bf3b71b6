from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=12, builds_on="lesson 18 (windows and scales), shifted windows", hints=(
    "A row of the grid goes through several windows. So which two new axes does the width fall into? And the height?",
    "You have five axes now, one of them d. Which two must stand next to each other to be the places of one window?",
    "On the way back, undo the steps in the opposite order. Which of them is its own opposite?",
))
def in_windows(x: Float[Tensor, "height width d"], size: int,
               inside: Callable[[Tensor], Tensor]) -> Float[Tensor, "height width d"]:
    r"""Show a grid to a function window by window, and put what it makes back in place.

    Cut the grid into windows of `size` × `size`; height and width are multiples of it. Give all windows to `inside` in
    one call, as a tensor (windows, places, d): the windows in reading order (from left to right, then down), and the
    places of each window in reading order, too. It returns a tensor of the same shape. Return the grid in which each
    vector stands where the one stood whose place it took (Liu et al. 2021, §3.2). Gradients must reach `x`. In the
    example, `inside` adds to each number ten times the number of its window and the number of its place, both from 0.
    """
    height, width, _ = x.shape
    apart = x.unflatten(1, (-1, size)).unflatten(0, (-1, size))
    cut = apart.transpose(1, 2).flatten(2, 3).flatten(0, 1)
    made = inside(cut).unflatten(1, (size, size)).unflatten(0, (height // size, width // size))
    return made.transpose(1, 2).flatten(2, 3).flatten(0, 1)


def numbered(cut):
    return cut + 10 * torch.arange(len(cut))[:, None, None] + torch.arange(cut.shape[1])[:, None]


in_windows.example(torch.zeros(2, 4, 1), 2, numbered)
in_windows.example(torch.zeros(4, 2, 1), 2, numbered)
in_windows.example(torch.tensor([[[100.0], [200.0], [300.0]], [[400.0], [500.0], [600.0]]]), 1, numbered)
in_windows.example(torch.zeros(3, 3, 1), 3, numbered)


def that_fades(rng):
    """Each place takes up those before it in its window, and each window has a number of its own."""
    shift = tensor(rng, 64)

    def inside(cut):
        places = torch.arange(cut.shape[1])
        before = (places[:, None] - places).to(cut.dtype)
        weights = torch.where(before >= 0, 0.6**before.clamp(min=0), 0)
        return torch.tanh(weights @ cut + shift[:len(cut), None, None])
    return inside


def one_by_one(x, size, inside):
    """Pixel by pixel, with whole numbers."""
    height, width, d = x.shape
    across = width // size
    cut = torch.zeros(height * width // size**2, size**2, d, dtype=x.dtype)
    for row in range(height):
        for column in range(width):
            cut[row // size * across + column // size, row % size * size + column % size] = x[row, column]
    made, back = inside(cut), torch.zeros_like(x)
    for row in range(height):
        for column in range(width):
            back[row, column] = made[row // size * across + column // size, row % size * size + column % size]
    return back


@in_windows.check("shows windows in reading order, and puts every place back",
                  hint="In the first example, which four numbers must the left window hold? Write them into a grid.")
def in_place(answer, rng):
    for height, width, d, size in ((4, 6, 3, 2), (6, 4, 2, 2), (9, 6, 2, 3)):
        x, inside = tensor(rng, height, width, d), that_fades(rng)
        probes.equal(answer(x, size, inside), one_by_one(x, size, inside))


@in_windows.check("works for a single window, and for windows of one pixel or one row of them",
                  hint="How many windows has a grid that is as large as the window? And with a size of 1?")
def edges(answer, rng):
    for height, width, d, size in ((3, 3, 2, 3), (2, 3, 2, 1), (2, 6, 1, 2), (6, 2, 3, 2), (1, 1, 1, 1)):
        x, inside = tensor(rng, height, width, d), that_fades(rng)
        probes.equal(answer(x, size, inside), one_by_one(x, size, inside))


@in_windows.check("calls `inside` once",
                  hint="How often does your code call `inside`, and with how many windows each time?")
def one_call(answer, rng):
    given = []

    def inside(cut):
        given.append(tuple(cut.shape))
        return 2 * cut
    answer(tensor(rng, 4, 6, 3), 2, inside)
    probes.require(given == 2 * [(6, 4, 3)], f"it is called with tensors of the shapes {given}")


@in_windows.check("lets gradients reach the grid", hint="Is what you give to `inside` made of x, or of a copy?")
def gradients(answer, rng):
    probes.gradient_parity(answer, in_windows, tensor(rng, 4, 6, 2), 2, that_fades(rng),
                           cotangent=tensor(rng, 4, 6, 2))


def cut_up(x, size, *, columns=False, down=False):
    """Windows in reading order, or column by column (`columns`), or with their places down first (`down`)."""
    apart = x.unflatten(1, (-1, size)).unflatten(0, (-1, size)).transpose(1, 2)
    apart = apart.transpose(0, 1) if columns else apart
    return (apart.transpose(2, 3) if down else apart).flatten(2, 3).flatten(0, 1)


def put_back(made, size, height, width, *, columns=False, down=False):
    rows, across = height // size, width // size
    apart = made.unflatten(1, (size, size)).unflatten(0, (across, rows) if columns else (rows, across))
    apart = apart.transpose(0, 1) if columns else apart
    apart = apart.transpose(2, 3) if down else apart
    return apart.transpose(1, 2).flatten(2, 3).flatten(0, 1)


@in_windows.mistake("cuts and puts back by other line breaks alone, so that a window is a stretch of a row",
                    hint="Which pixels are the first `size`² numbers of the grid's memory: a square?")
def by_view(x, size, inside):
    return inside(x.reshape(-1, size**2, x.shape[2])).reshape(x.shape)


@in_windows.mistake("cuts into squares, but puts them back by other line breaks alone",
                    hint="With an `inside` that changes nothing, does your result equal x?")
def back_by_view(x, size, inside):
    return inside(cut_up(x, size)).reshape(x.shape)


@in_windows.mistake("cuts by other line breaks alone, and puts back as if they were squares",
                    hint="With an `inside` that changes nothing, does your result equal x?")
def cut_by_view(x, size, inside):
    return put_back(inside(x.reshape(-1, size**2, x.shape[2])), size, *x.shape[:2])


@in_windows.mistake("numbers the windows column by column", hint="Which window comes after the upper left one?")
def windows_down(x, size, inside):
    return put_back(inside(cut_up(x, size, columns=True)), size, *x.shape[:2], columns=True)


@in_windows.mistake("numbers the places of a window column by column",
                    hint="Which place of a window comes after its upper left one?")
def places_down(x, size, inside):
    return put_back(inside(cut_up(x, size, down=True)), size, *x.shape[:2], down=True)


@in_windows.mistake("exchanges height and width when it puts the windows back",
                    hint="How many windows stand side by side: height / size, or width / size?")
def sides_swapped(x, size, inside):
    height, width, _ = x.shape
    return put_back(inside(cut_up(x, size)), size, width, height).reshape(x.shape)


@in_windows.mistake("mirrors the grid at its diagonal",
                    hint="Which axis of x counts the rows? Try a grid that is wider than high.")
def mirrored(x, size, inside):
    return put_back(inside(cut_up(x.transpose(0, 1), size)), size, x.shape[1], x.shape[0]).transpose(0, 1)


@in_windows.mistake("exchanges height and width inside each window when it puts it back",
                    hint="With an `inside` that changes nothing, is every pixel where it was?")
def places_swapped(x, size, inside):
    return put_back(inside(cut_up(x, size)), size, *x.shape[:2], down=True)


@in_windows.mistake("makes `size` × `size` windows, in place of windows of that size",
                    hint="A grid of 4 × 6 and a size of 2: how many windows are there, and how large are they?")
def so_many(x, size, inside):
    height, width, d = x.shape
    tall, wide = height // size, width // size
    cut = x.reshape(size, tall, size, wide, d).transpose(1, 2).reshape(size**2, tall * wide, d)
    return inside(cut).reshape(size, size, tall, wide, d).transpose(1, 2).reshape(x.shape)


@in_windows.mistake("takes pixels that lie far apart for a window: every second one, or third",
                    hint="Are the pixels of one of your windows neighbours?")
def far_apart(x, size, inside):
    height, width, d = x.shape
    apart = x.reshape(size, height // size, size, width // size, d).permute(1, 3, 0, 2, 4)
    made = inside(apart.reshape(-1, size**2, d)).reshape(apart.shape)
    return made.permute(2, 0, 3, 1, 4).reshape(x.shape)


@in_windows.mistake("calls `inside` for each window on its own",
                    hint="How often may `inside` be called? Which number has a window that comes alone?")
def each_alone(x, size, inside):
    made = torch.cat([inside(one[None]) for one in cut_up(x, size)])
    return put_back(made, size, *x.shape[:2])


@in_windows.mistake("calls `inside` for each row of windows on its own",
                    hint="How often may `inside` be called? Which number has the first window of the second row?")
def each_strip(x, size, inside):
    return torch.cat([put_back(inside(cut_up(strip, size)), size, size, x.shape[1]) for strip in x.split(size)])


@in_windows.mistake("shifts the windows", hint="Where does the first window begin? Nothing is to be rolled here.")
def shifted(x, size, inside):
    rolled = x.roll((-(size // 2), -(size // 2)), (0, 1))
    return put_back(inside(cut_up(rolled, size)), size, *x.shape[:2]).roll((size // 2, size // 2), (0, 1))


@in_windows.mistake("gives `inside` the rows of the windows, not the windows",
                    hint="How many places has one window? What is the second axis that `inside` is given?")
def row_by_row(x, size, inside):
    cut = cut_up(x, size)
    return put_back(inside(cut.reshape(-1, size, x.shape[2])).reshape(cut.shape), size, *x.shape[:2])


@in_windows.mistake("shows the whole grid as one window", hint="What does `size` change in your code?")
def one_window(x, size, inside):
    return inside(x.flatten(0, 1)[None]).reshape(x.shape)


@in_windows.mistake("cuts the gradient off", hint="Look for `.detach()`, `.numpy()` or `torch.tensor`.")
def cut_off(x, size, inside):
    return in_windows.function(x.detach(), size, inside) + 0 * x


@in_windows.alternative("lists of windows")
def by_slices(x, size, inside):
    height, width, _ = x.shape
    corners = [(row, column) for row in range(0, height, size) for column in range(0, width, size)]
    made = inside(torch.stack([x[row:row + size, column:column + size].flatten(0, 1) for row, column in corners]))
    squares = iter(made.unflatten(1, (size, size)))
    return torch.cat([torch.cat([next(squares) for _ in range(0, width, size)], dim=1)
                      for _ in range(0, height, size)], dim=0)


@in_windows.alternative("an index, and its inverse")
def by_index(x, size, inside):
    height, width, d = x.shape
    places = torch.arange(height * width).reshape(height // size, size, width // size, size).transpose(1, 2).flatten()
    made = inside(x.flatten(0, 1)[places].reshape(-1, size**2, d))
    return made.flatten(0, 1)[places.argsort()].reshape(x.shape)
