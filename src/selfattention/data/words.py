"""Words and their numbers."""

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence

PADDING, BEGIN, END, UNKNOWN = range(4)
SPECIAL = ("<padding>", "<begin>", "<end>", "<unknown>")


class Vocabulary:
    """Numbers the words of a text; the most frequent come first, after the special ones.

    Args:    most: how many words to keep; None for all. special: the first ones stand for padding, begin, end and
             unknown words, whatever they are called; more may follow.
    """

    def __init__(self, sentences: Iterable[Sequence[str]], most: int | None = None,
                 special: Sequence[str] = SPECIAL) -> None:
        counts = Counter(word for sentence in sentences for word in sentence)
        common = sorted(counts, key=lambda word: (-counts[word], word))
        self.special, self.words = len(special), [*special, *common[:most]]
        self.numbers = {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        """How many numbers there are, the special ones included."""
        return len(self.words)

    def encode(self, sentence: Sequence[str], *, unknown: bool = False) -> list[int]:
        """The numbers of the words.

        Args:    unknown: take `UNKNOWN` for a word that is not here, instead of refusing it.
        Raises:  ValueError: a word is not in the vocabulary, there is none at all, or the words are one string.
        """
        if isinstance(sentence, str):
            raise ValueError(f"{sentence!r} is one string: split it into words, for instance with .split()")
        if not sentence:
            raise ValueError("the sentence is empty: give at least one word")
        if not unknown:
            for word in sentence:
                if word not in self.numbers:
                    near = difflib.get_close_matches(word, self.words[self.special:], n=1)
                    advice = f"; did you mean {near[0]!r}?" if near else ""
                    raise ValueError(f"{word!r} is not among the {len(self) - self.special} words of the "
                                     f"vocabulary{advice}")
        return [self.numbers.get(word, UNKNOWN) for word in sentence]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The words up to the end sign, without the special ones."""
        words = []
        for number in numbers:
            if number == END:
                break
            if number >= UNKNOWN:
                words.append(self.words[number])
        return words
