import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p09_encoder_decoder.shared import real


@exercise(points=4, minutes=10, builds_on="exercise 2 of chapter 05 and exercise 4 of chapter 04", hints=(
    "Who asks, who is found, who is read? Which two of the three come from the same sentence?",
    "It is the self-attention of chapter 05 with one change and a mask. Which of the three products has `x` in it?",
    "What is the shape of the scores: how many rows and columns, if the target has 3 tokens and the source 5?",
))
def cross_attention(x: Float[Tensor, "batch target d_model"], memory: Float[Tensor, "batch source d_model"],
                    query_weight: Float[Tensor, "d_model d_k"], key_weight: Float[Tensor, "d_model d_k"],
                    value_weight: Float[Tensor, "d_model d_v"],
                    memory_mask: Bool[Tensor, "batch one source"]) -> Float[Tensor, "batch target d_v"]:
    r"""Let each target token look at the source.

    `x` comes from the decoder; `memory` is what the encoder made of the source. "[T]he queries come from the previous
    decoder layer, and the memory keys and values come from the output of the encoder" (Vaswani et al. 2017, §3.2.3);
    the rest is eq. 1, where $d_k$ is the width of a key. `memory_mask` is `True` at the real source tokens, of which
    each sentence has at least one; all others get no weight, even where every real score is far below 0. Gradients must
    reach `x`, `memory` and the three matrices.
    """
    queries, keys, values = x @ query_weight, memory @ key_weight, memory @ value_weight
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(keys.shape[-1])
    return torch.softmax(scores.masked_fill(~memory_mask, -math.inf), dim=-1) @ values


cross_attention.example(
    torch.tensor([[[4.0, 0.0], [0.0, 4.0]]]), torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]]),
    torch.eye(2), torch.eye(2), torch.tensor([[10.0], [20.5]]), torch.tensor([[[True, True, False]]]))
cross_attention.example(
    torch.tensor([[[4.0, 0.0], [0.0, 4.0]]]), torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]]),
    torch.tensor([[1.0], [0.0]]), torch.tensor([[1.0], [0.5]]), torch.tensor([[10.0], [20.5]]),
    torch.tensor([[[True, True, True]]]))


def matrices(rng, d_model=7, d_k=11, d_v=13):
    return tensor(rng, d_model, d_k) / 2, tensor(rng, d_model, d_k) / 2, tensor(rng, d_model, d_v)


@cross_attention.check("agrees with a loop over target and source tokens",
                       hint="Compute the first output of the example by hand: which two values are mixed?")
def loop_over_both(answer, rng):
    x, memory, (query, key, value) = tensor(rng, 2, 3, 7), tensor(rng, 2, 5, 7), matrices(rng)
    lengths, rows = (4, 2), []
    for asking, found, length in zip(x, memory, lengths):
        for token in asking:
            powers = torch.stack([torch.exp((token @ query) @ (other @ key) / 11**0.5) for other in found[:length]])
            rows.append(sum(power / powers.sum() * (other @ value) for power, other in zip(powers, found)))
    expected = torch.stack(rows).unflatten(0, (2, 3))
    probes.equal(answer(x, memory, query, key, value, real(lengths, 5)), expected)


@cross_attention.check("works where source and target are equally long, and for single tokens",
                       hint="Equal lengths hide a mix-up. Which of the two does each matrix multiply?")
def equally_long(answer, rng):
    for batch, target, source, lengths in ((2, 5, 5, (3, 5)), (1, 1, 3, (2,)), (2, 3, 1, (1, 1))):
        probes.parity(answer, cross_attention, tensor(rng, batch, target, 7), tensor(rng, batch, source, 7),
                      *matrices(rng), real(lengths, source))


@cross_attention.check("does not notice what is in the padding",
                       hint="Change a padded source token. Which step should make that invisible?")
def padding_unnoticed(answer, rng):
    x, memory, three = tensor(rng, 2, 3, 7), tensor(rng, 2, 5, 7), matrices(rng)
    changed = memory.clone()
    changed[0, 2:] = 10 * tensor(rng, 3, 7)
    before, after = (answer(x, some, *three, real((2, 5), 5)) for some in (memory, changed))
    probes.unmoved(before, after, "an output changed because a padded source token did")
    small, identity = [torch.round(8 * tensor(rng, 2, tokens, 4)) / 8 for tokens in (3, 5)], torch.eye(4).double()
    small[0][..., 0], small[1][..., 0] = 1.0, -100_000.0  # every real score is far below 0
    probes.parity(answer, cross_attention, *small, identity, identity, three[2][:4], real((2, 5), 5))


@cross_attention.check("lets gradients reach the decoder, the encoder and all matrices",
                       hint="The encoder has no loss of its own. Which way do gradients take to reach it?")
def both_learn(answer, rng):
    probes.gradient_parity(answer, cross_attention, tensor(rng, 2, 3, 7), tensor(rng, 2, 5, 7), *matrices(rng),
                           real((4, 5), 5), cotangent=tensor(rng, 2, 3, 13))


def mixed(queries, keys, values, mask, scale=None):
    scores = queries @ keys.mT * (keys.shape[-1] ** -0.5 if scale is None else scale)
    return torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1) @ values


@cross_attention.mistake("takes the keys from the source, but the values from the target",
                         hint="Once a source word has been found, whose value is read?")
def values_of_target(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(x @ query_weight, memory @ key_weight, x @ value_weight, memory_mask)


@cross_attention.mistake("takes the values from the source, but the keys from the target",
                         hint="What do the target's queries have to find?")
def keys_of_target(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(x @ query_weight, x @ key_weight, memory @ value_weight, memory_mask)


@cross_attention.mistake("lets the source ask itself",
                         hint="How many outputs are asked for: as many as source tokens, or as target tokens?")
def source_asks(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(memory @ query_weight, memory @ key_weight, memory @ value_weight, memory_mask)


@cross_attention.mistake("lets the source ask the target",
                         hint="Which of the two wants to know something about the other?")
def roles_exchanged(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(memory @ query_weight, x @ key_weight, x @ value_weight, memory_mask)


@cross_attention.mistake("is self-attention: it never looks at the source",
                         hint="Where does `memory` appear in your code?")
def never_looks(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(x @ query_weight, x @ key_weight, x @ value_weight, memory_mask)


@cross_attention.mistake("adds a causal mask", hint="Is there any source word that the decoder must not know yet?")
def causal_too(x, memory, query_weight, key_weight, value_weight, memory_mask):
    triangle = torch.ones(x.shape[1], memory.shape[1], dtype=torch.bool).tril()
    return mixed(x @ query_weight, memory @ key_weight, memory @ value_weight, memory_mask & triangle)


@cross_attention.mistake("does not scale the scores", hint="Which of chapter 03's steps is missing?")
def unscaled(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(x @ query_weight, memory @ key_weight, memory @ value_weight, memory_mask, 1.0)


@cross_attention.mistake("divides by √d_model instead of √d_k",
                         hint="Which vectors are multiplied in a score: how wide are they?")
def scale_of_model(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(x @ query_weight, memory @ key_weight, memory @ value_weight, memory_mask, x.shape[-1] ** -0.5)


@cross_attention.mistake("ignores the mask", hint="Where does `memory_mask` appear in your code?")
def mask_ignored(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(x @ query_weight, memory @ key_weight, memory @ value_weight, torch.ones_like(memory_mask))


@cross_attention.mistake("looks only at the padding", hint="What does `True` mean in this course?")
def mask_inverted(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return mixed(x @ query_weight, memory @ key_weight, memory @ value_weight, ~memory_mask)


@cross_attention.mistake("hides the padding after the softmax", hint="What do the weights of one query sum to now?")
def hidden_late(x, memory, query_weight, key_weight, value_weight, memory_mask):
    scores = (x @ query_weight) @ (memory @ key_weight).mT / key_weight.shape[-1] ** 0.5
    return (torch.softmax(scores, dim=-1) * memory_mask) @ (memory @ value_weight)


@cross_attention.mistake("normalises over the queries",
                         hint="Over which axis must the weights of one query sum to one?")
def over_queries(x, memory, query_weight, key_weight, value_weight, memory_mask):
    scores = (x @ query_weight) @ (memory @ key_weight).mT / key_weight.shape[-1] ** 0.5
    return torch.softmax(scores.masked_fill(~memory_mask, -1e9), dim=-2) @ (memory @ value_weight)


@cross_attention.mistake("cuts the memory off from the gradient",
                         hint="How does the encoder learn if it has no loss of its own?")
def memory_detached(x, memory, query_weight, key_weight, value_weight, memory_mask):
    memory = memory.detach()
    return mixed(x @ query_weight, memory @ key_weight, memory @ value_weight, memory_mask)


@cross_attention.alternative("torch's own attention")
def by_torch(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return torch.nn.functional.scaled_dot_product_attention(
        x @ query_weight, memory @ key_weight, memory @ value_weight, attn_mask=memory_mask)


@cross_attention.alternative("the root of a tensor, which is in float32")
def root_of_a_tensor(x, memory, query_weight, key_weight, value_weight, memory_mask):
    scores = (x @ query_weight) @ (memory @ key_weight).mT / torch.sqrt(torch.tensor(key_weight.shape[1]))
    return torch.softmax(scores.masked_fill(~memory_mask, -torch.inf), dim=-1) @ (memory @ value_weight)


@cross_attention.alternative("keys and values in one product, padding subtracted as a large number")
def in_one_product(x, memory, query_weight, key_weight, value_weight, memory_mask):
    both = memory @ torch.cat([key_weight, value_weight], dim=1)
    keys, values = both.split([key_weight.shape[1], value_weight.shape[1]], dim=-1)
    scores = torch.einsum("btd,bsd->bts", x @ query_weight, keys) / keys.shape[-1] ** 0.5
    return torch.softmax(scores - 1e9 * (~memory_mask).to(scores.dtype), dim=-1) @ values
