"""Right answers to chapter 02."""

import math
from fractions import Fraction

import numpy as np
import torch

from answers import right


@right("02.softmax", "logaddexp.reduce for the denominator")
def _(scores):
    return np.exp(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True))


@right("02.softmax", "one over the sum of exponentials of differences, overflow silenced")
def _(scores):
    with np.errstate(over="ignore"):
        return 1 / np.exp(scores[..., None, :] - scores[..., :, None]).sum(axis=-1)


@right("02.softmax", "math.exp in lists, row by row")
def _(scores):
    def row(numbers):
        top = max(numbers)
        powers = [math.exp(number - top) for number in numbers]
        total = math.fsum(powers)
        return [power / total for power in powers]
    return np.apply_along_axis(lambda numbers: np.array(row(numbers.tolist())), -1, scores)


@right("02.softmax", "powers of two instead of e")
def _(scores):
    bits = (scores - scores.max(-1)[..., None]) * math.log2(math.e)
    powers = np.exp2(bits)
    return np.divide(powers, np.sum(powers, -1, keepdims=True))


@right("02.softmax", "torch.logsumexp and back to numpy")
def _(scores):
    s = torch.tensor(scores)
    return s.sub(s.logsumexp(-1, keepdim=True)).exp().numpy()


@right("02.softmax", "in place on a copy, keys moved to the front")
def _(scores):
    work = np.array(np.moveaxis(scores, -1, 0))
    work -= work.max(axis=0)
    np.exp(work, out=work)
    work /= work.sum(axis=0)
    return np.moveaxis(work, 0, -1)


@right("02.softmax", "float32 throughout")
def _(scores):
    single = scores.astype(np.float32)
    single = np.exp(single - single.max(axis=-1, keepdims=True))
    return single / single.sum(axis=-1, keepdims=True, dtype=np.float32)


@right("02.softmax_with_temperature", "logaddexp.reduce on scores that are divided first")
def _(scores, temperature):
    cooled = np.multiply(scores, 1 / temperature)
    return np.exp(cooled - np.logaddexp.reduce(cooled, axis=-1)[..., np.newaxis])


@right("02.softmax_with_temperature", "the maximum subtracted before the division")
def _(scores, temperature):
    gap = scores - np.amax(scores, axis=-1, keepdims=True)
    power = np.exp(gap / temperature)
    return power / np.einsum("...k->...", power)[..., None]


@right("02.softmax_with_temperature", "exp2 with the temperature folded into the base")
def _(scores, temperature):
    base = 1 / (temperature * math.log(2))
    powers = np.exp2((scores - scores.max(axis=-1, keepdims=True)) * base)
    return powers / powers.sum(axis=-1, keepdims=True)


@right("02.softmax_with_temperature", "a closure over a helper that does one row in pure python")
def _(scores, temperature):
    def softened(row):
        highest = max(row)
        parts = list(map(lambda s: math.exp((s - highest) / temperature), row))
        return [part / sum(parts) for part in parts]
    rows = [softened(row) for row in scores.reshape(-1, scores.shape[-1]).tolist()]
    return np.reshape(rows, scores.shape)


@right("02.softmax_with_temperature", "one over the sum of ratios to all keys")
def _(scores, temperature):
    with np.errstate(over="ignore"):
        ratios = np.exp((scores[..., None, :] - scores[..., :, None]) / temperature)
    return np.reciprocal(ratios.sum(axis=-1))


@right("02.log_softmax", "logaddexp.reduce")
def _(scores):
    return scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True)


@right("02.log_softmax", "a loop of np.logaddexp over the keys")
def _(scores):
    total = np.full(scores.shape[:-1], -np.inf)
    for column in np.moveaxis(scores, -1, 0):
        total = np.logaddexp(total, column)
    return scores - total[..., None]


@right("02.log_softmax", "log1p of the sum without the largest")
def _(scores):
    order = np.sort(scores, axis=-1)
    largest = order[..., -1:]
    rest = np.exp(order[..., :-1] - largest).sum(axis=-1, keepdims=True)
    return scores - largest - np.log1p(rest)


@right("02.log_softmax", "minus the log of sums of differences, each with its own maximum")
def _(scores):
    differences = scores[..., None, :] - scores[..., :, None]
    top = differences.max(-1, keepdims=True)
    return -(top[..., 0] + np.log(np.exp(differences - top).sum(-1)))


@right("02.log_softmax", "torch.logsumexp")
def _(scores):
    return scores - torch.logsumexp(torch.from_numpy(scores.copy()), dim=-1, keepdim=True).numpy()


@right("02.log_softmax", "filled into a float32 buffer")
def _(scores):
    filled = np.zeros(scores.shape, dtype=np.float32)
    for place in np.ndindex(*scores.shape[:-1]):
        row = scores[place]
        filled[place] = row - row.max() - math.log(math.fsum(np.exp(row - row.max())))
    return filled


@right("02.softmax_jacobian", "filled into a float32 buffer, entry by entry")
def _(weights):
    n = weights.shape[-1]
    filled = np.zeros((*weights.shape, n), dtype=np.float32)
    for *batch, i, j in np.ndindex(*filled.shape):
        w = weights[tuple(batch)]
        filled[(*batch, i, j)] = w[i] * (1 - w[i]) if i == j else -w[i] * w[j]
    return filled


@right("02.softmax_jacobian", "einsum of weights with an identity minus weights")
def _(weights):
    n = weights.shape[-1]
    return np.einsum("...i,...ij->...ij", weights, np.eye(n) - weights[..., None, :])


@right("02.softmax_jacobian", "minus the outer product, then the weights added onto the diagonal in place")
def _(weights):
    jacobian = -(weights[..., :, None] * weights[..., None, :])
    place = np.arange(weights.shape[-1])
    jacobian[..., place, place] += weights
    return jacobian


@right("02.softmax_jacobian", "np.diag minus np.outer for each row of the flattened batch")
def _(weights):
    rows = weights.reshape(-1, weights.shape[-1])
    return np.array([np.diag(w) - np.outer(w, w) for w in rows]).reshape(*weights.shape, -1)


@right("02.softmax_jacobian", "torch's autograd on the logarithms of the weights")
def _(weights):
    def one(w):
        return torch.autograd.functional.jacobian(lambda s: torch.softmax(s, 0), torch.tensor(w).log()).numpy()
    return np.stack([one(w) for w in weights.reshape(-1, weights.shape[-1])]).reshape(*weights.shape, weights.shape[-1])


@right("02.softmax_jacobian", "exact fractions and list comprehensions")
def _(weights):
    def table(row):
        exact = [Fraction(w) for w in row]
        return [[float(a * ((i == j) - b)) for j, b in enumerate(exact)] for i, a in enumerate(exact)]
    tables = [table(row) for row in weights.reshape(-1, weights.shape[-1]).tolist()]
    return np.array(tables).reshape(weights.shape + weights.shape[-1:])


@right("02.softmax", "extended precision to the end")
def _(scores):
    powers = np.exp(scores.astype(np.longdouble) - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


right("02.softmax", "a lambda, with overflow that is only a warning")(
    lambda scores: 1 / np.exp(scores[..., None, :] - scores[..., None]).sum(axis=-1))


@right("02.log_softmax", "a masked array that leaves each row's largest out of the sum")
def _(scores):
    largest = scores.argmax(axis=-1)[..., None]
    top = np.take_along_axis(scores, largest, axis=-1)
    others = np.ma.masked_array(scores - top, mask=np.arange(scores.shape[-1]) == largest)
    return scores - top - np.log1p(np.exp(others).sum(axis=-1, keepdims=True).filled(0))
