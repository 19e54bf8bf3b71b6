"""Right answers to chapter 04."""

import functools
import itertools
import math
import operator

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from answers import right


@right("04.causal_mask", "tril of ones with a diagonal, turned to bool")
def _(queries, keys):
    return torch.ones(queries, keys).tril(keys - queries).bool()


@right("04.causal_mask", "a nested comprehension of comparisons")
def _(queries, keys):
    return torch.tensor([[key <= query for key in range(keys)] for query in range(keys - queries, keys)])


@right("04.causal_mask", "the last rows of the square mask from numpy")
def _(queries, keys):
    return torch.from_numpy(np.tri(keys, dtype=bool)[keys - queries:])


@right("04.causal_mask", "torch's finished float mask, where it is zero")
def _(queries, keys):
    return nn.Transformer.generate_square_subsequent_mask(keys).eq(0)[keys - queries:]


@right("04.causal_mask", "a running sum of an identity over the queries, flipped")
def _(queries, keys):
    own = functional.one_hot(torch.arange(keys - queries, keys), keys)
    return own.flip(1).cumsum(1).flip(1) > 0


@right("04.causal_mask", "meshgrid of positions")
def _(queries, keys):
    row, column = torch.meshgrid(torch.arange(queries), torch.arange(keys), indexing="ij")
    return torch.ge(row + (keys - queries), column)


@right("04.padding_mask", "lists of booleans, sentence by sentence")
def _(lengths, keys):
    return torch.tensor([[[True] * n + [False] * (keys - n)] for n in lengths.tolist()])


@right("04.padding_mask", "filled in place by slices")
def _(lengths, keys):
    mask = torch.zeros(len(lengths), 1, keys, dtype=torch.bool)
    for row, n in zip(mask, lengths, strict=True):
        row[:, :n] = True
    return mask


@right("04.padding_mask", "rows of the causal mask looked up by length")
def _(lengths, keys):
    table = torch.ones(keys + 1, keys).tril(-1).bool()
    return table[lengths.long()].unsqueeze(1)


@right("04.padding_mask", "cumsum of ones compared through numpy broadcasting")
def _(lengths, keys):
    return torch.from_numpy(np.less.outer(np.arange(keys), lengths.numpy()).T[:, None].copy())


@right("04.padding_mask", "torch.nn.utils.rnn.pad_sequence of ones")
def _(lengths, keys):
    rows = [torch.ones(int(n), dtype=torch.bool) for n in lengths] + [torch.ones(keys, dtype=torch.bool)]
    return nn.utils.rnn.pad_sequence(rows, batch_first=True)[:-1, None]


@right("04.combine_masks", "the product of booleans")
def _(causal, padding):
    return causal * padding


@right("04.combine_masks", "de morgan: neither hides it")
def _(causal, padding):
    return ~(~causal | ~padding)


@right("04.combine_masks", "the smaller of the two as whole numbers")
def _(causal, padding):
    return torch.minimum(causal.int(), padding.int()).bool()


@right("04.combine_masks", "torch.einsum of numbers, compared")
def _(causal, padding):
    return torch.einsum("qk,bok->bqk", causal.float(), padding.float()) > 0.5


@right("04.combine_masks", "hidden columns put out in a repeated copy")
def _(causal, padding):
    both = causal.repeat(len(padding), 1, 1)
    both[~padding.expand_as(both)] = False
    return both


@right("04.masked_weights", "the lowest float, a softmax, and the mask as a factor")
def _(scores, mask):
    return scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(dim=-1) * mask


@right("04.masked_weights", "minus infinity by torch.where, the NaN rows taken out afterwards")
def _(scores, mask):
    weights = functional.softmax(torch.where(mask, scores, -math.inf), dim=-1)
    return torch.where(mask.any(dim=-1, keepdim=True), weights, 0.0)


@right("04.masked_weights", "nan_to_num after a softmax of minus infinities")
def _(scores, mask):
    return torch.nan_to_num(torch.softmax(scores.masked_fill(mask.logical_not(), -torch.inf), -1), nan=0.0)


@right("04.masked_weights", "empty rows opened before the softmax and closed after it")
def _(scores, mask):
    empty = ~mask.any(-1, keepdim=True)
    return (scores.masked_fill(~(mask | empty), -torch.inf)).softmax(-1).masked_fill(empty, 0)


@right("04.masked_weights", "the steps by hand, with the sum of empty rows set to 1")
def _(scores, mask):
    low = torch.where(mask, scores, scores.min().detach() - 1)
    gap = torch.where(mask, scores - low.amax(-1, keepdim=True).detach(), 0.0)
    powers = gap.exp() * mask
    total = powers.sum(-1, keepdim=True)
    return powers / torch.where(total > 0, total, torch.ones_like(total))


@right("04.masked_weights", "row by row over the keys that are seen, put into a zero row")
def _(scores, mask):
    mask = mask.expand_as(scores)
    flat, seen = scores.reshape(-1, scores.shape[-1]), mask.reshape(-1, scores.shape[-1])

    def one(row, where):
        return torch.zeros_like(row).masked_scatter(where, row[where].softmax(0)) if where.any() else row * 0
    return torch.stack([one(*pair) for pair in zip(flat, seen, strict=True)]).reshape(scores.shape)


class _Weights(torch.autograd.Function):

    @staticmethod
    def forward(context, scores, mask):
        weights = scores.masked_fill(~mask, -torch.inf).softmax(-1).nan_to_num(0.0)
        context.save_for_backward(weights)
        return weights

    @staticmethod
    def backward(context, grad):
        weights, = context.saved_tensors
        return weights * (grad - (grad * weights).sum(-1, keepdim=True)), None


@right("04.masked_weights", "an autograd.Function with the backward pass by hand")
def _(scores, mask):
    return _Weights.apply(scores, mask)


@right("04.masked_weights", "log-softmax by logsumexp with a log of the mask added")
def _(scores, mask):
    hidden = torch.where(mask, 0.0, -1e30)
    low = torch.where(mask, scores, hidden)
    return (low - low.logsumexp(-1, keepdim=True)).exp() * mask


def _changes(x, times=12):
    random = torch.Generator().manual_seed(5)
    for t, time in itertools.product(range(len(x)), range(times)):
        changed = x.clone()
        noise = torch.randn(x.shape[1:], generator=random).to(x)
        changed[t] = noise * 10.0 ** (time % 4 - 1) + (x[t] if time % 2 else 0)
        yield t, changed


@right("04.leaks", "random changes of one token at many sizes, exact comparison")
def _(model, x):
    with torch.no_grad():
        before = model(x.clone()).clone()
        return any(not torch.equal(model(changed)[:t], before[:t]) for t, changed in _changes(x))


@right("04.leaks", "a numpy bool out of stacked differences")
def _(model, x):
    before = model(x.clone()).detach()
    gaps = [(model(changed).detach() - before)[:t].abs().sum().item() for t, changed in _changes(x)]
    return np.any(np.array(gaps) > 0)


@right("04.leaks", "the full jacobian at several random texts, upper triangle")
def _(model, x):
    random = torch.Generator().manual_seed(3)
    later = torch.ones(len(x), len(x), dtype=torch.bool).triu(1)

    def at(point):
        table = torch.autograd.functional.jacobian(model, point)
        return table.abs().sum(dim=(1, 3))[later].any().item()
    points = [x.detach().clone()] + [torch.randn(x.shape, generator=random).to(x) * s for s in (0.3, 1, 3, 10) * 4]
    return any(map(at, points))


@right("04.leaks", "everything behind a place replaced at once, every prefix")
def _(model, x):
    random = torch.Generator().manual_seed(1)

    def same(t, size):
        other = torch.cat([x[:t], size * torch.randn(x[t:].shape, generator=random).to(x)])
        return torch.equal(model(other)[:t], model(x.clone())[:t])
    return not all(same(t, s) for t in range(1, len(x)) for s in (0.1, 1.0, 10.0, 1000.0) * 3)


@right("04.leaks", "early return out of nested loops, plus and minus a change in each single number")
def _(model, x):
    base = model(x.clone()).detach().tolist()
    for t, i in np.ndindex(*x.shape):
        for change in (1e-2, -1e-2, 1.0, -1.0, 50.0, -50.0, 1e4, -1e4):
            moved = x.detach().clone()
            moved[t, i] += change
            after = model(moved).detach().tolist()
            if functools.reduce(operator.or_, (a != b for a, b in zip(after[:t], base[:t], strict=True)), False):
                return True
    return False


@right("04.masked_weights", "torch.masked.softmax, its NaN rows replaced")
def _(scores, mask):
    weights = torch.masked.softmax(scores, -1, mask=mask.expand_as(scores))
    return torch.where(mask, weights, 0.0)


@right("04.masked_weights", "torch.sparse.softmax over the places that the mask keeps")
def _(scores, mask):
    places = mask.expand_as(scores).nonzero().T
    kept = torch.sparse_coo_tensor(places, scores[tuple(places)], scores.shape)
    return torch.sparse.softmax(kept, dim=scores.ndim - 1).to_dense()


@right("04.causal_mask", "a cached mask that every call shares")
def _(queries, keys):
    return _square(keys)[keys - queries:]


@functools.cache
def _square(size):
    return torch.ones(size, size, dtype=torch.bool).tril()


@right("04.leaks", "torch.func.jacrev at the text and at random ones")
def _(model, x):
    torch.manual_seed(0)
    points = [x.detach().clone(), *(torch.randn_like(x) * size for size in (0.1, 1.0, 1.0, 5.0, 5.0, 20.0))]
    return any(bool(torch.func.jacrev(model)(p)[t, :, t + 1:].any()) for p in points for t in range(len(x)))


@right("04.combine_masks", "broadcast views stacked, and all of them asked")
def _(causal, padding):
    return torch.stack(torch.broadcast_tensors(causal, padding)).all(dim=0)


@right("04.leaks", "cuts the text off in place of changing a token")
def _(model, x):
    whole = model(x)
    for t in range(1, len(x)):
        short = model(x[:t])
        if not torch.allclose(short, whole[:t], atol=1e-10):
            return True
    return False


@right("04.leaks", "sets later tokens to zero")
def _(model, x):
    before = model(x)
    for t in range(1, len(x)):
        other = x.clone()
        other[t:] = 0
        if not torch.allclose(model(other)[:t], before[:t], atol=1e-10):
            return True
    return False
