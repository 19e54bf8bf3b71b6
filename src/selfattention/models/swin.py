"""Swin: attention inside shifted windows of an image, at a hierarchy of scales (Liu et al. 2021)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from selfattention.efficient.grids import grid, relative_index, require_shift, window_mask, windows
from selfattention.layers import FeedForward, LayerNorm, MultiHeadAttention, PreNorm

Grid = Float[Tensor, "batch height width d_model"]


def merge(x: Float[Tensor, "batch height width d"]) -> Float[Tensor, "batch half_height half_width four_d"]:
    """Put the vectors of each 2 × 2 places side by side: upper left, lower left, upper right, lower right (§3.1).

    Raises:  ValueError: an odd side.
    Differs: the paper does not give the order; this is that of its authors' code.
    """
    if x.shape[1] % 2 or x.shape[2] % 2:
        raise ValueError(f"a grid of {x.shape[1]} × {x.shape[2]} cannot be merged two by two: both sides must be even, "
                         "so resize or pad the image, or merge once less")
    return torch.cat([x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)], dim=-1)


class WindowAttention(MultiHeadAttention):
    r"""Multi-head self-attention inside the windows of a grid: $\mathrm{softmax}(QK^\top/\sqrt{d} + B)V$ (eq. 4).

    $B$ is a learned number for each head and each displacement between query and key.

    Args:    size: of a window, in places a side. shift: by how many places the windows stand lower and further right.
    Raises:  ValueError: as `MultiHeadAttention`; the shift is negative, or not smaller than the window.
    """

    def __init__(self, d_model: int, heads: int, size: int, shift: int = 0) -> None:
        super().__init__(d_model, heads)
        require_shift(size, shift)
        self.size, self.shift = size, shift
        self.table = nn.Parameter(torch.randn((2 * size - 1) ** 2, heads) * 0.02)
        self.register_buffer("index", relative_index(size), persistent=False)

    def forward(self, x: Grid) -> Grid:
        """Self-attention of a grid.

        Where the grid is one window high or wide there is nothing to shift to, and it stays as it is (as in the
        authors' code).

        Raises:  ValueError: a side of the grid is smaller than the window, or no multiple of it.
        """
        height, width = x.shape[1:3]
        shift = 0 if min(height, width) <= self.size else self.shift
        cut = windows(x.roll((-shift, -shift), (1, 2)), self.size)
        mask = window_mask(height, width, self.size, shift).to(x.device).repeat(len(x), 1, 1) if shift else None
        mixed = super().forward(cut.flatten(0, 1), mask=mask, bias=self.table[self.index].permute(2, 0, 1))
        return grid(mixed.unflatten(0, (len(x), -1)), height, width).roll((shift, shift), (1, 2))


class SwinLayer(nn.Module):
    """Attention inside windows, then the feed-forward layer, each in a pre-norm residual connection (eq. 3).

    Differs: the paper drops whole layers at random while it trains (stochastic depth); here single numbers.
    """

    def __init__(self, attention: WindowAttention, feed_forward: FeedForward, dropout: float = 0.0) -> None:
        super().__init__()
        d_model = attention.query.in_features
        self.attention, self.feed_forward = attention, feed_forward
        self.around_attention, self.around_feed_forward = PreNorm(d_model, dropout), PreNorm(d_model, dropout)

    def forward(self, x: Grid) -> Grid:
        """One layer; the grid keeps its sides."""
        sides = x.shape[1:3]
        tokens = self.around_attention(x.flatten(1, 2),
                                       lambda inner: self.attention(inner.unflatten(1, sides)).flatten(1, 2))
        return self.around_feed_forward(tokens, self.feed_forward).unflatten(1, sides)


class Merging(nn.Module):
    """`merge`, a norm, and a projection to twice the width: a quarter of the places (§3.1)."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.norm, self.reduction = LayerNorm(4 * d_model), nn.Linear(4 * d_model, 2 * d_model, bias=False)

    def forward(self, x: Grid) -> Float[Tensor, "batch half_height half_width twice_d_model"]:
        """The next scale; a ValueError where a side is odd."""
        return self.reduction(self.norm(merge(x)))


@dataclass(frozen=True)
class Sizes:
    """The numbers that make a Swin; the paper's tiny model is the default.

    Args:    patch: pixels a side of a patch. width: of the first stage, twice as much in each further one. depths,
             heads: layers and heads of each stage. window: places a side. expansion: how many times as wide as its
             stage a feed-forward layer is inside.
    Raises:  ValueError: no stage, or not a number of layers and of heads for each.
    """

    classes: int = 1000
    channels: int = 3
    patch: int = 4
    width: int = 96
    depths: tuple[int, ...] = (2, 2, 6, 2)
    heads: tuple[int, ...] = (3, 6, 12, 24)
    window: int = 7
    expansion: int = 4
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if not self.depths or len(self.depths) != len(self.heads):
            raise ValueError(f"{len(self.depths)} stages have layers and {len(self.heads)} have heads: give both for "
                             "each stage, and at least one stage")


class Swin(nn.Module):
    """An image in patches; stages of windowed attention, between them 2 × 2 places are merged (figure 3).

    In each stage every second layer's windows are shifted by half a window.

    Args:    sizes: also which images fit: each side of every stage's grid must be a multiple of the window, and even
             where it is merged.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes, widths = sizes, [sizes.width * 2**stage for stage in range(len(sizes.depths))]
        self.patches = nn.Conv2d(sizes.channels, sizes.width, sizes.patch, stride=sizes.patch)
        self.first_norm, self.dropout = LayerNorm(sizes.width), nn.Dropout(sizes.dropout)
        self.stages = nn.ModuleList(_stage(sizes, *each) for each in zip(widths, sizes.depths, sizes.heads))
        self.mergings = nn.ModuleList(Merging(width) for width in widths[:-1])
        self.last_norm, self.head = LayerNorm(widths[-1]), nn.Linear(widths[-1], sizes.classes)

    def encode(self, images: Float[Tensor, "batch channels image_height image_width"]) -> Grid:
        """The last stage's grid.

        Raises:  ValueError: no images, another number of channels, a side that is no multiple of the patch, or a grid
                 that does not fit the windows (the message gives both sides).
        """
        _require_images(images, self.sizes)
        x = self.dropout(self.first_norm(self.patches(images).permute(0, 2, 3, 1)))
        for step in self.steps():
            x = step(x)
        return self.last_norm(x)

    def steps(self) -> list[SwinLayer | Merging]:
        """All layers, and the mergings between them, in their order."""
        first, *further = self.stages
        return [*first, *(step for merging, stage in zip(self.mergings, further) for step in (merging, *stage))]

    def forward(self, images: Float[Tensor, "batch channels image_height image_width"]) -> Float[Tensor, "batch _"]:
        """Scores of the classes, from the mean over the last grid."""
        return self.head(self.encode(images).mean(dim=(1, 2)))


def _stage(sizes: Sizes, width: int, depth: int, heads: int) -> nn.Sequential:
    return nn.Sequential(*[
        SwinLayer(WindowAttention(width, heads, sizes.window, sizes.window // 2 * (number % 2)),
                  FeedForward(width, sizes.expansion * width, nn.GELU), sizes.dropout) for number in range(depth)])


def _require_images(images: Tensor, sizes: Sizes) -> None:
    if images.ndim != 4 or not len(images) or images.shape[1] != sizes.channels:
        raise ValueError(f"images of shape {tuple(images.shape)}: give at least one, with the axes images, channels "
                         f"({sizes.channels}), height, width")
    height, width = images.shape[2:]
    if height % sizes.patch or width % sizes.patch or not height * width:
        raise ValueError(f"an image of {height} × {width} cannot be cut into patches of {sizes.patch} × {sizes.patch}: "
                         f"resize or pad it to {max(-(-height // sizes.patch), 1) * sizes.patch} × "
                         f"{max(-(-width // sizes.patch), 1) * sizes.patch}")
