"""What several exercises of this chapter share."""

import torch


def away(queries, keys):
    """How far each key stands before its query (negative: after it); the queries are the last of the keys."""
    return torch.arange(keys - queries, keys)[:, None] - torch.arange(keys)


def links(rng, blocks, share=0.3):
    """A pattern by chance in which each block sees itself."""
    return torch.from_numpy(rng.random((blocks, blocks)) < share) | torch.eye(blocks, dtype=torch.bool)
