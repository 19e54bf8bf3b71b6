"""Notice, while an answer runs, that it calls a ready-made function which does the exercise's whole work."""

import contextlib
import functools
import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType, ModuleType
from typing import Any

OURS = "selfattention."
NOT_ANSWERS = ("selfattention.engine.", "selfattention.data.")


class Watch:
    """While entered, `used` collects which of the named functions, classes and methods are called.

    It sees calls however they are written: through another name, `getattr`, or a library in between; of torch also the
    operators that a call comes down to. The course's own functions count in every exercise. Code that works hard at it
    can hide: in a thread made before, or by rewriting its own interpreter.

    Args:    names: such as `torch.nn.functional.softmax` or `torch.Tensor.softmax`; a class counts when it is made; an
             operator of torch is written `aten::_softmax`.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.used: set[str] = set()
        self._codes: dict[CodeType, str] = {}
        self._objects: dict[int, str] = {}
        self._methods: dict[str, tuple[type, str]] = {}
        self._operators = frozenset(name for name in names if name.startswith("aten::"))
        for name in names:
            self._look_up(name)

    def _look_up(self, name: str) -> None:
        """Find what a dotted name stands for; a module that was never imported cannot have been used."""
        owner, found = None, None
        parts = name.split(".")
        for count in range(len(parts) - 1, 0, -1):
            if ".".join(parts[:count]) in sys.modules:
                found = sys.modules[".".join(parts[:count])]
                for part in parts[count:]:
                    owner, found = found, getattr(found, part, None)
                break
        function = found.__init__ if isinstance(found, type) else found
        code = getattr(function, "__code__", None)
        if code is not None:
            self._codes[code] = name
        elif isinstance(owner, type):
            self._methods[parts[-1]] = (owner, name)
        if found is not None:
            self._objects[id(found)] = name

    def __enter__(self) -> "Watch":
        self._modes = contextlib.ExitStack()
        if self._objects:  # the course's own functions are no part of torch
            for mode in _torch_modes(self._note_torch, self._note_operator if self._operators else None):
                self._modes.enter_context(mode)
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: Any) -> None:
        sys.setprofile(None)
        self._modes.close()
        threading.setprofile(None)

    def apart(self, function: Callable) -> Callable:
        """The same function, but what it calls is not counted: the check passed it, it is not the learner's."""
        def call(*args: Any, **kwargs: Any) -> Any:
            self.__exit__()
            try:
                return function(*args, **kwargs)
            finally:
                self.__enter__()

        return call

    def _note(self, frame: FrameType, event: str, called: Any) -> None:
        if event == "call":
            module = frame.f_globals.get("__name__") or ""
            if frame.f_code in self._codes:
                self.used.add(self._codes[frame.f_code])
            elif module.startswith(OURS) and not f"{module}.".startswith(NOT_ANSWERS):
                name = frame.f_code.co_name
                if not name.startswith("<"):
                    self.used.add(f"{module}.{name}")
        elif event == "c_call":
            if id(called) in self._objects:
                self.used.add(self._objects[id(called)])
            owner, name = self._methods.get(called.__name__, (None, ""))
            if owner is not None and isinstance(getattr(called, "__self__", None), owner):
                self.used.add(name)

    def _note_torch(self, function: Callable) -> None:
        if id(function) in self._objects:
            self.used.add(self._objects[id(function)])

    def _note_operator(self, operator: Any) -> None:
        name = operator.name().partition(".")[0]
        if name in self._operators:
            self.used.add(name)


def _torch_modes(note: Callable, note_operator: Callable | None) -> list[contextlib.AbstractContextManager]:
    """While entered, torch tells of its functions also where compiled code calls them: a profiler does not."""
    torch = sys.modules.get("torch")
    if torch is None:
        return []
    functions, operators = _mode_classes(torch)
    return [functions(note)] + ([operators(note_operator)] if note_operator else [])


@functools.cache
def _mode_classes(torch: ModuleType) -> tuple[type, type]:
    from torch.utils._python_dispatch import TorchDispatchMode

    class Functions(torch.overrides.TorchFunctionMode):
        def __init__(self, note: Callable) -> None:
            super().__init__()
            self._note = note

        def __torch_function__(self, function: Callable, _: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
            self._note(function)
            return function(*args, **(kwargs or {}))

    class Operators(TorchDispatchMode):
        def __init__(self, note: Callable) -> None:
            super().__init__()
            self._note = note

    def dispatch(mode: Any, operator: Any, _: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        mode._note(operator)
        return operator(*args, **(kwargs or {}))

    # Given later, or torch wraps it in a function that imports the compiler (800 modules) in the learner's first call.
    Operators.__torch_dispatch__ = dispatch
    return Functions, Operators
