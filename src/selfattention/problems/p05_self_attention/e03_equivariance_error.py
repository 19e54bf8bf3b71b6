from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=8, builds_on="lesson 05, the order of tokens", hints=(
    "There are two ways to get from `x` to an output with the tokens in the new order. Which two?",
    "`x[order]` puts the tokens into the new order. Where else is `order` needed?",
))
def equivariance_error(model: Callable[[Tensor], Tensor], x: Float[Tensor, "tokens d"],
                       order: Int[Tensor, " tokens"]) -> float:
    r"""Measure how much a model cares about the order of its tokens.

    `order` is a permutation: the new text is `x[order]`. If the model does not care, it gives the same outputs in the
    new order: `model(x[order])` equals `model(x)[order]`. Return the largest absolute difference between the two. In
    the example, output t of the model is the sum of tokens 0 to t (`x.cumsum(0)`).
    """
    return float((model(x[order]) - model(x)[order]).abs().max())


equivariance_error.example(lambda x: x.cumsum(0), torch.tensor([[1.0, 0.0], [0.0, 2.0], [4.0, 0.5]]),
                           torch.tensor([2, 0, 1]))


def triples(x):
    """Every number times 3."""
    return 3 * x


def sums_taken_away(x):
    """Minus the sum of all tokens so far."""
    return -x.cumsum(0)


for _model in (triples, sums_taken_away):
    equivariance_error.example(_model, torch.tensor([[1.0, 0.0], [0.0, 2.0], [4.0, 0.5]]), torch.tensor([2, 0, 1]))


def orders(rng, tokens, features):
    """A permutation that is not its own inverse, and would change the order of the features, too."""
    while True:
        order = torch.from_numpy(rng.permutation(tokens))
        if not torch.equal(order, order.argsort()) and not torch.equal(order[order < features], torch.arange(features)):
            return order


ORDERLY = [lambda x: x.cumsum(dim=0).cumsum(dim=1), lambda x: x * torch.arange(1, len(x) + 1)[:, None],
           lambda x: torch.cat([x[:1], x[:-1]]), lambda x: x.flip(0) * 2]
ORDERLESS = [lambda x: x * 3, lambda x: x.mean(dim=0, keepdim=True) + x, lambda x: torch.softmax(x @ x.T, dim=-1) @ x]


@equivariance_error.check("finds no error where order does not matter",
                          hint="Permute the outputs of the first run as well.")
def none_where_none(answer, rng):
    for model in ORDERLESS:
        error = answer(model, tensor(rng, 7, 3), orders(rng, 7, 3))
        probes.require(abs(error) < 1e-9, f"a model that does not care gets the error {error:.3g}")


@equivariance_error.check("measures the error where order matters",
                          hint="Compare all the numbers. Which difference is the largest?")
def some_where_some(answer, rng):
    for model in ORDERLY:
        x, order = tensor(rng, 7, 3), orders(rng, 7, 3)
        moved, kept = model(x[order]), model(x)
        expected = max(abs(float(moved[i, j] - kept[int(order[i]), j])) for i in range(7) for j in range(3))
        probes.equal(answer(model, x, order), expected)


@equivariance_error.mistake("leaves the outputs of the first run in the old order",
                            hint="Should the outputs stay where they are, or move with the tokens?")
def outputs_stay(model, x, order):
    return float((model(x[order]) - model(x)).abs().max())


@equivariance_error.mistake("permutes the features, not the tokens", hint="Which axis of `x` is the tokens?")
def features(model, x, order):
    order = order[order < x.shape[1]]
    return float((model(x[:, order]) - model(x)[:, order]).abs().max())


@equivariance_error.mistake("undoes the permutation on the wrong side",
                            hint="`argsort` inverts a permutation. Do you invert the one you need?")
def wrong_inverse(model, x, order):
    return float((model(x[order]) - model(x)[order.argsort()]).abs().max())


@equivariance_error.mistake("takes the mean difference, not the largest",
                            hint="Of all differences, which one is asked for?")
def mean_difference(model, x, order):
    return float((model(x[order]) - model(x)[order]).abs().mean())


@equivariance_error.mistake("takes the largest difference with its sign", hint="Is −5 a smaller error than 1?")
def with_sign(model, x, order):
    return float((model(x[order]) - model(x)[order]).max())


@equivariance_error.mistake("squares the difference",
                            hint="Is the error asked for in the outputs' unit, or in its square?")
def squared(model, x, order):
    return float((model(x[order]) - model(x)[order]).square().max())


@equivariance_error.mistake("does not permute the input", hint="What does the model see in your two runs?")
def input_kept(model, x, order):
    return float((model(x) - model(x)[order]).abs().max())


@equivariance_error.mistake("compares a run with itself", hint="Where does `order` reach the model in your code?")
def always_zero(model, x, order):
    return float((model(x)[order] - model(x)[order]).abs().max())


@equivariance_error.alternative("undoing the permutation afterwards")
def undone(model, x, order):
    return (model(x[order])[order.argsort()] - model(x)).abs().max().item()


@equivariance_error.alternative("a loop over the tokens")
def by_loop(model, x, order):
    moved, kept = model(x[order]), model(x)
    return max(float((moved[place] - kept[token]).abs().max()) for place, token in enumerate(order.tolist()))
