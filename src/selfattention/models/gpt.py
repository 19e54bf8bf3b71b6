"""GPT-2, a decoder alone (Radford et al. 2019), and four changes that came after it, each to be had on its own."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from selfattention import masks
from selfattention.layers import FeedForward, KeysValues, LayerNorm, MultiHeadAttention, RMSNorm, SwiGLU, watching
from selfattention.positions import LearnedPositions, Rotary

Tokens = Int[Tensor, "batch tokens"]
STD = 0.02  # of the first weights


@dataclass(frozen=True)
class Sizes:
    """The numbers that make a GPT; GPT-2's smallest has 50257, 1024, 768, 12, 3072, 12 and 0.1.

    Args:    context: the most tokens that it reads at once.
    """

    vocab: int
    context: int = 256
    d_model: int = 128
    heads: int = 4
    d_ff: int = 512
    layers: int = 4
    dropout: float = 0.0


@dataclass(frozen=True)
class Changes:
    """What later decoders such as Llama do in another way; with none of it a GPT is that of 2019.

    Args:    rms_norm: RMSNorm for LayerNorm (Zhang & Sennrich 2019). swiglu: a gate in the feed-forward layer (Shazeer
             2020), with 2/3 of `d_ff`, so that there are about as many weights. rotary: queries and keys are turned by
             their positions (Su et al. 2021), and no position is learned. key_heads: how many heads keys and values
             have (grouped queries, Ainslie et al. 2023); None stands for as many as the queries.
    """

    rms_norm: bool = False
    swiglu: bool = False
    rotary: bool = False
    key_heads: int | None = None


class CausalLayer(nn.Module):
    """Self-attention, then the feed-forward layer, each with its norm before it and added to what came in.

    (Radford et al. 2019, §2.3: "layer normalization was moved to the input of each sub-block".)
    """

    def __init__(self, attention: MultiHeadAttention, feed_forward: nn.Module, norm: Callable[[], nn.Module],
                 dropout: float = 0.0) -> None:
        super().__init__()
        self.attention, self.feed_forward, self.dropout = attention, feed_forward, nn.Dropout(dropout)
        self.attention_norm, self.feed_forward_norm = norm(), norm()

    def forward(self, x: Float[Tensor, "batch tokens d_model"], mask: Bool[Tensor, "tokens keys"] | None = None,
                past: KeysValues | None = None) -> tuple[Float[Tensor, "batch tokens d_model"], KeysValues]:
        """One layer over new tokens.

        Args:    past: this layer's keys and values of the tokens before `x`, from the last call.
        Returns: the new vectors, and the keys and values of all tokens so far, to be passed in next time.
        """
        start = 0 if past is None else past[0].shape[-2]
        normed = self.attention_norm(x)
        so_far = self.attention.keys_values(normed, start)
        if past is not None:
            so_far = tuple(torch.cat(pair, dim=-2) for pair in zip(past, so_far))
        x = x + self.dropout(self.attention.attend(normed, so_far, mask, start=start))
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x))), so_far


class GPT(nn.Module):
    """Predicts each next token from the tokens before it.

    Differs: GPT-2 also drops attention weights in training.
    """

    def __init__(self, sizes: Sizes, changes: Changes = Changes()) -> None:
        super().__init__()
        self.sizes, self.changes = sizes, changes
        norm = partial(RMSNorm if changes.rms_norm else LayerNorm, sizes.d_model)
        self.embedding = nn.Embedding(sizes.vocab, sizes.d_model)
        self.positions = None if changes.rotary else LearnedPositions(sizes.context, sizes.d_model)
        self.dropout = nn.Dropout(sizes.dropout)
        self.layers = nn.ModuleList(CausalLayer(_attention(sizes, changes), _feed_forward(sizes, changes), norm,
                                                sizes.dropout) for _ in range(sizes.layers))
        self.norm = norm()
        self._initialise()

    def _initialise(self) -> None:
        """Small weights; those that add to the residual stream are smaller, the more of them there are (§2.3)."""
        nn.init.normal_(self.embedding.weight, std=STD)
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear):
                adds = name.endswith(("attention.output", "feed_forward.2", "feed_forward.down"))
                nn.init.normal_(module.weight, std=STD / (2 * self.sizes.layers) ** 0.5 if adds else STD)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    @property
    def context(self) -> int:
        """The most tokens that it reads at once."""
        return self.sizes.context

    def decode(self, tokens: Tokens, past: list[KeysValues] | None = None,
               ) -> tuple[Float[Tensor, "batch tokens vocab"], list[KeysValues]]:
        """Scores (logits) of each next token.

        Args:    tokens: all so far, or, where `past` holds what came before, the new ones only.
        Returns: the scores, and the past to pass in next time: each layer's keys and values.
        Raises:  ValueError: no tokens, a token that is not in the vocabulary, a past of other texts or of another
                 model, or more tokens than there are positions (with rotary positions there is no end).
        """
        start = self._require_past(tokens, past)
        x = self._embed(tokens, start)
        # A single token is the last: it may see all.
        mask = masks.causal(tokens.shape[1], start + tokens.shape[1], tokens.device) if tokens.shape[1] > 1 else None
        following = []
        for number, layer in enumerate(self.layers):
            x, so_far = layer(x, mask, past[number] if past else None)
            following.append(so_far)
        return self.norm(x) @ self.embedding.weight.T, following

    def forward(self, tokens: Tokens) -> Float[Tensor, "batch tokens vocab"]:
        """Scores of each next token, for training: whole texts are given, and the causal mask hides what comes."""
        return self.decode(tokens)[0]

    @torch.no_grad()
    def weights(self, tokens: Tokens) -> list[Float[Tensor, "batch heads tokens tokens"]]:
        """Who looks at whom, layer by layer."""
        with watching(*(layer.attention for layer in self.layers)) as seen:
            self(tokens)
        return [weights for (weights,) in seen]

    def _embed(self, tokens: Tokens, start: int) -> Float[Tensor, "batch tokens d_model"]:
        try:
            x = self.embedding(tokens)
        except IndexError:  # found by the look-up itself, so that good tokens are not looked at twice
            raise ValueError(f"tokens from {int(tokens.min())} to {int(tokens.max())}, but the vocabulary has the "
                             f"numbers 0 to {self.sizes.vocab - 1}: was another vocabulary used?") from None
        return self.dropout(x if self.positions is None else x + self.positions(tokens.shape[1], start))

    def _require_past(self, tokens: Tensor, past: list[KeysValues] | None) -> int:
        """How many tokens came before, where tokens and past are such that they can follow each other."""
        if tokens.ndim != 2 or tokens.numel() == 0:
            raise ValueError(f"tokens of shape {tuple(tokens.shape)} are empty or no batch: the axes are texts and "
                             "tokens, at least one of each")
        if tokens.is_floating_point() or tokens.dtype == torch.bool:
            raise ValueError(f"tokens of type {tokens.dtype}, expected whole numbers such as torch.long")
        if not past:
            return 0
        if len(past) != len(self.layers) or len(past[0][0]) != len(tokens):
            raise ValueError(f"a past of {len(past)} layers and {len(past[0][0])} texts, but the model has "
                             f"{len(self.layers)} layers and is given {len(tokens)} texts: pass in what the last call "
                             "for these texts returned, or None to begin anew")
        return past[0][0].shape[-2]


def _attention(sizes: Sizes, changes: Changes) -> MultiHeadAttention:
    rotary = Rotary(sizes.d_model // sizes.heads) if changes.rotary else None
    return MultiHeadAttention(sizes.d_model, sizes.heads, key_heads=changes.key_heads, rotary=rotary)


def _feed_forward(sizes: Sizes, changes: Changes) -> nn.Module:
    if changes.swiglu:
        return SwiGLU(sizes.d_model, 2 * sizes.d_ff // 3)
    return FeedForward(sizes.d_model, sizes.d_ff, partial(nn.GELU, approximate="tanh"))
