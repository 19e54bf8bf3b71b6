"""Relations: what came, held against what was expected."""

import inspect
from itertools import pairwise

import numpy as np
import pytest
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from selfattention.engine.comparison.asked import compared
from selfattention.engine.comparison.relations import search
from selfattention.engine.comparison.relations.search import told
from selfattention.engine.door.room import Request, Room

NEVER = float("inf")


def table(x: Float[np.ndarray, "queries d"], keys: Float[np.ndarray, "keys d"], scale: float) -> Float[
        np.ndarray, "queries keys"]:
    """What is compared: a table of numbers."""
    return x @ keys.T * scale + 0.25


def shared_out(x: np.ndarray) -> np.ndarray:
    """Numbers from 0 to 1."""
    return 1 / (1 + np.exp(-x))


def several(x: np.ndarray) -> tuple:
    """Three values."""
    return x + 0.5, x * 2, x.sum()


def listed(words: list, most: int) -> list:
    """A list."""
    return sorted(words)[:most]


def pairs_of(words: list) -> list:
    """Pairs in a list."""
    return list(pairwise(words))


def masked(mask: Bool[Tensor, "queries keys"], lengths: Tensor) -> Bool[Tensor, "queries keys"]:
    """Yes and no."""
    return mask & (torch.arange(mask.shape[1]) < lengths[:, None])


def chance(seed):
    return np.random.default_rng(seed)


def tables():
    return [(chance(seed).normal(size=(queries, 7)), chance(seed + 9).normal(size=(keys, 7)), scale)
            for seed, (queries, keys, scale) in enumerate(((5, 5, 0.5), (3, 4, 2.5)))]


def masks():
    return [(torch.from_numpy(chance(seed).random((5, 7)) < 0.6), torch.from_numpy(chance(seed).integers(1, 7, 5)))
            for seed in (1, 2)]


QUESTIONS = {
    table: tables, shared_out: lambda: [(chance(seed).normal(size=(3, 5)),) for seed in (1, 2)],
    several: lambda: [(chance(seed).normal(size=(3, 5)),) for seed in (1, 2)], masked: masks,
    listed: lambda: [(["d", "o", "g", "s", "a", "b"] * 3, 9), (["x", "c", "a", "t", "c"] * 3, 11)],
    pairs_of: lambda: [(list("abcdefgh"),), (list("whydoesit"),)],
}


def sentence(function, answer, questions=None):
    """What is told of an answer that was asked some questions."""
    rounds = [compared(function, [(request, Room(answer).perform(request))]) for request in (
        Request("call", args) for args in (questions or QUESTIONS[function]()))]
    found = told(function, rounds, NEVER)
    return found.sentence if found else ""


@pytest.mark.parametrize(("function", "answer", "expected"), [
    (table, lambda *a: -table(*a), "every number has the wrong sign"),
    (table, lambda *a: table(*a) / 7, "every number is too small by `d`"),
    (table, lambda *a: table(*a) * len(a[1]) ** 0.5, "every number is too large by the root of the number of `keys`"),
    (table, lambda *a: table(*a) * 3, "every number is 3 times what it should be"),
    (table, lambda *a: table(*a) * (2 + np.floor(abs(a[0].sum()))), "in each call, all numbers are off by one and the "
                                                                    "same factor"),
    (table, lambda *a: table(*a) + 1, "every number is too large by 1"),
    (table, lambda *a: table(*a) - a[2], "every number is too small by `scale`"),
    (table, lambda *a: 1 / table(*a), "your result is one divided by what was expected"),
    (table, lambda *a: table(*a) ** 2, "your result is the square of what was expected"),
    (table, lambda *a: abs(table(*a)), "every number has lost its sign"),
    (table, lambda *a: np.round(table(*a), 2), "numbers are rounded to 2 places"),
    (table, lambda *a: np.floor(table(*a)), "numbers are rounded down"),
    (table, lambda *a: np.maximum(table(*a), 0), "numbers below 0 have become 0"),
    (shared_out, lambda x: 1 - shared_out(x), "your result is one minus what was expected"),
    (shared_out, lambda x: np.sqrt(shared_out(x)), "your result is the square root of what was expected"),
    (shared_out, lambda x: np.log(shared_out(x)), "your result is the logarithm of what was expected"),
    (shared_out, lambda x: np.exp(shared_out(x)), "your result is the exponential of what was expected"),
    (shared_out, lambda x: shared_out(x).cumsum(-1), "numbers are added up along the last axis"),
    (table, lambda *a: table(*a).T, "axes are exchanged: queries and keys"),
    (table, lambda *a: table(*a)[::-1], "the right values are in reverse order along `queries`"),
    (table, lambda *a: np.roll(table(*a), 1, axis=1), "everything is one place later along `keys`"),
    (table, lambda *a: table(*a).ravel(), "the right numbers are in the right order, but in another shape"),
    (table, lambda *a: np.sort(table(*a)), "each row has the right numbers, but in other places"),
    (shared_out, lambda x: shared_out(x) + x, "`x` was added"),
    (shared_out, lambda x: shared_out(x) * x, "`x` was multiplied in"),
    (table, lambda x, keys, scale: table(x, keys, 1 / scale), "this would be right for 1 / `scale`"),
    (table, lambda x, keys, scale: table(x, keys[::-1], scale), "the right values are in reverse order along `keys`"),
    (table, lambda x, keys, scale: table(np.exp(x) / np.exp(x).sum(-1, keepdims=True), keys, scale),
     "this would be right for a softmax of `x`"),
    (listed, lambda words, most: listed(words, most + 1), "this would be right for `most` + 1"),
    (several, lambda x: several(x)[::-1], "the right values are there, but in another order"),
    (several, lambda x: (several(x)[0], several(x)[1], 0.5), "only value 3 of 3 is wrong"),
    (several, lambda x: several(x)[1], "only value 2 of 3 is returned"),
    (listed, lambda words, most: listed(words, most)[::-1], "the list is in reverse order"),
    (listed, lambda words, most: words[:most] if most > 99 else sorted(words, key=lambda w: w == words[0])[:0] or [
        *listed(words, most)[1:], listed(words, most)[0]], "the right things are there, but in another order"),
    (pairs_of, lambda words: [pair[::-1] for pair in pairs_of(words)], "each pair in it is reversed"),
    (pairs_of, lambda words: pairs_of(words)[:-1], "this would be right for `words` without its last entry"),
    (masked, lambda mask, lengths: ~masked(mask, lengths), "true and false are exchanged"),
    (masked, lambda mask, lengths: mask | (masked(mask, lengths).sum(1) > 2)[:, None],
     "everything that should be True is, and more besides"),
    (masked, lambda mask, lengths: masked(mask, lengths - 1), "this would be right for `lengths` − 1"),
    (table, lambda *a: table(*a) * np.arange(1.5, len(a[0]) + 1)[:, None],
     "every row along `keys` is right except for a factor of its own"),
    (table, lambda *a: table(*a) + np.arange(1.5, len(a[0]) + 1)[:, None],
     "in every row along `keys`, all numbers are off by the same amount"),
    (table, lambda *a: np.concatenate([table(*a)[:-1], np.sin(table(*a)[-1:])]),
     "of `queries`, only the last is wrong"),
    (table, lambda *a: np.where(np.tri(len(a[0]), len(a[1]), -1) > 0, np.cos(table(*a)), table(*a)),
     "only the numbers below the diagonal are wrong"),
    (table, lambda *a: np.sin(table(*a)) if a[2] > 1 else table(*a), ""),  # one wrong call, one right: many differences
    (table, lambda *a: np.sin(table(*a)), ""),
])
def test_the_relation_is_told(function, answer, expected):
    assert sentence(function, answer) == expected


def test_a_situation_is_told_where_it_is_the_only_one():
    rng = chance(3)
    questions = [(rng.normal(size=(3, 5)) * size,) for size in (1, 1, 1000, 3000)]
    assert sentence(shared_out, lambda x: np.tanh(x) if abs(x).max() > 100 else shared_out(x), questions) == (
        "it goes wrong exactly where `x` holds huge numbers")
    assert sentence(shared_out, lambda x: np.tanh(x) if x[0, 0] > 0 else shared_out(x), questions) == ""


def test_a_relation_must_hold_for_every_call():
    assert sentence(table, lambda *a: -table(*a) if a[2] > 1 else np.sin(table(*a))) == ""


def test_what_is_right_is_not_contradicted():
    """Numbers below zero would have become zero in the right call, too."""
    questions = [*tables(), (np.ones((2, 7)), -np.ones((3, 7)), 1.0)]
    assert sentence(table, lambda *a: np.maximum(table(*a), 0) if a[2] != 1.0 else table(*a), questions) == ""


def test_an_answer_that_raises_where_none_should_is_not_related():
    def raises(*given):
        if given[2] > 1:
            raise ValueError("no")
        return -table(*given)

    assert sentence(table, raises) == ""


def test_every_kind_has_a_name_and_a_rank():
    kinds = search.every_kind()
    assert len(kinds) > 15 and all(inspect.getdoc(kind) for kind in kinds)
    assert {kind.__name__ for kind in kinds} >= search.ONLY_WHERE | {*search.FEW}


def test_no_time_is_no_relation():
    request = Request("call", tables()[0])
    rounds = [compared(table, [(request, Room(lambda *a: -table(*a)).perform(request))])]
    assert told(table, rounds, 0.0) is None
