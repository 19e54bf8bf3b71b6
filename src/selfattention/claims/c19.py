"""What chapter 19 claims of bugs that run, train and raise nothing, and of the probes that find them."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    # By its own loss, on fresh texts; the others are within a tenth of a nat of the healthy model.
    "curves": stated(
        "most of twelve bugs cannot be told by the loss: it stays as good as a healthy model's, or becomes better",
        "of twelve models with one bug each, {worse} end with a larger loss than the healthy one, {better} with a "
        "smaller one, {alike} with about the same",
        guess="worse", unit="models", worse=Limits(digits=0, exactly=5), better=Limits(digits=0, exactly=3),
        alike=Limits(digits=0, exactly=4)),
    "blind-probe": stated(
        "a probe can be blind: what adds the same to all numbers of a token is invisible behind a layer norm",
        "of 15 tokens, whose changes all leak, the probe notices {alike} when all numbers grow alike, and {different} "
        "when each grows by another amount",
        guess="alike", unit="tokens", alike=Limits(digits=0, exactly=0), different=Limits(digits=0, exactly=15)),
    "before-training": stated(
        "most of twelve bugs are there, and can be found, before the first step of training",
        "of 12 bugs {before} are found with the first weights, by probes that train nothing; the healthy model is "
        "accused {healthy} times",
        guess="before", unit="bugs", before=Limits(digits=0, exactly=10), healthy=Limits(digits=0, exactly=0)),
    "every-bug": stated(
        "each of twelve bugs is found by at least one probe, and a healthy model is accused by none",
        "of 12 bugs {found} are found, {once} of them by a single probe; of 13 probes {healthy} accuse the healthy "
        "model, and {fewest} are enough",
        found=Limits(digits=0, exactly=12), once=Limits(digits=0, above=4), healthy=Limits(digits=0, exactly=0),
        fewest=Limits(digits=0, above=4, below=9)),
}
