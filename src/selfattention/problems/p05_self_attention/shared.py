"""What several exercises of this chapter share."""

import torch

from selfattention.problems.draws import tensor


def weights(rng, d_model=7, d_k=5, d_v=11):
    return tensor(rng, d_model, d_k), tensor(rng, d_model, d_k), tensor(rng, d_model, d_v)


TOKENS = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
ASKING = torch.tensor([[2.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
ANSWERING = torch.tensor([[1.0, 0.0], [0.0, 3.0]], dtype=torch.float64)
READING = torch.tensor([[1.0], [10.0]], dtype=torch.float64)


def attend(queries, keys, values, scale):
    return torch.softmax(queries @ keys.transpose(-2, -1) * scale, dim=-1) @ values
