"""Near keys and pooled far ones against a loop that pools anew for each query: float64, forward and gradients."""

import math
import re

import pytest
import torch

from selfattention.attention import attention
from selfattention.efficient.scales import MultiscaleAttention, multiscale_attention, pairs, scales
from selfattention.layers import MultiHeadAttention
from selfattention.masks import causal
from selfattention.positions import Rotary

CLOSE = {"rtol": 1e-9, "atol": 1e-11}
pytestmark = pytest.mark.usefixtures("float64")
SIZES = [(1, 2), (2, 2), (3, 2), (5, 2), (8, 2), (13, 2), (23, 4), (32, 4), (37, 6), (11, 12), (41, 2)]


def summaries(place, block):
    """What a query sees, from the nearest on: first and last token of each, halving the way by hand."""
    own = place // block * block
    seen, end = [(token, token + 1) for token in range(max(own - block, 0), place + 1)], max(own - block, 0)
    span = 2 * block
    while end > 0:
        start = max((place // span - 1) * span, 0)  # the next larger blocks: the own one and the one before
        seen += [(token, token + span // block) for token in range(start, end, span // block)]
        end, span = start, 2 * span
    return seen


def by_loop(queries, keys, values, block):
    outputs = []
    for place in range(queries.shape[-2]):
        scores, read = [], []
        for start, end in summaries(place, block):
            summary = keys[..., start:end, :].mean(dim=-2)
            scores.append((queries[..., place, :] * summary).sum(dim=-1) / math.sqrt(keys.shape[-1])
                          + math.log(end - start))
            read.append(values[..., start:end, :].mean(dim=-2))
        weights = torch.softmax(torch.stack(scores, dim=-1), dim=-1)
        outputs.append((weights[..., None] * torch.stack(read, dim=-2)).sum(dim=-2))
    return torch.stack(outputs, dim=-2)


@pytest.mark.parametrize(("tokens", "block"), SIZES)
@pytest.mark.parametrize("front", [(), (2, 3)])
def test_equals_a_loop_over_summaries(tokens, block, front):
    leaves = [torch.randn(*front, tokens, width, requires_grad=True) for width in (5, 5, 7)]
    got, expected = multiscale_attention(*leaves, block), by_loop(*leaves, block)
    torch.testing.assert_close(got, expected, **CLOSE)
    cotangent = torch.randn_like(got)
    for one, other in zip(*(torch.autograd.grad(output, leaves, cotangent) for output in (got, expected))):
        torch.testing.assert_close(one, other, **CLOSE)


@pytest.mark.parametrize(("tokens", "block"), SIZES)
def test_each_past_token_is_seen_once_and_the_scores_are_counted(tokens, block):
    table, expected = scales(tokens, block), torch.zeros(tokens, tokens, dtype=torch.long)
    for place in range(tokens):
        for start, end in summaries(place, block):
            assert not expected[place, start:end].any(), "a token is seen twice"
            expected[place, start:end] = end - start
    assert torch.equal(table, expected) and torch.equal(table > 0, causal(tokens))
    assert pairs(tokens, block) == sum(len(summaries(place, block)) for place in range(tokens))
    assert pairs(tokens, block) == (1 / table[table > 0]).sum()


def test_one_or_two_blocks_are_full_causal_attention():
    leaves = [torch.randn(13, width) for width in (5, 5, 7)]
    for block in (8, 14):
        torch.testing.assert_close(multiscale_attention(*leaves, block), attention(*leaves, causal(13)), **CLOSE)
    assert pairs(13, 8) == 13 * 14 // 2


def test_equal_keys_give_the_mean_of_all_so_far_and_huge_scores_stay_finite():
    queries, keys, values = torch.randn(37, 5), torch.ones(37, 5), torch.randn(37, 3)
    mean = values.cumsum(dim=0) / torch.arange(1, 38)[:, None]
    torch.testing.assert_close(multiscale_attention(queries, keys, values, 2), mean, **CLOSE)
    leaves = [1e3 * torch.randn(37, 5), 1e3 * torch.randn(37, 5), torch.randn(37, 3)]
    leaves = [one.requires_grad_() for one in leaves]
    got = multiscale_attention(*leaves, 4)
    got.sum().backward()
    assert got.isfinite().all() and all(one.grad.isfinite().all() for one in leaves)


def test_no_token_sees_a_later_one():
    leaves = [torch.randn(37, width) for width in (5, 5, 7)]
    before = multiscale_attention(*leaves, 2)
    for place in (0, 9, 22, 36):
        changed = [one.index_add(0, torch.tensor([place]), torch.ones(1, one.shape[1])) for one in leaves]
        moved = (multiscale_attention(*changed, 2) != before).any(dim=1)
        assert not moved[:place].any() and moved[place:].all()


def test_the_cost_of_a_token_grows_with_the_logarithm():
    costs = [pairs(2 * tokens, 16) - pairs(tokens, 16) for tokens in (1024, 2048, 4096)]  # of the second half
    each = [cost / tokens for cost, tokens in zip(costs, (1024, 2048, 4096))]
    assert each[1] - each[0] == pytest.approx(12, abs=0.5) == each[2] - each[1]  # ¾ of a block for each doubling


def test_the_layer_with_one_large_block_is_causal_multi_head_attention():
    layer, x = MultiscaleAttention(12, 2, block=8, rotary=Rotary(6)), torch.randn(3, 13, 12, requires_grad=True)
    got, expected = layer(x), MultiHeadAttention.forward(layer, x, mask=causal(13))
    torch.testing.assert_close(got, expected, **CLOSE)
    cotangent, leaves = torch.randn_like(got), [x, *layer.parameters()]
    for one, other in zip(*(torch.autograd.grad(output, leaves, cotangent) for output in (got, expected))):
        torch.testing.assert_close(one, other, **CLOSE)
    layer.block = 2
    assert not torch.allclose(layer(x), expected) and torch.allclose(layer(x)[:, :4], expected[:, :4])


def test_the_layer_refuses_what_it_would_not_heed(as_users_call):
    layer, x = MultiscaleAttention(12, 2, block=2), torch.ones(1, 4, 12)
    for more in ({"memory": x}, {"mask": causal(4)}, {"bias": torch.zeros(2, 4, 4)}):
        with pytest.raises(ValueError, match="give x alone"):
            layer(x, **more)
    with pytest.raises(ValueError, match="even number, such as 4"):
        MultiscaleAttention(12, 2, block=3)


@pytest.mark.parametrize(("shapes", "block", "message"), [
    (((5, 3), (5, 3), (5, 2)), 3, "blocks of 3 tokens: .* such as 4"), (((5, 3), (5, 3), (5, 2)), 0, "such as 2"),
    (((0, 3), (0, 3), (0, 2)), 2, "0 tokens"), (((5, 3), (4, 3), (5, 2)), 2, r"\(5, 3\), keys \(4, 3\)"),
    (((5, 3), (5, 2), (5, 2)), 2, "do not fit"), (((5, 3), (5, 3), (6, 2)), 2, r"values \(6, 2\)")])
def test_bad_input_is_refused_with_both_sides(shapes, block, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        multiscale_attention(*(torch.ones(shape) for shape in shapes), block)


@pytest.mark.parametrize("function", [scales, pairs])
def test_tables_and_counts_refuse_the_same(function, as_users_call):
    with pytest.raises(ValueError, match="even number, such as 4"):
        function(5, 3)
    with pytest.raises(ValueError, match="0 tokens"):
        function(0, 2)


@pytest.mark.slow
@pytest.mark.parametrize(("part", "rows"), [("digits", 2), ("text", 4)])
def test_the_recipes_for_longer_runs_train_and_print_their_rows(part, rows, recipe):
    told = recipe("scales", part, "--seconds", "0.1")
    found = re.findall(r"^\| (?!-)\w[^\n]+\|$", told, re.MULTILINE)[1:]
    assert len(found) == rows and all(one.count("|") == 6 for one in found)
