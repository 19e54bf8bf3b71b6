r"""# Exercises 05: self-attention

One text asks, answers and is read: queries, keys and values are all made from the same tokens. Read lesson
[05](../notebooks/05_self_attention.ipynb) first.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes


def tensor(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def weights(rng, d_model=7, d_k=5, d_v=11):
    return tensor(rng, d_model, d_k), tensor(rng, d_model, d_k), tensor(rng, d_model, d_v)


TOKENS = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
ASKING = torch.tensor([[2.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
ANSWERING = torch.tensor([[1.0, 0.0], [0.0, 3.0]], dtype=torch.float64)
READING = torch.tensor([[1.0], [10.0]], dtype=torch.float64)


@exercise(points=3, hints=(
    "Each token is a row. On which side of a row stands the matrix that maps it?",
    "Three matrices, three products, all of the same `x`. What are their shapes?",
))
def project(x: Float[Tensor, "*batch tokens d_model"], query_weight: Float[Tensor, "d_model d_k"],
            key_weight: Float[Tensor, "d_model d_k"],
            value_weight: Float[Tensor, "d_model d_v"]) -> tuple[Tensor, Tensor, Tensor]:
    r"""Make queries, keys and values from the same tokens.

    $Q = XW^Q$, $K = XW^K$, $V = XW^V$ (Vaswani et al. 2017, §3.2.2). Each row of `x` is one token. Return the three in
    this order; queries and keys have $d_k$ numbers a token, values $d_v$.
    """
    return x @ query_weight, x @ key_weight, x @ value_weight


project.example(TOKENS, ASKING, ANSWERING, READING)


@project.check("projects each token by each matrix",
               hint="Compute the query of the second token of the example by hand.")
def projects_tokens(answer, rng):
    x, (query, key, value) = tensor(rng, 3, 7), weights(rng)
    got = answer(x, query, key, value)
    for found, weight in zip(got, (query, key, value)):
        expected = torch.stack([sum(token[i] * weight[i] for i in range(7)) for token in x])
        probes.equal(found, expected)


@project.check("works for a batch and for square matrices", hint="Equal sizes hide a transposition. Follow one number.")
def projects_batches(answer, rng):
    for batch, sizes in (((2,), (5, 11)), ((), (7, 7)), ((2, 13), (7, 7))):
        probes.parity(answer, project, tensor(rng, *batch, 3, 7), *weights(rng, 7, *sizes))


@project.mistake("takes one matrix for all three", hint="How many different matrices does your code use?")
def shared_matrix(x, query_weight, key_weight, value_weight):
    return x @ query_weight, x @ query_weight, x @ query_weight


@project.mistake("makes the keys with the matrix of the queries", hint="Which matrix belongs to the keys?")
def keys_by_queries(x, query_weight, key_weight, value_weight):
    return x @ query_weight, x @ query_weight, x @ value_weight


@project.mistake("exchanges queries and keys", hint="In which order are the three asked for?")
def exchanged(x, query_weight, key_weight, value_weight):
    return x @ key_weight, x @ query_weight, x @ value_weight


@project.mistake("transposes the matrices", hint="Which axis of the matrix has as many numbers as a token?")
def transposed(x, query_weight, key_weight, value_weight):
    return x @ query_weight.T, x @ key_weight.T, x @ value_weight.T


@project.mistake("puts the matrices on the left", hint="`@` sums over the last axis of its left side. Which is that?")
def on_the_left(x, query_weight, key_weight, value_weight):
    return query_weight @ x, key_weight @ x, value_weight @ x


@project.mistake("projects the queries again to make the keys",
                 hint="What are keys made of: of the tokens or of the queries?")
def one_after_the_other(x, query_weight, key_weight, value_weight):
    queries = x @ query_weight
    return queries, queries @ key_weight, x @ value_weight


@project.mistake("returns the tokens themselves as values", hint="Which matrix have you not used yet?")
def raw_values(x, query_weight, key_weight, value_weight):
    return x @ query_weight, x @ key_weight, x


@project.alternative("einsum")
def project_einsum(x, query_weight, key_weight, value_weight):
    return tuple(torch.einsum("...td,dk->...tk", x, weight) for weight in (query_weight, key_weight, value_weight))


@project.alternative("one product with the matrices side by side, then split")
def project_joined(x, query_weight, key_weight, value_weight):
    joined = torch.cat([query_weight, key_weight, value_weight], dim=1)
    return (x @ joined).split([query_weight.shape[1], key_weight.shape[1], value_weight.shape[1]], dim=-1)


@exercise(points=4, hints=(
    "Chapter 03 and `project` together are all you need. What is fed into what?",
    "Which width belongs under the root: that of the tokens or that of the keys?",
))
def self_attention(x: Float[Tensor, "*batch tokens d_model"], query_weight: Float[Tensor, "d_model d_k"],
                   key_weight: Float[Tensor, "d_model d_k"],
                   value_weight: Float[Tensor, "d_model d_v"]) -> Float[Tensor, "*batch tokens d_v"]:
    r"""Let every token attend to all tokens of its own text.

    $\mathrm{softmax}(QK^\top/\sqrt{d_k})V$ with $Q = XW^Q$, $K = XW^K$ and $V = XW^V$ (Vaswani et al. 2017, eq. 1 and
    §3.2.2); $d_k$ is the width of queries and keys. Gradients must reach `x` and all three matrices.
    """
    queries, keys, values = x @ query_weight, x @ key_weight, x @ value_weight
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(keys.shape[-1])
    return torch.softmax(scores, dim=-1) @ values


self_attention.example(TOKENS, ASKING, ANSWERING, READING)


@self_attention.check("agrees with a loop over the tokens", hint="Compute one output of the example by hand.")
def agrees_with_a_loop(answer, rng):
    x, (query, key, value) = tensor(rng, 3, 7), weights(rng)
    rows = []
    for token in x:
        powers = torch.stack([torch.exp((token @ query) @ (other @ key) / math.sqrt(5)) for other in x])
        rows.append(sum(power / powers.sum() * (other @ value) for power, other in zip(powers, x)))
    probes.equal(answer(x, query, key, value), torch.stack(rows))


@self_attention.check("keeps the texts of a batch apart", hint="Which axes does your transposition exchange?")
def texts_apart(answer, rng):
    for batch in ((2,), (2, 13), (1,)):
        probes.parity(answer, self_attention, tensor(rng, *batch, 3, 7), *weights(rng))


@self_attention.check("works when all sizes are equal",
                      hint="Equal sizes hide a wrong axis. Which axis do weights sum over?")
def equal_sizes(answer, rng):
    probes.parity(answer, self_attention, tensor(rng, 5, 5), *weights(rng, 5, 5, 5))


@self_attention.check("lets gradients reach the tokens and all matrices", hint="Which step leaves the graph of torch?")
def gradients_arrive(answer, rng):
    probes.gradient_parity(answer, self_attention, tensor(rng, 2, 3, 7), *weights(rng), cotangent=tensor(rng, 2, 3, 11))


def attend(queries, keys, values, scale):
    return torch.softmax(queries @ keys.transpose(-2, -1) * scale, dim=-1) @ values


@self_attention.mistake("divides by √d_model instead of √d_k",
                        hint="Which vectors are multiplied in a score: how wide are they?")
def scale_of_tokens(x, query_weight, key_weight, value_weight):
    return attend(x @ query_weight, x @ key_weight, x @ value_weight, x.shape[-1] ** -0.5)


@self_attention.mistake("does not scale the scores",
                        hint="Which of the steps is missing: project, score, scale, softmax, mix?")
def unscaled(x, query_weight, key_weight, value_weight):
    return attend(x @ query_weight, x @ key_weight, x @ value_weight, 1.0)


@self_attention.mistake("mixes the tokens instead of their values",
                        hint="How wide is your result? Where is the third matrix?")
def mixes_tokens(x, query_weight, key_weight, value_weight):
    return attend(x @ query_weight, x @ key_weight, x, query_weight.shape[-1] ** -0.5)


@self_attention.mistake("mixes the keys instead of the values", hint="What is matched, and what is mixed?")
def mixes_keys(x, query_weight, key_weight, value_weight):
    return attend(x @ query_weight, x @ key_weight, x @ key_weight, query_weight.shape[-1] ** -0.5)


@self_attention.mistake("uses one matrix for queries and keys",
                        hint="Does token 0 score token 1 as token 1 scores token 0 in your code? Must it?")
def one_for_both(x, query_weight, key_weight, value_weight):
    return attend(x @ query_weight, x @ query_weight, x @ value_weight, query_weight.shape[-1] ** -0.5)


@self_attention.mistake("scores the tokens without projecting them", hint="What are the first two matrices for?")
def unprojected(x, query_weight, key_weight, value_weight):
    return attend(x, x, x @ value_weight, query_weight.shape[-1] ** -0.5)


@self_attention.mistake("lets the keys ask and the queries answer", hint="Row t of the scores belongs to whose query?")
def roles_exchanged(x, query_weight, key_weight, value_weight):
    return attend(x @ key_weight, x @ query_weight, x @ value_weight, query_weight.shape[-1] ** -0.5)


@self_attention.mistake("normalises over the queries", hint="Over which axis must the weights of one query sum to one?")
def over_queries(x, query_weight, key_weight, value_weight):
    scores = (x @ query_weight) @ (x @ key_weight).transpose(-2, -1) / math.sqrt(query_weight.shape[-1])
    return torch.softmax(scores, dim=-2) @ (x @ value_weight)


@self_attention.mistake("weighs all tokens equally", hint="Does your result of token 0 differ from that of token 1?")
def equal_weights(x, query_weight, key_weight, value_weight):
    return (x @ value_weight).mean(dim=-2, keepdim=True).expand(*x.shape[:-1], value_weight.shape[-1])


@self_attention.mistake("uses `.T`, which turns all axes round",
                        hint="What shape has `keys.T` for keys of shape (2, 3, 5)?")
def capital_t(x, query_weight, key_weight, value_weight):
    scores = (x @ query_weight) @ (x @ key_weight).T / math.sqrt(query_weight.shape[-1])
    return torch.softmax(scores, dim=-1) @ (x @ value_weight)


@self_attention.mistake("cuts the weights off from the gradient", hint="Which of the matrices receive no gradient?")
def detached(x, query_weight, key_weight, value_weight):
    scores = (x @ query_weight) @ (x @ key_weight).transpose(-2, -1) / math.sqrt(query_weight.shape[-1])
    return torch.softmax(scores, dim=-1).detach() @ (x @ value_weight)


@self_attention.alternative("one matrix that scores pairs of tokens")
def bilinear(x, query_weight, key_weight, value_weight):
    pair = query_weight @ key_weight.T / math.sqrt(query_weight.shape[-1])
    return torch.softmax(x @ pair @ x.transpose(-2, -1), dim=-1) @ x @ value_weight


@self_attention.alternative("einsum")
def self_attention_einsum(x, query_weight, key_weight, value_weight):
    queries, keys, values = (torch.einsum("...td,dk->...tk", x, w) for w in (query_weight, key_weight, value_weight))
    scores = torch.einsum("...qd,...kd->...qk", queries, keys) / query_weight.shape[1] ** 0.5
    return torch.einsum("...qk,...kv->...qv", scores.softmax(-1), values)


@self_attention.alternative("torch's own attention")
def by_torch(x, query_weight, key_weight, value_weight):
    return torch.nn.functional.scaled_dot_product_attention(x @ query_weight, x @ key_weight, x @ value_weight)


@exercise(points=3, hints=(
    "There are two ways to get from `x` to an output with the tokens in the new order. Which two?",
    "`x[order]` puts the tokens into the new order. Where else is `order` needed?",
))
def equivariance_error(model: Callable[[Tensor], Tensor], x: Float[Tensor, "tokens d"],
                       order: Int[Tensor, " tokens"]) -> float:
    r"""Measure how much a model cares about the order of its tokens.

    `order` is a permutation: the new text is `x[order]`. If the model does not care, it gives the same outputs in the
    new order: `model(x[order])` equals `model(x)[order]`. Return the largest absolute difference between the two.
    In the example the model adds up all tokens from the first to each (`x.cumsum(0)`).
    """
    return float((model(x[order]) - model(x)[order]).abs().max())


equivariance_error.example(lambda x: x.cumsum(0), torch.tensor([[1.0, 0.0], [0.0, 2.0], [4.0, 0.5]]),
                           torch.tensor([2, 0, 1]))


def orders(rng, tokens):
    """A permutation that is not its own inverse, as numbers."""
    while True:
        order = torch.from_numpy(rng.permutation(tokens))
        if not torch.equal(order, order.argsort()) and not torch.equal(order, torch.arange(tokens)):
            return order


ORDERLY = [lambda x: x.cumsum(dim=0).cumsum(dim=1), lambda x: x * torch.arange(1, len(x) + 1)[:, None],
           lambda x: torch.cat([x[:1], x[:-1]]), lambda x: x.flip(0) * 2]
ORDERLESS = [lambda x: x * 3, lambda x: x.mean(dim=0, keepdim=True) + x, lambda x: torch.softmax(x @ x.T, dim=-1) @ x]


@equivariance_error.check("finds no error where order does not matter",
                          hint="Permute the outputs of the first run as well.")
def none_where_none(answer, rng):
    for model in ORDERLESS:
        error = answer(model, tensor(rng, 7, 3), orders(rng, 7))
        probes.require(abs(error) < 1e-9, f"a model that does not care gets the error {error:.3g}")


@equivariance_error.check("measures the error where order matters",
                          hint="Compare all numbers. Which difference is the largest?")
def some_where_some(answer, rng):
    for model in ORDERLY:
        x, order = tensor(rng, 7, 3), orders(rng, 7)
        moved, kept = model(x[order]), model(x)
        expected = max(abs(float(moved[i, j] - kept[int(order[i]), j])) for i in range(7) for j in range(3))
        probes.equal(answer(model, x, order), expected)


@equivariance_error.mistake("leaves the outputs of the first run in the old order",
                            hint="That asks whether the outputs stay the same. Which should go along with the tokens?")
def outputs_stay(model, x, order):
    return float((model(x[order]) - model(x)).abs().max())


@equivariance_error.mistake("permutes the features, not the tokens", hint="Which axis of `x` are the tokens?")
def features(model, x, order):
    order = order[order < x.shape[1]]
    return float((model(x[:, order]) - model(x)[:, order]).abs().max())


@equivariance_error.mistake("undoes the permutation on the wrong side",
                            hint="`argsort` inverts a permutation. Do you invert the one you need?")
def wrong_inverse(model, x, order):
    return float((model(x[order]) - model(x)[order.argsort()]).abs().max())


@equivariance_error.mistake("takes the mean difference, not the largest", hint="Which one number is asked for?")
def mean_difference(model, x, order):
    return float((model(x[order]) - model(x)[order]).abs().mean())


@equivariance_error.mistake("takes the largest difference with its sign", hint="Is −5 a smaller error than 1?")
def with_sign(model, x, order):
    return float((model(x[order]) - model(x)[order]).max())


@equivariance_error.mistake("squares the difference", hint="In which unit is the error asked for?")
def squared(model, x, order):
    return float((model(x[order]) - model(x)[order]).square().max())


@equivariance_error.mistake("does not permute the input", hint="What does the model see in your two runs?")
def input_kept(model, x, order):
    return float((model(x) - model(x)[order]).abs().max())


@equivariance_error.mistake("compares a run with itself", hint="Where does `order` reach the model in your code?")
def always_zero(model, x, order):
    return float((model(x)[order] - model(x)[order]).abs().max())


@equivariance_error.alternative("undoing the permutation afterwards")
def undone(model, x, order):
    return (model(x[order])[order.argsort()] - model(x)).abs().max().item()


@equivariance_error.alternative("a loop over the tokens")
def by_loop(model, x, order):
    moved, kept = model(x[order]), model(x)
    return max(float((moved[place] - kept[token]).abs().max()) for place, token in enumerate(order.tolist()))


@exercise(points=3, hints=(
    "Two texts: one is compared, the other is read. Which of the three projections take which text?",
    "Who is found depends on queries and keys; what is read depends on the values.",
))
def read_other_text(x: Float[Tensor, "tokens d_model"], other: Float[Tensor, "tokens d_model"],
                    query_weight: Float[Tensor, "d_model d_k"], key_weight: Float[Tensor, "d_model d_k"],
                    value_weight: Float[Tensor, "d_model d_v"]) -> Float[Tensor, "tokens d_v"]:
    r"""Find tokens in one text, but read what stands at their places in another.

    Queries and keys come from `x`, so `x` decides who attends to whom; the values come from `other`, which has as many
    tokens. $\mathrm{softmax}(QK^\top/\sqrt{d_k})V$ as before. (Replacing the values changes what is read, not who is
    found.)
    """
    scores = (x @ query_weight) @ (x @ key_weight).T / math.sqrt(key_weight.shape[-1])
    return torch.softmax(scores, dim=-1) @ (other @ value_weight)


read_other_text.example(TOKENS, 10 * TOKENS, ASKING, ANSWERING, READING)


@read_other_text.check("finds in one text and reads in the other", hint="If `other` is all zeros, what must come out?")
def finds_and_reads(answer, rng):
    x, other = tensor(rng, 3, 7), tensor(rng, 3, 7)
    probes.parity(answer, read_other_text, x, other, *weights(rng))


@read_other_text.check("doubles its output when the other text is doubled, and not more",
                       hint="Does `other` take part in the scores of your code?")
def linear_in_the_other(answer, rng):
    x, other, matrices = tensor(rng, 3, 7), tensor(rng, 3, 7), weights(rng)
    probes.equal(answer(x, 2 * other, *matrices), 2 * answer(x, other, *matrices))
    probes.parity(answer, read_other_text, x, 0 * other, *matrices)


def mixed(queries, keys, values):
    return attend(queries, keys, values, queries.shape[-1] ** -0.5)


@read_other_text.mistake("reads its own text", hint="Where does `other` appear in your code?")
def reads_own(x, other, query_weight, key_weight, value_weight):
    return mixed(x @ query_weight, x @ key_weight, x @ value_weight)


@read_other_text.mistake("finds in the other text and reads its own", hint="Which text decides who is found?")
def the_other_way(x, other, query_weight, key_weight, value_weight):
    return mixed(other @ query_weight, other @ key_weight, x @ value_weight)


@read_other_text.mistake("takes the keys from the other text as well",
                         hint="That is cross-attention, of a later chapter. Where do the keys come from here?")
def cross(x, other, query_weight, key_weight, value_weight):
    return mixed(x @ query_weight, other @ key_weight, other @ value_weight)


@read_other_text.mistake("takes the keys, not the values, from the other text", hint="What is read: keys or values?")
def keys_from_other(x, other, query_weight, key_weight, value_weight):
    return mixed(x @ query_weight, other @ key_weight, x @ value_weight)


@read_other_text.mistake("does all in the other text", hint="Where does `x` appear in your code?")
def all_other(x, other, query_weight, key_weight, value_weight):
    return mixed(other @ query_weight, other @ key_weight, other @ value_weight)


@read_other_text.mistake("mixes the other text without projecting it",
                         hint="How wide is your result? What is the third matrix for?")
def raw_other(x, other, query_weight, key_weight, value_weight):
    return mixed(x @ query_weight, x @ key_weight, other)


@read_other_text.mistake("adds the two texts", hint="Is either text changed by the other?")
def added(x, other, query_weight, key_weight, value_weight):
    return mixed(x @ query_weight, x @ key_weight, (x + other) @ value_weight)


@read_other_text.alternative("weights first, then the two products in another order")
def weights_first(x, other, query_weight, key_weight, value_weight):
    scores = torch.einsum("qd,dc,ec,ke->qk", x, query_weight, key_weight, x) / query_weight.shape[1] ** 0.5
    return (scores.softmax(-1) @ other) @ value_weight
