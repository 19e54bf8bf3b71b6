"""The weights of Hugging Face's Transformer-XL for ours; releases until 4.57 have it."""

from torch import nn

from selfattention.parity.naming import given, renamed

TRANSFO_XL = {
    r"^word_emb\.emb_layers\.0\.": "embedding.",
    r"\bdec_attn\.layer_norm\.": "around_attention.norm.",
    r"\bpos_ff\.layer_norm\.": "around_feed_forward.norm.",
    r"\bpos_ff\.CoreNet\.0\.": "feed_forward.0.",
    r"\bpos_ff\.CoreNet\.3\.": "feed_forward.2.",
    r"\bdec_attn\.": "attention.",
    r"\bo_net\.": "output.",
    r"\br_net\.": "distance.",
    r"\br_w_bias$": "u",
    r"\br_r_bias$": "v",
}


def from_transfo_xl(ours: nn.Module, theirs: nn.Module) -> nn.Module:
    """Give our Transformer-XL the weights of a `transformers.TransfoXLModel`, and return it.

    Theirs must have one table of embeddings (`cutoffs=[]`, `div_val=1`, `d_embed` as `d_model`) and u and v in each
    layer (`untie_r=True`). It multiplies queries, keys and values in one matrix, and has all sines of a distance
    before all cosines, where ours alternate.

    Raises:  ValueError: a weight has no counterpart, or its counterpart is of another shape.
    """
    weights = {}
    for name, weight in theirs.state_dict().items():
        if name == "pos_emb.inv_freq":
            continue
        name = renamed(name, TRANSFO_XL)
        if name.endswith("qkv_net.weight"):
            for part, of_part in zip(("query", "key", "value"), weight.chunk(3)):
                weights[name.replace("qkv_net", part)] = of_part
        elif name.endswith("distance.weight"):
            sines, cosines = weight.chunk(2, dim=1)
            weights[name] = weight.new_empty(weight.shape)
            weights[name][:, 0::2], weights[name][:, 1::2] = sines, cosines
        else:
            weights[name] = weight[:, None] if name.endswith((".u", ".v")) else weight
    return given(ours, weights)
