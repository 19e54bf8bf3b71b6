"""Notice, while an answer runs, that it calls a ready-made function which does the exercise's whole work."""

import _thread
import functools
import inspect
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, field
from types import (
    BuiltinFunctionType,
    CodeType,
    FrameType,
    MethodDescriptorType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from selfattention.engine.guard.families import FAMILIES
from selfattention.engine.guard.limits import TimeLimit

HERE = (lambda: None).__code__.co_filename
COURSE = os.path.dirname(os.path.dirname(os.path.dirname(HERE))) + os.sep
NOT_ANSWERS = (COURSE + "engine" + os.sep, COURSE + "data" + os.sep, COURSE + "__init__.py")
MOST_CODES = 5000
NEW = object()
COMPILED = (BuiltinFunctionType, MethodDescriptorType, MethodWrapperType, WrapperDescriptorType)
STARTS = [(module, name) for module in (_thread, threading) for name in (
    "start_new_thread", "start_new", "start_joinable_thread", "_start_new_thread", "_start_joinable_thread")
    if hasattr(module, name)]
# What would end the watching: compiled functions with their module, and Python's own.
SWITCHES = {"setprofile": "sys", "settrace": "sys", "_setprofileallthreads": "sys", "_settraceallthreads": "sys",
            "set_events": "sys.monitoring", "register_callback": "sys.monitoring", "free_tool_id": "sys.monitoring",
            "start_new_thread": "_thread", "start_new": "_thread", "start_joinable_thread": "_thread"}
PYTHONS_SWITCHES = tuple(f"threading.{name}" for name in (
    "setprofile", "settrace", "setprofile_all_threads", "settrace_all_threads"))
# An operator of torch under its own name. Inside an operator that a learner has made nothing else tells of it.
OPERATORS_CALLED = tuple(f"torch._ops.{name}" for name in ("OpOverload.__call__", "OpOverloadPacket.__call__"))

_FOUND: dict[str, Any] = {}  # what a dotted name has stood for since it was found


@dataclass
class _Meaning:
    """What a set of names stands for, as far as it has been imported; `waiting` are the names that have not.

    A function is known by where its code stands, which holds for a copy of it and for one loaded again. With it stands
    the class whose objects alone it counts for, where others have inherited it, too.
    """

    waiting: list[str]
    operators: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=lambda: set(SWITCHES))  # what a compiled function to look at is called
    codes: dict[tuple, list[tuple[str, type | None]]] = field(default_factory=dict)
    objects: dict[int, str] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    modules: int = 0
    loading: bool = False
    known: dict[int, list[tuple[str, type | None]] | None] = field(default_factory=dict)
    harmless: set[Any] = field(default_factory=set)  # functions and operators of torch that are none of these
    alive: list[CodeType] = field(default_factory=list)  # what is known, so that no other code ever has the same id

    def look_up(self) -> None:
        """Look for what was not there before; nothing is imported for it, and nothing sought in what is loading."""
        if len(sys.modules) != self.modules:
            modules = len(sys.modules)
            loading = {root for root in {_root(name) for name in self.waiting} if _is_loading(sys.modules.get(root))}
            waiting = [name for name in self.waiting if _root(name) in loading or not self._found(name)]
            if len(waiting) != len(self.waiting):
                self.known.clear()
                self.harmless.clear()
            self.waiting = waiting
            self.loading = bool(loading) or any(_is_loading(_module_of(name)[0]) for name in waiting)
            if not self.loading:
                self.modules = modules

    def learn(self, code: CodeType) -> list[tuple[str, type | None]] | None:
        """What a piece of code is known as, which is asked for the first time."""
        self.look_up()
        if len(self.alive) > MOST_CODES:
            self.known.clear()
            self.alive.clear()
        found = self.codes.get(_place(code)) or self._by_folder(code.co_filename, code.co_name)
        self.known[id(code)] = found
        self.alive.append(code)
        return found

    def _by_folder(self, file: str, name: str) -> list[tuple[str, type | None]] | None:
        if file.startswith(COURSE):
            if file.startswith(NOT_ANSWERS) or name.startswith("<"):
                return None
            module = file[len(COURSE):].rpartition(".")[0].replace(os.sep, ".").removesuffix(".__init__")
            return [(f"selfattention.{module}.{name}", None)]
        if name in self.words and f"aten::{name}" in self.operators and file.startswith(_torchs_folder()):
            return [(f"aten::{name}", None)]
        return next(([(library, None)] for folder, library in self.folders.items() if file.startswith(folder)), None)

    def _found(self, name: str) -> bool:
        if "::" in name:
            self.operators.add(name)
            self.words.add(name.partition("::")[2])
            return True
        found = _find(name)
        if isinstance(found, ModuleType):
            whole = os.path.dirname(found.__file__) + os.sep if hasattr(found, "__path__") else found.__file__
            self.folders[whole] = name
        elif isinstance(found, type):
            self._add_class(found, name)
        elif found is not None:
            self._add_code(found, name)
            self.objects[id(found)] = name
            if not hasattr(found, "__code__"):
                word = getattr(found, "__name__", "")
                self.words.add(word)
                if name.startswith("torch."):
                    self.operators.add(f"aten::{word}")
        return found is not None

    def _add_code(self, function: Any, name: str, owner: type | None = None) -> None:
        function = inspect.unwrap(function)
        code = getattr(function, "__code__", None)
        if code is not None and "<locals>" not in function.__qualname__:  # many functions share the code of a wrapper
            self.codes.setdefault(_place(code), []).append((name, owner))

    def _add_class(self, class_: type, name: str) -> None:
        library = class_.__module__.partition(".")[0]
        for base in class_.__mro__:
            if base.__module__.partition(".")[0] == library and base.__module__ != "torch.nn.modules.module":
                for method in vars(base).values():
                    method = getattr(method, "__func__", getattr(method, "fget", method))
                    self._add_code(method, name, None if base is class_ else class_)


@functools.cache
def _meaning(names: tuple[str, ...]) -> _Meaning:
    members = [member for name in names for member in FAMILIES.get(name, (name,))]
    called = OPERATORS_CALLED if any("::" in name or name.startswith("torch.") for name in members) else ()
    return _Meaning(list(dict.fromkeys([*members, *PYTHONS_SWITCHES, *called])))


def _root(name: str) -> str:
    return name.partition(".")[0]


def _place(code: CodeType) -> tuple:
    return code.co_filename, code.co_name, code.co_firstlineno


def _module_of(name: str) -> tuple[ModuleType | None, list[str]]:
    """The innermost module that a dotted name goes through and that is there, and the rest of the name."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        module = sys.modules.get(".".join(parts[:count]))
        if module is not None:
            return module, parts[count:]
    return None, parts


def _find(name: str) -> Any:
    """What a dotted name stands for; a module's own `__getattr__`, which may import, is not asked.

    Nor is one that is being imported: its names may not stand for yet what they will.
    """
    if name in _FOUND:
        return _FOUND[name]
    found, parts = _module_of(name)
    if found is None or _is_loading(found):
        return None
    for part in parts:
        found = vars(found).get(part) if isinstance(found, ModuleType) else getattr(found, part, None)
    if found is not None:
        _FOUND[name] = found
    return found


def _is_loading(module: ModuleType | None) -> bool:
    return getattr(getattr(module, "__spec__", None), "_initializing", False)


class Watch:
    """While entered, `used` collects which of the named functions, classes and operators are called.

    It sees calls however they are written: through another name, `getattr`, an object made before, a library in
    between or a thread; of torch also the operators that a call comes down to. The course's own functions count in
    every exercise, and so does switching the watching off. What can still hide: code that rewrites its own interpreter
    or looks for this object in it, or that works in an audit hook, behind torch's own switches for its modes, in
    threads that compiled code has started or in other processes; what was compiled before into smaller operators; and
    what compiled code calls inside an operator that the answer has made.

    Args:    names: such as `torch.nn.functional.softmax`, `torch.Tensor.softmax` or `sacrebleu`, a whole library; an
             operator of torch is written `aten::_softmax`, and a family as in `FAMILIES`.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.used: set[str] = set()
        self._meaning = _meaning(tuple(names))
        self._known, self._words = self._meaning.known, self._meaning.words
        self._harmless = self._meaning.harmless
        self._apart: set[int] = set()

    def __enter__(self) -> "Watch":
        self._meaning.look_up()
        self._thread = threading.get_ident()
        self._before = (_Process.watch, sys.getprofile(), threading.getprofile())
        self._traces = _Process.traces or (sys.gettrace(), threading.gettrace())
        self._modes = _Modes(self._note_torch, self._note_operator, self._harmless) if self._meaning.operators else None
        if _Process.known:
            self._look_around()
        self._starts = [] if _Process.known else _listen()
        threading.setprofile(None)
        _Process.watch = self
        if self._modes:
            self._modes.enter()
        sys.setprofile(self._note)
        return self

    def __exit__(self, kind: type | None = None, *_: Any) -> None:
        try:
            profile = sys.getprofile()
            sys.setprofile(None)
            if kind is None and profile != self._note:
                self.used.add("sys.setprofile")
            self._leave()
        except TimeLimit:  # it arrived just now; the next one is a second away
            self._leave()
            raise

    def _leave(self) -> None:
        watch, profile, threads_profile = self._before
        _Process.watch = watch
        for module, name, start in self._starts:
            setattr(module, name, start)
        threading.setprofile(threads_profile)
        if self._modes:
            self._modes.close()
        sys.setprofile(profile if callable(profile) else None)

    def apart(self, function: Callable) -> Callable:
        """The same function, but what it calls is not counted: the check passed it, it is not the learner's.

        In the grader's process it is watched: there it only asks the other side, where the function is.
        """
        def call(*args: Any, **kwargs: Any) -> Any:
            thread = threading.get_ident()
            if thread in self._apart or _Process.known:
                return function(*args, **kwargs)
            profile = sys.getprofile()
            sys.setprofile(None)
            self._apart.add(thread)
            try:
                return function(*args, **kwargs)
            finally:
                self._apart.discard(thread)
                sys.setprofile(profile)

        return call

    def _look_around(self) -> None:
        """In the grader's process: does anything run that is not heard? A thread needs a moment to come or go."""
        if _unheard() and (time.sleep(0.01) or _unheard()):
            self.used.add("_thread.start_new_thread")
        if (sys.gettrace(), threading.gettrace()) != self._traces:
            self.used.add("sys.settrace")

    def _note(self, frame: FrameType, event: str, called: Any) -> None:
        if event == "call":
            known = self._known.get(id(frame.f_code), NEW)
            if known is NEW:
                known = self._meaning.learn(frame.f_code)
                self._enter_modes()
            for name, owner in known or ():
                if name in OPERATORS_CALLED:
                    if not _ours(frame.f_back):
                        self._note_torch(_first(frame))
                elif (owner is None or _is_of(frame, owner)) and not (name in PYTHONS_SWITCHES and _ours(frame.f_back)):
                    self.used.add(name)
        elif event == "c_call":
            if called.__name__ in self._words:
                self._note_compiled(frame, called)
        elif self._meaning.loading and event == "return" and frame.f_code.co_name == "_find_and_load":
            self._meaning.look_up()
            self._enter_modes()

    def _enter_modes(self) -> None:
        if self._modes and threading.get_ident() == self._thread:
            self._modes.enter()  # torch may have been imported just now

    def _note_compiled(self, frame: FrameType, called: Any) -> None:
        name, module = called.__name__, getattr(called, "__module__", None)
        if name in SWITCHES and module == SWITCHES[name] and not self._allowed(frame, name):
            self.used.add(f"{module}.{name}")
        method = getattr(type(getattr(called, "__self__", None)), name, None)
        known = self._meaning.objects.get(id(called)) or self._meaning.objects.get(id(method))
        if known is not None:
            self.used.add(known)
        elif f"aten::{name}" in self._meaning.operators and _is_torchs(called):
            self.used.add(f"aten::{name}")

    def _allowed(self, frame: FrameType, name: str) -> bool:
        """Whether the watch itself does this; or Python, for a debugger that was there before."""
        return _ours(frame) or (name == "settrace" and frame.f_code.co_filename == threading.__file__
                                and threading.gettrace() == self._traces[1])

    def _note_torch(self, function: Any) -> None:
        name = str(getattr(function, "__name__", "")).partition(".")[0]
        operator = getattr(function, "_qualified_op_name", f"{getattr(function, 'namespace', 'aten')}::{name}")
        if operator in self._meaning.operators:
            self._note_used(self._meaning.objects.get(id(function), operator))
        elif type(function) in COMPILED:  # not what a learner has made, which may call itself equal to anything
            self._harmless.add(function)

    def _note_operator(self, operator: Any) -> None:
        name = operator.name().partition(".")[0]
        if name in self._meaning.operators:
            self._note_used(name)
        else:
            self._harmless.add(operator)

    def _note_used(self, name: str) -> None:
        if not (self._apart and threading.get_ident() in self._apart):
            self.used.add(name)


class _Process:
    """What holds for all threads: which watch is entered, and in the grader's process what was there at its start."""

    watch: Watch | None = None
    listening: set[int] = set()
    known: set[int] = set()
    traces: tuple | None = None


def get_ready() -> None:
    """Look up what can be looked up now; a server does it once for all its forks."""
    for name in FAMILIES:
        _meaning((name,)).look_up()
    if "torch" in sys.modules:
        _mode_classes(sys.modules["torch"])


def watch_all_threads() -> None:
    """Hear, from now on and for good, every thread that Python starts, also while no watch is entered.

    The grader's process calls this before any code of the learner's.
    """
    get_ready()
    if not _Process.known:
        _Process.known = set(sys._current_frames())
        _Process.traces = (sys.gettrace(), threading.gettrace())
        _listen()


def _unheard() -> bool:
    """Whether a thread runs Python that is not heard."""
    return not _Process.known.union(_Process.listening).issuperset(sys._current_frames())


def _listen() -> list[tuple[ModuleType, str, Callable]]:
    """Put a listener into every thread that is started from now on; returns what to set where to end that."""
    before = [(module, name, getattr(module, name)) for module, name in STARTS]
    for module, name, start in before:
        setattr(module, name, _heard(start))
    return before


@functools.cache
def _heard(start: Callable) -> Callable:
    def start_heard(function: Callable, *args: Any, **kwargs: Any) -> Any:
        return start(_Listener(function) if callable(function) else function, *args, **kwargs)

    return start_heard


class _Listener:
    """Runs a thread's function, and tells the watch that is entered, if any, what the thread does."""

    def __init__(self, function: Callable) -> None:
        self._function = function
        self._modes = _Modes(functools.partial(self._tell, Watch._note_torch),
                             functools.partial(self._tell, Watch._note_operator))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        thread = threading.get_ident()
        _Process.listening.add(thread)
        if _Process.watch is not None and _Process.watch._modes:
            self._modes.enter()
        sys.setprofile(self._note)
        try:
            return self._function(*args, **kwargs)
        finally:
            sys.setprofile(None)
            self._modes.close()
            _Process.listening.discard(thread)

    @staticmethod
    def _tell(note: Callable, what: Any) -> None:
        watch = _Process.watch
        if watch is not None:
            note(watch, what)

    def _note(self, frame: FrameType, event: str, called: Any) -> None:
        watch = _Process.watch
        if watch is not None:
            if watch._modes:
                self._modes.enter()
            watch._note(frame, event, called)
        elif not _Process.known and self._modes.are_last():
            sys.setprofile(None)
            self._modes.close()
        elif event == "c_call" and called.__name__ == "setprofile" and not _ours(frame):
            _Process.listening.discard(threading.get_ident())


class _Modes:
    """While entered, torch tells of its functions also where compiled code calls them: a profiler does not."""

    def __init__(self, note_function: Callable, note_operator: Callable, harmless: Set = frozenset()) -> None:
        self._notes, self._harmless, self._entered = (note_function, note_operator), harmless, ()

    def enter(self) -> None:
        """Enter them, once, as soon as torch is there."""
        if not self._entered and "torch" in sys.modules and not _is_loading(sys.modules["torch"]):
            classes = _mode_classes(sys.modules["torch"])
            self._entered = tuple(mode(note, self._harmless) for mode, note in zip(classes, self._notes))
            for mode in self._entered:
                mode.__enter__()

    def are_last(self) -> bool:
        """Whether no other mode has been entered since, so that these can be left."""
        return not self._entered or [*_last_modes()] == [*self._entered]

    def close(self) -> None:
        """Leave them; until they are entered again."""
        while self._entered:
            *self._entered, mode = self._entered
            mode.__exit__(None, None, None)


def _last_modes() -> Iterator[Any]:
    yield sys.modules["torch.overrides"]._get_current_function_mode()
    yield sys.modules["torch.utils._python_dispatch"]._get_current_dispatch_mode()


@functools.cache
def _mode_classes(torch: ModuleType) -> tuple[type, type]:
    from torch._ops import OpOverload as Operator
    from torch.utils._python_dispatch import TorchDispatchMode

    class Functions(torch.overrides.TorchFunctionMode):
        def __init__(self, note: Callable, harmless: Set) -> None:
            super().__init__()
            self._note, self._harmless = note, harmless

        def __torch_function__(self, function: Callable, _: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
            if type(function) not in COMPILED or function not in self._harmless:
                self._note(function)
            return function(*args, **(kwargs or {}))

    class Operators(TorchDispatchMode):
        supports_higher_order_operators = True

        def __init__(self, note: Callable, harmless: Set) -> None:
            super().__init__()
            self._note, self._harmless = note, harmless

    # Every call in here is heard by the profiler, too, for each of the learner's operators.
    def dispatch(mode: Any, operator: Any, _: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        if type(operator) is Operator and operator not in mode._harmless:
            mode._note(operator)
        return operator(*args, **(kwargs or {}))

    # Given later, or torch wraps it in a function that imports the compiler (800 modules) in the learner's first call.
    Operators.__torch_dispatch__ = dispatch
    return Functions, Operators


def _is_of(frame: FrameType, class_: type) -> bool:
    """Whether this call is of a method of such an object."""
    owner = _first(frame)
    return isinstance(owner, class_) or (isinstance(owner, type) and issubclass(owner, class_))


def _first(frame: FrameType) -> Any:
    """The first argument of a call, which is just beginning."""
    names = frame.f_code.co_varnames
    return frame.f_locals.get(names[0]) if names else None


def _is_torchs(function: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and (str(getattr(function, "__module__", "")).startswith("torch")
                                  or isinstance(getattr(function, "__self__", None), torch.Tensor))


def _torchs_folder() -> str:
    return os.path.dirname(sys.modules["torch"].__file__) + os.sep if "torch" in sys.modules else "\0"


def _ours(frame: FrameType | None) -> bool:
    """Whether the watch itself does this; not where it only passes on a function of torch."""
    return frame is not None and frame.f_code.co_filename == HERE and frame.f_code.co_name != "__torch_function__"
