"""Right answers to chapter 01."""

import math
from fractions import Fraction
from functools import reduce
from itertools import starmap
from operator import mul

import numpy as np
import torch

from answers import right


@right("01.score", "math.fsum over a zip")
def _(query, key):
    return math.fsum(q * k for q, k in zip(query, key, strict=True))


@right("01.score", "exact in fractions")
def _(query, key):
    return float(sum(Fraction(float(q)) * Fraction(float(k)) for q, k in zip(query, key, strict=True)))


@right("01.score", "a 1 x 1 matrix product, unpacked by item")
def _(query, key):
    return (query[None, :] @ key[:, None]).item()


@right("01.score", "a 0-dimensional array from einsum")
def _(query, key):
    return np.einsum("i,i", query, key)


@right("01.score", "polarisation: half of the squared norms' difference")
def _(query, key):
    return float((np.sum((query + key) ** 2) - np.sum((query - key) ** 2)) / 4)


@right("01.score", "math.fsum over starmap of mul")
def _(query, key):
    return np.float64(math.fsum(starmap(mul, zip(query.tolist(), key.tolist(), strict=True))))


@right("01.all_scores", "broadcasting to queries x keys x d and a sum")
def _(queries, keys):
    return (queries[..., :, None, :] * keys[..., None, :, :]).sum(axis=-1)


@right("01.all_scores", "einsum with an ellipsis")
def _(queries, keys):
    return np.einsum("...qd,...kd->...qk", queries, keys, optimize=True)


@right("01.all_scores", "filled one batch place, query and key at a time")
def _(queries, keys):
    result = np.zeros((*queries.shape[:-1], keys.shape[-2]))
    for place in np.ndindex(*result.shape):
        *batch, q, k = place
        result[place] = np.inner(queries[(*batch, q)], keys[(*batch, k)])
    return result


@right("01.all_scores", "np.inner for each matrix of the flattened batch")
def _(queries, keys):
    batch = queries.shape[:-2]
    pairs = zip(queries.reshape(-1, *queries.shape[-2:]), keys.reshape(-1, *keys.shape[-2:]), strict=True)
    return np.stack([np.inner(q, k) for q, k in pairs]).reshape(*batch, queries.shape[-2], keys.shape[-2])


@right("01.all_scores", "a sum of outer products over the numbers of a vector")
def _(queries, keys):
    outer = (queries[..., :, [i]] * np.swapaxes(keys[..., :, [i]], -1, -2) for i in range(queries.shape[-1]))
    return reduce(np.add, outer)


@right("01.all_scores", "float32 throughout")
def _(queries, keys):
    return queries.astype(np.float32) @ keys.astype(np.float32).swapaxes(-1, -2)


@right("01.weighted_mean", "a float32 buffer, filled in four loops")
def _(weights, values):
    mixed = np.zeros((*weights.shape[:-1], values.shape[-1]), dtype="f")
    for *batch, q, v in np.ndindex(*mixed.shape):
        column = values[(*batch, slice(None), v)]
        mixed[(*batch, q, v)] = math.fsum(a * b for a, b in zip(weights[(*batch, q)], column, strict=True))
    return mixed


@right("01.weighted_mean", "recursion over the batch, then np.tensordot")
def _(weights, values):
    def mix(w, v):
        if w.ndim == 2:
            return np.tensordot(w, v, axes=(1, 0))
        return np.array([mix(*pair) for pair in zip(w, v, strict=True)])
    return mix(weights, values)


@right("01.weighted_mean", "np.average with weights, query by query")
def _(weights, values):
    mixed = np.empty((*weights.shape[:-1], values.shape[-1]))
    for place in np.ndindex(*weights.shape[:-1]):
        mixed[place] = np.average(values[place[:-1]], axis=0, weights=weights[place])
    return mixed


@right("01.weighted_mean", "torch's einsum on the shared memory")
def _(weights, values):
    return torch.einsum("...qk,...kv->...qv", torch.tensor(weights), torch.tensor(values)).numpy()


@right("01.weighted_mean", "key after key added in place")
def _(weights, values):
    total = np.zeros((*weights.shape[:-1], values.shape[-1]))
    for k in range(values.shape[-2]):
        total += weights[..., k, np.newaxis] * values[..., np.newaxis, k, :]
    return total


@right("01.nearest_key", "max over a list of tuples, the earlier key first")
def _(queries, keys):
    scores = queries @ keys.swapaxes(-1, -2)
    flat = [max((s, -k) for k, s in enumerate(row)) for row in scores.reshape(-1, scores.shape[-1]).tolist()]
    return np.array([-k for _, k in flat], dtype=np.int32).reshape(scores.shape[:-1])


@right("01.nearest_key", "a stable argsort of the negated scores")
def _(queries, keys):
    scores = np.einsum("...qd,...kd->...qk", queries, keys)
    return np.argsort(-scores, axis=-1, kind="stable")[..., 0]


@right("01.nearest_key", "a running best in a loop over the keys")
def _(queries, keys):
    best = np.zeros(queries.shape[:-1], dtype=int)
    record = np.full(queries.shape[:-1], -np.inf)
    for number in range(keys.shape[-2]):
        current = (queries * keys[..., number, None, :]).sum(-1)
        better = current > record
        best[better] = number
        record = np.where(better, current, record)
    return best


@right("01.nearest_key", "argmax of where the maximum stands, a boolean array")
def _(queries, keys):
    scores = np.matmul(queries, np.moveaxis(keys, -1, -2))
    return (scores == scores.max(axis=-1, keepdims=True)).argmax(axis=-1)
