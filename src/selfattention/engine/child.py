"""The process behind the door: runs a notebook's cells, answers requests, and knows no answers.

It speaks `wire` frames with the other side, which sends it one cell after another, and in between the questions of
the checks. Run as `python -m selfattention.engine.child` it speaks on standard input and output, which the learner's
own prints and reads cannot reach; `forkserver.py` starts it from a warm process instead.
"""

import ast
import contextlib
import functools
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, BinaryIO

from selfattention.engine import data, wire
from selfattention.engine.door import Raised, Reply, Request, Room, describe
from selfattention.engine.limits import limited

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
    """Stands in for a function that the check passed: it is called where the check is. Gradients pass through it."""
    def ask(kwargs: dict, args: tuple, slope: Any = None) -> Any:
        asked = {"callback": function, "number": number, "args": data.plain(args), "kwargs": data.plain(kwargs)}
        wire.write(outgoing, asked if slope is None else {**asked, "slope": data.plain(slope)})
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

    def run(self, source: str) -> dict:
        """Run a cell. One that raises does not stop the next.

        Returns: `trouble`: what it raised; `functions`: of the exercises that are defined now, a number that changes
                 with the function.
        """
        before = self._defined()
        trouble = ""
        try:
            result = limited(self._seconds, self._shell.run_cell, source, store_history=False)
            error = result.error_before_exec or result.error_in_exec
        except BaseException as outer:
            error = outer
        if error is not None:
            trouble = str(describe(error, self._seconds))
            self._run_the_rest(source, before)
        found = self._defined()
        self._alive += found.values()
        return {"trouble": trouble, "functions": {name: id(value) for name, value in found.items()}}

    def _defined(self) -> dict[str, Callable]:
        found = {name: self._shell.user_ns.get(name) for name in self._names}
        return {name: value for name, value in found.items() if callable(value)}

    def _run_the_rest(self, source: str, before: dict[str, Callable]) -> None:
        """Of a cell that raised before it came to define its function, run the statements one by one."""
        with contextlib.suppress(Exception):
            text = self._shell.transform_cell(source)
            nodes = ast.parse(text).body
            wanted = {name for name in self._names for node in nodes if name in _binds(node)}
            if any(self._shell.user_ns.get(name) is before.get(name) for name in wanted):
                filename = self._shell.compile.cache(text, 0, source)
                for node in nodes:
                    with contextlib.suppress(Exception, SystemExit):
                        code = compile(ast.Module([node], []), filename, "exec")
                        limited(self._seconds, exec, code, self._shell.user_ns)


def _binds(node: ast.stmt) -> set[str]:
    """The names that a statement defines at the top of a cell."""
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {getattr(node, "name", "")}


if __name__ == "__main__":
    main()
