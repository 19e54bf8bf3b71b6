"""The other side of the door in a process of its own: the learner's code runs there, the checks run here.

The child is given the source of the notebook's cells and the questions of the checks. It holds no
reference, no check and no known mistake, and what it sends back is read as plain data only.
"""

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from selfattention.engine import data, wire
from selfattention.engine.door import CALL_SECONDS, Raised, Reply, Request

GRACE_SECONDS = 5.0
CELL_SECONDS = 60.0
LOAD_SECONDS = 180.0
SLOW = "still running after"


@dataclass(frozen=True)
class Cell:
    """A code cell of a notebook; `answers` names the exercise it answers, or is empty."""

    source: str
    answers: str = ""


class ChildEnded(Exception):
    """The learner's process ended, hung or broke the rules of the wire; the message says which."""


class Child:
    """A process that has run a notebook's cells and answers requests to the functions they define."""

    def __init__(self, cells: list[Cell], *, call_seconds: float = CALL_SECONDS,
                 cell_seconds: float = CELL_SECONDS, load_seconds: float = LOAD_SECONDS) -> None:
        self._call_seconds = call_seconds
        self._process = subprocess.Popen(
            [sys.executable, "-m", "selfattention.engine.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"})
        self._frames: queue.Queue = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self._send({"cells": [asdict(cell) for cell in cells], "cell_seconds": cell_seconds,
                    "call_seconds": call_seconds})
        self.ended = ""
        try:
            loaded = self._receive(load_seconds)
        except ChildEnded as error:
            self.close()
            loaded = {"troubles": {"": str(error)}, "defined": []}
        self.troubles: dict[str, str] = loaded["troubles"]
        self.defined: list[str] = loaded["defined"]

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                stream.close()

    def open(self, name: str) -> "RemoteRoom":
        """A fresh door to the function `name`, which must be among `defined`."""
        return RemoteRoom(self, name, self._call_seconds)

    def ask(self, question: dict, functions: dict[int, Callable], seconds: float) -> dict:
        """Send a question and return the answer; calls back to `functions` are served in between."""
        if self.ended:
            raise ChildEnded(self.ended)
        try:
            return self._exchange(question, functions, seconds)
        except ChildEnded as error:
            self.ended = str(error)
            self.close()
            raise

    def _exchange(self, question: dict, functions: dict[int, Callable], seconds: float) -> dict:
        self._send(question)
        while True:
            answer = self._receive(seconds + GRACE_SECONDS)
            if "callback" not in answer:
                return answer
            try:
                value = data.plain(functions[answer["callback"]](*answer["args"], **answer["kwargs"]))
                self._send({"value": value})
            except Exception as error:
                self._send({"failed": f"{type(error).__name__}: {error}"})

    def _listen(self) -> None:
        try:
            while True:
                self._frames.put(wire.read(self._process.stdout))
        except (EOFError, OSError, ValueError):
            self._frames.put(ChildEnded("the process that ran your code ended by itself"))
        except wire.BadFrame as error:
            self._frames.put(ChildEnded(f"the process that ran your code sent something unreadable ({error})"))

    def _send(self, value: dict) -> None:
        try:
            wire.write(self._process.stdin, value)
        except OSError:
            raise ChildEnded("the process that ran your code ended by itself") from None

    def _receive(self, seconds: float) -> dict:
        try:
            frame = self._frames.get(timeout=seconds)
        except queue.Empty:
            raise ChildEnded(f"{SLOW} {seconds:g} seconds, so it was stopped") from None
        if isinstance(frame, ChildEnded):
            raise frame
        if not isinstance(frame, dict):
            raise ChildEnded("the process that ran your code sent something unexpected")
        return frame


class RemoteRoom:
    """Performs requests in a child process."""

    def __init__(self, child: Child, name: str, seconds: float) -> None:
        self._child, self._name, self._seconds, self._open = child, name, seconds, False

    def perform(self, request: Request) -> Reply:
        """Ask the child; whatever goes wrong there becomes an exception of the learner's in the reply."""
        functions = {number: arg for number, arg in enumerate(request.args) if callable(arg)}
        args = tuple(data.Handle(number) if number in functions else arg for number, arg in enumerate(request.args))
        question = {"verb": request.verb, "args": args, "kwargs": request.kwargs, "target": request.target}
        try:
            if not self._open:
                self._child.ask({"open": self._name}, {}, self._seconds)
                self._open = True
            answer = self._child.ask(question, functions, self._seconds)
            raised = Raised(**answer["raised"]) if answer["raised"] else None
            return Reply(answer["value"], raised, tuple(answer["mutated"]), str(answer["printed"])[:2000])
        except ChildEnded as error:
            kind = "TimeLimit" if str(error).startswith(SLOW) else "ProcessEnded"
            return Reply(raised=Raised(kind, str(error)))
        except (KeyError, TypeError) as error:
            return Reply(raised=Raised("ProcessEnded", f"the process that ran your code sent a wrong reply ({error})"))
