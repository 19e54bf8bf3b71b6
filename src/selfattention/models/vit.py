"""ViT: an encoder that reads an image as a row of patches (Dosovitskiy et al. 2021)."""

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from selfattention.layers import EncoderLayer, FeedForward, LayerNorm, MultiHeadAttention, PreNorm, watching
from selfattention.patches import cut, grid
from selfattention.positions import LearnedPositions

Images = Float[Tensor, "batch channels height width"]
Vectors = Float[Tensor, "batch tokens d_model"]
BEGINNING = 0.5  # the standard deviation with which class token and positions begin


@dataclass(frozen=True)
class Sizes:
    """The numbers that make a ViT; the paper's base model has (224, 224), 16, 3, 768, 12, 3072, 12 and 0.1.

    Args:    image: height and width in pixels. patch: height and width of a patch. epsilon: what every norm adds to
             the variance.
    """

    image: tuple[int, int] = (8, 8)
    patch: int = 2
    channels: int = 1
    d_model: int = 64
    heads: int = 8
    d_ff: int = 256
    layers: int = 2
    dropout: float = 0.1
    epsilon: float = 1e-6

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return grid(*self.image, self.patch)


class ViT(nn.Module):
    r"""Gives each patch of an image a vector that knows all of them. `paper` and `orderless` build it.

    Each patch is projected to a vector, a learned vector, the class token, is put before them, and a learned position
    is added to each: $z_0 = [x_\mathrm{class}; x_p^1 E; \dots; x_p^N E] + E_{pos}$. Then come layers with norms before
    their sublayers, and a last norm (Dosovitskiy et al. 2021, eq. 1–4). Our `projection` is their $E$.

    Args:    positions: vectors added to class token and patches; None where nothing tells the order.
    Raises:  ValueError: a side of the image is no multiple of the patch.
    Differs: class token and positions begin with a standard deviation of 0.5, about as large as a projected patch. With
             the authors' 0.02 a small model needs several times as many steps until it notices positions.
    """

    def __init__(self, sizes: Sizes, positions: nn.Module | None) -> None:
        super().__init__()
        self.sizes, self.positions = sizes, positions
        rows, columns = sizes.grid
        self.patches = rows * columns
        self.projection = nn.Linear(sizes.channels * sizes.patch**2, sizes.d_model)
        self.class_token = nn.Parameter(BEGINNING * torch.randn(sizes.d_model))
        self.dropout, self.norm = nn.Dropout(sizes.dropout), LayerNorm(sizes.d_model, sizes.epsilon)
        self.layers = nn.ModuleList(
            EncoderLayer(MultiHeadAttention(sizes.d_model, sizes.heads),
                         FeedForward(sizes.d_model, sizes.d_ff, nn.GELU), partial(PreNorm, epsilon=sizes.epsilon),
                         sizes.dropout)
            for _ in range(sizes.layers))

    @classmethod
    def paper(cls, sizes: Sizes) -> "ViT":
        """As published: a learned position for the class token and for each patch, whatever its row and column."""
        rows, columns = sizes.grid
        positions = LearnedPositions(rows * columns + 1, sizes.d_model)
        nn.init.normal_(positions.table, std=BEGINNING)
        return cls(sizes, positions)

    @classmethod
    def orderless(cls, sizes: Sizes) -> "ViT":
        """Without positions: it sees which patches there are, but not where."""
        return cls(sizes, None)

    def embed(self, images: Images) -> Vectors:
        """What the first layer reads: the class token, then the patches.

        Raises:  ValueError: no images, or images of another size than the model was built for (both are named).
        """
        expected = (self.sizes.channels, *self.sizes.image)
        if images.ndim != 4 or not len(images) or tuple(images.shape[1:]) != expected:
            raise ValueError(f"images {tuple(images.shape)}, but the model was built for (batch, {expected[0]}, "
                             f"{expected[1]}, {expected[2]}): the axes are images, channels, height and width; scale "
                             "the images, or build a model for their size")
        x = self.projection(cut(images, self.sizes.patch))
        x = torch.cat([self.class_token.expand(len(x), 1, -1), x], dim=1)
        return self.dropout(x if self.positions is None else x + self.positions(x.shape[1]))

    def forward(self, images: Images) -> Vectors:
        """The last layer's vectors, normalised: the class token's first, then those of the patches, row by row."""
        x = self.embed(images)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)

    @torch.no_grad()
    def weights(self, images: Images) -> list[Float[Tensor, "batch _heads tokens tokens"]]:
        """Who looks at whom, layer by layer."""
        with watching(*(layer.attention for layer in self.layers)) as seen:
            self(images)
        return [weights for (weights,) in seen]


class ImageClassifier(nn.Module):
    """Puts images into classes by the class token's vector (Dosovitskiy et al. 2021, §3.1, as in fine-tuning).

    Raises:  ValueError: there are fewer than two classes.
    """

    def __init__(self, encoder: ViT, classes: int) -> None:
        super().__init__()
        if classes < 2:
            raise ValueError(f"{classes} classes: there is nothing to choose from, give at least 2")
        self.encoder, self.output = encoder, nn.Linear(encoder.sizes.d_model, classes)

    def forward(self, images: Images) -> Float[Tensor, "batch classes"]:
        """Logits of the classes."""
        return self.output(self.encoder(images)[:, 0])
