"""Wrong answers to chapter 02."""

import numpy as np

from answers import wrong


def _softmax(scores, axis=-1):
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


@wrong("02.softmax", "does not subtract the maximum, so large scores overflow")
def _(scores):
    e = np.exp(scores)
    return e / e.sum(axis=-1, keepdims=True)


@wrong("02.softmax", "subtracts the maximum of everything, so a row far below it becomes 0/0")
def _(scores):
    e = np.exp(scores - np.max(scores))
    return e / np.sum(e, axis=-1, keepdims=True)


@wrong("02.softmax", "sums over everything, not over each row")
def _(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum()


@wrong("02.softmax", "runs over the first axis instead of the last")
def _(scores):
    e = np.exp(scores - scores.max(axis=0))
    return e / e.sum(axis=0)


@wrong("02.softmax", "the exponentials are divided by the sum of the scores")
def _(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / scores.sum(axis=-1, keepdims=True)


@wrong("02.softmax", "subtracts the mean instead of the maximum, so large scores still overflow")
def _(scores):
    e = np.exp(scores - scores.mean(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@wrong("02.softmax", "clips the scores to ±50 against overflow, so different large scores become equal")
def _(scores):
    e = np.exp(np.clip(scores, -50, 50))
    return e / e.sum(axis=-1, keepdims=True)


@wrong("02.softmax", "adds a small number to the sum, which takes too much from every weight")
def _(scores):
    shifted = scores - scores.max(-1, keepdims=True)
    e = np.exp(shifted)
    return e / (e.sum(-1, keepdims=True) + 1e-3)


@wrong("02.softmax", "divides by the euclidean length of the row of exponentials instead of by their sum")
def _(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / np.linalg.norm(e, axis=-1, keepdims=True)


@wrong("02.softmax_with_temperature", "multiplies by the temperature instead of dividing")
def _(scores, temperature):
    return _softmax(scores * temperature)


@wrong("02.softmax_with_temperature", "divides the weights by the temperature after the softmax")
def _(scores, temperature):
    return _softmax(scores) / temperature


@wrong("02.softmax_with_temperature", "does not subtract a maximum, so low temperatures overflow")
def _(scores, temperature):
    e = np.exp(scores / temperature)
    return e / e.sum(axis=-1, keepdims=True)


@wrong("02.softmax_with_temperature", "brackets missing: only the maximum is divided by the temperature")
def _(scores, temperature):
    hottest = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - hottest / temperature)
    return e / e.sum(axis=-1, keepdims=True)


@wrong("02.softmax_with_temperature", "takes the maximum of the undivided scores from the divided ones, which overflow")
def _(scores, temperature):
    cooled = scores / temperature
    e = np.exp(cooled - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@wrong("02.softmax_with_temperature", "divides by the root of the temperature")
def _(scores, temperature):
    return _softmax(scores / np.sqrt(temperature))


@wrong("02.softmax_with_temperature", "never lets the temperature fall below 0.1")
def _(scores, temperature):
    return _softmax(scores / max(temperature, 0.1))


@wrong("02.log_softmax", "takes the logarithm of the finished weights, which is infinite where a weight is 0")
def _(scores):
    return np.log(_softmax(scores))


@wrong("02.log_softmax", "adds 1e-12 before the logarithm, so that no result is below -28")
def _(scores):
    return np.log(_softmax(scores) + 1e-12)


@wrong("02.log_softmax", "forgets the logarithm of the sum: subtracts the sum itself")
def _(scores):
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.exp(shifted).sum(axis=-1, keepdims=True)


@wrong("02.log_softmax", "subtracts the maximum within the sum but not from the score")
def _(scores):
    m = scores.max(axis=-1, keepdims=True)
    return scores - np.log(np.exp(scores - m).sum(axis=-1, keepdims=True))


@wrong("02.log_softmax", "does not subtract the maximum, so large scores overflow")
def _(scores):
    return scores - np.log(np.sum(np.exp(scores), axis=-1, keepdims=True))


@wrong("02.log_softmax", "logarithm to base 2 instead of the natural one")
def _(scores):
    s = scores - scores.max(axis=-1, keepdims=True)
    return s - np.log2(np.exp(s).sum(axis=-1, keepdims=True))


@wrong("02.log_softmax", "wrong sign: the loss, not the logarithm")
def _(scores):
    s = scores - scores.max(axis=-1, keepdims=True)
    return np.log(np.exp(s).sum(axis=-1, keepdims=True)) - s


@wrong("02.log_softmax", "sums over the whole array instead of each row")
def _(scores):
    top = scores.max()
    return scores - (top + np.log(np.exp(scores - top).sum()))


@wrong("02.softmax_jacobian", "leaves the diagonal as -w_i*w_i: the delta is forgotten")
def _(weights):
    return -weights[..., :, None] * weights[..., None, :]


@wrong("02.softmax_jacobian", "wrong sign: outer product minus diagonal")
def _(weights):
    n = weights.shape[-1]
    return weights[..., :, None] * weights[..., None, :] - np.eye(n) * weights[..., None, :]


@wrong("02.softmax_jacobian", "works for one row only: np.diag and np.outer know no batch")
def _(weights):
    return np.diag(weights) - np.outer(weights, weights)


@wrong("02.softmax_jacobian", "only the diagonal w(1-w), as for a sigmoid; zeros elsewhere")
def _(weights):
    slope = weights * (1 - weights)
    return slope[..., None] * np.eye(weights.shape[-1])


@wrong("02.softmax_jacobian", "puts 1 instead of w_i on the diagonal before the product is taken off")
def _(weights):
    return np.eye(weights.shape[-1]) - weights[..., :, None] * weights[..., None, :]


@wrong("02.softmax_jacobian", "multiplies by w_j instead of w_i: w_j * (delta - w_j)")
def _(weights):
    w = weights[..., None, :]
    return w * (np.eye(weights.shape[-1]) - w)


@wrong("02.softmax_jacobian", "takes the weights for scores and runs a softmax first")
def _(weights):
    w = _softmax(weights)
    return w[..., :, None] * (np.eye(w.shape[-1]) - w[..., None, :])


@wrong("02.softmax", "cuts the scores off at 700 instead of subtracting the maximum; rows of -1000 give 0/0")
def _(scores):
    e = np.exp(np.minimum(scores, 700))
    return e / e.sum(axis=-1, keepdims=True)


@wrong("02.softmax", "subtracts the largest size instead of the largest score, so rows of -1000 give 0/0")
def _(scores):
    e = np.exp(scores - np.abs(scores).max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@wrong("02.softmax", "subtracts the maximum in place, so the scores passed in are changed")
def _(scores):
    scores -= scores.max(axis=-1, keepdims=True)
    e = np.exp(scores)
    return e / e.sum(axis=-1, keepdims=True)


@wrong("02.softmax", "axis 1, which are the keys for two axes only")
def _(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@wrong("02.softmax", "infinite exponentials become huge numbers, NaN becomes 0: rows of 1000 get wrong weights")
def _(scores):
    e = np.nan_to_num(np.exp(scores))
    return np.nan_to_num(e / e.sum(axis=-1, keepdims=True))


@wrong("02.softmax_with_temperature", "adds 0.001 to the temperature, which doubles one of 0.001")
def _(scores, temperature):
    return _softmax(scores / (temperature + 1e-3))


@wrong("02.softmax_with_temperature", "floor division by the temperature")
def _(scores, temperature):
    return _softmax(scores // temperature)


@wrong("02.softmax_with_temperature", "raises the weights to the power 1/T but does not make them sum to one again")
def _(scores, temperature):
    return _softmax(scores) ** (1 / temperature)


@wrong("02.softmax_with_temperature", "softmax without the temperature first: weights rounded to 0 stay 0 when hot")
def _(scores, temperature):
    powers = _softmax(scores) ** (1 / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)


@wrong("02.softmax_with_temperature", "subtracts the maximum of all scores, so rows far below it give 0/0 when cold")
def _(scores, temperature):
    e = np.exp((scores - scores.max()) / temperature)
    return e / e.sum(axis=-1, keepdims=True)


@wrong("02.log_softmax", "weights are kept above 1e-300, so no result is below -691")
def _(scores):
    return np.log(np.maximum(_softmax(scores), 1e-300))


@wrong("02.log_softmax", "infinite logarithms are replaced by the lowest float")
def _(scores):
    with np.errstate(divide="ignore"):
        return np.nan_to_num(np.log(_softmax(scores)))


@wrong("02.log_softmax", "one maximum for all rows, so a row far below it gets the logarithm of 0")
def _(scores):
    m = scores.max()
    return scores - m - np.log(np.exp(scores - m).sum(axis=-1, keepdims=True))


@wrong("02.softmax_jacobian", "multiplies the matrices of the batch: a sum over the rows of the batch")
def _(weights):
    n = weights.shape[-1]
    flat = weights.reshape(-1, n)
    return np.eye(n) * weights[..., None] - flat.T @ flat


@wrong("02.softmax_jacobian", "works with exactly one batch axis only")
def _(weights):
    n = weights.shape[-1]
    return np.eye(n)[None] * weights[:, :, None] - np.einsum("bi,bj->bij", weights, weights)
