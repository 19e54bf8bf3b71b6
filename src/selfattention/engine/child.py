"""The process behind the door: runs a notebook's cells, answers requests, and knows no answers.

It speaks `wire` frames with the other side, which sends it one cell after another, and in between the questions of
the checks. Run as `python -m selfattention.engine.child` it speaks on standard input and output, which the learner's
own prints and reads cannot reach; `forkserver.py` starts it from a warm process instead.
"""

import ast
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from types import CodeType
from typing import Any, BinaryIO

from selfattention.engine import data, wire
from selfattention.engine.door import Raised, Reply, Request, Room, describe
from selfattention.engine.limits import limited

MOST_THREADS = 16  # that a cell may leave running
TOO_MANY_THREADS = 3  # exit status
NO_PROGRAMS = "no other programs are run here"


def main() -> None:
    """Serve one notebook on standard input and output until the other side closes."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    silence()
    serve(incoming, outgoing, new_shell())


def silence() -> None:
    """Nothing that is printed or read from here on reaches the standard streams this process was given."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)


def new_shell() -> Any:
    """IPython's shell as a notebook has it, without history, tracebacks on the screen, and other programs."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "NoColor"
    shell = InteractiveShell.instance(config=settings)
    shell.showtraceback = shell.showsyntaxerror = shell.showindentationerror = shell.enable_gui = _nothing
    shell.system = shell.system_raw = shell.system_piped = lambda *_, **__: print(NO_PROGRAMS)
    shell.getoutput = lambda *_, **__: [NO_PROGRAMS]
    course = sys.modules["selfattention"]
    course.check = course.hint = _nothing
    return shell


def _nothing(*_: Any, **__: Any) -> None:
    """Takes the place of what must do nothing here, such as the check cells: the checks run on the other side."""


def serve(incoming: BinaryIO, outgoing: BinaryIO, shell: Any) -> None:
    """Do what the other side asks, one thing after another, until it closes.

    It begins with `{"names", "cell_seconds", "call_seconds"}`: the exercises' functions, and what may take how long.
    Then come cells to run, functions to open, and requests to the function that was opened last. Each has a number,
    which comes back with all that answers it.
    """
    start = wire.read(incoming)
    notebook = _Notebook(shell, start["names"], start["cell_seconds"])
    room: Room | None = None
    while True:
        try:
            question = wire.read(incoming)
        except EOFError:
            return
        number = question["number"]
        if "run" in question:
            wire.write(outgoing, {**notebook.run(**question["run"]), "number": number})
        elif "open" in question:
            room = Room(shell.user_ns[question["open"]], start["call_seconds"], tuple(question["ready_made"]))
            wire.write(outgoing, {"number": number})
        else:
            args = tuple(_callback(arg.number, number, incoming, outgoing) if isinstance(arg, data.Handle) else arg
                         for arg in question["args"])
            reply = room.perform(Request(question["verb"], args, question["kwargs"], question["target"]))
            try:
                wire.write(outgoing, {**_as_data(reply), "number": number}, wire.ANSWER_TEXT_BYTES)
            except wire.BadFrame as error:
                reply = Reply(raised=Raised("TooLarge", f"it returned too much: {error}"))
                wire.write(outgoing, {**_as_data(reply), "number": number})


def _as_data(reply: Reply) -> dict:
    return {"value": reply.value, "raised": asdict(reply.raised) if reply.raised else None,
            "mutated": list(reply.mutated), "printed": reply.printed, "used": list(reply.used)}


def _callback(function: int, number: int, incoming: BinaryIO, outgoing: BinaryIO) -> Callable:
    """Stands in for a function that the check passed: it is called where the check is."""
    def call(*args: Any, **kwargs: Any) -> Any:
        wire.write(outgoing, {"callback": function, "number": number, "args": data.plain(args),
                              "kwargs": data.plain(kwargs)})
        answer = wire.read(incoming)
        if "failed" in answer:
            raise ValueError(answer["failed"])
        return answer["value"]

    return call


class _Notebook:
    """The cells that have been run so far, and the functions they have left behind."""

    def __init__(self, shell: Any, names: list[str], seconds: float) -> None:
        self._shell, self._names, self._seconds = shell, names, seconds
        self._alive: list[Any] = []  # so that no two functions ever have the same id

    def run(self, source: str, answers: str) -> dict:
        """Run a cell. One that raises does not stop the next.

        Returns: `trouble`: what it raised; `functions`: of the exercises that are defined now, an identity of the
                 function, and one of the function together with everything global that it uses.
        """
        before = {name: self._shell.user_ns.get(name) for name in self._names}
        trouble = ""
        try:
            result = limited(self._seconds, self._shell.run_cell, source, store_history=False)
            error = result.error_before_exec or result.error_in_exec
        except BaseException as outer:
            error = outer
        if threading.active_count() > MOST_THREADS:
            os._exit(TOO_MANY_THREADS)  # or later cells, which may be right, could start none
        if error is not None:
            trouble = str(describe(error, self._seconds))
            self._define(source, before)
        return {"trouble": trouble, "functions": self._functions()}

    def _define(self, source: str, before: dict) -> None:
        """Of a cell that raised before it came to define its function, run the definitions alone."""
        with contextlib.suppress(Exception):
            text = self._shell.transform_cell(source)
            nodes = [node for node in ast.parse(text).body
                     if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom))]
            late = {getattr(node, "name", "") for node in nodes} & set(self._names)
            if any(self._shell.user_ns.get(name) is before[name] for name in late):
                filename = self._shell.compile.cache(text, 0, source)
                for node in nodes:
                    with contextlib.suppress(Exception):
                        code = compile(ast.Module([node], []), filename, "exec")
                        limited(self._seconds, exec, code, self._shell.user_ns)

    def _functions(self) -> dict[str, list[int]]:
        found = {name: self._shell.user_ns.get(name) for name in self._names}
        found = {name: value for name, value in found.items() if callable(value)}
        self._alive += found.values()
        return {name: [id(value), hash(tuple(self._reach(value, {})))] for name, value in found.items()}

    def _reach(self, value: Any, seen: dict[int, Any]) -> dict[int, Any]:
        """Everything global that a function uses, directly or through other functions of the notebook."""
        if id(value) not in seen:
            seen[id(value)] = value
            code = getattr(value, "__code__", None)
            if isinstance(code, CodeType):
                for name in _names_in(code) & self._shell.user_ns.keys():
                    self._reach(self._shell.user_ns[name], seen)
        return seen


def _names_in(code: CodeType) -> set[str]:
    return set(code.co_names).union(*(_names_in(part) for part in code.co_consts if isinstance(part, CodeType)))


if __name__ == "__main__":
    main()
