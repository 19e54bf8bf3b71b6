"""Wrong answers to chapter 05."""

import math

import torch

from answers import wrong


@wrong("05.project", "multiplies with the transposed matrices")
def _(x, query_weight, key_weight, value_weight):
    return x @ query_weight.T, x @ key_weight.T, x @ value_weight.T


@wrong("05.project", "wrong order: queries, values, keys")
def _(x, query_weight, key_weight, value_weight):
    q = x @ query_weight
    k = x @ key_weight
    v = x @ value_weight
    return q, v, k


@wrong("05.project", "copy and paste: the keys are made with the matrix of the queries")
def _(x, query_weight, key_weight, value_weight):
    queries = torch.matmul(x, query_weight)
    keys = torch.matmul(x, query_weight)
    values = torch.matmul(x, value_weight)
    return queries, keys, values


@wrong("05.project", "stacks the three into one tensor, which fails where values have another width")
def _(x, query_weight, key_weight, value_weight):
    return torch.stack([x @ w for w in (query_weight, key_weight, value_weight)])


@wrong("05.project", "joins the matrices and cuts into three equal parts, although d_v may differ from d_k")
def _(x, query_weight, key_weight, value_weight):
    joined = x @ torch.cat([query_weight, key_weight, value_weight], dim=1)
    q, k, v = joined.chunk(3, dim=-1)
    return q, k, v


@wrong("05.project", "keys and values are made from what came out before, not from x")
def _(x, query_weight, key_weight, value_weight):
    q = x @ query_weight
    x = q
    k = x @ key_weight
    x = k
    v = x @ value_weight
    return q, k, v


@wrong("05.project", "multiplies number by number: each feature by the row sum of the matrix")
def _(x, query_weight, key_weight, value_weight):
    return tuple(x * w.sum(dim=-1) for w in (query_weight, key_weight, value_weight))


@wrong("05.project", "divides the queries by the root of d_k already here")
def _(x, query_weight, key_weight, value_weight):
    q = x @ query_weight / math.sqrt(query_weight.shape[1])
    return q, x @ key_weight, x @ value_weight


@wrong("05.self_attention", "scores are not scaled")
def _(x, query_weight, key_weight, value_weight):
    q, k, v = x @ query_weight, x @ key_weight, x @ value_weight
    return torch.softmax(q @ k.transpose(-2, -1), dim=-1) @ v


@wrong("05.self_attention", "divides by the root of d_model instead of d_k")
def _(x, query_weight, key_weight, value_weight):
    q, k, v = x @ query_weight, x @ key_weight, x @ value_weight
    weights = (q @ k.mT / math.sqrt(x.shape[-1])).softmax(-1)
    return weights @ v


@wrong("05.self_attention", "divides by the root of d_v instead of d_k")
def _(x, query_weight, key_weight, value_weight):
    q, k, v = x @ query_weight, x @ key_weight, x @ value_weight
    return (q @ k.mT / v.shape[-1] ** 0.5).softmax(-1) @ v


@wrong("05.self_attention", "softmax over the queries")
def _(x, query_weight, key_weight, value_weight):
    q, k, v = x @ query_weight, x @ key_weight, x @ value_weight
    scores = q @ k.mT / math.sqrt(q.size(-1))
    return torch.softmax(scores, dim=-2) @ v


@wrong("05.self_attention", "mixes the tokens themselves: the matrix of the values is forgotten")
def _(x, query_weight, key_weight, value_weight):
    scores = (x @ query_weight) @ (x @ key_weight).mT
    weights = torch.softmax(scores / math.sqrt(key_weight.shape[1]), dim=-1)
    return weights @ x


@wrong("05.self_attention", "values are made from the keys instead of from the tokens")
def _(x, query_weight, key_weight, value_weight):
    q = x @ query_weight
    k = x @ key_weight
    weights = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1)
    return weights @ (k @ value_weight)


@wrong("05.self_attention", "x is detached for queries and keys, so part of its gradient is missing")
def _(x, query_weight, key_weight, value_weight):
    frozen = x.detach()
    q, k = frozen @ query_weight, frozen @ key_weight
    weights = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)
    return weights @ (x @ value_weight)


@wrong("05.self_attention", "keys and queries exchanged in the scores")
def _(x, query_weight, key_weight, value_weight):
    q, k, v = x @ query_weight, x @ key_weight, x @ value_weight
    scores = k @ q.mT / math.sqrt(q.shape[-1])
    return scores.softmax(dim=-1) @ v


@wrong("05.self_attention", "keys.T turns the batch around too")
def _(x, query_weight, key_weight, value_weight):
    q, k, v = x @ query_weight, x @ key_weight, x @ value_weight
    scores = q @ k.permute(*range(k.ndim - 1, -1, -1)) / math.sqrt(q.shape[-1])
    return scores.softmax(dim=-1) @ v


@wrong("05.self_attention", "adds a causal mask nobody asked for")
def _(x, query_weight, key_weight, value_weight):
    q, k, v = x @ query_weight, x @ key_weight, x @ value_weight
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    n = x.shape[-2]
    later = torch.ones(n, n, dtype=torch.bool).triu(1)
    return scores.masked_fill(later, -torch.inf).softmax(-1) @ v


@wrong("05.self_attention", "all sentences of a batch attend to one another: the batch is flattened")
def _(x, query_weight, key_weight, value_weight):
    flat = x.reshape(-1, x.shape[-1])
    q, k, v = flat @ query_weight, flat @ key_weight, flat @ value_weight
    out = torch.softmax(q @ k.T / math.sqrt(q.shape[-1]), dim=-1) @ v
    return out.reshape(*x.shape[:-1], -1)


@wrong("05.equivariance_error", "the outputs are not put into the new order before comparing")
def _(model, x, order):
    return (model(x[order]) - model(x)).abs().max().item()


@wrong("05.equivariance_error", "mean difference instead of the largest")
def _(model, x, order):
    return (model(x[order]) - model(x)[order]).abs().mean().item()


@wrong("05.equivariance_error", "absolute value forgotten: largest signed difference")
def _(model, x, order):
    return float(torch.max(model(x[order]) - model(x)[order]))


@wrong("05.equivariance_error", "uses the inverse permutation for the outputs")
def _(model, x, order):
    back = torch.argsort(order)
    return (model(x[order]) - model(x)[back]).abs().max().item()


@wrong("05.equivariance_error", "absolute value taken of each output before subtracting")
def _(model, x, order):
    return (model(x[order]).abs() - model(x)[order].abs()).abs().max().item()


@wrong("05.equivariance_error", "euclidean length of the difference instead of its largest entry")
def _(model, x, order):
    return torch.linalg.norm(model(x[order]) - model(x)[order]).item()


@wrong("05.equivariance_error", "difference of the two largest outputs instead of the largest difference")
def _(model, x, order):
    return abs(model(x[order]).abs().max() - model(x)[order].abs().max()).item()


@wrong("05.equivariance_error", "puts the outputs into the new order turned around")
def _(model, x, order):
    one = model(x[order])
    two = model(x)
    two = torch.stack([two[int(i)] for i in order.flip(0)])
    return (one - two).abs().max().item()


@wrong("05.equivariance_error", "says whether the outputs differ instead of by how much")
def _(model, x, order):
    return float(not torch.allclose(model(x[order]), model(x)[order]))


@wrong("05.equivariance_error", "squares the difference and forgets the root")
def _(model, x, order):
    return ((model(x[order]) - model(x)[order]) ** 2).max().item()


@wrong("05.equivariance_error", "ignores order and reverses the text")
def _(model, x, order):
    return (model(x.flip(0)) - model(x).flip(0)).abs().max().item()


@wrong("05.equivariance_error", "undoes the order by applying it once more instead of its inverse")
def _(model, x, order):
    return (model(x[order])[order] - model(x)).abs().max().item()


@wrong("05.read_other_text", "keys come from the other text as in cross-attention")
def _(x, other, query_weight, key_weight, value_weight):
    q = x @ query_weight
    k = other @ key_weight
    v = other @ value_weight
    return torch.softmax(q @ k.T / math.sqrt(q.shape[-1]), dim=-1) @ v


@wrong("05.read_other_text", "values come from x: the other text is never read")
def _(x, other, query_weight, key_weight, value_weight):
    q, k, v = x @ query_weight, x @ key_weight, x @ value_weight
    return torch.softmax(q @ k.T / math.sqrt(q.shape[-1]), dim=-1) @ v


@wrong("05.read_other_text", "everything comes from the other text")
def _(x, other, query_weight, key_weight, value_weight):
    x = other
    q, k, v = x @ query_weight, x @ key_weight, x @ value_weight
    return (q @ k.T / math.sqrt(k.shape[-1])).softmax(-1) @ v


@wrong("05.read_other_text", "reads the other text without the matrix of the values")
def _(x, other, query_weight, key_weight, value_weight):
    q, k = x @ query_weight, x @ key_weight
    return (q @ k.T / math.sqrt(k.shape[-1])).softmax(-1) @ other


@wrong("05.read_other_text", "adds both texts before making the values")
def _(x, other, query_weight, key_weight, value_weight):
    q, k = x @ query_weight, x @ key_weight
    v = (x + other) @ value_weight
    return (q @ k.T / math.sqrt(k.shape[-1])).softmax(-1) @ v


@wrong("05.read_other_text", "queries come from the other text, which thereby asks")
def _(x, other, query_weight, key_weight, value_weight):
    q = other @ query_weight
    k = x @ key_weight
    v = other @ value_weight
    return (q @ k.T / math.sqrt(k.shape[-1])).softmax(-1) @ v


@wrong("05.read_other_text", "scale forgotten")
def _(x, other, query_weight, key_weight, value_weight):
    weights = torch.softmax((x @ query_weight) @ (x @ key_weight).T, dim=1)
    return weights @ (other @ value_weight)


@wrong("05.read_other_text", "takes only the best token instead of a mixture")
def _(x, other, query_weight, key_weight, value_weight):
    best = ((x @ query_weight) @ (x @ key_weight).T).argmax(dim=-1)
    return (other @ value_weight)[best]


@wrong("05.project", "torch.mm works without a batch only")
def _(x, query_weight, key_weight, value_weight):
    return torch.mm(x, query_weight), torch.mm(x, key_weight), torch.mm(x, value_weight)


@wrong("05.self_attention", "softmax over dim 1, which are the keys only without a batch")
def _(x, query_weight, key_weight, value_weight):
    q, k, v = x @ query_weight, x @ key_weight, x @ value_weight
    return torch.softmax(q @ k.mT / math.sqrt(k.shape[-1]), dim=1) @ v


@wrong("05.self_attention", "no gradient reaches the matrix of the keys")
def _(x, query_weight, key_weight, value_weight):
    q, k, v = x @ query_weight, x @ key_weight.detach(), x @ value_weight
    return torch.softmax(q @ k.mT / math.sqrt(k.shape[-1]), dim=-1) @ v


@wrong("05.self_attention", "a token does not attend to itself")
def _(x, query_weight, key_weight, value_weight):
    q, k, v = x @ query_weight, x @ key_weight, x @ value_weight
    itself = torch.eye(x.shape[-2], dtype=torch.bool)
    scores = (q @ k.mT / math.sqrt(k.shape[-1])).masked_fill(itself, -1e9)
    return scores.softmax(-1) @ v


@wrong("05.equivariance_error", "absolute value taken after the maximum: the lowest difference is overlooked")
def _(model, x, order):
    difference = model(x[order]) - model(x)[order]
    return abs(difference.max().item())


@wrong("05.equivariance_error", "compares the last output only")
def _(model, x, order):
    return (model(x[order])[-1] - model(x)[order][-1]).abs().max().item()


@wrong("05.equivariance_error", "relative to the largest output")
def _(model, x, order):
    plain = model(x)[order]
    return ((model(x[order]) - plain).abs().max() / plain.abs().max()).item()


@wrong("05.equivariance_error", "rounds to a whole number")
def _(model, x, order):
    return float(round((model(x[order]) - model(x)[order]).abs().max().item()))


@wrong("05.read_other_text", "divides by the root of d_v")
def _(x, other, query_weight, key_weight, value_weight):
    q, k, v = x @ query_weight, x @ key_weight, other @ value_weight
    return (q @ k.T / math.sqrt(v.shape[-1])).softmax(-1) @ v
