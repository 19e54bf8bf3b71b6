"""What chapter 18 claims of images: as patches, with and without places, by channels, in windows and at scales."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "a-patch-is-a-window": stated(
        "to project patches is to convolve with a stride of the patch's side",
        "the largest difference between the two in float64 is {apart}",
        apart=Limits(below=1e-12)),
    "reshaped-patches": stated(
        "a reshape without a permute gives patches of the right shape that hold the wrong pixels",
        "of 64 pixels, {right} are in the patch where they belong; the shape is right in both cases",
        guess="right", unit="pixels", right=Limits(digits=0, above=8, below=48)),
}
