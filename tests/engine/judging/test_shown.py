"""Which input a card shows, and that what is said of it is true of it."""

import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise
from selfattention.engine.door.room import Room
from selfattention.engine.judging import card, probes
from selfattention.engine.judging.judge import judge
from selfattention.engine.judging.shown import places


def summed(*examples, message="", shape=(5, 11)):
    """An exercise whose check asks one large question."""
    @exercise(points=1)
    def total(x: Float[np.ndarray, "tokens features"]) -> Float[np.ndarray, " features"]:
        """Add up the tokens."""
        return x.sum(axis=0)

    for example in examples:
        total.example(example)

    @total.check("adds up", hint="Which axis are the tokens?")
    def adds_up(answer, rng):
        x = rng.normal(size=shape)
        if message:
            got = answer(x)
            probes.require(abs(got - x.sum(axis=0)).max() < 1e-9, message)
        else:
            probes.parity(answer, total, x)

    return total


def shown_for(tested, function):
    report = judge(tested, lambda: Room(function))
    return report, next(iter(report.counterexample.inputs.values()))


SMALL, TINY, EQUAL = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]]), np.array([[1.0], [2.0]]), np.zeros((3, 2))


def other_axis(x):
    return x.sum(axis=1)


def test_an_example_goes_before_what_the_check_asked():
    report, x = shown_for(summed(SMALL), other_axis)
    assert (x == SMALL).all() and report.counterexample.hand_sized
    assert (shown_for(summed(SMALL, shape=(2, 1)), other_axis)[1] == SMALL).all(), "random numbers are hard to follow"


def test_of_several_examples_the_first_that_shows_it_for_hints_speak_of_that_in_the_prompt():
    assert shown_for(summed(SMALL, TINY), other_axis)[1].shape == SMALL.shape
    assert shown_for(summed(np.ones((4, 5)), np.ones((2, 9)), TINY), other_axis)[1].shape == TINY.shape, "few numbers"
    assert shown_for(summed(np.ones((4, 7)), np.ones((2, 9))), other_axis)[1].shape == (2, 9), "fewer"
    assert shown_for(summed(EQUAL, SMALL), lambda x: x.sum(axis=0) * 2)[1].shape == SMALL.shape, "0 does not show it"


def test_a_small_question_goes_before_a_large_example():
    large = np.arange(40.0).reshape(8, 5)
    assert shown_for(summed(large, shape=(2, 3)), other_axis)[1].shape == (2, 3)
    assert shown_for(summed(large, shape=(5, 7)), other_axis)[1].shape == large.shape, "its author has chosen it"


def test_what_is_said_of_a_shape_or_of_nan_is_said_of_what_is_shown():
    text = card.as_text(shown_for(summed(SMALL), other_axis)[0])
    assert "What is wrong: expected array (features 3), got array (2)" in text and "11" not in text
    text = card.as_text(shown_for(summed(SMALL), lambda x: x.sum(axis=0) * np.nan)[0])
    assert "What is wrong: 3 of 3 numbers are NaN" in text and "11" not in text


def test_what_a_check_says_of_its_own_data_stands_before_an_example():
    tested = summed(SMALL, message="the 11 sums are wrong")
    text = card.as_text(shown_for(tested, lambda x: 2 * x.sum(axis=0))[0])
    assert "What is wrong: the 11 sums are wrong" in text and "For example, with x =" in text
    text = card.as_text(shown_for(summed(SMALL), lambda x: 2 * x.sum(axis=0))[0])
    assert "For example" not in text and "With x =" in text


def test_what_is_shown_changes_no_verdict_and_asks_each_example_once():
    asked = []

    class Counting(Room):
        def perform(self, request):
            asked.append(request)
            return super().perform(request)

    tested = summed(SMALL, TINY)
    report = judge(tested, lambda: Counting(other_axis))
    plain = judge(tested, lambda: Room(other_axis), explain=False)
    assert (report.status, report.earned, report.verdicts[0].detail) == (
        plain.status, plain.earned, plain.verdicts[0].detail)
    assert len(asked) == 1 + len(tested.examples)


def test_several_tables_are_looked_at_one_by_one_and_words_count_as_one():
    assert places((np.zeros((2, 3)), np.zeros(4))) == 6
    assert places([["newest", "low"], ["a"]]) == 3 and places(lambda x: x) == 1
