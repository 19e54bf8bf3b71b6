"""The language that is said backwards."""

from selfattention.data import letters
from selfattention.data.words import BEGIN, END


def test_sentences_are_drawn_from_the_letters_and_kept_apart():
    some = letters.sentences(300, seed=1)
    assert some == letters.sentences(300, seed=1) and len(some) == 300
    assert {len(sentence) for sentence in some} == set(range(letters.SHORTEST, letters.LONGEST + 1))
    assert {number for sentence in some for number in sentence} == set(range(4, 4 + len(letters.LETTERS)))
    assert not set(letters.sentences(300, seed=1, taken=set(some[:200]))) & set(some[:200])


def test_a_translation_is_the_sentence_backwards():
    stop, ten = (tuple(letters.VOCABULARY.encode(list(word))) for word in ("stop", "ten"))
    assert ["".join(letters.VOCABULARY.decode(one)) for one in letters.backwards([stop, ten])] == ["pots", "net"]
    both = letters.as_batch([stop, ten])
    assert both.source.tolist() == [list(stop), [*ten, 0]]
    assert both.decoder_input.tolist() == [[BEGIN, *stop[::-1]], [BEGIN, *ten[::-1], 0]]
    assert both.labels.tolist() == [[*stop[::-1], END], [*ten[::-1], END, 0]]


def test_batches_in_order_and_for_training():
    some = letters.sentences(23, seed=2)
    parts = letters.in_order(some, 10)
    assert [len(part.source) for part in parts] == [10, 10, 3]
    assert [row[row > 0].tolist() for part in parts for row in part.source] == [list(sentence) for sentence in some]
    assert len(letters.batches(some, 10)) == 3
