r"""# Exercises 09: encoder and decoder

One sentence in, another out: what the decoder reads, what it may see, what it is scored on, and how it writes. Padding
is token 0, the begin sign 1, the end sign 2. Read lesson [09](../notebooks/09_encoder_decoder.ipynb) first.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes


def tensor(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def sentences(rng, lengths, width, vocab=17):
    """Words from 3 on, filled up with 0 at the end."""
    words = torch.from_numpy(rng.integers(3, vocab, size=(len(lengths), width)))
    return words.masked_fill(torch.arange(width) >= torch.tensor(lengths)[:, None], 0)


@exercise(points=3, hints=(
    "Write both rows for a sentence of two words by hand, one under the other. Which word stands under which?",
    "The decoder input is the easy one: which column is put in front? The labels need a place that differs from "
    "sentence to sentence.",
    "How many words has each sentence? That number is the column of its end sign.",
))
def shift_right(targets: Int[Tensor, "batch tokens"],
                ) -> tuple[Int[Tensor, "batch longer"], Int[Tensor, "batch longer"]]:
    r"""Make what the decoder reads, and what it shall answer at each place.

    Words are numbers from 3 on; behind a sentence's last word `targets` has padding (0). A sentence may be empty: then
    the begin sign is read and the end sign answered. Return two tensors, each one column wider.
    The *decoder input* is the begin sign (1), the words, then padding. The *labels* are the words, the end sign (2)
    right behind the last word, then padding. So at each place the decoder has read the words before the one it shall
    answer (Vaswani et al. 2017, §3.1: the output embeddings are "offset by one position").
    """
    column = torch.zeros_like(targets[:, :1])
    decoder_input = torch.cat([column + 1, targets], dim=1)
    lengths = (targets != 0).sum(dim=1, keepdim=True)
    labels = torch.cat([targets, column], dim=1).scatter(1, lengths, 2)
    return decoder_input, labels


shift_right.example(torch.tensor([[5, 6, 7], [8, 0, 0]]))


@shift_right.check("begins what is read and ends what is answered, each sentence at its own place",
                   hint="Where does the end sign of a short sentence stand: behind its last word, or at the edge?")
def begins_and_ends(answer, rng):
    for lengths, width in (([5, 2, 3], 5), ([3, 1, 2, 4], 7)):
        targets = sentences(rng, lengths, width)
        read, answered = [], []
        for row, length in zip(targets.tolist(), lengths):
            rest = [0] * (width - length)
            read.append([1, *row[:length], *rest])
            answered.append([*row[:length], 2, *rest])
        got = answer(targets)
        probes.equal(got[0], torch.tensor(read), "the decoder input differs")
        probes.equal(got[1], torch.tensor(answered), "the labels differ")


@shift_right.check("lets each place read just the word before its answer",
                   hint="Put the decoder input above the labels. Which word stands above which?")
def word_before(answer, rng):
    decoder_input, labels = answer(sentences(rng, [7, 4, 6], 7))
    words = torch.where(labels[:, :-1] > 2, labels[:, :-1], 0)
    probes.equal(decoder_input[:, 1:], words, "what is read is not the answer of the place before")


@shift_right.check("works for one word, one sentence and an empty sentence",
                   hint="What does the decoder read, and answer, when there is not a single word?")
def smallest(answer, rng):
    word = int(rng.integers(3, 17))
    for targets, read, answered in (([[word]], [[1, word]], [[word, 2]]),
                                    ([[0, 0], [word, 0]], [[1, 0, 0], [1, word, 0]], [[2, 0, 0], [word, 2, 0]])):
        got = answer(torch.tensor(targets))
        probes.equal(got[0], torch.tensor(read), "the decoder input differs")
        probes.equal(got[1], torch.tensor(answered), "the labels differ")


def wider(targets, sign, in_front=False):
    column = torch.full_like(targets[:, :1], sign)
    return torch.cat([column, targets] if in_front else [targets, column], dim=1)


def ended(targets):
    return wider(targets, 0).scatter(1, (targets != 0).sum(dim=1, keepdim=True), 2)


@shift_right.mistake("lets the decoder read its very answers",
                     hint="What does the decoder read at place 0, and what shall it answer there? Must it learn "
                          "anything?")
def not_shifted(targets):
    return ended(targets), ended(targets)


@shift_right.mistake("forgets the begin sign", hint="What can the decoder read before the first word exists?")
def begin_lost(targets):
    return wider(targets, 0), ended(targets)


@shift_right.mistake("shifts twice: the labels are two words ahead",
                     hint="Who answers the first word in your version?")
def shifted_twice(targets):
    return wider(targets, 1, in_front=True), wider(ended(targets)[:, 1:], 0)


@shift_right.mistake("shifts to the left: the decoder reads the word after its answer",
                     hint="At the time of writing, does that word exist already?")
def shifted_left(targets):
    return wider(ended(targets)[:, 1:], 0), ended(targets)


@shift_right.mistake("exchanges decoder input and labels", hint="Which of the two begins with the begin sign?")
def exchanged(targets):
    return ended(targets), wider(targets, 1, in_front=True)


@shift_right.mistake("forgets the end sign", hint="How shall the model ever learn to stop?")
def end_lost(targets):
    return wider(targets, 1, in_front=True), wider(targets, 0)


@shift_right.mistake("puts the end sign behind the padding",
                     hint="What stands between the last word and your end sign in a short sentence?")
def end_behind_padding(targets):
    return wider(targets, 1, in_front=True), wider(targets, 2)


@shift_right.mistake("writes the end sign over the last word",
                     hint="Columns are counted from 0. In which column is the last of two words, and which comes next?")
def end_over_word(targets):
    last = ((targets != 0).sum(dim=1, keepdim=True) - 1).clamp(min=0)
    return wider(targets, 1, in_front=True), wider(targets, 0).scatter(1, last, 2)


@shift_right.mistake("keeps the width, so that the longest sentence loses its last word",
                     hint="A sentence of 3 words and a sign: how many columns is that?")
def width_kept(targets):
    return wider(targets, 1, in_front=True)[:, :-1], ended(targets)[:, :-1]


@shift_right.mistake("leaves the end sign in the decoder input of short sentences",
                     hint="It does little harm: its label is padding. But which sentences have it in your version, and "
                          "which not?")
def end_is_read(targets):
    return wider(ended(targets)[:, :-1], 1, in_front=True), ended(targets)


@shift_right.alternative("a loop over the sentences")
def shift_loop(targets):
    decoder_input, labels = (torch.zeros(len(targets), targets.shape[1] + 1, dtype=torch.long) for _ in range(2))
    for row, sentence in enumerate(targets.tolist()):
        words = [word for word in sentence if word != 0]
        decoder_input[row, :len(words) + 1] = torch.tensor([1, *words])
        labels[row, :len(words) + 1] = torch.tensor([*words, 2])
    return decoder_input, labels


@shift_right.alternative("padded on both sides, the end sign where padding begins")
def shift_where(targets):
    decoder_input = torch.nn.functional.pad(targets, (1, 0), value=1)
    labels = torch.nn.functional.pad(targets, (0, 1))
    return decoder_input, torch.where((labels == 0) & (decoder_input != 0), 2, labels)


@exercise(points=3, hints=(
    "Two questions: what may a target token see of the target, and what of the source?",
    "When the decoder writes its first word, is the source known to its last word? And the target?",
    "A padded token must not be *seen*. Is that its row or its column?",
))
def decoder_masks(source: Int[Tensor, "batch source"], target: Int[Tensor, "batch target"],
                  ) -> tuple[Bool[Tensor, "batch target target"], Bool[Tensor, "batch one source"]]:
    r"""Say what a decoder token may see: of the target so far, and of the source.

    `source` and `target` (the decoder input) are tokens, 0 is padding. Return two masks, `True` where a query may
    attend. The first, for self-attention: target tokens see themselves and earlier ones, and no padding. The second,
    for cross-attention: all real source tokens, the same for every query, with an axis of length 1 in the queries'
    place (Vaswani et al. 2017, §3.2.3; padding is not in the paper).
    """
    causal = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).tril()
    return causal & (target != 0)[:, None, :], (source != 0)[:, None, :]


decoder_masks.example(torch.tensor([[5, 6, 7, 8], [9, 0, 0, 0]]), torch.tensor([[1, 5, 6], [1, 7, 0]]))


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
    _, got = answer(sentences(rng, lengths, size), begun(rng, lengths_within(rng, written), written))
    expected = torch.tensor([[[key < length for key in range(size)]] for length in lengths])
    probes.equal(got, expected, "the mask of cross-attention has the wrong places open")


@decoder_masks.check("works for equal lengths, for single tokens, and for a source of padding alone",
                     hint="Equal sizes hide a mix-up of source and target. Where do the two masks come from?")
def mask_edges(answer, rng):
    size = int(rng.choice((5, 7, 11)))
    first, *others = lengths_within(rng, size)
    for in_source, source, in_target, target in (((first, *others), size, (*others, first), size), ((1,), 1, (1,), 1),
                                                 (rng.permutation((0, 3)), 3, rng.permutation((1, 2)), 2)):
        probes.parity(answer, decoder_masks, sentences(rng, in_source, source), begun(rng, in_target, target))


def past(target):
    return torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).tril()


@decoder_masks.mistake("puts a causal mask on cross-attention",
                       hint="Is the source written word by word, or is it all there from the beginning?")
def causal_cross(source, target):
    triangle = torch.ones(target.shape[1], source.shape[1], dtype=torch.bool).tril()
    return past(target) & (target != 0)[:, None], triangle & (source != 0)[:, None]


@decoder_masks.mistake("lays the target's padding over the source",
                       hint="Who is looked at in cross-attention? Whose padding must be hidden then?")
def target_padding(source, target):
    return past(target) & (target != 0)[:, None], (target != 0)[:, None]


@decoder_masks.mistake("lets the decoder see the future", hint="May the first target token see the second?")
def future_seen(source, target):
    return (target != 0)[:, None].expand(-1, target.shape[1], -1), (source != 0)[:, None]


@decoder_masks.mistake("forgets the target's padding", hint="May the padding behind a short target be seen?")
def causal_alone(source, target):
    return past(target).expand(len(target), -1, -1), (source != 0)[:, None]


@decoder_masks.mistake("forgets the source's padding", hint="May the padding behind a short source be seen?")
def all_of_the_source(source, target):
    return past(target) & (target != 0)[:, None], torch.ones_like(source, dtype=torch.bool)[:, None]


@decoder_masks.mistake("marks what must not be seen", hint="What does `True` mean in this course?")
def marks_hidden(source, target):
    return ~(past(target) & (target != 0)[:, None]), ~(source != 0)[:, None]


@decoder_masks.mistake("hides each target token from itself",
                       hint="The input is shifted already. May the begin sign see itself?")
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
                       hint="`|` is *or*. May padding that stands in the past be seen?")
def either(source, target):
    return past(target) | (target != 0)[:, None], (source != 0)[:, None]


@decoder_masks.mistake("takes the begin sign for padding", hint="Which key is left for the very first query?")
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


@exercise(points=4, hints=(
    "Who asks, who is found, who is read? Two of the three come from the same sentence.",
    "It is the self-attention of chapter 05 with one change. Which of the three products has `x` in it?",
    "What shape have the scores: how many rows and columns, when the target has 3 tokens and the source 5?",
))
def cross_attention(x: Float[Tensor, "batch target d_model"], memory: Float[Tensor, "batch source d_model"],
                    query_weight: Float[Tensor, "d_model d_k"], key_weight: Float[Tensor, "d_model d_k"],
                    value_weight: Float[Tensor, "d_model d_v"],
                    memory_mask: Bool[Tensor, "batch one source"]) -> Float[Tensor, "batch target d_v"]:
    r"""Let each target token look at the source.

    `x` is the decoder's, `memory` what the encoder made of the source. "[T]he queries come from the previous decoder
    layer, and the memory keys and values come from the output of the encoder" (Vaswani et al. 2017, §3.2.3); then eq. 1
    with the width $d_k$ of a key. `memory_mask` is `True` at the real source tokens, of which each sentence has at
    least one. Gradients must reach `x`, `memory` and the three matrices.
    """
    queries, keys, values = x @ query_weight, memory @ key_weight, memory @ value_weight
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(keys.shape[-1])
    return torch.softmax(scores.masked_fill(~memory_mask, -math.inf), dim=-1) @ values


cross_attention.example(
    torch.tensor([[[4.0, 0.0], [0.0, 4.0]]]), torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]]),
    torch.eye(2), torch.eye(2), torch.tensor([[10.0], [20.5]]), torch.tensor([[[True, True, False]]]))


def matrices(rng, d_model=7, d_k=11, d_v=13):
    return tensor(rng, d_model, d_k) / 2, tensor(rng, d_model, d_k) / 2, tensor(rng, d_model, d_v)


def real(lengths, width):
    return (torch.arange(width) < torch.tensor(lengths)[:, None])[:, None]


@cross_attention.check("agrees with a loop over target and source tokens",
                       hint="Compute the first output of the example by hand: which two values are mixed?")
def loop_over_both(answer, rng):
    x, memory, (query, key, value) = tensor(rng, 2, 3, 7), tensor(rng, 2, 5, 7), matrices(rng)
    lengths, rows = (4, 2), []
    for asking, found, length in zip(x, memory, lengths):
        for token in asking:
            powers = torch.stack([torch.exp((token @ query) @ (other @ key) / 11**0.5) for other in found[:length]])
            rows.append(sum(power / powers.sum() * (other @ value) for power, other in zip(powers, found)))
    expected = torch.stack(rows).unflatten(0, (2, 3))
    probes.equal(answer(x, memory, query, key, value, real(lengths, 5)), expected)


@cross_attention.check("works where source and target are equally long, and for single tokens",
                       hint="Equal lengths hide a mix-up. From which of the two does each matrix make something?")
def equally_long(answer, rng):
    for batch, target, source, lengths in ((2, 5, 5, (3, 5)), (1, 1, 3, (2,)), (2, 3, 1, (1, 1))):
        probes.parity(answer, cross_attention, tensor(rng, batch, target, 7), tensor(rng, batch, source, 7),
                      *matrices(rng), real(lengths, source))


@cross_attention.check("does not notice what stands in the padding",
                       hint="Change a padded source token. Which step should make that invisible?")
def padding_unnoticed(answer, rng):
    x, memory, three = tensor(rng, 2, 3, 7), tensor(rng, 2, 5, 7), matrices(rng)
    changed = memory.clone()
    changed[0, 2:] = 10 * tensor(rng, 3, 7)
    before, after = (answer(x, some, *three, real((2, 5), 5)) for some in (memory, changed))
    probes.unmoved(before, after, "an output changed because a padded source token did")


@cross_attention.check("lets gradients reach the decoder, the encoder and all matrices",
                       hint="The encoder has no loss of its own. On which way does it learn?")
def both_learn(answer, rng):
    probes.gradient_parity(answer, cross_attention, tensor(rng, 2, 3, 7), tensor(rng, 2, 5, 7), *matrices(rng),
                           real((4, 5), 5), cotangent=tensor(rng, 2, 3, 13))


def mixed(queries, keys, values, mask, scale=None):
    scores = queries @ keys.mT * (keys.shape[-1] ** -0.5 if scale is None else scale)
    return torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1) @ values


@cross_attention.mistake("takes the keys from the source, but the values from the target",
                         hint="A source word has been found. Whose value is read?")
def values_of_target(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(x @ query_weight, memory @ key_weight, x @ value_weight, memory_mask)


@cross_attention.mistake("takes the values from the source, but the keys from the target",
                         hint="Whom do the queries of the target have to find?")
def keys_of_target(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(x @ query_weight, x @ key_weight, memory @ value_weight, memory_mask)


@cross_attention.mistake("lets the source ask itself",
                         hint="How many outputs are asked for: as many as source tokens, or as target tokens?")
def source_asks(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(memory @ query_weight, memory @ key_weight, memory @ value_weight, memory_mask)


@cross_attention.mistake("lets the source ask the target", hint="Who needs to know something, and who has read it?")
def roles_exchanged(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(memory @ query_weight, x @ key_weight, x @ value_weight, memory_mask)


@cross_attention.mistake("is self-attention: the source is never looked at",
                         hint="Where does `memory` appear in your code?")
def never_looks(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(x @ query_weight, x @ key_weight, x @ value_weight, memory_mask)


@cross_attention.mistake("adds a causal mask", hint="Is there any source word that the decoder must not know yet?")
def causal_too(x, memory, query_weight, key_weight, value_weight, memory_mask):
    triangle = torch.ones(x.shape[1], memory.shape[1], dtype=torch.bool).tril()
    return mixed(x @ query_weight, memory @ key_weight, memory @ value_weight, memory_mask & triangle)


@cross_attention.mistake("does not scale the scores", hint="Which of chapter 03's steps is missing?")
def unscaled(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(x @ query_weight, memory @ key_weight, memory @ value_weight, memory_mask, 1.0)


@cross_attention.mistake("divides by √d_model instead of √d_k",
                         hint="Which vectors are multiplied in a score: how wide are they?")
def scale_of_model(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(x @ query_weight, memory @ key_weight, memory @ value_weight, memory_mask, x.shape[-1] ** -0.5)


@cross_attention.mistake("ignores the mask", hint="Where does `memory_mask` appear in your code?")
def mask_ignored(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(x @ query_weight, memory @ key_weight, memory @ value_weight, torch.ones_like(memory_mask))


@cross_attention.mistake("looks at the padding and at nothing else", hint="What does `True` mean in this course?")
def mask_inverted(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(x @ query_weight, memory @ key_weight, memory @ value_weight, ~memory_mask)


@cross_attention.mistake("hides the padding after the softmax", hint="What do the weights of one query sum to now?")
def hidden_late(x, memory, query_weight, key_weight, value_weight, memory_mask):
    scores = (x @ query_weight) @ (memory @ key_weight).mT / key_weight.shape[-1] ** 0.5
    return (torch.softmax(scores, dim=-1) * memory_mask) @ (memory @ value_weight)


@cross_attention.mistake("normalises over the queries",
                         hint="Over which axis must the weights of one query sum to one?")
def over_queries(x, memory, query_weight, key_weight, value_weight, memory_mask):
    scores = (x @ query_weight) @ (memory @ key_weight).mT / key_weight.shape[-1] ** 0.5
    return torch.softmax(scores.masked_fill(~memory_mask, -1e9), dim=-2) @ (memory @ value_weight)


@cross_attention.mistake("cuts the memory off from the gradient",
                         hint="Who trains the encoder, when it has no loss of its own?")
def memory_detached(x, memory, query_weight, key_weight, value_weight, memory_mask):
    memory = memory.detach()
    return mixed(x @ query_weight, memory @ key_weight, memory @ value_weight, memory_mask)


@cross_attention.alternative("torch's own attention")
def by_torch(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return torch.nn.functional.scaled_dot_product_attention(
        x @ query_weight, memory @ key_weight, memory @ value_weight, attn_mask=memory_mask)


@cross_attention.alternative("keys and values in one product, padding subtracted as a large number")
def in_one_product(x, memory, query_weight, key_weight, value_weight, memory_mask):
    both = memory @ torch.cat([key_weight, value_weight], dim=1)
    keys, values = both.split([key_weight.shape[1], value_weight.shape[1]], dim=-1)
    scores = torch.einsum("btd,bsd->bts", x @ query_weight, keys) / keys.shape[-1] ** 0.5
    return torch.softmax(scores - 1e9 * (~memory_mask).to(scores.dtype), dim=-1) @ values


@exercise(points=3, hints=(
    "Chapter 08's post-norm block has two steps of one kind. Here are three: which sublayer comes between the two?",
    "Which sublayer takes the memory, and what does it ask with: the layer's input, or what the first step made of it?",
))
def decoder_layer(x: Float[Tensor, "batch target d_model"], memory: Float[Tensor, "batch source d_model"],
                  attention: Callable[[Tensor], Tensor], cross_attention: Callable[[Tensor, Tensor], Tensor],
                  feed_forward: Callable[[Tensor], Tensor],
                  norm: Callable[[int, Tensor], Tensor]) -> Float[Tensor, "batch target d_model"]:
    r"""Put a decoder layer of 2017 together out of its three sublayers.

    Self-attention, then attention to the memory, then the feed-forward layer, each as
    $\mathrm{LayerNorm}(x + \mathrm{Sublayer}(x))$ (Vaswani et al. 2017, §3.1). All four functions are given, masks
    included: `attention(x)`; `cross_attention(x, memory)`, which asks with `x`; `feed_forward(x)`; and `norm(i, x)`,
    the i-th of the layer's three norms, counted from 1. In the example the sublayers double, take the mean of the
    memory, and square; norm i multiplies by i.
    """
    x = norm(1, x + attention(x))
    x = norm(2, x + cross_attention(x, memory))
    return norm(3, x + feed_forward(x))


decoder_layer.example(torch.tensor([[[1.0, 0.0], [0.0, 0.5]]]), torch.tensor([[[1.0, 2.0], [3.0, 2.0], [5.0, 2.0]]]),
                      lambda x: 2 * x, lambda x, memory: memory.mean(dim=1, keepdim=True) + 0 * x, lambda x: x * x,
                      lambda number, x: number * x)


def decoder_parts(rng):
    """Three sublayers and three norms, different each time and easy to tell apart."""
    mix, read, bend, gains = tensor(rng, 7, 7) / 3, tensor(rng, 7, 7) / 3, tensor(rng, 7, 7) / 3, tensor(rng, 3, 7)
    return (lambda x: x.cumsum(dim=1) @ mix, lambda x, memory: torch.softmax(x @ memory.mT, dim=-1) @ memory @ read,
            lambda x: torch.tanh(x @ bend),
            lambda number, x: (x - x.mean(dim=-1, keepdim=True)) * gains[number - 1] + number)


@decoder_layer.check("runs three sublayers, each added and normalised",
                     hint="Follow the example with a pencil: three steps of two lines each.")
def three_sublayers(answer, rng):
    for batch, target, source in ((2, 3, 5), (1, 5, 2)):
        x, memory = tensor(rng, batch, target, 7), tensor(rng, batch, source, 7)
        attention, cross, feed, norm = decoder_parts(rng)
        first = norm(1, torch.add(attention(x), x))
        second = norm(2, torch.add(cross(first, memory), first))
        probes.equal(answer(x, memory, attention, cross, feed, norm), norm(3, torch.add(feed(second), second)))


@decoder_layer.check("tells source and target apart where they are equally long",
                     hint="Which of the two asks in `cross_attention`, and which is read as it came?")
def source_and_target(answer, rng):
    x, memory, parts = tensor(rng, 2, 3, 7), tensor(rng, 2, 3, 7), decoder_parts(rng)
    probes.parity(answer, decoder_layer, x, memory, *parts)


@decoder_layer.check("passes its input on when the sublayers give nothing",
                     hint="What is left of x when all three sublayers are 0?")
def input_passes(answer, rng):
    x, (*_, norm) = tensor(rng, 1, 3, 7), decoder_parts(rng)
    got = answer(x, tensor(rng, 1, 5, 7), torch.zeros_like, lambda x, memory: 0 * x, torch.zeros_like, norm)
    probes.equal(got, norm(3, norm(2, norm(1, x))))


@decoder_layer.mistake("attends to the memory first", hint="In which order does the prompt name the three sublayers?")
def memory_first(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + cross_attention(x, memory))
    x = norm(2, x + attention(x))
    return norm(3, x + feed_forward(x))


@decoder_layer.mistake("has no way past the cross-attention",
                       hint="If the source had nothing to say, what would be left of the target?")
def no_way_past_memory(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + attention(x))
    x = norm(2, cross_attention(x, memory))
    return norm(3, x + feed_forward(x))


@decoder_layer.mistake("has no way past its own attention", hint="If `attention` gave zeros, what would be left of x?")
def no_way_past_attention(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, attention(x))
    x = norm(2, x + cross_attention(x, memory))
    return norm(3, x + feed_forward(x))


@decoder_layer.mistake("has no ways past at all", hint="The formula has a plus. What stands on its left?")
def no_ways_past(x, memory, attention, cross_attention, feed_forward, norm):
    return norm(3, feed_forward(norm(2, cross_attention(norm(1, attention(x)), memory))))


@decoder_layer.mistake("lets the memory ask",
                       hint="Whose tokens come out of `cross_attention`? How many should there be?")
def memory_asks(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + attention(x))
    x = norm(2, x + cross_attention(memory, x))
    return norm(3, x + feed_forward(x))


@decoder_layer.mistake("lets the target look at itself twice", hint="Where does `memory` appear in your code?")
def itself_twice(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + attention(x))
    x = norm(2, x + cross_attention(x, x))
    return norm(3, x + feed_forward(x))


@decoder_layer.mistake("asks with the layer's input instead of the first step's result",
                       hint="What is x in the second step: what came in, or what the first step made?")
def asks_with_input(x, memory, attention, cross_attention, feed_forward, norm):
    first = norm(1, x + attention(x))
    second = norm(2, first + cross_attention(x, memory))
    return norm(3, second + feed_forward(second))


@decoder_layer.mistake("adds the layer's input in every step",
                       hint="What is added in the second step: the layer's input, or the first step's result?")
def input_every_time(x, memory, attention, cross_attention, feed_forward, norm):
    first = norm(1, x + attention(x))
    second = norm(2, x + cross_attention(first, memory))
    return norm(3, x + feed_forward(second))


@decoder_layer.mistake("normalises before the sublayers",
                       hint="That is pre-norm. Where stands the norm in the formula?")
def norm_before(x, memory, attention, cross_attention, feed_forward, norm):
    x = x + attention(norm(1, x))
    x = x + cross_attention(norm(2, x), memory)
    return x + feed_forward(norm(3, x))


@decoder_layer.mistake("uses one norm three times", hint="Which numbers do you give to `norm`?")
def one_norm(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + attention(x))
    x = norm(1, x + cross_attention(x, memory))
    return norm(1, x + feed_forward(x))


@decoder_layer.mistake("normalises the memory, too", hint="What is read as it came, in the formula: who is normalised?")
def memory_normed(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + attention(x))
    x = norm(2, x + cross_attention(x, norm(2, memory)))
    return norm(3, x + feed_forward(x))


@decoder_layer.mistake("runs both attentions side by side",
                       hint="What does the cross-attention ask with: x as it came, or after the first step?")
def side_by_side(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(2, norm(1, x + attention(x) + cross_attention(x, memory)))
    return norm(3, x + feed_forward(x))


@decoder_layer.mistake("leaves the feed-forward layer out", hint="Which of the four functions have you not used yet?")
def no_feed_forward(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + attention(x))
    return norm(2, x + cross_attention(x, memory))


@decoder_layer.alternative("a loop over the three steps")
def three_by_loop(x, memory, attention, cross_attention, feed_forward, norm):
    steps = (attention, lambda inner: cross_attention(inner, memory), feed_forward)
    for number, sublayer in enumerate(steps, start=1):
        x = norm(number, sublayer(x) + x)
    return x


@exercise(points=4, hints=(
    "Three parts: tokens become vectors, vectors pass through the layers, vectors become scores. Write each as a line "
    "or two. Which part is needed twice?",
    "When is the memory finished: after the first encoder layer, or after the last? Who reads it?",
    "A score for each target word: with which table's rows is a vector multiplied?",
))
def transformer(source: Int[Tensor, "batch source"], target: Int[Tensor, "batch target"],
                tables: tuple[Float[Tensor, "source_vocab d_model"], Float[Tensor, "target_vocab d_model"]],
                positions: Float[Tensor, "positions d_model"], layers: int,
                encoder_layer: Callable[[int, Tensor], Tensor],
                decoder_layer: Callable[[int, Tensor, Tensor], Tensor]) -> Float[Tensor, "batch target target_vocab"]:
    r"""Put the whole model together: from tokens on both sides to a score for every next target word.

    `tables` holds the embeddings of source and target; a token's vector is its row times $\sqrt{d_{model}}$ (Vaswani et
    al. 2017, §3.4) plus the row of `positions` for its place, from 0 (§3.5). Then come `layers` encoder layers,
    `encoder_layer(i, x)`, and as many decoder layers, `decoder_layer(i, x, memory)`, with i from 0. The memory is what
    the **last** encoder layer gives, and every decoder layer reads it (figure 1). The scores are products with the rows
    of the target's table (§3.4), without a softmax. In the example layers add i + 1, and decoder layers also the mean
    of the memory.
    """
    def embed(tokens, table):
        return table[tokens] * math.sqrt(table.shape[1]) + positions[:tokens.shape[1]]

    memory = embed(source, tables[0])
    for number in range(layers):
        memory = encoder_layer(number, memory)
    x = embed(target, tables[1])
    for number in range(layers):
        x = decoder_layer(number, x, memory)
    return x @ tables[1].T


transformer.example(torch.tensor([[1, 0, 1]]), torch.tensor([[1, 2]]),
                    (torch.tensor([[0.0] * 4, [1.0] * 4]), torch.tensor([[0.0] * 4, [1.0, 0, 0, 0], [0, 2.0, 0, 0]])),
                    torch.tensor([[0.0] * 4, [0, 0, 0, 1.0], [0, 0, 0, 2.0]]), 2, lambda number, x: x + number + 1,
                    lambda number, x, memory: x + number + 1 + memory.mean(dim=1, keepdim=True))


def whole(rng, batch, source, target, layers, d_model=5):
    """Tokens, tables, positions and layers for one question, and what each layer is."""
    tokens = [torch.from_numpy(rng.integers(0, vocab, size=(batch, length))) for vocab, length in
              ((11, source), (13, target))]
    inner, asked, read = (tensor(rng, layers, d_model, d_model) / 2 for _ in range(3))
    return (*tokens, (tensor(rng, 11, d_model), tensor(rng, 13, d_model)), tensor(rng, 17, d_model), layers,
            lambda number, x: torch.tanh(x @ inner[number]),
            lambda number, x, memory: torch.tanh(x @ asked[number] + memory.mean(dim=1, keepdim=True) @ read[number]))


@transformer.check("embeds, encodes, decodes and scores, token by token",
                   hint="Compute the vector of the first source token in the example: table, root, position.")
def by_token(answer, rng):
    given = whole(rng, 2, 3, 5, 2)
    source, target, tables, positions, _, encoder_layer, decoder_layer = given
    vectors = [torch.stack([torch.stack([table[int(token)] * 5**0.5 + positions[place]
                                         for place, token in enumerate(row)]) for row in tokens])
               for tokens, table in zip((source, target), tables)]
    memory = encoder_layer(1, encoder_layer(0, vectors[0]))
    x = decoder_layer(1, decoder_layer(0, vectors[1], memory), memory)
    expected = torch.stack([(x * row).sum(dim=-1) for row in tables[1]], dim=-1)
    probes.equal(answer(*given), expected)


@transformer.check("works for any number of layers, and for single tokens",
                   hint="With three layers, how many times is the last encoder layer's result read?")
def any_number(answer, rng):
    for batch, source, target, layers in ((1, 3, 3, 1), (2, 5, 3, 3), (1, 1, 1, 2)):
        probes.parity(answer, transformer, *whole(rng, batch, source, target, layers))


@transformer.check("lets the source speak", hint="Change a source token. Which scores change?")
def source_speaks(answer, rng):
    source, *rest = whole(rng, 1, 3, 2, 2)
    changed = source.clone()
    changed[0, 1] = (changed[0, 1] + 1) % 11
    before, after = answer(source, *rest), answer(changed, *rest)
    probes.equal(after - before, transformer(changed, *rest) - transformer(source, *rest),
                 "another source token does not change the scores as it should")


def vectors_of(tokens, table, positions, root=None):
    return table[tokens] * (table.shape[1] ** 0.5 if root is None else root) + positions[:tokens.shape[1]]


def through(x, count, layer, *rest):
    for number in range(count):
        x = layer(number, x, *rest)
    return x


@transformer.mistake("does not multiply the embeddings by √d_model", hint="Where does d_model appear in your code?")
def root_forgotten(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions, 1), layers, encoder_layer)
    return through(vectors_of(target, tables[1], positions, 1), layers, decoder_layer, memory) @ tables[1].T


@transformer.mistake("multiplies the positions by √d_model as well",
                     hint="What is multiplied by the root: the row of the table, or the sum?")
def root_of_sum(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    root = tables[0].shape[1] ** 0.5
    memory = through(root * vectors_of(source, tables[0], positions, 1), layers, encoder_layer)
    return through(root * vectors_of(target, tables[1], positions, 1), layers, decoder_layer, memory) @ tables[1].T


@transformer.mistake("divides the embeddings by √d_model",
                     hint="That is what scores are divided by. What happens to embeddings in §3.4?")
def root_divides(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    root = tables[0].shape[1] ** -0.5
    memory = through(vectors_of(source, tables[0], positions, root), layers, encoder_layer)
    return through(vectors_of(target, tables[1], positions, root), layers, decoder_layer, memory) @ tables[1].T


@transformer.mistake("gives the target no positions", hint="How does the decoder know which of its words came first?")
def no_target_positions(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions), layers, encoder_layer)
    return through(vectors_of(target, tables[1], 0 * positions), layers, decoder_layer, memory) @ tables[1].T


@transformer.mistake("gives each decoder layer the memory of the encoder layer beside it",
                     hint="Figure 1 draws the two stacks side by side. Which encoder layer do the arrows come from?")
def layer_by_layer(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory, x = vectors_of(source, tables[0], positions), vectors_of(target, tables[1], positions)
    for number in range(layers):
        memory = encoder_layer(number, memory)
        x = decoder_layer(number, x, memory)
    return x @ tables[1].T


@transformer.mistake("lets the decoder read the embedded source, not the encoded one",
                     hint="Where does the result of `encoder_layer` go in your code?")
def not_encoded(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = vectors_of(source, tables[0], positions)
    return through(vectors_of(target, tables[1], positions), layers, decoder_layer, memory) @ tables[1].T


@transformer.mistake("starts every encoder layer from the embeddings",
                     hint="What goes into the second encoder layer in your code?")
def encoder_restarts(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = encoder_layer(layers - 1, vectors_of(source, tables[0], positions))
    return through(vectors_of(target, tables[1], positions), layers, decoder_layer, memory) @ tables[1].T


@transformer.mistake("starts every decoder layer from the embeddings",
                     hint="What goes into the second decoder layer in your code?")
def decoder_restarts(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions), layers, encoder_layer)
    return decoder_layer(layers - 1, vectors_of(target, tables[1], positions), memory) @ tables[1].T


@transformer.mistake("uses the first layer again and again", hint="Which number do you give to each layer?")
def same_layer(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory, x = vectors_of(source, tables[0], positions), vectors_of(target, tables[1], positions)
    for _ in range(layers):
        memory = encoder_layer(0, memory)
    for _ in range(layers):
        x = decoder_layer(0, x, memory)
    return x @ tables[1].T


@transformer.mistake("leaves out the last layer of both stacks",
                     hint="How many layers does your loop run for layers = 1?")
def last_layer_lost(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions), layers - 1, encoder_layer)
    return through(vectors_of(target, tables[1], positions), layers - 1, decoder_layer, memory) @ tables[1].T


@transformer.mistake("scores the words of the source",
                     hint="How many scores has a target place? How many target words?")
def source_words(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions), layers, encoder_layer)
    return through(vectors_of(target, tables[1], positions), layers, decoder_layer, memory) @ tables[0].T


@transformer.mistake("returns probabilities instead of scores", hint="Can a score be negative? Can your result be?")
def probabilities(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions), layers, encoder_layer)
    x = through(vectors_of(target, tables[1], positions), layers, decoder_layer, memory)
    return torch.softmax(x @ tables[1].T, dim=-1)


@transformer.mistake("returns the vectors, not the scores", hint="How many numbers has a place in your result?")
def vectors_alone(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions), layers, encoder_layer)
    return through(vectors_of(target, tables[1], positions), layers, decoder_layer, memory)


@transformer.mistake("decodes the source instead of the target", hint="Which tokens go into the first decoder layer?")
def source_decoded(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = through(vectors_of(source, tables[0], positions), layers, encoder_layer)
    return through(memory, layers, decoder_layer, memory) @ tables[1].T


@transformer.alternative("torch's embedding, and einsum for the scores")
def by_einsum(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    embedding = torch.nn.functional.embedding
    memory = embedding(source, tables[0]) * tables[0].shape[1] ** 0.5 + positions[torch.arange(source.shape[1])]
    x = embedding(target, tables[1]) * tables[1].shape[1] ** 0.5 + positions[None, :target.shape[1]]
    for number in range(layers):
        memory = encoder_layer(number, memory)
    for number in range(layers):
        x = decoder_layer(number, x, memory)
    return torch.einsum("btd,vd->btv", x, tables[1])


@exercise(points=3, hints=(
    "First the loss of every token, then a mean. Which tokens does the mean run over, and how many are they?",
    "`log_softmax` gives the logarithms for every word. How do you pick the one of the label?",
))
def token_loss(logits: Float[Tensor, "batch tokens vocab"], labels: Int[Tensor, "batch tokens"]) -> Float[Tensor, ""]:
    r"""Score the decoder on its real tokens.

    The loss of a token is $-\log p$ in nats, where $p$ is the softmax probability of its label. Return the mean over
    **all real tokens** of the batch. A label of 0 is padding and does not count, neither above nor below the line;
    there is at least one real token. Logits may be as large as ±10⁴.
    """
    losses = -torch.log_softmax(logits, dim=-1).gather(-1, labels[..., None])[..., 0]
    kept = labels != 0
    return losses.masked_fill(~kept, 0.0).sum() / kept.sum()


token_loss.example(torch.tensor([[[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]],
                                 [[0.0, 0.0, 1.0, 0.0], [9.0, 0.0, 0.0, 0.0]]]), torch.tensor([[2, 3], [2, 0]]))


@token_loss.check("is the mean over all real tokens", hint="How many tokens does the example count?")
def mean_of_tokens(answer, rng):
    for lengths, width in (((5, 2, 3), 5), ((1,), 1), ((1, 7), 7)):
        logits, labels = tensor(rng, len(lengths), width, 11), sentences(rng, lengths, width, 11)
        losses = []
        for scores, label in zip(logits.flatten(0, 1).tolist(), labels.flatten().tolist()):
            if label != 0:
                losses.append(math.log(sum(map(math.exp, scores))) - scores[label])
        probes.equal(answer(logits, labels), torch.tensor(sum(losses) / len(losses), dtype=torch.float64))


@token_loss.check("does not notice more padding, nor what was predicted there",
                  hint="Add a column of padding to the batch. May the loss change?")
def padding_is_free(answer, rng):
    logits, labels = tensor(rng, 3, 5, 11), sentences(rng, (4, 1, 3), 5, 11)
    longer = torch.cat([logits, tensor(rng, 3, 2, 11)], dim=1)
    probes.unmoved(answer(logits, labels), answer(longer, torch.nn.functional.pad(labels, (0, 2))),
                   "two columns of padding changed the loss")


@token_loss.check("stays finite when logits are huge",
                  hint="What is the softmax of (0, 10000) in floating point, and what is its logarithm?")
def huge_logits(answer, rng):
    logits, labels = 1e4 * tensor(rng, 2, 3, 5), sentences(rng, (3, 2), 3, 5)
    loss = answer(logits, labels)
    probes.finite(loss)
    probes.equal(loss, token_loss(logits, labels))


def each_loss(logits, labels):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").view_as(labels)


@token_loss.mistake("counts the padding like words", hint="What is the loss of a token that nobody wrote?")
def padding_counted(logits, labels):
    return each_loss(logits, labels).mean()


@token_loss.mistake("leaves the padding out above the line, but counts it below",
                    hint="How many tokens do you divide by? Add a column of padding: does your loss fall?")
def divided_by_all(logits, labels):
    return (each_loss(logits, labels) * (labels != 0)).mean()


@token_loss.mistake("takes the mean of each sentence, then the mean of the sentences",
                    hint="How much does one word of a short sentence weigh, and one of a long sentence?")
def mean_of_means(logits, labels):
    kept = labels != 0
    return ((each_loss(logits, labels) * kept).sum(dim=1) / kept.sum(dim=1)).mean()


@token_loss.mistake("divides by the number of sentences", hint="Is a sentence's loss asked for, or a token's?")
def per_sentence(logits, labels):
    return (each_loss(logits, labels) * (labels != 0)).sum() / len(labels)


@token_loss.mistake("sums without dividing", hint="Does your loss double when the batch does? Should it?")
def summed(logits, labels):
    return (each_loss(logits, labels) * (labels != 0)).sum()


@token_loss.mistake("applies the softmax twice",
                    hint="What do `cross_entropy` and `log_softmax` expect: logits or probabilities?")
def softmax_twice(logits, labels):
    return each_loss(torch.softmax(logits, dim=-1), labels)[labels != 0].mean()


@token_loss.mistake("takes the logarithm after the softmax, and loses small probabilities",
                    hint="Which is the smallest probability that a float can hold? And its logarithm?")
def log_of_softmax(logits, labels):
    chances = torch.softmax(logits, dim=-1).gather(-1, labels[..., None])[..., 0]
    return -chances[labels != 0].log().mean()


@token_loss.mistake("counts in bits", hint="Which logarithm gives nats?")
def in_bits(logits, labels):
    return each_loss(logits, labels)[labels != 0].mean() / math.log(2)


@token_loss.mistake("forgets the minus sign", hint="Can a probability's logarithm be positive? Can a loss be negative?")
def minus_lost(logits, labels):
    return -each_loss(logits, labels)[labels != 0].mean()


@token_loss.mistake("sets the logits of the padding to 0, but still counts it",
                    hint="What is −log p when all words are equally likely?")
def logits_zeroed(logits, labels):
    kept = labels != 0
    return each_loss(logits * kept[..., None], labels).sum() / kept.sum()


@token_loss.mistake("returns a plain number", hint="Can you call `backward` on your result?")
def plain_number(logits, labels):
    return each_loss(logits, labels)[labels != 0].mean().item()


@token_loss.alternative("torch's cross_entropy, told what to ignore")
def by_cross_entropy(logits, labels):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0)


@token_loss.alternative("picking the real tokens first")
def picked_first(logits, labels):
    kept = labels != 0
    chosen = logits[kept]
    return (chosen.logsumexp(dim=-1) - chosen[torch.arange(len(chosen)), labels[kept]]).mean()


@exercise(points=2, hints=(
    "ε is shared out equally. Among how many words, and is the true one among them?",
    "Start from a row of zeros with a single 1. What is kept of it, and what is added everywhere?",
))
def smooth_labels(labels: Int[Tensor, "*batch"], vocab: int, epsilon: float) -> Float[Tensor, "*batch vocab"]:
    r"""Turn each label into a distribution that is not quite sure.

    The true word keeps $1 - \epsilon$, and $\epsilon$ is shared out equally among **all** words of the vocabulary, the
    true one included (Szegedy et al. 2016, §7; Vaswani et al. 2017, §5.4 has $\epsilon = 0.1$; `label_smoothing` in
    torch does the same). Some other code shares ε among the other words alone. Token 0 is a word like others here.
    """
    sure = torch.nn.functional.one_hot(labels, vocab).double()
    return (1 - epsilon) * sure + epsilon / vocab


smooth_labels.example(torch.tensor([2, 0]), 4, 0.2)


@smooth_labels.check("gives each word its share",
                     hint="Write down the first row of the example: what do the three wrong words get?")
def each_share(answer, rng):
    for shape, vocab, epsilon in (((5,), 7, 0.1), ((2, 3), 11, 0.3), ((1, 1), 2, 0.1)):
        labels = torch.from_numpy(rng.integers(0, vocab, size=shape))
        expected = torch.tensor([[epsilon / vocab + (1 - epsilon if word == label else 0) for word in range(vocab)]
                                 for label in labels.flatten().tolist()], dtype=torch.float64)
        probes.equal(answer(labels, vocab, epsilon), expected.view(*shape, vocab))


@smooth_labels.check("is a distribution, from quite sure to knowing nothing",
                     hint="What must a row be at ε = 0, and what at ε = 1?")
def from_sure_to_nothing(answer, rng):
    labels = torch.from_numpy(rng.integers(0, 5, size=(3, 7)))
    for epsilon in (0.0, 0.4, 1.0):
        got = answer(labels, 5, epsilon)
        probes.sums_to_one(got)
        probes.parity(lambda *_, got=got: got, smooth_labels, labels, 5, epsilon)


@smooth_labels.check("gives the loss that torch gives",
                     hint="The loss is −Σ q log p. Which q does torch's `label_smoothing` use?")
def loss_of_torch(answer, rng):
    logits, labels = tensor(rng, 5, 13), torch.from_numpy(rng.integers(0, 13, size=5))
    expected = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)
    targets = answer(labels, 13, 0.1)
    probes.equal(-(targets.double() * logits.log_softmax(dim=-1)).sum(dim=-1).mean().to(targets.dtype), expected)


def sure(labels, vocab):
    return torch.nn.functional.one_hot(labels, vocab).double()


@smooth_labels.mistake("shares ε among the other words alone",
                       hint="That convention exists, too. Among how many words is ε shared here?")
def among_others(labels, vocab, epsilon):
    hot = sure(labels, vocab)
    return (1 - epsilon) * hot + (1 - hot) * epsilon / (vocab - 1)


@smooth_labels.mistake("takes ε from the true word and gives it to nobody", hint="What do your rows sum to?")
def given_to_nobody(labels, vocab, epsilon):
    return (1 - epsilon) * sure(labels, vocab)


@smooth_labels.mistake("gives all words a share, but takes nothing from the true one",
                       hint="Where do the shares come from? What do your rows sum to?")
def taken_from_nobody(labels, vocab, epsilon):
    return sure(labels, vocab) + epsilon / vocab


@smooth_labels.mistake("gives the true word no share of ε, and the others only theirs of all words",
                       hint="What do your rows sum to? Whose share is missing?")
def share_missing(labels, vocab, epsilon):
    hot = sure(labels, vocab)
    return (1 - epsilon) * hot + (1 - hot) * epsilon / vocab


@smooth_labels.mistake("gives every word ε instead of a share of it", hint="How many words share one ε?")
def epsilon_each(labels, vocab, epsilon):
    return (1 - epsilon) * sure(labels, vocab) + epsilon


@smooth_labels.mistake("exchanges ε and 1 − ε", hint="How sure of the true word shall the target be at ε = 0.1?")
def sides_exchanged(labels, vocab, epsilon):
    return epsilon * sure(labels, vocab) + (1 - epsilon) / vocab


@smooth_labels.mistake("shares ε among the words of the batch", hint="Does your row change when another label does?")
def over_the_batch(labels, vocab, epsilon):
    hot = sure(labels, vocab)
    return (1 - epsilon) * hot + epsilon * hot.flatten(0, -2).mean(dim=0)


@smooth_labels.mistake("smooths nothing", hint="Where does `epsilon` appear in your code?")
def nothing_smoothed(labels, vocab, epsilon):
    return sure(labels, vocab)


@smooth_labels.alternative("filled first, then the true word added")
def filled_first(labels, vocab, epsilon):
    targets = torch.full((*labels.shape, vocab), epsilon / vocab)
    return targets.scatter_add(-1, labels[..., None], torch.full((*labels.shape, 1), 1 - epsilon))


@smooth_labels.alternative("lerp from sure to uniform")
def by_lerp(labels, vocab, epsilon):
    hot = torch.eye(vocab)[labels]
    return torch.lerp(hot, torch.full_like(hot, 1 / vocab), epsilon)


@exercise(points=2, hints=(
    "Draw both sides of the minimum over the step. Which is smaller at the beginning, and where do they cross?",
    "`0 ** -0.5` raises an error in Python. Which of the two sides decides at step 0, and what is it there?",
))
def learning_rate(step: int, d_model: int, warmup: int) -> float:
    r"""Follow the schedule of the 2017 paper.

    $d_{model}^{-0.5} \cdot \min(step^{-0.5},\; step \cdot warmup^{-1.5})$ (Vaswani et al. 2017, eq. 3). The first
    update is step 1. At step 0, before any update, the rate is 0.
    """
    if step == 0:
        return 0.0
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


learning_rate.example(2, 4, 4)


SETTINGS = ((512, 4000), (64, 100), (7, 3), (11, 1))


@learning_rate.check("rises in a line to its peak and falls with the root of the step",
                     hint="Compute the rates of steps 2, 4 and 16 for d_model = 4 and warmup = 4.")
def rises_and_falls(answer, rng):
    for d_model, warmup in SETTINGS:
        peak = 1 / math.sqrt(d_model * warmup)
        for step in (1, warmup, warmup + 1, 5 * warmup, int(rng.integers(1, warmup + 1))):
            expected = peak * (step / warmup if step <= warmup else math.sqrt(warmup / step))
            probes.equal(answer(step, d_model, warmup), expected, f"the rate of step {step} differs")


@learning_rate.check("is highest when the warm-up ends",
                     hint="At which step do the two sides of the minimum meet?")
def highest_at_the_end(answer, rng):
    for d_model, warmup in SETTINGS[:3]:
        steps = rng.permutation((warmup - 1, warmup, warmup + 1)).tolist()
        rates = {step: answer(step, d_model, warmup) for step in steps}
        probes.require(bool(rates[warmup - 1] < rates[warmup] > rates[warmup + 1]),
                       f"with warmup = {warmup}, step {warmup} is not the highest")


@learning_rate.check("is 0 at step 0", hint="What does your code compute for step 0?")
def zero_at_zero(answer, rng):
    for d_model, warmup in SETTINGS:
        probes.equal(answer(0, d_model, warmup), 0.0)


@learning_rate.mistake("divides by zero at step 0",
                       hint="What is 0 to the power of −0.5? Which side of the minimum should decide there?")
def zero_divided(step, d_model, warmup):
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


@learning_rate.mistake("takes the larger side instead of the smaller",
                       hint="Draw both sides over the step. Which one is small at the beginning?")
def larger_side(step, d_model, warmup):
    return d_model**-0.5 * max(step**-0.5 if step else 0.0, step * warmup**-1.5)


@learning_rate.mistake("raises warmup to −0.5", hint="Do your two sides meet at step = warmup? What is each there?")
def root_of_warmup(step, d_model, warmup):
    return d_model**-0.5 * min(step**-0.5, step * warmup**-0.5) if step else 0.0


@learning_rate.mistake("multiplies by √d_model instead of dividing",
                       hint="Shall a wider model learn in larger or in smaller steps? Read the sign of the exponent.")
def wider_faster(step, d_model, warmup):
    return d_model**0.5 * min(step**-0.5, step * warmup**-1.5) if step else 0.0


@learning_rate.mistake("leaves d_model out", hint="Where does `d_model` appear in your code?")
def model_forgotten(step, d_model, warmup):
    return min(step**-0.5, step * warmup**-1.5) if step else 0.0


@learning_rate.mistake("never warms up", hint="Where does `warmup` appear in your code?")
def never_warm(step, d_model, warmup):
    return d_model**-0.5 * step**-0.5 if step else 0.0


@learning_rate.mistake("never falls", hint="Compare the rates of step 4000 and step 16000. What does the paper's do?")
def never_falls(step, d_model, warmup):
    return d_model**-0.5 * min(warmup**-0.5, step * warmup**-1.5)


@learning_rate.mistake("counts the first update as step 0",
                       hint="Which step do you use for step = 1? What is your rate at step 0?")
def counted_from_zero(step, d_model, warmup):
    return d_model**-0.5 * min((step + 1) ** -0.5, (step + 1) * warmup**-1.5)


@learning_rate.mistake("falls in proportion to the step, not to its root",
                       hint="By which factor should the rate fall from step 4000 to step 16000?")
def falls_too_fast(step, d_model, warmup):
    return d_model**-0.5 * min(warmup**0.5 / step, step * warmup**-1.5) if step else 0.0


@learning_rate.alternative("two cases")
def two_cases(step, d_model, warmup):
    if step <= warmup:
        return step / (warmup * math.sqrt(warmup * d_model))
    return 1 / math.sqrt(step * d_model)


@learning_rate.alternative("step 0 put to infinity on one side")
def by_infinity(step, d_model, warmup):
    falling = math.inf if step == 0 else step**-0.5
    return min(falling, step * warmup**-1.5) / d_model**0.5


@exercise(points=4, hints=(
    "Start with one column of begin signs. What is asked, what is chosen, and where does it go?",
    "`next_logits` gives scores for every place. Which place is about the token that comes next?",
    "Keep a row of booleans: which sentences have ended? What do those write from then on, and when is the loop over?",
))
def greedy(source: Int[Tensor, "batch source"], next_logits: Callable[[Tensor, Tensor], Tensor],
           most: int) -> Int[Tensor, "batch tokens"]:
    r"""Write token by token, always the best one.

    `next_logits(source, tokens)` is given. `tokens` (batch, so far) begin with the begin sign (1); the scores (batch,
    so far, vocab) are, at each place, for the token that comes next. A sentence is over after its end sign (2); from
    then on it gets padding (0). Stop as soon as all sentences are over, or after `most` tokens. Return what was
    written: with the end signs, without the begin sign. In the example, `next_logits` wants to repeat the source.
    """
    tokens = torch.ones(len(source), 1, dtype=torch.long)
    over = torch.zeros(len(source), dtype=torch.bool)
    for _ in range(most):
        best = next_logits(source, tokens)[:, -1].argmax(dim=-1).masked_fill(over, 0)
        tokens = torch.cat([tokens, best[:, None]], dim=1)
        over = over | (best == 2)
        if over.all():
            break
    return tokens[:, 1:]


def repeats(source, tokens):
    """Wants the source's words, one after the other, then the end sign for ever."""
    places = tokens.shape[1]
    words = torch.nn.functional.pad(source, (0, places))[:, :places]
    return torch.nn.functional.one_hot(words.masked_fill(words == 0, 2), 10).double()


greedy.example(torch.tensor([[7, 5, 6], [8, 0, 0]]), repeats, 6)


def speaker(rng, vocab=13):
    """A model made up: a word depends on the source and on all that was written; as many words as the source has."""
    noise, salt = tensor(rng, 17, vocab) / 10, int(rng.integers(0, 1000))

    def next_logits(source, tokens):
        places = torch.arange(tokens.shape[1])
        seen = (tokens * (places + 1)).cumsum(dim=1)
        words = torch.nn.functional.pad(source, (0, len(places)))[:, :len(places)]
        wanted = 3 + (5 * words + seen + salt) % (vocab - 3)
        wanted = torch.where(places == (source != 0).sum(dim=1, keepdim=True), 2, wanted)
        return 3 * torch.nn.functional.one_hot(wanted, vocab) + noise[seen % 17]

    return next_logits


def one_by_one(source, next_logits, most):
    """Each sentence on its own, in plain lists."""
    written = []
    for row in source:
        tokens = [1]
        while tokens[-1] != 2 and len(tokens) <= most:
            scores = next_logits(row[None], torch.tensor([tokens]))[0, -1].tolist()
            tokens.append(scores.index(max(scores)))
        written.append(tokens[1:])
    longest = max(map(len, written))
    return torch.tensor([tokens + [0] * (longest - len(tokens)) for tokens in written])


@greedy.check("writes each sentence to its end sign, then padding",
              hint="Follow the example with a pencil: what is written in each step, in both sentences?")
def to_the_end_sign(answer, rng):
    source, next_logits = sentences(rng, (3, 1, 5), 5), speaker(rng)
    probes.equal(answer(source, next_logits, 11), one_by_one(source, next_logits, 11), "other tokens were written")


@greedy.check("stops after `most` tokens", hint="How many tokens are written when no sentence ends before?")
def after_most(answer, rng):
    for most in (1, 3, 5):
        source, next_logits = sentences(rng, (7, 5, 2), 7), speaker(rng)
        probes.equal(answer(source, next_logits, most), one_by_one(source, next_logits, most),
                     "other tokens were written")


@greedy.check("works for one sentence, and for sentences that end at once",
              hint="What is the shortest thing your function can return?")
def ends_at_once(answer, rng):
    for lengths in ((2,), (0,), (0, 0), (0, 3)):
        source, next_logits = sentences(rng, lengths, 3), speaker(rng)
        probes.equal(answer(source, next_logits, 7), one_by_one(source, next_logits, 7), "other tokens were written")


def written(source, next_logits, most, *, first=1, padded=True, choose=torch.argmax, place=-1, last_only=False,
            enough=torch.all):
    """The solution with one thing to be changed at a time."""
    tokens = torch.full((len(source), 1), first)
    over = torch.zeros(len(source), dtype=torch.bool)
    for _ in range(most):
        best = choose(next_logits(source, tokens[:, -1:] if last_only else tokens)[:, place], dim=-1)
        tokens = torch.cat([tokens, (best.masked_fill(over, 0) if padded else best)[:, None]], dim=1)
        over = over | (best == 2)
        if enough(over):
            break
    return tokens[:, 1:]


def never(over):
    return False


@greedy.mistake("never stops before `most` tokens", hint="When all sentences are over, what is left to be written?")
def never_stops(source, next_logits, most):
    return written(source, next_logits, most, enough=never)


@greedy.mistake("stops when the first sentence is over", hint="`any` or `all`: what becomes of the longer sentences?")
def first_over(source, next_logits, most):
    return written(source, next_logits, most, enough=torch.any)


@greedy.mistake("shows the model only the last token", hint="What does the decoder need to know of what it wrote?")
def last_token_only(source, next_logits, most):
    return written(source, next_logits, most, last_only=True)


@greedy.mistake("takes the worst token", hint="Is a high score good or bad?")
def worst(source, next_logits, most):
    return written(source, next_logits, most, choose=torch.argmin)


@greedy.mistake("keeps writing behind the end sign", hint="What stands behind the end sign of a short sentence?")
def keeps_writing(source, next_logits, most):
    return written(source, next_logits, most, padded=False)


@greedy.mistake("reads the scores of the first place", hint="Which place's scores are for the token that comes next?")
def first_place(source, next_logits, most):
    return written(source, next_logits, most, place=0)


@greedy.mistake("begins with padding instead of the begin sign", hint="With which token does the decoder input begin?")
def begins_with_padding(source, next_logits, most):
    return written(source, next_logits, most, first=0)


@greedy.mistake("returns the begin sign as well", hint="Was the begin sign written by the model?")
def begin_kept(source, next_logits, most):
    return torch.nn.functional.pad(written(source, next_logits, most), (1, 0), value=1)


@greedy.mistake("drops the end sign", hint="How does a reader know whether the sentence was over or was cut off?")
def end_dropped(source, next_logits, most):
    tokens = written(source, next_logits, most)
    return tokens.masked_fill(tokens == 2, 0)


@greedy.mistake("counts the begin sign among `most`", hint="How many tokens has your result when nothing ends?")
def one_too_few(source, next_logits, most):
    return written(source, next_logits, most - 1) if most > 1 else torch.ones(len(source), 0, dtype=torch.long)


@greedy.mistake("writes one column of padding too many",
                hint="When the last sentence gets its end sign, is there another round?")
def one_round_more(source, next_logits, most):
    tokens = written(source, next_logits, most)
    open_ends = bool((tokens == 2).any(dim=1).all()) and tokens.shape[1] < most
    return torch.nn.functional.pad(tokens, (0, 1)) if open_ends else tokens


@greedy.mistake("forgets after one step that a sentence is over",
                hint="A sentence ended two steps ago. How does your code know?")
def soon_forgotten(source, next_logits, most):
    tokens = torch.ones(len(source), 1, dtype=torch.long)
    for _ in range(most):
        best = next_logits(source, tokens)[:, -1].argmax(dim=-1)
        tokens = torch.cat([tokens, best.masked_fill(tokens[:, -1] == 2, 0)[:, None]], dim=1)
        if (tokens[:, -1] == 2).all():
            break
    return tokens[:, 1:]


@greedy.alternative("sentence by sentence")
def sentence_by_sentence(source, next_logits, most):
    return one_by_one(source, next_logits, most)


@greedy.alternative("written without care, cleaned afterwards")
def cleaned_afterwards(source, next_logits, most):
    tokens = torch.ones(len(source), 1, dtype=torch.long)
    while tokens.shape[1] <= most and not bool((tokens == 2).any(dim=1).all()):
        tokens = torch.cat([tokens, next_logits(source, tokens)[:, -1:].argmax(dim=-1)], dim=1)
    tokens = tokens[:, 1:]
    behind = (tokens == 2).cumsum(dim=1) - (tokens == 2).long() > 0
    return tokens.masked_fill(behind, 0)
