"""Weights that go by other names: renamed by a table of patterns, and loaded where every one has its place."""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from selfattention.layers import LayerNorm


def renamed(name: str, names: Mapping[str, str]) -> str:
    """Ours for a name of theirs; all patterns that fit are replaced, in their order."""
    for pattern, replacement in names.items():
        name = re.sub(pattern, replacement, name)
    return name


def without_copies(theirs: nn.Module) -> dict[str, Tensor]:
    """The state of a Hugging Face language model; where its head is its table of embeddings, that is there once."""
    state = theirs.state_dict()
    if theirs.get_output_embeddings().weight is theirs.get_input_embeddings().weight:
        del state["lm_head.weight"]
    return state


def given(ours: nn.Module, weights: dict[str, Tensor], keeps: tuple[str, ...] = ()) -> nn.Module:
    """Load them, where every weight has its place; our norms call theirs gain and offset."""
    for owner, module in ours.named_modules():
        if isinstance(module, LayerNorm):
            start = f"{owner}." if owner else ""
            for mine, other in (("gain", "weight"), ("offset", "bias")):
                if f"{start}{other}" in weights:
                    weights[f"{start}{mine}"] = weights.pop(f"{start}{other}")
    there = ours.state_dict()
    without = [name for name in there if name not in weights and not name.startswith(keeps)]
    beyond = [name for name in weights if name not in there]
    unlike = [f"{name} {tuple(there[name].shape)} for {tuple(weights[name].shape)}"
              for name in weights if name in there and there[name].shape != weights[name].shape]
    if without or beyond or unlike:
        raise ValueError(f"{type(ours).__name__} cannot take these weights: ours without one of theirs: "
                         f"{without or 'none'}; theirs without a place here: {beyond or 'none'}; "
                         f"of another shape: {unlike or 'none'}. Make both with the same sizes and options")
    ours.load_state_dict(there | weights)
    return ours
