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


def fading(x):
    """Each output is tanh of its token and of half of the output before."""
    outputs = [torch.tanh(x[:, 0])]
    for token in x[:, 1:].unbind(dim=1):
        outputs.append(torch.tanh(token + outputs[-1] / 2))
    return torch.stack(outputs, dim=1)


def test_the_gradient_by_distance_is_the_norm_of_the_jacobian():
    x = torch.randn(2, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    mix = torch.randn(3, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(2))

    def function(x):
        return fading(x) @ mix

    got = masks.gradient_by_distance(function, x)
    assert got.shape == (2, 5) and not got.requires_grad
    for text in range(2):
        jacobian = torch.autograd.functional.jacobian(lambda one: function(one[None])[0], x[text])
        for distance in range(5):
            expected = torch.linalg.matrix_norm(jacobian[-1, :, 4 - distance])
            torch.testing.assert_close(got[text, distance], expected, rtol=1e-12, atol=1e-14)
    halving = masks.gradient_by_distance(fading, torch.zeros(1, 5, 3, dtype=torch.float64))[0]
    torch.testing.assert_close(halving, 3**0.5 * 0.5 ** torch.arange(5.0, dtype=torch.float64), rtol=1e-12, atol=1e-14)


def test_the_length_of_a_path_is_the_first_round_that_brings_the_first_token_to_the_last():
    x = torch.randn(2, 6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def neighbours(x, steps=1):
        while True:
            x = x + torch.cat([0 * x[:, :steps], x[:, :-steps]], dim=1)
            yield x

    assert masks.path_length(neighbours, x) == 5
    assert masks.path_length(lambda x: neighbours(x, 5), x) == 1
    assert masks.path_length(lambda x: neighbours(x, 2), x[:, :5]) == 2
    assert masks.path_length(lambda x: iter([x - x.mean(dim=-1, keepdim=True), x.cumsum(dim=1)]), x) == 2, \
        "a sum that is always zero is not taken for one that depends on nothing"
    centred = masks.path_length(lambda x: iter([x.cumsum(dim=1) - x.cumsum(dim=1).mean(dim=-1, keepdim=True)]), x)
    assert centred == 1


@pytest.mark.parametrize("rounds", [lambda x: iter([2 * x, 3 * x]), lambda x: iter([])])
def test_a_path_that_does_not_exist_is_told(rounds):
    with pytest.raises(ValueError, match=r"after [02] rounds the last of 5 tokens does not depend on the first"):
        masks.path_length(rounds, torch.randn(1, 5, 3))
