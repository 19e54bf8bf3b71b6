"""The generated corpus: its French is checked against rules written down again, its splits against each other."""

import pytest

from selfattention.data import sentences
from selfattention.data.sentences import KINDS, NEW_NEGATIONS, NEW_PAIRS, NEW_PRONOUNS, SEEN, HeldOut, corpus

TRAIN, TESTS = corpus(2000, 50)
NOUNS = [row for rows in sentences.NOUNS.values() for row in rows]
ADJECTIVES = {row[0]: row for row in sentences.ADJECTIVES}


def words_of(pair, english):
    """The French words linked to an English one."""
    return [pair.target[target] for source, target in sorted(pair.links, key=lambda link: link[1])
            if source == pair.source.index(english)]


def test_the_tables_are_whole():
    for row in NOUNS:
        assert len(row) == 5 and row[4] in "mf"
    assert all(len(row) == 6 for row in sentences.ADJECTIVES) and all(len(row) == 4 for row in sentences.VERB_ROWS)
    french = [word for row in NOUNS for word in row[2:4]] + [word for row in sentences.VERB_ROWS for word in row[2:]]
    french += [word for row in sentences.ADJECTIVES if row[5] for word in row[1:5]]
    assert not [word for word in french if word[0] in "aeiouhéèêâîœ"], "an elided article would be needed"


def test_a_few_known_translations():
    known = {" ".join(pair.source): " ".join(pair.target) for pair in corpus(20_000, 1)[0]}
    for english, french in known.items():
        if english.startswith("she does not see"):
            assert french.startswith(
                ("elle ne voit pas", "elle ne le voit pas", "elle ne la voit pas", "elle ne les voit pas")
            )
    found = {english for english in known if " them" in english and "not" in english}
    assert found and all(" ne les " in known[english] for english in found)


@pytest.mark.parametrize("pair", TRAIN[:300], ids=lambda pair: " ".join(pair.source)[:40])
def test_adjectives_agree_and_stand_on_their_side(pair):
    for at, english in enumerate(pair.source):
        if english in ADJECTIVES:
            noun = next(row for row in NOUNS if pair.source[at + 1] in row[:2])
            many = pair.source[at + 1] == noun[1]
            form = ADJECTIVES[english][1 + (noun[4] == "f") + 2 * many]
            places = [target for source, target in pair.links if source == at]
            beside = [target for source, target in pair.links if source == at + 1]
            assert [pair.target[place] for place in places] == [form]
            assert places[0] - beside[0] == (-1 if ADJECTIVES[english][5] else 1)


def test_every_french_word_has_its_link_and_only_ne_has_two():
    for pair in TRAIN:
        counts = [sum(target == at for _, target in pair.links) for at in range(len(pair.target))]
        assert counts == [2 if word == "ne" else 1 for word in pair.target]
        if "not" in pair.source:
            assert words_of(pair, "not") == ["ne", "pas"]


def test_training_holds_no_combination_that_is_held_out():
    held = HeldOut.draw()
    for pair in TRAIN + TESTS[SEEN]:
        assert not held.pairs & set(zip(pair.source, singular(pair.source[1:])))
        assert not ("not" in pair.source and held.negations & set(pair.source))
        assert not (set(sentences.OBJECT_PRONOUNS) & set(pair.source) and held.pronouns & set(base(pair.source)))
    for pair in TESTS[NEW_PAIRS]:
        assert held.pairs & set(zip(pair.source, singular(pair.source[1:])))
    for pair in TESTS[NEW_NEGATIONS]:
        assert "not" in pair.source and held.negations & set(pair.source)
    for pair in TESTS[NEW_PRONOUNS]:
        assert pair.source[-1] in sentences.OBJECT_PRONOUNS and held.pronouns & set(base(pair.source))


def singular(words):
    table = {row[1]: row[0] for row in NOUNS}
    return [table.get(word, word) for word in words]


def base(words):
    table = {row[0]: row[1] for row in sentences.VERB_ROWS}
    return [table.get(word, word) for word in words]


def test_no_sentence_stands_twice_and_every_test_word_was_seen():
    train, tests = corpus(20_000, 200)
    everything = [pair.source for pair in train] + [pair.source for kind in KINDS for pair in tests[kind]]
    assert len(everything) == len(set(everything))
    seen = {word for pair in train for word in (*pair.source, "|", *pair.target)}
    assert all(set(pair.source) | set(pair.target) <= seen for kind in KINDS for pair in tests[kind])


def test_the_same_seed_gives_the_same_and_bad_counts_are_refused():
    assert corpus(20, 5, seed=3) == corpus(20, 5, seed=3) != corpus(20, 5, seed=4)
    with pytest.raises(ValueError, match="0 training and 5 test"):
        corpus(0, 5)
