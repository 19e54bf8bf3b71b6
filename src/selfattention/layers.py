"""The parts of a Transformer as modules: each holds weights and calls a function that can be read on its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from selfattention.attention import attention_weights, fused_attention, mix
from selfattention.positions import Rotary

KeysValues = tuple[Float[Tensor, "batch _heads _keys d_head"], Float[Tensor, "batch _heads _keys d_head"]]


def split_heads(x: Float[Tensor, "batch tokens width"], heads: int) -> Float[Tensor, "batch heads tokens d_head"]:
    """Cut the last axis into heads and move them before the tokens, so that each head attends on its own.

    Raises:  ValueError: the width is no multiple of `heads`.
    """
    if x.shape[-1] % heads:
        raise ValueError(f"a width of {x.shape[-1]} cannot be cut into {heads} equal heads: "
                         f"choose a multiple of {heads}")
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(x: Float[Tensor, "batch heads tokens d_head"]) -> Float[Tensor, "batch tokens width"]:
    """Put the heads of each token side by side again; undoes `split_heads`."""
    return x.transpose(1, 2).flatten(-2)


class MultiHeadAttention(nn.Module):
    r"""Several attentions side by side, each on its own projection of the input.

    $\mathrm{Concat}(\mathrm{head}_1, \dots, \mathrm{head}_h) W^O$ with
    $\mathrm{head}_i = \mathrm{Attention}(Q W_i^Q, K W_i^K, V W_i^V)$ (Vaswani et al. 2017, §3.2.2). All heads' $W_i^Q$
    stand side by side in one matrix `query`, likewise `key` and `value`; $W^O$ is `output`.

    Args:    key_heads: how many heads the keys and values have; fewer than `heads` share each among several queries'
             heads (grouped-query attention, Ainslie et al. 2023), 1 is multi-query. rotary: turns queries and keys.
    Raises:  ValueError: `d_model` is no multiple of `heads`, or `heads` none of `key_heads`.
    Differs: the paper's projections have no biases; torch's, BERT's and GPT's have.
    """

    def __init__(self, d_model: int, heads: int, *, key_heads: int | None = None, bias: bool = True,
                 rotary: Rotary | None = None) -> None:
        super().__init__()
        self.heads, self.key_heads, self.rotary = heads, heads if key_heads is None else key_heads, rotary
        if self.heads < 1 or self.key_heads < 1:
            raise ValueError(f"{self.heads} heads and {self.key_heads} key heads: there must be at least 1 of each")
        if d_model % heads:
            raise ValueError(f"d_model {d_model} cannot be cut into {heads} equal heads: choose a multiple of {heads}")
        if heads % self.key_heads:
            raise ValueError(f"{heads} heads cannot share {self.key_heads} key heads evenly: "
                             f"choose a divisor of {heads}")
        narrow = d_model // heads * self.key_heads
        self.query = nn.Linear(d_model, d_model, bias=bias)
        self.key = nn.Linear(d_model, narrow, bias=bias)
        self.value = nn.Linear(d_model, narrow, bias=bias)
        self.output = nn.Linear(d_model, d_model, bias=bias)
        self.weights = nn.Identity()  # the weights pass through here, so that a forward hook can see or change them
        for projection in (self.query, self.key, self.value, self.output):
            nn.init.xavier_uniform_(projection.weight)
            if bias:
                nn.init.zeros_(projection.bias)

    def keys_values(self, x: Float[Tensor, "batch keys d_model"], start: int = 0) -> KeysValues:
        """What queries match and mix; a cache keeps it. The first token of `x` stands at position `start`."""
        self._require_width(x)
        keys, values = split_heads(self.key(x), self.key_heads), split_heads(self.value(x), self.key_heads)
        return (self.rotary(keys, start) if self.rotary else keys), values

    def attend(self, x: Float[Tensor, "batch queries d_model"], keys_values: KeysValues,
               mask: Bool[Tensor, "..."] | None = None, *, start: int = 0,
               bias: Float[Tensor, "..."] | None = None) -> Float[Tensor, "batch queries d_model"]:
        """Let the tokens of `x`, the first of which stands at position `start`, attend to keys and values.

        Args:    mask: (batch, queries, keys) with 1 where it is the same for all; True where a query may attend.
                 bias: (heads, queries, keys), added to the scores.
        Raises:  ValueError: `x` is of another width, or a batch, a mask or a bias does not fit.
        """
        self._require_width(x)
        if len(x) != len(keys_values[0]):
            raise ValueError(f"{len(x)} texts of queries and {len(keys_values[0])} of keys: each needs its own")
        queries = split_heads(self.query(x), self.heads)
        if self.rotary:
            queries = self.rotary(queries, start)
        keys, values = (shared.repeat_interleave(self.heads // self.key_heads, dim=1) if self.key_heads < self.heads
                        else shared for shared in keys_values)
        if mask is not None and mask.ndim > 2:
            mask = mask.unsqueeze(-3)  # one mask for all heads
        if bias is None and not self._watched():
            mixed = fused_attention(queries, keys, values, mask)
        else:
            mixed = mix(self.weights(attention_weights(queries, keys, mask, bias)), values)
        return self.output(merge_heads(mixed))

    def _watched(self) -> bool:
        """Whether somebody sees or changes the weights, so that they must be computed one by one."""
        place = self.weights
        return type(place) is not nn.Identity or bool(
            place._forward_hooks or place._forward_pre_hooks or place._backward_hooks or place._backward_pre_hooks)

    def _require_width(self, x: Tensor) -> None:
        if x.shape[-1] != self.query.in_features:
            raise ValueError(f"vectors of {x.shape[-1]} numbers {tuple(x.shape)}, but the layer was built for d_model "
                             f"{self.query.in_features}")

    def forward(self, x: Float[Tensor, "batch queries d_model"],
                memory: Float[Tensor, "batch keys d_model"] | None = None,
                mask: Bool[Tensor, "..."] | None = None,
                bias: Float[Tensor, "..."] | None = None) -> Float[Tensor, "batch queries d_model"]:
        """Self-attention of `x`; with `memory`, cross-attention of `x` to it."""
        return self.attend(x, self.keys_values(x if memory is None else memory), mask, bias=bias)


@contextmanager
def watching(*attentions: MultiHeadAttention) -> Iterator[list[list[Float[Tensor, "batch _heads queries keys"]]]]:
    """While inside, collect the weights of these attentions: a list for each, with the weights of each call."""
    seen: list[list[Tensor]] = [[] for _ in attentions]
    hooks = [attention.weights.register_forward_hook(lambda _, __, weights, calls=calls: calls.append(weights.detach()))
             for attention, calls in zip(attentions, seen)]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def layer_norm(x: Float[Tensor, "*batch d_model"], gain: Float[Tensor, " d_model"], offset: Float[Tensor, " d_model"],
               epsilon: float = 1e-5) -> Float[Tensor, "*batch d_model"]:
    r"""Give each token's vector mean 0 and variance 1, then a learned gain and offset (Ba et al. 2016, eq. 3, 4).

    $g \odot (x - \mu) / \sqrt{\sigma^2 + \epsilon} + b$, where $\mu$ and $\sigma^2$ run over the last axis and the
    variance divides by d, not by d − 1.
    """
    variance, mean = torch.var_mean(x, dim=-1, keepdim=True, correction=0)
    return (x - mean) * torch.rsqrt(variance + epsilon) * gain + offset


class LayerNorm(nn.Module):
    """`layer_norm` with its gain and offset; torch's kernel does the same in one pass."""

    def __init__(self, d_model: int, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.gain, self.offset = nn.Parameter(torch.ones(d_model)), nn.Parameter(torch.zeros(d_model))

    def forward(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        """Normalise each vector on its own: no token sees another."""
        return nn.functional.layer_norm(x, self.gain.shape, self.gain, self.offset, self.epsilon)


def rms_norm(x: Float[Tensor, "*batch d_model"], gain: Float[Tensor, " d_model"],
             epsilon: float = 1e-6) -> Float[Tensor, "*batch d_model"]:
    r"""Give each token's vector a mean square of 1, then a learned gain (Zhang & Sennrich 2019, eq. 4).

    $g \odot x / \sqrt{\frac{1}{d} \sum_i x_i^2 + \epsilon}$: a layer norm that subtracts no mean and adds no offset.

    Differs: the paper has no $\epsilon$.
    """
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + epsilon) * gain


class RMSNorm(nn.Module):
    """`rms_norm` with its gain; torch's kernel does the same."""

    def __init__(self, d_model: int, epsilon: float = 1e-6) -> None:
        super().__init__()
        self.epsilon, self.gain = epsilon, nn.Parameter(torch.ones(d_model))

    def forward(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        """Normalise each vector on its own: no token sees another."""
        return nn.functional.rms_norm(x, self.gain.shape, self.gain, self.epsilon)


class FeedForward(nn.Sequential):
    r"""The same two layers for each token: $W_2\,\max(0, W_1 x + b_1) + b_2$ (Vaswani et al. 2017, eq. 2)."""

    def __init__(self, d_model: int, d_ff: int, activation: Callable[[], nn.Module] = nn.ReLU) -> None:
        super().__init__(nn.Linear(d_model, d_ff), activation(), nn.Linear(d_ff, d_model))


class SwiGLU(nn.Module):
    r"""A feed-forward layer with a gate: $(\mathrm{Swish}(xW) \otimes xV)\,W_2$ (Shazeer 2020, eq. 6).

    Our `gate` is his $W$, `up` his $V$, `down` his $W_2$; $\mathrm{Swish}(x) = x\,\sigma(x)$, and there are no biases.
    With 2/3 of the inner width it has as many weights as a `FeedForward`.
    """

    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        self.gate, self.up = nn.Linear(d_model, d_ff, bias=False), nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        """One vector after the other: no token sees another."""
        return self.down(nn.functional.silu(self.gate(x)) * self.up(x))


class PostNorm(nn.Module):
    """A residual connection with the norm after it: LayerNorm(x + sublayer(x)) (Vaswani et al. 2017, §3.1)."""

    def __init__(self, d_model: int, dropout: float = 0.0, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.norm, self.dropout = LayerNorm(d_model, epsilon), nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "batch tokens d_model"],
                sublayer: Callable[[Tensor], Tensor]) -> Float[Tensor, "batch tokens d_model"]:
        """Add what the sublayer makes of `x`, then normalise."""
        return self.norm(x + self.dropout(sublayer(x)))


class PreNorm(nn.Module):
    """A residual connection with the norm before the sublayer: x + sublayer(LayerNorm(x)) (Xiong et al. 2020, §3.3)."""

    def __init__(self, d_model: int, dropout: float = 0.0, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.norm, self.dropout = LayerNorm(d_model, epsilon), nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "batch tokens d_model"],
                sublayer: Callable[[Tensor], Tensor]) -> Float[Tensor, "batch tokens d_model"]:
        """Add to `x` what the sublayer makes of the normalised `x`."""
        return x + self.dropout(sublayer(self.norm(x)))


Residual = Callable[[int, float], nn.Module]  # of width and dropout: `PostNorm` or `PreNorm`


class EncoderLayer(nn.Module):
    """Self-attention, then the feed-forward layer, each in a residual connection (Vaswani et al. 2017, §3.1)."""

    def __init__(self, attention: MultiHeadAttention, feed_forward: FeedForward, residual: Residual = PostNorm,
                 dropout: float = 0.0) -> None:
        super().__init__()
        d_model = attention.query.in_features
        self.attention, self.feed_forward = attention, feed_forward
        self.around_attention, self.around_feed_forward = residual(d_model, dropout), residual(d_model, dropout)

    def forward(self, x: Float[Tensor, "batch tokens d_model"], mask: Bool[Tensor, "..."] | None = None,
                bias: Float[Tensor, "..."] | None = None) -> Float[Tensor, "batch tokens d_model"]:
        """One layer; `mask` is True where a token may attend."""
        x = self.around_attention(x, lambda inner: self.attention(inner, mask=mask, bias=bias))
        return self.around_feed_forward(x, self.feed_forward)


class DecoderLayer(nn.Module):
    """Self-attention, attention to the memory, feed-forward, each in a residual connection.

    (Vaswani et al. 2017, §3.1.)
    """

    def __init__(self, attention: MultiHeadAttention, cross_attention: MultiHeadAttention, feed_forward: FeedForward,
                 residual: Residual = PostNorm, dropout: float = 0.0) -> None:
        super().__init__()
        d_model = attention.query.in_features
        self.attention, self.cross_attention, self.feed_forward = attention, cross_attention, feed_forward
        self.around_attention = residual(d_model, dropout)
        self.around_cross_attention = residual(d_model, dropout)
        self.around_feed_forward = residual(d_model, dropout)

    def forward(self, x: Float[Tensor, "batch tokens d_model"], memory: KeysValues,
                mask: Bool[Tensor, "..."] | None = None,
                memory_mask: Bool[Tensor, "..."] | None = None,
                past: KeysValues | None = None) -> tuple[Float[Tensor, "batch tokens d_model"], KeysValues]:
        """One layer over new tokens.

        Args:    memory: the cross-attention's keys and values of the source (`cross_attention.keys_values`).
                 past: this layer's keys and values of the tokens before `x`, from the last call.
        Returns: the new vectors, and the keys and values of all tokens so far, to be passed in next time.
        """
        start = 0 if past is None else past[0].shape[-2]
        so_far: list[KeysValues] = []

        def to_the_past(inner: Tensor) -> Tensor:
            new = self.attention.keys_values(inner, start)
            so_far.append(new if past is None else tuple(torch.cat(pair, dim=-2) for pair in zip(past, new)))
            return self.attention.attend(inner, so_far[0], mask, start=start)

        x = self.around_attention(x, to_the_past)
        x = self.around_cross_attention(x, lambda inner: self.cross_attention.attend(inner, memory, memory_mask))
        return self.around_feed_forward(x, self.feed_forward), so_far[0]
