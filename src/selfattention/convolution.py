"""Convolution over tokens: each output mixes a few tokens at fixed distances, none of them later than itself."""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


def causal_convolution(x: Float[Tensor, "batch tokens width"], weight: Float[Tensor, "outputs width taps"],
                       bias: Float[Tensor, " outputs"], dilation: int = 1) -> Float[Tensor, "batch tokens outputs"]:
    r"""At each token a weighted sum of itself and of earlier tokens, `dilation` apart; before the text stand zeros.

    $y_t = b + \sum_{j=0}^{k-1} W_j\, x_{t-(k-1-j)d}$ with $k$ taps and the dilation $d$ (van den Oord et al. 2016,
    §2.1; Bai et al. 2018, eq. 2, counts the taps from the other end). The last tap meets the token itself, as in
    `nn.Conv1d`.

    Raises:  ValueError: x is of another width than the weights, there is no tap, or the dilation is less than 1.
    """
    taps, tokens = weight.shape[-1], x.shape[1]
    if taps < 1 or dilation < 1:
        raise ValueError(f"{taps} taps and a dilation of {dilation}: both must be at least 1")
    if x.shape[-1] != weight.shape[1]:
        raise ValueError(f"tokens of {x.shape[-1]} numbers {tuple(x.shape)}, but weights for {weight.shape[1]} "
                         f"{tuple(weight.shape)}: the last axis of x must be the second of the weights")
    padded = nn.functional.pad(x, (0, 0, (taps - 1) * dilation, 0))
    return sum(padded[:, tap * dilation:tap * dilation + tokens] @ weight[..., tap].T for tap in range(taps)) + bias


def receptive_field(taps: int, dilations: Sequence[int]) -> int:
    r"""How many tokens a stack of causal convolutions spans: from the farthest that an output sees to its own.

    $1 + (k - 1) \sum_l d_l$ (Bai et al. 2018, §3). Where a dilation is larger than the field so far, tokens between
    are skipped.

    Raises:  ValueError: there is no tap, or a dilation is less than 1.
    """
    if taps < 1 or any(dilation < 1 for dilation in dilations):
        raise ValueError(f"{taps} taps and dilations {list(dilations)}: all must be at least 1")
    return 1 + (taps - 1) * sum(dilations)


class CausalConvolution(nn.Module):
    """`causal_convolution` with its weights.

    All taps stand in one matrix, because a convolution is one matrix for each window of tokens; `weight` shows it as
    `nn.Conv1d` keeps it.
    """

    def __init__(self, width: int, outputs: int, taps: int, dilation: int = 1) -> None:
        super().__init__()
        self.width, self.taps, self.dilation = width, taps, dilation
        self.window = nn.Linear(width * taps, outputs)

    @property
    def weight(self) -> Float[Tensor, "outputs width taps"]:
        """The weights, tap by tap along the last axis."""
        return self.window.weight.unflatten(1, (self.width, self.taps))

    def forward(self, x: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens outputs"]:
        """Mix each token with those before it."""
        return causal_convolution(x, self.weight, self.window.bias, self.dilation)


class GatedConvolution(nn.Module):
    r"""What a layer of WaveNet adds to its input: $V\,(\tanh(W_f * x) \odot \sigma(W_g * x))$.

    (van den Oord et al. 2016, eq. 2 and figure 4.)

    Differs: without WaveNet's second way out, the skip connections to the end of the stack.
    """

    def __init__(self, width: int, taps: int, dilation: int) -> None:
        super().__init__()
        self.both, self.output = CausalConvolution(width, 2 * width, taps, dilation), nn.Linear(width, width)

    def forward(self, x: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        """What is to be added to `x`."""
        content, gate = self.both(x).chunk(2, dim=-1)
        return self.output(torch.tanh(content) * torch.sigmoid(gate))


class DilatedStack(nn.Module):
    """Gated convolutions one after another, each added to what it got; with dilations 1, 2, 4 … the field doubles."""

    def __init__(self, width: int, taps: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.field = receptive_field(taps, dilations)
        self.convolutions = nn.ModuleList([GatedConvolution(width, taps, dilation) for dilation in dilations])

    def rounds(self, x: Float[Tensor, "batch tokens width"]) -> Iterator[Float[Tensor, "batch tokens width"]]:
        """What stands at the tokens after each convolution; the last is what `forward` gives."""
        for convolution in self.convolutions:
            x = x + convolution(x)
            yield x

    def forward(self, x: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        """All of them."""
        for convolution in self.convolutions:
            x = x + convolution(x)
        return x

    def flops(self, tokens: int) -> int:
        """Additions and multiplications in the matrix products for one text of so many tokens."""
        return sum(tokens * 2 * weight.numel() for weight in self.parameters() if weight.ndim == 2)
