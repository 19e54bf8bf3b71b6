from collections.abc import Callable

import torch
from jaxtyping import Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p13_gpt.shared import texts


@exercise(points=3, minutes=12, builds_on="exercise 9 of chapter 09", hints=(
    "In each round: what may the model read, what does it say of the next token, and where does that token go?",
    "A text of 7 tokens, a context of 4. Which 4 of them help most to guess the next one?",
    "What is cut for the model is still part of the text. Do you keep both?",
))
def generate(prompt: Int[Tensor, "batch tokens"], next_logits: Callable[[Tensor], Tensor], most: int,
             context: int) -> Int[Tensor, "batch longer"]:
    r"""Let a decoder write on, always with the best token.

    `next_logits(tokens)` is given. For tokens (batch, so far) it returns scores (batch, so far, vocab), which are at
    each place for the token that comes next. It reads no more than `context` tokens at once, and raises a `ValueError`
    for more: where the text is longer, give it the **last** `context` tokens. The prompt has at least one token, and
    may be longer than the context. Write `most` tokens (at least one); there is no end sign. Return the whole texts:
    the prompt, then what was written. In the example the model predicts the number after the last one that it reads,
    and after 9 comes 0; the checks have other models, too.
    """
    tokens = prompt
    for _ in range(most):
        logits = next_logits(tokens[:, -context:])
        tokens = torch.cat([tokens, logits[:, -1:].argmax(dim=-1)], dim=1)
    return tokens


def counts_on(tokens):
    """Wants the number after the last one, of 0 to 9."""
    if tokens.shape[1] > 3:
        raise ValueError(f"{tokens.shape[1]} tokens, but the model reads 3 at once")
    return torch.nn.functional.one_hot((tokens + 1) % 10, 10).double()


def adds_up(tokens):
    """Wants the number after the sum of all that it reads, of 0 to 9."""
    if tokens.shape[1] > 4:
        raise ValueError(f"{tokens.shape[1]} tokens, but the model reads 4 at once")
    return torch.nn.functional.one_hot((tokens.cumsum(dim=1) + 1) % 10, 10).double()


generate.example(torch.tensor([[4, 7]]), counts_on, 3, 3)
generate.example(torch.tensor([[1, 5, 3], [2, 0, 8]]), adds_up, 3, 4)
generate.example(torch.tensor([[1, 0]]), adds_up, 4, 4)


def speaker(rng, context, vocab=13):
    """A model made up: what it wants hangs on all that it reads, and on where that stands."""
    weights, noise = torch.from_numpy(rng.integers(1, vocab, size=context)), tensor(rng, 17, vocab) / 10

    def next_logits(tokens):
        if tokens.shape[1] > context:
            raise ValueError(f"{tokens.shape[1]} tokens, but the model reads {context} at once")
        seen = ((tokens + 1) * weights[:tokens.shape[1]]).cumsum(dim=1)
        return 3 * torch.nn.functional.one_hot(seen % vocab, vocab) + noise[seen % 17]

    return next_logits


def one_by_one(prompt, next_logits, most, context):
    """Each text on its own, in plain lists."""
    written = []
    for row in prompt.tolist():
        for _ in range(most):
            scores = next_logits(torch.tensor([row[max(len(row) - context, 0):]]))[0, -1].tolist()
            row = [*row, scores.index(max(scores))]
        written.append(row)
    return torch.tensor(written)


def writes(answer, rng, *cases):
    given = [(texts(rng, batch, length), speaker(rng, context), most, context)
             for batch, length, most, context in cases]
    for got, case in zip([answer(*case) for case in given], given):
        probes.equal(got, one_by_one(*case), "other tokens were written")


@generate.check("writes on from the prompt while all fits into the context",
                hint="Follow the first example with a pencil: what is read in each round, and what is written?")
def within_the_context(answer, rng):
    writes(answer, rng, (3, 5, 7, 13), (1, 1, 5, 11), (2, 7, 1, 7))


@generate.check("reads the last tokens where the text is longer than the context",
                hint="The model has written for a long time. Should it still read the beginning, or what was last?")
def beyond_the_context(answer, rng):
    writes(answer, rng, (3, 2, 11, 5), (1, 7, 5, 3), (2, 5, 7, 5), (3, 3, 5, 1))


@generate.check("returns the prompt and just as many tokens as were asked for",
                hint="How many columns has a prompt of 3 after 4 more? Is the beginning still there?")
def prompt_and_more(answer, rng):
    for length, most, context in ((3, 5, 2), (7, 1, 5), (1, 7, 11)):
        prompt = texts(rng, 2, length)
        got = answer(prompt, speaker(rng, context), most, context)
        probes.require(tuple(got.shape) == (2, length + most), f"a prompt of {length} tokens and {most} more: expected "
                                                               f"{length + most} columns, got {tuple(got.shape)}")
        probes.equal(got[:, :length], prompt, "the texts do not begin with the prompt")


def going_on(prompt, next_logits, most, read, choose=torch.argmax, place=-1):
    """The solution with one thing to be changed at a time; `read` cuts what the model is given."""
    tokens = prompt
    for _ in range(most):
        tokens = torch.cat([tokens, choose(next_logits(read(tokens))[:, place], dim=-1)[:, None]], dim=1)
    return tokens


@generate.mistake("reads the first tokens where the text is longer than the context",
                  hint="When the text has outgrown the context, does the model ever see what it wrote last?")
def wrong_end(prompt, next_logits, most, context):
    return going_on(prompt, next_logits, most, lambda tokens: tokens[:, :context])


@generate.mistake("gives the model more than it can read, at once or as the text grows",
                  hint="Where does `context` appear in your loop? In each round?")
def never_cropped(prompt, next_logits, most, context):
    return going_on(prompt, next_logits, most, lambda tokens: tokens)


@generate.mistake("crops the text itself, so that its beginning is lost",
                  hint="Does your variable hold what the model reads, or the whole text? Can it be both?")
def text_cropped(prompt, next_logits, most, context):
    tokens = prompt
    for _ in range(most):
        tokens = tokens[:, -context:]
        tokens = torch.cat([tokens, next_logits(tokens)[:, -1:].argmax(dim=-1)], dim=1)
    return tokens


@generate.mistake("shows the model only the last token", hint="How many tokens may the model read?")
def last_token_only(prompt, next_logits, most, context):
    return going_on(prompt, next_logits, most, lambda tokens: tokens[:, -1:])


@generate.mistake("lets the model read one token less than it could",
                  hint="How many tokens has `tokens[:, -3:]`? And how many does your slice leave for a context of 3?")
def one_less(prompt, next_logits, most, context):
    return going_on(prompt, next_logits, most, lambda tokens: tokens[:, -max(context - 1, 1):])


@generate.mistake("begins anew with an empty context whenever it is full",
                  hint="Just after the cut, how many tokens does the model read in your version?")
def in_blocks(prompt, next_logits, most, context):
    return going_on(prompt, next_logits, most,
                    lambda tokens: tokens[:, (tokens.shape[1] - 1) // context * context:])


@generate.mistake("shows the model nothing but the prompt", hint="What does the model know of the token it has written "
                                                                "just before?")
def prompt_alone(prompt, next_logits, most, context):
    best = next_logits(prompt[:, -context:])[:, -1:].argmax(dim=-1)
    return torch.cat([prompt, best.expand(-1, most)], dim=1)


@generate.mistake("reads the scores of the first place", hint="Which place's scores are for the token that comes next?")
def first_place(prompt, next_logits, most, context):
    return going_on(prompt, next_logits, most, lambda tokens: tokens[:, -context:], place=0)


@generate.mistake("takes the worst token", hint="Is a high score good or bad?")
def worst(prompt, next_logits, most, context):
    return going_on(prompt, next_logits, most, lambda tokens: tokens[:, -context:], choose=torch.argmin)


@generate.mistake("returns what was written, without the prompt", hint="With which tokens shall your result begin?")
def written_alone(prompt, next_logits, most, context):
    return generate(prompt, next_logits, most, context)[:, prompt.shape[1]:]


@generate.mistake("writes until there are `most` tokens, those of the prompt included",
                  hint="A prompt of 3 and `most` = 5: how many tokens are to be written?")
def prompt_counted(prompt, next_logits, most, context):
    return generate(prompt, next_logits, most, context)[:, :max(most, prompt.shape[1])]


@generate.mistake("writes up to the context, and not further",
                  hint="Is the text over when the context is full? How many tokens were asked for?")
def stops_when_full(prompt, next_logits, most, context):
    return generate(prompt, next_logits, most, context)[:, :max(context, prompt.shape[1])]


@generate.mistake("writes one token too few", hint="How many rounds has your loop for `most` = 1?")
def one_too_few(prompt, next_logits, most, context):
    return generate(prompt, next_logits, most, context)[:, :-1]


@generate.mistake("puts the new token in front", hint="Where does a text go on: before its first token, or after its "
                                                      "last?")
def in_front(prompt, next_logits, most, context):
    tokens = prompt
    for _ in range(most):
        tokens = torch.cat([next_logits(tokens[:, -context:])[:, -1:].argmax(dim=-1), tokens], dim=1)
    return tokens


@generate.mistake("appends what the model wants at every place, not at the last alone",
                  hint="By how many tokens does your text grow in each round?")
def all_places(prompt, next_logits, most, context):
    tokens = prompt
    while tokens.shape[1] < prompt.shape[1] + most:
        tokens = torch.cat([tokens, next_logits(tokens[:, -context:]).argmax(dim=-1)], dim=1)
    return tokens[:, :prompt.shape[1] + most]


@generate.mistake("takes the largest score over the places",
                  hint="Along which axis of the scores are the tokens to choose from?")
def over_places(prompt, next_logits, most, context):
    tokens = prompt
    for _ in range(most):
        tokens = torch.cat([tokens, next_logits(tokens[:, -context:]).argmax(dim=1)[:, -1:]], dim=1)
    return tokens


@generate.mistake("writes the first text's token to all texts",
                  hint="How many tokens does one round have to choose when there are three texts?")
def one_for_all(prompt, next_logits, most, context):
    tokens = prompt
    for _ in range(most):
        best = next_logits(tokens[:, -context:])[0, -1].argmax()
        tokens = torch.cat([tokens, best.expand(len(prompt), 1)], dim=1)
    return tokens


@generate.mistake("counts the beginning of the slice below 0 where the text is short",
                  hint="What is `5 - context` for a context of 7, and what does a slice make of that number?")
def slice_below_zero(prompt, next_logits, most, context):
    return going_on(prompt, next_logits, most, lambda tokens: tokens[:, tokens.shape[1] - context:])


@generate.mistake("stops at token 2, as if it were an end sign", hint="Does the prompt speak of an end sign?")
def ends_at_2(prompt, next_logits, most, context):
    tokens = generate(prompt, next_logits, most, context)
    ended = (tokens[:, prompt.shape[1]:] == 2).any(dim=0)
    return tokens[:, :prompt.shape[1] + int(ended.int().argmax()) + 1] if ended.any() else tokens



@generate.mistake("returns the last `context` tokens alone",
                  hint="The context says what the model reads. What of the text shall be returned?")
def end_alone(prompt, next_logits, most, context):
    return generate(prompt, next_logits, most, context)[:, -context:]



@generate.alternative("text by text, in lists")
def text_by_text(prompt, next_logits, most, context):
    return one_by_one(prompt, next_logits, most, context)


@generate.alternative("into a table that is there from the beginning")
def into_a_table(prompt, next_logits, most, context):
    length = prompt.shape[1]
    tokens = torch.nn.functional.pad(prompt, (0, most))
    for place in range(length, length + most):
        scores = next_logits(tokens[:, max(0, place - context):place])
        tokens[:, place] = scores.select(1, -1).max(dim=-1).indices
    return tokens
