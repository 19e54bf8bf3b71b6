import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=10, builds_on="exercise 6 of chapter 09", hints=(
    "It is the loss of chapter 09 with another sign for what does not count. Which places remain, and how many?",
    "-100 is no row and no column of the logits. Who may use the labels as indices: before or after you have picked?",
))
def masked_loss(logits: Float[Tensor, "batch tokens vocab"], labels: Int[Tensor, "batch tokens"]) -> Float[Tensor, ""]:
    r"""Score BERT on the tokens that it was asked for.

    A label of -100 means that the place was not asked for and does not count, neither above nor below the line.
    Every other label, 0 included, is the number of the true token of **that** place: nothing is shifted, for BERT
    reads both sides. The loss of a place is $-\log p$ in nats, where $p$ is the softmax probability of its label.
    Return the mean over all places asked for in the batch; there is at least one. Logits may be as large as ±10⁵.
    Gradients must reach them.
    """
    asked = labels != -100
    chances = torch.log_softmax(logits[asked], dim=-1)
    return -chances.gather(-1, labels[asked][:, None]).mean()


masked_loss.example(torch.tensor([[[0.0, 0.0, 0.0], [0.0, 0.0, 2.0], [5.0, 0.0, 0.0], [1.0, 0.0, 0.0]]]),
                    torch.tensor([[-100, 2, -100, 1]]))
masked_loss.example(torch.tensor([[[0.0, 1.0], [3.0, 0.0]], [[0.0, 2.0], [0.0, 0.0]]]),
                    torch.tensor([[0, -100], [-100, -100]]))
masked_loss.example(torch.tensor([[[10_000.0, 0.0]]]), torch.tensor([[1]]))


def asked_for(rng, *counts, width=7, vocab=11):
    """Logits, and labels of which so many in each text are asked for; 0 is among them."""
    labels = torch.full((len(counts), width), -100)
    for row, count in zip(labels, counts):
        row[torch.from_numpy(rng.permutation(width)[:count])] = torch.from_numpy(rng.integers(0, vocab, size=count))
    first = torch.nonzero(labels >= 0)[0]
    labels[tuple(first)] = 0
    return tensor(rng, len(counts), width, vocab), labels


@masked_loss.check("is the mean over all tokens that were asked for",
                   hint="How many tokens does the first example ask for? Compute their two losses.")
def mean_of_asked(answer, rng):
    for counts, width in (((3, 0, 1, 5), 7), ((2,), 5), ((0, 1), 3), ((7, 2), 7)):
        logits, labels = asked_for(rng, *counts, width=width)
        losses = [math.log(sum(math.exp(number) for number in row)) - row[label]
                  for rows, some in zip(logits.tolist(), labels.tolist()) for row, label in zip(rows, some)
                  if label != -100]
        probes.equal(answer(logits, labels), torch.tensor(sum(losses) / len(losses), dtype=torch.float64),
                     "the loss differs")


@masked_loss.check("does not notice what stands where nothing is asked",
                   hint="Change the logits of a place whose label is -100. May the loss move?")
def rest_unnoticed(answer, rng):
    logits, labels = asked_for(rng, 2, 3, 1)
    other = torch.where((labels == -100)[..., None], 5 * tensor(rng, *logits.shape), logits)
    before, after = answer(logits, labels), answer(other, labels)
    probes.unmoved(before, after, "the loss changed because a place did that nobody asks for")
    probes.equal(before, masked_loss(logits, labels))


@masked_loss.check("lets gradients reach the logits that were asked for, and no others",
                   hint="What is the gradient of a place that does not count?")
def gradients_of_asked(answer, rng):
    logits, labels = asked_for(rng, 2, 4)
    probes.gradient_parity(answer, masked_loss, logits, labels, cotangent=torch.tensor(1.0, dtype=torch.float64))


@masked_loss.check("stays finite when logits are huge",
                   hint="What is the softmax of (0, 10000) in floating point, and what is its logarithm?")
def huge(answer, rng):
    logits, labels = asked_for(rng, 3, 2, width=5, vocab=5)
    loss = answer(1e4 * logits, labels)
    probes.finite(loss)
    probes.equal(loss, masked_loss(1e4 * logits, labels))


def each_loss(logits, labels):
    """The losses of all places; where nothing is asked, that of token 0."""
    return torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), labels.flatten().clamp(min=0), reduction="none").view_as(labels)


@masked_loss.mistake("counts every place, with token 0 as the label where nothing is asked",
                     hint="Which places have a true token in `labels`? What do you do with the others?")
def every_place(logits, labels):
    return each_loss(logits, labels).mean()


@masked_loss.mistake("leaves places out above the line, but counts them below",
                     hint="By how many do you divide: by all places, or by those asked for?")
def divided_by_all(logits, labels):
    return (each_loss(logits, labels) * (labels != -100)).mean()


@masked_loss.mistake("counts just the places that were not asked for", hint="What does -100 mean?")
def inverted(logits, labels):
    rest = labels == -100
    return (each_loss(logits, labels) * rest).sum() / rest.sum()


@masked_loss.mistake("takes 0 for the sign that a place does not count, as in chapter 09",
                     hint="Which label says here that a place is left out? May token 0 be asked for?")
def zero_left_out(logits, labels):
    asked = labels > 0
    return (each_loss(logits, labels) * asked).sum() / asked.sum()


@masked_loss.mistake("shifts the labels by one place, as for a model that reads from the left",
                     hint="Who guesses the token of a place: that place itself, or the one before it?")
def shifted(logits, labels):
    shifted = labels.roll(-1, dims=1)
    return masked_loss(logits, shifted)


@masked_loss.mistake("shifts the labels by one place to the right",
                     hint="Who guesses the token of a place: that place itself, or the one after it?")
def shifted_right(logits, labels):
    return masked_loss(logits, labels.roll(1, dims=1))


@masked_loss.mistake("takes -100 for an index, and counts from the end of the vocabulary",
                     hint="What does Python make of a negative index? Is there such a token?")
def from_the_end(logits, labels):
    return each_loss(logits, labels % logits.shape[-1]).mean()


@masked_loss.mistake("scores the first text alone", hint="Over which places does the mean of the prompt run?")
def first_text(logits, labels):
    asked = torch.nonzero((labels != -100).any(dim=1))[0]
    return masked_loss(logits[asked], labels[asked])


@masked_loss.mistake("takes the mean of each text, then the mean of the texts",
                     hint="One text has one token to guess, another five. How much does each of the six weigh?")
def mean_of_means(logits, labels):
    asked = labels != -100
    return ((each_loss(logits, labels) * asked).sum(dim=1) / asked.sum(dim=1).clamp(min=1)).mean()


@masked_loss.mistake("takes the mean of each text that has something to guess, then the mean of these",
                     hint="One text has one token to guess, another five. How much does each of the six weigh?")
def mean_of_some_means(logits, labels):
    asked = labels != -100
    means = (each_loss(logits, labels) * asked).sum(dim=1) / asked.sum(dim=1)
    return means[asked.any(dim=1)].mean()


@masked_loss.mistake("divides by the number of texts", hint="Is a text's loss asked for, or a token's?")
def per_text(logits, labels):
    return (each_loss(logits, labels) * (labels != -100)).sum() / len(labels)


@masked_loss.mistake("sums without dividing", hint="Does your loss double when the batch does? Should it?")
def summed(logits, labels):
    return (each_loss(logits, labels) * (labels != -100)).sum()


@masked_loss.mistake("applies the softmax twice",
                     hint="What do `cross_entropy` and `log_softmax` expect: logits or probabilities?")
def softmax_twice(logits, labels):
    return masked_loss(torch.softmax(logits, dim=-1), labels)


@masked_loss.mistake("computes exponentials that large logits make 0 or infinite",
                     hint="What are exp(10000) and exp(-10000) in floating point? What becomes of their logarithms?")
def log_of_softmax(logits, labels):
    asked = labels != -100
    return -torch.softmax(logits, dim=-1)[asked].gather(-1, labels[asked][:, None]).log().mean()


@masked_loss.mistake("forgets the minus sign",
                     hint="Can a probability's logarithm be positive? Can a loss be negative?")
def minus_lost(logits, labels):
    return -masked_loss(logits, labels)


@masked_loss.mistake("counts in bits", hint="Which logarithm gives nats?")
def in_bits(logits, labels):
    return masked_loss(logits, labels) / math.log(2)


@masked_loss.mistake("sets the logits of the other places to 0, but still counts them",
                     hint="What is -log p when all words are equally likely?")
def logits_zeroed(logits, labels):
    asked = labels != -100
    return each_loss(logits * asked[..., None], labels).mean()


@masked_loss.mistake("normalises over the places of a text, not over the vocabulary",
                     hint="For one place, which numbers must sum to one?")
def over_places(logits, labels):
    asked = labels != -100
    chances = torch.log_softmax(logits, dim=1)
    return -chances[asked].gather(-1, labels[asked][:, None]).mean()


@masked_loss.mistake("gives a number that no gradient goes through", hint="Can you call `backward` on your result?")
def plain_number(logits, labels):
    return masked_loss(logits, labels).item()


@masked_loss.alternative("torch's cross_entropy, which leaves -100 out by itself")
def by_cross_entropy(logits, labels):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())


@masked_loss.alternative("a sum over all places, with weights of 0 and 1")
def weighted(logits, labels):
    asked = (labels != -100).to(logits.dtype)
    right = logits.gather(-1, labels.clamp(min=0)[..., None])[..., 0]
    return ((logits.logsumexp(dim=-1) - right) * asked).sum() / asked.sum()
