"""Each field of each frame that a learner's process sends is held against one table, and nothing else comes in."""

import numpy as np
import pytest
import torch

from selfattention.engine.door import data
from selfattention.engine.door.frames import FRAMES, RAISED, WrongFrame, checked

RIGHT = {
    "ran": {"trouble": "", "functions": {"softmax": 140_000_000}, "parts": 3, "stopped": -1},
    "opened": {},
    "importing": {"importing": True},
    "reply": {"value": np.ones(3), "mutated": ["0"], "printed": "text", "used": [],
              "raised": {"kind": "ValueError", "message": "no", "source": "", "advice": "", "line": 3,
                         "bases": ["ValueError"]}},
    "callback": {"callback": 0, "args": (np.ones(3),), "kwargs": {"x": 1}, "slope": torch.ones(2)},
}
RIGHT = {kind: {"number": 5, "imported": 0.25} | fields for kind, fields in RIGHT.items()}
WRONG = {"an array": np.ones(2), "an empty array": np.zeros(0), "one number in an array": np.array(1), "a list": [1],
         "a tensor": torch.ones(2), "a tuple": (1,), "a dictionary": {"a": "b"}, "nothing": None, "yes": True,
         "text": "1",
         "long text": "x" * 10**5, "an integer": 1, "a huge integer": 2**70, "a negative integer": -(2**63),
         "not a number": float("nan"), "infinite": float("inf"), "negative": -1.0, "a fraction": 0.5,
         "a handle": data.Handle(1), "a foreign": data.Foreign("x"), "lists": [["a"]], "many names": ["a"] * 10**4}
# What else a field takes, beside what stands above.
TAKES = {
    "importing": {"yes"}, "number": {"an integer"}, "imported": {"a fraction"}, "trouble": {"text"},
    "parts": {"an integer"},
    "stopped": {"an integer"}, "functions": set(), "value": set(WRONG), "raised": {"nothing"}, "mutated": set(),
    "printed": {"text"}, "used": set(), "callback": {"an integer"}, "args": {"a tuple"}, "kwargs": {"a dictionary"},
    "slope": {"a tensor", "nothing"}, "kind": {"text"}, "message": {"text"}, "source": {"text"}, "advice": {"text"},
    "line": {"an integer", "nothing"}, "bases": set(),
}


def test_the_table_and_these_tests_know_the_same_fields():
    assert {kind: set(fields) for kind, fields in FRAMES.items()} == {kind: set(some) for kind, some in RIGHT.items()}
    assert set(TAKES) == {name for fields in [*FRAMES.values(), RAISED] for name in fields}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_right_frame_passes_as_it_is(kind):
    assert checked(RIGHT[kind], kind) is RIGHT[kind]
    assert checked(RIGHT[kind], *FRAMES) is RIGHT[kind]


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, fields in FRAMES.items() for name in fields])
def test_one_field_that_is_wrong_is_refused(kind, name):
    for what, value in WRONG.items():
        frame = RIGHT[kind] | {name: value}
        if what in TAKES[name]:
            assert checked(frame, kind) is frame, what
        else:
            with pytest.raises(WrongFrame, match=repr(name)):
                checked(frame, kind)
    with pytest.raises(WrongFrame):
        checked({other: value for other, value in RIGHT[kind].items() if other != name}, kind)


@pytest.mark.parametrize("name", RAISED)
def test_so_is_one_in_what_was_raised(name):
    raised = RIGHT["reply"]["raised"]
    for what, value in WRONG.items():
        frame = RIGHT["reply"] | {"raised": raised | {name: value}}
        if what in TAKES[name]:
            assert checked(frame, "reply") is frame, what
        else:
            with pytest.raises(WrongFrame, match="raised"):
                checked(frame, "reply")


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_of_another_kind_or_with_more_in_it_is_refused(kind):
    for other in FRAMES:
        if other != kind:
            with pytest.raises(WrongFrame):
                checked(RIGHT[other], kind)
    for junk in (RIGHT[kind] | {"more": 1}, [], None, 3, np.ones(2), [RIGHT[kind]]):
        with pytest.raises(WrongFrame):
            checked(junk, kind)
