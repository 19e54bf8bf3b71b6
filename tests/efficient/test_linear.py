"""Recurrences against their parallel forms, dense tables and plain loops: float64, forward and gradients."""

import pytest
import torch

from selfattention.efficient.linear import (
    Sums,
    causal_linear_attention,
    chunked_delta_rule,
    chunked_linear_attention,
    delta_rule,
    feature_map,
    linear_attention,
)

CLOSE = {"rtol": 1e-9, "atol": 1e-11}
TOKENS = 13


def parts(*batch, queries=TOKENS, keys=TOKENS, d_k=7, d_v=11, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(*batch, *size, dtype=torch.float64, generator=generator, requires_grad=True)
            for size in ((queries, d_k), (keys, d_k), (keys, d_v))]


def with_strengths(*batch, **sizes):
    queries, keys, values = parts(*batch, **sizes)
    keys = (keys / keys.norm(dim=-1, keepdim=True)).detach().requires_grad_()
    strengths = torch.rand(keys.shape[:-1], dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    return [queries, keys, values, strengths.requires_grad_()]


def assert_same(got, expected, leaves):
    torch.testing.assert_close(got, expected, **CLOSE)
    cotangent = torch.randn(got.shape, dtype=got.dtype, generator=torch.Generator().manual_seed(1))
    slopes = (torch.autograd.grad(one, leaves, cotangent, retain_graph=True) for one in (got, expected))
    for mine, theirs in zip(*slopes):
        torch.testing.assert_close(mine, theirs, **CLOSE)


def by_table(queries, keys, values, mask=None):
    """All weights in a table; phi spelt out."""
    def positive(x):
        return torch.where(x > 0, x + 1, x.clamp(max=0).exp())

    weights = torch.einsum("...qd,...kd->...qk", positive(queries), positive(keys))
    if mask is not None:
        weights = weights * mask
    return weights / weights.sum(dim=-1, keepdim=True) @ values


def test_the_feature_map_is_positive_and_smooth_at_zero():
    x = torch.tensor([-30.0, -1.0, 0.0, 2.0], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(feature_map(x).sum(), x)
    assert feature_map(x).tolist() == pytest.approx([9.36e-14, 0.36788, 1.0, 3.0], rel=1e-3)
    assert slope.tolist() == pytest.approx([9.36e-14, 0.36788, 1.0, 1.0], rel=1e-3)


@pytest.mark.parametrize("batch", [(), (2, 3)])
def test_linear_attention_is_its_table(batch):
    leaves = parts(*batch, queries=5)
    assert_same(linear_attention(*leaves), by_table(*leaves), leaves)


CAUSAL = [causal_linear_attention, *(lambda *given, size=size: chunked_linear_attention(*given, chunk=size)
                                     for size in (1, 2, 5, 13, 64))]


@pytest.mark.parametrize("function", CAUSAL)
@pytest.mark.parametrize("batch", [(), (2, 3)])
def test_causal_forms_are_their_table(function, batch):
    leaves = parts(*batch)
    mask = torch.ones(TOKENS, TOKENS, dtype=torch.bool).tril()
    assert_same(function(*leaves)[0], by_table(*leaves, mask), leaves)


@pytest.mark.parametrize("function", CAUSAL)
def test_a_text_may_be_cut_anywhere(function):
    leaves = parts(2)
    whole, last = function(*leaves)
    first, past = function(*(part[:, :5] for part in leaves))
    second, state = function(*(part[:, 5:] for part in leaves), past)
    assert_same(torch.cat([first, second], dim=1), whole, leaves)
    assert_same(state.pairs, last.pairs, leaves[1:])
    assert_same(state.keys, last.keys, leaves[1:2])


def corrected(queries, keys, values, strengths):
    """Each number of the memory by itself, for one text."""
    memory = [[torch.zeros((), dtype=torch.float64)] * values.shape[1] for _ in range(keys.shape[1])]
    rows = []
    for query, key, value, strength in zip(queries, keys, values, strengths):
        told = [sum(key[i] * memory[i][j] for i in range(len(key))) for j in range(len(value))]
        memory = [[memory[i][j] + strength * key[i] * (value[j] - told[j]) for j in range(len(value))]
                  for i in range(len(key))]
        rows.append(torch.stack([sum(query[i] * memory[i][j] for i in range(len(key))) for j in range(len(value))]))
    return torch.stack(rows)


DELTA = [delta_rule, *(lambda *given, size=size: chunked_delta_rule(*given, chunk=size) for size in (1, 2, 5, 13, 64))]


@pytest.mark.parametrize("function", DELTA)
def test_the_delta_rule_is_its_loop_over_numbers(function):
    leaves = with_strengths(queries=7, keys=7, d_k=3, d_v=2)
    assert_same(function(*leaves)[0], corrected(*leaves), leaves)


@pytest.mark.parametrize("function", DELTA[1:])
@pytest.mark.parametrize("batch", [(), (2, 3)])
def test_chunks_of_the_delta_rule_are_its_recurrence(function, batch):
    leaves = with_strengths(*batch)
    got, expected = function(*leaves), delta_rule(*leaves)
    assert_same(got[0], expected[0], leaves)
    assert_same(got[1], expected[1], leaves[1:])


@pytest.mark.parametrize("function", DELTA)
def test_a_text_of_the_delta_rule_may_be_cut_anywhere(function):
    leaves = with_strengths(2)
    whole, last = function(*leaves)
    first, memory = function(*(part[:, :5] for part in leaves))
    second, memory = function(*(part[:, 5:] for part in leaves), memory)
    assert_same(torch.cat([first, second], dim=1), whole, leaves)
    assert_same(memory, last, leaves[1:])


def test_a_key_that_comes_again_has_its_new_value_alone():
    key = torch.nn.functional.normalize(torch.randn(1, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(
        3)), dim=-1)
    keys, values = key.repeat(2, 1), torch.tensor([[1.0, 2.0], [10.0, 20.0]], dtype=torch.float64)
    read, _ = delta_rule(keys, keys, values, torch.ones(2, dtype=torch.float64))
    torch.testing.assert_close(read, values, **CLOSE)
    averaged, _ = causal_linear_attention(keys, keys, values)
    torch.testing.assert_close(averaged[1], values.mean(dim=0), **CLOSE)


@pytest.mark.parametrize("function", [*CAUSAL[:2], *DELTA[:2]])
def test_no_tokens_change_nothing(function):
    queries, keys, values, strengths = with_strengths(2)
    more = (strengths,) if function in DELTA else ()
    _, state = function(queries, keys, values, *more)
    none = [part[:, :0] for part in (queries, keys, values, *more)]
    outputs, after = function(*none, state)
    assert outputs.shape == (2, 0, 11)
    for one, other in zip(after, state):
        assert torch.equal(one, other)


ONES = [torch.ones(2, 5, 3), torch.ones(2, 5, 3), torch.ones(2, 5, 4)]


@pytest.mark.parametrize(("call", "message"), [
    (lambda: linear_attention(torch.ones(5, 3), torch.ones(5, 2), torch.ones(5, 4)),
     r"queries \(5, 3\), keys \(5, 2\).*same last axis"),
    (lambda: linear_attention(torch.ones(5, 3), torch.ones(0, 3), torch.ones(0, 4)), r"no keys \(0, 3\)"),
    (lambda: causal_linear_attention(torch.ones(2, 3), torch.ones(5, 3), torch.ones(5, 4)),
     "2 queries and 5 keys.*each token needs one of both"),
    (lambda: chunked_linear_attention(*ONES, chunk=0), "chunks of 0 tokens"),
    (lambda: chunked_delta_rule(*ONES, torch.ones(2, 5), chunk=-2), "chunks of -2 tokens"),
    (lambda: delta_rule(*ONES, torch.ones(2, 4)), r"strengths \(2, 4\) for keys \(2, 5, 3\)"),
    (lambda: causal_linear_attention(*ONES, Sums(torch.ones(3, 3, 4), torch.ones(3, 3))),
     r"a state of shape \(3, 3, 4\).*expected \(2, 3, 4\).*another batch"),
    (lambda: chunked_delta_rule(*ONES, torch.ones(2, 5), torch.ones(2, 4, 3)),
     r"a state of shape \(2, 4, 3\).*expected \(2, 3, 4\)"),
])
def test_what_does_not_fit_is_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()
