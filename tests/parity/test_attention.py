"""`attention` against torch's own and against the NumPy one: float64, forward and gradients."""

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from selfattention import arrays, masks
from selfattention.attention import attention, attention_weights, fused_attention

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


EMPTY = torch.tensor([[True, True, False, True, True], [False] * 5, [True] * 5])


@pytest.mark.parametrize("batch", [(), (2,), (2, 13)])
@pytest.mark.parametrize("mask", [None, masks.causal(3, 5), EMPTY, EMPTY[1:2]], ids=["none", "causal", "empty", "all"])
@pytest.mark.parametrize("kernels", [[SDPBackend.MATH], [SDPBackend.MATH, SDPBackend.FLASH_ATTENTION]],
                         ids=["math", "any"])
def test_the_fused_kernels_give_the_same_and_zeros_for_empty_rows(batch, mask, kernels):
    leaves = inputs(*batch)
    with sdpa_kernel(kernels):
        assert_same(fused_attention(*leaves, mask=mask), attention(*leaves, mask=mask), leaves)


def test_a_mask_for_each_text_is_fused_alike():
    leaves = inputs(2, 13)
    mask = masks.padding(torch.tensor([4, 0]), 5)[:, None]
    assert_same(fused_attention(*leaves, mask=mask), attention(*leaves, mask=mask), leaves)


@pytest.mark.parametrize("attend", [attention, fused_attention])
def test_huge_scores_stay_finite(attend):
    queries, keys, values = (x.detach() for x in inputs())
    assert attend(queries * 1e4, keys * 1e4, values, masks.causal(3, 5)).isfinite().all()


@pytest.mark.parametrize("attend", [attention, fused_attention,
                                    lambda *three, mask: functional.scaled_dot_product_attention(*three, mask)])
def test_what_is_masked_must_be_finite_here_as_in_torch(attend):
    """0 · NaN is NaN. A number, however large, is silent."""
    mask = torch.tensor([True, True, False, True, True]).expand(3, 5)
    queries, keys, values = (x.detach() for x in inputs(2, 13))
    wanted = attend(queries, keys, values, mask=mask)
    values[..., 2, :] = 1e300
    torch.testing.assert_close(attend(queries, keys, values, mask=mask), wanted, **CLOSE)
    for spoilt in (torch.nan, torch.inf):
        values[..., 2, :] = spoilt
        assert attend(queries, keys, values, mask=mask).isnan().all()


@pytest.mark.parametrize(("change", "message"), [
    (lambda q, k, v: fused_attention(v, k, v), r"\(5, 11\).*\(5, 7\)"),
    (lambda q, k, v: fused_attention(q, k, v[:4]), r"\(5, 7\).*\(4, 11\).*5 and 4"),
    (lambda q, k, v: fused_attention(q, k, v, torch.ones(3, 5)), "torch.float32.*torch.bool"),
    (lambda q, k, v: fused_attention(q, k, v, torch.ones(5, 3).bool()), r"\(5, 3\).*\(3, 5\)"),
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
