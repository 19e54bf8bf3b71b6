"""Transformer-XL: reads a long text in segments, and remembers those before (Dai et al. 2019)."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from selfattention import masks
from selfattention.attention import attention_weights, mix
from selfattention.layers import EncoderLayer, FeedForward, MultiHeadAttention, merge_heads, split_heads
from selfattention.positions import SinusoidalPositions

Memory = list[Float[Tensor, "batch _remembered d_model"]]


@dataclass(frozen=True)
class Sizes:
    """The numbers that make a Transformer-XL; `memory` is how many states before the segment a layer keeps."""

    vocab: int
    d_model: int = 64
    heads: int = 2
    d_ff: int = 256
    layers: int = 2
    memory: int = 16
    dropout: float = 0.1


def relative_shift(scores: Float[Tensor, "*batch queries keys"]) -> Float[Tensor, "*batch queries keys"]:
    r"""Bring the scores by distance to the keys that stand so far before their query.

    Column $c$ of what is given is about the distance keys − 1 − $c$, in every row; in what is returned, column $j$ of
    row $i$ is about key $j$. The queries are the last positions of the keys, so row $i$ moves left by
    queries − 1 − $i$ (Dai et al. 2019, appendix B). A column of zeros in front and other line breaks do it without a
    copy for each row.

    Returns: right scores up to each query's own place; keys after it get numbers without a meaning, to be masked.
    Raises:  ValueError: more queries than keys.
    """
    queries, keys = scores.shape[-2:]
    if queries > keys:
        raise ValueError(f"{queries} queries and {keys} distances: the queries are the last of the keys, so give "
                         "scores for at least as many distances as queries")
    widened = nn.functional.pad(scores, (1, 0))
    return widened.reshape(*scores.shape[:-2], keys + 1, queries)[..., 1:, :].reshape(scores.shape)


class RelativeAttention(MultiHeadAttention):
    r"""Causal attention to a segment and what is remembered before it, by content and by distance.

    The score of query $i$ and key $j$ is $q_i^\top k_j + q_i^\top r_{i-j} + u^\top k_j + v^\top r_{i-j}$, divided by
    $\sqrt{d_{head}}$, where $r_{i-j}$ is made of the sinusoids of the distance by the matrix `distance`, $W_{k,R}$
    (Dai et al. 2019, §3.3; the division is in their code). As $(q_i + u)^\top k_j + (q_i + v)^\top r_{i-j}$ it takes
    two products.

    Differs: the paper has one u and one v for all layers; here each layer has its own.
    """

    def __init__(self, d_model: int, heads: int) -> None:
        super().__init__(d_model, heads, bias=False)
        self.distance = nn.Linear(d_model, d_model, bias=False)
        nn.init.xavier_uniform_(self.distance.weight)
        self.u, self.v = (nn.Parameter(torch.zeros(heads, 1, d_model // heads)) for _ in range(2))
        self.positions = SinusoidalPositions(d_model)

    def forward(self, x: Float[Tensor, "batch tokens d_model"],
                memory: Float[Tensor, "batch _remembered d_model"]) -> Float[Tensor, "batch tokens d_model"]:
        """Let each token of `x` see what is remembered, the tokens of `x` before it, and itself.

        Args:    memory: this layer's inputs before `x`, the latest last; gradients reach it where it was not detached.
        Raises:  ValueError: `x` is of another width.
        """
        seen = torch.cat([memory, x], dim=1)
        keys, values = self.keys_values(seen)
        queries = split_heads(self.query(x), self.heads)
        distances = split_heads(self.distance(self.positions(seen.shape[1]).flip(0))[None], self.heads)
        by_distance = relative_shift((queries + self.v) @ distances.mT) / math.sqrt(queries.shape[-1])
        past = masks.causal(x.shape[1], seen.shape[1], x.device)
        return self.output(merge_heads(mix(self.weights(attention_weights(queries + self.u, keys, past, by_distance)),
                                           values)))


class Layer(EncoderLayer):
    """`RelativeAttention`, then the feed-forward layer, each in a residual connection with the norm after it."""

    def forward(self, x: Float[Tensor, "batch tokens d_model"],
                memory: Float[Tensor, "batch _remembered d_model"]) -> Float[Tensor, "batch tokens d_model"]:
        """One layer over a segment."""
        x = self.around_attention(x, lambda inner: self.attention(inner, memory))
        return self.around_feed_forward(x, self.feed_forward)


def new_memory(memory: Float[Tensor, "batch _remembered d_model"], inputs: Float[Tensor, "batch tokens d_model"],
               most: int) -> Float[Tensor, "batch _kept d_model"]:
    """What a layer remembers after a segment: the last `most` of its inputs, cut off from the gradient (§3.2)."""
    both = torch.cat([memory, inputs], dim=1)
    return both[:, max(both.shape[1] - most, 0):].detach()


class TransformerXL(nn.Module):
    """Predicts each next token from the segment so far and from what each layer remembers of the segments before.

    A layer remembers its inputs, and its inputs there had seen the memory of then. So a token is reached from as many
    as layers × memory tokens before its segment, where the memory is a whole number of segments (§3.2), though a layer
    looks back no further than `sizes.memory`.

    Differs: the paper's embeddings and softmax are adaptive (by frequency of the tokens); here the scores are products
    with the embeddings.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        if sizes.memory < 0:
            raise ValueError(f"a memory of {sizes.memory} states: 0 remembers nothing, and less than that cannot be")
        self.sizes = sizes
        self.embedding = nn.Embedding(sizes.vocab, sizes.d_model)
        nn.init.normal_(self.embedding.weight, std=sizes.d_model**-0.5)
        self.dropout = nn.Dropout(sizes.dropout)
        self.layers = nn.ModuleList(
            Layer(RelativeAttention(sizes.d_model, sizes.heads), FeedForward(sizes.d_model, sizes.d_ff),
                  dropout=sizes.dropout) for _ in range(sizes.layers))

    def embed(self, tokens: Int[Tensor, "batch tokens"]) -> Float[Tensor, "batch tokens d_model"]:
        """The vectors that the first layer reads; they say nothing of places.

        Raises:  ValueError: no text or no tokens, no whole numbers, or a token that is not in the vocabulary.
        """
        if tokens.ndim != 2 or tokens.numel() == 0 or tokens.is_floating_point() or tokens.dtype == torch.bool:
            raise ValueError(f"tokens of shape {tuple(tokens.shape)} and type {tokens.dtype}: give whole numbers with "
                             "the axes texts and tokens, at least one of each")
        try:
            return self.dropout(self.embedding(tokens) * math.sqrt(self.sizes.d_model))
        except IndexError:
            raise ValueError(f"tokens from {int(tokens.min())} to {int(tokens.max())}, but the vocabulary has the "
                             f"numbers 0 to {self.sizes.vocab - 1}: was another vocabulary used?") from None

    def read(self, x: Float[Tensor, "batch tokens d_model"],
             memory: Memory) -> tuple[Float[Tensor, "batch tokens d_model"], Memory]:
        """All layers over one segment: the last one's outputs, and what each layer was given."""
        inputs = []
        for layer, before in zip(self.layers, memory, strict=True):
            inputs.append(x)
            x = layer(x, before)
        return x, inputs

    def remember(self, memory: Memory, inputs: Memory) -> Memory:
        """The memory for the next segment, layer by layer (`new_memory`)."""
        return [new_memory(before, given, self.sizes.memory) for before, given in zip(memory, inputs)]

    def forward(self, tokens: Int[Tensor, "batch tokens"],
                memory: Memory | None = None) -> tuple[Float[Tensor, "batch tokens vocab"], Memory]:
        """Scores of each next token of a segment.

        Args:    memory: what the call for the segment before returned; None where the text begins.
        Returns: the scores, and the memory for the next segment; no gradient goes into it.
        Raises:  ValueError: a memory of other texts, layers or width; or as `embed`.
        """
        x = self.embed(tokens)
        memory = [x[:, :0]] * len(self.layers) if memory is None else memory
        if len(memory) != len(self.layers):
            raise ValueError(f"a memory of {len(memory)} layers for a model of {len(self.layers)}: pass what this "
                             "model returned for the segment before")
        for before in memory:
            if before.ndim != 3 or (len(before), before.shape[2]) != (len(x), x.shape[2]):
                raise ValueError(f"a memory of shape {tuple(before.shape)} for {len(x)} texts and vectors of "
                                 f"{x.shape[2]} numbers: every text needs its own memory; start new texts with None")
        x, inputs = self.read(x, memory)
        return x @ self.embedding.weight.T, self.remember(memory, inputs)
