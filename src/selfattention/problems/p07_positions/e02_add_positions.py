import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=2, minutes=6, builds_on="lesson 07, positions are added", hints=(
    "Token 0 of `x` is at position `start`. Which rows of the table do it and the others need?",
    "What does Python give for `table[5:9]` when the table has 7 rows? Is that what a caller expects?",
))
def add_positions(x: Float[Tensor, "batch tokens d_model"], table: Float[Tensor, "positions d_model"],
                  start: int) -> Float[Tensor, "batch tokens d_model"]:
    r"""Add to each token the learned vector of its position.

    Row p of `table` belongs to position p; the first token of `x` is at position `start` (not 0 when earlier tokens are
    kept in a cache). Raise a `ValueError` if any token is beyond the end of the table.
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
    for tokens, start in ((5, 4), (1, 10)):
        probes.parity(answer, add_positions, tensor(rng, 1, tokens, 7), table, start)


@add_positions.check("refuses tokens beyond the end of the table",
                     hint="Which row does token 4 need when start is 7? Does a table of 11 rows have it?")
def refuses(answer, rng):
    x, table = tensor(rng, 2, 5, 7), tensor(rng, 11, 7)
    for start in (7, 10, 11):
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


@add_positions.mistake("gives the last row to all tokens beyond the end",
                       hint="Can two tokens with the same row be told apart? What does the prompt ask for there?")
def clamped(x, table, start):
    places = torch.arange(start, start + x.shape[1]).clamp(max=len(table) - 1)
    return x + table[places]


@add_positions.mistake("starts again at row 0 beyond the end", hint="Which two tokens get the same row in your code?")
def wrapped(x, table, start):
    return x + table[torch.arange(start, start + x.shape[1]) % len(table)]


@add_positions.mistake("refuses the very last position, too", hint="What is the last position of a table with 11 rows?")
def one_too_early(x, table, start):
    if start + x.shape[1] >= len(table):
        raise ValueError("too long")
    return x + table[start:start + x.shape[1]]


@add_positions.mistake("multiplies the tokens by the rows",
                       hint="What happens to a token at a position whose row is zero?")
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
