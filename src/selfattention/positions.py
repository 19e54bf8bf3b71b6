"""Where tokens are: attention alone cannot tell, so a position is added, rotated in, or made a bias on the scores."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

BASE = 10_000.0


def sinusoidal(tokens: int, d_model: int, base: float = BASE) -> Float[Tensor, "tokens d_model"]:
    r"""One fixed vector a position, from waves of different lengths.

    $PE_{pos, 2i} = \sin(pos / 10000^{2i/d})$ and $PE_{pos, 2i+1} = \cos(pos / 10000^{2i/d})$ (Vaswani et al. 2017,
    §3.5): sines and cosines alternate.

    Raises:  ValueError: `d_model` is odd.
    """
    angles = torch.arange(tokens)[:, None] * _frequencies(d_model, base)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def rotate(x: Float[Tensor, "*batch tokens d"], positions: Int[Tensor, " tokens"],
           base: float = BASE) -> Float[Tensor, "*batch tokens d"]:
    r"""Turn each pair of numbers by an angle that grows with the position (RoPE; Su et al. 2021, eq. 34).

    Pair $i$ at position $m$ is turned by $m / 10000^{2i/d}$. Queries and keys are rotated, values are not; then a score
    depends on the distance between query and key alone.

    Args:    positions: where the tokens of `x` stand; with a cache, not from 0.
    Raises:  ValueError: the last axis is odd.
    """
    angles = positions[:, None].to(x.device) * _frequencies(x.shape[-1], base).to(x.device)
    cosines, sines = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cosines - odd * sines, even * sines + odd * cosines], dim=-1).flatten(-2)


def _frequencies(width: int, base: float) -> Float[Tensor, " half"]:
    if width % 2:
        raise ValueError(f"a width of {width} is odd: positions come in pairs of numbers, so make it even")
    return base ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)


def alibi(heads: int, queries: int, keys: int) -> Float[Tensor, "heads queries keys"]:
    r"""A bias on the scores that falls with the distance, by another slope in each head (ALiBi; Press et al. 2022).

    Head $h$ of $n$ (from 1) has the slope $2^{-8h/n}$; the queries are the last positions of the keys.

    Differs: the paper is causal; here a key after the query is as far away as one before it.
    """
    slopes = 2.0 ** (-8.0 * torch.arange(1, heads + 1) / heads)
    return -slopes[:, None, None] * distances(queries, keys).abs()


def distances(queries: int, keys: int) -> Int[Tensor, "queries keys"]:
    """How far each key stands behind (negative) or before its query; the queries are the last positions of the keys."""
    return torch.arange(keys) - torch.arange(keys - queries, keys)[:, None]


class LearnedPositions(nn.Module):
    """One learned vector a position, as in BERT and GPT; there are only so many."""

    def __init__(self, most: int, d_model: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(most, d_model) * 0.02)

    def forward(self, tokens: int, start: int = 0) -> Float[Tensor, "tokens d_model"]:
        """The vectors of `tokens` positions from `start` on; a ValueError where the table ends before."""
        if start + tokens > len(self.table):
            raise ValueError(f"{start + tokens} tokens, but only {len(self.table)} positions were learned: "
                             "shorten the text, or build the model with more positions")
        return self.table[start:start + tokens]


class SinusoidalPositions(nn.Module):
    """`sinusoidal` as a module: nothing is learned, and no length is too long."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.register_buffer("table", sinusoidal(512, d_model).to(torch.get_default_dtype()), persistent=False)

    def forward(self, tokens: int, start: int = 0) -> Float[Tensor, "tokens d_model"]:
        """The vectors of `tokens` positions from `start` on."""
        if start + tokens > len(self.table):
            longer = sinusoidal(2 * (start + tokens), self.table.shape[1])
            self.table = longer.to(self.table)
        return self.table[start:start + tokens]


class Rotary(nn.Module):
    """`rotate` as a module that remembers its angles."""

    def __init__(self, d_head: int, base: float = BASE) -> None:
        super().__init__()
        self.base = base
        self.register_buffer("turns", self._turns(512, d_head), persistent=False)

    def _turns(self, tokens: int, width: int) -> Float[Tensor, "2 tokens half"]:
        angles = torch.arange(tokens)[:, None] * _frequencies(width, self.base)
        return torch.stack([angles.cos(), angles.sin()]).to(torch.get_default_dtype())

    def forward(self, x: Float[Tensor, "*batch tokens d"], start: int = 0) -> Float[Tensor, "*batch tokens d"]:
        """Rotate `x`, whose first token stands at position `start`."""
        end = start + x.shape[-2]
        if end > self.turns.shape[1]:
            self.turns = self._turns(2 * end, x.shape[-1]).to(self.turns)
        cosines, sines = self.turns[:, start:end].to(x.dtype)
        even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
        return torch.stack([even * cosines - odd * sines, even * sines + odd * cosines], dim=-1).flatten(-2)


class RelativeBias(nn.Module):
    """A learned bias on the scores for each head and distance; far distances share one (Shaw et al. 2018's clipping).

    Differs: Shaw et al. add vectors to keys and values. A number a head, added to the score, is Raffel et al.'s (2020)
    form; they let distances share numbers in steps.
    """

    def __init__(self, heads: int, furthest: int) -> None:
        super().__init__()
        self.furthest = furthest
        self.table = nn.Parameter(torch.zeros(heads, 2 * furthest + 1))

    def forward(self, queries: int, keys: int) -> Float[Tensor, "heads queries keys"]:
        """The bias of every query and key; the queries are the last positions of the keys."""
        clipped = distances(queries, keys).clamp(-self.furthest, self.furthest) + self.furthest
        return self.table[:, clipped.to(self.table.device)]

