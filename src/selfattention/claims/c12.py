"""What chapter 12 claims of an encoder alone: what is hidden, what its accuracy hides, and what heads need to know."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "read-otherwise": stated(
        "nine of ten words that BERT is asked for are read otherwise than they stand",
        "of 100 words {asked} are asked for; {mask} become [MASK], and {changed} are read otherwise than they stand",
        guess="changed", unit="words", asked=Limits(digits=0, exactly=15), mask=Limits(above=11.7, below=12.3),
        changed=Limits(above=13.2, below=13.7)),
    "all-and-hidden": stated(
        "a masked model that is nearly always right is so because most words are there to be copied",
        "right of all words: {everywhere}, of the hidden ones: {hidden}",
        guess="hidden", surprising=True, everywhere=Limits(above=0.92), hidden=Limits(above=0.45, below=0.68)),
    "both-sides": stated(
        "a masked model needs what stands to the right of the gap as well as what stands to the left",
        "gaps filled with both sides: {both}, with the left side alone: {left}",
        guess="left", both=Limits(above=0.5), left=Limits(below=0.43)),
    "bag-of-words": stated(
        "where order decides, counting words is no better than tossing a coin",
        "a bag of words gets {bag} of new sentences right; two with the same words differ by {apart}",
        bag=Limits(above=0.42, below=0.58), apart=Limits(below=1e-9)),
    "possible-answers": stated(
        "fewer than a quarter of all pairs are answers",
        "of {pairs} pairs {backwards} end before they begin; {possible} have one to five words",
        guess="possible", unit="pairs", pairs=Limits(digits=0, exactly=400), backwards=Limits(digits=0, exactly=190),
        possible=Limits(digits=0, exactly=90)),
}
