"""Answers by readers of the prompts alone: right ones pass, wrong ones are rejected, and most told what they are."""

import collections

import answers
import pytest

from selfattention import problems
from selfattention.engine.door.room import Room
from selfattention.engine.judging import diagnosis
from selfattention.engine.judging.judge import judge
from selfattention.engine.judging.report import PASSED

pytestmark = pytest.mark.slow
EXERCISES = {exercise.key: exercise for chapter in problems.chapters() for exercise in problems.exercises(chapter)}
WRITTEN = answers.written()
LATER = 60.0  # seconds, so that no slow machine changes what is found


def named(right):
    return [pytest.param(one, id=f"{one.exercise}-{one.about}") for one in WRITTEN if one.right is right]


def judged(one, seed=0, explain=True):
    exercise = EXERCISES[one.exercise]
    return judge(exercise, lambda: Room(one.function, ready_made=exercise.ready_made), seed, explain=explain)


@pytest.mark.parametrize("one", named(True))
def test_a_right_answer_passes(one, as_users_call):
    for seed in (0, 20260101):
        report = judged(one, seed)
        assert report.status == PASSED, report.first_trouble


@pytest.fixture(scope="module")
def reports():
    """What is said of every wrong answer."""
    before, diagnosis.SECONDS = diagnosis.SECONDS, LATER
    yield [(one, judged(one)) for one in WRITTEN if not one.right]
    diagnosis.SECONDS = before


def test_every_wrong_answer_is_rejected_and_most_are_told_what_they_are(reports):
    """Named, or told by comparison; beyond that, one whose input changed or whose gradient is cut off is told so."""
    passed = [one.about for one, report in reports if report.status == PASSED]
    assert not passed
    told = collections.Counter("named" if report.mistake else "compared" if report.comparison else "untold"
                               for _, report in reports)
    assert told["named"] + told["compared"] >= 0.8 * len(reports) > 400, told


def test_what_a_comparison_says_does_not_hang_on_the_data(reports):
    """Other data, the same sentence, or none; every second answer is asked, which are hundreds."""
    differ, compared = [], [(one, report) for one, report in reports if report.comparison]
    for one, report in compared[::2]:
        other = judged(one, seed=1)
        if not other.mistake and other.comparison and other.comparison != report.comparison:
            differ.append((one.exercise, one.about, report.comparison.sentence, other.comparison.sentence))
    assert len(compared) > 200 and not differ
