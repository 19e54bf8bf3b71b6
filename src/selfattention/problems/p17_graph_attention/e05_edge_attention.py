import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p17_graph_attention.shared import some_edges


@exercise(points=4, minutes=15, builds_on="exercise 2 and lesson 17, three nodes, by hand", hints=(
    "Three steps: the power of each edge's score, the sum of the powers at each target, and what each edge brings.",
    "`out[targets] = …` writes one edge a target. Which of torch's functions *adds* all rows that have the same index?",
    "Which number may be subtracted from the scores of one target without changing its weights? Must it be the same "
    "for all targets?",
))
def edge_attention(scores: Float[Tensor, " edges"], values: Float[Tensor, "nodes width"],
                   edges: Int[Tensor, "2 edges"]) -> Float[Tensor, "nodes width"]:
    r"""Let each node attend to its in-neighbours, edge by edge, without a table of all pairs.

    A column of `edges` is one edge: above its source, whose value is read, below its target, which reads; `scores` has
    a number for each. The scores of all edges to one target go through a softmax, and the target gets the sum of the
    values of their sources, times these weights; a node that reads nobody gets zeros. An edge that is there twice
    counts twice. Nothing may become NaN, however large the scores are, and however far those of one target lie from
    those of another. Gradients must reach `scores` and `values`.
    """
    sources, targets = edges
    nodes = len(values)
    least = torch.full((nodes,), -torch.inf, dtype=scores.dtype)
    largest = least.scatter_reduce(0, targets, scores.detach(), "amax")
    powers = torch.exp(scores - largest[targets])
    sums = torch.zeros_like(least).index_add(0, targets, powers)
    weights = powers / sums[targets]
    return torch.zeros_like(values).index_add(0, targets, weights[:, None] * values[sources])


edge_attention.example(torch.tensor([0.0, 1.0986123, 5.0]), torch.tensor([[4.0], [20.0], [8.0]]),
                       torch.tensor([[0, 2, 1], [1, 1, 2]]))
edge_attention.example(torch.tensor([1000.0, 1000.0, -1000.0]), torch.tensor([[1.0], [3.0], [5.0]]),
                       torch.tensor([[1, 2, 0], [0, 0, 1]]))
edge_attention.example(torch.tensor([0.0, 0.0, 0.0]), torch.tensor([[2.0], [5.0]]),
                       torch.tensor([[0, 0, 1], [1, 1, 1]]))


def drawn(rng, nodes, width, loops=False):
    edges = some_edges(rng, nodes, loops=loops)
    return tensor(rng, edges.shape[1]), tensor(rng, nodes, width), edges


def node_by_node(scores, values, edges):
    """Each node looks for the edges that lead to it."""
    outputs = []
    for node in range(len(values)):
        here = edges[1] == node
        weights = torch.softmax(scores[here], dim=0)
        outputs.append((weights[:, None] * values[edges[0, here]]).sum(dim=0))
    return torch.stack(outputs)


@edge_attention.check("agrees with a loop over the nodes and their edges",
                      hint="In the first example node 1 reads nodes 0 and 2, with the powers 1 and 3. What does it "
                           "get?")
def agrees(answer, rng):
    for nodes, width, loops in ((7, 3, False), (5, 2, True), (11, 5, False)):
        given = drawn(rng, nodes, width, loops)
        probes.equal(answer(*given), node_by_node(*given))


@edge_attention.check("gives zeros to nodes that read nobody, and counts an edge twice that is there twice",
                      hint="What is the sum over no edge at all? And over two edges between the same nodes?")
def odd_graphs(answer, rng):
    _, values, edges = drawn(rng, 5, 3)
    for few in (edges[:, :0], edges[:, :1], torch.cat([edges, edges[:, :2]], dim=1), torch.tensor([[0], [0]])):
        given = tensor(rng, few.shape[1]), values, few
        probes.equal(answer(*given), node_by_node(*given))


@edge_attention.check("stays right with huge scores, also where targets lie far apart",
                      hint="The scores of one node are about 40,000, those of another about −40,000. What is "
                           "subtracted from each?")
def huge(answer, rng):
    scores, values, edges = drawn(rng, 7, 3)
    scores = torch.round(scores * 8) / 8
    far = torch.where(edges[1] % 2 == 0, 40960.0, -40960.0)
    for given in (1024 * scores, scores + far):
        probes.equal(answer(given, values, edges), node_by_node(given, values, edges))


@edge_attention.check("lets gradients reach scores and values", hint="Is anything detached, or made anew?")
def gradients(answer, rng):
    scores, values, edges = drawn(rng, 5, 3)
    probes.gradient_parity(answer, node_by_node, scores, values, edges, cotangent=tensor(rng, 5, 3))


def summed(nodes, index, rows):
    return torch.zeros(nodes, *rows.shape[1:], dtype=rows.dtype).index_add(0, index, rows)


def attended(scores, values, edges, *, by=1, read=0, to=1, shift="own", normalise=True):
    """The solution with one thing to be changed at a time: by whom softmaxes go, who is read, who gets it."""
    nodes, groups = len(values), edges[by]
    largest = torch.full((nodes,), -torch.inf, dtype=scores.dtype).scatter_reduce(0, groups, scores.detach(), "amax")
    shifts = {"own": largest[groups], "all": scores.detach().max() if len(scores) else 0.0, "none": 0.0}[shift]
    powers = torch.exp(scores - shifts)
    weights = powers / summed(nodes, groups, powers)[groups] if normalise else powers
    return summed(nodes, edges[to], weights[:, None] * values[edges[read]])


@edge_attention.mistake("has source and target exchanged: out-neighbours are read",
                        hint="Which row of `edges` holds who is read?")
def exchanged(scores, values, edges):
    return attended(scores, values, edges.flip(0))


@edge_attention.mistake("takes the softmax over all edges of a source",
                        hint="The weights of which edges sum to one: those that leave a node, or those that reach it?")
def by_source(*given):
    return attended(*given, by=0)


@edge_attention.mistake("takes one softmax over all edges of the graph",
                        hint="How many softmaxes are there: one, or one for each target?")
def one_softmax(scores, values, edges):
    weights = torch.softmax(scores, dim=0)
    return summed(len(values), edges[1], weights[:, None] * values[edges[0]])


@edge_attention.mistake("reads the value of the target",
                        hint="An edge brings something from where to where?")
def own_value(*given):
    return attended(*given, read=1)


@edge_attention.mistake("writes in place of adding: of several edges to a node only one is left",
                        hint="What does `out[[1, 1]] = …` leave in row 1? And `out[[1, 1]] += …`?")
def last_wins(scores, values, edges):
    weights = torch.zeros_like(scores)
    for node in range(len(values)):
        here = edges[1] == node
        weights = torch.where(here, torch.softmax(scores.masked_fill(~here, -1e300), dim=0), weights)
    brought = weights[:, None] * values[edges[0]]
    last = {int(target): place for place, target in enumerate(edges[1])}
    keep = torch.tensor([last[int(target)] == place for place, target in enumerate(edges[1])], dtype=torch.bool)
    return summed(len(values), edges[1], torch.where(keep[:, None], brought, torch.zeros_like(brought)))


@edge_attention.mistake("counts an edge once that is there twice, as a table of all pairs does",
                        hint="The last example has an edge from 0 to 1 twice. How much of node 1's sum is due to it?")
def once(scores, values, edges):
    last = {tuple(edge): place for place, edge in enumerate(edges.T.tolist())}
    keep = torch.tensor(sorted(last.values()), dtype=torch.long)
    return attended(scores[keep], values, edges[:, keep])


@edge_attention.mistake("takes a sigmoid of each score in place of a softmax",
                        hint="Does a score count more when another one of the same target is small?")
def sigmoids(scores, values, edges):
    return summed(len(values), edges[1], torch.sigmoid(scores)[:, None] * values[edges[0]])


@edge_attention.mistake("does not divide by the sum of the powers", hint="What do the weights of one target sum to?")
def unnormalised(*given):
    return attended(*given, normalise=False)


@edge_attention.mistake("subtracts the largest score of the whole graph",
                        hint="A target's scores lie 80,000 below the largest of all. What are their powers, and their "
                             "sum?")
def shifted_by_all(*given):
    return attended(*given, shift="all")


@edge_attention.mistake("exponentiates without subtracting the largest score",
                        hint="What is exp(1000)? Which shift leaves the weights as they are?")
def overflows(*given):
    return attended(*given, shift="none")


@edge_attention.mistake("takes the plain mean of the neighbours", hint="Where do the scores appear in your code?")
def plain_mean(scores, values, edges):
    return attended(torch.zeros_like(scores), values, edges)


@edge_attention.mistake("divides by the number of edges as well", hint="Are the weights of a target a mean already?")
def mean_of_weighted(scores, values, edges):
    counts = summed(len(values), edges[1], torch.ones_like(scores)).clamp(min=1)
    return attended(scores, values, edges) / counts[:, None]


@edge_attention.mistake("lets each node see itself, too", hint="Which edges does the prompt speak of?")
def loops_added(scores, values, edges):
    loops = torch.arange(len(values)).expand(2, -1)
    return attended(torch.cat([scores, torch.zeros(len(values), dtype=scores.dtype)]), values,
                    torch.cat([edges, loops], dim=1))


@edge_attention.mistake("gives NaN to nodes that read nobody", hint="A node has no edge: what is 0 divided by 0?")
def nan_nodes(scores, values, edges):
    nodes, (sources, targets) = len(values), edges
    largest = torch.full((nodes,), -torch.inf, dtype=scores.dtype).scatter_reduce(0, targets, scores.detach(), "amax")
    powers = torch.exp(scores - largest[targets])
    return summed(nodes, targets, powers[:, None] * values[sources]) / summed(nodes, targets, powers)[:, None]


@edge_attention.mistake("gives nodes that read nobody their own value",
                        hint="What does the prompt say such a node gets?")
def keeps_own(scores, values, edges):
    alone = ~torch.zeros(len(values), dtype=torch.bool).index_fill(0, edges[1], True)
    return attended(scores, values, edges) + alone[:, None] * values


@edge_attention.mistake("cuts the scores off from the gradient", hint="Look for `.detach()` or `torch.tensor`.")
def scores_detached(scores, values, edges):
    return attended(scores.detach(), values, edges)


@edge_attention.alternative("a loop over the nodes")
def loop(scores, values, edges):
    return node_by_node(scores, values, edges)


@edge_attention.alternative("a table from edges to targets, in place of scattering")
def by_table(scores, values, edges):
    reaches = torch.nn.functional.one_hot(edges[1], len(values)).T.bool()
    table = scores.expand(len(values), -1).masked_fill(~reaches, -1e300)
    weights = torch.softmax(table, dim=1).masked_fill(~reaches, 0.0) if len(scores) else table
    return weights @ values[edges[0]]
