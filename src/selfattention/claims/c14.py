"""What chapter 14 claims of attention for long texts: what costs only work, and what costs memory of the text."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "memory-by-length": stated(
        "by blocks, attention needs memory in proportion to the tokens, not to their square",
        "from 2,048 to 4,096 tokens: times {whole} with a whole table, times {blocks} by blocks, which then takes 1/"
        "{saved} of it",
        guess="blocks", unit="times", surprising=True, whole=Limits(digits=1, above=3.8, below=4.2),
        blocks=Limits(digits=1, above=1.0, below=2.1), saved=Limits(digits=0, above=16)),
    "error-by-blocks": stated(
        "attention by blocks is exact, with scores in the thousands as well",
        "relative error in float32: {small} with scores up to 92, {huge} with scores up to 92,250",
        small=Limits(below=1e-6), huge=Limits(below=1e-6)),
    "keys-found-again": stated(
        "what linear attention saves is its memory of the text: with many keys it finds hardly any of them again",
        "of 256 keys, 64 numbers wide: {attention} found again by attention, {linear} by linear attention, {delta} by "
        "the delta rule",
        guess="linear", attention=Limits(above=0.99), linear=Limits(below=0.15), delta=Limits(above=0.15, below=0.4)),
    "bytes-of-a-cache": stated(
        "what a decoder keeps of a text is counted in gigabytes, and shared heads or latents make it several times "
        "smaller",
        "GiB for 32,768 tokens: {plain} with 32 key heads, {grouped} with 8, {latent} with latents",
        guess="plain", unit="GiB", plain=Limits(digits=1, exactly=16), grouped=Limits(digits=1, exactly=4),
        latent=Limits(digits=1, below=2)),
}
