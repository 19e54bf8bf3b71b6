import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=10, builds_on="lesson 18, what it looks at", hints=(
    "A table of weights has queries down and keys across. In which row stands what the class token looks at?",
    "How many numbers are left once the class token is left out? How many rows and columns do they make?",
    "A patch of 2 × 2 pixels has one weight. How often does that number stand in the result, and where?",
))
def weights_over_image(weights: Float[Tensor, "heads tokens tokens"], height: int, width: int,
                       patch: int) -> Float[Tensor, "height width"]:
    r"""Lay over an image what the class token of a ViT looks at.

    `weights` are those of one layer for one image, queries down and keys across. Token 0 is the class token; the others
    are the patches of `patch` × `patch` pixels in the order of reading. `height` and `width` are the image's, in
    pixels, and multiples of `patch`. Take how the class token attends, in each head, and the mean over the heads. Leave
    out what it gives to itself, and divide, so that what the patches get sums to 1. Return that number of each patch at
    every one of its pixels.
    """
    seen = weights[:, 0, 1:].mean(dim=0)
    shares = (seen / seen.sum()).reshape(height // patch, width // patch)
    return shares.repeat_interleave(patch, dim=0).repeat_interleave(patch, dim=1)


weights_over_image.example(torch.tensor([[[0.2, 0.6, 0.2], [0.5, 0.25, 0.25], [0.75, 0.125, 0.125]]]), 1, 2, 1)
weights_over_image.example(torch.tensor([[[0.0, 0.75, 0.25], [0.5, 0.25, 0.25], [0.75, 0.125, 0.125]]]), 4, 2, 2)
weights_over_image.example(torch.tensor([[[0.8, 0.2], [0.5, 0.5]], [[0.2, 0.8], [0.25, 0.75]]]), 2, 2, 2)
weights_over_image.example(
    torch.tensor([[[0.9, 0.1, 0.0], [0.5, 0.25, 0.25], [0.2, 0.4, 0.4]],
                  [[0.1, 0.1, 0.8], [0.5, 0.25, 0.25], [0.2, 0.4, 0.4]]]), 1, 2, 1)


def drawn(rng, heads, rows, columns):
    """Weights in which every row of every head sums to one."""
    return torch.softmax(1.5 * tensor(rng, heads, rows * columns + 1, rows * columns + 1), dim=-1)


def pixel_by_pixel(weights, height, width, patch):
    """Each pixel asks its patch."""
    of_patch = [sum(head[0][1 + place] for head in weights.tolist()) for place in range(weights.shape[1] - 1)]
    return torch.tensor([[of_patch[row // patch * (width // patch) + column // patch] / sum(of_patch)
                          for column in range(width)] for row in range(height)], dtype=weights.dtype)


@weights_over_image.check("gives every pixel the share of its patch",
                          hint="Follow the first two examples with a pencil. Which row of the table counts?")
def agrees(answer, rng):
    for heads, rows, columns, patch in ((3, 2, 5, 2), (2, 4, 3, 3), (5, 2, 2, 5)):
        weights = drawn(rng, heads, rows, columns)
        probes.equal(answer(weights, rows * patch, columns * patch, patch),
                     pixel_by_pixel(weights, rows * patch, columns * patch, patch))


@weights_over_image.check("works for one head, one patch, one row or column, and patches of one pixel",
                          hint="How many rows of patches has an image of 2 × 6 pixels in patches of 2?")
def edges(answer, rng):
    for heads, rows, columns, patch in ((2, 1, 5, 3), (1, 2, 3, 1), (3, 1, 1, 2), (2, 5, 1, 2), (1, 1, 2, 1)):
        weights = drawn(rng, heads, rows, columns)
        probes.equal(answer(weights, rows * patch, columns * patch, patch),
                     pixel_by_pixel(weights, rows * patch, columns * patch, patch))


def spread(shares, height, width, patch):
    return shares.reshape(height // patch, width // patch).repeat_interleave(patch, 0).repeat_interleave(patch, 1)


def divided(seen):
    return seen / seen.sum()


@weights_over_image.mistake("takes the column: who looks at the class token",
                            hint="Queries stand down. Does the class token ask in row 0, or in column 0?")
def column_taken(weights, *given):
    return spread(divided(weights[:, 1:, 0].mean(dim=0)), *given)


@weights_over_image.mistake("takes the last token for the class token", hint="At which place stands the class token?")
def last_is_class(weights, *given):
    return spread(divided(weights[:, -1, :-1].mean(dim=0)), *given)


@weights_over_image.mistake("leaves out the last patch, not the class token",
                            hint="Which weights belong to patches: those from 1 on, or all but the last?")
def last_left_out(weights, *given):
    return spread(divided(weights[:, 0, :-1].mean(dim=0)), *given)


@weights_over_image.mistake("does not divide: what the class token gives to itself is missing",
                            hint="What do the shares of the patches sum to in your result?")
def not_divided(weights, *given):
    return spread(weights[:, 0, 1:].mean(dim=0), *given)


@weights_over_image.mistake("divides in each head, before the mean",
                            hint="A head that looks almost only at the class token: shall it count as much as others?")
def divided_by_head(weights, *given):
    seen = weights[:, 0, 1:]
    return spread((seen / seen.sum(dim=1, keepdim=True)).mean(dim=0), *given)


@weights_over_image.mistake("divides by the largest", hint="What shall the shares of all patches sum to?")
def by_largest(weights, *given):
    seen = weights[:, 0, 1:].mean(dim=0)
    return spread(seen / seen.max(), *given)


@weights_over_image.mistake("makes the pixels sum to 1, not the patches",
                            hint="Which number stands at the pixels of a patch: its share, or a part of it?")
def pixels_sum_to_one(weights, height, width, patch):
    return spread(divided(weights[:, 0, 1:].mean(dim=0)) / patch**2, height, width, patch)


@weights_over_image.mistake("applies another softmax", hint="These are weights already. What is left to be done?")
def softmax_again(weights, *given):
    return spread(torch.softmax(weights[:, 0, 1:].mean(dim=0), dim=0), *given)


@weights_over_image.mistake("takes the largest over the heads", hint="What does the prompt do with several heads?")
def largest_head(weights, *given):
    return spread(divided(weights[:, 0, 1:].max(dim=0).values), *given)


@weights_over_image.mistake("takes the first head alone", hint="What does the prompt do with several heads?")
def first_head(weights, *given):
    return spread(divided(weights[0, 0, 1:]), *given)


@weights_over_image.mistake("takes the mean over all queries",
                            hint="How many tokens ask? Which one of them does the prompt speak of?")
def mean_over_queries(weights, *given):
    return spread(divided(weights.mean(dim=(0, 1))[1:]), *given)


@weights_over_image.mistake("takes what the patches give, without the class token's row",
                            hint="How many tokens ask? Which one of them does the prompt speak of?")
def patches_ask(weights, *given):
    return spread(divided(weights[:, 1:, 1:].mean(dim=(0, 1))), *given)


@weights_over_image.mistake("lays the patches out column by column",
                            hint="The second patch: does it stand to the right of the first, or below it?")
def by_columns(weights, height, width, patch):
    shares = divided(weights[:, 0, 1:].mean(dim=0)).reshape(width // patch, height // patch).T
    return shares.repeat_interleave(patch, 0).repeat_interleave(patch, 1)


@weights_over_image.mistake("swaps height and width", hint="How many rows has your result, and how many columns?")
def swapped(weights, height, width, patch):
    return spread(divided(weights[:, 0, 1:].mean(dim=0)), width, height, patch)


@weights_over_image.mistake("repeats the whole table in place of each number",
                            hint="Do the two left columns of the result belong to the same patch?")
def tiled(weights, height, width, patch):
    return divided(weights[:, 0, 1:].mean(dim=0)).reshape(height // patch, width // patch).repeat(patch, patch)


@weights_over_image.mistake("stays with one number a patch", hint="How many pixels has the image?")
def not_spread(weights, height, width, patch):
    return divided(weights[:, 0, 1:].mean(dim=0)).reshape(height // patch, width // patch)


@weights_over_image.mistake("blends neighbouring patches into each other",
                            hint="Two pixels of the same patch: may they have different numbers?")
def blended(weights, height, width, patch):
    shares = divided(weights[:, 0, 1:].mean(dim=0)).reshape(1, 1, height // patch, width // patch)
    return torch.nn.functional.interpolate(shares, (height, width), mode="bilinear")[0, 0]


@weights_over_image.alternative("a sum over the heads, and Kronecker's product")
def by_kronecker(weights, height, width, patch):
    seen = weights.sum(dim=0)[0][1:]
    table = (seen / seen.sum()).view(height // patch, -1)
    return torch.kron(table, torch.ones(patch, patch, dtype=weights.dtype))


@weights_over_image.alternative("each pixel looks up its patch")
def by_index(weights, height, width, patch):
    rows, columns = torch.arange(height) // patch, torch.arange(width) // patch
    mean = weights[:, 0].mean(dim=0)
    return mean[1 + rows[:, None] * (width // patch) + columns] / (1 - mean[0])
