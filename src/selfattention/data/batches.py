"""Sentences of different lengths as tensors: padded, sorted by length so that little is wasted, found by step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from selfattention.data.words import BEGIN, END, PADDING


@dataclass(frozen=True)
class Batch:
    """Source sentences, what the decoder reads, and what it shall answer: the same target, one token on."""

    source: Int[Tensor, "batch source"]
    decoder_input: Int[Tensor, "batch target"]
    labels: Int[Tensor, "batch target"]

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on another device."""
        return Batch(self.source.to(device), self.decoder_input.to(device), self.labels.to(device))


def padded(sentences: Sequence[Sequence[int]]) -> Int[Tensor, "batch tokens"]:
    """Fill up short sentences at the end.

    Raises:  ValueError: no sentence is given, or one is empty.
    """
    lengths = list(map(len, sentences))
    if not lengths or 0 in lengths:
        what = f"sentence {lengths.index(0)} of {len(lengths)} has no tokens" if lengths else "there are no sentences"
        raise ValueError(f"{what}: leave empty sentences out, and give at least one")
    table = torch.full((len(sentences), max(lengths)), PADDING)
    for row, sentence in zip(table, sentences):
        row[:len(sentence)] = torch.tensor(sentence, dtype=torch.long)
    return table


def batch(sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> Batch:
    """Pairs of sentences as one batch: what the decoder reads begins with a sign, what it answers ends with one."""
    return Batch(padded(sources), padded([[BEGIN, *target] for target in targets]),
                 padded([[*target, END] for target in targets]))


class Batches:
    """Endless batches of similar length, found by their number: `batches[step]` needs no memory of the steps before.

    So a training that was interrupted goes on with the very batches it would have seen.

    Args:    size: sentences in a batch. In each epoch the sentences are shuffled, sorted by length within pools of 50
             batches, and the batches shuffled again.
    """

    POOL = 50

    def __init__(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], size: int,
                 seed: int = 0) -> None:
        if len(sources) != len(targets) or not sources or size < 1:
            raise ValueError(f"{len(sources)} sources, {len(targets)} targets, batches of {size}: there must be one "
                             "target for each source, and at least one of everything")
        self.sources, self.targets, self.size, self.seed = sources, targets, size, seed
        self._order: tuple[int, list[np.ndarray]] = (-1, [])

    def __len__(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.sources) // self.size)

    def __getitem__(self, step: int) -> Batch:
        """The batch of this step; after the last of an epoch the next epoch begins."""
        epoch, place = divmod(step, len(self))
        if self._order[0] != epoch:
            self._order = epoch, self._epoch(epoch)
        chosen = self._order[1][place]
        return batch([self.sources[i] for i in chosen], [self.targets[i] for i in chosen])

    def _epoch(self, epoch: int) -> list[np.ndarray]:
        rng = np.random.default_rng([self.seed, epoch])
        order = rng.permutation(len(self.sources))
        lengths = np.array([len(source) + len(target) for source, target in zip(self.sources, self.targets)])
        pool = self.POOL * self.size
        order = np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in
                                np.split(order, range(pool, len(order), pool))])
        batches = np.split(order, range(self.size, len(order), self.size))
        return [batches[i] for i in rng.permutation(len(batches))]
