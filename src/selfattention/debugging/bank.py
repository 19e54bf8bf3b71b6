"""SPOILERS. The planted bugs: one part of the small model replaced by a mistake that an earlier chapter knows.

Each is a way to make a model, or a loss, that runs, trains and raises nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from selfattention import masks
from selfattention.debugging.small import HEADS, WIDTH, Small
from selfattention.layers import MultiHeadAttention, merge_heads, split_heads
from selfattention.training import next_token_loss


class OneTooFar(Small):
    """Chapter 04: `tril(1)`."""

    def mask(self, real: Tensor, start: int) -> Tensor:
        """Each query sees the next token, too."""
        keys = start + real.shape[1]
        seen = torch.cat([torch.ones(len(real), start, dtype=torch.bool), real], dim=1)
        return torch.ones(real.shape[1], keys, dtype=torch.bool).tril(start + 1) & seen[:, None]


class WeightsBySelf(MultiHeadAttention):
    """Multi-head attention whose weights are computed in a method that can be replaced."""

    def attend(self, x: Tensor, keys_values: tuple[Tensor, Tensor], mask: Tensor, **_) -> Tensor:
        """As in the package, written out."""
        queries, (keys, values) = split_heads(self.query(x), self.heads), keys_values
        scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])
        return self.output(merge_heads(self.weights(self.weigh(scores, mask.unsqueeze(1))) @ values))


class MaskedLate(WeightsBySelf):
    """Chapter 04: the mask comes after the softmax."""

    def weigh(self, scores: Tensor, mask: Tensor) -> Tensor:
        """The hidden keys have a share of the sum."""
        return torch.softmax(scores, dim=-1) * mask


class ByView(WeightsBySelf):
    """Chapter 06: heads are cut and joined by a view, without exchanging the axes."""

    def keys_values(self, x: Tensor, start: int = 0) -> tuple[Tensor, Tensor]:
        """The rows of a head are pieces of neighbouring tokens."""
        return self._cut(self.key(x)), self._cut(self.value(x))

    def _cut(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), self.heads, x.shape[1], -1)

    def attend(self, x: Tensor, keys_values: tuple[Tensor, Tensor], mask: Tensor, **_) -> Tensor:
        """As in the package, but for the view."""
        queries, (keys, values) = self._cut(self.query(x)), keys_values
        scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])
        weights = torch.softmax(scores.masked_fill(~mask.unsqueeze(1), -math.inf), dim=-1)
        return self.output((self.weights(weights) @ values).reshape(x.shape))


class WeightsCutOff(WeightsBySelf):
    """Chapter 05: no gradient reaches what the weights are made of."""

    def weigh(self, scores: Tensor, mask: Tensor) -> Tensor:
        """The matrices of queries and keys stay as they were drawn."""
        return torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1).detach()


class OverTheBatch(nn.Module):
    """Chapter 08: a norm over another axis; here over the texts of a batch."""

    def __init__(self) -> None:
        super().__init__()
        self.gain, self.offset = nn.Parameter(torch.ones(WIDTH)), nn.Parameter(torch.zeros(WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        """Mean 0 and variance 1 over the texts, at each position."""
        variance, mean = torch.var_mean(x, dim=0, keepdim=True, correction=0)
        return (x - mean) * torch.rsqrt(variance + 1e-5) * self.gain + self.offset


class NoPositions(Small):
    """Chapter 07: positions are made and not added."""

    def embed(self, tokens: Tensor, start: int = 0) -> Tensor:
        """Token vectors alone."""
        return self.embedding(tokens)


class PaddingSeen(Small):
    """Chapter 04: the causal mask alone."""

    def mask(self, real: Tensor, start: int) -> Tensor:
        """Padding in front is seen."""
        return masks.causal(real.shape[1], start + real.shape[1]).expand(len(real), -1, -1)


class CacheFromZero(Small):
    """Chapter 13: new tokens are given the first positions again."""

    def places(self, real: Tensor, start: int) -> Tensor:
        """Counted from 0, whatever came before."""
        return super().places(real, 0)


class AlwaysDropping(Small):
    """Chapter 08: dropout that does not know whether the model is training."""

    def score(self, x: Tensor) -> Tensor:
        """A tenth of the numbers is dropped, always."""
        return super().score(nn.functional.dropout(x, 0.1))


class SoftmaxTwice(Small):
    """Chapter 09: the model gives probabilities, and the loss takes their softmax."""

    def score(self, x: Tensor) -> Tensor:
        """Probabilities where scores are expected."""
        return torch.softmax(super().score(x), dim=-1)


def unshifted(model: nn.Module, texts: Tensor) -> Tensor:
    """Chapter 13: the label of a token is the token itself."""
    return nn.functional.cross_entropy(model(texts).flatten(0, 1), texts.flatten())


def in_bits(model: nn.Module, texts: Tensor) -> Tensor:
    """Chapter 13: the logarithm to the base 2."""
    return next_token_loss(model, texts) / math.log(2)


def with_attention(kind: type[MultiHeadAttention]) -> Callable[[], Small]:
    """A way to make the small model with another attention."""
    def make() -> Small:
        model = Small()
        model.attention = kind(WIDTH, HEADS, bias=False)
        return model
    return make


def norm_over_the_batch() -> Small:
    """The small model with another norm before its attention."""
    model = Small()
    model.around_attention.norm = OverTheBatch()
    return model


@dataclass(frozen=True)
class Bug:
    """What is wrong, and how to make it.

    Args:    mistake: the name of a known mistake. exercise: the one that knows it. make: builds the model. loss: of a
             model and whole texts, in nats.
    """

    mistake: str
    exercise: str
    make: Callable[[], nn.Module] = Small
    loss: Callable[[nn.Module, Tensor], Tensor] = next_token_loss


HEALTHY = Bug("nothing is wrong", "")
BUGS = (
    Bug("drops the padding", "04.combine_masks", PaddingSeen),
    Bug("does not shift: each token is scored at its own place", "13.next_token_loss", loss=unshifted),
    Bug("adds no positions", "13.cached_attention", NoPositions),
    Bug("hides after the softmax, and does not share the weight out again", "04.masked_weights",
        with_attention(MaskedLate)),
    Bug("gives the new tokens the first positions again", "13.cached_attention", CacheFromZero),
    Bug("splits and merges by view without exchanging the axes", "06.multi_head_attention", with_attention(ByView)),
    Bug("counts in bits", "13.next_token_loss", loss=in_bits),
    Bug("normalises over the first axis", "08.layer_norm", norm_over_the_batch),
    Bug("applies the softmax twice", "09.token_loss", SoftmaxTwice),
    Bug("drops in evaluation, too", "08.dropout", AlwaysDropping),
    Bug("also shows the next token", "04.causal_mask", OneTooFar),
    Bug("cuts the weights off from the gradient", "05.self_attention", with_attention(WeightsCutOff)),
)
