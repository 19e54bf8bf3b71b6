"""The checks are strong enough: of all changes of a solution that give another result anywhere, none passes."""

import copy
import functools

import numpy as np
import pytest
import torch

from selfattention import problems
from selfattention.engine.comparison.asked import alike
from selfattention.engine.comparison.changes.search import changed
from selfattention.engine.comparison.changes.sites import Source
from selfattention.engine.door.room import Request, Room
from selfattention.engine.judging.judge import judge
from selfattention.engine.judging.report import PASSED

pytestmark = pytest.mark.slow
EXERCISES = [exercise for chapter in problems.chapters() for exercise in problems.exercises(chapter)]
SECONDS = 0.3
SMALL = "as little as rounding does, where numbers are of the usual size"
# What gives another result somewhere, and may: the exercise, a piece of the changed line, and why.
EQUAL = (
    ("03.batched_attention", "+ 1e-05)", SMALL), ("03.previous_token", "sharpness = ", "any that is large enough"),
    ("05.self_attention", "+ 1e-05)", SMALL), ("06.multi_head_attention", "+ 1e-05)", SMALL),
    ("06.grouped_query_attention", "+ 1e-05)", SMALL), ("07.rotate", "+ 1e-0", SMALL),
    ("07.rotate", "= 10001 **", SMALL), ("07.rotate", "= 9999 **", SMALL), ("08.layer_norm", "+ 1e-0", SMALL),
    ("04.leaks", "changed[t] = torch.rand", "another token is as good as one that was added to"),
    ("04.leaks", "changed[t] += x.shape[1]", "rounding tells of a token that has moved, though its mean is taken away"),
    ("09.cross_attention", "~memory_mask, -1000", "no score comes near that number"),
    ("06.multi_head_attention", "~mask, -1000", "no score comes near that number"),
    ("12.choose_masked", "~words, 10", "no draw is above 1"),
    ("13.cached_attention", "~visible, -1000", "no score comes near that number"),
    ("13.draw_probabilities", "temperature + 1e-0", SMALL),
    ("15.block_attention", "+ 1e-05)", SMALL), ("18.weights_over_image", "+ 1e-06)", SMALL),
    ("17.edge_attention", "+ 1e-0", SMALL),
    ("14.blockwise_attention", "-1000000000.0)", "no score comes near that number"),
)


def passes(exercise, function, seed=0):
    """Whether every check passes; the rest is not asked where one does not."""
    def door():
        return Room(function, SECONDS)

    for check in exercise.checks:
        alone = exercise_with(exercise, check)
        if judge(alone, door, seed, explain=False).status != PASSED:
            return False
    return True


@functools.cache
def exercise_with(exercise, check):
    """The exercise with one check alone."""
    alone = copy.copy(exercise)
    alone.checks = [check]
    return alone


class Recorder(Room):
    """A room that notes what it is asked."""

    def __init__(self, function):
        super().__init__(function)
        self.asked = []

    def perform(self, request):
        self.asked.append(request)
        return super().perform(request)


DISTURBED = {"as it was": lambda x, rng: x, "large": lambda x, rng: 1000 * x, "small": lambda x, rng: x / 100,
             "negated": lambda x, rng: -x, "far from zero": lambda x, rng: x + 50,
             "noisy": lambda x, rng: x + (torch.from_numpy(rng.normal(size=x.shape)).to(x.dtype)
                                          if isinstance(x, torch.Tensor) else rng.normal(size=x.shape))}


def disturbed(value, how, rng):
    kind = value.is_floating_point() if isinstance(value, torch.Tensor) else (
        isinstance(value, np.ndarray) and value.dtype.kind == "f")
    return DISTURBED[how](value, rng) if kind else value


def questions(exercise):
    """What the checks ask under several seeds, the examples, and all of it with other numbers."""
    rooms = []

    def door():
        rooms.append(Recorder(exercise.function))
        return rooms[-1]

    for seed in range(2):
        judge(exercise, door, seed, explain=False)
    asked = [*(room.asked for room in rooms), *([Request("call", args)] for args in exercise.examples)]
    rng, right = np.random.default_rng(1), Room(exercise.function, SECONDS)
    every = [Request(one.verb, tuple(disturbed(arg, how, rng) for arg in one.args), one.kwargs)
             for some in asked for one in some for how in DISTURBED]
    return [(request, reply) for request in every if not (reply := right.perform(request)).raised]


def differs(function, asked):
    """Whether a function gives another result than the solution somewhere."""
    room = Room(function, SECONDS)
    return any(not alike(room.perform(request), reply) for request, reply in asked)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_no_changed_solution_passes_that_gives_another_result_anywhere(exercise, as_users_call):
    torch.manual_seed(0)  # some solutions draw without a generator
    asked = questions(exercise)
    needs_gradients = any(request.verb == "gradients" for request, _ in asked)
    unchanged = Source.of(exercise.function).compiled()  # or all would be rejected for being compiled anew
    assert passes(exercise, unchanged) and not differs(unchanged, asked)
    bank, weak = changed(exercise.function), []
    for number, change in enumerate(bank.changes):
        if change.kind == "cut_off" and not needs_gradients:
            continue  # nobody asks for gradients here
        function = bank.function(number)
        if function is None or not passes(exercise, function) or not differs(function, asked):
            continue
        if not any(exercise.key == key and piece in change.code for key, piece, _ in EQUAL):
            weak.append(change.code)
    assert not weak, "\n".join(weak)
