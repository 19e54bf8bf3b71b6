import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p09_encoder_decoder.shared import sentences


@exercise(points=3, minutes=10, builds_on="exercise 3 of chapter 02", hints=(
    "First the loss of every token, then a mean. Which tokens does the mean run over, and how many are there?",
    "`log_softmax` gives a logarithm for every word. How do you pick that of the label?",
))
def token_loss(logits: Float[Tensor, "batch tokens vocab"], labels: Int[Tensor, "batch tokens"]) -> Float[Tensor, ""]:
    r"""Score the decoder on its real tokens.

    The loss of a token is $-\log p$ in nats, where $p$ is the softmax probability of its label. Return the mean over
    **all real tokens** of the batch, as a tensor without axes. A label of 0 is padding and does not count, neither in
    the sum nor in the number you divide by; there is at least one real token. Logits may be in the tens of thousands,
    positive or negative. Gradients must reach them.
    """
    losses = -torch.log_softmax(logits, dim=-1).gather(-1, labels[..., None])[..., 0]
    kept = labels != 0
    return losses.masked_fill(~kept, 0.0).sum() / kept.sum()


token_loss.example(torch.tensor([[[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]],
                                 [[0.0, 0.0, 1.0, 0.0], [9.0, 0.0, 0.0, 0.0]]]), torch.tensor([[2, 3], [2, 0]]))
token_loss.example(torch.tensor([[[0.0, 0.0, 0.0], [0.0, 0.0, 2.0]], [[0.0, 1.0, 0.0], [9.0, 0.0, 0.0]]]),
                   torch.tensor([[2, 2], [1, 0]]))
token_loss.example(torch.tensor([[[10_000.0, 0.0]]]), torch.tensor([[1]]))


@token_loss.check("is the mean over all real tokens", hint="How many tokens does the example count?")
def mean_of_tokens(answer, rng):
    for lengths, width in (((5, 2, 3), 5), ((1,), 1), ((1, 7), 7)):
        logits, labels = tensor(rng, len(lengths), width, 11), sentences(rng, lengths, width, 11)
        losses = []
        for scores, label in zip(logits.flatten(0, 1).tolist(), labels.flatten().tolist()):
            if label != 0:
                losses.append(math.log(sum(map(math.exp, scores))) - scores[label])
        probes.equal(answer(logits, labels), torch.tensor(sum(losses) / len(losses), dtype=torch.float64))
    probes.gradient_parity(answer, token_loss, logits, labels, cotangent=torch.tensor(1.0).double())
    logits, labels = tensor(rng, 3, 5, 11), sentences(rng, (4, 1, 3), 5, 11)
    labels[torch.arange(3), torch.tensor([3, 0, 2])], labels[0, 0] = 2, 1  # signs count as well
    probes.parity(answer, token_loss, logits, labels)


@token_loss.check("does not notice more padding, or what was predicted there",
                  hint="Add a column of padding to the batch. Does the loss change? Should it?")
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
    probes.gradient_parity(answer, token_loss, logits, labels, cotangent=torch.tensor(1.0).double())


def each_loss(logits, labels):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").view_as(labels)


@token_loss.mistake("counts the padding like words", hint="What is the loss of a token that nobody wrote?")
def padding_counted(logits, labels):
    return each_loss(logits, labels).mean()


@token_loss.mistake("leaves padding out of the sum, but counts it in the number it divides by",
                    hint="How many tokens do you divide by? Add a column of padding: does your loss fall?")
def divided_by_all(logits, labels):
    return (each_loss(logits, labels) * (labels != 0)).mean()


@token_loss.mistake("takes the mean of each sentence, then the mean of the sentences",
                    hint="How much does a word of a short sentence count, and how much a word of a long one?")
def mean_of_means(logits, labels):
    kept = labels != 0
    return ((each_loss(logits, labels) * kept).sum(dim=1) / kept.sum(dim=1)).mean()


@token_loss.mistake("leaves out the end signs",
                    hint="Which number is padding? Must the model say where a sentence ends?")
def ends_left_out(logits, labels):
    counts = (labels != 0) & (labels != 2)
    return each_loss(logits, labels)[counts].mean()


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


@token_loss.mistake("takes the logarithm of a probability, which large logits make 0 or NaN",
                    hint="How small a probability can a float hold? What is the logarithm of one that rounds to 0?")
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


@token_loss.mistake("gives a number that no gradient passes through", hint="Can you call `backward` on your result?")
def plain_number(logits, labels):
    return each_loss(logits, labels)[labels != 0].mean().item()


@token_loss.mistake("takes the logits for logarithms of probabilities",
                    hint="Do the exponentials of the logits sum to one? Which step would make them?")
def raw_logits(logits, labels):
    losses = -logits.gather(-1, labels[..., None])[..., 0]
    return losses[labels != 0].mean()


@token_loss.mistake("takes the probability, not its logarithm",
                    hint="What is the loss of a word predicted for certain?")
def negative_probability(logits, labels):
    losses = -torch.softmax(logits, dim=-1).gather(-1, labels[..., None])[..., 0]
    return losses[labels != 0].mean()


@token_loss.mistake("returns the perplexity", hint="What is the loss of a word predicted for certain: 0 or 1?")
def perplexity(logits, labels):
    return each_loss(logits, labels)[labels != 0].mean().exp()


@token_loss.alternative("torch's cross_entropy, told what to ignore")
def by_cross_entropy(logits, labels):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=0)


@token_loss.alternative("picking the real tokens first")
def picked_first(logits, labels):
    kept = labels != 0
    chosen = logits[kept]
    return (chosen.logsumexp(dim=-1) - chosen[torch.arange(len(chosen)), labels[kept]]).mean()
