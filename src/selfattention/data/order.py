"""A classification that hangs on the order of words: dog or man first? Every bag of words occurs with both answers."""

import torch
from jaxtyping import Int
from torch import Tensor

from selfattention.data.asked import Asked

ACTORS = ("dog", "man")
OTHERS = ("a", "and", "big", "bites", "now", "old", "small", "the", "then", "today", "very", "young")
ANSWERS = ("dog first", "man first")
WORDS = (*ACTORS, *OTHERS, "?", *ANSWERS)
VOCAB = len(WORDS)


def texts(count: int, generator: torch.Generator, words: int = 11) -> Asked:
    """Texts of `words` words with a dog and a man at any two places, then a question mark: which of the two came first?

    Texts come in twos that differ in the places of dog and man alone: the same words, and the other answer.

    Args:    generator: of random numbers; the same state gives the same texts.
    Raises:  ValueError: an odd count or none, or fewer than two words.
    """
    if count < 2 or count % 2 or words < 2:
        raise ValueError(f"{count} texts of {words} words: texts come in twos, so their number must be even, and each "
                         "needs at least two words")
    around = torch.randint(len(ACTORS), len(ACTORS) + len(OTHERS), (count // 2, words), generator=generator)
    places = torch.rand(around.shape, generator=generator, dtype=torch.float64).argsort(dim=1)[:, :2]
    one = around.scatter(1, places, torch.tensor([[0, 1]]).expand_as(places))
    other = around.scatter(1, places, torch.tensor([[1, 0]]).expand_as(places))
    man_first = (places[:, 0] > places[:, 1]).long()
    both = torch.stack([one, other], dim=1).flatten(0, 1)
    answers = WORDS.index(ANSWERS[0]) + torch.stack([man_first, 1 - man_first], dim=1).flatten()
    return Asked(torch.cat([both, torch.full((count, 1), WORDS.index("?"))], dim=1), answers[:, None])


def bags(texts: Int[Tensor, "batch tokens"]) -> Int[Tensor, "batch vocab"]:
    """How often each word stands in each text: all that a bag of words knows."""
    return torch.nn.functional.one_hot(texts, VOCAB).sum(dim=1)


def best_bag(batch: Asked) -> float:
    """The share of right answers that the best use of bags reaches: each bag gets its more frequent answer."""
    answers_of: dict[tuple, list[int]] = {}
    for bag, answer in zip(bags(batch.texts).tolist(), batch.answers[:, 0].tolist()):
        answers_of.setdefault(tuple(bag), []).append(answer)
    return sum(max(map(given.count, given)) for given in answers_of.values()) / len(batch.texts)


def sentence(tokens: Int[Tensor, " tokens"]) -> str:
    """A text to be read."""
    return " ".join(WORDS[token] for token in tokens.tolist())
