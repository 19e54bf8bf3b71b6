"""What chapter 18 claims of images: patches and channels, windows and scales."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    # Windows and scales.
    "links-that-wrap-around": stated(
        "without a mask, shifted windows join pixels from opposite ends of the image",
        "pairs that only the roll brought together: {small} % of those in windows of 4 in a grid of 8 × 8, {large} % "
        "with windows of 7 in one of 56 × 56",
        guess="small", unit="%", surprising=True, small=Limits(digits=0, above=43, below=45),
        large=Limits(digits=0, above=11, below=13)),
    "crossing-the-borders": stated(
        "nothing crosses a border unless windows are shifted, and then half a window a layer",
        "unshifted windows reach {alone} of 256 pixels however many layers there are; with every second layer shifted, "
        "{layers} layers reach all",
        guess="layers", unit="layers", alone=Limits(digits=0, exactly=16), layers=Limits(digits=0, exactly=7)),
    "layers-with-a-hierarchy": stated(
        "where places are merged, the layers that connect an image grow with the logarithm of its side",
        "layers until a place depends on all 4,096 pixels: {hierarchy} with mergings, {flat} without",
        guess="hierarchy", unit="layers", surprising=True, hierarchy=Limits(digits=0, exactly=9),
        flat=Limits(digits=0, exactly=31)),
    "scores-by-scales": stated(
        "with far tokens pooled, twice the text adds the same few scores to each token",
        "of 16,384 tokens' scores {share} % are made; {short} scores a token in a text of 1,024, {long} in one of "
        "16,384",
        guess="share", unit="%", share=Limits(digits=1, above=1, below=2), short=Limits(digits=0, above=60, below=100),
        long=Limits(digits=0, above=100, below=150)),
    "one-far-token": stated(
        "a summary keeps what many tokens have in common and not which of them said it",
        "value matched, near: {near}; seen through a summary of 8: {eight}, of 16: {sixteen}; of 8 and more whose other "
        "tokens are empty: {lonely}; the mean of all tokens is off by {mean}",
        guess="eight", near=Limits(digits=2, above=0.999), eight=Limits(above=0.1, below=0.15),
        sixteen=Limits(above=0.04, below=0.08), lonely=Limits(digits=2, above=0.999), mean=Limits(below=1e-5)),
}
