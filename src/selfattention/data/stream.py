"""A text that comes in segments: pairs of key and value told in each, and keys of the segments before asked again."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from selfattention.data import recall

TOKENS, TOLD = 16, 2  # in a segment: tokens, and pairs told at its beginning
FURTHEST = 4  # segments from where a pair was told to where it is asked for the last time
LONGEST = recall.KEYS // TOLD  # segments in which each key can be told once
NOT_ASKED = -100


@dataclass(frozen=True)
class Texts:
    """Texts cut into segments; at tokens that ask, the value that shall be answered, and how many segments ago it was.

    `answers` is −100 and `distances` is 0 where nothing is asked.
    """

    segments: Int[Tensor, "batch segments tokens"]
    answers: Int[Tensor, "batch segments tokens"]
    distances: Int[Tensor, "batch segments tokens"]

    def to(self, device: torch.device | str) -> "Texts":
        """The same on another device."""
        return Texts(self.segments.to(device), self.answers.to(device), self.distances.to(device))


def texts(count: int, generator: torch.Generator, segments: int = 6) -> Texts:
    """Texts of segments of 16 tokens: two new pairs, then in any order filler and the keys of the four segments before.

    Tokens are numbered as in `recall`, and no key is told twice in a text. So a model can answer only if what stood one
    to four segments before can still reach it.

    Args:    generator: of random numbers; the same state gives the same texts.
    Raises:  ValueError: there would be no text, or not between 2 and 8 segments.
    """
    if count < 1 or not 2 <= segments <= LONGEST:
        raise ValueError(f"{count} texts of {segments} segments: there must be at least one text, and between 2 and "
                         f"{LONGEST} segments, as each tells {TOLD} of {recall.KEYS} keys and asks for earlier ones")
    keys = torch.rand(count, recall.KEYS, generator=generator, dtype=torch.float64).argsort(dim=1)
    keys = keys[:, :segments * TOLD].unflatten(1, (segments, TOLD))
    values = recall.KEYS + torch.randint(recall.VALUES, keys.shape, generator=generator)
    filler = recall.KEYS + recall.VALUES
    tokens = filler + torch.randint(recall.FILLERS, (count, segments, TOKENS), generator=generator)
    answers, distances = torch.full_like(tokens, NOT_ASKED), torch.zeros_like(tokens)
    tokens[:, :, :2 * TOLD] = torch.stack([keys, values], dim=-1).flatten(2)
    order = torch.rand(count, segments, TOKENS - 2 * TOLD, generator=generator, dtype=torch.float64).argsort(dim=2)
    for segment in range(segments):
        for distance in range(1, min(segment, FURTHEST) + 1):
            places = 2 * TOLD + order[:, segment, TOLD * (distance - 1):TOLD * distance]
            tokens[:, segment].scatter_(1, places, keys[:, segment - distance])
            answers[:, segment].scatter_(1, places, values[:, segment - distance])
            distances[:, segment].scatter_(1, places, distance)
    return Texts(tokens, answers, distances)


@dataclass(frozen=True)
class Stream:
    """Endless batches, each found by its step: `stream[step]` is the same whenever it is asked for.

    Args:    size, segments: texts in a batch, and their segments. short: so many steps come first whose texts have two
             segments, in which two pairs must be told apart and not eight.
    """

    size: int
    segments: int = 6
    seed: int = 0
    short: int = 0

    def __getitem__(self, step: int) -> Texts:
        """The batch of this step; steps and seeds draw on their own."""
        drawn = np.random.SeedSequence((self.seed, step)).generate_state(1)  # torch looks at no more than 32 bits
        return texts(self.size, torch.Generator().manual_seed(int(drawn[0])), 2 if step < self.short else self.segments)


def scored(model: nn.Module, batch: Texts) -> Float[Tensor, "batch segments tokens vocab"]:
    """The scores of a model that reads segment by segment and is given, each time, what it remembered before.

    Args:    model: called with a segment and a memory (None at first); gives scores and the next memory.
    """
    memory, found = None, []
    for segment in batch.segments.unbind(dim=1):
        scores, memory = model(segment, memory)
        found.append(scores)
    return torch.stack(found, dim=1)


def loss(model: nn.Module, batch: Texts) -> tuple[Tensor, Tensor]:
    """The sum of the losses at all questions in nats, and how many there are: what `training.Trainer` asks for."""
    total = nn.functional.cross_entropy(scored(model, batch).flatten(0, 2), batch.answers.flatten(), reduction="sum",
                                        ignore_index=NOT_ASKED)
    return total, (batch.answers != NOT_ASKED).sum()


@torch.no_grad()
def accuracies(model: nn.Module, batch: Texts) -> dict[int, float]:
    """For each distance in segments, the share of its questions to which the best score is that of the answer."""
    right = scored(model, batch).argmax(dim=-1) == batch.answers
    return {distance: right[batch.distances == distance].double().mean().item()
            for distance in range(1, int(batch.distances.max()) + 1)}
