"""What queries, keys and values must have in common, and what is said where they do not."""

from torch import Tensor


def require_fit(queries: Tensor, keys: Tensor, values: Tensor) -> None:
    """Refuse queries and keys of unlike widths, keys without a value each, and axes before these that differ.

    Raises:  ValueError: with the three shapes.
    """
    if not (queries.shape[:-2] == keys.shape[:-2] == values.shape[:-2] and queries.ndim >= 2
            and queries.shape[-1] == keys.shape[-1] and keys.shape[-2] == values.shape[-2]):
        raise ValueError(f"queries {tuple(queries.shape)}, keys {tuple(keys.shape)} and values {tuple(values.shape)} "
                         "do not fit: queries and keys need the same last axis, keys and values the same length, and "
                         "all three the same axes before these two")


def require_keys(keys: Tensor) -> None:
    """Refuse an empty text of keys.

    Raises:  ValueError: with the shape.
    """
    if not keys.shape[-2]:
        raise ValueError(f"no keys {tuple(keys.shape)}: there is no mean of no values; give at least one")


def require_causal_order(queries: Tensor, keys: Tensor) -> None:
    """Refuse more queries than keys, where the queries are the last positions of the keys.

    Raises:  ValueError: with both numbers.
    """
    if queries.shape[-2] > keys.shape[-2]:
        raise ValueError(f"{queries.shape[-2]} queries and {keys.shape[-2]} keys: where `causal`, the queries are the "
                         "last positions of the keys, so there can be no more of them")
