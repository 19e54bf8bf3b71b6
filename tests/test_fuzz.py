"""A small part of what `fuzz.py` throws at the grader, always the same: every input ends in a grade or a refusal."""

import fuzz
import pytest
from fuzz import KINDS, SECONDS

from selfattention.course.grader.grading import drop_server

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
