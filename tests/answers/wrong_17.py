"""Wrong answers to chapter 17."""

import torch
from torch.nn import functional

from answers import wrong


@wrong("17.graph_mask", "sources are rows")
def _(edges, nodes):
    mask = torch.zeros(nodes, nodes, dtype=torch.bool)
    for s, t in edges.T:
        mask[s, t] = True
    return mask | torch.eye(nodes).bool()


@wrong("17.graph_mask", "friendship goes both ways")
def _(edges, nodes):
    mask = torch.eye(nodes, dtype=torch.bool)
    mask[edges[0], edges[1]] = True
    mask[edges[1], edges[0]] = True
    return mask


@wrong("17.graph_mask", "nobody sees itself")
def _(edges, nodes):
    mask = torch.zeros(nodes, nodes, dtype=torch.bool)
    mask[edges[1], edges[0]] = True
    return mask


@wrong("17.graph_mask", "True where a score shall be hidden")
def _(edges, nodes):
    hidden = torch.ones(nodes, nodes, dtype=torch.bool)
    hidden[edges[1], edges[0]] = False
    return hidden.fill_diagonal_(False)


@wrong("17.graph_mask", "the last node is left out of the self-loops")
def _(edges, nodes):
    mask = torch.zeros(nodes, nodes, dtype=torch.bool)
    mask[edges[1], edges[0]] = True
    for node in range(nodes - 1):
        mask[node, node] = True
    return mask


@wrong("17.graph_mask", "the diagonal is toggled, so a node with a self-loop does not see itself")
def _(edges, nodes):
    mask = torch.zeros(nodes, nodes, dtype=torch.bool)
    mask[edges[1], edges[0]] = True
    return mask ^ torch.eye(nodes, dtype=torch.bool)


@wrong("17.graph_mask", "only edges from a smaller to a larger number are kept, as in a causal mask")
def _(edges, nodes):
    mask = torch.eye(nodes, dtype=torch.bool)
    mask[edges[1], edges[0]] = True
    return mask.tril()


@wrong("17.neighbour_weights", "the softmax is taken before the mask")
def _(scores, mask):
    return functional.softmax(scores, dim=-1).masked_fill(~mask, 0)


@wrong("17.neighbour_weights", "rows without neighbours are NaN")
def _(scores, mask):
    return scores.masked_fill(mask.logical_not(), -torch.inf).softmax(-1)


@wrong("17.neighbour_weights", "−10⁹ everywhere, so that a node alone looks at all")
def _(scores, mask):
    return scores.masked_fill(~mask, -1e9).softmax(dim=-1)


@wrong("17.neighbour_weights", "masked after the softmax and divided by the sum, with a small number below")
def _(scores, mask):
    w = torch.softmax(scores, dim=1) * mask
    return w / (w.sum(dim=1, keepdim=True) + 1e-12)


@wrong("17.neighbour_weights", "no shift before the exponential")
def _(scores, mask):
    e = torch.exp(scores) * mask
    return e / e.sum(1, keepdim=True).clamp_min(1e-30)


@wrong("17.neighbour_weights", "hidden scores become 0")
def _(scores, mask):
    return functional.softmax(torch.where(mask, scores, torch.zeros_like(scores)), dim=1)


@wrong("17.neighbour_weights", "the sum goes down the columns")
def _(scores, mask):
    e = torch.where(mask, torch.exp(scores - scores.max()), 0.0)
    return e / e.sum(dim=0, keepdim=True).clamp(min=1e-30)


@wrong("17.neighbour_weights", "a mean over the neighbours")
def _(scores, mask):
    return mask.double() / mask.sum(dim=1, keepdim=True).clamp(min=1)


@wrong("17.neighbour_weights", "no gradient is kept")
def _(scores, mask):
    with torch.no_grad():
        return torch.nan_to_num(torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=1))


@wrong("17.gat_scores", "the key first, then the query")
def _(nodes, weight, vector):
    h = nodes @ weight.T
    w = len(weight)
    return functional.leaky_relu((h @ vector[w:])[:, None] + h @ vector[:w], 0.2)


@wrong("17.gat_scores", "torch's own slope")
def _(nodes, weight, vector):
    h = nodes @ weight.T
    first, second = vector.chunk(2)
    return functional.leaky_relu((h @ first)[:, None] + (h @ second)[None])


@wrong("17.gat_scores", "a plain ReLU")
def _(nodes, weight, vector):
    h = nodes @ weight.T
    first, second = vector.chunk(2)
    return torch.relu((h @ first)[:, None] + (h @ second)[None])


@wrong("17.gat_scores", "bent before the dot product")
def _(nodes, weight, vector):
    h = nodes @ weight.T
    n = len(h)
    pairs = torch.cat([h[:, None].expand(n, n, -1), h[None].expand(n, n, -1)], dim=-1)
    return functional.leaky_relu(pairs, 0.2) @ vector


@wrong("17.gat_scores", "nothing is bent")
def _(nodes, weight, vector):
    h = nodes @ weight.T
    first, second = vector.chunk(2)
    return (h @ first)[:, None] + (h @ second)


@wrong("17.gat_scores", "both parts are bent before they are added")
def _(nodes, weight, vector):
    h = nodes @ weight.T
    first, second = vector.chunk(2)
    return functional.leaky_relu(h @ first, 0.2)[:, None] + functional.leaky_relu(h @ second, 0.2)


@wrong("17.gat_scores", "the query's part is forgotten")
def _(nodes, weight, vector):
    h = nodes @ weight.T
    key = functional.leaky_relu(h @ vector[len(weight):], 0.2)
    return key[None].repeat(len(nodes), 1)


@wrong("17.gatv2_scores", "bent after the dot product, as in GAT")
def _(nodes, weight, vector):
    f = nodes.shape[1]
    met = (nodes @ weight[:, :f].T)[:, None] + nodes @ weight[:, f:].T
    return functional.leaky_relu(met @ vector, 0.2)


@wrong("17.gatv2_scores", "the table is turned")
def _(nodes, weight, vector):
    f = nodes.shape[1]
    met = nodes @ weight[:, :f].T + (nodes @ weight[:, f:].T)[:, None]
    return functional.leaky_relu(met, 0.2) @ vector


@wrong("17.gatv2_scores", "torch's own slope")
def _(nodes, weight, vector):
    f = nodes.shape[1]
    met = (nodes @ weight[:, :f].T)[:, None] + nodes @ weight[:, f:].T
    return functional.leaky_relu(met) @ vector


@wrong("17.gatv2_scores", "query and key are bent apart")
def _(nodes, weight, vector):
    f = nodes.shape[1]
    left, second = (functional.leaky_relu(nodes @ part.T, 0.2) for part in weight.split(f, dim=1))
    return (left[:, None] + second[None]) @ vector


@wrong("17.gatv2_scores", "nothing is bent")
def _(nodes, weight, vector):
    f = nodes.shape[1]
    return (nodes @ weight[:, :f].T @ vector)[:, None] + nodes @ weight[:, f:].T @ vector


@wrong("17.gatv2_scores", "a tanh in place of the LeakyReLU")
def _(nodes, weight, vector):
    f = nodes.shape[1]
    return torch.tanh((nodes @ weight[:, :f].T)[:, None] + nodes @ weight[:, f:].T) @ vector


@wrong("17.gatv2_scores", "a mean over the numbers, in place of a sum with the vector")
def _(nodes, weight, vector):
    f = nodes.shape[1]
    met = functional.leaky_relu((nodes @ weight[:, :f].T)[:, None] + nodes @ weight[:, f:].T, 0.2)
    return (met * vector).mean(dim=-1)


@wrong("17.edge_attention", "the rows of `edges` are mixed up")
def _(scores, values, edges):
    target, source = edges
    rows = []
    for node in range(len(values)):
        here = target == node
        rows.append(functional.softmax(scores[here], dim=0) @ values[source[here]])
    return torch.stack(rows)


@wrong("17.edge_attention", "one softmax for the whole graph")
def _(scores, values, edges):
    weights = functional.softmax(scores, dim=0)
    return torch.zeros_like(values).index_add(0, edges[1], weights.unsqueeze(1) * values[edges[0]])


@wrong("17.edge_attention", "assignment by index, so later edges overwrite earlier ones")
def _(scores, values, edges):
    source, target = edges
    top = scores.new_full((len(values),), -torch.inf).scatter_reduce(0, target, scores.detach(), "amax")
    p = torch.exp(scores - top[target])
    weights = p / torch.zeros(len(values), dtype=p.dtype).index_add(0, target, p)[target]
    out = torch.zeros_like(values)
    out[target] = weights[:, None] * values[source]
    return out


@wrong("17.edge_attention", "the global maximum is subtracted")
def _(scores, values, edges):
    p = torch.exp(scores - (scores.max() if scores.numel() else 0))
    total = torch.zeros(len(values), dtype=p.dtype).index_add(0, edges[1], p)
    return torch.zeros_like(values).index_add(0, edges[1], (p / total[edges[1]])[:, None] * values[edges[0]])


@wrong("17.edge_attention", "no maximum is subtracted")
def _(scores, values, edges):
    p = scores.exp()
    total = torch.zeros(len(values), dtype=p.dtype).index_add(0, edges[1], p)
    return torch.zeros_like(values).index_add(0, edges[1], (p / total[edges[1]])[:, None] * values[edges[0]])


@wrong("17.edge_attention", "divided at the end, so that nodes that read nobody are NaN")
def _(scores, values, edges):
    source, target = edges
    top = scores.new_full((len(values),), -torch.inf).scatter_reduce(0, target, scores.detach(), "amax")
    p = torch.exp(scores - top[target])
    above = torch.zeros_like(values).index_add(0, target, p[:, None] * values[source])
    return above / torch.zeros(len(values), dtype=p.dtype).index_add(0, target, p)[:, None]


@wrong("17.edge_attention", "a table of pairs, in which an edge that is there twice counts once")
def _(scores, values, edges):
    table = torch.full((len(values), len(values)), -torch.inf, dtype=scores.dtype)
    table = table.index_put((edges[1], edges[0]), scores)
    empty = torch.isinf(table).all(dim=1, keepdim=True)
    weights = torch.softmax(table.masked_fill(empty, 0.0), dim=1).masked_fill(empty, 0.0)
    return weights @ values


@wrong("17.edge_attention", "sigmoids in place of a softmax")
def _(scores, values, edges):
    return torch.zeros_like(values).index_add(0, edges[1], torch.sigmoid(scores)[:, None] * values[edges[0]])


@wrong("17.unlabelled_accuracy", "over all nodes")
def _(scores, labels, given):
    if given.all():
        raise ValueError
    return (scores.argmax(-1) == labels).float().mean().item()


@wrong("17.unlabelled_accuracy", "on the training nodes")
def _(scores, labels, given):
    if given.all():
        raise ValueError
    if not given.any():
        return 0.0
    return (scores.argmax(-1) == labels)[given].float().mean().item()


@wrong("17.unlabelled_accuracy", "divided by all nodes")
def _(scores, labels, given):
    if given.all():
        raise ValueError
    return ((scores.argmax(-1) == labels) & ~given).sum().item() / len(labels)


@wrong("17.unlabelled_accuracy", "nothing is raised")
def _(scores, labels, given):
    rest = ~given
    return ((scores.argmax(-1) == labels) & rest).sum().item() / max(int(rest.sum()), 1)


@wrong("17.unlabelled_accuracy", "in percent")
def _(scores, labels, given):
    if given.all():
        raise ValueError
    return 100.0 * (scores.argmax(-1) == labels)[~given].double().mean().item()


@wrong("17.unlabelled_accuracy", "how many, in place of which share")
def _(scores, labels, given):
    if given.all():
        raise ValueError
    return float((scores.argmax(-1) == labels)[~given].sum())


@wrong("17.unlabelled_accuracy", "the worst class is taken")
def _(scores, labels, given):
    if given.all():
        raise ValueError
    return (torch.argmin(scores, dim=1) == labels)[~given].double().mean().item()
