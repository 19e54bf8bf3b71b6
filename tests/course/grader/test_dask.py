"""A Dask cluster of two processes gives the same grades as this machine, and a cluster without workers is told of."""

import contextlib
import csv
import os
import socket
import subprocess
import sys
import time

import pytest

from selfattention.course import files
from selfattention.course.grader import run, workers

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow
SEED = 20261125


@contextlib.contextmanager
def program(scratch, *arguments):
    running = subprocess.Popen([sys.executable, "-m", *map(str, arguments)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**os.environ, "DASK_TEMPORARY_DIRECTORY": str(scratch)})
    try:
        yield
    finally:
        running.terminate()
        running.wait(30)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with program(tmp_path_factory.mktemp("dask"), "distributed.cli.dask_scheduler", "--host", "127.0.0.1",
                 "--port", port, "--no-dashboard"):
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield f"tcp://127.0.0.1:{port}"


@pytest.fixture
def submissions(tmp_path):
    for student, kind in (("alice", "solutions"), ("bob", "exercises"), ("carol", "solutions")):
        path = tmp_path / "class" / student / "02_softmax.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes((files.root() / files.place("02_softmax", kind)).read_bytes())
    return tmp_path / "class"


def rows(report):
    with (report / "grades.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_cluster_without_workers_is_told_of(scheduler, submissions, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "CLUSTER_SECONDS", 1)
    with pytest.raises(run.CannotGrade, match="no Dask worker answers at tcp"):
        run.grade_class(run.Order(submissions, tmp_path / "report", SEED, dask=scheduler), print)


def test_the_grades_are_those_of_one_machine(scheduler, submissions, tmp_path):
    with program(tmp_path, "distributed.cli.dask_worker", scheduler, "--nworkers", 2, "--nthreads", 1,
                 "--no-dashboard"):
        outcome = run.grade_class(run.Order(submissions, tmp_path / "far", SEED, dask=scheduler), print)
    run.grade_class(run.Order(submissions, tmp_path / "here", SEED), print)
    assert outcome.status == 0 and rows(tmp_path / "far") == rows(tmp_path / "here")
    assert [row["total"] for row in rows(tmp_path / "far")] == ["15.0", "0.0", "15.0"]
