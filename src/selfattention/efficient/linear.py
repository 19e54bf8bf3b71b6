"""Attention with a state of fixed size: linear attention and the delta rule, token by token and in chunks at once."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.efficient.shapes import require_fit, require_keys


class Sums(NamedTuple):
    """What linear attention remembers: all mapped keys with their values, and all mapped keys."""

    pairs: Float[Tensor, "*batch d_k d_v"]
    keys: Float[Tensor, "*batch d_k"]


def feature_map(x: Float[Tensor, "*batch d"]) -> Float[Tensor, "*batch d"]:
    r"""$\phi(x) = \mathrm{elu}(x) + 1$: positive, so that weights are (Katharopoulos et al. 2020, eq. 7)."""
    return torch.nn.functional.elu(x) + 1


def linear_attention(queries: Float[Tensor, "*batch queries d_k"], keys: Float[Tensor, "*batch keys d_k"],
                     values: Float[Tensor, "*batch keys d_v"]) -> Float[Tensor, "*batch queries d_v"]:
    r"""Weigh values by $\phi(q)^\top\phi(k)$ in place of $\exp(q^\top k/\sqrt{d_k})$.

    (Katharopoulos et al. 2020, eq. 5 and 6.) The product of keys and values is made first, so the cost grows with the
    tokens and not with their square.

    Raises:  ValueError: no keys, or shapes that do not fit.
    """
    _require_fit(queries, keys, values)
    require_keys(keys)
    return _read(queries, _sums(keys, values))


def causal_linear_attention(queries: Float[Tensor, "*batch tokens d_k"], keys: Float[Tensor, "*batch tokens d_k"],
                            values: Float[Tensor, "*batch tokens d_v"],
                            past: Sums | None = None) -> tuple[Float[Tensor, "*batch tokens d_v"], Sums]:
    """Linear attention in which each query sees the keys up to its own, as a recurrence, token by token.

    (Katharopoulos et al. 2020, eq. 16 to 20: first the state takes in the token, then it is read.)

    Args:    past: what earlier tokens left; None at the beginning.
    Returns: the outputs, and what to pass in as `past` with the tokens that follow.
    Raises:  ValueError: shapes that do not fit.
    """
    _require_fit(queries, keys, values, past, together=True)
    state, outputs = _begun(past, keys, values), [values[..., :0, :]]
    for query, key, value in zip(*(part.split(1, dim=-2) for part in (queries, keys, values))):
        state = _joined(state, _sums(key, value))
        outputs.append(_read(query, state))
    return torch.cat(outputs, dim=-2), state


def chunked_linear_attention(queries: Float[Tensor, "*batch tokens d_k"], keys: Float[Tensor, "*batch tokens d_k"],
                             values: Float[Tensor, "*batch tokens d_v"], past: Sums | None = None, *,
                             chunk: int = 64) -> tuple[Float[Tensor, "*batch tokens d_v"], Sums]:
    """`causal_linear_attention`, a chunk of tokens at once: the past is read from the state, the chunk from a table.

    (Yang et al. 2024, §2, with the normaliser of Katharopoulos et al. 2020.) The same numbers in fewer steps.

    Args:    chunk: tokens taken at once; the result does not depend on it. With all at once there is no recurrence.
    Raises:  ValueError: an empty chunk, or as `causal_linear_attention`.
    """
    _require_fit(queries, keys, values, past, together=True, chunk=chunk)
    state, outputs = _begun(past, keys, values), [values[..., :0, :]]
    for asked, found, read in zip(*(part.split(chunk, dim=-2) for part in (queries, keys, values))):
        mapped = feature_map(asked)
        weights = (mapped @ feature_map(found).mT).tril()
        above = mapped @ state.pairs + weights @ read
        outputs.append(above / (mapped @ state.keys[..., None] + weights.sum(dim=-1, keepdim=True)))
        state = _joined(state, _sums(found, read))
    return torch.cat(outputs, dim=-2), state


def delta_rule(queries: Float[Tensor, "*batch tokens d_k"], keys: Float[Tensor, "*batch tokens d_k"],
               values: Float[Tensor, "*batch tokens d_v"], strengths: Float[Tensor, "*batch tokens"],
               memory: Float[Tensor, "*batch d_k d_v"] | None = None,
               ) -> tuple[Float[Tensor, "*batch tokens d_v"], Float[Tensor, "*batch d_k d_v"]]:
    r"""A memory that corrects itself, token by token: it is moved towards the value that its key should give.

    $S_t = S_{t-1} + \beta_t k_t (v_t - S_{t-1}^\top k_t)^\top$, then $o_t = S_t^\top q_t$ (Schlag et al. 2021, §4.2;
    our $S$ is their $W$ transposed). With keys of length 1 and a strength of 1 the old value of a key is replaced;
    linear attention would add the new one to it.

    Args:    strengths: $\beta$, from 0 (write nothing) to 1. memory: $S$ of earlier tokens; None at the beginning.
    Returns: the outputs, and the memory to pass in with the tokens that follow.
    Raises:  ValueError: shapes that do not fit.
    Differs: neither keys nor queries are normalised here; who calls it does that.
    """
    _require_fit(queries, keys, values, memory, together=True, strengths=strengths)
    if memory is None:
        memory = values.new_zeros(*keys.shape[:-2], keys.shape[-1], values.shape[-1])
    outputs = [values[..., :0, :]]
    for query, key, value, strength in zip(
            *(part.split(1, dim=-2) for part in (queries, keys, values, strengths[..., None]))):
        memory = memory + key.mT @ (strength * (value - key @ memory))
        outputs.append(query @ memory)
    return torch.cat(outputs, dim=-2), memory


def chunked_delta_rule(queries: Float[Tensor, "*batch tokens d_k"], keys: Float[Tensor, "*batch tokens d_k"],
                       values: Float[Tensor, "*batch tokens d_v"], strengths: Float[Tensor, "*batch tokens"],
                       memory: Float[Tensor, "*batch d_k d_v"] | None = None, *, chunk: int = 64,
                       ) -> tuple[Float[Tensor, "*batch tokens d_v"], Float[Tensor, "*batch d_k d_v"]]:
    r"""`delta_rule`, a chunk of tokens at once (Yang et al. 2024, §3: the WY representation).

    A chunk leaves $S + K^\top U$, where row $u_t = \beta_t (v_t - S^\top k_t - \sum_{i<t} u_i\, k_i^\top k_t)$ is what
    token t writes. For all rows together this is a triangular system, $(I + A)\,U = \beta (V - K S)$, where $A$ is
    $\beta K K^\top$ below its diagonal.

    Args:    chunk: tokens taken at once; the result does not depend on it.
    Raises:  ValueError: an empty chunk, or as `delta_rule`.
    """
    _require_fit(queries, keys, values, memory, together=True, strengths=strengths, chunk=chunk)
    if memory is None:
        memory = values.new_zeros(*keys.shape[:-2], keys.shape[-1], values.shape[-1])
    outputs = [values[..., :0, :]]
    for asked, found, read, strength in zip(
            *(part.split(chunk, dim=-2) for part in (queries, keys, values, strengths[..., None]))):
        # What stands on the diagonal and above it is not looked at: the diagonal counts as 1, the rest as 0.
        written = torch.linalg.solve_triangular(strength * (found @ found.mT), strength * (read - found @ memory),
                                                upper=False, unitriangular=True)
        outputs.append(asked @ memory + (asked @ found.mT).tril() @ written)
        memory = memory + found.mT @ written
    return torch.cat(outputs, dim=-2), memory


def _sums(keys: Tensor, values: Tensor) -> Sums:
    mapped = feature_map(keys)
    return Sums(mapped.mT @ values, mapped.sum(dim=-2))


def _begun(past: Sums | None, keys: Tensor, values: Tensor) -> Sums:
    return _sums(keys[..., :0, :], values[..., :0, :]) if past is None else past


def _joined(one: Sums, other: Sums) -> Sums:
    return Sums(one.pairs + other.pairs, one.keys + other.keys)


def _read(queries: Tensor, state: Sums) -> Tensor:
    mapped = feature_map(queries)
    return mapped @ state.pairs / (mapped @ state.keys[..., None])


def _require_fit(queries: Tensor, keys: Tensor, values: Tensor, state: Sums | Tensor | None = None, *,
                 together: bool = False, strengths: Tensor | None = None, chunk: int = 1) -> None:
    """Refuse what does not fit; `together` where each token has a query."""
    if chunk < 1:
        raise ValueError(f"chunks of {chunk} tokens: there must be at least 1 in each")
    require_fit(queries, keys, values)
    if together and queries.shape[-2] != keys.shape[-2]:
        raise ValueError(f"{queries.shape[-2]} queries and {keys.shape[-2]} keys: each token needs one of both; what "
                         "stood before the first query is passed in as a state")
    if strengths is not None and strengths.shape != keys.shape[:-1]:
        raise ValueError(f"strengths {tuple(strengths.shape)} for keys {tuple(keys.shape)}: each token needs one "
                         "number")
    expected = (*keys.shape[:-2], keys.shape[-1], values.shape[-1])
    given = None if state is None else tuple((state.pairs if isinstance(state, Sums) else state).shape)
    if given not in (None, expected):
        raise ValueError(f"a state of shape {given} for keys {tuple(keys.shape)} and values {tuple(values.shape)}, "
                         f"expected {expected}: is it of another batch?")
