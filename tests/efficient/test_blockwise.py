"""Attention by blocks against torch's and against dense masks: float64, forward and gradients, sizes mostly primes."""

import math

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from selfattention import masks
from selfattention.attention import attention
from selfattention.efficient.blockwise import Blocks, blockwise_attention
from selfattention.efficient.memory import peak_bytes

CLOSE = {"rtol": 1e-10, "atol": 1e-12}


def parts(*batch, queries=13, keys=17, d_k=7, d_v=11, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(*batch, *size, dtype=dtype, generator=generator, requires_grad=True)
            for size in ((queries, d_k), (keys, d_k), (keys, d_v))]


def assert_same(got, expected, leaves, **close):
    torch.testing.assert_close(got, expected, **(close or CLOSE))
    cotangent = torch.randn(got.shape, dtype=got.dtype, generator=torch.Generator().manual_seed(1))
    for mine, theirs in zip(*(torch.autograd.grad(one, leaves, cotangent) for one in (got, expected))):
        torch.testing.assert_close(mine, theirs, **(close or CLOSE))


BLOCKS = [Blocks(1, 1), Blocks(5, 3), Blocks(3, 5), Blocks(13, 17), Blocks(2, 100), Blocks()]


@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_equals_torchs(batch, blocks):
    leaves = parts(*batch)
    assert_same(blockwise_attention(*leaves, blocks=blocks), scaled_dot_product_attention(*leaves), leaves)


@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("queries", [17, 13, 1])
def test_equals_attention_with_a_causal_mask(queries, blocks):
    leaves = parts(2, 3, queries=queries)
    expected = attention(*leaves, masks.causal(queries, 17))
    assert_same(blockwise_attention(*leaves, causal=True, blocks=blocks), expected, leaves)


def test_many_short_texts_are_taken_together():
    leaves = parts(31, queries=5, keys=5)
    expected = scaled_dot_product_attention(*leaves, is_causal=True)
    assert_same(blockwise_attention(*leaves, causal=True, blocks=Blocks(13, 7)), expected, leaves)


@pytest.mark.parametrize(("texts", "queries"), [(2, 0), (0, 5)])
def test_nothing_asked_gives_nothing(texts, queries):
    leaves = parts(texts, queries=queries)
    got = blockwise_attention(*leaves)
    assert got.shape == (texts, queries, 11)
    assert not torch.autograd.grad(got.sum(), leaves[2])[0].any()


@pytest.mark.parametrize("causal", [False, True])
def test_gradients_are_those_of_small_steps(causal):
    leaves = parts(2, queries=3, keys=5, d_k=2, d_v=3)
    assert torch.autograd.gradcheck(
        lambda *inputs: blockwise_attention(*inputs, causal=causal, blocks=Blocks(2, 3)), leaves)


@pytest.mark.parametrize("order", [1.0, -1.0])
def test_scores_that_rise_or_fall_from_block_to_block(order):
    """Where they rise, the sums are scaled down at each block; where they fall, never."""
    queries, keys, values = parts(queries=3, keys=23, d_k=1)
    with torch.no_grad():
        queries.fill_(1.0)
        keys[:, 0] = order * torch.linspace(-700, 700, 23)
    leaves = [queries, keys, values]
    assert_same(blockwise_attention(*leaves, blocks=Blocks(2, 2)), scaled_dot_product_attention(*leaves), leaves,
                rtol=1e-10, atol=1e-10)  # a slope of 0 is a difference of numbers in the hundreds


def test_huge_scores_lose_nothing():
    """The scores are whole numbers up to 28,000 or so, exact in float32; so what differs would be the method's."""
    queries, keys, values = (part.detach() for part in parts(2, queries=37, keys=67, d_k=16, dtype=torch.float32))
    leaves = [(400 * queries).round().requires_grad_(), (16 * keys).round().requires_grad_(), values.requires_grad_()]
    doubles = [leaf.detach().double().requires_grad_() for leaf in leaves]
    got, expected = blockwise_attention(*leaves, blocks=Blocks(8, 8)), scaled_dot_product_attention(*doubles)
    assert (leaves[0] @ leaves[1].mT / 4).abs().max() > 20_000
    assert relative(got, expected) < 1e-6
    slopes = [torch.autograd.grad(one.sin().sum(), each) for one, each in ((got, leaves), (expected, doubles))]
    for mine, theirs in zip(*slopes):
        assert relative(mine, theirs) < 1e-5


def relative(got, expected):
    return ((got - expected).norm() / expected.norm()).item()


def test_in_float32_it_is_as_exact_as_float32_can_be():
    leaves = [part.detach() for part in parts(2, queries=701, keys=701, d_k=64, d_v=64, dtype=torch.float32)]
    expected = scaled_dot_product_attention(*(leaf.double() for leaf in leaves))
    assert relative(blockwise_attention(*leaves, blocks=Blocks(64, 64)), expected) < 1e-6


def test_half_precision_is_rounded_once():
    halves = [part.detach().bfloat16() for part in parts(2)]
    got = blockwise_attention(*halves, blocks=Blocks(3, 5))
    exact = blockwise_attention(*(part.float() for part in halves), blocks=Blocks(3, 5))
    assert got.dtype == torch.bfloat16 and torch.equal(got, exact.bfloat16())


def test_blocks_in_the_future_are_not_computed():
    """A value that is not a number would spoil each row of each block that is."""
    queries, keys, values = (part.detach() for part in parts(queries=30, keys=30))
    keys[10:], values[10:] = math.nan, math.nan
    got = blockwise_attention(queries, keys, values, causal=True, blocks=Blocks(5, 5))
    assert got[:10].isfinite().all() and got[10:].isnan().all()


@pytest.mark.parametrize("backward", [False, True])
def test_memory_grows_with_the_tokens_not_with_their_square(backward):
    def taken(tokens, function):
        leaves = parts(queries=tokens, keys=tokens, d_k=8, d_v=8, dtype=torch.float32)

        def call():
            output = function(*leaves)
            return output.sum().backward() if backward else output
        return peak_bytes(call)

    def by_blocks(*leaves):
        return blockwise_attention(*leaves, blocks=Blocks(64, 64))

    sizes = [taken(tokens, by_blocks) for tokens in (256, 512, 1024)]
    assert sizes[2] - sizes[1] < 2.1 * (sizes[1] - sizes[0])
    numbers_a_query = 8 * 6 + 4 if backward else 8 + 2  # output, peak and sum; slopes of four, a copy, another sum
    tiles = 3 * 64 * (64 + 4 * 8)
    assert sizes[2] < 4 * (1024 * numbers_a_query + tiles)
    assert taken(1024, attention) >= 2 * 4 * 1024**2


def test_gradients_by_torch_func_are_the_same():
    queries, keys, values = (part.detach() for part in parts(2))
    got = torch.func.grad(lambda x: blockwise_attention(x, keys, values, blocks=Blocks(3, 5)).sin().sum())(queries)
    expected = torch.func.grad(lambda x: attention(x, keys, values).sin().sum())(queries)
    torch.testing.assert_close(got, expected, **CLOSE)


def test_a_second_derivative_is_refused_and_not_wrong():
    leaves = parts()
    (slope,) = torch.autograd.grad(blockwise_attention(*leaves).sin().sum(), leaves[:1], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


@pytest.mark.parametrize(("shapes", "options", "message"), [
    (((5, 2), (7, 2), (7, 3)), {"blocks": Blocks(0, 4)}, "blocks of 0 queries and 4 keys"),
    (((5, 2), (7, 2), (7, 3)), {"blocks": Blocks(4, -1)}, "blocks of 4 queries and -1 keys"),
    (((5, 2), (7, 3), (7, 3)), {}, r"queries \(5, 2\), keys \(7, 3\) and values \(7, 3\).*same last axis"),
    (((5, 2), (7, 2), (6, 3)), {}, r"keys \(7, 2\) and values \(6, 3\).*the same length"),
    (((2, 5, 2), (3, 7, 2), (3, 7, 3)), {}, r"queries \(2, 5, 2\), keys \(3, 7, 2\).*same axes before"),
    (((2,), (2,), (2,)), {}, r"queries \(2,\)"),
    (((5, 2), (0, 2), (0, 3)), {}, r"no keys \(0, 2\).*at least one"),
    (((7, 2), (5, 2), (5, 3)), {"causal": True}, "7 queries and 5 keys.*last positions"),
])
def test_what_does_not_fit_is_named(shapes, options, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        blockwise_attention(*(torch.ones(shape) for shape in shapes), **options)
