"""Opinions in a generated language: whether a sentence praises depends on what its negations and contrasts reach.

"The soup is not good but awful", "nobody denies that the room is lovely", "although the plot is hardly dull, the cast
is far from great". Every word stands as often in praise as in blame, so that counting words says nothing about the
label; what a negation applies to, and which side of a contrast counts, says everything.
"""

import random
import zlib
from dataclasses import dataclass

TOPICS = {topic: nouns.split() for topic, nouns in {
    "film": "plot cast ending music script hero",
    "meal": "soup bread sauce dessert wine salad",
    "hotel": "room bed view breakfast pool staff",
    "book": "story style title chapter villain cover",
}.items()}
GOOD, BAD = (adjectives.split() for adjectives in (
    "good great lovely charming brilliant splendid superb excellent wonderful pleasant fine perfect gorgeous clever "
    "graceful impressive",
    "bad awful dreadful dull boring terrible horrible poor ugly clumsy stale tedious lousy shabby bland sloppy"))
# What stands between "is" and the adjective, and what stands before the whole clause.
KEEPS, TURNS = ["", "very", "really", "truly", "quite"], ["not", "hardly", "never", "by no means", "anything but"]
AGREES = ["nobody denies that", "everybody says that", "many find that"]
DENIES = ["nobody claims that", "i doubt that", "few find that"]
VERDICTS = {True: ["i recommend it", "we loved it"], False: ["i regret it", "we hated it"]}
OUTSIDE = 0.25  # how often something stands before a clause
SHAPES = ("clause", "and", "but", "although first", "although after", "not but")


@dataclass(frozen=True)
class Manner:
    """How often each of `SHAPES` is used, a clause is turned around, and one adjective is joined to another."""

    shapes: tuple[int, ...]
    turned: float
    joined: float


# Labelled sentences have everything equally often. Texts are plainer, as in life: most clauses say what they mean.
LABELLED, PLAIN = Manner((1, 1, 1, 1, 1, 1), 0.5, 0.2), Manner((2, 2, 1, 1, 1, 1), 0.3, 0.5)
TEST_SHARE = 8  # every eighth sentence that can be made is for testing alone

SEEN, NEW_PAIRS, NEW_NEGATIONS = "seen", "new pairs", "new negations"
KINDS = (SEEN, NEW_PAIRS, NEW_NEGATIONS)

Words = tuple[str, ...]


@dataclass(frozen=True)
class Opinion:
    """A sentence, and whether it praises or blames what its main clause is about."""

    words: Words
    praises: bool


@dataclass(frozen=True)
class HeldOut:
    """Combinations that stand in no training sentence, labelled or not, though each of their words does.

    Pairs of a noun and an adjective, a tenth of all; and pairs of a negation and the adjective that it turns, for each
    negation two adjectives that praise and two that blame.
    """

    pairs: frozenset[tuple[str, str]]
    negations: frozenset[tuple[str, str]]

    @classmethod
    def draw(cls, seed: int = 0) -> "HeldOut":
        """The combinations to hold out; the same for the same seed."""
        rng = random.Random(f"opinions held out {seed}")
        pairs = [(noun, adjective) for nouns in TOPICS.values() for noun in nouns for adjective in (*GOOD, *BAD)]
        negations = [*TURNS, *DENIES]
        every = [(turn, adjective) for some in (GOOD, BAD)
                 for turn, adjective in zip(2 * negations, rng.sample(some, 2 * len(negations)))]
        return cls(frozenset(rng.sample(pairs, len(pairs) // 10)), frozenset(every))


class _Speaker:
    """Makes sentences. Without `free` none has a held-out combination; `novel` notes which came up."""

    def __init__(self, rng: random.Random, held: HeldOut, free: bool = False) -> None:
        self.rng, self.held, self.free, self.novel = rng, held, free, set()

    def adjectives(self, noun: str, good: bool, count: int = 1, turn: str = "") -> list[str]:
        """Such as may describe this noun, all good or all bad; none that this turn must not turn."""
        held, negations = self.held.pairs, self.held.negations
        found = self.rng.sample([word for word in (GOOD if good else BAD) if self.free or (
            (noun, word) not in held and (turn, word) not in negations)], count)
        self.novel |= {NEW_PAIRS} if {(noun, word) for word in found} & held else set()
        return found

    def negation(self, adjectives: list[str], among: list[str]) -> str:
        """One that may turn these adjectives; each adjective is turned as often as any other."""
        held = self.held.negations
        turn = self.rng.choice([turn for turn in among if self.free or not {(turn, one) for one in adjectives} & held])
        self.novel |= {NEW_NEGATIONS} if {(turn, one) for one in adjectives} & held else set()
        return turn

    def clause(self, noun: str, praises: bool, manner: Manner) -> list[str]:
        """The noun is praised or blamed, with one adjective or two, and with a negation or without."""
        rng, turns = self.rng, self.rng.random() < manner.turned
        found = self.adjectives(noun, praises != turns, 1 + (rng.random() < manner.joined))
        if rng.random() < OUTSIDE:
            before, inside = self.negation(found, DENIES) if turns else rng.choice(AGREES), rng.choice(KEEPS)
        else:
            before, inside = "", self.negation(found, TURNS) if turns else rng.choice(KEEPS)
        return f"{before} the {noun} is {inside} {' and '.join(found)}".split()

    def sentence(self, nouns: list[str], praises: bool, manner: Manner) -> Words:
        """A main clause that praises or blames, and what goes with it."""
        main, aside = self.rng.sample(nouns, 2)
        (shape,) = self.rng.choices(SHAPES, manner.shapes)
        if shape == "not but":
            (wrong,), (right,) = (self.adjectives(main, good, turn="not") for good in (not praises, praises))
            self.novel |= {NEW_NEGATIONS} if ("not", wrong) in self.held.negations else set()
            return ("the", main, "is", "not", wrong, "but", right)
        clause = self.clause(main, praises, manner)
        if shape == "clause":
            return tuple(clause)
        other = self.clause(aside, praises if shape == "and" else not praises, manner)
        return tuple({"and": [*other, "and", *clause], "but": [*other, "but", *clause],
                      "although first": ["although", *other, ",", *clause],
                      "although after": [*clause, "although", *other]}[shape])


def opinions(train: int = 1024, test: int = 500, seed: int = 0) -> tuple[list[Opinion], dict[str, list[Opinion]]]:
    """Labelled sentences to train on, and three kinds to test on.

    Args:    train, test: how many sentences to train on, and how many of each kind in `KINDS` to test on.
    Returns: training sentences without any held-out combination (see `HeldOut`); and by kind, sentences that stand in
             no training text, labelled or not: with nothing held out, or with just the one kind of novelty.
    Raises:  ValueError: a count below 1.
    """
    if train < 1 or test < 1:
        raise ValueError(f"{train} training and {test} test sentences: both must be at least 1")
    held, rng = HeldOut.draw(seed), random.Random(f"opinions {seed}")

    def draw(count: int, wanted: set[str], testing: bool) -> list[Opinion]:
        found: list[Opinion] = []
        while len(found) < count:
            speaker, praises = _Speaker(rng, held, free=bool(wanted)), rng.random() < 0.5
            words = speaker.sentence(rng.choice(list(TOPICS.values())), praises, LABELLED)
            if speaker.novel == wanted and (wanted or for_testing(words) == testing):
                found.append(Opinion(words, praises))
        return found

    return draw(train, set(), False), {kind: draw(test, {kind} - {SEEN}, True) for kind in KINDS}


def texts(count: int = 20_000, seed: int = 0) -> list[tuple[Words, ...]]:
    """Texts without labels: one or two sentences about one topic, both of one opinion, and a verdict.

    They hold no held-out combination and no sentence that is for testing, and are plainer than labelled sentences.
    Their last sentence, such as "i recommend it", stands in no labelled text.

    Raises:  ValueError: a count below 1.
    """
    if count < 1:
        raise ValueError(f"{count} texts: there must be at least 1")
    held, rng = HeldOut.draw(seed), random.Random(f"texts of opinions {seed}")

    def sentence(nouns: list[str], praises: bool) -> Words:
        while True:
            words = _Speaker(rng, held).sentence(nouns, praises, PLAIN)
            if not for_testing(words):
                return (*words, ".")

    found = []
    for _ in range(count):
        praises, nouns = rng.random() < 0.5, rng.choice(list(TOPICS.values()))
        sentences = [sentence(nouns, praises) for _ in range(rng.choice((1, 2)))]
        found.append((*sentences, (*rng.choice(VERDICTS[praises]).split(), ".")))
    return found


def for_testing(words: Words) -> bool:
    """Whether a sentence is for testing alone: a matter of its words, the same in every run and on every machine."""
    return zlib.crc32(" ".join(words).encode()) % TEST_SHARE == 0

