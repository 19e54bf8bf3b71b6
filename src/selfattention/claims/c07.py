"""What chapter 07 claims of positions."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "order-with-positions": stated(
        "positions make order visible",
        "the error of permuting first: {without} without positions, {added} with them",
        guess="added", without=Limits(below=1e-5), added=Limits(digits=1, above=0.3)),
    "same-distance-elsewhere": stated(
        "of the positions only the distance counts with RoPE; with added vectors the place counts as well",
        "the same pair seven apart, at 100 places: the score varies by {turned} % with RoPE, by {added} % with added "
        "sinusoids",
        guess="added", unit="%", turned=Limits(digits=0, below=1e-8), added=Limits(digits=0, above=5)),
    "turning-values-too": stated(
        "with RoPE it makes no difference where a text stands, unless values are turned too, or queries alone",
        "moved by 50 places, the outputs change by {right} % with queries and keys turned, by {values} % with values "
        "as well, by {queries} % with queries alone",
        guess="values", unit="%", right=Limits(digits=0, below=1e-8), values=Limits(digits=0, above=50),
        queries=Limits(digits=0, above=30)),
    "trained-short-tested-long": stated(
        "knowing places in short texts is not knowing them in longer ones",
        "at 16 tokens: learned table {learned}, sinusoids {at_16}; at 64 tokens: sinusoids {at_64}, relative bias "
        "{relative}; RoPE at 32: {rope}",
        guess="at_64", learned=Limits(above=0.95), at_16=Limits(above=0.95), at_64=Limits(below=0.8),
        rope=Limits(above=0.9), relative=Limits(above=0.8)),
}
