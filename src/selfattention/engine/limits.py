"""A time limit for code that may never end, on every system, without a process of its own.

A watching thread asks the interpreter to raise `TimeLimit` in the running thread. That stops every
loop written in Python; one long call inside a compiled library ends first and is stopped then.
"""

import ctypes
import os
import threading
import time
from collections.abc import Callable
from typing import Any

AGAIN_SECONDS = 1.0
NEVER = float("inf")


class TimeLimit(BaseException):
    """Raised inside code that ran longer than it may; no `except Exception` swallows it."""


class _Call:
    """A call that is watched: in which thread, until when, and whether its time was up."""

    def __init__(self, seconds: float) -> None:
        self.thread, self.due, self.fired = threading.get_ident(), time.monotonic() + seconds, False


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
        with self._lock:
            self._calls.add(call)
            if call.due < self._wakes and self._sooner.locked():
                self._sooner.release()

    def remove(self, call: _Call) -> None:
        with self._lock:
            self._calls.discard(call)

    def _watch(self) -> None:
        while True:
            with self._lock:
                now = time.monotonic()
                for call in self._calls:
                    if call.due <= now:
                        call.fired, call.due = True, now + AGAIN_SECONDS
                        _raise_in(call.thread)
                self._wakes = min((call.due for call in self._calls), default=NEVER)
            self._sooner.acquire(timeout=-1 if self._wakes == NEVER else max(0.0, self._wakes - now))


_watchers: list[_Watcher] = []


def _watcher() -> _Watcher:
    """This process's watcher; threads do not survive a fork, so a forked process makes its own."""
    if not _watchers or _watchers[-1].process != os.getpid():
        _watchers[:] = [_Watcher()]
    return _watchers[-1]


def limited(seconds: float, function: Callable, *args: Any, **kwargs: Any) -> Any:
    """Call `function` for at most `seconds`, then raise `TimeLimit` in it, again and again until it ends."""
    watcher, call = _watcher(), _Call(seconds)

    def stop() -> None:
        watcher.remove(call)
        if call.fired:
            _let_pass(call.thread)

    try:
        watcher.add(call)
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
