import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p11_recurrence_convolution_attention.shared import read, recurrent_weights

RNN = ("torch.nn.RNN", "recurrent layer")


@exercise(points=4, minutes=10, builds_on="lesson 11, a state that is carried along", ready_made=RNN, hints=(
    "One text of three tokens, with a pencil: which numbers do you need for the second hidden vector?",
    "The loop runs over one of the axes of `x`. Which one? What can be done for all texts at once?",
    "What leaves one round of the loop and enters the next? Collect it, too.",
))
def elman(x: Float[Tensor, "batch tokens width"], state: Float[Tensor, "batch hidden"],
          input_weight: Float[Tensor, "width hidden"], state_weight: Float[Tensor, "hidden hidden"],
          bias: Float[Tensor, " hidden"]) -> Float[Tensor, "batch tokens hidden"]:
    r"""Read texts token by token, each with a state of its own (Elman 1990, with tanh).

    $h_t = \tanh(x_t W + h_{t-1} U + b)$, where $W$ is `input_weight` and $U$ is `state_weight`; `state` holds each
    text's $h_0$, from the tokens that it had before. Return $h_1, h_2, \dots$ of all tokens. There is at least one
    token. Gradients must reach all five arguments, through all the steps.
    """
    outputs = []
    for token in x.unbind(dim=1):
        state = torch.tanh(token @ input_weight + state @ state_weight + bias)
        outputs.append(state)
    return torch.stack(outputs, dim=1)


elman.example(torch.tensor([[[1.0], [0.0], [0.0]], [[0.0], [-1.0], [0.5]]]), torch.tensor([[0.0], [0.25]]),
              torch.tensor([[1.0]]), torch.tensor([[2.0]]), torch.tensor([0.1]))
elman.example(torch.tensor([[[1.0, 0.0], [0.0, -1.0]]]), torch.tensor([[0.5, 0.0]]),
              torch.tensor([[1.0, 0.5], [0.0, 1.0]]), torch.tensor([[0.0, 1.0], [0.5, 0.0]]), torch.tensor([0.1, 0.2]))
elman.example(torch.tensor([[[0.4, 0.3], [0.2, 0.1]], [[0.0, 0.1], [-0.2, 0.3]]]),
              torch.tensor([[0.5, 0.1], [0.0, -0.5]]), torch.tensor([[1.0, 0.5], [0.0, 1.0]]),
              torch.tensor([[0.0, 1.0], [0.5, 0.2]]), torch.tensor([0.1, 0.2]))


@elman.check("agrees with a loop over texts and tokens",
             hint="Compute the second hidden vector of the first example's first text by hand.")
def loop_over_tokens(answer, rng):
    x, state, (into, over, bias) = tensor(rng, 2, 5, 3), tensor(rng, 2, 7), recurrent_weights(rng, 3, 7)
    rows = []
    for text, hidden in zip(x, state):
        for token in text:
            hidden = torch.tanh(into.T @ token + over.T @ hidden + bias)
            rows.append(hidden)
    probes.equal(answer(x, state, into, over, bias), torch.stack(rows).unflatten(0, (2, 5)))


@elman.check("works where axes are equally long, for one token and for one text",
             hint="Equal sizes hide a mix-up. Which axis do you run along, and which matrix meets the token?")
def equal_axes(answer, rng):
    for batch, tokens, width, hidden in ((3, 3, 5, 5), (1, 1, 3, 2), (2, 1, 3, 3), (1, 5, 2, 2)):
        probes.parity(answer, elman, tensor(rng, batch, tokens, width), tensor(rng, batch, hidden),
                      *recurrent_weights(rng, width, hidden))


@elman.check("goes on where it stopped, when a text comes in two pieces",
             hint="What does the second piece need of the first? In which argument does it arrive?")
def in_two_pieces(answer, rng):
    x, state, weights = tensor(rng, 2, 5, 3), tensor(rng, 2, 7), recurrent_weights(rng, 3, 7)
    whole = answer(x, state, *weights)
    probes.equal(whole, elman(x, state, *weights))
    first = answer(x[:, :2], state, *weights)
    probes.equal(answer(x[:, 2:], first[:, -1].to(x.dtype), *weights), whole[:, 2:], "the second piece does not go on")


@elman.check("lets gradients reach everything, through all steps",
             hint="The last hidden vector depends on the first token. On which way does the gradient come back?")
def through_all_steps(answer, rng):
    probes.gradient_parity(answer, elman, tensor(rng, 2, 5, 3), tensor(rng, 2, 7), *recurrent_weights(rng, 3, 7),
                           cotangent=tensor(rng, 2, 5, 7))


@elman.mistake("carries the state over from one text to the next",
               hint="The second text begins. What does it know of the first in your code? May it?")
def not_reset(x, state, input_weight, state_weight, bias):
    outputs, hidden = [], state[:1]
    for text in x:
        outputs.append(read(text[None], hidden, input_weight, state_weight, bias)[0])
        hidden = outputs[-1][-1:]
    return torch.stack(outputs)


@elman.mistake("forgets what was read: every token sees the first state",
               hint="Which state does the third token see in your code?")
def never_updated(x, state, input_weight, state_weight, bias):
    return torch.tanh(x @ input_weight + (state @ state_weight)[:, None] + bias)


@elman.mistake("starts from zero", hint="Where does `state` appear in your code, before the loop begins?")
def from_zero(x, state, input_weight, state_weight, bias):
    return read(x, 0 * state, input_weight, state_weight, bias)


@elman.mistake("does not squash", hint="Which function stands around the sum in the formula?")
def unsquashed(x, state, input_weight, state_weight, bias):
    return read(x, state, input_weight, state_weight, bias, squash=lambda total: total)


@elman.mistake("squashes with a sigmoid", hint="Elman did so. Which function does the formula of this exercise have?")
def logistic(x, state, input_weight, state_weight, bias):
    return read(x, state, input_weight, state_weight, bias, squash=torch.sigmoid)


@elman.mistake("forgets the bias", hint="The formula adds three things. Where is the third?")
def no_bias(x, state, input_weight, state_weight, bias):
    return read(x, state, input_weight, state_weight, 0 * bias)


@elman.mistake("reads the texts from their end", hint="Which token does your loop read first?")
def from_the_end(x, state, input_weight, state_weight, bias):
    return read(x.flip(1), state, input_weight, state_weight, bias).flip(1)


@elman.mistake("collects the state before each token, not after it",
               hint="What stands first in your result: the state that was given, or what the first token made of it?")
def before_the_token(x, state, input_weight, state_weight, bias):
    return torch.cat([state[:, None], read(x, state, input_weight, state_weight, bias)[:, :-1]], dim=1)


@elman.mistake("returns the last hidden vector at every token", hint="What was known after the *first* token?")
def last_everywhere(x, state, input_weight, state_weight, bias):
    return read(x, state, input_weight, state_weight, bias)[:, -1:].expand(-1, x.shape[1], -1)


@elman.mistake("runs along the texts, not along the tokens",
               hint="What do `x[0]` and `x[:, 0]` hold? Which of the two is one token of each text?")
def along_texts(x, state, input_weight, state_weight, bias):
    return read(x.transpose(0, 1), state, input_weight, state_weight, bias).transpose(0, 1)


@elman.mistake("transposes the state's matrix", hint="Row times matrix, or matrix times column? Do both parts agree?")
def transposed(x, state, input_weight, state_weight, bias):
    return read(x, state, input_weight, state_weight.T, bias)


@elman.mistake("exchanges the two matrices", hint="Which matrix has as many rows as a token has numbers?")
def matrices_exchanged(x, state, input_weight, state_weight, bias):
    return read(x, state, state_weight, input_weight, bias)


@elman.mistake("adds the state itself, not its product", hint="What is done with the state before it is added?")
def state_added(x, state, input_weight, state_weight, bias):
    return read(x, state, input_weight, torch.eye(len(state_weight), dtype=x.dtype), bias)


@elman.mistake("carries the sum along as it was before tanh",
               hint="What is $h_{t-1}$ in the formula: the sum, or the squashed sum?")
def sum_carried(x, state, input_weight, state_weight, bias):
    outputs = []
    for token in x.unbind(dim=1):
        state = token @ input_weight + state @ state_weight + bias
        outputs.append(torch.tanh(state))
    return torch.stack(outputs, dim=1)


@elman.mistake("returns the sums as they were before tanh",
               hint="How large can a hidden vector's numbers be? And yours?")
def sums_returned(x, state, input_weight, state_weight, bias):
    hidden = read(x, state, input_weight, state_weight, bias)
    before = torch.cat([state[:, None], hidden[:, :-1]], dim=1)
    return x @ input_weight + before @ state_weight + bias


@elman.mistake("adds the state's part outside tanh", hint="Which of the three terms stand inside the brackets?")
def state_outside(x, state, input_weight, state_weight, bias):
    outputs = []
    for token in x.unbind(dim=1):
        state = torch.tanh(token @ input_weight + bias) + state @ state_weight
        outputs.append(state)
    return torch.stack(outputs, dim=1)


@elman.mistake("adds the bias twice", hint="torch's layers have two biases. How many are given here?")
def bias_twice(x, state, input_weight, state_weight, bias):
    return read(x, state, input_weight, state_weight, 2 * bias)


@elman.mistake("computes without a graph", hint="How would this network learn? Which line keeps torch from noting?")
@torch.no_grad()
def without_graph(*given):
    return elman(*given)


@elman.mistake("cuts the gradient off between the steps",
               hint="The numbers are right. What can the first token learn from the last output's loss?")
def cut_between_steps(x, state, input_weight, state_weight, bias):
    given, outputs = state, []
    for token in x.unbind(dim=1):
        carried = state if state is given else state.detach()
        state = torch.tanh(token @ input_weight + carried @ state_weight + bias)
        outputs.append(state)
    return torch.stack(outputs, dim=1)


@elman.alternative("the tokens' part for all tokens at once, one matrix less in the loop")
def tokens_first(x, state, input_weight, state_weight, bias):
    outputs = [state]
    for token in (x @ input_weight + bias).transpose(0, 1):
        outputs.append((token + outputs[-1] @ state_weight).tanh())
    return torch.stack(outputs[1:], dim=1)


@elman.alternative("token and state side by side, times one matrix")
def side_by_side(x, state, input_weight, state_weight, bias):
    both, outputs = torch.cat([input_weight, state_weight]), []
    for place in range(x.shape[1]):
        state = torch.tanh(torch.addmm(bias, torch.cat([x[:, place], state], dim=1), both))
        outputs.append(state)
    return torch.stack(outputs, dim=1)
