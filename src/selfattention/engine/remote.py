"""The other side of the door in a process of its own: the learner's code runs there, the checks run here.

The child is given the source of the notebook's cells and the questions of the checks. It holds no
reference, no check and no known mistake, and what it sends back is read as plain data only.
"""

import contextlib
import functools
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from selfattention.engine import data, wire
from selfattention.engine.door import CALL_SECONDS, PRINTED_CHARACTERS, Raised, Reply, Request
from selfattention.engine.limits import TimeLimit, limited
from selfattention.engine.sandbox import MEMORY_BYTES

WATCH_SECONDS = 0.2
GRACE_SECONDS = 2.0
ENDING_SECONDS = 1.0  # for a process whose wire has closed to be gone
CELL_SECONDS = 60.0
START_SECONDS = 120.0
CALLBACK_NUMBERS = 4096  # the most numbers a learner's function may pass to a function of the check
CELL_CHARACTERS = 2**20
SLOW = "still running after"
BY_ITSELF = "the process that ran your code ended by itself"
OUT_OF_TURN = "the process that ran your code spoke out of turn"
UNASKED = "the process that ran your code spoke without being asked"


@dataclass(frozen=True)
class Cell:
    """A code cell of a notebook; `answers` names the exercise it answers, or is empty."""

    source: str
    answers: str = ""


@dataclass(frozen=True)
class Ran:
    """What running a cell left behind: what it raised, and the exercises that are now defined.

    `functions` gives for each a number that changes with the function.
    """

    trouble: str
    functions: dict[str, int]


class ChildEnded(Exception):
    """The learner's process ended, hung or broke the rules of the wire; the message says which."""


class NoProcess(Exception):
    """No process could be started, or it ended before any of the learner's code ran; the message says why."""


class Process(Protocol):
    """A process that serves a notebook: two streams, and a way to end it that says how it ended."""

    incoming: BinaryIO
    outgoing: BinaryIO

    def end(self, wait: float = 0.0) -> str:
        """End it with everything it started; returns how it ended where that was of its own doing.

        Args:    wait: seconds that it has to end by itself.
        """
        ...


class Spawned:
    """A new Python process, as every system can start one; without a sandbox.

    Args:    limited: end it when it takes more memory than a shut-in process may.
    """

    def __init__(self, *, limited: bool = False) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "selfattention.engine.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", "PYTHONSAFEPATH": "1"})
        self.incoming, self.outgoing = self._process.stdout, self._process.stdin
        self._how = ""
        if limited:
            threading.Thread(target=self._watch_memory, daemon=True).start()

    def _watch_memory(self) -> None:
        import psutil

        with contextlib.suppress(psutil.Error):
            watched = psutil.Process(self._process.pid)
            while watched.memory_info().rss <= MEMORY_BYTES:
                time.sleep(WATCH_SECONDS)
            self._how = f"it took more than {MEMORY_BYTES / 2**30:g} GB of memory"
            watched.kill()

    def end(self, wait: float = 0.0) -> str:
        """Kill it, unless it ends by itself before."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._how = self._how or f"with exit status {self._process.wait(wait)}"
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)  # what it has started holds the pipe open
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            self.outgoing.close()
        return self._how


class Child:
    """A process that runs a notebook's cells and answers requests to the functions they define.

    Args:    names: the functions to look for. deadline: when, on `time.monotonic`, the whole notebook's time is up.
    """

    def __init__(self, process: Process, names: list[str], *, call_seconds: float = CALL_SECONDS,
                 cell_seconds: float = CELL_SECONDS, deadline: float = float("inf")) -> None:
        self._process, self._names, self._deadline = process, names, deadline
        self._call_seconds, self._cell_seconds = call_seconds, cell_seconds
        self._frames: queue.Queue = queue.Queue(maxsize=1)  # so that a flood of frames waits outside
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.ended = ""
        self._fresh, self._asked = True, 0
        self._functions: dict[str, int] = {}
        with contextlib.suppress(ChildEnded):
            self._send({"names": names, "cell_seconds": cell_seconds, "call_seconds": call_seconds})

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> str:
        """End the process; returns how it ended where that was of its own doing."""
        how = self._process.end(ENDING_SECONDS if self.ended == BY_ITSELF else 0.0)
        self.ended = self.ended or "closed"
        until = time.monotonic() + ENDING_SECONDS
        while self._listener.is_alive() and time.monotonic() < until:
            with contextlib.suppress(queue.Empty):
                self._frames.get(timeout=0.01)
        return how

    def run(self, cell: Cell) -> Ran:
        """Run a cell.

        Raises:  ChildEnded: the cell ended the process, or had to be stopped with it.
        """
        if len(cell.source) > CELL_CHARACTERS:
            return Ran(f"TooLarge: the cell has {len(cell.source)} characters, at most {CELL_CHARACTERS} are run",
                       self._functions)
        seconds = self._cell_seconds + START_SECONDS * self._fresh
        answer = self.ask({"run": {"source": cell.source}}, {}, seconds)
        self._fresh = False
        try:
            self._functions = {name: int(identity) for name, identity in dict(answer["functions"]).items()
                               if name in self._names}
            return Ran(_text(answer["trouble"], PRINTED_CHARACTERS), self._functions)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise self._broken() from None

    def open(self, name: str, ready_made: tuple[str, ...] = ()) -> "RemoteRoom":
        """A fresh door to the function `name` as it is now."""
        return RemoteRoom(self, name, self._call_seconds, ready_made)

    def ask(self, question: dict, functions: dict[int, Callable], seconds: float) -> dict:
        """Send a question and return the answer; calls back to `functions` are served in between."""
        if self.ended:
            raise ChildEnded(self.ended)
        try:
            with contextlib.suppress(queue.Empty):
                early = self._frames.get_nowait()
                raise early if isinstance(early, ChildEnded) else ChildEnded(UNASKED)
            return self._exchange(question, functions, seconds)
        except ChildEnded as error:
            self.ended = str(error)
            how = self.close()
            self.ended += f" ({how})" if how else ""
            raise ChildEnded(self.ended) from None

    def _exchange(self, question: dict, functions: dict[int, Callable], seconds: float) -> dict:
        until = min(time.monotonic() + seconds + GRACE_SECONDS, self._deadline)
        # A child that does not read what it is sent would make this wait for ever: it is killed when its time is up.
        watchdog = threading.Timer(max(0.0, until - time.monotonic()), self._process.end)
        watchdog.daemon = True
        try:
            self._asked += 1
            if self._send({**question, "number": self._asked}) > wire.SMALL_BYTES:  # else it fits into the pipe
                watchdog.start()
            while True:
                answer = self._receive(until, seconds)
                if "callback" not in answer:
                    return answer
                if watchdog.ident is None:
                    watchdog.start()
                self._send(_call_back(answer, functions, min(self._call_seconds, until - time.monotonic())))
        finally:
            watchdog.cancel()

    def _listen(self) -> None:
        try:
            while True:
                self._frames.put(wire.read(self._process.incoming, wire.ANSWER_BYTES, wire.ANSWER_TEXT_BYTES))
        except (EOFError, OSError, ValueError):
            self._frames.put(ChildEnded(BY_ITSELF))
        except Exception as error:  # a frame that cannot be read, for whatever reason
            self._frames.put(ChildEnded(f"the process that ran your code sent something unreadable ({error})"))
        finally:
            with contextlib.suppress(OSError):
                self._process.incoming.close()

    def _send(self, value: dict) -> int:
        """Send a frame; returns its bytes."""
        try:
            frame = wire.pack(value)
            self._process.outgoing.write(frame)
            self._process.outgoing.flush()
        except (OSError, ValueError, wire.BadFrame):
            raise ChildEnded(BY_ITSELF) from None
        return len(frame)

    def _receive(self, until: float, seconds: float) -> dict:
        try:
            frame = self._frames.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            if until >= self._deadline:
                raise ChildEnded(f"{SLOW} the time that a whole notebook may take, so it was stopped") from None
            raise ChildEnded(f"{SLOW} {seconds:g} seconds, so it was stopped") from None
        if isinstance(frame, ChildEnded):
            raise frame
        if not isinstance(frame, dict):
            raise self._broken()
        if frame.get("number") != self._asked:  # it was written by somebody else than our own code over there
            raise ChildEnded(OUT_OF_TURN)
        return frame

    @staticmethod
    def _broken() -> ChildEnded:
        return ChildEnded("the process that ran your code sent something unexpected")


def _call_back(asked: dict, functions: dict[int, Callable], seconds: float) -> dict:
    """Call a function of the check for the child, with what the child sent, within narrow limits."""
    try:
        args, kwargs = tuple(asked["args"]), dict(asked["kwargs"])
        if data.numbers_in((args, kwargs, asked.get("slope"))) > CALLBACK_NUMBERS:
            raise ValueError(f"called with more than {CALLBACK_NUMBERS} numbers")
        function = functions[asked["callback"]]
        if "slope" in asked:
            function = functools.partial(_slopes, function, asked["slope"])
        return {"value": data.plain(limited(max(seconds, 0.01), function, *args, **kwargs))}
    except TimeLimit:
        return {"failed": "TimeLimit: it took too long"}
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}"}


def _slopes(function: Callable, slope: Any, *args: Any, **kwargs: Any) -> list:
    """The gradients of sum(function(…) * slope) by each tensor of decimal numbers among the arguments."""
    import torch

    leaves = [arg.requires_grad_() if data.is_tensor(arg) and arg.is_floating_point() else arg for arg in args]
    wanted = [leaf for leaf in leaves if data.is_tensor(leaf) and leaf.requires_grad]
    output = function(*(leaf.clone() if data.is_tensor(leaf) else leaf for leaf in leaves), **kwargs)
    if not output.requires_grad:
        return [torch.zeros_like(leaf) for leaf in wanted]
    return list(torch.autograd.grad(output, wanted, slope, materialize_grads=True))


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text was expected, not {type(value).__name__}")
    return value[:longest]


def _reply(answer: dict) -> Reply:
    """A reply from a frame.

    Raises:  KeyError, TypeError, ValueError: a field is missing or of the wrong type.
    """
    raised = answer["raised"]
    if raised is not None:
        texts = {name: _text(raised[name], PRINTED_CHARACTERS) for name in ("kind", "message", "source", "advice")}
        raised = Raised(**texts, line=None if raised["line"] is None else int(raised["line"]))
    names = [tuple(_text(name, 200) for name in list(answer[field])[:100]) for field in ("mutated", "used")]
    return Reply(answer["value"], raised, names[0], _text(answer["printed"], PRINTED_CHARACTERS), names[1])


class RemoteRoom:
    """Performs requests in a child process."""

    def __init__(self, child: Child, name: str, seconds: float, ready_made: tuple[str, ...]) -> None:
        self._child, self._seconds, self._is_open = child, seconds, False
        self._opening = {"open": name, "ready_made": list(ready_made)}

    def perform(self, request: Request) -> Reply:
        """Ask the child; whatever goes wrong there becomes an exception of the learner's in the reply."""
        functions = {number: arg for number, arg in enumerate(request.args) if callable(arg)}
        args = tuple(data.Handle(number) if number in functions else arg for number, arg in enumerate(request.args))
        question = {"verb": request.verb, "args": args, "kwargs": request.kwargs, "target": request.target}
        try:
            if not self._is_open:
                self._child.ask(self._opening, {}, self._seconds)
                self._is_open = True
            return _reply(self._child.ask(question, functions, self._seconds))
        except ChildEnded as error:
            kind = "TimeLimit" if str(error).startswith(SLOW) else "ProcessEnded"
            return Reply(raised=Raised(kind, str(error)))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            return Reply(raised=Raised("ProcessEnded", "the process that ran your code sent a wrong reply "
                                       f"({type(error).__name__})"))
