"""What a decoder keeps of the tokens so far, and how many bytes it takes: keys and values, or what they are made of."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from selfattention.layers import merge_heads, split_heads
from selfattention.positions import Rotary


def key_value_bytes(tokens: int, layers: int, key_heads: int, d_head: int, *, texts: int = 1, bits: int = 16) -> int:
    """The bytes of a cache of keys and values, for all layers and texts.

    Args:    key_heads: as many as heads of queries in multi-head attention, fewer where several share one
             (grouped-query attention), 1 in multi-query attention. bits: of one number.
    Raises:  ValueError: a count below 0.
    """
    return _bytes(2 * key_heads * d_head, tokens, layers, texts, bits)


def latent_bytes(tokens: int, layers: int, latent: int, rotary: int, *, texts: int = 1, bits: int = 16) -> int:
    """The bytes of a cache of latents and turned keys (`LatentCache`), for all layers and texts.

    However many heads there are, each token takes `latent` + `rotary` numbers a layer (DeepSeek-AI 2024, §2.1.4).

    Raises:  ValueError: a count below 0.
    """
    return _bytes(latent + rotary, tokens, layers, texts, bits)


def _bytes(numbers: int, *counts: int) -> int:
    if min(numbers, *counts) < 0:
        raise ValueError(f"{numbers} numbers a token and layer, and counts of {counts}: none of them can be below 0")
    for count in counts:
        numbers *= count
    return -(-numbers // 8)


def held_bytes(*tensors: Tensor) -> int:
    """The bytes of memory that these tensors keep from being freed: of a view all that it is a view of, but once."""
    storages = {storage._cdata: storage.nbytes() for storage in (tensor.untyped_storage() for tensor in tensors)}
    return sum(storages.values())


@dataclass(frozen=True)
class LatentSizes:
    """The numbers that make a `LatentAttention`; DeepSeek-V2 has 5120, 128, 128, 512 and 64 (§3.1.2)."""

    d_model: int
    heads: int
    d_head: int
    latent: int
    rotary: int


class LatentCache(NamedTuple):
    """All that is kept of the tokens so far: one vector for all heads' keys and values, and one turned key for all."""

    latents: Float[Tensor, "batch keys latent"]
    turned: Float[Tensor, "batch keys rotary"]

    def then(self, more: "LatentCache") -> "LatentCache":
        """This cache with the tokens of another one after its own."""
        return LatentCache(*(torch.cat(pair, dim=1) for pair in zip(self, more)))


class LatentAttention(nn.Module):
    r"""Attention whose keys and values are made of one short vector a token (MLA; DeepSeek-AI 2024, §2.1).

    Of a token $h$ the latent $c = W^{DKV} h$ and the turned key $k^R = \mathrm{RoPE}(W^{KR} h)$ are kept. Each head
    makes its key $[W^{UK} c; k^R]$ and its value $W^{UV} c$ of them. `attend` does so. `attend_absorbed` gives the
    same without ever making them: as $q^\top W^{UK} c = (W^{UK\top} q)^\top c$, the query goes to the latents.

    Raises:  ValueError: `rotary` is odd.
    Differs: queries are not compressed (that saves nothing in a cache). As in DeepSeek-V2, the latent is normed.
    """

    def __init__(self, sizes: LatentSizes) -> None:
        super().__init__()
        self.sizes, self.rotary = sizes, Rotary(sizes.rotary)
        wide = sizes.heads * sizes.d_head
        self.query = nn.Linear(sizes.d_model, wide + sizes.heads * sizes.rotary, bias=False)
        self.down = nn.Linear(sizes.d_model, sizes.latent, bias=False)
        self.norm = nn.RMSNorm(sizes.latent, eps=1e-6)
        self.turned_key = nn.Linear(sizes.d_model, sizes.rotary, bias=False)
        self.key_up = nn.Linear(sizes.latent, wide, bias=False)
        self.value_up = nn.Linear(sizes.latent, wide, bias=False)
        self.output = nn.Linear(wide, sizes.d_model, bias=False)

    def compress(self, x: Float[Tensor, "batch keys d_model"], start: int = 0) -> LatentCache:
        """What a cache keeps of tokens, the first of which stands at position `start`.

        Raises:  ValueError: vectors of another width than the layer was built for.
        """
        self._require_width(x)
        return LatentCache(self.norm(self.down(x)), self.rotary(self.turned_key(x), start))

    def attend(self, x: Float[Tensor, "batch queries d_model"], cache: LatentCache,
               mask: Bool[Tensor, "..."] | None = None, *, start: int = 0) -> Float[Tensor, "batch queries d_model"]:
        """Make every head's keys and values of the cache, then attend as usual.

        Args:    mask: (queries, keys), or (batch, queries, keys); True where a query may attend. start: the position
                 of the first token of `x`.
        Raises:  ValueError: a width or a batch that does not fit.
        """
        plain, turned = self._queries(x, cache, start)
        keys, values = (split_heads(up(cache.latents), self.sizes.heads) for up in (self.key_up, self.value_up))
        shared = cache.turned[:, None].expand(-1, self.sizes.heads, -1, -1)
        mixed = scaled_dot_product_attention(torch.cat([plain, turned], -1), torch.cat([keys, shared], -1), values,
                                             attn_mask=_for_heads(mask), scale=self._scale)
        return self.output(merge_heads(mixed))

    def attend_absorbed(self, x: Float[Tensor, "batch queries d_model"], cache: LatentCache,
                        mask: Bool[Tensor, "..."] | None = None, *,
                        start: int = 0) -> Float[Tensor, "batch queries d_model"]:
        """The same, but the queries are brought to the latents, and the mixed latents to the values, head by head.

        All heads share one key (latent and turned) and one value (latent), as in multi-query attention.
        """
        plain, turned = self._queries(x, cache, start)
        key_up, value_up = (up.weight.unflatten(0, (self.sizes.heads, -1)) for up in (self.key_up, self.value_up))
        queries, keys = torch.cat([plain @ key_up, turned], dim=-1), torch.cat(cache, dim=-1)[:, None]
        mixed = scaled_dot_product_attention(queries, keys.expand(-1, self.sizes.heads, -1, -1),
                                             cache.latents[:, None].expand(-1, self.sizes.heads, -1, -1),
                                             attn_mask=_for_heads(mask), scale=self._scale)
        return self.output(merge_heads(mixed @ value_up.mT))

    def forward(self, x: Float[Tensor, "batch tokens d_model"],
                mask: Bool[Tensor, "..."] | None = None) -> Float[Tensor, "batch tokens d_model"]:
        """Self-attention of `x`, as in training."""
        return self.attend(x, self.compress(x), mask)

    @property
    def _scale(self) -> float:
        return (self.sizes.d_head + self.sizes.rotary) ** -0.5

    def _queries(self, x: Tensor, cache: LatentCache, start: int) -> tuple[Tensor, Tensor]:
        """Each head's query in two parts: the one that meets latents, and the turned one."""
        self._require_width(x)
        if len(x) != len(cache.latents):
            raise ValueError(f"{len(x)} texts of queries and {len(cache.latents)} in the cache: each needs its own")
        plain, turned = split_heads(self.query(x), self.sizes.heads).split([self.sizes.d_head, self.sizes.rotary], -1)
        return plain, self.rotary(turned, start)

    def _require_width(self, x: Tensor) -> None:
        if x.shape[-1] != self.sizes.d_model:
            raise ValueError(f"vectors of {x.shape[-1]} numbers {tuple(x.shape)}, but the layer was built for d_model "
                             f"{self.sizes.d_model}")


def _for_heads(mask: Tensor | None) -> Tensor | None:
    return mask.unsqueeze(-3) if mask is not None and mask.ndim > 2 else mask
