"""Associative recall: keys with values, filler, then the same keys again: which value stood beside each?"""

import torch
from jaxtyping import Int
from torch import Tensor

from selfattention.data.asked import Asked

KEYS, VALUES, FILLERS = 16, 16, 4  # tokens of each sort, numbered in this order
VOCAB = KEYS + VALUES + FILLERS
CHANCE = 1 / VALUES  # the accuracy of guessing


def texts(count: int, generator: torch.Generator, pairs: int = 8, fillers: int = 16) -> Asked:
    """Texts of `pairs` different keys, each followed by its value, then filler, then the keys in another order.

    A model is asked at each of the last `pairs` tokens. Values are drawn with replacement, so two keys may share one.

    Args:    generator: of random numbers; the same state gives the same texts.
    Raises:  ValueError: there would be no text, not between 1 and 16 pairs, or fewer fillers than none.
    """
    if count < 1 or not 1 <= pairs <= KEYS or fillers < 0:
        raise ValueError(f"{count} texts of {pairs} pairs and {fillers} fillers: there must be at least one text, "
                         f"between 1 and {KEYS} pairs, as there are {KEYS} keys, and 0 fillers or more")
    keys = _shuffled(count, KEYS, generator)[:, :pairs]
    values = KEYS + torch.randint(VALUES, (count, pairs), generator=generator)
    between = KEYS + VALUES + torch.randint(FILLERS, (count, fillers), generator=generator)
    order = _shuffled(count, pairs, generator)
    told = torch.stack([keys, values], dim=2).flatten(1)
    return Asked(torch.cat([told, between, keys.gather(1, order)], dim=1), values.gather(1, order))


def best_bag(batch: Asked) -> float:
    """How many answers are right for who knows which values a text has, and how often, but not beside which key.

    The best answer is then, at each question, the value that occurs most often.
    """
    return (batch.answers == batch.answers.mode(dim=1, keepdim=True).values).double().mean().item()


def _shuffled(count: int, numbers: int, generator: torch.Generator) -> Int[Tensor, "count numbers"]:
    """For each text the numbers from 0 on in another order."""
    return torch.rand(count, numbers, generator=generator, dtype=torch.float64).argsort(dim=1)


def names(tokens: Int[Tensor, " tokens"]) -> list[str]:
    """The tokens of a text to be read: keys are A to P, values 0 to 15, and filler is a dot."""
    return [chr(ord("A") + token) if token < KEYS else str(token - KEYS) if token < KEYS + VALUES else "·"
            for token in tokens.tolist()]
