"""What several exercises of this chapter share."""

import torch


def turned(x, positions, exponents=None, sign=1):
    exponents = torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1] if exponents is None else exponents
    angles = sign * positions[:, None] * 10_000.0**-exponents
    cosines, sines = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cosines - odd * sines, even * sines + odd * cosines], dim=-1).flatten(-2)
