import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=10, builds_on="exercise 5", hints=(
    "What does the memory give for the key now, before anything is written? Which shape has that?",
    "What should the memory give for the key afterwards, if the strength is 1 and the key has length 1? How much is "
    "missing?",
    "A key and a difference of values make a table with a row for each number of the key.",
))
def delta_rule(memory: Float[Tensor, "d_k d_v"], key: Float[Tensor, " d_k"], value: Float[Tensor, " d_v"],
               strength: float, query: Float[Tensor, " d_k"]) -> tuple[Float[Tensor, "d_k d_v"], Float[Tensor, " d_v"]]:
    r"""Correct what a memory knows of one key, then read it.

    Read with a key $k$, the memory $S$ gives $S^\top k$. Move that towards the value $v$: with the strength $\beta$
    between 0 and 1,

    $S' = S + \beta\,k\,(v - S^\top k)^\top$ (Schlag et al. 2021, §4.2).

    Return $S'$ and what it gives for the query, $S'^\top q$. Nothing is normalised: keys and queries come as they are.
    """
    told = key @ memory
    memory = memory + strength * key[:, None] * (value - told)
    return memory, query @ memory


delta_rule.example(torch.tensor([[10.0, 20.0, 1.0], [0.0, 5.0, 2.0]]), torch.tensor([1.0, 0.0]),
                   torch.tensor([30.0, 0.0, 5.0]), 1.0, torch.tensor([1.0, 2.0]))
delta_rule.example(torch.tensor([[4.0, 2.0], [8.0, 6.0]]), torch.tensor([0.5, 1.0]), torch.tensor([12.0, 3.0]), 0.5,
                   torch.tensor([2.0, 0.5]))


def drawn(rng, d_k, d_v):
    return tensor(rng, d_k, d_v), tensor(rng, d_k), tensor(rng, d_v), float(rng.uniform(0.2, 0.8)), tensor(rng, d_k)


def number_by_number(memory, key, value, strength, query):
    told = [sum(key[i] * memory[i, j] for i in range(len(key))) for j in range(len(value))]
    after = torch.stack([torch.stack([memory[i, j] + strength * key[i] * (value[j] - told[j])
                                      for j in range(len(value))]) for i in range(len(key))])
    return after, torch.stack([sum(query[i] * after[i, j] for i in range(len(key))) for j in range(len(value))])


@delta_rule.check("writes the correction, then reads with the query",
                  hint="First example: what does the memory give for the key before, and what afterwards?")
def corrected_then_read(answer, rng):
    for d_k, d_v in ((3, 5), (5, 2), (3, 3), (1, 1)):
        given = drawn(rng, d_k, d_v)
        for what, one, other in zip(("memory", "output"), answer(*given), number_by_number(*given)):
            probes.equal(one, other, f"the {what} differs")


@delta_rule.check("replaces the old value of a key of length 1, at full strength, and leaves other keys alone",
                  hint="A key that comes a second time with another value: which of its two values should come out?")
def replaced(answer, rng):
    memory, _, value, _, query = drawn(rng, 4, 3)
    directions = torch.linalg.qr(tensor(rng, 4, 4)).Q
    key, other = directions[:, 0].contiguous(), directions[:, 1].contiguous()
    after, read = answer(memory, key, value, 1.0, query)
    probes.equal(key @ after, value, "read with the key, the new memory does not give the value")
    probes.equal(other @ after, other @ memory, "another key gives something else than before")
    probes.equal(read, query @ after, "the output is not what the new memory gives for the query")


@delta_rule.check("writes nothing at strength 0, and less at half than at full strength",
                  hint="Which of the terms does the strength multiply?")
def by_strength(answer, rng):
    memory, key, value, _, query = drawn(rng, 3, 5)
    for strength in (0.0, 0.5, 1.0):
        probes.parity(answer, delta_rule, memory, key, value, strength, query)


def written(memory, key, change, query):
    after = memory + torch.outer(key, change)
    return after, query @ after


@delta_rule.mistake("adds the new value to the old one",
                    hint="What does the memory know of this key already? Is that taken into account?")
def added(memory, key, value, strength, query):
    return written(memory, key, strength * value, query)


@delta_rule.mistake("forgets the strength", hint="Where does `strength` appear in your code?")
def strength_forgotten(memory, key, value, strength, query):
    return written(memory, key, value - key @ memory, query)


@delta_rule.mistake("gives the strength to the new value alone",
                    hint="At strength 0, is the memory the same afterwards? What do the brackets hold?")
def new_value_alone(memory, key, value, strength, query):
    return written(memory, key, strength * value - key @ memory, query)


@delta_rule.mistake("gives the strength to the old value alone",
                    hint="At strength 0, is the memory the same afterwards? What do the brackets hold?")
def old_value_alone(memory, key, value, strength, query):
    return written(memory, key, value - strength * (key @ memory), query)


@delta_rule.mistake("moves away from the value",
                    hint="The memory gives 10 and should give 30. Is what you add above 0 or below?")
def moves_away(memory, key, value, strength, query):
    return written(memory, key, strength * (key @ memory - value), query)


@delta_rule.mistake("adds the old value in place of taking it off", hint="Which sign stands in the brackets?")
def old_value_added(memory, key, value, strength, query):
    return written(memory, key, strength * (value + key @ memory), query)


@delta_rule.mistake("reads before it writes", hint="Which memory is read with the query: the old one, or the new one?")
def reads_first(memory, key, value, strength, query):
    return written(memory, key, strength * (value - key @ memory), query)[0], query @ memory


@delta_rule.mistake("reads with the key", hint="What is `query` for?")
def reads_with_key(memory, key, value, strength, query):
    return written(memory, key, strength * (value - key @ memory), key)


@delta_rule.mistake("corrects by what the query reads",
                    hint="Of which vector is the value to be stored: of the key, or of the query?")
def told_by_query(memory, key, value, strength, query):
    return written(memory, key, strength * (value - query @ memory), query)


@delta_rule.mistake("lets everything fade, not the value of this key alone",
                    hint="What becomes of the values of other keys in your memory?")
def everything_fades(memory, key, value, strength, query):
    return written((1 - strength) * memory, key, strength * value, query)


@delta_rule.mistake("writes over the memory", hint="Where are the values of all other keys in your new memory?")
def written_over(memory, key, value, strength, query):
    return written(torch.zeros_like(memory), key, strength * (value - key @ memory), query)


@delta_rule.mistake("brings the key to length 1 first", hint="What does the prompt say of normalising?")
def key_normed(memory, key, value, strength, query):
    return delta_rule(memory, key / key.norm(), value, strength, query)


@delta_rule.alternative("the old memory, less what it knows of the key")
def less_what_it_knows(memory, key, value, strength, query):
    kept = torch.eye(len(key), dtype=memory.dtype) - strength * torch.outer(key, key)
    after = kept @ memory + strength * torch.outer(key, value)
    return after, torch.einsum("i,ij->j", query, after)


@delta_rule.alternative("columns and rows as matrices")
def as_matrices(memory, key, value, strength, query):
    column, row = key.reshape(-1, 1), value.reshape(1, -1)
    after = memory + strength * (column @ (row - column.T @ memory))
    return after, (after.T @ query.reshape(-1, 1))[:, 0]
