from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p12_bert.shared import halves, texts


@exercise(points=3, minutes=8, builds_on="lesson 12, two texts at once", hints=(
    "Three tables, three rows, one sum. With which number is each table asked?",
    "The token's number and its segment are given. Where does the number for the table of positions come from?",
    "Compute the second token of the example by hand: three rows of two numbers, then the norm.",
))
def bert_embeddings(tokens: Int[Tensor, "batch tokens"], segments: Int[Tensor, "batch tokens"],
                    token_table: Float[Tensor, "vocab d_model"], position_table: Float[Tensor, "positions d_model"],
                    segment_table: Float[Tensor, "segments d_model"],
                    norm: Callable[[Tensor], Tensor]) -> Float[Tensor, "batch tokens d_model"]:
    r"""Make the vectors that BERT's first layer reads.

    A token's vector is the sum of three rows: that of the token, that of its place in the row (from 0, running on
    through both segments), and that of its segment (Devlin et al. 2019, figure 2). The table of positions has at least
    as many rows as a text has tokens. `norm` is given and normalises the sum; in the example it doubles. Gradients
    must reach all three tables.
    """
    positions = position_table[:tokens.shape[1]]
    return norm(token_table[tokens] + positions + segment_table[segments])


bert_embeddings.example(
    torch.tensor([[1, 2, 0, 2]]), torch.tensor([[0, 0, 1, 1]]), torch.tensor([[0.0, 0.5], [1.0, 0.0], [2.0, 3.0]]),
    torch.tensor([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [30.0, 0.0], [40.0, 0.0]]),
    torch.tensor([[0.0, 0.0], [0.0, 100.0]]), lambda x: 2 * x)
bert_embeddings.example(
    torch.tensor([[1, 0], [0, 1]]), torch.tensor([[0, 1], [1, 0]]), torch.tensor([[0.25, 0.5], [1.0, 0.125]]),
    torch.tensor([[10.0, 5.0], [20.0, 7.0], [30.0, 9.0]]), torch.tensor([[300.0, 100.0], [500.0, 900.0]]),
    lambda x: 2 * x)


def tables(rng, vocab, positions, segments=2, width=7):
    """Three tables, and a norm that is easy to tell apart from others."""
    bend = tensor(rng, width)
    return (tensor(rng, vocab, width), tensor(rng, positions, width), tensor(rng, segments, width),
            lambda x: (x - x.mean(dim=-1, keepdim=True)) * bend + torch.tanh(x))


def rows_of(rng, lengths, width):
    return texts(rng, lengths, width, 23), halves(rng, lengths, width)


@bert_embeddings.check("adds three rows for each token, then normalises",
                       hint="Compute one token of the example: which row of each table belongs to it?")
def three_rows(answer, rng):
    for lengths, width, positions in (((5, 3), 7, 13), ((2, 9, 4), 11, 11)):
        (tokens, segments), (token, position, segment, norm) = rows_of(rng, lengths, width), tables(rng, 23, positions)
        sums = [[token[number] + position[place] + segment[which]
                 for place, (number, which) in enumerate(zip(row.tolist(), some.tolist()))]
                for row, some in zip(tokens, segments)]
        expected = norm(torch.stack([torch.stack(row) for row in sums]))
        probes.equal(answer(tokens, segments, token, position, segment, norm), expected)


@bert_embeddings.check("works for a single token, for one segment and for three",
                       hint="Do you look up the segment of each token, or only where the second text begins?")
def other_segments(answer, rng):
    for batch, width, kinds in ((1, 1, 2), (2, 5, 1), (3, 7, 3)):
        tokens = torch.from_numpy(rng.integers(0, 11, size=(batch, width)))
        segments = torch.from_numpy(rng.integers(0, kinds, size=(batch, width)))
        probes.parity(answer, bert_embeddings, tokens, segments, *tables(rng, 11, 13, kinds))


@bert_embeddings.check("lets gradients reach all three tables",
                       hint="Which table learns nothing in your version? How do you read its rows?")
def all_tables_learn(answer, rng):
    rows, given = rows_of(rng, (5, 3), 7), tables(rng, 23, 11)
    probes.gradient_parity(answer, bert_embeddings, *rows, *given, cotangent=tensor(rng, 2, 7, 7))


def summed(tokens, segments, token_table, position_table, segment_table):
    return token_table[tokens] + position_table[:tokens.shape[1]] + segment_table[segments]


@bert_embeddings.mistake("adds no segments", hint="Where does `segments` appear in your code?")
def without_segments(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(token_table[tokens] + position_table[:tokens.shape[1]])


@bert_embeddings.mistake("gives every token segment 0", hint="Which row of the table of segments has the second text?")
def first_segment_only(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(summed(tokens, torch.zeros_like(segments), token_table, position_table, segment_table))


@bert_embeddings.mistake("adds no positions",
                         hint="How does the model know that \"dog bites man\" is not \"man bites dog\"?")
def without_positions(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(token_table[tokens] + segment_table[segments])


@bert_embeddings.mistake("counts the positions anew in the second segment",
                         hint="\"Running on through both segments\": which position has the first word of the second?")
def positions_anew(tokens, segments, token_table, position_table, segment_table, norm):
    places = torch.arange(tokens.shape[1]).expand_as(segments)
    begins = (segments != 0).int().argmax(dim=1, keepdim=True)
    places = torch.where(segments != 0, places - begins, places).clamp(min=0)
    return norm(token_table[tokens] + position_table[places] + segment_table[segments])


@bert_embeddings.mistake("counts the positions from 1", hint="Which row has the first place of a text?")
def positions_from_one(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(token_table[tokens] + position_table.roll(-1, 0)[:tokens.shape[1]] + segment_table[segments])


@bert_embeddings.mistake("asks the table of positions with the segments",
                         hint="With which number is the table of positions asked: where a token is, or whose?")
def positions_by_segment(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(token_table[tokens] + position_table[segments] + segment_table[segments])


@bert_embeddings.mistake("takes the same position for a whole text",
                         hint="Along which axis do the positions of your sum change: texts, or tokens?")
def positions_of_texts(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(token_table[tokens] + position_table[:len(tokens), None] + segment_table[segments])


@bert_embeddings.mistake("forgets the norm", hint="What is the last step in the prompt?")
def without_norm(tokens, segments, token_table, position_table, segment_table, norm):
    return summed(tokens, segments, token_table, position_table, segment_table)


@bert_embeddings.mistake("normalises the three vectors, then adds", hint="What is normalised: each row, or the sum?")
def norm_of_each(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(token_table[tokens]) + norm(position_table[:tokens.shape[1]]) + norm(segment_table[segments])


@bert_embeddings.mistake("normalises the token's vector, then adds the others",
                         hint="Where does the norm stand in the prompt: before the sum or after it?")
def norm_of_token(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(token_table[tokens]) + position_table[:tokens.shape[1]] + segment_table[segments]


@bert_embeddings.mistake("normalises token and position, then adds the segment",
                         hint="How many of the three rows stand inside the norm in your code?")
def segment_late(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(token_table[tokens] + position_table[:tokens.shape[1]]) + segment_table[segments]


@bert_embeddings.mistake("takes the last rows of the table of positions",
                         hint="Which row has the first place of a text, and which the second?")
def last_rows(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(token_table[tokens] + position_table[len(position_table) - tokens.shape[1]:] + segment_table[segments])


@bert_embeddings.mistake("multiplies the token's vector by √d_model",
                         hint="That is the Transformer of 2017. Does the prompt say so here?")
def root_of_width(tokens, segments, token_table, position_table, segment_table, norm):
    root = token_table.shape[1] ** 0.5
    return norm(root * token_table[tokens] + position_table[:tokens.shape[1]] + segment_table[segments])


@bert_embeddings.mistake("takes the mean of the three vectors", hint="Are they added, or is their mean taken?")
def mean_of_three(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(summed(tokens, segments, token_table, position_table, segment_table) / 3)


@bert_embeddings.mistake("copies the segments' table, so that no gradient reaches it",
                         hint="What does `.detach()` do, and what `torch.tensor(...)` of a tensor?")
def segments_cut_off(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(summed(tokens, segments, token_table, position_table, segment_table.detach()))


@bert_embeddings.mistake("copies the positions, so that no gradient reaches them",
                         hint="Are the rows that you add still part of `position_table`, or numbers of their own?")
def positions_cut_off(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(summed(tokens, segments, token_table, position_table.detach(), segment_table))


@bert_embeddings.mistake("computes without a graph",
                         hint="How would the tables learn? Which line keeps torch from noting?")
@torch.no_grad()
def without_graph(*given):
    return bert_embeddings(*given)


@bert_embeddings.alternative("torch's embedding, three times")
def by_embedding(tokens, segments, token_table, position_table, segment_table, norm):
    embedding, places = torch.nn.functional.embedding, torch.arange(tokens.shape[1]).expand_as(tokens)
    return norm(embedding(tokens, token_table) + embedding(segments, segment_table) + embedding(places, position_table))


@bert_embeddings.alternative("one-hot vectors times the tables")
def by_one_hot(tokens, segments, token_table, position_table, segment_table, norm):
    def rows(numbers, table):
        return torch.nn.functional.one_hot(numbers, len(table)).to(table.dtype) @ table
    return norm(rows(tokens, token_table) + rows(segments, segment_table) + position_table[None, :tokens.shape[1]])
