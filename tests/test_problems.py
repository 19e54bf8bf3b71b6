"""What must hold for every exercise, found by globbing: right answers pass, every known mistake is named."""

import copy
import functools
import inspect
import re

import numpy as np
import pytest
import torch

from selfattention import problems
from selfattention.course import exercise_texts
from selfattention.engine.door.room import Raised, Reply, Room
from selfattention.engine.judging import card, shown
from selfattention.engine.judging.judge import judge
from selfattention.engine.judging.report import FAILED, NOT_ATTEMPTED, PASSED

pytestmark = pytest.mark.slow
EXERCISES = [exercise for chapter in problems.chapters() for exercise in problems.exercises(chapter)]
SEEDS = (0, 1, 20260101)


def cases(kind):
    return [pytest.param(exercise, item, id=f"{exercise.key}-{name}")
            for exercise in EXERCISES for name, item in kind(exercise)]


def judged(exercise, function, seed=0):
    return judge(exercise, lambda: Room(function), seed)


@functools.cache
def mistaken(key, name, seed=0):
    """The report on a known mistake; several tests ask for it."""
    (exercise,) = (one for one in EXERCISES if one.key == key)
    (mistake,) = (one for one in exercise.mistakes if one.name == name)
    return judged(exercise, mistake.function, seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_the_solution_passes(exercise, seed):
    report = judged(exercise, exercise.function, seed)
    assert report.status == PASSED and report.earned == exercise.points, str(report)


@pytest.mark.parametrize("seed", [SEEDS[0], SEEDS[2]])
@pytest.mark.parametrize(("exercise", "mistake"), cases(lambda exercise: [(m.name, m) for m in exercise.mistakes]))
def test_every_mistake_is_rejected_and_named(exercise, mistake, seed, as_users_call):
    report = mistaken(exercise.key, mistake.name, seed)
    assert report.status != PASSED, "the checks accept this mistake"
    assert report.mistake is not None and report.mistake.name == mistake.name, str(report)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("exercise", "function"), cases(lambda exercise: list(exercise.alternatives.items())))
def test_every_alternative_right_answer_passes(exercise, function, seed, as_users_call):
    report = judged(exercise, function, seed)
    assert report.status == PASSED, str(report)


def cast(value, to_float32):
    """A value with its float64 numbers in float32, or back; a function takes and gives the one or the other."""
    if isinstance(value, torch.Tensor):
        return value.to(torch.float32 if to_float32 else torch.float64) if value.is_floating_point() else value
    if isinstance(value, np.ndarray):
        return value.astype(np.float32 if to_float32 else np.float64) if value.dtype.kind == "f" else value
    if isinstance(value, tuple | list):
        return type(value)(cast(part, to_float32) for part in value)
    if callable(value):
        return lambda *args: cast(value(*cast(args, not to_float32)), to_float32)
    return value


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_an_answer_may_work_in_float32_and_give_float64(exercise, seed, as_users_call):
    """The type of a result does not tell how it was computed: one tensor in float32 is enough."""
    report = judged(exercise, lambda *args: cast(exercise.function(*cast(args, True)), False), seed)
    assert report.status == PASSED, str(report)


def filled(value, number):
    """A value of that type and shape in which every number is the same; it computes nothing but the shape."""
    if isinstance(value, torch.Tensor):
        return torch.full_like(value, number)
    if isinstance(value, np.ndarray):
        return np.full_like(value, number)
    if isinstance(value, tuple | list):
        return type(value)(filled(part, number) for part in value)
    return type(value)(number) if isinstance(value, bool | int | float) else None


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_an_answer_that_computes_nothing_earns_nothing(exercise, as_users_call):
    inputs = range(len(inspect.signature(exercise.function).parameters))

    def shaped(number):
        def answer(*args):
            try:
                return filled(exercise.function(*args), number)
            except Exception:  # to refuse what the solution refuses would be something
                return number
        return answer

    answers = [shaped(0), shaped(1)]
    answers += [lambda *args, value=value: value for value in (0, 1.0, True, False, [], "", ())]
    answers += [lambda *args, place=place: args[place] for place in inputs]
    for seed in SEEDS:
        earned = [judge(exercise, lambda answer=answer: Room(answer), seed, explain=False).earned for answer in answers]
        assert earned == [0.0] * len(answers)


def test_a_wrong_answer_that_computes_keeps_its_points_and_the_card_says_why_another_has_none():
    rotate = next(exercise for exercise in EXERCISES if exercise.key == "07.rotate")
    right = [mistake.name for mistake in rotate.mistakes if mistaken(rotate.key, mistake.name).earned]
    assert right
    idle = judged(rotate, lambda x, positions: x)
    assert "gives back what it is given, and so computes nothing" in card.as_text(idle) and not idle.earned


def test_rounded_numbers_are_told_so():
    """Both tables look the same on the card."""
    all_scores = next(exercise for exercise in EXERCISES if exercise.key == "01.all_scores")
    report = judged(all_scores, lambda *args: np.round(all_scores.function(*args), 3))
    assert "from digit 5 of the largest on" in report.first_trouble.detail
    assert report.comparison.sentence == "numbers are rounded to 3 places" and not report.hint
    small = judged(all_scores, lambda *args: all_scores.function(*args) * (1 + 4e-5 * np.sign(args[0])[..., :1]))
    assert small.comparison or small.hint == "Is something rounded on the way, or a small number added?"


def test_the_card_shows_as_many_digits_as_it_takes_to_differ():
    score = next(exercise for exercise in EXERCISES if exercise.key == "01.score")
    text = card.as_text(judged(score, lambda *args: score.function(*args) * (1 + 4e-5)))
    assert re.search(r"expected\n +1\.\n  got\n +1\.00004\n?$", text), text


@pytest.mark.parametrize(("exercise", "function"), cases(lambda exercise: (
    [("solution", exercise.function), *exercise.alternatives.items()] if exercise.ready_made else [])))
def test_no_right_answer_is_ready_made(exercise, function):
    report = judge(exercise, lambda: Room(function, ready_made=exercise.ready_made))
    assert not set(report.used) & set(exercise.ready_made)


class Recorder(Room):
    """A room that notes its replies."""

    def __init__(self, function):
        super().__init__(function)
        self.notes = []

    def perform(self, request):
        self.notes.append(super().perform(request))
        return self.notes[-1]


class Player:
    """A door that looks at no request: it gives the noted replies in their order."""

    def __init__(self, notes):
        self.notes = iter(notes)

    def perform(self, request):
        return next(self.notes, Reply(raised=Raised("LookupError", "nothing more was noted")))


def passes_by_notes(exercise, check, noted_under, replayed_under):
    """Whether the solution's replies under one seed, given again in the same order, pass the check under another."""
    alone, recorders = copy.copy(exercise), []
    alone.checks = [check]

    def recorder():
        recorders.append(Recorder(exercise.function))
        return recorders[-1]

    assert judge(alone, recorder, noted_under).status == PASSED
    players = (Player(recorder.notes) for recorder in recorders)
    return judge(alone, lambda: next(players), replayed_under, explain=False).status == PASSED


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_replies_noted_under_one_seed_fail_under_another(exercise, as_users_call):
    passed = [check.claim for check in exercise.checks if passes_by_notes(exercise, check, 1, 2)]
    assert len(passed) <= len(exercise.checks) / 2, passed


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
    assert 5 <= exercise.minutes <= 15 and exercise.builds_on, "how long it may take, and what it goes on from"
    texts = [*exercise.hints, *(c.hint for c in exercise.checks), *(m.hint for m in exercise.mistakes)]
    assert all(len(text) >= 15 for text in texts)
    names = [m.name for m in exercise.mistakes] + [c.claim for c in exercise.checks]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("chapter", problems.chapters())
def test_a_prompt_says_how_long_it_may_take_and_what_it_builds_on(chapter):
    for number, exercise in enumerate(problems.exercises(chapter), start=1):
        line = exercise_texts.prompt(exercise, number).split("\n\n")[1]
        assert f"About {exercise.minutes} minutes, by our estimate" in line and exercise.builds_on in line
        assert ("wrote in this notebook may be called" in line) == (number > 1), "there is nothing above the first"
        earlier = [int(found) for found in re.findall(r"^exercises? (\d)$", exercise.builds_on)]
        assert all(one < number for one in earlier)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_a_prompt_shows_what_hints_speak_of_and_names_what_is_ready_made(exercise):
    text = exercise_texts.prompt(exercise, 1)
    hints = " ".join([*exercise.hints, *(one.hint for one in (*exercise.checks, *exercise.mistakes))])
    places = {"first": 1, "second": 2, "two": 2, "third": 3, "last": len(exercise.examples)}
    named = [places[word] for word in re.findall(r"(\w+) examples?\b", hints) if word in places]
    assert text.count(f"\n{exercise.name}(") == max([1, *named])
    if exercise.ready_made:
        told = re.search(r"Write it yourself: (.+) do not count\.", text)[1]
        assert set(re.findall(r"`([^`]+)`", told)) == {name for name in exercise.ready_made if "." in name} != set()


@pytest.mark.parametrize(("key", "wanted"), [
    ("13.top_k", "expected tensor ("), ("14.online_softmax", "expected tensor ("),
    ("16.rank_correlation", "expected tensor with a single number, got single number")])
def test_arrays_in_place_of_tensors_are_not_named_as_a_mistake_that_they_are_not(key, wanted):
    """Their numbers are right; a mistake that agrees with the solution on these data explains nothing."""
    (exercise,) = (one for one in EXERCISES if one.key == key)

    def answer(*given):
        result = exercise.function(*given)
        return tuple(part.numpy() for part in result) if isinstance(result, tuple) else result.numpy()

    report = judged(exercise, answer)
    assert report.status != PASSED and not report.mistake and not report.comparison
    assert wanted in card.as_text(report)


def test_a_number_in_the_brackets_of_pythons_own_max_is_no_axis():
    (exercise,) = (one for one in EXERCISES if one.key == "11.flops")

    def answer(tokens, width, parts):
        *costs, dearer = exercise.function(tokens, width, parts)
        return *costs, max(2, dearer)

    report = judged(exercise, answer)
    assert report.status == FAILED and "axis" not in card.as_text(report)


def test_an_error_in_a_function_that_is_given_shows_the_line_that_called_it():
    (exercise,) = (one for one in EXERCISES if one.key == "13.generate")

    def answer(prompt, next_logits, most, context):
        return next_logits(prompt.repeat(1, 99))

    raised = judged(exercise, answer).first_trouble.raised
    assert raised.kind == "ValueError" and raised.source == "return next_logits(prompt.repeat(1, 99))"


def test_nearly_every_card_shows_an_input_that_the_eye_can_follow():
    """At most twelve numbers or words an argument; what is left are whole layers, and models with leaks hard to see."""
    sizes = []
    for exercise in EXERCISES:
        for mistake in exercise.mistakes:
            report = mistaken(exercise.key, mistake.name)
            if report.status == FAILED:
                inputs = report.counterexample.inputs.values() if report.counterexample else ()
                sizes.append(max(map(shown.places, inputs), default=np.inf))
    assert np.mean(np.array(sizes) <= shown.FEW) > 0.9, sorted(sizes)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_every_check_catches_something(exercise):
    """A check that no known mistake fails proves nothing."""
    caught = {verdict.claim for mistake in exercise.mistakes
              for verdict in mistaken(exercise.key, mistake.name).verdicts if verdict.status != PASSED}
    assert {check.claim for check in exercise.checks} <= caught
