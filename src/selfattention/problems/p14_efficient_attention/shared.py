"""What several exercises of this chapter share."""

import torch

from selfattention.problems.draws import tensor

ATTENTION = ("torch.nn.functional.scaled_dot_product_attention", "attention")


def three(rng, queries, keys, d_k=7, d_v=5):
    """Queries, keys and values of one head."""
    return tensor(rng, queries, d_k), tensor(rng, keys, d_k), tensor(rng, keys, d_v)


def eighths(x):
    """Rounded so that sums and products of a few lose nothing in float32."""
    return torch.round(8 * x) / 8


def whole(queries, keys, values, mask=None):
    """Attention with all scores in one table."""
    scores = queries @ keys.mT / queries.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return torch.softmax(scores, dim=-1) @ values
