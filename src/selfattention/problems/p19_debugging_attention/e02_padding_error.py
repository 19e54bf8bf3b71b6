from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p19_debugging_attention.shared import largest


@exercise(points=3, minutes=10, builds_on="lesson 19, the same answer in two ways", hints=(
    "A text can be given to the model as it is, or behind some filling. Which outputs should be the same?",
    "The model is told which tokens are real. What does it have to be told in each of the two runs?",
))
def padding_error(model: Callable[[Tensor, Tensor], Tensor], x: Float[Tensor, "tokens d"],
                  filling: Float[Tensor, "padding d"]) -> float:
    """Measure how much the padding in front of a text moves the outputs of its real tokens.

    `model(x, real)` gives a row of outputs for each row of `x`; the boolean `real` has an entry for each row and is
    `True` where a token is real. Run the model on the text alone, all of it real, and on the text behind the rows of
    `filling`, which are not. Return the largest absolute difference between the outputs of the real tokens in the two
    runs, as a Python number; 0 is what a healthy model gives. There is at least one row of filling. In the example
    each output is the sum of all tokens so far, and the model does not look at `real`.
    """
    real = torch.ones(len(x), dtype=torch.bool)
    alone = model(x, real)
    behind = model(torch.cat([filling, x]), torch.cat([torch.zeros(len(filling), dtype=torch.bool), real]))
    return float((behind[len(filling):] - alone).abs().max())


def unmasked_sum(x, real):
    """The sum of all tokens so far, whatever they are."""
    return x.cumsum(dim=0)


def mean_added(x, real):
    """Each token with the mean of all rows added, filling or not."""
    return x + x.mean(dim=0)


def masked_sum(x, real):
    """The sum of all real tokens so far, and of their products with the number of real ones."""
    return torch.where(real[:, None], x, 0).cumsum(dim=0) * real.cumsum(dim=0)[:, None]


def counted_from_the_front(x, real):
    """Padding is not seen, but positions are counted from the first row."""
    return (x * real[:, None]).cumsum(dim=0) - torch.arange(len(x))[:, None]


def last_row_masked(x, real):
    """Padding is seen by the last token alone, and only its last number."""
    result = masked_sum(x, real)
    return torch.cat([result[:-1], result[-1:] + (x * ~real[:, None]).sum(dim=0) * torch.arange(x.shape[1])])


TEXT, FILLING = torch.tensor([[1.0, 2.0], [3.0, 0.5]]), torch.tensor([[5.0, -7.0], [-1.0, 1.0]])
padding_error.example(unmasked_sum, TEXT, FILLING)
padding_error.example(counted_from_the_front, TEXT, FILLING)
padding_error.example(masked_sum, TEXT, FILLING)


def by_loop(model, x, filling):
    """The same, one number after the other."""
    everything = torch.stack([*filling, *x])
    is_real = torch.tensor([False] * len(filling) + [True] * len(x))
    one, other = model(everything, is_real), model(x, is_real[len(filling):])
    return max(abs(float(one[len(filling) + t, j] - other[t, j])) for t in range(len(x)) for j in range(x.shape[1]))


def measured(answer, rng, *models):
    for model in models:
        for tokens, more in ((5, 2), (3, 7), (1, 1)):
            given = model, tensor(rng, tokens, 3), tensor(rng, more, 3)
            probes.equal(answer(*given), by_loop(*given))


@padding_error.check("clears models that do not see their padding",
                     hint="Which rows of the longer run belong to the real tokens? And what is `real` for each row?")
def healthy(answer, rng):
    for tokens, more in ((5, 2), (3, 7), (1, 1)):
        error = answer(masked_sum, tensor(rng, tokens, 3), tensor(rng, more, 3))
        probes.require(abs(error) < 1e-9, f"a healthy model gets the error {error:.3g}")


@padding_error.check("measures what padding does where it is seen",
                     hint="Of all differences at all real tokens, which one is asked for?")
def seen(answer, rng):
    measured(answer, rng, mean_added, unmasked_sum, last_row_masked)


@padding_error.check("measures what padding does where it moves the positions",
                     hint="Does the first real token have the same position in both runs of such a model?")
def moved(answer, rng):
    measured(answer, rng, counted_from_the_front, lambda x, real: x * (real.cumsum(0) + 2 * (~real).sum())[:, None])


def runs(model, x, filling, *, behind=False, told=None):
    """The two runs, with one thing to be changed at a time."""
    real = torch.ones(len(x), dtype=torch.bool)
    not_real = ~real.new_ones(len(filling))
    parts, flags = ([x, filling], [real, not_real]) if behind else ([filling, x], [not_real, real])
    flags = torch.cat(flags) if told is None else told(torch.cat(flags))
    longer = model(torch.cat(parts), flags)
    return longer[:len(x)] if behind else longer[len(filling):], model(x, real)


@padding_error.mistake("puts the filling behind the text",
                       hint="Can a token that stands before its filling see it, in a causal model?")
def behind(model, x, filling):
    one, other = runs(model, x, filling, behind=True)
    return largest(one - other)


@padding_error.mistake("tells the model that all rows are real",
                       hint="How shall a healthy model know what is filling?")
def all_real(model, x, filling):
    one, other = runs(model, x, filling, told=torch.ones_like)
    return largest(one - other)


@padding_error.mistake("marks the filling as real, and the text as filling", hint="What does True mean in `real`?")
def inverted(model, x, filling):
    one, other = runs(model, x, filling, told=torch.logical_not)
    return largest(one - other)


@padding_error.mistake("compares the first outputs of the longer run",
                       hint="Where do the real tokens stand when two rows of filling are in front?")
def first_rows(model, x, filling):
    flags = torch.arange(len(filling) + len(x)) >= len(filling)
    longer = model(torch.cat([filling, x]), flags)
    return largest(longer[:len(x)] - model(x, torch.ones(len(x), dtype=torch.bool)))


@padding_error.mistake("fills with zeros in place of the filling",
                       hint="What would a sum that sees its padding make of zeros?")
def zeros(model, x, filling):
    one, other = runs(model, x, torch.zeros_like(filling))
    return largest(one - other)


@padding_error.mistake("takes the mean difference", hint="Of all differences, which one is asked for?")
def mean(model, x, filling):
    one, other = runs(model, x, filling)
    return float((one - other).abs().mean())


@padding_error.mistake("takes the largest difference with its sign", hint="Is −5 a smaller error than 1?")
def with_sign(model, x, filling):
    one, other = runs(model, x, filling)
    return float((one - other).max())


@padding_error.mistake("looks at the last token only", hint="Which tokens of the text are real?")
def last_token(model, x, filling):
    one, other = runs(model, x, filling)
    return largest((one - other)[-1])


@padding_error.mistake("looks at the first real token only", hint="Which tokens of the text are real?")
def first_token(model, x, filling):
    one, other = runs(model, x, filling)
    return largest((one - other)[0])


@padding_error.mistake("compares a run with itself", hint="Which two runs do you compare? Can they differ at all?")
def never(model, x, filling):
    one, _ = runs(model, x, filling)
    return largest(one - one)


@padding_error.mistake("has padding in both runs, with other numbers in it",
                       hint="In which of your runs is the text as it is?")
def padded_twice(model, x, filling):
    one, _ = runs(model, x, filling)
    other, _ = runs(model, x, -filling)
    return largest(one - other)


@padding_error.mistake("takes all tokens of the text alone for padding",
                       hint="How many tokens are real when the text is run alone?")
def nothing_real(model, x, filling):
    one, _ = runs(model, x, filling)
    return largest(one - model(x, torch.zeros(len(x), dtype=torch.bool)))


@padding_error.mistake("divides by the size of the outputs",
                       hint="Is the difference asked for, or its share of something?")
def relative(model, x, filling):
    one, other = runs(model, x, filling)
    return largest(one - other) / largest(other)


@padding_error.mistake("uses one row of the filling", hint="How many rows has `filling`, and how many reach the model?")
def one_row(model, x, filling):
    one, other = runs(model, x, filling[:1])
    return largest(one - other)


@padding_error.alternative("one mask for both runs, and a norm that is a maximum")
def as_norm(model, x, filling):
    mask = torch.arange(len(filling) + len(x)) >= len(filling)
    longer = model(torch.vstack([filling, x]), mask)[mask]
    return torch.linalg.vector_norm(longer - model(x, mask[mask]), ord=torch.inf).item()


padding_error.alternative("a loop over tokens and features")(by_loop)
