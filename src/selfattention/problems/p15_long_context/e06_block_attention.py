import math

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=4, minutes=15, builds_on="exercise 5 and exercise 2 of chapter 03", hints=(
    "Cut queries, keys and values into blocks first. Which new axis do they have?",
    "An index may be a table: what is the shape of `x[columns]`, when x has blocks in front?",
    "How many keys does one query meet? All of them share one softmax, whichever block they come from.",
))
def block_attention(queries: Float[Tensor, "tokens d_k"], keys: Float[Tensor, "tokens d_k"],
                    values: Float[Tensor, "tokens d_v"],
                    columns: Int[Tensor, "blocks count"]) -> Float[Tensor, "tokens d_v"]:
    r"""Let each block of queries attend to a few blocks of keys, without the scores of all the others.

    The tokens are cut into as many equal blocks as `columns` has rows, the first tokens first. Row i of `columns` has
    the numbers of the blocks that block i sees, all different, in any order. Each query of block i attends to all keys
    of those blocks, by $\mathrm{softmax}(QK^\top/\sqrt{d_k})V$. What a block does not see must not be computed and
    hidden, but left out (Zaheer et al. 2020, appendix D): even where an unseen key or value is NaN, the result must not
    be. Gradients must reach queries, keys and values.
    """
    blocks = len(columns)
    queries, keys, values = (x.unflatten(0, (blocks, -1)) for x in (queries, keys, values))
    found_keys, found_values = (x[columns].flatten(1, 2) for x in (keys, values))
    scores = queries @ found_keys.transpose(1, 2) / math.sqrt(queries.shape[-1])
    return (torch.softmax(scores, dim=-1) @ found_values).flatten(0, 1)


block_attention.example(torch.zeros(6, 1), torch.zeros(6, 1),
                        torch.tensor([[1.0], [3.0], [10.0], [30.0], [100.0], [300.0]]),
                        torch.tensor([[0, 1], [1, 2], [0, 2]]))
block_attention.example(torch.tensor([[1.0], [2.0], [1.0], [3.0]]), torch.tensor([[1.0], [0.0], [2.0], [1.0]]),
                        torch.tensor([[1.0], [2.0], [3.0], [4.0]]), torch.tensor([[1], [1]]))
block_attention.example(torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 2.0]]),
                        torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 1.0], [0.0, 2.0]]),
                        torch.tensor([[1.0], [10.0], [100.0], [1000.0]]), torch.tensor([[1, 0], [0, 1]]))
# What is not seen may be no number at all.
block_attention.example(torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [math.nan]]),
                        torch.tensor([[5.0], [math.nan]]), torch.tensor([[0], [0]]))
block_attention.example(torch.tensor([[1000.0], [1.0]]), torch.tensor([[1.0], [0.5]]), torch.tensor([[5.0], [7.0]]),
                        torch.tensor([[0, 1], [0, 1]]))


def some_columns(rng, blocks, count):
    return torch.from_numpy(rng.permuted(torch.arange(blocks).repeat(blocks, 1).numpy(), axis=1)[:, :count])


def inputs(rng, tokens, d_k=5, d_v=4):
    return tensor(rng, tokens, d_k), tensor(rng, tokens, d_k), tensor(rng, tokens, d_v)


def one_by_one(queries, keys, values, columns):
    """Each query with the keys that it sees, in plain loops."""
    size, outputs = len(queries) // len(columns), []
    for place, query in enumerate(queries):
        seen = [block * size + step for block in columns[place // size].tolist() for step in range(size)]
        scores = torch.stack([query @ keys[other] for other in seen]) / queries.shape[1] ** 0.5
        powers = torch.exp(scores - scores.max())
        outputs.append(sum(power / powers.sum() * values[other] for power, other in zip(powers, seen)))
    return torch.stack(outputs)


@block_attention.check("agrees with a loop over queries and the keys that they see",
                       hint="In the first example all scores are 0. Which four values does token 0 get the mean of?")
def agrees_with_loop(answer, rng):
    for tokens, blocks, count in ((15, 5, 2), (14, 7, 3), (6, 2, 1)):
        given = (*inputs(rng, tokens), some_columns(rng, blocks, count))
        probes.equal(answer(*given), one_by_one(*given))


@block_attention.check("leaves out what is not seen",
                       hint="A weight of 0 times NaN is NaN. How can a value be left out altogether?")
def left_out(answer, rng):
    blocks, size = 5, 2
    queries, keys, values = inputs(rng, blocks * size)
    bad = int(rng.integers(blocks))
    others = [block for block in range(blocks) if block != bad]
    columns = torch.tensor([rng.permutation(others)[:2].tolist() for _ in range(blocks)])
    expected = one_by_one(queries, keys, values, columns)
    keys.unflatten(0, (blocks, size))[bad] = math.nan
    values.unflatten(0, (blocks, size))[bad] = math.nan
    probes.equal(answer(queries, keys, values, columns), expected)
    queries, keys, values = inputs(rng, 6)
    values[0] = math.nan
    seen = np.isnan(np.asarray(answer(queries, keys, values, torch.tensor([[0, 1], [1, 2], [2, 1]])))).all(axis=1)
    probes.require(bool(seen[:2].all()) and not seen[2:].any(), "a value that is seen and is NaN has become a number")


@block_attention.check("works where all blocks are seen, and for blocks of one token",
                       hint="With all blocks seen it is the attention of chapter 03. Is it, in your code?")
def all_seen(answer, rng):
    for tokens, blocks, count in ((6, 3, 3), (5, 5, 2), (3, 1, 1), (7, 7, 7)):
        probes.parity(answer, block_attention, *inputs(rng, tokens), some_columns(rng, blocks, count))


@block_attention.check("stays right with huge scores, and lets gradients reach queries, keys and values",
                       hint="Which step of chapter 02 keeps a softmax finite? Is anything detached?")
def huge_and_gradients(answer, rng):
    queries, keys, values = inputs(rng, 6)
    columns = some_columns(rng, 3, 2)
    probes.parity(answer, block_attention, 1000 * torch.round(queries * 8) / 8, torch.round(keys * 8) / 8, values,
                  columns)
    probes.gradient_parity(answer, block_attention, queries, keys, values, columns, cotangent=tensor(rng, 6, 4))


def cut(columns, *given):
    return (x.unflatten(0, (len(columns), -1)) for x in given)


def mixed(queries, keys, values, scale=None, dim=-1):
    scores = queries @ keys.mT * (queries.shape[-1] ** -0.5 if scale is None else scale)
    return torch.softmax(scores, dim=dim) @ values


def gathered(queries, keys, values, columns, **changed):
    queries, keys, values = cut(columns, queries, keys, values)
    return mixed(queries, keys[columns].flatten(1, 2), values[columns].flatten(1, 2), **changed).flatten(0, 1)


@block_attention.mistake("masks all scores, and makes numbers of NaN",
                         hint="A value that is seen and is NaN: what should come out? And how are values left out "
                              "that nobody sees?")
def masked_and_mended(queries, keys, values, columns):
    blocks = len(columns)
    mask = torch.zeros(blocks, blocks, dtype=torch.bool).scatter(1, columns, True)
    mask = mask.repeat_interleave(len(queries) // blocks, 0).repeat_interleave(len(keys) // blocks, 1)
    scores = (queries @ keys.mT / queries.shape[-1] ** 0.5).masked_fill(~mask, -math.inf)
    return torch.softmax(scores, dim=-1) @ values.nan_to_num()


@block_attention.mistake("computes all scores and hides most of them: nothing is saved",
                         hint="How many scores does `queries @ keys.T` compute for 16,000 tokens?")
def dense_and_masked(queries, keys, values, columns):
    seen = torch.zeros(len(columns), len(columns), dtype=torch.bool).scatter(1, columns, True)
    size = len(queries) // len(columns)
    mask = seen.repeat_interleave(size, 0).repeat_interleave(size, 1)
    scores = (queries @ keys.T / queries.shape[1] ** 0.5).masked_fill(~mask, -math.inf)
    return torch.softmax(scores, dim=-1) @ values


@block_attention.mistake("gives each seen block a softmax of its own, and adds what comes out",
                         hint="What do the weights of one query sum to, over all the keys that it sees?")
def softmax_per_block(queries, keys, values, columns):
    q, k, v = cut(columns, queries, keys, values)
    return mixed(q[:, None], k[columns], v[columns]).sum(dim=1).flatten(0, 1)


@block_attention.mistake("gives each seen block a softmax of its own, and takes the mean",
                         hint="One block has the key that fits, another none. Should both count alike?")
def mean_of_softmaxes(queries, keys, values, columns):
    q, k, v = cut(columns, queries, keys, values)
    return mixed(q[:, None], k[columns], v[columns]).mean(dim=1).flatten(0, 1)


@block_attention.mistake("looks only at the first block of each row", hint="How many keys does one query meet?")
def first_only(queries, keys, values, columns):
    return gathered(queries, keys, values, columns[:, :1])


@block_attention.mistake("looks only at the block itself", hint="Where does `columns` appear in your code?")
def own_block(queries, keys, values, columns):
    return gathered(queries, keys, values, torch.arange(len(columns))[:, None])


@block_attention.mistake("takes the numbers of blocks for numbers of tokens",
                         hint="Block 2 of 3 tokens each: which tokens are these?")
def tokens_for_blocks(queries, keys, values, columns):
    (q,) = cut(columns, queries)
    return mixed(q, keys[columns], values[columns]).flatten(0, 1)


@block_attention.mistake("deals the tokens out to the blocks in turn",
                         hint="Which tokens are in block 0: the first ones, or every third?")
def dealt_out(queries, keys, values, columns):
    size = len(queries) // len(columns)
    order = torch.arange(len(queries)).unflatten(0, (size, len(columns))).T.flatten()
    result = gathered(queries[order], keys[order], values[order], columns)
    return result[order.argsort()]


@block_attention.mistake("takes keys of the seen blocks, but values of the block itself",
                         hint="A key was found in another block. Whose value is read?")
def own_values(queries, keys, values, columns):
    own = torch.arange(len(columns))[:, None].expand(columns.shape)
    q, k, v = cut(columns, queries, keys, values)
    return mixed(q, k[columns].flatten(1, 2), v[own].flatten(1, 2)).flatten(0, 1)


@block_attention.mistake("has keys in the order of `columns`, but values in the order of the text",
                         hint="The third key and the third value of a row: do they belong to the same token?")
def values_sorted(queries, keys, values, columns):
    q, k, v = cut(columns, queries, keys, values)
    return mixed(q, k[columns].flatten(1, 2), v[columns.sort(dim=1).values].flatten(1, 2)).flatten(0, 1)


@block_attention.mistake("reads `columns` by column: a block sees those that see it",
                         hint="Which axis of `columns` counts the blocks that ask?")
def seen_by(queries, keys, values, columns):
    seen = torch.zeros(len(columns), len(columns), dtype=torch.bool).scatter(1, columns, True).T
    size, outputs = len(queries) // len(columns), []
    for block, row in enumerate(seen):
        places = torch.cat([torch.arange(other * size, (other + 1) * size) for other in [
            *row.nonzero()[:, 0].tolist()] or [block]])
        outputs.append(mixed(queries[block * size:(block + 1) * size], keys[places], values[places]))
    return torch.cat(outputs)


@block_attention.mistake("lets each block see itself, whatever `columns` says",
                         hint="Is block 0 in the last row of your keys, though `columns` does not name it?")
def itself_too(queries, keys, values, columns):
    size, outputs = len(queries) // len(columns), []
    for block, row in enumerate(columns.tolist()):
        places = torch.cat([torch.arange(other * size, (other + 1) * size) for other in sorted({block, *row})])
        outputs.append(mixed(queries[block * size:(block + 1) * size], keys[places], values[places]))
    return torch.cat(outputs)


@block_attention.mistake("looks only at the first key of each seen block",
                         hint="A block number times the size of a block is one token. Where are the others?")
def first_keys(queries, keys, values, columns):
    (q,) = cut(columns, queries)
    first = columns * (len(queries) // len(columns))
    return mixed(q, keys[first], values[first]).flatten(0, 1)


@block_attention.mistake("divides by the root of the number of keys", hint="What is d_k, and what is the last axis of?")
def scaled_by_keys(*given):
    columns = given[3]
    return gathered(*given, scale=(columns.shape[1] * len(given[0]) / len(columns)) ** -0.5)


@block_attention.mistake("does not scale the scores", hint="Which of chapter 03's steps is missing?")
def unscaled(*given):
    return gathered(*given, scale=1.0)


@block_attention.mistake("divides by d_k, not by its root", hint="By what does chapter 03 divide the scores?")
def divided_by_d(*given):
    return gathered(*given, scale=1 / given[0].shape[1])


@block_attention.mistake("normalises over the queries",
                         hint="Over which axis must the weights of one query sum to one?")
def over_queries(*given):
    return gathered(*given, dim=-2)


@block_attention.mistake("exponentiates without subtracting the largest score",
                         hint="What is exp(1000)? Which shift leaves the weights as they are?")
def overflows(queries, keys, values, columns):
    q, k, v = cut(columns, queries, keys, values)
    powers = torch.exp(q @ k[columns].flatten(1, 2).mT / q.shape[-1] ** 0.5)
    return (powers / powers.sum(dim=-1, keepdim=True) @ v[columns].flatten(1, 2)).flatten(0, 1)


@block_attention.mistake("cuts keys and values off from the gradient", hint="Look for `.detach()` or `torch.tensor`.")
def gathered_detached(queries, keys, values, columns):
    return gathered(queries, keys.detach(), values.detach(), columns)


@block_attention.alternative("a loop over the blocks")
def block_by_block(queries, keys, values, columns):
    size = len(queries) // len(columns)
    key_blocks, value_blocks = keys.split(size), values.split(size)
    outputs = []
    for asking, row in zip(queries.split(size), columns.tolist()):
        seen_keys, seen_values = (torch.cat([parts[block] for block in row]) for parts in (key_blocks, value_blocks))
        outputs.append(torch.softmax(asking @ seen_keys.T / queries.shape[1] ** 0.5, dim=1) @ seen_values)
    return torch.cat(outputs)


@block_attention.alternative("numbers of tokens, and torch's own attention")
def by_tokens(queries, keys, values, columns):
    size = len(queries) // len(columns)
    places = (columns[:, :, None] * size + torch.arange(size)).flatten(1)
    mixed_values = torch.nn.functional.scaled_dot_product_attention(
        queries.view(len(columns), size, -1), keys[places], values[places])
    return mixed_values.reshape(len(queries), -1)
