"""Attention to channels: which features of an image count, the same at every place."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

Features = Float[Tensor, "batch channels height width"]


def channel_gates(x: Features, down: Float[Tensor, "inner channels"], down_bias: Float[Tensor, " inner"],
                  up: Float[Tensor, "channels inner"],
                  up_bias: Float[Tensor, " channels"]) -> Float[Tensor, "batch channels"]:
    r"""A number between 0 and 1 for each channel of each image: how much of it is let through.

    $s = \sigma(W_2\,\max(0, W_1 z))$, where $z$ is each channel's mean over all places (Hu et al. 2018, eq. 2, 3). Our
    `down` is their $W_1$, `up` their $W_2$. Places are gone with the mean, so the gates cannot depend on them; and the
    channels do not compete, as each has a sigmoid of its own in place of a share of a softmax.

    Differs: the paper writes no biases; they are added as in most code, and 0 makes them the paper's.
    """
    squeezed = x.mean(dim=(2, 3))
    return torch.sigmoid(torch.relu(squeezed @ down.T + down_bias) @ up.T + up_bias)


class SqueezeExcitation(nn.Module):
    """`channel_gates` with their weights, and each channel times its gate (Hu et al. 2018, eq. 4).

    Args:    reduction: how many times narrower the layer between is (16 in the paper).
    Raises:  ValueError: the channels are no multiple of `reduction`.
    """

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        if channels < 1 or reduction < 1 or channels % reduction:
            raise ValueError(f"{channels} channels cannot be made {reduction} times fewer: choose a divisor of the "
                             "channels")
        self.down, self.up = nn.Linear(channels, channels // reduction), nn.Linear(channels // reduction, channels)

    def gates(self, x: Features) -> Float[Tensor, "batch channels"]:
        """How much of each channel is let through.

        Raises:  ValueError: x has other channels than the layer was built for.
        """
        if x.shape[1] != self.down.in_features:
            raise ValueError(f"features {tuple(x.shape)} of {x.shape[1]} channels, but the layer was built for "
                             f"{self.down.in_features}: the second axis is the channels")
        return channel_gates(x, self.down.weight, self.down.bias, self.up.weight, self.up.bias)

    def forward(self, x: Features) -> Features:
        """Each channel times its gate, at all places alike."""
        return x * self.gates(x)[:, :, None, None]
