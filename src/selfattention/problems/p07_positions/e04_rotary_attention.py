from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p07_positions.shared import turned


@exercise(points=3, minutes=10, builds_on="exercise 3", hints=(
    "What should depend on positions: who is found, or what is read?",
    "`rotate` works on queries and on keys. When earlier keys are cached, are both at the same positions?",
))
def rotary_attention(queries: Float[Tensor, "queries d"], keys: Float[Tensor, "keys d"],
                     values: Float[Tensor, "keys d"],
                     rotate: Callable[[Tensor, Tensor], Tensor]) -> Float[Tensor, "queries d"]:
    r"""Attend with rotary positions.

    `rotate(x, positions)` is given; it turns row j of x according to entry j of `positions`, a tensor of whole numbers
    with one entry per row (in the example, by 90° per position). The keys are at positions 0, 1, …; the queries are at
    the *last* positions of the keys. There is no mask. What is read from a token must not depend on its position.
    Scores are divided by $\sqrt d$ (Su et al. 2021, §3.2 to 3.4).
    """
    places = torch.arange(len(keys))
    scores = rotate(queries, places[-len(queries):]) @ rotate(keys, places).T / queries.shape[-1] ** 0.5
    return torch.softmax(scores, dim=-1) @ values


def quarter_turns(x, positions):
    """Turns pairs by 90 degrees per position: small enough to follow by eye."""
    return turned(x, positions * torch.pi / 2, torch.zeros(x.shape[-1] // 2, dtype=torch.float64))


rotary_attention.example(torch.tensor([[3.0, 0.0]]), torch.tensor([[3.0, 0.0], [3.0, 0.0], [3.0, 0.0]]),
                         torch.tensor([[1.0, 0.5], [2.0, 0.0], [4.0, 0.0]]), quarter_turns)
rotary_attention.example(torch.tensor([[3.0, 0.0]]), torch.tensor([[3.0, 0.0], [3.0, 0.0]]),
                         torch.tensor([[1.0, 0.5], [2.0, 0.0]]), quarter_turns)


@rotary_attention.check("turns queries and keys by their positions, and no values",
                        hint="If all values are equal, what must come out, wherever they are?")
def turns_two(answer, rng):
    for count in (5, 3, 1):
        queries, keys, values = tensor(rng, count, 6), tensor(rng, 5, 6), tensor(rng, 5, 6)
        rows = []
        for number, query in enumerate(queries):
            at = turned(query[None], torch.tensor([5 - count + number]))[0]
            scores = torch.stack([at @ turned(key[None], torch.tensor([place]))[0] for place, key in enumerate(keys)])
            rows.append((scores / 6**0.5).softmax(-1) @ values)
        probes.equal(answer(queries, keys, values, turned).float(), torch.stack(rows).float())


@rotary_attention.check("reads equal values as they are, wherever they are",
                        hint="What is the mean of equal values? Where does your code turn it?")
def equal_values(answer, rng):
    value = tensor(rng, 1, 6)
    for count in (3, 1):
        got = answer(tensor(rng, count, 6), tensor(rng, 5, 6), value.expand(5, 6).clone(), turned)
        probes.equal(got.float(), value.expand(count, 6).float())


def rotary(queries, keys, values):
    return torch.softmax(queries @ keys.T / queries.shape[-1] ** 0.5, dim=-1) @ values


@rotary_attention.mistake("turns the values as well", hint="If all values are equal, is your output that value?")
def values_turned(queries, keys, values, rotate):
    places = torch.arange(len(keys))
    return rotary(rotate(queries, places[-len(queries):]), rotate(keys, places), rotate(values, places))


@rotary_attention.mistake("turns only the queries", hint="Do your scores depend on where the key is?")
def only_queries(queries, keys, values, rotate):
    return rotary(rotate(queries, torch.arange(len(keys))[-len(queries):]), keys, values)


@rotary_attention.mistake("turns only the keys", hint="Do your scores depend on where the query is?")
def only_keys(queries, keys, values, rotate):
    return rotary(queries, rotate(keys, torch.arange(len(keys))), values)


@rotary_attention.mistake("counts the queries from 0", hint="Where is the last query? Beside which key?")
def queries_from_zero(queries, keys, values, rotate):
    return rotary(rotate(queries, torch.arange(len(queries))), rotate(keys, torch.arange(len(keys))), values)


@rotary_attention.mistake("turns queries and keys in opposite directions",
                          hint="Does your score depend on the difference between two positions, or on their sum?")
def opposite(queries, keys, values, rotate):
    places = torch.arange(len(keys))
    return rotary(rotate(queries, places[-len(queries):]), rotate(keys, -places), values)


@rotary_attention.mistake("turns nothing", hint="Where does `rotate` appear in your code?")
def nothing_turned(queries, keys, values, rotate):
    return rotary(queries, keys, values)


@rotary_attention.mistake("turns the output instead",
                          hint="Which should depend on the position: who is found, or what is read?")
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
