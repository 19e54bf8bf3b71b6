"""A small part of what `fuzz.py` throws at the grader, always the same: every input ends in a grade or a refusal."""

import math
import random
import time

import fuzz
import pytest
from fuzz import KINDS, SECONDS

from selfattention.course.grader.grading import drop_server
from selfattention.course.submission import judge_cells
from selfattention.engine.guard.limits import Allowance
from selfattention.engine.process.remote import MOST_PARTS, Cell, Clock

INPUTS = {"frames": 1500, "doors": 60, "notebooks": 300, "archives": 150}


@pytest.fixture(scope="module", autouse=True)
def no_server_is_left():
    yield
    drop_server()


@pytest.mark.parametrize("kind", KINDS)
def test_every_input_ends_in_a_grade_or_a_refusal(kind, tmp_path):
    ended, longest = fuzz.run(kind, INPUTS[kind], 20261127, tmp_path)
    assert sum(ended.values()) == INPUTS[kind] and len(ended) > 1
    assert longest < 20 * SECONDS  # the limits add up to less, and a busy machine takes longer


class WithoutEnd(fuzz.Forger):
    """Claims that every cell has failed at the first of its 2 to the 62 statements."""

    def __init__(self, seconds=0.0):
        super().__init__(random.Random(0), [])
        self._honest, self.asked, self._seconds = math.inf, 0, seconds

    def right(self, question):
        self.asked += 1
        time.sleep(self._seconds)
        return {"number": question["number"], "imported": 0.0, "trouble": "ValueError: no", "functions": {},
                "parts": 2**62, "stopped": 0}


def asked(cells, seconds, clock=None):
    """How many questions such processes were asked, and the reports."""
    processes = []

    def start():
        processes.append(WithoutEnd(seconds))
        return processes[-1]

    reports = judge_cells(cells, "02_softmax", start, 7, clock)
    return sum(process.asked for process in processes), reports


def test_a_forged_number_of_statements_ends():
    questions, reports = asked([Cell("1 / 0")], 0.0)
    assert not any(report.earned for report in reports)
    assert MOST_PARTS < questions < 4 * MOST_PARTS


def test_the_notebooks_clock_ends_it_before():
    questions, reports = asked([Cell("1 / 0")] * 9, 0.01, Clock(Allowance(notebook=1.0)))
    assert {report.status for report in reports} == {"timeout"}
    assert questions < 500
