import torch
from jaxtyping import Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.p09_encoder_decoder.shared import sentences


@exercise(points=3, minutes=8, builds_on="lesson 09, what the decoder reads", hints=(
    "For a sentence of two words, write both rows by hand, one under the other. Which word is under which?",
    "The decoder input is the easy one: which column goes in front? The labels need a sign at a place that differs "
    "from sentence to sentence.",
    "How many words does each sentence have? In which column does its end sign belong, then?",
))
def shift_right(targets: Int[Tensor, "batch tokens"],
                ) -> tuple[Int[Tensor, "batch longer"], Int[Tensor, "batch longer"]]:
    r"""Make what the decoder reads, and what it should answer at each place.

    Words are whole numbers from 3 on; after a sentence's last word, `targets` has padding (0). A sentence may be empty:
    then the begin sign is read and the end sign answered. Return two tensors, each one column wider than `targets`. The
    *decoder input* is the begin sign (1), the words, then padding. The *labels* are the words, the end sign (2) right
    after the last word, then padding. So at each place the decoder has read the words before the one it should answer
    (Vaswani et al. 2017, §3.1: the output embeddings are "offset by one position").
    """
    column = targets.new_zeros(len(targets), 1)  # also where no sentence has a word
    decoder_input = torch.cat([column + 1, targets], dim=1)
    lengths = (targets != 0).sum(dim=1, keepdim=True)
    labels = torch.cat([targets, column], dim=1).scatter(1, lengths, 2)
    return decoder_input, labels


shift_right.example(torch.tensor([[5, 6, 7], [8, 0, 0]]))


@shift_right.check("begins what is read and ends what is answered, each sentence at its own place",
                   hint="Where is the end sign of a short sentence: after its last word, or at the edge?")
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


@shift_right.check("lets each place read exactly the word before its answer",
                   hint="Put the decoder input above the labels. Which word is above which?")
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


@shift_right.mistake("lets the decoder read its own answers",
                     hint="What does the decoder read at place 0, and what should it answer there? Does it have "
                          "anything to learn?")
def not_shifted(targets):
    return ended(targets), ended(targets)


@shift_right.mistake("forgets the begin sign", hint="What can the decoder read before the first word exists?")
def begin_lost(targets):
    return wider(targets, 0), ended(targets)


@shift_right.mistake("shifts twice: the labels are two words ahead",
                     hint="At which place is the first word answered in your version?")
def shifted_twice(targets):
    return wider(targets, 1, in_front=True), wider(ended(targets)[:, 1:], 0)


@shift_right.mistake("shifts to the left: the decoder reads the word after its answer",
                     hint="When a word is being written, does the word after it exist yet?")
def shifted_left(targets):
    return wider(ended(targets)[:, 1:], 0), ended(targets)


@shift_right.mistake("exchanges decoder input and labels", hint="Which of the two starts with the begin sign?")
def exchanged(targets):
    return ended(targets), wider(targets, 1, in_front=True)


@shift_right.mistake("forgets the end sign", hint="How is the model ever to learn when to stop?")
def end_lost(targets):
    return wider(targets, 1, in_front=True), wider(targets, 0)


@shift_right.mistake("puts the end sign after the padding",
                     hint="What is between the last word and your end sign in a short sentence?")
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
                     hint="It does little harm: its label is padding. But which sentences have it in your version, "
                          "and which do not?")
def end_is_read(targets):
    return wider(ended(targets)[:, :-1], 1, in_front=True), ended(targets)


@shift_right.mistake("looks for the first 0, and takes a full sentence for an empty one",
                     hint="Where does `argmax` find the first 0 of a sentence that has none?")
def first_zero(targets):
    return wider(targets, 1, in_front=True), wider(targets, 0).scatter(
        1, (targets == 0).int().argmax(dim=1, keepdim=True), 2)


@shift_right.mistake("does not end empty sentences",
                     hint="What should the decoder answer first when there is not a single word?")
def empty_not_ended(targets):
    labels = ended(targets)
    return wider(targets, 1, in_front=True), labels.masked_fill((targets == 0).all(dim=1, keepdim=True), 0)


@shift_right.alternative("a loop over the sentences")
def shift_loop(targets):
    decoder_input, labels = (torch.zeros(len(targets), targets.shape[1] + 1, dtype=torch.long) for _ in range(2))
    for row, sentence in enumerate(targets.tolist()):
        words = [word for word in sentence if word != 0]
        decoder_input[row, :len(words) + 1] = torch.tensor([1, *words])
        labels[row, :len(words) + 1] = torch.tensor([*words, 2])
    return decoder_input, labels


@shift_right.alternative("padded on both sides, with the end sign where the padding begins")
def shift_where(targets):
    decoder_input = torch.nn.functional.pad(targets, (1, 0), value=1)
    labels = torch.nn.functional.pad(targets, (0, 1))
    return decoder_input, torch.where((labels == 0) & (decoder_input != 0), 2, labels)
