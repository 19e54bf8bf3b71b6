"""What chapter 03 claims of the scale, and of slopes and steps in torch."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "score-spread": stated(
        "scores spread like √d; divided by √d they spread by 1, whatever the width",
        "standard deviation at d = 512: {raw} before, {scaled} after (√512 = 22.6)",
        guess="raw", raw=Limits(digits=1, above=21.5, below=23.8), scaled=Limits(digits=2, above=0.95, below=1.05)),
    "gradient-of-the-scores": stated(
        "without the scale, a typical query of width 512 passes next to nothing on to its scores",
        "median derivative {scaled} scaled; unscaled it is {factor} times smaller",
        guess="factor", unit="times", scaled=Limits(digits=2, above=0.2), factor=Limits(above=500)),
    "dividing-by-d": stated(
        "dividing by d instead of √d makes all keys look alike",
        "mean largest of 10 weights at d = 512: {unscaled} unscaled, {scaled} with √d, {by_d} with d",
        guess="by_d", unscaled=Limits(digits=2, above=0.9), scaled=Limits(digits=2, above=0.2, below=0.6),
        by_d=Limits(digits=2, below=0.12)),
    "shape-and-work": stated(
        "scaling reduces no dimension and saves no work",
        "{size} scores of rank {rank_before} before, of rank {rank} after; {extra} % more multiplications",
        size=Limits(digits=0, exactly=61 * 67), rank_before=Limits(exactly=32), rank=Limits(exactly=32),
        extra=Limits(digits=0, above=0)),
    "step-size": stated(
        "the learning rate decides whether descent arrives",
        "steps until the loss falls from 36 below 0.001: {steps} at the rate 0.05; at 0.26 it is {climbed} after as "
        "many",
        guess="steps", unit="steps", steps=Limits(digits=0, exactly=11), climbed=Limits(digits=0, above=36)),
}
