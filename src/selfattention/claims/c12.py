"""What chapter 12 claims of an encoder alone: what is hidden, what its accuracy hides, and what heads need to know."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "read-otherwise": stated(
        "nine of ten words that BERT is asked for are changed before it reads them",
        "of 100 words {asked} are asked for; {mask} become [MASK], and {changed} are changed in all",
        guess="changed", unit="words", asked=Limits(digits=0, exactly=15), mask=Limits(above=11.7, below=12.3),
        changed=Limits(above=13.2, below=13.7)),
    "all-and-hidden": stated(
        "a masked model that is nearly always right is so because most words are there to be copied",
        "{copied} of the words can be copied; right of all words: {everywhere}, of the hidden ones: {hidden}",
        guess="hidden", copied=Limits(above=0.8, below=0.88), everywhere=Limits(above=0.92),
        hidden=Limits(above=0.5, below=0.8)),
    "both-sides": stated(
        "a masked model relies on both sides of the gap",
        "gaps filled with both sides: {both}; without the right side {left} less, without the left side {right} less",
        guess="left", both=Limits(above=0.65), left=Limits(above=0.08), right=Limits(above=0.04)),
    "bag-of-words": stated(
        "where no word says anything alone, adding up words is no better than tossing a coin",
        "a bag of words gets {bag} of new sentences right",
        bag=Limits(above=0.4, below=0.6)),
    "pre-trained": stated(
        "an encoder that has filled gaps learns from a few labels what a new one does not",
        "right of new sentences after 64 labels: {tuned}; that is {gain} above the same from scratch",
        guess="tuned", tuned=Limits(above=0.6), gain=Limits(above=0.03)),
}
