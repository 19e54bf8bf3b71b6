"""What must hold for every exercise, found by globbing: right answers pass, every known mistake is named."""

import pytest

from selfattention import problems
from selfattention.engine.door import Room
from selfattention.engine.judging import NOT_ATTEMPTED, PASSED, judge

EXERCISES = [exercise for chapter in problems.chapters() for exercise in problems.exercises(chapter)]
SEEDS = (0, 1, 20260101)


def cases(kind):
    return [pytest.param(exercise, item, id=f"{exercise.key}-{name}")
            for exercise in EXERCISES for name, item in kind(exercise)]


def judged(exercise, function, seed=0):
    return judge(exercise, lambda: Room(function), seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_the_solution_passes(exercise, seed):
    report = judged(exercise, exercise.function, seed)
    assert report.status == PASSED and report.earned == exercise.points, str(report)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("exercise", "mistake"), cases(lambda exercise: [(m.name, m) for m in exercise.mistakes]))
def test_every_mistake_is_rejected_and_named(exercise, mistake, seed):
    report = judged(exercise, mistake.function, seed)
    assert report.status != PASSED, "the checks accept this mistake"
    assert report.mistake is not None and report.mistake.name == mistake.name, str(report)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("exercise", "function"), cases(lambda exercise: list(exercise.alternatives.items())))
def test_every_alternative_right_answer_passes(exercise, function, seed):
    report = judged(exercise, function, seed)
    assert report.status == PASSED, str(report)


@pytest.mark.parametrize(("exercise", "function"), cases(lambda exercise: (
    [("solution", exercise.function), *exercise.alternatives.items()] if exercise.ready_made else [])))
def test_no_right_answer_is_ready_made(exercise, function):
    report = judge(exercise, lambda: Room(function, ready_made=exercise.ready_made))
    assert not set(report.used) & set(exercise.ready_made)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_an_untouched_stub_is_not_attempted(exercise):
    def stub(*_):
        raise NotImplementedError

    report = judged(exercise, stub)
    assert report.status == NOT_ATTEMPTED and report.earned == 0 and report.mistake is None


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_an_exercise_is_complete(exercise):
    assert len(exercise.mistakes) >= 4, "at least four known mistakes"
    assert len(exercise.checks) >= 2 and exercise.alternatives and exercise.examples
    assert len(exercise.hints) >= 2, "hints come in steps"
    assert len(exercise.prompt.splitlines()) >= 2
    texts = [*exercise.hints, *(c.hint for c in exercise.checks), *(m.hint for m in exercise.mistakes)]
    assert all(len(text) >= 15 for text in texts)
    names = [m.name for m in exercise.mistakes] + [c.claim for c in exercise.checks]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_every_check_catches_something(exercise):
    """A check that no known mistake fails proves nothing."""
    caught = {verdict.claim for mistake in exercise.mistakes
              for verdict in judged(exercise, mistake.function).verdicts if verdict.status != PASSED}
    assert {check.claim for check in exercise.checks} <= caught
