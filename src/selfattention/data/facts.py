"""Short texts of facts about people and places, with questions: who is asked for, and what about them, both count.

"Anna lives in Cape Town. Lima is where Hugo was born. …": a text says two things of each of its people, so neither the
name alone nor the kind of fact alone leads to the answer.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from selfattention.data.spans import Question

NAMES, PLACES = ([tuple(one.split()) for one in table.split("|")] for table in (
    """anna | ben | carla | david | emma | felix | greta | hugo | iris | jonas | klara | leo | maria | nils | olga
    | paul | ruth | simon | tara | ugo | vera | walter | yara | zoe | mary ann | mary lou | jean luc | jean claude""",
    """athens | berlin | cairo | dublin | lima | madrid | oslo | paris | quito | rome | tokyo | vienna | warsaw | zurich
    | new york | new delhi | san jose | san juan | santa fe | cape town | hong kong | mexico city | buenos aires
    | rio de janeiro"""))
# A fact, the question after its place, and what remains of the question after its name.
RELATIONS = [("lives in", "where does {} live"), ("works in", "where does {} work"),
             ("was born in", "where was {} born"), ("studied in", "where did {} study")]
PEOPLE = 2  # in a text, with two facts about each
FACTS = 2 * PEOPLE

SEEN, NEW_PAIRS = "seen", "new pairs"
KINDS = (SEEN, NEW_PAIRS)

Words = tuple[str, ...]


@dataclass(frozen=True)
class HeldOut:
    """Pairs of a name and a place that stand in no training text together: a fifth of all."""

    pairs: frozenset[tuple[Words, Words]]

    @classmethod
    def draw(cls, seed: int = 0) -> "HeldOut":
        """The pairs to hold out; the same for the same seed."""
        rng = random.Random(f"facts held out {seed}")
        every = [(name, place) for name in NAMES for place in PLACES]
        return cls(frozenset(rng.sample(every, len(every) // 5)))


def facts(train: int = 20_000, test: int = 500, seed: int = 0, told: int = FACTS,
          ) -> tuple[list[Question], dict[str, list[Question]]]:
    """Questions to train on, and two kinds to test on.

    Args:    train, test: how many questions to train on, and how many of each kind in `KINDS` to test on. told: facts
             in a training text. Fewer than four are the one that is asked for, one that says the same of somebody
             else, so that the name or the place decides, and then any other.
    Returns: training questions, all different, whose texts hold no held-out pair (see `HeldOut`); and by kind, others
             of the same sort, or such as ask for a held-out pair, always with four facts.
    Raises:  ValueError: a count below 1, or a text of no fact or more than four.
    """
    if train < 1 or test < 1:
        raise ValueError(f"{train} training and {test} test questions: both must be at least 1")
    if not 1 <= told <= FACTS:
        raise ValueError(f"texts of {told} facts: a text tells 1 to {FACTS} of them")
    held, rng, taken = HeldOut.draw(seed).pairs, random.Random(f"facts {seed}"), set()

    def draw(count: int, novel: bool, size: int = FACTS) -> list[Question]:
        found: list[Question] = []
        while len(found) < count:
            question, asked, every = _question(rng, size)
            key = question.text, question.question
            if key not in taken and (asked in held if novel else not held & every):
                taken.add(key)
                found.append(question)
        return found

    return draw(train, False, told), {kind: draw(test, kind == NEW_PAIRS) for kind in KINDS}


def _question(rng: random.Random, size: int) -> tuple[Question, tuple[Words, Words], set[tuple[Words, Words]]]:
    """A question, the pair of name and place it asks for, and all pairs in its text."""
    people, places = rng.sample(NAMES, PEOPLE), rng.sample(PLACES, FACTS)
    relations = [rng.sample(RELATIONS, 2) for _ in people]
    if size < FACTS:  # of all people the same, so that names and places must be told apart
        relations = relations[:1] * PEOPLE
    drawn = [(name, place, relation) for number, name in enumerate(people)
             for place, relation in zip(places[2 * number:], relations[number])]
    rng.shuffle(drawn)
    asked, text, spans = rng.randrange(len(drawn)), [], []
    if size < FACTS:
        others = rng.sample([number for number in range(len(drawn)) if number != asked], len(drawn) - 1)
        others.sort(key=lambda number: drawn[number][2] != drawn[asked][2])
        kept = sorted([asked, *others[:size - 1]])
        asked, drawn = kept.index(asked), [drawn[number] for number in kept]
    for name, place, (relation, _) in drawn:
        parts = [("name", name), ("", tuple(relation.split())), ("place", place)]
        if rng.random() < 0.5:  # the other way round: "lima is where anna lives"
            parts = [("place", place), ("", ("is", "where")), ("name", name), ("", tuple(relation.split()[:-1]))]
        at = {}
        for what, words in parts:
            at[what] = len(text)
            text += words
        text.append(".")
        spans.append(at)
    name, place, (relation, where) = drawn[asked]
    if rng.random() < 0.5:
        question, answer, start = where.format(" ".join(name)), place, spans[asked]["place"]
    else:
        question, answer, start = f"who {relation} {' '.join(place)}", name, spans[asked]["name"]
    return (Question(tuple(text), (*question.split(), "?"), answer, start), (name, place),
            {(name, place) for name, place, _ in drawn})


def words(questions: Sequence[Question]) -> list[Words]:
    """All words of texts and questions, to make a vocabulary of."""
    return [part for one in questions for part in (one.text, one.question)]
