"""Masks against loops that say in words who may see whom."""

import pytest
import torch

from selfattention import masks


@pytest.mark.parametrize(("queries", "keys"), [(1, 1), (3, 3), (3, 7), (1, 5)])
def test_causal_sees_up_to_its_own_position(queries, keys):
    mask = masks.causal(queries, keys)
    for query in range(queries):
        for key in range(keys):
            assert mask[query, key].item() == (key <= query + keys - queries)


def test_padding_sees_the_real_tokens():
    mask = masks.padding(torch.tensor([2, 0, 5]), 5)
    assert mask.shape == (3, 1, 5)
    assert mask[:, 0].tolist() == [[True, True, False, False, False], [False] * 5, [True] * 5]


def test_combine_allows_what_all_allow():
    mask = masks.combine(masks.causal(3), masks.padding(torch.tensor([2, 3]), 3))
    assert mask.shape == (2, 3, 3)
    for batch, length in enumerate((2, 3)):
        for query in range(3):
            assert mask[batch, query].tolist() == [key <= query and key < length for key in range(3)]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: masks.causal(5, 3), "5 queries and 3 keys"),
        (lambda: masks.causal(0), "0 queries and 0 keys"),
        (lambda: masks.padding(torch.tensor([6]), 5), "6.* between 0 and 5"),
        (lambda: masks.padding(torch.tensor([-1]), 5), "-1.* between 0 and 5"),
        (lambda: masks.combine(), "got none"),
    ],
)
def test_bad_input_is_refused(call, told):
    with pytest.raises(ValueError, match=told):
        call()


@pytest.mark.usefixtures("as_users_call")
def test_a_mask_of_numbers_is_refused():
    with pytest.raises(ValueError, match="float32"):
        masks.combine(torch.ones(3, 3))


def test_dependence_is_what_the_function_reads():
    x = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(masks.dependence(lambda x: x.cumsum(dim=0), x), torch.ones(5, 5).tril().bool())
    assert torch.equal(masks.dependence(lambda x: x * 2, x), torch.eye(5).bool())
    assert torch.equal(masks.dependence(lambda x: x[[1, 0]], x), torch.eye(5).bool()[[1, 0]])
    assert masks.dependence(lambda x: x - x.mean(dim=0), x).all(), "a norm over the tokens lets all see all"
