"""Wrong answers to chapter 14."""

import math

import numpy as np
import torch
from torch.nn import functional

from answers import wrong


@wrong("14.online_softmax", "the old sum is scaled by the new largest score alone, not by the difference")
def _(largest, total, scores):
    new = torch.maximum(largest, scores.amax(dim=-1))
    return new, total * torch.exp(-new) + torch.exp(scores - new[:, None]).sum(dim=-1)


@wrong("14.online_softmax", "the new block's exponentials are measured from the old largest score")
def _(largest, total, scores):
    m = scores.max(1).values
    new = torch.max(largest, m)
    base = torch.where(largest.isinf(), m, largest)
    return new, total * (largest - new).exp() + (scores - base[:, None]).exp().sum(1)


@wrong("14.online_softmax", "only the rows whose largest score grew take in the block")
def _(largest, total, scores):
    m = scores.amax(1)
    grew = m > largest
    new = torch.where(grew, m, largest)
    inside = torch.exp(scores - new[:, None]).sum(1)
    return new, torch.where(grew, total * torch.exp(largest - new) + inside, total)


@wrong("14.online_softmax", "the mean of the exponentials in place of their sum")
def _(largest, total, scores):
    new = torch.maximum(largest, scores.max(dim=-1).values)
    return new, total * torch.exp(largest - new) + torch.exp(scores - new[:, None]).mean(dim=-1)


@wrong("14.online_softmax", "absolute values: the largest size of a score, not the largest score")
def _(largest, total, scores):
    new = torch.maximum(largest, scores.abs().amax(-1))
    return new, total * torch.exp(largest - new) + torch.exp(scores - new.unsqueeze(-1)).sum(-1)


@wrong("14.online_softmax", "the old sum is scaled down by powers of two")
def _(largest, total, scores):
    new = torch.maximum(largest, scores.amax(-1))
    return new, total * torch.exp2(largest - new) + torch.exp(scores - new[..., None]).sum(-1)


@wrong("14.online_softmax", "the sum is divided, so that what comes back is a probability")
def _(largest, total, scores):
    new = torch.maximum(largest, scores.amax(1))
    powers = torch.exp(scores - new[:, None]).sum(1)
    return new, powers / (powers + total * torch.exp(largest - new))


@wrong("14.online_softmax", "the two results in the wrong order")
def _(largest, total, scores):
    new = torch.maximum(largest, scores.amax(1))
    return total * torch.exp(largest - new) + torch.exp(scores - new[:, None]).sum(1), new


@wrong("14.blockwise_attention", "the sum is scaled down twice in each block")
def _(queries, keys, values, block):
    n = len(queries)
    m = torch.full((n, 1), -math.inf, dtype=queries.dtype)
    s, acc = torch.zeros(n, 1, dtype=queries.dtype), torch.zeros(n, values.shape[1], dtype=queries.dtype)
    for i in range(0, len(keys), block):
        x = queries @ keys[i:i + block].T / math.sqrt(queries.shape[1])
        new = torch.maximum(m, x.amax(1, keepdim=True))
        c = torch.exp(m - new)
        s = s * c
        p = torch.exp(x - new)
        s = s * c + p.sum(1, keepdim=True)
        acc = acc * c + p @ values[i:i + block]
        m = new
    return acc / s


@wrong("14.blockwise_attention", "the largest score of the block is kept, not that of all blocks")
def _(queries, keys, values, block):
    n = len(queries)
    s, acc = torch.zeros(n, 1, dtype=queries.dtype), torch.zeros(n, values.shape[1], dtype=queries.dtype)
    for k, v in zip(keys.split(block), values.split(block)):
        x = queries @ k.T / math.sqrt(queries.shape[1])
        p = torch.exp(x - x.amax(1, keepdim=True))
        s = s + p.sum(1, keepdim=True)
        acc = acc + p @ v
    return acc / s


@wrong("14.blockwise_attention", "the values of the first block are read in every block")
def _(queries, keys, values, block):
    m = torch.full((len(queries), 1), -math.inf, dtype=queries.dtype)
    s = acc = torch.zeros(1, dtype=queries.dtype)
    for i in range(0, len(keys), block):
        k = keys[i:i + block]
        x = queries @ k.T / queries.shape[1] ** 0.5
        new = torch.maximum(m, x.amax(1, keepdim=True))
        p, c = (x - new).exp(), (m - new).exp()
        s, acc, m = s * c + p.sum(1, keepdim=True), acc * c + p @ values[:len(k)], new
    return acc / s


@wrong("14.blockwise_attention", "d_k in place of its root")
def _(queries, keys, values, block):
    m = torch.full((len(queries), 1), -math.inf, dtype=queries.dtype)
    s = acc = torch.zeros(1, dtype=queries.dtype)
    for k, v in zip(keys.split(block), values.split(block)):
        x = queries @ k.T / queries.shape[1]
        new = torch.maximum(m, x.amax(1, keepdim=True))
        p, c = (x - new).exp(), (m - new).exp()
        s, acc, m = s * c + p.sum(1, keepdim=True), acc * c + p @ v, new
    return acc / s


@wrong("14.blockwise_attention", "the return stands inside the loop")
def _(queries, keys, values, block):
    m, s, acc = torch.full((len(queries), 1), -math.inf, dtype=queries.dtype), 0, 0
    for i in range(0, len(keys), block):
        x = queries @ keys[i:i + block].T / queries.shape[1] ** 0.5
        new = torch.maximum(m, x.amax(1, keepdim=True))
        p, c = (x - new).exp(), (m - new).exp()
        s, acc, m = s * c + p.sum(1, keepdim=True), acc * c + p @ values[i:i + block], new
        return acc / s


@wrong("14.blockwise_attention", "the largest score is forgotten: m is not renewed at the end of a round")
def _(queries, keys, values, block):
    m, s, acc = torch.full((len(queries), 1), -math.inf, dtype=queries.dtype), 0, 0
    for i in range(0, len(keys), block):
        x = queries @ keys[i:i + block].T / queries.shape[1] ** 0.5
        new = torch.maximum(m, x.amax(1, keepdim=True))
        p, c = (x - new).exp(), (m - new).exp()
        s, acc = s * c + p.sum(1, keepdim=True), acc * c + p @ values[i:i + block]
    return acc / s


@wrong("14.blockwise_attention", "the sum of each block is overwritten")
def _(queries, keys, values, block):
    m, acc = torch.full((len(queries), 1), -math.inf, dtype=queries.dtype), 0
    for i in range(0, len(keys), block):
        x = queries @ keys[i:i + block].T / queries.shape[1] ** 0.5
        new = torch.maximum(m, x.amax(1, keepdim=True))
        p, c = (x - new).exp(), (m - new).exp()
        s, acc, m = p.sum(1, keepdim=True), acc * c + p @ values[i:i + block], new
    return acc / s


@wrong("14.blockwise_attention", "every block takes one key too many, which the next takes again")
def _(queries, keys, values, block):
    m, s, acc = torch.full((len(queries), 1), -math.inf, dtype=queries.dtype), 0, 0
    for i in range(0, len(keys), block):
        x = queries @ keys[i:i + block + 1].T / queries.shape[1] ** 0.5
        new = torch.maximum(m, x.amax(1, keepdim=True))
        p, c = (x - new).exp(), (m - new).exp()
        s, acc, m = s * c + p.sum(1, keepdim=True), acc * c + p @ values[i:i + block + 1], new
    return acc / s


@wrong("14.blockwise_attention", "one largest score for all queries")
def _(queries, keys, values, block):
    m, s, acc = -math.inf, 0, 0
    for i in range(0, len(keys), block):
        x = queries @ keys[i:i + block].T / queries.shape[1] ** 0.5
        new = max(m, x.max().item())
        p, c = (x - new).exp(), math.exp(m - new)
        s, acc, m = s * c + p.sum(1, keepdim=True), acc * c + p @ values[i:i + block], new
    return acc / s


@wrong("14.join_parts", "the shares are of all queries and parts together")
def _(outputs, logsumexps):
    shares = torch.softmax(logsumexps.flatten(), 0).view_as(logsumexps)
    return (shares[..., None] * outputs).sum(0), torch.logsumexp(logsumexps, 0)


@wrong("14.join_parts", "logaddexp of the first two parts alone")
def _(outputs, logsumexps):
    every = torch.logaddexp(logsumexps[0], logsumexps[min(1, len(logsumexps) - 1)])
    return (torch.exp(logsumexps - every)[..., None] * outputs).sum(0), every


@wrong("14.join_parts", "shares without an exponential, from the largest logarithm")
def _(outputs, logsumexps):
    distance = logsumexps - logsumexps.amax(0)
    return (distance[..., None] * outputs).sum(0), torch.logsumexp(logsumexps, 0)


@wrong("14.join_parts", "the logarithm of the mean in place of that of the sum")
def _(outputs, logsumexps):
    shares = torch.softmax(logsumexps, 0)
    return (shares[..., None] * outputs).sum(0), torch.logsumexp(logsumexps, 0) - math.log(len(logsumexps))


@wrong("14.join_parts", "the output is divided by the number of parts once more")
def _(outputs, logsumexps):
    shares = torch.softmax(logsumexps, 0)
    return (shares[..., None] * outputs).mean(0), torch.logsumexp(logsumexps, 0)


@wrong("14.join_parts", "the shares are the wrong way round: the smallest counts most")
def _(outputs, logsumexps):
    shares = torch.softmax(-logsumexps, 0)
    return (shares[..., None] * outputs).sum(0), torch.logsumexp(logsumexps, 0)


@wrong("14.join_parts", "the largest logarithm is subtracted and never added again")
def _(outputs, logsumexps):
    sums = torch.exp(logsumexps - logsumexps.amax(0))
    return (sums[..., None] * outputs).sum(0) / sums.sum(0)[:, None], torch.log(sums.sum(0))


@wrong("14.windowed_attention", "the stretch of keys ends with the first query of the block")
def _(queries, keys, values, window, attend):
    out = []
    for i in range(0, len(queries), window):
        j, low = min(i + window, len(queries)), max(0, i - window + 1)
        rows, columns = torch.arange(i, j)[:, None], torch.arange(low, i + 1)
        mask = (columns <= rows) & (columns > rows - window)
        mask[:, -1] |= ~mask.any(1)
        out.append(attend(queries[i:j], keys[low:i + 1], values[low:i + 1], mask))
    return torch.cat(out)


@wrong("14.windowed_attention", "the whole block before, and the mask of a triangle only")
def _(queries, keys, values, window, attend):
    out = []
    for i in range(0, len(queries), window):
        j, low = min(i + window, len(queries)), max(0, i - window)
        mask = torch.arange(low, j) <= torch.arange(i, j)[:, None]
        out.append(attend(queries[i:j], keys[low:j], values[low:j], mask))
    return torch.cat(out)


@wrong("14.windowed_attention", "the window looks to both sides, as in an encoder")
def _(queries, keys, values, window, attend):
    out, half = [], window // 2
    for i in range(0, len(queries), window):
        j, low, high = min(i + window, len(queries)), max(0, i - half), min(len(queries), i + window + half)
        mask = (torch.arange(low, high) - torch.arange(i, j)[:, None]).abs() <= half
        out.append(attend(queries[i:j], keys[low:high], values[low:high], mask))
    return torch.cat(out)


@wrong("14.windowed_attention", "the mask is True where a query must not look")
def _(queries, keys, values, window, attend):
    out = []
    for i in range(0, len(queries), window):
        j, low = min(i + window, len(queries)), max(0, i - window + 1)
        away = torch.arange(i, j)[:, None] - torch.arange(low, j)
        out.append(attend(queries[i:j], keys[low:j], values[low:j], (away < 0) | (away >= window)))
    return torch.cat(out)


@wrong("14.windowed_attention", "two windows of keys for each block, the far ones not hidden")
def _(queries, keys, values, window, attend):
    out = []
    for i in range(0, len(queries), window):
        j, low = min(i + window, len(queries)), max(0, i - window)
        away = torch.arange(i, j)[:, None] - torch.arange(low, j)
        out.append(attend(queries[i:j], keys[low:j], values[low:j], (away >= 0) & (away < 2 * window)))
    return torch.cat(out)


@wrong("14.windowed_attention", "values from the beginning of the text for every block")
def _(queries, keys, values, window, attend):
    out = []
    for i in range(0, len(queries), window):
        j, low = min(i + window, len(queries)), max(0, i - window + 1)
        away = torch.arange(i, j)[:, None] - torch.arange(low, j)
        out.append(attend(queries[i:j], keys[low:j], values[:j - low], (away >= 0) & (away < window)))
    return torch.cat(out)


@wrong("14.windowed_attention", "all in one call, with a window that is right")
def _(queries, keys, values, window, attend):
    places = torch.arange(len(queries))
    mask = (places[None] <= places[:, None]) & (places[None] > places[:, None] - window)
    return attend(queries, keys, values, mask)


@wrong("14.windowed_attention", "all keys for each block of queries, masked")
def _(queries, keys, values, window, attend):
    out = []
    for i in range(0, len(queries), window):
        away = torch.arange(i, min(i + window, len(queries)))[:, None] - torch.arange(len(keys))
        out.append(attend(queries[i:i + window], keys, values, (away >= 0) & (away < window)))
    return torch.cat(out)


@wrong("14.linear_attention", "elu(x + 1) in place of elu(x) + 1")
def _(queries, keys, values):
    q, k = functional.elu(queries + 1), functional.elu(keys + 1)
    s = z = 0
    out = []
    for a, b, v in zip(q, k, values):
        s, z = s + torch.outer(b, v), z + b
        out.append(a @ s / (a @ z))
    return torch.stack(out)


@wrong("14.linear_attention", "softplus as the feature map")
def _(queries, keys, values):
    q, k = functional.softplus(queries), functional.softplus(keys)
    weights = (q @ k.T).tril()
    return weights @ values / weights.sum(1, keepdim=True)


@wrong("14.linear_attention", "the normaliser is the sum of the plain keys")
def _(queries, keys, values):
    q, k = functional.elu(queries) + 1, functional.elu(keys) + 1
    s = z = 0
    out = []
    for a, b, plain, v in zip(q, k, keys, values):
        s, z = s + torch.outer(b, v), z + plain
        out.append(a @ s / (a @ z))
    return torch.stack(out)


@wrong("14.linear_attention", "the normaliser is that of the last token alone")
def _(queries, keys, values):
    q, k = functional.elu(queries) + 1, functional.elu(keys) + 1
    s, out = 0, []
    for a, b, v in zip(q, k, values):
        s = s + torch.outer(b, v)
        out.append(a @ s / (a @ b))
    return torch.stack(out)


@wrong("14.linear_attention", "the sum of z over its numbers, without the query")
def _(queries, keys, values):
    q, k = functional.elu(queries) + 1, functional.elu(keys) + 1
    s = z = 0
    out = []
    for a, b, v in zip(q, k, values):
        s, z = s + torch.outer(b, v), z + b
        out.append(a @ s / z.sum())
    return torch.stack(out)


@wrong("14.linear_attention", "NumPy in the loop, so that no gradient comes back")
def _(queries, keys, values):
    def phi(x):
        x = x.numpy(force=True)
        return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))
    s, z = np.cumsum(phi(keys)[:, :, None] * values.numpy(force=True)[:, None], axis=0), np.cumsum(phi(keys), axis=0)
    above = np.einsum("ti,tij->tj", phi(queries), s)
    return torch.from_numpy(above / (phi(queries) * z).sum(axis=1, keepdims=True))


@wrong("14.linear_attention", "the features of the queries are divided by √d_k and then mapped")
def _(queries, keys, values):
    q, k = functional.elu(queries / queries.shape[1] ** 0.5) + 1, functional.elu(keys) + 1
    weights = (q @ k.T).tril()
    return weights @ values / weights.sum(1, keepdim=True)


@wrong("14.delta_rule", "the error is of the new memory, which was written without correction")
def _(memory, key, value, strength, query):
    new = memory + torch.outer(key, value)
    new = new + strength * torch.outer(key, value - key @ new)
    return new, query @ new


@wrong("14.delta_rule", "the strength is squared")
def _(memory, key, value, strength, query):
    new = memory + strength * torch.outer(strength * key, value - key @ memory)
    return new, query @ new


@wrong("14.delta_rule", "one minus the strength")
def _(memory, key, value, strength, query):
    new = memory + (1 - strength) * torch.outer(key, value - key @ memory)
    return new, query @ new


@wrong("14.delta_rule", "the query's length is brought to 1")
def _(memory, key, value, strength, query):
    new = memory + strength * torch.outer(key, value - key @ memory)
    return new, query / query.norm() @ new


@wrong("14.delta_rule", "the old memory comes back, the output is right")
def _(memory, key, value, strength, query):
    new = memory + strength * torch.outer(key, value - key @ memory)
    return memory, query @ new


@wrong("14.delta_rule", "divided by the key's squared length, as for keys of any length")
def _(memory, key, value, strength, query):
    new = memory + strength * torch.outer(key, value - key @ memory) / key.dot(key)
    return new, query @ new


@wrong("14.delta_rule", "output and memory the other way round")
def _(memory, key, value, strength, query):
    new = memory + strength * torch.outer(key, value - key @ memory)
    return query @ new, new


@wrong("14.delta_rule", "the value is what the query should give")
def _(memory, key, value, strength, query):
    new = memory + strength * torch.outer(query, value - query @ memory)
    return new, query @ new


@wrong("14.cache_bytes", "keys and values of different kinds: keys for key heads, values for all heads")
def _(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return tokens * layers * (key_heads + heads) * d_head * bits // 8, tokens * layers * (latent + rotary) * bits // 8


@wrong("14.cache_bytes", "the latent is d_head times heads wide")
def _(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return tokens * layers * 2 * key_heads * d_head * bits // 8, tokens * layers * (heads * d_head + rotary) * bits // 8


@wrong("14.cache_bytes", "kilobytes")
def _(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return (tokens * layers * 2 * key_heads * d_head * bits // 8 // 1024,
            tokens * layers * (latent + rotary) * bits // 8 // 1024)


@wrong("14.cache_bytes", "latent times rotary")
def _(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return tokens * layers * 2 * key_heads * d_head * bits // 8, tokens * layers * latent * rotary * bits // 8


@wrong("14.cache_bytes", "the second cache counted twice, for keys and values")
def _(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return tokens * layers * 2 * key_heads * d_head * bits // 8, tokens * layers * 2 * (latent + rotary) * bits // 8


@wrong("14.latent_attention", "each part is divided by the root of its own width")
def _(queries, turned_queries, latents, turned_keys, key_up, value_up):
    scores = queries @ key_up @ latents.T / queries.shape[-1] ** 0.5
    scores = scores + turned_queries @ turned_keys.T / turned_queries.shape[-1] ** 0.5
    return scores.softmax(-1) @ latents @ value_up.mT


@wrong("14.latent_attention", "only the first part of the scores is divided")
def _(queries, turned_queries, latents, turned_keys, key_up, value_up):
    scale = (queries.shape[-1] + turned_queries.shape[-1]) ** 0.5
    scores = queries @ key_up @ latents.T / scale + turned_queries @ turned_keys.T
    return scores.softmax(-1) @ latents @ value_up.mT


@wrong("14.latent_attention", "the mean of the heads' value matrices")
def _(queries, turned_queries, latents, turned_keys, key_up, value_up):
    scores = queries @ key_up @ latents.T + turned_queries @ turned_keys.T
    weights = (scores / (queries.shape[-1] + turned_queries.shape[-1]) ** 0.5).softmax(-1)
    return weights @ latents @ value_up.mean(0).T


@wrong("14.latent_attention", "the cache is cut off from the gradient, because it is the past")
def _(queries, turned_queries, latents, turned_keys, key_up, value_up):
    latents, turned_keys = latents.detach(), turned_keys.detach()
    scores = queries @ key_up @ latents.T + turned_queries @ turned_keys.T
    weights = (scores / (queries.shape[-1] + turned_queries.shape[-1]) ** 0.5).softmax(-1)
    return weights @ latents @ value_up.mT


@wrong("14.latent_attention", "a causal mask that nobody asked for")
def _(queries, turned_queries, latents, turned_keys, key_up, value_up):
    scores = queries @ key_up @ latents.T + turned_queries @ turned_keys.T
    hidden = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    scores = (scores / (queries.shape[-1] + turned_queries.shape[-1]) ** 0.5).masked_fill(hidden, -math.inf)
    return scores.softmax(-1) @ latents @ value_up.mT


@wrong("14.latent_attention", "the turned parts are subtracted")
def _(queries, turned_queries, latents, turned_keys, key_up, value_up):
    scores = queries @ key_up @ latents.T - turned_queries @ turned_keys.T
    weights = (scores / (queries.shape[-1] + turned_queries.shape[-1]) ** 0.5).softmax(-1)
    return weights @ latents @ value_up.mT


@wrong("14.latent_attention", "divided by the width, not by its root")
def _(queries, turned_queries, latents, turned_keys, key_up, value_up):
    scores = queries @ key_up @ latents.T + turned_queries @ turned_keys.T
    weights = torch.softmax(scores / (queries.shape[-1] + turned_queries.shape[-1]), dim=-1)
    return weights @ latents @ value_up.mT


@wrong("14.latent_attention", "exponentials that nobody divides by their sum")
def _(queries, turned_queries, latents, turned_keys, key_up, value_up):
    q, k = torch.cat([queries @ key_up, turned_queries], -1), torch.cat([latents, turned_keys], -1)
    powers = torch.exp(q @ k.T / (queries.shape[-1] + turned_queries.shape[-1]) ** 0.5)
    return powers @ latents @ value_up.mT


@wrong("14.latent_attention", "half the width in place of its root, as brackets are missing")
def _(queries, turned_queries, latents, turned_keys, key_up, value_up):
    scores = queries @ key_up @ latents.T + turned_queries @ turned_keys.T
    weights = torch.softmax(scores / ((queries.shape[-1] + turned_queries.shape[-1]) ** 1 / 2), dim=-1)
    return weights @ latents @ value_up.mT


@wrong("14.latent_attention", "a minus in front of the scores, taken for distances")
def _(queries, turned_queries, latents, turned_keys, key_up, value_up):
    scores = -(queries @ key_up @ latents.T + turned_queries @ turned_keys.T)
    weights = torch.softmax(scores / (queries.shape[-1] + turned_queries.shape[-1]) ** 0.5, dim=-1)
    return weights @ latents @ value_up.mT


@wrong("14.cache_bytes", "one key head, as in multi-query attention")
def _(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return tokens * layers * 2 * d_head * bits // 8, tokens * layers * (latent + rotary) * bits // 8


@wrong("14.cache_bytes", "as many tokens as layers: the layers are counted twice")
def _(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    return layers * layers * 2 * key_heads * d_head * bits // 8, layers * layers * (latent + rotary) * bits // 8


@wrong("14.cache_bytes", "the query is kept, too, in the second cache")
def _(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    first = tokens * layers * 2 * key_heads * d_head
    second = tokens * layers * (latent + rotary + heads * d_head)
    return first * bits // 8, second * bits // 8


@wrong("14.linear_attention", "the table of weights is not cut at its diagonal but one above")
def _(queries, keys, values):
    weights = ((functional.elu(queries) + 1) @ (functional.elu(keys) + 1).T).tril(1)
    return weights @ values / weights.sum(1, keepdim=True)


@wrong("14.linear_attention", "the values go through phi, too")
def _(queries, keys, values):
    q, k, v = (functional.elu(x) + 1 for x in (queries, keys, values))
    weights = (q @ k.T).tril()
    return weights @ v / weights.sum(1, keepdim=True)


@wrong("14.linear_attention", "queries and keys exchanged")
def _(queries, keys, values):
    q, k = functional.elu(keys) + 1, functional.elu(queries) + 1
    weights = (q @ k.T).tril()
    return weights @ values / weights.sum(1, keepdim=True)


@wrong("14.linear_attention", "the memory is emptied after each token")
def _(queries, keys, values):
    out = []
    for a, b, v in zip(functional.elu(queries) + 1, functional.elu(keys) + 1, values):
        s, z = torch.outer(b, v), b
        out.append(a @ s / (a @ z))
    return torch.stack(out)


@wrong("14.blockwise_attention", "the values of a block are scaled down with what was there before")
def _(queries, keys, values, block):
    m, s, acc = torch.full((len(queries), 1), -math.inf, dtype=queries.dtype), 0, 0
    for i in range(0, len(keys), block):
        x = queries @ keys[i:i + block].T / queries.shape[1] ** 0.5
        new = torch.maximum(m, x.amax(1, keepdim=True))
        p = (x - new).exp()
        c = (m - new).exp() if i else torch.ones_like(new)
        s, acc, m = s * c + p.sum(1, keepdim=True), (acc + p @ values[i:i + block]) * c, new
    return acc / s


@wrong("14.blockwise_attention", "the scores are divided after the largest one was taken, the factor is not")
def _(queries, keys, values, block):
    m, s, acc = torch.full((len(queries), 1), -math.inf, dtype=queries.dtype), 0, 0
    for i in range(0, len(keys), block):
        x = queries @ keys[i:i + block].T
        new = torch.maximum(m, x.amax(1, keepdim=True))
        p, c = ((x - new) / queries.shape[1] ** 0.5).exp(), (m - new).exp()
        s, acc, m = s * c + p.sum(1, keepdim=True), acc * c + p @ values[i:i + block], new
    return acc / s
