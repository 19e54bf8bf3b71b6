"""What chapter 00 claims of shapes and of arrays."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "distinct-sizes": stated(
        "equal sizes hide every mix-up of axes, distinct ones reveal them all",
        "of {wrong} wrong programs, {equal} change the shape at sizes 4, 4, 4 and {distinct} at 2, 3, 5",
        guess="equal", unit="programs", wrong=Limits(digits=0, exactly=15), equal=Limits(digits=0, exactly=0),
        distinct=Limits(digits=0, exactly=15)),
    "array-speed": stated(
        "one operation on a whole array beats a Python loop",
        "{factor} times as fast",
        guess="factor", unit="times", factor=Limits(above=20)),
}
