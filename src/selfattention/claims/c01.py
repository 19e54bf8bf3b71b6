"""What chapter 01 claims of dot products."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "almost-orthogonal": stated(
        "random vectors are almost orthogonal: four times as many numbers, half the cosine",
        "mean size of the cosine: {narrow} at d = 8, {middle} at 128, {wide} at 512, {fall} times smaller than at 128",
        guess="wide", narrow=Limits(digits=1, above=0.2), middle=Limits(digits=3), wide=Limits(digits=3, below=0.05),
        fall=Limits(digits=1, above=1.8, below=2.2)),
    "width-against-noise": stated(
        "the wider the vectors, the more noise the dot product sees through",
        "with noise as strong as the signal, found among 100: {narrow} at d = 4, {wide} at d = 64",
        guess="wide", narrow=Limits(digits=1, below=0.35), wide=Limits(digits=2, above=0.95)),
    "noise-and-width": stated(
        "the width that is needed grows like 1 + noise²: tripled noise takes five times the width if it was as strong "
        "as the signal before, and about twice the width if it was a third of that",
        "found at d = 16: {before} with noise 1, {narrow} with noise 3, and as often as before with {factor} times the "
        "width; from noise 1/3 to 1 it takes {weak} times the width (nearest whole factors)",
        guess="factor", unit="times", before=Limits(digits=1), narrow=Limits(digits=1, below=0.2),
        factor=Limits(digits=0, exactly=5), weak=Limits(digits=0, exactly=2)),
    "long-keys": stated(
        "asked at random, a dot product prefers long keys",
        "the longest tenth of the keys wins {share} of random queries, and {fair} once all have length 1",
        guess="share", share=Limits(digits=1, above=0.2), fair=Limits(digits=1, below=0.15)),
}
