import torch
from jaxtyping import Bool
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.p04_masks.e01_causal_mask import causal_mask
from selfattention.problems.p04_masks.e02_padding_mask import padding_mask
from selfattention.problems.p04_masks.shared import lengths_within


@exercise(points=2, minutes=6, builds_on="exercises 1 and 2", hints=(
    "If a key is in the past but is filling, may it be seen?",
    "The two masks have different shapes. Which shape does broadcasting make of the two?",
))
def combine_masks(causal: Bool[Tensor, "queries keys"],
                  padding: Bool[Tensor, "batch one keys"]) -> Bool[Tensor, "batch queries keys"]:
    """Allow a key only where both masks allow it.

    `causal` is the same for all sentences, `padding` the same for all queries of a sentence. The result has an entry
    for every sentence, query and key.
    """
    return causal & padding


combine_masks.example(causal_mask(3, 3), padding_mask(torch.tensor([1, 3]), 3))


@combine_masks.check("allows keys that are past and real, and no others",
                     hint="For one sentence, list the keys that query 1 may see.")
def past_and_real(answer, rng):
    size = int(rng.choice((5, 7, 11)))
    lengths = lengths_within(rng, size, 3)
    got = answer(causal_mask(size, size), padding_mask(torch.tensor(lengths), size))
    expected = torch.tensor(
        [[[key <= query and key < length for key in range(size)] for query in range(size)] for length in lengths]
    )
    probes.equal(got, expected, "the wrong places are open")


@combine_masks.check("works with fewer queries than keys", hint="Did you write the shape of the result yourself?")
def fewer_queries_combined(answer, rng):
    queries, keys = int(rng.choice((3, 5))), int(rng.choice((7, 11, 13)))
    padding = padding_mask(torch.tensor(lengths_within(rng, keys, 2)), keys)
    probes.parity(answer, combine_masks, causal_mask(queries, keys), padding)
    for queries, keys, lengths in ((5, 5, [3]), (1, 7, [4]), (1, 7, [4, 7])):
        probes.parity(answer, combine_masks, causal_mask(queries, keys), padding_mask(torch.tensor(lengths), keys))


@combine_masks.mistake("allows what either mask allows", hint="`|` is *or*. May a filling token in the past be seen?")
def either(causal, padding):
    return causal | padding


@combine_masks.mistake("drops the padding", hint="Does a short sentence see its filling?")
def causal_only(causal, padding):
    return causal.expand(padding.shape[0], *causal.shape)


@combine_masks.mistake("drops the causal mask", hint="Does query 0 see key 1 in a long sentence?")
def padding_only(causal, padding):
    return padding.expand(-1, causal.shape[0], -1)


@combine_masks.mistake("adds the masks as numbers",
                       hint="What is the dtype of your result? What does a 2 in a mask mean?")
def added(causal, padding):
    return causal.int() + padding.int()


@combine_masks.mistake("allows what exactly one mask allows",
                       hint="`^` is *exclusive or*. What if both masks say True?")
def exclusive(causal, padding):
    return causal ^ padding


@combine_masks.mistake("returns the mask of the first sentence only",
                       hint="How many sentences are in the result that is asked for?")
def first_sentence(causal, padding):
    return causal & padding[0]


@combine_masks.alternative("a product of booleans")
def product(causal, padding):
    return causal * padding


@combine_masks.alternative("logical_and of expanded masks")
def expanded(causal, padding):
    return torch.logical_and(causal.expand(padding.shape[0], -1, -1), padding)


@combine_masks.alternative("where")
def by_where(causal, padding):
    return torch.where(padding, causal, torch.tensor(False))
