"""Which keys are found again: against loops, and for answers of which one knows what they find."""

import pytest
import torch

from selfattention.attention import attention
from selfattention.efficient.capacity import corrected_sum, found_again, plain_sum


def drawn(*, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(2, *size, dtype=torch.float64, generator=generator) for size in ((3, 7), (5, 7), (5, 11))]


def test_the_plain_sum_is_a_sum_over_the_keys():
    queries, keys, values = drawn()
    expected = torch.stack([torch.stack([sum((query @ key) * value for key, value in zip(keys[text], values[text]))
                                         for query in queries[text]]) for text in range(2)])
    torch.testing.assert_close(plain_sum(queries, keys, values), expected)


def test_the_corrected_sum_says_the_last_value_of_a_key():
    _, keys, values = drawn()
    keys[:, 4] = keys[:, 1]
    twice = keys[:, 4:] / keys[:, 4:].norm(dim=-1, keepdim=True)
    torch.testing.assert_close(corrected_sum(twice, keys, values), values[:, 4:])
    directions = torch.linalg.qr(torch.randn(2, 5, 5, dtype=torch.float64)).Q
    torch.testing.assert_close(corrected_sum(directions, 3 * directions, values), values)


@pytest.mark.parametrize("count", [1, 7])
def test_an_answer_that_knows_everything_finds_everything(count):
    def first(queries, keys, values):
        return values[:, :count]

    def last(queries, keys, values):
        return values[:, -count:]

    assert found_again(first, count, draws=3).shape == (3, count) and found_again(first, count).all()
    assert found_again(last, count, times=2).all() and not found_again(first, count, times=2).any()


def test_attention_finds_all_keys_and_tables_do_not():
    assert found_again(attention, 256, draws=2).all()
    assert 0.1 < found_again(corrected_sum, 256, draws=2).double().mean() < found_again(
        plain_sum, 256, draws=2).double().mean() < 0.9


def test_the_same_keys_are_drawn_each_time():
    seen = []
    for _ in range(2):
        found_again(lambda queries, keys, values: seen.append((queries, values)) or values, 5)
    assert torch.equal(seen[0][0], seen[1][0]) and torch.equal(seen[0][1], seen[1][1])
    torch.testing.assert_close(seen[0][0].norm(dim=-1), torch.full((8, 5), 256.0))
