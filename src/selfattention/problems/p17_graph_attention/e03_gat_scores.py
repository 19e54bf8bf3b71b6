import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=10, builds_on="lesson 17, the score of GAT", hints=(
    "A dot product with two vectors one after the other: can it be taken in two halves?",
    "One number for each query, one for each key, and a table of all their sums. How is such a table made of a column "
    "and a row?",
    "In the example W leaves the nodes as they are. What is the score of query 0 and key 1, by hand?",
))
def gat_scores(nodes: Float[Tensor, "nodes features"], weight: Float[Tensor, "width features"],
               vector: Float[Tensor, " two_widths"]) -> Float[Tensor, "nodes nodes"]:
    r"""Score every pair of nodes as one head of GAT does: queries down, keys across.

    $e_{ij} = \mathrm{LeakyReLU}(a^\top [W h_i \Vert W h_j])$ (Veličković et al. 2018, eq. 3): both nodes are projected
    by `weight`, $W$; the query $i$ comes first, the key $j$ second, one after the other; `vector` is $a$, twice as
    long as a projection. The LeakyReLU multiplies negative numbers by 0.2. Gradients must reach all three arguments.
    """
    projected = nodes @ weight.T
    query, key = vector.chunk(2)
    sums = (projected @ query)[:, None] + projected @ key
    return torch.where(sums > 0, sums, 0.2 * sums)


gat_scores.example(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.eye(2), torch.tensor([1.0, 2.0, 10.0, -20.0]))
gat_scores.example(torch.tensor([[1.0], [3.0], [-2.0]]), torch.tensor([[2.0]]), torch.tensor([1.0, 10.0]))


def drawn(rng, nodes, features, width):
    return tensor(rng, nodes, features), tensor(rng, width, features), tensor(rng, 2 * width)


def pair_by_pair(nodes, weight, vector):
    """The formula as it stands."""
    rows = []
    for one in nodes:
        row = [vector @ torch.cat([weight @ one, weight @ other]) for other in nodes]
        rows.append(torch.stack([torch.nn.functional.leaky_relu(score, 0.2) for score in row]))
    return torch.stack(rows)


@gat_scores.check("agrees with the formula, pair by pair",
                  hint="Take the first example with a pencil: which half of the vector meets the query?")
def agrees(answer, rng):
    for nodes, features, width in ((5, 3, 7), (7, 5, 2), (2, 3, 1), (1, 2, 3)):
        given = drawn(rng, nodes, features, width)
        probes.equal(answer(*given), pair_by_pair(*given))


@gat_scores.check("keeps what is positive and makes what is negative five times smaller",
                  hint="What does the LeakyReLU do with −10, and at which place of the formula does it stand?")
def bends(answer, rng):
    nodes, weight, vector = drawn(rng, 5, 3, 2)
    for given in ((nodes.abs(), weight.abs(), vector.abs()), (nodes.abs(), weight.abs(), -vector.abs()),
                  (torch.zeros_like(nodes), weight, vector)):
        probes.equal(answer(*given), pair_by_pair(*given))


@gat_scores.check("lets gradients reach nodes, weight and vector", hint="Is anything detached, or made anew?")
def gradients(answer, rng):
    nodes, features, width = 5, 3, 2
    probes.gradient_parity(answer, pair_by_pair, *drawn(rng, nodes, features, width),
                           cotangent=tensor(rng, nodes, nodes))


def scored(nodes, weight, vector, *, slope=0.2, turned=False, order="last"):
    """The solution with one thing to be changed at a time."""
    projected = nodes @ weight.T
    query, key = vector.chunk(2)[::-1] if turned else vector.chunk(2)

    def leaky(x):
        return torch.nn.functional.leaky_relu(x, slope)

    if order == "first":
        projected = leaky(projected)
    sums = (projected @ query)[:, None] + projected @ key
    return leaky(sums) if order == "last" else sums


@gat_scores.mistake("has query and key exchanged: keys down, queries across",
                    hint="Which node is projected first in the formula, and is it that of the row?")
def exchanged(*given):
    return scored(*given, turned=True)


@gat_scores.mistake("takes the LeakyReLU before the dot product with the vector, as GATv2 does",
                    hint="In eq. 3, what stands inside the LeakyReLU: a vector or a number?")
def inside(*given):
    return scored(*given, order="first")


@gat_scores.mistake("takes the LeakyReLU of query and key apart, before they are added",
                    hint="How many LeakyReLUs are there for one score, and what does it see?")
def bent_apart(nodes, weight, vector):
    projected = nodes @ weight.T
    query, key = (torch.nn.functional.leaky_relu(projected @ half, 0.2) for half in vector.chunk(2))
    return query[:, None] + key


@gat_scores.mistake("leaves out the LeakyReLU", hint="What becomes of negative scores?")
def linear(*given):
    return scored(*given, order="never")


@gat_scores.mistake("sets what is negative to 0", hint="How does the *leaky* ReLU differ from the plain one?")
def relu(*given):
    return scored(*given, slope=0.0)


@gat_scores.mistake("multiplies what is negative by 0.01",
                    hint="torch has another slope of its own. Which one is asked?")
def other_slope(*given):
    return scored(*given, slope=0.01)


@gat_scores.mistake("takes the negative part for the positive one: positive numbers are made smaller",
                    hint="Which numbers does the LeakyReLU leave as they are?")
def flipped_slope(*given):
    return -scored(given[0], given[1], -given[2])


@gat_scores.mistake("uses the query's half of the vector for both",
                    hint="`vector` has two halves. Where does each of them appear in your code?")
def one_half(nodes, weight, vector):
    return scored(nodes, weight, vector[:len(weight)].repeat(2))


@gat_scores.mistake("has no part of the query: all rows are alike",
                    hint="What of the score depends on who asks?")
def keys_alone(nodes, weight, vector):
    keep = torch.arange(len(vector)) >= len(weight)
    return scored(nodes, weight, torch.where(keep, vector, 0.0))


@gat_scores.mistake("multiplies the numbers of query and key in place of adding them",
                    hint="A dot product with two vectors one after the other: is it a sum or a product of its halves?")
def multiplied(nodes, weight, vector):
    projected = nodes @ weight.T
    query, key = vector.chunk(2)
    return torch.nn.functional.leaky_relu((projected @ query)[:, None] * (projected @ key), 0.2)


@gat_scores.mistake("takes every second number of the vector for the query",
                    hint="One after the other: which numbers of `vector` meet the query?")
def interleaved(nodes, weight, vector):
    return scored(nodes, weight, torch.cat([vector[0::2], vector[1::2]]))


@gat_scores.mistake("scales by the root of the width", hint="Does eq. 3 divide anything?")
def scaled(nodes, weight, vector):
    return scored(nodes, weight, vector) / len(weight) ** 0.5


@gat_scores.mistake("takes a softmax of the scores", hint="Scores or weights: which are asked for here?")
def softmaxed(*given):
    return torch.softmax(scored(*given), dim=1)


@gat_scores.mistake("cuts the nodes off from the gradient", hint="Look for `.detach()` or `torch.tensor`.")
def nodes_detached(nodes, weight, vector):
    return scored(nodes.detach(), weight, vector)


@gat_scores.alternative("all pairs one after the other, then one product")
def by_pairs(nodes, weight, vector):
    projected, count = nodes @ weight.T, len(nodes)
    pairs = torch.cat([projected.repeat_interleave(count, dim=0), projected.repeat(count, 1)], dim=1)
    return torch.nn.functional.leaky_relu(pairs @ vector, negative_slope=0.2).view(count, count)


@gat_scores.alternative("the two vectors projected back, so that no node is")
def vectors_first(nodes, weight, vector):
    query, key = (nodes @ (weight.T @ half) for half in vector.view(2, -1))
    sums = query.unsqueeze(1) + key.unsqueeze(0)
    return torch.maximum(sums, 0.2 * sums)
