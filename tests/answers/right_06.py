"""Right answers to chapter 06."""

import functools
import itertools
import math
import types
from fractions import Fraction

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from answers import right


@right("06.split_heads", "chunks stacked on a new axis")
def _(x, heads):
    return torch.stack(x.chunk(heads, dim=-1), dim=1)


@right("06.split_heads", "unflatten and permute")
def _(x, heads):
    return x.unflatten(-1, (heads, -1)).permute(0, 2, 1, 3)


@right("06.split_heads", "windows of the last axis by unfold")
def _(x, heads):
    width = x.shape[-1] // heads
    return x.unfold(-1, width, width).movedim(2, 1)


@right("06.split_heads", "filled into a buffer like x, head by head")
def _(x, heads):
    batch, tokens, width = x.shape
    d = width // heads
    parts = x.new_zeros(batch, heads, tokens, d)
    for h in range(heads):
        parts[:, h] = x[..., h * d:(h + 1) * d]
    return parts


@right("06.split_heads", "einsum with a table of which number goes where")
def _(x, heads):
    d = x.shape[-1] // heads
    where = torch.eye(x.shape[-1], dtype=x.dtype).reshape(-1, heads, d)
    return torch.einsum("btw,whd->bhtd", x, where)


@right("06.split_heads", "strides by hand")
def _(x, heads):
    x = x.contiguous()
    (batch, tokens, width), d = x.shape, x.shape[-1] // heads
    return x.as_strided((batch, heads, tokens, d), (tokens * width, d, width, 1), x.storage_offset())


@right("06.merge_heads", "unbind and cat")
def _(x):
    return torch.cat(x.unbind(dim=1), dim=-1)


@right("06.merge_heads", "movedim and flatten")
def _(x):
    return x.movedim(1, 2).flatten(start_dim=2)


@right("06.merge_heads", "numpy's concatenate, where no gradient is asked for")
def _(x):
    return torch.from_numpy(np.concatenate(list(np.moveaxis(x.numpy(force=True), 1, 0)), axis=-1))


@right("06.merge_heads", "chained lists for each token")
def _(x):
    return torch.tensor([[list(itertools.chain(*token)) for token in zip(*heads, strict=True)] for heads in x.tolist()],
                        dtype=x.dtype)


@right("06.merge_heads", "reduce that puts one head behind another")
def _(x):
    return functools.reduce(lambda left, right_: torch.hstack([left.mT, right_.mT]).mT,
                            [x[:, h] for h in range(x.shape[1])])


def _one_head(q, k, v, mask=None):
    scores = q @ k.mT * q.shape[-1] ** -0.5
    return torch.softmax(scores if mask is None else scores.where(mask, -math.inf), dim=-1) @ v


@right("06.multi_head_attention", "a sum over heads, each with its own rows of the output weight")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    columns = (w.chunk(heads, dim=1) for w in (query_weight, key_weight, value_weight))
    return sum(_one_head(x @ q, x @ k, x @ v, mask) @ o
               for q, k, v, o in zip(*columns, output_weight.chunk(heads, dim=0), strict=True))


@right("06.multi_head_attention", "einsum from the first step to the last")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (torch.einsum("btm,mhd->bhtd", x, w.unflatten(1, (heads, -1)))
               for w in (query_weight, key_weight, value_weight))
    scores = torch.einsum("bhid,bhjd->bhij", q, k).div(math.sqrt(q.shape[-1]))
    scores = scores + torch.where(mask, 0.0, float("-inf"))
    mixed = torch.einsum("bhij,bhjd->bihd", functional.softmax(scores, dim=-1), v)
    return torch.einsum("bihd,hdm->bim", mixed, output_weight.unflatten(0, (heads, -1)))


@right("06.multi_head_attention", "heads folded into the batch axis, torch.bmm")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    batch, tokens, width = x.shape

    def fold(weight):
        return (x @ weight).view(batch, tokens, heads, -1).transpose(1, 2).reshape(batch * heads, tokens, -1)
    q, k, v = map(fold, (query_weight, key_weight, value_weight))
    scores = q.bmm(k.transpose(1, 2)) / torch.sqrt(torch.tensor(width / heads))
    powers = (scores - scores.amax(2, keepdim=True)).exp() * mask
    mixed = powers.bmm(v) / powers.sum(2, keepdim=True)
    return mixed.view(batch, heads, tokens, -1).permute(0, 2, 1, 3).reshape(batch, tokens, width) @ output_weight


@right("06.multi_head_attention", "queries of other heads' numbers zeroed instead of any splitting")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    width = x.shape[-1]
    head_of = torch.arange(width) // (width // heads)
    q, k, v = x @ query_weight, x @ key_weight, x @ value_weight
    result = torch.zeros_like(q)
    for h in range(heads):
        own = (head_of == h).to(x.dtype)
        scores = (q * own) @ k.transpose(1, 2) / math.sqrt(width // heads)
        scores[:, ~mask] = -math.inf
        weights = scores.softmax(-1)
        result = result + weights @ (v * own)
    return result @ output_weight


@right("06.multi_head_attention", "functional.linear and a namespace of split projections")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    named = {"q": query_weight, "k": key_weight, "v": value_weight}
    made = types.SimpleNamespace(**{n: functional.linear(x, w.t()).tensor_split(heads, -1) for n, w in named.items()})
    joined = torch.cat([*map(_one_head, made.q, made.k, made.v, itertools.repeat(mask))], dim=2)
    return functional.linear(joined, output_weight.t())


@right("06.multi_head_attention", "float32 buffer that the heads are written into")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    joined, d = torch.zeros(x.shape), x.shape[-1] // heads
    for h in range(heads):
        part = slice(h * d, (h + 1) * d)
        q, k, v = (x @ w[:, part] for w in (query_weight, key_weight, value_weight))
        joined[..., part] = _one_head(q, k, v, mask)
    return joined.to(output_weight.dtype) @ output_weight


@right("06.parameter_count", "real linear layers on the meta device, counted")
def _(d_model, heads, key_heads, bias):
    narrow = d_model // heads * key_heads
    with torch.device("meta"):
        layers = nn.ModuleList(nn.Linear(d_model, n, bias=bias) for n in (d_model, narrow, narrow, d_model))
    return sum(parameter.numel() for parameter in layers.parameters())


@right("06.parameter_count", "one factor for inputs and bias")
def _(d_model, heads, key_heads, bias):
    outputs = 2 * d_model + 2 * key_heads * (d_model // heads)
    return (d_model + bias) * outputs


@right("06.parameter_count", "a fraction of the full width")
def _(d_model, heads, key_heads, bias):
    share = Fraction(key_heads, heads)
    return int(2 * (1 + share) * d_model * (d_model + int(bias)))


@right("06.parameter_count", "numpy integers from a sum of products of shapes")
def _(d_model, heads, key_heads, bias):
    key_width, _rest = divmod(d_model * key_heads, heads)
    shapes = [(d_model, d_model)] * 2 + [(d_model, key_width)] * 2
    return np.sum([math.prod(shape) + (shape[1] if bias else 0) for shape in shapes])


@right("06.grouped_query_attention", "torch's finished attention with enable_gqa, not forbidden here")
def _(queries, keys, values):
    return functional.scaled_dot_product_attention(queries, keys, values, enable_gqa=True)


@right("06.grouped_query_attention", "queries grouped on a fifth axis, keys broadcast")
def _(queries, keys, values):
    grouped = queries.unflatten(1, (keys.shape[1], -1))
    return _one_head(grouped, keys.unsqueeze(2), values.unsqueeze(2)).flatten(1, 2)


@right("06.grouped_query_attention", "the tokens of a group laid behind each other")
def _(queries, keys, values):
    batch, heads, tokens, d = queries.shape
    merged = queries.reshape(batch, keys.size(1), heads // keys.size(1) * tokens, d)
    return _one_head(merged, keys, values).reshape(queries.shape)


@right("06.grouped_query_attention", "a list of key heads looked up head by head")
def _(queries, keys, values):
    share = queries.shape[1] // keys.shape[1]
    return torch.stack([_one_head(queries[:, h], keys[:, h // share], values[:, h // share])
                        for h in range(queries.shape[1])], dim=1)


@right("06.grouped_query_attention", "einsum over group and member, keys indexed by floor division")
def _(queries, keys, values):
    which = torch.arange(queries.shape[1]).div(queries.shape[1] // keys.shape[1], rounding_mode="floor")
    scores = torch.einsum("bhtd,bhkd->bhtk", queries, keys[:, which]) / np.sqrt(queries.shape[-1])
    return torch.einsum("bhtk,bhkd->bhtd", scores.softmax(-1), values.index_select(1, which))


@right("06.grouped_query_attention", "an outer product with ones (kron) in place of repeat_interleave")
def _(queries, keys, values):
    ones = keys.new_ones(1, queries.shape[1] // keys.shape[1], 1, 1)
    return _one_head(queries, torch.kron(keys, ones), torch.kron(values, ones))


class _Attends(nn.Module):
    """A module whose weights are handed in with each call."""

    def __init__(self, scores_over=-1):
        super().__init__()
        self.weigh = nn.Softmax(dim=scores_over)

    def forward(self, queries, keys, values):
        share = queries.shape[-3] // keys.shape[-3]
        k, v = (t.repeat_interleave(share, dim=-3) for t in (keys, values))
        return self.weigh((queries / queries.shape[-1] ** 0.5).matmul(k.mT)).matmul(v)


right("06.grouped_query_attention", "an instance of a module in place of a function")(_Attends())


def _merge(x):
    return x.transpose(1, 2).flatten(2)


def _split(x, heads):
    batch, tokens, width = x.shape
    return x.view(batch, tokens, heads, width // heads).transpose(1, 2)


@right("06.multi_head_attention", "no maximum subtracted, which the prompt does not ask for")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    powers = torch.exp(q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~mask, 0)
    return _merge(powers / powers.sum(-1, keepdim=True) @ v) @ output_weight


@right("06.grouped_query_attention", "no maximum subtracted, which the prompt does not ask for")
def _(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    k, v = (t.repeat_interleave(group, dim=1) for t in (keys, values))
    powers = torch.exp(queries @ k.mT / math.sqrt(queries.shape[-1]))
    return powers @ v / powers.sum(-1, keepdim=True)


@right("06.multi_head_attention", "the logarithm of the mask added, which is 0 or minus infinity")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    scores = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(q.size(3)) + mask.log()
    return _merge(functional.softmax(scores, -1).matmul(v)) @ output_weight


@right("06.multi_head_attention", "hidden after the softmax and shared out again: the same but for huge scores")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    weights = torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, dim=-1) * mask.view(1, 1, *mask.shape)
    return _merge(weights / weights.sum(-1, keepdim=True) @ v) @ output_weight
