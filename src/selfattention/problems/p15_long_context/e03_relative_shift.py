import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p15_long_context.shared import away


@exercise(points=4, minutes=12, builds_on="lesson 15, distances in place of positions", hints=(
    "How far from the last query is the last key? And from the last query but one? Which column is about 0?",
    "Write the column that belongs to each query and key into a table, for 2 queries and 4 keys. How does a row differ "
    "from the one below?",
    "Each row moves to the left by another number of columns. By how many does the last one?",
))
def relative_shift(scores: Float[Tensor, "*batch queries keys"]) -> Float[Tensor, "*batch queries keys"]:
    r"""Bring scores that are sorted by distance to their keys.

    The queries are the last positions of the keys, so that query $i$ of $q$ stands at position $k - q + i$ of $k$
    keys; $q$ is at most $k$. Column $c$ of a row of `scores` is about the key that stands $k - 1 - c$ positions before
    the row's query; so the last column is about the distance 0. Return the table in which column $j$ is about key $j$,
    with 0 where the key stands after the query (Dai et al. 2019, appendix B). Gradients must reach `scores`.
    """
    queries, keys = scores.shape[-2:]
    columns = torch.arange(keys) + torch.arange(queries - 1, -1, -1)[:, None]
    padded = torch.nn.functional.pad(scores, (0, queries))
    return padded.gather(-1, columns.expand(scores.shape))


relative_shift.example(torch.tensor([[4.0, 3.0, 2.0, 1.0], [40.0, 30.0, 20.0, 10.0], [400.0, 300.0, 200.0, 100.0]]))
relative_shift.example(torch.tensor([[[3.0, 2.0, 1.0], [6.0, 5.0, 4.0]], [[30.0, 20.0, 10.0], [60.0, 50.0, 40.0]]]))


@relative_shift.check("puts the score of each distance under its key",
                      hint="In the example, which distance has the first query from key 0, and where is its score?")
def under_its_key(answer, rng):
    for queries, keys in ((3, 5), (2, 7), (5, 5), (4, 11)):
        scores = tensor(rng, queries, keys)
        expected = torch.zeros(queries, keys, dtype=torch.float64)
        for i in range(queries):
            for j in range(keys - queries + i + 1):
                expected[i, j] = scores[i, keys - 1 - (keys - queries + i - j)]
        probes.equal(answer(scores), expected)


@relative_shift.check("works for single queries and keys, and with texts and heads in front",
                      hint="By how much must the row of a single query move? Which axes are the last two?")
def other_shapes(answer, rng):
    for shape in ((1, 1), (1, 5), (2, 3, 5), (2, 3, 3, 7), (3, 2, 5, 5)):
        probes.parity(answer, relative_shift, tensor(rng, *shape))


@relative_shift.check("lets gradients reach the scores", hint="Is the result made of the scores, or of copies of them?")
def gradients(answer, rng):
    probes.gradient_parity(answer, relative_shift, tensor(rng, 2, 3, 5), cotangent=tensor(rng, 2, 3, 5))


def picked(scores, columns):
    """The scores of these columns; 0 where there is no such column."""
    keys = scores.shape[-1]
    there = (columns >= 0) & (columns < keys)
    return scores.gather(-1, columns.clamp(0, keys - 1).expand(scores.shape)) * there


def by_distance(scores):
    return scores.shape[-1] - 1 - away(*scores.shape[-2:])


def hidden(x):
    return x.tril(x.shape[-1] - x.shape[-2])


@relative_shift.mistake("shifts nothing", hint="Is column 0 about the same key in every row?")
def not_shifted(scores):
    return hidden(scores)


@relative_shift.mistake("takes the columns for distances that rise",
                        hint="Which column is about the distance 0, the first or the last?")
def distance_flipped(scores):
    return picked(scores, torch.where(away(*scores.shape[-2:]) < 0, -1, away(*scores.shape[-2:])))


@relative_shift.mistake("shifts to the right", hint="In which row do the columns fit already: the first or the last?")
def to_the_right(scores):
    return hidden(picked(scores, torch.arange(scores.shape[-1]) - torch.arange(scores.shape[-2] - 1, -1, -1)[:, None]))


@relative_shift.mistake("shifts the last row most, and the first not at all",
                        hint="How far is the last key from the last query? In which column is its score?")
def wrong_row(scores):
    return hidden(picked(scores, torch.arange(scores.shape[-1]) + torch.arange(scores.shape[-2])[:, None]))


@relative_shift.mistake("turns the last row most, and the first not at all",
                        hint="How far is the last key from the last query? In which column is its score?")
def wrong_row_turned(scores):
    rows = [scores[..., i, :].roll(-i, dims=-1) for i in range(scores.shape[-2])]
    return hidden(torch.stack(rows, dim=-2))


@relative_shift.mistake("shifts every row by one column too many",
                        hint="By how many columns must the last query's row move?")
def one_too_many(scores):
    return picked(scores, by_distance(scores) + 1)


@relative_shift.mistake("shifts all rows alike", hint="Do two queries have the same distance from one key?")
def all_alike(scores):
    return hidden(picked(scores, (torch.arange(scores.shape[-1]) + scores.shape[-2] - 1).expand(scores.shape[-2:])))


@relative_shift.mistake("lets what moves out on the left come in on the right",
                        hint="What shall stand where the key comes after the query? `roll` moves in a circle.")
def rolled(scores):
    return picked(scores, by_distance(scores) % scores.shape[-1])


@relative_shift.mistake("leaves the next row's scores where keys stand after their query",
                        hint="After padding and other line breaks, what stands to the right of a query's own place?")
def left_over(scores):
    queries, keys = scores.shape[-2:]
    widened = torch.nn.functional.pad(scores, (1, 0))
    return widened.reshape(*scores.shape[:-2], keys + 1, queries)[..., 1:, :].reshape(scores.shape)


@relative_shift.mistake("shifts along the queries", hint="Which axis are the keys, the last or the last but one?")
def along_queries(scores):
    queries, keys = scores.shape[-2:]
    rows = torch.arange(queries)[:, None] + torch.arange(keys - 1, -1, -1)
    padded = torch.nn.functional.pad(scores, (0, 0, 0, keys))
    return hidden(padded.gather(-2, rows.expand(scores.shape)))


@relative_shift.mistake("takes the queries for the first positions",
                        hint="Four keys and two queries: at which positions do the queries stand?")
def first_positions(scores):
    queries, keys = scores.shape[-2:]
    distances = torch.arange(queries)[:, None] - torch.arange(keys)
    return picked(scores, keys - 1 - distances)


@relative_shift.mistake("hides too much: keys up to the number of the query, though the queries stand last",
                        hint="May the first query see what stands before it? How many keys are that?")
def memory_hidden(scores):
    return picked(scores, by_distance(scores)).tril()


@relative_shift.mistake("shifts each head or text by its own number",
                        hint="Which axis counts the queries when heads stand in front?")
def over_heads(scores):
    shifted = picked(scores, by_distance(scores))
    if scores.ndim < 3:
        return shifted
    moved = [hidden(picked(part, (torch.arange(scores.shape[-1]) + scores.shape[0] - 1 - place).expand(
        scores.shape[-2:]))) for place, part in enumerate(scores)]
    return torch.stack(moved)


@relative_shift.mistake("cuts the gradient off", hint="Look for `.tolist()`, `.detach()` or `torch.tensor`.")
def cut_off(scores):
    return picked(scores.detach(), by_distance(scores)) + 0 * scores


@relative_shift.alternative("one column of zeros and other line breaks")
def by_line_breaks(scores):
    queries, keys = scores.shape[-2:]
    widened = torch.cat([torch.zeros_like(scores[..., :1]), scores], dim=-1)
    moved = widened.view(*scores.shape[:-2], keys + 1, queries)[..., 1:, :].reshape(scores.shape)
    return moved.tril(keys - queries)


@relative_shift.alternative("row by row")
def by_rows(scores):
    queries, rows = scores.shape[-2], []
    for i in range(queries):
        left = queries - 1 - i
        rows.append(torch.cat([scores[..., i, left:], torch.zeros_like(scores[..., i, :left])], dim=-1))
    return torch.stack(rows, dim=-2)
