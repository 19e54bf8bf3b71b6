"""A text as numbers, one a character, and pieces of it to train on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor


class Split(NamedTuple):
    """A text to learn from, and one to be judged by."""

    train: str
    held_out: str


class Characters:
    """Numbers the characters that occur in a text, in the order of their code points; there are no special ones."""

    def __init__(self, text: str) -> None:
        self.characters = sorted(set(text))
        self.numbers = {character: number for number, character in enumerate(self.characters)}

    def __len__(self) -> int:
        """How many different characters there are."""
        return len(self.characters)

    def encode(self, text: str) -> Int[Tensor, " tokens"]:
        """The numbers of a text's characters.

        Raises:  ValueError: the text has a character that is not among them, or none at all.
        """
        if not text:
            raise ValueError("the text is empty: give at least one character")
        unknown = sorted(set(text) - self.numbers.keys())
        if unknown:
            raise ValueError(f"{', '.join(map(repr, unknown))} not among the {len(self)} known characters: leave them "
                             "out, or number the characters of all texts")
        return torch.tensor([self.numbers[character] for character in text])

    def decode(self, tokens: Iterable[int] | Int[Tensor, " _tokens"]) -> str:
        """The text of these numbers."""
        return "".join(self.characters[int(token)] for token in tokens)


def pieces(tokens: Int[Tensor, " text"], count: int, length: int,
           generator: torch.Generator | None = None) -> Int[Tensor, "count length"]:
    """Pieces of a text that begin anywhere.

    Raises:  ValueError: no piece is asked for, or the text is shorter than one.
    """
    if count < 1 or not 1 <= length <= len(tokens):
        raise ValueError(f"{count} pieces of {length} tokens from a text of {len(tokens)}: ask for at least one piece, "
                         "no longer than the text")
    starts = torch.randint(len(tokens) - length + 1, (count, 1), generator=generator)
    return tokens[starts + torch.arange(length)]


@dataclass(frozen=True)
class TextBatches:
    """Endless batches of pieces of a text that begin anywhere, each found by its step: `batches[step]`.

    Args:    length: tokens in a piece. size: pieces in a batch. seed: within a million steps no two share a batch.
    """

    tokens: Int[Tensor, " text"]
    length: int
    size: int
    seed: int = 0

    def __getitem__(self, step: int) -> Int[Tensor, "size length"]:
        """The batch of this step, the same whenever it is asked for."""
        return pieces(self.tokens, self.size, self.length, torch.Generator().manual_seed(self.seed * 1_000_000 + step))
