"""A stretch of symbols that occurs twice in a text, at a distance drawn anew: what followed this symbol before?"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.data.asked import Asked

SYMBOLS, TOKENS, STRETCH = 24, 48, 10
CHANCE = 1 / SYMBOLS  # the accuracy of guessing


def texts(count: int, generator: torch.Generator, tokens: int = TOKENS, stretch: int = STRETCH) -> Asked:
    """Texts of so many tokens that end with a stretch of different symbols which stood somewhere before, too.

    All other tokens are drawn from the symbols that the stretch does not have. So each symbol of the second stretch has
    occurred once before, and what followed it there is the answer; a model is asked at all of them but the last, which
    is not given. How far back the first stretch stands is drawn evenly from what there is room for, so the distance
    tells nothing.

    Args:    generator: of random numbers; the same state gives the same texts.
    Raises:  ValueError: there would be no text, a stretch of fewer than 2 symbols or of all, or no room for it twice.
    """
    if count < 1 or not 2 <= stretch < SYMBOLS or tokens < 2 * stretch:
        raise ValueError(f"{count} texts of {tokens} tokens with a stretch of {stretch}: there must be at least one "
                         f"text, a stretch of 2 to {SYMBOLS - 1} of the {SYMBOLS} symbols, and room for it twice")
    symbols = torch.rand(count, SYMBOLS, generator=generator, dtype=torch.float64).argsort(dim=1)
    repeated, others = symbols[:, :stretch], symbols[:, stretch:]
    free = tokens - 2 * stretch
    filler = others.gather(1, torch.randint(SYMBOLS - stretch, (count, free + 1), generator=generator))[:, :free]
    start = torch.randint(free + 1, (count, 1), generator=generator)
    place = torch.arange(tokens - stretch) - start  # within the first stretch: 0 to stretch - 1
    source = torch.where(place < 0, place + start, place + start - stretch)  # of the filler
    source = torch.where((place >= 0) & (place < stretch), free + place, source)
    read = torch.cat([torch.cat([filler, repeated], dim=1).gather(1, source), repeated], dim=1)
    return Asked(read[:, :-1], repeated[:, 1:])


def found(batch: Asked) -> Int[Tensor, "batch questions"]:
    """For each question the place of the answer: behind the earlier occurrence of the symbol at which it is asked."""
    asked = batch.texts[:, -batch.answers.shape[1]:]
    return (batch.texts[:, None] == asked[:, :, None]).int().argmax(dim=2) + 1


def damaged(batch: Asked, question: int = -1) -> Asked:
    """The same, but where the symbol of a question occurred first there stands another: nothing tells the answer.

    That other symbol is the nearest in the alphabet which the stretch does not have.

    Raises:  ValueError: there is no such question.
    """
    questions = batch.answers.shape[1]
    if not -questions <= question < questions:
        raise ValueError(f"question {question} of {questions}: choose one from 0 to {questions - 1}")
    place = found(batch)[:, question] - 1
    stretch = torch.cat([batch.texts[:, -questions:], batch.answers[:, -1:]], dim=1)
    row = torch.arange(len(batch.texts))
    others = torch.ones(len(row), SYMBOLS, dtype=torch.bool).scatter(1, stretch, False)
    away = (torch.arange(SYMBOLS) - batch.texts[row, place][:, None]) % SYMBOLS
    changed = batch.texts.clone()
    changed[row, place] = away.masked_fill(~others, SYMBOLS).argmin(dim=1)
    return Asked(changed, batch.answers)


def best_bag(batch: Asked) -> float:
    """How many answers are right for who knows how often each symbol has occurred so far, but not in which order.

    The answer has occurred once; among the symbols of which that is true it is anyone's guess.
    """
    questions = batch.answers.shape[1]
    shares = []
    for question in range(questions):
        so_far = batch.texts[:, :batch.texts.shape[1] - questions + 1 + question]
        counts = torch.nn.functional.one_hot(so_far, SYMBOLS).sum(dim=1)
        shares.append(1 / (counts == 1).sum(dim=1).double())
    return torch.stack(shares).mean().item()


def names(tokens: Int[Tensor, " tokens"]) -> list[str]:
    """The tokens of a text to be read: a to x."""
    return [chr(ord("a") + token) for token in tokens.tolist()]


def right(scores: Float[Tensor, "batch tokens vocab"], batch: Asked) -> Float[Tensor, "batch questions"]:
    """The probability of each answer, given a model's scores for these texts."""
    chances = scores[:, -batch.answers.shape[1]:].softmax(dim=-1)
    return chances.gather(2, batch.answers[..., None])[..., 0]
