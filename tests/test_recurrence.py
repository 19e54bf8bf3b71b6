"""Recurrent cells against loops over single numbers, and what must hold of reading token by token."""

import math

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from selfattention import masks
from selfattention.recurrence import ELMAN, GRU, LSTM, Recurrent, elman_step, gru_step, lstm_step

CELLS = [pytest.param(cell, id=name) for name, cell in (("elman", ELMAN), ("gru", GRU), ("lstm", LSTM))]
CLOSE = {"rtol": 1e-10, "atol": 1e-12}
HIDDEN = 5
pytestmark = pytest.mark.usefixtures("float64")


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def of_state(weight, bias, hidden, row):
    return sum(float(weight[row, i]) * hidden[i] for i in range(HIDDEN)) + float(bias[row])


def elman_by_hand(token, weight, bias, hidden):
    return [[math.tanh(token[i] + of_state(weight, bias, hidden, i)) for i in range(HIDDEN)]]


def gru_by_hand(token, weight, bias, hidden):
    new = []
    for i in range(HIDDEN):
        reset = sigmoid(token[i] + of_state(weight, bias, hidden, i))
        update = sigmoid(token[HIDDEN + i] + of_state(weight, bias, hidden, HIDDEN + i))
        candidate = math.tanh(token[2 * HIDDEN + i] + reset * of_state(weight, bias, hidden, 2 * HIDDEN + i))
        new.append(update * hidden[i] + (1 - update) * candidate)
    return [new]


def lstm_by_hand(token, weight, bias, hidden, cell):
    shown, kept = [], []
    for i in range(HIDDEN):
        write, forget, candidate, read = (token[part * HIDDEN + i] + of_state(weight, bias, hidden, part * HIDDEN + i)
                                          for part in range(4))
        kept.append(sigmoid(forget) * cell[i] + sigmoid(write) * math.tanh(candidate))
        shown.append(sigmoid(read) * math.tanh(kept[-1]))
    return [shown, kept]


@pytest.mark.parametrize(("step", "by_hand", "cell"), [
    (elman_step, elman_by_hand, ELMAN), (gru_step, gru_by_hand, GRU), (lstm_step, lstm_by_hand, LSTM)])
def test_a_step_is_what_the_formula_says(step, by_hand, cell):
    token, weight, bias = torch.randn(3, cell.parts * HIDDEN), torch.randn(cell.parts * HIDDEN, HIDDEN), torch.randn(
        cell.parts * HIDDEN)
    state = tuple(torch.randn(3, HIDDEN) for _ in range(cell.states))
    got = step(token, state, weight, bias)
    assert len(got) == cell.states
    for row in range(3):
        expected = by_hand(token[row].tolist(), weight, bias, *(one[row].tolist() for one in state))
        for one, other in zip(got, expected):
            assert one[row].tolist() == pytest.approx(other, rel=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_a_text_in_pieces_gives_what_the_whole_gives(cell):
    layer, x = Recurrent(cell, 3, HIDDEN), torch.randn(2, 7, 3)
    whole, end = layer(x)
    state, parts = None, []
    for piece in (x[:, :1], x[:, 1:4], x[:, 4:]):
        outputs, state = layer(piece, state)
        parts.append(outputs)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, **CLOSE)
    for one, other in zip(state, end):
        torch.testing.assert_close(one, other, **CLOSE)
    torch.testing.assert_close(end[0], whole[:, -1], **CLOSE)


@pytest.mark.parametrize("cell", CELLS)
def test_a_token_depends_on_itself_and_the_past_of_its_own_text_alone(cell):
    layer = Recurrent(cell, 3, HIDDEN)
    seen = masks.dependence(lambda x: layer(x[None])[0][0], torch.randn(7, 3))
    assert torch.equal(seen, torch.ones(7, 7).tril().bool())
    x = torch.randn(2, 7, 3)
    torch.testing.assert_close(layer(x)[0][1:], layer(x[1:])[0], **CLOSE)


@pytest.mark.parametrize("cell", CELLS)
def test_rounds_are_right_one_token_after_another_and_in_the_end_for_all(cell):
    layer, x = Recurrent(cell, 3, HIDDEN), torch.randn(2, 7, 3)
    whole = layer(x)[0]
    rounds = list(layer.rounds(x))
    assert len(rounds) == 7
    for number, after in enumerate(rounds, start=1):
        torch.testing.assert_close(after[:, :number], whole[:, :number], **CLOSE)
        assert number == 7 or not torch.allclose(after[:, number], whole[:, number])


@pytest.mark.parametrize("cell", CELLS)
def test_flops_are_those_that_torch_counts(cell):
    layer = Recurrent(cell, 3, HIDDEN)
    with FlopCounterMode(display=False) as counter:
        layer(torch.randn(1, 11, 3))
    assert layer.flops(11) == counter.get_total_flops()


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_finite_where_everything_is_saturated(cell):
    layer = Recurrent(cell, 3, HIDDEN)
    x = (1000 * torch.randn(2, 7, 3)).requires_grad_()
    layer(x)[0].sum().backward()
    assert x.grad.isfinite().all() and layer.from_hidden.weight.grad.isfinite().all()


@pytest.mark.parametrize("cell", CELLS[1:])
def test_a_gate_wide_open_keeps_the_state_and_writes_no_more_than_it_must(cell):
    layer, x = Recurrent(cell, 3, HIDDEN), torch.randn(2, 7, 3)
    state = tuple(torch.randn(2, HIDDEN) for _ in range(cell.states))
    layer.open_gate(80.0)
    after = layer(x, state)[1]
    if cell is GRU:
        torch.testing.assert_close(after[0], state[0], **CLOSE)
    else:  # what is written is still added to the cell, at most 1 a token
        layer.from_token.bias.data[:HIDDEN] -= 160  # the input gate is shut
        torch.testing.assert_close(layer(x, state)[1][1], state[1], **CLOSE)


def test_without_a_gate_there_is_nothing_to_open():
    with pytest.raises(ValueError, match="no gate"):
        Recurrent(ELMAN, 3, HIDDEN).open_gate(1.0)


@pytest.mark.parametrize(("call", "message"), [
    (lambda layer: layer(torch.randn(2, 7, 4)), r"shape \(2, 7, 4\).*the 3 numbers of a token"),
    (lambda layer: layer(torch.randn(7, 3)), r"shape \(7, 3\).*texts, tokens"),
    (lambda layer: layer(torch.randn(2, 0, 3)), r"shape \(2, 0, 3\).*at least one"),
    (lambda layer: list(layer.rounds(torch.randn(2, 0, 3))), r"shape \(2, 0, 3\).*at least one"),
    (lambda layer: layer(torch.randn(2, 7, 3), layer(torch.randn(3, 7, 3))[1]),
     r"2 tensors of shapes \[\(3, 5\), \(3, 5\)\] for 2 texts: it must be 2 of shape \(2, 5\)"),
    (lambda layer: layer(torch.randn(2, 7, 3), (torch.zeros(2, 5),)), r"1 tensors of shapes.*must be 2"),
])
def test_bad_input_is_refused(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call(Recurrent(LSTM, 3, HIDDEN))
