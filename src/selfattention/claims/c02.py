"""What chapter 02 claims of the softmax."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "naive-overflow": stated(
        "the textbook formula breaks on scores that are not even large",
        "np.exp overflows from a score of {first}; for scores 1000, 999, 0, {nans} of 3 weights are NaN",
        guess="first", first=Limits(digits=0, below=1000), nans=Limits(digits=0, above=0)),
    "shift-invariance": stated(
        "a constant added to a row of scores changes no weight",
        "largest change over 500 rows and shifts up to a million: {moved}",
        moved=Limits(below=1e-9)),
    "temperature-entropy": stated(
        "temperature moves the entropy of n weights from 0 to log n",
        "{cold} nats at T = 0.0001, {hot} at T = 1000; log 8 = 2.079",
        guess="hot", unit="nats", cold=Limits(digits=3, below=1e-3), hot=Limits(digits=3, above=2.078, below=2.0795),
        smallest_rise=Limits(above=-1e-12)),
    "saturation": stated(
        "a saturated softmax passes next to nothing of its weights' gradient on to its scores; a cross-entropy on "
        "top of it reaches them all the same",
        "derivative of a weight with respect to its score: {best} at weight 0.5, {factor} times smaller at 0.999; "
        "cross-entropy's gradient when 0.999 is on the wrong key: {wrong}",
        guess="factor", unit="times", best=Limits(digits=2, above=0.249, below=0.251),
        factor=Limits(digits=0, above=200), wrong=Limits(digits=3, above=0.99)),
}
