"""English sentences with their French translations and gold word links, generated: no download, and no noise.

French agrees in gender and number, puts most adjectives behind the noun, wraps the verb in *ne … pas* and moves a
pronoun object before it. So the order of words really changes, and every link between words is known.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

# English one, English many, French one, French many, gender. No French word begins with a vowel: nothing is elided.
PEOPLE = """
dog dogs chien chiens m | cat cats chat chats m | horse horses cheval chevaux m | girl girls fille filles f
boy boys garçon garçons m | woman women femme femmes f | doctor doctors médecin médecins m
king kings roi rois m | teacher teachers professeur professeurs m | baker bakers boulanger boulangers m
queen queens reine reines f | cow cows vache vaches f | goat goats chèvre chèvres f | mouse mice souris souris f
fox foxes renard renards m | wolf wolves loup loups m | lion lions lion lions m
turtle turtles tortue tortues f | frog frogs grenouille grenouilles f | sister sisters sœur sœurs f
neighbour neighbours voisin voisins m | singer singers chanteuse chanteuses f
"""
THINGS = """
house houses maison maisons f | car cars voiture voitures f | table tables table tables f
chair chairs chaise chaises f | book books livre livres m | letter letters lettre lettres f
flower flowers fleur fleurs f | garden gardens jardin jardins m | boat boats bateau bateaux m
bridge bridges pont ponts m | door doors porte portes f | window windows fenêtre fenêtres f
hat hats chapeau chapeaux m | dress dresses robe robes f | bottle bottles bouteille bouteilles f
key keys clé clés f | knife knives couteau couteaux m | lamp lamps lampe lampes f | cake cakes gâteau gâteaux m
coat coats manteau manteaux m
"""
# English, then French for one m, one f, many m, many f.
ADJECTIVES_BEFORE = """
small petit petite petits petites | big grand grande grands grandes | beautiful beau belle beaux belles
good bon bonne bons bonnes | bad mauvais mauvaise mauvais mauvaises | young jeune jeune jeunes jeunes
old vieux vieille vieux vieilles | new nouveau nouvelle nouveaux nouvelles
"""
ADJECTIVES_BEHIND = """
red rouge rouge rouges rouges | green vert verte verts vertes | white blanc blanche blancs blanches
black noir noire noirs noires | blue bleu bleue bleus bleues | sad triste triste tristes tristes
happy heureux heureuse heureux heureuses | fast rapide rapide rapides rapides
heavy lourd lourde lourds lourdes | slow lent lente lents lentes | clean propre propre propres propres
round rond ronde ronds rondes | quiet calme calme calmes calmes | strange bizarre bizarre bizarres bizarres
expensive cher chère chers chères | strong fort forte forts fortes
"""
# English after one, English after many and after does or do, French one, French many.
VERBS = """
sees see voit voient | follows follow suit suivent | finds find trouve trouvent | takes take prend prennent
watches watch regarde regardent | hates hate déteste détestent | wants want veut veulent
sells sell vend vendent | knows know connaît connaissent | carries carry porte portent
pushes push pousse poussent | pulls pull tire tirent | draws draw dessine dessinent | washes wash lave lavent
hides hide cache cachent | breaks break casse cassent | leaves leave quitte quittent
touches touch touche touchent | loses lose perd perdent | paints paint peint peignent
chooses choose choisit choisissent | keeps keep garde gardent | fears fear craint craignent
protects protect protège protègent
"""
ONE, MANY, PLURAL_FRENCH = 0, 1, 2
DETERMINERS = {ONE: [("the", "le", "la"), ("a", "un", "une"), ("this", "ce", "cette"), ("my", "mon", "ma")],
               MANY: [("the", "les", "les"), ("two", "deux", "deux"), ("these", "ces", "ces"), ("my", "mes", "mes")]}
SUBJECT_PRONOUNS = {"he": ("il", ONE), "she": ("elle", ONE), "they": ("ils", MANY)}
OBJECT_PRONOUNS = {"him": "le", "her": "la", "them": "les"}


def _rows(table: str) -> list[tuple[str, ...]]:
    return [tuple(row.split()) for row in table.replace("\n", "|").split("|") if row.strip()]


NOUNS = {"people": _rows(PEOPLE), "things": _rows(THINGS)}
ADJECTIVES = [(*row, True) for row in _rows(ADJECTIVES_BEFORE)] + [(*row, False) for row in _rows(ADJECTIVES_BEHIND)]
VERB_ROWS = _rows(VERBS)

SEEN, NEW_PAIRS, NEW_NEGATIONS, NEW_PRONOUNS = "seen", "new pairs", "new negations", "new pronoun objects"
KINDS = (SEEN, NEW_PAIRS, NEW_NEGATIONS, NEW_PRONOUNS)


@dataclass(frozen=True)
class Pair:
    """A sentence and its translation.

    `links` holds (source word, target word) for every target word, counted from 0. *ne* belongs to *does* and to *not*.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    links: frozenset[tuple[int, int]]


@dataclass(frozen=True)
class HeldOut:
    """Combinations that never stand in a training sentence, though each of their words does.

    A tenth of all pairs of adjective and noun; four verbs that are never negated; four others that never have a pronoun
    as their object.
    """

    pairs: frozenset[tuple[str, str]]
    negations: frozenset[str]
    pronouns: frozenset[str]

    @classmethod
    def draw(cls, seed: int = 0) -> "HeldOut":
        """The combinations to hold out; the same for the same seed."""
        rng = random.Random(f"held out {seed}")
        nouns = [row[0] for rows in NOUNS.values() for row in rows]
        every = [(adjective[0], noun) for adjective in ADJECTIVES for noun in nouns]
        verbs = rng.sample([row[1] for row in VERB_ROWS], 8)
        return cls(frozenset(rng.sample(every, len(every) // 10)), frozenset(verbs[:4]), frozenset(verbs[4:]))


@dataclass
class _Draft:
    """A translation that grows: French words, each with the English ones it comes from, and what is new in it."""

    source: list[str] = field(default_factory=list)
    target: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    novel: set[str] = field(default_factory=set)

    def read(self, *words: str) -> list[int]:
        self.source += words
        return list(range(len(self.source) - len(words), len(self.source)))


def _noun_phrase(draft: _Draft, rng: random.Random, kind: str, held: HeldOut) -> tuple[int, list]:
    number = rng.choice((ONE, MANY))
    noun = rng.choice(NOUNS[kind] if kind == "people" else NOUNS["people"] + NOUNS["things"])
    feminine = noun[4] == "f"
    determiner = rng.choice(DETERMINERS[number])
    (at,) = draft.read(determiner[0])
    words = [(determiner[1 + feminine], (at,))]
    adjective = rng.choice(ADJECTIVES) if rng.random() < 0.6 else None
    if adjective:
        (at,) = draft.read(adjective[0])
        described = (adjective[1 + feminine + PLURAL_FRENCH * number], (at,))
        if (adjective[0], noun[0]) in held.pairs:
            draft.novel.add(NEW_PAIRS)
    (at,) = draft.read(noun[number])
    named = (noun[2 + number], (at,))
    if adjective:
        words += [described, named] if adjective[5] else [named, described]
    else:
        words.append(named)
    return number, words


def _sentence(rng: random.Random, held: HeldOut) -> tuple[Pair, set[str]]:
    """One random sentence and what is new in it."""
    draft = _Draft()
    if rng.random() < 0.25:
        english, (french, number) = rng.choice(list(SUBJECT_PRONOUNS.items()))
        (at,) = draft.read(english)
        subject = [(french, (at,))]
    else:
        number, subject = _noun_phrase(draft, rng, "people", held)
    verb, negated, pronoun = rng.choice(VERB_ROWS), rng.random() < 0.4, rng.random() < 0.35
    if negated:
        does, no, at = draft.read(("does", "do")[number], "not", verb[1])
        around = ([("ne", (does, no))], [("pas", (no,))])
        if verb[1] in held.negations:
            draft.novel.add(NEW_NEGATIONS)
    else:
        (at,) = draft.read(verb[number])
        around = ([], [])
    doing = [(verb[2 + number], (at,))]
    if pronoun:
        english = rng.choice(list(OBJECT_PRONOUNS))
        (at,) = draft.read(english)
        draft.target = [*subject, *around[0], (OBJECT_PRONOUNS[english], (at,)), *doing, *around[1]]
        if verb[1] in held.pronouns:
            draft.novel.add(NEW_PRONOUNS)
    else:
        _, object_ = _noun_phrase(draft, rng, "anything", held)
        draft.target = [*subject, *around[0], *doing, *around[1], *object_]
    links = frozenset((source, at) for at, (_, sources) in enumerate(draft.target) for source in sources)
    return Pair(tuple(draft.source), tuple(word for word, _ in draft.target), links), draft.novel


def corpus(train: int = 20_000, test: int = 500, seed: int = 0) -> tuple[list[Pair], dict[str, list[Pair]]]:
    """Sentences to train on, and four kinds to test on.

    Args:    train, test: how many sentences to train on, and how many of each kind in `KINDS` to test on.
    Returns: training pairs without any held-out combination (see `HeldOut`), all different; and by kind, pairs that are
             not among them: with nothing held out, or with just the one kind of novelty.
    Raises:  ValueError: a count below 1.
    """
    if train < 1 or test < 1:
        raise ValueError(f"{train} training and {test} test sentences: both must be at least 1")
    held, rng = HeldOut.draw(seed), random.Random(seed)
    taken: set[tuple[str, ...]] = set()

    def draw(count: int, wanted: Callable[[set[str]], bool]) -> list[Pair]:
        found = []
        while len(found) < count:
            pair, novel = _sentence(rng, held)
            if wanted(novel) and pair.source not in taken:
                taken.add(pair.source)
                found.append(pair)
        return found

    training = draw(train, lambda novel: not novel)
    return training, {kind: draw(test, lambda novel, kind=kind: novel == ({kind} - {SEEN})) for kind in KINDS}
