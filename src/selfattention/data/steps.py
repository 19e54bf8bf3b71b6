"""A source of texts whose entropy is known, so that a loss can be held against what can be known at all."""

import torch
from jaxtyping import Int
from torch import Tensor

SYMBOLS = 7
STEPS = torch.tensor([1, 2, 4])
CHANCES = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64)

# of each step, in nats (Shannon 1948, section 6): no honest model has a smaller expected loss
entropy: float = -(CHANCES * CHANCES.log()).sum().item()


def texts(count: int, tokens: int, generator: torch.Generator) -> Int[Tensor, "count tokens"]:
    """Texts that begin anywhere; each symbol moves on by 1, 2 or 4 of 7 (and around), with 0.6, 0.3 and 0.1.

    Args:    generator: of random numbers; the same state gives the same texts.
    Raises:  ValueError: there would be no text, or no token in it.
    """
    if count < 1 or tokens < 1:
        raise ValueError(f"{count} texts of {tokens} tokens: there must be at least one of each")
    drawn = torch.multinomial(CHANCES, count * tokens, replacement=True, generator=generator)
    first = torch.randint(SYMBOLS, (count, 1), generator=generator)
    return (first + STEPS[drawn].reshape(count, tokens).cumsum(dim=1)) % SYMBOLS
