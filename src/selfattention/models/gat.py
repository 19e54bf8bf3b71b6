"""Attention on a graph: GAT (Veličković et al. 2018) and GATv2 (Brody et al. 2022), edge by edge."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

Edges = Int[Tensor, "2 edges"]  # an edge is a column: from its source, which is read, to its target, which reads
SLOPE = 0.2  # of the LeakyReLU below zero, in both papers


def with_loops(edges: Edges, nodes: int) -> Int[Tensor, "2 _"]:
    """The edges, and for each node exactly one from itself to itself, so that it can read what it is."""
    loops = torch.arange(nodes, device=edges.device).expand(2, -1)
    return torch.cat([edges[:, edges[0] != edges[1]], loops], dim=1)


def edge_mask(edges: Edges, nodes: int) -> Bool[Tensor, "nodes nodes"]:
    """The edges as a mask: targets (queries) down, sources (keys) across; an edge that is there twice counts once.

    Raises:  ValueError: an edge names a node that is not there.
    """
    there = torch.ones(nodes, dtype=torch.bool, device=edges.device)
    with _explaining(edges, nodes):
        found = there.index_select(0, edges.flatten())[:edges.shape[1]]
    return torch.zeros(nodes, nodes, dtype=torch.bool, device=edges.device).index_put((edges[1], edges[0]), found)


def neighbourhood_softmax(scores: Float[Tensor, "edges *heads"], targets: Int[Tensor, " edges"],
                          nodes: int) -> Float[Tensor, "edges *heads"]:
    """A softmax for each node, over the edges that lead to it (Veličković et al. 2018, eq. 2).

    Returns: weights; those of the edges to one node sum to 1. A node without edges has none, so nothing is NaN.
    Raises:  ValueError: there is not a target for each edge, or one that is not there.
    """
    if len(targets) != len(scores):
        raise ValueError(f"scores {tuple(scores.shape)} and targets {tuple(targets.shape)}: each edge has both")
    index = targets.view(-1, *[1] * (scores.ndim - 1)).expand_as(scores)
    none = torch.full((nodes, *scores.shape[1:]), -math.inf, dtype=scores.dtype, device=scores.device)
    with _explaining(targets.expand(2, -1), nodes):
        largest = none.scatter_reduce(0, index, scores.detach(), "amax")
    powers = torch.exp(scores - largest[targets])
    sums = torch.zeros_like(none).index_add(0, targets, powers)
    return powers / sums[targets]


def mix_by_edges(weights: Float[Tensor, "edges heads"], values: Float[Tensor, "nodes heads width"],
                 edges: Edges) -> Float[Tensor, "nodes heads width"]:
    """For each node the sum of its sources' values times the weights of the edges; zero for a node without edges.

    Raises:  ValueError: there is not a weight for each edge, or an edge names a node that is not there.
    """
    if weights.shape[0] != edges.shape[1]:
        raise ValueError(f"weights {tuple(weights.shape)} and edges {tuple(edges.shape)}: each of the edges (a column) "
                         "needs its weight (a row)")
    with _explaining(edges, len(values)):
        brought = weights[..., None] * values.index_select(0, edges[0])
        return torch.zeros_like(values).index_add(0, edges[1], brought)


def side_by_side(mixed: Float[Tensor, "nodes heads width"]) -> Float[Tensor, "nodes heads_width"]:
    """What the heads found, one after the other (Veličković et al. 2018, eq. 5)."""
    return mixed.flatten(1)


def averaged(mixed: Float[Tensor, "nodes heads width"]) -> Float[Tensor, "nodes width"]:
    """The mean of what the heads found, for the last layer (Veličković et al. 2018, eq. 6)."""
    return mixed.mean(dim=1)


class GraphLayer(nn.Module):
    """What both papers share: project, score each edge, softmax over each node's edges, mix, join the heads.

    Args:    width: numbers of a head. join: `side_by_side` or `averaged`. dropout: the share of weights that are left
             out in training.
    Differs: there are no self-loops but those of the edges; `with_loops` adds them.
    """

    def __init__(self, features: int, width: int, heads: int = 1, *,
                 join: Callable[[Tensor], Tensor] = side_by_side, dropout: float = 0.0) -> None:
        super().__init__()
        self.features, self.width, self.heads, self.join = features, width, heads, join
        self.weights = nn.Dropout(dropout)  # a hook here sees the weights before some are left out
        self.offset = nn.Parameter(torch.zeros(join(torch.zeros(1, heads, width)).shape[1]))

    def projected(self, x: Float[Tensor, "nodes features"]) -> tuple[Tensor, Tensor]:
        """Queries and keys, both (nodes, heads, width); the keys are the values, too."""
        raise NotImplementedError

    def scores(self, queries: Float[Tensor, "edges heads width"],
               keys: Float[Tensor, "edges heads width"]) -> Float[Tensor, "edges heads"]:
        """The score of each edge, given the query of its target and the key of its source."""
        raise NotImplementedError

    def table(self, x: Float[Tensor, "nodes features"]) -> Float[Tensor, "nodes nodes heads"]:
        """The scores of all pairs, queries first, then keys, as if every node read every node; to look at."""
        queries, keys = self.projected(x)
        return torch.stack([self.scores(query.expand_as(keys), keys) for query in queries])

    def forward(self, x: Float[Tensor, "nodes features"], edges: Edges) -> Float[Tensor, "nodes joined"]:
        """What each node makes of its in-neighbours.

        Raises:  ValueError: the nodes have another number of features than the layer, edges are not two rows of whole
                 numbers, or an edge names a node that is not there.
        """
        if x.ndim != 2 or x.shape[1] != self.features:
            raise ValueError(f"nodes {tuple(x.shape)} for a layer of {self.features} features: give a row of "
                             f"{self.features} numbers for each node")
        if edges.ndim != 2 or len(edges) != 2 or edges.is_floating_point() or edges.dtype == torch.bool:
            raise ValueError(f"edges of shape {tuple(edges.shape)} and type {edges.dtype}: give whole numbers in two "
                             "rows, the sources and the targets")
        queries, keys = self.projected(x)
        with _explaining(edges, len(x)):
            scores = self.scores(queries.index_select(0, edges[1]), keys.index_select(0, edges[0]))
        weights = self.weights(neighbourhood_softmax(scores, edges[1], len(x)))
        return self.join(mix_by_edges(weights, keys, edges)) + self.offset


class GATLayer(GraphLayer):
    r"""Scores $\mathrm{LeakyReLU}(a^\top[W h_i \Vert W h_j])$ (Veličković et al. 2018, eq. 3).

    The vector $a$ is kept in two halves, for the query (node $i$, the target) and for the key ($j$, the source), so a
    score is a number of the query plus a number of the key.
    """

    def __init__(self, features: int, width: int, heads: int = 1, **options) -> None:
        super().__init__(features, width, heads, **options)
        self.project = nn.Linear(features, heads * width, bias=False)
        self.query_vector, self.key_vector = (nn.Parameter(torch.empty(heads, width)) for _ in range(2))
        for parameter in (self.project.weight, self.query_vector, self.key_vector):
            nn.init.xavier_uniform_(parameter)

    def projected(self, x: Float[Tensor, "nodes features"]) -> tuple[Tensor, Tensor]:
        """One projection for both."""
        both = self.project(x).unflatten(1, (self.heads, self.width))
        return both, both

    def scores(self, queries: Float[Tensor, "edges heads width"],
               keys: Float[Tensor, "edges heads width"]) -> Float[Tensor, "edges heads"]:
        """The LeakyReLU comes last: it sees one number, which is already a sum."""
        sums = (queries * self.query_vector).sum(dim=-1) + (keys * self.key_vector).sum(dim=-1)
        return functional.leaky_relu(sums, SLOPE)


class GATv2Layer(GraphLayer):
    r"""Scores $a^\top\mathrm{LeakyReLU}(W[h_i \Vert h_j])$ (Brody et al. 2022, eq. 7).

    The matrix $W$ is kept in two halves, for the query (node $i$, the target) and for the key ($j$, the source).
    """

    def __init__(self, features: int, width: int, heads: int = 1, **options) -> None:
        super().__init__(features, width, heads, **options)
        self.query, self.key = (nn.Linear(features, heads * width) for _ in range(2))
        self.vector = nn.Parameter(torch.empty(heads, width))
        for parameter in (self.query.weight, self.key.weight, self.vector):
            nn.init.xavier_uniform_(parameter)
        nn.init.zeros_(self.query.bias)
        nn.init.zeros_(self.key.bias)

    def projected(self, x: Float[Tensor, "nodes features"]) -> tuple[Tensor, Tensor]:
        """A projection for each."""
        return tuple(part(x).unflatten(1, (self.heads, self.width)) for part in (self.query, self.key))

    def scores(self, queries: Float[Tensor, "edges heads width"],
               keys: Float[Tensor, "edges heads width"]) -> Float[Tensor, "edges heads"]:
        """The LeakyReLU stands inside: query and key meet in it, number by number."""
        return (functional.leaky_relu(queries + keys, SLOPE) * self.vector).sum(dim=-1)


class MeanLayer(GATLayer):
    """The rival without attention: a node takes the plain mean of its in-neighbours, whatever they are."""

    def scores(self, queries: Float[Tensor, "edges heads width"],
               keys: Float[Tensor, "edges heads width"]) -> Float[Tensor, "edges heads"]:
        """Equal for all edges."""
        return torch.zeros_like(queries[..., 0])


class NodeClassifier(nn.Module):
    """Two layers, an ELU between them, and scores over the classes for each node (Veličković et al. 2018, §3.3).

    Every node sees itself, too. As published: 8 heads of 8 numbers, and a dropout of 0.6 on what a layer is given and
    on its weights.

    Args:    start: the size of all weights at the start, as a share of the usual. Where features only name the nodes,
             what a node is at first is drawn at random; the smaller that is, the more counts what few labels teach.
    """

    def __init__(self, features: int, classes: int, layer: type[GraphLayer] = GATLayer, *, width: int = 8,
                 heads: int = 8, dropout: float = 0.6, start: float = 1.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.inner = layer(features, width, heads, dropout=dropout)
        self.outer = layer(heads * width, classes, join=averaged, dropout=dropout)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.mul_(start)

    def forward(self, x: Float[Tensor, "nodes features"], edges: Edges) -> Float[Tensor, "nodes classes"]:
        """Scores over the classes.

        Raises:  ValueError: as the layers do.
        """
        looped = with_loops(edges, len(x))
        hidden = functional.elu(self.inner(self.dropout(x), looped))
        return self.outer(self.dropout(hidden), looped)


class NodeReader(nn.Module):
    """One layer of one head, and scores over classes made of what it gives: what a single reading can find."""

    def __init__(self, features: int, classes: int, layer: type[GraphLayer] = GATLayer, *, width: int = 32) -> None:
        super().__init__()
        self.layer, self.output = layer(features, width), nn.Linear(width, classes)

    def forward(self, x: Float[Tensor, "nodes features"], edges: Edges) -> Float[Tensor, "nodes classes"]:
        """Scores over the classes.

        Raises:  ValueError: as the layer does.
        """
        return self.output(self.layer(x, edges))


@contextmanager
def _explaining(edges: Tensor, nodes: int) -> Iterator[None]:
    """Where a look-up fails (as it does on the CPU) because an edge names a node that is not there, say which."""
    try:
        yield
    except (IndexError, RuntimeError):
        lost = edges[:, ((edges < 0) | (edges >= nodes)).any(dim=0)].T.tolist()
        if not lost:
            raise
        source, target = lost[0]
        raise ValueError(f"the edge from {source} to {target} names a node that is not there: {nodes} nodes have the "
                         f"numbers 0 to {nodes - 1}, so give more nodes or mend the edges") from None
