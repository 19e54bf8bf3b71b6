"""Which number of a probe means that something is wrong, and what the probes say of all suspects together."""

import functools
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations

from selfattention.debugging import probes
from selfattention.debugging.suspects import BATCH, STEPS, Suspect, reveal, suspect

EXACT = 1e-9  # what float64 leaves of a difference that should be zero, with room
NATS = 0.1  # a loss that is off by more is off
AT_START = 0.25  # nats: the first weights are drawn, so the first loss is not quite that of a blind guess
BY_HEART = 0.4  # nats that may be left of a few texts seen again and again
WIDE = 72  # letters in a line: what fits half a screen
TRAINING = 3 * STEPS * BATCH  # what it costs to train a suspect


@dataclass(frozen=True)
class Probe:
    """A question to a model.

    Args:    measure: gives a number; its docstring asks the question. limit: beyond it something is wrong. cost: how
             many texts are run through the model, where a step of training counts as three, and the training that the
             probe needs counts as well. trains: whether it needs one, that of the model or its own. moves: whether the
             number should be beyond the limit.
    """

    name: str
    measure: Callable[[Suspect], float]
    limit: float
    cost: int
    trains: bool = False
    moves: bool = False

    @property
    def asks(self) -> str:
        """The question in words."""
        return (self.measure.__doc__ or "").strip()

    def __str__(self) -> str:
        return textwrap.fill(f"{self.name}: {self.asks}", WIDE, subsequent_indent="    ")

    def is_alarm(self, value: float) -> bool:
        """Whether such a number means that something is wrong; NaN does."""
        return not (value > self.limit if self.moves else value <= self.limit)


@dataclass(frozen=True)
class Finding:
    """What a probe measured of one model."""

    suspect: int
    probe: str
    value: float
    is_alarm: bool


# From the cheapest to the dearest.
PROBES = {probe.name: probe for probe in sorted((
    Probe("twice", probes.twice, EXACT, cost=2),
    Probe("row sums", probes.row_sums, EXACT, cost=4),
    Probe("batch", probes.batch, EXACT, cost=5),
    Probe("order", probes.order, EXACT, cost=8, moves=True),
    Probe("padding", probes.padding, EXACT, cost=8),
    Probe("cache", probes.cache, EXACT, cost=8),
    Probe("blindness", probes.blindness, 0.0, cost=4 * 16 * 8),  # a backward pass for each of 16 × 8 scores
    Probe("future", probes.future, EXACT, cost=4 * 15 * 7),
    Probe("gradients", probes.without_gradient, 0.0, cost=3 * 32),
    Probe("start", probes.start, AT_START, cost=probes.SAMPLE),
    Probe("floor", probes.below_the_floor, NATS, cost=TRAINING + probes.SAMPLE, trains=True),
    Probe("in use", probes.in_use, NATS, cost=TRAINING + 9 * probes.SAMPLE // 2, trains=True),
    Probe("one batch", probes.one_batch, BY_HEART, cost=3 * 4 * probes.STEPS, trains=True),
), key=lambda probe: (probe.trains, probe.cost))}


def examine(suspects: Iterable[Suspect], names: Iterable[str] = tuple(PROBES)) -> list[Finding]:
    """Put the probes to each of the models.

    Raises:  ValueError: there is no probe of that name.
    """
    names = list(names)
    if unknown := set(names) - set(PROBES):
        raise ValueError(f"there is no probe {', '.join(sorted(unknown))}; there are {', '.join(PROBES)}")
    return [_finding(one, name) for one in suspects for name in names]


@functools.cache
def _finding(suspect: Suspect, name: str) -> Finding:
    """What a probe says of a model; it is asked once."""
    value = PROBES[name].measure(suspect)
    return Finding(suspect.number, name, value, PROBES[name].is_alarm(value))


def fewest(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The smallest set of probes that finds all models of which any probe finds something."""
    found = {}
    for one in findings:
        if one.is_alarm:
            found.setdefault(one.probe, set()).add(one.suspect)
    every = set().union(*found.values())
    sets = (some for size in range(len(found) + 1) for some in combinations(found, size))
    return next(some for some in sets if set().union(*(found[name] for name in some)) == every)


def by_cost(findings: Iterable[Finding]) -> dict[str, int]:
    """How many models each probe finds together with all cheaper ones, from the cheapest to the dearest."""
    findings, reached, so_far = list(findings), {}, set()
    for name in PROBES:
        so_far |= {one.suspect for one in findings if one.probe == name and one.is_alarm}
        reached[name] = len(so_far)
    return reached


@dataclass(frozen=True)
class Case:
    """A suspect and the probe that it was accused with; only where that finds something it says what is wrong."""

    finding: Finding

    def __repr__(self) -> str:
        one = self.finding
        told = f"found. It {reveal(one.suspect)}" if one.is_alarm else "finds nothing"
        return textwrap.fill(f"suspect {one.suspect}, {one.probe}: {told}", WIDE, subsequent_indent="    ")


@functools.cache
def solve(number: int, by: str) -> Case:
    """Accuse a suspect with a probe: where it finds something, the case is solved, and what is wrong is told.

    Raises:  ValueError: there is no such suspect, or no such probe.
    """
    (found,) = examine([suspect(number)], [by])
    return Case(found)
