"""`attention` against torch's own and against the NumPy one: float64, forward and gradients."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from selfattention import arrays, masks
from selfattention.attention import attention, attention_weights

# Two different orders of summation of some ten float64 products: a few units of the last place.
CLOSE = {"rtol": 1e-12, "atol": 1e-13}


def inputs(*batch, queries=3, keys=5):
    generator = torch.Generator().manual_seed(7)
    return [torch.randn(*batch, *size, generator=generator, dtype=torch.float64, requires_grad=True)
            for size in ((queries, 7), (keys, 7), (keys, 11))]


def assert_same(ours, theirs, leaves):
    torch.testing.assert_close(ours, theirs, **CLOSE)
    cotangent = torch.linspace(-1, 2, ours.numel(), dtype=torch.float64).reshape(ours.shape)
    for one, other in zip(torch.autograd.grad(ours, leaves, cotangent), torch.autograd.grad(theirs, leaves, cotangent)):
        torch.testing.assert_close(one, other, **CLOSE)


@pytest.mark.parametrize("batch", [(), (2,), (2, 13)])
@pytest.mark.parametrize("mask", [None, masks.causal(3, 5), torch.tensor([[True, True, False, False, True]])])
def test_equals_torch(batch, mask):
    leaves = inputs(*batch)
    theirs = functional.scaled_dot_product_attention(*leaves, attn_mask=mask)
    assert_same(attention(*leaves, mask=mask), theirs, leaves)


def test_causal_with_equal_lengths_is_torchs_is_causal():
    leaves = inputs(2, queries=5)
    theirs = functional.scaled_dot_product_attention(*leaves, is_causal=True)
    assert_same(attention(*leaves, mask=masks.causal(5)), theirs, leaves)


def test_equals_numpy():
    queries, keys, values = inputs(2)
    ours = attention(queries, keys, values).detach().numpy()
    assert np.allclose(ours, arrays.attention(*(x.detach().numpy() for x in (queries, keys, values))), rtol=1e-12)


@pytest.mark.parametrize(("queries", "keys"), [(1, 1), (1, 5), (3, 1)])
def test_single_tokens(queries, keys):
    leaves = inputs(queries=queries, keys=keys)
    assert_same(attention(*leaves), functional.scaled_dot_product_attention(*leaves), leaves)


def test_an_empty_row_is_zero_and_so_is_its_gradient():
    leaves = inputs()
    mask = torch.tensor([[True, True, False, True, True], [False] * 5, [True] * 5])
    weights = attention_weights(*leaves[:2], mask)
    assert weights.sum(dim=-1).tolist() == pytest.approx([1.0, 0.0, 1.0])
    gradients = torch.autograd.grad(attention(*leaves, mask=mask).sum(), leaves)
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert gradients[0][1].abs().max() == 0
    with torch.autograd.set_detect_anomaly(True):
        attention(*leaves, mask=mask).sum().backward()


def test_huge_scores_stay_finite():
    queries, keys, values = (x.detach() for x in inputs())
    assert attention(queries * 1e4, keys * 1e4, values, masks.causal(3, 5)).isfinite().all()


@pytest.mark.parametrize(("change", "message"), [
    (lambda q, k, v: attention(v, k, v), r"\(5, 11\).*\(5, 7\)"),
    (lambda q, k, v: attention(q, k, v[:4]), r"\(3, 5\).*\(4, 11\).*5 and 4"),
    (lambda q, k, v: attention(q, k, v, torch.ones(3, 5)), "torch.float32.*torch.bool"),
    (lambda q, k, v: attention(q, k, v, torch.ones(5, 3).bool()), r"\(5, 3\).*\(3, 5\)"),
    (lambda q, k, v: attention(q, k, v, bias=torch.ones(2, 3, 5)), r"bias \(2, 3, 5\).*\(3, 5\)"),
    (lambda q, k, v: attention(q, k, v, torch.ones(2, 3, 5).bool()), r"\(2, 3, 5\).*\(3, 5\)"),
])
@pytest.mark.usefixtures("as_users_call")
def test_bad_input_names_both_sides(change, message):
    with pytest.raises(ValueError, match=message):
        change(*inputs())
