"""Wrong answers to chapter 19."""

import math

import numpy as np
import torch

from answers import wrong


@wrong("19.depends_on", "the changed token is set to zero, and compared with allclose, whose tolerance is loose")
def _(model, x):
    base = model(x)
    table = torch.zeros(len(x), len(x), dtype=torch.bool)
    for s in range(len(x)):
        y = x.clone()
        y[s] = 0
        new = model(y)
        for t in range(len(x)):
            table[t, s] = not torch.allclose(new[t], base[t], atol=1e-4)
    return table


@wrong("19.depends_on", "only later tokens are asked for")
def _(model, x):
    base = model(x)
    table = torch.zeros(len(x), len(x), dtype=torch.bool)
    for s in range(len(x)):
        y = x.clone()
        y[s] += torch.arange(1, x.shape[1] + 1)
        moved = (model(y) - base).abs().amax(dim=1) > 1e-9
        table[:s, s] = moved[:s]
    return table


@wrong("19.depends_on", "the last feature alone is compared")
def _(model, x):
    base = model(x)
    columns = []
    for s in range(len(x)):
        y = x.clone()
        y[s] += torch.arange(1, x.shape[1] + 1)
        columns.append((model(y) - base)[:, -1].abs() > 1e-9)
    return torch.stack(columns, dim=1)


@wrong("19.depends_on", "all numbers of an output have to move")
def _(model, x):
    base = model(x)
    columns = []
    for s in range(len(x)):
        y = x.clone()
        y[s] += torch.arange(1, x.shape[1] + 1)
        columns.append(((model(y) - base).abs() > 1e-9).all(dim=1))
    return torch.stack(columns, dim=1)


@wrong("19.depends_on", "tokens from s on are all changed")
def _(model, x):
    base = model(x)
    table = torch.zeros(len(x), len(x), dtype=torch.bool)
    for s in range(len(x)):
        y = x.clone()
        y[s:] += torch.arange(1, x.shape[1] + 1)
        table[:, s] = (model(y) - base).abs().amax(dim=1) > 1e-9
    return table


@wrong("19.depends_on", "the rows are stacked as rows")
def _(model, x):
    base, rows = model(x), []
    for s in range(len(x)):
        y = x.clone()
        y[s] += torch.arange(1, x.shape[1] + 1)
        rows.append((model(y) - base).abs().amax(dim=1) > 1e-9)
    return torch.stack(rows)


@wrong("19.depends_on", "mean of the differences, which cancel")
def _(model, x):
    base = model(x)
    table = torch.zeros(len(x), len(x), dtype=torch.bool)
    for s in range(len(x)):
        y = x.clone()
        y[s] += torch.arange(1, x.shape[1] + 1)
        table[:, s] = (model(y) - base).mean(dim=1).abs() > 1e-9
    return table


@wrong("19.padding_error", "the real tokens are looked for at the end of the short text")
def _(model, x, filling):
    real = torch.ones(len(x), dtype=torch.bool)
    mask = torch.cat([torch.zeros(len(filling), dtype=torch.bool), real])
    long = model(torch.cat([filling, x]), mask)
    return float((long[:len(x)] - model(x, real)).abs().max())


@wrong("19.padding_error", "the sum of all differences")
def _(model, x, filling):
    real = torch.ones(len(x), dtype=torch.bool)
    mask = torch.cat([torch.zeros(len(filling), dtype=torch.bool), real])
    long = model(torch.cat([filling, x]), mask)
    return float((long[len(filling):] - model(x, real)).abs().sum())


@wrong("19.padding_error", "both runs have the padding, with other numbers")
def _(model, x, filling):
    mask = torch.arange(len(filling) + len(x)) >= len(filling)
    one = model(torch.cat([filling, x]), mask)
    other = model(torch.cat([-filling, x]), mask)
    return float((one - other)[len(filling):].abs().max())


@wrong("19.padding_error", "the mask is all False in the first run")
def _(model, x, filling):
    real = torch.zeros(len(x), dtype=torch.bool)
    mask = torch.arange(len(filling) + len(x)) >= len(filling)
    return float((model(torch.cat([filling, x]), mask)[len(filling):] - model(x, real)).abs().max())


@wrong("19.padding_error", "the smallest difference")
def _(model, x, filling):
    real = torch.ones(len(x), dtype=torch.bool)
    mask = torch.cat([torch.zeros(len(filling), dtype=torch.bool), real])
    return float((model(torch.cat([filling, x]), mask)[len(filling):] - model(x, real)).abs().min())


@wrong("19.padding_error", "a share of the size of the outputs")
def _(model, x, filling):
    real = torch.ones(len(x), dtype=torch.bool)
    mask = torch.cat([torch.zeros(len(filling), dtype=torch.bool), real])
    short = model(x, real)
    return float((model(torch.cat([filling, x]), mask)[len(filling):] - short).abs().max() / short.abs().max())


@wrong("19.padding_error", "rounded to three places")
def _(model, x, filling):
    real = torch.ones(len(x), dtype=torch.bool)
    mask = torch.cat([torch.zeros(len(filling), dtype=torch.bool), real])
    return round(float((model(torch.cat([filling, x]), mask)[len(filling):] - model(x, real)).abs().max()), 3)


@wrong("19.batch_error", "the batch in training, the single texts in use")
def _(model, x):
    alone = torch.cat([model(text[None], False) for text in x])
    return float((alone - model(x, True)).abs().max())


@wrong("19.batch_error", "the mean square")
def _(model, x):
    alone = torch.cat([model(text[None], False) for text in x])
    return float((alone - model(x, False)).square().mean())


@wrong("19.batch_error", "all texts but the last")
def _(model, x):
    together, worst = model(x, False), 0.0
    for i in range(len(x) - 1):
        worst = max(worst, float((model(x[i:i + 1], False) - together[i:i + 1]).abs().max()))
    return worst


@wrong("19.batch_error", "the first feature of each token")
def _(model, x):
    alone = torch.cat([model(text[None], False) for text in x])
    return float((alone - model(x, False))[..., 0].abs().max())


@wrong("19.batch_error", "the smallest over the texts of the largest difference")
def _(model, x):
    together = model(x, False)
    return min(float((model(x[i:i + 1], False)[0] - together[i]).abs().max()) for i in range(len(x)))


@wrong("19.batch_error", "pairs of texts in place of single ones")
def _(model, x):
    pieces = torch.cat([model(part, False) for part in x.split(2)])
    return float((pieces - model(x, False)).abs().max())


@wrong("19.cache_error", "the past is put together by hand, from the outputs")
def _(step, x):
    past, outputs = x[:0], []
    for token in x.split(1):
        output, _ = step(token, past)
        outputs.append(output)
        past = torch.cat(outputs)
    return float((torch.cat(outputs) - step(x, x[:0])[0]).abs().max())


@wrong("19.cache_error", "the first token is read twice")
def _(step, x):
    _, past = step(x[:1], x[:0])
    outputs = []
    for token in x.split(1):
        output, past = step(token, past)
        outputs.append(output)
    return float((torch.cat(outputs) - step(x, x[:0])[0]).abs().max())


@wrong("19.cache_error", "the squares are added up")
def _(step, x):
    past, outputs = x[:0], []
    for token in x.split(1):
        output, past = step(token, past)
        outputs.append(output)
    return float((torch.cat(outputs) - step(x, x[:0])[0]).square().sum())


@wrong("19.cache_error", "the first half at once, the second half at once")
def _(step, x):
    half = max(1, len(x) // 2)
    first, past = step(x[:half], x[:0])
    parts = [first]
    if half < len(x):
        parts.append(step(x[half:], past)[0])
    return float((torch.cat(parts) - step(x, x[:0])[0]).abs().max())


@wrong("19.cache_error", "the second output alone")
def _(step, x):
    whole, _ = step(x, x[:0])
    first, past = step(x[:1], x[:0])
    if len(x) == 1:
        return float((first - whole).abs().max())
    return float((step(x[1:2], past)[0] - whole[1:2]).abs().max())


@wrong("19.cache_error", "the past of one step before")
def _(step, x):
    pasts, outputs = [x[:0], x[:0]], []
    for token in x.split(1):
        output, past = step(token, pasts[-2])
        pasts.append(past)
        outputs.append(output)
    return float((torch.cat(outputs) - step(x, x[:0])[0]).abs().max())


@wrong("19.cache_error", "the first feature alone")
def _(step, x):
    past, outputs = x[:0], []
    for token in x.split(1):
        output, past = step(token, past)
        outputs.append(output)
    return float((torch.cat(outputs) - step(x, x[:0])[0])[:, 0].abs().max())


def slopes(loss, weights):
    leaf = weights.detach().clone().requires_grad_()
    loss(leaf).backward()
    return leaf.grad


@wrong("19.dead_rows", "smaller than a thousandth of the largest gradient")
def _(loss, weights):
    sizes = slopes(loss, weights).abs().amax(dim=1)
    return sizes < 1e-3


@wrong("19.dead_rows", "rows whose gradient is exactly the mean of itself")
def _(loss, weights):
    gradient = slopes(loss, weights)
    return gradient.mean(dim=1) == 0


@wrong("19.dead_rows", "the last number decides")
def _(loss, weights):
    return slopes(loss, weights)[:, -1] == 0


@wrong("19.dead_rows", "the row is left out, and the loss compared")
def _(loss, weights):
    before, dead = loss(weights), []
    for row in range(len(weights)):
        without = weights.clone()
        without[row] = 0
        dead.append(bool(torch.isclose(loss(without), before, atol=1e-12)))
    return torch.tensor(dead)


@wrong("19.dead_rows", "living rows have positive gradients")
def _(loss, weights):
    return ~(slopes(loss, weights) > 0).any(dim=1)


@wrong("19.dead_rows", "the largest is 0, though all may be negative")
def _(loss, weights):
    return slopes(loss, weights).amax(dim=1) <= 0


@wrong("19.evidence_of_a_leak", "base 10")
def _(losses, chances):
    leads = -np.log10(chances) - losses
    return float(leads.mean() / (leads.std(ddof=1) / np.sqrt(len(leads))))


@wrong("19.evidence_of_a_leak", "the median lead")
def _(losses, chances):
    leads = -np.log(chances) - losses
    return float(np.median(leads) / (leads.std(ddof=1) / np.sqrt(len(leads))))


@wrong("19.evidence_of_a_leak", "the sum of the leads over the standard error")
def _(losses, chances):
    leads = -np.log(chances) - losses
    return float(leads.sum() / (leads.std(ddof=1) / np.sqrt(len(leads))))


@wrong("19.evidence_of_a_leak", "the spread of the source's losses")
def _(losses, chances):
    source = -np.log(chances)
    return float((source - losses).mean() / (source.std(ddof=1) / np.sqrt(len(source))))


@wrong("19.evidence_of_a_leak", "divided by the root of n in place of multiplied")
def _(losses, chances):
    leads = -np.log(chances) - losses
    return float(leads.mean() / leads.std(ddof=1) / np.sqrt(len(leads)))


@wrong("19.evidence_of_a_leak", "the probabilities of both are compared")
def _(losses, chances):
    leads = np.exp(-losses) - chances
    return float(leads.mean() / (leads.std(ddof=1) / math.sqrt(len(leads))))


@wrong("19.evidence_of_a_leak", "how far the mean lead is from 0, either way")
def _(losses, chances):
    leads = -np.log(chances) - losses
    return float(np.abs(leads.mean()) / (leads.std(ddof=1) / np.sqrt(leads.size)))


@wrong("19.evidence_of_a_leak", "numpy's own standard deviation")
def _(losses, chances):
    leads = -np.log(chances) - losses
    return float(np.sqrt(len(leads)) * leads.mean() / np.std(leads))


@wrong("19.dead_rows", "the gradients are rounded first")
def _(loss, weights):
    return (slopes(loss, weights).round(decimals=4) == 0).all(dim=1)
