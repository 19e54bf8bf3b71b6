"""The weights of Hugging Face's Marian, an encoder–decoder, for ours."""

import re

from torch import nn

from selfattention.parity.naming import given, renamed

MARIAN = {
    r"^model\.(en|de)coder\.layers\.": r"\1coder.",
    r"\bself_attn_layer_norm\.": "around_attention.norm.",
    r"\bencoder_attn_layer_norm\.": "around_cross_attention.norm.",
    r"\bfinal_layer_norm\.": "around_feed_forward.norm.",
    r"\bself_attn\.": "attention.",
    r"\bencoder_attn\.": "cross_attention.",
    r"\bq_proj\.": "query.",
    r"\bk_proj\.": "key.",
    r"\bv_proj\.": "value.",
    r"\bout_proj\.": "output.",
    r"\bfc1\.": "feed_forward.0.",
    r"\bfc2\.": "feed_forward.2.",
}
# Copies of the shared table, and what this model has no weights for.
NOT_OURS = re.compile(r"embed_tokens|embed_positions|final_logits_bias|lm_head")


def from_marian(ours: nn.Module, theirs: nn.Module) -> nn.Module:
    """Give our encoder–decoder the weights of a `transformers.MarianMTModel`, and return it.

    Marian has one table of embeddings for both languages, which both of ours get.

    Raises:  ValueError: a weight has no counterpart, or its counterpart is of another shape.
    """
    state = {name: weight for name, weight in theirs.state_dict().items() if not NOT_OURS.search(name)}
    table = state.pop("model.shared.weight")
    weights = {renamed(name, MARIAN): weight for name, weight in state.items()}
    return given(ours, weights | {"source_embedding.weight": table, "target_embedding.weight": table})
