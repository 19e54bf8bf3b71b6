from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p19_debugging_attention.shared import largest, past_mean


@exercise(points=3, minutes=10, builds_on="exercise 2, a text run in two ways", hints=(
    "A text among others, and the same text in a batch of one: what should differ?",
    "The model can be run as in training, or as in use. In which of the two may a text's outputs depend on chance?",
))
def batch_error(model: Callable[[Tensor, bool], Tensor], x: Float[Tensor, "batch tokens d"]) -> float:
    """Measure how much the other texts of a batch move a text's outputs.

    `model(x, training)` gives outputs in the shape of `x`, which always has its three axes; where `training` is `True`
    it drops some numbers, as dropout does. In use, that is without dropping, run all texts together, and each text in
    a batch of its own. Return the largest absolute difference between the two over all texts, tokens and features, as a
    Python number; a healthy model gives 0. In the example each text's outputs have the mean of the batch subtracted.
    """
    together = model(x, False)
    alone = torch.cat([model(text[None], False) for text in x])
    return float((alone - together).abs().max())


def dropped(x, training):
    """In training, some numbers are dropped and the others enlarged; which, hangs on their place in the batch."""
    places = torch.arange(x.numel()).reshape(x.shape)
    return torch.where(places % 3 == 1, 0, 1.5 * x) if training else x


def mean_of_the_batch(x, training):
    """A norm over the wrong axis."""
    return dropped(x - x.mean(dim=0, keepdim=True), training)


def squares_of_all(x, training):
    """Each text sees the squares of all texts."""
    return dropped(x + x.square().sum(dim=0, keepdim=True), training)


def healthy_mean(x, training):
    """Each text on its own."""
    return dropped(past_mean(x), training)


def previous_text(x, training):
    """Each text sees a little of the one before it in the batch; the first one sees none."""
    return dropped(x - torch.cat([0 * x[:1], x[:-1]]) / 4, training)


def sum_of_all(x, training):
    """Each text sees all, in the last feature of its last token."""
    mark = torch.zeros_like(x)
    mark[:, -1, -1] = x.sum()
    return dropped(past_mean(x) - mark, training)


TWO = torch.tensor([[[1.0, 2.0]], [[5.0, 0.0]]])
for _model in (mean_of_the_batch, previous_text, healthy_mean):
    batch_error.example(_model, TWO)


def by_loop(model, x):
    """The same, text by text and number by number."""
    together, worst = model(x, False), 0.0
    for number in range(len(x)):
        alone = model(x[number:number + 1], False)[0]
        for one, other in zip(alone.flatten().tolist(), together[number].flatten().tolist()):
            worst = max(worst, abs(one - other))
    return worst


@batch_error.check("clears models that treat each text on its own",
                   hint="Is anything dropped in your runs? And does each text meet itself?")
def healthy(answer, rng):
    for shape in ((3, 5, 2), (2, 1, 7), (1, 3, 5)):
        for model in (healthy_mean, lambda x, training: dropped(x.flip(1), training)):
            error = answer(model, tensor(rng, *shape))
            probes.require(abs(error) < 1e-9, f"a healthy model gets the error {error:.3g}")


@batch_error.check("measures how much a sum or a mean over the batch mixes",
                   hint="What is left of a text in a batch of one, if the mean of the batch is subtracted?")
def norms(answer, rng):
    for shape in ((4, 1, 3), (3, 5, 2), (5, 2, 3)):
        for model in (squares_of_all, mean_of_the_batch):
            probes.parity(answer, by_loop, model, tensor(rng, *shape))


@batch_error.check("measures it where a text sees one other text alone, or one number of it",
                   hint="Which texts, tokens and features do you compare? With which sign may they differ?")
def neighbours(answer, rng):
    for model in (previous_text, sum_of_all, lambda x, training: dropped(x + x.flip(0) / 2, training)):
        for shape in ((3, 5, 2), (5, 1, 3)):
            probes.parity(answer, by_loop, model, tensor(rng, *shape))


def alone(model, x, training=False):
    return torch.cat([model(text[None], training) for text in x])


@batch_error.mistake("runs the model as in training", hint="Which value of `training` stands for use?")
def in_training(model, x):
    return largest(alone(model, x, True) - model(x, True))


@batch_error.mistake("runs the batch as in use, and the single texts as in training",
                     hint="Which value of `training` does each of your calls pass on?")
def half_in_training(model, x):
    return largest(alone(model, x, True) - model(x, False))


@batch_error.mistake("looks at the first text only", hint="Can a model spoil the third text and spare the first?")
def first_text(model, x):
    return largest(model(x[:1], False) - model(x, False)[:1])


@batch_error.mistake("looks at the last text only", hint="Can a model spoil the first text and spare the last?")
def last_text(model, x):
    return largest(model(x[-1:], False) - model(x, False)[-1:])


@batch_error.mistake("reverses the order of the batch in place of running texts alone",
                     hint="Is the mean of a batch another one when its texts change places?")
def reversed_batch(model, x):
    return largest(model(x.flip(0), False).flip(0) - model(x, False))


@batch_error.mistake("runs the same batch twice", hint="Can your two runs differ at all?")
def never(model, x):
    return largest(model(x, False) - model(x, False))


@batch_error.mistake("runs each text beside a copy of itself",
                     hint="How many texts does the batch have in which a text is alone?")
def with_a_copy(model, x):
    return largest(torch.cat([model(torch.stack([text, text]), False)[:1] for text in x]) - model(x, False))


@batch_error.mistake("takes the mean difference", hint="Of all differences, which one is asked for?")
def mean(model, x):
    return float((alone(model, x) - model(x, False)).abs().mean())


@batch_error.mistake("takes the largest difference with its sign", hint="Is −5 a smaller error than 1?")
def with_sign(model, x):
    return float((alone(model, x) - model(x, False)).max())


@batch_error.mistake("takes the mean of the squares", hint="Of all differences, which one is asked for?")
def mean_square(model, x):
    return float((alone(model, x) - model(x, False)).square().mean())


@batch_error.mistake("leaves the last text out", hint="Which numbers does your loop give for three texts?")
def last_left_out(model, x):
    return largest((alone(model, x) - model(x, False))[:-1])


@batch_error.mistake("compares the first feature only", hint="Which numbers of a token may be spoilt?")
def first_feature(model, x):
    return largest((alone(model, x) - model(x, False))[..., 0])


@batch_error.mistake("runs two texts at a time", hint="How many texts has the batch in which a text is alone?")
def in_pairs(model, x):
    return largest(torch.cat([model(pair, False) for pair in x.split(2)]) - model(x, False))


@batch_error.mistake("compares the last tokens only", hint="Which tokens of a text may be spoilt?")
def last_tokens(model, x):
    return largest((alone(model, x) - model(x, False))[:, -1])


@batch_error.mistake("cuts the batch into tokens, not into texts", hint="Which axis of `x` are the texts?")
def tokens_alone(model, x):
    pieces = [model(x[:, t:t + 1], False) for t in range(x.shape[1])]
    return largest(torch.cat(pieces, dim=1) - model(x, False))


@batch_error.mistake("runs each text without the axis of the batch",
                     hint="How many axes has what you give to the model, when a text is alone?")
def without_axis(model, x):
    return largest(torch.stack([model(text, False) for text in x]) - model(x, False))


@batch_error.alternative("text by text")
def text_by_text(model, x):
    together = model(x, False)
    return max(float((model(x[n:n + 1], False) - together[n:n + 1]).abs().max()) for n in range(x.shape[0]))


batch_error.alternative("number by number")(by_loop)
