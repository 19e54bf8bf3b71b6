import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p06_multi_head_attention.shared import mixed


@exercise(points=3, minutes=12, builds_on="exercise 4 of chapter 03 and lesson 06", hints=(
    "Which query heads share key head 0: neighbours, or every second one?",
    "`repeat` and `repeat_interleave` give the same shape. Try both on `torch.tensor([10, 20])`.",
))
def grouped_query_attention(queries: Float[Tensor, "batch heads tokens d_head"],
                            keys: Float[Tensor, "batch key_heads keys d_head"],
                            values: Float[Tensor, "batch key_heads keys d_head"],
                            ) -> Float[Tensor, "batch heads tokens d_head"]:
    r"""Let several query heads share one head of keys and values.

    With 4 heads and 2 key heads, heads 0 and 1 use key head 0, and heads 2 and 3 use key head 1 (Ainslie et al. 2023,
    §2.2, figure 2). A cache then holds fewer keys and values. `heads` is a multiple of `key_heads`. Scores are divided
    by $\sqrt{d_{head}}$. Gradients must reach queries, keys and values.
    """
    group = queries.shape[1] // keys.shape[1]
    keys, values = keys.repeat_interleave(group, dim=1), values.repeat_interleave(group, dim=1)
    scores = queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5
    return torch.softmax(scores, dim=-1) @ values


grouped_query_attention.example(
    torch.zeros(1, 4, 1, 2), torch.zeros(1, 2, 2, 2),
    torch.tensor([[[[1.0, 2.0], [3.0, 5.0]], [[10.0, 20.0], [30.0, 50.0]]]]))
grouped_query_attention.example(
    torch.tensor([[[[2.0, 0.0]], [[0.0, 2.0]]]]), torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]]),
    torch.tensor([[[[1.0, 10.0], [3.0, 30.5]]]]))


@grouped_query_attention.check("gives neighbouring heads the same keys and values",
                               hint="Which key head serves head 1 of 4, when there are 2 key heads?")
def neighbours_share(answer, rng):
    for heads, key_heads in ((6, 2), (6, 3), (4, 2)):
        queries, keys, values = tensor(rng, 2, heads, 5, 7), *tensor(rng, 2, 2, key_heads, 3, 7)
        outputs = []
        for head in range(heads):
            key, value = keys[:, head * key_heads // heads], values[:, head * key_heads // heads]
            outputs.append(mixed(queries[:, head], key, value, 7**-0.5))
        probes.equal(answer(queries, keys, values), torch.stack(outputs, dim=1))


@grouped_query_attention.check("is multi-head attention at one end and multi-query attention at the other",
                               hint="How many heads share a key head when there are as many key heads as heads? And "
                                    "when there is only one?")
def both_ends(answer, rng):
    for key_heads in (6, 1):
        probes.parity(answer, grouped_query_attention, tensor(rng, 2, 6, 5, 7), *tensor(rng, 2, 2, key_heads, 3, 7))
    # One new query of one text, as with a cache.
    probes.parity(answer, grouped_query_attention, tensor(rng, 1, 6, 1, 7), *tensor(rng, 2, 1, 2, 3, 7))


@grouped_query_attention.check("lets gradients reach the shared keys and values",
                               hint="Which step leaves torch's graph?")
def gradients_reach_shared(answer, rng):
    probes.gradient_parity(answer, grouped_query_attention, tensor(rng, 2, 6, 5, 7), *tensor(rng, 2, 2, 2, 3, 7),
                           cotangent=tensor(rng, 2, 6, 5, 7))


def grouped(queries, keys, values):
    return mixed(queries, keys, values, queries.shape[-1] ** -0.5)


@grouped_query_attention.mistake("repeats the whole set of key heads instead of each of them",
                                 hint="In which order are the key heads once you repeat them: 0 1 0 1, or 0 0 1 1?")
def repeated(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    return grouped(queries, keys.repeat(1, group, 1, 1), values.repeat(1, group, 1, 1))


@grouped_query_attention.mistake("uses the first key head for all", hint="What happens to the other key heads?")
def first_for_all(queries, keys, values):
    return grouped(queries, keys[:, :1], values[:, :1])


@grouped_query_attention.mistake("averages the key heads", hint="Does each group of heads have its own keys?")
def key_heads_averaged(queries, keys, values):
    return grouped(queries, keys.mean(dim=1, keepdim=True), values.mean(dim=1, keepdim=True))


@grouped_query_attention.mistake("shares the keys in one way and the values in another",
                                 hint="Head 1 finds with one key head. Does it read from the same one?")
def two_ways(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    return grouped(queries, keys.repeat_interleave(group, dim=1), values.repeat(1, group, 1, 1))


@grouped_query_attention.mistake("averages the queries of a group",
                                 hint="What do the heads of a group share: keys, or queries?")
def queries_averaged(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    mean = queries.unflatten(1, (-1, group)).mean(dim=2)
    return grouped(mean, keys, values).repeat_interleave(group, dim=1)


@grouped_query_attention.mistake("does not scale the scores", hint="Which of chapter 03's steps is missing?")
def grouped_unscaled(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    return mixed(queries, keys.repeat_interleave(group, dim=1), values.repeat_interleave(group, dim=1), 1.0)


@grouped_query_attention.mistake("cuts the keys off from the gradient",
                                 hint="Which of the three inputs receives no gradient?")
def shared_detached(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    return grouped(queries, keys.detach().repeat_interleave(group, dim=1), values.repeat_interleave(group, dim=1))


@grouped_query_attention.alternative("one more axis, nothing copied")
def one_more_axis(queries, keys, values):
    grouped_queries = queries.unflatten(1, (keys.shape[1], -1))
    return mixed(grouped_queries, keys[:, :, None], values[:, :, None], queries.shape[-1] ** -0.5).flatten(1, 2)


@grouped_query_attention.alternative("torch's own attention, which can share")
def torch_shares(queries, keys, values):
    return torch.nn.functional.scaled_dot_product_attention(queries, keys, values, enable_gqa=True)
