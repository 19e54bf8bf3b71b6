"""Attention in NumPy, for the chapters before tensors: short enough to read, independent of `attention.py`."""

import numpy as np
from jaxtyping import Float


def scores(queries: Float[np.ndarray, "*batch queries d"],
           keys: Float[np.ndarray, "*batch keys d"]) -> Float[np.ndarray, "*batch queries keys"]:
    """The dot product of every query with every key, unscaled.

    Raises:  ValueError: queries and keys differ in width (the message gives both shapes).
    """
    if queries.shape[-1] != keys.shape[-1]:
        raise ValueError(f"queries {queries.shape} and keys {keys.shape} differ in their last axis: "
                         "a dot product needs equally many numbers on both sides")
    return queries @ np.swapaxes(keys, -1, -2)


def softmax(scores: Float[np.ndarray, "*batch keys"]) -> Float[np.ndarray, "*batch keys"]:
    """Weights over the keys (last axis), positive and summing to 1, for scores of any size."""
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def entropy(weights: Float[np.ndarray, "*batch keys"]) -> Float[np.ndarray, "*batch"]:
    """How spread out weights are, in nats: 0 for one key, log n for n equal ones. 0 log 0 counts as 0."""
    logs = np.log(weights, where=weights > 0, out=np.zeros_like(weights))
    return -(weights * logs).sum(axis=-1)


def attention_weights(queries: Float[np.ndarray, "*batch queries d_k"],
                      keys: Float[np.ndarray, "*batch keys d_k"]) -> Float[np.ndarray, "*batch queries keys"]:
    r"""$\mathrm{softmax}(QK^\top/\sqrt{d_k})$ (Vaswani et al. 2017, eq. 1)."""
    return softmax(scores(queries, keys) / np.sqrt(queries.shape[-1]))


def attention(queries: Float[np.ndarray, "*batch queries d_k"], keys: Float[np.ndarray, "*batch keys d_k"],
              values: Float[np.ndarray, "*batch keys d_v"]) -> Float[np.ndarray, "*batch queries d_v"]:
    r"""Mix values by how well each query matches each key: $\mathrm{softmax}(QK^\top/\sqrt{d_k})V$.

    (Vaswani et al. 2017, eq. 1.)

    Raises:  ValueError: keys and values differ in length, or queries and keys in width.
    """
    if keys.shape[-2] != values.shape[-2]:
        raise ValueError(f"keys {keys.shape} and values {values.shape} differ in length: every key needs one value")
    return attention_weights(queries, keys) @ values
