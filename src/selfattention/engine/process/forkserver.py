"""A warm process that gives every notebook a fresh fork of itself, shut in by `sandbox.py` (Linux).

The server imports NumPy and IPython once, torch and matplotlib where notebooks need them, and never an exercise. It is
started with an
environment of its own, so nothing of the grader's is in it. For every notebook it forks twice:

    grader ──── server ──── keeper ──── learner's process
              (namespaces)  (waits)     (alone in its process namespace: when it ends, all in it end)

The keeper ends the learner's process as soon as the grader lets go of the *leash*, a socket between the two, or ends
itself; and it tells over the leash how the learner's process ended.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from selfattention.engine.guard import readymade, scratch
from selfattention.engine.guard.limits import processor_seconds
from selfattention.engine.guard.sandbox import LAYERS, LIMITS, Sandbox, keep_to_itself
from selfattention.engine.process import child
from selfattention.engine.process.remote import NoProcess

READY_SECONDS = 600.0  # a busy machine may take its time
END_SECONDS = 120.0
MESSAGE_BYTES = 2**16
WARM = ("numpy", "jaxtyping", "selfattention")
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MPLBACKEND": "agg",
               "MALLOC_ARENA_MAX": "2", "LANG": "C.UTF-8", "PYTHONUTF8": "1", "USER": "learner", "LOGNAME": "learner",
               "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"}
SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/share", "/lib", "/lib64", "/usr/local/lib", "/etc/ld.so.cache",
          "/etc/localtime", "/etc/fonts")


class NoServer(NoProcess):
    """The server did not start, or is gone; the message says why."""


class ForkServer:
    """Starts processes that serve notebooks. `missing` says which layers of the sandbox are not there, and why.

    Args:    hidden: folders and files that no learner's code may read. shut_in: False leaves all layers but the limits
             out. modules: what notebooks will import, beside `WARM`. warm: False imports nothing ahead.
    """

    def __init__(self, hidden: Iterable[Path] = (), *, shut_in: bool = True, modules: Iterable[str] = (),
                 warm: bool = True) -> None:
        if not sys.platform.startswith("linux"):
            raise NoServer(f"there is no fork server on {sys.platform}")
        self._folder = scratch.Folder()
        ours, theirs = socket.socketpair()
        self._control = ours
        self.modules = frozenset(modules)
        home, fonts = self._folder.path / "scratch" / "home", self._folder.path / "matplotlib"
        home.mkdir(parents=True)
        fonts.mkdir()
        settings = {"home": str(home), "hidden": [str(path) for path in hidden], "shut_in": shut_in,
                    "modules": sorted(self.modules), "warm": warm}
        program = "from selfattention.engine.process.forkserver import serve; serve()"
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", program, json.dumps(settings)],
                stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self._folder.path,
                start_new_session=True,
                env={**ENVIRONMENT, "HOME": str(home), "TMPDIR": str(home), "MPLCONFIGDIR": str(fonts),
                     "PYTHONPATH": os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry),
                     **{name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}})
        self._control.settimeout(READY_SECONDS)
        try:
            self.missing: dict[str, str] = self._hear()
        except NoServer:
            self.close()
            raise
        self.layers = [layer for layer in LAYERS if layer not in self.missing]

    def __enter__(self) -> "ForkServer":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    def start(self) -> "Forked":
        """A fresh process for one notebook.

        Raises:  NoServer: the server is gone.
        """
        wire, leash = socket.socketpair(), socket.socketpair()
        try:
            socket.send_fds(self._control, [b"fork"], [wire[1].fileno(), leash[1].fileno()])
            self._hear()
        except OSError as error:
            raise NoServer(f"the process that runs notebooks is gone ({error})") from None
        finally:
            wire[1].close()
            leash[1].close()
        return Forked(wire[0], leash[0])

    def close(self) -> None:
        """End the server, and with it whatever it started."""
        self._control.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stderr.close()
        self._folder.remove()

    def _hear(self) -> Any:
        try:
            message = self._control.recv(MESSAGE_BYTES)
            if message:
                return json.loads(message)
            why = "it ended: " + self._process.stderr.read().decode(errors="replace")[-1000:].strip()
        except OSError as error:
            why = str(error)
        raise NoServer(f"the process that runs notebooks is gone ({why})")


class Forked:
    """One notebook's process, seen from the grader."""

    def __init__(self, wire: socket.socket, leash: socket.socket) -> None:
        self._wire, self._leash, self._told = wire, leash, leash.makefile("rb")
        self.incoming, self.outgoing = wire.makefile("rb"), wire.makefile("wb")
        self.cpu_seconds = 0.0
        self.peak_bytes = 0
        self._heard: dict = {}
        self._how: str | None = None
        self._ending = threading.Lock()  # a watchdog may end it while we do

    def used(self) -> float:
        """The processor time that it has used so far; once it has ended, all that it used."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            if self._how is None:
                self.cpu_seconds = processor_seconds(self.pid)
        return self.cpu_seconds

    @property
    def pid(self) -> int:
        """The learner's process, as its keeper told.

        Raises:  OSError, ValueError, KeyError: it could not be started.
        """
        if not self._heard:
            self._leash.settimeout(END_SECONDS)
            self._heard = json.loads(self._told.readline(MESSAGE_BYTES))
        return self._heard["pid"]

    def end(self, wait: float = 0.0) -> str:
        """End it with everything it started; returns how it ended where that was of its own doing.

        Args:    wait: seconds that it has to end by itself.
        """
        with self._ending:
            return self._end(wait)

    def _end(self, wait: float) -> str:
        if self._how is None:
            self._how = ""
            with contextlib.suppress(OSError, ValueError, KeyError):
                if self.pid and not select.select([self._leash], [], [], wait)[0]:
                    self._leash.shutdown(socket.SHUT_WR)
                self._leash.settimeout(END_SECONDS)
                self._heard = json.loads(self._told.readline(MESSAGE_BYTES))
            self._how = self._heard.get("how", "")
            self.cpu_seconds = self._heard.get("cpu_seconds", self.cpu_seconds)
            self.peak_bytes = self._heard.get("peak_bytes", 0)
            with contextlib.suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)  # wakes whoever still reads
            for stream in (self._told, self._leash, self.incoming, self.outgoing, self._wire):
                with contextlib.suppress(OSError, ValueError):
                    stream.close()
        return self._how


def serve() -> None:
    """Be the server: get ready, then fork whenever asked, until the other side closes."""
    settings = json.loads(sys.argv[1])
    control = socket.socket(fileno=os.dup(0))
    sys.argv = sys.orig_argv[:] = [""]
    os.environ.pop("PYTHONPATH", None)
    sys.path = [entry for entry in sys.path if entry]
    shell = _warm_up(settings["modules"]) if settings["warm"] else None
    sandbox = Sandbox(Path(settings["home"]))
    if settings["shut_in"]:
        sandbox.prepare(_readable(), [Path(path) for path in settings["hidden"]])
    else:
        sandbox.missing = {layer: "switched off" for layer in LAYERS if layer != LIMITS}
    keep_to_itself()
    if len(os.listdir("/proc/self/task")) != 1:
        sys.exit("a library has started threads, so this process cannot be forked safely")
    signal.signal(signal.SIGCHLD, _reap)
    gc.freeze()  # or a fork would copy every object's page as soon as its garbage is collected
    child.silence()
    control.send(json.dumps(sandbox.missing).encode())
    while True:
        message, sockets, *_ = socket.recv_fds(control, MESSAGE_BYTES, 2)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _keep(sandbox, shell, *map(_own, sockets))
        for number in sockets:
            os.close(number)
        control.send(b"{}")


def _reap(*_: Any) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _own(number: int) -> socket.socket:
    return socket.socket(fileno=number)


def _warm_up(modules: list[str]) -> Any:
    for name in [*WARM, *modules]:
        _import(name)
    shell = child.new_shell()
    shell.run_cell("None", store_history=False)  # the first cell is slower than all that follow
    readymade.get_ready()
    return shell


def _import(name: str) -> None:
    with contextlib.suppress(Exception):  # a notebook that needs it will be told
        module = __import__(name)
        if name == "torch":
            module.set_num_threads(1)


def _readable() -> list[Path]:
    """The interpreter, its libraries, and what every program needs."""
    paths = {*SYSTEM, sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, *sys.path,
             *os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep), os.environ["MPLCONFIGDIR"]}
    return [Path(path) for path in paths if path not in ("", "/") and Path(path).exists()]


def _keep(sandbox: Sandbox, shell: Any, wire: socket.socket, leash: socket.socket) -> None:
    """Be the keeper: start the learner's process, wait for its end or for the leash to be let go, and tell."""
    ended = False
    try:
        signal.signal(signal.SIGCHLD, lambda *_: None)
        waker, wakes = socket.socketpair()
        wakes.setblocking(False)
        signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
        sandbox.clear()
        sandbox.part()
        process = os.fork()
        if process == 0:
            _learn(sandbox, shell, wire, [leash, waker, wakes])
        wire.close()
        _tell(leash, pid=process)
        while not ended:
            ready, *_ = select.select([leash, waker], [], [])
            if leash in ready:
                os.kill(process, signal.SIGKILL)
            elif os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                waker.recv(4096)
                continue
            _, status, usage = os.wait4(process, 0)
            ended = True
        _tell(leash, how="" if leash in ready else _how(status), cpu_seconds=usage.ru_utime + usage.ru_stime,
              peak_bytes=usage.ru_maxrss * 1024)
    except OSError as error:
        with contextlib.suppress(OSError):
            _tell(leash, how=f"it could not be started: {error}", cpu_seconds=0.0, peak_bytes=0)
    finally:
        os._exit(0)


def _tell(leash: socket.socket, **facts: Any) -> None:
    leash.send(json.dumps(facts).encode() + b"\n")


def _how(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"by signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"with exit status {os.WEXITSTATUS(status)}"


def _learn(sandbox: Sandbox, shell: Any, wire: socket.socket, others: list[socket.socket]) -> None:
    """Be the learner's process: shut in, then serve the notebook."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for other in others:
            other.close()
        sandbox.shut()
        incoming, outgoing = wire.makefile("rb"), wire.makefile("wb")
        child.serve(incoming, outgoing, shell)
    except BaseException:
        os._exit(1)
    os._exit(0)
