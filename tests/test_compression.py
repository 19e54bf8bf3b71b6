"""Packers by arithmetic; counted characters against the formula written out, and against what is known."""

import math
import random
import string
import zlib

import pytest
import torch

from selfattention import compression
from selfattention.compression import NGrams, compressed_bits, mixed_bits, model_bits

TEXT = "the cat sat on the mat and the rat sat on the cat that ate the rat at the mat " * 3
ALPHABET = "abcdefghijklmnopqrstuvwxyz "


def test_a_text_that_was_there_before_costs_next_to_nothing_and_noise_costs_all():
    rng = random.Random(0)
    noise = "".join(rng.choices("abcdefghijklmnop", k=20_000))  # 4 bits each
    again = compressed_bits(noise, noise)
    fresh = compressed_bits(noise, "".join(rng.choices("abcdefghijklmnop", k=20_000)))
    assert list(fresh) == ["gzip", "bz2", "xz"]
    assert again["xz"] < 0.1 and again["gzip"] < 0.2
    assert all(3.99 < bits < 4.8 for bits in fresh.values())


def test_bits_are_what_the_packed_text_grows_by(monkeypatch):
    monkeypatch.setattr(compression, "PACKERS", {"as it is": bytes, "half": lambda text: text[::2]})
    assert compressed_bits("aaaa", "bbbbbb") == {"as it is": 8.0, "half": 4.0}
    assert compressed_bits("aa", "ää")["as it is"] == 16.0  # two bytes to a character
    monkeypatch.setattr(compression, "PACKERS", {"deflate": zlib.compress})
    grown = len(zlib.compress(b"abcabcabcxyz")) - len(zlib.compress(b"abcabcabc"))
    assert compressed_bits("abcabcabc", "xyz") == {"deflate": 8 * grown / 3}


def by_the_formula(text, character, history, order, alphabet):
    """Chen & Goodman's recursion, by looking through the whole text again and again."""
    chance = 1 / len(alphabet)
    for length in range(1, order + 1):
        counts = {}
        for gram in {text[place:place + length] for place in range(len(text) - length + 1)}:
            places = [place for place in range(len(text)) if text.startswith(gram, place)]
            before = {text[place - 1] for place in places if place > 0}
            counts[gram] = len(places) if length == order else len(before) + (0 in places)
        seen = {gram[-1]: count for gram, count in counts.items() if gram[:-1] == history[len(history) - length + 1:]}
        if not seen:
            break
        ones, twos, threes, fours = (list(counts.values()).count(number) for number in (1, 2, 3, 4))
        assert ones and twos and threes, "the text is too small for discounts"
        share = ones / (ones + 2 * twos)
        taken = [0, 1 - 2 * share * twos / ones, 2 - 3 * share * threes / twos, 3 - 4 * share * fours / threes]
        taken = [max(number, 0) for number in taken]
        left = sum(taken[min(count, 3)] for count in seen.values())
        count = seen.get(character, 0)
        chance = (count - taken[min(count, 3)] + left * chance) / sum(seen.values())
    return chance


@pytest.mark.parametrize("order", [1, 2, 3])
def test_probabilities_are_those_of_the_formula(order):
    rng = random.Random(order)
    letters = string.ascii_lowercase
    text = "".join(rng.choices(letters[:25], weights=[1 / number**1.5 for number in range(1, 26)], k=307))
    model = NGrams(text, letters, order)
    for history in (text[:2], "aa", "ba", "ca", "yb", "zz", text[-2:]):
        for character in "abcxyz":
            expected = by_the_formula(text, character, history, order, letters)
            assert model.probability(character, history) == pytest.approx(expected, rel=1e-12), (history, character)


@pytest.mark.parametrize("order", [1, 2, 5, 11])
def test_probabilities_sum_to_one_also_after_what_was_never_seen(order):
    model = NGrams(TEXT, ALPHABET, order)
    for history in ("", "t", "the ca", "zzz", "the zz", TEXT[:20]):
        chances = [model.probability(character, history) for character in ALPHABET]
        assert sum(chances) == pytest.approx(1.0, abs=1e-12) and min(chances) > 0


def test_bits_of_a_text():
    model = NGrams(TEXT, ALPHABET, 4)
    text = "the mat ate a rat"
    expected = -sum(math.log2(model.probability(character, text[:place])) for place, character in enumerate(text))
    assert model.bits(text) == pytest.approx(expected / len(text))
    assert NGrams(TEXT, ALPHABET, 6).bits(TEXT) < model.bits(TEXT) < NGrams(TEXT, ALPHABET, 1).bits(TEXT)
    assert NGrams("abab" * 50, "ab", 3).bits("abab" * 20) < 0.1
    rng = random.Random(2)
    fair, more = ("".join(rng.choices("abcdefgh", k=4000)) for _ in range(2))
    assert 2.99 < NGrams(fair, "abcdefgh", 1).bits(more) < 3.01 and 3.0 < NGrams(fair, "abcdefgh", 4).bits(more) < 3.6


def reader(context):
    """A model whose scores depend on every token that it reads, and on how many these are."""
    torch.manual_seed(0)
    table, places = torch.randn(13, 13).double(), torch.randn(context, 13).double()

    def scores(tokens):
        assert tokens.shape[1] <= context
        seen = table[tokens].cumsum(dim=1) + places[:tokens.shape[1]]
        return torch.tanh(seen) * 3
    return scores


@pytest.mark.parametrize(("context", "stride"), [(7, 1), (7, 3), (7, 7), (11, 5), (100, 100), (100, 1)])
def test_bits_of_a_model_are_those_of_each_token_in_its_window(context, stride):
    model, tokens = reader(context), torch.randint(13, (53,), generator=torch.Generator().manual_seed(1))
    bits = math.log2(13)
    for place in range(1, 53):
        last = min(-(-place // stride) * stride, 52)  # the last place that the same window predicts
        window = tokens[max(last - context, 0):place]
        bits -= model(window[None])[0, -1].log_softmax(dim=-1)[tokens[place]].item() / math.log(2)
    assert model_bits(model, tokens, context, stride) == pytest.approx(bits / 53)


def test_a_model_that_knows_nothing_costs_the_logarithm_of_its_vocabulary():
    tokens = torch.randint(13, (29,), generator=torch.Generator().manual_seed(1))
    assert model_bits(lambda tokens: torch.zeros(*tokens.shape, 13), tokens, 5, 2) == pytest.approx(math.log2(13))
    assert model_bits(lambda tokens: torch.zeros(*tokens.shape, 13), tokens[:1], 5, 2) == pytest.approx(math.log2(13))


def test_predictors_that_are_mixed_cost_what_the_mean_of_their_probabilities_does():
    generator = torch.Generator().manual_seed(0)
    first, second, third = torch.rand(3, 53, generator=generator, dtype=torch.float64)
    expected = -((first + second + third) / 3).log2().mean()
    assert mixed_bits(-first.log(), -second.log(), -third.log()) == pytest.approx(expected.item(), rel=1e-12)
    assert mixed_bits(torch.tensor([800.0]), torch.tensor([802.0])) == pytest.approx(
        (800 + math.log(2) - math.log1p(math.exp(-2))) / math.log(2)), "chances that no float64 can hold"
    counted = NGrams(TEXT, ALPHABET, 3)
    text = "the rat sat"
    assert counted.nats(text).tolist() == pytest.approx(
        [-math.log(counted.probability(text[place], text[:place])) for place in range(len(text))])
    assert mixed_bits(counted.nats(text)) == counted.bits(text)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: mixed_bits(torch.ones(5), torch.ones(7)), "texts of 5 and 7 tokens: .* the same text"),
    (mixed_bits, "of no predictor"),
    (lambda: compressed_bits("", "abc"), "texts of 0 and 3 characters: none may be empty"),
    (lambda: compressed_bits("abc", ""), "texts of 3 and 0"),
    (lambda: NGrams("abcd", "abc", 2), r"\['d'\] beyond the alphabet"),
    (lambda: NGrams("abc", "abc", 0), "an order of 0"),
    (lambda: model_bits(reader(5), torch.arange(7), 5, 6), "7 tokens in windows of 5, of which 6 are predicted"),
    (lambda: model_bits(reader(5), torch.arange(7), 5, 0), "of which 0 are"),
    (lambda: model_bits(reader(5), torch.arange(0), 5, 2), "a text of 0 tokens"),
    (lambda: NGrams("", "abc", 2), "texts of 0 and 3"), (lambda: NGrams("abc", "abc", 2).bits(""), "texts of 0"),
])
def test_bad_input_is_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()
