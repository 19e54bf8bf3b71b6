"""Wrong answers to chapter 00."""

import numpy as np

from answers import wrong


@wrong("00.mean_over_tokens", "takes axis 1, which are the tokens only with exactly one batch axis")
def _(x):
    return x.mean(axis=1)


@wrong("00.mean_over_tokens", "averages over the features instead of the tokens")
def _(x):
    return np.mean(x, axis=-1)


@wrong("00.mean_over_tokens", "keeps the axis of the tokens, with length 1")
def _(x):
    return np.mean(x, axis=-2, keepdims=True)


@wrong("00.mean_over_tokens", "sums over the tokens but divides by the number of features")
def _(x):
    features = x.shape[-1]
    total = x.sum(axis=-2)
    return total / features


@wrong("00.mean_over_tokens", "divides by the length of the first axis, which is the batch where there is one")
def _(x):
    return x.sum(axis=-2) / len(x)


@wrong("00.mean_over_tokens", "takes the median over the tokens instead of the mean")
def _(x):
    return np.median(x, axis=-2)


@wrong("00.swap_queries_and_keys", "reverses all axes, the batch too")
def _(scores):
    return scores.T


@wrong("00.swap_queries_and_keys", "reshapes instead of transposing, so that the numbers stay in their old order")
def _(scores):
    *batch, queries, keys = scores.shape
    return scores.reshape(*batch, keys, queries)


@wrong("00.swap_queries_and_keys", "works with exactly one batch axis only")
def _(scores):
    return np.transpose(scores, (0, 2, 1))


@wrong("00.swap_queries_and_keys", "swaps the first two axes instead of the last two")
def _(scores):
    return np.swapaxes(scores, 0, 1)


@wrong("00.swap_queries_and_keys", "also turns the order of the queries and keys around")
def _(scores):
    swapped = np.swapaxes(scores, -1, -2)
    return swapped[..., ::-1, ::-1]


@wrong("00.add_to_every_token", "changes x in place")
def _(x, shift):
    x += shift[:, None, :]
    return x


@wrong("00.add_to_every_token", "takes the shift by the number of the token instead of by the sentence")
def _(x, shift):
    batch, tokens = x.shape[:2]
    rows = [x[:, t] + shift[t % batch] for t in range(tokens)]
    return np.stack(rows, axis=1)


@wrong("00.add_to_every_token", "adds without a new axis, so that the sentences of shift line up with the tokens of x")
def _(x, shift):
    return x + shift


@wrong("00.add_to_every_token", "adds the shift to the first token of each sentence only")
def _(x, shift):
    result = x.copy()
    result[:, 0, :] += shift
    return result


@wrong("00.add_to_every_token", "the name result is no copy, so x is changed")
def _(x, shift):
    result = x
    for b in range(x.shape[0]):
        for t in range(x.shape[1]):
            result[b, t] += shift[b]
    return result


@wrong("00.add_to_every_token", "returns from within the loop, when only the first sentence is shifted")
def _(x, shift):
    out = x.copy()
    for b, vector in enumerate(shift):
        out[b] = out[b] + vector
        return out


@wrong("00.mean_over_tokens", "squeeze drops batch axes of length one too")
def _(x):
    return np.mean(x, axis=-2, keepdims=True).squeeze()


@wrong("00.swap_queries_and_keys", "turns each matrix by a quarter instead of transposing it")
def _(scores):
    return np.rot90(scores, axes=(-2, -1))


@wrong("00.add_to_every_token", "tiles the shifts, so they alternate from token to token")
def _(x, shift):
    batch, tokens, features = x.shape
    return x + np.tile(shift, (tokens, 1)).reshape(batch, tokens, features)
