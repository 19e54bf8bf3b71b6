"""Who may see whom. A mask is boolean and `True` means may attend, always. And who does see whom, by the Jacobian."""

from collections.abc import Callable, Iterable
from functools import reduce

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def causal(queries: int, keys: int | None = None,
           device: torch.device | str | None = None) -> Bool[Tensor, "queries keys"]:
    """Each query sees the keys up to its own position.

    Args:    queries, keys: how many; with fewer queries than keys, the queries are the last positions (as when
             decoding with a cache), so the last query sees every key.
    Raises:  ValueError: more queries than keys, or none.
    Differs: `torch`'s `is_causal` aligns the first query with the first key.
    """
    keys = queries if keys is None else keys
    if not 1 <= queries <= keys:
        raise ValueError(f"{queries} queries and {keys} keys: the queries are the last positions of the keys, "
                         "so there must be at least one and no more than keys")
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(diagonal=keys - queries)


def padding(lengths: Int[Tensor, " batch"], keys: int) -> Bool[Tensor, "batch 1 keys"]:
    """Each sequence's real tokens, for every query alike: key j of sequence b is seen where j < lengths[b].

    Args:    lengths: tokens in each sequence. keys: the padded length.
    Raises:  ValueError: a length is negative or longer than `keys`.
    """
    if bool((lengths < 0).any()) or bool((lengths > keys).any()):
        raise ValueError(f"lengths {lengths.tolist()} do not fit {keys} keys: each must be between 0 and {keys}")
    return (torch.arange(keys, device=lengths.device) < lengths[:, None])[:, None, :]


def combine(*masks: Bool[Tensor, "..."]) -> Bool[Tensor, "..."]:
    """True only where every mask is: a key must be allowed by all of them. Shapes broadcast.

    Raises:  ValueError: no mask is given, or one is not boolean.
    """
    if not masks or any(mask.dtype != torch.bool for mask in masks):
        raise ValueError(f"expected boolean masks, got {[str(mask.dtype) for mask in masks] or 'none'}: "
                         "True means may attend")
    return reduce(torch.logical_and, masks)


def dependence(function: Callable[[Float[Tensor, "tokens width"]], Float[Tensor, "outputs other_width"]],
               x: Float[Tensor, "tokens width"]) -> Bool[Tensor, "outputs tokens"]:
    """Which output token depends on which input token at `x`: where the Jacobian of `function` is not zero.

    A mask says who may see whom, this says who does: with a right causal mask, the lower triangle and nothing else.
    Where terms cancel, rounding may leave a trace that is no dependence; where a gradient was cut off, none is seen.
    """
    return torch.autograd.functional.jacobian(function, x).abs().amax(dim=(1, 3)) > 0


def gradient_by_distance(function: Callable[[Float[Tensor, "batch tokens width"]], Float[Tensor, "batch tokens _"]],
                         x: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens"]:
    r"""How strongly the last output depends on each token: $\lVert \partial h_T / \partial x_{T-k} \rVert$ by $k$.

    The Frobenius norm of that part of the Jacobian (Pascanu et al. 2013, eq. 5, study the product that it is made of).

    Args:    function: must treat the texts of a batch apart from each other.
    Returns: for each text a number for each distance, 0 first: the last token itself.
    """
    x = x.detach().requires_grad_()
    parts = function(x)[:, -1].sum(dim=0)  # texts are apart, so the gradient of the sum is each text's own
    rows = [torch.autograd.grad(part, x, retain_graph=True)[0] for part in parts]
    return torch.stack(rows).square().sum(dim=(0, 3)).sqrt().flip(1)


def path_length(rounds: Callable[[Float[Tensor, "batch tokens width"]], Iterable[Float[Tensor, "batch tokens _"]]],
                x: Float[Tensor, "batch tokens width"]) -> int:
    """After how many rounds the last token depends on the first, by the gradient (Vaswani et al. 2017, table 1).

    Args:    rounds: given `x`, gives what stands at the tokens after each round of work that can be done at once.
    Raises:  ValueError: it never does.
    """
    x, generator = x.detach().requires_grad_(), torch.Generator().manual_seed(0)
    count = 0
    for count, after in enumerate(rounds(x), start=1):
        signs = torch.randn(after[:, -1].shape, generator=generator).to(after)  # so that no two numbers cancel
        (gradient,) = torch.autograd.grad((after[:, -1] * signs).sum(), x, retain_graph=True)
        if gradient[:, 0].any():
            return count
    raise ValueError(f"after {count} rounds the last of {x.shape[1]} tokens does not depend on the first: give fewer "
                     "tokens, or rounds that reach farther")
