"""What several exercises of this chapter share."""

import torch


def some_edges(rng, nodes, share=0.4, loops=False):
    """A graph by chance, in which edges seldom go both ways, and one node has none at all."""
    there = torch.from_numpy(rng.random((nodes, nodes)) < share)
    there &= ~(there.T & torch.ones(nodes, nodes, dtype=torch.bool).triu())
    there[-1], there[:, -1] = False, False
    there[0, 1], there[1, 0], there[2, 1] = True, False, True
    there.fill_diagonal_(loops)
    edges = torch.from_numpy(rng.permutation(nodes))[there.nonzero().T]
    return edges[:, torch.from_numpy(rng.permutation(edges.shape[1]))]
