"""Texts with two marked words, and a question in front that must report both: a task that no single mean can solve."""

import torch
from jaxtyping import Float
from torch import Tensor

WORDS, NUMBERS = 8, 4
MARKS = {"A": 4, "B": 5, "?": 6}  # where a token says what it is, after its numbers
WIDTH = NUMBERS + len(MARKS)


def texts(count: int, generator: torch.Generator) -> tuple[Float[Tensor, "count tokens width"],
                                                           Float[Tensor, "count answers"]]:
    """Texts of a question and eight words of four random numbers, and what is asked: A's numbers, then B's."""
    x = torch.zeros(count, 1 + WORDS, WIDTH)
    x[:, 0, MARKS["?"]] = 1
    x[:, 1:, :NUMBERS] = torch.randn(count, WORDS, NUMBERS, generator=generator)
    places = 1 + torch.rand(count, WORDS, generator=generator).argsort(dim=1)[:, :2]
    text = torch.arange(count)[:, None]
    x[text, places, torch.tensor([MARKS["A"], MARKS["B"]])] = 1
    return x, x[text, places, :NUMBERS].flatten(1)


def names(tokens: Float[Tensor, "tokens width"]) -> list[str]:
    """What each token of a text is: the question `?`, the word marked `A` or `B`, or a word `·` without a mark."""
    return ["".join(mark for mark, place in MARKS.items() if token[place]) or "·" for token in tokens]
