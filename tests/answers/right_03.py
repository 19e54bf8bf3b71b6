"""Right answers to chapter 03."""

import functools
import itertools
import math
import statistics
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from answers import right


@right("03.score_std", "the length of a vector of d equal numbers, by math.dist")
def _(d, query_std, key_std):
    return math.dist([query_std * key_std] * d, [0.0] * d)


@right("03.score_std", "the square root of a float32 tensor, taken out by item")
def _(d, query_std, key_std):
    return (torch.sqrt(torch.tensor(d)) * query_std * key_std).item()


@right("03.score_std", "a numpy scalar out of variances that are added one by one")
def _(d, query_std, key_std):
    variance = sum(itertools.repeat(np.square(query_std) * np.square(key_std), d))
    return np.sqrt(variance)


@right("03.score_std", "NormalDist, whose variances add up")
def _(d, query_std, key_std):
    product = statistics.NormalDist(0, query_std * key_std)
    return functools.reduce(lambda total, _: total + product, range(d), statistics.NormalDist(0, 0)).stdev


@right("03.score_std", "a helper class with properties")
def _(d, query_std, key_std):
    return _Score(d, query_std, key_std).std


@dataclass(frozen=True)
class _Score:
    width: int
    query_std: float
    key_std: float

    @property
    def variance(self):
        return self.width * self.query_std ** 2 * self.key_std ** 2

    @property
    def std(self):
        return math.sqrt(self.variance)


@right("03.attention", "the queries scaled, logaddexp.reduce as softmax")
def _(queries, keys, values):
    scores = np.inner(queries / np.sqrt(queries.shape[-1]), keys)
    return np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)) @ values


@right("03.attention", "divided by the sum of powers last, with np.tensordot")
def _(queries, keys, values):
    scores = np.tensordot(queries, keys, axes=((1,), (1,))) * len(queries[0]) ** -0.5
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.tensordot(powers, values, axes=1) / powers.sum(axis=1, keepdims=True)


@right("03.attention", "pure python, lists in and one array out")
def _(queries, keys, values):
    root = math.sqrt(len(keys[0]))

    def one(query):
        row = [math.fsum(map(lambda q, k: q * k, query, key)) / root for key in keys.tolist()]
        top = max(row)
        powers = [math.exp(entry - top) for entry in row]
        total = math.fsum(powers)
        columns = zip(*values.tolist(), strict=True)
        return [math.fsum(p * v for p, v in zip(powers, column, strict=True)) / total for column in columns]
    return np.array([one(query) for query in queries.tolist()])


@right("03.attention", "key after key with a running maximum, as fast kernels do")
def _(queries, keys, values):
    n, d = queries.shape
    top, total, mixed = np.full(n, -np.inf), np.zeros(n), np.zeros((n, values.shape[1]))
    for key, value in zip(keys, values, strict=True):
        score = queries @ key / math.sqrt(d)
        higher = np.maximum(top, score)
        shrink, weight = np.exp(top - higher), np.exp(score - higher)
        total = total * shrink + weight
        mixed = mixed * shrink[:, None] + np.outer(weight, value)
        top = higher
    return mixed / total[:, None]


@right("03.attention", "a float32 scale and a float32 buffer for the scores")
def _(queries, keys, values):
    scores = np.zeros((len(queries), len(keys)), dtype=np.float32)
    scores += (queries @ keys.T) / np.float32(math.sqrt(keys.shape[1]))
    scores -= scores.max(1, keepdims=True)
    weights = np.exp(scores)
    return (weights / weights.sum(1)[:, None]) @ values


@right("03.attention", "torch's softmax in the middle")
def _(queries, keys, values):
    q, k, v = map(torch.tensor, (queries, keys, values))
    return (torch.softmax(q @ k.T / k.size(1) ** 0.5, dim=1) @ v).numpy()


def _two_axes(q, k, v):
    return torch.softmax(q @ k.T / math.sqrt(k.shape[1]), dim=1) @ v


@right("03.batched_attention", "torch.vmap as many times as there are batch axes")
def _(queries, keys, values):
    mapped = functools.reduce(lambda f, _: torch.vmap(f), range(queries.ndim - 2), _two_axes)
    return mapped(queries, keys, values)


@right("03.batched_attention", "recursion over the batch axes")
def _(queries, keys, values):
    def attend(q, k, v):
        return _two_axes(q, k, v) if q.ndim == 2 else torch.stack(list(map(attend, q, k, v)))
    return attend(queries, keys, values)


class _Attention(torch.autograd.Function):

    @staticmethod
    def forward(context, q, k, v):
        weights = functional.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1)
        context.save_for_backward(q, k, v, weights)
        return weights @ v

    @staticmethod
    def backward(context, grad):
        q, k, v, weights = context.saved_tensors
        by_weight = grad @ v.mT
        by_score = weights * (by_weight - (by_weight * weights).sum(-1, keepdim=True)) / math.sqrt(q.shape[-1])
        return by_score @ k, by_score.mT @ q, weights.mT @ grad


@right("03.batched_attention", "an autograd.Function with the backward pass by hand")
def _(queries, keys, values):
    return _Attention.apply(queries, keys, values)


@right("03.batched_attention", "torch.einsum, logsumexp and a float32 root")
def _(queries, keys, values):
    scores = torch.einsum("...qd,...kd->...qk", queries, keys) / torch.sqrt(torch.tensor(queries.shape[-1]))
    return torch.einsum("...qk,...kv->...qv", (scores - scores.logsumexp(-1, keepdim=True)).exp(), values)


@right("03.batched_attention", "flattened to one batch axis, torch.baddbmm with alpha")
def _(queries, keys, values):
    q, k, v = (t.reshape(-1, *t.shape[-2:]) for t in (queries, keys, values))
    zero = q.new_zeros(1, 1, 1)
    scores = torch.baddbmm(zero, q, k.transpose(1, 2), beta=0, alpha=q.shape[-1] ** -0.5)
    return torch.bmm(scores.softmax(dim=2), v).reshape(*queries.shape[:-1], values.shape[-1])


@right("03.batched_attention", "a running maximum over the keys, out of place")
def _(queries, keys, values):
    top = torch.full_like(queries[..., :1], -torch.inf)
    total, mixed = 0.0, 0.0
    for key, value in zip(keys.unbind(-2), values.unbind(-2), strict=True):
        score = (queries * key.unsqueeze(-2)).sum(-1, keepdim=True) * queries.shape[-1] ** -0.5
        higher = torch.maximum(top, score.detach())
        total = total * (top - higher).exp() + (score - higher).exp()
        mixed = mixed * (top - higher).exp() + (score - higher).exp() * value.unsqueeze(-2)
        top = higher
    return mixed / total


@right("03.score_std", "a cached float32 table of roots in a closure")
def _(d, query_std, key_std):
    return np.float32(query_std) * np.float32(key_std) * _root(d)


@functools.cache
def _root(d):
    return np.sqrt(np.arange(d + 1, dtype=np.float32))[d]


@right("03.attention", "np.matrix and its product sign")
def _(queries, keys, values):
    q, k, v = map(np.asmatrix, (queries, keys, values))
    scores = q * k.T / math.sqrt(k.shape[1])
    powers = np.exp(scores - scores.max(axis=1))
    return powers / powers.sum(axis=1) * v


@right("03.attention", "one over sums of ratios, whose overflow is only a warning")
def _(queries, keys, values):
    scores = np.einsum("qd,kd->qk", queries, keys) / np.sqrt(queries.shape[1])
    return np.einsum("qk,kv->qv", 1 / np.exp(scores[:, None] - scores[:, :, None]).sum(axis=-1), values)


@right("03.batched_attention", "no maximum subtracted, which the prompt does not ask for")
def _(queries, keys, values):
    powers = torch.exp(queries @ keys.transpose(-1, -2) / math.sqrt(keys.shape[-1]))
    return powers / powers.sum(dim=-1, keepdim=True) @ values


@right("03.previous_token", "one-hot places by np.eye with an offset, the positions unused")
def _(tokens, positions, attention):
    n = len(tokens)
    before = np.eye(n, k=-1)
    before[0, 0] = 1.0
    return attention(before * 500.0, np.eye(n) * n, tokens)


@right("03.previous_token", "a list of rows, each multiplied by 100 d")
def _(tokens, positions, attention):
    d = positions.shape[1]
    rows = [positions[0]] + [positions[t - 1] for t in range(1, len(positions))]
    return attention(np.stack(rows) * 100 * d, positions, tokens)


@right("03.previous_token", "np.roll, then the first row put right")
def _(tokens, positions, attention):
    looked_for = np.roll(positions, 1, axis=0)
    looked_for[0] = positions[0]
    return attention(1e5 * looked_for, positions, tokens)


@right("03.previous_token", "the keys are moved instead: what stands at place t is called by the place behind it")
def _(tokens, positions, attention):
    n, d = positions.shape
    names = np.vstack([positions[1:], np.zeros((1, d))])  # the key of token t carries place t + 1
    first = np.zeros((n, 1))
    first[0] = 1.0  # and the first query finds the first key by one number more
    queries = np.hstack([np.where(first == 1, 0.0, positions), first])
    return attention(1e4 * queries, np.hstack([names, first]), tokens)


@right("03.previous_token", "the negative distance, spelt out as a product")
def _(tokens, positions, attention):
    t = np.arange(len(tokens), dtype=float)
    wanted = np.maximum(t - 1, 0)
    # -(wanted - key)^2 = 2 wanted key - key^2 - wanted^2, and what is the same for all keys of a row is left out
    return attention(np.stack([2 * wanted, -np.ones_like(t)], axis=1) * 200, np.stack([t, t * t], axis=1), tokens)


@right("03.previous_token", "torch in between, given back as NumPy")
def _(tokens, positions, attention):
    p = torch.from_numpy(positions)
    q = torch.cat([p[:1], p[:-1]]) * 64 * math.sqrt(p.shape[-1])
    return attention(q.numpy(), p.numpy(), tokens)
