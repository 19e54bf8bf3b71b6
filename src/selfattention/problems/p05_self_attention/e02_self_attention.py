import math

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p05_self_attention.shared import ANSWERING, ASKING, READING, TOKENS, attend, weights


@exercise(points=4, minutes=10, builds_on="exercise 1 and exercise 4 of chapter 03", hints=(
    "Chapter 03 and `project` together are all you need. What is fed into what?",
    "Which width belongs under the root: the tokens' or the keys'?",
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
self_attention.example(TOKENS, ASKING[:, :1], ANSWERING[:, 1:], READING)


@self_attention.check("agrees with a loop over the tokens", hint="Compute one output of the example by hand.")
def agrees_with_a_loop(answer, rng):
    x, (query, key, value) = tensor(rng, 3, 7), weights(rng)
    rows = []
    for token in x:
        powers = torch.stack([torch.exp((token @ query) @ (other @ key) / math.sqrt(5)) for other in x])
        rows.append(sum(power / powers.sum() * (other @ value) for power, other in zip(powers, x)))
    probes.equal(answer(x, query, key, value), torch.stack(rows))


@self_attention.check("keeps the texts of a batch apart",
                      hint="Change the second text. Does the first result change? In which line?")
def texts_apart(answer, rng):
    for batch in ((2,), (2, 13), (1,)):
        probes.parity(answer, self_attention, tensor(rng, *batch, 3, 7), *weights(rng))


@self_attention.check("works when all sizes are equal",
                      hint="With equal sizes a wrong axis goes unnoticed. Over which axis do your weights sum to one?")
def equal_sizes(answer, rng):
    probes.parity(answer, self_attention, tensor(rng, 5, 5), *weights(rng, 5, 5, 5))


@self_attention.check("lets gradients reach the tokens and all matrices", hint="Which step leaves torch's graph?")
def gradients_arrive(answer, rng):
    probes.gradient_parity(answer, self_attention, tensor(rng, 2, 3, 7), *weights(rng), cotangent=tensor(rng, 2, 3, 11))


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
                        hint="In your code, must token 0 score token 1 as token 1 scores token 0? And in the formula?")
def one_for_both(x, query_weight, key_weight, value_weight):
    return attend(x @ query_weight, x @ query_weight, x @ value_weight, query_weight.shape[-1] ** -0.5)


@self_attention.mistake("scores the tokens without projecting them", hint="What are the first two matrices for?")
def unprojected(x, query_weight, key_weight, value_weight):
    return attend(x, x, x @ value_weight, query_weight.shape[-1] ** -0.5)


@self_attention.mistake("lets the keys ask and the queries answer",
                        hint="Row t of the scores: whose query does it belong to?")
def roles_exchanged(x, query_weight, key_weight, value_weight):
    return attend(x @ key_weight, x @ query_weight, x @ value_weight, query_weight.shape[-1] ** -0.5)


@self_attention.mistake("normalises over the queries", hint="Over which axis must the weights of one query sum to one?")
def over_queries(x, query_weight, key_weight, value_weight):
    scores = (x @ query_weight) @ (x @ key_weight).transpose(-2, -1) / math.sqrt(query_weight.shape[-1])
    return torch.softmax(scores, dim=-2) @ (x @ value_weight)


@self_attention.mistake("weighs all tokens equally", hint="Does your result for token 0 differ from that for token 1?")
def equal_weights(x, query_weight, key_weight, value_weight):
    return (x @ value_weight).mean(dim=-2, keepdim=True).expand(*x.shape[:-1], value_weight.shape[-1])


@self_attention.mistake("uses `.T`, which reverses all axes",
                        hint="What is the shape of `keys.T` for keys of shape (2, 3, 5)?")
def capital_t(x, query_weight, key_weight, value_weight):
    scores = (x @ query_weight) @ (x @ key_weight).T / math.sqrt(query_weight.shape[-1])
    return torch.softmax(scores, dim=-1) @ (x @ value_weight)


@self_attention.mistake("cuts the weights off from the gradient", hint="Which of the matrices receive no gradient?")
def detached(x, query_weight, key_weight, value_weight):
    scores = (x @ query_weight) @ (x @ key_weight).transpose(-2, -1) / math.sqrt(query_weight.shape[-1])
    return torch.softmax(scores, dim=-1).detach() @ (x @ value_weight)


@self_attention.mistake("divides by the root of the number of tokens", hint="Over how many products is a score summed?")
def scale_by_length(x, query_weight, key_weight, value_weight):
    return attend(x @ query_weight, x @ key_weight, x @ value_weight, x.shape[-2] ** -0.5)


@self_attention.mistake("leaves out the softmax", hint="Are your weights positive, and do they sum to one?")
def no_softmax(x, query_weight, key_weight, value_weight):
    scores = x @ query_weight @ (x @ key_weight).mT * query_weight.shape[-1] ** -0.5
    return scores @ x @ value_weight


@self_attention.alternative("one matrix that scores pairs of tokens")
def bilinear(x, query_weight, key_weight, value_weight):
    pair = query_weight @ key_weight.T / math.sqrt(query_weight.shape[-1])
    return torch.softmax(x @ pair @ x.transpose(-2, -1), dim=-1) @ x @ value_weight


@self_attention.alternative("the root of a tensor, which is in float32")
def root_of_a_tensor(x, query_weight, key_weight, value_weight):
    queries, keys, values = x @ query_weight, x @ key_weight, x @ value_weight
    return torch.softmax(queries @ keys.mT / torch.sqrt(torch.tensor(keys.shape[-1])), dim=-1) @ values


@self_attention.alternative("einsum")
def self_attention_einsum(x, query_weight, key_weight, value_weight):
    queries, keys, values = (torch.einsum("...td,dk->...tk", x, w) for w in (query_weight, key_weight, value_weight))
    scores = torch.einsum("...qd,...kd->...qk", queries, keys) / query_weight.shape[1] ** 0.5
    return torch.einsum("...qk,...kv->...qv", scores.softmax(-1), values)


@self_attention.alternative("torch's own attention")
def by_torch(x, query_weight, key_weight, value_weight):
    return torch.nn.functional.scaled_dot_product_attention(x @ query_weight, x @ key_weight, x @ value_weight)
