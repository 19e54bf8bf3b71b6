r"""# Exercises 00: shapes and axes

Three warm-ups in NumPy. Read lesson [00](../notebooks/00_start_here.ipynb) first. Under each prompt stands a cell to
fill in: replace `raise NotImplementedError` with your code, run the cell, then run the check cell below it.
"""

import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise, probes

TWO_SENTENCES = np.array([[[1.0, 10.0], [3.0, 30.0], [5.0, 20.0]], [[0.0, 0.0], [0.0, 6.0], [9.0, 0.0]]])


@exercise(points=2, hints=(
    "Write down the shape before and after. Which axis has gone?",
    "Counted from the end, the features are axis −1. Where are the tokens, however many axes stand before them?",
))
def mean_over_tokens(x: Float[np.ndarray, "*batch tokens features"]) -> Float[np.ndarray, "*batch features"]:
    """Average each feature over the tokens.

    `x` holds a vector of features for every token, so its last two axes are tokens and features. Any number of batch
    axes may stand before them, also none. The axis of the tokens disappears; all others stay as they are.
    """
    return x.mean(axis=-2)


mean_over_tokens.example(TWO_SENTENCES)


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


@mean_over_tokens.mistake("averages over the features", hint="Which axis is the last one: the tokens or the features?")
def over_features(x):
    return x.mean(axis=-1)


@mean_over_tokens.mistake("averages over the first axis, which is not always the tokens",
                          hint="What is axis 0 when there is a batch?")
def over_first_axis(x):
    return x.mean(axis=0)


@mean_over_tokens.mistake("counts axes from the front",
                          hint="Axis 1 are the tokens for one batch axis. And for none, or two?")
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


@mean_over_tokens.mistake("adds up without dividing", hint="Double the number of tokens: should the average double?")
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


@exercise(points=2, hints=(
    "An entry that stood in row 2, column 0 must stand in row 0, column 2. And its place in the batch?",
    "NumPy has a function that exchanges just two axes. Which two are they, counted from the end?",
))
def swap_queries_and_keys(scores: Float[np.ndarray, "*batch queries keys"]) -> Float[np.ndarray, "*batch keys queries"]:
    """Exchange rows and columns of each matrix in a batch.

    `scores` holds one matrix of queries × keys for every place in the batch (or just one matrix, without a batch). The
    result holds at (…, key, query) what stood at (…, query, key).
    """
    return np.swapaxes(scores, -1, -2)


swap_queries_and_keys.example(np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]))


@swap_queries_and_keys.check("exchanges rows and columns of one matrix",
                             hint="Follow one number: where was it, where should it be, where is it?")
def one_matrix(answer, rng):
    scores = rng.normal(size=(3, 5))
    swapped = answer(scores)
    for query in range(3):
        for key in range(5):
            probes.equal(swapped[key, query], scores[query, key])


@swap_queries_and_keys.check("leaves the batch axes where they are",
                             hint="Print the shape of your result for a batch of 2.")
def keeps_the_batch(answer, rng):
    probes.parity(answer, swap_queries_and_keys, rng.normal(size=(2, 3, 5)))
    probes.parity(answer, swap_queries_and_keys, rng.normal(size=(7, 2, 3, 5)))
    probes.parity(answer, swap_queries_and_keys, rng.normal(size=(3, 3, 3)))


@swap_queries_and_keys.mistake("uses `.T`, which reverses all axes", hint="What becomes of the batch axis in `x.T`?")
def all_axes(scores):
    return scores.T


@swap_queries_and_keys.mistake("reshapes instead of exchanging axes",
                               hint="`reshape` keeps the numbers in reading order. Do yours still belong to the right "
                                    "query and key?")
def reshaped(scores):
    return scores.reshape(*scores.shape[:-2], scores.shape[-1], scores.shape[-2])


@swap_queries_and_keys.mistake("exchanges the first two axes",
                               hint="Which axes are queries and keys when there is a batch?")
def first_two(scores):
    return np.swapaxes(scores, 0, 1)


@swap_queries_and_keys.mistake("counts the axes from the front",
                               hint="Axes 1 and 2 are queries and keys for one batch axis. And for none, or two?")
def axes_one_and_two(scores):
    return np.swapaxes(scores, 1, 2)


@swap_queries_and_keys.mistake("returns the scores unchanged", hint="Compare the shapes that go in and come out.")
def unchanged(scores):
    return scores


@swap_queries_and_keys.mistake("works for exactly one batch axis",
                               hint="Which axes does it name if there is no batch at all?")
def one_batch_axis(scores):
    return scores.transpose(0, 2, 1)


@swap_queries_and_keys.mistake("reverses the order of the rows",
                               hint="To exchange two axes is not to turn one of them round. What does `[::-1]` do?")
def reversed_rows(scores):
    return np.swapaxes(scores[..., ::-1, :], -1, -2)


@swap_queries_and_keys.alternative("einsum")
def swap_einsum(scores):
    return np.einsum("...qk->...kq", scores)


@swap_queries_and_keys.alternative("moveaxis")
def swap_moveaxis(scores):
    return np.moveaxis(scores, -1, -2)


@swap_queries_and_keys.alternative("a loop over queries and keys")
def swap_loop(scores):
    result = np.empty((*scores.shape[:-2], scores.shape[-1], scores.shape[-2]))
    for query in range(scores.shape[-2]):
        for key in range(scores.shape[-1]):
            result[..., key, query] = scores[..., query, key]
    return result


@exercise(points=3, hints=(
    "Write the two shapes below each other, aligned at the right end. Which axis is missing in the second one?",
    "An axis of length 1 is stretched to fit. Where does such an axis have to stand, and how do you put it there?",
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


@add_to_every_token.check("also when there are as many sentences as tokens",
                          hint="Two axes of equal length: how does NumPy know which one you mean?")
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


@add_to_every_token.mistake("puts the axis of length 1 behind the features",
                            hint="Write the shapes of `x` and of your stretched `shift` below each other. Which axes "
                                 "meet?")
def axis_at_the_end(x, shift):
    return x + shift[:, :, None]


@add_to_every_token.mistake("repeats the vectors in the wrong order",
                            hint="Print the first rows of what you add. Do all tokens of sentence 0 get `shift[0]`?")
def wrong_order(x, shift):
    return x + np.tile(shift, (x.shape[1], 1)).reshape(x.shape)

@add_to_every_token.mistake("writes into the input", hint="What does `+=` do to the array it stands behind?")
def in_place(x, shift):
    x += shift[:, None, :]
    return x


@add_to_every_token.mistake("adds the first sentence's vector to all",
                            hint="Which row of `shift` do you use for the second sentence?")
def first_vector(x, shift):
    return x + shift[0]


@add_to_every_token.mistake("adds to the first token only",
                            hint="How many tokens has a sentence, and how many of yours have changed?")
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
