"""A language of letters whose translation is the sentence said backwards: a small task that needs another order."""

import random
from collections.abc import Collection, Sequence

from selfattention.data.batches import Batch, Batches, batch
from selfattention.data.words import Vocabulary

LETTERS = "abcdefghijklmnopqrst"
VOCABULARY = Vocabulary([LETTERS])
SHORTEST, LONGEST = 4, 8

Sentence = tuple[int, ...]


def sentences(count: int, seed: int, taken: Collection[Sentence] = ()) -> list[Sentence]:
    """Random sentences of 4 to 8 letters, as numbers; none that is `taken`."""
    rng = random.Random(seed)
    made = (tuple(VOCABULARY.encode(rng.choices(LETTERS, k=rng.randint(SHORTEST, LONGEST)))) for _ in range(2 * count))
    return [sentence for sentence in made if sentence not in taken][:count]


def backwards(some: Sequence[Sentence]) -> list[Sentence]:
    """Their translations."""
    return [sentence[::-1] for sentence in some]


def as_batch(some: Sequence[Sentence]) -> Batch:
    """These sentences with their translations as one batch."""
    return batch(some, backwards(some))


def in_order(some: Sequence[Sentence], size: int) -> list[Batch]:
    """Batches of `size` sentences in the order given, neither shuffled nor sorted."""
    return [as_batch(some[start:start + size]) for start in range(0, len(some), size)]


def batches(some: Sequence[Sentence], size: int = 64) -> Batches:
    """These sentences to train on: shuffled, those of similar length together."""
    return Batches(some, backwards(some), size)
