import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p06_multi_head_attention.shared import mixed


def split(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge(x):
    return x.transpose(1, 2).flatten(-2)


def weights(rng, d_model=6):
    return [tensor(rng, d_model, d_model) for _ in range(4)]


LAYER = ("torch.nn.MultiheadAttention", "multi-head attention")


@exercise(points=4, ready_made=LAYER, hints=(
    "Project, split, attend in each head, merge, project. Which of the five is missing in your code?",
    "Between split and merge it is chapter 03, with one more axis in front. How wide is a query of one head?",
))
def multi_head_attention(x: Float[Tensor, "batch tokens d_model"], query_weight: Float[Tensor, "d_model d_model"],
                         key_weight: Float[Tensor, "d_model d_model"], value_weight: Float[Tensor, "d_model d_model"],
                         output_weight: Float[Tensor, "d_model d_model"],
                         heads: int) -> Float[Tensor, "batch tokens d_model"]:
    r"""Let each head attend on its own part of queries, keys and values.

    $\mathrm{Concat}(head_1, \dots, head_h) W^O$ (Vaswani et al. 2017, §3.2.2). Queries are `x @ query_weight`, keys and
    values likewise; head $i$ takes the $i$-th equal part of their numbers, $d_{head}$ = d_model / heads of them, and
    divides its scores by $\sqrt{d_{head}}$. Last comes `@ output_weight`. Gradients must reach `x` and
    all matrices.
    """
    queries, keys, values = (x @ weight for weight in (query_weight, key_weight, value_weight))
    queries, keys, values = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (queries, keys, values))
    scores = queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5
    mixed = torch.softmax(scores, dim=-1) @ values
    return mixed.transpose(1, 2).flatten(-2) @ output_weight


multi_head_attention.example(torch.tensor([[[1.0, 0.0, 2.0, 0.0], [0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 0.0, 3.0]]]),
                             torch.eye(4), torch.eye(4), torch.eye(4), torch.diag(torch.tensor([1.0, 10, 100, 1000])),
                             2)


@multi_head_attention.check("agrees with one head after the other", hint="Compute head 0 alone. What does it see?")
def one_after_the_other(answer, rng):
    x, (query, key, value, output) = tensor(rng, 2, 5, 6), weights(rng)
    outputs = []
    for head in (slice(0, 2), slice(2, 4), slice(4, 6)):
        scores = torch.einsum("bqd,bkd->bqk", x @ query[:, head], x @ key[:, head]) / 2**0.5
        outputs.append(torch.einsum("bqk,bkd->bqd", scores.softmax(-1), x @ value[:, head]))
    probes.equal(answer(x, query, key, value, output, 3), torch.cat(outputs, dim=-1) @ output)


@multi_head_attention.check("is one attention of full width where there is one head",
                            hint="With one head nothing is cut. What is left of your code then?")
def one_head(answer, rng):
    x, (query, key, value, output) = tensor(rng, 1, 5, 6), weights(rng)
    expected = mixed(x @ query, x @ key, x @ value, 6**-0.5) @ output
    probes.equal(answer(x, query, key, value, output, 1), expected)


@multi_head_attention.check("sees order no more than one head does",
                            hint="Exchange two tokens. Which outputs may change?")
def equivariant(answer, rng):
    x, matrices, order = tensor(rng, 2, 5, 6), weights(rng), torch.tensor([2, 0, 4, 1, 3])
    probes.equal(answer(x[:, order], *matrices, 3), answer(x, *matrices, 3)[:, order],
                 "tokens in another order do not give the outputs in that order")


@multi_head_attention.check("lets gradients reach the tokens and all four matrices",
                            hint="Which step leaves the graph of torch?")
def gradients_arrive(answer, rng):
    probes.gradient_parity(answer, multi_head_attention, tensor(rng, 2, 5, 6), *weights(rng), 3,
                           cotangent=tensor(rng, 2, 5, 6))


@multi_head_attention.mistake("divides by √d_model instead of √d_head",
                              hint="Which vectors are multiplied in a score of one head: how wide are they?")
def scale_of_model(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, x.shape[-1] ** -0.5)) @ output_weight


@multi_head_attention.mistake("does not scale the scores", hint="Which of chapter 03's steps is missing in a head?")
def unscaled(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, 1.0)) @ output_weight


@multi_head_attention.mistake("splits by view without exchanging the axes",
                              hint="Whose numbers stand in one row of a head? Are they from one token?")
def split_by_view(x, query_weight, key_weight, value_weight, output_weight, heads):
    def cut(y):
        return y.reshape(y.shape[0], heads, y.shape[1], -1)
    parts = (cut(x @ weight) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, (x.shape[-1] / heads) ** -0.5)) @ output_weight


@multi_head_attention.mistake("splits and merges by view without exchanging the axes",
                              hint="With a view both ways the shapes fit. Which tokens does a head see then?")
def views_both_ways(x, query_weight, key_weight, value_weight, output_weight, heads):
    def cut(y):
        return y.reshape(y.shape[0], heads, y.shape[1], -1)
    parts = (cut(x @ weight) for weight in (query_weight, key_weight, value_weight))
    return mixed(*parts, (x.shape[-1] / heads) ** -0.5).reshape(x.shape) @ output_weight


@multi_head_attention.mistake("merges without exchanging the axes back",
                              hint="Split exchanges heads and tokens. What does your merge do about it?")
def merge_by_view(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return mixed(*parts, (x.shape[-1] / heads) ** -0.5).reshape(x.shape) @ output_weight


@multi_head_attention.mistake("forgets the output projection", hint="Which of the four matrices have you not used yet?")
def no_output(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, (x.shape[-1] / heads) ** -0.5))


@multi_head_attention.mistake("attends once with the full width", hint="Where does `heads` appear in your code?")
def one_attention(x, query_weight, key_weight, value_weight, output_weight, heads):
    return mixed(x @ query_weight, x @ key_weight, x @ value_weight, x.shape[-1] ** -0.5) @ output_weight


@multi_head_attention.mistake("averages the heads before the output projection",
                              hint="What do the heads of one token become: one average, or one row?")
def heads_averaged(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    mean = mixed(*parts, (x.shape[-1] / heads) ** -0.5).mean(dim=1)
    return mean.repeat(1, 1, heads) @ output_weight


@multi_head_attention.mistake("normalises over the queries",
                              hint="Over which axis must the weights of one query sum to one?")
def over_queries(x, query_weight, key_weight, value_weight, output_weight, heads):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    scores = queries @ keys.mT / queries.shape[-1] ** 0.5
    return merge(torch.softmax(scores, dim=-2) @ values) @ output_weight


@multi_head_attention.mistake("lets the heads of a token attend to each other",
                              hint="Which axes are the last two when you multiply queries and keys?")
def heads_attend(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = ((x @ weight).unflatten(-1, (heads, -1)) for weight in (query_weight, key_weight, value_weight))
    return mixed(*parts, (x.shape[-1] / heads) ** -0.5).flatten(-2) @ output_weight


@multi_head_attention.mistake("transposes the output matrix",
                              hint="On which side of a row stands the matrix, and which way round?")
def output_transposed(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, (x.shape[-1] / heads) ** -0.5)) @ output_weight.T


@multi_head_attention.mistake("cuts the weights off from the gradient",
                              hint="Which of the matrices receive no gradient?")
def detached(x, query_weight, key_weight, value_weight, output_weight, heads):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    scores = queries @ keys.mT / queries.shape[-1] ** 0.5
    return merge(torch.softmax(scores, dim=-1).detach() @ values) @ output_weight


@multi_head_attention.mistake("divides by the root of the number of heads",
                              hint="Over how many products is a score of one head summed?")
def scale_of_heads(x, query_weight, key_weight, value_weight, output_weight, heads):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(queries, keys, values, heads**-0.5)) @ output_weight


@multi_head_attention.mistake("turns the three matrices, as `nn.Linear` keeps them",
                              hint="The prompt multiplies `x @ query_weight`. Is that what your layer does with "
                                   "this matrix?")
def as_linear(x, query_weight, key_weight, value_weight, output_weight, heads):
    return multi_head_attention(x, query_weight.T, key_weight.T, value_weight.T, output_weight, heads)


@multi_head_attention.mistake("gives all heads the result of the first",
                              hint="Which part of the queries does head 1 read in your code?")
def first_head_for_all(x, query_weight, key_weight, value_weight, output_weight, heads):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    results = mixed(queries, keys, values, queries.shape[-1] ** -0.5)
    return merge(results[:, :1].expand_as(results)) @ output_weight


@multi_head_attention.mistake("lets all heads look for the keys of the first",
                              hint="Which keys does head 1 score in your code?")
def first_keys_for_all(x, query_weight, key_weight, value_weight, output_weight, heads):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(queries, keys[:, :1], values, queries.shape[-1] ** -0.5)) @ output_weight


@multi_head_attention.alternative("a loop over the heads")
def by_loop(x, query_weight, key_weight, value_weight, output_weight, heads):
    width = x.shape[-1] // heads
    outputs = []
    for head in range(heads):
        part = slice(head * width, (head + 1) * width)
        outputs.append(mixed(x @ query_weight[:, part], x @ key_weight[:, part], x @ value_weight[:, part],
                             width**-0.5))
    return torch.cat(outputs, dim=-1) @ output_weight


@multi_head_attention.alternative("each head's output projected on its own, then added")
def added_up(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    each = mixed(*parts, (x.shape[-1] / heads) ** -0.5)
    return torch.einsum("bhtd,hdm->btm", each, output_weight.unflatten(0, (heads, -1)))


@multi_head_attention.alternative("torch's own attention")
def by_torch(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(torch.nn.functional.scaled_dot_product_attention(*parts)) @ output_weight
