import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=8, builds_on="lesson 08, dropout", hints=(
    "Which numbers are dropped: those with small noise, or with large noise? What share of all numbers is that?",
    "If a fifth of the numbers is dropped, how much must the rest grow so that the mean stays the same?",
))
def dropout(x: Float[Tensor, "*batch d_model"], noise: Float[Tensor, "*batch d_model"], rate: float,
            training: bool) -> Float[Tensor, "*batch d_model"]:
    r"""Drop a share of the numbers while training, and none otherwise.

    `noise` holds a random number from 0 to 1 for every number of `x`. While training, a number of `x` becomes 0 where
    its noise is below `rate`; the others are divided by 1 − rate, so that the mean stays the same on average
    (Srivastava et al. 2014, §10). Otherwise `x` passes unchanged. The rate is below 1. Gradients must reach `x`.
    """
    if not training:
        return x.clone()
    return torch.where(noise < rate, 0.0, x / (1 - rate))


dropout.example(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), torch.tensor([[0.1, 0.3, 0.9, 0.6]]), 0.2, True)
dropout.example(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.5, 0.75]]), 0.5, True)
dropout.example(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.1, 0.75]]), 0.5, False)


def uniform(rng, *shape):
    return torch.from_numpy(rng.uniform(size=shape))


@dropout.check("drops and enlarges while training", hint="What does the 4 in the example become, and why not 4?")
def drops(answer, rng):
    x, noise = tensor(rng, 2, 5, 7), uniform(rng, 2, 5, 7)
    for rate in (0.1, 0.5, 0.8):
        expected = torch.tensor([0.0 if float(n) < rate else float(v) / (1 - rate)
                                 for v, n in zip(x.flatten(), noise.flatten())], dtype=torch.float64).reshape(x.shape)
        probes.equal(answer(x, noise, rate, True), expected)


@dropout.check("changes nothing when the model is not in training",
               hint="If a trained model is asked twice, should it give the same answer twice?")
def nothing_in_eval(answer, rng):
    x, noise = tensor(rng, 5, 11), uniform(rng, 5, 11)
    for rate in (0.2, 0.5):
        probes.equal(answer(x, noise, rate, False), x)


@dropout.check("changes nothing at a rate of 0", hint="How many numbers are dropped at a rate of 0?")
def nothing_at_zero(answer, rng):
    x = tensor(rng, 3, 7)
    noise = uniform(rng, 3, 7)
    noise[0, 0] = 0.0
    probes.equal(answer(x, noise, 0.0, True), x)


@dropout.check("lets gradients pass where nothing was dropped", hint="Which step leaves torch's graph?")
def gradients_of_kept(answer, rng):
    for training in (True, False):
        probes.gradient_parity(answer, dropout, tensor(rng, 3, 7), uniform(rng, 3, 7), 0.3, training,
                               cotangent=tensor(rng, 3, 7))


@dropout.mistake("drops in evaluation, too", hint="Where does `training` appear in your code?")
def in_evaluation(x, noise, rate, training):
    return torch.where(noise < rate, 0.0, x / (1 - rate))


@dropout.mistake("does not enlarge what is kept", hint="How does the mean of your output compare with that of x?")
def not_enlarged(x, noise, rate, training):
    return torch.where(noise < rate, 0.0, x) if training else x.clone()


@dropout.mistake("shrinks in evaluation instead of enlarging in training",
                 hint="The original paper did so. What does this prompt ask for in evaluation?")
def shrinks_later(x, noise, rate, training):
    return torch.where(noise < rate, 0.0, x) if training else x * (1 - rate)


@dropout.mistake("drops in evaluation instead of training", hint="When do you drop: when `training` is True?")
def the_other_way_round(x, noise, rate, training):
    return x.clone() if training else torch.where(noise < rate, 0.0, x / (1 - rate))


@dropout.mistake("keeps the numbers it should drop, and drops the others",
                 hint="At a rate of 0.1, how many of ten numbers do you keep?")
def roles_exchanged(x, noise, rate, training):
    return torch.where(noise < rate, x / (1 - rate), 0.0) if training else x.clone()


@dropout.mistake("enlarges in evaluation, too", hint="Nothing is dropped in evaluation. What is there to make up for?")
def enlarged_always(x, noise, rate, training):
    return torch.where(noise < rate, 0.0, x / (1 - rate)) if training else x / (1 - rate)


@dropout.mistake("cuts the result off from the gradient", hint="Which line leaves torch's graph?")
def dropped_detached(x, noise, rate, training):
    return torch.where(noise < rate, 0.0, x.detach() / (1 - rate)) if training else x.clone()


@dropout.mistake("divides by the share that happened to be kept",
                 hint="What do you divide by, and does it depend on the noise? What does the prompt say?")
def by_kept_share(x, noise, rate, training):
    kept = (noise >= rate).to(x.dtype)
    return x * kept / kept.mean() if training else x.clone()


@dropout.mistake("drops a share of 1 − rate", hint="At a rate of 0.1, what share of your numbers is left?")
def kept_dropped(x, noise, rate, training):
    return torch.where(noise < rate, x / rate if rate else x, 0.0) if training else x.clone()


@dropout.mistake("divides by the rate",
                 hint="At a rate of 0.1 the mean falls by a tenth. What must you divide by to make up for it?")
def by_rate(x, noise, rate, training):
    return torch.where(noise < rate, 0.0, x / rate) if training else x.clone()


@dropout.mistake("multiplies by 1 − rate instead of dividing", hint="Should the kept numbers grow or shrink?")
def shrinks(x, noise, rate, training):
    return torch.where(noise < rate, 0.0, x * (1 - rate)) if training else x.clone()


@dropout.mistake("drops whole tokens", hint="Which numbers of `noise` does your code look at?")
def whole_tokens(x, noise, rate, training):
    return torch.where(noise[..., :1] < rate, 0.0, x / (1 - rate)) if training else x.clone()


@dropout.mistake("also drops where the noise equals the rate",
                 hint="Does the prompt say \"below\" or \"not above\"? What should be dropped at a rate of 0?")
def also_equal(x, noise, rate, training):
    return torch.where(noise <= rate, 0.0, x / (1 - rate)) if training else x.clone()


@dropout.mistake("divides by 1 and then subtracts the rate", hint="In `x / 1 - rate`, what is done first?")
def without_brackets(x, noise, rate, training):
    return torch.where(noise < rate, 0.0, x / 1 - rate) if training else x.clone()


@dropout.alternative("a mask of zeros and ones")
def by_mask(x, noise, rate, training):
    return x * (noise >= rate) / (1 - rate) if training else x


@dropout.alternative("masked_fill")
def by_masked_fill(x, noise, rate, training):
    if training:
        x = (x / (1 - rate)).masked_fill(noise < rate, 0)
    return x
