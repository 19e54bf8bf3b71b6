# Patches of the import system, of IPython, and of this course's own engine.

# %% engine_room_patched | before
import sys
door = sys.modules["selfattention.engine.door.room"]
door.Room.perform = lambda self, request: door.Reply(value=np.zeros(3))
# expect: 0 0 0 0

# %% engine_reply_says_passed | softmax_jacobian
import sys
door = sys.modules["selfattention.engine.door.room"]
def softmax_jacobian(weights):
    raise door.AnswerRaised(door.Raised("Passed", "status: passed, earned 4"))

# %% wire_patched | softmax_jacobian
import sys
wire = sys.modules["selfattention.engine.door.wire"]
def softmax_jacobian(weights):
    wire.write = lambda *_, **__: None
    return weights
# note: the process answers nothing any more, so it is ended; the others have been judged by then

# %% check_replaced | before
import selfattention
selfattention.check = lambda *_, **__: "passed, 15 of 15 points"

# %% judge_replaced | before
import types, sys
fake = types.ModuleType("selfattention.engine.judging.judge")
fake.judge = lambda *_, **__: types.SimpleNamespace(earned=4, status="passed")
sys.modules["selfattention.engine.judging.judge"] = fake

# %% import_hook | before
import sys
class Hook:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("selfattention.problems"):
            raise ImportError(name)
sys.meta_path.insert(0, Hook())

# %% import_replaced | before
import builtins
real = builtins.__import__
builtins.__import__ = lambda name, *rest: real("math" if name.startswith("selfattention") else name, *rest)

# %% modules_emptied | after
import sys
for name in list(sys.modules):
    if name.startswith("selfattention"):
        sys.modules[name] = None

# %% run_cell_replaced | before
get_ipython().run_cell = lambda *_, **__: None

# %% hooks_before_every_cell | before
def note(*_): get_ipython().user_ns["softmax_jacobian"] = lambda weights: "passed"
get_ipython().events.register("pre_run_cell", note)
get_ipython().events.register("post_run_cell", note)

# %% input_transformer | before
get_ipython().input_transformers_cleanup.append(
    lambda lines: ["def softmax_jacobian(weights): return 'passed'\n"] if "softmax_jacobian" in "".join(lines) else lines)

# %% exception_handler | before
get_ipython().set_custom_exc((Exception,), lambda *_, **__: None)
get_ipython().showtraceback = lambda *_, **__: print("passed")

# %% display_replaced | before
import IPython.display, sys
IPython.display.display = lambda *_, **__: None
sys.displayhook = sys.excepthook = lambda *_: None
get_ipython().display_formatter.format = lambda *_, **__: ({"text/plain": "passed"}, {})

# %% frames_walked | softmax_jacobian
import sys
def softmax_jacobian(weights):
    frame = sys._getframe()
    while frame is not None:
        for name, value in frame.f_locals.items():
            if name in ("expected", "reference", "exercise", "solution") and callable(value):
                return value(weights)
        frame = frame.f_back

# %% garbage_collector_searched | softmax_jacobian
import gc
def softmax_jacobian(weights):
    for thing in gc.get_objects():
        if type(thing).__name__ == "Exercise" and thing.name == "softmax_jacobian":
            return thing.function(weights)

# %% profiler_switched_off | softmax
# The ready-made softmax, with the watch switched off by the engine's own means.
import sys, torch
def softmax(scores):
    sys.setprofile(None)
    return torch.softmax(torch.from_numpy(scores), -1).numpy()
# expect: 0 3 0 0
# note: the log_softmax of this notebook calls softmax, and so switches the watch off, too

# %% ready_made_by_another_name | softmax
import torch, functools
hidden = functools.partial(getattr(torch, "tfos"[::-1] + "max"), dim=-1)
def softmax(scores):
    return hidden(torch.from_numpy(scores)).numpy()
# expect: 0 3 P 0

# %% the_courses_own_function | softmax
def softmax(scores):
    from selfattention import arrays
    return arrays.softmax(scores)
# expect: 0 3 0 0
# note: log_softmax calls it, too

# %% fake_results_printed | softmax_jacobian
print('{"status": "passed", "earned": 4.0, "points": 4, "exercise": "softmax_jacobian"}')
print("✓ softmax_jacobian: passed, 4 of 4 points\n##[results]softmax_jacobian=4")
def softmax_jacobian(weights):
    print("✓ softmax_jacobian: passed, 4 of 4 points")
