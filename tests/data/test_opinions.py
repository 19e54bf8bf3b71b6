"""The language of opinions: read again by rules of its own, its splits, and that counting words says nothing."""

import re

import pytest

from selfattention.data import opinions as module
from selfattention.data.masked import vocabulary
from selfattention.data.opinions import BAD, GOOD, KINDS, NEW_NEGATIONS, NEW_PAIRS, SEEN, HeldOut, opinions, texts
from selfattention.models.bag import BagOfWords

TRAIN, TESTS = opinions(2000, 300)
EVERY = [*TRAIN, *(one for kind in KINDS for one in TESTS[kind])]
TEXTS = texts(1500)
NOUNS = {noun for nouns in module.TOPICS.values() for noun in nouns}
# Written down again, not taken from the module.
TURNING = re.compile(r"\b(?:not|hardly|never|by no means|anything but|nobody claims that|i doubt that|few find that)\b")
CLAUSE = re.compile(r"^(?:(?:nobody|everybody|many|i|few) (?:denies|says|find|claims|doubt) that |i doubt that )?"
                    r"the (\w+) is (?:(?:very|really|truly|quite|not|hardly|never|by no means|anything but) )?"
                    r"(\w+)(?: and (\w+))?$")


def praises(clause):
    """Whether a clause praises, read from its text: adjectives, turned around by one negation or none."""
    adjectives = [word for word in CLAUSE.match(clause).groups()[1:] if word]
    good = {word in GOOD for word in adjectives}
    assert len(good) == 1, clause
    return good.pop() != bool(TURNING.search(clause))


def judged(sentence):
    """Whether a sentence praises, read from its text by rules written down again."""
    contrast = re.match(r"^the \w+ is not (\w+) but (\w+)$", sentence)
    if contrast:
        assert (contrast[1] in GOOD) != (contrast[2] in GOOD)
        return contrast[2] in GOOD
    if sentence.startswith("although "):
        aside, main = sentence.removeprefix("although ").split(" , ")
    elif " although " in sentence:
        main, aside = sentence.split(" although ")
    else:
        parts = re.split(r"(?<!anything) (but|and) (?=(?:the|nobody|everybody|many|i|few)\b)", sentence)
        if len(parts) == 1:
            return praises(sentence)
        aside, joint, main = parts
        assert (praises(aside) == praises(main)) == (joint == "and"), sentence
        return praises(main)
    assert praises(aside) != praises(main), sentence
    return praises(main)


def of(words):
    return " ".join(words)


def combinations(words):
    """Pairs of noun and adjective, and of negation and adjective, that stand in a sentence, read from its text."""
    sentence, pairs, negations = of(words), set(), set()
    contrast = re.match(r"^the (\w+) is not (\w+) but (\w+)$", sentence)
    if contrast:
        return {(contrast[1], contrast[2]), (contrast[1], contrast[3])}, {("not", contrast[2])}
    borders = r"^although | although | , |(?<!anything) (?:but|and) (?=(?:the|nobody|everybody|many|i|few)\b)"
    for clause in re.split(borders, sentence):
        if clause:
            noun, *adjectives = (part for part in CLAUSE.match(clause).groups() if part)
            turn = TURNING.search(clause)
            pairs |= {(noun, adjective) for adjective in adjectives}
            negations |= {(turn[0], adjective) for adjective in adjectives if turn}
    return pairs, negations


def test_every_label_is_what_the_sentence_says():
    assert all(judged(of(one.words)) == one.praises for one in EVERY)
    assert 0.45 < sum(one.praises for one in TRAIN) / len(TRAIN) < 0.55
    sentences = " | ".join(of(one.words) for one in TRAIN)
    for piece in (" although ", "| although", " , ", " and ", "but the", "is not", *module.TURNS, *module.DENIES):
        assert piece in sentences, piece


def test_a_text_is_of_one_topic_and_one_opinion_and_ends_with_a_verdict():
    verdicts = {verdict: praise for praise, some in module.VERDICTS.items() for verdict in some}
    for text in TEXTS:
        *sentences, verdict = [of(sentence).removesuffix(" .") for sentence in text]
        assert {judged(one) for one in sentences} == {verdicts[verdict]} and len(sentences) in (1, 2)
        assert NOUNS & set(text[0]) and all(sentence[-1] == "." for sentence in text)
        topics = [nouns for nouns in module.TOPICS.values() if NOUNS & {word for s in text for word in s} <= set(nouns)]
        assert len(topics) == 1
    assert {of(text[-1][:-1]) for text in TEXTS} == set(verdicts)
    assert not {word for one in EVERY for word in one.words} & {"recommend", "regret", "loved", "hated", "we", "it"}


def test_training_holds_no_combination_that_is_held_out_and_no_sentence_for_testing():
    held = HeldOut.draw()
    assert len(held.pairs) == 24 * 32 // 10 and len(held.negations) == 4 * 8
    told = [one.words for one in TRAIN] + [sentence[:-1] for text in TEXTS for sentence in text[:-1]]
    for words in told:
        pairs, negations = combinations(words)
        assert not pairs & held.pairs and not negations & held.negations and not module.for_testing(words)
    assert not {*told} & {one.words for kind in KINDS for one in TESTS[kind]}
    for kind, novel in ((SEEN, (False, False)), (NEW_PAIRS, (True, False)), (NEW_NEGATIONS, (False, True))):
        for one in TESTS[kind]:
            pairs, negations = combinations(one.words)
            assert (bool(pairs & held.pairs), bool(negations & held.negations)) == novel, one
        assert len({one.words for one in TESTS[kind]}) > 280


def test_every_word_of_the_tests_stands_in_the_texts():
    words = vocabulary([sentence for text in texts(4000) for sentence in text])
    assert all(words.encode(one.words) for kind in KINDS for one in TESTS[kind])
    assert len(GOOD) == len(set(GOOD)) == len(BAD) == len(set(BAD)) and not set(GOOD) & set(BAD)


def split_into(some):
    return [one.words for one in some], [int(one.praises) for one in some]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("count", [1024, 8000])
def test_a_bag_of_words_stays_near_chance(seed, count):
    train, tests = opinions(count, 1000, seed)
    accuracy = BagOfWords(*split_into(train)).accuracy(*split_into(tests[SEEN]))
    assert 0.45 < accuracy < 0.58, accuracy


def test_so_does_logistic_regression_on_plain_counts():
    pytest.importorskip("sklearn")
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    train, tests = opinions(1024, 1000)
    vectorizer = CountVectorizer(token_pattern=r"\S+")
    words, labels = split_into(train)
    fitted = LogisticRegression(max_iter=1000).fit(vectorizer.fit_transform(map(" ".join, words)), labels)
    words, labels = split_into(tests[SEEN])
    assert 0.45 < fitted.score(vectorizer.transform(map(" ".join, words)), labels) < 0.58


def test_the_same_seed_gives_the_same_and_too_few_are_refused():
    assert opinions(5, 5, 3) == opinions(5, 5, 3) != opinions(5, 5, 4) and texts(5, 3) == texts(5, 3) != texts(5, 4)
    with pytest.raises(ValueError, match="0 training and 5 test"):
        opinions(0, 5)
    with pytest.raises(ValueError, match="5 training and -1 test"):
        opinions(5, -1)
    with pytest.raises(ValueError, match="0 texts"):
        texts(0)
