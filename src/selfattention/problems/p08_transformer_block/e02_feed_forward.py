import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p08_transformer_block.shared import matrices


@exercise(points=2, minutes=6, builds_on="lesson 08, the feed-forward layer", hints=(
    "Two products and one nonlinearity. In which order are they in the formula?",
    "Which of the two biases is added before the negative numbers are cut off?",
))
def feed_forward(x: Float[Tensor, "*batch d_model"], weight_1: Float[Tensor, "d_model d_ff"],
                 bias_1: Float[Tensor, " d_ff"], weight_2: Float[Tensor, "d_ff d_model"],
                 bias_2: Float[Tensor, " d_model"]) -> Float[Tensor, "*batch d_model"]:
    r"""Send each token through the same two layers.

    $\max(0, xW_1 + b_1) W_2 + b_2$ (Vaswani et al. 2017, eq. 2). Gradients must reach `x`, both matrices and both
    biases.
    """
    return torch.relu(x @ weight_1 + bias_1) @ weight_2 + bias_2


feed_forward.example(torch.tensor([[1.0, 2.0], [0.5, -1.0]]), torch.tensor([[1.0, 0.0, -1.0], [0.0, 1.0, 1.0]]),
                     torch.tensor([0.0, -1.0, 0.0]), torch.tensor([[1.0, 0.0], [10.0, 0.0], [0.0, 1.0]]),
                     torch.tensor([0.0, -0.5]))


@feed_forward.check("agrees with a sum over the hidden units", hint="Compute the first token of the example by hand.")
def hidden_units(answer, rng):
    x, (weight_1, bias_1, weight_2, bias_2) = tensor(rng, 3, 5), matrices(rng)
    x[0], bias_1 = 0.0, -bias_1.abs()  # in the first token no hidden unit is above 0
    rows = []
    for token in x:
        hidden = [max(0.0, float(token @ weight_1[:, unit] + bias_1[unit])) for unit in range(11)]
        rows.append(sum(value * weight_2[unit] for unit, value in enumerate(hidden)) + bias_2)
    probes.equal(answer(x, weight_1, bias_1, weight_2, bias_2), torch.stack(rows))


@feed_forward.check("treats every token alike, wherever it is",
                    hint="Does the result of a token depend on its neighbours?")
def tokens_alike(answer, rng):
    x, layers = tensor(rng, 2, 7, 5), matrices(rng)
    probes.parity(answer, feed_forward, x, *layers)
    probes.equal(answer(x[:, 3:4], *layers), answer(x, *layers)[:, 3:4])
    probes.parity(answer, feed_forward, x[0, 0], *layers)  # a token alone


@feed_forward.check("lets gradients pass", hint="Which step leaves torch's graph?")
def gradients_through(answer, rng):
    probes.gradient_parity(answer, feed_forward, tensor(rng, 3, 5), *matrices(rng), cotangent=tensor(rng, 3, 5))


@feed_forward.mistake("leaves out the nonlinearity",
                      hint="Two linear layers in a row are one. What is missing between them?")
def linear(x, weight_1, bias_1, weight_2, bias_2):
    return (x @ weight_1 + bias_1) @ weight_2 + bias_2


@feed_forward.mistake("cuts negatives off at the end instead of in between",
                      hint="Can your output be negative? Can the formula's?")
def at_the_end(x, weight_1, bias_1, weight_2, bias_2):
    return torch.relu((x @ weight_1 + bias_1) @ weight_2 + bias_2)


@feed_forward.mistake("cuts negatives off twice", hint="How many times does max(0, …) occur in the formula?")
def twice(x, weight_1, bias_1, weight_2, bias_2):
    return torch.relu(torch.relu(x @ weight_1 + bias_1) @ weight_2 + bias_2)


@feed_forward.mistake("adds the first bias after the nonlinearity",
                      hint="What is inside the brackets of max(0, …)?")
def bias_late(x, weight_1, bias_1, weight_2, bias_2):
    return (torch.relu(x @ weight_1) + bias_1) @ weight_2 + bias_2


@feed_forward.mistake("forgets the biases", hint="Which arguments have you not used yet?")
def no_biases(x, weight_1, bias_1, weight_2, bias_2):
    return torch.relu(x @ weight_1) @ weight_2


@feed_forward.mistake("forgets the second bias", hint="Which argument have you not used yet?")
def one_bias(x, weight_1, bias_1, weight_2, bias_2):
    return torch.relu(x @ weight_1 + bias_1) @ weight_2


@feed_forward.mistake("cuts negatives off in the input", hint="What is inside the brackets of max(0, …)?")
def in_the_input(x, weight_1, bias_1, weight_2, bias_2):
    return (torch.relu(x) @ weight_1 + bias_1) @ weight_2 + bias_2


@feed_forward.mistake("adds the input to the result",
                      hint="That is the residual connection, from the next exercise. Does eq. 2 have it?")
def with_residual(x, weight_1, bias_1, weight_2, bias_2):
    return x + torch.relu(x @ weight_1 + bias_1) @ weight_2 + bias_2


@feed_forward.mistake("uses GELU", hint="BERT and GPT do so. Which function is in the formula of 2017?")
def gelu(x, weight_1, bias_1, weight_2, bias_2):
    return torch.nn.functional.gelu(x @ weight_1 + bias_1) @ weight_2 + bias_2


@feed_forward.mistake("cuts the hidden units off from the gradient", hint="Which line leaves torch's graph?")
def detached(x, weight_1, bias_1, weight_2, bias_2):
    hidden = torch.relu(x @ weight_1 + bias_1).detach()
    return hidden @ weight_2 + bias_2


@feed_forward.alternative("torch's linear layers")
def by_linear(x, weight_1, bias_1, weight_2, bias_2):
    hidden = torch.nn.functional.linear(x, weight_1.T, bias_1).clamp(min=0)
    return torch.nn.functional.linear(hidden, weight_2.T, bias_2)
