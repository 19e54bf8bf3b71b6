"""What each layer of the sandbox stops when it stands alone, and what all of them stop together; as root and not."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from selfattention.engine.guard import sandbox
from selfattention.engine.guard.sandbox import LANDLOCK, LAYERS, LIMITS, NAMESPACES, READ_ONLY, SECCOMP, Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's own means")]

# What a process tries to do; each is true where it could.
ATTEMPTS = {
    "read a secret": "open(secret).read() == 'secret'",
    "read a hidden folder inside a library": "open(hidden).read() == 'secret'",
    "write beside scratch": "open(outside + '/written', 'w').write('x') == 1",
    "change metadata": "os.chmod(secret, 0o644) is None",
    "see the parent": "os.kill(parent, 0) is None",
    "call a port": "socket.create_connection(('127.0.0.1', port), timeout=2) is not None",
    "open a socket": "socket.socket(socket.AF_UNIX) is not None",
    "open a pair of datagram sockets": "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) is not None",
    "have a signal sent by a file": "fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid()) == 0",
    "fork": "forked()",
    "run a program": "subprocess.run(['true']).returncode == 0",
    "map much memory": "len(mmap.mmap(-1, 3 * 2**30)) > 0",
    # What every notebook needs:
    "write into scratch": "open('mine', 'w').write('x') == 1 and open('mine').read() == 'x'",
    "import a library": "len(__import__('colorsys').__name__) == 8",
    "start a thread": "threaded()",
    "write a large file": "large()",  # comes last: it may fill the scratch folder
}
NOBODY = 65534
NEEDED = {"write into scratch", "import a library", "start a thread"}

PROGRAM = """
import fcntl, json, mmap, os, socket, subprocess, sys, threading
from pathlib import Path
from selfattention.engine.guard import sandbox

told = json.loads(sys.argv[1])
globals().update({name: told[name] for name in ("secret", "hidden", "outside", "port")})
parent = os.getpid()
box = sandbox.Sandbox(Path(told["scratch"]))

def refuse(*_):
    raise OSError(1, "left out", "the test")

def forked():
    number = os.fork()
    if number == 0:
        os._exit(0)
    return os.waitpid(number, 0)[0] == number

def large():
    with open("large", "wb") as file:
        for _ in range(200):
            file.write(bytes(2**20))
    return True

def threaded():
    done = []
    thread = threading.Thread(target=done.append, args=(1,))
    thread.start(); thread.join()
    return done == [1]

if "namespaces" not in told["layers"]:
    sandbox._enter_namespaces = refuse
if "read-only files" not in told["layers"]:
    sandbox._all_read_only = refuse
if "Landlock" not in told["layers"]:
    box._draw_up = refuse
if "seccomp" not in told["layers"]:
    sandbox._processor = refuse
if "limits" not in told["layers"]:
    sandbox.Sandbox._limit = lambda self: None
library = Path(json.__file__).parents[1]
box.prepare([library, Path(told["hidden"]).parents[1]], [Path(told["hidden"]).parent])
if os.fork() == 0:
    box.part()
    if os.fork() == 0:
        box.shut()
        found = {}
        for name, code in told["attempts"].items():
            try:
                found[name] = bool(eval(code))
            except (OSError, ValueError, MemoryError, RuntimeError, ImportError, KeyError) as error:
                found[name] = False
        os.write(1, json.dumps([found, box.missing]).encode())
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()
"""


@pytest.fixture(scope="module")
def place():
    """A folder that any user can reach, as long as that holds for the temporary folder."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    for name in ("scratch/home", "outside", "library/problems"):
        (folder / name).mkdir(parents=True)
    (folder / "outside").chmod(0o777)
    (folder / "scratch" / "home").chmod(0o777)
    for name in ("outside/secret", "library/problems/hidden"):
        (folder / name).write_text("secret")
        (folder / name).chmod(0o666)
    listener = socket.create_server(("127.0.0.1", 0))
    yield {"secret": str(folder / "outside" / "secret"), "hidden": str(folder / "library" / "problems" / "hidden"),
           "outside": str(folder / "outside"), "scratch": str(folder / "scratch" / "home"),
           "port": listener.getsockname()[1]}
    listener.close()
    shutil.rmtree(folder)


def possible(place, layers, user=None):
    told = {**place, "layers": sorted(layers), "attempts": ATTEMPTS}
    done = subprocess.run([sys.executable, "-c", PROGRAM, json.dumps(told)], capture_output=True, text=True, user=user,
                          group=user, extra_groups=None if user is None else [])
    assert done.stdout, done.stderr
    found, missing = json.loads(done.stdout)
    if unwanted := missing.keys() & set(layers):
        pytest.skip(f"this machine does not grant {unwanted}: {missing}")
    return {name for name, could in found.items() if could}


def test_without_any_layer_everything_is_possible(place):
    """Or the tests below would prove nothing."""
    assert possible(place, ()) == set(ATTEMPTS)


@pytest.mark.parametrize(("layer", "stopped"), [
    (NAMESPACES, {"see the parent", "call a port", "write a large file"}),
    (LANDLOCK, {"read a secret", "read a hidden folder inside a library", "write beside scratch", "call a port",
                "run a program", "see the parent"}),
    (SECCOMP, {"open a socket", "call a port", "fork", "run a program", "change metadata", "see the parent",
               "open a pair of datagram sockets", "have a signal sent by a file"}),
    (LIMITS, {"map much memory", "write a large file"}),
])
def test_what_a_layer_stops_alone(layer, stopped, place):
    could = possible(place, {layer})
    newer = {"see the parent"} if layer == LANDLOCK else set()  # Landlock keeps signals in from Linux 6.12 on
    assert set(ATTEMPTS) - could - newer == stopped - newer


def test_a_read_only_world_stops_writing_and_metadata(place):
    could = possible(place, {NAMESPACES, READ_ONLY})
    assert {"write beside scratch", "change metadata"} & could == set()


def test_all_layers_leave_what_a_notebook_needs_and_nothing_else(place):
    assert possible(place, LAYERS) == NEEDED


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="is already somebody else")
def test_all_layers_hold_for_an_ordinary_user(place):
    folders = [os.path.dirname(sandbox.__file__), os.path.dirname(json.__file__), os.path.dirname(place["outside"])]
    program = f"import os; os.setuid({NOBODY}); [os.listdir(one) for one in {folders!r}]"
    if subprocess.run([sys.executable, "-c", program], capture_output=True).returncode:
        pytest.skip("Python, the course or the temporary folder lies where only root may read")
    assert possible(place, LAYERS, user=NOBODY) == NEEDED


def test_a_layer_that_is_missing_says_why(monkeypatch, tmp_path):
    def refused():
        raise OSError(1, "Operation not permitted", "unshare")

    monkeypatch.setattr(sandbox, "_enter_namespaces", refused)
    monkeypatch.setattr(sandbox.platform, "machine", lambda: "riscv64")
    box = Sandbox(tmp_path)
    box.prepare([], [])
    assert box.missing[NAMESPACES] == "unshare: Operation not permitted"
    assert "riscv64" in box.missing[SECCOMP] and READ_ONLY in box.missing and LIMITS not in box.missing


def test_hidden_folders_are_cut_out_of_what_may_be_read(tmp_path):
    for name in ("lib/a", "lib/course/problems", "lib/course/engine"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "lib" / "alias").symlink_to(tmp_path / "lib" / "course" / "problems")
    kept, split = sandbox._without([tmp_path / "lib"], [(tmp_path / "lib" / "course" / "problems").resolve()])
    assert {path.name for path in kept} == {"a", "engine"} and {path.name for path in split} == {"lib", "course"}


def test_the_tables_of_system_calls_agree_with_the_systems_own():
    """Where the kernel's headers are installed; newer calls than theirs are left out."""
    headers = {0: "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", 1: "/usr/include/asm-generic/unistd.h"}
    ours = {**sandbox.DENIED, **sandbox.METADATA, **sandbox.ONLY_ITSELF, "clone": sandbox.CLONE,
            "socketpair": sandbox.SOCKETPAIR,
            **{name: numbers for name, (numbers, *_) in sandbox.DENIED_VALUES.items()}}
    compared = 0
    for column, path in headers.items():
        if not os.path.exists(path):
            continue
        with open(path) as file:
            lines = [line.split() for line in file if line.startswith(("#define __NR_", "#define __NR3264_"))]
        numbers = {line[1].split("_", 3)[-1]: line[2] for line in lines if len(line) > 2 and line[2].isdigit()}
        for name, columns in ours.items():
            if name in numbers:
                compared += 1
                assert columns[column] == int(numbers[name]), name
    if not compared:
        pytest.skip("the kernel's headers are not installed")
