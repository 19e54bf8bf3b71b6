import math

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.p03_scaled_dot_product_attention.shared import (
    ATTENTION,
    KEYS,
    QUERIES,
    VALUES,
    mixed,
    tensors,
)


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
    but for rounding, and gradients must reach queries, keys and values.
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
    for scale in (0.05, 1.0, 3.0, -0.5):
        probes.equal(answer(*inputs, scale), torchs(*inputs, scale))


@attention_like_torch.check("takes the plain mean at a scale of 0", hint="All scores times 0: which weights result?")
def zero_scale(answer, rng):
    inputs = tensors(rng, (3, 7), (5, 7), (5, 11))
    probes.equal(answer(*inputs, 0.0), inputs[2].mean(dim=0).expand(3, 11))


@attention_like_torch.check("lets gradients reach queries, keys and values",
                            hint="Which call in your code leaves the graph of torch?")
def gradients_arrive(answer, rng):
    probes.gradient_parity(answer, torchs, *tensors(rng, (2, 3, 7), (2, 5, 7), (2, 5, 11)),
                           cotangent=tensors(rng, (2, 3, 11))[0])


@attention_like_torch.mistake("computes in NumPy, so that no gradient comes back",
                              hint="What does `.numpy()` do to the graph?")
def in_numpy(queries, keys, values, scale=None):
    return torchs(queries.detach(), keys.detach(), values.detach(), scale)


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
