import math

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p05_self_attention.shared import ANSWERING, ASKING, READING, TOKENS, attend, weights


@exercise(points=3, minutes=6, builds_on="exercise 2", hints=(
    "Two texts: one is compared, the other is read. Which text does each of the three projections take?",
    "Who is found depends on queries and keys; what is read depends on the values.",
))
def read_other_text(x: Float[Tensor, "tokens d_model"], other: Float[Tensor, "tokens d_model"],
                    query_weight: Float[Tensor, "d_model d_k"], key_weight: Float[Tensor, "d_model d_k"],
                    value_weight: Float[Tensor, "d_model d_v"]) -> Float[Tensor, "tokens d_v"]:
    r"""Find tokens in one text, but read what is at their positions in another.

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


@read_other_text.check("exactly doubles its output when the other text is doubled",
                       hint="Does `other` take part in your scores?")
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
                         hint="That is cross-attention, from a later chapter. Where do the keys come from here?")
def cross(x, other, query_weight, key_weight, value_weight):
    return mixed(x @ query_weight, other @ key_weight, other @ value_weight)


@read_other_text.mistake("takes the keys, not the values, from the other text", hint="What is read: keys or values?")
def keys_from_other(x, other, query_weight, key_weight, value_weight):
    return mixed(x @ query_weight, other @ key_weight, x @ value_weight)


@read_other_text.mistake("does everything in the other text", hint="Where does `x` appear in your code?")
def all_other(x, other, query_weight, key_weight, value_weight):
    return mixed(other @ query_weight, other @ key_weight, other @ value_weight)


@read_other_text.mistake("mixes the other text without projecting it",
                         hint="How wide is your result? What is the third matrix for?")
def raw_other(x, other, query_weight, key_weight, value_weight):
    return mixed(x @ query_weight, x @ key_weight, other)


@read_other_text.mistake("adds the two texts", hint="Which text is read: one of the two, or their sum?")
def added(x, other, query_weight, key_weight, value_weight):
    return mixed(x @ query_weight, x @ key_weight, (x + other) @ value_weight)


@read_other_text.alternative("weights first, then the two products in a different order")
def weights_first(x, other, query_weight, key_weight, value_weight):
    scores = torch.einsum("qd,dc,ec,ke->qk", x, query_weight, key_weight, x) / query_weight.shape[1] ** 0.5
    return (scores.softmax(-1) @ other) @ value_weight
