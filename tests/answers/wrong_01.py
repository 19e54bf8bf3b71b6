"""Wrong answers to chapter 01."""

import numpy as np

from answers import wrong


@wrong("01.score", "multiplies number by number but does not add up")
def _(query, key):
    return query * key


@wrong("01.score", "takes the cosine: divides the dot product by the lengths of both vectors")
def _(query, key):
    return query @ key / (np.linalg.norm(query) * np.linalg.norm(key))


@wrong("01.score", "takes the mean of the products instead of their sum")
def _(query, key):
    return float(np.mean(query * key))


@wrong("01.score", "leaves out the last number of each vector")
def _(query, key):
    total = 0.0
    for i in range(len(query) - 1):
        total += query[i] * key[i]
    return total


@wrong("01.score", "adds before multiplying: the product of the two sums")
def _(query, key):
    return float(np.sum(query) * np.sum(key))


@wrong("01.score", "returns after the first product")
def _(query, key):
    result = 0.0
    for q, k in zip(query, key):
        result += q * k
        return result


@wrong("01.all_scores", "transposes with .T, which reverses the batch axes too")
def _(queries, keys):
    return queries @ keys.T


@wrong("01.all_scores", "the result is transposed: keys before queries")
def _(queries, keys):
    return keys @ np.swapaxes(queries, -1, -2)


@wrong("01.all_scores", "np.dot scores each place of the batch against every other place")
def _(queries, keys):
    return np.dot(queries, np.swapaxes(keys, -1, -2))


@wrong("01.all_scores", "reshapes the keys instead of transposing them")
def _(queries, keys):
    d = keys.shape[-1]
    flat = keys.reshape(*keys.shape[:-2], d, -1)
    return queries @ flat


@wrong("01.all_scores", "divides by the root of d, which is not asked for here")
def _(queries, keys):
    return np.einsum("...qd,...kd->...qk", queries, keys) / np.sqrt(queries.shape[-1])


@wrong("01.all_scores", "loops over keys within the range of queries, which leaves out or runs past keys")
def _(queries, keys):
    n = queries.shape[-2]
    columns = [(queries * keys[..., k:k + 1, :]).sum(axis=-1) for k in range(n)]
    return np.stack(columns, axis=-1)


@wrong("01.weighted_mean", "divides by the number of keys although the weights already sum to one")
def _(weights, values):
    return weights @ values / values.shape[-2]


@wrong("01.weighted_mean", "uses the transposed weights, so each query mixes by a column")
def _(weights, values):
    return np.swapaxes(weights, -1, -2) @ values


@wrong("01.weighted_mean", "sums over the queries too, so all queries get the same mixture")
def _(weights, values):
    mixed = np.einsum("...qk,...kd->...d", weights, values)
    return np.broadcast_to(mixed[..., None, :], (*weights.shape[:-1], values.shape[-1]))


@wrong("01.weighted_mean", "takes the value of the heaviest key instead of a mixture")
def _(weights, values):
    best = weights.argmax(axis=-1)
    return np.take_along_axis(values, best[..., None], axis=-2)


@wrong("01.weighted_mean", "applies a softmax to the weights, which are weights already")
def _(weights, values):
    powers = np.exp(weights)
    return (powers / powers.sum(axis=-1, keepdims=True)) @ values


@wrong("01.weighted_mean", "np.dot mixes each place of the batch with every other place")
def _(weights, values):
    return np.dot(weights, values)


@wrong("01.nearest_key", "gives for each key the best query: argmax over the wrong axis")
def _(queries, keys):
    scores = queries @ np.swapaxes(keys, -1, -2)
    return scores.argmax(axis=-2)


@wrong("01.nearest_key", "takes the key at the smallest distance instead of the largest dot product")
def _(queries, keys):
    difference = queries[..., :, None, :] - keys[..., None, :, :]
    return np.linalg.norm(difference, axis=-1).argmin(axis=-1)


@wrong("01.nearest_key", "gives the largest score, not the number of its key")
def _(queries, keys):
    scores = np.einsum("...id,...jd->...ij", queries, keys)
    return scores.max(axis=-1)


@wrong("01.nearest_key", "takes the last of equally good keys instead of the first")
def _(queries, keys):
    scores = queries @ np.swapaxes(keys, -1, -2)
    return np.argsort(scores, axis=-1, kind="stable")[..., -1]


@wrong("01.nearest_key", "compares by cosine: divides each key by its length")
def _(queries, keys):
    unit = keys / np.linalg.norm(keys, axis=-1, keepdims=True)
    return np.argmax(queries @ np.swapaxes(unit, -1, -2), axis=-1)


@wrong("01.nearest_key", "takes the largest score by size without its sign")
def _(queries, keys):
    scores = queries @ np.swapaxes(keys, -1, -2)
    return np.abs(scores).argmax(axis=-1)


@wrong("01.nearest_key", "starts the search at a best score of 0, so that negative scores all lose and key 0 wins")
def _(queries, keys):
    scores = queries @ np.swapaxes(keys, -1, -2)
    best = np.zeros(scores.shape[:-1])
    number = np.zeros(scores.shape[:-1], dtype=int)
    for k in range(scores.shape[-1]):
        better = scores[..., k] > best
        number[better] = k
        best = np.maximum(best, scores[..., k])
    return number


@wrong("01.score", "takes the absolute value, so that opposite vectors match well")
def _(query, key):
    return abs(float(np.dot(query, key)))


@wrong("01.score", "negative distance instead of the dot product")
def _(query, key):
    return -float(np.linalg.norm(query - key))


@wrong("01.all_scores", "works with exactly one batch axis only")
def _(queries, keys):
    return np.einsum("bqd,bkd->bqk", queries, keys)


@wrong("01.weighted_mean", "returns the sum over the keys of the first query only, for each query")
def _(weights, values):
    mixed = np.zeros((*weights.shape[:-1], values.shape[-1]))
    for k in range(weights.shape[-1]):
        mixed += weights[..., :1, k:k + 1] * values[..., k:k + 1, :]
    return mixed


@wrong("01.nearest_key", "gives the key itself instead of its number")
def _(queries, keys):
    number = (queries @ np.swapaxes(keys, -1, -2)).argmax(axis=-1)
    return np.take_along_axis(keys, number[..., None], axis=-2)


@wrong("01.nearest_key", "argmax without an axis: one number for all queries")
def _(queries, keys):
    return np.argmax(queries @ np.swapaxes(keys, -1, -2))
