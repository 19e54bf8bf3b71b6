"""Recurrence: one token after another, and what was read so far in a state. Three cells as pure functions, one loop."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

# What is passed from token to token: the hidden vector that is also the output, and in an LSTM the cell.
State = tuple[Float[Tensor, "batch hidden"], ...]


def elman_step(token: Float[Tensor, "batch hidden"], state: State, weight: Float[Tensor, "hidden hidden"],
               bias: Float[Tensor, " hidden"]) -> State:
    r"""The plain recurrent network: $h_t = \tanh(W x_t + b + U h_{t-1} + c)$ (Elman 1990, figure 2).

    Args:    token: the token's part, $W x_t + b$; it needs no state, so it is computed for all tokens at once.
             state: $h_{t-1}$. weight, bias: $U$ and $c$.
    Returns: $h_t$.
    Differs: Elman's units are logistic; torch's, and these, have tanh.
    """
    (hidden,) = state
    return (torch.tanh(token + hidden @ weight.T + bias),)


def gru_step(token: Float[Tensor, "batch three_hidden"], state: State, weight: Float[Tensor, "three_hidden hidden"],
             bias: Float[Tensor, " three_hidden"]) -> State:
    r"""The gated recurrent unit: two gates decide what of the state is read, and what of it is kept.

    $r = \sigma(W_r x_t + U_r h_{t-1})$, $z = \sigma(W_z x_t + U_z h_{t-1})$,
    $n = \tanh(W_n x_t + r \odot U_n h_{t-1})$, $h_t = z \odot h_{t-1} + (1 - z) \odot n$ (Cho et al. 2014, eq. 5–8;
    our `candidate` is their $\tilde h$).

    Args:    token: the token's parts of reset, update and candidate, side by side. state: $h_{t-1}$.
             weight, bias: what the state adds to the three, in the same order.
    Returns: $h_t$.
    Differs: this is torch's variant, which resets the product, $r \odot (U_n h + c_n)$; the paper resets the state
             before it, $U_n (r \odot h)$, and has no biases.
    """
    (hidden,) = state
    token_reset, token_update, token_candidate = token.chunk(3, dim=-1)
    hidden_reset, hidden_update, hidden_candidate = (hidden @ weight.T + bias).chunk(3, dim=-1)
    reset = torch.sigmoid(token_reset + hidden_reset)
    update = torch.sigmoid(token_update + hidden_update)
    candidate = torch.tanh(token_candidate + reset * hidden_candidate)
    return (update * hidden + (1 - update) * candidate,)


def lstm_step(token: Float[Tensor, "batch four_hidden"], state: State, weight: Float[Tensor, "four_hidden hidden"],
              bias: Float[Tensor, " four_hidden"]) -> State:
    r"""Long short-term memory: a cell that is added to and not overwritten, with gates before and after it.

    $c_t = f \odot c_{t-1} + i \odot g$ and $h_t = o \odot \tanh(c_t)$, where $i$, $f$ and $o$ are sigmoids and $g$ a
    tanh of $W x_t + U h_{t-1}$ (Hochreiter & Schmidhuber 1997, §4; the forget gate $f$ is Gers et al.'s, 2000).

    Args:    token: the token's parts of input gate, forget gate, candidate and output gate, side by side.
             state: $h_{t-1}$ and $c_{t-1}$. weight, bias: what the hidden vector adds to the four, in the same order.
    Returns: $h_t$ and $c_t$.
    Differs: the paper of 1997 has no forget gate and squashes to other ranges; like torch, no gate sees the cell.
    """
    hidden, cell = state
    write, forget, candidate, read = (token + hidden @ weight.T + bias).chunk(4, dim=-1)
    cell = torch.sigmoid(forget) * cell + torch.sigmoid(write) * torch.tanh(candidate)
    return torch.sigmoid(read) * torch.tanh(cell), cell


class Cell(NamedTuple):
    """What a recurrent layer does at each token.

    Args:    parts: vectors that token and state each give, side by side in their matrices. states: how many vectors
             are passed on; the first is the output. step: of the token's parts, the state, and the state's matrix and
             bias.
    """

    parts: int
    states: int
    step: Callable[[Tensor, State, Tensor, Tensor], State]


ELMAN, GRU, LSTM = Cell(1, 1, elman_step), Cell(3, 1, gru_step), Cell(4, 2, lstm_step)


class Recurrent(nn.Module):
    """A recurrent layer: it runs a cell over the tokens of each text.

    Args:    cell: `ELMAN`, `GRU` or `LSTM`. width, hidden: numbers in the vector of a token, and of the state.
    """

    def __init__(self, cell: Cell, width: int, hidden: int) -> None:
        super().__init__()
        self.cell, self.hidden = cell, hidden
        self.from_token, self.from_hidden = (nn.Linear(inner, cell.parts * hidden) for inner in (width, hidden))

    def forward(self, x: Float[Tensor, "batch tokens width"],
                state: State | None = None) -> tuple[Float[Tensor, "batch tokens hidden"], State]:
        """Read the texts, each with a state of its own.

        Args:    state: from the tokens before; zeros where nothing is said.
        Returns: the hidden vector at each token, and the state after the last, to be passed in with what follows.
        Raises:  ValueError: no tokens, vectors of another width, or a state that does not fit.
        """
        self._require(x)
        state = self._start(x) if state is None else self._fitting(x, state)
        outputs = []
        for token in self.from_token(x).unbind(dim=1):
            state = self.cell.step(token, state, self.from_hidden.weight, self.from_hidden.bias)
            outputs.append(state[0])
        return torch.stack(outputs, dim=1), state

    def rounds(self, x: Float[Tensor, "batch tokens width"]) -> Iterator[Float[Tensor, "batch tokens hidden"]]:
        """The hidden vectors after each round in which all tokens take a step at once, from their left neighbour's.

        A token's vector is right as soon as its left neighbour's was, so as many rounds are needed as there are tokens;
        the last gives what `forward` gives.
        """
        self._require(x)
        tokens, start = self.from_token(x), self._start(x)
        states = [first.unsqueeze(1).expand(-1, x.shape[1], -1) for first in start]
        for _ in range(x.shape[1]):
            before = tuple(torch.cat([first.unsqueeze(1), so_far[:, :-1]], dim=1).flatten(0, 1)
                           for first, so_far in zip(start, states))
            after = self.cell.step(tokens.flatten(0, 1), before, self.from_hidden.weight, self.from_hidden.bias)
            states = [one.unflatten(0, x.shape[:2]) for one in after]
            yield states[0]

    def open_gate(self, by: float) -> None:
        """Add to the bias of the gate that keeps, a GRU's update gate or an LSTM's forget gate, so that it stands open.

        (For LSTMs Gers et al. 2000; Jozefowicz et al. 2015 add 1.)

        Raises:  ValueError: the cell has no gate.
        """
        if self.cell.parts == 1:
            raise ValueError("an Elman network has no gate that could be opened: take a GRU or an LSTM")
        with torch.no_grad():
            self.from_token.bias[self.hidden:2 * self.hidden] += by

    def flops(self, tokens: int) -> int:
        """Additions and multiplications in the matrix products for one text of so many tokens."""
        parts, width = self.from_token.weight.shape
        return tokens * 2 * parts * (width + self.hidden)

    def _start(self, x: Tensor) -> State:
        return tuple(x.new_zeros(len(x), self.hidden) for _ in range(self.cell.states))

    def _require(self, x: Tensor) -> None:
        if x.ndim != 3 or x.shape[1] == 0 or x.shape[2] != self.from_token.in_features:
            raise ValueError(f"an input of shape {tuple(x.shape)}: its axes are texts, tokens (at least one) and the "
                             f"{self.from_token.in_features} numbers of a token that the layer was built for")

    def _fitting(self, x: Tensor, state: State) -> State:
        shapes, needed = [tuple(one.shape) for one in state], (len(x), self.hidden)
        if shapes != [needed] * self.cell.states:
            raise ValueError(f"a state of {len(state)} tensors of shapes {shapes} for {len(x)} texts: it must be "
                             f"{self.cell.states} of shape {needed}; pass in what the last call returned, or None")
        return state
