import math

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p15_long_context.shared import away


@exercise(points=4, minutes=12, builds_on="exercise 3 and exercise 3 of chapter 04", hints=(
    "Four terms: what stands on the left in each, and what on the right? Which two share the key, which two the "
    "distance?",
    "Make a table of distances first: how far does each key stand before its query?",
    "Two queries and three keys: one key stands before both. How many keys does the first query see?",
))
def xl_scores(queries: Float[Tensor, "queries d"], keys: Float[Tensor, "keys d"], distances: Float[Tensor, "keys d"],
              u: Float[Tensor, " d"], v: Float[Tensor, " d"]) -> Float[Tensor, "queries keys"]:
    r"""Score queries and keys by what they are and by how far they are apart.

    The queries are the last positions of the keys, the rest is memory: query $i$ of $q$ stands at position $k - q + i$
    of $k$ keys. `distances[a]` is the vector $r_a$ of a key that stands $a$ positions before the query, $r_0$ that of
    the query's own place. The score of query $q_i$ and a key $k_j$ that stands $a$ positions before it
    is $(q_i^\top k_j + q_i^\top r_a + u^\top k_j + v^\top r_a) / \sqrt{d}$ (Dai et al. 2019, §3.3; the division is in
    their code). Where the key stands after the query it is $-\infty$. Gradients must reach all five inputs.
    """
    apart = torch.arange(len(keys) - len(queries), len(keys))[:, None] - torch.arange(len(keys))
    by_content = (queries + u) @ keys.T
    by_distance = ((queries + v) @ distances.T).gather(1, apart.clamp(min=0))
    return ((by_content + by_distance) / math.sqrt(keys.shape[1])).masked_fill(apart < 0, -math.inf)


# Keys are told by the first two numbers, distances by the last two.
xl_scores.example(torch.tensor([[2.0, 0.0, 0.0, 0.0], [0.0, 4.0, 0.0, 2.0]]),
                  torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [5.0, 1.0, 0.0, 0.0]]),
                  torch.tensor([[0.0, 0.0, 10.0, 0.0], [0.0, 0.0, 20.0, 1.0], [0.0, 0.0, 30.0, 3.0]]),
                  torch.tensor([6.0, 0.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, 8.0, 0.0]))
xl_scores.example(torch.tensor([[1.0]]), torch.tensor([[2.0], [3.0]]), torch.tensor([[10.0], [100.0]]),
                  torch.tensor([4.0]), torch.tensor([0.5]))
xl_scores.example(torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [1.0]]), torch.tensor([[5.0], [7.0]]),
                  torch.tensor([0.0]), torch.tensor([1.0]))


def inputs(rng, queries, keys, d=7):
    return (tensor(rng, queries, d), tensor(rng, keys, d), tensor(rng, keys, d), tensor(rng, d), tensor(rng, d))


@xl_scores.check("adds four terms for each query and key",
                 hint="Compute the example's first score by hand: which of the four terms are not 0?")
def four_terms(answer, rng):
    for queries, keys, d in ((3, 5, 7), (2, 7, 4), (5, 5, 3)):
        q, k, r, u, v = inputs(rng, queries, keys, d)
        expected = torch.full((queries, keys), -math.inf, dtype=torch.float64)
        for i in range(queries):
            for j in range(keys - queries + i + 1):
                a = keys - queries + i - j
                expected[i, j] = (q[i] @ k[j] + q[i] @ r[a] + u @ k[j] + v @ r[a]) / d**0.5
        probes.equal(answer(q, k, r, u, v), expected)


@xl_scores.check("works for one query, one key, and without a memory",
                 hint="How far is a single query from a single key? With as many queries as keys, which is alone?")
def few(answer, rng):
    for queries, keys in ((1, 1), (1, 5), (3, 3), (2, 3)):
        probes.parity(answer, xl_scores, *inputs(rng, queries, keys))


@xl_scores.check("lets gradients reach queries, keys, distances, u and v",
                 hint="Each of the five is in two terms. Is one of them cut off?")
def all_learn(answer, rng):
    # Where a score is −∞ nothing is asked for: added or filled in, it has another gradient, which no softmax uses.
    probes.gradient_parity(answer, xl_scores, *inputs(rng, 3, 5), cotangent=tensor(rng, 3, 5).tril(2))


def added(queries, keys, distances, u, v, *, content=(1, 1), place=(1, 1), apart=None, scale=None, hide=True):
    """The solution with one thing to be changed at a time; `content` and `place` say how often each term counts."""
    true_apart = away(len(queries), len(keys))
    apart = true_apart if apart is None else apart
    by_content = content[0] * queries @ keys.T + content[1] * (u @ keys.T)
    by_distance = (place[0] * queries @ distances.T + place[1] * (v @ distances.T)).gather(
        1, apart.clamp(0, len(keys) - 1))
    scores = (by_content + by_distance) * (keys.shape[1] ** -0.5 if scale is None else scale)
    return scores.masked_fill(true_apart < 0, -math.inf) if hide else scores


@xl_scores.mistake("exchanges u and v", hint="Which of the two is multiplied with keys, and which with distances?")
def exchanged(queries, keys, distances, u, v):
    return added(queries, keys, distances, v, u)


@xl_scores.mistake("counts the distances from the far end",
                   hint="Which row of `distances` belongs to a key that stands at the query's own place?")
def distance_flipped(queries, keys, distances, u, v):
    apart = away(len(queries), len(keys))
    return added(queries, keys, distances, u, v, apart=len(keys) - 1 - apart.clamp(min=0))


@xl_scores.mistake("does not move the rows: each key has one distance, whatever the query",
                   hint="Two queries and one key: is the distance the same for both?")
def not_shifted(queries, keys, distances, u, v):
    apart = (len(keys) - 1 - torch.arange(len(keys))).expand(len(queries), -1)
    return added(queries, keys, distances, u, v, apart=apart)


@xl_scores.mistake("takes the key's number for its distance",
                   hint="Key 0 is the oldest. How far is it from the last query?")
def key_number(queries, keys, distances, u, v):
    return added(queries, keys, distances, u, v, apart=torch.arange(len(keys)).expand(len(queries), -1))


@xl_scores.mistake("counts the distances as if there were no memory",
                   hint="With two queries and five keys, where does the first query stand?")
def no_memory(queries, keys, distances, u, v):
    apart = (torch.arange(len(queries))[:, None] - torch.arange(len(keys))).abs()
    return added(queries, keys, distances, u, v, apart=apart)


@xl_scores.mistake("takes the queries for the first positions",
                   hint="With two queries and five keys, where does the first query stand?")
def first_positions(queries, keys, distances, u, v):
    apart = torch.arange(len(queries))[:, None] - torch.arange(len(keys))
    return added(queries, keys, distances, u, v, apart=apart, hide=False).masked_fill(apart < 0, -math.inf)


@xl_scores.mistake("scores keys after their query by how far they stand ahead",
                   hint="May a query see what comes after it? What is `abs` of a distance of −1?")
def far_ahead(queries, keys, distances, u, v):
    return added(queries, keys, distances, u, v, apart=away(len(queries), len(keys)).abs(), hide=False)


@xl_scores.mistake("gives hidden keys a score of 0", hint="Which weight does a score of 0 get after the softmax?")
def zero_scores(queries, keys, distances, u, v):
    return added(queries, keys, distances, u, v).masked_fill(away(len(queries), len(keys)) < 0, 0.0)


@xl_scores.mistake("divides only the query's two terms", hint="Where do the brackets of your division begin and end?")
def query_scaled(queries, keys, distances, u, v):
    return added(queries, keys, distances, u * len(u) ** 0.5, v * len(v) ** 0.5)


@xl_scores.mistake("hides the memory", hint="May a query see keys that stand before the first query?")
def memory_hidden(queries, keys, distances, u, v):
    before = torch.arange(len(keys)) < len(keys) - len(queries)
    return added(queries, keys, distances, u, v).masked_fill(before, -math.inf)


@xl_scores.mistake("hides keys by their number, as if the queries stood first",
                   hint="The last query stands at the last key. How many keys does it see in your code?")
def queries_first(queries, keys, distances, u, v):
    later = torch.ones(len(queries), len(keys), dtype=torch.bool).triu(1)
    return added(queries, keys, distances, u, v, hide=False).masked_fill(later, -math.inf)


@xl_scores.mistake("hides nothing", hint="Where is the key that stands after its query made −∞?")
def nothing_hidden(queries, keys, distances, u, v):
    return added(queries, keys, distances, u, v, hide=False)


@xl_scores.mistake("hides a query's own place", hint="Is a distance of 0 before or after the query?")
def itself_hidden(queries, keys, distances, u, v):
    return added(queries, keys, distances, u, v).masked_fill(away(len(queries), len(keys)) == 0, -math.inf)


@xl_scores.mistake("leaves u out", hint="Some keys matter to every query, whatever it asks for. Which term says so?")
def without_u(queries, keys, distances, u, v):
    return added(queries, keys, distances, u, v, content=(1, 0))


@xl_scores.mistake("leaves v out", hint="Which term prefers near keys, whatever the query is?")
def without_v(queries, keys, distances, u, v):
    return added(queries, keys, distances, u, v, place=(1, 0))


@xl_scores.mistake("leaves the query out of the distances",
                   hint="May one query look for what stands before it, and another for what is far away?")
def query_blind(queries, keys, distances, u, v):
    return added(queries, keys, distances, u, v, place=(0, 1))


@xl_scores.mistake("has no distances at all", hint="Where does `distances` appear in your code?")
def without_distances(queries, keys, distances, u, v):
    return added(queries, keys, distances, u, v, place=(0, 0))


@xl_scores.mistake("does not divide by √d", hint="Which of chapter 03's steps is missing?")
def unscaled(queries, keys, distances, u, v):
    return added(queries, keys, distances, u, v, scale=1.0)


@xl_scores.mistake("divides by d, not by its root", hint="By what does chapter 03 divide the scores?")
def divided_by_d(queries, keys, distances, u, v):
    return added(queries, keys, distances, u, v, scale=1 / keys.shape[1])


@xl_scores.mistake("divides only the scores by content",
                   hint="Where do the brackets of your division begin and end?")
def half_scaled(queries, keys, distances, u, v):
    root = keys.shape[1] ** 0.5
    return added(queries, keys, distances, u, v, place=(root, root))


@xl_scores.mistake("adds u to the keys, not to the queries",
                   hint="Multiply out what you have: is there a product of u with the keys in it?")
def added_to_keys(queries, keys, distances, u, v):
    return added(queries, keys + u, distances, torch.zeros_like(u), v)


@xl_scores.alternative("the relative shift")
def by_shift(queries, keys, distances, u, v):
    by_place = (queries + v) @ distances.flip(0).T
    widened = torch.nn.functional.pad(by_place, (1, 0)).reshape(len(keys) + 1, len(queries))
    scores = (queries @ keys.T + u @ keys.T + widened[1:].reshape(len(queries), len(keys))) * len(u) ** -0.5
    later = torch.ones_like(scores, dtype=torch.bool).triu(len(keys) - len(queries) + 1)
    return torch.where(later, -math.inf, scores)


@xl_scores.alternative("a vector for each query and key")
def by_einsum(queries, keys, distances, u, v):
    apart = torch.stack([torch.arange(len(keys)).flip(0) - after for after in range(len(queries) - 1, -1, -1)])
    found = distances[apart.clamp(min=0)]
    scores = (torch.einsum("id,jd->ij", queries, keys) + torch.einsum("id,ijd->ij", queries, found) + keys @ u
              + found @ v)
    return (scores / keys.shape[-1] ** 0.5).masked_fill(apart < 0, -torch.inf)
