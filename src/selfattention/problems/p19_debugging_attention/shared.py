"""What several exercises of this chapter share: models to be probed."""

import torch

from selfattention.problems.draws import tensor


def centred(x):
    """Each token without the mean of its numbers, as a layer norm sees it."""
    return x - x.mean(dim=-1, keepdim=True)


def mixing(rng, pattern, width=3):
    """A model in which output t depends on token s where `pattern[t, s]` is True, and nowhere else."""
    shares = pattern * (0.5 + torch.from_numpy(rng.random(tuple(pattern.shape))))
    matrix = tensor(rng, width, width)
    return lambda x: shares @ x @ matrix


def past_mean(x):
    """Each token's mean with all tokens before it, along the axis before the last."""
    counts = torch.arange(1, x.shape[-2] + 1, dtype=x.dtype)[:, None]
    return x.cumsum(dim=-2) / counts


def largest(difference):
    """The largest absolute number of a tensor; 0 where there is none."""
    return float(difference.abs().max()) if difference.numel() else 0.0
