"""Recurrent layers and the convolution against torch's own with copied weights: float64, forward and gradients."""

import pytest
import torch
from torch import nn

from selfattention.convolution import CausalConvolution, causal_convolution
from selfattention.parity import from_convolution, from_recurrent
from selfattention.recurrence import ELMAN, GRU, LSTM, Recurrent

CLOSE = {"rtol": 1e-9, "atol": 1e-11}
WIDTH, HIDDEN, BATCH, TOKENS = 7, 5, 3, 11
KINDS = [pytest.param(cell, module, id=module.__name__)
         for cell, module in ((ELMAN, nn.RNN), (GRU, nn.GRU), (LSTM, nn.LSTM))]
pytestmark = pytest.mark.usefixtures("float64")


def pair(cell, module, layers):
    """Ours and torch's with the same random weights."""
    theirs = module(WIDTH, HIDDEN, layers, batch_first=True)
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.5)
    ours = nn.ModuleList([Recurrent(cell, WIDTH if layer == 0 else HIDDEN, HIDDEN) for layer in range(layers)])
    return from_recurrent(ours, theirs), theirs


def run(layers, x, states):
    """All layers, one after the other, and where each of them ended."""
    ends = []
    for layer, state in zip(layers, states):
        x, end = layer(x, state)
        ends.append(end)
    return x, ends


def in_torchs_form(states):
    """(layers, batch, hidden), for an LSTM once for the hidden vectors and once for the cells."""
    stacked = tuple(torch.stack(parts) for parts in zip(*states))
    return stacked if len(stacked) > 1 else stacked[0]


def gradients(outputs, leaves, cotangents):
    return torch.autograd.grad([(one * other).sum() for one, other in zip(outputs, cotangents)], leaves)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize(("cell", "module"), KINDS)
def test_equals_torchs_layers(cell, module, layers):
    ours, theirs = pair(cell, module, layers)
    x = torch.randn(BATCH, TOKENS, WIDTH, requires_grad=True)
    states = [tuple(torch.randn(BATCH, HIDDEN, requires_grad=True) for _ in range(cell.states)) for _ in range(layers)]
    got, ends = run(ours, x, states)
    expected, end = theirs(x, in_torchs_form(states))
    torch.testing.assert_close(got, expected, **CLOSE)
    mine, yours = in_torchs_form(ends), end
    torch.testing.assert_close(mine, yours, **CLOSE)
    outputs = [(got, *(mine if cell.states > 1 else [mine])), (expected, *(yours if cell.states > 1 else [yours]))]
    cotangents = [torch.randn_like(one) for one in outputs[0]]
    leaves = [x, *(one for state in states for one in state)]
    weights = [getattr(getattr(layer, part), kind) for layer in ours for kind in ("weight", "bias")
               for part in ("from_token", "from_hidden")]
    one = gradients(outputs[0], leaves + weights, cotangents)
    other = gradients(outputs[1], leaves + list(theirs.parameters()), cotangents)
    assert len(one) == len(other)
    for mine, yours in zip(one, other):
        torch.testing.assert_close(mine, yours, **CLOSE)


@pytest.mark.parametrize(("cell", "module"), KINDS)
def test_a_single_layer_needs_no_list_and_starts_from_zero(cell, module):
    theirs = module(WIDTH, HIDDEN, batch_first=True)
    ours, x = from_recurrent(Recurrent(cell, WIDTH, HIDDEN), theirs), torch.randn(BATCH, TOKENS, WIDTH)
    torch.testing.assert_close(ours(x)[0], theirs(x)[0], **CLOSE)


@pytest.mark.parametrize(("taps", "dilation"), [(1, 1), (2, 3), (5, 2)])
def test_equals_torchs_convolution_padded_on_the_left(taps, dilation):
    theirs = nn.Conv1d(WIDTH, HIDDEN, taps, dilation=dilation)
    ours = from_convolution(CausalConvolution(WIDTH, HIDDEN, taps, dilation), theirs)
    x = torch.randn(BATCH, TOKENS, WIDTH, requires_grad=True)
    got = ours(x)
    expected = theirs(nn.functional.pad(x.mT, ((taps - 1) * dilation, 0))).mT
    torch.testing.assert_close(got, expected, **CLOSE)
    torch.testing.assert_close(causal_convolution(x, theirs.weight, theirs.bias, dilation), expected, **CLOSE)
    cotangent = torch.randn_like(got)
    one = gradients([got], [x, ours.window.weight, ours.window.bias], [cotangent])
    other = gradients([expected], [x, theirs.weight, theirs.bias], [cotangent])
    for mine, yours in zip(one, other):
        torch.testing.assert_close(mine.reshape(yours.shape), yours, **CLOSE)
    assert torch.equal(ours.weight, theirs.weight)


def list_of(cell, *widths):
    return nn.ModuleList([Recurrent(cell, width, HIDDEN) for width in widths])


@pytest.mark.parametrize(("ours", "theirs", "message"), [
    (lambda: Recurrent(LSTM, 7, 5), lambda: nn.GRU(7, 5), r"from_token.weight \(20, 7\) for \(15, 7\)"),
    (lambda: Recurrent(ELMAN, 7, 5), lambda: nn.RNN(7, 5, nonlinearity="relu"), "relu for its nonlinearity.*tanh"),
    (lambda: Recurrent(GRU, 7, 5), lambda: nn.GRU(7, 5, bidirectional=True), "theirs without a place.*reverse"),
    (lambda: Recurrent(GRU, 7, 5), lambda: nn.GRU(7, 5, bias=False), r"ours without one of theirs: \['from_token.bias"),
    (lambda: Recurrent(LSTM, 7, 5), lambda: nn.LSTM(7, 5, proj_size=3), "weight_hr_l0"),
    (lambda: list_of(GRU, 7), lambda: nn.GRU(7, 5, 2), r"theirs without a place here: \['1.from_token.weight"),
    (lambda: list_of(GRU, 7, 5), lambda: nn.GRU(7, 5), r"ours without one of theirs: \['1.from_token.weight"),
])
def test_what_does_not_fit_is_named(ours, theirs, message):
    with pytest.raises(ValueError, match=message):
        from_recurrent(ours(), theirs())


@pytest.mark.parametrize(("theirs", "message"), [
    (lambda: nn.Conv1d(7, 5, 3), "dilation of 1, ours 1 and 2"),
    (lambda: nn.Conv1d(7, 5, 3, dilation=2, stride=2), "stride of 2"),
    (lambda: nn.Conv1d(7, 5, 2, dilation=2), r"window.weight \(5, 21\) for \(5, 14\)"),
    (lambda: nn.Conv1d(7, 5, 3, dilation=2, bias=False), "ours without one of theirs.*window.bias"),
])
def test_what_does_not_fit_of_a_convolution_is_named(theirs, message):
    with pytest.raises(ValueError, match=message):
        from_convolution(CausalConvolution(7, 5, 3, 2), theirs())
