"""Questions whose answer stands in a text: where it begins and ends, as a batch, and how an answer is marked."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from selfattention.data.masked import Framed, framed
from selfattention.data.words import Vocabulary

Words = tuple[str, ...]
ARTICLES = {"a", "an", "the"}


@dataclass(frozen=True)
class Question:
    """A text, a question about it, and its answer, which begins at word `start` of the text (from 0).

    Raises:  ValueError: the answer does not stand there.
    """

    text: Words
    question: Words
    answer: Words
    start: int

    def __post_init__(self) -> None:
        there = self.text[self.start:self.start + len(self.answer)] if self.start >= 0 else ()
        if not self.answer or there != self.answer:
            raise ValueError(f"the answer {' '.join(self.answer)!r} does not stand at word {self.start} of the text "
                             f"{' '.join(self.text)!r}: an extractive answer is a piece of its text")

    @property
    def end(self) -> int:
        """The answer's last word, counted from 0."""
        return self.start + len(self.answer) - 1


def asked(text: str, question: str, answer: str) -> Question:
    """A question as it is typed; small letters, and stops and question marks become words of their own.

    Raises:  ValueError: the answer does not stand in the text, or stands there more than once; or one of them is empty.
    """
    words, about, wanted = (tuple(re.findall(r"[\w'-]+|[^\w\s]", part.lower())) for part in (text, question, answer))
    if not (words and about and wanted):
        raise ValueError(f"text {text!r}, question {question!r}, answer {answer!r}: none of them may be empty")
    places = [place for place in range(len(words)) if words[place:place + len(wanted)] == wanted]
    if len(places) != 1:
        raise ValueError(f"the answer {answer!r} stands {len(places)} times in the text {text!r}: it must be a piece "
                         "of the text, and only one")
    return Question(words, about, wanted, places[0])


@dataclass(frozen=True)
class Asked:
    """Framed questions with their texts, and the places of each answer's first and last token."""

    tokens: Int[Tensor, "batch tokens"]
    segments: Int[Tensor, "batch tokens"]
    starts: Int[Tensor, " batch"]
    ends: Int[Tensor, " batch"]

    def to(self, device: torch.device | str) -> "Asked":
        """The same questions on another device."""
        return Asked(*(tensor.to(device) for tensor in (self.tokens, self.segments, self.starts, self.ends)))

    def __len__(self) -> int:
        """How many questions there are."""
        return len(self.tokens)

    def __getitem__(self, rows: Int[Tensor, " rows"]) -> "Asked":
        """Some of the questions."""
        return Asked(self.tokens[rows], self.segments[rows], self.starts[rows], self.ends[rows])


def batch(questions: Sequence[Question], vocabulary: Vocabulary) -> Asked:
    """[CLS] question [SEP] text [SEP]; a text's word w is token w + 2 + the question's length.

    Raises:  ValueError: there are no questions, or a word is not in the vocabulary.
    """
    both: Framed = framed([vocabulary.encode(one.question) for one in questions],
                          [vocabulary.encode(one.text) for one in questions])
    before = torch.tensor([2 + len(one.question) for one in questions])
    starts, ends = (before + torch.tensor([getattr(one, name) for one in questions]) for name in ("start", "end"))
    return Asked(both.tokens, both.segments, starts, ends)


def exact_match(predicted: str, gold: str) -> bool:
    """Whether both answers are the same but for capitals, punctuation and articles (Rajpurkar et al. 2016, §6.1)."""
    return _normalised(predicted) == _normalised(gold)


def f1(predicted: str, gold: str) -> float:
    """The harmonic mean of two shares: of predicted words that are gold, of gold words that were predicted (§6.1).

    A word that stands there several times counts as often as both have it; 1 where both are empty.
    """
    ours, theirs = Counter(_normalised(predicted)), Counter(_normalised(gold))
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * (ours & theirs).total() / (ours.total() + theirs.total())


def _normalised(answer: str) -> list[str]:
    return [word for word in re.sub(r"[^\w\s]", "", answer.lower()).split() if word not in ARTICLES]
