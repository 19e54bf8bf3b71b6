"""Pieces of words, for real text: byte-pair encoding by Hugging Face's `tokenizers` (the extra `data`)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from selfattention.data.words import END, SPECIAL, UNKNOWN


class Pieces:
    """Numbers the pieces of a text: frequent words whole, rare ones in parts (Sennrich et al. 2016).

    The smallest pieces are bytes (Radford et al. 2019), so no text is unknown, and `decode` gives back what `encode`
    was given.

    Args:    texts: what to learn the pieces from. size: how many numbers there may be, the four special ones and the
             256 bytes included.
    Raises:  ValueError: `size` leaves no room for the bytes. ImportError: `tokenizers` is not installed.
    """

    def __init__(self, texts: Iterable[str], size: int = 4000) -> None:
        smallest = len(SPECIAL) + 256
        if size < smallest:
            raise ValueError(f"{size} pieces are too few: the special tokens and the bytes alone are {smallest}")
        library = _library()
        self.tokenizer = library.Tokenizer(library.models.BPE())
        self.tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        self.tokenizer.decoder = library.decoders.ByteLevel()
        self.tokenizer.train_from_iterator(texts, library.trainers.BpeTrainer(
            vocab_size=size, special_tokens=list(SPECIAL), show_progress=False,
            initial_alphabet=library.pre_tokenizers.ByteLevel.alphabet()))
        self.tokenizer.encode_special_tokens = True  # "<end>" in a text is text

    def __len__(self) -> int:
        """How many numbers there are."""
        return self.tokenizer.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """The numbers of the text's pieces.

        Raises:  ValueError: the text is empty.
        """
        if not text.strip():
            raise ValueError("the text is empty: give at least one word")
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, numbers: Iterable[int]) -> str:
        """The text up to the end sign, without the special tokens."""
        kept = []
        for number in numbers:
            if number == END:
                break
            if number > UNKNOWN:
                kept.append(int(number))
        return self.tokenizer.decode(kept)

    def pieces(self, text: str) -> list[str]:
        """The pieces as text, to be looked at; a piece that is part of a letter shows as �."""
        return [self.tokenizer.decode([number]) for number in self.encode(text)]

    def save(self, path: Path | str) -> None:
        """Write the pieces as JSON."""
        self.tokenizer.save(str(path))

    @classmethod
    def load(cls, path: Path | str) -> "Pieces":
        """Read what `save` wrote.

        Raises:  ValueError: there is no such file, or it is damaged.
        """
        loaded = cls.__new__(cls)
        try:
            loaded.tokenizer = _library().Tokenizer.from_file(str(path))
        except ImportError:
            raise
        except Exception as error:  # the library raises nothing more precise
            raise ValueError(f"{path} holds no pieces ({error}): learn them anew") from None
        loaded.tokenizer.encode_special_tokens = True
        return loaded


def _library() -> Any:
    try:
        import tokenizers
        import tokenizers.decoders
        import tokenizers.models
        import tokenizers.pre_tokenizers
        import tokenizers.trainers
    except ImportError:
        raise ImportError("pieces of words need the package tokenizers: pip install 'tokenizers>=0.21' "
                          "-c constraints.txt") from None
    return tokenizers
