"""Gives our modules the weights of torch's, so that both must give the same."""

import torch


def copy_attention(ours, theirs):
    """The weights of a `torch.nn.MultiheadAttention`, whose three projections are one matrix."""
    with torch.no_grad():
        for linear, weight, bias in zip((ours.query, ours.key, ours.value), theirs.in_proj_weight.chunk(3),
                                        theirs.in_proj_bias.chunk(3)):
            linear.weight.copy_(weight)
            linear.bias.copy_(bias)
    ours.output.load_state_dict(theirs.out_proj.state_dict())
