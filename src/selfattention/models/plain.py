"""The encoder–decoder of 2017 as one reads it: whole sentences at once, no cache, no dropout (Vaswani et al. 2017, §3).

It computes with the weights of `transformer.Transformer.paper` and gives the same scores.
"""

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from selfattention import masks

Tokens = Int[Tensor, "batch _tokens"]
Vectors = Float[Tensor, "batch _tokens d_model"]
Scores = Float[Tensor, "batch _tokens vocab"]
Mask = Bool[Tensor, "batch 1 _tokens"]


def embed(model: nn.Module, table: nn.Embedding, tokens: Tokens) -> Vectors:
    """Token vectors with sinusoids added (§3.4, §3.5)."""
    return table(tokens) * table.embedding_dim**0.5 + model.positions(tokens.shape[1])


def encode(model: nn.Module, source: Tokens) -> tuple[Vectors, Mask]:
    """The memory, and which source tokens are real."""
    x, real = embed(model, model.source_embedding, source), (source != 0)[:, None]
    for layer in model.encoder:
        x = layer.around_attention.norm(x + layer.attention(x, mask=real))
        x = layer.around_feed_forward.norm(x + layer.feed_forward(x))
    return x, real


def decode(model: nn.Module, target: Tokens, memory: Vectors, real: Mask) -> Scores:
    """Scores of each next target token."""
    x, past = embed(model, model.target_embedding, target), masks.causal(target.shape[1])
    for layer in model.decoder:
        x = layer.around_attention.norm(x + layer.attention(x, mask=past))
        x = layer.around_cross_attention.norm(x + layer.cross_attention(x, memory, real))
        x = layer.around_feed_forward.norm(x + layer.feed_forward(x))
    return x @ model.target_embedding.weight.T
