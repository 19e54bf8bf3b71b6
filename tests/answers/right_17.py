"""Right answers to chapter 17."""

import math

import numpy as np
import torch
from torch.nn import functional

from answers import right


@right("17.graph_mask", "a sparse tensor made dense")
def _(edges, nodes):
    loops = torch.arange(nodes).repeat(2, 1)
    everything = torch.cat([edges.flip(0), loops], dim=1)
    table = torch.sparse_coo_tensor(everything, torch.ones(everything.shape[1]), (nodes, nodes))
    return table.to_dense() != 0


@right("17.graph_mask", "flat places, written in one go")
def _(edges, nodes):
    sources, targets = edges
    mask = torch.zeros(nodes * nodes, dtype=torch.bool)
    mask[targets * nodes + sources] = True
    mask[:: nodes + 1] = True
    return mask.view(nodes, nodes)


@right("17.graph_mask", "a set of pairs, asked for every place")
def _(edges, nodes):
    pairs = {(int(s), int(t)) for s, t in zip(edges[0], edges[1])}
    return torch.tensor([[(k, q) in pairs or q == k for k in range(nodes)] for q in range(nodes)])


@right("17.graph_mask", "numpy's add.at, and the diagonal at the end")
def _(edges, nodes):
    counts = np.zeros((nodes, nodes), dtype=int)
    np.add.at(counts, (edges[1].numpy(), edges[0].numpy()), 1)
    np.fill_diagonal(counts, 1)
    return torch.from_numpy(counts > 0)


@right("17.neighbour_weights", "rows with neighbours computed apart from the rest")
def _(scores, mask):
    some = mask.any(dim=1)
    weights = torch.zeros_like(scores)
    hidden = scores[some].masked_fill(~mask[some], float("-inf"))
    weights[some] = functional.softmax(hidden, dim=-1)
    return weights


@right("17.neighbour_weights", "log-sum-exp of what is seen")
def _(scores, mask):
    rows = []
    for row, seen in zip(scores, mask):
        if not seen.any():
            rows.append(torch.zeros_like(row))
            continue
        total = torch.logsumexp(row[seen], dim=0)
        rows.append(torch.where(seen, torch.exp(torch.where(seen, row - total, 0)), 0))
    return torch.stack(rows)


@right("17.neighbour_weights", "a number so low that no score comes near, and zeros at the end")
def _(scores, mask):
    low = torch.finfo(scores.dtype).min / 4
    return torch.softmax(torch.where(mask, scores, low), 1) * mask


@right("17.neighbour_weights", "an extra key that everyone sees and nobody keeps, only where a row is empty")
def _(scores, mask):
    empty = ~mask.any(1)
    sink = torch.where(empty, 0.0, -math.inf)[:, None].to(scores)
    padded = torch.cat([sink, scores.masked_fill(~mask, -math.inf)], dim=1)
    return padded.softmax(dim=1)[:, 1:]


@right("17.gat_scores", "einsum for the projection, halves by slicing")
def _(nodes, weight, vector):
    h = torch.einsum("nf,wf->nw", nodes, weight)
    w = weight.shape[0]
    e = h @ vector[:w].unsqueeze(1) + (h @ vector[w:].unsqueeze(1)).T
    return functional.leaky_relu(e, 0.2)


@right("17.gat_scores", "all pairs expanded and concatenated")
def _(nodes, weight, vector):
    h = nodes @ weight.mT
    n, w = h.shape
    pairs = torch.cat([h[:, None].expand(n, n, w), h[None].expand(n, n, w)], dim=-1)
    return torch.nn.LeakyReLU(0.2)(pairs @ vector)


@right("17.gat_scores", "two loops, as the formula says")
def _(nodes, weight, vector):
    def leaky(x):
        return x if x > 0 else 0.2 * x
    h = [weight @ node for node in nodes]
    return torch.stack([torch.stack([leaky(torch.hstack([q, k]) @ vector) for k in h]) for q in h])


@right("17.gat_scores", "outer sum by broadcasting two matrices of one number a node")
def _(nodes, weight, vector):
    halves = vector.reshape(2, len(weight))
    parts = nodes @ weight.T @ halves.T
    sums = parts[:, 0:1] + parts[:, 1:2].T
    return 0.6 * sums + 0.4 * sums.abs()


@right("17.gatv2_scores", "pairs expanded, one linear map")
def _(nodes, weight, vector):
    n, f = nodes.shape
    pairs = torch.cat([nodes[:, None].expand(n, n, f), nodes[None].expand(n, n, f)], dim=-1)
    return functional.leaky_relu(functional.linear(pairs, weight), 0.2) @ vector


@right("17.gatv2_scores", "halves by slicing, and einsum at the end")
def _(nodes, weight, vector):
    f = nodes.shape[1]
    left, right_part = nodes @ weight[:, :f].T, nodes @ weight[:, f:].T
    met = functional.leaky_relu(left.unsqueeze(1) + right_part.unsqueeze(0), negative_slope=0.2)
    return torch.einsum("qkw,w->qk", met, vector)


@right("17.gatv2_scores", "two loops, as the formula says")
def _(nodes, weight, vector):
    table = []
    for i in nodes:
        row = []
        for j in nodes:
            z = weight @ torch.cat((i, j))
            row.append(torch.dot(vector, torch.maximum(z, z / 5)))
        table.append(torch.stack(row))
    return torch.stack(table)


@right("17.gatv2_scores", "column by column, with |x| in place of a condition")
def _(nodes, weight, vector):
    first, second = torch.split(weight, nodes.shape[1], dim=1)
    queries = nodes @ first.T
    columns = []
    for key in nodes:
        z = queries + second @ key
        columns.append((0.6 * z + 0.4 * torch.abs(z)) @ vector)
    return torch.stack(columns, dim=1)


@right("17.edge_attention", "sorted by target and split into neighbourhoods")
def _(scores, values, edges):
    order = edges[1].argsort(stable=True)
    counts = torch.bincount(edges[1], minlength=len(values)).tolist()
    out = []
    for part, who in zip(scores[order].split(counts), edges[0][order].split(counts)):
        out.append((part.softmax(0)[:, None] * values[who]).sum(0))
    return torch.stack(out)


@right("17.edge_attention", "for each node the edges that reach it")
def _(scores, values, edges):
    rows = []
    for node in range(values.shape[0]):
        reads = (edges[1] == node).nonzero().flatten()
        if reads.numel() == 0:
            rows.append(torch.zeros_like(values[0]))
        else:
            rows.append(functional.softmax(scores[reads], dim=0) @ values[edges[0, reads]])
    return torch.stack(rows)


@right("17.edge_attention", "a matrix of targets and edges that is multiplied")
def _(scores, values, edges):
    reach = torch.arange(len(values))[:, None] == edges[1]
    largest = [scores[row].max().detach() if row.any() else scores.new_zeros(()) for row in reach]
    shift = torch.stack(largest)[edges[1]] if len(scores) else scores
    powers = torch.exp(scores - shift)
    table = reach.to(powers) * powers
    total = table.sum(dim=1, keepdim=True)
    return table @ values[edges[0]] / torch.where(total > 0, total, 1.0)


@right("17.edge_attention", "scatter_add, numerators and denominators apart")
def _(scores, values, edges):
    source, target = edges
    n = values.shape[0]
    top = torch.zeros(n, dtype=scores.dtype).scatter_reduce(0, target, scores.detach(), "amax", include_self=False)
    p = (scores - top[target]).exp()
    below = torch.zeros(n, dtype=p.dtype).scatter_add(0, target, p)
    above = torch.zeros_like(values).scatter_add(0, target[:, None].expand(-1, values.shape[1]), p[:, None]
                                                 * values[source])
    return above / below.masked_fill(below == 0, 1)[:, None]


@right("17.unlabelled_accuracy", "a selection first, then numpy")
def _(scores, labels, given):
    rest = ~given
    if not rest.any():
        raise ValueError("all labels were given")
    return float(np.mean(scores[rest].numpy().argmax(axis=1) == labels[rest].numpy()))


@right("17.unlabelled_accuracy", "sums of booleans")
def _(scores, labels, given):
    held = given.logical_not()
    if held.sum() == 0:
        raise ValueError("nothing left to measure")
    hits = (torch.max(scores, dim=1).indices == labels) & held
    return hits.sum().item() / held.sum().item()


@right("17.unlabelled_accuracy", "sorted scores, in a loop")
def _(scores, labels, given):
    results = []
    for node in range(len(labels)):
        if given[node]:
            continue
        best = sorted(range(scores.shape[1]), key=lambda c, row=scores[node]: float(row[c]))[-1]
        results.append(best == labels[node])
    if results == []:
        raise ValueError
    return sum(map(float, results)) / len(results)
