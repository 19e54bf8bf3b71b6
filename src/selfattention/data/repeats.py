"""A stretch of symbols that occurs twice in a text, at a distance drawn anew: what followed this symbol before?"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.data.asked import Asked

SYMBOLS, TOKENS, STRETCH = 24, 48, 10
CHANCE = 1 / SYMBOLS  # the accuracy of guessing


def texts(count: int, generator: torch.Generator, tokens: int = TOKENS, stretch: int = STRETCH) -> Asked:
    """Texts of so many tokens that end with a stretch of different symbols which stood somewhere before, too.

    A model is asked what comes next at each token of the second stretch but the last, which is not given: what followed
    the same symbol in the first one. All other tokens are drawn from all symbols, so that how often one occurs tells
    nothing; only the symbol of the last question is not among them. There alone it is sure what followed it before.
    How far back the first stretch stands is drawn evenly from what there is room for.

    Args:    generator: of random numbers; the same state gives the same texts.
    Raises:  ValueError: there would be no text, a stretch of fewer than 2 symbols or of too many, or no room for it
             twice.
    """
    if count < 1 or not 2 <= stretch <= SYMBOLS or tokens < 2 * stretch:
        raise ValueError(f"{count} texts of {tokens} tokens with a stretch of {stretch}: there must be at least one "
                         f"text, a stretch of 2 to {SYMBOLS} of the {SYMBOLS} symbols, and room for it twice")
    repeated = torch.rand(count, SYMBOLS, generator=generator, dtype=torch.float64).argsort(dim=1)[:, :stretch]
    read = torch.randint(SYMBOLS - 1, (count, tokens), generator=generator)
    read += read >= repeated[:, -2:-1]  # all symbols but that of the last question
    start = torch.randint(tokens - 2 * stretch + 1, (count, 1), generator=generator)
    read.scatter_(1, start + torch.arange(stretch), repeated)
    read[:, tokens - stretch:] = repeated
    return Asked(read[:, :-1], repeated[:, 1:])


def last(batch: Asked) -> Asked:
    """The same texts with their last question alone, whose answer is sure."""
    return Asked(batch.texts, batch.answers[:, -1:])


def found(batch: Asked) -> Int[Tensor, " batch"]:
    """For each text the place of the last answer: behind the earlier occurrence of the last symbol."""
    return (batch.texts == batch.texts[:, -1:]).int().argmax(dim=1) + 1


def damaged(batch: Asked) -> Asked:
    """The same, but where the last symbol occurred before there stands the next one of the alphabet.

    So whoever looks for the last symbol alone finds nothing any more.
    """
    changed = batch.texts.clone()
    place = (found(batch) - 1)[:, None]
    return Asked(changed.scatter(1, place, (changed.gather(1, place) + 1) % SYMBOLS), batch.answers)


def chances(scores: Float[Tensor, "batch tokens vocab"], batch: Asked) -> Float[Tensor, " batch"]:
    """The probability of each text's last answer, by a model's scores."""
    return scores[:, -1].softmax(dim=-1).gather(1, batch.answers[:, -1:])[:, 0]


def names(tokens: Int[Tensor, " tokens"]) -> list[str]:
    """The tokens of a text to be read: a to x."""
    return [chr(ord("a") + token) for token in tokens.tolist()]
