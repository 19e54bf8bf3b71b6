"""What chapter 06 claims of heads."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "one-head-or-two": stated(
        "one head of a linear reader cannot answer two questions, two heads can",
        "variance explained: {one} with one head, {two} with two",
        guess="one", one=Limits(digits=1, below=0.7), two=Limits(digits=1, above=0.95)),
    "parameters-by-heads": stated(
        "more heads cost no more parameters",
        "{fewest} with 1 head, {most} with 16: 4 · 512² + 4 · 512",
        guess="growth", unit="times", fewest=Limits(exactly=4 * 512**2 + 4 * 512),
        most=Limits(exactly=4 * 512**2 + 4 * 512), growth=Limits(exactly=1)),
    "cache-by-key-heads": stated(
        "the cache shrinks with the number of key heads",
        "{two} times smaller with 2 key heads than with 8, {one} times with 1",
        two=Limits(exactly=4), one=Limits(exactly=8)),
    "view-for-transpose": stated(
        "a view in place of a transpose leaks the future or cuts the past, with all shapes right",
        "view to split: {split_leaks} of 15 leak, {split_cuts} of {right} are cut; view to merge: {merge_leaks} leak, "
        "{merge_cuts} are cut; views both ways: {both_leaks} leak, {both_cuts} are cut",
        guess="split_leaks", right=Limits(exactly=21), split_leaks=Limits(digits=0, above=0),
        split_cuts=Limits(digits=0), merge_leaks=Limits(digits=0, above=0), merge_cuts=Limits(digits=0),
        both_leaks=Limits(digits=0), both_cuts=Limits(digits=0, above=0)),
}
