"""Alignment by counting, against loops and hand arithmetic."""

import math
import random
from collections import defaultdict

import numpy as np
import pytest
import torch

from selfattention.alignment import (
    IBMModel1,
    best_single,
    by_attention,
    by_counting,
    diagonal,
    error_rate,
    gold,
    joined,
    scored,
    strongest,
    table,
    word_weights,
)
from selfattention.data.bilingual import Bilingual
from selfattention.data.sentences import KINDS, corpus
from selfattention.models.transformer import Sizes, Transformer


def links(*pairs):
    return frozenset(pairs)


def test_the_error_rate_by_hand():
    gold = [links((0, 0), (1, 1), (2, 1)), links((0, 0))]
    assert error_rate(gold, gold) == 0
    assert error_rate([links((1, 0)), links((1, 0))], gold) == 1
    assert error_rate([links((0, 0), (0, 1)), links((0, 0))], gold) == pytest.approx(1 - 4 / 7)


def test_bad_input_names_both_sides():
    with pytest.raises(ValueError, match="1 guessed and 2 gold"):
        error_rate([links()], [links(), links()])
    with pytest.raises(ValueError, match="not a single link"):
        error_rate([links()], [links()])


def test_links_from_weights():
    weights = np.array([[0.1, 0.7, 0.2], [0.4, 0.3, 0.3]])
    assert strongest(weights) == links((1, 0), (0, 1))
    whole = joined(weights, [0, 1, 0])
    assert np.allclose(whole, [[0.3, 0.7], [0.7, 0.3]])
    assert np.allclose(joined(np.stack([weights, 2 * weights]), [0, 1, 0]), [whole, 2 * whole])


def test_links_as_a_table():
    assert table(links((1, 0), (2, 0), (0, 1)), 3, 2).tolist() == [[False, True, True], [True, False, False]]


def test_the_diagonal_and_the_best_single_link():
    assert diagonal(3, 3) == links((0, 0), (1, 1), (2, 2))
    assert diagonal(2, 4) == links((0, 0), (0, 1), (1, 2), (1, 3))
    assert diagonal(4, 2) == links((1, 0), (3, 1))
    gold = links((0, 0), (1, 1), (2, 1))
    assert len(best_single(gold)) == 2 and best_single(gold) < gold


def slow_model_1(sentences, rounds):
    """Brown et al.'s counts, a dictionary and a loop."""
    targets = {word for _, target in sentences for word in target}
    chance = defaultdict(lambda: 1 / len(targets))
    for _ in range(rounds):
        counts, totals = defaultdict(float), defaultdict(float)
        for source, target in sentences:
            for made in target:
                norm = math.fsum(chance[word, made] for word in source)
                for word in source:
                    share = chance[word, made] / norm
                    counts[word, made] += share
                    totals[word] += share
        chance = {pair: count / totals[pair[0]] for pair, count in counts.items()}
    return chance


@pytest.mark.parametrize("rounds", [1, 3])
def test_model_1_is_the_slow_one(rounds):
    rng = random.Random(0)
    sentences = [([rng.choice("abcde") for _ in range(rng.randint(1, 5))],
                  [rng.choice("vwxyz") for _ in range(rng.randint(1, 7))]) for _ in range(23)]
    model, slow = IBMModel1(sentences, rounds), slow_model_1(sentences, rounds)
    for word in "abcde":
        for made in "vwxyz":
            assert model.chance(word, made) == pytest.approx(slow.get((word, made), 0.0), abs=1e-12)
    assert model.chance("a", "nowhere") == model.chance("nowhere", "v") == 0


def test_model_1_finds_the_words_of_the_corpus():
    train, test = corpus(2000, 50)
    model = IBMModel1([(pair.source, pair.target) for pair in train])
    pairs = [pair for kind in KINDS for pair in test[kind]]
    gold = [pair.links for pair in pairs]
    counted = error_rate([model.align(pair.source, pair.target) for pair in pairs], gold)
    straight = error_rate([diagonal(len(pair.source), len(pair.target)) for pair in pairs], gold)
    assert error_rate([best_single(one) for one in gold], gold) < counted < 0.2 < straight


def halves(words):
    return [part for word in words for part in (word[:1], word[1:]) if part]


def test_ways_to_link_words_by_attention_and_by_counting():
    train, test = corpus(300, 20)
    pair, coder = test[KINDS[0]][3], Bilingual(train, cut=halves)
    torch.manual_seed(0)
    model = Transformer.rotary(Sizes(len(coder.source), len(coder.target), 28, 2, 23, 2)).eval()
    weights = word_weights(model, coder, pair)
    assert weights.shape == (2, len(pair.target) + 1, len(pair.source))
    assert np.allclose(weights.sum(axis=-1), 1, atol=1e-5)
    for late in (0, 1):
        rows = weights[1, late:][:len(pair.target)]
        assert by_attention(model, coder, 1, late)(pair) == links(*((row.argmax(), at) for at, row in enumerate(rows)))
    counting, words = by_counting(train, coder), by_counting(train, Bilingual(train))
    assert {at for _, at in counting(pair)} == set(range(len(pair.target)))
    assert max(source for source, _ in counting(pair)) < len(pair.source)
    counted = IBMModel1([(pair.source, pair.target) for pair in train])
    assert words(pair) == counted.align(pair.source, pair.target)
    assert scored(words, test[KINDS[0]]) == error_rate([words(pair) for pair in test[KINDS[0]]],
                                                       [pair.links for pair in test[KINDS[0]]])


def test_gold_links_of_a_pair_as_a_table():
    pair = corpus(5, 1)[0][0]
    assert gold(pair).sum() == len(pair.links) and gold(pair).shape == (len(pair.target), len(pair.source))
    assert all(gold(pair)[target, source] for source, target in pair.links)
