r"""# Exercises 07: positions

Attention does not see order. Here are ways to tell it. Read lesson [07](../notebooks/07_positions.ipynb) first.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes


def tensor(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


@exercise(points=4, hints=(
    "First make the angles, a table of positions by pairs; then take its sine and its cosine.",
    "`torch.arange(0, d_model, 2)` is $2i$ for every pair. How do two tables become one with alternating columns?",
))
def sinusoidal(tokens: int, d_model: int) -> Float[Tensor, "tokens d_model"]:
    r"""Give each position a fixed vector of sines and cosines.

    $PE_{pos, 2i} = \sin(pos / 10000^{2i/d})$ and $PE_{pos, 2i+1} = \cos(pos / 10000^{2i/d})$, where $d$ is `d_model`,
    an even number (Vaswani et al. 2017, §3.5). Sines and cosines alternate; positions count from 0.
    """
    angles = torch.arange(tokens)[:, None] / 10_000 ** (torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


sinusoidal.example(3, 4)


@sinusoidal.check("alternates sines and cosines of slower and slower waves",
                  hint="Compute the row of position 1 for d_model = 4 by hand: four numbers.")
def alternates(answer, rng):
    for tokens, d_model in zip(rng.permutation((3, 5, 11, 13)).tolist(), (*rng.permutation((6, 14)).tolist(), 2)):
        expected = torch.zeros(tokens, d_model, dtype=torch.float64)
        for position in range(tokens):
            for i in range(d_model // 2):
                angle = torch.tensor(position / 10_000 ** (2 * i / d_model), dtype=torch.float64)
                expected[position, 2 * i], expected[position, 2 * i + 1] = angle.sin(), angle.cos()
        probes.equal(answer(tokens, d_model).to(torch.float32), expected.to(torch.float32))


@sinusoidal.check("gives two positions a product that depends on their distance alone",
                  hint="sin a sin b + cos a cos b = cos(a − b). Does each sine have its cosine beside it?")
def distance_alone(answer, rng):
    tokens, d_model = int(rng.choice((11, 13, 17, 19))), 2 * int(rng.choice((5, 7, 23, 29)))
    table = answer(tokens, d_model).to(torch.float32)
    products = table @ table.T
    for distance in (1, int(rng.integers(2, 8))):
        along = products.diagonal(distance)
        probes.equal(along, along[:1].expand(len(along)), f"the products at distance {distance} differ")


def angles_of(tokens, d_model, exponents=None):
    exponents = torch.arange(0, d_model, 2, dtype=torch.float64) / d_model if exponents is None else exponents
    return torch.arange(tokens)[:, None] / 10_000**exponents


@sinusoidal.mistake("puts all sines before all cosines",
                    hint="The formula has 2i and 2i + 1: which column follows a sine?")
def halves(tokens, d_model):
    angles = angles_of(tokens, d_model)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


@sinusoidal.mistake("uses i where the exponent has 2i",
                    hint="Which exponents do you use for d_model = 4? Which are asked for?")
def single_exponent(tokens, d_model):
    angles = angles_of(tokens, d_model, torch.arange(d_model // 2, dtype=torch.float64) / d_model)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


@sinusoidal.mistake("gives each column its own wave, not each pair",
                    hint="Columns 0 and 1 are sine and cosine of which angle? Of the same one?")
def each_column(tokens, d_model):
    angles = angles_of(tokens, d_model, torch.arange(d_model, dtype=torch.float64) / d_model)
    return torch.where(torch.arange(d_model) % 2 == 0, angles.sin(), angles.cos())


@sinusoidal.mistake("exchanges sines and cosines", hint="What must the first number of position 0 be: 0 or 1?")
def exchanged(tokens, d_model):
    angles = angles_of(tokens, d_model)
    return torch.stack([angles.cos(), angles.sin()], dim=-1).flatten(-2)


@sinusoidal.mistake("counts positions from 1", hint="What is sin(0)? Is it in your first row?")
def from_one(tokens, d_model):
    angles = angles_of(tokens + 1, d_model)[1:]
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


@sinusoidal.mistake("multiplies by the power instead of dividing",
                    hint="Do the waves get slower or faster from left to right?")
def faster(tokens, d_model):
    angles = torch.arange(tokens)[:, None] * 10_000 ** (torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


@sinusoidal.mistake("gives every pair the same wave", hint="Does column 2 differ from column 0 in your table?")
def one_wave(tokens, d_model):
    angles = torch.arange(tokens, dtype=torch.float64)[:, None].expand(tokens, d_model // 2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


@sinusoidal.alternative("filling every second column")
def filled(tokens, d_model):
    table = torch.zeros(tokens, d_model)
    table[:, 0::2] = angles_of(tokens, d_model).sin()
    table[:, 1::2] = angles_of(tokens, d_model).cos()
    return table


@sinusoidal.alternative("exponentials of logarithms")
def by_logarithms(tokens, d_model):
    slower = torch.exp(torch.arange(0, d_model, 2) * (-torch.log(torch.tensor(10_000.0)) / d_model))
    angles = torch.arange(tokens)[:, None] * slower
    return torch.stack([torch.sin(angles), torch.cos(angles)], dim=2).reshape(tokens, d_model)


@exercise(points=2, hints=(
    "Token 0 of `x` stands at position `start`. Which rows of the table does it and the others need?",
    "What does Python give for `table[5:9]` when the table has 7 rows? Is that what a caller expects?",
))
def add_positions(x: Float[Tensor, "batch tokens d_model"], table: Float[Tensor, "positions d_model"],
                  start: int) -> Float[Tensor, "batch tokens d_model"]:
    r"""Add to each token the learned vector of its position.

    Row p of `table` belongs to position p; the first token of `x` stands at position `start` (not 0, when earlier
    tokens are kept in a cache). Raise a `ValueError` where a token stands beyond the end of the table.
    """
    if start + x.shape[1] > len(table):
        raise ValueError(f"{start + x.shape[1]} positions are needed, but the table has {len(table)}")
    return x + table[start:start + x.shape[1]]


add_positions.example(torch.zeros(1, 2, 2), torch.tensor([[0.0, 0.5], [1.0, 1.5], [2.0, 2.5], [3.0, 3.5]]), 1)


@add_positions.check("adds to each token the row of its position", hint="Which row belongs to token 1 when start is 3?")
def adds_rows(answer, rng):
    x, table = tensor(rng, 2, 5, 7), tensor(rng, 11, 7)
    for start in (0, 3, 6):
        expected = torch.stack([x[:, token] + table[start + token] for token in range(5)], dim=1)
        probes.equal(answer(x, table, start), expected)


@add_positions.check("refuses tokens beyond the end of the table",
                     hint="What happens to token 4 when start is 7 and the table has 11 rows?")
def refuses(answer, rng):
    x, table = tensor(rng, 2, 5, 7), tensor(rng, 11, 7)
    for start in (7, 11):
        probes.raises(answer, ValueError, x, table, start)
    probes.raises(answer, ValueError, tensor(rng, 1, 1, 7), table, 11)


@add_positions.mistake("ignores where the tokens start", hint="Where does `start` appear in your code?")
def start_ignored(x, table, start):
    if start + x.shape[1] > len(table):
        raise ValueError("too long")
    return x + table[:x.shape[1]]


@add_positions.mistake("takes the last rows of the table", hint="Which row belongs to token 0 when start is 0?")
def last_rows(x, table, start):
    if start + x.shape[1] > len(table):
        raise ValueError("too long")
    return x + table[-x.shape[1]:]


@add_positions.mistake("adds the same row to all tokens", hint="How many rows of the table do five tokens need?")
def one_row(x, table, start):
    if start + x.shape[1] > len(table):
        raise ValueError("too long")
    return x + table[start]


@add_positions.mistake("gives all tokens beyond the end the last row",
                       hint="Are two tokens at the same place told apart? What does the task ask for there?")
def clamped(x, table, start):
    places = torch.arange(start, start + x.shape[1]).clamp(max=len(table) - 1)
    return x + table[places]


@add_positions.mistake("starts again at row 0 beyond the end", hint="Which two tokens get the same row in your code?")
def wrapped(x, table, start):
    return x + table[torch.arange(start, start + x.shape[1]) % len(table)]


@add_positions.mistake("refuses the very last position, too", hint="A table of 11 rows has positions 0 to which?")
def one_too_early(x, table, start):
    if start + x.shape[1] >= len(table):
        raise ValueError("too long")
    return x + table[start:start + x.shape[1]]


@add_positions.mistake("multiplies the tokens by the rows",
                       hint="What becomes of a token at a position whose row is zero?")
def multiplied(x, table, start):
    if start + x.shape[1] > len(table):
        raise ValueError("too long")
    return x * table[start:start + x.shape[1]]


@add_positions.alternative("looking up by index")
def looked_up(x, table, start):
    places = torch.arange(start, start + x.shape[1])
    if int(places[-1]) > table.shape[0] - 1:
        raise ValueError(f"position {int(places[-1])} was not learned")
    return x + torch.nn.functional.embedding(places, table)


@exercise(points=4, hints=(
    "Where do (1, 0) and (0, 1) go when they are turned by θ? Every pair is a sum of multiples of these two.",
    "`x[..., 0::2]` is the first number of every pair, `x[..., 1::2]` the second. How do they become pairs again?",
))
def rotate(x: Float[Tensor, "*batch tokens d"], positions: Int[Tensor, " tokens"]) -> Float[Tensor, "*batch tokens d"]:
    r"""Turn each pair of neighbouring numbers by an angle that grows with the position (RoPE).

    Numbers $2i$ and $2i+1$ of a token at position $m$ are turned by the angle $m / 10000^{2i/d}$, counterclockwise (Su
    et al. 2021, eq. 34). `positions` says where each token stands; $d$ is even.
    """
    rates = 10_000 ** (-torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1])
    angles = positions[:, None] * rates
    cosines, sines = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cosines - odd * sines, even * sines + odd * cosines], dim=-1).flatten(-2)


rotate.example(torch.tensor([[1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0], [0.0, 2.0, 0.0, 2.0]]),
               torch.tensor([0, 1, 1]))


@rotate.check("turns each pair as a complex number is turned",
              hint="Where does (1, 0) at position 1 go? And (0, 1)? Draw both.")
def turns_pairs(answer, rng):
    x, positions = tensor(rng, 2, 5, 6), torch.tensor([0, 1, 2, 7, 11])
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    rates = 10_000 ** (-torch.arange(3, dtype=torch.float64) * 2 / 6)
    angles = positions[:, None] * rates
    expected = torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)
    probes.equal(answer(x, positions).to(torch.float32), expected.to(torch.float32))


@rotate.check("makes products depend on the distance alone", hint="Are queries and keys turned the same way round?")
def distance_decides(answer, rng):
    query, key = tensor(rng, 1, 14), tensor(rng, 1, 14)
    products = [answer(query, torch.tensor([at])) @ answer(key, torch.tensor([at + 3])).T for at in (0, 5, 13)]
    for product in products[1:]:
        probes.equal(product.float(), products[0].float(), "the same distance at another place gives another product")


@rotate.check("keeps every length, and turns nothing at position 0", hint="Does a turned arrow grow or shrink?")
def keeps_lengths(answer, rng):
    x = tensor(rng, 2, 3, 5, 6)
    turned = answer(x, torch.tensor([0, 3, 5, 100, 1000]))
    probes.equal(turned.norm(dim=-1).float(), x.norm(dim=-1).float(), "a length has changed")
    probes.equal(turned[..., 0, :].float(), x[..., 0, :].float(), "a token at position 0 was turned")


@rotate.check("lets gradients pass", hint="Which step leaves the graph of torch?")
def gradients_pass(answer, rng):
    positions = torch.tensor([1, 0, 4])
    probes.gradient_parity(answer, rotate, tensor(rng, 3, 6).float(), positions,
                           cotangent=tensor(rng, 3, 6).float())


def turned(x, positions, exponents=None, sign=1):
    exponents = torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1] if exponents is None else exponents
    angles = sign * positions[:, None] * 10_000.0**-exponents
    cosines, sines = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cosines - odd * sines, even * sines + odd * cosines], dim=-1).flatten(-2)


@rotate.mistake("pairs the first half with the second half",
                hint="Some models do it so. Which two numbers are a pair here: neighbours, or half the width apart?")
def half_apart(x, positions):
    angles = positions[:, None] * 10_000 ** (-torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1])
    cosines, sines = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cosines - second * sines, first * sines + second * cosines], dim=-1)


@rotate.mistake("takes neighbours as pairs, but puts the results into halves",
                hint="Where does the second number of the first pair stand in your result?")
def mixed_halves(x, positions):
    return turned(x, positions).unflatten(-1, (-1, 2)).transpose(-2, -1).flatten(-2)


@rotate.mistake("turns the wrong way round", hint="Where does (1, 0) go when it is turned a little counterclockwise?")
def clockwise(x, positions):
    return turned(x, positions, sign=-1)


@rotate.mistake("uses i where the exponent has 2i", hint="Which exponents do you use for d = 4? Which are asked for?")
def slow_exponents(x, positions):
    return turned(x, positions, torch.arange(x.shape[-1] // 2, dtype=torch.float64) / x.shape[-1])


@rotate.mistake("turns all pairs equally fast", hint="Does the angle depend on the pair in your code?")
def equally_fast(x, positions):
    return turned(x, positions, torch.zeros(x.shape[-1] // 2, dtype=torch.float64))


@rotate.mistake("counts the tokens instead of reading `positions`", hint="Where does `positions` appear in your code?")
def counted(x, positions):
    return turned(x, torch.arange(x.shape[-2]))


@rotate.mistake("adds instead of subtracting in the first number",
                hint="Is the length of a pair kept? Turn (1, 1) by 90°.")
def sign_lost(x, positions):
    angles = positions[:, None] * 10_000 ** (-torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1])
    cosines, sines = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cosines + odd * sines, even * sines + odd * cosines], dim=-1).flatten(-2)


@rotate.mistake("adds the sinusoids instead of turning",
                hint="Does a turned vector keep its length? Does a shifted one?")
def shifted(x, positions):
    angles = positions[:, None] * 10_000 ** (-torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1])
    return x + torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2).to(x.dtype)


@rotate.mistake("cuts the result off from the gradient", hint="Which line leaves the graph of torch?")
def detached(x, positions):
    return turned(x.detach(), positions) + 0 * x


@rotate.alternative("complex numbers")
def by_complex(x, positions):
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    angles = positions[:, None] * 10_000 ** (-torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1])
    turn = torch.polar(torch.ones_like(angles), angles).to(pairs.dtype)
    return torch.view_as_real(pairs * turn).flatten(-2)


@rotate.alternative("cosines and sines repeated, pairs turned by 90 degrees")
def by_quarter_turn(x, positions):
    angles = positions[:, None] * 10_000 ** (-torch.arange(0, x.shape[-1], 2) / x.shape[-1])
    angles = angles.repeat_interleave(2, dim=-1).to(x.dtype)
    quarter = torch.stack([-x[..., 1::2], x[..., 0::2]], dim=-1).flatten(-2)
    return x * angles.cos() + quarter * angles.sin()


@exercise(points=3, hints=(
    "What should depend on positions: who is found, or what is read?",
    "`rotate` works on queries and on keys. With cached keys, do both stand at the same positions?",
))
def rotary_attention(queries: Float[Tensor, "queries d"], keys: Float[Tensor, "keys d"],
                     values: Float[Tensor, "keys d"],
                     rotate: Callable[[Tensor, Tensor], Tensor]) -> Float[Tensor, "queries d"]:
    r"""Attend with rotary positions.

    `rotate(x, positions)` is given; it turns row j of x by position j of `positions`, a tensor of whole numbers; in the
    example by 90° a position. Keys stand at positions 0, 1, …; the queries stand at the *last* positions of the keys.
    There is no mask. What is read must not depend on where it stands. Scores are divided by $\sqrt d$ (Su et al. 2021,
    §3.2 to 3.4).
    """
    places = torch.arange(len(keys))
    scores = rotate(queries, places[-len(queries):]) @ rotate(keys, places).T / queries.shape[-1] ** 0.5
    return torch.softmax(scores, dim=-1) @ values


def quarter_turns(x, positions):
    """Turns pairs by 90 degrees a position: small enough to follow by eye."""
    return turned(x, positions * torch.pi / 2, torch.zeros(x.shape[-1] // 2, dtype=torch.float64))


rotary_attention.example(torch.tensor([[3.0, 0.0]]), torch.tensor([[3.0, 0.0], [3.0, 0.0], [3.0, 0.0]]),
                         torch.tensor([[1.0, 0.5], [2.0, 0.0], [4.0, 0.0]]), quarter_turns)


@rotary_attention.check("turns queries and keys by their positions, and no values",
                        hint="Put equal values everywhere: what must come out, wherever they stand?")
def turns_two(answer, rng):
    for count in (5, 3, 1):
        queries, keys, values = tensor(rng, count, 6), tensor(rng, 5, 6), tensor(rng, 5, 6)
        rows = []
        for number, query in enumerate(queries):
            at = turned(query[None], torch.tensor([5 - count + number]))[0]
            scores = torch.stack([at @ turned(key[None], torch.tensor([place]))[0] for place, key in enumerate(keys)])
            rows.append((scores / 6**0.5).softmax(-1) @ values)
        probes.equal(answer(queries, keys, values, turned).float(), torch.stack(rows).float())


@rotary_attention.check("reads equal values as they are, wherever they stand",
                        hint="What is a mean of equal values? Where does your code turn it?")
def equal_values(answer, rng):
    value = tensor(rng, 1, 6)
    for count in (3, 1):
        got = answer(tensor(rng, count, 6), tensor(rng, 5, 6), value.expand(5, 6).clone(), turned)
        probes.equal(got.float(), value.expand(count, 6).float())


def rotary(queries, keys, values):
    return torch.softmax(queries @ keys.T / queries.shape[-1] ** 0.5, dim=-1) @ values


@rotary_attention.mistake("turns the values as well", hint="Put equal values everywhere: is your output that value?")
def values_turned(queries, keys, values, rotate):
    places = torch.arange(len(keys))
    return rotary(rotate(queries, places[-len(queries):]), rotate(keys, places), rotate(values, places))


@rotary_attention.mistake("turns only the queries", hint="Does your score depend on where the key stands?")
def only_queries(queries, keys, values, rotate):
    return rotary(rotate(queries, torch.arange(len(keys))[-len(queries):]), keys, values)


@rotary_attention.mistake("turns only the keys", hint="Does your score depend on where the query stands?")
def only_keys(queries, keys, values, rotate):
    return rotary(queries, rotate(keys, torch.arange(len(keys))), values)


@rotary_attention.mistake("counts the queries from 0", hint="Where stands the last query? Beside which key?")
def queries_from_zero(queries, keys, values, rotate):
    return rotary(rotate(queries, torch.arange(len(queries))), rotate(keys, torch.arange(len(keys))), values)


@rotary_attention.mistake("turns queries and keys in opposite ways",
                          hint="Does your score depend on the difference of two positions, or on their sum?")
def opposite(queries, keys, values, rotate):
    places = torch.arange(len(keys))
    return rotary(rotate(queries, places[-len(queries):]), rotate(keys, -places), values)


@rotary_attention.mistake("turns nothing", hint="Where does `rotate` appear in your code?")
def nothing_turned(queries, keys, values, rotate):
    return rotary(queries, keys, values)


@rotary_attention.mistake("turns the output instead",
                          hint="Is it who is found that shall depend on the position, or what is read?")
def output_turned(queries, keys, values, rotate):
    return rotate(rotary(queries, keys, values), torch.arange(len(keys))[-len(queries):])


@rotary_attention.mistake("does not scale the scores", hint="Which of chapter 03's steps is missing?")
def unscaled(queries, keys, values, rotate):
    places = torch.arange(len(keys))
    scores = rotate(queries, places[-len(queries):]) @ rotate(keys, places).T
    return torch.softmax(scores, dim=-1) @ values


@rotary_attention.alternative("positions counted from the first query")
def from_first_query(queries, keys, values, rotate):
    ahead = len(keys) - len(queries)
    return rotary(rotate(queries, torch.arange(len(queries))), rotate(keys, torch.arange(len(keys)) - ahead), values)


@exercise(points=3, hints=(
    "First make the table of distances: how far is key j from query i, when the queries are the last positions?",
    "Each head has one slope. What shape must the slopes have to multiply a table (queries, keys) for every head?",
))
def alibi(heads: int, queries: int, keys: int) -> Float[Tensor, "heads queries keys"]:
    r"""Make a bias that is added to the scores and falls with the distance (ALiBi).

    It is $-m_h \cdot |i - j|$ for query position $i$ and key position $j$. Head $h$ of $n$, counted from 1, has the
    slope $m_h = 2^{-8h/n}$ (Press et al. 2022, §3, who mask the keys behind a query; here they have a bias,
    too). The queries stand at the last positions of the keys.
    """
    slopes = 2.0 ** (-8 * torch.arange(1, heads + 1) / heads)
    distances = (torch.arange(keys - queries, keys)[:, None] - torch.arange(keys)).abs()
    return -slopes[:, None, None] * distances


alibi.example(2, 2, 3)


@alibi.check("falls by the head's slope with each step away", hint="Write down the slopes of two heads: 2⁻⁴ and 2⁻⁸.")
def falls_by_slope(answer, rng):
    for heads, size in zip((int(rng.choice((2, 3))), 8, 1), rng.permutation((5, 7, 11, 13)).tolist()):
        expected = torch.tensor([[[-(2.0 ** (-8 * (head + 1) / heads)) * abs(i - j) for j in range(size)]
                                  for i in range(size)] for head in range(heads)])
        probes.equal(answer(heads, size, size), expected)


@alibi.check("takes the queries as the last positions", hint="How far is the last query from the last key?")
def last_positions(answer, rng):
    for heads, queries, keys in zip(rng.permutation((2, 5)).tolist(), (1, 3), rng.permutation((7, 11, 13)).tolist()):
        got = answer(heads, queries, keys)
        probes.equal(got[:, -1, -1], torch.zeros(heads), "the last query and the last key stand at the same place")
        probes.parity(answer, alibi, heads, queries, keys)


def slopes_of(heads, numbers):
    return 2.0 ** (-8 * numbers / heads)


def apart(queries, keys):
    return (torch.arange(keys - queries, keys)[:, None] - torch.arange(keys)).abs()


@alibi.mistake("rewards distance instead of punishing it", hint="Which key shall win when all scores are equal?")
def rewarded(heads, queries, keys):
    return slopes_of(heads, torch.arange(1, heads + 1))[:, None, None] * apart(queries, keys)


@alibi.mistake("counts the heads from 0", hint="Which slope has your first head? Which one does the formula give it?")
def heads_from_zero(heads, queries, keys):
    return -slopes_of(heads, torch.arange(heads))[:, None, None] * apart(queries, keys)


@alibi.mistake("keeps the sign of the distance", hint="What is the bias of a key after the query in your table?")
def signed(heads, queries, keys):
    away = torch.arange(keys - queries, keys)[:, None] - torch.arange(keys)
    return -slopes_of(heads, torch.arange(1, heads + 1))[:, None, None] * away


@alibi.mistake("takes the queries as the first positions",
               hint="When one token is decoded after six, where does it stand?")
def first_positions(heads, queries, keys):
    away = (torch.arange(queries)[:, None] - torch.arange(keys)).abs()
    return -slopes_of(heads, torch.arange(1, heads + 1))[:, None, None] * away


@alibi.mistake("gives all heads the slope of the first", hint="What differs between two heads in your table?")
def one_slope(heads, queries, keys):
    return -slopes_of(heads, torch.ones(heads))[:, None, None] * apart(queries, keys)


@alibi.mistake("squares the distance", hint="How much does the bias fall from distance 1 to 2, and from 2 to 3?")
def squared(heads, queries, keys):
    return -slopes_of(heads, torch.arange(1, heads + 1))[:, None, None] * apart(queries, keys) ** 2


@alibi.mistake("halves the slope from head to head, however many there are",
               hint="With 8 heads the slopes are 1/2, 1/4, … What are they with 2?")
def halved(heads, queries, keys):
    return -(2.0 ** -torch.arange(1, heads + 1))[:, None, None] * apart(queries, keys)


@alibi.alternative("einsum")
def by_einsum(heads, queries, keys):
    slopes = torch.tensor([2 ** (-8 * head / heads) for head in range(1, heads + 1)])
    away = (torch.arange(keys)[None] - torch.arange(keys)[-queries:, None]).abs().to(slopes.dtype)
    return torch.einsum("h,qk->hqk", -slopes, away)
