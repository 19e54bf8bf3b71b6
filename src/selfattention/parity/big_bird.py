"""The weights of Hugging Face's BigBird for ours, and our random blocks for theirs."""

import numpy as np
from jaxtyping import Bool
from torch import Tensor, nn

from selfattention.parity.bert import BERT
from selfattention.parity.naming import given, renamed

BIG_BIRD = {r"^embeddings\.LayerNorm\.": "first_norm.", r"^embeddings\.": ""} | BERT
BIG_BIRD |= {r"\bencoder\.layer\.": "layers."}


def from_big_bird(ours: nn.Module, theirs: nn.Module) -> nn.Module:
    """Give our BigBird the weights of a `transformers.BigBirdModel` without a pooler, and return it.

    Theirs adds a vector for the segment to each token. Ours knows no segments, so that of segment 0 is added to every
    position.

    Raises:  ValueError: a weight has no counterpart, or its counterpart is of another shape.
    """
    weights = {renamed(name, BIG_BIRD): weight for name, weight in theirs.state_dict().items()}
    segments = weights.pop("segment.weight")
    return given(ours, weights | {"positions.table": weights["positions.table"] + segments[0]})


def force_random_blocks(theirs: nn.Module, patterns: list[Bool[Tensor, "blocks blocks"]]) -> None:
    """Make the layers of a `transformers.BigBirdModel` look at the random blocks of these patterns, in all heads.

    Theirs draws its own, for each head others, while it is trained; in evaluation it looks at the first block in place
    of each random one. What a pattern has beyond the first block, the last one and a window of three is random.

    Raises:  ValueError: there is not a pattern for each layer, or its rows have not equally many random blocks.
    """
    layers = theirs.encoder.layer
    if len(patterns) != len(layers):
        raise ValueError(f"{len(patterns)} patterns for {len(layers)} layers: give each layer one")
    for layer, seen in zip(layers, patterns):
        found = []
        for row in range(1, len(seen) - 1):
            settled = {0, len(seen) - 1, row - 1, row, row + 1}
            found.append([column for column in seen[row].nonzero()[:, 0].tolist() if column not in settled])
        if len({len(row) for row in found}) != 1:
            raise ValueError(f"rows with {sorted({len(row) for row in found})} random blocks: theirs needs equally "
                             "many in each, so take more blocks or fewer random ones")
        attention, blocks = layer.attention.self, np.array(found)
        attention._bigbird_block_rand_mask_with_head = (
            lambda *_, heads=attention.num_attention_heads, blocks=blocks, **__: [blocks] * heads)
