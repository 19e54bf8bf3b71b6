import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes


@exercise(points=3, minutes=10, builds_on="lesson 07, distances in the scores", hints=(
    "First make the table of distances: how far is key j from query i when the queries are at the last positions?",
    "Each head has one slope. What shape must the slopes have, so that every head gets its own (queries, keys) table?",
))
def alibi(heads: int, queries: int, keys: int) -> Float[Tensor, "heads queries keys"]:
    r"""Make a bias that is added to the scores and falls with the distance (ALiBi).

    It is $-m_h \cdot |i - j|$ for query position $i$ and key position $j$. Head $h$ of $n$, counted from 1, has the
    slope $m_h = 2^{-8h/n}$ (Press et al. 2022, §3, who mask the keys after a query; here those keys have a bias, too).
    The queries are at the last positions of the keys.
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


@alibi.check("puts the queries at the last positions", hint="How far is the last query from the last key?")
def last_positions(answer, rng):
    for heads, queries, keys in zip(rng.permutation((2, 5)).tolist(), (1, 3), rng.permutation((7, 11, 13)).tolist()):
        got = answer(heads, queries, keys)
        probes.equal(got[:, -1, -1], torch.zeros(heads), "the last query and the last key are at the same position")
        probes.parity(answer, alibi, heads, queries, keys)


def slopes_of(heads, numbers):
    return 2.0 ** (-8 * numbers / heads)


def apart(queries, keys):
    return (torch.arange(keys - queries, keys)[:, None] - torch.arange(keys)).abs()


@alibi.mistake("rewards distance instead of punishing it", hint="Which key should win when all scores are equal?")
def rewarded(heads, queries, keys):
    return slopes_of(heads, torch.arange(1, heads + 1))[:, None, None] * apart(queries, keys)


@alibi.mistake("counts the heads from 0", hint="Which slope does your first head have? Which does the formula give it?")
def heads_from_zero(heads, queries, keys):
    return -slopes_of(heads, torch.arange(heads))[:, None, None] * apart(queries, keys)


@alibi.mistake("keeps the sign of the distance", hint="What is the bias of a key after the query in your table?")
def signed(heads, queries, keys):
    away = torch.arange(keys - queries, keys)[:, None] - torch.arange(keys)
    return -slopes_of(heads, torch.arange(1, heads + 1))[:, None, None] * away


@alibi.mistake("puts the queries at the first positions",
               hint="When a token is written after six others, what is its position?")
def first_positions(heads, queries, keys):
    away = (torch.arange(queries)[:, None] - torch.arange(keys)).abs()
    return -slopes_of(heads, torch.arange(1, heads + 1))[:, None, None] * away


@alibi.mistake("gives all heads the slope of the first", hint="What differs between two heads in your table?")
def one_slope(heads, queries, keys):
    return -slopes_of(heads, torch.ones(heads))[:, None, None] * apart(queries, keys)


@alibi.mistake("squares the distance",
               hint="By how much does your bias fall from distance 1 to 2, and by how much from 2 to 3?")
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
