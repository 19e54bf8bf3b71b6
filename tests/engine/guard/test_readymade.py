"""Ready-made functions are noticed when they run, however they are called; smaller steps are not."""

import _thread
import contextlib
import functools
import importlib
import inspect
import math
import operator
import statistics
import subprocess
import sys
import threading
import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch.nn import functional

from selfattention import attention, problems
from selfattention.course.catalogue import find
from selfattention.engine.door.room import Request, Room
from selfattention.engine.guard import readymade
from selfattention.engine.judging import card
from selfattention.engine.judging.judge import judge
from selfattention.engine.judging.report import NOT_ATTEMPTED, PASSED, READY_MADE

SOFTMAX = find("02.softmax")
LOG_SOFTMAX = find("02.log_softmax")
ATTENTION = find("03.batched_attention")
MULTI_HEAD = find("06.multi_head_attention")
LAYER_NORM = find("08.layer_norm")
LAYER = find("08.encoder_layer")
BLEU = find("10.bleu")
THEIRS = [item for chapter in problems.chapters() for item in problems.exercises(chapter) if item.ready_made]
MEMBERS = {item.key: [member for name in item.ready_made for member in readymade.FAMILIES.get(name, (name,))]
           for item in THEIRS}
NAMED = sorted({member for members in MEMBERS.values() for member in members})
NOT_INSTALLED = ("scipy", "sklearn", "nltk")
ROWS = torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(0))
ONE_HEAD = (ROWS, ROWS, ROWS, 3, 1, torch.randn(9, 3), torch.zeros(9), torch.eye(3), torch.zeros(3))


def used(function, *args, names=SOFTMAX.ready_made):
    return Room(function, ready_made=tuple(names)).perform(Request("call", args)).used


def found(name):
    """What a dotted name stands for; None where there is no such thing here."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:count]))
        except ImportError:
            continue
        return functools.reduce(lambda owner, part: getattr(owner, part, None), parts[count:], thing)
    return None


def attend_one_by_one(x):
    return torch.stack([functional.scaled_dot_product_attention(row, torch.eye(3), torch.eye(3), scale=1.0)
                        for row in x])


def without_torchs_modes(work):
    with torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
        return work()


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
    lambda x: torch.sparse.softmax(x.to_sparse(), -1),
    lambda x: torch._safe_softmax(x, -1),
    lambda x: torch._masked_softmax(x, torch.zeros_like(x, dtype=torch.bool), 2),
    lambda x: torch.ops.aten._softmax.default(x, -1, False),
    lambda x: functools.partial(torch.ops.aten._softmax.out, out=torch.empty_like(x))(x, -1, False),
    lambda x: torch.exp(functional.log_softmax(x, -1)),
    lambda x: torch.nn.LogSoftmax(-1)(x).exp(),
    lambda x: functional.softmin(-x, -1),
    lambda x: torch.masked.softmax(x, -1),
    lambda x: torch.distributions.Categorical(logits=x).probs,
    lambda x: torch.func.grad(lambda y: functional.cross_entropy(y, torch.zeros(3, dtype=torch.long)))(x[0]),
    attend_one_by_one,
    lambda x: torch.jit.trace(attend_one_by_one, x)(x),
    lambda x: functools.partial(torch._native_multi_head_attention, *ONE_HEAD)(),
    lambda x: torch.compile(lambda y: y.softmax(-1), backend="eager")(x),
    lambda x: importlib.import_module("torch._refs").softmax(x, -1),
    lambda x: importlib.import_module("torch._decomp.decompositions")._softmax(x, -1, False),
    lambda x: without_torchs_modes(lambda: x.softmax(-1)),
    lambda x: without_torchs_modes(lambda: torch._softmax(x, -1, False)),
])
def test_it_is_noticed_however_it_is_called(call):
    assert used(call, ROWS)


@pytest.mark.parametrize(("item", "call"), [
    (LOG_SOFTMAX, lambda x: torch.sparse.log_softmax(x.to_sparse(), -1)),
    (LOG_SOFTMAX, lambda x: functools.partial(torch._log_softmax, x, -1, False)()),
    (LOG_SOFTMAX, lambda x: -functional.cross_entropy(x[0], torch.tensor([0, 1, 2]), reduction="none")),
    (LOG_SOFTMAX, lambda x: torch.distributions.Categorical(logits=x).logits),
    (ATTENTION, lambda x: torch.ops.aten._scaled_dot_product_attention_math(x, x, x)),
    (ATTENTION, lambda x: torch.nn.MultiheadAttention(3, 1)(x, x, x)),
    (ATTENTION, lambda x: functools.partial(torch._native_multi_head_attention, *ONE_HEAD)()),
    (MULTI_HEAD, lambda x: torch._native_multi_head_attention(*ONE_HEAD)),
    (MULTI_HEAD, lambda x: functional.multi_head_attention_forward(
        x, x, x, 3, 1, torch.ones(9, 3), None, None, None, False, 0.0, torch.eye(3), None)),
    (MULTI_HEAD, lambda x: torch.nn.TransformerEncoderLayer(3, 1)(x)),
    (LAYER, lambda x: torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(3, 1), 1)(x)),
    (LAYER_NORM, lambda x: torch.nn.LayerNorm(3)(x)),
    (LAYER_NORM, lambda x: torch.native_layer_norm(x, (3,), None, None, 1e-5)),
    (LAYER_NORM, lambda x: functools.partial(torch.layer_norm, x, (3,))()),
    (LAYER_NORM, lambda x: functional.group_norm(x.reshape(6, 3), 1)),
    (LAYER_NORM, lambda x: functional.batch_norm(x.reshape(6, 3).T, None, None, training=True)),
    (LAYER_NORM, lambda x: torch.nn.BatchNorm1d(6)(x.reshape(6, 3).T)),
    (LAYER_NORM, lambda x: functional.instance_norm(x.reshape(1, 6, 3))),
    (LAYER_NORM, lambda x: functional.rms_norm(x - x.mean(-1, keepdim=True), (3,))),
    (LAYER_NORM, lambda x: functools.partial(torch.rms_norm, x - x.mean(-1, keepdim=True))((3,))),
    (LAYER_NORM, lambda x: functional.local_response_norm(x - x.mean(-1, keepdim=True), 5)),
    (LAYER_NORM, lambda x: torch.jit.trace(lambda y: functional.layer_norm(y, (3,)), x)(x)),
])
def test_every_name_of_the_same_work_counts(item, call):
    assert used(call, ROWS, names=item.ready_made)


@pytest.mark.parametrize(("key", "member"), [(key, member) for key in MEMBERS for member in MEMBERS[key]
                                             if "::" in member])
def test_every_operator_is_noticed_in_every_exercise_that_names_its_family(key, member):
    """Also where this machine cannot run it: it is noticed before it looks at what it was given."""
    space, _, name = member.partition("::")
    packet = getattr(getattr(torch.ops, space), name)
    calls = [packet, functools.partial(packet), *(getattr(packet, overload) for overload in packet.overloads())]
    for call in calls:
        assert member in used(lambda x, call=call: call(x), ROWS, names=find(key).ready_made)


@pytest.mark.parametrize(("key", "member"), [(key, member) for key in MEMBERS for member in MEMBERS[key]
                                             if "." in member and not member.startswith(NOT_INSTALLED)])
def test_every_function_is_noticed_in_every_exercise_that_names_its_family(key, member):
    """It may raise for what it is given here; it was called."""
    def with_any_number_of_arguments():
        for count in range(16):
            with contextlib.suppress(Exception):
                found(member)(*[ROWS] * count)

    names = used(with_any_number_of_arguments, names=find(key).ready_made)
    assert member in names or member.partition(".")[0] in names


@pytest.mark.parametrize("item", THEIRS, ids=lambda item: item.key)
def test_right_answers_use_none(item):
    for function in (item.function, *item.alternatives.values()):
        report = judge(item, lambda function=function: Room(function, ready_made=item.ready_made))
        assert [name for name in report.used if not name.startswith("selfattention.")] == []


@pytest.mark.parametrize("call", [
    lambda x: torch.exp(x) / torch.exp(x).sum(-1, keepdim=True),
    lambda x: torch.exp(x - torch.logsumexp(x, -1, keepdim=True)),
    lambda x: torch.linalg.vector_norm(x, dim=-1),
    lambda x: torch.nn.Linear(3, 3)(x).relu(),
    lambda x: torch.distributions.Normal(0.0, 1.0).log_prob(x),
    lambda x: torch.nn.functional.nll_loss(x[0], torch.tensor([0, 1, 2])),
    lambda x: torch.func.vmap(lambda row: torch.exp(row) / torch.exp(row).sum())(x),
    lambda x: torch.cond(x.sum() > 0, torch.exp, torch.sin, (x,)),
])
def test_steps_are_no_softmax(call):
    reply = Room(call, ready_made=SOFTMAX.ready_made).perform(Request("call", (ROWS,)))
    assert reply.used == () and reply.raised is None


def test_a_softmax_is_no_attention_and_attention_is_not_yet_multi_head():
    assert used(lambda x: torch.softmax(x, -1), ROWS, names=ATTENTION.ready_made) == ()
    attend = functional.scaled_dot_product_attention
    assert used(lambda x: attend(x[None], x[None], x[None]), ROWS, names=MULTI_HEAD.ready_made) == ()
    assert used(lambda x: torch.nn.MultiheadAttention(3, 1)(x, x, x), ROWS, names=LAYER.ready_made) == ()


def test_a_function_of_the_answers_own_may_be_called_softmax():
    @torch.library.custom_op("answer::softmax", mutates_args=())
    def own(x: torch.Tensor) -> torch.Tensor:
        return torch.exp(x) / torch.exp(x).sum(-1, keepdim=True)

    def softmax(x):
        return own(x)

    assert used(softmax, ROWS) == ()


@pytest.mark.parametrize(("item", "made", "call"), [
    (SOFTMAX, lambda: torch.nn.Softmax(-1), lambda made, x: made(x)),
    (ATTENTION, lambda: torch.nn.MultiheadAttention(3, 1), lambda made, x: made(x, x, x)),
    (MULTI_HEAD, lambda: torch.nn.MultiheadAttention(3, 1), lambda made, x: made(x, x, x)),
    (MULTI_HEAD, lambda: torch.nn.MultiheadAttention(3, 1), lambda made, x: torch.func.functional_call(
        made, {"out_proj.weight": torch.eye(3)}, (x, x, x))),
    (LAYER, lambda: torch.nn.TransformerEncoderLayer(3, 1), lambda made, x: made(x)),
    (LAYER, lambda: torch.nn.TransformerEncoderLayer(3, 1), lambda made, x: made._sa_block(x, None, None)),
    (LAYER, lambda: torch.nn.TransformerEncoderLayer(3, 1), lambda made, x: torch.func.functional_call(
        made, {"norm1.weight": torch.ones(3)}, x)),
    (LAYER, lambda: type("Own", (torch.nn.TransformerEncoderLayer,), {})(3, 1), lambda made, x: made(x)),
    (LAYER, lambda: torch.nn.TransformerEncoderLayer(3, 1, batch_first=True, dropout=0.0).eval().requires_grad_(False),
     lambda made, x: made(x)),
])
def test_an_object_that_was_made_before_counts_when_it_is_called(item, made, call):
    reply = Room(functools.partial(call, made()), ready_made=item.ready_made).perform(Request("call", (ROWS,)))
    assert reply.used and reply.raised is None


def test_a_method_that_is_called_without_an_object_of_its_class_counts():
    def answer(x):
        with contextlib.suppress(AttributeError):
            torch.nn.TransformerEncoderLayer.forward(types.SimpleNamespace(norm_first=False), x)

    assert used(answer, ROWS, names=LAYER.ready_made) == ("torch.nn.TransformerEncoderLayer",)


@pytest.mark.parametrize(("name", "call"), [
    ("torch.cumsum", lambda x: torch.cumsum(x, -1)),
    ("torch.cumsum", lambda x: x.cumsum(-1)),
    ("torch.Tensor.cumsum", lambda x: functools.partial(torch.cumsum, x)(-1)),
    ("torch.nn.functional.relu", lambda x: functional.relu(x)),
    ("torch.nn.ReLU", lambda x: torch.nn.ReLU()(x)),
    ("aten::relu", lambda x: torch.nn.ReLU()(x)),
    ("numpy.linalg.det", lambda x: np.linalg.det(x.numpy())),
    ("math.fsum", lambda x: math.fsum(x.flatten())),
    ("builtins.str.split", lambda x: str(x).split()),
    ("statistics", lambda x: statistics.mean([1.0, 2.0])),
])
def test_a_function_may_be_named_alone(name, call):
    assert used(call, ROWS, names=(name,))
    assert used(lambda x: torch.exp(x).tolist() and np.exp(1.0), ROWS, names=(name,)) == ()


SENTENCES = (["the cat sat on the mat"], [["the cat sat on the mat"]])


@pytest.mark.parametrize("call", [
    lambda sacrebleu, made: sacrebleu.corpus_bleu(*SENTENCES).score,
    lambda sacrebleu, made: made.corpus_score(*SENTENCES).score,
    lambda sacrebleu, made: made._compute_score_from_stats([1] * 10),
    lambda sacrebleu, made: sacrebleu.metrics.bleu.BLEU.compute_bleu([1] * 4, [1] * 4, 4, 4),
    lambda sacrebleu, made: sacrebleu.metrics.helpers.extract_all_word_ngrams("a b c", 1, 2),
])
def test_all_of_a_library_counts_and_what_it_made_before(call):
    sacrebleu = pytest.importorskip("sacrebleu")
    assert "sacrebleu" in used(lambda made: call(sacrebleu, made), sacrebleu.BLEU(), names=BLEU.ready_made)


@pytest.mark.parametrize(("item", "function", "x"), [
    (SOFTMAX, lambda x: x.softmax(-1), ROWS),
    (LOG_SOFTMAX, lambda x: x.log_softmax(-1), ROWS),
    (ATTENTION, lambda x: functional.scaled_dot_product_attention(x, x, x), ROWS),
    (ATTENTION, lambda x: functional.scaled_dot_product_attention(x, x, x), ROWS[None]),
    (LAYER_NORM, lambda x: functional.layer_norm(x, (3,)), ROWS),
    (LAYER_NORM, lambda x: functional.group_norm(x.reshape(6, 3), 1), ROWS),
])
def test_what_was_compiled_before_is_noticed_by_its_operators(item, function, x):
    """Its own code does not run; torch tells of the operators."""
    compiled = torch.jit.trace(function, x)
    assert used(lambda x: compiled(x), x, names=item.ready_made)


@pytest.mark.parametrize("call", [
    lambda x: torch.ops.aten._softmax(x, -1, False),
    lambda x: torch.ops.aten._softmax.default(x, -1, False),
    lambda x: functional.softmax(x, -1),
])
def test_it_is_noticed_inside_an_operator_of_the_answers_own(call):
    """Torch's modes are silent there."""
    with torch.library._scoped_library("readymade_test", "FRAGMENT"):
        def own(x: torch.Tensor) -> torch.Tensor:
            return call(x)

        operator_ = torch.library.custom_op(f"readymade_test::own{id(call)}", own, mutates_args=())
        assert used(lambda x: operator_(x), ROWS)
        assert not used(lambda x: torch.ops.aten.exp(x).sum(), ROWS)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_a_library_that_the_answer_itself_imports_is_noticed_at_once(name, tmp_path):
    (tmp_path / "scipy").mkdir()
    (tmp_path / "scipy" / "__init__.py").write_text("")
    functions = f"def {name}(x):\n    return x\ndef logsumexp(x):\n    return x\n"
    (tmp_path / "scipy" / "special.py").write_text(f"{functions}{name}(0)  # it is not complete yet")
    program = f"""
from selfattention.engine.guard.readymade import Watch
with Watch(("{name.replace('_', ' ')}",)) as watch:
    import sys
    sys.path.insert(0, {str(tmp_path)!r})
    import scipy.special
    scipy.special.logsumexp(0)
    none = set(watch.used)
    scipy.special.{name}(0)
print(none, watch.used)"""
    assert run(program) == f"set() {{'scipy.special.{name}'}}"


@pytest.mark.parametrize("thread", [False, True])
def test_torch_is_watched_also_where_the_answer_itself_imports_it(thread):
    """In a thread as well, and there alone: each has modes of its own."""
    answer = "import torch\n    (lambda: list(map(torch.softmax, [torch.ones(3)], [-1])))()"
    program = f"""
import sys, threading
from selfattention.engine.guard.readymade import Watch
assert "torch" not in sys.modules
def answer():
    {answer}
def outside():
    import torch
    return torch._C._len_torch_function_stack()
with Watch(("softmax",)) as watch:
    if {thread}:
        thread = threading.Thread(target=answer)
        thread.start()
        thread.join()
    else:
        answer()
print(outside(), *sorted(watch.used))"""
    assert run(program).split()[:2] == ["0", "aten::_softmax"]


def test_while_torch_is_being_imported_its_names_are_not_sought_again_and_again():
    """It runs ten thousand pieces of code that nobody has seen before, in the time that is the learner's."""
    program = """
from selfattention.engine.guard import readymade
count, find = 0, readymade._find
def counting(name):
    global count
    count += 1
    return find(name)
readymade._find = counting
with readymade.Watch(("softmax",)) as watch:
    import torch
    torch.ones(3).softmax(-1)
print(count, *watch.used)"""
    count, *names = run(program).split()
    assert int(count) < 10**5 and "torch.Tensor.softmax" in names


def test_a_function_loaded_again_from_its_file_is_the_same():
    def again():
        spec = importlib.util.spec_from_file_location("another_name", torch.nn.modules.activation.__file__)
        module = importlib.util.module_from_spec(spec)
        module.__package__ = "torch.nn.modules"
        spec.loader.exec_module(module)
        return module.MultiheadAttention(3, 1) and None

    assert used(again, names=MULTI_HEAD.ready_made) == ("torch.nn.MultiheadAttention",)


def test_the_courses_own_function_under_other_globals_is_the_courses_own():
    code = inspect.unwrap(attention.attention).__code__
    copied = types.FunctionType(code, {**vars(attention), "__name__": "answer"}, argdefs=(None,) * 5)
    assert "selfattention.attention.attention" in used(lambda x: copied(x, x, x), ROWS, names=())


def in_a_raw_thread(work, start=lambda: _thread.start_new_thread):
    done = _thread.allocate_lock()
    done.acquire()

    def run_and_tell():
        try:
            work()
        finally:
            done.release()

    start()(run_and_tell, ())
    done.acquire()


def in_a_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def in_a_pool(work):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def in_a_timer(work):
    timer = threading.Timer(0, work)
    timer.start()
    timer.join()


THREADS = [in_a_raw_thread, in_a_thread, in_a_pool, in_a_timer,
           functools.partial(in_a_raw_thread, start=lambda: threading._start_new_thread),
           functools.partial(in_a_raw_thread, start=lambda: _thread.start_new)]


@pytest.mark.parametrize("run_in", THREADS)
@pytest.mark.parametrize(("item", "work"), [
    (SOFTMAX, lambda: ROWS.softmax(-1)),
    (SOFTMAX, functools.partial(torch.softmax, ROWS, -1)),
    (LAYER_NORM, lambda: functional.local_response_norm(ROWS, 3)),
    (LAYER, lambda: torch.nn.TransformerEncoderLayer(3, 1)),
], ids=["method", "partial", "function", "class"])
def test_every_thread_of_the_answers_own_is_watched(run_in, item, work):
    if not hasattr(threading, "_start_new_thread") and "_start_new_thread" in str(run_in):
        pytest.skip("no such function in this Python")
    assert used(lambda: run_in(work), names=item.ready_made)
    assert used(lambda: run_in(lambda: torch.exp(ROWS)), names=item.ready_made) == ()


def test_a_thread_of_which_no_line_is_python_is_watched_too():
    def answer(x):
        results = []
        _thread.start_new_thread(functools.partial(results.extend, map(torch.softmax, [x], [-1])), ())
        while not results:
            pass

    assert used(answer, ROWS)


def test_a_thread_that_outlives_the_answer_is_not_watched_any_longer():
    work, state = threading.Semaphore(0), []

    def later():
        work.acquire()
        state.append((sys.getprofile(), torch._C._len_torch_function_stack(), torch._C._len_torch_dispatch_stack()))
        work.acquire()
        state.append((sys.getprofile(), torch._C._len_torch_function_stack(), torch._C._len_torch_dispatch_stack()))

    threads = []

    def answer():
        threads.append(threading.Thread(target=later))
        threads[0].start()
        work.release()
        while not state:
            pass

    assert used(answer) == ()
    work.release()
    threads[0].join()
    assert state[0][0] is not None and state[0][1:] == (1, 1)
    assert state[1] == (None, 0, 0)


def test_the_courses_own_functions_count_in_every_exercise():
    from selfattention import arrays

    assert used(arrays.softmax, np.ones((2, 3)), names=()) == ("selfattention.arrays.softmax",)


def test_a_function_that_the_check_passed_is_not_the_learners():
    assert used(lambda model, x: model(x) + 1, lambda x: torch.softmax(x, -1), torch.ones(3)) == ()


def test_neither_is_what_it_does_in_torch_or_in_a_function_of_the_courses():
    def passed(x):
        return attention.attention(functional.softmax(x, -1), x, x)[0]

    assert used(lambda model, x: model(x) + 1, passed, ROWS) == ()
    assert "torch.softmax" in used(lambda model, x: torch.softmax(model(x), -1), passed, ROWS)


def everything_that_is_replaced():
    return (sys.getprofile(), threading.getprofile(), readymade._Process.watch,
            torch._C._len_torch_function_stack(), torch._C._len_torch_dispatch_stack(),
            [getattr(module, name) for module, name in readymade.STARTS])


def test_nothing_is_left_after_the_call():
    def endless():
        while True:
            pass

    def wrong():
        raise ValueError

    def nested():
        return used(lambda: ROWS.softmax(-1))

    before = everything_that_is_replaced()
    for function in (lambda: everything_that_is_replaced() != before, endless, wrong, nested,
                     functools.partial(in_a_pool, int), lambda: sys.setprofile(None)):
        reply = Room(function, seconds=0.2, ready_made=SOFTMAX.ready_made).perform(Request("call"))
        assert everything_that_is_replaced() == before
        assert reply.value is not False


def test_what_was_there_before_is_there_again():
    def profile(*_):
        pass

    sys.setprofile(profile)
    threading.setprofile(profile)
    try:
        assert used(lambda: in_a_thread(lambda: ROWS.softmax(-1)))
        assert used(lambda: in_a_thread(int)) == ()
        assert sys.getprofile() is profile and threading.getprofile() is profile
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def test_one_watch_inside_another_ends_neither():
    def outer():
        assert used(lambda x: x + 1, ROWS) == ()
        assert used(lambda x: x.softmax(-1), ROWS)
        return torch.exp(ROWS)

    assert used(outer, names=LAYER_NORM.ready_made) == ()

    def hiding():
        used(lambda x: x + 1, ROWS)
        return functional.layer_norm(ROWS, (3,))

    assert used(hiding, names=LAYER_NORM.ready_made)


def switched_off_and_on_by_torch():
    """Then it is the watch's own mode that calls it."""
    profile = sys.getprofile()
    torch.overrides.handle_torch_function(sys.setprofile, (ROWS,), None)
    torch.overrides.handle_torch_function(sys.setprofile, (ROWS,), profile)


def profiler_lost_by_recursion():
    def deeper():
        deeper()

    with contextlib.suppress(RecursionError):
        deeper()


@pytest.mark.parametrize("switch", [
    lambda: sys.setprofile(None),
    lambda: getattr(sys, "setprofile")(lambda *_: None),
    lambda: threading.setprofile(None),
    lambda: threading.settrace(None),
    lambda: sys.settrace(None),
    switched_off_and_on_by_torch,
    lambda: in_a_thread(lambda: sys.setprofile(None)),
    lambda: setattr(threading, "_profile_hook", print) or in_a_thread(int),
    lambda: next(map(sys.setprofile, [None])),
    profiler_lost_by_recursion,
    lambda: readymade.STARTS and _thread.start_new_thread.__closure__[0].cell_contents(int, ()),
])
def test_to_switch_the_watching_off_counts_itself(switch):
    trace, threads_trace = sys.gettrace(), threading.gettrace()
    try:
        assert used(switch)
    finally:
        sys.settrace(trace)
        threading.settrace(threads_trace)
    assert sys.getprofile() is None and threading.getprofile() is None


def test_a_debugger_that_was_there_before_may_follow_the_answers_threads():
    trace, threads_trace = sys.gettrace(), threading.gettrace()
    threading.settrace(lambda *_: None)
    try:
        assert used(lambda: in_a_thread(int)) == ()
    finally:
        sys.settrace(trace)
        threading.settrace(threads_trace)


# Each leaves a function `answer` behind, as if in an earlier cell; it is called with a tensor.
MADE_BEFORE = {
    "in a pool": """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(1)
        pool.submit(int).result()
        answer = lambda x: pool.submit(work, x).result()""",
    "in a raw thread": """
        import _thread, queue
        questions, replies = queue.Queue(), queue.Queue()
        def serve():
            while True:
                replies.put(work(questions.get()))
        _thread.start_new_thread(serve, ())
        answer = lambda x: questions.put(x) or replies.get()""",
    "under a hook of its own": """
        import threading
        from concurrent.futures import ThreadPoolExecutor
        threading.setprofile(lambda *_: None)
        pool = ThreadPoolExecutor(1)
        pool.submit(int).result()
        answer = lambda x: pool.submit(work, x).result()""",
    "started by a function that was dug out": """
        import _thread, queue
        questions, replies = queue.Queue(), queue.Queue()
        def serve():
            replies.put("it runs")  # as a thread of an earlier cell does, however busy the machine is
            while True:
                replies.put(work(questions.get()))
        _thread.start_new_thread.__closure__[0].cell_contents(serve, ())
        replies.get()
        answer = lambda x: questions.put(x) or replies.get()""",
    "in a trace function": """
        import sys
        found = []
        def trace(frame, event, _):
            if frame.f_code.co_name == "question":
                found.append(work(frame.f_locals["x"]))
        sys.settrace(trace)
        def question(x): pass
        answer = lambda x: question(x) or found.pop()""",
}
WORKS = {"operator": "lambda x: x.softmax(-1)", "compiled": "lambda x: next(map(torch.softmax, [x], [-1]))",
         "step": "lambda x: torch.exp(x)"}


@pytest.mark.parametrize("made", MADE_BEFORE)
@pytest.mark.parametrize("work", WORKS)
def test_in_the_graders_process_threads_of_earlier_cells_are_heard(made, work):
    cell = "\n".join(line.removeprefix("        ") for line in MADE_BEFORE[made].splitlines())
    printed = run(f"""
import torch
from selfattention.engine.door.room import Request, Room
from selfattention.engine.guard.readymade import watch_all_threads
watch_all_threads()
watch_all_threads()
work = {WORKS[work]}
{cell}
room = Room(answer, ready_made=("softmax",))
for _ in range(3):
    reply = room.perform(Request("call", (torch.ones(2, 3),)))
    print(reply.raised, *reply.used)
import os
os._exit(0)""").splitlines()
    assert len(printed) == 3 and all(line.startswith("None") for line in printed)
    honest = work == "step" and made in ("in a pool", "in a raw thread")
    assert all((line == "None") == honest for line in printed), printed


def test_in_the_graders_process_a_class_may_not_be_hidden_in_an_earlier_cell():
    assert run("""
import torch
from selfattention.engine.door.room import Request, Room
from selfattention.engine.guard.readymade import watch_all_threads
watch_all_threads()
Real, torch.nn.TransformerEncoderLayer = torch.nn.TransformerEncoderLayer, object
print(*Room(lambda: Real(4, 1), ready_made=("encoder layer",)).perform(Request("call")).used)
""") == "torch.nn.TransformerEncoderLayer"


def test_in_the_graders_process_what_the_check_passed_is_watched_too():
    """There it only asks the other side; what it is called with is the learner's, and may do the work."""
    assert run("""
import torch
from selfattention.engine.door.room import Request, Room
from selfattention.engine.guard.readymade import watch_all_threads
watch_all_threads()
class Late(float):
    def __add__(self, other): return torch.ones(3).softmax(-1)
room = Room(lambda passed: passed(Late()) + 1, ready_made=("softmax",))
print(*room.perform(Request("call", (lambda x: x + 1,))).used)""") != ""


def test_an_endless_loop_is_stopped_under_watch():
    def endless(x):
        while True:
            pass

    assert Room(endless, seconds=0.2, ready_made=()).perform(Request("call", (1.0,))).raised.kind == "TimeLimit"


FIRST_CALL = """
import sys, torch
from selfattention.engine.guard.readymade import FAMILIES, Watch
before = set(sys.modules)
with Watch(tuple(FAMILIES)) as watch:
    torch.ones(3).softmax(-1)
print(*watch.used, *(set(sys.modules) - before))
"""


def run(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_first_call_that_is_watched_pays_for_no_import_of_ours():
    """With its compiler torch would import some 800 modules, in the time that is the learner's."""
    names = run(FIRST_CALL).split()
    assert set(names) == {"torch.Tensor.softmax", "aten::_softmax"}


@pytest.mark.parametrize("name", [name for name in NAMED if "::" not in name and not name.startswith(NOT_INSTALLED)])
def test_every_name_exists(name):
    """A name that stands for nothing would never be noticed."""
    assert found(name) is not None


@pytest.mark.parametrize("name", [name for name in NAMED if "::" in name])
def test_every_operator_exists(name):
    space, _, operator_name = name.partition("::")
    assert hasattr(getattr(torch.ops, space), operator_name)


def test_what_no_version_of_torch_has_is_no_trouble():
    names = ("torch.nothing.at.all", "torch.softmax.no.more", "aten::_nothing", "nothing", "no.such.library")
    assert used(lambda x: torch.exp(x), ROWS, names=names) == ()


def test_it_earns_nothing_and_the_card_says_why():
    answer = torch.nn.functional.scaled_dot_product_attention
    report = judge(ATTENTION, lambda: Room(lambda q, k, v: answer(q, k, v), ready_made=ATTENTION.ready_made))
    assert report.status == READY_MADE and report.earned == 0
    assert "torch.nn.functional.scaled_dot_product_attention" in report.row()["used"]
    for text in (card.as_text(report), card.as_html(report)):
        assert "scaled_dot_product_attention" in text and "ready-made" in text
    assert judge(ATTENTION, lambda: Room(lambda q, k, v: answer(q, k, v))).status in (PASSED, NOT_ATTEMPTED)
