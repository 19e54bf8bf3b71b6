"""Wrong answers to chapter 03."""

import math

import numpy as np
import torch

from answers import wrong


def _softmax(scores, axis=-1):
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


@wrong("03.score_std", "gives the variance: the root is forgotten")
def _(d, query_std, key_std):
    return d * query_std ** 2 * key_std ** 2


@wrong("03.score_std", "adds up standard deviations instead of variances")
def _(d, query_std, key_std):
    return d * query_std * key_std


@wrong("03.score_std", "takes the root of the standard deviations too: squares forgotten")
def _(d, query_std, key_std):
    return math.sqrt(d * query_std * key_std)


@wrong("03.score_std", "adds the variances of query and key instead of multiplying them")
def _(d, query_std, key_std):
    return math.sqrt(d * (query_std ** 2 + key_std ** 2))


@wrong("03.score_std", "uses the standard deviation of the queries twice")
def _(d, query_std, key_std):
    variance = d * (query_std * query_std) ** 2
    return math.sqrt(variance)


@wrong("03.score_std", "estimates by drawing 1000 samples, which is only roughly right")
def _(d, query_std, key_std):
    rng = np.random.default_rng(0)
    q = rng.normal(0, query_std, (1000, d))
    k = rng.normal(0, key_std, (1000, d))
    return float((q * k).sum(axis=1).std())


@wrong("03.score_std", "divides by the root of d as attention does, so the result does not grow with d")
def _(d, query_std, key_std):
    spread = query_std * key_std * math.sqrt(d)
    return spread / math.sqrt(d)


@wrong("03.score_std", "rounds the root of d down to an integer")
def _(d, query_std, key_std):
    return math.isqrt(d) * query_std * key_std


@wrong("03.attention", "the scores are not scaled")
def _(queries, keys, values):
    return _softmax(queries @ keys.T) @ values


@wrong("03.attention", "divides by d_k instead of its root")
def _(queries, keys, values):
    scores = queries @ keys.T / queries.shape[-1]
    return _softmax(scores) @ values


@wrong("03.attention", "scales by the number of keys instead of the width")
def _(queries, keys, values):
    scores = queries @ keys.T / np.sqrt(keys.shape[0])
    return _softmax(scores) @ values


@wrong("03.attention", "scales by the width of the values")
def _(queries, keys, values):
    d = values.shape[1]
    return _softmax((queries @ keys.T) / np.sqrt(d)) @ values


@wrong("03.attention", "the softmax runs over the queries")
def _(queries, keys, values):
    scores = queries @ keys.T / np.sqrt(keys.shape[1])
    return _softmax(scores, axis=0) @ values


@wrong("03.attention", "scales after the softmax, so weights do not sum to one")
def _(queries, keys, values):
    weights = _softmax(queries @ keys.T)
    return weights / np.sqrt(queries.shape[1]) @ values


@wrong("03.attention", "no maximum subtracted, so large scores overflow")
def _(queries, keys, values):
    scores = queries @ keys.T / math.sqrt(queries.shape[1])
    e = np.exp(scores)
    return e / e.sum(axis=1, keepdims=True) @ values


@wrong("03.attention", "divides by the sums along the wrong axis although the maximum is right")
def _(queries, keys, values):
    scores = queries @ keys.T / math.sqrt(queries.shape[1])
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = e / e.sum(axis=0, keepdims=True)
    return weights @ values


@wrong("03.attention", "subtracts the maximum of all scores, so a query far below it gets NaN")
def _(queries, keys, values):
    scores = queries @ keys.T / math.sqrt(queries.shape[1])
    e = np.exp(scores - scores.max())
    return (e / e.sum(axis=1, keepdims=True)) @ values


@wrong("03.batched_attention", "the weights are detached, so no gradient reaches queries and keys")
def _(queries, keys, values):
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])
    weights = torch.softmax(scores, dim=-1).detach()
    return weights @ values


@wrong("03.batched_attention", "transposes axes 1 and 2, which is right for one batch axis only")
def _(queries, keys, values):
    scores = queries @ keys.transpose(1, 2) / keys.shape[-1] ** 0.5
    return scores.softmax(dim=-1) @ values


@wrong("03.batched_attention", "softmax over dim 1, which are the keys only without a batch")
def _(queries, keys, values):
    scores = torch.matmul(queries, keys.transpose(-1, -2)) / math.sqrt(keys.shape[-1])
    weights = torch.softmax(scores, dim=1)
    return torch.matmul(weights, values)


@wrong("03.batched_attention", "computes in NumPy and wraps the result, which cuts off all gradients")
def _(queries, keys, values):
    q, k, v = (t.detach().numpy() for t in (queries, keys, values))
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    return torch.from_numpy(_softmax(scores) @ v)


@wrong("03.batched_attention", "divides by the root of the number of queries instead of the width")
def _(queries, keys, values):
    scores = torch.einsum("...qd,...kd->...qk", queries, keys) / math.sqrt(queries.size(-2))
    return torch.einsum("...qk,...kd->...qd", scores.softmax(-1), values)


@wrong("03.batched_attention", "the scale is taken from axis 1, the width only without a batch")
def _(queries, keys, values):
    d_k = queries.shape[1]
    scores = queries @ keys.mT / math.sqrt(d_k)
    return torch.softmax(scores, dim=-1) @ values


@wrong("03.batched_attention", "precedence: ** 1 / 2 divides by twice d_k instead of by its root")
def _(queries, keys, values):
    scores = queries @ keys.mT / queries.shape[-1] ** 1 / 2
    return torch.softmax(scores, dim=-1) @ values


@wrong("03.batched_attention", "scores keys against queries and reshapes the weights back instead of transposing them")
def _(queries, keys, values):
    scores = keys @ queries.transpose(-2, -1) / math.sqrt(queries.shape[-1])
    weights = torch.softmax(scores, dim=-2)
    return weights.reshape(*queries.shape[:-1], keys.shape[-2]) @ values


@wrong("03.batched_attention", "makes the weights under no_grad, so no gradient reaches queries and keys")
def _(queries, keys, values):
    with torch.no_grad():
        scores = queries @ keys.mT / math.sqrt(queries.shape[-1])
        weights = scores.softmax(-1)
    return weights @ values


@wrong("03.attention_like_torch", "divides by the scale instead of multiplying")
def _(queries, keys, values, scale=None):
    if scale is None:
        scale = math.sqrt(queries.shape[-1])
    return torch.softmax(queries @ keys.mT / scale, dim=-1) @ values


@wrong("03.attention_like_torch", "a given scale comes on top of the usual root of d_k")
def _(queries, keys, values, scale=None):
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.size(-1))
    if scale is not None:
        scores = scores * scale
    return scores.softmax(dim=-1) @ values


@wrong("03.attention_like_torch", "a scale of 0 is taken for no scale")
def _(queries, keys, values, scale=None):
    scale = scale or 1 / math.sqrt(queries.shape[-1])
    return torch.softmax(queries @ keys.mT * scale, dim=-1) @ values


@wrong("03.attention_like_torch", "without a scale the scores are not scaled at all")
def _(queries, keys, values, scale=None):
    scores = queries @ keys.transpose(-1, -2)
    if scale is not None:
        scores *= scale
    return torch.softmax(scores, -1) @ values


@wrong("03.attention_like_torch", "ignores the scale that is given")
def _(queries, keys, values, scale=None):
    scale = queries.shape[-1] ** -0.5
    return torch.softmax(queries @ keys.mT * scale, dim=-1) @ values


@wrong("03.attention_like_torch", "scales the finished output instead of the scores")
def _(queries, keys, values, scale=None):
    if scale is None:
        scale = 1 / math.sqrt(keys.shape[-1])
    return torch.softmax(queries @ keys.mT, dim=-1) @ values * scale


@wrong("03.attention_like_torch", "only positive scales are used; others are replaced by the usual one")
def _(queries, keys, values, scale=None):
    if scale is None or scale <= 0:
        scale = 1 / math.sqrt(keys.shape[-1])
    return torch.softmax(queries @ keys.mT * scale, dim=-1) @ values


@wrong("03.attention", "softmax twice: the weights are taken for scores once more")
def _(queries, keys, values):
    weights = _softmax(queries @ keys.T / np.sqrt(queries.shape[-1]))
    return _softmax(weights) @ values


@wrong("03.attention", "scores are cut off at 500, so that different huge scores become equal")
def _(queries, keys, values):
    scores = np.clip(queries @ keys.T / np.sqrt(queries.shape[-1]), -500, 500)
    e = np.exp(scores)
    return (e / e.sum(axis=-1, keepdims=True)) @ values


@wrong("03.batched_attention", "works with exactly one batch axis only")
def _(queries, keys, values):
    weights = torch.softmax(torch.bmm(queries, keys.transpose(1, 2)) / math.sqrt(queries.shape[-1]), dim=-1)
    return torch.bmm(weights, values)


@wrong("03.batched_attention", "scales the queries in place, so the queries passed in are changed")
def _(queries, keys, values):
    scaled = queries.detach()
    scaled /= math.sqrt(queries.shape[-1])
    return torch.softmax(queries @ keys.mT, dim=-1) @ values


@wrong("03.batched_attention", "values are detached, so no gradient reaches them")
def _(queries, keys, values):
    weights = torch.softmax(queries @ keys.mT / math.sqrt(keys.shape[-1]), dim=-1)
    return torch.einsum("...qk,...kd->...qd", weights, values.data)


@wrong("03.attention_like_torch", "the usual scale is made from the width of the values")
def _(queries, keys, values, scale=None):
    if scale is None:
        scale = 1 / math.sqrt(values.shape[-1])
    return torch.softmax(queries @ keys.mT * scale, dim=-1) @ values


@wrong("03.attention_like_torch", "takes the root of the scale for queries and keys each: no negative scale")
def _(queries, keys, values, scale=None):
    if scale is None:
        scale = 1 / math.sqrt(queries.shape[-1])
    root = math.sqrt(scale)
    return torch.softmax((queries * root) @ (keys * root).transpose(-2, -1), dim=-1) @ values


@wrong("03.attention_like_torch", "the sign of the scale is lost")
def _(queries, keys, values, scale=None):
    scale = queries.shape[-1] ** -0.5 if scale is None else abs(scale)
    return torch.softmax(queries @ keys.mT * scale, dim=-1) @ values
