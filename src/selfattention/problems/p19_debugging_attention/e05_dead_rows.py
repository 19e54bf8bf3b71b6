from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=10, builds_on="lesson 19, gradients by parameter", hints=(
    "What does training do with a parameter that no gradient reaches?",
    "A gradient has a number for each number of `weights`. When has a whole row none?",
))
def dead_rows(loss: Callable[[Tensor], Tensor], weights: Float[Tensor, "rows d"]) -> Bool[Tensor, " rows"]:
    """Find the rows of a matrix that training would leave as they are, because no gradient reaches them.

    `loss(weights)` gives a tensor with one number. A row is dead where the gradient of the loss is exactly 0 in all of
    its numbers, though the loss itself may well depend on it; gradients of living rows may be small, of either sign,
    and 0 here and there. At least one row lives. Return a boolean for each row, `True` for the dead ones, and leave
    the numbers of `weights` as they are. In the example the loss is the sum of row 0 and of a copy of row 1 that is cut
    off from the gradient.
    """
    leaf = weights.detach().clone().requires_grad_()
    loss(leaf).backward()
    return (leaf.grad == 0).all(dim=1)


def cut_off(weights):
    """Row 0 counts, row 1 counts without a gradient, other rows do not count."""
    return weights[0].sum() + weights[1].detach().sum()


def one_number(weights):
    """The last number of row 1, and a difference within row 2."""
    return weights[1, -1] - 3 * weights[2, 0] + 3 * weights[2, 1]


MATRIX = torch.tensor([[1.0, -2.0], [0.0, 3.0], [4.0, 0.5]])
dead_rows.example(cut_off, MATRIX)
dead_rows.example(one_number, MATRIX)


def drawn(rng, rows):
    """Which rows shall live: some, and not all."""
    alive = torch.from_numpy(rng.permutation(rows) < max(1, rows // 2))
    return alive, torch.where(alive, torch.arange(1, rows + 1), 0)[:, None].double()


@dead_rows.check("finds rows that the loss does not depend on", hint="Which numbers of a row's gradient have to be 0?")
def unused(answer, rng):
    for rows, width in ((5, 3), (7, 2), (3, 5)):
        alive, shares = drawn(rng, rows)
        given = tensor(rng, rows, width)
        probes.equal(answer(lambda w, shares=shares: (w * shares).square().sum(), given), ~alive)
        probes.equal(answer(lambda w, shares=shares: -(w.exp() * shares).sum(), given), ~alive)
        above = torch.where(alive[:, None], given.abs(), -given.abs())
        probes.equal(answer(lambda w: w.relu().square().sum(), above), ~alive)


@dead_rows.check("finds rows that are cut off from the gradient",
                 hint="The loss moves when such a row is changed. Does the gradient know of it?")
def detached(answer, rng):
    for rows, width in ((5, 3), (7, 2)):
        alive, shares = drawn(rng, rows)
        given = tensor(rng, rows, width)
        probes.equal(answer(lambda w, shares=shares: (w * shares).sum() + 2 * w.detach().square().sum(), given), ~alive)


@dead_rows.check("clears rows whose gradient is small, has zeros, or adds up to 0",
                 hint="One number of a row's gradient is not 0. Is the row dead?")
def hard_to_see(answer, rng):
    ends = torch.tensor([1.0, 0.0, -1.0], dtype=torch.float64)
    for rows in (5, 7):
        alive, shares = drawn(rng, rows)
        given = tensor(rng, rows, 3)
        for loss in (lambda w, shares=shares: (w * shares * ends.abs()).sum(),
                     lambda w, shares=shares: (w * shares * ends).sum(),
                     lambda w, shares=shares: (w[:, :2] * shares).sum(),
                     lambda w, shares=shares: -(w[:, -1:] * shares).sum(),
                     lambda w, shares=shares: 1e-30 * (w * shares).sum()):
            probes.equal(answer(loss, given), ~alive)


def gradient(loss, weights):
    leaf = weights.detach().clone().requires_grad_()
    loss(leaf).backward()
    return leaf.grad


@dead_rows.mistake("marks the rows that live", hint="Which rows are to be True?")
def alive_rows(loss, weights):
    return (gradient(loss, weights) != 0).any(dim=1)


@dead_rows.mistake("takes a row for dead where any number of its gradient is 0",
                   hint="A gradient is (1, 0). Does training leave this row as it is?")
def any_zero(loss, weights):
    return (gradient(loss, weights) == 0).any(dim=1)


@dead_rows.mistake("adds up the gradient of a row", hint="A row's gradient is (3, −3). What is its sum?")
def sums(loss, weights):
    return gradient(loss, weights).sum(dim=1) == 0


@dead_rows.mistake("takes small gradients for none",
                   hint="Adam divides each gradient by its usual size. Is a row with small gradients dead?")
def coarse(loss, weights):
    return (gradient(loss, weights).abs() < 1e-6).all(dim=1)


@dead_rows.mistake("takes falling numbers for dead ones", hint="What is the sign of a living row's gradient?")
def positive_only(loss, weights):
    return (gradient(loss, weights) <= 0).all(dim=1)


@dead_rows.mistake("looks at the first number of each row only", hint="Which numbers of a row may live?")
def first_number(loss, weights):
    return gradient(loss, weights)[:, 0] == 0


@dead_rows.mistake("sets each row to zero and looks whether the loss moves",
                   hint="Does a loss move with a row that is cut off from the gradient? Does training?")
def by_leaving_out(loss, weights):
    before, moved = loss(weights), []
    for row in range(len(weights)):
        changed = weights.clone()
        changed[row] = 0
        moved.append(bool((loss(changed) - before).abs() > 1e-12))
    return ~torch.tensor(moved)


@dead_rows.mistake("looks at the last number of each row only", hint="Which numbers of a row may live?")
def last_number(loss, weights):
    return gradient(loss, weights)[:, -1] == 0


@dead_rows.mistake("changes each row and looks whether the loss moves",
                   hint="Does a loss move with a row that is cut off from the gradient? Does training?")
def by_changing(loss, weights):
    before, moved = loss(weights), []
    for row in range(len(weights)):
        changed = weights.clone()
        changed[row] += torch.arange(1, weights.shape[1] + 1)
        moved.append(bool((loss(changed) - before).abs() > 1e-12))
    return ~torch.tensor(moved)


@dead_rows.mistake("says that no row is dead", hint="Which line of your code finds the second row of the example?")
def never(loss, weights):
    return (gradient(loss, weights) != gradient(loss, weights)).all(dim=1)


@dead_rows.alternative("with autograd's own function")
def with_grad(loss, weights):
    x = weights.clone().requires_grad_(True)
    (slopes,) = torch.autograd.grad(loss(x), x)
    return ~(slopes != 0).any(dim=-1)


@dead_rows.alternative("the largest of each row")
def by_largest(loss, weights):
    return torch.func.grad(loss)(weights).abs().amax(dim=1) == 0
