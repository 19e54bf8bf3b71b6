"""What chapter 08 claims of the block, then of depth."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "where-the-parameters-are": stated(
        "two thirds of a block's parameters are in the feed-forward layer, not in attention",
        "{feed_forward} of {block}, a share of {share}; attention has {attention}",
        guess="share", share=Limits(digits=2, above=0.6, below=0.7), feed_forward=Limits(digits=0),
        block=Limits(digits=0), attention=Limits(digits=0)),
    "forgotten-eval": stated(
        "a model left in training mode gives the same text another answer each time",
        "two passes differ by {training} % in training mode, by {after} % after eval()",
        training=Limits(above=20), after=Limits(exactly=0)),
    "the-layer-of-torch": stated(
        "the package's layer is torch's, in both orders",
        "the largest difference in float64 is {difference}",
        difference=Limits(below=1e-12)),
    "norm-over-tokens": stated(
        "a norm over the tokens opens the future through a causal mask",
        "{leaks} of 15 forbidden links are open, with every shape right",
        guess="leaks", unit="links", leaks=Limits(exactly=15), allowed=Limits(exactly=21)),
    # The entropy of the source is 0.898 nats.
    "norm-over-tokens-trained": stated(
        "a norm over the tokens trains to a loss under the entropy, and to a far worse model than the honest one",
        "norm over numbers: loss {right} in training and in truth; norm over tokens: {leaking} nats in training, "
        "{useless} in truth (entropy 0.9, a blind guess 1.9)",
        guess="leaking", unit="nats", right=Limits(digits=1, above=0.858, below=0.938),
        gap=Limits(above=-1e-4, below=1e-4), leaking=Limits(below=0.449), useless=Limits(above=1.6)),
    "five-deep-stacks": stated(
        "at initialisation a deep stack needs both: ways past keep tokens apart, norms keep gradients in hand",
        "gradient of the first of 24 layers against the last: {neither} with neither, {past_only} with ways past only, "
        "{norm_only} with norms; in the last layer tokens differ by {apart} of their size with both, by {alike} with "
        "norms only",
        guess="zeros", unit="zeros", zeros=Limits(above=10), neither=Limits(below=1e-10), past_only=Limits(above=20),
        norm_only=Limits(above=0.05, below=10), post_norm=Limits(above=0.05, below=10),
        pre_norm=Limits(above=0.05, below=10), alike=Limits(below=1e-4), apart=Limits(above=0.01)),
    "last-gradient-by-depth": stated(
        "in pre-norm the last layer's gradient falls with the root of the depth, in post-norm it does not",
        "from 2 to 24 layers it becomes {smaller} times smaller in pre-norm, while x becomes {larger} times larger; in "
        "post-norm the same ratios are {post_smaller} and {post_larger}",
        guess="smaller", unit="times", smaller=Limits(digits=0, above=2.5, below=4.5),
        larger=Limits(digits=0, above=2.5, below=4.5), post_smaller=Limits(above=0.6, below=1.6),
        post_larger=Limits(above=0.9, below=1.1)),
    "four-stacks-trained": stated(
        "a deep post-norm stack needs a warm-up where a pre-norm stack does not; without ways past nothing is learned",
        "{learned} of 4 stacks of 8 layers learn: pre-norm ends at {pre_norm} nats, post-norm with a warm-up at "
        "{post_warm}; post-norm without stays at {post_norm}, norms only with one at {norm_only}",
        guess="learned", unit="stacks", learned=Limits(digits=0, exactly=2), pre_norm=Limits(below=1.3),
        post_warm=Limits(below=1.3), post_norm=Limits(above=1.7), norm_only=Limits(above=1.7)),
    "adding-to-the-normed-input": stated(
        "a pre-norm stack that adds to the normed input is a post-norm stack",
        "with a norm at the other end of each, 12 layers of both differ by {apart}",
        apart=Limits(below=1e-10)),
}
