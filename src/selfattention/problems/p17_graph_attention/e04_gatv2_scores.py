import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=10, builds_on="exercise 3 and lesson 17, what GAT can rank", hints=(
    "The product of W with two nodes one after the other: can it be taken in two halves, and the results be added?",
    "Query and key meet number by number, before the dot product. How many axes has the table of all pairs then?",
    "`x[:, None]` and `x[None]`: which of them goes down, and which one across?",
))
def gatv2_scores(nodes: Float[Tensor, "nodes features"], weight: Float[Tensor, "width two_features"],
                 vector: Float[Tensor, " width"]) -> Float[Tensor, "nodes nodes"]:
    r"""Score every pair of nodes as one head of GATv2 does: queries down, keys across.

    $e_{ij} = a^\top\, \mathrm{LeakyReLU}(W [h_i \Vert h_j])$ (Brody et al. 2022, eq. 7): the query $i$ comes first, the
    key $j$ second, one after the other; `weight` is $W$, with a column for each of their numbers; `vector` is $a$. The
    LeakyReLU multiplies negative numbers by 0.2. Gradients must reach all three arguments.
    """
    for_query, for_key = weight.chunk(2, dim=1)
    sums = (nodes @ for_query.T)[:, None] + nodes @ for_key.T
    return torch.where(sums > 0, sums, 0.2 * sums) @ vector


gatv2_scores.example(torch.tensor([[1.0], [-1.0]]), torch.tensor([[1.0, 2.0], [10.0, -30.0]]), torch.tensor([1.0, 1.0]))
gatv2_scores.example(torch.tensor([[1.0], [3.0], [-2.0]]), torch.tensor([[2.0, 10.0]]), torch.tensor([-1.0]))


def drawn(rng, nodes, features, width):
    return tensor(rng, nodes, features), tensor(rng, width, 2 * features), tensor(rng, width)


def pair_by_pair(nodes, weight, vector):
    """The formula as it stands."""
    return torch.stack([torch.stack([
        torch.nn.functional.leaky_relu(weight @ torch.cat([one, other]), 0.2) @ vector
        for other in nodes]) for one in nodes])


@gatv2_scores.check("agrees with the formula, pair by pair",
                    hint="Take the first example with a pencil: which two numbers does the LeakyReLU see for query 0 "
                         "and key 1?")
def agrees(answer, rng):
    for nodes, features, width in ((5, 3, 7), (7, 2, 5), (2, 5, 1), (1, 2, 3)):
        given = drawn(rng, nodes, features, width)
        probes.equal(answer(*given), pair_by_pair(*given))


@gatv2_scores.check("lets different queries prefer different keys",
                    hint="Is a score of yours one number of the query plus one number of the key?")
def dynamic(answer, rng):
    nodes = torch.eye(5, dtype=torch.float64)
    weight = torch.cat([nodes, nodes], dim=1) - 1.5
    vector = 1 + torch.from_numpy(rng.random(5))
    probes.equal(answer(nodes, weight, vector), pair_by_pair(nodes, weight, vector))


@gatv2_scores.check("lets gradients reach nodes, weight and vector", hint="Is anything detached, or made anew?")
def gradients(answer, rng):
    probes.gradient_parity(answer, pair_by_pair, *drawn(rng, 5, 3, 2), cotangent=tensor(rng, 5, 5))


def scored(nodes, weight, vector, *, slope=0.2, turned=False, order="inside", dim=1):
    """The solution with one thing to be changed at a time."""
    for_query, for_key = weight.chunk(2, dim=dim)[::-1] if turned else weight.chunk(2, dim=dim)
    queries, keys = nodes @ for_query.T, nodes @ for_key.T

    def leaky(x):
        return torch.nn.functional.leaky_relu(x, slope)

    if order == "apart":
        return (leaky(queries)[:, None] + leaky(keys)) @ vector
    sums = queries[:, None] + keys
    return leaky(sums @ vector) if order == "last" else leaky(sums) @ vector if order == "inside" else sums @ vector


@gatv2_scores.mistake("takes the LeakyReLU after the dot product with the vector, as GAT does",
                      hint="What does the LeakyReLU see in eq. 7: a vector or a number?")
def outside(*given):
    return scored(*given, order="last")


@gatv2_scores.mistake("takes the LeakyReLU of query and key apart, before they meet",
                      hint="Can a query change which keys come first, if both are bent before they are added?")
def apart(*given):
    return scored(*given, order="apart")


@gatv2_scores.mistake("leaves out the LeakyReLU", hint="What is left of GATv2 when everything in it is linear?")
def linear(*given):
    return scored(*given, order="never")


@gatv2_scores.mistake("takes the LeakyReLU inside and once more outside", hint="How many LeakyReLUs has eq. 7?")
def twice(*given):
    return torch.nn.functional.leaky_relu(scored(*given), 0.2)


@gatv2_scores.mistake("has query and key exchanged: keys down, queries across",
                      hint="Which columns of W meet the query, and is that the node of the row?")
def exchanged(*given):
    return scored(*given, turned=True)


@gatv2_scores.mistake("uses the query's half of W for both",
                      hint="W has columns for the query and for the key. Where does each half appear in your code?")
def one_half(nodes, weight, vector):
    return scored(nodes, weight[:, :nodes.shape[1]].repeat(1, 2), vector)


@gatv2_scores.mistake("sets what is negative to 0", hint="How does the *leaky* ReLU differ from the plain one?")
def relu(*given):
    return scored(*given, slope=0.0)


@gatv2_scores.mistake("multiplies what is negative by 0.01",
                      hint="torch has another slope of its own. Which one is asked?")
def other_slope(*given):
    return scored(*given, slope=0.01)


@gatv2_scores.mistake("multiplies query and key in place of adding them",
                      hint="W times two vectors one after the other: a sum or a product of its halves?")
def multiplied(nodes, weight, vector):
    for_query, for_key = weight.chunk(2, dim=1)
    return torch.nn.functional.leaky_relu((nodes @ for_query.T)[:, None] * (nodes @ for_key.T), 0.2) @ vector


@gatv2_scores.mistake("adds up all numbers, without the vector", hint="Where does `vector` appear in your code?")
def without_vector(nodes, weight, vector):
    return scored(nodes, weight, torch.ones_like(vector))


@gatv2_scores.mistake("scales by the root of the width", hint="Does eq. 7 divide anything?")
def scaled(nodes, weight, vector):
    return scored(nodes, weight, vector) / len(vector) ** 0.5


@gatv2_scores.mistake("takes a softmax of the scores", hint="Scores or weights: which are asked for here?")
def softmaxed(*given):
    return torch.softmax(scored(*given), dim=1)


@gatv2_scores.mistake("takes every second column of W for the query",
                      hint="One after the other: which columns of `weight` meet the query?")
def interleaved(nodes, weight, vector):
    return scored(nodes, torch.cat([weight[:, 0::2], weight[:, 1::2]], dim=1), vector)


@gatv2_scores.mistake("cuts W off from the gradient", hint="Look for `.detach()` or `torch.tensor`.")
def weight_detached(nodes, weight, vector):
    return scored(nodes, weight.detach(), vector)


@gatv2_scores.alternative("all pairs one after the other, then W")
def by_pairs(nodes, weight, vector):
    count = len(nodes)
    pairs = torch.cat([nodes.repeat_interleave(count, dim=0), nodes.repeat(count, 1)], dim=1)
    return (torch.nn.functional.leaky_relu(pairs @ weight.T, 0.2) @ vector).view(count, count)


@gatv2_scores.alternative("query by query")
def by_query(nodes, weight, vector):
    features = nodes.shape[1]
    keys = nodes @ weight[:, features:].T
    rows = []
    for query in nodes:
        sums = keys + weight[:, :features] @ query
        rows.append((sums.clamp(min=0) + 0.2 * sums.clamp(max=0)) @ vector)
    return torch.stack(rows)
