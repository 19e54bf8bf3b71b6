import torch
from jaxtyping import Bool, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p04_masks.shared import lengths_within


@exercise(points=3, minutes=8, builds_on="lesson 04, padding", hints=(
    "A sentence of length 2, padded to 5: write down its row of the mask.",
    "Compare the positions 0, 1, 2, … with the lengths. Which must be a row, and which a column?",
    "All queries of a sentence see the same keys: an axis of length 1 stands for them. Where?",
))
def padding_mask(lengths: Int[Tensor, " batch"], keys: int) -> Bool[Tensor, "batch one keys"]:
    """Hide the filling at the end of short sentences, for all queries alike.

    Sentences of different lengths are padded at the end to `keys` tokens; a sentence may even be empty, or fill all of
    them. Entry (b, 0, key) is `True` where the key is a real token of sentence `b`. The axis of length 1 stands for the
    queries, so that the mask fits scores of shape (batch, queries, keys).
    """
    return (torch.arange(keys) < lengths[:, None])[:, None, :]


padding_mask.example(torch.tensor([2, 3, 1]), 3)


@padding_mask.check("shows the real tokens and hides the filling", hint="How many entries of a row should be True?")
def real_tokens(answer, rng):
    keys = int(rng.choice((7, 11, 13)))
    lengths = rng.permutation([0, 1, keys, *(2 + rng.choice(keys - 2, 2, replace=False))]).tolist()
    for some in (lengths, [min(length, keys - 2) for length in lengths]):
        expected = torch.tensor([[[key < length for key in range(keys)]] for length in some])
        probes.equal(answer(torch.tensor(some), keys), expected, "the wrong places are open")
    for length, keys in ((3, 5), (5, 5), (1, 1)):  # a batch of one sentence
        probes.parity(answer, padding_mask, torch.tensor([length]), keys)


@padding_mask.check("hides keys, not queries, when put onto scores", hint="Which axis of your mask has length 1?")
def onto_scores(answer, rng):
    keys = int(rng.choice((5, 7, 11)))
    lengths, scores = torch.tensor(lengths_within(rng, keys, 3)), tensor(rng, 3, 3, keys)
    seen = scores.masked_fill(~answer(lengths, keys), 0.0)
    expected = scores * (torch.arange(keys) < lengths[:, None])[:, None]
    probes.equal(seen, expected, "put onto scores, the mask hides other entries")


@padding_mask.mistake("shows one token too many",
                      hint="Positions are counted from 0. What is the position of the last of 2 tokens?")
def one_too_many(lengths, keys):
    return (torch.arange(keys) <= lengths[:, None])[:, None]


@padding_mask.mistake("is as wide as the longest sentence",
                      hint="All sentences may be shorter than `keys`. How wide must the mask be to fit the scores?")
def as_wide_as_the_longest(lengths, keys):
    return (torch.arange(int(lengths.max())) < lengths[:, None])[:, None]


@padding_mask.mistake("marks the filling", hint="What does `True` mean in this course?")
def marks_filling(lengths, keys):
    return (torch.arange(keys) >= lengths[:, None])[:, None]


@padding_mask.mistake("pads at the beginning", hint="Where is the filling: before or after the real tokens?")
def padded_left(lengths, keys):
    return (torch.arange(keys) >= keys - lengths[:, None])[:, None]


@padding_mask.mistake("has no axis for the queries",
                      hint="Shapes are aligned at the right end. With which axis of the scores does your batch line "
                           "up?")
def no_query_axis(lengths, keys):
    return torch.arange(keys) < lengths[:, None]


@padding_mask.mistake("hides queries instead of keys",
                      hint="A filling token must not be *seen*. Is that its row or its column?")
def hides_queries(lengths, keys):
    return (torch.arange(keys) < lengths[:, None])[:, :, None]


@padding_mask.mistake("puts the axis of the queries before the batch",
                      hint="In which order are batch, queries and keys?")
def axis_first(lengths, keys):
    return (torch.arange(keys) < lengths[:, None])[None]


@padding_mask.mistake("returns numbers instead of booleans", hint="Which dtype does `.float()` or `.int()` give?")
def padding_numbers(lengths, keys):
    return padding_mask(lengths, keys).float()


@padding_mask.mistake("gives every sentence the length of the longest",
                      hint="How many entries are True in the row of the shortest sentence?")
def longest_for_all(lengths, keys):
    return (torch.arange(keys) < lengths.max()).expand(len(lengths), 1, keys)


@padding_mask.alternative("a loop over the sentences")
def padding_loop(lengths, keys):
    mask = torch.zeros(len(lengths), 1, keys, dtype=torch.bool)
    for sentence, length in enumerate(lengths.tolist()):
        mask[sentence, 0, :length] = True
    return mask


@padding_mask.alternative("views and unsqueeze")
def padding_unsqueeze(lengths, keys):
    return lengths.view(-1, 1, 1).gt(torch.arange(keys).unsqueeze(0))
