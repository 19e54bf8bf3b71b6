import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p14_efficient_attention.shared import three


@exercise(points=4, minutes=15, builds_on="lesson 14, linear attention, and exercise 3 of chapter 01", hints=(
    "Write down the weights of the third token: φ(q₃)·φ(k₁), φ(q₃)·φ(k₂), φ(q₃)·φ(k₃), each over their sum. What in "
    "them does not depend on q₃?",
    "Two things are added to from token to token: a table with d_k rows and d_v columns, and a vector. Of what is each "
    "the sum?",
    "A token sees itself. So which comes first: taking it in, or reading?",
))
def linear_attention(queries: Float[Tensor, "tokens d_k"], keys: Float[Tensor, "tokens d_k"],
                     values: Float[Tensor, "tokens d_v"]) -> Float[Tensor, "tokens d_v"]:
    r"""Attend to all tokens so far with a memory that does not grow.

    The weight of token $j \le t$ for the query $q_t$ is $\phi(q_t)^\top\phi(k_j)$, divided by the sum of these over all
    $j \le t$; nothing is divided by $\sqrt{d_k}$. $\phi$ acts on each number: x + 1 where x > 0, else $e^x$ (which is
    elu(x) + 1). So the tokens can be read one by one, with a matrix $S$ and a vector $z$ as memory, both 0 at first:

    $S_t = S_{t-1} + \phi(k_t)\,v_t^\top$, $z_t = z_{t-1} + \phi(k_t)$, and
    $o_t = S_t^\top\phi(q_t)\,/\,(z_t^\top\phi(q_t))$ (Katharopoulos et al. 2020, eq. 16 to 20).

    Return all $o_t$, one in each row. Gradients must reach all three inputs.
    """
    memory, total, outputs = 0.0, 0.0, []
    for query, key, value in zip(torch.nn.functional.elu(queries) + 1, torch.nn.functional.elu(keys) + 1, values):
        memory = memory + key[:, None] * value
        total = total + key
        outputs.append(query @ memory / (query @ total))
    return torch.stack(outputs)


linear_attention.example(torch.tensor([[1.0], [-0.5], [0.0]]), torch.tensor([[0.0], [1.0], [2.5]]),
                         torch.tensor([[10.0], [40.0], [100.0]]))
linear_attention.example(torch.tensor([[1.0, -1.0], [0.5, -2.0]]), torch.tensor([[-1.0, 2.0], [1.0, -0.5]]),
                         torch.tensor([[10.0, 0.0], [40.0, 8.0]]))


def mapped(x):
    return torch.where(x > 0, x + 1, torch.exp(x.clamp(max=0)))


def by_weights(queries, keys, values):
    """Each output as a mean under its own weights."""
    rows = []
    for t in range(len(queries)):
        weights = torch.stack([(mapped(queries[t]) * mapped(keys[j])).sum() for j in range(t + 1)])
        rows.append(sum(weight * value for weight, value in zip(weights, values)) / weights.sum())
    return torch.stack(rows)


@linear_attention.check("gives each token the mean of the values so far, under its weights",
                        hint="Compute the first example by hand: φ of all numbers first, then one row of weights after "
                             "the other.")
def means_so_far(answer, rng):
    for tokens in (7, 3):
        given = three(rng, tokens, tokens)
        probes.equal(answer(*given), by_weights(*given))


@linear_attention.check("has weights between 0 and 1, whatever the signs of queries and keys",
                        hint="Let all values be the same. What must come out? And what is φ(−2)?")
def weights_of_a_mean(answer, rng):
    queries, keys, _ = three(rng, 5, 5)
    probes.equal(answer(queries - 3.5, keys - 3.5, torch.eye(5).double()),
                 by_weights(queries - 3.5, keys - 3.5, torch.eye(5).double()))
    probes.equal(answer(queries, -keys, torch.full((5, 3), 2.5).double()), torch.full((5, 3), 2.5).double())


@linear_attention.check("lets the first token have its own value, and no token see a later one",
                        hint="What is in the memory when the first token reads it?")
def first_and_later(answer, rng):
    queries, keys, values = three(rng, 5, 5)
    before = answer(queries, keys, values)
    probes.equal(before[0], values[0], "the first output is not the first value")
    changed = [torch.cat([part[:3], tensor(rng, 2, part.shape[1])]) for part in (keys, values)]
    probes.unmoved(before[:3], answer(queries, *changed)[:3], "an output changed because a later token did")
    for shape in ((1, 1, 1), (1, 3, 2), (4, 1, 1)):
        probes.parity(answer, linear_attention, *three(rng, shape[0], shape[0], *shape[1:]))


@linear_attention.check("lets gradients reach queries, keys and values",
                        hint="Is anything cut off on the way from one token's memory to the next?")
def gradients_reach_all(answer, rng):
    given = three(rng, 5, 5)
    probes.gradient_parity(answer, linear_attention, *given, cotangent=tensor(rng, 5, 5))


def by_table(queries, keys, values, *, of_queries=mapped, of_keys=mapped, seen=None, total=None):
    """The solution as a table of weights, with one thing to be changed at a time."""
    weights = of_queries(queries) @ of_keys(keys).mT
    seen = torch.ones_like(weights).tril() if seen is None else seen
    weights = weights * seen
    return weights @ values / (weights.sum(dim=1, keepdim=True) if total is None else total(weights))


@linear_attention.mistake("forgets the + 1, so that weights may be negative",
                          hint="What is elu(−1)? Can a share of a mean be negative?")
def one_forgotten(queries, keys, values):
    return by_table(queries, keys, values, of_queries=torch.nn.functional.elu, of_keys=torch.nn.functional.elu)


@linear_attention.mistake("takes a ReLU, which forgets all that is negative",
                          hint="What is φ(−2) in the prompt, and what is it in your code?")
def by_relu(queries, keys, values):
    return by_table(queries, keys, values, of_queries=torch.relu, of_keys=torch.relu)


@linear_attention.mistake("multiplies queries and keys as they are", hint="Where in your code is φ?")
def not_mapped(queries, keys, values):
    return by_table(queries, keys, values, of_queries=lambda x: x, of_keys=lambda x: x)


@linear_attention.mistake("maps the keys, but not the queries",
                          hint="A product of a positive number and a negative one is negative. Where does φ stand in "
                               "the formula?")
def queries_not_mapped(queries, keys, values):
    return by_table(queries, keys, values, of_queries=lambda x: x)


@linear_attention.mistake("maps the queries, but not the keys",
                          hint="A product of a positive number and a negative one is negative. Where does φ stand in "
                               "the formula?")
def keys_not_mapped(queries, keys, values):
    return by_table(queries, keys, values, of_keys=lambda x: x)


@linear_attention.mistake("takes e to the x for all x", hint="What is φ(2)? Which of the two cases is that?")
def by_exp(queries, keys, values):
    return by_table(queries, keys, values, of_queries=torch.exp, of_keys=torch.exp)


@linear_attention.mistake("takes a softplus, which is positive, too",
                          hint="What is φ(2) in the prompt? Is φ curved there?")
def by_softplus(queries, keys, values):
    return by_table(queries, keys, values, of_queries=torch.nn.functional.softplus,
                    of_keys=torch.nn.functional.softplus)


@linear_attention.mistake("adds 1 too early: elu(x + 1)", hint="What is φ(−1) in the prompt: e to which power?")
def added_too_early(queries, keys, values):
    return by_table(queries, keys, values, of_queries=lambda x: torch.nn.functional.elu(x + 1),
                    of_keys=lambda x: torch.nn.functional.elu(x + 1))


@linear_attention.mistake("divides queries by √d_k",
                          hint="What does the prompt say of √d_k? Is there an exponential to be kept from growing?")
def divided_by_root(queries, keys, values):
    return by_table(queries / queries.shape[1] ** 0.5, keys, values)


@linear_attention.mistake("divides by what the keys sum to, whoever asks",
                          hint="The weights of one query shall sum to 1. Is the query in what you divide by?")
def whoever_asks(queries, keys, values):
    return by_table(queries, keys, values, total=lambda weights: mapped(keys).sum(dim=1, keepdim=True).cumsum(dim=0))


@linear_attention.mistake("does not divide", hint="Let all values be 1. What comes out? A mean?")
def never_divided(queries, keys, values):
    return by_table(queries, keys, values, total=lambda weights: 1)


@linear_attention.mistake("divides by the number of tokens so far", hint="Do the weights sum to 1 in your code?")
def by_count(queries, keys, values):
    return by_table(queries, keys, values, total=lambda weights: torch.arange(1, len(weights) + 1)[:, None])


@linear_attention.mistake("divides by the sum over all tokens, later ones too",
                          hint="What does the first token know of the last one's key?")
def by_all(queries, keys, values):
    every = (mapped(queries) @ mapped(keys).mT).sum(dim=1, keepdim=True)
    return by_table(queries, keys, values, total=lambda weights: every)


@linear_attention.mistake("reads before it takes the token in",
                          hint="Which token's value should the first output be? Is it in the memory when you read?")
def reads_first(queries, keys, values):
    return by_table(queries, keys, values, seen=torch.ones(len(keys), len(keys), dtype=keys.dtype).tril(-1))


@linear_attention.mistake("lets every token see all tokens",
                          hint="When is the memory of the third token complete: before the fourth one comes, or after?")
def all_seen(queries, keys, values):
    return by_table(queries, keys, values, seen=torch.ones(len(keys), len(keys), dtype=keys.dtype))


@linear_attention.mistake("remembers the last token alone",
                          hint="Is the new pair put in the place of the memory, or added?")
def last_alone(queries, keys, values):
    return by_table(queries, keys, values, seen=torch.eye(len(keys), dtype=keys.dtype))


@linear_attention.mistake("takes a softmax of the scores",
                          hint="Where is the exponential of a score in the formula? That is attention as before, whose "
                               "memory grows.")
def by_softmax(queries, keys, values):
    hidden = torch.ones(len(keys), len(keys), dtype=torch.bool).triu(1)
    return torch.softmax((queries @ keys.mT / keys.shape[1] ** 0.5).masked_fill(hidden, -torch.inf), dim=1) @ values


@linear_attention.mistake("cuts the memory off from the gradient",
                          hint="Through what does the value of the first token reach the last output?")
def memory_cut_off(queries, keys, values):
    memory, total, outputs = 0.0, 0.0, []
    for query, key, value in zip(mapped(queries), mapped(keys), values):
        memory, total = memory + key[:, None] * value, total + key
        outputs.append(query @ memory / (query @ total))
        memory, total = memory.detach(), total.detach()
    return torch.stack(outputs)


@linear_attention.alternative("all memories at once, by running sums")
def by_running_sums(queries, keys, values):
    memories = torch.einsum("ti,tj->tij", mapped(keys), values).cumsum(dim=0)
    totals = mapped(keys).cumsum(dim=0)
    above = torch.einsum("ti,tij->tj", mapped(queries), memories)
    return above / (mapped(queries) * totals).sum(dim=1, keepdim=True)


@linear_attention.alternative("a table of weights")
def as_a_table(queries, keys, values):
    weights = ((torch.nn.functional.elu(queries) + 1) @ (torch.nn.functional.elu(keys) + 1).T).tril()
    return (weights / weights.sum(dim=-1, keepdim=True)) @ values
