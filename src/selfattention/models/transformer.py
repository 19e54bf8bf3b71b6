"""The encoder–decoder Transformer (Vaswani et al. 2017, figure 1)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from selfattention import masks
from selfattention.layers import (
    DecoderLayer,
    EncoderLayer,
    FeedForward,
    KeysValues,
    LayerNorm,
    MultiHeadAttention,
    PostNorm,
    Residual,
    watching,
)
from selfattention.positions import Rotary, SinusoidalPositions

Tokens = Int[Tensor, "batch tokens"]


@dataclass(frozen=True)
class Memory:
    """The encoded source: for each decoder layer its keys and values, and which source tokens are real."""

    keys_values: list[KeysValues]
    mask: Bool[Tensor, "batch 1 source"]


@dataclass(frozen=True)
class Sizes:
    """The numbers that make a Transformer; the paper's base model has 512, 8, 2048, 6 and 0.1."""

    source_vocab: int
    target_vocab: int
    d_model: int = 64
    heads: int = 4
    d_ff: int = 256
    layers: int = 2
    dropout: float = 0.1


class Weights(NamedTuple):
    """The weights of a Transformer's three kinds of attention, layer by layer: (batch, heads, queries, keys)."""

    encoder: list[Float[Tensor, "batch heads source source"]]
    decoder: list[Float[Tensor, "batch heads target target"]]
    cross: list[Float[Tensor, "batch heads target source"]]


class Transformer(nn.Module):
    """Reads a source sentence, and predicts each next token of the target from the source and the target so far.

    Token 0 is padding, in source and target alike. `paper` and `rotary` build the two usual kinds.

    Args:    encoder, decoder: the stacks of layers. positions: vectors added to the embeddings; None where the layers
             take care of positions themselves. norm: makes the norm at the end of each stack (none after post-norm).
    """

    PADDING = 0

    def __init__(self, sizes: Sizes, encoder: list[EncoderLayer], decoder: list[DecoderLayer],
                 positions: nn.Module | None, norm: Callable[[], nn.Module] = nn.Identity) -> None:
        super().__init__()
        self.sizes = sizes
        self.source_embedding = nn.Embedding(sizes.source_vocab, sizes.d_model)
        self.target_embedding = nn.Embedding(sizes.target_vocab, sizes.d_model)
        for table in (self.source_embedding, self.target_embedding):
            nn.init.normal_(table.weight, std=sizes.d_model**-0.5)
        self.positions, self.dropout = positions, nn.Dropout(sizes.dropout)
        self.encoder, self.decoder = nn.ModuleList(encoder), nn.ModuleList(decoder)
        self.encoder_norm, self.decoder_norm = norm(), norm()

    @classmethod
    def paper(cls, sizes: Sizes) -> "Transformer":
        """As published: sinusoids added, norms behind each residual connection.

        Differs: the attentions' projections have biases, and the source has an embedding of its own (the paper shares
        one between both languages).
        """
        return cls(sizes, *stacks(sizes, PostNorm, lambda: None), SinusoidalPositions(sizes.d_model))

    @classmethod
    def rotary(cls, sizes: Sizes, residual: Residual = PostNorm) -> "Transformer":
        """As built today: queries and keys are rotated by their positions (Su et al. 2021).

        Differs: cross-attention has no rotation, because source and target positions are not on one line.
        """
        norm = nn.Identity if residual is PostNorm else lambda: LayerNorm(sizes.d_model)
        return cls(sizes, *stacks(sizes, residual, lambda: Rotary(sizes.d_model // sizes.heads)), None, norm)

    def _embed(self, tokens: Tokens, table: nn.Embedding, start: int = 0) -> Float[Tensor, "batch tokens d_model"]:
        if tokens.is_floating_point() or tokens.dtype == torch.bool:
            raise ValueError(f"tokens of type {tokens.dtype}, expected whole numbers such as torch.long")
        try:
            x = table(tokens) * math.sqrt(table.embedding_dim)
        except IndexError:  # found by the look-up itself, so that good tokens are not looked at twice
            raise ValueError(f"tokens from {int(tokens.min())} to {int(tokens.max())}, but the vocabulary has the "
                             f"numbers 0 to {table.num_embeddings - 1}: was another vocabulary used?") from None
        if self.positions is not None:
            x = x + self.positions(tokens.shape[1], start)
        return self.dropout(x)

    def encode(self, source: Tokens) -> Memory:
        """Read the source once.

        Raises:  ValueError: no sentence or no tokens, or a token that is not in the vocabulary.
        Differs: on a GPU a token that is not in the vocabulary ends in torch's own error, because to look at every
                 token there would make each step wait.
        """
        if source.ndim != 2 or source.numel() == 0:
            raise ValueError(f"a source of shape {tuple(source.shape)} is empty or no batch: its axes are sentences "
                             "and tokens, at least one of each")
        mask = (source != self.PADDING)[:, None]
        x = self._embed(source, self.source_embedding)
        for layer in self.encoder:
            x = layer(x, mask)
        x = self.encoder_norm(x)
        return Memory([layer.cross_attention.keys_values(x) for layer in self.decoder], mask)

    def decode(self, target: Tokens, memory: Memory,
               past: list[KeysValues] | None = None) -> tuple[Float[Tensor, "batch tokens vocab"], list[KeysValues]]:
        """Scores (logits) of each next token.

        Args:    target: the tokens so far, or, where `past` holds what came before, the new ones only.
        Returns: the scores, and the past to pass in next time.
        Raises:  ValueError: no tokens, not as many targets as sources, or a token that is not in the vocabulary.
        """
        if target.ndim != 2 or target.numel() == 0 or len(target) != len(memory.mask):
            raise ValueError(f"a target of shape {tuple(target.shape)} for {len(memory.mask)} encoded sources: give "
                             "each source one target of at least one token")
        start = 0 if past is None else past[0][0].shape[-2]
        x = self._embed(target, self.target_embedding, start)
        mask = masks.causal(target.shape[1], start + target.shape[1], target.device)
        following = []
        for number, layer in enumerate(self.decoder):
            x, so_far = layer(x, memory.keys_values[number], mask, memory.mask, past[number] if past else None)
            following.append(so_far)
        return self.logits(self.decoder_norm(x)), following

    def logits(self, x: Float[Tensor, "batch tokens d_model"]) -> Float[Tensor, "batch tokens vocab"]:
        """Scores over the target vocabulary, by the embedding's own matrix (Vaswani et al. 2017, §3.4)."""
        return x @ self.target_embedding.weight.T

    def forward(self, source: Int[Tensor, "batch source"],
                target: Int[Tensor, "batch target"]) -> Float[Tensor, "batch target vocab"]:
        """Scores of each next token, for training: the whole target is given, and the causal mask hides what comes."""
        return self.decode(target, self.encode(source))[0]

    @torch.no_grad()
    def weights(self, source: Int[Tensor, "batch source"], target: Int[Tensor, "batch target"]) -> Weights:
        """Who looks at whom while the source is encoded and the target is read."""
        kinds = ([layer.attention for layer in self.encoder], [layer.attention for layer in self.decoder],
                 [layer.cross_attention for layer in self.decoder])
        with watching(*kinds[0]) as encoder, watching(*kinds[1]) as decoder, watching(*kinds[2]) as cross:
            self(source, target)
        return Weights(*([weights for (weights,) in seen] for seen in (encoder, decoder, cross)))


def stacks(sizes: Sizes, residual: Residual,
           rotary: Callable[[], Rotary | None]) -> tuple[list[EncoderLayer], list[DecoderLayer]]:
    """The layers of encoder and decoder; `rotary` makes what turns queries and keys, or None."""
    def attention(turned: bool = True) -> MultiHeadAttention:
        return MultiHeadAttention(sizes.d_model, sizes.heads, rotary=rotary() if turned else None)

    def feed_forward() -> FeedForward:
        return FeedForward(sizes.d_model, sizes.d_ff)

    encoder = [EncoderLayer(attention(), feed_forward(), residual, sizes.dropout) for _ in range(sizes.layers)]
    decoder = [DecoderLayer(attention(), attention(turned=False), feed_forward(), residual, sizes.dropout)
               for _ in range(sizes.layers)]
    return encoder, decoder
