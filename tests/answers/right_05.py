"""Right answers to chapter 05."""

import collections
import functools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from answers import right


class _Projected(NamedTuple):
    queries: torch.Tensor
    keys: torch.Tensor
    values: torch.Tensor


@right("05.project", "a named tuple")
def _(x, query_weight, key_weight, value_weight):
    return _Projected(x @ query_weight, x @ key_weight, x @ value_weight)


@right("05.project", "one wide product, split behind")
def _(x, query_weight, key_weight, value_weight):
    weights = (query_weight, key_weight, value_weight)
    return torch.cat(weights, dim=1).__rmatmul__(x).split([w.shape[1] for w in weights], dim=-1)


@right("05.project", "a list, through functional.linear with transposed weights")
def _(x, query_weight, key_weight, value_weight):
    return [functional.linear(x, w.T) for w in (query_weight, key_weight, value_weight)]


@right("05.project", "map over torch.tensordot")
def _(x, *weights):
    return tuple(map(functools.partial(torch.tensordot, x, dims=1), weights))


@right("05.project", "a sum over the numbers of a token, by broadcasting")
def _(x, query_weight, key_weight, value_weight):
    def through(weight):
        return (x[..., :, None] * weight).sum(dim=-2)
    return through(query_weight), through(key_weight), through(value_weight)


@right("05.project", "a dataclass unpacked to a tuple")
def _(x, query_weight, key_weight, value_weight):
    @dataclass
    class Made:
        q: object
        k: object
        v: object
    made = Made(*(torch.einsum("...m,mk->...k", x, w) for w in (query_weight, key_weight, value_weight)))
    return made.q, made.k, made.v


@right("05.self_attention", "torch's finished attention, which is not forbidden here")
def _(x, query_weight, key_weight, value_weight):
    return functional.scaled_dot_product_attention(x @ query_weight, x @ key_weight, x @ value_weight)


@right("05.self_attention", "both score matrices folded into one bilinear form")
def _(x, query_weight, key_weight, value_weight):
    form = query_weight @ key_weight.T * key_weight.shape[1] ** -0.5
    scores = torch.einsum("...im,mn,...jn->...ij", x, form, x)
    return scores.softmax(-1) @ x @ value_weight


@right("05.self_attention", "one token of the text after the other, stacked")
def _(x, query_weight, key_weight, value_weight):
    keys, values = x @ key_weight, x @ value_weight
    outputs = []
    for token in x.unbind(dim=-2):
        scores = (keys * (token @ query_weight).unsqueeze(-2)).sum(-1) / math.sqrt(keys.shape[-1])
        outputs.append((functional.softmax(scores, dim=-1).unsqueeze(-1) * values).sum(-2))
    return torch.stack(outputs, dim=-2)


@right("05.self_attention", "a module built from the matrices, without parameters of its own")
def _(x, query_weight, key_weight, value_weight):
    class Layer(nn.Module):
        def forward(self, tokens):
            q, k, v = (tokens @ w for w in (query_weight, key_weight, value_weight))
            return nn.Softmax(-1)(q.matmul(k.mT).div(math.sqrt(q.size(-1)))).matmul(v)
    return Layer()(x)


@right("05.self_attention", "a float32 root, exp over its own sum")
def _(x, query_weight, key_weight, value_weight):
    root = torch.sqrt(torch.tensor(query_weight.shape[1]))
    scores = (x @ query_weight) @ (x @ key_weight).transpose(-2, -1) / root
    powers = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)
    return powers / powers.sum(dim=-1, keepdim=True) @ (x @ value_weight)


@right("05.self_attention", "recursion over the batch, torch.addmm with a zero")
def _(x, query_weight, key_weight, value_weight):
    def layer(text):
        if text.ndim > 2:
            return torch.stack([layer(one) for one in text])
        q, k, v = text.mm(query_weight), text.mm(key_weight), text.mm(value_weight)
        scores = torch.addmm(text.new_zeros(1), q, k.t(), alpha=k.shape[1] ** -0.5)
        return torch.softmax(scores, 1).mm(v)
    return layer(x)


@right("05.equivariance_error", "np.abs and np.max on both outputs")
def _(model, x, order):
    with torch.no_grad():
        first, second = model(x[order]).numpy(), model(x).numpy()[order.numpy()]
    return np.max(np.abs(first - second))


@right("05.equivariance_error", "the infinity norm of the difference")
def _(model, x, order):
    return torch.dist(model(x.index_select(0, order)), model(x).index_select(0, order), p=torch.inf).item()


@right("05.equivariance_error", "a permutation matrix on the left")
def _(model, x, order):
    permutation = torch.eye(len(order), dtype=x.dtype)[order]
    return float((model(permutation @ x) - permutation @ model(x)).abs().amax())


@right("05.equivariance_error", "the outputs put back into the old order first")
def _(model, x, order):
    back = torch.argsort(order)
    low, high = torch.aminmax(model(x[order])[back] - model(x))
    return max(-low.item(), high.item())


@right("05.equivariance_error", "a max over zipped python lists")
def _(model, x, order):
    new, old = model(torch.stack([x[i] for i in order])).tolist(), model(x).tolist()
    return max(abs(a - b) for row, i in zip(new, order.tolist(), strict=True) for a, b in zip(row, old[i], strict=True))


@right("05.read_other_text", "torch's finished attention, which is not forbidden here")
def _(x, other, query_weight, key_weight, value_weight):
    q, k, v = x @ query_weight, x @ key_weight, other @ value_weight
    return functional.scaled_dot_product_attention(q[None], k[None], v[None]).squeeze(0)


@right("05.read_other_text", "the other text mixed first, then projected")
def _(x, other, query_weight, key_weight, value_weight):
    scores = x @ (query_weight @ key_weight.T) @ x.T / math.sqrt(query_weight.size(1))
    return scores.log_softmax(dim=1).exp() @ other @ value_weight


@right("05.read_other_text", "pure python lists, one tensor at the end")
def _(x, other, query_weight, key_weight, value_weight):
    def dot(a, b):
        return math.fsum(p * q for p, q in zip(a, b, strict=True))

    def times(a, b):
        return [[dot(row, column) for column in zip(*b, strict=True)] for row in a]
    text, second, wq, wk, wv = (t.tolist() for t in (x, other, query_weight, key_weight, value_weight))
    queries, keys, values = times(text, wq), times(text, wk), times(second, wv)
    scores = times(queries, list(zip(*keys, strict=True)))
    weights = []
    for row in scores:
        powers = [math.exp((s - max(row)) / len(wk[0]) ** 0.5) for s in row]
        weights.append([p / sum(powers) for p in powers])
    return torch.tensor(times(weights, values), dtype=x.dtype)


@right("05.read_other_text", "a helper class that keeps who looks where")
def _(x, other, query_weight, key_weight, value_weight):
    return _Looking(x, query_weight, key_weight).read(other @ value_weight)


class _Looking:

    def __init__(self, x, query_weight, key_weight):
        scores = torch.einsum("im,mk,nk,jn->ij", x, query_weight, key_weight, x)
        self.weights = torch.softmax(scores.mul(key_weight.shape[-1] ** -0.5), dim=-1)

    def read(self, values):
        return torch.einsum("ij,jv->iv", self.weights, values)


@right("05.project", "a deque turned to a tuple, in reversed order of computing")
def _(x, query_weight, key_weight, value_weight):
    made = collections.deque()
    for weight in (value_weight, key_weight, query_weight):
        made.appendleft(x.matmul(weight))
    return tuple(made)


@right("05.project", "numpy's product, where no gradient is asked for")
def _(x, query_weight, key_weight, value_weight):
    return tuple(torch.from_numpy(x.numpy(force=True) @ w.numpy(force=True))
                 for w in (query_weight, key_weight, value_weight))


@right("05.equivariance_error", "inference mode, and a 0-dimensional numpy array's item")
def _(model, x, order):
    with torch.inference_mode():
        gap = model(x.take_along_dim(order[:, None], 0)) - model(x)[order]
        return gap.numpy().__abs__().max().item()


@right("05.self_attention", "scores of one pair after the other, as lists of tensors")
def _(x, query_weight, key_weight, value_weight):
    def rows(weight):
        return (x @ weight).unbind(-2)
    root, values = math.sqrt(key_weight.shape[1]), rows(value_weight)
    outputs = []
    for query in rows(query_weight):
        scores = torch.stack([(query * key).sum(-1) / root for key in rows(key_weight)])
        weights = (scores - scores.max(dim=0).values).exp()
        outputs.append(sum(w[..., None] * v for w, v in zip(weights / weights.sum(0), values, strict=True)))
    return torch.stack(outputs, dim=-2)


@right("05.self_attention", "no maximum subtracted, which the prompt does not ask for")
def _(x, query_weight, key_weight, value_weight):
    q, k, v = x @ query_weight, x @ key_weight, x @ value_weight
    powers = torch.exp(q @ k.mT / math.sqrt(k.shape[-1]))
    return powers / powers.sum(-1, keepdim=True) @ v
