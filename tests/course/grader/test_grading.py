"""One notebook, graded where there is a sandbox, where there is none, and where it is switched off."""

import sys
from types import SimpleNamespace

import pytest

from selfattention.course import files
from selfattention.course.grader import grading
from selfattention.course.grader.grading import GRADED, NOT_GRADED, Job, Settings, drop_server, grade
from selfattention.engine.guard.sandbox import LAYERS
from selfattention.engine.process import remote
from selfattention.engine.process.remote import Cell, Child, ChildEnded, Spawned

pytestmark = pytest.mark.slow
NAME = "02_softmax.ipynb"
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")


@pytest.fixture
def job():
    yield Job("ada", NAME, f"ada/{NAME}", (files.root() / files.place("02_softmax", "solutions")).read_bytes())
    drop_server()


def points(result):
    return [row["earned"] for row in result.rows]


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_without_a_fork_server_every_notebook_has_a_process_of_its_own(system, job, monkeypatch):
    monkeypatch.setattr(grading, "sys", SimpleNamespace(platform=system, path=sys.path))
    result = grade(job, Settings(7))
    assert (result.status, points(result)) == (GRADED, [4, 3, 4, 4])
    assert result.layers == ["limits"] and result.missing == {
        layer: f"not on {system}" for layer in LAYERS if layer != "limits"}


def test_where_everything_is_required_such_a_system_grades_nothing(job, monkeypatch):
    monkeypatch.setattr(grading, "sys", SimpleNamespace(platform="darwin", path=sys.path))
    result = grade(job, Settings(7, "require"))
    assert result.status == NOT_GRADED and "Landlock" in result.reason and result.rows == []


@LINUX
def test_switched_off_it_says_so(job):
    result = grade(job, Settings(7, "off"))
    assert (points(result), result.layers) == ([4, 3, 4, 4], ["limits"])
    assert set(result.missing.values()) == {"switched off"}


@LINUX
def test_the_seed_changes_the_data_and_not_the_grade(job):
    shown = []
    for seed in (1, 2, 2):
        wrong = job.content.replace(b"exponentials = np.exp(", b"exponentials = 3 + np.exp(")
        result = grade(Job("ada", NAME, NAME, wrong), Settings(seed))
        shown.append(result.cards[1])
    assert wrong != job.content and shown[1] == shown[2]


@LINUX
def test_a_server_gets_what_later_notebooks_import(job):
    grade(job, Settings(7))
    assert grading.server(Settings(7)).modules == frozenset()
    third = files.root() / files.place("03_scaled_dot_product_attention", "solutions")
    assert grade(Job("ada", third.name, third.name, third.read_bytes()), Settings(7)).status == GRADED
    assert grading.server(Settings(7)).modules == {"torch"}
    grade(job, Settings(7))
    assert grading.server(Settings(7)).modules == {"torch"}


def test_a_spawned_process_that_takes_too_much_memory_is_ended(monkeypatch):
    monkeypatch.setattr(remote, "MEMORY_BYTES", 300 * 2**20)
    with Child(Spawned(limited=True), []) as child, pytest.raises(ChildEnded, match="GB of memory"):
        child.run(Cell("import time\nmuch = bytearray(10**9)\nfor at in range(0, len(much), 4096):\n    much[at] = 1\n"
                       "time.sleep(30)"))
