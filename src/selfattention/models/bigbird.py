"""BigBird: near, chosen and random blocks in place of all tokens, for long texts (Zaheer et al. 2020)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from selfattention.efficient.block_sparse import sparse_attention
from selfattention.efficient.patterns import Pattern
from selfattention.layers import (
    EncoderLayer,
    FeedForward,
    LayerNorm,
    MultiHeadAttention,
    PostNorm,
    PreNorm,
    merge_heads,
    split_heads,
)
from selfattention.positions import LearnedPositions, Rotary

Tokens = Int[Tensor, "batch tokens"]
Vectors = Float[Tensor, "batch tokens d_model"]


@dataclass(frozen=True)
class Sizes:
    """The numbers that make a BigBird; the paper's base model has 768, 12, 3072, 12, 4096 and 0.1 after its vocabulary.

    Args:    positions: the most tokens a text may have, where positions are learned.
    """

    vocab: int
    d_model: int = 64
    heads: int = 2
    d_ff: int = 256
    layers: int = 2
    positions: int = 4096
    dropout: float = 0.1


class SparseAttention(MultiHeadAttention):
    """Multi-head self-attention in which blocks of tokens see each other by a pattern, the same in all heads.

    Differs: in the paper's code each head draws random blocks of its own, and where nothing is trained all of them are
    the first block. There are no weights to be watched.
    """

    def __init__(self, d_model: int, heads: int, pattern: Pattern, *, rotary: Rotary | None = None) -> None:
        super().__init__(d_model, heads, rotary=rotary)
        self.pattern = pattern

    def forward(self, x: Vectors, memory: None = None, mask: Bool[Tensor, "batch 1 tokens"] | None = None,
                bias: None = None) -> Vectors:
        """Self-attention of `x`.

        Args:    mask: True at tokens, False at padding.
        Raises:  ValueError: the tokens cannot be cut into whole blocks, something other than padding is to be masked,
                 or a memory or bias is given.
        """
        if memory is not None or bias is not None or (mask is not None and mask.shape != (len(x), 1, x.shape[1])):
            raise ValueError(f"a mask {None if mask is None else tuple(mask.shape)} for x {tuple(x.shape)}, a memory "
                             "or a bias: who sees whom is the pattern's matter, so give a mask of shape (texts, 1, "
                             "tokens), False at padding, and nothing else")
        seen, within = self.pattern.seen(x.shape[1]), self.pattern.within()
        keys, values = self.keys_values(x)
        queries = split_heads(self.query(x), self.heads)
        queries = self.rotary(queries) if self.rotary else queries
        mixed = sparse_attention(queries, keys, values, seen, None if within is None else within.to(x.device),
                                 None if mask is None else mask[:, 0])
        return self.output(merge_heads(mixed))


class BigBird(nn.Module):
    """Reads long texts. `paper` and `rotary` build the two usual kinds.

    With a `CausalPattern` it predicts the next token, with a `Pattern` it is an encoder. Each layer has random blocks
    of its own: its number is added to the pattern's seed. A pattern of one block alone is full attention.

    Args:    layers: with `SparseAttention` inside. positions: vectors added to the embeddings; None where the layers
             take care of positions themselves. first_norm, last_norm: before the first layer, and after the last.
    Differs: there are no segments, and the scores are products with the embeddings alone.
    """

    def __init__(self, sizes: Sizes, layers: list[EncoderLayer], positions: nn.Module | None,
                 first_norm: nn.Module, last_norm: nn.Module) -> None:
        super().__init__()
        self.sizes, self.token, self.positions = sizes, nn.Embedding(sizes.vocab, sizes.d_model), positions
        nn.init.normal_(self.token.weight, std=0.02 if positions else sizes.d_model**-0.5)
        self.first_norm, self.last_norm, self.dropout = first_norm, last_norm, nn.Dropout(sizes.dropout)
        self.layers = nn.ModuleList(layers)

    @classmethod
    def paper(cls, sizes: Sizes, pattern: Pattern) -> "BigBird":
        """As published: BERT's embeddings and layers, positions learned, norms after each residual connection."""
        layers = _layers(sizes, pattern, PostNorm, lambda: None)
        return cls(sizes, layers, LearnedPositions(sizes.positions, sizes.d_model), LayerNorm(sizes.d_model),
                   nn.Identity())

    @classmethod
    def rotary(cls, sizes: Sizes, pattern: Pattern) -> "BigBird":
        """As built today: queries and keys are rotated by their positions, norms stand before each sublayer."""
        layers = _layers(sizes, pattern, PreNorm, lambda: Rotary(sizes.d_model // sizes.heads))
        return cls(sizes, layers, None, nn.Identity(), LayerNorm(sizes.d_model))

    def encode(self, tokens: Tokens, real: Bool[Tensor, "batch tokens"] | None = None) -> Vectors:
        """The last layer's vectors.

        Args:    real: True at tokens, False at padding, which nobody sees; None where nothing is padded.
        Raises:  ValueError: no texts or no tokens, no whole numbers, a token that is not in the vocabulary, or tokens
                 that cannot be cut into whole blocks (the message says to which length to pad).
        """
        if tokens.ndim != 2 or tokens.numel() == 0 or tokens.is_floating_point() or tokens.dtype == torch.bool:
            raise ValueError(f"tokens of shape {tuple(tokens.shape)} and type {tokens.dtype}: give whole numbers with "
                             "the axes texts and tokens, at least one of each")
        try:
            x = self.token(tokens)
        except IndexError:
            raise ValueError(f"tokens from {int(tokens.min())} to {int(tokens.max())}, but the vocabulary has the "
                             f"numbers 0 to {self.sizes.vocab - 1}: was another vocabulary used?") from None
        x = x * self.sizes.d_model**0.5 if self.positions is None else x + self.positions(tokens.shape[1])
        x = self.dropout(self.first_norm(x))
        for layer in self.layers:
            x = layer(x, None if real is None else real[:, None])
        return self.last_norm(x)

    def forward(self, tokens: Tokens,
                real: Bool[Tensor, "batch tokens"] | None = None) -> Float[Tensor, "batch tokens vocab"]:
        """Scores over the vocabulary for every place: of the next token, or of the one that is hidden there."""
        return self.encode(tokens, real) @ self.token.weight.T


def _layers(sizes: Sizes, pattern: Pattern, residual: type[PostNorm] | type[PreNorm],
            rotary: Callable[[], Rotary | None]) -> list[EncoderLayer]:
    return [EncoderLayer(SparseAttention(sizes.d_model, sizes.heads, replace(pattern, seed=pattern.seed + number),
                                         rotary=rotary()),
                         FeedForward(sizes.d_model, sizes.d_ff, partial(nn.GELU, approximate="tanh")), residual,
                         sizes.dropout)
            for number in range(sizes.layers)]
