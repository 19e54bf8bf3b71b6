"""Ready-made functions are noticed when they run, however they are called; smaller steps are not."""

import functools
import importlib
import operator
import subprocess
import sys

import numpy as np
import pytest
import torch

from selfattention import problems
from selfattention.course.catalogue import find
from selfattention.engine import card
from selfattention.engine.door import Request, Room
from selfattention.engine.judging import NOT_ATTEMPTED, PASSED, READY_MADE, judge

SOFTMAX = find("02.softmax")
ATTENTION = find("03.batched_attention")
NAMED = sorted({name for chapter in problems.chapters() for item in problems.exercises(chapter)
                for name in item.ready_made})


def used(function, *args, names=SOFTMAX.ready_made):
    return Room(function, ready_made=tuple(names)).perform(Request("call", args)).used


@pytest.mark.parametrize("call", [
    lambda x: torch.softmax(x, -1),
    lambda x: x.softmax(-1),
    lambda x: torch.nn.functional.softmax(x, -1),
    lambda x: getattr(torch, "soft" + "max")(x, -1),
    lambda x: torch.nn.Softmax(-1)(x),
    lambda x: operator.methodcaller("softmax", -1)(x),
    lambda x: functools.partial(torch.softmax, dim=-1)(x),
    lambda x: next(map(lambda row: row.softmax(-1), x)),
    lambda x: importlib.import_module("torch.nn.functional").softmax(x, -1),
    lambda x: torch.special.softmax(x, -1),
    lambda x: torch._softmax(x, -1, False),
    lambda x: torch.ops.aten.softmax(x, -1),
    lambda x: torch.jit.trace(lambda y: torch.exp(torch.log_softmax(y, -1)) * y.softmax(-1), x)(x),
])
def test_it_is_noticed_however_it_is_called(call):
    assert used(call, torch.ones(3, 5))


def test_a_thread_of_the_answers_own_is_watched():
    import threading

    def answer(x):
        found = []
        thread = threading.Thread(target=lambda: found.append(torch.softmax(x, -1)))
        thread.start()
        thread.join()
        return found[0]

    assert "torch.softmax" in used(answer, torch.ones(3))


def test_smaller_steps_are_not_ready_made():
    assert used(lambda x: torch.exp(x) / torch.exp(x).sum(-1, keepdim=True), torch.ones(3, 5)) == ()


def test_the_courses_own_functions_count_in_every_exercise():
    from selfattention import arrays

    assert used(arrays.softmax, np.ones((2, 3)), names=()) == ("selfattention.arrays.softmax",)


def test_a_function_that_the_check_passed_is_not_the_learners():
    assert used(lambda model, x: model(x) + 1, lambda x: torch.softmax(x, -1), torch.ones(3)) == ()


def test_nothing_is_watched_after_the_call():
    import sys

    room = Room(lambda x: x, ready_made=SOFTMAX.ready_made)
    room.perform(Request("call", (1.0,)))
    assert sys.getprofile() is None


def test_an_endless_loop_is_stopped_under_watch():
    def endless(x):
        while True:
            pass

    assert Room(endless, seconds=0.2, ready_made=()).perform(Request("call", (1.0,))).raised.kind == "TimeLimit"


FIRST_CALL = """
import sys, torch
from selfattention.engine.readymade import Watch
before = set(sys.modules)
with Watch(("torch.softmax", "aten::_softmax")) as watch:
    torch.ones(3).softmax(-1)
print(*watch.used, *(name for name in set(sys.modules) - before if name.startswith("torch._dynamo")))
"""


def test_the_first_call_that_is_watched_pays_for_no_import_of_ours():
    """With its compiler torch would import some 800 modules, in the time that is the learner's."""
    done = subprocess.run([sys.executable, "-c", FIRST_CALL], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["aten::_softmax"]


@pytest.mark.parametrize("name", [name for name in NAMED if not name.startswith(("scipy", "aten"))])
def test_every_name_exists(name):
    """A name that stands for nothing would never be noticed."""
    module, found = name, None
    while found is None:
        module = module.rpartition(".")[0]
        try:
            found = importlib.import_module(module)
        except ImportError:
            continue
    for part in name[len(module) + 1:].split("."):
        found = getattr(found, part)
    assert callable(found)


@pytest.mark.parametrize("name", [name for name in NAMED if name.startswith("aten")])
def test_every_operator_exists(name):
    assert hasattr(torch.ops.aten, name.removeprefix("aten::"))


def test_it_earns_nothing_and_the_card_says_why():
    answer = torch.nn.functional.scaled_dot_product_attention
    report = judge(ATTENTION, lambda: Room(lambda q, k, v: answer(q, k, v), ready_made=ATTENTION.ready_made))
    assert report.status == READY_MADE and report.earned == 0
    assert "torch.nn.functional.scaled_dot_product_attention" in report.row()["used"]
    for text in (card.as_text(report), card.as_html(report)):
        assert "scaled_dot_product_attention" in text and "ready-made" in text
    assert judge(ATTENTION, lambda: Room(lambda q, k, v: answer(q, k, v))).status in (PASSED, NOT_ATTEMPTED)
