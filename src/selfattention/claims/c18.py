"""What chapter 18 claims of images: as patches, with and without places, by channels, in windows and at scales."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    # 18_spatial_attention
    "reshaped-patches": stated(
        "a reshape without a permute gives patches of the right shape that hold the wrong pixels",
        "of 64 pixels, {wrong} come into a patch where they do not belong",
        guess="wrong", unit="pixels", wrong=Limits(digits=0, exactly=48)),
    "a-patch-is-a-window": stated(
        "to project patches is to convolve with a stride of the patch's side",
        "the largest difference between the two in float64 is {apart}",
        apart=Limits(below=1e-12)),
    "an-old-rival": stated(
        "on small digits a method of 1995 without any attention is hard to beat",
        "right: {logistic} of the test digits with logistic regression, {svm} with an SVM, {moved} with an SVM that "
        "learned from shifted digits, too",
        guess="svm", logistic=Limits(digits=2, above=0.94, below=0.98),
        svm=Limits(digits=2, above=0.975), moved=Limits(above=0.98)),
    "a-bag-of-patches": stated(
        "without positions a ViT reads a bag of patches, and gets far fewer digits right",
        "right after 150 steps: {orderless} without positions, {vit} with positions, {hybrid} with convolutions before "
        "the encoder",
        orderless=Limits(above=0.2, below=0.6), vit=Limits(above=0.85), hybrid=Limits(above=0.95)),
    "shuffled-patches": stated(
        "shuffled patches change nothing for a ViT without positions; one with positions falls to nearly a guess",
        "right on shuffled digits with positions: {sighted}, where a blind guess has {guessed}; without positions "
        "{changed} of 450 answers change",
        guess="sighted", sighted=Limits(above=0.03, below=0.35), guessed=Limits(digits=1),
        changed=Limits(digits=0, exactly=0)),
    "maps-and-effects": stated(
        "what the class token looks at most is not what the answer needs most",
        "two of 16 patches blank, still right: {watched} without those that it looks at most, {drawn} without two by "
        "chance, {inky} without the two with most ink, which is {less} less than without those that it looks at",
        watched=Limits(above=0.35, below=0.92), drawn=Limits(above=0.5), inky=Limits(below=0.65),
        less=Limits(above=0.05)),
    "what-not-where": stated(
        "channel attention brings nothing to a place that was empty, and knows of no place; self-attention fills all",
        "of 200 empty places, {channels} hold something after channel attention, {places} after self-attention; the "
        "gates move by {moved} when all places are shuffled",
        guess="channels", unit="places", channels=Limits(digits=0, exactly=0), places=Limits(digits=0, exactly=200),
        moved=Limits(below=1e-5)),
    # 18_windows_and_scales
    "links-that-wrap-around": stated(
        "without a mask, shifted windows join pixels from opposite ends of the image",
        "pairs that only the roll brought together: {small} % of those in windows of 4 in a grid of 8 × 8, {large} % "
        "with windows of 7 in one of 56 × 56",
        guess="small", unit="%", small=Limits(digits=0, above=43, below=45),
        large=Limits(digits=0, above=11, below=13)),
    "crossing-the-borders": stated(
        "nothing crosses a border unless windows are shifted, and then half a window a layer",
        "unshifted windows reach {alone} of 256 pixels however many layers there are; with every second layer shifted, "
        "{layers} layers reach all",
        guess="layers", unit="layers", alone=Limits(digits=0, exactly=16), layers=Limits(digits=0, exactly=7)),
    "layers-with-a-hierarchy": stated(
        "where places are merged, the layers that connect an image grow with the logarithm of its side",
        "layers until a place depends on all 4,096 pixels: {hierarchy} with mergings, {flat} without; on all 1,024: "
        "{half} and {half_flat}",
        guess="hierarchy", unit="layers", hierarchy=Limits(digits=0, exactly=9),
        flat=Limits(digits=0, exactly=31), half=Limits(digits=0, exactly=7), half_flat=Limits(digits=0, exactly=15)),
    "scores-by-scales": stated(
        "with far tokens pooled, four times the text adds the same few scores to each token",
        "of 16,384 tokens' scores {share} % are made; scores a token: {short} in a text of 1,024, {middle} in one of "
        "4,096, {long} in one of 16,384",
        share=Limits(digits=1, above=1, below=2), short=Limits(digits=0, above=71, below=75),
        middle=Limits(digits=0, above=95, below=99), long=Limits(digits=0, above=119, below=123)),
    "one-far-token": stated(
        "a summary keeps what many tokens have in common and not which of them said it",
        "value matched, near: {near}; seen through a summary of 8: {eight}; through one whose other tokens are empty: "
        "{lonely}; the mean of all tokens is off by {mean}",
        guess="eight", near=Limits(digits=2, above=0.999), eight=Limits(above=0.1, below=0.15),
        lonely=Limits(digits=2, above=0.999), mean=Limits(below=1e-5)),
}
