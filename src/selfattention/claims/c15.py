"""What chapter 15 claims of long texts: how far a memory reaches, and how few scores connect all tokens."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "reach-of-a-memory": stated(
        "a memory reaches as many times further as there are layers",
        "with 2 layers that each remember 16 tokens, a segment depends on {reach} tokens before it; with 3 layers on "
        "{deeper}",
        guess="reach", unit="tokens", surprising=True, reach=Limits(digits=0, exactly=32),
        deeper=Limits(digits=0, exactly=48)),
    "asked-by-distance": stated(
        "what the model can answer ends where its memory ends, to the segment",
        "right, one segment back: {one}; two: {two}; three: {three}; four: {four}; a blind guess {blind}",
        guess="three", one=Limits(above=0.15), two=Limits(above=0.15), three=Limits(below=0.11),
        four=Limits(below=0.11), blind=Limits(digits=2)),
    "scores-made": stated(
        "by blocks, the number of scores grows with the tokens, not with their square",
        "share of all scores that BigBird makes: {short} % at 1,024 tokens, {long} % at 16,384",
        guess="long", unit="%", short=Limits(digits=0, above=30), long=Limits(digits=1, below=5)),
    "layers-to-everywhere": stated(
        "global blocks connect any two tokens in two layers; a window alone needs a layer for each block of the way",
        "layers until the last of 64 blocks knows of the first: window {window}, BigBird {bigbird}",
        guess="window", unit="layers", window=Limits(digits=0, exactly=63), bigbird=Limits(digits=0, above=0, below=3)),
    "memory-by-pattern": stated(
        "what is not computed takes no memory",
        "from 2,048 to 4,096 tokens: times {sparse} with BigBird, times {full} with all scores",
        sparse=Limits(digits=1, above=1.8, below=2.4), full=Limits(digits=1, above=3.8, below=4.2)),
}
