"""A time limit for code that may never end, on every system, without a process of its own.

A watching thread asks the interpreter to raise `TimeLimit` in the running thread. That stops every
loop written in Python; one long call inside a compiled library ends first and is stopped then.
"""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TimeLimit(BaseException):
    """Raised inside code that ran longer than it may; no `except Exception` swallows it."""


def _raise_in(thread: int, exception: type[BaseException] | None) -> None:
    kind = ctypes.py_object(exception) if exception else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), kind)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Run the body for at most `seconds`, then raise `TimeLimit` in it, again and again until it ends."""
    thread = threading.get_ident()
    done = threading.Event()

    def watch() -> None:
        pause = seconds
        while not done.wait(pause):
            _raise_in(thread, TimeLimit)
            pause = 0.1

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        _raise_in(thread, None)
