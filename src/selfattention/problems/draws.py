"""What exercises of several chapters draw their data with."""

import numpy as np
import torch
from torch import Tensor


def tensor(rng: np.random.Generator, *shape: int) -> Tensor:
    """Normal numbers in float64."""
    return torch.from_numpy(rng.normal(size=shape))
