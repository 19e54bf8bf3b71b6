"""A time limit for code that may never end, on every system, without a process of its own.

A watching thread asks the interpreter to raise `TimeLimit` in the running thread. That stops every
loop written in Python; one long call inside a compiled library ends first and is stopped then.
"""

import ctypes
import threading
from collections.abc import Callable
from typing import Any

AGAIN_SECONDS = 1.0


class TimeLimit(BaseException):
    """Raised inside code that ran longer than it may; no `except Exception` swallows it."""


def limited(seconds: float, function: Callable, *args: Any, **kwargs: Any) -> Any:
    """Call `function` for at most `seconds`, then raise `TimeLimit` in it, again and again until it ends."""
    thread = threading.get_ident()
    done, fired = threading.Event(), threading.Event()

    def watch() -> None:
        pause = seconds
        while not done.wait(pause):
            fired.set()
            _raise_in(thread, TimeLimit)
            pause = AGAIN_SECONDS

    watcher = threading.Thread(target=watch, daemon=True)

    def stop() -> None:
        done.set()
        watcher.join()
        if fired.is_set():
            _let_pass(thread)

    try:
        watcher.start()
        try:
            return function(*args, **kwargs)
        finally:
            stop()
    except TimeLimit:  # it may have arrived in the middle of `stop`; the next one is a second away
        stop()
        raise


def _raise_in(thread: int, exception: type[BaseException]) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(exception))


def _let_pass(thread: int) -> None:
    """Wait for an exception that may still be on its way.

    Taking it back (with NULL) would leave Python 3.11 looking for it for ever, in an endless loop under a profiler.
    So one is sent that takes its place, and that one is waited for.
    """
    try:
        _raise_in(thread, TimeLimit)
        while True:
            pass
    except TimeLimit:
        pass
