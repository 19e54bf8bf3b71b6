"""What several exercises of this chapter share."""

import torch

from selfattention.problems.draws import tensor


def recurrent_weights(rng, width, hidden, parts=1, biases=1):
    """Matrices for token and state and so many biases, for `parts` vectors side by side."""
    return (tensor(rng, width, parts * hidden), tensor(rng, hidden, parts * hidden) / 2,
            *(tensor(rng, parts * hidden) for _ in range(biases)))


def read(x, state, input_weight, state_weight, bias, *, squash=torch.tanh, carry=lambda state: state):
    """The plain recurrent network with one thing to be changed at a time."""
    outputs = []
    for token in x.unbind(dim=1):
        state = squash(token @ input_weight + carry(state) @ state_weight + bias)
        outputs.append(state)
    return torch.stack(outputs, dim=1)


def gru_parts(x, hidden, input_weight, state_weight, input_bias, state_bias):
    """What token and state give to reset gate, update gate and candidate: the three of the token, then of the state."""
    return (*(x @ input_weight + input_bias).chunk(3, dim=-1), *(hidden @ state_weight + state_bias).chunk(3, dim=-1))


def lstm_parts(x, hidden, input_weight, state_weight, bias):
    """The sums of input gate, forget gate, candidate and output gate."""
    return (x @ input_weight + hidden @ state_weight + bias).chunk(4, dim=-1)


def convolved(padded, weight, bias, tokens, dilation, stride=1):
    """`tokens` windows, `stride` apart, of an input that is padded already."""
    taps = weight.shape[-1]
    windows = [padded[:, tap * dilation:][:, :(tokens - 1) * stride + 1:stride] for tap in range(taps)]
    return sum(window @ weight[..., tap].T for tap, window in enumerate(windows)) + bias


def zeros(x, count):
    """So many tokens of zeros for each text."""
    return x.new_zeros(len(x), count, x.shape[-1])
