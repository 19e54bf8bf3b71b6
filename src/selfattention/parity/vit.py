"""The weights of Hugging Face's ViT for ours."""

from torch import nn

from selfattention.parity.naming import given, renamed

VIT = {
    r"^vit\.": "encoder.",
    r"\bembeddings\.cls_token$": "class_token",
    r"\bembeddings\.position_embeddings$": "positions.table",
    r"\bembeddings\.patch_embeddings\.projection\.": "projection.",
    r"\.q_proj\.": ".query.",
    r"\.k_proj\.": ".key.",
    r"\.v_proj\.": ".value.",
    r"\.o_proj\.": ".output.",
    r"\blayernorm_before\.": "around_attention.norm.",
    r"\blayernorm_after\.": "around_feed_forward.norm.",
    r"\bmlp\.fc1\.": "feed_forward.0.",
    r"\bmlp\.fc2\.": "feed_forward.2.",
    r"\blayernorm\.": "norm.",
    r"^classifier\.": "output.",
}


def from_vit(ours: nn.Module, theirs: nn.Module) -> nn.Module:
    """Give ours the weights of Hugging Face's, and return it.

    Theirs projects patches by a convolution, whose weights (outputs, channels, rows, columns) are ours once each
    output's are laid out in a row.

    Args:    theirs: `ViTModel` without a pooler for our `ViT`, `ViTForImageClassification` for `ImageClassifier`.
    Raises:  ValueError: a weight has no counterpart, or its counterpart is of another shape.
    """
    weights = {renamed(name, VIT): weight for name, weight in theirs.state_dict().items()}
    for name, weight in weights.items():
        if name.endswith(("class_token", "positions.table")):
            weights[name] = weight.reshape(weight.shape[1:] if name.endswith("table") else weight.shape[2:])
        elif name.endswith("projection.weight"):
            weights[name] = weight.flatten(1)
    return given(ours, weights)
