"""A decoder of attention and nothing else: each head reads from a residual stream and adds to it.

(Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits".)
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from selfattention import masks
from selfattention.layers import MultiHeadAttention, watching
from selfattention.positions import RelativeBias

Tokens = Int[Tensor, "batch tokens"]
Stream = Float[Tensor, "batch tokens d_model"]


FASTER = 10.0  # times as fast as other parameters is a bias learned, as an optimizer moves all by about as much


@dataclass(frozen=True)
class Sizes:
    """The numbers that make a model.

    Args:    furthest: the largest distance with a bias of its own; tokens further away share it.
    """

    vocab: int
    d_model: int = 64
    heads: int = 4
    layers: int = 2
    furthest: int = 47


class AttentionLayer(nn.Module):
    r"""Adds what its heads make of the stream to the stream: $x + \sum_h h(x)$ (Elhage et al. 2021).

    How far a key stands from the query adds to its score a number that is learned for each head and distance.
    """

    def __init__(self, d_model: int, heads: int, furthest: int) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(d_model, heads, bias=False)
        self.distances = RelativeBias(heads, furthest)

    def forward(self, x: Stream, mask: Bool[Tensor, "tokens tokens"]) -> Stream:
        """The stream after this layer."""
        return x + self.attention(x, mask=mask, bias=FASTER * self.distances(*mask.shape))


class AttentionOnly(nn.Module):
    r"""Scores each next token: $T(t) = W_U\,(x_0 + \sum_h h(x) + \dots)$ with $x_0 = W_E t$ (Elhage et al. 2021).

    There are no feed-forward layers, no norms and no biases. So the stream is a plain sum of what was added to it, and
    the scores are the sum of what each head contributes to them.

    Differs: the paper adds learned positions where queries and keys are made; here distances add to the scores (Raffel
    et al. 2020). In both, no position is in the stream.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.embedding = nn.Embedding(sizes.vocab, sizes.d_model)
        self.layers = nn.ModuleList(AttentionLayer(sizes.d_model, sizes.heads, sizes.furthest)
                                    for _ in range(sizes.layers))
        self.unembedding = nn.Linear(sizes.d_model, sizes.vocab, bias=False)
        nn.init.normal_(self.unembedding.weight, std=sizes.d_model**-0.5)

    @property
    def attentions(self) -> list[MultiHeadAttention]:
        """The attention of each layer, from below."""
        return [layer.attention for layer in self.layers]

    def forward(self, tokens: Tokens) -> Float[Tensor, "batch tokens vocab"]:
        """Scores (logits) of each next token.

        Raises:  ValueError: no text or no tokens, or a token that is not in the vocabulary.
        """
        if tokens.ndim != 2 or tokens.numel() == 0:
            raise ValueError(f"tokens of shape {tuple(tokens.shape)} are empty or no batch: the axes are texts and "
                             "tokens, at least one of each")
        try:
            x = self.embedding(tokens)
        except IndexError:
            raise ValueError(f"tokens from {int(tokens.min())} to {int(tokens.max())}, but the vocabulary has the "
                             f"numbers 0 to {self.sizes.vocab - 1}: was another vocabulary used?") from None
        mask = masks.causal(tokens.shape[1], device=tokens.device)
        for layer in self.layers:
            x = layer(x, mask)
        return self.unembedding(x)

    @torch.no_grad()
    def weights(self, tokens: Tokens) -> list[Float[Tensor, "batch heads tokens tokens"]]:
        """Who looks at whom, layer by layer."""
        with watching(*self.attentions) as seen:
            self(tokens)
        return [weights for (weights,) in seen]
