"""Two languages as numbers: a vocabulary on each side, and how the words of the source are cut into tokens."""

import difflib
from collections.abc import Callable, Sequence

from selfattention.data.batches import Batch, Batches, batch
from selfattention.data.sentences import Pair
from selfattention.data.words import Vocabulary

Words = Sequence[str]


class Bilingual:
    """What a translator reads and writes in.

    Args:    pairs: the sentences that give the words. cut: makes tokens of the source's words, such as stems and
             endings; `list` leaves words whole.
    """

    def __init__(self, pairs: Sequence[Pair], cut: Callable[[Words], list[str]] = list) -> None:
        self.cut = cut
        self.known = {word for pair in pairs for word in pair.source}
        self.source = Vocabulary(cut(pair.source) for pair in pairs)
        self.target = Vocabulary(pair.target for pair in pairs)

    def sources(self, pairs: Sequence[Pair]) -> list[list[int]]:
        """What the encoder reads of each pair."""
        return [self.source.encode(self.cut(pair.source)) for pair in pairs]

    def targets(self, pairs: Sequence[Pair]) -> list[list[int]]:
        """What the decoder shall write for each pair."""
        return [self.target.encode(pair.target) for pair in pairs]

    def batch(self, pairs: Sequence[Pair]) -> Batch:
        """These pairs as one batch."""
        return batch(self.sources(pairs), self.targets(pairs))

    def batches(self, pairs: Sequence[Pair], size: int = 64) -> Batches:
        """These pairs to train on."""
        return Batches(self.sources(pairs), self.targets(pairs), size)

    def owners(self, words: Words) -> list[int]:
        """Which word, counted from 0, each token of a source sentence belongs to."""
        return [place for place, word in enumerate(words) for _ in self.cut([word])]

    def read(self, sentence: str) -> list[int]:
        """The tokens of a sentence as it is typed; capitals and the stop at its end do not matter.

        Raises:  ValueError: a word is not known, or there is none; the message says which known words are near.
        """
        words = sentence.lower().strip(" .!?\n").split()
        for word in words:
            if word not in self.known:
                near = difflib.get_close_matches(word, sorted(self.known), n=3, cutoff=0.5)
                advice = f"; near it are {', '.join(near)}" if near else "; no known word is near it"
                raise ValueError(f"{word!r} is not among the {len(self.known)} words that the translator knows{advice}")
        return self.source.encode(self.cut(words))
