"""The process behind the door: runs a notebook's cells, answers requests, and knows no answers.

It speaks `wire` frames with the other side, which sends it one cell after another, and in between the questions of
the checks. Run as `python -m selfattention.engine.process.child` it speaks on standard input and output, which the
learner's own prints and reads cannot reach; `forkserver.py` starts it from a warm process instead.
"""

import ast
import asyncio
import contextlib
import functools
import inspect
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, BinaryIO

from selfattention.engine.door import data, wire
from selfattention.engine.door.frames import LONGEST_PRINT
from selfattention.engine.door.room import Reply, Request, Room, describe
from selfattention.engine.guard import limits, readymade
from selfattention.engine.guard.limits import limited

PARENT_SECONDS = 1.0
# Lines above a cell that run all of it in the notebook and tell what it raised; with them it is one statement.
CELL_MAGICS = re.compile(r"(\s*%%(time|prun)\b[^\n]*\n)+")
NO_PROGRAMS = "no other programs are run here"


def main() -> None:
    """Serve one notebook on standard input and output until the other side closes."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    silence()
    serve(incoming, outgoing, new_shell())


def _end_with(parent: int) -> None:
    """End this process when the one that started it has ended, also in the middle of a cell."""
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
    os._exit(1)


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
    course.check = course.hint = course.progress = _nothing
    return shell


def _nothing(*_: Any, **__: Any) -> None:
    """Takes the place of what must do nothing here, such as the check cells: the checks run on the other side."""


def serve(incoming: BinaryIO, outgoing: BinaryIO, shell: Any) -> None:
    """Do what the other side asks, one thing after another, until it closes.

    It begins with `{"names", "cell", "call", "imports", "patience"}`: the exercises' functions, and what may take how
    long. Then come cells to run, functions to open, and requests to the function that was opened last. Each has a
    number, which comes back with all that answers it; `frames.py` has the fields.
    """
    start = wire.read(incoming)
    about = {"number": 0}
    limits.set_bounds(start["patience"], start["imports"], lambda: _answer(outgoing, about | {"importing": True}))
    limits.start_watching()
    readymade.watch_all_threads()
    sys.path.insert(0, "")  # as in Jupyter: a module that a cell has written can be imported
    notebook = _Notebook(shell, start["names"], start["cell"])
    room: Room | None = None
    while True:
        try:
            question = wire.read(incoming)
        except EOFError:
            return
        about["number"] = question["number"]
        if "run" in question:
            _answer(outgoing, about | notebook.run(**question["run"]))
            _CourseIsClosed.install()  # the first cell is the set-up, which imports what answers may use of it
        elif "open" in question:
            room = Room(shell.user_ns[question["open"]], start["call"], tuple(question["ready_made"]))
            _answer(outgoing, about)
        else:
            args = tuple(_callback(arg.number, about, incoming, outgoing) if isinstance(arg, data.Handle) else arg
                         for arg in question["args"])
            reply = room.perform(Request(question["verb"], args, question["kwargs"], question["target"]))
            _answer(outgoing, about | _as_data(reply))


def _answer(outgoing: BinaryIO, fields: dict) -> None:
    wire.write(outgoing, fields | {"imported": limits.imported_seconds()})


def _as_data(reply: Reply) -> dict:
    return {"value": reply.value, "raised": asdict(reply.raised) if reply.raised else None,
            "mutated": list(reply.mutated), "printed": reply.printed, "used": list(reply.used)}


class _CourseIsClosed:
    """Finds the course's own modules, and says that they are not for answers; what is loaded already stays."""

    @classmethod
    def install(cls) -> None:
        """Be asked first, from now on."""
        if cls not in sys.meta_path:
            sys.meta_path.insert(0, cls)

    @staticmethod
    def find_spec(name: str, *_: Any) -> None:
        if name.startswith("selfattention."):
            raise ModuleNotFoundError(f"{name} is not here: what you hand in must do without the course's own code",
                                      name=name)


def _callback(function: int, about: dict, incoming: BinaryIO, outgoing: BinaryIO) -> Callable:
    """Stands in for a function that the check passed: it is called where the check is. Gradients pass through it."""
    def ask(kwargs: dict, args: tuple, slope: Any = None) -> Any:
        asked = {name: data.plain(value) for name, value in (("args", args), ("kwargs", kwargs), ("slope", slope))}
        for value in asked.values():
            if isinstance(value, data.Foreign):
                raise ValueError(f"called with {value.type_name}")
        _answer(outgoing, about | asked | {"callback": function})
        answer = wire.read(incoming)
        if "failed" in answer:
            raise ValueError(answer["failed"])
        return answer["value"]

    def call(*args: Any, **kwargs: Any) -> Any:
        if any(data.is_tensor(arg) and arg.is_floating_point() for arg in args):
            return _with_gradients()(functools.partial(ask, kwargs), *args)
        return ask(kwargs, args)

    return call


@functools.cache
def _with_gradients() -> Callable:
    """Calls `ask` as a function of torch's own kind, which `backward`, `autograd.grad` and `torch.func` understand."""
    import torch

    def one_by_one(function: type, info: Any, in_dims: tuple, *args: Any) -> list:
        return [function.apply(*(arg if dim is None else arg.select(dim, row) for arg, dim in zip(args, in_dims)))
                for row in range(info.batch_size)]

    class Slopes(torch.autograd.Function):
        """What sum(output * slope) gives as gradients; these have no gradients of their own."""

        @staticmethod
        def forward(ask: Callable, slope: Any, *args: Any) -> tuple:
            return tuple(ask(args, slope))

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
            pass

        @staticmethod
        def vmap(info: Any, in_dims: tuple, *args: Any) -> tuple:
            rows = one_by_one(Slopes, info, in_dims, *args)
            return tuple(map(torch.stack, zip(*rows))), (0,) * len(rows[0])

    class Called(torch.autograd.Function):
        @staticmethod
        def forward(ask: Callable, *args: Any) -> Any:
            return ask(args)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple, output: Any) -> None:
            ctx.ask, *others = inputs
            ctx.others = [None if data.is_tensor(arg) else arg for arg in others]
            ctx.save_for_backward(*(arg for arg in others if data.is_tensor(arg)))

        @staticmethod
        def backward(ctx: Any, slope: Any) -> tuple:
            tensors = iter(ctx.saved_tensors)
            args = [next(tensors) if arg is None else arg for arg in ctx.others]
            found = iter(Slopes.apply(ctx.ask, slope, *args))
            return None, *(next(found) if data.is_tensor(arg) and arg.is_floating_point() else None
                           for arg in args)

        @staticmethod
        def vmap(info: Any, in_dims: tuple, *args: Any) -> tuple:
            return torch.stack(one_by_one(Called, info, in_dims, *args)), 0

    return Called.apply


class _Notebook:
    """The cells that have been run so far, and the functions they have left behind."""

    def __init__(self, shell: Any, names: list[str], seconds: float) -> None:
        self._shell, self._names, self._seconds = shell, names, seconds
        self._alive: list[Any] = []  # so that no two functions ever have the same id
        self._parts: tuple[str, list[ast.stmt], str] = ("", [], "")

    def run(self, source: str, part: int | None = None, given: bool = False) -> dict:
        """Run a cell, or one of its statements. What raises does not stop what comes next.

        Args:    part: which statement at the top of the cell; -1 runs none. given: it is the course's own.
        Returns: `trouble`: what it raised; `functions`: of the exercises that are defined now, a number that changes
                 with the function; `parts`: how many statements the cell has, and `stopped`: which one of them raised.
        """
        error, stopped = None, -1
        try:
            if given:
                limited(self._seconds, exec, source, self._shell.user_ns)
            elif part is None:
                result = limited(self._seconds, self._shell.run_cell, source, store_history=False)
                error = result.error_before_exec or result.error_in_exec
            elif part >= 0:
                limited(self._seconds, self._run_part, source, part)
        except BaseException as outer:
            error = outer
        nodes = self._statements(source)[0] if error is not None or part is not None else []
        if error is not None:
            stopped = self._stopped(error, nodes)
        found = {name: self._shell.user_ns.get(name) for name in self._names}
        found = {name: value for name, value in found.items() if callable(value)}
        self._alive += found.values()
        return {"trouble": str(describe(error, self._seconds))[:LONGEST_PRINT] if error is not None else "",
                "functions": {name: id(value) for name, value in found.items()}, "parts": len(nodes),
                "stopped": stopped}

    def _statements(self, source: str) -> tuple[list[ast.stmt], str]:
        """The statements of a cell, and the name of the file that stands for it; none where it has a syntax error."""
        if self._parts[0] != source:
            nodes, name = [], ""
            with contextlib.suppress(Exception):
                text = self._shell.transform_cell(CELL_MAGICS.sub("", source))
                nodes, name = ast.parse(text).body, self._shell.compile.cache(text, 0, source)
            self._parts = (source, nodes, name)
        return self._parts[1:]

    def _run_part(self, source: str, part: int) -> None:
        nodes, name = self._statements(source)
        if part < len(nodes):
            code = compile(ast.Module([nodes[part]], []), name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            waiting = eval(code, self._shell.user_ns)
            if inspect.iscoroutine(waiting):
                asyncio.run(waiting)

    def _stopped(self, error: BaseException, nodes: list[ast.stmt]) -> int:
        """Which statement of its cell raised this; -1 where none was run, or that cannot be told."""
        if CELL_MAGICS.match(self._parts[0]):
            return -1
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_locals is not self._shell.user_ns:
            trace = trace.tb_next
        line = trace.tb_lineno if trace is not None else 0
        return next((number for number, node in enumerate(nodes) if node.lineno <= line <= node.end_lineno), -1)


if __name__ == "__main__":
    main()
