"""A mistake is named where the evidence is enough, and only there."""

import numpy as np
import pytest

from selfattention.engine import exercise
from selfattention.engine.door.room import Room
from selfattention.engine.judging import probes, tables
from selfattention.engine.judging.judge import judge
from selfattention.engine.judging.report import FAILED


@exercise(points=2)
def doubled(x: float) -> float:
    """Return twice the number."""
    return 2 * x


@doubled.check("doubles a number", hint="What is 2 + 2?")
def doubles(answer, rng):
    probes.parity(answer, doubled, float(rng.normal()))


@doubled.check("doubles a large number", hint="What is 100 + 100?")
def doubles_large(answer, rng):
    probes.parity(answer, doubled, 100 + float(rng.normal()))


@doubled.mistake("squares", hint="Is that x + x?")
def squares(x):
    return x * x


@doubled.mistake("loses its sign when large", hint="What happens to large numbers?")
def loses_sign(x):
    return -2 * x if x > 50 else 2 * x


@exercise(points=2)
def positive(x: float) -> bool:
    """Say whether a number is above zero."""
    return x > 0


@positive.check("accepts numbers above zero", hint="Is 1 above zero?")
def accepts(answer, rng):
    probes.require(answer(1.0) is True or bool(answer(1.0)), "1 is above zero")


@positive.check("refuses numbers below zero", hint="Is -1 above zero?")
def refuses(answer, rng):
    probes.require(not answer(-1.0), "-1 is not above zero")


@positive.mistake("asks for numbers below zero", hint="Which way does the sign point?")
def opposite(x):
    return x < 0


def mistake_of(tested, function):
    report = judge(tested, lambda: Room(function))
    assert report.status == FAILED
    return report.mistake and report.mistake.name


@pytest.mark.parametrize(("answer", "name"), [
    (lambda x: np.float32(x) ** 2, "squares"),
    (lambda x: -x - x if x > 50 else x * x, "squares"),  # two mistakes: the first one is named by its fractions
    (lambda x: 3 * x, None),
    (lambda x: float("nan"), None),
    (lambda x: 2 * x if x < 50 else 200.0, None),
])
def test_fractions_are_fingerprints(answer, name):
    assert mistake_of(doubled, answer) == name


def test_yes_and_no_must_agree_in_every_check():
    assert mistake_of(positive, lambda x: x < 0) == "asks for numbers below zero"
    assert mistake_of(positive, lambda x: False) is None, "right below zero, so it is not the opposite"


def test_an_error_message_alone_names_nothing():
    def fails_on_large(x):
        if x > 50:
            raise ValueError("too large")
        return 2 * x

    @exercise(points=2)
    def twice(x: float) -> float:
        """Return twice the number."""
        return 2 * x

    for check in doubled.checks:
        twice.check(check.claim, hint=check.hint)(check.run)

    @twice.mistake("squares and refuses large numbers", hint="What do you refuse?")
    def squares_small(x):
        if x > 50:
            raise ValueError("too large")
        return x * x

    report = judge(twice, lambda: Room(fails_on_large))
    assert report.mistake is None
    assert judge(twice, lambda: Room(squares_small)).mistake.name == "squares and refuses large numbers"


def test_several_tensors_are_shown_one_under_the_other():
    shown = tables.show((np.array([[1, 2], [3, 4]]), np.array([5.5])))
    assert shown == "[[1 2]\n [3 4]]\n\n[5.5]"
    assert tables.show(("e", "s")) == "('e', 's')"
