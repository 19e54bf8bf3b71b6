r"""# Exercises 06: multi-head attention

One layer, several attentions side by side. Nearly all of it is putting axes in the right place, and a wrong place often
keeps the shapes. Read lesson [06](../notebooks/06_multi_head_attention.ipynb) first.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes


def tensor(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


@exercise(points=3, hints=(
    "Write down the shape after each step. Which step moves an axis, and which only cuts one?",
    "`unflatten` cuts one axis into two; `transpose` exchanges two. A reshape alone never moves a number past another.",
))
def split_heads(x: Float[Tensor, "batch tokens width"], heads: int) -> Float[Tensor, "batch heads tokens d_head"]:
    r"""Cut each token's numbers into heads, and put the heads before the tokens.

    Head 0 gets the first $d_{head}$ = width / heads numbers of *each* token, head 1 the next, and so on.
    """
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


split_heads.example(torch.tensor([[[11.5, 12.0, 13.0, 14.0], [21.5, 22.0, 23.0, 24.0], [31.5, 32.0, 33.0, 34.0]]]), 2)


@split_heads.check("gives each head its part of each token", hint="What are the first numbers of the second token?")
def parts_of_tokens(answer, rng):
    x = tensor(rng, 2, 5, 21)
    for heads in (3, 7):
        got = answer(x, heads)
        for head, part in enumerate(x.split(21 // heads, dim=-1)):
            probes.equal(got[:, head], part)


@split_heads.check("keeps the texts of a batch apart, and works for one token and one head",
                   hint="Change the second text. Does any head of the first text change?")
def batches_apart(answer, rng):
    x = tensor(rng, 2, 5, 21)
    before, after = answer(x, 3), answer(torch.cat([x[:1], -x[1:]]), 3)
    probes.unmoved(before[0], after[0], "a text changed because another text of the batch did")
    for shape, heads in (((1, 1, 6), 2), ((3, 5, 7), 1), ((2, 5, 5), 5)):
        probes.parity(answer, split_heads, tensor(rng, *shape), heads)


@split_heads.mistake("cuts with a view, without exchanging the axes",
                     hint="Which tokens' numbers stand in row 0 of your head 0? All of them?")
def view_alone(x, heads):
    return x.reshape(x.shape[0], heads, x.shape[1], -1)


@split_heads.mistake("leaves the heads behind the tokens", hint="In which order are the axes asked for?")
def not_moved(x, heads):
    return x.unflatten(-1, (heads, -1))


@split_heads.mistake("deals the numbers out to the heads in turn", hint="Which numbers of a token belong to head 0?")
def dealt_out(x, heads):
    return x.unflatten(-1, (-1, heads)).permute(0, 3, 1, 2)


@split_heads.mistake("gives every head d_head = heads", hint="How many numbers has a head of a token?")
def sizes_exchanged(x, heads):
    return x.unflatten(-1, (-1, heads)).transpose(1, 2)


@split_heads.mistake("cuts the texts of the batch, not the tokens' numbers",
                     hint="Which axis is to be cut? Follow the first number of the second text.")
def cuts_the_batch(x, heads):
    batch, tokens, width = x.shape
    return x.reshape(heads, batch, tokens, width // heads).transpose(0, 1)


@split_heads.mistake("turns the order of the tokens and numbers round in each head",
                     hint="`.mT` exchanges the last two axes. Are these the two that have to be exchanged?")
def wrong_pair(x, heads):
    return x.mT.reshape(x.shape[0], heads, x.shape[1], -1)


@split_heads.alternative("view and permute")
def by_permute(x, heads):
    batch, tokens, width = x.shape
    return x.view(batch, tokens, heads, width // heads).permute(0, 2, 1, 3)


@split_heads.alternative("chunks, stacked")
def by_chunks(x, heads):
    return torch.stack(x.chunk(heads, dim=-1), dim=1)


@exercise(points=2, hints=(
    "It is `split_heads` backwards. Which of its two steps comes first now?",
    "Which two axes must stand next to each other before they can become one?",
))
def merge_heads(x: Float[Tensor, "batch heads tokens d_head"]) -> Float[Tensor, "batch tokens width"]:
    r"""Put the heads of each token side by side again: $\mathrm{Concat}(head_1, \dots, head_h)$.

    It undoes `split_heads` (Vaswani et al. 2017, §3.2.2).
    """
    return x.transpose(1, 2).flatten(-2)


merge_heads.example(torch.tensor([[[[11.5, 12.0], [21.0, 22.0], [31.0, 32.0]], [[13.5, 14.0], [23.0, 24.0],
                                                                                  [33.0, 34.0]]]]))


@merge_heads.check("puts the heads of each token side by side", hint="What should token 0 be in the example?")
def side_by_side(answer, rng):
    x = tensor(rng, 2, 3, 5, 7)
    probes.equal(answer(x), torch.cat([x[:, head] for head in range(3)], dim=-1))


@merge_heads.check("works for square and for single sizes", hint="Equal sizes hide a wrong axis. Follow one number.")
def square_sizes(answer, rng):
    for shape in ((3, 3, 3, 3), (1, 1, 2, 3), (2, 3, 1, 1)):
        probes.parity(answer, merge_heads, tensor(rng, *shape))


@merge_heads.mistake("merges without exchanging the axes back",
                     hint="Which two axes stand next to each other when you flatten? Do they belong to one token?")
def no_way_back(x):
    return x.reshape(x.shape[0], x.shape[2], -1)


@merge_heads.mistake("averages the heads", hint="How wide is a token after the merge? Is anything lost?")
def averaged(x):
    return x.mean(dim=1)


@merge_heads.mistake("adds the heads up", hint="How wide is a token after the merge? Is anything lost?")
def added(x):
    return x.sum(dim=1)


@merge_heads.mistake("deals the heads' numbers out in turn",
                     hint="Whose numbers come first: all of head 0, or one of each?")
def alternating(x):
    return x.permute(0, 2, 3, 1).flatten(-2)


@merge_heads.mistake("exchanges the axes, then does not merge them", hint="How many axes should be left?")
def not_flattened(x):
    return x.transpose(1, 2)


@merge_heads.mistake("puts the heads one under the other", hint="How many tokens has your result?")
def one_under_the_other(x):
    return x.flatten(1, 2)


@merge_heads.alternative("a concatenation")
def concatenated(x):
    return torch.cat(x.unbind(1), dim=-1)


@merge_heads.alternative("permute, contiguous, view")
def by_view(x):
    batch, heads, tokens, d_head = x.shape
    return x.permute(0, 2, 1, 3).contiguous().view(batch, tokens, heads * d_head)


def split(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge(x):
    return x.transpose(1, 2).flatten(-2)


def weights(rng, d_model=6):
    return [tensor(rng, d_model, d_model) for _ in range(4)]


def mixed(queries, keys, values, scale):
    return torch.softmax(queries @ keys.mT * scale, dim=-1) @ values


LAYER = ("torch.nn.MultiheadAttention", "multi-head attention")


@exercise(points=4, ready_made=LAYER, hints=(
    "Project, split, attend in each head, merge, project. Which of the five is missing in your code?",
    "Between split and merge it is chapter 03, with one more axis in front. How wide is a query of one head?",
))
def multi_head_attention(x: Float[Tensor, "batch tokens d_model"], query_weight: Float[Tensor, "d_model d_model"],
                         key_weight: Float[Tensor, "d_model d_model"], value_weight: Float[Tensor, "d_model d_model"],
                         output_weight: Float[Tensor, "d_model d_model"],
                         heads: int) -> Float[Tensor, "batch tokens d_model"]:
    r"""Let each head attend on its own part of queries, keys and values.

    $\mathrm{Concat}(head_1, \dots, head_h) W^O$ (Vaswani et al. 2017, §3.2.2). Queries are `x @ query_weight`, keys and
    values likewise; head $i$ takes the $i$-th equal part of their numbers, $d_{head}$ = d_model / heads of them, and
    divides its scores by $\sqrt{d_{head}}$. Last comes `@ output_weight`.
    """
    queries, keys, values = (x @ weight for weight in (query_weight, key_weight, value_weight))
    queries, keys, values = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (queries, keys, values))
    scores = queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5
    mixed = torch.softmax(scores, dim=-1) @ values
    return mixed.transpose(1, 2).flatten(-2) @ output_weight


multi_head_attention.example(torch.tensor([[[1.0, 0.0, 2.0, 0.0], [0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 0.0, 3.0]]]),
                             torch.eye(4), torch.eye(4), torch.eye(4), torch.diag(torch.tensor([1.0, 10, 100, 1000])),
                             2)


@multi_head_attention.check("agrees with one head after the other", hint="Compute head 0 alone. What does it see?")
def one_after_the_other(answer, rng):
    x, (query, key, value, output) = tensor(rng, 2, 5, 6), weights(rng)
    outputs = []
    for head in (slice(0, 2), slice(2, 4), slice(4, 6)):
        scores = torch.einsum("bqd,bkd->bqk", x @ query[:, head], x @ key[:, head]) / 2**0.5
        outputs.append(torch.einsum("bqk,bkd->bqd", scores.softmax(-1), x @ value[:, head]))
    probes.equal(answer(x, query, key, value, output, 3), torch.cat(outputs, dim=-1) @ output)


@multi_head_attention.check("is one attention of full width where there is one head",
                            hint="With one head nothing is cut. What is left of your code then?")
def one_head(answer, rng):
    x, (query, key, value, output) = tensor(rng, 1, 5, 6), weights(rng)
    expected = mixed(x @ query, x @ key, x @ value, 6**-0.5) @ output
    probes.equal(answer(x, query, key, value, output, 1), expected)


@multi_head_attention.check("sees order no more than one head does",
                            hint="Exchange two tokens. Which outputs may change?")
def equivariant(answer, rng):
    x, matrices, order = tensor(rng, 2, 5, 6), weights(rng), torch.tensor([2, 0, 4, 1, 3])
    probes.equal(answer(x[:, order], *matrices, 3), answer(x, *matrices, 3)[:, order],
                 "tokens in another order do not give the outputs in that order")


@multi_head_attention.check("lets gradients reach the tokens and all four matrices",
                            hint="Which step leaves the graph of torch?")
def gradients_arrive(answer, rng):
    probes.gradient_parity(answer, multi_head_attention, tensor(rng, 2, 5, 6), *weights(rng), 3,
                           cotangent=tensor(rng, 2, 5, 6))


@multi_head_attention.mistake("divides by √d_model instead of √d_head",
                              hint="Which vectors are multiplied in a score of one head: how wide are they?")
def scale_of_model(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, x.shape[-1] ** -0.5)) @ output_weight


@multi_head_attention.mistake("does not scale the scores", hint="Which of chapter 03's steps is missing in a head?")
def unscaled(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, 1.0)) @ output_weight


@multi_head_attention.mistake("splits by view without exchanging the axes",
                              hint="Whose numbers stand in one row of a head? Are they from one token?")
def split_by_view(x, query_weight, key_weight, value_weight, output_weight, heads):
    def cut(y):
        return y.reshape(y.shape[0], heads, y.shape[1], -1)
    parts = (cut(x @ weight) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, (x.shape[-1] / heads) ** -0.5)) @ output_weight


@multi_head_attention.mistake("splits and merges by view without exchanging the axes",
                              hint="With a view both ways the shapes fit. Which tokens does a head see then?")
def views_both_ways(x, query_weight, key_weight, value_weight, output_weight, heads):
    def cut(y):
        return y.reshape(y.shape[0], heads, y.shape[1], -1)
    parts = (cut(x @ weight) for weight in (query_weight, key_weight, value_weight))
    return mixed(*parts, (x.shape[-1] / heads) ** -0.5).reshape(x.shape) @ output_weight


@multi_head_attention.mistake("merges without exchanging the axes back",
                              hint="Split exchanges heads and tokens. What does your merge do about it?")
def merge_by_view(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return mixed(*parts, (x.shape[-1] / heads) ** -0.5).reshape(x.shape) @ output_weight


@multi_head_attention.mistake("forgets the output projection", hint="Which of the four matrices have you not used yet?")
def no_output(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, (x.shape[-1] / heads) ** -0.5))


@multi_head_attention.mistake("attends once with the full width", hint="Where does `heads` appear in your code?")
def one_attention(x, query_weight, key_weight, value_weight, output_weight, heads):
    return mixed(x @ query_weight, x @ key_weight, x @ value_weight, x.shape[-1] ** -0.5) @ output_weight


@multi_head_attention.mistake("averages the heads before the output projection",
                              hint="What do the heads of one token become: one average, or one row?")
def heads_averaged(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    mean = mixed(*parts, (x.shape[-1] / heads) ** -0.5).mean(dim=1)
    return mean.repeat(1, 1, heads) @ output_weight


@multi_head_attention.mistake("normalises over the queries",
                              hint="Over which axis must the weights of one query sum to one?")
def over_queries(x, query_weight, key_weight, value_weight, output_weight, heads):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    scores = queries @ keys.mT / queries.shape[-1] ** 0.5
    return merge(torch.softmax(scores, dim=-2) @ values) @ output_weight


@multi_head_attention.mistake("lets the heads of a token attend to each other",
                              hint="Which axes are the last two when you multiply queries and keys?")
def heads_attend(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = ((x @ weight).unflatten(-1, (heads, -1)) for weight in (query_weight, key_weight, value_weight))
    return mixed(*parts, (x.shape[-1] / heads) ** -0.5).flatten(-2) @ output_weight


@multi_head_attention.mistake("transposes the output matrix",
                              hint="On which side of a row stands the matrix, and which way round?")
def output_transposed(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, (x.shape[-1] / heads) ** -0.5)) @ output_weight.T


@multi_head_attention.mistake("cuts the weights off from the gradient",
                              hint="Which of the matrices receive no gradient?")
def detached(x, query_weight, key_weight, value_weight, output_weight, heads):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    scores = queries @ keys.mT / queries.shape[-1] ** 0.5
    return merge(torch.softmax(scores, dim=-1).detach() @ values) @ output_weight


@multi_head_attention.alternative("a loop over the heads")
def by_loop(x, query_weight, key_weight, value_weight, output_weight, heads):
    width = x.shape[-1] // heads
    outputs = []
    for head in range(heads):
        part = slice(head * width, (head + 1) * width)
        outputs.append(mixed(x @ query_weight[:, part], x @ key_weight[:, part], x @ value_weight[:, part],
                             width**-0.5))
    return torch.cat(outputs, dim=-1) @ output_weight


@multi_head_attention.alternative("each head's output projected on its own, then added")
def added_up(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    each = mixed(*parts, (x.shape[-1] / heads) ** -0.5)
    return torch.einsum("bhtd,hdm->btm", each, output_weight.unflatten(0, (heads, -1)))


@multi_head_attention.alternative("torch's own attention")
def by_torch(x, query_weight, key_weight, value_weight, output_weight, heads):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(torch.nn.functional.scaled_dot_product_attention(*parts)) @ output_weight


@exercise(points=3, hints=(
    "Four matrices. Which of them depend on the number of key heads?",
    "A head is d_model / heads numbers wide. How wide are all key heads together?",
))
def parameter_count(d_model: int, heads: int, key_heads: int, bias: bool) -> int:
    r"""Count the learned numbers of a multi-head attention layer.

    Queries and output are d_model → d_model, for all heads together. Keys and values have `key_heads` heads of the
    same width as a head of the queries (the usual layer has as many as `heads`). With `bias`, each of the four
    projections also adds one number to each of its outputs.
    """
    narrow = d_model // heads * key_heads
    matrices = 2 * d_model * d_model + 2 * d_model * narrow
    return matrices + (2 * d_model + 2 * narrow if bias else 0)


parameter_count.example(6, 3, 1, True)


def layer_sizes(rng):
    """Two pairs of d_model and heads."""
    widths, heads = rng.permutation((11, 13, 17)).tolist(), rng.permutation((2, 3, 5, 7)).tolist()
    return [(width * number, number) for width, number in zip(widths[:2], heads)]


@parameter_count.check("counts the usual layer", hint="Count by hand for d_model = 2 and one head.")
def usual_layer(answer, rng):
    for d_model, heads in ((2, 1), *layer_sizes(rng), (512, 8)):
        layer = torch.nn.MultiheadAttention(d_model, heads, device="meta")
        expected = sum(parameter.numel() for parameter in layer.parameters())
        probes.equal(answer(d_model, heads, heads, True), expected)


@parameter_count.check("counts without biases", hint="What is left when nothing is added to the outputs?")
def without_biases(answer, rng):
    for d_model, heads in layer_sizes(rng):
        probes.equal(answer(d_model, heads, heads, False), 4 * d_model**2)


@parameter_count.check("counts shared key heads", hint="With one key head, how wide is a key?")
def shared_keys(answer, rng):
    for (d_model, heads), shared in zip(layer_sizes(rng), (1, int(rng.choice((2, 3))))):
        for bias in (True, False):
            probes.parity(answer, parameter_count, d_model * shared, heads * shared, shared, bias)


@parameter_count.mistake("counts every head with the full width", hint="Do more heads make the layer larger?")
def heads_times(d_model, heads, key_heads, bias):
    narrow = d_model * key_heads
    return 2 * d_model * d_model * heads + 2 * d_model * narrow + (2 * d_model * heads + 2 * narrow if bias else 0)


@parameter_count.mistake("forgets the output projection", hint="How many matrices has the formula?")
def no_output_counted(d_model, heads, key_heads, bias):
    narrow = d_model // heads * key_heads
    return d_model * d_model + 2 * d_model * narrow + (d_model + 2 * narrow if bias else 0)


@parameter_count.mistake("ignores that key heads are shared", hint="Where does `key_heads` appear in your code?")
def sharing_ignored(d_model, heads, key_heads, bias):
    return 4 * d_model * d_model + (4 * d_model if bias else 0)


@parameter_count.mistake("always counts the biases", hint="Where does `bias` appear in your code?")
def always_biases(d_model, heads, key_heads, bias):
    narrow = d_model // heads * key_heads
    return 2 * d_model * d_model + 2 * d_model * narrow + 2 * d_model + 2 * narrow


@parameter_count.mistake("never counts the biases", hint="Where does `bias` appear in your code?")
def never_biases(d_model, heads, key_heads, bias):
    return 2 * d_model * d_model + 2 * d_model * (d_model // heads * key_heads)


@parameter_count.mistake("counts a single number as the bias of a projection",
                         hint="To how many outputs is something added?")
def one_number_each(d_model, heads, key_heads, bias):
    return 2 * d_model * d_model + 2 * d_model * (d_model // heads * key_heads) + (4 if bias else 0)


@parameter_count.mistake("lets the key heads share the full width", hint="How wide is one head, of queries or of keys?")
def wide_biases(d_model, heads, key_heads, bias):
    narrow = d_model // heads * key_heads
    return 2 * d_model * d_model + 2 * d_model * narrow + (4 * d_model if bias else 0)


@parameter_count.alternative("counting a layer that was built")
def by_building(d_model, heads, key_heads, bias):
    widths = (d_model, d_model, d_model // heads * key_heads, d_model // heads * key_heads)
    layers = [torch.nn.Linear(d_model, width, bias=bias, device="meta") for width in widths]
    return sum(parameter.numel() for layer in layers for parameter in layer.parameters())


@exercise(points=3, hints=(
    "Which heads of the queries share key head 0: neighbours, or every second one?",
    "`repeat` and `repeat_interleave` give the same shape. Try both on `torch.tensor([10, 20])`.",
))
def grouped_query_attention(queries: Float[Tensor, "batch heads tokens d_head"],
                            keys: Float[Tensor, "batch key_heads keys d_head"],
                            values: Float[Tensor, "batch key_heads keys d_head"],
                            ) -> Float[Tensor, "batch heads tokens d_head"]:
    r"""Let several heads of queries share one head of keys and values.

    With 4 heads and 2 key heads, heads 0 and 1 use key head 0, heads 2 and 3 use key head 1 (Ainslie et al. 2023, §2.2,
    figure 2). A cache then holds fewer keys and values. Scores are divided by $\sqrt{d_{head}}$.
    """
    group = queries.shape[1] // keys.shape[1]
    keys, values = keys.repeat_interleave(group, dim=1), values.repeat_interleave(group, dim=1)
    scores = queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5
    return torch.softmax(scores, dim=-1) @ values


grouped_query_attention.example(
    torch.zeros(1, 4, 1, 2), torch.zeros(1, 2, 2, 2),
    torch.tensor([[[[1.0, 2.0], [3.0, 5.0]], [[10.0, 20.0], [30.0, 50.0]]]]))


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


@grouped_query_attention.check("is multi-head attention or multi-query attention at the two ends",
                               hint="How many heads share when there are as many key heads as heads? And when there is "
                                    "1?")
def both_ends(answer, rng):
    for key_heads in (6, 1):
        probes.parity(answer, grouped_query_attention, tensor(rng, 2, 6, 5, 7), *tensor(rng, 2, 2, key_heads, 3, 7))


@grouped_query_attention.check("lets gradients reach the shared keys and values",
                               hint="Which step leaves the graph of torch?")
def gradients_reach_shared(answer, rng):
    probes.gradient_parity(answer, grouped_query_attention, tensor(rng, 2, 6, 5, 7), *tensor(rng, 2, 2, 2, 3, 7),
                           cotangent=tensor(rng, 2, 6, 5, 7))


def grouped(queries, keys, values):
    return mixed(queries, keys, values, queries.shape[-1] ** -0.5)


@grouped_query_attention.mistake("repeats the whole set of key heads instead of each of them",
                                 hint="In which order do the key heads come after your repetition: 0 1 0 1, or 0 0 1 "
                                      "1?")
def repeated(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    return grouped(queries, keys.repeat(1, group, 1, 1), values.repeat(1, group, 1, 1))


@grouped_query_attention.mistake("uses the first key head for all", hint="What happens to the other key heads?")
def first_for_all(queries, keys, values):
    return grouped(queries, keys[:, :1], values[:, :1])


@grouped_query_attention.mistake("averages the key heads", hint="Does each group of heads have its own keys?")
def key_heads_averaged(queries, keys, values):
    return grouped(queries, keys.mean(dim=1, keepdim=True), values.mean(dim=1, keepdim=True))


@grouped_query_attention.mistake("shares the keys one way and the values another",
                                 hint="Head 1 finds with one key head. Does it read from the same one?")
def two_ways(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    return grouped(queries, keys.repeat_interleave(group, dim=1), values.repeat(1, group, 1, 1))


@grouped_query_attention.mistake("averages the queries of a group",
                                 hint="What is shared by the heads of a group: keys, or queries?")
def queries_averaged(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    mean = queries.unflatten(1, (-1, group)).mean(dim=2)
    return grouped(mean, keys, values).repeat_interleave(group, dim=1)


@grouped_query_attention.mistake("does not scale the scores", hint="Which of chapter 03's steps is missing?")
def grouped_unscaled(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    return mixed(queries, keys.repeat_interleave(group, dim=1), values.repeat_interleave(group, dim=1), 1.0)


@grouped_query_attention.mistake("cuts the keys off from the gradient",
                                 hint="Who learns from your result, and who does not?")
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
