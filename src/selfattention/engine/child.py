"""The process behind the door: runs a notebook's cells, then answers requests, and knows no answers.

Run as `python -m selfattention.engine.child`; it speaks `wire` frames on its standard input and output,
which the learner's own prints and reads cannot reach.
"""

import linecache
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from types import ModuleType
from typing import Any, BinaryIO

from selfattention.engine import data, wire
from selfattention.engine.door import Reply, Request, Room, describe
from selfattention.engine.limits import limited


def main() -> None:
    """Serve one notebook until the other side closes."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    course = sys.modules["selfattention"]
    course.check = course.hint = _no_check
    start = wire.read(incoming)
    functions, troubles = _run_cells(start["cells"], start["cell_seconds"])
    wire.write(outgoing, {"troubles": troubles, "defined": sorted(functions)})
    room: Room | None = None
    while True:
        try:
            question = wire.read(incoming)
        except EOFError:
            return
        if "open" in question:
            room = Room(functions[question["open"]], start["call_seconds"])
            wire.write(outgoing, {})
            continue
        args = tuple(_callback(arg.number, incoming, outgoing) if isinstance(arg, data.Handle) else arg
                     for arg in question["args"])
        reply = room.perform(Request(question["verb"], args, question["kwargs"], question["target"]))
        wire.write(outgoing, _as_data(reply))


def _no_check(*_: Any, **__: Any) -> None:
    """Check cells do nothing here: the checks run on the other side."""


def _as_data(reply: Reply) -> dict:
    return {"value": reply.value, "raised": asdict(reply.raised) if reply.raised else None,
            "mutated": list(reply.mutated), "printed": reply.printed}


def _callback(number: int, incoming: BinaryIO, outgoing: BinaryIO) -> Callable:
    """Stands in for a function that the check passed: it is called where the check is."""
    def call(*args: Any, **kwargs: Any) -> Any:
        wire.write(outgoing, {"callback": number, "args": data.plain(args), "kwargs": data.plain(kwargs)})
        answer = wire.read(incoming)
        if "failed" in answer:
            raise ValueError(answer["failed"])
        return answer["value"]

    return call


def _run_cells(cells: list[dict], seconds: float) -> tuple[dict[str, Callable], dict[str, str]]:
    """Run each cell; one that raises does not stop the next.

    Returns: the functions by name (an answer cell's as it stood when that cell had run), and for each
             answer cell that raised, and under "" for the first other one, what it raised.
    """
    from IPython.core.inputtransformer2 import TransformerManager

    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    namespace = vars(module)
    namespace.update(get_ipython=_Shell, display=_no_check)
    answers: dict[str, Callable] = {}
    troubles: dict[str, str] = {}
    for number, cell in enumerate(cells, start=1):
        name, filename = cell["answers"], f"<cell {number}>"
        before = namespace.get(name)
        try:
            source = TransformerManager().transform_cell(cell["source"])
            linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
            limited(seconds, exec, compile(source, filename, "exec"), namespace)
        except BaseException as error:
            troubles.setdefault(name, str(describe(error, seconds)))
        if name and callable(namespace.get(name)) and namespace[name] is not before:
            answers[name] = namespace[name]
    defined = {name: value for name, value in namespace.items() if callable(value) and not name.startswith("_")}
    return {**defined, **answers}, troubles


class _Shell:
    """Takes the place of IPython's shell: magics and `!` lines do nothing here."""

    def __getattr__(self, _: str) -> Callable:
        return _no_check


if __name__ == "__main__":
    main()
