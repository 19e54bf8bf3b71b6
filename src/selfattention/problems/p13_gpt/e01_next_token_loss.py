import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p13_gpt.shared import texts


@exercise(points=3, minutes=10, builds_on="exercises 1 and 6 of chapter 09", hints=(
    "Write the tokens of one text in a row, and below each the place whose scores are about it. Which has none?",
    "The first token that counts stands at place `prompt`. At which place was it predicted?",
    "Two slices of equal length: one of the scores, one of the tokens. Where does each begin, and where does it end?",
))
def next_token_loss(logits: Float[Tensor, "batch tokens vocab"], tokens: Int[Tensor, "batch tokens"],
                    prompt: int) -> Float[Tensor, ""]:
    r"""Score a language model on the tokens that it had to write.

    In training it is given whole texts, `tokens`, and scores what follows each place: `logits[:, i]` is for the token
    **after** place i. The first `prompt` tokens of each text are a question that others wrote, and do not count;
    `prompt` is at least 1, and less than the number of tokens. The loss of a token is $-\ln p$ in nats, where $p$ is
    its softmax probability. Return the mean over all tokens that count, of all texts. Logits may be as large as ±10⁵.
    Gradients must reach them.
    """
    predicted = torch.log_softmax(logits[:, prompt - 1:-1], dim=-1)
    return -predicted.gather(-1, tokens[:, prompt:, None]).mean()


next_token_loss.example(torch.tensor([[[0.0, 2.0], [1.0, 0.0], [0.5, 3.0]]]), torch.tensor([[0, 1, 1]]), 1)
next_token_loss.example(torch.tensor([[[0.0, 2.0], [1.0, 0.0], [0.5, 3.0], [4.0, 0.0]]]),
                        torch.tensor([[0, 1, 0, 1]]), 2)
next_token_loss.example(torch.tensor([[[10_000.0, 0.0, 2.0], [0.0, 1.0, 0.5]]]), torch.tensor([[0, 1]]), 1)


@next_token_loss.check("is the mean over all tokens after the prompt",
                       hint="Which scores speak of the first token of the example that counts?")
def mean_after_the_prompt(answer, rng):
    for batch, length, prompt in ((2, 7, 3), (3, 5, 1), (1, 5, 4), (1, 2, 1)):
        logits, tokens = tensor(rng, batch, length, 11), texts(rng, batch, length)
        losses = []
        for row, text in zip(logits.tolist(), tokens.tolist()):
            for place in range(prompt, length):
                scores = row[place - 1]
                losses.append(math.log(sum(map(math.exp, scores))) - scores[text[place]])
        probes.equal(answer(logits, tokens, prompt), torch.tensor(sum(losses) / len(losses), dtype=torch.float64))
    logits, tokens = tensor(rng, 2, 7, 11), texts(rng, 2, 7)
    probes.gradient_parity(answer, next_token_loss, logits, tokens, 3, cotangent=torch.tensor(1.0).double())


@next_token_loss.check("does not notice what was predicted in the prompt, nor after the last token",
                       hint="For which place has your function no token to hold the scores against?")
def rest_unnoticed(answer, rng):
    logits, tokens, prompt = tensor(rng, 2, 7, 11), texts(rng, 2, 7), 4
    before = answer(logits, tokens, prompt)
    other, given = logits.clone(), tokens.clone()
    other[:, :prompt - 1], other[:, -1] = tensor(rng, 2, prompt - 1, 11), tensor(rng, 2, 11)
    given[:, :prompt] = texts(rng, 2, prompt)
    probes.unmoved(before, answer(other, tokens, prompt), "scores that are for no token to be written changed the loss")
    probes.unmoved(before, answer(logits, given, prompt), "other tokens in the prompt changed the loss")


@next_token_loss.check("stays finite when logits are huge",
                       hint="What is the softmax of (0, 10000) in floating point, and what is its logarithm?")
def huge_logits(answer, rng):
    logits, tokens = 1e4 * tensor(rng, 2, 5, 7), texts(rng, 2, 5, vocab=7)
    loss = answer(logits, tokens, 2)
    probes.finite(loss)
    probes.equal(loss, next_token_loss(logits, tokens, 2))


def losses_of(logits, tokens):
    """The loss of every token under the scores that stand beside it."""
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens.flatten(),
                                             reduction="none").unflatten(0, tokens.shape)


def after_prompt(logits, tokens, prompt):
    return losses_of(logits[:, prompt - 1:-1], tokens[:, prompt:])


@next_token_loss.mistake("does not shift: each token is scored at its own place",
                         hint="When the scores of place i are made, has token i been read already? What would a model "
                              "learn?")
def not_shifted(logits, tokens, prompt):
    return losses_of(logits[:, prompt:], tokens[:, prompt:]).mean()


@next_token_loss.mistake("shifts twice: each token is scored two places early",
                         hint="Are your tokens shifted when they are cut, and once more when they are compared?")
def shifted_twice(logits, tokens, prompt):
    return losses_of(logits[:, max(prompt - 2, 0):-2], tokens[:, max(prompt, 2):]).mean()


@next_token_loss.mistake("shifts the wrong way: the token before is to be predicted",
                         hint="Which of your two slices begins later: that of the scores, or that of the tokens?")
def shifted_back(logits, tokens, prompt):
    return losses_of(logits[:, prompt:], tokens[:, prompt - 1:-1]).mean()


@next_token_loss.mistake("scores the prompt as well", hint="Who wrote the first `prompt` tokens?")
def prompt_counted(logits, tokens, prompt):
    return losses_of(logits[:, :-1], tokens[:, 1:]).mean()


@next_token_loss.mistake("leaves the prompt out above the line, but counts it below",
                         hint="By how many tokens do you divide? How many were to be written?")
def divided_by_all(logits, tokens, prompt):
    return after_prompt(logits, tokens, prompt).sum() / tokens[:, 1:].numel()


@next_token_loss.mistake("scores the prompt alone", hint="Which side of place `prompt` was written by the model?")
def prompt_alone(logits, tokens, prompt):
    return losses_of(logits[:, :max(prompt - 1, 1)], tokens[:, 1:max(prompt, 2)]).mean()


@next_token_loss.mistake("leaves out the first token after the prompt",
                         hint="When the prompt is read to its end, which token is predicted first?")
def first_left_out(logits, tokens, prompt):
    return losses_of(logits[:, prompt:-1], tokens[:, prompt + 1:]).mean()


@next_token_loss.mistake("counts the last token of the prompt",
                         hint="Places are counted from 0. At which place does a prompt of 3 tokens end?")
def last_given_counted(logits, tokens, prompt):
    return losses_of(logits[:, max(prompt - 2, 0):-1], tokens[:, max(prompt - 1, 1):]).mean()


@next_token_loss.mistake("lets the last place predict the first token",
                         hint="What does `torch.roll` put at the end? Is there a token after the last?")
def rolled(logits, tokens, prompt):
    return losses_of(logits, tokens.roll(-1, dims=1))[:, prompt - 1:].mean()


@next_token_loss.mistake("sums without dividing", hint="Does your loss double when the batch does? Should it?")
def summed(logits, tokens, prompt):
    return after_prompt(logits, tokens, prompt).sum()


@next_token_loss.mistake("divides by the number of texts", hint="Is a text's loss asked for, or a token's?")
def per_text(logits, tokens, prompt):
    return after_prompt(logits, tokens, prompt).sum() / len(tokens)


@next_token_loss.mistake("applies the softmax twice",
                         hint="What do `cross_entropy` and `log_softmax` expect: logits or probabilities?")
def softmax_twice(logits, tokens, prompt):
    return after_prompt(torch.softmax(logits, dim=-1), tokens, prompt).mean()


@next_token_loss.mistake("takes the logarithm of a probability, which large logits make 0 or NaN",
                         hint="Which is the smallest probability that a float can hold? And its logarithm?")
def log_of_softmax(logits, tokens, prompt):
    chances = torch.softmax(logits[:, prompt - 1:-1], dim=-1)
    return -chances.gather(-1, tokens[:, prompt:, None]).log().mean()


@next_token_loss.mistake("counts in bits", hint="Which logarithm gives nats?")
def in_bits(logits, tokens, prompt):
    return after_prompt(logits, tokens, prompt).mean() / math.log(2)


@next_token_loss.mistake("forgets the minus sign", hint="Can a probability's logarithm be positive? Can a loss be "
                                                        "negative?")
def minus_lost(logits, tokens, prompt):
    return -after_prompt(logits, tokens, prompt).mean()


@next_token_loss.mistake("gives a number that no gradient goes through", hint="Can you call `backward` on your result?")
def plain_number(logits, tokens, prompt):
    return after_prompt(logits, tokens, prompt).mean().item()


@next_token_loss.mistake("leaves out tokens 0, as if they were padding", hint="What is token 0 here? Does the prompt "
                                                                              "speak of padding?")
def zeros_ignored(logits, tokens, prompt):
    return torch.nn.functional.cross_entropy(logits[:, prompt - 1:-1].transpose(1, 2), tokens[:, prompt:],
                                             ignore_index=0)



@next_token_loss.alternative("torch's cross_entropy, with the prompt marked to be ignored")
def ignoring_the_prompt(logits, tokens, prompt):
    labels = tokens.clone()
    labels[:, :prompt] = -100
    return torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), labels[:, 1:])


@next_token_loss.alternative("place by place")
def place_by_place(logits, tokens, prompt):
    rows = torch.arange(len(tokens))
    losses = [logits[:, place - 1].logsumexp(dim=-1) - logits[rows, place - 1, tokens[:, place]]
              for place in range(prompt, tokens.shape[1])]
    return torch.stack(losses).mean()
