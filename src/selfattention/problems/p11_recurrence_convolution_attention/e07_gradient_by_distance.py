from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=4, minutes=12, builds_on="lesson 11, how far a gradient comes; lesson 06's Jacobian", hints=(
    "The last output is a vector. How many gradients do you need, and of what is each one?",
    "`torch.autograd.grad(output[-1, i], x, retain_graph=True)` gives all tokens at once. Which axes are summed over?",
    "Which token stands at distance 0, and where does it stand in what you have computed?",
))
def gradient_by_distance(model: Callable[[Tensor], Tensor], x: Float[Tensor, "tokens width"],
                         ) -> Float[Tensor, " tokens"]:
    r"""Measure how strongly the last output of a model depends on the token k places before it.

    `model(x)` turns the tokens of one text into as many outputs $h_1 \dots h_T$ (tokens, outputs). Return
    $\lVert \partial h_T / \partial x_{T-k} \rVert$ for $k = 0, 1, \dots$ up to the first token, where the norm is
    Frobenius': the root of the sum of the squares of all numbers in that matrix of derivatives.
    """
    x = x.detach().requires_grad_()
    last = model(x)[-1]
    rows = [torch.autograd.grad(number, x, retain_graph=True)[0] for number in last]
    return torch.stack(rows).square().sum(dim=(0, 2)).sqrt().flip(0)


def fading(x):
    """Each output is its token and half of the output before."""
    outputs = [x[0]]
    for token in x[1:]:
        outputs.append(token + outputs[-1] / 2)
    return torch.stack(outputs)


def both_ways(x):
    """Outputs of two numbers that pull a token in opposite directions, and grow with its place."""
    total = (x * torch.arange(1, len(x) + 1)[:, None]).cumsum(dim=0)
    return torch.cat([total, -2 * total[:, :1]], dim=1)


gradient_by_distance.example(fading, torch.tensor([[1.0], [2.0], [4.0]]))
gradient_by_distance.example(both_ways, torch.tensor([[1.0, 0.5], [2.0, 1.0], [0.0, 1.0]]))


def recurrent_model(rng, width=3, hidden=5):
    into, over = tensor(rng, width, hidden), tensor(rng, hidden, hidden) / 3

    def model(x):
        state, outputs = torch.zeros(hidden, dtype=x.dtype), []
        for token in x:
            state = torch.tanh(token @ into.to(x.dtype) + state @ over.to(x.dtype))
            outputs.append(state)
        return torch.stack(outputs)
    return model


def window_model(rng, width=3, outputs=2, taps=3):
    weights = tensor(rng, taps, width, outputs)

    def model(x):
        padded = torch.cat([x.new_zeros(taps - 1, x.shape[1]), x])
        return torch.sin(sum(padded[tap:tap + len(x)] @ weights[tap].to(x.dtype) for tap in range(taps)))
    return model


@gradient_by_distance.check("gives the norm for every distance, the last token first",
                            hint="Follow the first example: by how much does the last output move when the *first* "
                                 "token does?")
def every_distance(answer, rng):
    for model, tokens in ((recurrent_model(rng), 7), (recurrent_model(rng, 2, 3), 2)):
        x = tensor(rng, tokens, 3 if tokens == 7 else 2)
        whole = torch.autograd.functional.jacobian(model, x)  # outputs' tokens, outputs, tokens, width
        expected = [torch.linalg.matrix_norm(whole[-1, :, tokens - 1 - k]) for k in range(tokens)]
        probes.equal(answer(model, x), torch.stack(expected))


@gradient_by_distance.check("is 0 beyond the window of a convolution, and only there",
                            hint="A token outside the window changes nothing. Which norm is that?")
def beyond_the_window(answer, rng):
    for tokens in (7, 3, 1):
        probes.parity(answer, gradient_by_distance, window_model(rng), tensor(rng, tokens, 3))


@gradient_by_distance.check("does not let the numbers of an output cancel each other",
                            hint="One number of the output goes up, the other goes down. Does the output depend on the "
                                 "token?")
def no_cancelling(answer, rng):
    mix = tensor(rng, 3, 2)

    def model(x):
        half = torch.tanh(x.cumsum(dim=0) @ mix.to(x.dtype))
        return torch.cat([half, -half], dim=1)

    probes.parity(answer, gradient_by_distance, model, tensor(rng, 5, 3))


def jacobian(model, x, at=-1):
    """Of one output: its numbers, tokens, width."""
    x = x.detach().requires_grad_()
    return torch.stack([torch.autograd.grad(number, x, retain_graph=True)[0] for number in model(x)[at]])


def frobenius(parts):
    return parts.square().sum(dim=(0, 2)).sqrt().flip(0)


@gradient_by_distance.mistake("orders by place, not by distance",
                              hint="Which token's number stands first in your result? Which is at distance 0?")
def by_place(model, x):
    return frobenius(jacobian(model, x)).flip(0)


@gradient_by_distance.mistake("takes the first output", hint="Which output do you differentiate? What has it seen?")
def of_the_first(model, x):
    return frobenius(jacobian(model, x, at=0))


@gradient_by_distance.mistake("takes the sum of all outputs",
                              hint="Do you differentiate the last output, or all of them together?")
def of_all(model, x):
    return frobenius(jacobian(lambda x: model(x).sum(dim=0, keepdim=True), x))


@gradient_by_distance.mistake("takes the gradient of the output's sum",
                              hint="An output of two numbers that move in opposite directions: what is the gradient of "
                                   "their sum?")
def of_the_sum(model, x):
    return frobenius(jacobian(model, x).sum(dim=0, keepdim=True))


@gradient_by_distance.mistake("takes the gradient of one number of the output",
                              hint="The last output is a vector. Which of its numbers do you differentiate?")
def of_one_number(model, x):
    return frobenius(jacobian(model, x)[:1])


@gradient_by_distance.mistake("takes the gradient of the output's length",
                              hint="An output may turn without growing longer. Does it depend on the token then?")
def of_the_length(model, x):
    return frobenius(jacobian(lambda x: model(x)[-1:].norm(dim=1, keepdim=True), x))


@gradient_by_distance.mistake("takes the gradient of the output's squares",
                              hint="The squares of a vector's numbers are one number. Which matrix is wanted?")
def of_the_squares(model, x):
    return frobenius(jacobian(lambda x: model(x)[-1:].square().sum(dim=1, keepdim=True), x))


@gradient_by_distance.mistake("takes the gradient of the output's mean",
                              hint="An output of two numbers that move in opposite directions: what is the gradient of "
                                   "their mean?")
def of_the_mean(model, x):
    return frobenius(jacobian(model, x).mean(dim=0, keepdim=True))


@gradient_by_distance.mistake("moves each token by 1 instead of taking a derivative",
                              hint="How small must a step be, so that the change divided by it is a derivative?")
def moved_by_one(model, x):
    changes = []
    for place in reversed(range(len(x))):
        moved = x.clone()
        moved[place] += 1
        changes.append((model(moved)[-1] - model(x)[-1]).norm())
    return torch.stack(changes)


@gradient_by_distance.mistake("sums over the tokens, and keeps the numbers of a token",
                              hint="How many numbers shall come out: as many as tokens, or as numbers in a token?")
def tokens_summed(model, x):
    return jacobian(model, x).square().sum(dim=(0, 1)).sqrt()


@gradient_by_distance.mistake("leaves out the last token itself", hint="From which k on are the norms asked for?")
def own_left_out(model, x):
    return frobenius(jacobian(model, x))[1:]


@gradient_by_distance.mistake("lets gradients add up from one number of the output to the next",
                              hint="`backward` adds to `x.grad`. What is in it before the second call?")
def adding_up(model, x):
    return frobenius(jacobian(model, x).cumsum(dim=0))


@gradient_by_distance.mistake("forgets the root", hint="A gradient of 3 and one of 4: what is their norm?")
def squared(model, x):
    return frobenius(jacobian(model, x)).square()


@gradient_by_distance.mistake("adds up sizes instead of squares",
                              hint="A gradient of 3 and one of 4: is their norm 5 or 7?")
def absolute(model, x):
    return jacobian(model, x).abs().sum(dim=(0, 2)).flip(0)


@gradient_by_distance.mistake("takes the largest single derivative",
                              hint="That tells whether there is any. How do all the numbers of the matrix count?")
def largest(model, x):
    return jacobian(model, x).abs().amax(dim=(0, 2)).flip(0)


@gradient_by_distance.mistake("takes the spectral norm: the largest factor by which a change can grow",
                              hint="Also a norm of a matrix. Which one does the prompt ask for?")
def spectral(model, x):
    return torch.linalg.matrix_norm(jacobian(model, x).transpose(0, 1), ord=2).flip(0)


@gradient_by_distance.mistake("takes the mean over the derivatives",
                              hint="Does your norm grow when the vectors get wider? Should it?")
def mean(model, x):
    return jacobian(model, x).square().mean(dim=(0, 2)).sqrt().flip(0)


@gradient_by_distance.mistake("divides by the norm at distance 0",
                              hint="That makes curves easy to compare. Was it asked for?")
def relative(model, x):
    norms = frobenius(jacobian(model, x))
    return norms / norms[0]


@gradient_by_distance.mistake("adds the lengths of the single gradients",
                              hint="Each number of the output has a gradient. Are the lengths added, or the squares?")
def lengths_added(model, x):
    return jacobian(model, x).norm(dim=2).sum(dim=0).flip(0)


@gradient_by_distance.alternative("torch's Jacobian, reversed by an index")
def by_jacobian(model, x):
    whole = torch.autograd.functional.jacobian(model, x)[-1]
    return torch.stack([whole[:, place].norm() for place in range(len(x) - 1, -1, -1)])


@gradient_by_distance.alternative("squares collected with backward, one number after another")
def by_backward(model, x):
    leaf, squares = x.detach().clone().requires_grad_(), torch.zeros(len(x), dtype=x.dtype)
    for place in range(model(leaf).shape[1]):
        leaf.grad = None
        model(leaf)[-1, place].backward()
        squares = squares + leaf.grad.pow(2).sum(dim=1)
    return torch.sqrt(squares)[torch.arange(len(x) - 1, -1, -1)]
