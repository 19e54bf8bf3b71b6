"""Texts as BERT reads them: signs around them, segments, and some tokens hidden to be guessed (Devlin et al. 2019)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from selfattention.data.batches import padded
from selfattention.data.words import Vocabulary

PADDING, CLS, SEP, UNKNOWN, MASK = range(5)
SPECIAL = ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]")
NOT_ASKED = -100  # the label of a token that is not to be guessed; torch's `cross_entropy` leaves it out

Sentence = Sequence[int]
Tokens = Int[Tensor, "batch tokens"]


@dataclass(frozen=True)
class Framed:
    """Texts between their signs, and for each token its segment: 0 up to the first [SEP], 1 after it."""

    tokens: Tokens
    segments: Tokens

    def to(self, device: torch.device | str) -> "Framed":
        """The same texts on another device."""
        return Framed(self.tokens.to(device), self.segments.to(device))


def vocabulary(sentences: Iterable[Sequence[str]], most: int | None = None) -> Vocabulary:
    """Numbers for the words of these sentences, after BERT's five special tokens."""
    return Vocabulary(sentences, most, special=SPECIAL)


def framed(firsts: Sequence[Sentence], seconds: Sequence[Sentence] | None = None) -> Framed:
    """[CLS] text [SEP], or [CLS] first [SEP] second [SEP]; short texts are filled up at the end (§3).

    Raises:  ValueError: no text is given, one is empty, or there are not as many second texts as first ones.
    """
    pairs = [(first, []) for first in firsts] if seconds is None else list(zip(firsts, seconds))
    if seconds is not None and len(firsts) != len(seconds):
        raise ValueError(f"{len(firsts)} first texts and {len(seconds)} second ones: each needs its partner")
    if not pairs or not all(len(first) and (seconds is None or len(second)) for first, second in pairs):
        raise ValueError(f"{len(pairs)} texts, of which some are empty: leave empty texts out, and give at least one")
    tokens = padded([[CLS, *first, SEP, *second, *([SEP] if len(second) else [])] for first, second in pairs])
    begins = torch.tensor([len(first) + 2 for first, _ in pairs])
    return Framed(tokens, ((torch.arange(tokens.shape[1]) >= begins[:, None]) & (tokens != PADDING)).long())


def labelled(words: Vocabulary, texts: Sequence[Sequence[str]], labels: Sequence[int]) -> Tokens:
    """Each text between its signs, with its label before it.

    Raises:  ValueError: not as many labels as texts, or as `framed`.
    """
    if len(texts) != len(labels):
        raise ValueError(f"{len(texts)} texts and {len(labels)} labels: each text needs one")
    tokens = framed([words.encode(text) for text in texts]).tokens
    return torch.cat([torch.tensor(labels)[:, None], tokens], dim=1)


def masked_tokens(tokens: Tokens, vocab: int, generator: torch.Generator, share: float = 0.15) -> tuple[Tokens, Tokens]:
    """Choose some tokens of each text to be guessed, and hide most of them (§3.1).

    Of those chosen 80 % become [MASK], 10 % a random word, and 10 % stay as they are. Special tokens and padding are
    never chosen, and no special token is put in as a random word.

    Args:    tokens: texts between their signs. vocab: how many numbers there are, the special ones included.
             generator: of random numbers; the same state hides the same tokens. share: of a text's words, rounded; at
             least one is chosen.
    Returns: what the model reads; and the labels: the true token where one was chosen, elsewhere -100.
    Raises:  ValueError: `share` is not above 0 and at most 1; a token is not in the vocabulary; or a text has no word.
    """
    words = tokens >= len(SPECIAL)
    if not 0 < share <= 1:
        raise ValueError(f"a share of {share} cannot be chosen: it must be above 0 and at most 1")
    if tokens.numel() == 0 or int(tokens.min()) < 0 or int(tokens.max()) >= vocab:
        raise ValueError(f"tokens {tuple(tokens.shape)} for a vocabulary with the numbers 0 to {vocab - 1}: give at "
                         "least one token, and the vocabulary that numbered them")
    if not words.any(dim=1).all():
        raise ValueError(f"text {int(words.any(dim=1).int().argmin())} of {len(tokens)} has no word that could be "
                         "chosen: leave texts of special tokens alone out")
    draws = torch.rand(tokens.shape, generator=generator).masked_fill(~words, 2.0)  # above every draw
    count = (words.sum(dim=1, keepdim=True) * share).round().clamp(min=1)
    chosen = draws.argsort(dim=1).argsort(dim=1) < count
    how, random = torch.rand(tokens.shape, generator=generator), torch.randint(
        len(SPECIAL), vocab, tokens.shape, generator=generator)
    read = torch.where(chosen & (how < 0.8), MASK, tokens)
    read = torch.where(chosen & (how >= 0.8) & (how < 0.9), random, read)
    return read, tokens.masked_fill(~chosen, NOT_ASKED)


def next_sentences(texts: Sequence[Sequence[Sentence]],
                   generator: torch.Generator) -> tuple[list[Sentence], list[Sentence], Int[Tensor, " batch"]]:
    """For each text a sentence with the one after it, or half of the time with one of another text (§3.1).

    Returns: first sentences, second ones, and the labels: 0 where the second follows, 1 where it does not.
    Raises:  ValueError: fewer than two texts, or one of fewer than two sentences.
    """
    counts = torch.tensor([len(text) for text in texts])
    if len(texts) < 2 or int(counts.min()) < 2:
        raise ValueError(f"{len(texts)} texts of {counts.tolist()[:5]} … sentences: there must be at least two of both")
    firsts, seconds = [], []
    labels = torch.randint(2, (len(texts),), generator=generator)
    # another text is some texts further on, and around
    others = (torch.arange(len(texts)) + torch.randint(1, len(texts), (len(texts),), generator=generator)) % len(texts)
    places = torch.rand(2, len(texts), generator=generator)
    for number, (text, other) in enumerate(zip(texts, others.tolist())):
        place = int(places[0, number] * (len(text) - 1))
        firsts.append(text[place])
        foreign = texts[other][int(places[1, number] * len(texts[other]))]
        seconds.append(text[place + 1] if labels[number] == 0 else foreign)
    return firsts, seconds, labels
