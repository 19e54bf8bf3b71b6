"""Right answers to chapter 16."""

import collections
import math

import numpy as np
import torch
from torch.nn import functional

from answers import right


@right("16.rollout", "a list of mixed layers, multiplied on the left one after the other")
def _(weights):
    n = weights.size(-1)
    mixed = [0.5 * layer.mean(0) + 0.5 * torch.eye(n, dtype=weights.dtype) for layer in weights]
    result = mixed[0]
    for layer in mixed[1:]:
        result = torch.matmul(layer, result)
    return result


@right("16.rollout", "einsum over heads and tokens, averaged with what was there")
def _(weights):
    layers, heads, n, _ = weights.shape
    rolled = torch.diag(torch.ones(n, dtype=weights.dtype))
    for n_layer in range(layers):
        rolled = 0.5 * rolled + torch.einsum("hij,jk->ik", weights[n_layer], rolled) / (2 * heads)
    return rolled


@right("16.rollout", "recursion: what is above, times what is below")
def _(weights):
    def below(layer):
        if layer < 0:
            return torch.eye(weights.shape[2], dtype=weights.dtype)
        rest = below(layer - 1)
        return (weights[layer].mean(dim=0) @ rest + rest) / 2
    return below(len(weights) - 1)


@right("16.rollout", "numpy, with the halves taken out of the product")
def _(weights):
    w = weights.numpy().mean(axis=1) + np.eye(weights.shape[-1])
    product = np.linalg.multi_dot(w[::-1]) if len(w) > 1 else w[0]
    return torch.from_numpy(np.asarray(product / 2 ** len(w)))


@right("16.induction_score", "a dictionary of what followed each symbol so far")
def _(weights, tokens):
    followers, total, asked = collections.defaultdict(list), torch.zeros(len(weights), dtype=weights.dtype), 0
    symbols = tokens.tolist()
    for place, symbol in enumerate(symbols):
        if place:
            followers[symbols[place - 1]].append(place)
        if followers[symbol]:
            total = total + weights[:, place, followers[symbol]].sum(dim=1)
            asked += 1
    return total / asked if asked else total


@right("16.induction_score", "the token before each key is compared with the query")
def _(weights, tokens):
    n = len(tokens)
    before = torch.cat([torch.tensor([-1]), tokens[:-1]])
    q, k = torch.arange(n)[:, None], torch.arange(n)
    hit = (tokens[:, None] == before[None, :]) & (k <= q)
    rows = hit.any(1)
    held = torch.where(hit, weights, torch.zeros_like(weights)).sum(-1)
    return held.sum(-1) / rows.sum().clamp(min=1)


@right("16.induction_score", "einsum with a table of numbers, shifted by roll")
def _(weights, tokens):
    same = torch.tril(tokens.unsqueeze(0) == tokens.unsqueeze(1), diagonal=-1).to(weights.dtype)
    moved = same.roll(1, dims=1)
    moved[:, 0] = 0
    asked = (moved.sum(1) > 0).sum().item()
    total = torch.einsum("hqk,qk->h", weights, moved)
    return total if asked == 0 else total / asked


@right("16.induction_score", "numpy, query after query")
def _(weights, tokens):
    w, t = weights.numpy(), tokens.numpy()
    scores = []
    for q in range(len(t)):
        keys = np.flatnonzero(t[:q] == t[q]) + 1
        if keys.size:
            scores.append(w[:, q][:, keys].sum(axis=1))
    return torch.from_numpy(np.mean(scores, axis=0) if scores else np.zeros(len(w)))


@right("16.ablated", "a loop over the heads")
def _(x, mixed, output, head, fill):
    stream = x
    for h in range(len(mixed)):
        stream = stream + ((fill if h == head else mixed[h]) @ output[h])
    return stream


@right("16.ablated", "a mask over the heads, and the replacement on its own")
def _(x, mixed, output, head, fill):
    kept = (torch.arange(mixed.shape[0]) != head).to(x.dtype)
    return torch.einsum("h,htd,hdm->tm", kept, mixed, output) + x + fill @ output[head]


@right("16.ablated", "heads side by side, as the layer does it")
def _(x, mixed, output, head, fill):
    heads, tokens, d_head = mixed.shape
    joined = mixed.transpose(0, 1).reshape(tokens, heads * d_head).clone()
    joined[:, head * d_head:(head + 1) * d_head] = fill
    return x + joined.mm(output.reshape(heads * d_head, -1))


@right("16.ablated", "torch.where on the number of the head")
def _(x, mixed, output, head, fill):
    number = torch.arange(len(mixed))[:, None, None]
    return x + torch.bmm(torch.where(number == head, fill, mixed), output).sum(0)


@right("16.patched_run", "three loops")
def _(layer, layers, clean, damaged, after, position):
    a = clean
    for i in range(after):
        a = layer(i, a)
    b = damaged
    for i in range(after):
        b = layer(i, b)
    b = torch.cat([b[:position], a[position:position + 1], b[position + 1:]])
    for i in range(after, layers):
        b = layer(i, b)
    return b


@right("16.patched_run", "a generator of states for each text")
def _(layer, layers, clean, damaged, after, position):
    def states(x):
        yield x
        for n in range(layers):
            x = layer(n, x)
            yield x
    one, other = list(states(clean))[after], list(states(damaged))[after]
    x = other.index_copy(0, torch.tensor([position]), one[position:position + 1])
    for n in range(after, layers):
        x = layer(n, x)
    return x


@right("16.patched_run", "recursion over the layers that are left")
def _(layer, layers, clean, damaged, after, position):
    def rest(n, x, source):
        if n == after:
            x = x.clone()
            x[position] = source[position]
            source = None
        if n == layers:
            return x
        return rest(n + 1, layer(n, x), None if source is None else layer(n, source))
    return rest(0, damaged, clean)


@right("16.patched_run", "the difference at one position is added")
def _(layer, layers, clean, damaged, after, position):
    for n in range(layers):
        if n == after:
            chosen = torch.zeros(len(clean), 1, dtype=clean.dtype)
            chosen[position] = 1
            damaged = damaged * (1 - chosen) + clean * chosen
        damaged = layer(n, damaged)
        clean = layer(n, clean) if n < after else clean
    if after == layers:
        damaged = damaged.clone()
        damaged[position] = clean[position]
    return damaged


@right("16.lens", "log_softmax and gather")
def _(streams, norm, unembedding, answers):
    logits = torch.matmul(norm(streams), unembedding.t())
    log_probabilities = functional.log_softmax(logits, dim=2)
    index = answers.view(1, -1, 1).repeat(len(streams), 1, 1)
    return log_probabilities.gather(-1, index).squeeze(-1)


@right("16.lens", "the largest score subtracted by hand")
def _(streams, norm, unembedding, answers):
    result = []
    for state in streams:
        scores = norm(state) @ unembedding.T
        scores = scores - scores.max(dim=1, keepdim=True).values
        total = scores.exp().sum(dim=1)
        result.append(scores[range(len(answers)), answers] - total.log())
    return torch.stack(result)


@right("16.lens", "one-hot answers picked by a sum")
def _(streams, norm, unembedding, answers):
    chosen = functional.one_hot(answers, len(unembedding)).to(streams.dtype)
    return (functional.linear(norm(streams), unembedding).log_softmax(-1) * chosen).sum(-1)


@right("16.lens", "a Categorical distribution")
def _(streams, norm, unembedding, answers):
    return torch.distributions.Categorical(logits=norm(streams) @ unembedding.T).log_prob(answers)


@right("16.rank_correlation", "ranks by sorting, groups of equal values averaged")
def _(weights, effects):
    def ranks(x):
        _, group, size = torch.unique(x, return_inverse=True, return_counts=True)
        last = size.cumsum(0).double()
        return (last - (size.double() - 1) / 2)[group]
    a, b = ranks(weights), ranks(effects)
    a, b = a - a.mean(), b - b.mean()
    bottom = math.sqrt((a @ a).item() * (b @ b).item())
    return torch.tensor(0.0, dtype=weights.dtype) if bottom == 0 else a @ b / bottom


@right("16.rank_correlation", "numpy's corrcoef of mean ranks")
def _(weights, effects):
    def ranks(x):
        x = x.numpy()
        return np.array([np.sum(x < v) + 0.5 * (np.sum(x == v) + 1) for v in x])
    a, b = ranks(weights), ranks(effects)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return torch.zeros((), dtype=weights.dtype)
    return torch.tensor(np.corrcoef(a, b)[0, 1], dtype=weights.dtype)


@right("16.rank_correlation", "signs of all differences summed up are twice the centred rank")
def _(weights, effects):
    a = torch.sign(weights[:, None] - weights[None]).sum(1).double()
    b = torch.sign(effects[:, None] - effects[None]).sum(1).double()
    if not a.any() or not b.any():
        return torch.zeros((), dtype=torch.float64)
    return functional.cosine_similarity(a, b, dim=0)


@right("16.rank_correlation", "standardised ranks, their mean product")
def _(weights, effects):
    def standard(x):
        order = sorted(x.tolist())
        ranks = torch.tensor([order.index(v) + (order.count(v) - 1) / 2 for v in x.tolist()], dtype=torch.float64)
        spread = ranks.std(unbiased=False)
        return (ranks - ranks.mean()) / spread if spread else ranks * 0
    return (standard(weights) * standard(effects)).mean()
