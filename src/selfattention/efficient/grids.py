"""Windows over a grid, such as the patches of an image: cut, shifted, masked, and told apart by displacement.

All of it is Liu et al.'s (2021); `models/swin.py` makes a model of it.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def windows(x: Float[Tensor, "batch height width d"], size: int) -> Float[Tensor, "batch windows places d"]:
    """Cut a grid into windows of `size` × `size`, row by row; the places of a window likewise (Liu et al. 2021, §3.2).

    Raises:  ValueError: a side of the grid is smaller than the window, or no multiple of it.
    """
    _require_windows(x.shape[1], x.shape[2], size)
    apart = x.unflatten(2, (-1, size)).unflatten(1, (-1, size))  # batch, rows of windows, rows, columns of windows, …
    return apart.transpose(2, 3).flatten(3, 4).flatten(1, 2)


def grid(cut: Float[Tensor, "batch windows places d"], height: int,
         width: int) -> Float[Tensor, "batch {height} {width} d"]:
    """Put windows back to a grid of `height` × `width`; undoes `windows`.

    Raises:  ValueError: windows that are not square, or do not fill the grid.
    """
    size = round(cut.shape[2] ** 0.5)
    if size**2 != cut.shape[2]:
        raise ValueError(f"windows of {cut.shape[2]} places are not square: give {size**2} or {(size + 1) ** 2}")
    _require_windows(height, width, size)
    if cut.shape[1] * cut.shape[2] != height * width:
        raise ValueError(f"{cut.shape[1]} windows of {size} × {size} do not fill a grid of {height} × {width}: it has "
                         f"{height // size * (width // size)} of them")
    apart = cut.unflatten(2, (size, size)).unflatten(1, (height // size, width // size))
    return apart.transpose(2, 3).flatten(3, 4).flatten(1, 2)


def window_mask(height: int, width: int, size: int, shift: int) -> Bool[Tensor, "windows places places"]:
    """Who sees whom inside the windows of a grid that was rolled up and to the left by `shift` (§3.2, figure 4).

    Rolled, the first rows stand below the last ones, in one window with them. They are no neighbours in the image, so
    they must not see each other; and columns likewise.

    Raises:  ValueError: a side is smaller than the window or no multiple of it, or the shift is none of a window.
    """
    _require_windows(height, width, size)
    require_shift(size, shift)
    came_around = [torch.arange(side) >= side - shift for side in (height, width)]
    part = 2 * came_around[0][:, None] + came_around[1]
    (cut,) = windows(part[None, ..., None].double(), size)[..., 0]
    return cut[:, :, None] == cut[:, None, :]


def relative_index(size: int) -> Int[Tensor, "places places"]:
    r"""For each two places of a window, which of the $(2M-1)^2$ displacements lies between them (§3.2, eq. 4).

    Query (row down, key across): $(r_q - r_k + M - 1)(2M - 1) + c_q - c_k + M - 1$, for `size` $M$.
    """
    places = torch.cartesian_prod(torch.arange(size), torch.arange(size))
    away = places[:, None] - places + size - 1
    return away[..., 0] * (2 * size - 1) + away[..., 1]


def require_shift(size: int, shift: int) -> None:
    """Raises ValueError where windows of `size` × `size` cannot be shifted so far."""
    if not 0 <= shift < size:
        raise ValueError(f"a shift of {shift} for windows of {size} × {size}: choose 0 to {size - 1}")


def _require_windows(height: int, width: int, size: int) -> None:
    if size < 1:
        raise ValueError(f"windows of {size} × {size}: a window needs at least one place")
    if size > min(height, width):
        raise ValueError(f"a window of {size} × {size} is larger than the grid of {height} × {width}: choose a window "
                         f"of at most {min(height, width)}, or a larger image")
    if height % size or width % size:
        raise ValueError(f"a grid of {height} × {width} cannot be cut into windows of {size} × {size}: pad it to "
                         f"{-(-height // size) * size} × {-(-width // size) * size}, or choose a window that divides "
                         "both sides")
