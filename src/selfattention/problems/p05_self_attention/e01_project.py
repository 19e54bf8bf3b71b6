import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p05_self_attention.shared import ANSWERING, ASKING, READING, TOKENS, weights


@exercise(points=3, minutes=6, builds_on="lesson 05, three projections", hints=(
    "Each token is a row. On which side of a row is the matrix that maps it?",
    "Three matrices, three products, all of the same `x`. What are their shapes?",
))
def project(x: Float[Tensor, "*batch tokens d_model"], query_weight: Float[Tensor, "d_model d_k"],
            key_weight: Float[Tensor, "d_model d_k"],
            value_weight: Float[Tensor, "d_model d_v"]) -> tuple[Tensor, Tensor, Tensor]:
    r"""Make queries, keys and values from the same tokens.

    $Q = XW^Q$, $K = XW^K$, $V = XW^V$ (Vaswani et al. 2017, §3.2.2). Each row of `x` is one token. Return all three in
    this order; queries and keys have $d_k$ numbers per token, values $d_v$. There may be batch axes in front.
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


@project.check("works for a batch and for square matrices",
               hint="A square matrix fits both ways round. Can you follow one number?")
def projects_batches(answer, rng):
    for batch, sizes in (((2,), (5, 11)), ((), (7, 7)), ((2, 13), (7, 7))):
        probes.parity(answer, project, tensor(rng, *batch, 3, 7), *weights(rng, 7, *sizes))


@project.mistake("uses one matrix for all three", hint="How many different matrices does your code use?")
def shared_matrix(x, query_weight, key_weight, value_weight):
    return x @ query_weight, x @ query_weight, x @ query_weight


@project.mistake("makes the keys with the queries' matrix", hint="Which matrix belongs to the keys?")
def keys_by_queries(x, query_weight, key_weight, value_weight):
    return x @ query_weight, x @ query_weight, x @ value_weight


@project.mistake("exchanges queries and keys", hint="In which order are the three asked for?")
def exchanged(x, query_weight, key_weight, value_weight):
    return x @ key_weight, x @ query_weight, x @ value_weight


@project.mistake("transposes the matrices", hint="Which axis of the matrix is as long as a token?")
def transposed(x, query_weight, key_weight, value_weight):
    return x @ query_weight.T, x @ key_weight.T, x @ value_weight.T


@project.mistake("puts the matrices on the left", hint="`@` sums over the last axis of its left side. Which is that?")
def on_the_left(x, query_weight, key_weight, value_weight):
    return query_weight @ x, key_weight @ x, value_weight @ x


@project.mistake("projects the queries again to make the keys",
                 hint="What are keys made from: the tokens or the queries?")
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
