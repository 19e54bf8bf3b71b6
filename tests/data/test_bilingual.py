"""Two vocabularies, and sentences as they are typed."""

import pytest

from selfattention.data.bilingual import Bilingual
from selfattention.data.sentences import Pair

PAIRS = [Pair(("the", "dog", "pulls", "him"), ("le", "chien", "le", "tire"), frozenset()),
         Pair(("dogs", "pull"), ("chiens", "tirent"), frozenset())]


def cut(words):
    return [piece for word in words for piece in (("pull", "+s") if word == "pulls" else (word,))]


def test_words_are_cut_on_the_source_side_only():
    whole, pieces = Bilingual(PAIRS), Bilingual(PAIRS, cut)
    assert whole.source.decode(whole.sources(PAIRS)[0]) == ["the", "dog", "pulls", "him"]
    assert pieces.source.decode(pieces.sources(PAIRS)[0]) == ["the", "dog", "pull", "+s", "him"]
    assert pieces.target.decode(pieces.targets(PAIRS)[1]) == ["chiens", "tirent"]
    assert pieces.owners(PAIRS[0].source) == [0, 1, 2, 2, 3]
    assert pieces.batch(PAIRS).source.shape == (2, 5) and len(pieces.batches(PAIRS, 1)) == 2


def test_a_sentence_is_read_as_it_is_typed():
    pieces = Bilingual(PAIRS, cut)
    assert pieces.read("The dog pulls him.") == pieces.sources(PAIRS)[0]
    assert pieces.read("dogs pull") == pieces.sources(PAIRS)[1]


@pytest.mark.parametrize(("sentence", "message"), [
    ("the dgo pulls", "'dgo' is not among the 6 words that the translator knows; near it are dog, dogs"),
    ("the +s", r"'\+s' is not among .*; no known word is near it"),
    (" . ", "the sentence is empty"),
])
def test_what_is_not_known_is_named(sentence, message):
    with pytest.raises(ValueError, match=message):
        Bilingual(PAIRS, cut).read(sentence)
