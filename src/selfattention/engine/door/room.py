"""The door between a check and an answer.

A check never touches the learner's function. It holds an `Answer` and asks; the answer's `Room` does
what is asked and replies with plain data. The room may be in this process (the notebook) or in another
one (`remote.py`): both perform the same requests, so both run the same checks.
"""

import builtins
import contextlib
import difflib
import io
import linecache
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from selfattention.engine.door import data
from selfattention.engine.door.frames import LONGEST_LINE, LONGEST_PRINT
from selfattention.engine.guard.limits import TimeLimit, limited
from selfattention.engine.guard.readymade import Watch

CALL_SECONDS = 10.0
STILL_RUNNING = "still running after"
WAITED = "a long time in which it hardly computed (it slept or waited, or the machine was busy)"
ENGINE_FOLDER = os.path.dirname(os.path.dirname(__file__)) + os.sep
# Whose lines are no learner's: the engine's, and those of functions that an exercise gives.
OURS = (ENGINE_FOLDER, os.path.join(os.path.dirname(os.path.dirname(ENGINE_FOLDER)), "problems") + os.sep)
STANDARD_LIBRARY = os.__file__.rsplit("os.py", 1)[0]


@dataclass(frozen=True)
class Raised:
    """An exception of the learner's own code: its kind and message, and the learner's line where it arose.

    `bases` are the names of Python's own exceptions that it is a kind of.
    """

    kind: str
    message: str
    line: int | None = None
    source: str = ""
    advice: str = ""
    bases: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        where = f"\nline {self.line}: {self.source}" if self.source else ""
        advice = f"\n{self.advice}" if self.advice else ""
        return f"{self.kind}: {self.message}{where}{advice}"


@dataclass(frozen=True)
class Request:
    """One thing asked of an answer. `target` 0 is the learner's function, others are what it returned."""

    verb: str
    args: tuple = ()
    kwargs: dict = field(default_factory=dict)
    target: int = 0


@dataclass(frozen=True)
class Reply:
    """What came back: a value or an exception; which arguments were changed in place; what was printed.

    `used` names the ready-made functions that were called and do the exercise's whole work.
    """

    value: Any = None
    raised: Raised | None = None
    mutated: tuple[str, ...] = ()
    printed: str = ""
    used: tuple[str, ...] = ()


Record = list[tuple[Request, Reply]]


class Door(Protocol):
    """Whatever performs requests: a `Room` in this process, or a `remote.RemoteRoom`."""

    def perform(self, request: Request) -> Reply:
        """Do what is asked; never raises for what the answer does."""
        ...


class AnswerRaised(Exception):
    """The learner's code raised; `raised` says what and where."""

    def __init__(self, raised: Raised) -> None:
        super().__init__(str(raised))
        self.raised = raised


class InputChanged(Exception):
    """The learner's code changed an argument in place."""


class Answer:
    """A learner's function, or a module it returned, seen from a check. Every request is recorded."""

    def __init__(self, door: Door, record: Record, target: int = 0,
                 inspect: Callable[[Request, Any], Any] | None = None) -> None:
        self._door, self._record, self._target, self._inspect = door, record, target, inspect

    def _ask(self, verb: str, *args: Any, **kwargs: Any) -> Any:
        request = Request(verb, data.copy(args), data.copy(kwargs), self._target)
        reply = self._door.perform(request)
        self._record.append((request, reply))
        if reply.raised is not None:
            raise AnswerRaised(reply.raised)
        if reply.mutated:
            raise InputChanged(", ".join(reply.mutated))
        value = reply.value if self._inspect is None else self._inspect(request, reply.value)
        if isinstance(value, data.Handle):
            return Answer(self._door, self._record, value.number)
        return value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it with arrays, tensors or plain values; get plain data, or an `Answer` for a module."""
        return self._ask("call", *args, **kwargs)

    def gradients(self, *args: Any, cotangent: Any) -> dict[str, Any]:
        """Gradients of sum(output * cotangent): `{"0": …, "1.0": …}` by argument and place in it; by name for
        parameters.
        """
        return self._ask("gradients", *args, cotangent=cotangent)

    def state_dict(self) -> dict[str, Any]:
        """The parameters and buffers of a module, by name."""
        return self._ask("state_dict")

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Give a module its parameters and buffers."""
        self._ask("load_state_dict", state)

    def train(self) -> None:
        """Put a module into training mode."""
        self._ask("train")

    def eval(self) -> None:
        """Put a module into evaluation mode."""
        self._ask("eval")


def _gradients(target: Callable, *args: Any, cotangent: Any) -> dict[str, Any]:
    import torch

    found = {str(position): value for position, value in enumerate(args)}
    found |= {f"{position}.{place}": part for position, value in enumerate(args) if isinstance(value, (tuple, list))
              for place, part in enumerate(value)}
    leaves = {name: value.requires_grad_() for name, value in found.items()
              if data.is_tensor(value) and value.is_floating_point()}
    if isinstance(target, torch.nn.Module):
        leaves |= dict(target.named_parameters())
    output = target(*args)
    if not data.is_tensor(output) or not output.requires_grad:
        raise TypeError("the result is cut off from its inputs: no gradient reaches them")
    wanted = torch.autograd.grad((output * cotangent).sum(), list(leaves.values()), allow_unused=True)
    return {name: torch.zeros_like(leaf) if grad is None else grad
            for (name, leaf), grad in zip(leaves.items(), wanted)}


VERBS: dict[str, Callable] = {
    "call": lambda target, *args, **kwargs: target(*args, **kwargs),
    "gradients": _gradients,
    "state_dict": lambda target: dict(target.state_dict()),
    "load_state_dict": lambda target, state: target.load_state_dict(state) and None,
    "train": lambda target: target.train() and None,
    "eval": lambda target: target.eval() and None,
}


class Room:
    """Holds a function and what it returned, and performs requests on them in this process."""

    def __init__(self, function: Callable, seconds: float = CALL_SECONDS,
                 ready_made: tuple[str, ...] | None = None) -> None:
        self._objects: list[Callable] = [function]
        self._seconds, self._ready_made = seconds, ready_made

    def _keep(self, value: Callable) -> data.Handle:
        self._objects.append(value)
        return data.Handle(len(self._objects) - 1)

    def _describe(self, error: BaseException) -> Raised:
        return describe(error, self._seconds)

    def _watched(self, watch: contextlib.AbstractContextManager, request: Request, args: tuple, kwargs: dict) -> Any:
        if isinstance(watch, Watch):
            args = tuple(watch.apart(arg) if callable(arg) else arg for arg in args)
        with watch:  # also while the result is made plain: an object may do its work only when it is looked at
            return data.plain(VERBS[request.verb](self._objects[request.target], *args, **kwargs), self._keep)

    def perform(self, request: Request) -> Reply:
        """Do what is asked with copies of the arguments; an exception becomes part of the reply."""
        args, kwargs = data.copy(request.args), data.copy(request.kwargs)
        printed = io.StringIO()
        value, raised = None, None
        watch = contextlib.nullcontext() if self._ready_made is None else Watch(self._ready_made)
        with (contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings(),
              np.errstate(all="ignore")):
            warnings.simplefilter("ignore")
            try:
                value = limited(self._seconds, self._watched, watch, request, args, kwargs)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                raised = self._describe(error)
        before = {**{str(position): arg for position, arg in enumerate(request.args)}, **request.kwargs}
        after = {**{str(position): arg for position, arg in enumerate(args)}, **kwargs}
        mutated = tuple(name for name in before if not data.same(before[name], after[name]))
        used = tuple(sorted(watch.used)) if isinstance(watch, Watch) else ()
        return Reply(value, raised, mutated, printed.getvalue()[:LONGEST_PRINT], used)


def describe(error: BaseException, seconds: float) -> Raised:
    """An exception as plain data, with the last line of it that lies in the learner's own code."""
    if isinstance(error, TimeLimit):
        if error.waited:
            return Raised("TimeLimit", f"{STILL_RUNNING} {WAITED}, so it was stopped",
                          advice="Does it sleep, or wait for something that does not come?")
        return Raised("TimeLimit", f"{STILL_RUNNING} {seconds:g} seconds, so it was stopped",
                      advice="Does every loop in it come to an end?")
    if isinstance(error, RecursionError):
        message = "the function calls itself without end"
    elif isinstance(error, SyntaxError):
        return Raised("SyntaxError", str(error.msg)[:500], error.lineno, str(error.text or "").strip()[:LONGEST_PRINT])
    else:
        message = str(error)[:500]
    line, source, scope = None, "", {}
    trace = error.__traceback__
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        if _is_learners(filename):
            line = trace.tb_lineno
            source = linecache.getline(filename, line).strip()[:LONGEST_PRINT]
            scope = {**vars(builtins), **trace.tb_frame.f_globals, **trace.tb_frame.f_locals}
        trace = trace.tb_next
    advice = "When does it stop calling itself?" if isinstance(error, RecursionError) else _nearest(error, scope)
    bases = [base.__name__ for base in type(error).__mro__ if vars(builtins).get(base.__name__) is base]
    return Raised(type(error).__name__[:LONGEST_LINE], message, line if source else None, source, advice, bases)


def _is_learners(filename: str) -> bool:
    """True for a notebook cell or a script, not for the engine, an exercise or an installed library."""
    return not (filename.startswith((*OURS, "<frozen", "<__array_function__", STANDARD_LIBRARY))
                or "site-packages" in filename or "dist-packages" in filename)


def _nearest(error: BaseException, scope: dict) -> str:
    """The nearest existing name for one that is not defined or misspelt."""
    name = getattr(error, "name", None)
    if isinstance(error, AttributeError) and name:
        known = dir(error.obj)
    elif isinstance(error, NameError) and name:
        known = list(scope)
    else:
        return ""
    near = difflib.get_close_matches(name, [entry for entry in known if not entry.startswith("_")], n=1)
    return f"Did you mean `{near[0][:LONGEST_LINE]}`?" if near else ""
