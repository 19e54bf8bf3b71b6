"""Dictionaries as graphs: each query node reads all keys and must find the one that is its own (Brody et al. 2022)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn


@dataclass(frozen=True)
class Lookups:
    """Many small graphs in one: in each, an edge from every key node to every query node.

    A key node has a key and a value, a query node a key alone; its label is the value that stands with its key.
    """

    features: Float[Tensor, "nodes features"]
    edges: Int[Tensor, "2 edges"]
    labels: Int[Tensor, " nodes"]
    asks: Bool[Tensor, " nodes"]


def graphs(count: int, pairs: int, generator: torch.Generator) -> Lookups:
    """Graphs of `pairs` query nodes and then as many key nodes; values are dealt to the keys anew in every graph.

    There are twice as many values as keys, and no value stands twice in a graph: who knows which values are there, and
    not whose, can only guess among `pairs` of them, and that one is missing elsewhere tells nothing. The features of a
    node are its key (one of `pairs` numbers is 1), then its value (one of 2 · `pairs`; all zeros for a query).

    Raises:  ValueError: there would be no graph or no pair.
    """
    if count < 1 or pairs < 1:
        raise ValueError(f"{count} graphs of {pairs} pairs: there must be at least one of each")
    order = torch.rand(count, 2 * pairs, generator=generator, dtype=torch.float64).argsort(dim=1)
    values = order[:, :pairs]
    told = nn.functional.one_hot(values, 2 * pairs).to(torch.get_default_dtype())
    keys = torch.eye(pairs).expand(count, -1, -1)
    queries, told = (torch.cat([keys, second], dim=2) for second in (torch.zeros_like(told), told))
    source = pairs + torch.arange(pairs).repeat(pairs)
    target = torch.arange(pairs).repeat_interleave(pairs)
    begins = 2 * pairs * torch.arange(count)
    edges = (torch.stack([source, target])[:, None] + begins[:, None]).flatten(1)
    asks = torch.tensor([True, False]).repeat_interleave(pairs).repeat(count)
    return Lookups(torch.cat([queries, told], dim=1).flatten(0, 1), edges, values.repeat(1, 2).flatten(), asks)


def loss(model: Callable[[Tensor, Tensor], Tensor], batch: Lookups) -> Float[Tensor, ""]:
    """The mean loss at the query nodes, in nats."""
    scores = model(batch.features, batch.edges)
    return nn.functional.cross_entropy(scores[batch.asks], batch.labels[batch.asks])


@torch.no_grad()
def accuracy(model: Callable[[Tensor, Tensor], Tensor], batch: Lookups) -> float:
    """The share of the query nodes to which the best score is that of their value."""
    right = model(batch.features, batch.edges).argmax(dim=1) == batch.labels
    return right[batch.asks].double().mean().item()
