"""Models that train, each with one planted bug; which, `reveal` tells."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from selfattention.debugging import bank
from selfattention.debugging.source import texts
from selfattention.training import train, up_and_down

HEALTHY = 0
NUMBERS = range(1, len(bank.BUGS) + 1)
STEPS, BATCH, RATE = 150, 32, 0.01


@dataclass(frozen=True, eq=False)
class Suspect:
    """A trained model and what was seen of its training; nothing here tells what is wrong with it.

    Args:    number: 0 for the healthy model. model: trained, in evaluation mode, in float64, as the probes need it.
             fresh: makes the same model before training, with the same first weights. loss: the mean loss in nats that
             it was trained with, of a model and whole texts. losses: of each step of the training.
    """

    number: int
    model: nn.Module = field(repr=False)
    fresh: Callable[[], nn.Module] = field(repr=False)
    loss: Callable[[nn.Module, Tensor], Tensor] = field(repr=False)
    losses: list[float] = field(repr=False)


@functools.cache
@torch.enable_grad()
def suspect(number: int, seed: int = 0) -> Suspect:
    """The model of this number, trained for 150 steps; the same number and seed give the same object.

    Raises:  ValueError: there is no such number.
    """
    model, generator = _fresh(number, seed).float(), torch.Generator().manual_seed(seed + 1)
    rates = [RATE * up_and_down(step, 20, STEPS) for step in range(STEPS)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # for dropout
        losses = train(model, lambda: texts(BATCH, generator), rates, _bug(number).loss)
    return Suspect(number, model.double().eval(), functools.partial(_fresh, number, seed), _bug(number).loss, losses)


def untrained(number: int, seed: int = 0) -> Suspect:
    """The same model before its training, with nothing but its first weights.

    Raises:  ValueError: there is no such number.
    """
    fresh = functools.partial(_fresh, number, seed)
    return Suspect(number, fresh().eval(), fresh, _bug(number).loss, [])


def reveal(number: int) -> str:
    """What is wrong with the model of this number, and the exercise that knows it as a mistake.

    Raises:  ValueError: there is no such number.
    """
    bug = _bug(number)
    return f"{bug.mistake} ({bug.exercise})" if bug.exercise else bug.mistake


def _fresh(number: int, seed: int) -> nn.Module:
    """The model with its first weights, in float64; nobody else's random numbers change."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _bug(number).make().double()


def _bug(number: int) -> bank.Bug:
    if number not in range(len(bank.BUGS) + 1):
        raise ValueError(f"there is no suspect {number}: they have the numbers 1 to {len(bank.BUGS)}, and "
                         f"{HEALTHY} is the healthy model")
    return bank.BUGS[number - 1] if number else bank.HEALTHY
