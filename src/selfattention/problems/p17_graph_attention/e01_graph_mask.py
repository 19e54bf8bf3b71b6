import torch
from jaxtyping import Bool, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.p17_graph_attention.shared import some_edges


@exercise(points=2, minutes=5, builds_on="lesson 17, the idea in one picture and the score of GAT", hints=(
    "In the first example there is one edge, from node 0 to node 2. Who reads, and which row is that?",
    "A mask can be written at many places at once: `mask[rows, columns] = True`.",
    "Which places of the mask say that a node sees itself?",
))
def graph_mask(edges: Int[Tensor, "2 edges"], nodes: int) -> Bool[Tensor, "nodes nodes"]:
    r"""Write the edges of a graph as a mask for attention, in which every node sees itself, too.

    A column of `edges` is one edge: above its source, which is read, below its target, which reads. In the mask, rows
    are queries and columns are keys, and `True` means *may attend*. An edge says nothing about the other direction.
    There may be no edges, edges that are there twice, and self-loops among them; every node sees itself in any case
    (Veličković et al. 2018, §2.1). `edges` must stay as it is.
    """
    mask = torch.eye(nodes, dtype=torch.bool)
    mask[edges[1], edges[0]] = True
    return mask


graph_mask.example(torch.tensor([[0], [2]]), 3)
graph_mask.example(torch.tensor([[0, 1, 1], [1, 2, 1]]), 3)
graph_mask.example(torch.zeros(2, 0, dtype=torch.long), 2)


def expected_mask(edges, nodes):
    """Place by place."""
    there = {(target, source) for source, target in edges.T.tolist()}
    return torch.tensor([[query == key or (query, key) in there for key in range(nodes)] for query in range(nodes)])


@graph_mask.check("has a row for each node that reads, and a column for each that is read",
                  hint="Follow the first example: node 2 reads node 0. Which row gets the True, and which column?")
def rows_read(answer, rng):
    for nodes in (5, 7, 11):
        edges = some_edges(rng, nodes)
        probes.equal(answer(edges, nodes), expected_mask(edges, nodes), "other nodes are seen")


@graph_mask.check("works for edges that are there twice, for loops among them, and for none",
                  hint="What shall a node see that has no edges? And what changes when an edge is there twice?")
def odd_graphs(answer, rng):
    loops = some_edges(rng, 7, loops=True)
    double = some_edges(rng, 5)
    for edges, nodes in ((loops[:, loops[0] != 2], 7), (torch.cat([double, double[:, :3]], dim=1), 5),
                         (double, 6), (double[:, :0], 3), (double[:, :0], 1)):
        probes.equal(answer(edges, nodes), expected_mask(edges, nodes), "other nodes are seen")


def masked(edges, nodes, loops=True):
    mask = torch.zeros(nodes, nodes, dtype=torch.bool)
    mask[edges[1], edges[0]] = True
    return mask | torch.eye(nodes, dtype=torch.bool) if loops else mask


@graph_mask.mistake("has rows and columns exchanged: a node sees its out-neighbours",
                    hint="An edge from 0 to 2: does node 0 read, or is it read?")
def exchanged(edges, nodes):
    return masked(edges, nodes).T


@graph_mask.mistake("takes every edge for one in both directions", hint="Node 2 reads node 0. Does node 0 read node 2?")
def both_directions(edges, nodes):
    return masked(edges, nodes) | masked(edges, nodes).T


@graph_mask.mistake("forgets the self-loops", hint="Where in your mask does a node see itself?")
def no_loops(edges, nodes):
    return masked(edges, nodes, loops=False)


@graph_mask.mistake("gives a self-loop only to nodes that read nobody",
                    hint="What does a node know of itself after a layer, when it reads others only?")
def loops_where_empty(edges, nodes):
    mask = masked(edges, nodes, loops=False)
    return mask | torch.diag(~mask.any(dim=1))


@graph_mask.mistake("gives a self-loop only to nodes that have an edge",
                    hint="Node 3 has no edge at all. What does the prompt say it sees?")
def loops_where_edges(edges, nodes):
    mask = masked(edges, nodes, loops=False)
    return mask | torch.diag(mask.any(dim=0) | mask.any(dim=1))


@graph_mask.mistake("takes all self-loops out", hint="What does a node of the example see first of all?")
def loops_removed(edges, nodes):
    return masked(edges, nodes) & ~torch.eye(nodes, dtype=torch.bool)


@graph_mask.mistake("marks what is hidden", hint="What does `True` in a mask mean in this course?")
def marks_hidden(edges, nodes):
    return ~masked(edges, nodes)


@graph_mask.mistake("lets an edge that is there twice cancel itself",
                    hint="An edge is there twice. Is it there?")
def cancels(edges, nodes):
    counts = torch.zeros(nodes, nodes, dtype=torch.long)
    counts.index_put_((edges[1], edges[0]), torch.ones_like(edges[0]), accumulate=True)
    return (counts % 2 == 1) | torch.eye(nodes, dtype=torch.bool)


@graph_mask.mistake("marks all pairs of a source and a target, whether there is an edge between them or not",
                    hint="Two edges: 0 to 1 and 2 to 3. Does 3 read 0?")
def all_pairs(edges, nodes):
    mask = torch.eye(nodes, dtype=torch.bool)
    mask[edges[1][:, None], edges[0]] = True
    return mask


@graph_mask.mistake("lets a node see whom its neighbours see, too",
                    hint="One layer is one step along the edges. How many steps does your mask take?")
def two_steps(edges, nodes):
    mask = masked(edges, nodes).double()
    return mask @ mask > 0


@graph_mask.alternative("edge by edge, in a loop")
def by_edge(edges, nodes):
    mask = torch.zeros(nodes, nodes, dtype=torch.bool)
    for source, target in edges.T.tolist():
        mask[target, source] = True
    return mask.fill_diagonal_(True)


@graph_mask.alternative("rows of ones, multiplied")
def by_product(edges, nodes):
    sources, targets = (torch.nn.functional.one_hot(row, nodes).double() for row in edges)
    return targets.T @ sources + torch.eye(nodes) > 0
