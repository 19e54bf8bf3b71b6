"""Vocabulary and batches."""

import pytest
import torch

from selfattention.data.batches import Batches, batch, padded
from selfattention.data.words import BEGIN, END, UNKNOWN, Vocabulary

TEXT = [["the", "dog"], ["the", "cat", "sees", "the", "dog"]]


def test_words_are_numbered_by_frequency_and_come_back():
    words = Vocabulary(TEXT)
    assert words.words[4:] == ["the", "dog", "cat", "sees"] and len(words) == 8
    numbers = words.encode(["the", "cat"])
    assert words.decode([*numbers, END, 5]) == ["the", "cat"]
    assert Vocabulary(TEXT, most=1).encode(["the", "cat"], unknown=True) == [4, UNKNOWN]


def test_unknown_words_and_empty_sentences_are_refused():
    words = Vocabulary(TEXT)
    with pytest.raises(ValueError, match=r"'dgo' is not among the 4 words.*did you mean 'dog'"):
        words.encode(["the", "dgo"])
    with pytest.raises(ValueError, match="empty"):
        words.encode([])
    with pytest.raises(ValueError, match="'ab' is one string"):
        Vocabulary([["a", "b"]]).encode("ab")
    with pytest.raises(ValueError, match="sentence 1 of 3 has no tokens"):
        padded([[4], [], [5]])
    with pytest.raises(ValueError, match="there are no sentences"):
        padded([])
    with pytest.raises(ValueError, match="2 sources, 1 targets"):
        Batches([[1], [2]], [[1]], 1)


def test_the_decoder_reads_what_it_shall_answer_one_token_late():
    made = batch([[7, 8, 9], [7]], [[5], [5, 6]])
    assert made.source.tolist() == [[7, 8, 9], [7, 0, 0]]
    assert made.decoder_input.tolist() == [[BEGIN, 5, 0], [BEGIN, 5, 6]]
    assert made.labels.tolist() == [[5, END, 0], [5, 6, END]]


def test_an_epoch_holds_every_sentence_once_and_is_found_by_step():
    sources = [[4 + i] * (1 + i % 7) for i in range(103)]
    batches = Batches(sources, sources, size=10)
    assert len(batches) == 11
    for epoch in range(2):
        rows = [row[row > 0].tolist() for step in range(11) for row in batches[11 * epoch + step].source]
        assert sorted(rows) == sorted(sources)
    again = Batches(sources, sources, size=10)
    assert torch.equal(again[17].source, batches[17].source)
    assert not torch.equal(batches[0].source, batches[11].source)


def test_sentences_of_similar_length_stand_together():
    sources = [[4] * (1 + i % 20) for i in range(2000)]
    filled = [
        (found.source > 0).float().mean().item() for found in map(Batches(sources, sources, 20).__getitem__, range(100))
    ]
    assert sum(filled) / 100 > 0.9
