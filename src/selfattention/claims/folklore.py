"""What is commonly said of attention, and what holds: each saying with its verdict and the claims that measure it."""

from dataclasses import dataclass

from selfattention.claims.statements import find

TRUE, HALF, FALSE = "true", "half true", "false"


@dataclass(frozen=True)
class Saying:
    """Something that is commonly said.

    Args:    said: as one reads it. verdict: `TRUE`, `HALF` or `FALSE`. holds: what is true of it, or in its place.
             claims: the keys of the claims that measure it, such as `03.shape-and-work`; the first tells most.
             surprising: one of the few that the README shows.
    Raises:  ValueError: the verdict is none of the three, no claim measures it, or there is no such claim.
    """

    said: str
    verdict: str
    holds: str
    claims: tuple[str, ...]
    surprising: bool = False

    def __post_init__(self) -> None:
        if self.verdict not in (TRUE, HALF, FALSE):
            raise ValueError(f"the verdict {self.verdict!r} on {self.said!r}: it is {TRUE}, {HALF} or {FALSE}")
        if not self.claims:
            raise ValueError(f"nothing measures {self.said!r}: name a claim that does")
        for key in self.claims:
            find(key)


SAYINGS = (
    Saying("the dot product measures how alike two vectors are", HALF,
           "it also measures how long they are: long keys win", ("01.long-keys",)),
    Saying("a saturated softmax cannot learn", HALF,
           "through its weights hardly anything comes back; a cross-entropy on top of it reaches the scores",
           ("02.saturation",)),
    Saying("scaling by √d makes attention cheaper, because it reduces the dimension", FALSE,
           "nothing is reduced and a little is added; what it does is keep the softmax from saturating",
           ("03.shape-and-work", "03.score-spread"), surprising=True),
    Saying("dividing the scores by d will do as well", FALSE, "divided by d, all keys look alike",
           ("03.dividing-by-d",)),
    Saying("the lower its training loss, the better the model", FALSE,
           "a leak lowers the loss and ruins the model; a loss under the entropy of fresh data is the sign of one",
           ("04.four-bugs", "04.memorised-texts"), surprising=True),
    Saying("all tokens are related equally", FALSE,
           "weights depend on content; equal weights are an average, and an average finds nothing",
           ("05.finding-the-mark",)),
    Saying("the keys are the weights, and the values are what is predicted", FALSE,
           "queries matched with keys give the weights, values are what is mixed; targets are in the loss alone",
           ("05.keys-and-values",)),
    Saying("attention knows the order of the tokens", FALSE,
           "without a mask or positions it does not see it", ("05.order-of-tokens", "07.order-with-positions")),
    Saying("more heads cost more parameters", FALSE, "the same matrices are cut into more, narrower pieces",
           ("06.parameters-by-heads", "06.one-head-or-two")),
    Saying("where every shape is right, the heads are cut right", FALSE,
           "a view in place of a transpose fits as well, and leaks", ("06.view-for-transpose",), surprising=True),
    Saying("with RoPE only the distance counts", HALF,
           "for the scores; and only where queries and keys are turned, and values are not",
           ("07.same-distance-elsewhere", "07.turning-values-too")),
    Saying("relative positions carry over to longer texts", HALF,
           "better than sinusoids do, and not without loss", ("07.trained-short-tested-long",)),
    Saying("attention holds most of a Transformer's parameters", FALSE, "two thirds are in the feed-forward layers",
           ("08.where-the-parameters-are",)),
    Saying("residual connections are what makes deep stacks trainable", HALF,
           "a deep stack needs norms as well, and in post-norm a warm-up",
           ("08.five-deep-stacks", "08.four-stacks-trained")),
    Saying("normalising over another axis is a detail", FALSE, "over the tokens it opens the future, shapes right",
           ("08.norm-over-tokens", "08.norm-over-tokens-trained")),
    Saying("Transformers do away with sequential processing", HALF,
           "in training; writing is one token after another, with a cache or without",
           ("09.runs-of-the-decoder", "13.tokens-read"), surprising=True),
    Saying("attention is better at translation", HALF,
           "at new combinations of what it knows, yes; verbs that it never saw negated it gets wrong, until they are "
           "cut into stem and ending", ("10.new-combinations", "10.stems-and-endings")),
    Saying("beam search translates better than greedy search", HALF,
           "where the model is sure, both find the same", ("10.beam-against-greedy",)),
    Saying("an LSTM's forget gate makes it remember", HALF,
           "fresh, it forgets exponentially; what holds the memory is a gate that stands open",
           ("11.gradient-by-distance",)),
    Saying("recurrent networks weigh adjacent tokens", FALSE,
           "they weigh no pairs: all of the past goes through one state, and its gradient fades with the distance",
           ("11.gradient-by-distance", "11.steps-and-paths")),
    Saying("convolutional networks need inputs of a fixed size", FALSE,
           "the length is free; fixed is how far they see", ("11.any-length", "11.layers-for-a-thousand")),
    Saying("attention reduces complexity", HALF,
           "only for texts shorter than about twice the width; what it saves is steps that wait for each other",
           ("11.where-attention-is-dearer", "11.steps-and-paths", "11.time-crosses-later")),
    Saying("attention captures long-range dependencies", HALF,
           "it looks up what rivals of the same size lose; but only as far as its positions and its window reach",
           ("11.recall", "07.trained-short-tested-long", "15.asked-by-distance"), surprising=True),
    Saying("attention is better at classification", HALF,
           "where order decides it beats a bag of words; so do a recurrent network and convolutions",
           ("11.a-bag-is-a-coin",)),
    Saying("BERT weighs every token against every other", TRUE,
           "it does, and needs it: without either side its gaps are filled worse", ("12.both-sides",)),
    Saying("a masked model that is right at nine of ten words knows its language", FALSE,
           "most words are there to be copied; of the hidden ones it gets far fewer", ("12.all-and-hidden",),
           surprising=True),
    Saying("attention is better at telling sentiment", HALF,
           "a bag of words fails where order decides; from a few labels an encoder learns it once it has filled gaps",
           ("12.pre-trained", "12.bag-of-words")),
    Saying("GPT writes coherent text", HALF,
           "how well it knows what comes next is measured in bits: a small one needs fewer than gzip and more than bz2",
           ("13.characters-and-packers",)),
    Saying("optimised attention costs less without compromising", HALF,
           "attention by blocks is exact; linear attention is not, and forgets what it was told",
           ("14.keys-found-again", "14.error-by-blocks", "14.memory-by-length"), surprising=True),
    Saying("Transformer-XL handles long input", HALF,
           "at most as far as layers times memory, and not one segment further",
           ("15.asked-by-distance", "15.reach-of-a-memory"), surprising=True),
    Saying("BigBird handles long input", TRUE,
           "with a share of the scores that shrinks, and every token within two layers of every other",
           ("15.scores-made", "15.memory-by-pattern", "15.layers-to-everywhere")),
    Saying("attention maps explain what the model does", HALF,
           "they tell what one layer reads, and find most word links where gold ones exist; what an answer hangs on "
           "they hardly tell",
           ("16.weight-and-effect", "16.a-token-without-weight", "10.word-links", "10.one-row-later"), surprising=True),
    Saying("a head that looks at the right place is one that matters", FALSE,
           "where two do the same, one of them can be spared; one that never looks there may be what all hangs on",
           ("16.zero-or-mean", "16.heads-taken-out")),
    Saying("more layers do better what one layer does", HALF,
           "some things one layer cannot do at all: find what followed the last time", ("16.layers-it-takes",)),
    Saying("attention makes graph networks better", HALF,
           "where a node must choose among its neighbours, and the score can choose; where neighbours mostly agree, "
           "equal weights do as well", ("17.karate-club", "17.lookup")),
    Saying("GAT finds for each node the neighbours that matter to it", FALSE,
           "it ranks all neighbours alike, whoever asks; GATv2 does not", ("17.static-ranking", "17.lookup"),
           surprising=True),
    Saying("spatial attention helps with images", HALF,
           "with few images convolutions before it help more, and an SVM does as well; what it looks at most is not "
           "what the answer needs most", ("18.an-old-rival", "18.a-bag-of-patches", "18.maps-and-effects")),
    Saying("a vision transformer sees where things are", HALF,
           "only as far as positions tell it: without them shuffled patches are the same image",
           ("18.shuffled-patches",), surprising=True),
    Saying("hierarchical attention helps", HALF,
           "fewer layers connect everything, and fewer scores are made; which of many far tokens it was, a summary "
           "does not tell", ("18.layers-with-a-hierarchy", "18.scores-by-scales", "18.one-far-token")),
    Saying("a loss that falls as it should means that the model is sound", FALSE,
           "of twelve bugs most leave the loss as good, or better; probes find them all",
           ("19.curves", "19.every-bug", "19.before-training"), surprising=True),
)
