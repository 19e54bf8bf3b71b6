"""What chapter 16 claims of looking inside: heads that find what followed, and what weights do and do not tell."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "layers-it-takes": stated(
        "to find what followed the same symbol before takes two layers of attention; one does not do it",
        "right answers after 200 steps: {one} with one layer, {two} with two",
        guess="one", one=Limits(below=0.2), two=Limits(above=0.95)),
    "steps-of-the-change": stated(
        "the skill comes suddenly, and with it the weight on the right place",
        "from under 0.2 of the answers right to over 0.8: {steps} of 200 steps; in that time the best induction score "
        "goes from {before} to {after}",
        guess="steps", unit="steps", steps=Limits(below=70), before=Limits(below=0.35), after=Limits(above=0.45)),
    "heads-by-score": stated(
        "one head of the first layer looks at the token before, and heads of the second at what followed",
        "best previous-token score in the first layer {previous}, best induction score in the second {induction}; the "
        "other way round {other}",
        previous=Limits(above=0.6), induction=Limits(above=0.8), other=Limits(below=0.4)),
    "heads-taken-out": stated(
        "without the previous-token head nothing works; of the two heads in the second layer one can be spared",
        "right answers without the previous-token head: {previous}; without the second layer's head with the lower "
        "induction score: {single}; without the whole second layer: {both}",
        guess="single", previous=Limits(below=0.25), single=Limits(above=0.6), both=Limits(below=0.2)),
    "where-the-answer-is": stated(
        "the first layer carries the symbol on to the next place, and the second one carries the answer to the end",
        "probability of the answer, mended in the text itself {text}; after layer 1 at the damaged place {own}, right "
        "after it {after}; after layer 2 at the end {end}; damaged {damaged}",
        guess="own", text=Limits(above=0.7), own=Limits(below=0.2), after=Limits(above=0.7), end=Limits(above=0.7),
        damaged=Limits(below=0.2)),
    "looks-two-back": stated(
        "what the head of the first layer looks at decides what the second layer finds",
        "with a head that always looks two places back, {right} of the answers are right, and {skipped} are the symbol "
        "after the right one",
        guess="skipped", right=Limits(below=0.2), skipped=Limits(above=0.8)),
    "a-token-without-weight": stated(
        "a token may decide the answer though the last layer gives it no weight",
        "the last layer's weight on the earlier occurrence of the symbol: {weight}; probability that the answer loses "
        "when that token is another: {lost}",
        weight=Limits(below=0.05), lost=Limits(above=0.55)),
    "weight-and-effect": stated(
        "weights agree with what cutting a look does, and hardly with what changing a token does",
        "rank correlation of the last layer's weights with the effect of cutting each look {cut}, of changing each "
        "token {changed}; of rollout with the latter {rollout}",
        guess="changed", cut=Limits(above=0.75), changed=Limits(below=0.4), rollout=Limits(above=0.42)),
    "before-the-symbol": stated(
        "a token that decides the answer stands near the top by rollout, and somewhere in the middle by weight",
        "of 45 other tokens are ranked above the symbol's earlier occurrence: {weights} by weight, {rollout} by "
        "rollout, {changed} by effect; "
        "{small} of all tokens change the answer's probability by less than 0.05",
        weights=Limits(above=10), rollout=Limits(below=5), changed=Limits(below=5), small=Limits(above=0.8)),
    "zero-or-mean": stated(
        "a head that never looks at the answer may be the one that all hangs on",
        "the head of layer 1 that costs most has an induction score of {score} and costs {cost} of the answers; the "
        "cheaper head of layer 2 costs {spared}; zero and mean differ by {apart} at most",
        score=Limits(below=0.1), cost=Limits(above=0.7), spared=Limits(below=0.35), apart=Limits(below=0.25)),
    "read-early": stated(
        "the stream cannot be read as an answer before the last layer, though what decides is in it",
        "right answers read after layer 1: {early}, after layer 2: {late}; the symbol noted in layer 1, read where the "
        "note is: {note}",
        guess="early", early=Limits(below=0.2), late=Limits(above=0.95), note=Limits(below=0.3)),
}
