"""What chapter 05 claims of learned projections, and of order."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "finding-the-mark": stated(
        "learned matrices find the one word that matters; equal weights cannot",
        "right: learned {learned}, equal weights {equal}, unprojected {unprojected}; a blind guess 0.1",
        guess="equal", learned=Limits(above=0.95), equal=Limits(digits=1, below=0.4),
        unprojected=Limits(digits=1, below=0.4)),
    "keys-and-values": stated(
        "keys decide where, values decide what",
        "reports what the other text holds at this text's mark: {other}; this text's own content: {own}",
        guess="own", other=Limits(above=0.95), own=Limits(digits=1, below=0.2)),
    "order-of-tokens": stated(
        "without a mask self-attention does not see the order of its tokens",
        "permuting before or after: outputs differ by {error}; permuted against not permuted, by {moved}",
        guess="error", error=Limits(below=1e-5), moved=Limits(digits=1, above=0.1)),
}
