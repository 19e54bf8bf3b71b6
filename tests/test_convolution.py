"""Causal convolutions against loops and Jacobians: float64, distinct primes."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from selfattention import masks
from selfattention.convolution import (
    CausalConvolution,
    DilatedStack,
    GatedConvolution,
    causal_convolution,
    receptive_field,
)

CLOSE = {"rtol": 1e-10, "atol": 1e-12}
pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize(("tokens", "taps", "dilation"), [(11, 3, 1), (11, 3, 2), (11, 2, 5), (1, 3, 1), (3, 2, 7),
                                                          (5, 1, 3)])
def test_each_output_is_the_sum_of_the_formula(tokens, taps, dilation):
    x, weight, bias = torch.randn(2, tokens, 3), torch.randn(5, 3, taps), torch.randn(5)
    got = causal_convolution(x, weight, bias, dilation)
    for text in range(2):
        for at in range(tokens):
            expected = bias.clone()
            for tap in range(taps):
                seen = at - (taps - 1 - tap) * dilation
                if seen >= 0:
                    expected += weight[:, :, tap] @ x[text, seen]
            torch.testing.assert_close(got[text, at], expected, **CLOSE)


@pytest.mark.parametrize(("taps", "dilations"), [(3, (1, 2, 4)), (2, (1, 2, 4, 8)), (2, (1, 5)), (4, (2,)),
                                                 (1, (3, 9))])
def test_what_an_output_depends_on_is_what_the_field_says(taps, dilations):
    stack, tokens = DilatedStack(3, taps, dilations), 19
    seen = masks.dependence(lambda x: stack(x[None])[0], torch.randn(tokens, 3))
    distances = {0}
    for dilation in dilations:
        distances = {before + tap * dilation for before in distances for tap in range(taps)}
    for query in range(tokens):
        assert {query - key for key in range(tokens) if seen[query, key]} == {d for d in distances if d <= query}
    assert stack.field == receptive_field(taps, dilations) == max(distances) + 1


def test_a_gated_convolution_is_a_tanh_times_a_sigmoid():
    layer, x = GatedConvolution(3, taps=2, dilation=2), torch.randn(2, 7, 3)
    content = causal_convolution(x, layer.both.weight[:3], layer.both.window.bias[:3], 2)
    gate = causal_convolution(x, layer.both.weight[3:], layer.both.window.bias[3:], 2)
    expected = (content.tanh() / (1 + (-gate).exp())) @ layer.output.weight.T + layer.output.bias
    torch.testing.assert_close(layer(x), expected, **CLOSE)


def test_a_stack_adds_layer_by_layer():
    stack, x = DilatedStack(3, 2, (1, 2, 4)), torch.randn(2, 7, 3)
    rounds, before = list(stack.rounds(x)), x
    assert len(rounds) == 3 and torch.equal(rounds[-1], stack(x))
    for convolution, after in zip(stack.convolutions, rounds):
        torch.testing.assert_close(after, before + convolution(before), **CLOSE)
        before = after
    assert torch.equal(DilatedStack(3, 2, ())(x), x)


def test_flops_are_those_that_torch_counts():
    stack = DilatedStack(3, 2, (1, 2, 4))
    with FlopCounterMode(display=False) as counter:
        stack(torch.randn(1, 11, 3))
    assert stack.flops(11) == counter.get_total_flops()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: causal_convolution(torch.randn(2, 7, 3), torch.randn(5, 4, 2), torch.randn(5)),
     r"3 numbers \(2, 7, 3\), but weights for 4 \(5, 4, 2\)"),
    (lambda: causal_convolution(torch.randn(2, 7, 3), torch.randn(5, 3, 2), torch.randn(5), 0), "dilation of 0"),
    (lambda: causal_convolution(torch.randn(2, 7, 3), torch.randn(5, 3, 0), torch.randn(5)), "0 taps"),
    (lambda: receptive_field(0, (1, 2)), "0 taps and dilations"),
    (lambda: DilatedStack(3, 2, (1, 0)), r"dilations \[1, 0\]"),
    (lambda: CausalConvolution(3, 5, 2)(torch.randn(2, 7, 4)), r"4 numbers \(2, 7, 4\), but weights for 3"),
])
def test_bad_input_is_refused(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()
