"""What chapter 09 claims of encoder and decoder, and of three ways to break them."""

from selfattention.claims.measured import Limits
from selfattention.claims.statements import stated

CLAIMS = {
    "equals-torch": stated(
        "the model of this course is the one of 2017, as torch has it",
        "with the same weights, scores differ by {scores}, gradients of both embeddings by {gradients}",
        scores=Limits(below=1e-12), gradients=Limits(below=1e-12)),
    "unseen-words": stated(
        "one layer of encoder and decoder learns to reverse words it has never seen",
        "of 400 unseen words {right} are right from the first letter to the end sign", right=Limits(above=0.9)),
    "mirrored-letters": stated(
        "the cross-attention of a model that reverses is an anti-diagonal",
        "the strongest weight lies on the mirrored letter for {mirrored} of the letters",
        guess="mirrored", mirrored=Limits(above=0.9)),
    "unshifted-labels": stated(
        "labels that are not shifted give a loss of zero and a useless model",
        "training loss {loss} nats; words right when it writes itself: {alone}",
        guess="loss", unit="nats", loss=Limits(digits=1, below=0.05),
        alone=Limits(digits=1, below=0.05)),
    "causal-cross-attention": stated(
        "a causal mask on cross-attention does not crash, and does not even stop the model: it learns later, and "
        "elsewhere",
        "put onto the trained model: {late} right. Trained with it: on average over the first 800 steps {later} times "
        "as many words wrong, {in_the_end} right at step 1200; strongest weight on the mirrored letter: {elsewhere}",
        late=Limits(below=0.05), later=Limits(above=1.2), in_the_end=Limits(above=0.7), elsewhere=Limits(below=0.2)),
    "padding-in-the-loss": stated(
        "padding in the loss makes a model look better, by as much as there is padding",
        "one model, one test set: in batches of 64, where {real} of the tokens are real, its loss is {flattered} of "
        "what it is word by word; over real tokens alone {fair}",
        real=Limits(digits=1), flattered=Limits(digits=1, above=0.22, below=0.43),
        fair=Limits(digits=1, above=0.999, below=1.001)),
    "runs-of-the-decoder": stated(
        "training is parallel over the tokens, writing is one token after another",
        "runs of the decoder for the same words of 8 letters: {scoring} to score them, {writing} to write them",
        guess="writing", unit="runs", scoring=Limits(digits=0, exactly=1), writing=Limits(digits=0, exactly=9)),
}
