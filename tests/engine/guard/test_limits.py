"""What is limited is processor time: sleeping, a busy machine and first imports cost nothing, for a while."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from selfattention.engine.door.room import Request, Room
from selfattention.engine.guard import limits
from selfattention.engine.guard.limits import Allowance, TimeLimit, limited, processor_seconds, set_bounds
from selfattention.engine.process.remote import Cell, Child, Clock, Spawned

UNIX = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs signals that stop a process")


@pytest.fixture
def bounds():
    yield set_bounds
    set_bounds(limits.PATIENCE, limits.IMPORT_SECONDS)


def spin(seconds=float("inf")):
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass


def slow_module(folder, name, body):
    (folder / f"{name}.py").write_text(textwrap.dedent(body))
    sys.path.insert(0, str(folder))
    return name


@pytest.fixture
def modules(tmp_path):
    before = sys.path[:]
    yield tmp_path
    sys.path[:] = before


def test_computing_is_limited_and_sleeping_is_not():
    assert limited(0.3, time.sleep, 1.0) is None
    with pytest.raises(TimeLimit) as ended:
        limited(0.3, spin)
    assert not ended.value.waited


def test_a_sleeper_has_its_limit_too(bounds):
    bounds(2.0, 1.0)

    def sleeps():
        while True:
            time.sleep(0.01)

    with pytest.raises(TimeLimit) as ended:
        limited(0.3, sleeps)
    assert ended.value.waited
    told = Room(sleeps, seconds=0.3).perform(Request("call")).raised
    assert told.kind == "TimeLimit" and "slept" in told.message and "sleep" in told.advice


def test_a_first_import_is_not_charged(modules):
    name = slow_module(modules, "slow_to_import", """
        import time
        began = time.process_time()
        while time.process_time() - began < 1.0:
            pass
        """)
    assert limited(0.4, __import__, name).__name__ == name
    assert limits.imported_seconds() >= 1.0
    assert limits.importlib._bootstrap._find_and_load is limits.LOAD


def test_an_import_that_never_ends_is_stopped(modules, bounds):
    name = slow_module(modules, "never_imported", "while True: pass")
    bounds(limits.PATIENCE, limits.imported_seconds() + 0.5)
    with pytest.raises(TimeLimit):
        limited(0.2, __import__, name)


def test_what_another_process_computed_is_known():
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(1.0)
        first = processor_seconds(process.pid)
        time.sleep(1.0)
        assert 0 < first < processor_seconds(process.pid)
    finally:
        process.kill()
        process.wait()
    with pytest.raises(OSError):
        processor_seconds(process.pid)


def child_for(source, **allowed):
    child = Child(Spawned(), ["answer"], Clock(Allowance(**allowed)))
    child.run(Cell(textwrap.dedent(source), "answer"))
    return child


@UNIX
def test_a_process_that_is_kept_from_running_loses_nothing():
    """Stopped for twice its time: it has not used any of it."""
    with child_for("def answer(): return sum(range(10**6))", call=1.0) as child:
        process = child._process._process.pid
        os.kill(process, signal.SIGSTOP)
        threading.Timer(2.5, os.kill, (process, signal.SIGCONT)).start()
        reply = child.open("answer").perform(Request("call"))
    assert reply.value == sum(range(10**6)) and not child._clock.waited


@UNIX
def test_where_it_is_kept_for_very_long_the_clock_says_so():
    clock = Clock(Allowance(call=0.5, patience=2.0, imports=0.5))
    with Child(Spawned(), ["answer"], clock) as child:
        child.run(Cell("def answer(): return 1", "answer"))
        os.kill(child._process._process.pid, signal.SIGSTOP)
        reply = child.open("answer").perform(Request("call"))
    assert reply.raised.kind == "TimeLimit" and clock.waited


@pytest.mark.parametrize("body", ["while True: pass", "time.sleep(600)", "sum(repeat(1))",
                                  "while True:\n        try:\n            spin()\n        except BaseException: pass"])
def test_endless_loops_and_sleepers_end_in_bounded_time(body):
    source = f"""
import time
from itertools import repeat
def spin():
    while True: pass
def answer():
    {body}
"""
    clock = Clock(Allowance(call=0.5, imports=0.5, patience=4.0))
    began = time.monotonic()
    with Child(Spawned(), ["answer"], clock) as child:
        child.run(Cell(source, "answer"))
        reply = child.open("answer").perform(Request("call"))
    assert reply.raised.kind == "TimeLimit"
    assert clock.waited == ("sleep" in body) or time.monotonic() - began > 20  # a busy machine may wait, too


def test_the_whole_notebook_has_its_time_over_all_its_processes():
    clock = Clock(Allowance(notebook=3.0))
    for _ in range(2):
        with Child(Spawned(), [], clock) as child:
            assert child.run(Cell("import time\nwhile time.process_time() < 1: pass")).trouble == ""
    assert clock.left() <= 1.0
    with Child(Spawned(), [], clock) as child:
        try:
            trouble = child.run(Cell("while True: pass")).trouble
        except Exception as error:
            trouble = str(error)
    assert "whole notebook" in trouble and clock.is_over()
