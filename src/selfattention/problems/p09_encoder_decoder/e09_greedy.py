from collections.abc import Callable

import torch
from jaxtyping import Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p09_encoder_decoder.shared import sentences, written


@exercise(points=4, minutes=15, builds_on="lesson 09, writing token by token", hints=(
    "Start with one column of begin signs. What is asked, what is chosen, and where does it go?",
    "`next_logits` gives scores for every place. Which place is about the token that comes next?",
    "Keep a row of booleans: which sentences have ended? What do they get from then on, and when does the loop end?",
))
def greedy(source: Int[Tensor, "batch source"], next_logits: Callable[[Tensor, Tensor], Tensor],
           most: int) -> Int[Tensor, "batch tokens"]:
    r"""Write token by token, and always take the best one.

    `next_logits(source, tokens)` is given. `tokens` (batch, so far) holds each sentence so far, from the begin sign (1)
    on; the scores that come back (batch, so far, vocab) are, at each place, for the token that comes next. A sentence
    is over after its end sign (2), and only then; from then on it gets padding (0). Stop as soon as all sentences are
    over, or after `most` tokens. Return what was written: with the end signs, without the begin sign. In the example,
    `next_logits` wants to repeat the source.
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
    """Wants the source's words, one after the other, then the end sign forever."""
    places = tokens.shape[1]
    words = torch.nn.functional.pad(source, (0, places))[:, :places]
    return torch.nn.functional.one_hot(words.masked_fill(words == 0, 2), 10).double()


def begins_with_padding(source, tokens):
    """Wants 0 after the begin sign, 5 after 0, and the end sign after everything else."""
    wanted = torch.where(tokens == 1, 0, torch.where(tokens == 0, 5, 2))
    return torch.nn.functional.one_hot(wanted, 10).double()


greedy.example(torch.tensor([[7, 5, 6], [8, 0, 0]]), repeats, 6)
greedy.example(torch.tensor([[7]]), begins_with_padding, 6)
greedy.example(torch.tensor([[7, 5]]), repeats, 1)


def speaker(rng, vocab=13, blank=-1):
    """A model made up: a word depends on the source and on all that was written; as many words as the source has.

    At the place `blank` it chooses padding, which is no end.
    """
    noise, salt = tensor(rng, 17, vocab) / 10, int(rng.integers(0, 1000))

    def next_logits(source, tokens):
        places = torch.arange(tokens.shape[1])
        seen = (tokens * (places + 1)).cumsum(dim=1)
        words = torch.nn.functional.pad(source, (0, len(places)))[:, :len(places)]
        wanted = (3 + (5 * words + seen + salt) % (vocab - 3)).masked_fill(places == blank, 0)
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


@greedy.check("writes each sentence up to its end sign, then padding",
              hint="Work through the example with a pencil: what is written in each step, in both sentences?")
def to_the_end_sign(answer, rng):
    source, next_logits = sentences(rng, (3, 1, 5), 5), speaker(rng)
    probes.equal(answer(source, next_logits, 11), one_by_one(source, next_logits, 11), "other tokens were written")
    next_logits = speaker(rng, blank=1)
    probes.equal(answer(source, next_logits, 11), one_by_one(source, next_logits, 11), "other tokens were written")


@greedy.check("takes padding that the model chooses for a token like others",
              hint="All open sentences choose token 0 in the same step. Are they over? Is the column kept?")
def padding_chosen(answer, rng):
    for lengths in ((5,), (5, 4, 5)):
        source, next_logits = sentences(rng, lengths, 5), speaker(rng, blank=1)
        for most in (11, 2):
            probes.equal(answer(source, next_logits, most), one_by_one(source, next_logits, most),
                         "other tokens were written")


@greedy.check("stops after `most` tokens", hint="How many tokens are written if no sentence ends before that?")
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


@greedy.check("asks the model for nothing when all sentences are over",
              hint="`most` is 41 here, and no sentence has more than six tokens. What happens in the other rounds?")
def no_more_than_needed(answer, rng):
    source, next_logits, rows = sentences(rng, (3, 1, 5), 5), speaker(rng), 0

    def counted(source, tokens):
        nonlocal rows
        rows += len(tokens)
        return next_logits(source, tokens)

    expected = one_by_one(source, next_logits, 41)
    probes.equal(answer(source, counted, 41), expected, "other tokens were written")
    probes.require(rows <= 2 * expected.numel(),
                   f"{rows} times a sentence was shown to the model, to write {expected.numel()} tokens and paddings")


def never(over):
    return False


@greedy.mistake("goes on when all sentences are over, and cuts the rest off",
                hint="The result is right. How often is the model asked for it?")
def cut_off_afterwards(source, next_logits, most):
    tokens = written(source, next_logits, most, enough=never)
    ends = (tokens == 2).double().argmax(dim=1)
    return tokens[:, :int(ends.max()) + 1] if bool((tokens == 2).any(dim=1).all()) else tokens


@greedy.mistake("never stops before `most` tokens", hint="When all sentences are over, what is left to write?")
def never_stops(source, next_logits, most):
    return written(source, next_logits, most, enough=never)


@greedy.mistake("stops when the first sentence is over", hint="`any` or `all`: what happens to the longer sentences?")
def first_over(source, next_logits, most):
    return written(source, next_logits, most, enough=torch.any)


@greedy.mistake("shows the model only the last token", hint="What does the decoder need to know of what it wrote?")
def last_token_only(source, next_logits, most):
    return written(source, next_logits, most, last_only=True)


@greedy.mistake("takes the worst token", hint="Is a high score good or bad?")
def worst(source, next_logits, most):
    return written(source, next_logits, most, choose=torch.argmin)


@greedy.mistake("keeps writing after the end sign", hint="What comes after the end sign of a short sentence?")
def keeps_writing(source, next_logits, most):
    return written(source, next_logits, most, padded=False)


@greedy.mistake("reads the scores of the first place", hint="Which place's scores are for the token that comes next?")
def first_place(source, next_logits, most):
    return written(source, next_logits, most, place=0)


@greedy.mistake("begins with padding instead of the begin sign", hint="Which token does the decoder input begin with?")
def begins_with_padding(source, next_logits, most):
    return written(source, next_logits, most, first=0)


@greedy.mistake("returns the begin sign as well", hint="Was the begin sign written by the model?")
def begin_kept(source, next_logits, most):
    return torch.nn.functional.pad(written(source, next_logits, most), (1, 0), value=1)


@greedy.mistake("drops the end sign", hint="How does a reader know whether the sentence was over or was cut off?")
def end_dropped(source, next_logits, most):
    tokens = written(source, next_logits, most)
    return tokens.masked_fill(tokens == 2, 0)


@greedy.mistake("counts the begin sign among the `most` tokens",
                hint="How many tokens does your result have when no sentence ends?")
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


@greedy.mistake("stops before it writes the last token",
                hint="The last sentence's end sign has been chosen. Has it been written, too?")
def last_token_lost(source, next_logits, most):
    tokens = written(source, next_logits, most)
    return tokens[:, :-1] if bool((tokens == 2).any(dim=1).all()) else tokens


@greedy.mistake("takes padding for an end", hint="Which sign ends a sentence? What if the model chooses 0 before that?")
def padding_ends(source, next_logits, most):
    tokens = torch.ones(len(source), 1, dtype=torch.long)
    for _ in range(most):
        over = (tokens == 2).any(dim=1) | (tokens == 0).any(dim=1)
        if over.all():
            break
        best = next_logits(source, tokens)[:, -1].argmax(dim=-1).masked_fill(over, 0)
        tokens = torch.cat([tokens, best[:, None]], dim=1)
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
    after = (tokens == 2).cumsum(dim=1) - (tokens == 2).long() > 0
    return tokens.masked_fill(after, 0)
