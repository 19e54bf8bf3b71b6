import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p11_recurrence_convolution_attention.shared import convolved, zeros


@exercise(points=4, minutes=12, builds_on="lesson 11, a window that slides", hints=(
    "Three taps, dilation 2: which tokens does token 10 mix? And which ones would token 1 mix, if they were there?",
    "How many tokens of zeros are missing before the text, so that the first output has a full window? On which side?",
    "All first taps see the padded text from its beginning, `tokens` tokens long. Where do all second taps begin?",
))
def causal_convolution(x: Float[Tensor, "batch tokens width"], weight: Float[Tensor, "outputs width taps"],
                       bias: Float[Tensor, " outputs"], dilation: int) -> Float[Tensor, "batch tokens outputs"]:
    r"""Mix each token with earlier ones, through a window with holes (van den Oord et al. 2016, §2.1).

    With $k$ taps and the dilation $d$, output $t$ is $b + \sum_{j=0}^{k-1} W_j\, x_{t-(k-1-j)d}$, where $W_j$ is
    `weight[:, :, j]`: the last tap meets the token itself, the one before it the token $d$ places earlier, and so on.
    Tokens before the text are zeros. There are as many outputs as tokens, and none sees a later token. Gradients must
    reach `x`, `weight` and `bias`.
    """
    taps, tokens = weight.shape[-1], x.shape[1]
    missing = x.new_zeros(len(x), (taps - 1) * dilation, x.shape[-1])
    padded = torch.cat([missing, x], dim=1)
    total = bias
    for tap in range(taps):
        total = total + padded[:, tap * dilation:tap * dilation + tokens] @ weight[:, :, tap].T
    return total


causal_convolution.example(torch.tensor([[[1.0], [2.0], [3.0], [4.0], [5.0], [7.0]]]),
                           torch.tensor([[[100.0, 10.0, 1.0]]]), torch.tensor([0.5]), 2)
causal_convolution.example(torch.tensor([[[1.0], [2.0], [3.0], [4.0]]]), torch.tensor([[[10.0, 1.0]]]),
                           torch.tensor([0.0]), 1)
causal_convolution.example(torch.tensor([[[1.0], [2.0], [4.0]], [[3.0], [5.0], [7.0]]]),
                           torch.tensor([[[10.0, 1.0]], [[1.0, 0.5]]]), torch.tensor([0.0, 0.25]), 2)


def convolution_inputs(rng, batch, tokens, width, outputs, taps):
    return tensor(rng, batch, tokens, width), tensor(rng, outputs, width, taps), tensor(rng, outputs)


@causal_convolution.check("agrees with a loop over tokens and taps",
                          hint="Compute the outputs of the first two examples by hand: which digit stands where?")
def loop_over_taps(answer, rng):
    for dilation in (1, 2, 3):
        x, weight, bias = convolution_inputs(rng, 2, 11, 3, 5, 4 if dilation < 3 else 2)
        taps, rows = weight.shape[-1], []
        for text in x:
            for at in range(11):
                seen = [(tap, at - (taps - 1 - tap) * dilation) for tap in range(taps)]
                rows.append(bias + sum(weight[:, :, tap] @ text[token] for tap, token in seen if token >= 0))
        probes.equal(answer(x, weight, bias, dilation), torch.stack(rows).unflatten(0, (2, 11)))


@causal_convolution.check("works for one tap, for one token, and for a window wider than the text",
                          hint="The first tap may see nothing but zeros. How many outputs are there then?")
def small_texts(answer, rng):
    for *sizes, dilation in ((1, 5, 3, 2, 1, 1), (2, 2, 1, 2, 1, 2), (2, 1, 3, 2, 3, 1), (2, 2, 3, 1, 3, 5),
                             (1, 3, 1, 1, 2, 2)):
        probes.parity(answer, causal_convolution, *convolution_inputs(rng, *sizes), dilation)


@causal_convolution.check("keeps later tokens and other texts out of sight",
                          hint="Change the last token of the first text. Which outputs may notice?")
def out_of_sight(answer, rng):
    x, weight, bias = convolution_inputs(rng, 2, 7, 3, 5, 3)
    before = answer(x, weight, bias, 2)
    changed = x.clone()
    changed[0, 4:] = tensor(rng, 3, 3)
    after = answer(changed, weight, bias, 2)
    probes.equal(after, causal_convolution(changed, weight, bias, 2))
    probes.unmoved(before[0, :4], after[0, :4], "an output changed because a later token did")
    probes.unmoved(before[1], after[1], "an output changed because a token of another text did")


@causal_convolution.check("lets gradients reach tokens, weights and bias",
                          hint="Which step leaves the graph of torch?")
def taps_learn(answer, rng):
    probes.gradient_parity(answer, causal_convolution, *convolution_inputs(rng, 2, 7, 3, 5, 3), 2,
                           cotangent=tensor(rng, 2, 7, 5))


def around(x, before, after):
    return torch.cat([zeros(x, before), x, zeros(x, after)], dim=1)


@causal_convolution.mistake("pads after the text, so that outputs see later tokens",
                            hint="Where are tokens missing: before the first, or after the last?")
def padded_after(x, weight, bias, dilation):
    reach = (weight.shape[-1] - 1) * dilation
    return convolved(around(x, 0, reach), weight, bias, x.shape[1], dilation)


@causal_convolution.mistake("pads on both sides, so that half the window looks ahead",
                            hint="So does torch's `padding=\"same\"`. May an output see the token after it?")
def padded_around(x, weight, bias, dilation):
    reach = (weight.shape[-1] - 1) * dilation
    return convolved(around(x, reach // 2, reach - reach // 2), weight, bias, x.shape[1], dilation)


@causal_convolution.mistake("pads fully on both sides, and has too many outputs",
                            hint="With `padding=` torch pads both sides. Which outputs are too many: the first or the "
                                 "last?")
def too_many_outputs(x, weight, bias, dilation):
    reach = (weight.shape[-1] - 1) * dilation
    return convolved(around(x, reach, reach), weight, bias, x.shape[1] + reach, dilation)


@causal_convolution.mistake("does not pad, and has too few outputs",
                            hint="How many outputs has a text of 5 tokens under a window that spans 3?")
def not_padded(x, weight, bias, dilation):
    tokens = max(x.shape[1] - (weight.shape[-1] - 1) * dilation, 0)
    return convolved(x, weight, bias, max(tokens, 1), dilation)[:, :tokens]


@causal_convolution.mistake("turns the taps round", hint="Which tap meets the token itself: the first or the last?")
def flipped(x, weight, bias, dilation):
    return causal_convolution(x, weight.flip(-1), bias, dilation)


@causal_convolution.mistake("ignores the dilation", hint="Where does `dilation` appear in your code?")
def dense(x, weight, bias, dilation):
    return causal_convolution(x, weight, bias, 1)


@causal_convolution.mistake("takes the dilation for the number of tokens that are skipped",
                            hint="Dilation 1 is the usual convolution. How far apart are its taps?")
def one_too_wide(x, weight, bias, dilation):
    return causal_convolution(x, weight, bias, dilation + 1)


@causal_convolution.mistake("steps by the dilation, and has too few outputs",
                            hint="That is a stride. Does the window move in larger steps, or has it holes?")
def strided(x, weight, bias, dilation):
    tokens = -(-x.shape[1] // dilation)
    return convolved(around(x, weight.shape[-1] - 1, dilation), weight, bias, tokens, 1, stride=dilation)


@causal_convolution.mistake("pads as if the dilation were 1",
                            hint="Three taps, 4 apart: how far back does the first one reach?")
def padded_too_little(x, weight, bias, dilation):
    taps = weight.shape[-1]
    tokens = max(x.shape[1] + taps - 1 - (taps - 1) * dilation, 0)
    return convolved(around(x, taps - 1, dilation * taps), weight, bias, max(tokens, 1), dilation)[:, :tokens]


@causal_convolution.mistake("pads one token too many, so that no output sees its own token",
                            hint="How many tokens of zeros do three taps need at dilation 1?")
def own_token_unseen(x, weight, bias, dilation):
    reach = (weight.shape[-1] - 1) * dilation
    return convolved(around(x, reach + 1, 0), weight, bias, x.shape[1], dilation)


@causal_convolution.mistake("wraps around: the first outputs see the end of the text",
                            hint="`roll` moves the last tokens to the front. What should stand there?")
def wrapped(x, weight, bias, dilation):
    taps = weight.shape[-1]
    return sum(x.roll((taps - 1 - tap) * dilation, dims=1) @ weight[..., tap].T for tap in range(taps)) + bias


@causal_convolution.mistake("repeats the first token instead of zeros", hint="What stands before the text?")
def first_repeated(x, weight, bias, dilation):
    before = x[:, :1].expand(-1, (weight.shape[-1] - 1) * dilation, -1)
    return convolved(torch.cat([before, x], dim=1), weight, bias, x.shape[1], dilation)


@causal_convolution.mistake("gives zeros where the window is not full",
                            hint="What does output 0 see: nothing, or at least its own token?")
def full_windows_alone(x, weight, bias, dilation):
    full = torch.arange(x.shape[1]) >= (weight.shape[-1] - 1) * dilation
    return causal_convolution(x, weight, bias, dilation) * full[:, None].to(x.dtype)


@causal_convolution.mistake("takes the mean over the taps",
                            hint="Is there a division in the formula?")
def mean_over_taps(x, weight, bias, dilation):
    return causal_convolution(x, weight / weight.shape[-1], bias, dilation)


@causal_convolution.mistake("lets a text begin where the one before it ends",
                            hint="What stands before the second text in your code? What may it know of the first?")
def texts_in_a_row(x, weight, bias, dilation):
    return causal_convolution(x.flatten(0, 1)[None], weight, bias, dilation)[0].unflatten(0, x.shape[:2])


@causal_convolution.mistake("adds the bias at every tap", hint="How often does b stand in the formula?")
def bias_everywhere(x, weight, bias, dilation):
    return causal_convolution(x, weight, bias * weight.shape[-1], dilation)


@causal_convolution.mistake("forgets the bias", hint="Where does `bias` appear in your code?")
def no_bias(x, weight, bias, dilation):
    return causal_convolution(x, weight, 0 * bias, dilation)


@causal_convolution.mistake("cuts the weights off from the gradient", hint="Which line leaves the graph of torch?")
def weights_detached(x, weight, bias, dilation):
    return causal_convolution(x, weight.detach(), bias, dilation)


@causal_convolution.alternative("torch's convolution, after padding on the left")
def by_torch(x, weight, bias, dilation):
    padded = torch.nn.functional.pad(x.mT, ((weight.shape[-1] - 1) * dilation, 0))
    return torch.nn.functional.conv1d(padded, weight, bias, dilation=dilation).mT


@causal_convolution.alternative("padded by torch on both sides, cut at the end")
def cut_at_the_end(x, weight, bias, dilation):
    both = torch.nn.functional.conv1d(x.mT, weight, bias, padding=(weight.shape[-1] - 1) * dilation, dilation=dilation)
    return both[..., :x.shape[1]].mT


@causal_convolution.alternative("a matrix that says how far each token is from each")
def by_distance(x, weight, bias, dilation):
    places = torch.arange(x.shape[1])
    back = (places[:, None] - places).to(x.dtype)
    taps = weight.shape[-1]
    return bias + sum(torch.einsum("qk,bkw,ow->bqo", (back == (taps - 1 - tap) * dilation).to(x.dtype), x,
                                   weight[..., tap]) for tap in range(taps))
