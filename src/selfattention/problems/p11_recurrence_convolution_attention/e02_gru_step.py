import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p11_recurrence_convolution_attention.shared import gru_parts, recurrent_weights

GRU = ("torch.gru_cell", "recurrent layer")


@exercise(points=4, minutes=12, builds_on="lesson 11, gates", ready_made=GRU, hints=(
    "Two sums come first, one of the token and one of the state; each is three vectors wide. Cut both into three.",
    "Three lines: one for each gate, one for the candidate. Which of the three squashes to 0 … 1, and which to −1 … 1?",
    "Say the last line in words: where the update gate is 1, what is the new state? And where it is 0?",
))
def gru_step(x: Float[Tensor, "batch width"], hidden: Float[Tensor, "batch hidden"],
             input_weight: Float[Tensor, "width three_hidden"], state_weight: Float[Tensor, "hidden three_hidden"],
             input_bias: Float[Tensor, " three_hidden"], state_bias: Float[Tensor, " three_hidden"],
             ) -> Float[Tensor, "batch hidden"]:
    r"""Take one step of a gated recurrent unit, as torch does it.

    Let $a = xW + b$ be the token's part and $s = hU + c$ the state's ($W$, $b$: `input_weight`, `input_bias`; $U$, $c$:
    `state_weight`, `state_bias`). The columns of both are those of the reset gate ($r$), then of the update gate ($z$),
    then of the candidate ($n$). Return the new hidden vector

    $$z \odot h + (1 - z) \odot \tanh(a_n + r \odot s_n), \quad r = \sigma(a_r + s_r),\ z = \sigma(a_z + s_z)$$

    (Cho et al. 2014, eq. 5–8; they reset the state before the product, torch the product). Gradients must reach all
    arguments.
    """
    token_reset, token_update, token_candidate = (x @ input_weight + input_bias).chunk(3, dim=-1)
    state_reset, state_update, state_candidate = (hidden @ state_weight + state_bias).chunk(3, dim=-1)
    reset = torch.sigmoid(token_reset + state_reset)
    update = torch.sigmoid(token_update + state_update)
    candidate = torch.tanh(token_candidate + reset * state_candidate)
    return update * hidden + (1 - update) * candidate


gru_step.example(torch.tensor([[1.0]]), torch.tensor([[0.5]]), torch.tensor([[0.0, 1.0, 2.0]]),
                 torch.tensor([[-1.0, 0.0, 1.0]]), torch.tensor([0.0, 0.5, 0.0]), torch.tensor([0.0, 0.0, 0.25]))
gru_step.example(torch.tensor([[1.0], [-2.0]]), torch.tensor([[0.5, -1.0], [0.3, 2.0]]),
                 torch.tensor([[0.5, -1.0, 1.0, 0.0, 2.0, 1.0]]),
                 torch.tensor([[-1.0, 0.5, 0.0, 1.0, 1.0, -0.5], [0.3, 1.0, -0.7, 0.2, 0.6, 1.0]]),
                 torch.tensor([0.1, 0.0, 0.5, -0.5, 0.0, 0.2]), torch.tensor([0.0, 0.4, 0.0, 0.0, 0.25, -0.25]))


def gru_inputs(rng, batch, width, hidden):
    return tensor(rng, batch, width), tensor(rng, batch, hidden), *recurrent_weights(rng, width, hidden, 3, 2)


@gru_step.check("agrees with torch's own cell", hint="Follow the first example with a pencil, gate by gate.")
def like_torch(answer, rng):
    for batch, width, hidden in ((2, 3, 5), (3, 7, 2), (1, 1, 1)):
        x, state, *weights = gru_inputs(rng, batch, width, hidden)
        expected = torch.gru_cell(x, state, *(weight.T for weight in weights[:2]), *weights[2:])
        probes.equal(answer(x, state, *weights), expected)


@gru_step.check("keeps the state where the update gate says so, and takes the candidate where not",
                hint="A large number in the sum of the update gate: what is the gate then, and the new state?")
def kept_or_taken(answer, rng):
    x, state, into, over, into_bias, over_bias = gru_inputs(rng, 2, 3, 5)
    for large, reset in ((50.0, 0.0), (-50.0, 50.0), (-50.0, -50.0)):
        into_bias = torch.cat([tensor(rng, 5) + reset, torch.full((5,), large, dtype=x.dtype), tensor(rng, 5)])
        probes.parity(answer, gru_step, x, state, into, over, into_bias, over_bias)


@gru_step.check("lets gradients reach token, state, matrices and biases",
                hint="In how many places does the state go in? Through each of them a gradient comes back.")
def all_learn(answer, rng):
    probes.gradient_parity(answer, gru_step, *gru_inputs(rng, 2, 3, 5), cotangent=tensor(rng, 2, 5))


def stepped(hidden, reset, update, token_candidate, state_candidate):
    reset, update = torch.sigmoid(reset), torch.sigmoid(update)
    return update * hidden + (1 - update) * torch.tanh(token_candidate + reset * state_candidate)


@gru_step.mistake("exchanges the two gates", hint="Whose columns come first: those of the reset or of the update gate?")
def gates_exchanged(x, hidden, *weights):
    update, reset, new, state_update, state_reset, old = gru_parts(x, hidden, *weights)
    return stepped(hidden, reset + state_reset, update + state_update, new, old)


@gru_step.mistake("leaves the reset gate out of the candidate", hint="Where is r used in your code?")
def never_reset(x, hidden, *weights):
    _, update, new, _, state_update, old = gru_parts(x, hidden, *weights)
    update = torch.sigmoid(update + state_update)
    return update * hidden + (1 - update) * torch.tanh(new + old)


@gru_step.mistake("resets the state before the product",
                  hint="So does the paper. What does r multiply in the formula above: h, or the sum s?")
def reset_before(x, hidden, input_weight, state_weight, input_bias, state_bias):
    reset, update, new, state_reset, state_update, _ = gru_parts(x, hidden, input_weight, state_weight, input_bias,
                                                                 state_bias)
    width = hidden.shape[-1]
    old = (torch.sigmoid(reset + state_reset) * hidden) @ state_weight[:, -width:] + state_bias[-width:]
    update = torch.sigmoid(update + state_update)
    return update * hidden + (1 - update) * torch.tanh(new + old)


@gru_step.mistake("turns the update gate round", hint="Where the update gate is 1, is the old state kept or replaced?")
def update_inverted(x, hidden, *weights):
    reset, update, new, state_reset, state_update, old = gru_parts(x, hidden, *weights)
    return stepped(hidden, reset + state_reset, -(update + state_update), new, old)


@gru_step.mistake("turns the reset gate round", hint="Where the reset gate is 1, does the candidate see the state?")
def reset_inverted(x, hidden, *weights):
    reset, update, new, state_reset, state_update, old = gru_parts(x, hidden, *weights)
    return stepped(hidden, -(reset + state_reset), update + state_update, new, old)


@gru_step.mistake("squashes the candidate with a sigmoid", hint="Can the candidate be negative in your code?")
def logistic_candidate(x, hidden, *weights):
    reset, update, new, state_reset, state_update, old = gru_parts(x, hidden, *weights)
    update = torch.sigmoid(update + state_update)
    return update * hidden + (1 - update) * torch.sigmoid(new + torch.sigmoid(reset + state_reset) * old)


@gru_step.mistake("leaves the candidate unsquashed", hint="How large can the candidate become in your code?")
def unsquashed_candidate(x, hidden, *weights):
    reset, update, new, state_reset, state_update, old = gru_parts(x, hidden, *weights)
    update = torch.sigmoid(update + state_update)
    return update * hidden + (1 - update) * (new + torch.sigmoid(reset + state_reset) * old)


@gru_step.mistake("leaves the gates unsquashed", hint="Between which two numbers must a gate be?")
def unsquashed_gates(x, hidden, *weights):
    reset, update, new, state_reset, state_update, old = gru_parts(x, hidden, *weights)
    reset, update = reset + state_reset, update + state_update
    return update * hidden + (1 - update) * torch.tanh(new + reset * old)


@gru_step.mistake("squashes the gates with a tanh", hint="Between which two numbers must a gate be?")
def tanh_gates(x, hidden, *weights):
    reset, update, new, state_reset, state_update, old = gru_parts(x, hidden, *weights)
    reset, update = torch.tanh(reset + state_reset), torch.tanh(update + state_update)
    return update * hidden + (1 - update) * torch.tanh(new + reset * old)


@gru_step.mistake("resets the token's part as well", hint="Brackets: what exactly does r multiply?")
def all_reset(x, hidden, *weights):
    reset, update, new, state_reset, state_update, old = gru_parts(x, hidden, *weights)
    update = torch.sigmoid(update + state_update)
    return update * hidden + (1 - update) * torch.tanh(torch.sigmoid(reset + state_reset) * (new + old))


@gru_step.mistake("resets the token's part instead of the state's",
                  hint="What shall the reset gate be able to forget: what is read now, or what was read before?")
def token_reset(x, hidden, *weights):
    reset, update, new, state_reset, state_update, old = gru_parts(x, hidden, *weights)
    return stepped(hidden, reset + state_reset, update + state_update, old, new)


@gru_step.mistake("leaves the state's bias outside the reset",
                  hint="Which sum is called s? Is its bias inside it or beside it?")
def bias_outside(x, hidden, input_weight, state_weight, input_bias, state_bias):
    reset, update, new, state_reset, state_update, old = gru_parts(x, hidden, input_weight, state_weight, input_bias,
                                                                   state_bias)
    beside = state_bias[-hidden.shape[-1]:]
    return stepped(hidden, reset + state_reset, update + state_update, new + beside, old - beside)


@gru_step.mistake("forgets the state's biases", hint="Which of the six arguments is not used in your code?")
def no_state_bias(x, hidden, input_weight, state_weight, input_bias, state_bias):
    return gru_step(x, hidden, input_weight, state_weight, input_bias, 0 * state_bias)


@gru_step.mistake("forgets the token's biases", hint="Which of the six arguments is not used in your code?")
def no_token_bias(x, hidden, input_weight, state_weight, input_bias, state_bias):
    return gru_step(x, hidden, input_weight, state_weight, 0 * input_bias, state_bias)


@gru_step.mistake("returns the candidate", hint="What is the update gate good for in your code?")
def candidate_alone(x, hidden, *weights):
    reset, _, new, state_reset, _, old = gru_parts(x, hidden, *weights)
    return torch.tanh(new + torch.sigmoid(reset + state_reset) * old)


@gru_step.mistake("adds the whole candidate to what is kept",
                  hint="Where the update gate is 1, how much of the candidate should get in?")
def candidate_added(x, hidden, *weights):
    reset, update, new, state_reset, state_update, old = gru_parts(x, hidden, *weights)
    return torch.sigmoid(update + state_update) * hidden + torch.tanh(new + torch.sigmoid(reset + state_reset) * old)


@gru_step.mistake("resets what is kept as well", hint="In how many places does the formula have an r?")
def kept_reset(x, hidden, *weights):
    reset, update, new, state_reset, state_update, old = gru_parts(x, hidden, *weights)
    reset, update = torch.sigmoid(reset + state_reset), torch.sigmoid(update + state_update)
    return update * reset * hidden + (1 - update) * torch.tanh(new + reset * old)


@gru_step.mistake("squashes the whole result instead of the candidate",
                  hint="Where the update gate is 1, the state should be kept as it is. Is it, with your tanh?")
def result_squashed(x, hidden, *weights):
    reset, update, new, state_reset, state_update, old = gru_parts(x, hidden, *weights)
    update = torch.sigmoid(update + state_update)
    return torch.tanh(update * hidden + (1 - update) * (new + torch.sigmoid(reset + state_reset) * old))


@gru_step.mistake("deals the columns out in turn", hint="Which columns belong to the reset gate: the first ones, or "
                                                        "every third?")
def every_third(x, hidden, *weights):
    token, state = torch.cat(gru_parts(x, hidden, *weights), dim=-1).chunk(2, dim=-1)
    reset, update, new = (token[:, part::3] for part in range(3))
    state_reset, state_update, old = (state[:, part::3] for part in range(3))
    return stepped(hidden, reset + state_reset, update + state_update, new, old)


@gru_step.mistake("cuts the state off from the gradient",
                  hint="The numbers are right. How would the steps before learn from this one?")
def state_detached(x, hidden, *weights):
    return gru_step(x, hidden.detach(), *weights)


@gru_step.alternative("both gates in one sigmoid, and a way from candidate to state")
def in_one_sigmoid(x, hidden, input_weight, state_weight, input_bias, state_bias):
    token, state, size = x @ input_weight + input_bias, hidden @ state_weight + state_bias, hidden.shape[-1]
    reset, update = torch.sigmoid(token[:, :2 * size] + state[:, :2 * size]).split(size, dim=-1)
    return torch.lerp(torch.tanh(torch.addcmul(token[:, 2 * size:], reset, state[:, 2 * size:])), hidden, update)


@gru_step.alternative("matrices cut into three first")
def cut_first(x, hidden, input_weight, state_weight, input_bias, state_bias):
    size = hidden.shape[1]
    parts = [slice(start, start + size) for start in (0, size, 2 * size)]
    token = [x @ input_weight[:, part] + input_bias[part] for part in parts]
    state = [hidden @ state_weight[:, part] + state_bias[part] for part in parts]
    reset, update = (1 / (1 + torch.exp(-token[gate] - state[gate])) for gate in (0, 1))
    return hidden * update + torch.tanh(token[2] + state[2] * reset) * (1 - update)
