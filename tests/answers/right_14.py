"""Right answers to chapter 14."""

import functools
import itertools
import math
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from answers import right


@right("14.online_softmax", "where in place of maximum, the sum in a second line")
def _(largest, total, scores):
    block = scores.max(dim=-1).values
    new = torch.where(block > largest, block, largest)
    old_part = total * (largest - new).exp()
    return new, old_part + (scores - new.unsqueeze(-1)).exp().sum(-1)


@right("14.online_softmax", "score by score, in a loop over the columns")
def _(largest, total, scores):
    m, d = largest.clone(), total.clone()
    for column in scores.unbind(dim=1):
        new = torch.max(m, column)
        correction = torch.where(m == new, torch.ones_like(m), torch.exp(m - new))
        d = d * correction + torch.where(column == -math.inf, torch.zeros_like(m), torch.exp(column - new))
        m = new
    return m, d


@right("14.online_softmax", "query by query in plain numbers")
def _(largest, total, scores):
    found = []
    for m, d, row in zip(largest.tolist(), total.tolist(), scores.tolist()):
        new = max([m, *row])
        found.append((new, d * math.exp(m - new) + sum(math.exp(s - new) for s in row)))
    return torch.tensor([m for m, _ in found]), torch.tensor([d for _, d in found])


@right("14.online_softmax", "NumPy, with the maximum put back on by broadcasting")
def _(largest, total, scores):
    m, d, s = largest.numpy(), total.numpy(), scores.numpy()
    new = np.maximum(m, s.max(axis=1))
    return [torch.from_numpy(new), torch.from_numpy(d * np.exp(m - new) + np.exp(s - new[:, np.newaxis]).sum(axis=1))]


class _State(NamedTuple):
    largest: torch.Tensor
    total: torch.Tensor


@right("14.online_softmax", "the block first on its own, then two states joined")
def _(largest, total, scores):
    block = scores.amax(1)
    own = _State(block, torch.exp(scores - block[:, None]).sum(1))
    new = torch.maximum(largest, own.largest)
    return _State(new, total * torch.exp(largest - new) + own.total * torch.exp(own.largest - new))


@right("14.blockwise_attention", "split, zip and in-place updates of buffers")
def _(queries, keys, values, block):
    n, d = queries.shape
    m = queries.new_full((n,), -math.inf)
    s, acc = queries.new_zeros(n), queries.new_zeros(n, values.shape[-1])
    for k, v in zip(torch.split(keys, block), torch.split(values, block), strict=True):
        x = queries @ k.T * d ** -0.5
        new = torch.maximum(m, x.max(dim=-1).values)
        p, c = (x - new[:, None]).exp(), (m - new).exp()
        s.mul_(c).add_(p.sum(-1))
        acc.mul_(c[:, None]).add_(p @ v)
        m = new
    return acc / s[:, None]


@right("14.blockwise_attention", "a normalised mean that is corrected with each block")
def _(queries, keys, values, block):
    mean = torch.zeros(len(queries), values.shape[1], dtype=values.dtype)
    log_sum = torch.full((len(queries), 1), -math.inf, dtype=values.dtype)
    for start in range(0, len(keys), block):
        x = queries @ keys[start:start + block].mT / math.sqrt(queries.shape[1])
        own = torch.logsumexp(x, dim=1, keepdim=True)
        both = torch.logaddexp(log_sum, own)
        mean = mean * torch.exp(log_sum - both) + torch.exp(x - both) @ values[start:start + block]
        log_sum = both
    return mean


@right("14.blockwise_attention", "reduce over blocks, the sum as one more column of the values")
def _(queries, keys, values, block):
    extended = torch.cat([values, torch.ones(len(values), 1, dtype=values.dtype)], dim=1)

    def step(state, some):
        m, acc = state
        x = torch.einsum("qd,kd->qk", queries, keys[some]) / keys.shape[1] ** 0.5
        new = torch.maximum(m, x.amax(1, keepdim=True))
        return new, acc * torch.exp(m - new) + torch.exp(x - new) @ extended[some]
    start = (torch.full((len(queries), 1), -torch.inf), torch.zeros(1, dtype=values.dtype))
    blocks = [slice(i, i + block) for i in range(0, len(keys), block)]
    _, acc = functools.reduce(step, blocks, start)
    return acc[:, :-1] / acc[:, -1:]


@right("14.blockwise_attention", "the first block begins, the others are joined")
def _(queries, keys, values, block):
    def own(start):
        x = queries @ keys[start:start + block].T / torch.sqrt(torch.tensor(queries.shape[1], dtype=torch.float64))
        m = x.max(1, keepdim=True).values
        p = torch.exp(x - m)
        return m, p.sum(1, keepdim=True), p @ values[start:start + block]
    m, s, acc = own(0)
    for start in range(block, keys.shape[0], block):
        m2, s2, acc2 = own(start)
        new = torch.maximum(m, m2)
        a, b = torch.exp(m - new), torch.exp(m2 - new)
        m, s, acc = new, a * s + b * s2, a * acc + b * acc2
    return acc / s


@right("14.join_parts", "a softmax of the logarithms as weights, in an einsum")
def _(outputs, logsumexps):
    return torch.einsum("pqd,pq->qd", outputs, logsumexps.softmax(0)), logsumexps.logsumexp(0)


@right("14.join_parts", "sums made again, measured from the largest")
def _(outputs, logsumexps):
    top = logsumexps.amax(0, keepdim=True)
    sums = torch.exp(logsumexps - top)
    total = sums.sum(0)
    return (outputs * sums.unsqueeze(-1)).sum(0) / total.unsqueeze(-1), top[0] + total.log()


@right("14.join_parts", "query by query, parts without any key left out")
def _(outputs, logsumexps):
    rows, logs = [], []
    for q in range(outputs.shape[1]):
        here = logsumexps[:, q] > -math.inf
        w = torch.softmax(logsumexps[here, q], dim=0)
        rows.append(w @ outputs[here, q])
        logs.append(torch.logsumexp(logsumexps[here, q], dim=0))
    return torch.stack(rows), torch.stack(logs)


@right("14.join_parts", "matrix products over queries in front")
def _(outputs, logsumexps):
    by_query, logs = outputs.transpose(0, 1), logsumexps.T
    every = torch.logsumexp(logs, dim=1, keepdim=True)
    weights = torch.exp(logs - every)
    return torch.bmm(weights[:, None], by_query)[:, 0], every.squeeze(1)


@right("14.windowed_attention", "keys from one whole window before, a mask of distances")
def _(queries, keys, values, window, attend):
    n, rows = queries.shape[0], []
    for i in range(0, n, window):
        j, low = min(n, i + window), max(i - window, 0)
        distance = torch.arange(i, j).unsqueeze(1) - torch.arange(low, j).unsqueeze(0)
        rows.append(attend(queries[i:j], keys[low:j], values[low:j], (distance >= 0) & (distance < window)))
    return torch.cat(rows, dim=0)


@right("14.windowed_attention", "the mask of the whole text, cut to blocks")
def _(queries, keys, values, window, attend):
    n = len(queries)
    full = torch.ones(n, n, dtype=torch.bool).tril().triu(1 - window)
    pieces = []
    for first in range(0, n, window):
        last = first + window
        low = max(0, last - 2 * window)
        pieces.append(attend(queries[first:last], keys[low:last], values[low:last], full[first:last, low:last]))
    return torch.vstack(pieces)


@right("14.windowed_attention", "lists of booleans and a buffer for the outputs")
def _(queries, keys, values, window, attend):
    n = queries.size(0)
    out = torch.zeros(n, values.size(1), dtype=values.dtype)
    for start in range(0, n, window):
        q_places = range(start, min(start + window, n))
        k_places = range(max(0, start - window + 1), q_places[-1] + 1)
        mask = torch.tensor([[k <= q < k + window for k in k_places] for q in q_places])
        out[list(q_places)] = attend(queries[list(q_places)], keys[list(k_places)], values[list(k_places)], mask)
    return out


@right("14.windowed_attention", "blocks of half the size")
def _(queries, keys, values, window, attend):
    size, parts = max(1, window // 2), []
    for start in range(0, len(queries), size):
        stop, low = min(start + size, len(queries)), max(0, start + 1 - window)
        rows, columns = torch.meshgrid(torch.arange(start, stop), torch.arange(low, stop), indexing="ij")
        mask = torch.logical_and(columns <= rows, rows - columns < window)
        parts.append(attend(queries[start:stop], keys[low:stop], values[low:stop], mask))
    return torch.cat(parts)


@right("14.linear_attention", "a list of matrices by accumulate")
def _(queries, keys, values):
    def phi(x):
        return functional.elu(x) + 1
    pairs = [(torch.outer(phi(k), v), phi(k)) for k, v in zip(keys, values)]
    memories = itertools.accumulate(pairs, lambda a, b: (a[0] + b[0], a[1] + b[1]))
    return torch.stack([phi(q) @ s / phi(q).dot(z) for q, (s, z) in zip(queries, memories)])


@right("14.linear_attention", "a masked table, phi by where")
def _(queries, keys, values):
    def phi(x):
        return torch.where(x > 0, x + 1, torch.exp(torch.minimum(x, torch.zeros_like(x))))
    weights = (phi(queries) @ phi(keys).mT) * torch.ones(len(queries), len(queries), dtype=queries.dtype).tril()
    return weights @ values / weights.sum(-1, keepdim=True)


@right("14.linear_attention", "values with a column of ones, so that the normaliser comes along")
def _(queries, keys, values):
    extended = torch.cat([values, torch.ones_like(values[:, :1])], dim=1)
    memory = torch.zeros(keys.shape[1], extended.shape[1], dtype=values.dtype)
    rows = []
    for t in range(len(queries)):
        memory = memory + functional.elu(keys[t]).add(1)[:, None] * extended[t][None]
        read = functional.elu(queries[t]).add(1) @ memory
        rows.append(read[:-1] / read[-1])
    return torch.stack(rows)


@right("14.linear_attention", "a helper class that holds the memory")
def _(queries, keys, values):
    memory = _Memory()
    return torch.stack([memory.take_in(k, v).read(q) for q, k, v in zip(queries, keys, values, strict=True)])


class _Memory:

    def __init__(self):
        self.s, self.z = 0, 0

    def take_in(self, k, v):
        k = torch.nn.ELU()(k) + 1
        self.s, self.z = self.s + torch.einsum("i,j->ij", k, v), self.z + k
        return self

    def read(self, q):
        q = torch.nn.ELU()(q) + 1
        return (self.s.T @ q) / (self.z @ q)


@right("14.delta_rule", "outer, and matrices times vectors")
def _(memory, key, value, strength, query):
    error = value - memory.T @ key
    new = memory + strength * torch.outer(key, error)
    return new, new.T @ query


@right("14.delta_rule", "a step of gradient descent on half the squared error")
def _(memory, key, value, strength, query):
    leaf = memory.clone().requires_grad_()
    with torch.enable_grad():
        loss = 0.5 * (key @ leaf - value).square().sum()
    (slope,) = torch.autograd.grad(loss, leaf)
    new = memory - strength * slope
    return new, query @ new


@right("14.delta_rule", "column by column, then stacked")
def _(memory, key, value, strength, query):
    columns = [column + strength * key * (v - (key * column).sum()) for column, v in zip(memory.T, value)]
    new = torch.stack(columns, dim=1)
    return [new, torch.stack([(query * column).sum() for column in columns])]


@right("14.delta_rule", "old and new value interpolated, the old one taken off")
def _(memory, key, value, strength, query):
    old = torch.einsum("k,kv->v", key, memory)
    wanted = strength * value + (1 - strength) * old
    new = memory - key[:, None] * old + key[:, None] * wanted
    return new, torch.einsum("k,kv->v", query, new)


@right("14.cache_bytes", "bits first, whole division last")
def _(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    per_layer = (key_heads * d_head * 2, latent + rotary)
    return tuple(tokens * layers * numbers * bits // 8 for numbers in per_layer)


@right("14.cache_bytes", "bytes as a fraction, made whole by int")
def _(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    size = bits / 8
    keys = values = tokens * key_heads * d_head
    return int((keys + values) * layers * size), int(tokens * layers * (latent + rotary) * size)


@right("14.cache_bytes", "tensors on the meta device, counted")
def _(tokens, layers, heads, key_heads, d_head, latent, rotary, bits):
    first = [torch.empty(2, key_heads, tokens, d_head, device="meta") for _ in range(layers)]
    second = [torch.empty(tokens, latent + rotary, device="meta") for _ in range(layers)]
    return [sum(x.numel() for x in cache) * bits // 8 for cache in (first, second)]


@right("14.latent_attention", "keys and values made by einsum, concatenated, then as usual")
def _(queries, turned_queries, latents, turned_keys, key_up, value_up):
    k = torch.einsum("hdl,kl->hkd", key_up, latents)
    v = torch.einsum("hdl,kl->hkd", value_up, latents)
    k = torch.cat([k, turned_keys[None].expand(len(k), -1, -1)], dim=-1)
    q = torch.cat([queries, turned_queries], dim=-1)
    return torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), -1) @ v


@right("14.latent_attention", "a loop over heads that stays with the latents")
def _(queries, turned_queries, latents, turned_keys, key_up, value_up):
    out = []
    scale = (queries.shape[2] + turned_queries.shape[2]) ** 0.5
    for q, r, up, down in zip(queries, turned_queries, key_up, value_up):
        w = ((q @ up) @ latents.T / scale + r @ turned_keys.T / scale).softmax(dim=1)
        out.append((w @ latents) @ down.T)
    return torch.stack(out)


@right("14.latent_attention", "query by query with powers over their sum")
def _(queries, turned_queries, latents, turned_keys, key_up, value_up):
    heads, n, width = queries.shape
    rows = []
    for h, i in itertools.product(range(heads), range(n)):
        s = (key_up[h] @ latents.T).T @ queries[h, i] + turned_keys @ turned_queries[h, i]
        p = torch.exp((s - s.max()) / (width + turned_queries.shape[-1]) ** 0.5)
        rows.append(value_up[h] @ (p / p.sum() @ latents))
    return torch.stack(rows).reshape(heads, n, -1)
