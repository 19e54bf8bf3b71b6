"""What chapter 14 claims of attention for long texts: what costs only work, and what costs memory of the text."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "memory-by-length": stated(
        "attention by blocks needs memory for tiles and the output, not for the whole table of scores",
        "from 2,048 to 4,096 tokens: times {whole} with a whole table, times {blocks} by blocks, which then takes 1/"
        "{saved} of it",
        guess="blocks", unit="times", whole=Limits(digits=1, above=3.8, below=4.2),
        blocks=Limits(digits=1, above=1.0, below=1.5), saved=Limits(digits=0, above=16)),
    "error-by-blocks": stated(
        "attention by blocks is exact, with scores around 100,000 as well",
        "relative error in float32: {small}, and {huge} with 100,000 added to every score",
        small=Limits(below=1e-6), huge=Limits(below=1e-6)),
    "keys-found-again": stated(
        "how many keys a table of fixed size gives back depends on how it is written; positive weights spoil it "
        "soonest, and the delta rule knows the last ones",
        "of 256 keys, 64 numbers wide, found again: {attention} by attention, {plain} by the plain sum, {linear} by "
        "linear attention, {delta} by the delta rule, and {late} of the last 64",
        guess="linear", attention=Limits(above=0.99), plain=Limits(above=0.6, below=0.9), linear=Limits(below=0.1),
        delta=Limits(above=0.15, below=0.4), late=Limits(above=0.7)),
    "bytes-of-a-cache": stated(
        "what a decoder keeps of a text is counted in gigabytes, and shared heads or latents make it several times "
        "smaller",
        "GiB for 32,768 tokens: {plain} with 32 key heads, {grouped} with 8, {latent} with latents",
        guess="plain", unit="GiB", plain=Limits(digits=1, exactly=16), grouped=Limits(digits=1, exactly=4),
        latent=Limits(digits=1, below=2)),
}
