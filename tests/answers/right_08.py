"""Right answers to chapter 08."""

import functools
import math
import operator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from answers import right


@right("08.layer_norm", "var_mean with correction 0, and rsqrt")
def _(x, gain, offset, epsilon):
    variance, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
    return torch.addcmul(offset, (x - mean) * torch.rsqrt(variance + epsilon), gain)


@right("08.layer_norm", "a centring matrix and an einsum for the variance")
def _(x, gain, offset, epsilon):
    d = x.shape[-1]
    centred = x @ (torch.eye(d, dtype=x.dtype) - 1 / d)
    variance = torch.einsum("...d,...d->...", centred, centred)[..., None] / d
    return gain * centred / torch.sqrt(variance + epsilon) + offset


@right("08.layer_norm", "an unbiased variance scaled back")
def _(x, gain, offset, epsilon):
    d = x.shape[-1]
    shifted = x.sub(x.mean(dim=-1, keepdim=True))
    variance = shifted.var(dim=-1, keepdim=True) * ((d - 1) / d)
    return shifted.div((variance + torch.tensor(epsilon)).sqrt()).mul(gain).add(offset)


@right("08.feed_forward", "functional.linear with transposed weights")
def _(x, weight_1, bias_1, weight_2, bias_2):
    return functional.linear(functional.relu(functional.linear(x, weight_1.T, bias_1)), weight_2.T, bias_2)


@right("08.feed_forward", "the biases as one more row of each matrix")
def _(x, weight_1, bias_1, weight_2, bias_2):
    def layer(numbers, weight, bias):
        return torch.cat([numbers, torch.ones_like(numbers[..., :1])], -1) @ torch.vstack([weight, bias])
    return layer(layer(x, weight_1, bias_1).clamp_min(0), weight_2, bias_2)


@right("08.feed_forward", "a loop over the hidden numbers")
def _(x, weight_1, bias_1, weight_2, bias_2):
    total = bias_2.expand(x.shape)
    for column, b, row in zip(weight_1.T, bias_1, weight_2, strict=True):
        total = total + torch.maximum((x * column).sum(-1) + b, torch.zeros(())).unsqueeze(-1) * row
    return total


@right("08.feed_forward", "the half of h plus |h|, in place on a fresh tensor")
def _(x, weight_1, bias_1, weight_2, bias_2):
    hidden = torch.tensordot(x, weight_1, dims=1) + bias_1
    return ((hidden + hidden.abs()) / 2).matmul(weight_2).add_(bias_2)


@right("08.feed_forward", "an nn.Sequential with the weights put in by functional_call")
def _(x, weight_1, bias_1, weight_2, bias_2):
    with torch.device("meta"):
        layers = nn.Sequential(nn.Linear(*weight_1.shape), nn.ReLU(), nn.Linear(*weight_2.shape))
    named = {"0.weight": weight_1.T, "0.bias": bias_1, "2.weight": weight_2.T, "2.bias": bias_2}
    return torch.func.functional_call(layers, named, (x,))


@right("08.post_norm_block", "reduce over pairs of sublayer and norm")
def _(x, attention, norm_1, feed_forward, norm_2):
    return functools.reduce(lambda stream, pair: pair[1](stream + pair[0](stream)),
                            [(attention, norm_1), (feed_forward, norm_2)], x)


class _PostNorm(nn.Module):

    def __init__(self, sublayer, norm):
        super().__init__()
        self.sublayer, self.norm = sublayer, norm

    def forward(self, x):
        return self.norm(torch.add(x, self.sublayer(x)))


@right("08.post_norm_block", "a helper module twice in an nn.Sequential")
def _(x, attention, norm_1, feed_forward, norm_2):
    return nn.Sequential(_PostNorm(attention, norm_1), _PostNorm(feed_forward, norm_2))(x)


@right("08.post_norm_block", "one expression with a walrus")
def _(x, attention, norm_1, feed_forward, norm_2):
    return norm_2((between := norm_1(attention(x).add(x))) + feed_forward(between))


@right("08.pre_norm_block", "recursion over the sublayers that are left")
def _(x, attention, norm_1, feed_forward, norm_2):
    def run(stream, *steps):
        if not steps:
            return stream
        norm, sublayer, *rest = steps
        return run(stream + sublayer(norm(stream)), *rest)
    return run(x, norm_1, attention, norm_2, feed_forward)


@right("08.pre_norm_block", "in place on a clone")
def _(x, attention, norm_1, feed_forward, norm_2):
    stream = x.clone()
    stream += attention(norm_1(stream))
    stream += feed_forward(norm_2(stream))
    return stream


@right("08.pre_norm_block", "the two additions kept apart and added to x in one sum")
def _(x, attention, norm_1, feed_forward, norm_2):
    first = attention(norm_1(x))
    second = feed_forward(norm_2(x + first))
    return torch.stack([x, first, second]).sum(dim=0)


@right("08.pre_norm_block", "a dataclass whose | operator takes the next sublayer")
def _(x, attention, norm_1, feed_forward, norm_2):
    return (_Stream(x) | (norm_1, attention) | (norm_2, feed_forward)).value


@dataclass
class _Stream:
    value: torch.Tensor

    def __or__(self, step):
        norm, sublayer = step
        return _Stream(operator.add(self.value, sublayer(norm(self.value))))


@right("08.dropout", "torch.where with a scalar")
def _(x, noise, rate, training):
    return torch.where(noise < rate, 0.0, x / (1 - rate)) if training else x


@right("08.dropout", "masked_fill on a clone, division in place by what is kept")
def _(x, noise, rate, training):
    dropped = x.clone()
    if training:
        dropped[noise < rate] = 0
        dropped[noise >= rate] /= 1 - rate
    return dropped


@right("08.dropout", "a float32 mask that is already divided")
def _(x, noise, rate, training):
    if training:
        mask = torch.zeros(x.shape)
        mask[noise >= rate] = 1 / (1 - rate) if rate < 1 else 0.0
        return x * mask
    return x


@right("08.encoder_layer", "pieces of torch.nn.functional, finished attention included")
def _(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    size = x.shape[-1:]
    q, k, v = functional.linear(x, in_projection).chunk(3, dim=-1)
    x = functional.layer_norm(x + functional.linear(functional.scaled_dot_product_attention(q, k, v), out_projection),
                              size, gain_1)
    return functional.layer_norm(x + functional.linear(functional.relu(functional.linear(x, expand)), contract),
                                 size, gain_2)


@right("08.encoder_layer", "einsum throughout, matrices as (out, in)")
def _(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    q, k, v = torch.einsum("btm,pom->pbto", x, in_projection.reshape(3, -1, x.shape[-1]))
    weights = (torch.einsum("bid,bjd->bij", q, k) / math.sqrt(x.shape[-1])).softmax(-1)
    attended = torch.einsum("bij,bjd,od->bio", weights, v, out_projection)

    def norm(y, gain):
        y = y - y.mean(-1, keepdim=True)
        return gain * y / (y.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    x = norm(x + attended, gain_1)
    return norm(x + torch.einsum("btf,mf->btm", torch.einsum("btm,fm->btf", x, expand).clamp(min=0), contract), gain_2)


@right("08.encoder_layer", "a helper module, closures, transposed weights")
def _(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    query, key, value = torch.vsplit(in_projection, 3)

    def attend(y):
        scores = y @ query.T @ (y @ key.T).mT
        return (scores * len(query) ** -0.5).softmax(dim=2) @ y @ value.T @ out_projection.T

    def expand_and_contract(y):
        return torch.relu(y @ expand.T) @ contract.T

    def norm(gain):
        def normed(y):
            variance, mean = torch.var_mean(y, dim=-1, unbiased=False, keepdim=True)
            return (y - mean) * (variance + 1e-5) ** -0.5 * gain
        return normed
    return nn.Sequential(_PostNorm(attend, norm(gain_1)), _PostNorm(expand_and_contract, norm(gain_2)))(x)


@right("08.encoder_layer", "sentence by sentence, buffers like the input")
def _(x, in_projection, out_projection, expand, contract, gain_1, gain_2):
    d, results = x.shape[-1], torch.zeros_like(x)
    norm = functools.partial(functional.layer_norm, normalized_shape=(d,), bias=None, eps=1e-5)
    for b, text in enumerate(x):
        q, k, v = (in_projection[i * d:(i + 1) * d] @ text.T for i in range(3))
        weights = functional.softmax(k.T @ q / d ** 0.5, dim=0)
        text = norm(text + (out_projection @ v @ weights).T, weight=gain_1)
        results[b] = norm(text + (contract @ functional.relu(expand @ text.T)).T, weight=gain_2)
    return results


class _Feeds:

    def __call__(self, x, *weights):
        pairs = zip(weights[::2], weights[1::2], strict=True)
        layers = [lambda y, w=w, b=b: torch.addmm(b, y.flatten(0, -2), w).unflatten(0, y.shape[:-1]) for w, b in pairs]
        first, second = layers
        return second(first(x).relu())


@right("08.feed_forward", "an instance of a class with a variable number of arguments, torch.addmm")
def _(x, *weights):
    return _Feeds()(x, *weights) if x.ndim > 1 else _Feeds()(x[None], *weights)[0]


@right("08.layer_norm", "a tensor for the number of features, moments by einsum")
def _(x, gain, offset, epsilon):
    d = torch.tensor(x.shape[-1])
    centred = x - torch.einsum("...d->...", x).unsqueeze(-1) / d
    power = torch.einsum("...d,...d->...", centred, centred).unsqueeze(-1) / d
    return torch.exp(-0.5 * torch.log(power + epsilon)) * centred * gain + offset
