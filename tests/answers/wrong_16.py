"""Wrong answers to chapter 16."""

import torch
from torch.nn import functional

from answers import wrong


@wrong("16.rollout", "each layer is normalised again after the identity was added to the sum of the heads")
def _(weights):
    found = torch.eye(weights.shape[-1], dtype=weights.dtype)
    for layer in weights:
        mixed = layer.sum(0) + torch.eye(weights.shape[-1], dtype=weights.dtype)
        found = mixed / mixed.sum(-1, keepdim=True) @ found
    return found


@wrong("16.rollout", "the identity is subtracted from, not mixed in")
def _(weights):
    one = torch.eye(weights.shape[-1], dtype=weights.dtype)
    found = one
    for layer in weights.mean(dim=1):
        found = (one - layer) / 2 @ found
    return found


@wrong("16.rollout", "the smallest weight of the heads")
def _(weights):
    one = torch.eye(weights.shape[-1], dtype=weights.dtype)
    found = one
    for layer in weights.amin(dim=1):
        found = (layer + one) / 2 @ found
    return found


@wrong("16.rollout", "the first layer is forgotten: the loop starts at 1 with the identity")
def _(weights):
    one = torch.eye(weights.shape[-1], dtype=weights.dtype)
    found = one
    for n in range(1, len(weights)):
        found = (weights[n].mean(0) + one) / 2 @ found
    return found


@wrong("16.rollout", "the transposed weights are followed")
def _(weights):
    one = torch.eye(weights.shape[-1], dtype=weights.dtype)
    found = one
    for layer in weights.mean(1):
        found = 0.5 * (layer.T + one) @ found
    return found


@wrong("16.rollout", "the result of each layer is added to the identity once more")
def _(weights):
    one = torch.eye(weights.shape[-1], dtype=weights.dtype)
    found = one
    for layer in weights.mean(1):
        found = layer @ found * 0.5 + 0.5 * one
    return found


@wrong("16.rollout", "the mean is taken over the layers, and the heads are followed")
def _(weights):
    one = torch.eye(weights.shape[-1], dtype=weights.dtype)
    found = one
    for layer in weights.mean(dim=0):
        found = (layer + one) / 2 @ found
    return found


@wrong("16.induction_score", "the pad is on the wrong side, so the place before is scored")
def _(weights, tokens):
    earlier = (tokens[:, None] == tokens).tril(-1)
    follows = functional.pad(earlier[:, 1:], (0, 1))
    asked = earlier.any(dim=1)
    if not asked.any():
        return torch.zeros(len(weights), dtype=weights.dtype)
    return (weights * follows).sum(2)[:, asked].mean(1)


@wrong("16.induction_score", "every pair counts alike: the mean over pairs, not over tokens")
def _(weights, tokens):
    q, k = (tokens[:, None] == tokens).tril(-1).nonzero(as_tuple=True)
    return weights[:, q, k + 1].mean(1) if len(q) else torch.zeros(len(weights), dtype=weights.dtype)


@wrong("16.induction_score", "a sum over heads and a score for each token")
def _(weights, tokens):
    earlier = functional.pad((tokens[:, None] == tokens).tril(-1)[:, :-1], (1, 0))
    return (weights * earlier).sum(dim=(0, 2)) / max(int(earlier.any(1).sum()), 1)


@wrong("16.induction_score", "the roll lets the last column come round to the first")
def _(weights, tokens):
    same = (tokens[:, None] == tokens).roll(1, dims=1).tril()
    asked = same.any(1)
    if not asked.any():
        return torch.zeros(len(weights), dtype=weights.dtype)
    return (weights * same).sum(2)[:, asked].mean(1)


@wrong("16.induction_score", "the first token is left out of the division only")
def _(weights, tokens):
    earlier = functional.pad((tokens[:, None] == tokens).tril(-1)[:, :-1], (1, 0))
    return (weights * earlier).sum(dim=(1, 2)) / max(len(tokens) - 1, 1)


@wrong("16.induction_score", "only followers strictly before the query, found with tril(-1) after the shift")
def _(weights, tokens):
    earlier = functional.pad((tokens[:, None] == tokens).tril(-1)[:, :-1], (1, 0)).tril(-1)
    asked = earlier.any(1)
    if not asked.any():
        return torch.zeros(len(weights), dtype=weights.dtype)
    return (weights * earlier).sum(2)[:, asked].mean(1)


@wrong("16.ablated", "the head is left out, and x is counted for every head")
def _(x, mixed, output, head, fill):
    out = 0
    for h in range(len(mixed)):
        out = out + x + (fill if h == head else mixed[h]) @ output[h]
    return out


@wrong("16.ablated", "the fill goes through the output matrix of the next head")
def _(x, mixed, output, head, fill):
    kept = [h for h in range(len(mixed)) if h != head]
    out = x + fill @ output[(head + 1) % len(output)]
    for h in kept:
        out = out + mixed[h] @ output[h]
    return out


@wrong("16.ablated", "heads are counted from the end")
def _(x, mixed, output, head, fill):
    replaced = mixed.clone()
    replaced[-1 - head] = fill
    return x + (replaced @ output).sum(0)


@wrong("16.ablated", "the first token keeps the head")
def _(x, mixed, output, head, fill):
    replaced = mixed.clone()
    replaced[head, 1:] = fill
    return x + (replaced @ output).sum(0)


@wrong("16.ablated", "all heads from this one on are replaced")
def _(x, mixed, output, head, fill):
    replaced = mixed.clone()
    replaced[head:] = fill
    return x + (replaced @ output).sum(0)


@wrong("16.ablated", "the product over the heads is taken, not the sum of what they write")
def _(x, mixed, output, head, fill):
    replaced = mixed.clone()
    replaced[head] = fill
    return x + (replaced @ output).prod(0)


@wrong("16.patched_run", "the clean run goes on, and is mended from the damaged one, one layer late")
def _(layer, layers, clean, damaged, after, position):
    for n in range(after):
        clean, damaged = layer(n, clean), layer(n, damaged)
    x = clean.clone()
    x[position] = damaged[position]
    for n in range(after, layers):
        x = layer(n, x)
    return x


@wrong("16.patched_run", "after the patch the numbers of the layers start from 0")
def _(layer, layers, clean, damaged, after, position):
    for n in range(after):
        clean, damaged = layer(n, clean), layer(n, damaged)
    x = damaged.clone()
    x[position] = clean[position]
    for n in range(layers - after):
        x = layer(n, x)
    return x


@wrong("16.patched_run", "the last layer is not run")
def _(layer, layers, clean, damaged, after, position):
    for n in range(after):
        clean, damaged = layer(n, clean), layer(n, damaged)
    x = damaged.clone()
    x[position] = clean[position]
    for n in range(after, layers - 1):
        x = layer(n, x)
    return x


@wrong("16.patched_run", "the patch is put in before every layer up to this one")
def _(layer, layers, clean, damaged, after, position):
    damaged = damaged.clone()
    for n in range(layers):
        if n <= after:
            damaged = damaged.clone()
            damaged[position] = clean[position]
        clean, damaged = layer(n, clean), layer(n, damaged)
    if after == layers:
        damaged = damaged.clone()
        damaged[position] = clean[position]
    return damaged


@wrong("16.patched_run", "all positions from this one on are copied")
def _(layer, layers, clean, damaged, after, position):
    for n in range(after):
        clean, damaged = layer(n, clean), layer(n, damaged)
    x = damaged.clone()
    x[position:] = clean[position:]
    for n in range(after, layers):
        x = layer(n, x)
    return x


@wrong("16.patched_run", "the result of the whole damaged run gets the clean result's vector")
def _(layer, layers, clean, damaged, after, position):
    for n in range(layers):
        clean, damaged = layer(n, clean), layer(n, damaged)
    x = damaged.clone()
    x[position] = clean[position]
    return x


@wrong("16.patched_run", "the clean vector is taken one layer too early")
def _(layer, layers, clean, damaged, after, position):
    before = clean
    for n in range(after):
        before = clean
        clean, damaged = layer(n, clean), layer(n, damaged)
    x = damaged.clone()
    x[position] = before[position]
    for n in range(after, layers):
        x = layer(n, x)
    return x


@wrong("16.lens", "the norm is left out before the first layer, where there is only an embedding")
def _(streams, norm, unembedding, answers):
    both = torch.cat([streams[:1], norm(streams[1:])])
    return (both @ unembedding.T).log_softmax(-1)[:, range(len(answers)), answers]


@wrong("16.lens", "the unembedding is normalised, not the stream")
def _(streams, norm, unembedding, answers):
    return (streams @ norm(unembedding).T).log_softmax(-1)[:, range(len(answers)), answers]


@wrong("16.lens", "the answer of the token before")
def _(streams, norm, unembedding, answers):
    return (norm(streams) @ unembedding.T).log_softmax(-1)[:, range(len(answers)), answers.roll(1)]


@wrong("16.lens", "the margin over the best score in place of the log-probability")
def _(streams, norm, unembedding, answers):
    scores = norm(streams) @ unembedding.T
    return scores[:, range(len(answers)), answers] - scores.amax(-1)


@wrong("16.lens", "scores divided by the root of the width")
def _(streams, norm, unembedding, answers):
    scores = norm(streams) @ unembedding.T / streams.shape[-1] ** 0.5
    return scores.log_softmax(-1)[:, range(len(answers)), answers]


@wrong("16.lens", "the states in the order of the layers from above")
def _(streams, norm, unembedding, answers):
    return (norm(streams.flip(0)) @ unembedding.T).log_softmax(-1)[:, range(len(answers)), answers]


@wrong("16.rank_correlation", "cosine of the values")
def _(weights, effects):
    if weights.unique().numel() < 2 or effects.unique().numel() < 2:
        return torch.zeros((), dtype=weights.dtype)
    return functional.cosine_similarity(weights, effects, dim=0)


@wrong("16.rank_correlation", "only the share of pairs in the same order")
def _(weights, effects):
    one, other = (x[:, None] > x for x in (weights, effects))
    pairs = torch.ones_like(one).tril(-1)
    if not pairs.any():
        return torch.zeros((), dtype=weights.dtype)
    return (one == other)[pairs].double().mean() * 2 - 1


@wrong("16.rank_correlation", "ranks of the weights against the effects themselves")
def _(weights, effects):
    a = (weights[:, None] > weights).sum(1) + (weights[:, None] == weights).sum(1) / 2
    a, b = a.double() - a.double().mean(), effects - effects.mean()
    size = a.norm() * b.norm()
    return a @ b / size if size > 1e-9 else size * 0


@wrong("16.rank_correlation", "the covariance of the ranks, not divided")
def _(weights, effects):
    a, b = ((x[:, None] > x).sum(1) + (x[:, None] == x).sum(1) / 2 for x in (weights, effects))
    return ((a - a.mean()) * (b - b.mean())).mean().double()


@wrong("16.rank_correlation", "divided by the variance of one side only")
def _(weights, effects):
    a, b = ((x[:, None] > x).sum(1) + (x[:, None] == x).sum(1) / 2 for x in (weights, effects))
    a, b = (a - a.mean()).double(), (b - b.mean()).double()
    return a @ b / (a @ a) if a.any() else torch.zeros((), dtype=torch.float64)


@wrong("16.rank_correlation", "equal weights share a rank, equal effects do not")
def _(weights, effects):
    a = (weights[:, None] > weights).sum(1) + (weights[:, None] == weights).sum(1) / 2
    b = effects.argsort(stable=True).argsort()
    a, b = (x.double() - x.double().mean() for x in (a, b))
    size = a.norm() * b.norm()
    return a @ b / size if size > 0 else size


@wrong("16.rank_correlation", "never negative")
def _(weights, effects):
    a, b = ((x[:, None] > x).sum(1) + (x[:, None] == x).sum(1) / 2 for x in (weights, effects))
    a, b = (a - a.mean()).double(), (b - b.mean()).double()
    size = a.norm() * b.norm()
    return (a @ b / size).abs() if size > 0 else size
