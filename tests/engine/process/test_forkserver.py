"""The warm server: every notebook starts from the same state; whatever dies is noticed and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from selfattention.engine.door.room import Request
from selfattention.engine.guard import scratch
from selfattention.engine.process import forkserver
from selfattention.engine.process.forkserver import ForkServer, NoServer
from selfattention.engine.process.remote import Cell, Child, ChildEnded

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")]


@pytest.fixture(scope="module")
def server():
    with ForkServer(modules=["torch"]) as made:
        yield made


def below(pid):
    return psutil.Process(pid).children(recursive=True)


def until_none_is_below(pid, seconds=10.0):
    end = time.monotonic() + seconds
    while below(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return below(pid)


def test_a_notebook_begins_where_every_other_began(server):
    for _ in range(2):
        with Child(server.start(), ["answer"]) as child:
            ran = child.run(Cell("assert 'kept' not in globals()\nkept = 1\nopen('file', 'x').close()\n"
                                 "import os\ndef answer(): return sorted(os.listdir('.'))"))
            assert ran.trouble == ""
            assert child.open("answer").perform(Request("call")).value == ["file"]


def test_magics_and_top_level_await_work(server):
    source = ("%time value = 3\n%matplotlib inline\nimport asyncio\nawait asyncio.sleep(0)\n"
              "listed = !ls\ndef answer(): return value")
    with Child(server.start(), ["answer"]) as child:
        assert child.run(Cell(source)).trouble == ""
        assert child.open("answer").perform(Request("call")).value == 3


def test_torch_runs_in_one_thread_and_gives_the_same(server):
    source = "import torch\ndef answer(x): return torch.get_num_threads(), torch.from_numpy(x) @ torch.from_numpy(x).T"
    x = np.random.default_rng(0).normal(size=(300, 300))
    with Child(server.start(), ["answer"]) as child:
        child.run(Cell(source))
        threads, product = child.open("answer").perform(Request("call", (x,))).value
    assert threads == 1 and np.allclose(product.numpy(), x @ x.T)


def test_it_is_told_how_a_process_ended(server):
    for source, how in (("import os; os._exit(7)", "exit status 7"), ("import ctypes; ctypes.string_at(0)", "SIGSEGV")):
        with Child(server.start(), []) as child, pytest.raises(ChildEnded, match=how):
            child.run(Cell(source))
    assert until_none_is_below(server.pid) == []


def test_what_it_cost_is_known(server):
    process = server.start()
    with Child(process, []) as child:
        child.run(Cell("sum(range(3_000_000)); much = bytearray(50_000_000)"))
    assert 0.01 < process.cpu_seconds < 10 and 50e6 < process.peak_bytes < 2e9


def test_letting_go_ends_the_process(server):
    process = server.start()
    child = Child(process, [])
    child.run(Cell("1"))
    assert below(server.pid)
    child.close()
    assert until_none_is_below(server.pid) == []


def test_a_server_that_is_killed_is_noticed_and_takes_everything_with_it():
    made = ForkServer()
    child = Child(made.start(), [])
    child.run(Cell("1"))
    family = below(made.pid)
    os.kill(made.pid, signal.SIGKILL)
    with pytest.raises(NoServer, match="gone"):
        made.start()
    child.close()
    assert not psutil.wait_procs(family, timeout=10)[1]
    made.close()


def test_a_server_that_does_not_start_leaves_nothing_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(forkserver.sys, "executable", "/bin/false")
    before = psutil.Process().children()
    with pytest.raises(NoServer, match="it ended") as caught:
        ForkServer()
    assert psutil.Process().children() == before and list(tmp_path.iterdir()) == [], caught


def test_nothing_survives_a_grader_that_is_killed(tmp_path):
    """Also not a learner's process in an endless loop; its scratch folder does, until somebody makes another."""
    program = ("import sys, time\nfrom selfattention.engine.process.forkserver import ForkServer\n"
               "from selfattention.engine.guard.limits import Allowance\n"
               "from selfattention.engine.process.remote import Cell, Child, Clock\nserver = ForkServer()\n"
               "child = Child(server.start(), [], Clock(Allowance(cell=600)))\nchild.run(Cell('1'))\n"
               "print('ready', flush=True)\nchild.run(Cell('while True: pass'))")
    grader = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE,
                              env={**os.environ, "TMPDIR": str(tmp_path)})
    assert grader.stdout.readline() == b"ready\n"
    family = below(grader.pid)
    assert len(family) >= 3
    grader.kill()
    grader.wait()
    assert not psutil.wait_procs(family, timeout=20)[1]
    assert len(list(tmp_path.iterdir())) == 1
    subprocess.run([sys.executable, "-c", "from selfattention.engine.guard.scratch import Folder; Folder().remove()"],
                   env={**os.environ, "TMPDIR": str(tmp_path)}, check=True)
    assert not list(tmp_path.iterdir())


def test_the_server_knows_no_exercise_and_nothing_of_the_graders_environment(monkeypatch):
    monkeypatch.setenv("A_SECRET_TOKEN", "secret")
    source = ("import os, sys\ndef answer(): return [sorted(n for n in sys.modules if n.startswith('selfattention')),"
              " 'A_SECRET_TOKEN' in os.environ]")
    with ForkServer() as made, Child(made.start(), ["answer"]) as child:
        child.run(Cell(source))
        modules, seen = child.open("answer").perform(Request("call")).value
    assert not seen
    assert not any(part in name for name in modules for part in ("problems", "judging", "diagnosis", "course"))


def test_hundreds_of_notebooks_leak_nothing(server):
    def start():
        with Child(server.start(), []) as child:
            child.run(Cell("1"))

    start()
    open_before, threads_before = psutil.Process().num_fds(), psutil.Process().num_threads()
    server_before = psutil.Process(server.pid).num_fds()
    for _ in range(100):
        start()
    assert psutil.Process().num_fds() <= open_before and psutil.Process().num_threads() <= threads_before
    assert psutil.Process(server.pid).num_fds() <= server_before
    assert until_none_is_below(server.pid) == []
