"""The two kinds of door give the same verdicts, and only plain data crosses the remote one."""

import os
import re
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
import torch

from selfattention import problems
from selfattention.course import exercise_texts
from selfattention.engine import exercise
from selfattention.engine.door import data
from selfattention.engine.door.room import Answer, AnswerRaised, InputChanged, Request, Room
from selfattention.engine.guard.limits import Allowance, TimeLimit, limited
from selfattention.engine.judging import diagnosis, probes
from selfattention.engine.judging.judge import judge
from selfattention.engine.judging.report import ERROR, FAILED, PASSED, TIMEOUT
from selfattention.engine.process.remote import Cell, Child, Clock, Spawned

pytestmark = pytest.mark.slow
EXERCISES = [found for chapter in problems.chapters() for found in problems.exercises(chapter)]


@exercise(points=2)
def linear(width: int, outputs: int):
    """Return a module that maps the last axis to `outputs` numbers."""
    import torch

    return torch.nn.Linear(width, outputs)


@linear.check("maps with the weights it is given", hint="Which attribute holds the weights?")
def maps(answer, rng):
    import torch

    module = answer(7, 3)
    weight, bias = (torch.from_numpy(rng.normal(size=shape)).float() for shape in ((3, 7), (3,)))
    module.load_state_dict({"weight": weight, "bias": bias})
    x = torch.from_numpy(rng.normal(size=(5, 7))).float()
    probes.equal(module(x), x @ weight.T + bias)
    gradients = module.gradients(x, cotangent=torch.ones(5, 3))
    probes.equal(gradients["weight"], x.sum(dim=0).expand(3, 7))
    assert set(module.state_dict()) == {"weight", "bias"}


@linear.check("gives the same in evaluation mode", hint="What changes between training and evaluation?")
def deterministic(answer, rng):
    import torch

    module = answer(7, 3)
    module.eval()
    first = module(torch.ones(2, 7))
    module.train()
    probes.equal(module(torch.ones(2, 7)), first)


@linear.mistake("adds no bias", hint="How many parameters has the module?")
def no_bias(width, outputs):
    import torch

    return torch.nn.Linear(width, outputs, bias=False)


def room_for(source, name="answer", **limits):
    child = Child(Spawned(), [name], Clock(Allowance(**limits)))
    child.run(Cell(textwrap.dedent(source), name))
    return child


SOURCES = {"right": "import torch\ndef linear(width, outputs):\n    return torch.nn.Linear(width, outputs)",
           "wrong": "import torch\ndef linear(width, outputs):\n    return torch.nn.Linear(width, outputs, bias=False)"}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_module_is_judged_alike_through_both_doors(kind):
    namespace = {}
    exec(SOURCES[kind], namespace)
    local = judge(linear, lambda: Room(namespace["linear"]))
    with room_for(SOURCES[kind], "linear") as child:
        remote = judge(linear, lambda: child.open("linear"))
    assert local.status == remote.status == (PASSED if kind == "right" else ERROR)
    assert [verdict.status for verdict in local.verdicts] == [verdict.status for verdict in remote.verdicts]
    assert local.mistake == remote.mistake


@pytest.mark.parametrize("chapter", problems.chapters())
def test_answers_are_judged_alike_in_another_process(chapter, monkeypatch):
    """The learner's text runs in a child without the engine's problems; the verdicts are those of the notebook."""
    monkeypatch.setattr(diagnosis, "SECONDS", 60.0)  # so that no slow machine changes what is found
    exercises = problems.exercises(chapter)
    names = [item.name for item in exercises]
    with Child(Spawned(), names) as child:
        for cell in (Cell(exercise_texts.set_up(chapter)),
                     *(Cell(exercise_texts.solution(item), item.name) for item in exercises)):
            assert child.run(cell).trouble == ""
        assert {item.name: judge(item, lambda item=item: child.open(item.name, item.ready_made)).status
                for item in exercises} == {item.name: PASSED for item in exercises}
        for item in exercises:  # now as if the learner had written something else over it
            child.run(Cell(f"def {item.name}(first, *rest):\n    return first", item.name))
            local = judge(item, lambda: Room(lambda first, *rest: first))
            remote = judge(item, lambda item=item: child.open(item.name))
            assert remote.row() | {"seconds": 0} == local.row() | {"seconds": 0}


def test_the_child_knows_no_answers():
    source = """
        import sys
        def answer():
            return sorted(name for name in sys.modules if name.startswith("selfattention"))
        """
    with room_for(source) as child:
        loaded = child.open("answer").perform(Request("call")).value
    assert not any(
        part in name for name in loaded for part in ("problems", "judging", "diagnosis", "definition", "course")
    )


def test_a_function_passed_by_a_check_is_called_back_across_the_door():
    source = """
        def answer(model, x):
            return model(x + 1) * 2

        def by_name(model, x):
            return model(x, power=3)
    """
    with room_for(source) as child:
        got = child.open("answer").perform(Request("call", (lambda x: x ** 2, np.array([1.0, 2.0]))))
        by_name = child.open("by_name").perform(Request("call", (lambda x, *, power: x**power, np.array([1.0, 2.0]))))
    assert data.same(got.value, np.array([8.0, 18.0])) and data.same(by_name.value, np.array([1.0, 8.0]))


def test_a_function_that_fails_when_called_back_raises_in_the_answer():
    with room_for("def answer(model):\n    return model(1)") as child:
        got = child.open("answer").perform(Request("call", (lambda x: 1 / 0,)))
    assert got.raised.kind == "ValueError" and "ZeroDivisionError" in got.raised.message


GRADIENTS = {
    "backward": "leaf = x.clone().requires_grad_()\n    model(leaf, 3).backward(w)\n    return leaf.grad",
    "autograd.grad": "leaf = x.clone().requires_grad_()\n    return torch.autograd.grad(model(leaf, 3), leaf, w)[0]",
    "jacobian": "return torch.autograd.functional.jacobian(lambda x: model(x, 3), x)",
    "jacrev": "return torch.func.jacrev(lambda x: model(x, 3))(x)",
    "vmap": "return torch.func.vmap(lambda x: model(x, 3))(x)",
    "no gradient": "with torch.no_grad():\n        return model(x, 3), model(x, 3).requires_grad",
}


@pytest.mark.parametrize("body", GRADIENTS.values(), ids=GRADIENTS)
def test_gradients_pass_through_a_function_that_a_check_passes_in(body):
    source = f"import torch\ndef answer(model, x, w):\n    {body}"
    namespace = {}
    exec(source, namespace)
    x, w = torch.randn(2, 5, 3, dtype=torch.float64)
    request = Request("call", (lambda x, factor: (x * factor).cumsum(0).sin(), x, w))
    with room_for(source) as child:
        there = child.open("answer").perform(request)
    here = Room(namespace["answer"]).perform(request)
    assert here.raised is None and there.raised is None
    assert data.same(here.value, there.value)


@pytest.mark.parametrize(("body", "kind"), [
    ("import os; os._exit(3)", "ProcessEnded"),
    ("while True: pass", "TimeLimit"),
    ("while True:\n        try:\n            while True: pass\n        except BaseException: pass", "TimeLimit"),
    ("return answer(x)", "RecursionError"),
    ("raise SystemExit", "SystemExit"),
    ("return undefined_name", "NameError"),
])
def test_trouble_in_the_child_becomes_part_of_the_reply(body, kind):
    with room_for(f"def answer(x):\n    {body}", call=0.5, imports=1.0) as child:
        reply = child.open("answer").perform(Request("call", (1.0,)))
        again = child.open("answer").perform(Request("call", (1.0,)))
    assert reply.raised.kind == kind
    assert again.raised is not None


def test_prints_do_not_disturb_the_wire():
    with room_for("import sys\ndef answer(x):\n    print('a' * 9); sys.__stdout__.write('b')\n    return x") as child:
        reply = child.open("answer").perform(Request("call", (2.0,)))
    assert (reply.value, reply.printed) == (2.0, "aaaaaaaaa\n")


def test_a_cell_that_raises_leaves_the_others_alone():
    with Child(Spawned(), ["answer"]) as child:
        troubles = [child.run(Cell(source)).trouble for source in ("1 / 0", "def answer(): return 5", "def no (")]
        assert child.open("answer").perform(Request("call")).value == 5
    assert "ZeroDivisionError" in troubles[0] and troubles[1] == "" and "SyntaxError" in troubles[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_an_answer_may_call_what_another_cell_defines():
    """So it is in a notebook, and the prompts say so."""
    by_hand = "import numpy as np\ndef weigh(scores):\n    powers = np.exp(scores - scores.max(-1, keepdims=True))\n"
    item = next(found for found in EXERCISES if found.key == "02.softmax_with_temperature")
    with Child(Spawned(), [item.name]) as child:
        child.run(Cell(by_hand + "    return powers / powers.sum(-1, keepdims=True)"))
        child.run(Cell(f"def {item.name}(scores, temperature):\n    return weigh(scores / temperature)", item.name))
        assert judge(item, lambda: child.open(item.name, item.ready_made)).status == PASSED


def test_a_process_that_was_forked_off_keeps_nobody_waiting():
    child = Child(Spawned(), [])
    child.run(Cell("import os, time\nif os.fork() == 0:\n    time.sleep(60)"))
    started = time.monotonic()
    child.close()
    assert time.monotonic() - started < 10


def test_of_a_cell_that_raised_the_statements_can_be_run_one_by_one():
    cell = Cell("first = 1\n1 / 0\nimport math\ndef answer():\n    return math.pi + first", "answer")
    with Child(Spawned(), ["answer"]) as child:
        ran = child.run(cell)
        assert (ran.parts, ran.stopped) == (4, 1) and "ZeroDivisionError" in ran.trouble and not ran.functions
        for part in (2, 3):
            assert child.run(cell, part).trouble == ""
        assert child.open("answer").perform(Request("call")).value > 4
        assert child.run(Cell("print(1) = 2"), -1).parts == 0  # a syntax error: no statement of it can be run
        awaiting = Cell("import asyncio\nawait asyncio.sleep(0)\nslept = 1")
        assert [child.run(awaiting, part).trouble for part in range(3)] == [""] * 3
        assert child.run(Cell("1 / 0\n1 / (slept - 1)"), 1).stopped == 1


def scaled_in_place(x):
    x *= 2
    return x


def test_a_changed_input_is_noticed_and_the_check_keeps_its_own():
    mine = np.array([1.0, 2.0])
    with pytest.raises(InputChanged):
        Answer(Room(scaled_in_place), [])(mine)
    assert mine.tolist() == [1.0, 2.0]


def test_an_endless_loop_is_stopped_in_this_process():
    def endless():
        while True:
            pass

    reply = Room(endless, seconds=0.2).perform(Request("call"))
    assert reply.raised.kind == "TimeLimit"


def test_a_time_limit_does_not_outlive_its_call():
    for _ in range(300):
        try:
            limited(0.0005, sum, range(20_000))
            limited(0.0005, lambda: [number for number in range(20_000)])
        except TimeLimit:
            pass
    assert sum(number for number in range(1_000_000)) > 0
    assert threading.active_count() < 10


def test_the_learners_own_line_is_shown():
    def answer(x):
        return np.sun(x)

    with pytest.raises(AnswerRaised) as caught:
        Answer(Room(answer), [])(np.ones(3))
    assert caught.value.raised.source == "return np.sun(x)"
    assert caught.value.raised.advice == "Did you mean `sum`?"


def test_keyboard_interrupt_reaches_the_reader():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Room(interrupted).perform(Request("call"))


def test_statuses_of_a_judgement():
    found = next(item for item in EXERCISES if item.key == "02.softmax")

    def slow(scores):
        while True:
            pass

    assert judge(found, lambda: Room(slow, seconds=0.1)).status == TIMEOUT
    assert judge(found, lambda: Room(lambda scores: scores)).status == FAILED
    assert judge(found, lambda: Room(lambda scores: scores + "a")).status == ERROR


GREEDY = {
    "empty axes that span much": ("return model(torch.zeros(100, 1, 100, 0), torch.zeros(1, 100, 100, 0))",
                                  lambda q, k: q @ k.transpose(-2, -1), "more than 4096 numbers"),
    "arrays that broadcast": ("return model(torch.zeros(1300, 1, 1), torch.zeros(1300, 1), torch.zeros(1300))",
                              lambda a, b, c: a + b + c, "memory|allocate"),
    "one number that is a size": ("return model(10**10)", lambda size: np.ones(size), "MemoryError"),
    "a loop that never ends": ("return model(10**30)", lambda count: sum(0 for _ in iter(int, 1)), "TimeLimit"),
    "many calls": ("return [model(0.2) for _ in range(100)]", lambda seconds: computing(seconds), "TimeLimit"),
}


def computing(seconds):
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass
    return 0.0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is limited on Linux only")
@pytest.mark.parametrize("kind", GREEDY)
def test_a_function_that_a_check_passes_in_has_narrow_limits(kind):
    """It runs where the checks run: what a learner calls it with must not take that process's memory or time."""
    body, function, words = GREEDY[kind]
    with room_for(f"import torch\ndef answer(model):\n    {body}", call=1.0) as child:
        began = time.process_time()
        reply = child.open("answer").perform(Request("call", (function,)))
        assert re.search(words, reply.raised.message), reply.raised
        assert time.process_time() - began < 5
    assert np.ones(2**24).sum() == 2**24  # the limit is gone


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the time of a process is told too coarsely")
def test_an_answer_that_sleeps_does_not_compute():
    """Python 3.11 lets other threads turn on the spot, where they are profiled, while it is asked to end."""
    process = Spawned()
    with Child(process, ["answer"], Clock(Allowance(call=0.1, patience=3))) as child:
        child.run(Cell("import time\ndef answer():\n    time.sleep(60)"))
        door, before = child.open("answer", ("softmax",)), process.used()
        assert door.perform(Request("call", ())).raised.kind == "TimeLimit"
    assert process.used() - before < 0.5


def test_a_subclass_of_the_exception_that_is_asked_for_is_right():
    class MyError(ValueError):
        pass

    def refuses(kind):
        def answer(x):
            raise kind("no")
        return Answer(Room(answer), [])

    for kind in (ValueError, MyError, UnicodeError):
        probes.raises(refuses(kind), ValueError, 1.0)
    for kind in (TypeError, Exception, type("ValueErrors", (Exception,), {})):
        with pytest.raises(AnswerRaised):
            probes.raises(refuses(kind), ValueError, 1.0)
    with Child(Spawned(), ["answer"]) as child:
        child.run(Cell("class MyError(ValueError): pass\ndef answer(x):\n    raise MyError('no')"))
        probes.raises(Answer(child.open("answer"), []), ValueError, 1.0)


def test_the_courses_own_modules_are_closed_and_those_in_the_current_folder_open():
    source = """
        open("helper.py", "w").write("value = 7")
        import helper

        def answer():
            try:
                import selfattention.arrays
            except ImportError as error:
                return helper.value, str(error)
        """
    with Child(Spawned(), ["answer"]) as child:
        child.run(Cell("import numpy as np"))
        assert child.run(Cell(textwrap.dedent(source), "answer")).trouble == ""
        value, told = child.open("answer").perform(Request("call")).value
    assert value == 7 and "course's own code" in told


def test_a_process_without_a_folder_has_its_own_for_a_while(tmp_path):
    with Child(Spawned(), ["answer"]) as child:
        child.run(Cell("import os\ndef answer(): return os.getcwd()", "answer"))
        folder = child.open("answer").perform(Request("call")).value
        assert os.path.isdir(folder)
    assert not os.path.exists(folder)
    with Child(Spawned(tmp_path), ["answer"]) as child:
        child.run(Cell("import os\ndef answer(): return os.getcwd()", "answer"))
        assert child.open("answer").perform(Request("call")).value == str(tmp_path)
    assert tmp_path.is_dir()
