"""A time limit for code that may never end, on every system, without a process of its own.

What is limited is processor time, so a busy machine takes nothing away. A wall clock stands far behind it, for code
that sleeps. What is imported for the first time is free, within bounds: how long that takes is no merit of the code.

A watching thread asks the interpreter to raise `TimeLimit` in the running thread. That stops every
loop written in Python; one long call inside a compiled library ends first and is stopped then.
"""

import ctypes
import importlib._bootstrap
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PATIENCE = 6.0  # how many times as long the wall clock waits
IMPORT_SECONDS = 30.0  # that a process may spend on first imports without being charged
AGAIN_SECONDS = 1.0
SHORTEST_SECONDS = 0.02
NEVER = float("inf")
LOAD = importlib._bootstrap._find_and_load  # what Python calls for a module that is not there yet, and only then


@dataclass(frozen=True)
class Allowance:
    """What a notebook may take, in seconds of its own processor time: a cell, a call of an answer, all together.

    The wall clock behind a cell and a call is `patience` times as long; behind the whole notebook it is a third of
    that, for hardly one sleeps all the time. `imports` are the seconds for first imports that are not charged.
    """

    cell: float = 60.0
    call: float = 10.0
    notebook: float = NEVER
    imports: float = IMPORT_SECONDS
    patience: float = PATIENCE

    @property
    def wall(self) -> float:
        """For the whole notebook, by the wall clock."""
        return self.notebook * self.patience / 3


class TimeLimit(BaseException):
    """Raised inside code that ran longer than it may; no `except Exception` swallows it.

    `waited` where it was the wall clock that ran out: it slept, or the machine was busy.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waited = _Process.waited


class _Process:
    """What holds for all calls in this process, and why one was stopped last."""

    waited = False
    patience = PATIENCE
    import_seconds = IMPORT_SECONDS
    imported = 0.0
    tell: Callable[[], Any] = staticmethod(lambda: None)


def set_bounds(patience: float, import_seconds: float, tell: Callable[[], Any] = lambda: None) -> None:
    """Set this process's patience, and what it may spend on first imports.

    Args:    tell: is called when a limited call comes to its first import, before that begins.
    """
    _Process.patience, _Process.import_seconds, _Process.tell = patience, import_seconds, staticmethod(tell)


def start_watching() -> None:
    """Start the thread that watches calls now, before any profiler hears the threads that are started.

    Python 3.11 lets a thread under a profiler turn on the spot while another one has an exception to take, which one
    that sleeps does not do.
    """
    _watcher()


def imported_seconds() -> float:
    """The processor time that this process has spent on first imports without being charged."""
    return _Process.imported


def processor_seconds(process: int) -> float:
    """The processor time that a process has used.

    Raises:  OSError: there is none of that number.
    """
    if sys.platform.startswith("linux"):
        return time.clock_gettime(~process << 3 | 2)  # as clock_getcpuclockid(3) makes it
    import psutil

    try:
        used = psutil.Process(process).cpu_times()
    except psutil.Error as error:
        raise ProcessLookupError(str(error)) from None
    return used.user + used.system


class _Call:
    """A call that is watched: in which thread, since when, and whether its time was up."""

    def __init__(self, seconds: float) -> None:
        self.thread, self.fired, self.waited = threading.get_ident(), False, False
        self._seconds, self._wall_seconds = seconds, seconds * _Process.patience
        self._began = (time.process_time(), time.monotonic())
        self._free, self._importing, self._told = (0.0, 0.0), None, False
        self._again = 0.0

    def left(self) -> float:
        """Seconds until it is worth looking again; not above 0 where its time is up."""
        if self.fired:
            return self._again - time.monotonic()
        importing = self._importing  # once: the other thread may end it at any moment
        free = self._so_far(importing) if importing else self._free
        computed, passed = time.process_time() - self._began[0], time.monotonic() - self._began[1]
        wall_left = self._wall_seconds - passed + free[1]
        self.waited = wall_left <= 0
        return min(self._seconds - computed + free[0], wall_left)

    def fire(self) -> None:
        """Note that it was asked to end; it will be asked again."""
        _Process.waited = self.waited
        self.fired, self._again = True, time.monotonic() + AGAIN_SECONDS

    def load(self, name: str, import_: Callable) -> Any:
        """Import a module for the first time, free of charge as long as the process has some of that left."""
        if self._importing or threading.get_ident() != self.thread:
            return LOAD(name, import_)
        self._importing = (time.process_time(), time.monotonic())
        try:
            if not self._told:
                self._told = True
                _Process.tell()
            return LOAD(name, import_)
        finally:
            before, self._free = self._free, self._so_far(self._importing)
            self._importing = None
            _Process.imported += self._free[0] - before[0]

    def _so_far(self, began: tuple[float, float]) -> tuple[float, float]:
        """What is free, with the import that is under way since then."""
        most = max(0.0, _Process.import_seconds - _Process.imported)
        return (self._free[0] + min(most, time.process_time() - began[0]),
                self._free[1] + min(most * _Process.patience, time.monotonic() - began[1]))


class _Watcher:
    """One thread that watches all calls of a process.

    Only plain locks are used: unlike Python's other means of waiting they are taken in one step, so that a `TimeLimit`
    that arrives meanwhile cannot leave one taken.
    """

    def __init__(self) -> None:
        self.process = os.getpid()
        self._calls: set[_Call] = set()
        self._lock = threading.Lock()
        self._sooner = threading.Lock()  # released to wake the thread before its time
        self._sooner.acquire()
        self._wakes = NEVER
        threading.Thread(target=self._watch, daemon=True, name="time limits").start()

    def add(self, call: _Call) -> None:
        left = call.left()
        with self._lock:
            self._calls.add(call)
            if time.monotonic() + left < self._wakes and self._sooner.locked():
                self._sooner.release()

    def remove(self, call: _Call) -> None:
        with self._lock:
            self._calls.discard(call)

    def _watch(self) -> None:
        while True:
            with self._lock:
                for call in self._calls:
                    if call.left() <= 0:
                        call.fire()
                        _raise_in(call.thread)
                pause = min((max(SHORTEST_SECONDS, call.left()) for call in self._calls), default=NEVER)
                self._wakes = time.monotonic() + pause
            self._sooner.acquire(timeout=-1 if pause == NEVER else min(pause, threading.TIMEOUT_MAX))


_watchers: list[_Watcher] = []


def _watcher() -> _Watcher:
    """This process's watcher; threads do not survive a fork, so a forked process makes its own."""
    if not _watchers or _watchers[-1].process != os.getpid():
        _watchers[:] = [_Watcher()]
    return _watchers[-1]


def limited(seconds: float, function: Callable, *args: Any, **kwargs: Any) -> Any:
    """Call `function` for at most so many seconds of processor time, first imports aside.

    Then, or when much more time has passed by the clock, `TimeLimit` is raised in it, again and again until it ends.
    """
    watcher, call = _watcher(), _Call(seconds)

    def stop() -> None:
        importlib._bootstrap._find_and_load = LOAD
        watcher.remove(call)
        if call.fired:
            _let_pass(call.thread)

    try:
        watcher.add(call)
        importlib._bootstrap._find_and_load = call.load
        try:
            return function(*args, **kwargs)
        finally:
            stop()
    except TimeLimit:  # it may have arrived in the middle of `stop`; the next one is a second away
        stop()
        raise


def _raise_in(thread: int) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TimeLimit))


def _let_pass(thread: int) -> None:
    """Wait for an exception that may still be on its way.

    Taking it back (with NULL) would leave Python 3.11 looking for it for ever, in an endless loop under a profiler.
    So one is sent that takes its place, and that one is waited for.
    """
    try:
        _raise_in(thread)
        while True:
            pass
    except TimeLimit:
        pass
