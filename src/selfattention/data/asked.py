"""Texts that end with questions: what each asks for is known, and only there is a model scored."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

# Scores each next token of texts.
Model = Callable[[Int[Tensor, "batch tokens"]], Float[Tensor, "batch tokens vocab"]]


@dataclass(frozen=True)
class Asked:
    """Texts, and what shall be answered at each of their last tokens; an answer is a token of the same vocabulary."""

    texts: Int[Tensor, "batch tokens"]
    answers: Int[Tensor, "batch questions"]

    def to(self, device: torch.device | str) -> "Asked":
        """The same on another device."""
        return Asked(self.texts.to(device), self.answers.to(device))

    def scored(self, model: Model) -> Float[Tensor, "batch questions vocab"]:
        """The scores that a model of next tokens gives at the questions."""
        return model(self.texts)[:, -self.answers.shape[1]:]


@dataclass(frozen=True)
class Stream:
    """Endless batches, each found by its step: `stream[step]` is the same whenever it is asked for.

    Args:    make: texts of a task, given how many and a generator of random numbers. size: texts in a batch.
             seed: within a million steps no two seeds share a batch.
    """

    make: Callable[[int, torch.Generator], Asked]
    size: int
    seed: int = 0

    def __getitem__(self, step: int) -> Asked:
        """The batch of this step."""
        return self.make(self.size, torch.Generator().manual_seed(self.seed * 1_000_000 + step))


def loss(model: Model, batch: Asked) -> tuple[Tensor, Tensor]:
    """The sum of the losses at all questions in nats, and how many there are: what `training.Trainer` asks for."""
    total = nn.functional.cross_entropy(batch.scored(model).flatten(0, 1), batch.answers.flatten(), reduction="sum")
    return total, torch.tensor(batch.answers.numel(), device=batch.answers.device)


@torch.no_grad()
def accuracy(model: Model, batch: Asked) -> float:
    """The share of the questions to which the best score is that of the answer."""
    return (batch.scored(model).argmax(dim=-1) == batch.answers).double().mean().item()
