r"""# Exercises 03: scaled dot-product attention

Scores, scale, softmax, mixture: now all in one. Read lesson
[03](../notebooks/03_scaled_dot_product_attention.ipynb) first. The first two exercises are in NumPy, the last two in
torch, where gradients must flow.
"""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes

QUERIES = np.array([[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]])
KEYS = np.array([[2.0, 0.0, 0.0, 0.0], [0.0, 4.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
VALUES = np.array([[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]])


def tensors(rng, *shapes):
    return [torch.from_numpy(rng.normal(size=shape)) for shape in shapes]

ATTENTION = ("torch.nn.functional.scaled_dot_product_attention", "attention")


@exercise(points=3, hints=(
    "Begin with d = 1: the score is one product of two independent numbers with mean 0. What is its variance?",
    "Variances of independent numbers add up; standard deviations do not. How many products are added?",
))
def score_std(d: int, query_std: float, key_std: float) -> float:
    r"""Predict the standard deviation of a dot product before anything is computed.

    The $d$ numbers of a query are independent, with mean 0 and standard deviation `query_std`; those of a key likewise,
    with `key_std`. The product of two such numbers has the variance `query_std`² · `key_std`², and the variances of the
    $d$ products add up. Return the standard deviation of the score $q \cdot k$, the square root of its variance.
    """
    return math.sqrt(d) * query_std * key_std


score_std.example(512, 1.0, 1.0)
score_std.example(4, 3.0, 0.5)


@score_std.check("predicts what 40,000 random pairs show",
                 hint="For d = 1, what is the spread of a product of two numbers?")
def predicts_pairs(answer, rng):
    for d, query_std, key_std in ((2, 1.0, 1.0), (7, 2.0, 0.3)):
        queries, keys = rng.normal(size=(2, 40_000, d))
        measured = (queries * query_std * keys * key_std).sum(axis=-1).std()
        predicted = answer(d, query_std, key_std)
        # The spread of 40,000 scores is itself uncertain by some 0.5 %; a wrong law is off by 20 % and more.
        probes.require(abs(predicted / measured - 1) < 0.05,
                       f"predicted {predicted:.3g}, measured {measured:.3g} for d = {d}")


@score_std.check("follows the law exactly", hint="What happens to your prediction when d becomes four times as large?")
def follows_the_law(answer, rng):
    query_std, key_std = rng.uniform(0.2, 3, size=2)
    for d in (1, 7, 512):
        probes.equal(answer(d, query_std, key_std), score_std(d, query_std, key_std))


@score_std.mistake("returns the variance",
                   hint="The spread has the unit of the scores, the variance that unit squared. Which did you return?")
def variance(d, query_std, key_std):
    return d * query_std**2 * key_std**2


@score_std.mistake("adds standard deviations instead of variances",
                   hint="Do random signs let a sum grow in proportion to d?")
def stds_added(d, query_std, key_std):
    return d * query_std * key_std


@score_std.mistake("adds the spreads of queries and keys",
                   hint="Is a score made of sums or of products of their numbers?")
def spreads_added(d, query_std, key_std):
    return math.sqrt(d) * (query_std + key_std)


@score_std.mistake("forgets the spread of the keys", hint="Keys twice as long: do the scores stay as they are?")
def keys_forgotten(d, query_std, key_std):
    return math.sqrt(d) * query_std


@score_std.mistake("assumes a spread of 1 on both sides", hint="Where do `query_std` and `key_std` enter your code?")
def unit_spread(d, query_std, key_std):
    return math.sqrt(d)


@score_std.mistake("takes the root of the standard deviations as well",
                   hint="Which unit do the numbers under your root have: spreads or variances?")
def root_of_spreads(d, query_std, key_std):
    return math.sqrt(d * query_std * key_std)


@score_std.mistake("does not depend on d", hint="A sum of 512 products and a sum of one: which varies more?")
def without_d(d, query_std, key_std):
    return query_std * key_std


@score_std.mistake("divides by the root of d", hint="Does a sum of more terms spread less?")
def divided_by_root(d, query_std, key_std):
    return query_std * key_std / math.sqrt(d)


@score_std.alternative("the root of the summed variances")
def root_of_variance(d, query_std, key_std):
    return np.sqrt(d * query_std**2 * key_std**2)


@score_std.alternative("a loop over the products")
def loop_of_variances(d, query_std, key_std):
    total = 0.0
    for _ in range(d):
        total += (query_std * key_std) ** 2
    return total**0.5


@exercise(points=4, ready_made=ATTENTION, hints=(
    "Four steps: score, scale, softmax, mix. Write each on its own line and print its shape.",
    "The scale depends on the width of the vectors that are compared. Which axis of which input tells it?",
    "You have written the softmax in chapter 02 and the mixture in chapter 01.",
))
def attention(queries: Float[np.ndarray, "queries d_k"], keys: Float[np.ndarray, "keys d_k"],
              values: Float[np.ndarray, "keys d_v"]) -> Float[np.ndarray, "queries d_v"]:
    r"""Mix the values by how well each query matches each key.

    $\mathrm{softmax}(QK^\top/\sqrt{d_k})V$ (Vaswani et al. 2017, eq. 1), in NumPy and without a batch. The softmax runs
    over the keys, and $d_k$ is the width of queries and keys. Scores of several thousand must not overflow.
    """
    scores = queries @ keys.T / np.sqrt(keys.shape[-1])
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights @ values


attention.example(QUERIES, KEYS, VALUES)


def random_inputs(rng, queries=3, keys=5, d_k=7, d_v=11):
    return rng.normal(size=(queries, d_k)), rng.normal(size=(keys, d_k)), rng.normal(size=(keys, d_v))


@attention.check("agrees with a loop over queries and keys",
                 hint="Compute one weight of the example by hand. With which scale?")
def agrees_with_a_loop(answer, rng):
    queries, keys, values = random_inputs(rng)
    expected = np.zeros((3, 11))
    for row, query in zip(expected, queries):
        powers = [math.exp(sum(query * key) / math.sqrt(7)) for key in keys]
        for power, value in zip(powers, values):
            row += power / sum(powers) * value
    probes.equal(answer(queries, keys, values), expected)


@attention.check("returns the only value when there is one key", hint="What is the softmax of a single score?")
def only_one_key(answer, rng):
    queries, keys, values = random_inputs(rng, keys=1)
    probes.equal(answer(queries, keys, values), np.repeat(values, 3, axis=0))


@attention.check("works when all sizes are equal",
                 hint="Equal sizes hide a wrong axis or a missing transposition. Follow one number.")
def all_sizes_equal(answer, rng):
    probes.parity(answer, attention, *random_inputs(rng, 5, 5, 5, 5))


@attention.check("survives huge scores", hint="What did the stable softmax of chapter 02 subtract, and from what?")
def huge_scores(answer, rng):
    queries, keys, values = random_inputs(rng)
    queries[:, 0] = rng.choice((-1.0, 1.0), len(queries))
    shifted = keys + np.array([4000.0, *[0.0] * (keys.shape[-1] - 1)])  # huge scores, but little apart in a row
    for many, others in ((queries, shifted), (queries * 300, keys * 300)):
        output = answer(many, others, values)
        probes.finite(output)
        probes.equal(output, attention(many, others, values))


def attend(scores, values):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True) @ values


@attention.mistake("does not scale the scores", hint="What is the spread of the scores for d = 512? Where is the √d?")
def no_scale(queries, keys, values):
    return attend(queries @ keys.T, values)


@attention.mistake("divides by d instead of √d", hint="Which grows like d: the variance of a score or its spread?")
def scale_by_d(queries, keys, values):
    return attend(queries @ keys.T / keys.shape[-1], values)


@attention.mistake("divides by the root of the number of keys",
                   hint="Over how many products is a score summed? Is that the number of keys?")
def scale_by_keys(queries, keys, values):
    return attend(queries @ keys.T / np.sqrt(keys.shape[0]), values)


@attention.mistake("divides by the root of the number of queries",
                   hint="Does a score change when you ask more questions?")
def scale_by_queries(queries, keys, values):
    return attend(queries @ keys.T / np.sqrt(queries.shape[0]), values)


@attention.mistake("divides by the root of the values' width", hint="Do the values take part in a score?")
def scale_by_values(queries, keys, values):
    return attend(queries @ keys.T / np.sqrt(values.shape[-1]), values)


@attention.mistake("multiplies by √d", hint="Should the scores become smaller or larger?")
def scale_multiplied(queries, keys, values):
    return attend(queries @ keys.T * np.sqrt(keys.shape[-1]), values)


@attention.mistake("scales after the softmax", hint="What do the weights of a row sum to after your division?")
def scale_after(queries, keys, values):
    return attend(queries @ keys.T, values) / np.sqrt(keys.shape[-1])


@attention.mistake("normalises over the queries",
                   hint="Who shares out attention: each query among the keys, or each key among the queries?")
def over_queries(queries, keys, values):
    scores = queries @ keys.T / np.sqrt(keys.shape[-1])
    weights = np.exp(scores - scores.max(axis=0))
    return weights / weights.sum(axis=0) @ values


@attention.mistake("normalises over all scores at once",
                   hint="What does one row of your weights sum to? Each query shares out its own 1.")
def over_everything(queries, keys, values):
    scores = queries @ keys.T / np.sqrt(keys.shape[-1])
    weights = np.exp(scores - scores.max())
    return weights / weights.sum() @ values


@attention.mistake("subtracts one maximum for all queries",
                   hint="A row whose scores all lie 1000 below that maximum: what becomes of its sum?")
def one_maximum(queries, keys, values):
    scores = queries @ keys.T / np.sqrt(keys.shape[-1])
    powers = np.exp(scores - scores.max())
    return powers / powers.sum(axis=-1, keepdims=True) @ values


@attention.mistake("mixes the keys instead of the values", hint="How wide is your result, and how wide are the values?")
def keys_mixed(queries, keys, values):
    return attend(queries @ keys.T / np.sqrt(keys.shape[-1]), keys)


@attention.mistake("leaves out the softmax", hint="Are your weights positive, and do they sum to one?")
def no_softmax(queries, keys, values):
    return queries @ keys.T / np.sqrt(keys.shape[-1]) @ values


@attention.mistake("takes the exponential without subtracting the maximum",
                   hint="How large may a score be before `np.exp` overflows?")
def overflowing(queries, keys, values):
    powers = np.exp(queries @ keys.T / np.sqrt(keys.shape[-1]))
    return powers / powers.sum(axis=-1, keepdims=True) @ values


@attention.mistake("subtracts the mean of each row of scores",
                   hint="Of the scores (0, 0, 0, 0, 4000), how far above the mean is the largest?")
def mean_subtracted(queries, keys, values):
    scores = queries @ keys.T / np.sqrt(keys.shape[-1])
    powers = np.exp(scores - scores.mean(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True) @ values


@attention.mistake("picks the best value instead of mixing",
                   hint="Does the second best key have any influence on your result?")
def hard_choice(queries, keys, values):
    return values[(queries @ keys.T).argmax(axis=-1)]


@attention.alternative("the queries are scaled first")
def scaled_queries(queries, keys, values):
    return attend(queries / np.sqrt(queries.shape[-1]) @ keys.T, values)


@attention.alternative("einsum and logaddexp")
def attention_einsum(queries, keys, values):
    scores = np.einsum("qd,kd->qk", queries, keys) * keys.shape[1] ** -0.5
    return np.einsum("qk,kv->qv", np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)), values)


@attention.alternative("a loop over the queries")
def attention_loop(queries, keys, values):
    rows = []
    for query in queries:
        scores = keys @ query / np.sqrt(len(query))
        powers = np.exp(scores - scores.max())
        rows.append(powers @ values / powers.sum())
    return np.array(rows)


@attention.alternative("torch")
def attention_torch(queries, keys, values):
    queries, keys, values = map(torch.from_numpy, (queries, keys, values))
    return torch.softmax(queries @ keys.mT / keys.shape[-1] ** 0.5, dim=-1) @ values


@exercise(points=4, ready_made=ATTENTION, hints=(
    "It is the same four steps as in NumPy. Which of your lines names an axis from the front, or uses `.T`?",
    "`keys.transpose(-2, -1)` exchanges two axes, whatever stands before them. `torch.softmax` wants to know its "
    "axis, as `dim`.",
    "If no gradient comes through: `.detach()`, `.item()`, `.numpy()` and `torch.no_grad()` all cut it off.",
))
def batched_attention(queries: Float[Tensor, "*batch queries d_k"], keys: Float[Tensor, "*batch keys d_k"],
                      values: Float[Tensor, "*batch keys d_v"]) -> Float[Tensor, "*batch queries d_v"]:
    r"""Write attention in torch, for any batch axes, so that gradients reach all three inputs.

    $\mathrm{softmax}(QK^\top/\sqrt{d_k})V$ for each place of the batch on its own. There may be no batch axis, one
    (sentences) or two (sentences and heads). Write the steps yourself: torch's finished attention would teach you
    nothing here.
    """
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])
    return torch.softmax(scores, dim=-1) @ values


batched_attention.example(*map(torch.from_numpy, (QUERIES, KEYS, VALUES)))


@batched_attention.check("agrees with the formula for one sentence",
                         hint="Try the example with your NumPy attention and compare.")
def one_sentence(answer, rng):
    arrays = random_inputs(rng)
    probes.equal(answer(*map(torch.from_numpy, arrays)), torch.from_numpy(attention(*arrays)))


@batched_attention.check("keeps sentences and heads apart",
                         hint="Which of your lines names an axis by counting from the front?")
def any_batch(answer, rng):
    for batch in ((2,), (2, 13), (3,)):
        probes.parity(answer, batched_attention, *tensors(rng, (*batch, 3, 7), (*batch, 5, 7), (*batch, 5, 11)))


@batched_attention.check("lets gradients reach queries, keys and values",
                         hint="Which call in your code leaves the graph of torch?")
def gradients_arrive(answer, rng):
    *inputs, cotangent = tensors(rng, (2, 3, 7), (2, 5, 7), (2, 5, 11), (2, 3, 11))
    got = answer.gradients(*inputs, cotangent=cotangent)
    leaves = [tensor.clone().requires_grad_() for tensor in inputs]
    expected = torch.autograd.grad((batched_attention(*leaves) * cotangent).sum(), leaves)
    for position, gradient in enumerate(expected):
        # A float32 answer returns float64 gradients all the same; compared in float32, both precisions are right.
        probes.equal(got[str(position)], gradient.float(), "a gradient differs")


def mixed(scores, values):
    return torch.softmax(scores, dim=-1) @ values


@batched_attention.mistake("uses `.T`, which turns all axes round",
                           hint="What shape has `keys.T` for keys of shape (2, 5, 7)?")
def capital_t(queries, keys, values):
    return mixed(queries @ keys.T / math.sqrt(queries.shape[-1]), values)


@batched_attention.mistake("exchanges the first two axes",
                           hint="Which axes are `transpose(0, 1)` when there is a batch?")
def first_two_axes(queries, keys, values):
    return mixed(queries @ keys.transpose(0, 1) / math.sqrt(queries.shape[-1]), values)


@batched_attention.mistake("works for exactly one batch axis",
                           hint="What do axes 1 and 2 mean without a batch, or with two batch axes?")
def one_axis_only(queries, keys, values):
    return mixed(queries @ keys.transpose(1, 2) / math.sqrt(queries.shape[-1]), values)


@batched_attention.mistake("cuts the weights off from the gradient",
                           hint="Do queries and keys receive a gradient? Look for `.detach()` or `no_grad`.")
def detached_weights(queries, keys, values):
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])
    return torch.softmax(scores, dim=-1).detach() @ values


@batched_attention.mistake("cuts the values off from the gradient",
                           hint="Do the values receive a gradient? Look for `.detach()`.")
def detached_values(queries, keys, values):
    return mixed(queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1]), values.detach())


@batched_attention.mistake("computes in NumPy, so that no gradient comes back",
                           hint="What does `.numpy()` or `no_grad` do to the graph?")
def through_numpy(queries, keys, values):
    with torch.no_grad():
        return mixed(queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1]), values)


@batched_attention.mistake("runs the softmax over the queries",
                           hint="`dim=-2` are the queries. Over what do weights sum to one?")
def softmax_over_queries(queries, keys, values):
    return torch.softmax(queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1]), dim=-2) @ values


@batched_attention.mistake("runs the softmax over the batch", hint="What is axis 0 when there is a batch?")
def softmax_over_batch(queries, keys, values):
    return torch.softmax(queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1]), dim=0) @ values


@batched_attention.mistake("does not scale the scores",
                           hint="Which of the four steps is missing: score, scale, softmax, mix?")
def unscaled(queries, keys, values):
    return mixed(queries @ keys.transpose(-2, -1), values)


@batched_attention.mistake("divides by d instead of √d",
                           hint="Which grows like d: the variance of a score or its spread?")
def batched_by_d(queries, keys, values):
    return mixed(queries @ keys.transpose(-2, -1) / queries.shape[-1], values)


@batched_attention.mistake("takes the scale from the wrong axis",
                           hint="Is `queries.shape[-2]` a width or a number of tokens?")
def scale_of_queries(queries, keys, values):
    return mixed(queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-2]), values)


@batched_attention.mistake("flattens the batch and reshapes the keys",
                           hint="After `reshape`, do the numbers of one key still stand together?")
def reshaped_keys(queries, keys, values):
    turned = keys.reshape(*keys.shape[:-2], keys.shape[-1], keys.shape[-2])
    return mixed(queries @ turned / math.sqrt(queries.shape[-1]), values)


@batched_attention.alternative("einsum")
def batched_einsum(queries, keys, values):
    scores = torch.einsum("...qd,...kd->...qk", queries, keys) * queries.shape[-1] ** -0.5
    return torch.einsum("...qk,...kv->...qv", scores.softmax(dim=-1), values)


@batched_attention.alternative("in float32")
def batched_float32(queries, keys, values):
    return mixed(queries.float() @ keys.float().mT / math.sqrt(queries.shape[-1]), values.float())


@batched_attention.alternative("torch.matmul, mT and exp")
def batched_exp(queries, keys, values):
    scores = torch.matmul(queries / queries.shape[-1] ** 0.5, keys.mT)
    powers = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return torch.matmul(powers, values) / powers.sum(dim=-1, keepdim=True)


@exercise(points=3, ready_made=ATTENTION, hints=(
    "Write it for a given scale first. Which scale makes it the attention you know?",
    "A scale of 0 is a number that was given, `None` means that none was. How does Python tell the two apart?",
))
def attention_like_torch(queries: Float[Tensor, "*batch queries d_k"], keys: Float[Tensor, "*batch keys d_k"],
                         values: Float[Tensor, "*batch keys d_v"],
                         scale: float | None = None) -> Float[Tensor, "*batch queries d_v"]:
    r"""Equal torch's own attention, with its `scale`.

    `torch.nn.functional.scaled_dot_product_attention(q, k, v, scale=s)` multiplies the scores by `s` before the
    softmax. Without a scale it multiplies by $1/\sqrt{d_k}$. Write the same without calling it; the result must agree
    to float64 rounding.
    """
    factor = 1 / math.sqrt(queries.shape[-1]) if scale is None else scale
    return torch.softmax(queries @ keys.transpose(-2, -1) * factor, dim=-1) @ values


attention_like_torch.example(*map(torch.from_numpy, (QUERIES, KEYS, VALUES)), 0.25)


def torchs(queries, keys, values, scale=None):
    return torch.nn.functional.scaled_dot_product_attention(queries, keys, values, scale=scale)


@attention_like_torch.check("equals torch without a scale", hint="Which scale does the formula of the paper have?")
def default_scale(answer, rng):
    inputs = tensors(rng, (2, 3, 7), (2, 5, 7), (2, 5, 11))
    probes.equal(answer(*inputs), torchs(*inputs))


@attention_like_torch.check("equals torch with a scale of your own",
                            hint="Is the scale a factor or a divisor? Does it replace the other one?")
def own_scale(answer, rng):
    inputs = tensors(rng, (2, 3, 7), (2, 5, 7), (2, 5, 11))
    for scale in (0.05, 1.0, 3.0):
        probes.equal(answer(*inputs, scale), torchs(*inputs, scale))


@attention_like_torch.check("takes the plain mean at a scale of 0", hint="All scores times 0: which weights result?")
def zero_scale(answer, rng):
    inputs = tensors(rng, (3, 7), (5, 7), (5, 11))
    probes.equal(answer(*inputs, 0.0), inputs[2].mean(dim=0).expand(3, 11))


@attention_like_torch.mistake("ignores the scale", hint="Call it with scales 0.05 and 3. Do the results differ?")
def scale_ignored(queries, keys, values, scale=None):
    return torchs(queries, keys, values)


@attention_like_torch.mistake("divides by the scale",
                              hint="A scale of 3: do the scores become three times as large, or a third?")
def scale_as_divisor(queries, keys, values, scale=None):
    divisor = math.sqrt(queries.shape[-1]) if scale is None else scale
    return mixed(queries @ keys.transpose(-2, -1) / divisor, values)


@attention_like_torch.mistake("takes a scale of 0 for no scale",
                              hint="What is `bool(0.0)`, and what does `scale or …` do with it?")
def zero_is_none(queries, keys, values, scale=None):
    return mixed(queries @ keys.transpose(-2, -1) * (scale or 1 / math.sqrt(queries.shape[-1])), values)


@attention_like_torch.mistake("applies its scale on top of the default one",
                              hint="Does the given scale replace 1/√d or multiply it?")
def both_scales(queries, keys, values, scale=None):
    factor = (1.0 if scale is None else scale) / math.sqrt(queries.shape[-1])
    return mixed(queries @ keys.transpose(-2, -1) * factor, values)


@attention_like_torch.mistake("does not scale when no scale is given",
                              hint="What does torch do when you leave the scale out?")
def no_default(queries, keys, values, scale=None):
    return mixed(queries @ keys.transpose(-2, -1) * (1.0 if scale is None else scale), values)


@attention_like_torch.mistake("divides by d when no scale is given",
                              hint="Which is the default: one over d, or over its root?")
def default_by_d(queries, keys, values, scale=None):
    return torchs(queries, keys, values, 1 / queries.shape[-1] if scale is None else scale)


@attention_like_torch.mistake("multiplies by √d when no scale is given",
                              hint="Should wider vectors make the factor larger or smaller?")
def default_multiplied(queries, keys, values, scale=None):
    return torchs(queries, keys, values, math.sqrt(queries.shape[-1]) if scale is None else scale)


@attention_like_torch.mistake("scales queries and keys both",
                              hint="How often is the factor in a product of two scaled vectors?")
def scaled_twice(queries, keys, values, scale=None):
    factor = 1 / math.sqrt(queries.shape[-1]) if scale is None else scale
    return mixed((queries * factor) @ (keys * factor).transpose(-2, -1), values)


@attention_like_torch.mistake("scales the weights, not the scores",
                              hint="Does the scale stand before or behind the softmax?")
def scale_behind(queries, keys, values, scale=None):
    factor = 1 / math.sqrt(queries.shape[-1]) if scale is None else scale
    return mixed(queries @ keys.transpose(-2, -1), values) * factor


@attention_like_torch.alternative("the queries are scaled first")
def queries_first(queries, keys, values, scale=None):
    if scale is None:
        scale = queries.size(-1) ** -0.5
    return mixed(queries * scale @ keys.mT, values)


@attention_like_torch.alternative("in float32")
def like_torch_float32(queries, keys, values, scale=None):
    factor = 1 / math.sqrt(queries.shape[-1]) if scale is None else scale
    return torch.softmax(queries.float() @ keys.float().mT * factor, dim=-1) @ values.float()


@attention_like_torch.alternative("einsum")
def like_torch_einsum(queries, keys, values, scale=None):
    factor = scale if scale is not None else keys.shape[-1] ** -0.5
    weights = (torch.einsum("...qd,...kd->...qk", queries, keys) * factor).softmax(-1)
    return torch.einsum("...qk,...kv->...qv", weights, values)
