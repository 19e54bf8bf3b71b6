"""What chapter 15 claims of long texts: how far a memory reaches, and how few scores connect all tokens."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "reach-of-a-memory": stated(
        "every layer adds one memory to how far back a segment reaches",
        "segments and memories of 16 tokens: with 2 layers a segment depends on {reach} tokens before it, with 3 "
        "layers on {deeper}",
        guess="reach", unit="tokens", reach=Limits(digits=0, exactly=32),
        deeper=Limits(digits=0, exactly=48)),
    "asked-by-distance": stated(
        "this model does better than a blind guess as far back as its memory reaches, and not one segment further",
        "right, one segment back: {one}; two: {two}; three: {three}; four: {four}; a blind guess {blind}",
        guess="three", one=Limits(above=0.2), two=Limits(above=0.2), three=Limits(below=0.11),
        four=Limits(below=0.11), blind=Limits(digits=2)),
    "scores-made": stated(
        "by blocks, the number of scores grows with the tokens, not with their square",
        "share of all scores that BigBird makes: {short} % at 1,024 tokens, {long} % at 16,384",
        guess="long", unit="%", short=Limits(digits=0, above=30), long=Limits(digits=1, below=5)),
    "memory-by-pattern": stated(
        "scores that are never made need no memory: twice the text takes about twice as much",
        "from 2,048 to 4,096 tokens: times {sparse} by blocks, times {full} with all scores, which then need {less} "
        "times as much",
        guess="sparse", unit="times", sparse=Limits(digits=1, above=1.8, below=2.4),
        full=Limits(digits=1, above=3.8, below=4.2), less=Limits(digits=1, above=4)),
    "layers-to-everywhere": stated(
        "global blocks connect any two tokens in two layers; a window alone needs a layer for each block of the way",
        "layers until every one of 64 blocks knows of every other: window {window}, window and random blocks {random}, "
        "BigBird {bigbird}",
        guess="window", unit="layers", window=Limits(digits=0, exactly=63),
        random=Limits(digits=0, above=2, below=10), bigbird=Limits(digits=0, above=0, below=3)),
}
