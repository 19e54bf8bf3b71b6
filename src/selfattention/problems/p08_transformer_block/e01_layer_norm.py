import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p08_transformer_block.shared import normed

LAYER_NORM = ("torch.nn.functional.layer_norm", "layer norm")


@exercise(points=3, minutes=10, builds_on="lesson 08, layer norm", ready_made=LAYER_NORM, hints=(
    "One token, one mean, one variance. Over which axis are they taken, and how do they still line up with `x`?",
    "The variance is the mean of the squared deviations from the mean. Where does ε go: under the root or beside it?",
))
def layer_norm(x: Float[Tensor, "*batch d_model"], gain: Float[Tensor, " d_model"], offset: Float[Tensor, " d_model"],
               epsilon: float) -> Float[Tensor, "*batch d_model"]:
    r"""Give each token's vector mean 0 and variance 1, then a gain and an offset.

    $g \odot (x - \mu) / \sqrt{\sigma^2 + \epsilon} + b$ (Ba et al. 2016, eq. 3, 4). Each token has its own mean and
    variance; the variance divides by $d$, not by $d - 1$. A token of equal numbers must not give NaN. Gradients must
    reach `x`, `gain` and `offset`, also through $\mu$ and $\sigma^2$.
    """
    mean = x.mean(dim=-1, keepdim=True)
    variance = (x - mean).square().mean(dim=-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + epsilon) * gain + offset


layer_norm.example(torch.tensor([[1.0, 3.0], [10.0, 30.0]], dtype=torch.float64),
                   torch.tensor([1.0, 10.0], dtype=torch.float64), torch.tensor([0.0, 100.0], dtype=torch.float64), 0.5)


@layer_norm.check("normalises each token over its own numbers",
                  hint="Take one token alone. Does it give the same result?")
def each_token(answer, rng):
    x, ones, zeros = 3 * tensor(rng, 2, 5, 7) + 11, torch.ones(7).double(), torch.zeros(7).double()
    got = answer(x, ones, zeros, 1e-12)
    for text in range(2):
        for token in range(5):
            numbers = x[text, token].tolist()
            mean = sum(numbers) / 7
            spread = (sum((number - mean) ** 2 for number in numbers) / 7) ** 0.5
            probes.equal(got[text, token],
                         torch.tensor([(number - mean) / spread for number in numbers], dtype=torch.float64))


@layer_norm.check("lets no token see another", hint="Change one token. Which outputs may change?")
def no_token_sees(answer, rng):
    x, gain, offset = tensor(rng, 1, 5, 7), tensor(rng, 7), tensor(rng, 7)
    changed = x.clone()
    changed[0, 3] = 100 * tensor(rng, 7)
    before, after = answer(x, gain, offset, 1e-5), answer(changed, gain, offset, 1e-5)
    probes.unmoved(before[0, :3], after[0, :3], "a token changed because another token did")


@layer_norm.check("applies epsilon, gain and offset where the formula has them",
                  hint="With a large ε, compute the first token of the example by hand.")
def formula_whole(answer, rng):
    for shape, epsilon in (((2, 5, 7), 0.7), ((3, 11), 2.0), ((2, 2), 0.1), ((5,), 0.3)):
        x, gain, offset = tensor(rng, *shape), tensor(rng, shape[-1]), tensor(rng, shape[-1])
        expected = torch.nn.functional.layer_norm(x, shape[-1:], gain, offset, epsilon)
        probes.equal(answer(x, gain, offset, epsilon), expected)


@layer_norm.check("stays finite for a token of equal numbers",
                  hint="What is the variance of (2, 2, 2)? What do you divide by?")
def constant_token(answer, rng):
    x = torch.full((3, 7), 2.0).double()
    got = answer(x, torch.ones(7).double(), torch.zeros(7).double(), 1e-5)
    probes.finite(got)
    probes.equal(got, torch.zeros(3, 7).double())
    x = tensor(rng, 3, 7)
    x[:2] = 2.0
    probes.gradient_parity(answer, layer_norm, x, tensor(rng, 7), tensor(rng, 7), 1e-5, cotangent=tensor(rng, 3, 7))


@layer_norm.check("lets gradients pass, also through mean and variance",
                  hint="A number of a token also moves the token's mean. Does your gradient know?")
def gradients_through_both(answer, rng):
    def torchs(x, gain, offset, epsilon):
        return torch.nn.functional.layer_norm(x, (7,), gain, offset, epsilon)

    probes.gradient_parity(answer, torchs, tensor(rng, 3, 7), tensor(rng, 7), tensor(rng, 7), 1e-5,
                           cotangent=tensor(rng, 3, 7))


@layer_norm.mistake("divides the variance by d − 1",
                    hint="What does torch's `std` and `var` divide by unless you say otherwise?")
def unbiased(x, gain, offset, epsilon):
    mean, variance = x.mean(dim=-1, keepdim=True), x.var(dim=-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + epsilon) * gain + offset


@layer_norm.mistake("divides by std + ε, with torch's std",
                    hint="Where is ε in the formula? And what does `std` divide by?")
def unbiased_and_outside(x, gain, offset, epsilon):
    return (x - x.mean(dim=-1, keepdim=True)) / (x.std(dim=-1, keepdim=True) + epsilon) * gain + offset


@layer_norm.mistake("adds ε outside the root", hint="Where is ε in the formula: under the root or beside it?")
def outside(x, gain, offset, epsilon):
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / (centred.square().mean(dim=-1, keepdim=True).sqrt() + epsilon) * gain + offset


@layer_norm.mistake("forgets ε", hint="What do you divide by for a token of equal numbers?")
def without_epsilon(x, gain, offset, epsilon):
    return normed(x, gain, offset, 0.0)


@layer_norm.mistake("normalises over the tokens", hint="Change one token: do others change? Which axis is the tokens?")
def over_time(x, gain, offset, epsilon):
    return normed(x, gain, offset, epsilon, dim=-2)


@layer_norm.mistake("normalises over tokens and numbers together",
                    hint="How many means should a text of five tokens have?")
def over_both(x, gain, offset, epsilon):
    return normed(x, gain, offset, epsilon, dim=(-2, -1))


@layer_norm.mistake("divides by the variance, not by its root",
                    hint="What is the unit of a variance? And of what you divide by it?")
def by_variance(x, gain, offset, epsilon):
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / (centred.square().mean(dim=-1, keepdim=True) + epsilon) * gain + offset


@layer_norm.mistake("does not subtract the mean",
                    hint="That is RMSNorm, from later models. What is the mean of your output?")
def root_mean_square(x, gain, offset, epsilon):
    return x / torch.sqrt(x.square().mean(dim=-1, keepdim=True) + epsilon) * gain + offset


@layer_norm.mistake("leaves gain and offset out", hint="Which arguments have you not used yet?")
def plain(x, gain, offset, epsilon):
    return normed(x, 1.0, 0.0, epsilon)


@layer_norm.mistake("adds the offset before the gain",
                    hint="In the formula, is the offset multiplied by the gain, too?")
def offset_first(x, gain, offset, epsilon):
    return (normed(x, 1.0, 0.0, epsilon) + offset) * gain


@layer_norm.mistake("loses the axis that mean and variance are taken over",
                    hint="Print the shape of your mean. How do you subtract it from five tokens at once?")
def axis_lost(x, gain, offset, epsilon):
    mean, variance = x.mean(dim=-1), x.var(dim=-1, correction=0)
    return (x - mean) / torch.sqrt(variance + epsilon) * gain + offset


@layer_norm.mistake("normalises all texts at once",
                    hint="How many means does your code compute? How many tokens are there?")
def whole_array(x, gain, offset, epsilon):
    return (x - x.mean()) / torch.sqrt(x.var(correction=0) + epsilon) * gain + offset


@layer_norm.mistake("normalises over the first axis",
                    hint="That is the idea of batch norm. Whose numbers share a mean here: a token's, or a batch's?")
def over_first(x, gain, offset, epsilon):
    return normed(x, gain, offset, epsilon, dim=0)


@layer_norm.mistake("divides only the mean, because brackets are missing",
                    hint="Which comes first in your line: the minus or the division?")
def no_brackets(x, gain, offset, epsilon):
    mean, variance = x.mean(dim=-1, keepdim=True), x.var(dim=-1, keepdim=True, correction=0)
    return (x - mean / torch.sqrt(variance + epsilon)) * gain + offset


@layer_norm.mistake("takes the mean of the squares as the variance",
                    hint="A token of equal numbers does not vary. What is the variance of (2, 2, 2) in your code?")
def mean_of_squares(x, gain, offset, epsilon):
    spread = torch.sqrt(x.square().mean(dim=-1, keepdim=True) + epsilon)
    return (x - x.mean(dim=-1, keepdim=True)) / spread * gain + offset


@layer_norm.mistake("keeps mean and variance out of the gradient",
                    hint="Does your gradient say that a number also moves the mean and the variance?")
def constant_statistics(x, gain, offset, epsilon):
    mean, variance = x.detach().mean(dim=-1, keepdim=True), x.detach().var(dim=-1, keepdim=True, correction=0)
    return (x - mean) / torch.sqrt(variance + epsilon) * gain + offset


@layer_norm.mistake("uses an ε of its own", hint="Which argument have you not used yet?")
def own_epsilon(x, gain, offset, epsilon):
    return normed(x, gain, offset, 1e-5)


@layer_norm.alternative("var_mean")
def by_var_mean(x, gain, offset, epsilon):
    variance, mean = torch.var_mean(x, dim=-1, keepdim=True, correction=0)
    return (x - mean) * torch.rsqrt(variance + epsilon) * gain + offset


@layer_norm.alternative("mean of squares minus square of mean")
def by_squares(x, gain, offset, epsilon):
    mean = x.mean(-1, keepdim=True)
    variance = ((x**2).mean(-1, keepdim=True) - mean**2).clamp(min=0)  # rounding may leave less than nothing
    return gain * (x - mean) / (variance + epsilon) ** 0.5 + offset
