"""Right answers to chapter 11."""

import functools
import itertools
import math

import numpy as np
import torch
from torch.nn import functional

from answers import right


@right("11.elman", "a buffer filled step by step, without writing into what has a gradient")
def _(x, state, input_weight, state_weight, bias):
    batch, tokens, _ = x.shape
    hidden = [state]
    for t in range(tokens):
        hidden += [torch.tanh(x[:, t, :].mm(input_weight) + hidden[t].mm(state_weight) + bias)]
    return torch.cat([h.view(batch, 1, -1) for h in hidden[1:]], dim=1)


@right("11.elman", "text by text with vectors, for who distrusts batches")
def _(x, state, input_weight, state_weight, bias):
    texts = []
    for text, h in zip(x, state):
        rows = []
        for token in text:
            h = torch.tanh(input_weight.T @ token + state_weight.T @ h + bias)
            rows.append(h)
        texts.append(torch.stack(rows))
    return torch.stack(texts)


@right("11.elman", "accumulate over the tokens, linear layers with transposed weights")
def _(x, state, input_weight, state_weight, bias):
    given = functional.linear(x, input_weight.T, bias).unbind(1)
    steps = itertools.accumulate(given, lambda h, a: torch.tanh(a + functional.linear(h, state_weight.T)),
                                 initial=state)
    return torch.stack(list(steps)[1:], 1)


@right("11.elman", "recursion, and tanh out of exponentials")
def _(x, state, input_weight, state_weight, bias):
    if x.shape[1] == 0:
        return x.new_zeros(len(x), 0, state.shape[1])
    total = torch.einsum("bw,wh->bh", x[:, 0], input_weight) + torch.einsum("bg,gh->bh", state, state_weight) + bias
    first = 2 * torch.sigmoid(2 * total) - 1

    def rest(h, left):
        if not left:
            return []
        h = torch.tanh(left[0] @ input_weight + h @ state_weight + bias)
        return [h, *rest(h, left[1:])]
    return torch.stack([first, *rest(first, list(x.unbind(1))[1:])], dim=1)


@right("11.elman", "a class with a step, token axis in front")
def _(x, state, input_weight, state_weight, bias):
    class Reader:
        def __init__(self):
            self.h = state

        def read(self, token):
            self.h = (token @ input_weight).add(self.h @ state_weight).add(bias).tanh()
            return self.h
    reader = Reader()
    return torch.stack([reader.read(token) for token in x.permute(1, 0, 2)]).permute(1, 0, 2)


@right("11.gru_step", "unflattened into (batch, 3, hidden)")
def _(x, hidden, input_weight, state_weight, input_bias, state_bias):
    a = (x @ input_weight + input_bias).unflatten(-1, (3, -1))
    s = (hidden @ state_weight + state_bias).unflatten(-1, (3, -1))
    r, z = torch.sigmoid(a[:, :2] + s[:, :2]).unbind(1)
    n = torch.tanh(a[:, 2] + r * s[:, 2])
    return n + z * (hidden - n)


@right("11.gru_step", "sizes taken from the weight, split, expit written out")
def _(x, hidden, input_weight, state_weight, input_bias, state_bias):
    def gate(total):
        return (1 + torch.exp(-total)).reciprocal()
    size = state_weight.shape[0]
    ar, az, an = torch.split(torch.addmm(input_bias, x, input_weight), size, dim=1)
    sr, sz, sn = torch.split(torch.addmm(state_bias, hidden, state_weight), size, dim=1)
    keep = gate(az + sz)
    return keep * hidden + (1 - keep) * torch.tanh(an + gate(ar + sr) * sn)


@right("11.gru_step", "text by text, number by number of the hidden vector")
def _(x, hidden, input_weight, state_weight, input_bias, state_bias):
    size, rows = hidden.shape[1], []
    for token, h in zip(x, hidden):
        a, s = token @ input_weight + input_bias, h @ state_weight + state_bias
        row = []
        for i in range(size):
            r = torch.sigmoid(a[i] + s[i])
            z = torch.sigmoid(a[size + i] + s[size + i])
            n = torch.tanh(a[2 * size + i] + r * s[2 * size + i])
            row.append(z * h[i] + (1 - z) * n)
        rows.append(torch.stack(row))
    return torch.stack(rows)


@right("11.gru_step", "1 - z as the sigmoid of the negated sum")
def _(x, hidden, input_weight, state_weight, input_bias, state_bias):
    a = functional.linear(x, input_weight.T, input_bias)
    s = functional.linear(hidden, state_weight.T, state_bias)
    h = hidden.size(-1)
    z_sum = a[..., h:2 * h] + s[..., h:2 * h]
    n = torch.tanh(a[..., 2 * h:] + s[..., 2 * h:] * (a[..., :h] + s[..., :h]).sigmoid())
    return z_sum.sigmoid() * hidden + (-z_sum).sigmoid() * n


@right("11.lstm_step", "unflattened into (batch, 4, hidden)")
def _(x, hidden, cell, input_weight, state_weight, bias):
    i, f, g, o = (x @ input_weight + hidden @ state_weight + bias).unflatten(1, (4, -1)).unbind(1)
    cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
    return o.sigmoid() * cell.tanh(), cell


@right("11.lstm_step", "a list instead of a tuple, split by size, addmm")
def _(x, hidden, cell, input_weight, state_weight, bias):
    size = cell.shape[-1]
    total = torch.addmm(torch.addmm(bias, x, input_weight), hidden, state_weight)
    i, f, g, o = total.split(size, dim=-1)
    new = torch.mul(torch.sigmoid(f), cell) + torch.mul(torch.sigmoid(i), torch.tanh(g))
    return [torch.mul(torch.sigmoid(o), torch.tanh(new)), new]


@right("11.lstm_step", "the columns of each part picked by index, text by text")
def _(x, hidden, cell, input_weight, state_weight, bias):
    size = hidden.shape[1]
    results = []
    for token, h, c in zip(x, hidden, cell):
        def part(number, token=token, h=h):
            columns = torch.arange(number * size, (number + 1) * size)
            return token @ input_weight[:, columns] + h @ state_weight[:, columns] + bias[columns]
        c = torch.sigmoid(part(1)) * c + torch.sigmoid(part(0)) * torch.tanh(part(2))
        results.append((torch.sigmoid(part(3)) * torch.tanh(c), c))
    return torch.stack([h for h, _ in results]), torch.stack([c for _, c in results])


@right("11.lstm_step", "gates as halves of a shifted tanh")
def _(x, hidden, cell, input_weight, state_weight, bias):
    total = torch.hstack([x, hidden]) @ torch.vstack([input_weight, state_weight]) + bias
    i, f, g, o = torch.tensor_split(total, 4, dim=1)

    def gate(a):
        return 0.5 * (1 + torch.tanh(a / 2))
    c = gate(f) * cell + gate(i) * torch.tanh(g)
    return gate(o) * torch.tanh(c), c


@right("11.causal_convolution", "a plain loop over outputs and taps, as the formula has it")
def _(x, weight, bias, dilation):
    outputs, _, taps = weight.shape
    columns = []
    for t in range(x.shape[1]):
        y = bias.expand(len(x), outputs)
        for j in range(taps):
            at = t - (taps - 1 - j) * dilation
            if at >= 0:
                y = y + x[:, at] @ weight[:, :, j].T
        columns.append(y)
    return torch.stack(columns, dim=1)


@right("11.causal_convolution", "torch's convolution with padding, what is too much cut off at the end")
def _(x, weight, bias, dilation):
    reach = (weight.size(2) - 1) * dilation
    y = functional.conv1d(x.transpose(1, 2), weight, bias, padding=reach, dilation=dilation)
    return y[:, :, :y.size(2) - reach].transpose(1, 2)


@right("11.causal_convolution", "windows gathered by an index, one einsum")
def _(x, weight, bias, dilation):
    taps = weight.shape[-1]
    padded = functional.pad(x, (0, 0, (taps - 1) * dilation, 0))
    places = torch.arange(x.shape[1])[:, None] + dilation * torch.arange(taps)
    return torch.einsum("btkw,owk->bto", padded[:, places], weight) + bias


@right("11.causal_convolution", "each tap's contribution shifted to where it belongs")
def _(x, weight, bias, dilation):
    taps, tokens = weight.shape[2], x.shape[1]
    y = torch.zeros(len(x), tokens, len(weight), dtype=x.dtype) + bias
    for back in range(taps):
        part = x @ weight[:, :, taps - 1 - back].T
        shift = back * dilation
        if shift < tokens:
            y = y + functional.pad(part[:, :tokens - shift], (0, 0, shift, 0))
    return y


@right("11.causal_convolution", "an unfolded window of every token, of which some are kept")
def _(x, weight, bias, dilation):
    span = (weight.shape[-1] - 1) * dilation + 1
    windows = functional.pad(x.mT, (span - 1, 0)).unfold(-1, span, 1)[..., ::dilation]
    return torch.tensordot(windows.transpose(1, 2), weight, dims=([2, 3], [1, 2])) + bias


@right("11.receptive_field", "all choices of taps, by product")
def _(taps, dilations):
    sums = {sum(tap * d for tap, d in zip(chosen, dilations))
            for chosen in itertools.product(range(taps), repeat=len(dilations))}
    return 1 + (taps - 1) * sum(dilations), len(sums)


@right("11.receptive_field", "polynomials whose exponents are distances")
def _(taps, dilations):
    total = np.array([1])
    for d in dilations:
        layer = np.zeros((taps - 1) * d + 1, dtype=int)
        layer[::d] = 1
        total = np.convolve(total, layer)
    return len(total), int(np.count_nonzero(total))


@right("11.receptive_field", "bits of a number, shifted layer by layer")
def _(taps, dilations):
    seen = 1
    for d in dilations:
        seen = functools.reduce(int.__or__, (seen << tap * d for tap in range(taps)))
    return seen.bit_length(), bin(seen).count("1")


@right("11.receptive_field", "layers from the top down, a sorted list at the end")
def _(taps, dilations):
    needed = [0]
    for d in reversed(dilations):
        needed = sorted({place + j * d for place in needed for j in range(taps)})
    return needed[-1] - needed[0] + 1, len(needed)


@right("11.flops", "each product by its three sizes, the length by solving")
def _(tokens, width, parts):
    def product(a, b, c):
        return 2 * a * b * c
    attention = 4 * product(tokens, width, width) + product(tokens, width, tokens) + product(tokens, tokens, width)
    recurrence = sum(product(1, width, parts * width) * 2 for _ in range(tokens))
    return attention, recurrence, (parts - 2) * width + 1 if parts > 2 else 1


@right("11.flops", "count from 1 until it is dearer")
def _(tokens, width, parts):
    def attention(n):
        return 8 * n * width * width + 4 * n * n * width

    def recurrence(n):
        return 4 * n * parts * width * width
    return attention(tokens), recurrence(tokens), next(
        n for n in itertools.count(1) if attention(n) > recurrence(n))


@right("11.flops", "as floats, the length by the floor of the crossing")
def _(tokens, width, parts):
    attention = 4.0 * tokens * width * (2 * width + tokens)
    recurrence = 4.0 * tokens * width * parts * width
    crossing = recurrence / (4 * tokens * width) - 2 * width
    return attention, recurrence, max(math.floor(crossing) + 1, 1)


@right("11.gradient_by_distance", "torch's Jacobian, norms by linalg")
def _(model, x):
    last = torch.autograd.functional.jacobian(lambda tokens: model(tokens)[-1], x)
    return torch.linalg.vector_norm(last, dim=(0, 2)).flip(0)


@right("11.gradient_by_distance", "one-hot cotangents, token by token")
def _(model, x):
    x = x.clone().requires_grad_(True)
    out = model(x)
    total = [0.0] * len(x)
    for i in range(out.shape[1]):
        cotangent = torch.zeros_like(out)
        cotangent[-1, i] = 1.0
        gradient = torch.autograd.grad(out, x, cotangent, retain_graph=True)[0]
        for k in range(len(x)):
            total[k] = total[k] + (gradient[len(x) - 1 - k] ** 2).sum()
    return torch.stack([t.sqrt() for t in total])


@right("11.gradient_by_distance", "a loop over distances, each token a leaf of its own")
def _(model, x):
    leaves = [token.detach().clone().requires_grad_() for token in x]
    last = model(torch.stack(leaves))[-1]
    result = []
    for k in range(len(leaves)):
        rows = [torch.autograd.grad(h, leaves[-1 - k], retain_graph=True, allow_unused=True)[0] for h in last]
        matrix = torch.stack([torch.zeros_like(x[0]) if row is None else row for row in rows])
        result.append(torch.linalg.norm(matrix))
    return torch.tensor([float(norm) for norm in result], dtype=x.dtype)


@right("11.gradient_by_distance", "the trace of the Jacobian's square")
def _(model, x):
    jacobian = torch.autograd.functional.jacobian(model, x)[-1].movedim(1, 0)
    return torch.einsum("tow,tow->t", jacobian, jacobian).sqrt()[torch.arange(len(x)).flip(0)]
