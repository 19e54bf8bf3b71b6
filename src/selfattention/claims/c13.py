"""What chapter 13 claims of a decoder alone: what its loss hides, what it learns of a text, and what a cache saves."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "labels-not-shifted": stated(
        "labels that are not shifted give a perfect loss in training, and a model that is worse than a blind guess",
        "loss in training: {told} nats a character; true loss: {true}, a blind guess {blind}",
        guess="true", unit="nats", told=Limits(below=0.2), true=Limits(above=5.2),
        blind=Limits(above=4.2, below=5.0)),
    "characters-and-packers": stated(
        "after 400 steps a small GPT needs fewer bits than gzip, which remembers a tenth of the text, but more than "
        "bz2, which remembers it all",
        "bits a character on sections that none has seen: GPT {gpt}, gzip {gzip}, bz2 {bz2}",
        guess="gpt", unit="bits", gpt=Limits(above=1.85, below=2.4), gzip=Limits(above=2.4), bz2=Limits(below=1.85)),
    "kept-by-top-p": stated(
        "top-p keeps few tokens where the model is sure and many where it is not; top-k always as many, ties aside",
        "of {vocab} characters, top-p at 0.9 keeps between {fewest} and {most}",
        vocab=Limits(above=90), fewest=Limits(digits=0, exactly=1), most=Limits(above=30)),
    "tokens-read": stated(
        "with a cache each token is read once; without it, again for every token that follows",
        "to write 128 tokens after a prompt of one: {with_cache} tokens read with the cache, {without} without, "
        "{factor} times as many; the same text",
        guess="factor", unit="times", with_cache=Limits(digits=0, exactly=128), without=Limits(digits=0, exactly=8256),
        factor=Limits(digits=1, exactly=64.5)),
}
