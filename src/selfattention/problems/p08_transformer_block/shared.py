"""What several exercises of this chapter share."""

import torch

from selfattention.problems.draws import tensor


def normed(x, gain, offset, epsilon, dim=-1):
    mean = x.mean(dim=dim, keepdim=True)
    variance = (x - mean).square().mean(dim=dim, keepdim=True)
    return (x - mean) / torch.sqrt(variance + epsilon) * gain + offset


def matrices(rng, d_model=5, d_ff=11):
    return tensor(rng, d_model, d_ff), tensor(rng, d_ff), tensor(rng, d_ff, d_model), tensor(rng, d_model)


def centre(x):
    return x - x.mean(dim=-1, keepdim=True)


def double(x):
    return 2 * x


def average(x):
    return x.mean(dim=-2, keepdim=True).expand_as(x)


def shift(x):
    return torch.cat([x[..., -1:, :], x[..., :-1, :]], dim=-2)


def square(x):
    return x * x


TWO_TOKENS = torch.tensor([[1.0, 3.0], [2.0, 7.0]])


def parts(rng):
    """Two norms and two sublayers, different each time and easy to tell apart."""
    gain_1, gain_2, mix, bend = tensor(rng, 7), tensor(rng, 7), tensor(rng, 7, 7), tensor(rng, 7, 7)
    return (lambda x: shift(x) @ mix, lambda x: centre(x) * gain_1, lambda x: torch.tanh(x @ bend),
            lambda x: centre(x) / (1 + centre(x).norm(dim=-1, keepdim=True)) * gain_2)
