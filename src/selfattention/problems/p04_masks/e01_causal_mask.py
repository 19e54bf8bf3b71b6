import math

import torch
from jaxtyping import Bool
from torch import Tensor

from selfattention.engine import exercise, probes


@exercise(points=3, minutes=8, builds_on="lesson 04, no look ahead", hints=(
    "Draw the mask for 3 queries and 3 keys. May a token see itself?",
    "With 2 queries and 5 keys, the queries are tokens 3 and 4. Which keys may the first of them see?",
    "Compare the position of each query with the position of each key: one as a column, the other as a row.",
))
def causal_mask(queries: int, keys: int) -> Bool[Tensor, "queries keys"]:
    """Let every token see itself and what comes before it.

    Entry (query, key) is `True` where the query may attend. The queries are at the **last** positions of the keys: with
    2 queries and 5 keys, the queries are at positions 3 and 4, as when a text is continued token by token. The last
    query sees every key. There are never more queries than keys.
    """
    query_positions = torch.arange(keys - queries, keys)
    return torch.arange(keys) <= query_positions[:, None]


causal_mask.example(3, 3)
causal_mask.example(2, 5)


@causal_mask.check("lets each token see itself and the past",
                   hint="Draw the mask for three tokens. Which entries are True?")
def square_mask(answer, rng):
    for size in (1, 2, 41, *rng.permutation((3, 5, 7, 11))[:2].tolist()):
        expected = torch.tensor([[key <= query for key in range(size)] for query in range(size)])
        probes.equal(answer(size, size), expected, "the wrong places are open")


@causal_mask.check("puts the queries at the end of the keys",
                   hint="With 2 queries and 5 keys, at which position is the last query?")
def fewer_queries(answer, rng):
    for queries, keys in zip((2, 1, 3), rng.permutation((5, 7, 11, 13)).tolist()):
        probes.equal(answer(queries, keys), causal_mask(queries, keys), "the wrong places are open")


@causal_mask.mistake("hides each token from itself", hint="What may the very first token attend to in your mask?")
def strict(queries, keys):
    return torch.ones(queries, keys).tril(diagonal=keys - queries - 1).bool()


@causal_mask.mistake("also shows the next token", hint="Query 0 predicts token 1. May it see key 1?")
def sees_next(queries, keys):
    return torch.ones(queries, keys).tril(diagonal=keys - queries + 1).bool()


@causal_mask.mistake("shows the future instead of the past",
                     hint="Which triangle is the past: below or above the diagonal?")
def upper(queries, keys):
    return torch.ones(queries, keys).triu(diagonal=keys - queries).bool()


@causal_mask.mistake("marks what is hidden, not what may be seen", hint="What does `True` mean in this course?")
def inverted(queries, keys):
    return ~causal_mask(queries, keys)


@causal_mask.mistake("puts the queries at the beginning of the keys",
                     hint="With 1 query and 7 keys, how many keys does your query see?")
def aligned_at_start(queries, keys):
    return torch.ones(queries, keys).tril().bool()


@causal_mask.mistake("returns numbers instead of booleans", hint="What is the dtype of `torch.tril(torch.ones(…))`?")
def numbers(queries, keys):
    return torch.ones(queries, keys).tril(diagonal=keys - queries)


@causal_mask.mistake("returns 0 and −∞, to be added to the scores",
                     hint="That works with some libraries. Which type is asked for here?")
def additive(queries, keys):
    return torch.zeros(queries, keys).masked_fill(~causal_mask(queries, keys), -math.inf)


@causal_mask.mistake("puts the keys down and the queries across",
                     hint="Which shape is asked for: (queries, keys) or (keys, queries)?")
def turned(queries, keys):
    return causal_mask(queries, keys).T


@causal_mask.mistake("shifts the queries the wrong way", hint="Does the last query see every key in your mask?")
def shifted_back(queries, keys):
    return torch.ones(queries, keys).tril(diagonal=queries - keys).bool()


@causal_mask.alternative("tril with a shifted diagonal")
def by_tril(queries, keys):
    return torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries)


@causal_mask.alternative("the last rows of the square mask")
def last_rows(queries, keys):
    return torch.tril(torch.ones(keys, keys)).bool()[-queries:]


@causal_mask.alternative("a loop")
def causal_loop(queries, keys):
    return torch.tensor([[key <= query + keys - queries for key in range(keys)] for query in range(queries)])
