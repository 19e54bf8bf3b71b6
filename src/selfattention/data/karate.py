"""Who sided with whom when a karate club split (Zachary 1977): a graph whose nodes are told apart from two labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

LEADERS = (0, 33)  # the instructor and the president, one of each side
SIDES = ("Mr. Hi", "Officer")  # as networkx calls them; labels 0 and 1


@dataclass(frozen=True)
class Club:
    """34 members, 78 friendships, and the side that each took; of most the label is only for the test.

    Each friendship is two edges, one in each direction. `given` is True where a model is told the label.
    """

    features: Float[Tensor, "nodes features"]
    edges: Int[Tensor, "2 edges"]
    labels: Int[Tensor, " nodes"]
    given: Bool[Tensor, " nodes"]


def club(told: Sequence[int] = LEADERS) -> Club:
    """The graph of networkx; a member's features say who it is and nothing else (a row of the identity).

    Args:    told: the members whose labels are given.
    Raises:  ValueError: one of them is not there, or a side has none.
    """
    graph = _graph()
    nodes = len(graph)
    if not all(0 <= member < nodes for member in told):
        raise ValueError(f"the members {list(told)}: the club has those from 0 to {nodes - 1}, so choose among them")
    labels = torch.tensor([SIDES.index(side) for _, side in graph.nodes(data="club")])
    if missing := sorted({0, 1} - set(labels[list(told)].tolist())):
        raise ValueError(f"the members {list(told)} are all of one side, or none: no label is given for class "
                         f"{', '.join(map(str, missing))}, and nobody can learn what is never told; add one of its "
                         f"members, such as {LEADERS[missing[0]]}")
    one_way = torch.tensor(list(graph.edges)).T
    given = torch.zeros(nodes, dtype=torch.bool)
    given[list(told)] = True
    return Club(torch.eye(nodes), torch.cat([one_way, one_way.flip(0)], dim=1), labels, given)


def positions() -> Float[np.ndarray, "nodes 2"]:
    """Where networkx draws the members: near each other where few friendships lie between them."""
    import networkx

    places = networkx.kamada_kawai_layout(_graph(), weight=None)
    return np.array([places[node] for node in range(len(places))])


def loss(model: Callable[[Tensor, Tensor], Tensor], club: Club) -> Float[Tensor, ""]:
    """The mean loss over the given labels, in nats; the model sees all nodes and edges."""
    scores = model(club.features, club.edges)
    return nn.functional.cross_entropy(scores[club.given], club.labels[club.given])


def accuracy(classes: Int[Tensor, " nodes"], club: Club) -> float:
    """The share of the members whose label was not given that get the right one."""
    return (classes == club.labels)[~club.given].double().mean().item()


def label_propagation(club: Club) -> Int[Tensor, " nodes"]:
    """The rival that learns nothing: each label spreads along the edges (Zhu et al. 2003, networkx's own).

    Each member without a label gets the mean of its neighbours, until nothing changes.
    """
    import networkx
    from networkx.algorithms.node_classification import harmonic_function

    graph = networkx.Graph()
    graph.add_nodes_from(range(len(club.labels)))
    graph.add_edges_from(club.edges.T.tolist())
    for node in club.given.nonzero()[:, 0].tolist():
        graph.nodes[node]["label"] = int(club.labels[node])
    return torch.tensor(harmonic_function(graph, max_iter=1000))


def _graph():
    import networkx

    return networkx.karate_club_graph()
