"""Wrong answers to chapter 03."""

import math

import numpy as np
import torch

from answers import wrong


def _softmax(scores, axis=-1):
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _scores(queries, keys):
    return queries @ keys.T / math.sqrt(queries.shape[-1])


def _before(rows):
    return np.vstack([rows[:1], rows[:-1]])


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
    return _softmax(_scores(queries, keys), axis=0) @ values


@wrong("03.attention", "scales after the softmax, so weights do not sum to one")
def _(queries, keys, values):
    weights = _softmax(queries @ keys.T)
    return weights / np.sqrt(queries.shape[1]) @ values


@wrong("03.attention", "no maximum subtracted, so large scores overflow")
def _(queries, keys, values):
    e = np.exp(_scores(queries, keys))
    return e / e.sum(axis=1, keepdims=True) @ values


@wrong("03.attention", "divides by the sums along the wrong axis although the maximum is right")
def _(queries, keys, values):
    scores = _scores(queries, keys)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = e / e.sum(axis=0, keepdims=True)
    return weights @ values


@wrong("03.attention", "subtracts the maximum of all scores, so a query far below it gets NaN")
def _(queries, keys, values):
    scores = _scores(queries, keys)
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


@wrong("03.attention", "softmax twice: the weights are taken for scores once more")
def _(queries, keys, values):
    return _softmax(_softmax(_scores(queries, keys))) @ values


@wrong("03.attention", "scores are cut off at 500, so that different huge scores become equal")
def _(queries, keys, values):
    e = np.exp(np.clip(_scores(queries, keys), -500, 500))
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


@wrong("03.previous_token", "the queries are the positions, so each token finds itself")
def _(tokens, positions, attention):
    return attention(1000 * positions, positions, tokens)


@wrong("03.previous_token", "np.roll the wrong way: the token behind is copied")
def _(tokens, positions, attention):
    return attention(np.roll(positions, -1, axis=0) * 1000, positions, tokens)


@wrong("03.previous_token", "np.roll, and nobody thinks of the first token, which gets the last one's vector")
def _(tokens, positions, attention):
    return attention(np.roll(positions, 1, axis=0) * 1000, positions, tokens)


@wrong("03.previous_token", "the scores are not made sharp, so the weights are nearly even")
def _(tokens, positions, attention):
    return attention(_before(positions), positions, tokens)


@wrong("03.previous_token", "a factor of 10 is not sharp enough")
def _(tokens, positions, attention):
    return attention(10 * _before(positions), positions, tokens)


@wrong("03.previous_token", "a factor of 50 does for narrow positions, not for wide ones")
def _(tokens, positions, attention):
    return attention(50 * _before(positions), positions, tokens)


@wrong("03.previous_token", "the values are the positions")
def _(tokens, positions, attention):
    return attention(1000 * _before(positions), positions, positions)


@wrong("03.previous_token", "the values are tokens plus positions of the same width")
def _(tokens, positions, attention):
    extra = np.zeros_like(tokens)
    width = min(tokens.shape[1], positions.shape[1])
    extra[:, :width] = positions[:, :width]
    return attention(1000 * _before(positions), positions, tokens + extra)


@wrong("03.previous_token", "compares tokens instead of positions")
def _(tokens, positions, attention):
    return attention(1000 * _before(tokens), tokens, tokens)


@wrong("03.previous_token", "queries and keys are exchanged")
def _(tokens, positions, attention):
    return attention(1000 * positions, _before(positions), tokens)


@wrong("03.previous_token", "the first row is left zero, so the first token gets the mean")
def _(tokens, positions, attention):
    q = np.zeros_like(positions)
    q[1:] = positions[:-1]
    return attention(1000 * q, positions, tokens)


@wrong("03.previous_token", "shifts the rows without any attention")
def _(tokens, positions, attention):
    return _before(tokens)


@wrong("03.previous_token", "moves the values by one and lets every token look at itself")
def _(tokens, positions, attention):
    return attention(1000 * positions, positions, _before(tokens))


@wrong("03.previous_token", "attends to itself, then moves the rows of the result")
def _(tokens, positions, attention):
    return _before(attention(1000 * positions, positions, tokens))


@wrong("03.previous_token", "two steps back: moved once in the queries and once in the keys")
def _(tokens, positions, attention):
    q = np.roll(positions, 1, axis=0)
    k = np.roll(positions, -1, axis=0)
    return attention(1000 * q, k, tokens)


@wrong("03.previous_token", "the sign of the sharpness: the token before is the last to be seen")
def _(tokens, positions, attention):
    return attention(-1000 * _before(positions), positions, tokens)


@wrong("03.previous_token", "returns queries, keys and values, and does not call attention")
def _(tokens, positions, attention):
    return 1000 * _before(positions), positions, tokens
