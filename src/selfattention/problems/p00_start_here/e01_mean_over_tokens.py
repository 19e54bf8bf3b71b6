import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise, probes
from selfattention.problems.p00_start_here.shared import TWO_SENTENCES


@exercise(points=2, minutes=5, builds_on="lesson 00, shapes and axes", hints=(
    "Write down the shape before and after. Which axis is gone?",
    "Counted from the end, the features are axis −1. Which axis are the tokens, however many axes come before them?",
))
def mean_over_tokens(x: Float[np.ndarray, "*batch tokens features"]) -> Float[np.ndarray, "*batch features"]:
    """Average each feature over the tokens.

    `x` holds a vector of features for every token, so its last two axes are tokens and features. Any number of batch
    axes may come before them, or none. The axis of the tokens disappears; all others stay as they are.
    """
    return x.mean(axis=-2)


mean_over_tokens.example(TWO_SENTENCES)
mean_over_tokens.example(TWO_SENTENCES[0])


@mean_over_tokens.check("averages one sentence over its tokens",
                        hint="Average the first column of the example by hand.")
def one_sentence(answer, rng):
    x = rng.normal(size=(5, 3))
    total = np.zeros(3)
    for token in x:
        total += token
    probes.equal(answer(x), total / 5)


@mean_over_tokens.check("treats every sentence of a batch on its own",
                        hint="Does the average of one sentence change when you alter another one?")
def a_batch(answer, rng):
    probes.parity(answer, mean_over_tokens, rng.normal(size=(2, 5, 3)))
    probes.parity(answer, mean_over_tokens, rng.normal(size=(7, 2, 5, 3)))
    probes.parity(answer, mean_over_tokens, rng.normal(size=(1, 5, 1)))


@mean_over_tokens.mistake("averages over the features", hint="Which axis is the last one: the tokens or the features?")
def over_features(x):
    return x.mean(axis=-1)


@mean_over_tokens.mistake("removes every axis of length 1",
                          hint="A batch of one sentence is still a batch. Which axes does `squeeze()` remove?")
def squeezed(x):
    return x.mean(axis=-2).squeeze()


@mean_over_tokens.mistake("averages over the first axis, which is not always the tokens",
                          hint="What is axis 0 when there is a batch?")
def over_first_axis(x):
    return x.mean(axis=0)


@mean_over_tokens.mistake("counts axes from the front",
                          hint="With one batch axis, axis 1 is the tokens. And with none, or two?")
def over_axis_one(x):
    return x.mean(axis=1)


@mean_over_tokens.mistake("averages over the sentences as well as over the tokens",
                          hint="Two sentences go in. How many averages should come out?")
def over_sentences_too(x):
    return x.reshape(-1, x.shape[-1]).mean(axis=0)


@mean_over_tokens.mistake("divides by the length of the first axis",
                          hint="What does `len(x)` count when there is a batch?")
def divided_by_first_axis(x):
    return x.sum(axis=-2) / len(x)


@mean_over_tokens.mistake("averages everything into one number",
                          hint="How many numbers should come out for one sentence?")
def over_everything(x):
    return x.mean()


@mean_over_tokens.mistake("keeps the token axis, with length 1",
                          hint="Compare the shape you return with the one asked for.")
def kept_axis(x):
    return x.mean(axis=-2, keepdims=True)


@mean_over_tokens.mistake("adds up without dividing", hint="Twice as many tokens: should the average double?")
def sums(x):
    return x.sum(axis=-2)


@mean_over_tokens.alternative("sum divided by the number of tokens")
def sum_divided(x):
    return x.sum(axis=-2) / x.shape[-2]


@mean_over_tokens.alternative("einsum")
def mean_einsum(x):
    return np.einsum("...tf->...f", x) / x.shape[-2]


@mean_over_tokens.alternative("a product with equal weights")
def equal_weights(x):
    return np.full(x.shape[-2], 1 / x.shape[-2]) @ x
