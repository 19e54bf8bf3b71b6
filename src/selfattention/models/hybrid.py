"""Convolutions that look at neighbours, then attention that looks everywhere (Dosovitskiy et al. 2021, §3.1)."""

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

Images = Float[Tensor, "batch channels height width"]


class ConvolutionalStem(nn.Sequential):
    """Convolutions of 3 × 3 pixels, each with a batch norm and a ReLU, that make features of an image.

    (Xiao et al. 2021; the 1 × 1 convolution at their end is the encoder's projection of patches of 1 × 1.)

    Args:    channels: of the image, then of what each convolution makes. strides: of each convolution; 2 halves the
             sides, rounded up.
    Raises:  ValueError: there is no convolution, or not a stride for each.
    """

    def __init__(self, channels: Sequence[int], strides: Sequence[int]) -> None:
        if len(channels) < 2 or len(strides) != len(channels) - 1 or min(strides) < 1:
            raise ValueError(f"channels {list(channels)} and strides {list(strides)}: give the channels of the image "
                             "and of at least one convolution, and for each convolution a stride of at least 1")
        super().__init__(*(
            nn.Sequential(nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(after),
                          nn.ReLU())
            for (before, after), stride in zip(pairwise(channels), strides)))


class Hybrid(nn.Module):
    """A stem of convolutions, whose features an encoder reads in place of the image's pixels.

    Args:    stem: makes features of images. encoder: what reads them as if they were an image, such as a ViT with
             patches of 1 × 1 and as many channels as there are features.
    """

    def __init__(self, stem: nn.Module, encoder: nn.Module) -> None:
        super().__init__()
        self.stem, self.encoder = stem, encoder

    def forward(self, images: Images) -> Tensor:
        """What the encoder makes of the features."""
        return self.encoder(self.stem(images))
