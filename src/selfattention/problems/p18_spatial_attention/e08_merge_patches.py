import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=2, minutes=8, builds_on="lesson 18 (windows and scales), a hierarchy", hints=(
    "Which rows of the grid are upper rows of a square of 2 × 2? How do you take every second one?",
    "Four grids, each half as high and half as wide. Along which axis are they put side by side?",
    "Say the four corners aloud in the order that the prompt gives. Which two of them are in the left column?",
))
def merge_patches(x: Float[Tensor, "height width d"]) -> Float[Tensor, "half_height half_width four_d"]:
    r"""Make one place of each square of 2 × 2 places, before it is projected to the next scale.

    `height` and `width` are even. Cut the grid into squares of 2 × 2. Where a square stood there is one vector, in
    which the four stand one after the other: upper left, lower left, upper right, lower right (so in the code of Liu et
    al. 2021, §3.1). Gradients must reach `x`.
    """
    return torch.cat([x[row::2, column::2] for column in (0, 1) for row in (0, 1)], dim=-1)


merge_patches.example(torch.tensor([[[1.0], [2.0], [3.0], [4.0]], [[10.0], [20.0], [30.0], [40.0]]]))
merge_patches.example(torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]))
merge_patches.example(torch.tensor([[[1.0], [2.0]], [[3.0], [4.0]], [[5.0], [6.0]], [[7.0], [8.0]]]))


def square_by_square(x):
    height, width, _ = x.shape
    return torch.stack([torch.stack([torch.cat([x[i, j], x[i + 1, j], x[i, j + 1], x[i + 1, j + 1]])
                                     for j in range(0, width, 2)]) for i in range(0, height, 2)])


@merge_patches.check("puts the four of each square one after the other, down before across",
                     hint="In the second example the square is the whole grid. Which two numbers come after 1 and 2?")
def one_after_the_other(answer, rng):
    for shape in ((4, 6, 3), (6, 4, 2), (2, 10, 5)):
        x = tensor(rng, *shape)
        probes.equal(answer(x), square_by_square(x))


@merge_patches.check("works for a single square, and for a single number a place",
                     hint="How many places are left of 2 × 2? And how long is the vector there?")
def single(answer, rng):
    for shape in ((2, 2, 1), (2, 2, 3), (4, 4, 1), (2, 4, 1)):
        x = tensor(rng, *shape)
        probes.equal(answer(x), square_by_square(x))


@merge_patches.check("lets gradients reach the grid", hint="Is the result made of x, or of a copy?")
def gradients(answer, rng):
    probes.gradient_parity(answer, merge_patches, tensor(rng, 4, 6, 3), cotangent=tensor(rng, 2, 3, 12))


def corners(x, *order):
    """The four corners in some order, each as (row, column)."""
    return torch.cat([x[row::2, column::2] for row, column in order], dim=-1)


@merge_patches.mistake("goes in reading order: upper left, upper right, lower left, lower right",
                       hint="Which corner does the prompt name second?")
def reading_order(x):
    return corners(x, (0, 0), (0, 1), (1, 0), (1, 1))


@merge_patches.mistake("goes around the square", hint="Which corner does the prompt name third?")
def around(x):
    return corners(x, (0, 0), (0, 1), (1, 1), (1, 0))


@merge_patches.mistake("goes around the square the other way", hint="Which corner does the prompt name last?")
def around_down(x):
    return corners(x, (0, 0), (1, 0), (1, 1), (0, 1))


@merge_patches.mistake("begins at the lower right corner", hint="Which corner does the prompt name first?")
def backwards(x):
    return corners(x, (1, 1), (0, 1), (1, 0), (0, 0))


@merge_patches.mistake("takes the quarters of the grid for corners",
                       hint="Are the four numbers of the first place neighbours in the grid?")
def quarters(x):
    tall, wide = x.shape[0] // 2, x.shape[1] // 2
    return torch.cat([x[:tall, :wide], x[tall:, :wide], x[:tall, wide:], x[tall:, wide:]], dim=-1)


@merge_patches.mistake("puts four neighbours of a row together",
                       hint="With other line breaks alone, which places become neighbours in memory?")
def by_view(x):
    height, width, d = x.shape
    return x.reshape(height // 2, width // 2, 4 * d)


@merge_patches.mistake("takes the mean of the four", hint="How long is the vector of a merged place?")
def averaged(x):
    return corners(x, (0, 0), (1, 0), (0, 1), (1, 1)).unflatten(-1, (4, -1)).mean(dim=-2)


@merge_patches.mistake("takes the mean of the four, and repeats it to the width",
                       hint="Can the next layer still tell the four places from each other?")
def averaged_and_repeated(x):
    return averaged(x).repeat(1, 1, 4)


@merge_patches.mistake("takes the sum of the four", hint="How long is the vector of a merged place?")
def summed(x):
    return 4 * averaged(x)


@merge_patches.mistake("merges columns alone", hint="How many rows has the result?")
def columns_alone(x):
    return torch.cat([x[:, 0::2], x[:, 1::2]], dim=-1)


@merge_patches.mistake("merges rows alone", hint="How many columns has the result?")
def rows_alone(x):
    return torch.cat([x[0::2], x[1::2]], dim=-1)


@merge_patches.mistake("has the lower right corner twice, and the upper right one never",
                       hint="Does each of the four numbers appear once? Compare your four slices.")
def one_twice(x):
    return corners(x, (0, 0), (1, 0), (1, 1), (1, 1))


@merge_patches.mistake("puts the same feature of all four side by side",
                       hint="In the second example, do 1 and 2 stay neighbours?")
def by_feature(x):
    return torch.stack([x[row::2, column::2] for column in (0, 1) for row in (0, 1)], dim=-1).flatten(-2)


@merge_patches.mistake("mirrors the grid at its diagonal",
                       hint="Which axis of x counts the rows? Try a grid that is wider than high.")
def mirrored(x):
    return corners(x.transpose(0, 1), (0, 0), (0, 1), (1, 0), (1, 1))


@merge_patches.mistake("keeps the upper left corner alone, four times", hint="Where do the other three go?")
def first_alone(x):
    return corners(x, (0, 0), (0, 0), (0, 0), (0, 0))


@merge_patches.mistake("exchanges upper and lower", hint="Which row of a square is the upper one: 0 or 1?")
def upside_down(x):
    return corners(x, (1, 0), (0, 0), (1, 1), (0, 1))


@merge_patches.mistake("cuts the gradient off", hint="Look for `.detach()`, `.numpy()` or `torch.tensor`.")
def cut_off(x):
    return corners(x.detach(), (0, 0), (1, 0), (0, 1), (1, 1)) + 0 * x.sum()


@merge_patches.alternative("axes apart, then in another order")
def by_axes(x):
    height, width, d = x.shape
    apart = x.reshape(height // 2, 2, width // 2, 2, d)
    return apart.permute(0, 2, 3, 1, 4).reshape(height // 2, width // 2, 4 * d)


@merge_patches.alternative("square by square")
def by_squares(x):
    return square_by_square(x)
