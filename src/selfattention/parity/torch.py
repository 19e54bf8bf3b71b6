"""The weights of torch's own modules for ours."""

import re
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from selfattention.parity.naming import given, renamed

# How a part of theirs is called in ours, from the outside in; all that fits is replaced.
TORCH = {
    r"^(en|de)coder\.layers\.": r"\1coder.",
    r"^(en|de)coder\.norm\.": r"\1coder_norm.",
    r"\bself_attn\.": "attention.",
    r"\bmultihead_attn\.": "cross_attention.",
    r"\bout_proj\.": "output.",
    r"\blinear1\.": "feed_forward.0.",
    r"\blinear2\.": "feed_forward.2.",
    r"\bnorm1\.": "around_attention.norm.",
    r"\bnorm2\.": "around_cross_attention.norm.",
    r"\bnorm3\.": "around_feed_forward.norm.",
}
# An encoder's layer has two norms, so its second is what a decoder's third is.
ENCODER = TORCH | {r"\bnorm2\.": "around_feed_forward.norm."}


def from_torch(ours: nn.Module, theirs: nn.Module) -> nn.Module:
    """Give ours the weights of torch's, and return it.

    Args:    theirs: `nn.MultiheadAttention`, `nn.LayerNorm`, `nn.TransformerEncoderLayer`,
             `nn.TransformerDecoderLayer`, or `nn.Transformer`, which has no embeddings: ours keeps its own.
    Raises:  ValueError: a weight has no counterpart, or its counterpart is of another shape.
    """
    weights = {}
    state = theirs.state_dict()
    for name, weight in state.items():
        layer = re.split(r"norm2\.", name)[0]
        names = TORCH if f"{layer}multihead_attn.in_proj_weight" in state else ENCODER
        weights |= dict(_thirds(renamed(name, names), weight))
    return given(ours, weights, keeps=("source_embedding.", "target_embedding."))


def torch_twin(ours: nn.Module) -> nn.Transformer:
    """torch's `nn.Transformer` of the same sizes and type as our encoder–decoder; both get the same random weights.

    Differs: without the norms that torch puts behind each stack; the paper has none, as its last block ends with one.
    """
    sizes, dtype = ours.sizes, ours.source_embedding.weight.dtype
    theirs = nn.Transformer(sizes.d_model, sizes.heads, sizes.layers, sizes.layers, sizes.d_ff, sizes.dropout,
                            batch_first=True, dtype=dtype)
    theirs.encoder.norm = theirs.decoder.norm = None
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.5)
    from_torch(ours, theirs)
    return theirs.train(ours.training)


def apart(ours: nn.Module, theirs: nn.Transformer, source: Tensor, target: Tensor) -> dict[str, float]:
    """How far ours is from torch's: the largest differences of `scores`, and of `gradients` of both embeddings.

    Torch's has no embeddings, so it gets the vectors of ours. Its boolean masks mean the opposite: True hides.
    """
    padding, tokens = source == ours.PADDING, target.shape[1]
    future = torch.ones(tokens, tokens, dtype=torch.bool).triu(diagonal=1)
    tables = ours.source_embedding, ours.target_embedding
    vectors = [table(words) * table.embedding_dim**0.5 + ours.positions(words.shape[1])
               for table, words in zip(tables, (source, target))]
    wanted = ours.logits(theirs(*vectors, tgt_mask=future, src_key_padding_mask=padding,
                                memory_key_padding_mask=padding))
    scores = ours(source, target)
    slopes = [torch.autograd.grad(one.sin().sum(), [table.weight for table in tables]) for one in (scores, wanted)]
    return {"scores": float((scores - wanted).detach().abs().max()),
            "gradients": max(float((one - other).abs().max()) for one, other in zip(*slopes))}


def _thirds(name: str, weight: Tensor) -> Iterator[tuple[str, Tensor]]:
    """torch keeps the matrices of queries, keys and values as one."""
    before, found, end = name.rpartition("in_proj_")
    if not found:
        yield name, weight
    else:
        yield from zip((f"{before}{part}.{end}" for part in ("query", "key", "value")), weight.chunk(3))
