"""Where tokens are: attention alone cannot tell, so a position is added, rotated in, or made a bias on the scores."""

from collections.abc import Callable

import torch
from jaxtyping import Complex, Float, Int
from torch import Tensor, nn

BASE = 10_000.0
SHORTEST_TABLE = 512  # rows; a longer text makes a table of twice the rows, again and again


def sinusoidal(tokens: int, d_model: int, base: float = BASE,
               device: torch.device | str | None = None) -> Float[Tensor, "tokens d_model"]:
    r"""One fixed vector a position, from waves of different lengths.

    $PE_{pos, 2i} = \sin(pos / 10000^{2i/d})$ and $PE_{pos, 2i+1} = \cos(pos / 10000^{2i/d})$ (Vaswani et al. 2017,
    §3.5): sines and cosines alternate.

    Raises:  ValueError: `d_model` is odd.
    """
    angles = torch.arange(tokens, device=device)[:, None] * _frequencies(d_model, base, device)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def rotate(x: Float[Tensor, "*batch tokens d"], positions: Int[Tensor, " tokens"],
           base: float = BASE) -> Float[Tensor, "*batch tokens d"]:
    r"""Turn each pair of numbers by an angle that grows with the position (RoPE; Su et al. 2021, eq. 34).

    Pair $i$ at position $m$ is turned by $m / 10000^{2i/d}$. Queries and keys are rotated, values are not; then a score
    depends on the distance between query and key alone.

    Args:    positions: where the tokens of `x` stand; with a cache, not from 0.
    Raises:  ValueError: the last axis is odd.
    Differs: half precision is turned in float32 and rounded once, at the end.
    """
    angles = positions[:, None].to(x.device) * _frequencies(x.shape[-1], base, x.device)
    cosines, sines = angles.cos().to(_at_least_float32(x)), angles.sin().to(_at_least_float32(x))
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = torch.stack([even * cosines - odd * sines, even * sines + odd * cosines], dim=-1).flatten(-2)
    return turned.to(x.dtype)


def _at_least_float32(x: Tensor) -> torch.dtype:
    return torch.promote_types(x.dtype, torch.float32)


def _frequencies(width: int, base: float, device: torch.device | str | None = None) -> Float[Tensor, " half"]:
    if width % 2:
        raise ValueError(f"a width of {width} is odd: positions come in pairs of numbers, so make it even")
    return base ** (-torch.arange(0, width, 2, dtype=torch.float64, device=device) / width)


def alibi(heads: int, queries: int, keys: int) -> Float[Tensor, "heads queries keys"]:
    r"""A bias on the scores that falls with the distance, with another slope in each head (ALiBi; Press et al. 2022).

    Head $h$ of $n$ (from 1) has the slope $2^{-8h/n}$; the queries are the last positions of the keys.

    Differs: the paper is causal; here a key after the query is as far away as one before it.
    """
    slopes = 2.0 ** (-8.0 * torch.arange(1, heads + 1) / heads)
    return -slopes[:, None, None] * distances(queries, keys).abs()


def distances(queries: int, keys: int) -> Int[Tensor, "queries keys"]:
    """How far each key stands before (negative) or after its query; the queries are the last positions of the keys."""
    return torch.arange(keys) - torch.arange(keys - queries, keys)[:, None]


class LearnedPositions(nn.Module):
    """One learned vector for each position, as in BERT and GPT; there are only so many."""

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
        self.d_model = d_model
        _frequencies(d_model, BASE)  # an odd width is refused at once
        # Holds no number: it moves and changes its type along with the model, and so tells where the results belong.
        self.register_buffer("place", torch.empty(0), persistent=False)

    def forward(self, tokens: int, start: int = 0) -> Float[Tensor, "tokens d_model"]:
        """The vectors of `tokens` positions from `start` on."""
        return _table(sinusoidal, start + tokens, self.d_model, BASE, self.place)[start:].to(self.place.dtype)


class Rotary(nn.Module):
    """`rotate` as a module that remembers its angles; each pair is a complex number, and turned by one product."""

    def __init__(self, d_head: int, base: float = BASE) -> None:
        super().__init__()
        self.base = base
        _frequencies(d_head, base)  # an odd width is refused at once

    def forward(self, x: Float[Tensor, "*batch tokens d"], start: int = 0) -> Float[Tensor, "*batch tokens d"]:
        """Rotate `x`, whose first token stands at position `start`."""
        turns = _complex(_table(_turns, start + x.shape[-2], x.shape[-1], self.base, x)[start:])
        return torch.view_as_real(_complex(x.to(_at_least_float32(x))) * turns).flatten(-2).to(x.dtype)


def _turns(tokens: int, width: int, base: float, device: torch.device | str) -> Float[Tensor, "tokens width"]:
    angles = torch.arange(tokens, device=device)[:, None] * _frequencies(width, base, device)
    return torch.stack([angles.cos(), angles.sin()], dim=-1).flatten(-2)


def _complex(x: Float[Tensor, "*batch d"]) -> Complex[Tensor, "*batch half"]:
    return torch.view_as_complex(x.contiguous().unflatten(-1, (-1, 2)))


_tables: dict[tuple, Float[Tensor, "... rows _width"]] = {}


def _table(make: Callable[..., Tensor], rows: int, width: int, base: float,
           like: Tensor) -> Float[Tensor, "... rows _"]:
    """So many rows of what `make` makes, on the device of `like`, in float32 or better.

    A table belongs to no model, so nothing casts it to half precision or copies it, and all layers share one. It is an
    ordinary tensor also where the caller has switched gradients off, and it is not kept while a compiler looks on.
    """
    dtype = _at_least_float32(like)
    if torch.compiler.is_compiling():
        return make(rows, width, base, like.device).to(dtype)
    key = (make, width, base, dtype, like.device)
    table = _tables.get(key)
    if table is None or table.shape[-2] < rows:
        with torch.inference_mode(False), torch.no_grad():
            table = make(max(SHORTEST_TABLE, 1 << (rows - 1).bit_length()), width, base, "cpu").to(like.device, dtype)
        if type(table) is Tensor:
            _tables[key] = table
    return table[..., :rows, :]


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

