"""The healthy model of chapter 19: a decoder of one layer, whose parts can be replaced one by one."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from selfattention import masks
from selfattention.debugging.source import PADDING, TOKENS, VOCAB
from selfattention.layers import FeedForward, KeysValues, LayerNorm, MultiHeadAttention, PreNorm
from selfattention.positions import LearnedPositions

WIDTH, HEADS, DROPOUT, STD = 32, 2, 0.1, 0.05
Tokens = Int[Tensor, "batch tokens"]
Vectors = Float[Tensor, "batch tokens width"]
Scores = Float[Tensor, "batch tokens vocab"]


class Small(nn.Module):
    """Predicts each next token from the tokens before it; padding stands in front and is seen by nobody.

    Each method is one of the places at which a bug can sit. The layer is that of GPT-2 (Radford et al. 2019, §2.3).
    """

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, WIDTH)
        nn.init.normal_(self.embedding.weight, std=STD)
        self.positions = LearnedPositions(2 * TOKENS, WIDTH)
        self.attention = MultiHeadAttention(WIDTH, HEADS, bias=False)
        self.around_attention, self.around_feed_forward = PreNorm(WIDTH, DROPOUT), PreNorm(WIDTH, DROPOUT)
        self.feed_forward, self.norm = FeedForward(WIDTH, 2 * WIDTH), LayerNorm(WIDTH)

    def places(self, real: Bool[Tensor, "batch tokens"], start: int) -> Int[Tensor, "batch tokens"]:
        """The position of each token, counted from the first that is no padding."""
        return start + (real.cumsum(dim=1) - 1).clamp(min=0)

    def embed(self, tokens: Tokens, start: int = 0) -> Vectors:
        """Token vectors with those of their positions."""
        return self.embedding(tokens) + self.positions.table[self.places(tokens != PADDING, start)]

    def mask(self, real: Bool[Tensor, "batch tokens"], start: int) -> Bool[Tensor, "batch tokens all"]:
        """Who may see whom: what came before, itself, and no padding."""
        before = torch.ones(len(real), start, dtype=torch.bool)
        return masks.combine(masks.causal(real.shape[1], start + real.shape[1]),
                             torch.cat([before, real], dim=1)[:, None])

    def score(self, x: Vectors) -> Scores:
        """A score for each symbol that may come next."""
        return self.norm(x) @ self.embedding.weight.T

    def read(self, x: Vectors, real: Bool[Tensor, "batch tokens"],
             past: KeysValues | None = None) -> tuple[Scores, KeysValues]:
        """The scores for vectors that have their positions already, and keys and values of all tokens so far."""
        start, so_far = 0 if past is None else past[0].shape[-2], []

        def to_the_past(inner: Tensor) -> Tensor:
            new = self.attention.keys_values(inner)
            so_far.append(new if past is None else tuple(torch.cat(pair, dim=-2) for pair in zip(past, new)))
            return self.attention.attend(inner, so_far[0], self.mask(real, start))

        x = self.around_attention(x, to_the_past)
        return self.score(self.around_feed_forward(x, self.feed_forward)), so_far[0]

    def decode(self, tokens: Tokens, past: KeysValues | None = None) -> tuple[Scores, KeysValues]:
        """Scores of each next token; with a `past` (without padding), `tokens` are the new ones only."""
        start = 0 if past is None else past[0].shape[-2]
        return self.read(self.embed(tokens, start), tokens != PADDING, past)

    def forward(self, tokens: Tokens) -> Scores:
        """Scores of each next token for whole texts, as in training."""
        return self.decode(tokens)[0]
