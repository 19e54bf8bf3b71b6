"""Right answers to chapter 07."""

import cmath
import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from answers import right


@right("07.sinusoidal", "lists with math.sin and math.cos")
def _(tokens, d_model):
    def entry(position, column):
        angle = position / 10000 ** (column // 2 * 2 / d_model)
        return math.cos(angle) if column % 2 else math.sin(angle)
    return torch.tensor([[entry(p, c) for c in range(d_model)] for p in range(tokens)])


@right("07.sinusoidal", "sines only, the odd columns a quarter turn ahead")
def _(tokens, d_model):
    column = torch.arange(d_model, dtype=torch.float64)
    speed = torch.pow(10000, -(column - column % 2) / d_model)
    return torch.sin(torch.outer(torch.arange(tokens, dtype=torch.float64), speed) + column % 2 * torch.pi / 2)


@right("07.sinusoidal", "real and imaginary parts of exp(i angle), sine first")
def _(tokens, d_model):
    angles = np.arange(tokens)[:, None] / 10000 ** (np.arange(0, d_model, 2) / d_model)
    turned = np.exp(1j * angles)
    return torch.from_numpy(np.dstack([turned.imag, turned.real]).reshape(tokens, d_model))


@right("07.sinusoidal", "filled by strides into a float32 buffer")
def _(tokens, d_model):
    table = torch.zeros(tokens, d_model)
    position = torch.arange(tokens).unsqueeze(1)
    divide = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
    table[:, 0::2] = torch.sin(position * divide)
    table[:, 1::2] = torch.cos(position * divide)
    return table


@right("07.sinusoidal", "each position turned on from the one before by complex multiplication")
def _(tokens, d_model):
    steps = [cmath.exp(1j / 10000 ** (2 * i / d_model)) for i in range(d_model // 2)]
    rows = itertools.accumulate(range(1, tokens), lambda row, _: [z * s for z, s in zip(row, steps, strict=True)],
                                initial=[1 + 0j] * (d_model // 2))
    flat = [part for row in itertools.islice(rows, tokens) for z in row for part in (z.imag, z.real)]
    return torch.tensor(flat, dtype=torch.float64).view(tokens, d_model)


@right("07.add_positions", "functional.embedding, its IndexError turned into a ValueError")
def _(x, table, start):
    try:
        rows = functional.embedding(torch.arange(start, start + x.shape[1]), table)
    except IndexError as error:
        raise ValueError("the text is longer than the table") from error
    return x + rows


class _TooLongError(ValueError):
    """A token stands beyond the end of the table."""


@right("07.add_positions", "a subclass of ValueError, rows by narrow")
def _(x, table, start):
    tokens = x.size(dim=1)
    if start + tokens > table.size(dim=0):
        raise _TooLongError(start, tokens, len(table))
    return torch.add(x, table.narrow(0, start, tokens))


@right("07.add_positions", "strict zip, which raises a ValueError by itself")
def _(x, table, start):
    rows = table[start:start + x.shape[1]]
    return torch.stack([token + row for token, row in zip(x.unbind(1), rows, strict=True)], dim=1)


@right("07.add_positions", "a clone changed in place, and the check in a helper")
def _(x, table, start):
    @dataclass
    class Window:
        first: int
        last: int

        def __post_init__(self):
            if self.last > len(table):
                raise ValueError(f"{self.last} > {len(table)}")
    window = Window(start, start + x.shape[1])
    return x.clone().add_(table[window.first:window.last][None])


@right("07.add_positions", "one-hot rows times the table")
def _(x, table, start):
    positions = torch.arange(x.shape[1]) + start
    if (positions >= len(table)).any():
        raise ValueError
    return x + functional.one_hot(positions, len(table)).to(table.dtype) @ table


@right("07.rotate", "complex numbers and torch.polar")
def _(x, positions):
    half = torch.arange(0, x.shape[-1], 2, dtype=torch.float64)
    angles = torch.outer(positions.double(), 10000 ** (-half / x.shape[-1]))
    turn = torch.polar(torch.ones_like(angles), angles)
    pairs = torch.view_as_complex(x.double().reshape(*x.shape[:-1], -1, 2).contiguous())
    return torch.view_as_real(pairs * turn).flatten(-2).to(x.dtype)


@right("07.rotate", "2 x 2 matrices by einsum")
def _(x, positions):
    d = x.shape[-1]
    angles = positions[:, None] / 10000 ** (torch.arange(0, d, 2, dtype=x.dtype) / d)
    cos, sin = angles.cos(), angles.sin()
    matrices = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], dim=-2)
    return torch.einsum("tpij,...tpj->...tpi", matrices, x.unflatten(-1, (-1, 2))).flatten(-2)


@right("07.rotate", "cosine times x plus sine times the quarter turn of x")
def _(x, positions):
    d = x.shape[-1]
    angles = (positions.unsqueeze(-1) * 10000.0 ** -(torch.arange(d).div(2, rounding_mode="floor") * 2 / d).to(x))
    quarter = torch.stack((-x[..., 1::2], x[..., 0::2]), dim=-1).reshape(x.shape)
    return x * torch.cos(angles) + quarter * torch.sin(angles)


@right("07.rotate", "the matrix exponential of one generator for each token")
def _(x, positions):
    d = x.shape[-1]
    generator = torch.zeros(d, d, dtype=x.dtype)
    for i in range(0, d, 2):
        generator[i + 1, i] = 10000 ** (-i / d)
    generator = generator - generator.T
    turns = torch.linalg.matrix_exp(positions.to(x.dtype)[:, None, None] * generator)
    return (turns @ x[..., None])[..., 0]


@right("07.rotate", "written pair by pair with math.cos, in loops")
def _(x, positions):
    d, result = x.shape[-1], torch.empty_like(x)
    for row, m in enumerate(positions.tolist()):
        for even in range(0, d, 2):
            c, s = math.cos(m / 10000 ** (even / d)), math.sin(m / 10000 ** (even / d))
            a, b = x[..., row, even], x[..., row, even + 1]
            result[..., row, even], result[..., row, even + 1] = a * c - b * s, a * s + b * c
    return result


@right("07.rotate", "float32 angles from a float32 arange")
def _(x, positions):
    speeds = 1.0 / (10000 ** (torch.arange(0, x.shape[-1], 2).float() / x.shape[-1]))
    angles = positions.float()[:, None] * speeds
    even, odd = x[..., ::2], x[..., 1::2]
    sin, cos = angles.sin(), angles.cos()
    return torch.stack([even * cos - odd * sin, odd * cos + even * sin], dim=-1).reshape(x.shape)


@right("07.rotary_attention", "queries and keys turned in one call, then torch's finished attention")
def _(queries, keys, values, rotate):
    n, m = len(queries), len(keys)
    places = torch.cat([torch.arange(m - n, m), torch.arange(m)])
    q, k = rotate(torch.cat([queries, keys]), places).split([n, m])
    return functional.scaled_dot_product_attention(q[None], k[None], values[None])[0]


@right("07.rotary_attention", "one row turned at a time")
def _(queries, keys, values, rotate):
    def turned(row, place):
        return rotate(row.unsqueeze(0), torch.tensor([place]))
    k = torch.cat([turned(key, place) for place, key in enumerate(keys)])
    first = len(keys) - len(queries)
    q = torch.cat(list(map(turned, queries, itertools.count(first))))
    scores = torch.einsum("qd,kd->qk", q, k) * keys.shape[-1] ** -0.5
    return (scores - scores.logsumexp(1, keepdim=True)).exp() @ values


@right("07.rotary_attention", "positions as 32-bit whole numbers, sliced off those of the keys")
def _(queries, keys, values, rotate):
    places = torch.arange(keys.shape[0], dtype=torch.int32)
    scores = rotate(queries, places[keys.shape[0] - queries.shape[0]:]) @ rotate(keys, places).T
    return scores.div(math.sqrt(queries.shape[1])).softmax(dim=1).mm(values)


@right("07.rotary_attention", "lists of places, powers over their sum, a float32 root")
def _(queries, keys, values, rotate):
    places = list(range(len(keys)))
    k = rotate(keys, torch.tensor(places))
    q = rotate(queries / torch.sqrt(torch.tensor(keys.shape[1])), torch.tensor(places[len(keys) - len(queries):]))
    scores = (q[:, None] * k[None]).sum(dim=-1)
    powers = torch.exp(scores - scores.max(dim=1, keepdim=True)[0])
    return (powers[..., None] * values).sum(dim=1) / powers.sum(dim=1, keepdim=True)


@right("07.alibi", "three nested comprehensions")
def _(heads, queries, keys):
    return torch.tensor([[[-abs(i - j) * 2 ** (-8 * h / heads) for j in range(keys)]
                          for i in range(keys - queries, keys)] for h in range(1, heads + 1)])


@right("07.alibi", "torch.cdist between positions, slopes by exp2")
def _(heads, queries, keys):
    places = torch.arange(keys, dtype=torch.float64)[:, None]
    distance = torch.cdist(places[keys - queries:], places, p=1)
    slopes = torch.exp2(torch.arange(1, heads + 1, dtype=torch.float64) * -8 / heads)
    return torch.einsum("h,qk->hqk", -slopes, distance)


@right("07.alibi", "a geometric sequence by cumprod, distances by maximum minus minimum")
def _(heads, queries, keys):
    slopes = torch.full((heads, 1, 1), 2 ** (-8 / heads), dtype=torch.float64).cumprod(dim=0)
    row, column = torch.arange(keys - queries, keys)[:, None], torch.arange(keys)
    return (torch.minimum(row, column) - torch.maximum(row, column)) * slopes


@right("07.alibi", "numpy's fromfunction")
def _(heads, queries, keys):
    def bias(h, i, j):
        return -np.abs(i + keys - queries - j) / np.exp2(8 * (h + 1) / heads)
    return torch.from_numpy(np.fromfunction(bias, (heads, queries, keys)))


@right("07.alibi", "windows cut out of one row of distances")
def _(heads, queries, keys):
    line = -torch.arange(1 - keys, keys).abs().float()
    rows = torch.stack([line[queries - 1 - i:queries - 1 - i + keys] for i in range(queries)])
    return torch.stack([rows * 0.5 ** (8 * (h + 1) / heads) for h in range(heads)])


@right("07.sinusoidal", "a shared table in a cache that grows when asked for more")
def _(tokens, d_model):
    if d_model not in _TABLES or len(_TABLES[d_model]) < tokens:
        half = torch.arange(d_model // 2, dtype=torch.float64)
        angles = torch.arange(2 * tokens, dtype=torch.float64)[:, None] * 10000 ** (-2 * half / d_model)
        _TABLES[d_model] = torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
    return _TABLES[d_model][:tokens]


_TABLES = {}


@right("07.rotary_attention", "the given function called by the names in the prompt")
def _(queries, keys, values, rotate):
    places = torch.arange(len(keys))
    q, k = rotate(x=queries, positions=places[len(keys) - len(queries):]), rotate(x=keys, positions=places)
    return functional.softmax(q @ k.T / queries.shape[1] ** 0.5, dim=-1) @ values


@right("07.sinusoidal", "a parameter that does not learn")
def _(tokens, d_model):
    speeds = torch.logspace(0, -4, d_model // 2 + 1)[:-1]
    angles = torch.arange(tokens).unsqueeze(1) * speeds
    return nn.Parameter(torch.stack([angles.sin(), angles.cos()], dim=-1).view(tokens, d_model), requires_grad=False)


@right("07.add_positions", "an nn.Embedding made from the table, which learns on its own")
def _(x, table, start):
    if x.shape[1] > len(table) - start:
        raise ValueError("no row for the last token")
    embedding = nn.Embedding.from_pretrained(table, freeze=False)
    return x + embedding(torch.arange(x.shape[1]) + start)
