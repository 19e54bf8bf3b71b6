"""Right answers to chapter 00."""

import functools
import itertools
import math
import operator

import numpy as np
import torch

from answers import right


@right("00.mean_over_tokens", "einsum with an ellipsis, then divided by the number of tokens")
def _(x):
    return np.einsum("...tf->...f", x) / x.shape[-2]


@right("00.mean_over_tokens", "a row of 1/n times the matrix")
def _(x):
    tokens = x.shape[-2]
    return (np.full((1, tokens), 1 / tokens) @ x)[..., 0, :]


@right("00.mean_over_tokens", "recursion over the batch axes, math.fsum over the tokens")
def _(x):
    if x.ndim > 2:
        return np.stack([_plain_mean(one) for one in x.reshape(-1, *x.shape[-2:])]).reshape(*x.shape[:-2], x.shape[-1])
    return _plain_mean(x)


def _plain_mean(matrix):
    return np.array([math.fsum(column) / len(column) for column in zip(*matrix.tolist(), strict=True)])


@right("00.mean_over_tokens", "a running mean, token by token")
def _(x):
    by_token = np.moveaxis(x, -2, 0)
    mean = np.zeros(by_token.shape[1:])
    for count, token in enumerate(by_token, start=1):
        mean += (token - mean) / count
    return mean


@right("00.mean_over_tokens", "through torch and back")
def _(x):
    return torch.from_numpy(np.array(x)).mean(dim=-2).numpy()


@right("00.mean_over_tokens", "added up in a float32 buffer")
def _(x):
    total = np.zeros((*x.shape[:-2], x.shape[-1]), dtype=np.float32)
    for token in range(x.shape[-2]):
        total += x[..., token, :]
    return total / np.float32(x.shape[-2])


@right("00.swap_queries_and_keys", "einsum that only renames axes")
def _(scores):
    return np.einsum("...qk->...kq", scores)


@right("00.swap_queries_and_keys", "a permutation of all axes, written out")
def _(scores):
    axes = list(range(scores.ndim))
    axes[-2:] = reversed(axes[-2:])
    return np.ascontiguousarray(scores.transpose(*axes))


@right("00.swap_queries_and_keys", "columns taken one by one and stacked")
def _(scores):
    return np.stack([scores[..., key] for key in range(scores.shape[-1])], axis=-2)


@right("00.swap_queries_and_keys", "zip(*rows) for every matrix of the flattened batch")
def _(scores):
    *batch, queries, keys = scores.shape
    matrices = [list(zip(*matrix, strict=True)) for matrix in scores.reshape(-1, queries, keys).tolist()]
    return np.array(matrices).reshape(*batch, keys, queries)


@right("00.swap_queries_and_keys", "the attribute for matrix transposes")
def _(scores):
    return scores.mT


@right("00.add_to_every_token", "two loops that fill a copy in place")
def _(x, shift):
    moved = x.copy()
    for sentence, tokens in enumerate(moved):
        for token in tokens:
            token += shift[sentence]
    return moved


@right("00.add_to_every_token", "the shift repeated for each token")
def _(x, shift):
    return np.add(x, np.repeat(shift.reshape(len(shift), 1, -1), x.shape[1], axis=1))


@right("00.add_to_every_token", "tokens moved to the front so that plain broadcasting works")
def _(x, shift):
    return (x.swapaxes(0, 1) + shift).swapaxes(0, 1)


@right("00.add_to_every_token", "map of operator.add, sentence by sentence")
def _(x, shift):
    return np.array(list(map(operator.add, x, shift[:, None])))


@right("00.add_to_every_token", "reduce over two views")
def _(x, shift):
    return functools.reduce(np.add, (x, np.broadcast_to(shift[:, np.newaxis], x.shape)))


@right("00.add_to_every_token", "an output array given to ufunc, filled by itertools.product")
def _(x, shift):
    out = np.empty_like(x)
    for b, t in itertools.product(*map(range, x.shape[:2])):
        np.add(x[b, t], shift[b], out=out[b, t])
    return out
