"""Right answers to chapter 19."""

import itertools
import math
import statistics

import numpy as np
import torch

from answers import right


@right("19.depends_on", "two loops and a counter of what has moved")
def _(model, x):
    n = x.shape[0]
    base = model(x)
    table = torch.full((n, n), False)
    for token in range(n):
        other = x.clone()
        other[token] = other[token] * 1.5 + torch.linspace(0.7, 2.9, x.shape[1])
        new = model(other)
        for out in range(n):
            table[out, token] = bool(torch.any((new[out] - base[out]).abs() > 1e-9))
    return table


@right("19.depends_on", "one feature after the other, any of them counts")
def _(model, x):
    base, columns = model(x), []
    for s in range(len(x)):
        hit = torch.zeros(len(x), dtype=torch.bool)
        for j in range(x.shape[1]):
            y = x.clone()
            y[s, j] += 1
            hit |= ((model(y) - base).abs() > 1e-9).any(1)
        columns.append(hit)
    return torch.stack(columns, dim=1)


@right("19.depends_on", "jacrev, the largest over both features")
def _(model, x):
    j = torch.func.jacrev(model)(x)
    return (j.abs() > 1e-9).any(dim=3).any(dim=1)


@right("19.depends_on", "random changes, transposed at the end")
def _(model, x):
    torch.manual_seed(1)
    base = model(x)
    rows = []
    for s in range(len(x)):
        noise = torch.zeros_like(x)
        noise[s] = torch.rand(x.shape[1], dtype=x.dtype) + 0.5
        rows.append(torch.amax(torch.abs(model(x + noise) - base), dim=-1) >= 1e-9)
    return torch.stack(rows).transpose(0, 1)


@right("19.padding_error", "masks by full and concatenation, max of a list")
def _(model, x, filling):
    n, m = x.size(0), filling.size(0)
    mask = torch.tensor([False] * m + [True] * n)
    long = model(torch.concatenate((filling, x), 0), mask)
    short = model(x, torch.ones(n, dtype=torch.bool))
    return max((long[m + i] - short[i]).abs().max().item() for i in range(n))


@right("19.padding_error", "an empty sheet that is filled in")
def _(model, x, filling):
    m = len(filling)
    sheet = x.new_zeros(m + len(x), x.shape[1])
    sheet[:m], sheet[m:] = filling, x
    real = torch.zeros(len(sheet), dtype=torch.bool)
    real[m:] = True
    return float(torch.dist(model(sheet, real)[-len(x):], model(x, real[m:]), p=float("inf")))


@right("19.padding_error", "numpy at the end")
def _(model, x, filling):
    real = torch.arange(len(filling) + len(x)).ge(len(filling))
    a = model(torch.cat([filling, x], dim=0), real)[real].detach().numpy()
    b = model(x, torch.ones(len(x)).bool()).detach().numpy()
    return float(np.max(np.abs(a - b)))


@right("19.batch_error", "unbind and stack")
def _(model, x):
    one_by_one = torch.stack([model(text.unsqueeze(0), False).squeeze(0) for text in x.unbind(0)])
    return (model(x, False) - one_by_one).abs().amax().item()


@right("19.batch_error", "split into batches of one, the largest kept in a variable")
def _(model, x):
    worst = 0.0
    together = model(x, training=False) if False else model(x, False)
    for part, expected in zip(x.split(1), together.split(1)):
        worst = max(worst, torch.max(torch.abs(model(part, False) - expected)).item())
    return worst


@right("19.batch_error", "the larger of the maximum and minus the minimum")
def _(model, x):
    gap = torch.cat([model(x[i:i + 1], False) for i in range(x.size(0))], 0) - model(x, False)
    return max(float(gap.max()), -float(gap.min()))


@right("19.cache_error", "indices, and outputs compared as they come")
def _(step, x):
    whole, _ = step(x, x[:0])
    past, worst = x[:0], 0.0
    for t in range(x.shape[0]):
        out, past = step(x[t:t + 1], past)
        worst = max(worst, float((out[0] - whole[t]).abs().max()))
    return worst


@right("19.cache_error", "accumulate does the handing on")
def _(step, x):
    start = (None, x[:0])
    runs = itertools.accumulate(x.unbind(0), lambda state, token: step(token[None], state[1]), initial=start)
    outputs = torch.cat([out for out, _ in list(runs)[1:]])
    return torch.linalg.norm((outputs - step(x, x[:0])[0]).flatten(), math.inf).item()


@right("19.cache_error", "a recursion over the rest of the text")
def _(step, x):
    def read(rest, past):
        if len(rest) == 0:
            return []
        out, past = step(rest[:1], past)
        return [out, *read(rest[1:], past)]
    return (torch.cat(read(x, x[:0])) - step(x, x[:0])[0]).abs().max().item()


@right("19.dead_rows", "count_nonzero of the gradient")
def _(loss, weights):
    w = weights.clone().detach().requires_grad_(True)
    loss(w).backward()
    return torch.count_nonzero(w.grad, dim=1) == 0


@right("19.dead_rows", "a parameter, and a list of rows")
def _(loss, weights):
    p = torch.nn.Parameter(weights.clone())
    g, = torch.autograd.grad(loss(p), [p])
    return torch.tensor([not bool(row.any()) for row in g])


@right("19.dead_rows", "the sum of absolute values")
def _(loss, weights):
    w = torch.tensor(weights.tolist(), dtype=weights.dtype, requires_grad=True)
    loss(w).sum().backward()
    return w.grad.abs().sum(-1).eq(0.0)


@right("19.evidence_of_a_leak", "the standard library's statistics")
def _(losses, chances):
    leads = [-math.log(p) - loss for p, loss in zip(chances, losses)]
    return statistics.fmean(leads) / (statistics.stdev(leads) / math.sqrt(len(leads)))


@right("19.evidence_of_a_leak", "torch, whose std divides by n − 1")
def _(losses, chances):
    d = torch.from_numpy(-np.log(chances) - losses)
    return (d.mean() * len(d) ** 0.5 / d.std()).item()


@right("19.evidence_of_a_leak", "the variance of the mean by numpy's cov")
def _(losses, chances):
    leads = np.log(1.0 / chances) - losses
    return float(leads.sum() / leads.size / np.sqrt(np.cov(leads) / leads.size))
