from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p19_debugging_attention.shared import largest


@exercise(points=3, minutes=10, builds_on="exercise 7 of chapter 13, keys and values that are kept", hints=(
    "A cache may save work, and nothing else. Which two ways of computing the same outputs can be compared?",
    "What does each call give back besides its outputs, and which call needs that?",
))
def cache_error(step: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], x: Float[Tensor, "tokens d"]) -> float:
    """Measure how much a model's outputs differ when it reads token by token, with a cache.

    `step(new, past)` is given the new tokens (any number from 1 on, as rows) and what it remembers of those before
    them; it returns the outputs of the new tokens, a row each, and what is to be remembered next. Before the first
    token the past is `x[:0]`. Run it once on the whole text, and once token by token from the beginning. Return the
    largest absolute difference between the outputs of the two, as a Python number; a healthy model gives 0. In the
    example an output is the sum of all tokens so far, and the cache works.
    """
    whole, past = step(x, x[:0])[0], x[:0]
    outputs = []
    for token in x.split(1):
        output, past = step(token, past)
        outputs.append(output)
    return float((torch.cat(outputs) - whole).abs().max())


def remembering(read):
    """A model that remembers all tokens: `read(every, start)` gives an output for each token from `start` on."""
    def step(new, past):
        every = torch.vstack([past, new])
        return read(every, len(past)), every
    return step


def placed(x, start=0):
    """Each token times its position, counted from 1."""
    return x * torch.arange(start + 1, start + len(x) + 1)[:, None]


healthy = remembering(lambda every, start: placed(every).cumsum(dim=0)[start:])
simple = remembering(lambda every, start: every.cumsum(dim=0)[start:])
from_zero = remembering(lambda every, start: every.cumsum(dim=0)[start:] - torch.arange(len(every) - start)[:, None])
blind_to_the_past = remembering(lambda every, start: placed(every[start:], start).cumsum(dim=0))
sees_all = remembering(lambda every, start: placed(every.sum(dim=0).expand(len(every) - start, -1)))
not_widened = remembering(lambda every, start: every[:len(every) - start].cumsum(dim=0))


def short_memory(new, past):
    """Only the last two tokens are remembered."""
    every = torch.cat([past, new])
    return every.cumsum(dim=0)[len(past):], every[-2:]


def new_alone(new, past):
    """What is remembered is what was new."""
    return torch.cat([past, new]).cumsum(dim=0)[len(past):], new


def wrong_for_the_third(new, past):
    """Where exactly two tokens are remembered, the last number of an output is wrong."""
    outputs, every = simple(new, past)
    return outputs - (len(past) == 2) * torch.arange(new.shape[1]), every


BROKEN = (sees_all, from_zero, blind_to_the_past, not_widened, short_memory, new_alone, wrong_for_the_third)
NUMBERS = torch.tensor([[1.0, 2.0], [3.0, -5.0], [0.5, 4.0]])
for _step in (simple, blind_to_the_past, new_alone, wrong_for_the_third):
    cache_error.example(_step, NUMBERS)


def by_numbers(step, x):
    """The same, number by number."""
    whole, _ = step(x, x[:0])
    past, worst = x[:0], 0.0
    for t in range(len(x)):
        output, past = step(x[t:t + 1], past)
        worst = max([worst, *(abs(one - other) for one, other in zip(output[0].tolist(), whole[t].tolist()))])
    return worst


@cache_error.check("clears models whose cache works",
                   hint="Does each call get what the last one gave back? With which output is each one compared?")
def working(answer, rng):
    for step in (healthy, simple):
        for tokens in (1, 5, 7):
            error = answer(step, tensor(rng, tokens, 3))
            probes.require(abs(error) < 1e-9, f"a healthy model gets the error {error:.3g}")


@cache_error.check("measures how far a broken cache is off",
                   hint="How many tokens are new in each call? Of all differences, which one is asked for?")
def broken(answer, rng):
    for step in BROKEN:
        for tokens in (5, 7):
            probes.parity(answer, by_numbers, step, tensor(rng, tokens, 3))


@cache_error.check("measures it for short texts, too", hint="Which is the first token whose past is not empty?")
def short(answer, rng):
    for step in BROKEN:
        for tokens in (2, 3):
            probes.parity(answer, by_numbers, step, tensor(rng, tokens, 2))


def steps(step, x, size=1, *, hand_on=True, every=False):
    """The outputs token by token, with one thing to be changed at a time."""
    past, outputs = x[:0], []
    for start in range(0, len(x), size):
        output, after = step(x[:start + size] if every else x[start:start + size], past)
        past = after if hand_on else past
        outputs.append(output[-size:] if every else output)
    return torch.cat(outputs)


def whole(step, x):
    return step(x, x[:0])[0]


@cache_error.mistake("does not hand the past on", hint="What is the second argument of your second call?")
def no_past(step, x):
    return largest(steps(step, x, hand_on=False) - whole(step, x))


@cache_error.mistake("gives all tokens so far, with an empty past",
                     hint="How many tokens are new when a cache is used?")
def all_so_far(step, x):
    return largest(steps(step, x, hand_on=False, every=True) - whole(step, x))


@cache_error.mistake("gives all tokens so far, and their past as well",
                     hint="How often does the model meet the first token in your third call?")
def twice(step, x):
    return largest(steps(step, x, every=True) - whole(step, x))


@cache_error.mistake("compares the last outputs only", hint="Can a cache be wrong at the third token of seven?")
def last_only(step, x):
    return largest((steps(step, x) - whole(step, x))[-1])


@cache_error.mistake("compares the first outputs only", hint="Which token is the first that needs a past?")
def first_only(step, x):
    return largest((steps(step, x) - whole(step, x))[0])


@cache_error.mistake("reads two tokens at a time", hint="How many tokens does a model write at a time?")
def in_pairs(step, x):
    return largest(steps(step, x, size=2) - whole(step, x))


@cache_error.mistake("compares the steps with themselves", hint="Which two ways of reading do you compare?")
def never(step, x):
    return largest(steps(step, x) - steps(step, x))


@cache_error.mistake("takes the mean difference", hint="Of all differences, which one is asked for?")
def mean(step, x):
    return float((steps(step, x) - whole(step, x)).abs().mean())


@cache_error.mistake("takes the largest difference with its sign", hint="Is −5 a smaller error than 1?")
def with_sign(step, x):
    return float((steps(step, x) - whole(step, x)).max())


@cache_error.mistake("adds up the squares of the differences", hint="Of all differences, which one is asked for?")
def squares(step, x):
    return float((steps(step, x) - whole(step, x)).square().sum())


@cache_error.mistake("compares the first feature only", hint="Which numbers of an output may be off?")
def first_feature(step, x):
    return largest((steps(step, x) - whole(step, x))[:, 0])


@cache_error.mistake("reads the text in two halves", hint="How many tokens does a model write at a time?")
def in_halves(step, x):
    return largest(steps(step, x, size=max(1, len(x) // 2)) - whole(step, x))


@cache_error.mistake("hands the outputs on, in place of what is to be remembered",
                     hint="A call returns two things. Which of them is the next call's past?")
def outputs_as_past(step, x):
    outputs = []
    for token in x.split(1):
        outputs.append(step(token, torch.cat([x[:0], *outputs]))[0])
    return largest(torch.cat(outputs) - whole(step, x))


@cache_error.mistake("hands on the past of one call too early",
                     hint="Which call's past does your third call get?")
def one_call_late(step, x):
    pasts, outputs = [x[:0], x[:0]], []
    for token in x.split(1):
        output, after = step(token, pasts[-2])
        pasts.append(after)
        outputs.append(output)
    return largest(torch.cat(outputs) - whole(step, x))


@cache_error.mistake("reads the first token twice", hint="What is the past of the very first token?")
def first_twice(step, x):
    past, outputs = step(x[:1], x[:0])[1], []
    for token in x.split(1):
        output, past = step(token, past)
        outputs.append(output)
    return largest(torch.cat(outputs) - whole(step, x))


@cache_error.mistake("remembers the tokens itself, in place of what the model gives back",
                     hint="Who decides what is remembered: you, or the model?")
def own_past(step, x):
    outputs = [step(x[t:t + 1], x[:t])[0] for t in range(len(x))]
    return largest(torch.cat(outputs) - whole(step, x))


@cache_error.mistake("begins with the whole text, and then goes on with its last token",
                     hint="What does the model remember before the first token is read?")
def whole_first(step, x):
    outputs, past = step(x, x[:0])
    again, _ = step(x[-1:], past)
    return largest(again - outputs[-1:])


@cache_error.alternative("a loop over places")
def over_places(step, x):
    past, rows = x[:0], []
    for t in range(x.shape[0]):
        out, past = step(x[t][None], past)
        rows.append(out[0])
    return torch.stack(rows).sub(step(x, x[:0])[0]).abs().max().item()


cache_error.alternative("number by number")(by_numbers)
