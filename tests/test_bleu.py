"""BLEU written by hand in exercise 10 is the BLEU that the field reports: sacrebleu's, without its smoothing."""

import numpy as np
import pytest
from sacrebleu.metrics import BLEU

from selfattention.problems.p10_training_a_translator.e08_clipped_matches import clipped_matches
from selfattention.problems.p10_training_a_translator.e09_bleu import bleu

WORDS = ("the", "a", "dog", "runs", "on", "wet", "grass", ",", ".", "1.5", "it's")


def corpus(rng, sentences, dropped, added):
    """References, and candidates that leave out words and put in others."""
    references = [[str(word) for word in rng.choice(WORDS, size=rng.integers(1, 24))] for _ in range(sentences)]
    candidates = []
    for reference in references:
        kept = [word for word in reference if rng.random() >= dropped]
        candidates.append([word for one in kept for word in ([one, str(rng.choice(WORDS))]
                                                             if rng.random() < added else [one])])
    return candidates, references


def of_sacrebleu(candidates, references):
    """Its score, matches and totals."""
    metric = BLEU(tokenize="none", smooth_method="none", force=True)
    return metric.corpus_score([" ".join(words) for words in candidates], [[" ".join(words) for words in references]])


def by_hand(candidates, references):
    return 100 * bleu(candidates, references, clipped_matches)


@pytest.mark.parametrize(("sentences", "dropped", "added"), [
    pytest.param(1, 0.05, 0.05, id="one sentence"),
    pytest.param(7, 0.1, 0.1, id="a few"),
    pytest.param(101, 0.2, 0.02, id="candidates shorter"),
    pytest.param(101, 0.02, 0.2, id="candidates longer"),
    pytest.param(31, 0.0, 0.0, id="the references themselves"),
    pytest.param(13, 0.7, 0.7, id="next to nothing in common"),
])
def test_bleu_by_hand_is_sacrebleus(sentences, dropped, added):
    for seed in range(5):
        candidates, references = corpus(np.random.default_rng(seed), sentences, dropped, added)
        lengths = sum(map(len, candidates)), sum(map(len, references))
        if dropped > 2 * added:
            assert lengths[0] < lengths[1]
        elif added > 2 * dropped:
            assert lengths[0] > lengths[1]
        theirs = of_sacrebleu(candidates, references)
        for n in range(1, 5):
            counts = [clipped_matches(*sentence, n) for sentence in zip(candidates, references)]
            assert tuple(map(sum, zip(*counts))) == (theirs.counts[n - 1], theirs.totals[n - 1])
        # Both take a few sums and logarithms in float64.
        assert by_hand(candidates, references) == pytest.approx(theirs.score, abs=1e-10)


@pytest.mark.parametrize("candidate", [[], ["a"], ["a", "dog", "runs"], ["wet", "grass", "on", "it's", "."]])
def test_both_are_zero_where_no_phrase_of_some_length_is_found(candidate):
    references = [["a", "dog", "runs", "on"]]
    assert by_hand([candidate], references) == of_sacrebleu([candidate], references).score == 0
