r"""# Exercises 08: the Transformer block

What stands around attention: a norm, a feed-forward layer, ways past both sublayers, and dropout. Read lesson
[08](../notebooks/08_transformer_block.ipynb) first.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from selfattention.engine import exercise, probes


def tensor(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


LAYER_NORM = ("torch.nn.functional.layer_norm", "layer norm")


@exercise(points=3, ready_made=LAYER_NORM, hints=(
    "One token, one mean, one variance. Over which axis do they run, and how do they keep it, to be subtracted again?",
    "The variance is the mean of the squared deviations. Where does ε go: under the root or beside it?",
))
def layer_norm(x: Float[Tensor, "*batch d_model"], gain: Float[Tensor, " d_model"], offset: Float[Tensor, " d_model"],
               epsilon: float) -> Float[Tensor, "*batch d_model"]:
    r"""Give each token's vector mean 0 and variance 1, then a gain and an offset.

    $g \odot (x - \mu) / \sqrt{\sigma^2 + \epsilon} + b$ (Ba et al. 2016, eq. 3, 4). Each token has its own $\mu$ and
    $\sigma^2$; the variance divides by $d$, not by $d - 1$.
    """
    mean = x.mean(dim=-1, keepdim=True)
    variance = (x - mean).square().mean(dim=-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + epsilon) * gain + offset


layer_norm.example(torch.tensor([[1.0, 3.0], [10.0, 30.0]], dtype=torch.float64),
                   torch.tensor([1.0, 10.0], dtype=torch.float64), torch.tensor([0.0, 100.0], dtype=torch.float64), 0.5)


@layer_norm.check("normalises each token over its own numbers", hint="Take one token alone. Does it give the same?")
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
    for shape, epsilon in (((2, 5, 7), 0.7), ((3, 11), 2.0), ((2, 2), 0.1)):
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


@layer_norm.check("lets gradients pass, through mean and variance too",
                  hint="A number of a token also moves the token's mean. Does your gradient know?")
def gradients_through_both(answer, rng):
    probes.gradient_parity(answer, lambda *inputs: torch.nn.functional.layer_norm(inputs[0], (7,), *inputs[1:]),
                           tensor(rng, 3, 7), tensor(rng, 7), tensor(rng, 7), 1e-5, cotangent=tensor(rng, 3, 7))


def normed(x, gain, offset, epsilon, dim=-1):
    mean = x.mean(dim=dim, keepdim=True)
    variance = (x - mean).square().mean(dim=dim, keepdim=True)
    return (x - mean) / torch.sqrt(variance + epsilon) * gain + offset


@layer_norm.mistake("divides the variance by d − 1",
                    hint="What does torch's `std` and `var` divide by unless you say otherwise?")
def unbiased(x, gain, offset, epsilon):
    mean, variance = x.mean(dim=-1, keepdim=True), x.var(dim=-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + epsilon) * gain + offset


@layer_norm.mistake("divides by std + ε, with torch's std",
                    hint="Where stands ε in the formula? And what does `std` divide by?")
def unbiased_and_outside(x, gain, offset, epsilon):
    return (x - x.mean(dim=-1, keepdim=True)) / (x.std(dim=-1, keepdim=True) + epsilon) * gain + offset


@layer_norm.mistake("adds ε outside the root", hint="Where stands ε in the formula: under the root or beside it?")
def outside(x, gain, offset, epsilon):
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / (centred.square().mean(dim=-1, keepdim=True).sqrt() + epsilon) * gain + offset


@layer_norm.mistake("forgets ε", hint="What do you divide by for a token of equal numbers?")
def without_epsilon(x, gain, offset, epsilon):
    return normed(x, gain, offset, 0.0)


@layer_norm.mistake("normalises over the tokens", hint="Change one token: do others change? Which axis are the tokens?")
def over_time(x, gain, offset, epsilon):
    return normed(x, gain, offset, epsilon, dim=-2)


@layer_norm.mistake("normalises over tokens and numbers together", hint="How many means has a text of five tokens?")
def over_both(x, gain, offset, epsilon):
    return normed(x, gain, offset, epsilon, dim=(-2, -1))


@layer_norm.mistake("divides by the variance, not by its root",
                    hint="In which unit is a variance? What are you dividing?")
def by_variance(x, gain, offset, epsilon):
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / (centred.square().mean(dim=-1, keepdim=True) + epsilon) * gain + offset


@layer_norm.mistake("does not subtract the mean",
                    hint="That is RMSNorm, of later models. What is the mean of your output?")
def root_mean_square(x, gain, offset, epsilon):
    return x / torch.sqrt(x.square().mean(dim=-1, keepdim=True) + epsilon) * gain + offset


@layer_norm.mistake("leaves gain and offset out", hint="Which arguments have you not used yet?")
def plain(x, gain, offset, epsilon):
    return normed(x, 1.0, 0.0, epsilon)


@layer_norm.mistake("adds the offset before the gain", hint="What is multiplied by the gain: the offset too?")
def offset_first(x, gain, offset, epsilon):
    return (normed(x, 1.0, 0.0, epsilon) + offset) * gain


@layer_norm.mistake("forgets to keep the axis of the mean",
                    hint="Print the shape of your mean. How do you subtract it from five tokens at once?")
def axis_lost(x, gain, offset, epsilon):
    mean, variance = x.mean(dim=-1), x.var(dim=-1, correction=0)
    return (x - mean) / torch.sqrt(variance + epsilon) * gain + offset


@layer_norm.mistake("normalises all texts at once",
                    hint="How many means does your code compute? How many tokens are there?")
def whole_array(x, gain, offset, epsilon):
    return (x - x.mean()) / torch.sqrt(x.var(correction=0) + epsilon) * gain + offset


@layer_norm.mistake("normalises over the first axis",
                    hint="That is the idea of batch norm. Whose numbers have one mean here: a token's, or a batch's?")
def over_first(x, gain, offset, epsilon):
    return normed(x, gain, offset, epsilon, dim=0)


@layer_norm.mistake("divides the mean alone, for want of brackets",
                    hint="Which comes first in your line: the minus or the division?")
def no_brackets(x, gain, offset, epsilon):
    mean, variance = x.mean(dim=-1, keepdim=True), x.var(dim=-1, keepdim=True, correction=0)
    return (x - mean / torch.sqrt(variance + epsilon)) * gain + offset


@layer_norm.mistake("takes the mean of the squares for the variance",
                    hint="A token of equal numbers does not vary. What is the variance of (2, 2, 2) in your code?")
def mean_of_squares(x, gain, offset, epsilon):
    spread = torch.sqrt(x.square().mean(dim=-1, keepdim=True) + epsilon)
    return (x - x.mean(dim=-1, keepdim=True)) / spread * gain + offset


@layer_norm.mistake("keeps mean and variance out of the gradient",
                    hint="Does your gradient say that a number also moves the mean and the variance?")
def constant_statistics(x, gain, offset, epsilon):
    mean, variance = x.detach().mean(dim=-1, keepdim=True), x.detach().var(dim=-1, keepdim=True, correction=0)
    return (x - mean) / torch.sqrt(variance + epsilon) * gain + offset


@layer_norm.mistake("has an ε of its own", hint="Which argument have you not used yet?")
def own_epsilon(x, gain, offset, epsilon):
    return normed(x, gain, offset, 1e-5)


@layer_norm.alternative("var_mean")
def by_var_mean(x, gain, offset, epsilon):
    variance, mean = torch.var_mean(x, dim=-1, keepdim=True, correction=0)
    return (x - mean) * torch.rsqrt(variance + epsilon) * gain + offset


@layer_norm.alternative("mean of squares minus square of mean")
def by_squares(x, gain, offset, epsilon):
    mean = x.mean(-1, keepdim=True)
    variance = (x**2).mean(-1, keepdim=True) - mean**2
    return gain * (x - mean) / (variance + epsilon) ** 0.5 + offset


@exercise(points=2, hints=(
    "Two products and one nonlinearity. In which order do they stand in the formula?",
    "Which of the two biases is added before the negative numbers are cut off?",
))
def feed_forward(x: Float[Tensor, "*batch d_model"], weight_1: Float[Tensor, "d_model d_ff"],
                 bias_1: Float[Tensor, " d_ff"], weight_2: Float[Tensor, "d_ff d_model"],
                 bias_2: Float[Tensor, " d_model"]) -> Float[Tensor, "*batch d_model"]:
    r"""Send each token through the same two layers.

    $\max(0, xW_1 + b_1) W_2 + b_2$ (Vaswani et al. 2017, eq. 2).
    """
    return torch.relu(x @ weight_1 + bias_1) @ weight_2 + bias_2


feed_forward.example(torch.tensor([[1.0, 2.0], [0.5, -1.0]]), torch.tensor([[1.0, 0.0, -1.0], [0.0, 1.0, 1.0]]),
                     torch.tensor([0.0, -1.0, 0.0]), torch.tensor([[1.0, 0.0], [10.0, 0.0], [0.0, 1.0]]),
                     torch.tensor([0.0, -0.5]))


def matrices(rng, d_model=5, d_ff=11):
    return tensor(rng, d_model, d_ff), tensor(rng, d_ff), tensor(rng, d_ff, d_model), tensor(rng, d_model)


@feed_forward.check("agrees with a sum over the hidden units", hint="Compute the first token of the example by hand.")
def hidden_units(answer, rng):
    x, (weight_1, bias_1, weight_2, bias_2) = tensor(rng, 3, 5), matrices(rng)
    rows = []
    for token in x:
        hidden = [max(0.0, float(token @ weight_1[:, unit] + bias_1[unit])) for unit in range(11)]
        rows.append(sum(value * weight_2[unit] for unit, value in enumerate(hidden)) + bias_2)
    probes.equal(answer(x, weight_1, bias_1, weight_2, bias_2), torch.stack(rows))


@feed_forward.check("treats every token alike, wherever it stands",
                    hint="Does the result of a token depend on its neighbours?")
def tokens_alike(answer, rng):
    x, layers = tensor(rng, 2, 7, 5), matrices(rng)
    probes.parity(answer, feed_forward, x, *layers)
    probes.equal(answer(x[:, 3:4], *layers), answer(x, *layers)[:, 3:4])


@feed_forward.check("lets gradients pass", hint="Which step leaves the graph of torch?")
def gradients_through(answer, rng):
    probes.gradient_parity(answer, feed_forward, tensor(rng, 3, 5), *matrices(rng), cotangent=tensor(rng, 3, 5))


@feed_forward.mistake("leaves the nonlinearity out",
                      hint="Two linear layers in a row are one. What is missing between them?")
def linear(x, weight_1, bias_1, weight_2, bias_2):
    return (x @ weight_1 + bias_1) @ weight_2 + bias_2


@feed_forward.mistake("cuts negatives off at the end instead of in between",
                      hint="Can your output be negative? May it be?")
def at_the_end(x, weight_1, bias_1, weight_2, bias_2):
    return torch.relu((x @ weight_1 + bias_1) @ weight_2 + bias_2)


@feed_forward.mistake("cuts negatives off twice", hint="How many times does the formula have max(0, …)?")
def twice(x, weight_1, bias_1, weight_2, bias_2):
    return torch.relu(torch.relu(x @ weight_1 + bias_1) @ weight_2 + bias_2)


@feed_forward.mistake("adds the first bias after the nonlinearity",
                      hint="What stands inside the brackets of max(0, …)?")
def bias_late(x, weight_1, bias_1, weight_2, bias_2):
    return (torch.relu(x @ weight_1) + bias_1) @ weight_2 + bias_2


@feed_forward.mistake("forgets the biases", hint="Which arguments have you not used yet?")
def no_biases(x, weight_1, bias_1, weight_2, bias_2):
    return torch.relu(x @ weight_1) @ weight_2


@feed_forward.mistake("forgets the second bias", hint="Which argument have you not used yet?")
def one_bias(x, weight_1, bias_1, weight_2, bias_2):
    return torch.relu(x @ weight_1 + bias_1) @ weight_2


@feed_forward.mistake("cuts negatives off in the input", hint="What stands inside the brackets of max(0, …)?")
def in_the_input(x, weight_1, bias_1, weight_2, bias_2):
    return (torch.relu(x) @ weight_1 + bias_1) @ weight_2 + bias_2


@feed_forward.mistake("adds the input to the result",
                      hint="That is the residual connection, of the next exercise. Does eq. 2 have it?")
def with_residual(x, weight_1, bias_1, weight_2, bias_2):
    return x + torch.relu(x @ weight_1 + bias_1) @ weight_2 + bias_2


@feed_forward.mistake("uses GELU", hint="BERT and GPT do so. Which function does the formula of 2017 have?")
def gelu(x, weight_1, bias_1, weight_2, bias_2):
    return torch.nn.functional.gelu(x @ weight_1 + bias_1) @ weight_2 + bias_2


@feed_forward.mistake("computes with numbers cut off from the graph", hint="Which line leaves the graph of torch?")
def detached(x, weight_1, bias_1, weight_2, bias_2):
    hidden = torch.relu(x @ weight_1 + bias_1).detach()
    return hidden @ weight_2 + bias_2


@feed_forward.alternative("torch's linear layers")
def by_linear(x, weight_1, bias_1, weight_2, bias_2):
    hidden = torch.nn.functional.linear(x, weight_1.T, bias_1).clamp(min=0)
    return torch.nn.functional.linear(hidden, weight_2.T, bias_2)


def centre(x):
    return x - x.mean(dim=-1, keepdim=True)


def double(x):
    return 2 * x


def average(x):
    return x.mean(dim=-2, keepdim=True).expand_as(x)


def shift(x):
    return torch.cat([x[..., -1:, :], x[..., :-1, :]], dim=-2)


def square(x):
    return x * x


TWO_TOKENS = torch.tensor([[1.0, 3.0], [2.0, 7.0]])


def parts(rng):
    """Two norms and two sublayers, different each time and easy to tell apart."""
    gain_1, gain_2, mix, bend = tensor(rng, 7), tensor(rng, 7), tensor(rng, 7, 7), tensor(rng, 7, 7)
    return (lambda x: shift(x) @ mix, lambda x: centre(x) * gain_1, lambda x: torch.tanh(x @ bend),
            lambda x: centre(x) / (1 + centre(x).norm(dim=-1, keepdim=True)) * gain_2)


@exercise(points=3, hints=(
    "A block has two steps of the same kind. Write the first: what is added to what, and what is normalised?",
    "What is the x of the second step: the block's input, or the first step's result?",
))
def post_norm_block(x: Float[Tensor, "batch tokens d_model"], attention: Callable[[Tensor], Tensor],
                    norm_1: Callable[[Tensor], Tensor], feed_forward: Callable[[Tensor], Tensor],
                    norm_2: Callable[[Tensor], Tensor]) -> Float[Tensor, "batch tokens d_model"]:
    r"""Build the block of 2017: a way past each sublayer, and a norm behind it.

    $\mathrm{LayerNorm}(x + \mathrm{Sublayer}(x))$, first with attention and its norm, then with the feed-forward layer
    and its own norm (Vaswani et al. 2017, §3.1). All four are functions of a tensor. In the example `attention`
    takes the mean of the tokens, `norm_1` subtracts a token's own mean, `feed_forward` squares, `norm_2` doubles.
    """
    x = norm_1(x + attention(x))
    return norm_2(x + feed_forward(x))


post_norm_block.example(TWO_TOKENS[None], average, centre, square, double)


@post_norm_block.check("adds, then normalises, twice", hint="Follow the example with a pencil: four steps.")
def adds_then_normalises(answer, rng):
    x, (attention, norm_1, feed, norm_2) = tensor(rng, 2, 5, 7), parts(rng)
    first = attention(x).add(x)
    first = norm_1(first)
    expected = norm_2(feed(first).add(first))
    probes.equal(answer(x, attention, norm_1, feed, norm_2), expected)


@post_norm_block.check("passes the input on when the sublayers give nothing",
                       hint="What is left of x when both sublayers are 0?")
def passes_on(answer, rng):
    x, (_, norm_1, _, norm_2) = tensor(rng, 1, 3, 7), parts(rng)
    probes.equal(answer(x, torch.zeros_like, norm_1, torch.zeros_like, norm_2), norm_2(norm_1(x)))


@post_norm_block.mistake("normalises before the sublayers",
                         hint="That is pre-norm, of the next exercise. Where stands the norm in the formula?")
def pre_instead(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(norm_1(x))
    return x + feed_forward(norm_2(x))


@post_norm_block.mistake("normalises the sublayer's result only", hint="What is inside the brackets of LayerNorm(…)?")
def norm_inside(x, attention, norm_1, feed_forward, norm_2):
    x = x + norm_1(attention(x))
    return x + norm_2(feed_forward(x))


@post_norm_block.mistake("has no way past the attention", hint="If attention gave zeros, what would be left of x?")
def attention_not_passed(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(attention(x))
    return norm_2(x + feed_forward(x))


@post_norm_block.mistake("has no way past the feed-forward layer",
                         hint="If the feed-forward layer gave zeros, what would be left?")
def feed_forward_not_passed(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x + attention(x))
    return norm_2(feed_forward(x))


@post_norm_block.mistake("has no residual connections at all", hint="The formula has a plus. What stands on its left?")
def no_residuals(x, attention, norm_1, feed_forward, norm_2):
    return norm_2(feed_forward(norm_1(attention(x))))


@post_norm_block.mistake("shares one norm", hint="Which of the four functions have you not used yet?")
def one_norm(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x + attention(x))
    return norm_1(x + feed_forward(x))


@post_norm_block.mistake("adds the block's input a second time",
                         hint="What is x in the second step: the input, or the first step's result?")
def input_again(x, attention, norm_1, feed_forward, norm_2):
    first = norm_1(x + attention(x))
    return norm_2(x + feed_forward(first))


@post_norm_block.mistake("runs the sublayers in parallel",
                         hint="What does the feed-forward layer read: x, or what attention made of it?")
def in_parallel(x, attention, norm_1, feed_forward, norm_2):
    return norm_2(norm_1(x + attention(x) + feed_forward(x)))


@post_norm_block.mistake("puts the feed-forward layer first", hint="Which sublayer comes first?")
def wrong_order(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x + feed_forward(x))
    return norm_2(x + attention(x))


@post_norm_block.mistake("forgets the first norm", hint="How many norms has a block? What does the second step read?")
def first_norm_lost(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(x)
    return norm_2(x + feed_forward(x))


@post_norm_block.mistake("forgets the last norm", hint="What is the last thing done in each step of the formula?")
def last_norm_lost(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x + attention(x))
    return x + feed_forward(x)


@post_norm_block.mistake("normalises before and behind", hint="How many times is each norm used in the formula?")
def both_sides(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x + attention(norm_1(x)))
    return norm_2(x + feed_forward(norm_2(x)))


@post_norm_block.alternative("a loop over the two steps")
def by_loop(x, attention, norm_1, feed_forward, norm_2):
    for sublayer, norm in ((attention, norm_1), (feed_forward, norm_2)):
        x = norm(sublayer(x) + x)
    return x


@exercise(points=3, hints=(
    "In a pre-norm block x itself is never normalised. What is?",
    "Which x stands left of the plus, and which one goes into the sublayer? Are they the same?",
))
def pre_norm_block(x: Float[Tensor, "batch tokens d_model"], attention: Callable[[Tensor], Tensor],
                   norm_1: Callable[[Tensor], Tensor], feed_forward: Callable[[Tensor], Tensor],
                   norm_2: Callable[[Tensor], Tensor]) -> Float[Tensor, "batch tokens d_model"]:
    r"""Build the block of most later models: a norm before each sublayer, and a free way past both.

    $x + \mathrm{Sublayer}(\mathrm{LayerNorm}(x))$, first with attention and its norm, then with the feed-forward layer
    and its own norm (Xiong et al. 2020, §3.3). What is added to is the x that no norm has touched. In the example
    `attention` takes the mean of the tokens, `norm_1` subtracts a token's own mean, `feed_forward` squares, `norm_2`
    doubles.
    """
    x = x + attention(norm_1(x))
    return x + feed_forward(norm_2(x))


pre_norm_block.example(TWO_TOKENS[None], average, centre, square, double)


@pre_norm_block.check("normalises, then adds, twice", hint="Follow the example with a pencil: four steps.")
def normalises_then_adds(answer, rng):
    x, (attention, norm_1, feed, norm_2) = tensor(rng, 2, 5, 7), parts(rng)
    first = torch.add(x, attention(norm_1(x)))
    probes.equal(answer(x, attention, norm_1, feed, norm_2), torch.add(first, feed(norm_2(first))))


@pre_norm_block.check("is the identity when the sublayers give nothing", hint="What touches x itself in your code?")
def identity(answer, rng):
    x, (_, norm_1, _, norm_2) = tensor(rng, 1, 3, 7), parts(rng)
    probes.equal(answer(x, torch.zeros_like, norm_1, torch.zeros_like, norm_2), x)


@pre_norm_block.mistake("adds to the normed input",
                        hint="What is added to the sublayer's result: x, or its normed version?")
def adds_to_normed(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x)
    x = x + attention(x)
    x = norm_2(x)
    return x + feed_forward(x)


@pre_norm_block.mistake("normalises behind the sum", hint="That is post-norm. Where stands the norm in the formula?")
def post_instead(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x + attention(x))
    return norm_2(x + feed_forward(x))


@pre_norm_block.mistake("normalises the sublayer's result",
                        hint="Does the norm see what goes into the sublayer, or what comes out?")
def norm_of_result(x, attention, norm_1, feed_forward, norm_2):
    x = x + norm_1(attention(x))
    return x + norm_2(feed_forward(x))


@pre_norm_block.mistake("shares one norm", hint="Which of the four functions have you not used yet?")
def norm_shared(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(norm_1(x))
    return x + feed_forward(norm_1(x))


@pre_norm_block.mistake("forgets the second norm", hint="How many norms has a block?")
def second_norm_lost(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(norm_1(x))
    return x + feed_forward(x)


@pre_norm_block.mistake("forgets the first norm", hint="How many norms has a block?")
def first_norm_left_out(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(x)
    return x + feed_forward(norm_2(x))


@pre_norm_block.mistake("has no residual connections", hint="The formula has a plus. What stands on its left?")
def nothing_passed(x, attention, norm_1, feed_forward, norm_2):
    return feed_forward(norm_2(attention(norm_1(x))))


@pre_norm_block.mistake("adds the block's input in the second step", hint="What is x in the second step?")
def first_x_again(x, attention, norm_1, feed_forward, norm_2):
    first = x + attention(norm_1(x))
    return x + feed_forward(norm_2(first))


@pre_norm_block.mistake("runs the sublayers in parallel",
                        hint="Some later models do so. What does the feed-forward layer read here?")
def both_at_once(x, attention, norm_1, feed_forward, norm_2):
    return x + attention(norm_1(x)) + feed_forward(norm_2(x))


@pre_norm_block.mistake("gives both sublayers the same normed tokens",
                        hint="What did attention change? Does the feed-forward layer see it?")
def normed_once(x, attention, norm_1, feed_forward, norm_2):
    normed_x = norm_1(x)
    x = x + attention(normed_x)
    return x + feed_forward(normed_x)


@pre_norm_block.mistake("has no way past the attention", hint="If attention gave zeros, what would be left of x?")
def attention_only(x, attention, norm_1, feed_forward, norm_2):
    x = attention(norm_1(x))
    return x + feed_forward(norm_2(x))


@pre_norm_block.mistake("has no way past the feed-forward layer",
                        hint="If the feed-forward layer gave zeros, what would be left?")
def feed_forward_only(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(norm_1(x))
    return feed_forward(norm_2(x))


@pre_norm_block.mistake("normalises once more at the end",
                        hint="A whole stack ends with a norm of its own. Does a block?")
def norm_at_the_end(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(norm_1(x))
    return norm_2(x + feed_forward(norm_2(x)))


@pre_norm_block.alternative("a loop over the two steps")
def pre_by_loop(x, attention, norm_1, feed_forward, norm_2):
    for sublayer, norm in ((attention, norm_1), (feed_forward, norm_2)):
        x = sublayer(norm(x)) + x
    return x


@exercise(points=3, hints=(
    "Which numbers are dropped: those whose noise is small, or large? What share of them is that?",
    "If a fifth of the numbers is dropped, the rest must grow by how much, so that the mean stays?",
))
def dropout(x: Float[Tensor, "*batch d_model"], noise: Float[Tensor, "*batch d_model"], rate: float,
            training: bool) -> Float[Tensor, "*batch d_model"]:
    r"""Drop a share of the numbers while training, and none otherwise.

    `noise` holds random numbers from 0 to 1. While training, a number of `x` becomes 0 where its noise is below `rate`;
    the others are divided by 1 − rate, so that the mean stays (Srivastava et al. 2014, §10). Otherwise `x` passes
    unchanged.
    """
    if not training:
        return x.clone()
    return torch.where(noise < rate, 0.0, x / (1 - rate))


dropout.example(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), torch.tensor([[0.1, 0.3, 0.9, 0.6]]), 0.2, True)


def uniform(rng, *shape):
    return torch.from_numpy(rng.uniform(size=shape))


@dropout.check("drops and enlarges while training", hint="What becomes of 4 in the example, and why not 4?")
def drops(answer, rng):
    x, noise = tensor(rng, 2, 5, 7), uniform(rng, 2, 5, 7)
    for rate in (0.1, 0.5, 0.8):
        expected = torch.tensor([0.0 if float(n) < rate else float(v) / (1 - rate)
                                 for v, n in zip(x.flatten(), noise.flatten())], dtype=torch.float64).reshape(x.shape)
        probes.equal(answer(x, noise, rate, True), expected)


@dropout.check("changes nothing when the model is not in training",
               hint="A trained model is asked twice. Should it answer twice the same?")
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


@dropout.check("lets gradients pass where nothing was dropped", hint="Which step leaves the graph of torch?")
def gradients_of_kept(answer, rng):
    probes.gradient_parity(answer, dropout, tensor(rng, 3, 7), uniform(rng, 3, 7), 0.3, True,
                           cotangent=tensor(rng, 3, 7))


@dropout.mistake("drops in evaluation, too", hint="Where does `training` appear in your code?")
def in_evaluation(x, noise, rate, training):
    return torch.where(noise < rate, 0.0, x / (1 - rate))


@dropout.mistake("does not enlarge what is kept", hint="What is the mean of your output, beside that of x?")
def not_enlarged(x, noise, rate, training):
    return torch.where(noise < rate, 0.0, x) if training else x.clone()


@dropout.mistake("shrinks in evaluation instead of enlarging in training",
                 hint="The first paper did so. What does this task ask for in evaluation?")
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


@dropout.mistake("cuts the result off from the gradient", hint="Which line leaves the graph of torch?")
def dropped_detached(x, noise, rate, training):
    return torch.where(noise < rate, 0.0, x.detach() / (1 - rate)) if training else x.clone()


@dropout.mistake("divides by the share that happened to be kept",
                 hint="By what do you divide, and does it depend on the noise? What does the task say?")
def by_kept_share(x, noise, rate, training):
    kept = (noise >= rate).to(x.dtype)
    return x * kept / kept.mean() if training else x.clone()


@dropout.mistake("drops a share of 1 − rate", hint="At a rate of 0.1, what share of your numbers is left?")
def kept_dropped(x, noise, rate, training):
    return torch.where(noise < rate, x / rate if rate else x, 0.0) if training else x.clone()


@dropout.mistake("divides by the rate",
                 hint="At a rate of 0.1 the mean falls by a tenth. By what must you divide to mend it?")
def by_rate(x, noise, rate, training):
    return torch.where(noise < rate, 0.0, x / rate) if training else x.clone()


@dropout.mistake("multiplies by 1 − rate instead of dividing", hint="Shall the kept numbers grow or shrink?")
def shrinks(x, noise, rate, training):
    return torch.where(noise < rate, 0.0, x * (1 - rate)) if training else x.clone()


@dropout.mistake("drops whole tokens", hint="Does your mask depend on the number within a token?")
def whole_tokens(x, noise, rate, training):
    return torch.where(noise[..., :1] < rate, 0.0, x / (1 - rate)) if training else x.clone()


@dropout.mistake("drops also where the noise equals the rate",
                 hint="Below, or not above? What is dropped at a rate of 0?")
def also_equal(x, noise, rate, training):
    return torch.where(noise <= rate, 0.0, x / (1 - rate)) if training else x.clone()


@dropout.alternative("a mask of zeros and ones")
def by_mask(x, noise, rate, training):
    return x * (noise >= rate) / (1 - rate) if training else x


@dropout.alternative("masked_fill")
def by_masked_fill(x, noise, rate, training):
    if training:
        x = (x / (1 - rate)).masked_fill(noise < rate, 0)
    return x


@exercise(points=4, ready_made=("torch.nn.TransformerEncoderLayer", "encoder layer"), hints=(
    "It is `post_norm_block`, with attention, norms and feed-forward layer written out. Which matrix belongs to which?",
    "torch's linear layers keep (out, in) and compute x Wᵀ. Which shape has `x @ in_projection.T`, with which parts?",
))
def encoder_layer(x: Float[Tensor, "batch tokens d_model"], in_projection: Float[Tensor, "3*d_model d_model"],
                  out_projection: Float[Tensor, "d_model d_model"], expand: Float[Tensor, "d_ff d_model"],
                  contract: Float[Tensor, "d_model d_ff"], gain_1: Float[Tensor, " d_model"],
                  gain_2: Float[Tensor, " d_model"]) -> Float[Tensor, "batch tokens d_model"]:
    r"""Put a whole layer together, equal to torch's.

    The weights come out of a `torch.nn.TransformerEncoderLayer` with one head, `bias=False` and no dropout: post-norm
    and ReLU, as in 2017. Matrices are (out, in), as `torch.nn.Linear` keeps them. The rows of `in_projection` make the
    queries, then the keys, then the values. Both norms have $\epsilon = 10^{-5}$, a gain and no offset.
    `torch.nn.functional` may be used.
    """
    queries, keys, values = (x @ in_projection.T).chunk(3, dim=-1)
    weights = torch.softmax(queries @ keys.mT / x.shape[-1] ** 0.5, dim=-1)
    x = functional.layer_norm(x + weights @ values @ out_projection.T, gain_1.shape, gain_1)
    return functional.layer_norm(x + torch.relu(x @ expand.T) @ contract.T, gain_2.shape, gain_2)


encoder_layer.example(
    torch.tensor([[[1.0, 0.0, 2.0], [0.0, 2.0, 0.0]]]),
    torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 0], [2, 0, 0], [0, 3, 0], [0, 0, 0]]),
    torch.tensor([[1.0, 2, 0], [0, 1, 0], [0, 0, 1]]), torch.tensor([[1.0, 0, 0], [0, -1, 1]]),
    torch.tensor([[1.0, 0], [0, 3], [0, 0]]), torch.tensor([1.0, 2.0, 1.0]), torch.tensor([1.0, 10.0, 100.0]))


def layer_weights(rng, d_model=7, d_ff=11):
    shapes = ((3 * d_model, d_model), (d_model, d_model), (d_ff, d_model), (d_model, d_ff))
    matrices = [tensor(rng, *shape) / shape[1] ** 0.5 for shape in shapes]
    return [*matrices, *(1 + tensor(rng, d_model) / 3 for _ in range(2))]


@encoder_layer.check("is torch's layer", hint="Check one step at a time: set `contract` to zeros, then "
                                              "`out_projection` too. What should be left?")
def is_torchs(answer, rng):
    names = ("self_attn.in_proj_weight", "self_attn.out_proj.weight", "linear1.weight", "linear2.weight",
             "norm1.weight", "norm2.weight")
    for d_model, d_ff, tokens in ((7, 11, 5), (3, 2, 1)):
        weights = layer_weights(rng, d_model, d_ff)
        layer = torch.nn.TransformerEncoderLayer(d_model, 1, d_ff, dropout=0.0, bias=False, batch_first=True).double()
        layer.load_state_dict(dict(zip(names, weights)))
        x = tensor(rng, 2, tokens, d_model)
        probes.equal(answer(x, *weights), layer(x))


@encoder_layer.check("passes each token on when the matrices are zero",
                     hint="With all matrices zero, which steps still do something to a token?")
def matrices_zero(answer, rng):
    x, weights = tensor(rng, 2, 3, 7), layer_weights(rng)
    nothing = [torch.zeros_like(matrix) for matrix in weights[:4]]
    expected = normed(normed(x, weights[4], 0, 1e-5), weights[5], 0, 1e-5)
    probes.equal(answer(x, *nothing, *weights[4:]), expected)


@encoder_layer.check("keeps the texts of a batch apart", hint="Change the second text. Does the first one change?")
def texts_apart(answer, rng):
    x, weights = tensor(rng, 2, 5, 7), layer_weights(rng)
    before, after = answer(x, *weights), answer(torch.cat([x[:1], tensor(rng, 1, 5, 7)]), *weights)
    probes.unmoved(before[0], after[0], "a text changed because another text of the batch did")


@encoder_layer.check("lets gradients reach the tokens and every weight", hint="Which step leaves the graph of torch?")
def gradients_to_weights(answer, rng):
    probes.gradient_parity(answer, encoder_layer, tensor(rng, 2, 5, 7), *layer_weights(rng),
                           cotangent=tensor(rng, 2, 5, 7))


def attended(queries, keys, values, scale=None):
    return torch.softmax(queries @ keys.mT * (scale or queries.shape[-1] ** -0.5), dim=-1) @ values


def finished(x, mixed, expand, contract, gain_1, gain_2):
    """What follows attention in a post-norm layer."""
    x = normed(x + mixed, gain_1, 0, 1e-5)
    return normed(x + torch.relu(x @ expand.T) @ contract.T, gain_2, 0, 1e-5)


@encoder_layer.mistake("does not transpose the output projection",
                       hint="A square matrix fits both ways round. How does torch keep it, and how do you multiply?")
def output_not_transposed(x, in_projection, out_projection, *others):
    return finished(x, attended(*(x @ in_projection.T).chunk(3, dim=-1)) @ out_projection, *others)


@encoder_layer.mistake("reshapes `in_projection` instead of transposing it",
                       hint="Both give d_model rows. Which column of yours makes the first number of the queries?")
def reshaped(x, in_projection, out_projection, *others):
    queries, keys, values = (x @ in_projection.reshape(x.shape[-1], -1)).chunk(3, dim=-1)
    return finished(x, attended(queries, keys, values) @ out_projection.T, *others)


@encoder_layer.mistake("takes the keys first", hint="In which order do the rows of `in_projection` come?")
def keys_first(x, in_projection, out_projection, *others):
    keys, queries, values = (x @ in_projection.T).chunk(3, dim=-1)
    return finished(x, attended(queries, keys, values) @ out_projection.T, *others)


@encoder_layer.mistake("takes the values first", hint="In which order do the rows of `in_projection` come?")
def values_first(x, in_projection, out_projection, *others):
    values, queries, keys = (x @ in_projection.T).chunk(3, dim=-1)
    return finished(x, attended(queries, keys, values) @ out_projection.T, *others)


@encoder_layer.mistake("deals the rows of `in_projection` out in turn",
                       hint="Whose are the first d_model rows: all the queries', or one of each?")
def dealt_out(x, in_projection, out_projection, *others):
    queries, keys, values = (x @ in_projection.T).unflatten(-1, (-1, 3)).unbind(-1)
    return finished(x, attended(queries, keys, values) @ out_projection.T, *others)


@encoder_layer.mistake("does not scale the scores", hint="Which of chapter 03's steps is missing?")
def unscaled(x, in_projection, out_projection, *others):
    return finished(x, attended(*(x @ in_projection.T).chunk(3, dim=-1), scale=1.0) @ out_projection.T, *others)


@encoder_layer.mistake("normalises the weights over the queries",
                       hint="Over which axis must the weights of one query sum to one?")
def over_queries(x, in_projection, out_projection, *others):
    queries, keys, values = (x @ in_projection.T).chunk(3, dim=-1)
    weights = torch.softmax(queries @ keys.mT / x.shape[-1] ** 0.5, dim=-2)
    return finished(x, weights @ values @ out_projection.T, *others)


@encoder_layer.mistake("forgets the output projection", hint="Which arguments have you not used yet?")
def no_output(x, in_projection, out_projection, *others):
    return finished(x, attended(*(x @ in_projection.T).chunk(3, dim=-1)), *others)


def layer_attention(x, in_projection, out_projection):
    return attended(*(x @ in_projection.T).chunk(3, dim=-1)) @ out_projection.T


@encoder_layer.mistake("normalises before the sublayers",
                       hint="That is `norm_first=True`. Where did 2017 put the norms?")
def pre_norm_layer(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    x = x + layer_attention(normed(x, gain_1, 0, 1e-5), in_projection, out_projection)
    return x + torch.relu(normed(x, gain_2, 0, 1e-5) @ expand.T) @ contract.T


@encoder_layer.mistake("has no way past the attention", hint="If attention gave zeros, what would be left of x?")
def without_first_way(x, in_projection, out_projection, *others):
    return finished(torch.zeros_like(x), layer_attention(x, in_projection, out_projection), *others)


@encoder_layer.mistake("has no way past the feed-forward layer",
                       hint="If the feed-forward layer gave zeros, what would be left?")
def without_second_way(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    x = normed(x + layer_attention(x, in_projection, out_projection), gain_1, 0, 1e-5)
    return normed(torch.relu(x @ expand.T) @ contract.T, gain_2, 0, 1e-5)


@encoder_layer.mistake("adds the layer's input a second time",
                       hint="What is x in the second step: the input, or the first step's result?")
def first_input_again(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    first = normed(x + layer_attention(x, in_projection, out_projection), gain_1, 0, 1e-5)
    return normed(x + torch.relu(first @ expand.T) @ contract.T, gain_2, 0, 1e-5)


@encoder_layer.mistake("uses GELU", hint="BERT and GPT do so. Which function does the task name?")
def gelu_layer(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    x = normed(x + layer_attention(x, in_projection, out_projection), gain_1, 0, 1e-5)
    return normed(x + functional.gelu(x @ expand.T) @ contract.T, gain_2, 0, 1e-5)


@encoder_layer.mistake("has no nonlinearity", hint="Two linear layers in a row are one. What is missing between them?")
def without_relu(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    x = normed(x + layer_attention(x, in_projection, out_projection), gain_1, 0, 1e-5)
    return normed(x + x @ expand.T @ contract.T, gain_2, 0, 1e-5)


@encoder_layer.mistake("uses the first gain twice", hint="Which arguments have you not used yet?")
def one_gain(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    return finished(x, layer_attention(x, in_projection, out_projection), expand, contract, gain_1, gain_1)


@encoder_layer.mistake("leaves the gains out", hint="Which arguments have you not used yet?")
def no_gains(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    return finished(x, layer_attention(x, in_projection, out_projection), expand, contract, 1.0, 1.0)


@encoder_layer.mistake("divides the variance by d − 1",
                       hint="What does torch's `std` and `var` divide by unless you say otherwise?")
def unbiased_norms(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    def norm(y, gain):
        return (y - y.mean(dim=-1, keepdim=True)) / torch.sqrt(y.var(dim=-1, keepdim=True) + 1e-5) * gain
    x = norm(x + layer_attention(x, in_projection, out_projection), gain_1)
    return norm(x + torch.relu(x @ expand.T) @ contract.T, gain_2)


@encoder_layer.mistake("attends over the texts of the batch", hint="Which axis do the keys of one query lie along?")
def over_batch(x, in_projection, out_projection, *others):
    mixed = layer_attention(x.transpose(0, 1), in_projection, out_projection).transpose(0, 1)
    return finished(x, mixed, *others)


@encoder_layer.mistake("cuts the attention off from the gradient",
                       hint="Who learns from your result, and who does not?")
def attention_detached(x, in_projection, out_projection, *others):
    return finished(x, layer_attention(x, in_projection, out_projection).detach(), *others)


@encoder_layer.alternative("torch's parts")
def by_torchs_parts(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    d_model = x.shape[-1]
    queries, keys, values = (functional.linear(x, in_projection[first:first + d_model])
                             for first in range(0, 3 * d_model, d_model))
    mixed = functional.scaled_dot_product_attention(queries, keys, values)
    x = functional.rms_norm(centre(x + functional.linear(mixed, out_projection)), (d_model,), gain_1, 1e-5)
    hidden = functional.relu(functional.linear(x, expand))
    return functional.rms_norm(centre(x + functional.linear(hidden, contract)), (d_model,), gain_2, 1e-5)


@encoder_layer.alternative("the earlier exercises, put together")
def by_exercises(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    no_bias, zeros = torch.zeros(len(expand), dtype=x.dtype), torch.zeros_like(gain_1)
    return post_norm_block(
        x, attention=lambda y: layer_attention(y, in_projection, out_projection),
        norm_1=lambda y: layer_norm(y, gain_1, zeros, 1e-5), norm_2=lambda y: layer_norm(y, gain_2, zeros, 1e-5),
        feed_forward=lambda y: feed_forward(y, expand.T, no_bias, contract.T, zeros))
