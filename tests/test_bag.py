"""The bag of words: its features by hand, and its weights where the sum that they make small has no slope left."""

import math
from collections import Counter

import pytest
import torch

from selfattention.models.bag import BagOfWords

TEXTS = ["a good soup", "a bad soup", "good good bread", "bad bread", "the bad soup is bad", "the soup is good"]
TEXTS = [text.split() for text in TEXTS]
LABELS = [1, 0, 1, 0, 0, 1]


def weighted(text, texts):
    """The TF-IDF numbers of a text, by the formula, word by word."""
    numbers = {word: count * (math.log((1 + len(texts)) / (1 + sum(word in other for other in texts))) + 1)
               for word, count in Counter(text).items()}
    length = sum(number ** 2 for number in numbers.values()) ** 0.5
    return {word: number / length for word, number in numbers.items()}


def learned(bag):
    """The weight of each word, and the offset."""
    vectorizer, regression = (step for _, step in bag.pipeline.steps)
    return dict(zip(vectorizer.get_feature_names_out(), regression.coef_[0])), float(regression.intercept_[0])


def test_the_weights_make_the_loss_and_half_of_their_squares_as_small_as_can_be():
    """In a least place of a sum, each weight is the sum of the errors times what its word counts; and errors cancel."""
    bag = BagOfWords(TEXTS, LABELS)
    weights, _ = learned(bag)
    errors = [label - 1 / (1 + math.exp(-score)) for label, score in zip(LABELS, bag.scores(TEXTS).tolist())]
    assert sum(errors) == pytest.approx(0, abs=1e-4)
    for word, weight in weights.items():
        pull = sum(error * weighted(text, TEXTS).get(word, 0.0) for error, text in zip(errors, TEXTS))
        assert weight == pytest.approx(pull, abs=1e-4), word
    assert weights["good"] > 0.5 > -0.5 > weights["bad"]


def test_a_score_is_a_sum_over_known_words_in_any_order():
    bag = BagOfWords(TEXTS, LABELS)
    weights, offset = learned(bag)
    text = ["soup", "good", "a", "good"]
    expected = sum(number * weights[word] for word, number in weighted(text, TEXTS).items()) + offset
    assert bag.scores([text]).item() == pytest.approx(expected)
    assert torch.equal(bag.scores([text]), bag.scores([["unheard", *text, "of"]]))
    assert bag.scores([text[::-1], ["unheard"]]).tolist() == pytest.approx([expected, offset])
    assert bag.accuracy(TEXTS, LABELS) == 1.0 and bag.accuracy(TEXTS, [1 - label for label in LABELS]) == 0.0


@pytest.mark.parametrize(("call", "message"), [
    (lambda: BagOfWords(TEXTS, LABELS[:3]), "6 texts and 3 labels"),
    (lambda: BagOfWords(TEXTS[:2], [1, 1]), r"which are \[1\]"),
    (lambda: BagOfWords(TEXTS[:2], [1, 2]), r"which are \[1, 2\]"),
    (lambda: BagOfWords([["a"], []], [1, 0]), "one of 2 texts is empty"),
    (lambda: BagOfWords(TEXTS, LABELS).scores([]), "one of 0 texts is empty, or there is none"),
    (lambda: BagOfWords(TEXTS, LABELS).accuracy([["a"], []], [1, 0]), "one of 2 texts is empty"),
])
def test_bad_input_is_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()
