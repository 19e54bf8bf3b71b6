"""What several exercises of this chapter share."""

import numpy as np
import torch

from selfattention import arrays
from selfattention.problems.draws import tensor

QUERIES = np.array([[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]])
KEYS = np.array([[2.0, 0.0, 0.0, 0.0], [0.0, 4.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
VALUES = np.array([[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]])


def scaled_dot_product(queries, keys, values):
    """Attention as in exercise 2, softmax(QKᵀ/√d) V."""
    return arrays.attention(queries, keys, values)


def tensors(rng, *shapes):
    return [tensor(rng, *shape) for shape in shapes]


ATTENTION = ("torch.nn.functional.scaled_dot_product_attention", "attention")


def random_inputs(rng, queries=3, keys=5, d_k=7, d_v=11):
    return rng.normal(size=(queries, d_k)), rng.normal(size=(keys, d_k)), rng.normal(size=(keys, d_v))


def mixed(scores, values):
    return torch.softmax(scores, dim=-1) @ values
