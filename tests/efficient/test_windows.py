"""Windows by blocks against dense masks and flex_attention: float64, forward and gradients, sizes mostly primes."""

import pytest
import torch
from torch.nn.attention.flex_attention import create_block_mask, flex_attention
from torch.nn.functional import scaled_dot_product_attention

from selfattention import masks
from selfattention.attention import attention
from selfattention.efficient.memory import peak_bytes
from selfattention.efficient.windows import sliding_window, windowed_attention

CLOSE = {"rtol": 1e-10, "atol": 1e-12}


def parts(*batch, tokens=23, d_k=7, d_v=11, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(*batch, tokens, width, dtype=dtype, generator=generator, requires_grad=True)
            for width in (d_k, d_k, d_v)]


def assert_same(got, expected, leaves):
    torch.testing.assert_close(got, expected, **CLOSE)
    cotangent = torch.randn(got.shape, dtype=got.dtype, generator=torch.Generator().manual_seed(1))
    for mine, theirs in zip(*(torch.autograd.grad(one, leaves, cotangent) for one in (got, expected))):
        torch.testing.assert_close(mine, theirs, **CLOSE)


def test_the_mask_by_hand():
    assert sliding_window(4, 2).int().tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    assert sliding_window(2, 2, keys=4).int().tolist() == [[0, 1, 1, 0], [0, 0, 1, 1]]
    assert torch.equal(sliding_window(5, 5), masks.causal(5)) and torch.equal(sliding_window(5, 99), masks.causal(5))
    assert torch.equal(sliding_window(5, 1), torch.eye(5, dtype=torch.bool))


def test_the_mask_pair_by_pair():
    got = sliding_window(13, 5, keys=17)
    for query in range(13):
        for key in range(17):
            assert got[query, key] == (0 <= query + 4 - key < 5)


@pytest.mark.parametrize(("window", "block"), [(1, None), (3, None), (5, 1), (5, 2), (5, 7), (7, 23), (23, 5),
                                               (50, None), (22, 100)])
@pytest.mark.parametrize("batch", [(), (2, 3)])
def test_equals_a_dense_mask(window, block, batch):
    leaves = parts(*batch)
    expected = scaled_dot_product_attention(*leaves, attn_mask=sliding_window(23, window))
    assert_same(windowed_attention(*leaves, window, block=block), expected, leaves)


@pytest.mark.filterwarnings("ignore")  # it says that it is meant to be compiled
def test_equals_flex_attention():
    """Forward alone: on the CPU it has no backward."""
    queries, keys, values = (part.detach() for part in parts(2, 3))
    near = create_block_mask(lambda text, head, query, key: (query >= key) & (query - key < 5), 2, 3, 23, 23, "cpu")
    expected = flex_attention(queries, keys, values, block_mask=near)
    torch.testing.assert_close(windowed_attention(queries, keys, values, 5), expected, **CLOSE)


@pytest.mark.parametrize("tokens", [1, 2, 5])
def test_texts_shorter_than_the_window(tokens):
    leaves = parts(2, tokens=tokens)
    assert_same(windowed_attention(*leaves, 7), attention(*leaves, masks.causal(tokens)), leaves)


def test_huge_scores_are_no_harm():
    queries, keys, values = parts(3)
    leaves = [(1000 * queries).detach().requires_grad_(), keys, values]
    expected = scaled_dot_product_attention(*leaves, attn_mask=sliding_window(23, 5))
    assert_same(windowed_attention(*leaves, 5, block=3), expected, leaves)


def test_each_token_depends_on_its_window_alone():
    leaves = [part.detach() for part in parts(tokens=13)]
    for place, function in ((1, lambda keys: windowed_attention(leaves[0], keys, leaves[2], 5, block=3)),
                            (2, lambda values: windowed_attention(*leaves[:2], values, 5, block=3))):
        assert torch.equal(masks.dependence(function, leaves[place]).tril(-1), sliding_window(13, 5).tril(-1))
        assert not masks.dependence(function, leaves[place]).triu(1).any()


def test_memory_grows_with_the_tokens():
    sizes = [peak_bytes(lambda given=parts(tokens=tokens, dtype=torch.float32): windowed_attention(*given, 16))
             for tokens in (256, 512, 1024)]
    assert sizes[2] - sizes[1] < 2.1 * (sizes[1] - sizes[0]) and sizes[2] < 1024 * 4 * 16 * 20 < 4 * 1024**2


@pytest.mark.parametrize(("call", "message"), [
    (lambda: sliding_window(5, 0), "a window of 0 keys"),
    (lambda: sliding_window(5, 2, keys=3), "5 queries and 3 keys"),
    (lambda: windowed_attention(*parts(), -1), "a window of -1 keys"),
    (lambda: windowed_attention(*parts(), 3, block=0), "blocks of 0 queries"),
    (lambda: windowed_attention(*parts(tokens=0), 3), r"no queries \(0, 7\)"),
    (lambda: windowed_attention(torch.ones(3, 2), torch.ones(5, 2), torch.ones(5, 2), 2),
     r"queries \(3, 2\), keys \(5, 2\).*each token needs one of all three"),
    (lambda: windowed_attention(torch.ones(3, 2), torch.ones(3, 2), torch.ones(4, 2), 2), r"values \(4, 2\)"),
    (lambda: windowed_attention(torch.ones(3, 2), torch.ones(3, 5), torch.ones(3, 2), 2), r"keys \(3, 5\)"),
])
def test_what_does_not_fit_is_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()
