"""Spread notebooks over processes of this machine, or over a Dask cluster; the results are the same."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice

from selfattention.course.grader.grading import Job, Result, Settings, drop_server, grade
from selfattention.engine.guard.sandbox import keep_to_itself, limited_memory
from selfattention.engine.process.remote import NoProcess

AHEAD = 2  # notebooks waiting for each worker: enough to keep it busy, few enough to keep this process small
CLUSTER_SECONDS = 15
WORKER_BYTES = 3 * 2**30  # of its own; a learner's process has its own limit
DIED = "the process that graded it died, also when it had this notebook alone: look at it by hand"


def locally(jobs: Iterable[Job], settings: Settings, workers: int) -> Iterator[Result]:
    """Grade with processes of this machine; results come as they are ready.

    A process that dies takes its pool with it. What was under way is then graded once more, one notebook at a time, so
    that only the one that kills its process goes without a grade.
    """
    waiting = iter(jobs)
    while True:
        under_way: list[Job] = []
        try:
            with _pool(workers) as pool:
                yield from _through(pool, waiting, settings, under_way, AHEAD * workers)
            return
        except BrokenProcessPool:
            yield from _one_by_one(deque(under_way), settings)


def _one_by_one(suspects: deque[Job], settings: Settings) -> Iterator[Result]:
    while suspects:
        try:
            with _pool(1) as pool:
                while suspects:
                    yield _result(pool.submit(grade, suspects[0], settings), suspects[0])
                    suspects.popleft()
        except BrokenProcessPool:
            yield Result.refused(suspects.popleft(), DIED)


@contextlib.contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end at once where this one is interrupted, and that compute in one thread each."""
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin) as pool:
        try:
            yield pool
        except BrokenProcessPool:
            raise
        except BaseException:
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _begin() -> None:
    """What a worker does first: leave interrupts to the parent, end with it, and let nobody look into its memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    if sys.platform.startswith("linux"):
        keep_to_itself()
        limited_memory(WORKER_BYTES).__enter__()  # until it ends


def _end_with_the_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def _end(*_: object) -> None:
    drop_server()
    os._exit(1)


def _through(pool: ProcessPoolExecutor, jobs: Iterator[Job], settings: Settings, under_way: list[Job],
             most: int) -> Iterator[Result]:
    """Keep at most so many notebooks under way; one leaves `under_way` only when its result is there."""
    futures: dict[Future, Job] = {}
    while True:
        for job in islice(jobs, most - len(under_way)):
            under_way.append(job)
            futures[pool.submit(grade, job, settings)] = job
        if not futures:
            return
        for future in wait(futures, return_when=FIRST_COMPLETED).done:
            job = futures.pop(future)
            result = _result(future, job)
            under_way.remove(job)
            yield result


def _result(future: Future, job: Job) -> Result:
    try:
        return future.result()
    except BrokenProcessPool:
        raise
    except NoProcess as error:
        return Result.refused(job, str(error))
    except Exception as error:  # a fault of ours: this student is marked, all others are graded
        return Result.refused(job, f"grading it failed ({type(error).__name__}: {error})"[:500])


def on_dask(jobs: Iterable[Job], settings: Settings, address: str, *, alone: bool = False) -> Iterator[Result]:
    """Grade on a Dask cluster; a notebook whose worker dies again and again is given back with that reason.

    Args:    alone: one notebook after the other.

    Raises:  NoProcess: there is no scheduler at the address, or it has no workers.
    """
    from distributed import Client, as_completed

    try:
        client = Client(address, timeout=CLUSTER_SECONDS, set_as_default=False)
        client.wait_for_workers(1, timeout=CLUSTER_SECONDS)
    except (OSError, ValueError, TimeoutError) as error:
        raise NoProcess(f"no Dask worker answers at {address} ({error})") from None
    with client:
        waiting = iter(jobs)
        under_way: dict[str, Job] = {}
        done = as_completed([], loop=client.loop)

        def add(job: Job) -> None:
            future = client.submit(grade, job, settings, pure=False, retries=1)
            under_way[future.key] = job
            done.add(future)

        most = 1 if alone else AHEAD * max(1, sum(client.nthreads().values()))
        for job in islice(waiting, most):
            add(job)
        for future in done:
            yield _result(future, under_way.pop(future.key))
            for job in islice(waiting, 1):
                add(job)
