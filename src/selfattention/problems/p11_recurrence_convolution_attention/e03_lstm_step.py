import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p11_recurrence_convolution_attention.shared import lstm_parts, recurrent_weights

LSTM = ("torch.lstm_cell", "recurrent layer")


@exercise(points=4, minutes=12, builds_on="exercise 2", ready_made=LSTM, hints=(
    "One sum, four vectors wide: cut it into four. Which of them are gates, and so between 0 and 1?",
    "The new cell needs the old one and three of the four. Which one is left for the hidden vector?",
))
def lstm_step(x: Float[Tensor, "batch width"], hidden: Float[Tensor, "batch hidden"],
              cell: Float[Tensor, "batch hidden"], input_weight: Float[Tensor, "width four_hidden"],
              state_weight: Float[Tensor, "hidden four_hidden"], bias: Float[Tensor, " four_hidden"],
              ) -> tuple[Float[Tensor, "batch hidden"], Float[Tensor, "batch hidden"]]:
    r"""Take one step of long short-term memory.

    The columns of $xW + hU + b$ (`input_weight`, `state_weight`, `bias`) are those of the input gate $i$, the forget
    gate $f$, the candidate $g$ and the output gate $o$, in this order. The gates are sigmoids, the candidate is a tanh.
    The new cell is $c' = f \odot c + i \odot g$ and the new hidden vector $h' = o \odot \tanh(c')$ (Hochreiter &
    Schmidhuber 1997; the forget gate is Gers et al.'s, 2000). Return both: the hidden vector, then the cell.
    """
    write, forget, candidate, read = (x @ input_weight + hidden @ state_weight + bias).chunk(4, dim=-1)
    cell = torch.sigmoid(forget) * cell + torch.sigmoid(write) * torch.tanh(candidate)
    return torch.sigmoid(read) * torch.tanh(cell), cell


lstm_step.example(torch.tensor([[1.0]]), torch.tensor([[0.5]]), torch.tensor([[2.0]]),
                  torch.tensor([[0.0, 1.0, 2.0, -0.5]]), torch.tensor([[1.0, 0.0, -2.0, 0.0]]),
                  torch.tensor([0.25, -0.5, 0.5, 1.0]))
lstm_step.example(torch.tensor([[1.0], [-0.5]]), torch.tensor([[0.5], [0.1]]), torch.tensor([[2.0], [-1.0]]),
                  torch.tensor([[0.4, 1.0, 2.0, -0.5]]), torch.tensor([[1.0, 0.3, -1.0, 0.7]]),
                  torch.tensor([0.25, -0.5, 0.5, 1.0]))


def lstm_inputs(rng, batch, width, hidden):
    return (tensor(rng, batch, width), tensor(rng, batch, hidden), 2 * tensor(rng, batch, hidden),
            *recurrent_weights(rng, width, hidden, 4))


@lstm_step.check("agrees with torch's own cell", hint="Follow the first example with a pencil, gate by gate.")
def like_torch(answer, rng):
    for batch, width, hidden in ((2, 3, 5), (3, 7, 2), (1, 1, 1)):
        x, state, cell, into, over, bias = lstm_inputs(rng, batch, width, hidden)
        expected = torch.lstm_cell(x, (state, cell), into.T, over.T, bias, torch.zeros_like(bias))
        got = answer(x, state, cell, into, over, bias)
        probes.equal(got[0], expected[0], "the hidden vector differs")
        probes.equal(got[1], expected[1], "the cell differs")


@lstm_step.check("keeps the cell where it forgets and writes nothing",
                 hint="Forget gate at 1, input gate at 0: what is the new cell, however large the old one is?")
def cell_kept(answer, rng):
    x, state, cell, into, over, _ = lstm_inputs(rng, 2, 3, 5)
    for write, forget in ((-50.0, 50.0), (50.0, 50.0), (50.0, -50.0), (-50.0, -50.0)):
        gates = [torch.full((5,), number, dtype=x.dtype) for number in (write, forget)]
        probes.parity(answer, lstm_step, x, state, cell, into, over, torch.cat([*gates, tensor(rng, 10)]))


def result(hidden_gate, cell):
    return torch.sigmoid(hidden_gate) * torch.tanh(cell), cell


@lstm_step.mistake("returns the cell in place of the hidden vector",
                   hint="Which gate decides what of the cell is shown? Where is it in your code?")
def cell_twice(x, hidden, cell, *weights):
    _, cell = lstm_step(x, hidden, cell, *weights)
    return cell, cell


@lstm_step.mistake("returns the cell first", hint="In which order shall the two be returned?")
def results_exchanged(x, hidden, cell, *weights):
    return lstm_step(x, hidden, cell, *weights)[::-1]


@lstm_step.mistake("does not squash the cell for the hidden vector", hint="How large can your hidden vector become?")
def cell_unsquashed(x, hidden, cell, *weights):
    *_, read = lstm_parts(x, hidden, *weights)
    _, cell = lstm_step(x, hidden, cell, *weights)
    return torch.sigmoid(read) * cell, cell


@lstm_step.mistake("squashes the cell that it keeps", hint="Is tanh around the new cell, or only around its reading?")
def cell_squashed(x, hidden, cell, *weights):
    shown, cell = lstm_step(x, hidden, cell, *weights)
    return shown, torch.tanh(cell)


@lstm_step.mistake("never forgets", hint="That is the cell of 1997. What multiplies the old cell in the formula?")
def never_forgets(x, hidden, cell, *weights):
    write, _, candidate, read = lstm_parts(x, hidden, *weights)
    return result(read, cell + torch.sigmoid(write) * torch.tanh(candidate))


@lstm_step.mistake("overwrites the cell", hint="Where is the old cell in your new one?")
def overwritten(x, hidden, cell, *weights):
    write, _, candidate, read = lstm_parts(x, hidden, *weights)
    return result(read, torch.sigmoid(write) * torch.tanh(candidate))


@lstm_step.mistake("turns the forget gate round", hint="Where the forget gate is 1, is the old cell kept or lost?")
def forget_inverted(x, hidden, cell, *weights):
    write, forget, candidate, read = lstm_parts(x, hidden, *weights)
    return result(read, torch.sigmoid(-forget) * cell + torch.sigmoid(write) * torch.tanh(candidate))


@lstm_step.mistake("exchanges input gate and forget gate", hint="Whose columns come first?")
def write_and_forget(x, hidden, cell, *weights):
    forget, write, candidate, read = lstm_parts(x, hidden, *weights)
    return result(read, torch.sigmoid(forget) * cell + torch.sigmoid(write) * torch.tanh(candidate))


@lstm_step.mistake("exchanges candidate and output gate", hint="Which columns are the third part, which the fourth?")
def candidate_and_read(x, hidden, cell, *weights):
    write, forget, read, candidate = lstm_parts(x, hidden, *weights)
    return result(read, torch.sigmoid(forget) * cell + torch.sigmoid(write) * torch.tanh(candidate))


@lstm_step.mistake("exchanges forget gate and output gate", hint="Which columns are the second part, and which the "
                                                                 "fourth?")
def forget_and_read(x, hidden, cell, *weights):
    write, read, candidate, forget = lstm_parts(x, hidden, *weights)
    return result(read, torch.sigmoid(forget) * cell + torch.sigmoid(write) * torch.tanh(candidate))


@lstm_step.mistake("squashes the candidate with a sigmoid", hint="Can anything ever be taken away from the cell?")
def logistic_candidate(x, hidden, cell, *weights):
    write, forget, candidate, read = lstm_parts(x, hidden, *weights)
    return result(read, torch.sigmoid(forget) * cell + torch.sigmoid(write) * torch.sigmoid(candidate))


@lstm_step.mistake("leaves the candidate unsquashed", hint="How large can the candidate become in your code?")
def unsquashed_candidate(x, hidden, cell, *weights):
    write, forget, candidate, read = lstm_parts(x, hidden, *weights)
    return result(read, torch.sigmoid(forget) * cell + torch.sigmoid(write) * candidate)


@lstm_step.mistake("leaves the gates unsquashed", hint="Between which two numbers must a gate be?")
def unsquashed_gates(x, hidden, cell, *weights):
    write, forget, candidate, read = lstm_parts(x, hidden, *weights)
    cell = forget * cell + write * torch.tanh(candidate)
    return read * torch.tanh(cell), cell


@lstm_step.mistake("squashes the gates with a tanh", hint="Between which two numbers must a gate be?")
def tanh_gates(x, hidden, cell, *weights):
    write, forget, candidate, read = lstm_parts(x, hidden, *weights)
    cell = torch.tanh(forget) * cell + torch.tanh(write) * torch.tanh(candidate)
    return torch.tanh(read) * torch.tanh(cell), cell


@lstm_step.mistake("reads the old cell", hint="Which cell is inside the tanh of the hidden vector: c or c′?")
def old_cell_read(x, hidden, cell, *weights):
    *_, read = lstm_parts(x, hidden, *weights)
    return torch.sigmoid(read) * torch.tanh(cell), lstm_step(x, hidden, cell, *weights)[1]


@lstm_step.mistake("writes what it forgets, and has no input gate",
                   hint="Some variants tie the two. How many gates has the formula, and how many your code?")
def tied_gates(x, hidden, cell, *weights):
    _, forget, candidate, read = lstm_parts(x, hidden, *weights)
    forget = torch.sigmoid(forget)
    return result(read, forget * cell + (1 - forget) * torch.tanh(candidate))


@lstm_step.mistake("keeps what it does not write, and has no forget gate",
                   hint="Some variants tie the two. How many gates has the formula, and how many your code?")
def tied_to_the_input(x, hidden, cell, *weights):
    write, _, candidate, read = lstm_parts(x, hidden, *weights)
    write = torch.sigmoid(write)
    return result(read, (1 - write) * cell + write * torch.tanh(candidate))


@lstm_step.mistake("lets the input gate decide about the old cell, too",
                   hint="Which products does the formula add? Are there brackets around their sum?")
def write_around_all(x, hidden, cell, *weights):
    write, forget, candidate, read = lstm_parts(x, hidden, *weights)
    return result(read, torch.sigmoid(write) * (torch.sigmoid(forget) * cell + torch.tanh(candidate)))


@lstm_step.mistake("adds 1 to the sum of the forget gate",
                   hint="A good start for its bias, before training. Does the step add it?")
def forgets_less(x, hidden, cell, *weights):
    write, forget, candidate, read = lstm_parts(x, hidden, *weights)
    return result(read, torch.sigmoid(forget + 1) * cell + torch.sigmoid(write) * torch.tanh(candidate))


@lstm_step.mistake("lets the cell speak where the hidden vector should",
                   hint="What is multiplied by `state_weight`: the hidden vector or the cell?")
def cell_speaks(x, hidden, cell, *weights):
    return lstm_step(x, cell, cell, *weights)


@lstm_step.mistake("forgets the bias", hint="Which of the six arguments is not used in your code?")
def no_bias(x, hidden, cell, input_weight, state_weight, bias):
    return lstm_step(x, hidden, cell, input_weight, state_weight, 0 * bias)


@lstm_step.alternative("all sigmoids at once")
def sigmoids_at_once(x, hidden, cell, input_weight, state_weight, bias):
    total = torch.cat([x, hidden], dim=1) @ torch.cat([input_weight, state_weight]) + bias
    write, forget, _, read = total.sigmoid().chunk(4, dim=1)
    cell = torch.addcmul(forget * cell, write, total.chunk(4, dim=1)[2].tanh())
    return read * cell.tanh(), cell


@lstm_step.alternative("part by part, with slices")
def by_slices(x, hidden, cell, input_weight, state_weight, bias):
    size = hidden.shape[-1]
    write, forget, candidate, read = (
        x @ input_weight[:, at:at + size] + hidden @ state_weight[:, at:at + size] + bias[at:at + size]
        for at in range(0, 4 * size, size))
    new = cell / (1 + torch.exp(-forget)) + candidate.tanh() / (1 + torch.exp(-write))
    return new.tanh() / (1 + torch.exp(-read)), new
