import math

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=4, minutes=12, builds_on="lesson 18 (windows and scales), the same over a text", hints=(
    "Cut the far keys into groups. Which new axis do they have, and over which of the two is the mean?",
    "All scores, of summaries and of near keys, share one softmax. How many are there?",
    "A summary stands for several tokens. If all of them had the same key, which weight would they have together?",
))
def near_and_far(query: Float[Tensor, " d_k"], keys: Float[Tensor, "tokens d_k"], values: Float[Tensor, "tokens d_v"],
                 near: int, count: int) -> Float[Tensor, " d_v"]:
    r"""Let a query see the last tokens one by one, and all earlier ones as summaries.

    The last `near` tokens (at least 1) are seen as they are. Those before them are cut into groups of `count`
    neighbours, from the first token on; their number is a multiple of `count`, and may be 0. A group is seen as one
    summary: its key is the mean of the group's keys, its value the mean of their values. A score is $q \cdot
    k/\sqrt{d_k}$, and to that of a summary $\ln$ `count` is added, so that it counts as many times as it has tokens.
    Return the mean of all these values, weighted with the softmax of all these scores (after Zhu & Soricut 2021).
    Gradients must reach query, keys and values.
    """
    far = len(keys) - near
    groups = [x[:far].reshape(far // count, count, x.shape[1]).mean(dim=1) for x in (keys, values)]
    seen_keys, seen_values = (torch.cat([group, x[far:]]) for group, x in zip(groups, (keys, values)))
    votes = torch.cat([torch.full((far // count,), math.log(count)), torch.zeros(near)])
    weights = torch.softmax(seen_keys @ query / math.sqrt(len(query)) + votes, dim=0)
    return weights @ seen_values


near_and_far.example(torch.tensor([0.0]), torch.zeros(6, 1),
                     torch.tensor([[1.0], [3.0], [10.0], [30.0], [100.0], [300.0]]), 2, 2)
near_and_far.example(torch.tensor([1.0]), torch.tensor([[0.0], [2.0], [4.0], [1.0]]),
                     torch.tensor([[1.0], [10.0], [100.0], [1000.0]]), 1, 3)
near_and_far.example(torch.tensor([1.0, 0.0, 0.0, 0.0]),
                     torch.tensor([[1.0, 0, 0, 0], [3.0, 0, 0, 0], [2.0, 0, 0, 0]]),
                     torch.tensor([[1.0], [10.0], [100.0]]), 1, 2)
near_and_far.example(torch.tensor([1.0]), torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [10.0]]), 2, 3)
near_and_far.example(torch.tensor([1000.0]), torch.tensor([[1.0], [1.5], [1.0], [2.0]]),
                     torch.tensor([[1.0], [10.0], [100.0], [1000.0]]), 2, 2)


def one_by_one(query, keys, values, near, count):
    """Group by group, in plain loops; the exponential of each score counts once for each of its tokens."""
    far, seen = len(keys) - near, []
    for start in range(0, far, count):
        members = range(start, start + count)
        seen.append((sum(keys[i] for i in members) / count, sum(values[i] for i in members) / count, count))
    seen += [(keys[i], values[i], 1) for i in range(far, len(keys))]
    scores = [(query @ key) / len(query) ** 0.5 for key, _, _ in seen]
    powers = [votes * torch.exp(score - max(scores)) for score, (_, _, votes) in zip(scores, seen)]
    return sum(power / sum(powers) * value for power, (_, value, _) in zip(powers, seen))


def inputs(rng, tokens, d_k=5, d_v=3):
    return tensor(rng, d_k), tensor(rng, tokens, d_k), tensor(rng, tokens, d_v)


@near_and_far.check("agrees with a loop over groups and near tokens",
                    hint="In the first example all scores are 0. So what is the mean of all six values?")
def agrees(answer, rng):
    for tokens, near, count in ((11, 5, 3), (13, 3, 2), (19, 4, 5)):
        given = inputs(rng, tokens)
        probes.equal(answer(*given, near, count), one_by_one(*given, near, count))


@near_and_far.check("works without far tokens, with one group, groups of one, and huge scores",
                    hint="With groups of one token, which well-known function is it?")
def edges(answer, rng):
    for tokens, near, count in ((3, 3, 2), (7, 2, 5), (6, 2, 1), (1, 1, 3), (5, 1, 2)):
        given = inputs(rng, tokens)
        probes.equal(answer(*given, near, count), one_by_one(*given, near, count))
    query, keys, values = inputs(rng, 7)
    probes.equal(answer(1e3 * query, 10 * keys, values, 3, 2), one_by_one(1e3 * query, 10 * keys, values, 3, 2))


@near_and_far.check("lets gradients reach query, keys and values",
                    hint="Do near and far tokens, keys and values all take part in the result?")
def gradients(answer, rng):
    probes.gradient_parity(answer, near_and_far, *inputs(rng, 11), 3, 4, cotangent=tensor(rng, 3))


def mixed(query, keys, values, near, count, *, pool=None, value_pool=None, votes=None, scale=None, split=None):
    """The solution with one thing to be changed at a time."""
    far = len(keys) - near if split is None else split

    def mean(x):
        return x.reshape(far // count, count, x.shape[1]).mean(dim=1)

    pooled_keys, pooled_values = (pool or mean)(keys[:far]), (value_pool or pool or mean)(values[:far])
    extra = math.log(count) if votes is None else votes
    scores = torch.cat([pooled_keys, keys[far:]]) @ query / (math.sqrt(len(query)) if scale is None else scale)
    scores = scores + torch.cat([torch.full((len(pooled_keys),), float(extra)), torch.zeros(len(keys) - far)])
    return torch.softmax(scores, dim=0) @ torch.cat([pooled_values, values[far:]])


def grouped(x, count):
    return x.reshape(len(x) // count, count, x.shape[1])


@near_and_far.mistake("pools over the wrong axis: every so many-th token, not neighbours",
                      hint="Which axis of your groups counts the members, and are they neighbours?")
def wrong_axis(query, keys, values, near, count):
    groups = (len(keys) - near) // count
    return mixed(query, keys, values, near, count,
                 pool=lambda x: x.reshape(count, groups, x.shape[1]).mean(dim=0))


@near_and_far.mistake("cuts `count` groups, in place of groups of `count`",
                      hint="Six far tokens and a count of 3: how many summaries are there?")
def so_many_groups(query, keys, values, near, count):
    return mixed(query, keys, values, near, count,
                 pool=lambda x: torch.stack([part.mean(dim=0) for part in x.tensor_split(count)]) if len(x) else x)


@near_and_far.mistake("gives a summary the vote of a single token",
                      hint="Equal keys everywhere: is the result the mean of all values?")
def one_vote(*given):
    return mixed(*given, votes=0.0)


@near_and_far.mistake("adds the count itself, not its logarithm",
                      hint="What is added before the exponential is a factor after it. Which one shall it be?")
def count_added(query, keys, values, near, count):
    return mixed(query, keys, values, near, count, votes=count)


@near_and_far.mistake("subtracts the logarithm", hint="Shall a summary count more than a single token, or less?")
def subtracted(query, keys, values, near, count):
    return mixed(query, keys, values, near, count, votes=-math.log(count))


@near_and_far.mistake("divides the logarithm by √d, too", hint="Is ln `count` added to the score, or to q · k?")
def votes_scaled(query, keys, values, near, count):
    return mixed(query, keys, values, near, count, votes=math.log(count) / math.sqrt(len(query)))


@near_and_far.mistake("takes the logarithm to the base 2", hint="Which exponential does the softmax take?")
def base_two(query, keys, values, near, count):
    return mixed(query, keys, values, near, count, votes=math.log2(count))


@near_and_far.mistake("multiplies the scores of summaries by the count, in place of adding its logarithm",
                      hint="What makes a weight c times as large: a score times c, or another change of the score?")
def scores_multiplied(query, keys, values, near, count):
    return mixed(query, keys, values, near, count, votes=0.0, pool=lambda x: grouped(x, count).sum(dim=1),
                 value_pool=lambda x: grouped(x, count).mean(dim=1))


@near_and_far.mistake("adds up the keys of a group",
                      hint="With equal keys, is the score of a summary that of its tokens?")
def keys_summed(query, keys, values, near, count):
    return mixed(query, keys, values, near, count, pool=lambda x: grouped(x, count).sum(dim=1),
                 value_pool=lambda x: grouped(x, count).mean(dim=1))


@near_and_far.mistake("adds up the values of a group", hint="With equal values, is the result that value?")
def values_summed(query, keys, values, near, count):
    return mixed(query, keys, values, near, count, pool=lambda x: grouped(x, count).mean(dim=1),
                 value_pool=lambda x: grouped(x, count).sum(dim=1))


@near_and_far.mistake("takes the largest numbers of a group, not the means",
                      hint="Two keys, 1 and 3: which is the key of their summary?")
def largest(query, keys, values, near, count):
    return mixed(query, keys, values, near, count, pool=lambda x: grouped(x, count).amax(dim=1))


@near_and_far.mistake("takes the first token of a group for all of it",
                      hint="Does the last value of a group have any influence?")
def first_of_each(query, keys, values, near, count):
    return mixed(query, keys, values, near, count, pool=lambda x: x[::count])


@near_and_far.mistake("takes the last token of a group for all of it",
                      hint="Does the first value of a group have any influence?")
def last_of_each(query, keys, values, near, count):
    return mixed(query, keys, values, near, count, pool=lambda x: x[count - 1::count])


@near_and_far.mistake("makes one summary of all far tokens",
                      hint="Four far tokens and a count of 2: how many summaries?")
def one_summary(query, keys, values, near, count):
    return mixed(query, keys, values, near, max(len(keys) - near, 1))


@near_and_far.mistake("multiplies the weights of summaries by the count after the softmax",
                      hint="Do your weights still sum to 1?")
def weights_multiplied(query, keys, values, near, count):
    far = len(keys) - near
    return mixed(query, keys, torch.cat([count * values[:far], values[far:]]), near, count, votes=0.0)


@near_and_far.mistake("makes summaries of near tokens, too", hint="How many keys does the query see one by one?")
def near_pooled(query, keys, values, near, count):
    return mixed(query, keys, values, near, count, split=len(keys) // count * count)


@near_and_far.mistake("divides by one less than the count", hint="A group of three equal keys: what is their mean?")
def one_less(query, keys, values, near, count):
    return mixed(query, keys, values, near, count,
                 pool=lambda x: grouped(x, count).sum(dim=1) / max(count - 1, 1))


@near_and_far.mistake("leaves the near values out", hint="What becomes of the last value?")
def near_left_out(query, keys, values, near, count):
    far = len(keys) - near
    return mixed(query, keys, torch.cat([values[:far], 0 * values[far:]]), near, count)


@near_and_far.mistake("does not scale the scores", hint="By what is q · k divided?")
def not_scaled(*given):
    return mixed(*given, scale=1.0)


@near_and_far.mistake("divides by the number of values, d_v", hint="Which width is d_k?")
def scaled_by_values(query, keys, values, near, count):
    return mixed(query, keys, values, near, count, scale=math.sqrt(values.shape[1]))


@near_and_far.mistake("leaves the far tokens out", hint="What becomes of the first value?")
def far_left_out(query, keys, values, near, count):
    return mixed(query, keys[-near:], values[-near:], near, count)


@near_and_far.mistake("sees every token as it is", hint="Where does `count` come into your scores?")
def all_near(query, keys, values, near, count):
    return mixed(query, keys, values, len(keys), count)


@near_and_far.mistake("sees the first tokens one by one, and the last ones as summaries",
                      hint="Which tokens are near: the first or the last?")
def other_end(query, keys, values, near, count):
    return mixed(query, keys.flip(0), values.flip(0), near, count)


@near_and_far.mistake("makes a softmax of the far ones and one of the near ones, and takes the mean of both",
                      hint="Which sum is one: that of all weights, or that of each part?")
def two_softmaxes(query, keys, values, near, count):
    far = len(keys) - near
    late = mixed(query, keys[far:], values[far:], near, count)
    if not far:
        return late
    early = mixed(query, *(grouped(x[:far], count).mean(dim=1) for x in (keys, values)), far // count, 1)
    return (early + late) / 2


@near_and_far.mistake("lets no gradient through the summaries",
                      hint="Do all tokens take part in what is learned? Look for `.detach()`.")
def summaries_cut_off(query, keys, values, near, count):
    return mixed(query, keys, values, near, count, pool=lambda x: grouped(x, count).mean(dim=1).detach())


@near_and_far.alternative("summaries repeated once for each of their tokens")
def repeated(query, keys, values, near, count):
    far = len(keys) - near
    keys, values = (torch.cat([x[:far].reshape(-1, count, x.shape[1]).mean(dim=1).repeat_interleave(count, dim=0)
                               if far else x[:0], x[far:]]) for x in (keys, values))
    return torch.softmax(keys @ query / len(query) ** 0.5, dim=0) @ values


@near_and_far.alternative("exponentials, weighted by the votes")
def by_votes(query, keys, values, near, count):
    return one_by_one(query, keys, values, near, count)
