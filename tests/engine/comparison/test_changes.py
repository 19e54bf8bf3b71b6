"""One change away: what was changed is told, where it explains everything and nothing else does."""

import copy
import inspect
import time

import numpy as np
import pytest
import torch

from selfattention.engine import exercise, probes
from selfattention.engine.comparison.changes import search
from selfattention.engine.comparison.changes.sites import Source
from selfattention.engine.door.room import Room
from selfattention.engine.judging import diagnosis
from selfattention.engine.judging.judge import judge
from selfattention.engine.judging.report import ERROR, FAILED, PASSED

LATER = 60.0  # seconds, so that no slow machine changes what is found


@exercise(points=2)
def mixed(queries: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mix the values by scores."""
    scores = queries @ keys.T / np.sqrt(keys.shape[-1])
    weights = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    return weights @ values


@mixed.check("agrees with the formula", hint="Over which axis do the weights compete?")
def agrees(answer, rng):
    probes.parity(answer, mixed, rng.normal(size=(3, 7)), rng.normal(size=(5, 7)), rng.normal(size=(5, 7)))


@mixed.check("works for one key", hint="What is the weight of a single key?")
def one_key(answer, rng):
    probes.parity(answer, mixed, rng.normal(size=(3, 7)), rng.normal(size=(1, 7)), rng.normal(size=(1, 7)))


mixed.example(np.eye(2), np.eye(2), np.array([[1.0, 0.0], [10.0, 0.5]]))


def soft(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)


def found(tested, function, seed=0):
    """The sentence that a comparison finds, or an empty string."""
    report = judge(tested, lambda: Room(function), seed)
    assert report.status in (FAILED, ERROR) and report.mistake is None
    return report.comparison.sentence.removeprefix("these are the results you get when ") if report.comparison else ""


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch):
    monkeypatch.setattr(diagnosis, "SECONDS", LATER)


@pytest.mark.parametrize(("answer", "sentence"), [
    (lambda q, k, v: soft(q @ k.T / np.sqrt(k.shape[1])) @ k, "`values` is replaced by `keys`"),
    (lambda q, k, v: soft(q @ k.T) @ v, "a division is left out"),
    (lambda q, k, v: soft(q @ k.T / k.shape[1]) @ v, "a square root is left out"),
    (lambda q, k, v: soft(q @ k.T / len(k) ** 0.5) @ v, "a size is read from another axis of `keys`"),
    (lambda q, k, v: soft(q @ k.T / len(q) ** 0.5) @ v, ""),  # two changes: another array, another axis
    (lambda q, k, v: soft(q @ k.T * np.sqrt(k.shape[1])) @ v, "something is multiplied instead of divided"),
    (lambda q, k, v: soft(q @ k.T / np.sqrt(k.shape[1])) @ v + q, "`queries` is added to the result"),
    (lambda q, k, v: np.exp(q @ k.T / np.sqrt(k.shape[1])) @ v, "a division is left out"),
])
def test_the_change_is_told(answer, sentence):
    assert found(mixed, answer) == sentence


def test_a_hint_that_thought_of_something_else_is_not_shown():
    report = judge(mixed, lambda: Room(lambda q, k, v: soft(q @ k.T / np.sqrt(k.shape[1])) @ k))
    assert report.comparison.explains and report.hint == "" and report.row()["comparison"] == report.comparison.sentence
    other = judge(mixed, lambda: Room(lambda q, k, v: np.tanh(q @ k.T @ v)))
    assert other.comparison is None and other.hint == "Over which axis do the weights compete?"


def test_a_change_must_explain_every_call():
    """Right with one key, keys for values with several: no change of the solution does both."""
    def answer(q, k, v):
        return soft(q @ k.T / np.sqrt(q.shape[-1])) @ (k if len(k) != 1 else v)

    alone = copy.copy(mixed)
    alone.checks = mixed.checks[:1]
    assert found(alone, answer) == "`values` is replaced by `keys`"
    assert found(mixed, answer) == ""


def test_an_answer_that_changed_its_input_is_told_that_and_nothing_else():
    def answer(q, k, v):
        q /= np.sqrt(k.shape[1])
        return soft(q @ k.T) @ k

    report = judge(mixed, lambda: Room(answer))
    assert report.comparison is None and "changes its input in place" in report.first_trouble.detail


@exercise(points=1)
def masked(scores: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """Hide scores."""
    kept = scores.masked_fill(hidden, 0.0)
    return kept * 2


@masked.check("hides and doubles", hint="What is twice 0?")
def hides(answer, rng):
    scores, hidden = torch.from_numpy(rng.normal(size=(3, 5))), torch.from_numpy(rng.random((3, 5)) < 0.5)
    probes.parity(answer, masked, scores, hidden)
    probes.gradient_parity(answer, masked, scores, hidden, cotangent=torch.from_numpy(rng.normal(size=(3, 5))))


masked.example(torch.tensor([[1.5, 2.5]], dtype=torch.float64), torch.tensor([[True, False]]))


def test_right_numbers_without_a_gradient_are_told_so():
    def answer(scores, hidden):
        return 2 * scores.detach().masked_fill(hidden, 0.0) + 0 * scores

    report = judge(masked, lambda: Room(answer))
    assert report.first_trouble.detail == "no gradient reaches `scores`: it is cut off"
    assert report.comparison is None or "cut off from the gradient" in report.comparison.sentence


def test_yes_no_zeros_and_small_whole_numbers_alone_tell_nothing():
    @exercise(points=1)
    def later(step: int) -> bool:
        """Say whether a step is late."""
        return step > 3

    @later.check("says no before step 4", hint="Is 3 late?")
    def before(answer, rng):
        probes.require(not answer(3), "3 is not late")
        probes.require(not answer(1), "1 is not late")

    later.example(9)
    assert found(later, lambda step: True) == "", "`>=` gives the same at 3, but is not why"


def test_endless_loops_in_changed_code_are_stopped():
    @exercise(points=1)
    def halvings(number: float) -> list:
        """Halve until it is below one."""
        halves = []
        while number > 1.5:
            number = number / 2
            halves.append(number)
        return halves

    @halvings.check("halves", hint="What is half of 7?")
    def halves(answer, rng):
        got = answer(7.3 + float(rng.random()))
        probes.require(got == halvings(got[0] * 2), "other halves")

    halvings.example(7.3)
    started = time.thread_time()
    assert found(halvings, lambda number: [number / 7, number / 11]) == ""
    assert any("while True" in change.code for change in search.changed(halvings.function).changes)
    assert time.thread_time() - started < LATER


def test_no_comparison_is_made_for_a_right_answer(monkeypatch):
    def never(*_):
        raise AssertionError("a right answer was compared")

    monkeypatch.setattr("selfattention.engine.judging.judge.compare", never)
    assert judge(mixed, lambda: Room(mixed.function)).status == PASSED


def test_an_answer_that_no_change_explains_ends_with_its_time(monkeypatch):
    monkeypatch.setattr(diagnosis, "SECONDS", 0.0)
    assert found(mixed, lambda q, k, v: soft(q @ k.T / np.sqrt(k.shape[1])) @ k) == ""


def every(x, n):
    """One line for each kind of change."""
    names = [x for x in range(n) if x > 1]
    total = torch.softmax(x[:, None], dim=-1) @ x.T / math.sqrt(n) + math.inf
    total += -x.sum(dim=0, keepdim=True) * 2 + x @ max(names, total)[0]
    for part in names:
        total = total - torch.log(x[part:part + 1]) ** 0.5
        break
    return (total, ~names) if total & x or n else (x + (1 if x else n), False)


def test_every_kind_of_change_is_used():
    """A kind that never fires is in nobody's way, and of no use."""
    fired = {change.kind for change in search._changes(every)}
    wanted = {kind.__name__ for kind in search.every_kind()}
    assert not wanted - fired
    assert len(wanted) > 30


def test_every_change_differs_from_what_was_there_and_puts_it_back():
    source = Source.of(every)
    import ast

    before = ast.dump(source.tree)
    for site in list(source.sites()):
        for kind in search.every_kind():
            for new, sentence in kind(site):
                back = site.put(new)
                assert sentence and ast.dump(source.tree) != before
                back()
                assert ast.dump(source.tree) == before


def test_every_kind_has_a_name_and_says_what_it_is():
    assert all(inspect.getdoc(kind) for kind in search.every_kind())
