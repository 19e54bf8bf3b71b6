import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p18_spatial_attention.shared import picture


@exercise(points=3, minutes=10, builds_on="lesson 18, an image as tokens", hints=(
    "An axis of height can be split in two: which row of patches, and which row within the patch. How many axes are "
    "there once width is split as well?",
    "Which of the six axes say which patch it is, and which ones say where in the patch? Bring the first kind "
    "together.",
    "A reshape never moves a number. Which step of yours does?",
))
def image_patches(images: Float[Tensor, "batch channels height width"],
                  patch: int) -> Float[Tensor, "batch patches numbers"]:
    r"""Cut images into square patches, each of them one vector: the tokens of a ViT.

    A patch has `patch` × `patch` pixels, and no two of them overlap (Dosovitskiy et al. 2021, §3.1). The patches stand
    in the order of reading: those of the uppermost row first, from left to right. Within a vector stand the numbers of
    channel 0, then those of channel 1 and so on; those of a channel row by row, each from left to right, as in the
    weights of torch's convolutions. Where height or width is no multiple of `patch`, raise a `ValueError`. Gradients
    must reach `images`.
    """
    batch, channels, height, width = images.shape
    if height % patch or width % patch:
        raise ValueError(f"{height} × {width} pixels cannot be cut into patches of {patch} × {patch}")
    x = images.reshape(batch, channels, height // patch, patch, width // patch, patch)
    return x.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)


image_patches.example(picture([1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 7.0, 8.0]), 2)
image_patches.example(picture([1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]), 2)
image_patches.example(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[10.0, 20.0], [30.0, 40.0]]]]), 1)
image_patches.example(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[10.0, 20.0], [30.0, 40.0]]]]), 2)


def one_by_one(images, patch):
    """Patch by patch, number by number."""
    _, channels, height, width = images.shape
    rows = []
    for image in images.tolist():
        rows.append([[image[channel][top + row][left + column]
                      for channel in range(channels) for row in range(patch) for column in range(patch)]
                     for top in range(0, height, patch) for left in range(0, width, patch)])
    return torch.tensor(rows, dtype=images.dtype)


@image_patches.check("has the patches in the order of reading, and likewise the numbers in each",
                     hint="Follow the first two examples with a pencil. Which pixels are in the first patch?")
def in_order(answer, rng):
    for batch, channels, rows, columns, patch in ((2, 3, 2, 5, 3), (3, 2, 4, 2, 2), (2, 5, 3, 2, 5)):
        images = tensor(rng, batch, channels, rows * patch, columns * patch)
        probes.equal(answer(images, patch), one_by_one(images, patch))


@image_patches.check("works for one image, one channel, one patch, and patches of one pixel",
                     hint="An image of 3 × 3 pixels and patches of 3 × 3: how many tokens, how long?")
def edges(answer, rng):
    for batch, channels, height, width, patch in ((1, 1, 2, 6, 2), (1, 2, 3, 3, 3), (2, 3, 2, 5, 1), (1, 1, 1, 1, 1)):
        images = tensor(rng, batch, channels, height, width)
        probes.equal(answer(images, patch), one_by_one(images, patch))


@image_patches.check("refuses an image that is no multiple of the patch, and no other",
                     hint="Both sides must be multiples of `patch`. Does your code look at both?")
def refuses(answer, rng):
    for height, width in ((7, 6), (6, 7), (5, 5), (2, 2), (1, 9), (4, 9), (4, 5)):
        probes.raises(answer, ValueError, tensor(rng, 1, 2, height, width), 3)
    images = tensor(rng, 1, 2, 6, 9)
    probes.equal(answer(images, 3), one_by_one(images, 3))


@image_patches.check("lets gradients reach the images", hint="Is anything detached, or made a list and then a tensor?")
def gradients(answer, rng):
    probes.gradient_parity(answer, image_patches, tensor(rng, 2, 3, 4, 6), 2, cotangent=tensor(rng, 2, 6, 12))


def cut(images, patch, order=(0, 2, 4, 1, 3, 5), checked=True):
    """The solution, with the axes brought into another order."""
    batch, channels, height, width = images.shape
    if checked and (height % patch or width % patch):
        raise ValueError("no multiple")
    images = images[:, :, :height - height % patch, :width - width % patch]
    x = images.reshape(batch, channels, height // patch, patch, width // patch, patch)
    return x.permute(order).reshape(batch, -1, channels * patch * patch)


@image_patches.mistake("cuts by reshape alone, so that a patch is a strip of pixels",
                       hint="The first four numbers in memory: do they stand in a square of the image?")
def reshaped(images, patch):
    return cut(images, patch, (0, 1, 2, 3, 4, 5))


@image_patches.mistake("has the patches column by column", hint="In which direction do you read? Which is second?")
def by_columns(images, patch):
    return cut(images, patch, (0, 4, 2, 1, 3, 5))


@image_patches.mistake("swaps rows and columns within each patch",
                       hint="The second number of a patch: does it stand to the right of the first, or below it?")
def transposed_patches(images, patch):
    return cut(images, patch, (0, 2, 4, 1, 5, 3))


@image_patches.mistake("swaps height and width altogether",
                       hint="Which of the four axes is height? What comes out for the first example?")
def transposed(images, patch):
    return cut(images, patch, (0, 4, 2, 1, 5, 3))


@image_patches.mistake("has the channels last within a patch, as code for channels-last images does",
                       hint="Look at the last example. Does 10 follow upon 1, or upon 4?")
def channels_last(images, patch):
    return cut(images, patch, (0, 2, 4, 3, 5, 1))


@image_patches.mistake("takes every n-th pixel in place of neighbours",
                       hint="Split into two axes, which one counts the patches: the first or the second?")
def spread_out(images, patch):
    batch, channels, height, width = images.shape
    if height % patch or width % patch:
        raise ValueError("no multiple")
    x = images.reshape(batch, channels, patch, height // patch, patch, width // patch)
    return x.permute(0, 3, 5, 1, 2, 4).reshape(batch, -1, channels * patch * patch)


@image_patches.mistake("makes a token of each channel of each patch",
                       hint="How many tokens does the last example have: one or two?")
def token_a_channel(images, patch):
    return cut(images, patch).unflatten(2, (images.shape[1], -1)).flatten(1, 2)


@image_patches.mistake("leaves out all channels but the first", hint="How long is the vector of the last example?")
def one_channel(images, patch):
    return cut(images[:, :1], patch)


@image_patches.mistake("takes the mean of the channels", hint="How long is the vector of the last example?")
def mean_of_channels(images, patch):
    return cut(images.mean(dim=1, keepdim=True), patch)


@image_patches.mistake("takes the mean of each patch", hint="How many numbers of the image are in your result?")
def mean_of_patches(images, patch):
    return cut(images, patch).unflatten(2, (images.shape[1], -1)).mean(dim=3)


@image_patches.mistake("lets patches overlap", hint="How far is it from one patch to the next: one pixel, or `patch`?")
def overlapping(images, patch):
    if images.shape[2] % patch or images.shape[3] % patch:
        raise ValueError("no multiple")
    return torch.nn.functional.unfold(images, patch).transpose(1, 2)


@image_patches.mistake("has the numbers of a patch down, and the patches across",
                       hint="Which axis of the result counts the patches? (`unfold` has it last.)")
def unfolded(images, patch):
    return cut(images, patch).transpose(1, 2)


@image_patches.mistake("drops the pixels that are left over",
                       hint="What does the prompt say of 7 pixels and patches of 3?")
def cropped(images, patch):
    return cut(images, patch, checked=False)


@image_patches.mistake("fills up with zeros what is no multiple",
                       hint="What does the prompt say of 7 pixels and patches of 3?")
def padded(images, patch):
    return cut(torch.nn.functional.pad(images, (0, -images.shape[3] % patch, 0, -images.shape[2] % patch)), patch)


@image_patches.mistake("checks only the height", hint="An image of 6 × 7 pixels and patches of 3: what shall happen?")
def height_only(images, patch):
    if images.shape[2] % patch:
        raise ValueError("no multiple")
    return cut(images, patch, checked=False)


@image_patches.mistake("checks the area, not the sides",
                       hint="A strip of 1 × 9 pixels has as many pixels as a patch of 3 × 3. Can it be cut?")
def area_only(images, patch):
    if images.shape[2] * images.shape[3] % patch**2:
        raise ValueError("no multiple")
    return cut(images, patch, checked=False)


@image_patches.mistake("cuts the images off from the gradient",
                       hint="Look for `.detach()`, `.tolist()` or `torch.tensor`.")
def detached(images, patch):
    return cut(images.detach(), patch)


@image_patches.alternative("a loop over the patches")
def by_loop(images, patch):
    height, width = images.shape[2:]
    if height % patch != 0 or width % patch != 0:
        raise ValueError("pad first")
    found = [images[:, :, top:top + patch, left:left + patch].flatten(1)
             for top in range(0, height, patch) for left in range(0, width, patch)]
    return torch.stack(found, dim=1)


@image_patches.alternative("unfold with a stride")
def by_unfold(images, patch):
    if any(side % patch for side in images.shape[2:]):
        raise ValueError("pad first")
    return torch.nn.functional.unfold(images, patch, stride=patch).mT


@image_patches.alternative("a convolution whose weights pick one number each")
def by_convolution(images, patch):
    channels = images.shape[1]
    if images.shape[-1] % patch + images.shape[-2] % patch:
        raise ValueError("pad first")
    picks = torch.eye(channels * patch * patch, dtype=images.dtype).view(-1, channels, patch, patch)
    return torch.nn.functional.conv2d(images, picks, stride=patch).flatten(2).transpose(1, 2)
