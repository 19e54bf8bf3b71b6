"""Wrong answers to chapter 07."""

import math

import numpy as np
import torch

from answers import wrong


@wrong("07.sinusoidal", "the exponent is the column over d, so a cosine has another frequency than its sine")
def _(tokens, d_model):
    pe = torch.zeros(tokens, d_model)
    for pos in range(tokens):
        for column in range(d_model):
            angle = pos / 10000 ** (column / d_model)
            pe[pos, column] = math.sin(angle) if column % 2 == 0 else math.cos(angle)
    return pe


@wrong("07.sinusoidal", "all sines stand in the first half and all cosines in the second")
def _(tokens, d_model):
    pos = torch.arange(tokens).float().unsqueeze(1)
    freq = 10000 ** (-torch.arange(0, d_model, 2).float() / d_model)
    angles = pos * freq
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1)


@wrong("07.sinusoidal", "the exponent is i/d where it should be 2i/d")
def _(tokens, d_model):
    i = torch.arange(d_model // 2)
    angles = torch.arange(tokens)[:, None] / 10000 ** (i / d_model)
    out = torch.empty(tokens, d_model)
    out[:, 0::2] = angles.sin()
    out[:, 1::2] = angles.cos()
    return out


@wrong("07.sinusoidal", "positions count from 1")
def _(tokens, d_model):
    positions = torch.arange(1, tokens + 1, dtype=torch.float32)[:, None]
    div = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
    pe = torch.zeros(tokens, d_model)
    pe[:, 0::2] = torch.sin(positions * div)
    pe[:, 1::2] = torch.cos(positions * div)
    return pe


@wrong("07.sinusoidal", "the frequencies run down to exactly 1/10000: the exponent is i / (d/2 - 1)")
def _(tokens, d_model):
    pairs = d_model // 2
    exponent = torch.linspace(0, 1, pairs)
    angles = torch.arange(tokens)[:, None] * 10000.0 ** -exponent
    return torch.stack([angles.sin(), angles.cos()], dim=-1).reshape(tokens, d_model)


@wrong("07.sinusoidal", "natural-log frequencies without the 10000: e^(-2i/d)")
def _(tokens, d_model):
    pos = torch.arange(tokens).float()[:, None]
    rate = torch.exp(-torch.arange(0, d_model, 2).float() / d_model)
    out = torch.zeros(tokens, d_model)
    out[:, ::2] = torch.sin(pos * rate)
    out[:, 1::2] = torch.cos(pos * rate)
    return out


@wrong("07.add_positions", "start is ignored: the first token always gets row 0")
def _(x, table, start):
    tokens = x.shape[1]
    if start + tokens > len(table):
        raise ValueError("table too short")
    return x + table[:tokens]


@wrong("07.add_positions", "a sequence that just fits into the table is refused")
def _(x, table, start):
    end = start + x.shape[1]
    if end >= table.shape[0]:
        raise ValueError(f"position {end} is beyond the table")
    return x + table[start:end].unsqueeze(0)


@wrong("07.add_positions", "positions beyond the table get its last row, and no error is raised")
def _(x, table, start):
    positions = torch.arange(start, start + x.shape[1])
    positions = positions.clamp(max=table.shape[0] - 1)
    return x + table[positions]


@wrong("07.add_positions", "only the first token's position is checked, not the last one's")
def _(x, table, start):
    if start >= len(table):
        raise ValueError("start is beyond the end of the table")
    return x + table[start:start + x.shape[1]]


@wrong("07.add_positions", "positions beyond the end raise an IndexError where a ValueError is asked for")
def _(x, table, start):
    return x + table[torch.arange(start, start + x.size(1))]


@wrong("07.add_positions", "the check forgets start, and positions beyond the end begin again at row 0")
def _(x, table, start):
    tokens = x.shape[1]
    if tokens > table.shape[0]:
        raise ValueError("too many tokens")
    out = x.clone()
    for t in range(tokens):
        out[:, t] = out[:, t] + table[(start + t) % table.shape[0]]
    return out


@wrong("07.add_positions", "the positions are added into the x that was given")
def _(x, table, start):
    end = start + x.shape[1]
    if end > table.shape[0]:
        raise ValueError("a token stands beyond the end of the table")
    x += table[start:end]
    return x


@wrong("07.rotate", "a number is paired with the one half a vector further on, not with its neighbour")
def _(x, positions):
    d = x.shape[-1]
    freq = 10000.0 ** (-torch.arange(0, d, 2, dtype=x.dtype) / d)
    angles = positions[:, None].to(x.dtype) * freq
    cos, sin = angles.cos(), angles.sin()
    a, b = x[..., :d // 2], x[..., d // 2:]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


@wrong("07.rotate", "turned clockwise")
def _(x, positions):
    d = x.shape[-1]
    theta = positions[:, None] / 10000 ** (torch.arange(0, d, 2) / d)
    theta = theta.to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    out = torch.empty_like(x)
    out[..., 0::2] = even * theta.cos() + odd * theta.sin()
    out[..., 1::2] = odd * theta.cos() - even * theta.sin()
    return out


@wrong("07.rotate", "the second number is turned with the already changed first one")
def _(x, positions):
    d = x.shape[-1]
    out = x.clone()
    for i in range(d // 2):
        angle = (positions / 10000 ** (2 * i / d)).to(x.dtype)
        c, s = torch.cos(angle), torch.sin(angle)
        out[..., 2 * i] = out[..., 2 * i] * c - out[..., 2 * i + 1] * s
        out[..., 2 * i + 1] = out[..., 2 * i] * s + out[..., 2 * i + 1] * c
    return out


@wrong("07.rotate", "tokens are taken to stand at 0, 1, 2, ...; `positions` is not read")
def _(x, positions):
    tokens, d = x.shape[-2:]
    m = torch.arange(tokens, dtype=x.dtype)[:, None]
    angle = m / 10000 ** (torch.arange(0, d, 2, dtype=x.dtype) / d)
    first, second = x[..., ::2], x[..., 1::2]
    turned = [first * angle.cos() - second * angle.sin(), first * angle.sin() + second * angle.cos()]
    return torch.stack(turned, dim=-1).flatten(-2)


@wrong("07.rotate", "the turned firsts and the turned seconds are put behind each other, not interleaved")
def _(x, positions):
    d = x.shape[-1]
    angle = (positions[:, None] / 10000 ** (torch.arange(0, d, 2) / d)).to(x.dtype)
    first, second = x[..., ::2], x[..., 1::2]
    return torch.cat([first * angle.cos() - second * angle.sin(), first * angle.sin() + second * angle.cos()], -1)


@wrong("07.rotate", "every pair is turned by the whole position, with no slower angles for later pairs")
def _(x, positions):
    angle = positions.to(x.dtype)[:, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    result = torch.zeros_like(x)
    result[..., 0::2] = even * torch.cos(angle) - odd * torch.sin(angle)
    result[..., 1::2] = even * torch.sin(angle) + odd * torch.cos(angle)
    return result


@wrong("07.rotate", "positions are counted from the first of them, as if it stood at 0")
def _(x, positions):
    d = x.shape[-1]
    m = (positions - positions[:1]).to(x.dtype)
    angle = m[:, None] / 10000 ** (torch.arange(0, d, 2, dtype=x.dtype) / d)
    z = torch.complex(x[..., ::2].contiguous(), x[..., 1::2].contiguous())
    z = z * torch.polar(torch.ones_like(angle), angle)
    return torch.view_as_real(z).flatten(-2)


@wrong("07.rotate", "the angle is m / 10000^(i/d), with half the exponent")
def _(x, positions):
    d = x.shape[-1]
    out = torch.empty_like(x)
    for i in range(d // 2):
        theta = positions.to(x.dtype) * 10000 ** (-i / d)
        out[..., 2 * i] = x[..., 2 * i] * theta.cos() - x[..., 2 * i + 1] * theta.sin()
        out[..., 2 * i + 1] = x[..., 2 * i] * theta.sin() + x[..., 2 * i + 1] * theta.cos()
    return out


@wrong("07.rotate", "the first axis is taken for the tokens, so a batch goes wrong")
def _(x, positions):
    d = x.shape[-1]
    out = x.clone()
    for row, m in enumerate(positions.tolist()):
        for i in range(0, d, 2):
            c, s = math.cos(m / 10000 ** (i / d)), math.sin(m / 10000 ** (i / d))
            out[row, ..., i] = x[row, ..., i] * c - x[row, ..., i + 1] * s
            out[row, ..., i + 1] = x[row, ..., i] * s + x[row, ..., i + 1] * c
    return out


@wrong("07.rotate", "the sines of the angle are added like a position code, nothing is turned")
def _(x, positions):
    d = x.shape[-1]
    angle = (positions[:, None] / 10000 ** (torch.arange(0, d, 2) / d)).to(x.dtype)
    code = torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(-2)
    return x + code


@wrong("07.rotary_attention", "queries stand at 0, 1, ... and not at the last positions of the keys")
def _(queries, keys, values, rotate):
    q = rotate(queries, torch.arange(len(queries)))
    k = rotate(keys, torch.arange(len(keys)))
    scores = q @ k.T / math.sqrt(queries.shape[-1])
    return torch.softmax(scores, dim=-1) @ values


@wrong("07.rotary_attention", "the values are turned, too")
def _(queries, keys, values, rotate):
    places = torch.arange(keys.shape[0])
    q = rotate(queries, places[-queries.shape[0]:])
    k = rotate(keys, places)
    v = rotate(values, places)
    weights = (q @ k.T / queries.shape[-1] ** 0.5).softmax(-1)
    return weights @ v


@wrong("07.rotary_attention", "the scores are not divided by the root of d")
def _(queries, keys, values, rotate):
    n, m = len(queries), len(keys)
    q = rotate(queries, torch.arange(m - n, m))
    k = rotate(keys, torch.arange(m))
    return torch.softmax(q @ k.transpose(-1, -2), dim=-1) @ values


@wrong("07.rotary_attention", "all queries stand at the one last position")
def _(queries, keys, values, rotate):
    last = len(keys) - 1
    q = rotate(queries, torch.full((len(queries),), last))
    k = rotate(keys, torch.arange(len(keys)))
    scores = q @ k.T / math.sqrt(q.shape[-1])
    return scores.softmax(dim=-1) @ values


@wrong("07.rotary_attention", "the queries stand one position too far, behind the last key")
def _(queries, keys, values, rotate):
    offset = len(keys) - len(queries) + 1
    q = rotate(queries, torch.arange(len(queries)) + offset)
    k = rotate(keys, torch.arange(len(keys)))
    w = torch.softmax(q @ k.mT / math.sqrt(keys.shape[1]), -1)
    return w @ values


@wrong("07.rotary_attention", "later keys are masked although there is no mask")
def _(queries, keys, values, rotate):
    n, m = len(queries), len(keys)
    where_k = torch.arange(m)
    where_q = where_k[m - n:]
    scores = rotate(queries, where_q) @ rotate(keys, where_k).T / math.sqrt(queries.shape[1])
    scores = scores.masked_fill(where_k[None, :] > where_q[:, None], float("-inf"))
    return scores.softmax(-1) @ values


@wrong("07.rotary_attention", "the queries' positions run backwards from the last one")
def _(queries, keys, values, rotate):
    n, m = len(queries), len(keys)
    back = torch.tensor([m - 1 - i for i in range(n)])
    q = rotate(queries, back)
    k = rotate(keys, torch.arange(m))
    return torch.softmax(q @ k.T / queries.shape[-1] ** 0.5, dim=-1) @ values


@wrong("07.rotary_attention", "the softmax runs over the queries")
def _(queries, keys, values, rotate):
    k_pos = torch.arange(len(keys))
    q_pos = k_pos[len(keys) - len(queries):]
    scores = rotate(queries, q_pos) @ rotate(keys, k_pos).T / math.sqrt(queries.shape[-1])
    return torch.softmax(scores, dim=0) @ values


@wrong("07.rotary_attention", "the keys are not turned")
def _(queries, keys, values, rotate):
    n, m = queries.shape[0], keys.shape[0]
    q = rotate(queries, torch.arange(m - n, m))
    weights = torch.softmax(q @ keys.T / math.sqrt(keys.shape[-1]), dim=-1)
    return weights @ values


@wrong("07.alibi", "heads are counted from 0, so the first has the slope 1")
def _(heads, queries, keys):
    slopes = 2.0 ** (-8 * torch.arange(heads) / heads)
    i = torch.arange(keys - queries, keys)[:, None]
    j = torch.arange(keys)[None, :]
    return -slopes[:, None, None] * (i - j).abs()


@wrong("07.alibi", "the queries stand at the first positions")
def _(heads, queries, keys):
    bias = torch.zeros(heads, queries, keys)
    for h in range(1, heads + 1):
        m = 2 ** (-8 * h / heads)
        for i in range(queries):
            for j in range(keys):
                bias[h - 1, i, j] = -m * abs(i - j)
    return bias


@wrong("07.alibi", "the distance has a sign: keys behind the query are favoured")
def _(heads, queries, keys):
    slopes = torch.tensor([2 ** (-8 * h / heads) for h in range(1, heads + 1)])
    i = torch.arange(queries)[:, None] + keys - queries
    j = torch.arange(keys)
    return -slopes.view(-1, 1, 1) * (i - j)


@wrong("07.alibi", "the slopes are 2^-8, 2^-16, ...: not divided by the number of heads")
def _(heads, queries, keys):
    m = 2.0 ** (-8.0 * torch.arange(1, heads + 1))
    distance = (torch.arange(keys - queries, keys)[:, None] - torch.arange(keys)[None]).abs()
    return -m[:, None, None] * distance[None]


@wrong("07.alibi", "precedence: 2^-8 is multiplied by h/n, where h/n belongs to the exponent")
def _(heads, queries, keys):
    i = torch.arange(keys - queries, keys).reshape(-1, 1)
    j = torch.arange(keys).reshape(1, -1)
    dist = (i - j).abs()
    return torch.stack([-(2 ** -8 * h / heads) * dist for h in range(1, heads + 1)])


@wrong("07.alibi", "the keys behind a query get no bias at all")
def _(heads, queries, keys):
    slope = 2 ** (-8 * torch.arange(1, heads + 1) / heads)
    i = torch.arange(keys)[-queries:]
    j = torch.arange(keys)
    distance = (i[:, None] - j[None, :]).clamp(min=0)
    return -slope[:, None, None] * distance


@wrong("07.alibi", "the keys behind a query are masked with -inf")
def _(heads, queries, keys):
    i = torch.arange(keys - queries, keys)[:, None]
    j = torch.arange(keys)[None, :]
    m = 2 ** (-8 * torch.arange(1, heads + 1) / heads)
    bias = -m.view(heads, 1, 1) * (i - j).abs()
    return bias.masked_fill(j > i, -math.inf)


@wrong("07.alibi", "the steepest slope stands last: the heads are in reverse order")
def _(heads, queries, keys):
    m = torch.tensor([2 ** (-8 * (heads - h) / heads) for h in range(heads)])
    rel = torch.arange(keys)[None, :] - torch.arange(keys - queries, keys)[:, None]
    return -m[:, None, None] * rel.abs()


@wrong("07.rotate", "NumPy in between, so no gradient comes back")
def _(x, positions):
    turned = np.array(x.numpy(force=True), dtype=np.float64, order="C").view(np.complex128)
    d = x.shape[-1]
    turned *= np.exp(1j * np.multiply.outer(positions.numpy(), 10000.0 ** (-np.arange(0, d, 2) / d)))
    return torch.from_numpy(turned.view(np.float64)).to(x.dtype)
