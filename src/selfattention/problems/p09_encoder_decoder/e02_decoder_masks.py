import torch
from jaxtyping import Bool, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.p09_encoder_decoder.shared import sentences


@exercise(points=3, minutes=10, builds_on="chapter 04, exercises 1 to 3", hints=(
    "Two questions: what may a target token see of the target, and what of the source?",
    "When the decoder writes its first word, is the whole source known? And the whole target?",
    "A padded token must not be *seen*. Is that its row or its column?",
))
def decoder_masks(source: Int[Tensor, "batch source"], target: Int[Tensor, "batch target"],
                  ) -> tuple[Bool[Tensor, "batch target target"], Bool[Tensor, "batch one source"]]:
    r"""Say what a decoder token may see: of the target so far, and of the source.

    `source` and `target` (the decoder input) are tokens; 0 is padding. Return two boolean masks, `True` where a query
    may attend. In the first, for self-attention, target tokens see themselves and earlier ones, but no padding. In the
    second, for cross-attention, every query sees all real source tokens, signs included; an axis of length 1 stands for
    the queries (Vaswani et al. 2017, §3.2.3; padding is not in the paper). A source may be all padding.
    """
    causal = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).tril()
    return causal & (target != 0)[:, None, :], (source != 0)[:, None, :]


decoder_masks.example(torch.tensor([[5, 6, 7, 8], [9, 0, 0, 0]]), torch.tensor([[1, 5, 6], [1, 7, 0]]))
decoder_masks.example(torch.tensor([[5, 2], [2, 0]]), torch.tensor([[1, 5], [1, 0]]))


def begun(rng, lengths, width):
    """Decoder inputs: the begin sign, then words, then padding; `lengths` counts the sign."""
    target = sentences(rng, lengths, width)
    target[:, 0] = torch.where(target[:, 0] == 0, 0, 1)
    return target


def lengths_within(rng, size):
    """Three different lengths in any order, from one token to `size`."""
    return rng.permutation([1, int(rng.integers(2, size)), size]).tolist()


@decoder_masks.check("lets target tokens see themselves and the past, without padding",
                     hint="Draw the first mask of the example's second sentence: three rows, three columns.")
def target_side(answer, rng):
    read, size = int(rng.choice((7, 13))), int(rng.choice((5, 11)))
    lengths = lengths_within(rng, size)
    got, _ = answer(sentences(rng, lengths_within(rng, read), read), begun(rng, lengths, size))
    expected = torch.tensor([[[key <= query and key < length for key in range(size)] for query in range(size)]
                             for length in lengths])
    probes.equal(got, expected, "the mask of self-attention has the wrong places open")


@decoder_masks.check("lets every target token see the whole source, without padding",
                     hint="Which source words may be seen while the first target word is written?")
def source_side(answer, rng):
    size, written = int(rng.choice((7, 13))), int(rng.choice((5, 11)))
    lengths = lengths_within(rng, size)
    source = sentences(rng, lengths, size)
    source[torch.arange(len(source)), torch.tensor(lengths) - 1] = 2  # the end sign is no padding
    _, got = answer(source, begun(rng, lengths_within(rng, written), written))
    expected = torch.tensor([[[key < length for key in range(size)]] for length in lengths])
    probes.equal(got, expected, "the mask of cross-attention has the wrong places open")


@decoder_masks.check("works for equal lengths, for single tokens, and for a source that is all padding",
                     hint="Equal sizes hide a mix-up. Which of the two sentences does each mask come from?")
def mask_edges(answer, rng):
    size = int(rng.choice((5, 7, 11)))
    first, *others = lengths_within(rng, size)
    for in_source, source, in_target, target in (((first, *others), size, (*others, first), size), ((1,), 1, (1,), 1),
                                                 (rng.permutation((0, 3)), 3, rng.permutation((1, 2)), 2)):
        probes.parity(answer, decoder_masks, sentences(rng, in_source, source), begun(rng, in_target, target))


def past(target):
    return torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).tril()


@decoder_masks.mistake("takes the source's signs for padding",
                       hint="Which number is padding, and which is the end sign? May the end sign be seen?")
def signs_hidden(source, target):
    return past(target) & (target != 0)[:, None], (source > 2)[:, None]


@decoder_masks.mistake("puts a causal mask on cross-attention",
                       hint="Is the source written word by word, or is all of it there from the beginning?")
def causal_cross(source, target):
    triangle = torch.ones(target.shape[1], source.shape[1], dtype=torch.bool).tril()
    return past(target) & (target != 0)[:, None], triangle & (source != 0)[:, None]


@decoder_masks.mistake("uses the target's padding for the source",
                       hint="Which sentence is looked at in cross-attention? So whose padding must be hidden?")
def target_padding(source, target):
    return past(target) & (target != 0)[:, None], (target != 0)[:, None]


@decoder_masks.mistake("lets the decoder see the future", hint="May the first target token see the second?")
def future_seen(source, target):
    return (target != 0)[:, None].expand(-1, target.shape[1], -1), (source != 0)[:, None]


@decoder_masks.mistake("forgets the target's padding", hint="May the padding after a short target be seen?")
def causal_alone(source, target):
    return past(target).expand(len(target), -1, -1), (source != 0)[:, None]


@decoder_masks.mistake("forgets the source's padding", hint="May the padding after a short source be seen?")
def all_of_the_source(source, target):
    return past(target) & (target != 0)[:, None], torch.ones_like(source, dtype=torch.bool)[:, None]


@decoder_masks.mistake("marks what must not be seen", hint="What does `True` mean in this course?")
def marks_hidden(source, target):
    return ~(past(target) & (target != 0)[:, None]), ~(source != 0)[:, None]


@decoder_masks.mistake("hides each target token from itself",
                       hint="The decoder input is already shifted. May the begin sign see itself?")
def strict(source, target):
    return past(target).tril(-1) & (target != 0)[:, None], (source != 0)[:, None]


@decoder_masks.mistake("shows the future instead of the past", hint="Which triangle is the past?")
def upper(source, target):
    return past(target).T & (target != 0)[:, None], (source != 0)[:, None]


@decoder_masks.mistake("hides the padded queries instead of the padded keys",
                       hint="A padded token must not be *seen*. Is that its row or its column?")
def queries_hidden(source, target):
    return past(target) & (target != 0)[:, :, None], (source != 0)[:, None]


@decoder_masks.mistake("allows what either mask allows",
                       hint="`|` is *or*. May padding be seen if it is in the past?")
def either(source, target):
    return past(target) | (target != 0)[:, None], (source != 0)[:, None]


@decoder_masks.mistake("takes the begin sign for padding", hint="Which keys are left for the very first query?")
def begin_hidden(source, target):
    return past(target) & (target > 1)[:, None], (source != 0)[:, None]


@decoder_masks.mistake("has no axis for the queries in the second mask",
                       hint="With which axis of the scores (batch, queries, keys) does your batch line up?")
def no_query_axis(source, target):
    return past(target) & (target != 0)[:, None], source != 0


@decoder_masks.alternative("positions compared")
def by_positions(source, target):
    places = torch.arange(target.shape[1])
    return (places <= places[:, None]) & target.ne(0).unsqueeze(1), source.ne(0).unsqueeze(1)


@decoder_masks.alternative("lengths counted, then loops")
def masks_loop(source, target):
    size = target.shape[1]
    own = torch.zeros(len(target), size, size, dtype=torch.bool)
    cross = torch.zeros(len(source), 1, source.shape[1], dtype=torch.bool)
    for row in range(len(target)):
        real = int((target[row] != 0).sum())
        for query in range(size):
            own[row, query, :min(query + 1, real)] = True
        cross[row, :, :int((source[row] != 0).sum())] = True
    return own, cross
