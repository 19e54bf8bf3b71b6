"""What several exercises of this chapter share."""

import math

import torch


def texts(rng, *shape, vocab=11):
    """Random tokens."""
    return torch.from_numpy(rng.integers(0, vocab, size=shape))


def only(logits, kept, otherwise=-math.inf):
    """The logits where something is kept, and a number everywhere else."""
    return torch.where(kept, logits, torch.full_like(logits, otherwise))
