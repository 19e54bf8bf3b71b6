import math

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.p03_scaled_dot_product_attention.e02_attention import attention
from selfattention.problems.p03_scaled_dot_product_attention.shared import (
    ATTENTION,
    KEYS,
    QUERIES,
    VALUES,
    mixed,
    random_inputs,
    tensors,
)


@exercise(points=4, minutes=12, builds_on="exercise 2", ready_made=ATTENTION, hints=(
    "The steps are the same four as in NumPy. Which of your lines counts an axis from the front, or uses `.T`?",
    "`keys.transpose(-2, -1)` exchanges two axes, whatever comes before them. `torch.softmax` must be told its axis, "
    "as `dim`.",
    "If no gradient comes through: `.detach()`, `.item()`, `.numpy()` and `torch.no_grad()` all cut it off.",
))
def batched_attention(queries: Float[Tensor, "*batch queries d_k"], keys: Float[Tensor, "*batch keys d_k"],
                      values: Float[Tensor, "*batch keys d_v"]) -> Float[Tensor, "*batch queries d_v"]:
    r"""Write attention in torch, for any batch axes, so that gradients reach all three inputs.

    $\mathrm{softmax}(QK^\top/\sqrt{d_k})V$ for each place of the batch on its own. There may be no batch axis, one
    (sentences) or two (sentences and heads). `torch.softmax` may be used.
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
                         hint="Which of your lines counts an axis from the front?")
def any_batch(answer, rng):
    for batch in ((2,), (2, 13), (3,)):
        probes.parity(answer, batched_attention, *tensors(rng, (*batch, 3, 7), (*batch, 5, 7), (*batch, 5, 11)))


@batched_attention.check("lets gradients reach queries, keys and values",
                         hint="Which call in your code leaves torch's graph?")
def gradients_arrive(answer, rng):
    *inputs, cotangent = tensors(rng, (2, 3, 7), (2, 5, 7), (2, 5, 11), (2, 3, 11))
    probes.gradient_parity(answer, batched_attention, *inputs, cotangent=cotangent)


@batched_attention.mistake("uses `.T`, which reverses all axes",
                           hint="What is the shape of `keys.T` for keys of shape (2, 5, 7)?")
def capital_t(queries, keys, values):
    return mixed(queries @ keys.T / math.sqrt(queries.shape[-1]), values)


@batched_attention.mistake("exchanges the first two axes",
                           hint="Which axes does `transpose(0, 1)` exchange when there is a batch?")
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
                           hint="`dim=-2` is the queries. Over which axis should the weights sum to one?")
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
                           hint="Is the size you divide by a width, or a number of tokens?")
def scale_of_queries(queries, keys, values):
    return mixed(queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-2]), values)


@batched_attention.mistake("flattens the batch and reshapes the keys",
                           hint="After `reshape`, are the numbers of one key still together?")
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


@batched_attention.alternative("the root of a tensor, which is in float32")
def root_of_a_tensor(queries, keys, values):
    return mixed(queries @ keys.mT / torch.sqrt(torch.tensor(queries.shape[-1])), values)


@batched_attention.alternative("torch.matmul, mT and exp")
def batched_exp(queries, keys, values):
    scores = torch.matmul(queries / queries.shape[-1] ** 0.5, keys.mT)
    powers = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return torch.matmul(powers, values) / powers.sum(dim=-1, keepdim=True)
