import math

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes


@exercise(points=2, minutes=8, builds_on="exercise 4", hints=(
    "How many tokens did the model choose for \"<begin> a dog <end>\"? That is $n$.",
    "Write down the divisor for n = 1. A score is negative: does dividing it by a number above 1 raise or lower it?",
))
def best_ending(sentences: list[list[str]], scores: Float[Tensor, " sentences"],
                alpha: float) -> tuple[Float[Tensor, " sentences"], int]:
    r"""Compare finished sentences so that long ones are not punished for their length.

    `scores` holds $\log p$ of each whole sentence. Divide it by $((5 + n) / 6)^\alpha$ (Wu et al. 2016, eq. 14, without
    their coverage penalty), where $n$ counts the tokens that the model chose: all but the begin sign, which it was
    given; the end sign counts. Return the new scores, and the index of the sentence with the best new score, as a whole
    number.
    """
    chosen = torch.tensor([len(sentence) - 1 for sentence in sentences])
    normalised = scores / ((5 + chosen) / 6) ** alpha
    return normalised, int(normalised.argmax())


best_ending.example([["<begin>", "a", "dog", "<end>"], ["<begin>", "a", "dog", "runs", "on", "the", "grass", "<end>"]],
                    torch.tensor([-4.0, -4.5]), 1.0)
best_ending.example([["<begin>", "<end>"], ["<begin>", "a", "dog", "<end>"]], torch.tensor([-1.0, -1.5]), 0.5)


def endings(rng, *lengths):
    """Finished sentences of so many words."""
    return [["<begin>", *map(str, rng.choice(["a", "dog", "runs", "on", "the", "grass"], size=length)), "<end>"]
            for length in lengths]


def some_scores(rng, number):
    """Float32, as a model gives them: a divisor made of whole numbers is no finer."""
    return torch.from_numpy(-rng.uniform(2, 9, size=number)).float()


def compared(answer, *cases):
    """Held against the formula as it stands in the paper: two powers, one by one."""
    replies = [answer(*case) for case in cases]
    for (sentences, scores, alpha), (normalised, best) in zip(cases, replies):
        expected = [float(score) * (5 + 1) ** alpha / (5 + len(sentence[1:])) ** alpha
                    for sentence, score in zip(sentences, scores)]
        probes.equal(normalised, torch.tensor(expected), "the new scores differ")
        probes.equal(best, expected.index(max(expected)), "another sentence is the best")


@best_ending.check("divides by the penalty of each length",
                   hint="By hand, what is the divisor for 7 tokens and α = 1? And in your code?")
def divides(answer, rng):
    compared(answer, *((endings(rng, 3, 11, 5, 2, 7), some_scores(rng, 5), alpha) for alpha in (0.6, 1.0, 0.2)))


@best_ending.check("lets a long sentence win against a likelier short one",
                   hint="Which sentence of the example is likelier? Which should be chosen?")
def long_may_win(answer, rng):
    scores = torch.from_numpy(rng.uniform(-0.1, 0.1, size=3)).float() - torch.tensor([4.0, 3.0, 3.6])
    compared(answer, (endings(rng, 5, 2, 13), scores, 0.8))


@best_ending.check("compares plain scores at α = 0, and accepts a single sentence",
                   hint="What is any number to the power of 0?")
def plain_at_zero(answer, rng):
    compared(answer, (endings(rng, 7, 1, 3), some_scores(rng, 3), 0.0), (endings(rng, 0), some_scores(rng, 1), 0.6),
             (endings(rng, 5), some_scores(rng, 1), 0.6))


def tokens_of(sentences, without=1):
    return torch.tensor([len(sentence) - without for sentence in sentences])


def with_best(normalised):
    return normalised, int(normalised.argmax())


@best_ending.mistake("does not normalise", hint="Where does `alpha` appear in your code?")
def plain(sentences, scores, alpha):
    return with_best(scores)


@best_ending.mistake("normalises, but chooses by the plain scores", hint="Which scores does your `argmax` look at?")
def chosen_before(sentences, scores, alpha):
    return scores / ((5 + tokens_of(sentences)) / 6) ** alpha, int(scores.argmax())


@best_ending.mistake("divides by the length", hint="What does your code divide by for a sentence of one token?")
def mean_of_tokens(sentences, scores, alpha):
    return with_best(scores / tokens_of(sentences))


@best_ending.mistake("divides by a power of the length",
                     hint="Some libraries do so. What does the formula add to n, and what does it divide the sum by?")
def power_of_length(sentences, scores, alpha):
    return with_best(scores / tokens_of(sentences) ** alpha)


@best_ending.mistake("multiplies by the penalty",
                     hint="A score of −4 times 2 is −8. Does that help a long sentence?")
def multiplied_by_penalty(sentences, scores, alpha):
    return with_best(scores * ((5 + tokens_of(sentences)) / 6) ** alpha)


@best_ending.mistake("counts the begin sign", hint="Did the model choose the first token of a sentence?")
def begin_counted(sentences, scores, alpha):
    return with_best(scores / ((5 + tokens_of(sentences, 0)) / 6) ** alpha)


@best_ending.mistake("does not count the end sign", hint="Which of a sentence's tokens did the model choose itself?")
def end_not_counted(sentences, scores, alpha):
    return with_best(scores / ((5 + tokens_of(sentences, 2)) / 6) ** alpha)


@best_ending.mistake("raises only the numerator to the power",
                     hint="What is inside the brackets that carry the exponent?")
def numerator_only(sentences, scores, alpha):
    return with_best(scores / ((5 + tokens_of(sentences)) ** alpha / 6))


@best_ending.mistake("forgets the 6", hint="What should the divisor be for a single token? What is yours?")
def six_forgotten(sentences, scores, alpha):
    return with_best(scores / (5 + tokens_of(sentences)) ** alpha)


@best_ending.mistake("divides only n by 6", hint="What is above the fraction bar: n, or a sum?")
def sum_not_divided(sentences, scores, alpha):
    return with_best(scores / (5 + tokens_of(sentences) / 6) ** alpha)


@best_ending.mistake("multiplies by α instead of raising to the power of α",
                     hint="What should the divisor be at α = 0?")
def factor(sentences, scores, alpha):
    return with_best(scores / ((5 + tokens_of(sentences)) / 6 * alpha))


@best_ending.mistake("divides probabilities", hint="What should be divided: p, or its logarithm?")
def of_probabilities(sentences, scores, alpha):
    return with_best(scores.exp() / ((5 + tokens_of(sentences)) / 6) ** alpha)


@best_ending.mistake("takes the lowest score as the best", hint="Which is likelier: a log probability of −9 or of −2?")
def lowest(sentences, scores, alpha):
    normalised = scores / ((5 + tokens_of(sentences)) / 6) ** alpha
    return normalised, int(normalised.argmin())


@best_ending.alternative("one sentence after the other")
def one_after_another(sentences, scores, alpha):
    values = [score / ((5 + len(words[1:])) / 6) ** alpha for words, score in zip(sentences, scores)]
    return torch.stack(values), max(range(len(values)), key=lambda i: float(values[i]))


@best_ending.alternative("logarithms of the penalty")
def by_logarithms(sentences, scores, alpha):
    counted = torch.tensor([sum(word != "<begin>" for word in words) for words in sentences], dtype=scores.dtype)
    normalised = scores * torch.exp(-alpha * (torch.log(5 + counted) - math.log(6)))
    return normalised, torch.argmax(normalised)
