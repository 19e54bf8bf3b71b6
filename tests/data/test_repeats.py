"""Stretches that occur twice: what is repeated, asked and sure, against a reading of each text in plain Python."""

import pytest
import torch

from selfattention.data import repeats


def drawn(count=211, seed=1, **sizes):
    return repeats.texts(count, torch.Generator().manual_seed(seed), **sizes)


@pytest.mark.parametrize(("tokens", "stretch"), [(48, 10), (20, 10), (23, 7), (5, 2), (48, 24)])
def test_a_text_ends_with_a_stretch_that_stood_before(tokens, stretch):
    batch = drawn(tokens=tokens, stretch=stretch)
    assert batch.texts.shape == (211, tokens - 1) and batch.answers.shape == (211, stretch - 1)
    for text, answers, place in zip(batch.texts.tolist(), batch.answers.tolist(), repeats.found(batch).tolist()):
        whole = [*text, answers[-1]]
        repeated = whole[-stretch:]
        assert len(set(repeated)) == stretch and answers == repeated[1:]
        starts = [start for start in range(tokens - 2 * stretch + 1) if whole[start:start + stretch] == repeated]
        assert starts, "the stretch stands before, and the two do not overlap"
        assert text.count(text[-1]) == 2, "the symbol of the last question occurred once before"
        assert text[place - 1] == text[-1] and text[place] == answers[-1] and place - 1 < tokens - stretch
        assert all(0 <= token < repeats.SYMBOLS for token in whole)


def test_distances_and_fillers_are_drawn_evenly_and_counts_tell_nothing():
    batch = drawn(5800, seed=2)
    starts = (repeats.found(batch) - 9).bincount(minlength=29)
    assert len(starts) == 29 and (starts - 200).abs().max() < 71  # five standard deviations of 14
    answers = batch.answers[:, -1]
    counts = (batch.texts == answers[:, None]).sum(dim=1)
    others = (batch.texts == batch.answers[:, :1]).sum(dim=1)
    # 1 and 28 of 23 symbols; the first answer stands in both stretches
    assert counts.double().mean() == pytest.approx(1 + 28 / 23, abs=0.08)
    assert others.double().mean() == pytest.approx(2 + 28 / 23, abs=0.08)


def test_a_damaged_text_differs_where_the_last_symbol_stood_before_and_nowhere_else():
    batch = drawn(53)
    damaged = repeats.damaged(batch)
    place = repeats.found(batch) - 1
    differs = batch.texts != damaged.texts
    assert torch.equal(differs.int().argmax(dim=1), place) and (differs.sum(dim=1) == 1).all()
    assert ((damaged.texts == batch.texts[:, -1:]).sum(dim=1) == 1).all(), "the symbol stands at the end alone"
    assert torch.equal(damaged.answers, batch.answers) and batch.texts.data_ptr() != damaged.texts.data_ptr()


def test_the_last_question_alone_and_its_chance():
    batch = drawn(7)
    last = repeats.last(batch)
    assert torch.equal(last.answers[:, 0], batch.answers[:, -1]) and torch.equal(last.texts, batch.texts)
    scores = torch.randn(7, 47, 24, dtype=torch.float64)
    powers = scores[:, -1].exp()
    expected = [powers[at, answer] / powers[at].sum() for at, answer in enumerate(last.answers[:, 0])]
    for some in (batch, last):
        torch.testing.assert_close(repeats.chances(scores, some), torch.stack(expected))


def test_the_same_generator_gives_the_same_texts_and_texts_can_be_read():
    assert torch.equal(drawn(5).texts, drawn(5).texts) and not torch.equal(drawn(5).texts, drawn(5, seed=2).texts)
    assert repeats.names(torch.tensor([0, 23, 1])) == ["a", "x", "b"]


@pytest.mark.parametrize(("count", "tokens", "stretch"), [(0, 48, 10), (5, 19, 10), (5, 48, 1), (5, 60, 25)])
def test_what_has_no_room_is_refused(count, tokens, stretch):
    with pytest.raises(ValueError, match=f"{count} texts of {tokens} tokens with a stretch of {stretch}.*2 to 24"):
        repeats.texts(count, torch.Generator(), tokens, stretch)
