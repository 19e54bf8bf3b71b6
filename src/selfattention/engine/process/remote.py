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
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from selfattention.engine.door import data, frames, wire
from selfattention.engine.door.room import STILL_RUNNING, WAITED, Raised, Reply, Request
from selfattention.engine.guard import scratch
from selfattention.engine.guard.limits import Allowance, TimeLimit, limited, processor_seconds
from selfattention.engine.guard.sandbox import MEMORY_BYTES, limited_memory

WATCH_SECONDS = 0.2
GRACE_SECONDS = 2.0
ENDING_SECONDS = 1.0  # for a process whose wire has closed to be gone
SHORTEST_SECONDS = 0.02
FIRST_LOOK_SECONDS = 0.2
START_SECONDS = 120.0
CALLBACK_NUMBERS = 4096  # the most numbers a learner's function may pass to a function of the check
CALLBACK_BYTES = 2**28  # the most memory that such a call may take
CELL_CHARACTERS = 2**20
MOST_PARTS = 2000  # statements of a cell that are run one by one
SLOW = STILL_RUNNING
PROGRAM = ("import sys; sys.path[:] = filter(None, sys.path); "
           "from selfattention.engine.process.child import main; main()")
WHOLE = "the time that a whole notebook may take"
BY_ITSELF = "the process that ran your code ended by itself"
OUT_OF_TURN = "the process that ran your code spoke out of turn"
UNASKED = "the process that ran your code spoke without being asked"


@dataclass(frozen=True)
class Cell:
    """A code cell of a notebook; `answers` names the exercise it answers, or is empty.

    `given` where it stands as the course gave it: plain Python, which needs no notebook's shell.
    """

    source: str
    answers: str = ""
    given: bool = False


@dataclass(frozen=True)
class Ran:
    """What running a cell, or a statement of it, left behind: what it raised, and the exercises that are now defined.

    `functions` gives for each a number that changes with the function. Of a cell that raised, `parts` tells how many
    statements it has, and `stopped` which of them raised; -1 where that is not known.
    """

    trouble: str
    functions: dict[str, int]
    parts: int = 0
    stopped: int = -1


class ChildEnded(Exception):
    """The learner's process ended, hung or broke the rules of the wire; the message says which."""


class NoProcess(Exception):
    """No process could be started, or it ended before any of the learner's code ran; the message says why."""


class Process(Protocol):
    """A process that serves a notebook: two streams, and a way to end it that says how it ended."""

    incoming: BinaryIO
    outgoing: BinaryIO

    def used(self) -> float:
        """The processor time that it has used so far, in seconds; once it has ended, all that it used."""
        ...

    def end(self, wait: float = 0.0) -> str:
        """End it with everything it started; returns how it ended where that was of its own doing.

        Args:    wait: seconds that it has to end by itself.
        """
        ...


class Spawned:
    """A new Python process, as every system can start one; without a sandbox.

    Args:    folder: where it runs; a folder of its own, which goes away with it, where none is given.
             limited: end it when it takes more memory than a shut-in process may.
    """

    def __init__(self, folder: Path | None = None, *, limited: bool = False) -> None:
        self._own = None if folder else scratch.Folder()
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, start_new_session=True, cwd=folder or self._own.path,
            env={**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"})
        self.incoming, self.outgoing = self._process.stdout, self._process.stdin
        self._how, self._used = "", 0.0
        if limited:
            threading.Thread(target=self._watch_memory, daemon=True).start()

    def used(self) -> float:
        """The processor time that it has used so far; what it used in its last moments is not counted."""
        with contextlib.suppress(OSError):
            self._used = processor_seconds(self._process.pid)
        return self._used

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
        self.used()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._how = self._how or f"with exit status {self._process.wait(wait)}"
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)  # what it has started holds the pipe open
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            self.outgoing.close()
        if self._own is not None:
            self._own.remove()
        return self._how


class Clock:
    """What a notebook has used of its time, over all the processes that it takes to run it."""

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        self.waited = False  # a wall clock has run out: it slept, or the machine was busy
        self._began, self._spent = time.monotonic(), 0.0

    def add(self, seconds: float) -> None:
        """Count what a process used that has ended."""
        self._spent += seconds

    def left(self, process: Process | None = None) -> float:
        """Seconds of processor time that are left to it, counting a process that still runs."""
        return self.allowance.notebook - self._spent - (process.used() if process else 0.0)

    @property
    def due(self) -> float:
        """When, on `time.monotonic`, the wall clock behind it has run out."""
        return self._began + self.allowance.wall

    def is_over(self) -> bool:
        """Whether one of the two has run out."""
        late = time.monotonic() > self.due
        self.waited |= late
        return late or self.left() <= 0


class _Turn:
    """The time that one question may take."""

    def __init__(self, process: Process, clock: Clock, seconds: float) -> None:
        self._process, self._clock, self._seconds = process, clock, seconds
        self._began, self._before, self._free = time.monotonic(), process.used(), 0.0

    def give(self, free: float) -> None:
        """Let it import for so many seconds, free of charge."""
        self._free = free

    @property
    def due(self) -> float:
        """When, on `time.monotonic`, the wall clock has run out."""
        return min(self._clock.due, self._began + GRACE_SECONDS
                   + (self._seconds + self._free) * self._clock.allowance.patience)

    def note(self) -> None:
        """Note where the wall clock has run out, and not the processor time."""
        late = time.monotonic() - self._began >= self._seconds * self._clock.allowance.patience
        self._clock.waited |= late and self._process.used() - self._before < self._seconds

    def left(self) -> float:
        """Seconds until it is worth looking again.

        Raises:  ChildEnded: its time is up.
        """
        now = time.monotonic()
        most = self._seconds + self._free + GRACE_SECONDS
        computing, waiting = self._before + most - self._process.used(), self.due - now
        whole = self._clock.left(self._process)
        if whole <= 0 or now >= self._clock.due:
            self._clock.waited |= whole > 0
            raise ChildEnded(f"{SLOW} {WHOLE}, so it was stopped")
        if computing <= 0:
            raise ChildEnded(f"{SLOW} {self._seconds:g} seconds, so it was stopped")
        if waiting <= 0:
            self._clock.waited = True
            raise ChildEnded(f"{SLOW} {WAITED}, so it was stopped")
        return max(SHORTEST_SECONDS, min(computing, waiting, whole))


class Child:
    """A process that runs a notebook's cells and answers requests to the functions they define.

    Args:    names: the functions to look for. clock: of the whole notebook, with what it may take.
    """

    def __init__(self, process: Process, names: list[str], clock: Clock | None = None) -> None:
        self._process, self._names, self._clock = process, names, clock or Clock(Allowance())
        self._allowance = self._clock.allowance
        self._frames: queue.Queue = queue.Queue(maxsize=1)  # so that a flood of frames waits outside
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.ended = ""
        self._closed = False
        self._fresh, self._asked, self._free = True, 0, self._allowance.imports
        self._functions: dict[str, int] = {}
        with contextlib.suppress(ChildEnded):
            self._send(wire.pack({"names": names, "cell": self._allowance.cell, "call": self._allowance.call,
                                  "imports": self._allowance.imports, "patience": self._allowance.patience}))

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> str:
        """End the process; returns how it ended where that was of its own doing."""
        how = self._process.end(ENDING_SECONDS if self.ended == BY_ITSELF else 0.0)
        if not self._closed:
            self._clock.add(self._process.used())
        self._closed = True
        self.ended = self.ended or "closed"
        until = time.monotonic() + ENDING_SECONDS
        while self._listener.is_alive() and time.monotonic() < until:
            with contextlib.suppress(queue.Empty):
                self._frames.get(timeout=0.01)
        return how

    def run(self, cell: Cell, part: int | None = None) -> Ran:
        """Run a cell, or one of its statements.

        Args:    part: which of the statements at the top of the cell; -1 runs none, and only counts them.
        Raises:  ChildEnded: the cell ended the process, or had to be stopped with it.
        """
        if len(cell.source) > CELL_CHARACTERS:
            return Ran(f"TooLarge: the cell has {len(cell.source)} characters, at most {CELL_CHARACTERS} are run",
                       self._functions)
        seconds = self._allowance.cell + START_SECONDS * self._fresh
        answer = self.ask("ran", {"run": {"source": cell.source, "part": part, "given": cell.given}}, {}, seconds)
        self._fresh = False
        self._functions = {name: number for name, number in answer["functions"].items() if name in self._names}
        return Ran(answer["trouble"], self._functions, min(answer["parts"], MOST_PARTS), answer["stopped"])

    def open(self, name: str, ready_made: tuple[str, ...] = ()) -> "RemoteRoom":
        """A fresh door to the function `name` as it is now."""
        return RemoteRoom(self, name, self._allowance.call, ready_made)

    def ask(self, kind: str, question: dict, functions: dict[int, Callable], seconds: float) -> dict:
        """Send a question and return the answer, a frame of that kind; calls back to `functions` are served in between.

        Raises:  ChildEnded: the process ended, hung, or sent something else.
        """
        if self.ended:
            raise ChildEnded(self.ended)
        try:
            with contextlib.suppress(queue.Empty):
                early = self._frames.get_nowait()
                raise early if isinstance(early, ChildEnded) else ChildEnded(UNASKED)
            return self._exchange(kind, question, functions, seconds)
        except ChildEnded as error:
            self.ended = str(error)
            how = self.close()
            self.ended += f" ({how})" if how else ""
            raise ChildEnded(self.ended) from None

    def _exchange(self, kind: str, question: dict, functions: dict[int, Callable], seconds: float) -> dict:
        turn = _Turn(self._process, self._clock, seconds)
        turn.left()  # many quick answers never come to the look below
        calls, watchdog = _Calls(functions, self._allowance.call), None
        try:
            self._asked += 1
            frame = wire.pack({**question, "number": self._asked})
            if len(frame) > wire.SMALL_BYTES:  # else it fits into the pipe
                watchdog = self._watchdog(seconds)
            self._send(frame)
            while True:
                answer = self._receive(turn, kind, "callback", "importing")
                if "importing" in answer:
                    turn.give(self._free)
                    continue
                if "callback" not in answer:
                    turn.note()
                    return answer
                watchdog = watchdog or self._watchdog(seconds)
                self._send(wire.pack(calls.serve(answer)))
        except wire.BadFrame as error:
            raise ChildEnded(f"it was asked too much ({error})") from None
        finally:
            if watchdog:
                watchdog.cancel()

    def _watchdog(self, seconds: float) -> threading.Timer:
        """Ends a process that does not read what it is sent, and would keep us waiting for ever."""
        wall = (seconds + self._allowance.imports) * self._allowance.patience + GRACE_SECONDS
        wall = min(wall, max(0.0, self._clock.due - time.monotonic()), threading.TIMEOUT_MAX)
        watchdog = threading.Timer(wall, self._process.end)
        watchdog.daemon = True
        watchdog.start()
        return watchdog

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

    def _send(self, frame: bytes) -> None:
        try:
            self._process.outgoing.write(frame)
            self._process.outgoing.flush()
        except (OSError, ValueError):
            raise ChildEnded(BY_ITSELF) from None

    def _receive(self, turn: _Turn, *kinds: str) -> dict:
        frame, pause = None, FIRST_LOOK_SECONDS  # most answers come before one needs to ask what they took
        while frame is None:
            try:
                frame = self._frames.get(timeout=pause)
            except queue.Empty:
                pause = min(turn.left(), threading.TIMEOUT_MAX)
        if isinstance(frame, ChildEnded):
            raise frame
        try:
            answer = frames.checked(frame, *kinds)
        except frames.WrongFrame as error:
            raise ChildEnded(f"the process that ran your code sent something unexpected ({error})") from None
        if answer["number"] != self._asked:  # it was written by somebody else than our own code over there
            raise ChildEnded(OUT_OF_TURN)
        self._free = min(self._free, max(0.0, self._allowance.imports - answer["imported"]))
        return answer


class _Calls:
    """Calls functions of the check for the child, with what the child sent, within narrow limits.

    Args:    seconds: of processor time, for all calls that one answer makes.
    """

    def __init__(self, functions: dict[int, Callable], seconds: float) -> None:
        self._functions, self._left = functions, seconds

    def serve(self, asked: dict) -> dict:
        """What the function gives, or why it failed."""
        began = time.process_time()
        try:
            args, kwargs, slope = asked["args"], asked["kwargs"], asked["slope"]
            if data.numbers_in((args, kwargs, slope)) > CALLBACK_NUMBERS:
                raise ValueError(f"called with more than {CALLBACK_NUMBERS} numbers")
            function = self._functions[asked["callback"]]
            if slope is not None:
                function = functools.partial(_slopes, function, slope)
            with limited_memory(CALLBACK_BYTES):
                return {"value": data.plain(limited(max(self._left, 0.01), function, *args, **kwargs))}
        except TimeLimit:
            return {"failed": "TimeLimit: it took too long"}
        except MemoryError:
            return {"failed": "MemoryError: it took too much memory"}
        except Exception as error:
            return {"failed": f"{type(error).__name__}: {error}"[:frames.LONGEST_PRINT]}
        finally:
            self._left -= time.process_time() - began


def _slopes(function: Callable, slope: Any, *args: Any, **kwargs: Any) -> list:
    """The gradients of sum(function(…) * slope) by each tensor of decimal numbers among the arguments."""
    import torch

    leaves = [arg.requires_grad_() if data.is_tensor(arg) and arg.is_floating_point() else arg for arg in args]
    wanted = [leaf for leaf in leaves if data.is_tensor(leaf) and leaf.requires_grad]
    output = function(*(leaf.clone() if data.is_tensor(leaf) else leaf for leaf in leaves), **kwargs)
    if not output.requires_grad:
        return [torch.zeros_like(leaf) for leaf in wanted]
    return list(torch.autograd.grad(output, wanted, slope, materialize_grads=True))


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
                self._child.ask("opened", self._opening, {}, self._seconds)
                self._is_open = True
            answer = self._child.ask("reply", question, functions, self._seconds)
        except ChildEnded as error:
            kind = "TimeLimit" if str(error).startswith(SLOW) else "ProcessEnded"
            return Reply(raised=Raised(kind, str(error)))
        raised = answer["raised"] and Raised(**answer["raised"])
        if raised is None and not frames.answers(request.verb, answer["value"]):
            raised = Raised("ProcessEnded", "the process that ran your code sent a wrong reply")
        return Reply(answer["value"], raised, tuple(answer["mutated"]), answer["printed"], tuple(answer["used"]))
