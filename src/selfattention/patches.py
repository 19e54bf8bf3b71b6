"""An image as tokens: cut into square patches, put together again, in another order, or with a number on each patch."""

from jaxtyping import Float, Int
from torch import Tensor

Images = Float[Tensor, "batch channels height width"]
Patches = Float[Tensor, "batch patches numbers"]


def cut(images: Images, patch: int) -> Patches:
    r"""Cut each image into patches of `patch` × `patch` pixels, and lay out the numbers of each as one vector.

    The patches stand in the order of reading, row by row from the upper left. Within one, the numbers stand by channel,
    then by row, then by column, as a convolution's weights do ($x_p$ in Dosovitskiy et al. 2021, §3.1).

    Raises:  ValueError: a side of the images is no multiple of `patch`.
    """
    batch, channels, _, _ = images.shape
    rows, columns = grid(images.shape[2], images.shape[3], patch)
    x = images.reshape(batch, channels, rows, patch, columns, patch)
    return x.permute(0, 2, 4, 1, 3, 5).reshape(batch, rows * columns, channels * patch * patch)


def join(patches: Patches, channels: int, height: int, width: int) -> Images:
    """Put patches together to images of so many channels and pixels; undoes `cut`.

    Raises:  ValueError: so many patches of such a length do not make such an image.
    """
    batch, count, numbers = patches.shape
    patch = round((numbers / channels) ** 0.5) if channels > 0 else 0
    if patch < 1 or channels * patch * patch != numbers or count * patch * patch != height * width:
        raise ValueError(f"{count} patches of {numbers} numbers {tuple(patches.shape)} make no image of {channels} "
                         f"channels and {height} × {width} pixels: give the channels and sides of the image that was "
                         "cut")
    rows, columns = grid(height, width, patch)
    x = patches.reshape(batch, rows, columns, channels, patch, patch)
    return x.permute(0, 3, 1, 4, 2, 5).reshape(batch, channels, height, width)


def grid(height: int, width: int, patch: int) -> tuple[int, int]:
    """How many rows and columns of patches an image has.

    Raises:  ValueError: a side is no multiple of `patch`.
    """
    if patch < 1 or height < 1 or width < 1 or height % patch or width % patch:
        raise ValueError(f"an image of {height} × {width} pixels cannot be cut into patches of {patch} × {patch}: both "
                         "sides must be multiples of the patch, so pad the image, scale it, or choose another patch")
    return height // patch, width // patch


def reordered(images: Images, patch: int, order: Int[Tensor, "#batch patches"]) -> Images:
    """The images with their patches in another order: place i of image b gets the patch `order[b, i]`.

    Raises:  ValueError: a side of the images is no multiple of `patch`, or an order does not hold every patch once.
    """
    _, channels, height, width = images.shape
    patches = cut(images, patch)
    if order.shape[1] != patches.shape[1] or len(order) not in (1, len(images)) or (
            order.sort(dim=1).values != order.new_tensor(range(order.shape[1]))).any():
        raise ValueError(f"orders {tuple(order.shape)} for {len(images)} images of {patches.shape[1]} patches: give "
                         "each image, or all of them together, the numbers of all patches in some order")
    chosen = order.expand(len(images), -1)[:, :, None].expand(patches.shape)
    return join(patches.gather(1, chosen), channels, height, width)
