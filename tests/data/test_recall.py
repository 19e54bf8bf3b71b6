"""Associative recall: what is told, asked and answered, against a reading of each text in plain Python."""

import pytest
import torch

from selfattention.data import recall
from selfattention.data.asked import Stream


@pytest.mark.parametrize(("pairs", "fillers"), [(8, 16), (1, 0), (16, 5), (4, 61)])
def test_each_answer_is_the_value_beside_the_key(pairs, fillers):
    made = recall.texts(53, torch.Generator().manual_seed(1), pairs, fillers)
    assert made.texts.shape == (53, 3 * pairs + fillers) and made.answers.shape == (53, pairs)
    for text, answers in zip(made.texts.tolist(), made.answers.tolist()):
        told, between, asked = text[:2 * pairs], text[2 * pairs:2 * pairs + fillers], text[2 * pairs + fillers:]
        values = dict(zip(told[::2], told[1::2]))
        assert len(values) == pairs, "all keys differ"
        assert sorted(asked) == sorted(values), "each key is asked once"
        assert answers == [values[key] for key in asked]
        assert all(0 <= key < 16 for key in values) and all(16 <= value < 32 for value in values.values())
        assert all(32 <= token < recall.VOCAB for token in between)


def test_keys_values_and_orders_are_drawn_evenly():
    made = recall.texts(4000, torch.Generator().manual_seed(2))
    told = made.texts[:, :16]
    # 4,000 texts of 8 out of 16: 2,000 ± 5 standard deviations of 32; 32,000 values of 16: 2,000 ± 5 of 43
    assert (told[:, ::2].flatten().bincount(minlength=16) - 2000).abs().max() < 160
    assert (told[:, 1::2].flatten().bincount(minlength=32)[16:] - 2000).abs().max() < 215
    first_is_asked_at = (made.texts[:, -8:] == told[:, :1]).int().argmax(dim=1).bincount(minlength=8)
    assert (first_is_asked_at - 500).abs().max() < 105  # 5 standard deviations of 21


def test_the_same_generator_gives_the_same_texts_whatever_the_default_type_is():
    before = torch.get_default_dtype()
    one = recall.texts(5, torch.Generator().manual_seed(3))
    try:
        torch.set_default_dtype(torch.float64 if before == torch.float32 else torch.float32)
        other = recall.texts(5, torch.Generator().manual_seed(3))
    finally:
        torch.set_default_dtype(before)
    assert torch.equal(one.texts, other.texts) and torch.equal(one.answers, other.answers)


def test_a_stream_gives_the_same_batch_for_the_same_step_and_another_for_another():
    stream, again, other = Stream(recall.texts, 7), Stream(recall.texts, 7), Stream(recall.texts, 7, seed=1)
    assert torch.equal(stream[5].texts, again[5].texts) and stream[5].texts.shape == (7, 40)
    batches = [stream[0], stream[1], other[0], other[1]]
    assert len({tuple(batch.texts.flatten().tolist()) for batch in batches}) == 4


def test_the_best_use_of_a_bag_is_the_value_that_occurs_most_often():
    answers = torch.tensor([[17, 16, 16, 18], [20, 20, 20, 20], [16, 17, 18, 19]])
    assert recall.best_bag(recall.Asked(answers, answers)) == (2 + 4 + 1) / 12
    # All 16⁴ texts: the mean of the largest count.
    values = torch.cartesian_prod(*[torch.arange(16)] * 4)
    made = recall.texts(4000, torch.Generator().manual_seed(4), pairs=4)
    assert abs(recall.best_bag(made) - recall.best_bag(recall.Asked(values, values))) < 0.01


def test_a_text_can_be_read():
    assert recall.names(torch.tensor([0, 16, 15, 31, 32, 35, 0])) == ["A", "0", "P", "15", "·", "·", "A"]


@pytest.mark.parametrize(("count", "pairs", "fillers"), [(0, 8, 16), (5, 0, 16), (5, 17, 16), (5, 8, -1)])
def test_bad_sizes_are_refused(count, pairs, fillers):
    with pytest.raises(ValueError, match=f"{count} texts of {pairs} pairs and {fillers} fillers.*16 keys"):
        recall.texts(count, torch.Generator(), pairs, fillers)
