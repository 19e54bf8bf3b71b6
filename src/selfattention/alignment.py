"""Which source word belongs to which target word: guessed from weights or counts, scored against gold links."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

Links = frozenset[tuple[int, int]]
Sentences = Sequence[tuple[Sequence[str], Sequence[str]]]


@runtime_checkable
class Linked(Protocol):
    """A sentence, its translation, and the gold links between their words."""

    source: Sequence[str]
    target: Sequence[str]
    links: Links


Way = Callable[[Linked], Links]  # to link the words of a pair


def error_rate(guessed: Sequence[Links], gold: Sequence[Links]) -> float:
    r"""The alignment error rate of a corpus: 0 where all links are right, 1 where none is.

    $1 - 2 |A \cap G| / (|A| + |G|)$ for the links guessed, $A$, and the gold links, $G$ (Och and Ney 2003, where
    all gold links are sure).

    Raises:  ValueError: not as many sentences on both sides, or no link at all.
    """
    if len(guessed) != len(gold):
        raise ValueError(f"{len(guessed)} guessed and {len(gold)} gold sentences: each needs the other")
    right = sum(len(one & other) for one, other in zip(guessed, gold))
    links = sum(map(len, guessed)) + sum(map(len, gold))
    if links == 0:
        raise ValueError("there is not a single link to be scored")
    return 1 - 2 * right / links


def strongest(weights: Float[np.ndarray, "target source"]) -> Links:
    """For each target word the source word of the largest weight."""
    return frozenset((int(source), target) for target, source in enumerate(np.asarray(weights).argmax(axis=-1)))


def joined(weights: Float[np.ndarray, "*heads target pieces"],
           words: Sequence[int]) -> Float[np.ndarray, "*heads target words"]:
    """Add up the weights of the pieces of each word; `words` holds the word of each piece, counted from 0."""
    weights = np.asarray(weights)
    whole = np.zeros((*weights.shape[:-1], max(words) + 1))
    for piece, word in enumerate(words):
        whole[..., word] += weights[..., piece]
    return whole


def table(links: Links, source: int, target: int) -> Bool[np.ndarray, "target source"]:
    """Links as a table: True where a source word (across) and a target word (down) are linked."""
    linked = np.zeros((target, source), dtype=bool)
    for word, made in links:
        linked[made, word] = True
    return linked


def gold(pair: Linked) -> Bool[np.ndarray, "target source"]:
    """The gold links of a pair as a table."""
    return table(pair.links, len(pair.source), len(pair.target))


def diagonal(source: int, target: int) -> Links:
    """Link each target word with the source word as far on in its sentence: what a guess without words gives."""
    return frozenset(((2 * word + 1) * source // (2 * target), word) for word in range(target))


def best_single(gold: Links) -> Links:
    """One right link for each target word that has any: the best that one link a word can do."""
    return frozenset({word: (source, word) for source, word in sorted(gold)}.values())


class IBMModel1:
    r"""Word translation probabilities $t(f \mid e)$, found by expectation maximisation (Brown et al. 1993, §4.1).

    Every source word is as likely as any other to have made a target word; what counts is how often the two meet.

    Differs: there is no empty source word, because every target word of the generated corpus has a source word.
    """

    def __init__(self, sentences: Sentences, rounds: int = 5) -> None:
        self.sources, self.targets = _numbers(s for s, _ in sentences), _numbers(t for _, t in sentences)
        pairs, slots, slot = [], [], 0
        for source, target in sentences:
            for word in target:
                number = self.targets[word]
                pairs += [self.sources[other] * len(self.targets) + number for other in source]
                slots += [slot] * len(source)
                slot += 1
        self.pairs, place = np.unique(pairs, return_inverse=True)
        of_source = self.pairs // len(self.targets)
        self.chances = np.full(len(self.pairs), 1 / len(self.targets))
        for _ in range(rounds):
            shares = self.chances[place]
            shares /= np.bincount(slots, shares)[slots]
            counts = np.bincount(place, shares)
            self.chances = counts / np.bincount(of_source, counts)[of_source]

    def chance(self, source: str, target: str) -> float:
        """How likely the source word is translated by the target word; 0 for words that never met."""
        if source not in self.sources or target not in self.targets:
            return 0.0
        pair = self.sources[source] * len(self.targets) + self.targets[target]
        at = int(np.searchsorted(self.pairs, pair))
        return float(self.chances[at]) if at < len(self.pairs) and self.pairs[at] == pair else 0.0

    def align(self, source: Sequence[str], target: Sequence[str]) -> Links:
        """For each target word the source word most likely to have made it."""
        return strongest(np.array([[self.chance(word, made) for word in source] for made in target]))


def word_weights(model: Any, coder: Any, pair: Linked) -> Float[np.ndarray, "heads target words"]:
    """The weights of a translator's last cross-attention between the words of a pair, pieces of a word added up.

    In row t target word t is chosen; a last row belongs to the end sign.

    Args:    model: with `weights(source, target)`, such as `models.transformer.Transformer`. coder: with `batch`, `cut`
             and `owners`, such as `data.bilingual.Bilingual`.
    """
    example = coder.batch([pair])
    weights = model.weights(example.source, example.decoder_input).cross[-1][0]
    return joined(weights.numpy(), coder.owners(pair.source))


def by_attention(model: Any, coder: Any, head: int, late: int = 0) -> Way:
    """Link each target word with the source word of its largest weight in a head, `late` rows after it is chosen."""
    return lambda pair: strongest(word_weights(model, coder, pair)[head, late:len(pair.target) + late])


def by_counting(pairs: Sequence[Linked], coder: Any) -> Way:
    """Link words by IBM Model 1, which counts in these pairs what meets what, in the tokens that `coder` cuts."""
    model = IBMModel1([(coder.cut(pair.source), pair.target) for pair in pairs])

    def way(pair: Linked) -> Links:
        owners = coder.owners(pair.source)
        return frozenset((owners[piece], word) for piece, word in model.align(coder.cut(pair.source), pair.target))

    return way


def scored(way: Way, pairs: Sequence[Linked]) -> float:
    """The alignment error rate of a way to link words, over these pairs."""
    return error_rate([way(pair) for pair in pairs], [pair.links for pair in pairs])


def _numbers(sentences: Iterable[Sequence[str]]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for sentence in sentences:
        for word in sentence:
            numbers.setdefault(word, len(numbers))
    return numbers
