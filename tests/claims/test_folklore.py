"""What is commonly said: each saying has a verdict, and a claim that measures it."""

import re

import pytest

from selfattention.claims.folklore import FALSE, HALF, SAYINGS, TRUE, Saying

# What the text said that this course grew from, by a few words of it; each must have a saying with this verdict.
FROM_THE_TEXT = {
    "related equally": FALSE, "keys are the weights": FALSE, "reduces the dimension": FALSE, "adjacent tokens": FALSE,
    "reduces complexity": HALF, "inputs of a fixed size": FALSE, "away with sequential": HALF, "maps explain": HALF,
    "long-range dependencies": HALF, "better at classification": HALF, "telling sentiment": HALF,
    "better at translation": HALF, "every token against every other": TRUE, "coherent text": HALF,
    "Transformer-XL handles": HALF, "BigBird handles": TRUE, "without compromising": HALF,
    "hierarchical attention": HALF, "graph networks": HALF, "spatial attention": HALF,
}


@pytest.mark.parametrize("words", FROM_THE_TEXT)
def test_every_statement_of_the_text_has_its_verdict(words):
    (saying,) = [one for one in SAYINGS if words in one.said]
    assert saying.verdict == FROM_THE_TEXT[words]


def test_no_saying_is_there_twice_and_each_reads_as_a_part_of_a_table():
    said = [saying.said for saying in SAYINGS]
    assert len(said) == len(set(said))
    for saying in SAYINGS:
        for text in (saying.said, saying.holds):
            assert not re.search(r"[|\n]|\.$", text) and text.strip() == text


@pytest.mark.parametrize(("verdict", "claims", "told"), [
    ("perhaps", ("05.finding-the-mark",), "'perhaps'.*true, half true or false"),
    (FALSE, (), "nothing measures.*name a claim"),
    (FALSE, ("05.nothing-of-the-kind",), "no claim 'nothing-of-the-kind'; it makes"),
])
def test_a_saying_without_a_verdict_or_a_claim_is_refused(verdict, claims, told):
    with pytest.raises(ValueError, match=told):
        Saying("attention is magic", verdict, "it is arithmetic", claims)
