import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise, probes
from selfattention.problems.p00_start_here.shared import TWO_SENTENCES


@exercise(points=3, minutes=8, builds_on="lesson 00, how shapes are lined up", hints=(
    "Write one shape below the other, aligned at the right end. Which axis does the second one lack?",
    "An axis of length 1 is stretched to fit. Where does such an axis have to go, and how do you put it there?",
))
def add_to_every_token(x: Float[np.ndarray, "batch tokens features"],
                       shift: Float[np.ndarray, "batch features"]) -> Float[np.ndarray, "batch tokens features"]:
    """Add one vector per sentence to all tokens of that sentence.

    `shift[b]` belongs to sentence `b` and is added to each of its token vectors. `x` itself must not be changed:
    whoever passed it may still need it.
    """
    return x + shift[:, None, :]


add_to_every_token.example(TWO_SENTENCES, np.array([[100.0, 0.0], [0.0, 200.0]]))


@add_to_every_token.check("adds each sentence's own vector",
                          hint="Which numbers of the example should become larger than 100?")
def own_vector(answer, rng):
    x, shift = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 3))
    got = answer(x, shift)
    for sentence in range(2):
        for token in range(5):
            probes.equal(got[sentence, token], x[sentence, token] + shift[sentence])


@add_to_every_token.check("tells sentences from tokens when there are as many of both",
                          hint="Two axes have the same length: how does NumPy know which one you mean?")
def equal_sizes(answer, rng):
    probes.parity(answer, add_to_every_token, rng.normal(size=(3, 3, 5)), rng.normal(size=(3, 5)))


@add_to_every_token.mistake("adds without a token axis",
                            hint="NumPy aligns shapes at the right end. With which axis of `x` does the batch of "
                                 "`shift` line up?")
def no_token_axis(x, shift):
    return x + shift


@add_to_every_token.mistake("gives every token position its own vector, not every sentence",
                            hint="Where did you put the axis of length 1: in place of the tokens or of the sentences?")
def batch_for_tokens(x, shift):
    return x + shift[None, :, :]


@add_to_every_token.mistake("puts the axis of length 1 after the features",
                            hint="Write the shape of your stretched `shift` below that of `x`, aligned at the right "
                                 "end. Which axes meet?")
def axis_at_the_end(x, shift):
    return x + shift[:, :, None]


@add_to_every_token.mistake("repeats the vectors in the wrong order",
                            hint="Print the first rows of what you add. Do all tokens of sentence 0 get `shift[0]`?")
def wrong_order(x, shift):
    return x + np.tile(shift, (x.shape[1], 1)).reshape(x.shape)


@add_to_every_token.mistake("writes into the input", hint="What does `+=` do to the array on its left?")
def in_place(x, shift):
    x += shift[:, None, :]
    return x


@add_to_every_token.mistake("adds the first sentence's vector to all",
                            hint="Which row of `shift` do you use for the second sentence?")
def first_vector(x, shift):
    return x + shift[0]


@add_to_every_token.mistake("adds to the first token only",
                            hint="How many tokens does a sentence have, and how many of yours have changed?")
def first_token(x, shift):
    result = x.copy()
    result[:, 0] += shift
    return result


@add_to_every_token.mistake("adds the sum of the vector to every feature",
                            hint="Each feature has its own number in `shift`. How many numbers per sentence do you "
                                 "add?")
def summed_vector(x, shift):
    return x + shift.sum(axis=-1)[:, None, None]


@add_to_every_token.alternative("np.expand_dims")
def expanded(x, shift):
    return np.expand_dims(shift, axis=1) + x


@add_to_every_token.alternative("a loop over the sentences")
def sentence_loop(x, shift):
    return np.stack([sentence + vector for sentence, vector in zip(x, shift)])


@add_to_every_token.alternative("np.repeat")
def repeated(x, shift):
    return x + np.repeat(shift[:, None], x.shape[1], axis=1)
