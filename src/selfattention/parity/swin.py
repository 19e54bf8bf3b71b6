"""The weights of Hugging Face's Swin for ours."""

from torch import nn

from selfattention.parity.naming import given, renamed

SWIN = {r"^swin\.": "", r"^embeddings\.patch_embeddings\.projection\.": "patches.",
        r"^embeddings\.norm\.": "first_norm.",
        r"^encoder\.layers\.(\d+)\.downsample\.": r"mergings.\1.",
        r"^encoder\.layers\.(\d+)\.blocks\.(\d+)\.": r"stages.\1.\2.",
        r"\.layernorm_before\.": ".around_attention.norm.", r"\.layernorm_after\.": ".around_feed_forward.norm.",
        r"\.relative_position_bias\.relative_position_bias_table$": ".table",
        r"\.q_proj\.": ".query.", r"\.k_proj\.": ".key.", r"\.v_proj\.": ".value.", r"\.o_proj\.": ".output.",
        r"\.mlp\.fc1\.": ".feed_forward.0.", r"\.mlp\.fc2\.": ".feed_forward.2.",
        r"^layernorm\.": "last_norm.", r"^classifier\.": "head."}


def from_swin(ours: nn.Module, theirs: nn.Module) -> nn.Module:
    """Give our Swin the weights of a `transformers.SwinModel` or `SwinForImageClassification`, and return it.

    A `SwinModel` has no classes; then our head keeps its own weights.

    Raises:  ValueError: a weight has no counterpart, or its counterpart is of another shape.
    """
    weights = {renamed(name, SWIN): weight for name, weight in theirs.state_dict().items()}
    return given(ours, weights, keeps=() if hasattr(theirs, "classifier") else ("head.",))
