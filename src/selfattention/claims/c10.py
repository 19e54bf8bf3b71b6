"""What chapter 10 claims of a translator: what it knows, and what its attention tells."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "sorting-by-length": stated(
        "sorting by length saves most of the padding",
        "padding: {at_random} % of the source tokens at random, {by_length} % sorted",
        at_random=Limits(digits=0), by_length=Limits(digits=0, below=8)),
    "new-combinations": stated(
        "new sentences and new pairs of known words are no problem, verbs that were never negated are",
        "seen: {seen}; new pairs and pronoun objects: {pairs}; new negations: {negations}",
        guess="negations", seen=Limits(above=0.98), pairs=Limits(above=0.95), pronouns=Limits(above=0.95),
        negations=Limits(digits=1, below=0.7)),
    "stems-and-endings": stated(
        "cut into stem and ending, what was learned of one verb carries over to the others",
        "verbs never negated before: {whole} with whole words, {pieces} with pieces",
        whole=Limits(digits=1, below=0.7), pieces=Limits(above=0.8)),
    "bleu-on-unseen-combinations": stated(
        "on unseen combinations, pieces translate nearly without error",
        "BLEU {pieces} with pieces, about {whole} with whole words",
        pieces=Limits(above=97), whole=Limits(digits=-1, below=95)),
    "word-links": stated(
        "cross-attention finds the links between words, which it was never told of",
        "error rate: {attention}; Model 1, made for it, {words} with words and {pieces} with pieces, diagonal "
        "{diagonal}, best possible {best}",
        guess="attention", attention=Limits(below=0.15), words=Limits(digits=2),
        pieces=Limits(digits=2), diagonal=Limits(digits=1, above=0.3, below=0.6), best=Limits(digits=2)),
    "one-row-later": stated(
        "one row off, and the same weights find fewer links than the diagonal does",
        "error rate {late} one row later, {right} in the right row; the diagonal {diagonal}",
        guess="late", late=Limits(above=0.8), right=Limits(below=0.15),
        diagonal=Limits(digits=1, above=0.3, below=0.6)),
    "beam-against-greedy": stated(
        "where the model is sure, a beam finds what greedy search finds",
        "the same translation for {same} % of 400 sentences, a likelier one for {better} %",
        same=Limits(above=97), better=Limits(below=3)),
}
