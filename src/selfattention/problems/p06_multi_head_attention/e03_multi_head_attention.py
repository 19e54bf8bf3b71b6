import torch
from jaxtyping import Bool, Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p04_masks.e01_causal_mask import causal_mask
from selfattention.problems.p06_multi_head_attention.shared import mixed


def split(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge(x):
    return x.transpose(1, 2).flatten(-2)


def weights(rng, d_model=6):
    return [tensor(rng, d_model, d_model) / d_model**0.5 for _ in range(4)]


LAYER = ("torch.nn.MultiheadAttention", "multi-head attention")


@exercise(points=4, minutes=15, builds_on="exercises 1 and 2, and exercise 4 of chapter 04", ready_made=LAYER, hints=(
    "Project, split, attend in each head, merge, project. Which of the five is missing in your code?",
    "Between split and merge it is chapter 03 with one more axis in front. How wide is a query of one head?",
    "The scores have four axes, the mask has two. Which two of the four are they?",
))
def multi_head_attention(x: Float[Tensor, "batch tokens d_model"], query_weight: Float[Tensor, "d_model d_model"],
                         key_weight: Float[Tensor, "d_model d_model"], value_weight: Float[Tensor, "d_model d_model"],
                         output_weight: Float[Tensor, "d_model d_model"], heads: int,
                         mask: Bool[Tensor, "tokens tokens"]) -> Float[Tensor, "batch tokens d_model"]:
    r"""Let each head attend on its own part of queries, keys and values.

    $\mathrm{Concat}(head_1, \dots, head_h) W^O$ (Vaswani et al. 2017, §3.2.2). The queries are `x @ query_weight`, of
    whole tokens; keys and values likewise. Each of the three is then cut into `heads` equal parts: of every token, head
    $i$ takes part $i$, which has $d_{head} = d_{model} / h$ numbers for $h$ heads, and divides its scores by
    $\sqrt{d_{head}}$. One mask serves all heads and all texts: the query of a row attends only to those keys (columns)
    where `mask` is `True`, at least one in each row. Last comes `@ output_weight`. Gradients must reach `x` and all
    matrices.
    """
    queries, keys, values = (x @ weight for weight in (query_weight, key_weight, value_weight))
    queries, keys, values = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (queries, keys, values))
    scores = queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5
    mixed = torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1) @ values
    return mixed.transpose(1, 2).flatten(-2) @ output_weight


def all_seen(tokens):
    return torch.ones(tokens, tokens, dtype=torch.bool)


multi_head_attention.example(torch.tensor([[[1.0, 0.0, 2.0, 0.0], [0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 0.0, 3.0]]]),
                             torch.eye(4), torch.eye(4), torch.eye(4), torch.diag(torch.tensor([1.0, 10, 100, 1000])),
                             2, causal_mask(3, 3))
# Nobody asks for anything: each token gets the mean of those that it sees.
multi_head_attention.example(torch.tensor([[[2.0, 10.0], [4.0, 50.0], [6.0, 60.0]]]), torch.zeros(2, 2), torch.eye(2),
                             torch.eye(2), torch.eye(2), 2, causal_mask(3, 3))
multi_head_attention.example(torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 2.0]]]),
                             torch.tensor([[1.0, 2.0], [3.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]]),
                             torch.tensor([[1.0, 1.0], [0.0, 2.0]]), torch.tensor([[1.0, 0.0], [10.0, 100.0]]), 2,
                             all_seen(3))
# All scores are -500: means again.
multi_head_attention.example(torch.tensor([[[1.0, 10.0], [1.0, 20.0], [1.0, 60.0]]]),
                             torch.tensor([[1.0, 1.0], [0.0, 0.0]]), torch.tensor([[-500.0, -500.0], [0.0, 0.0]]),
                             torch.eye(2), torch.eye(2), 2, causal_mask(3, 3))


def lopsided(rng, tokens):
    """A mask by chance. Each query sees the next token, the last one the first; none is seen by the one it sees so."""
    places = torch.arange(tokens)
    ahead = (places - places[:, None]) % tokens
    by_chance = torch.from_numpy(rng.random((tokens, tokens)) < 0.5)
    return (ahead == 1 % tokens) | (by_chance & (ahead != tokens - 1))


@multi_head_attention.check("agrees with computing one head after another, where nothing is hidden",
                            hint="Compute head 0 alone. Which part of the projected queries is its own?")
def one_after_the_other(answer, rng):
    x, (query, key, value, output) = tensor(rng, 2, 5, 6), weights(rng)
    outputs = []
    for head in (slice(0, 2), slice(2, 4), slice(4, 6)):
        scores = torch.einsum("bqd,bkd->bqk", x @ query[:, head], x @ key[:, head]) / 2**0.5
        outputs.append(torch.einsum("bqk,bkd->bqd", scores.softmax(-1), x @ value[:, head]))
    probes.equal(answer(x, query, key, value, output, 3, all_seen(5)), torch.cat(outputs, dim=-1) @ output)


@multi_head_attention.check("is one attention of full width where there is one head",
                            hint="With one head, nothing is cut. What is left of your code then?")
def one_head(answer, rng):
    x, (query, key, value, output) = tensor(rng, 1, 5, 6), weights(rng)
    expected = mixed(x @ query, x @ key, x @ value, 6**-0.5) @ output
    probes.equal(answer(x, query, key, value, output, 1, all_seen(5)), expected)


@multi_head_attention.check("leaves hidden keys out, in every head and every text",
                            hint="Take one query of one head. Which scores does its softmax get to see?")
def hidden_left_out(answer, rng):
    for texts, tokens, heads in ((2, 5, 3), (3, 3, 3), (1, 1, 2)):  # with equal sizes a wrong axis fits as well
        x, (query, key, value, output), mask = tensor(rng, texts, tokens, 6), weights(rng), lopsided(rng, tokens)
        width, outputs = 6 // heads, []
        for columns in torch.arange(6).split(width):
            queries, keys, values = (x @ weight[:, columns] for weight in (query, key, value))
            outputs.append(torch.cat([mixed(queries[:, [row]], keys[:, seen], values[:, seen], width**-0.5)
                                      for row, seen in enumerate(mask)], dim=1))
        probes.equal(answer(x, query, key, value, output, heads, mask), torch.cat(outputs, dim=-1) @ output)


@multi_head_attention.check("hides just as well where all scores are far below 0",
                            hint="Which score does a hidden key get in your code? Is it the smallest of its row?")
def far_below(answer, rng):
    x, identity = torch.round(8 * tensor(rng, 2, 5, 8)) / 8, torch.eye(8).double()  # nothing is lost in float32
    x[..., ::4], key_weight = 1.0, identity / 4
    key_weight[::4] *= -4000.0  # the first number of each head makes its scores less by 500
    probes.parity(answer, multi_head_attention, x, identity, key_weight, *weights(rng, 8)[:2], 2, lopsided(rng, 5))


@multi_head_attention.check("gives later tokens no say under a causal mask",
                            hint="Change the last token. Which outputs change? And in each head, before the merge?")
def no_later_say(answer, rng):
    x, matrices = tensor(rng, 2, 5, 6), weights(rng)
    before = answer(x, *matrices, 3, causal_mask(5, 5))
    for place in (1, 4):
        changed = torch.cat([x[:, :place], 10 * tensor(rng, 2, 5 - place, 6)], dim=1)
        after = answer(changed, *matrices, 3, causal_mask(5, 5))
        probes.unmoved(before[:, :place], after[:, :place], "outputs changed because a later token did")


@multi_head_attention.check("gives each token the same in another order, with the mask reordered",
                            hint="Exchange two tokens, and with them the mask's rows and columns. What should happen "
                                 "to the outputs?")
def equivariant(answer, rng):
    x, matrices, mask, order = tensor(rng, 2, 5, 6), weights(rng), lopsided(rng, 5), torch.tensor([2, 0, 4, 1, 3])
    probes.equal(answer(x[:, order], *matrices, 3, mask[order][:, order]), answer(x, *matrices, 3, mask)[:, order],
                 "tokens in another order do not give the outputs in that order")


@multi_head_attention.check("lets gradients reach the tokens and all four matrices",
                            hint="Which step leaves torch's graph?")
def gradients_arrive(answer, rng):
    probes.gradient_parity(answer, multi_head_attention, tensor(rng, 2, 5, 6), *weights(rng), 3, lopsided(rng, 5),
                           cotangent=tensor(rng, 2, 5, 6))


@multi_head_attention.mistake("divides by √d_model instead of √d_head",
                              hint="Which vectors are multiplied in a score of one head: how wide are they?")
def scale_of_model(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, x.shape[-1] ** -0.5, mask)) @ output_weight


@multi_head_attention.mistake("does not scale the scores", hint="Which of chapter 03's steps is missing in a head?")
def unscaled(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, 1.0, mask)) @ output_weight


@multi_head_attention.mistake("splits by view without exchanging the axes",
                              hint="Whose numbers are in one row of a head: one token's?")
def split_by_view(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    def cut(y):
        return y.reshape(y.shape[0], heads, y.shape[1], -1)
    parts = (cut(x @ weight) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, (x.shape[-1] / heads) ** -0.5, mask)) @ output_weight


@multi_head_attention.mistake("splits and merges by view without exchanging the axes",
                              hint="With a view both ways, the shapes fit. Which tokens' numbers does a head see then?")
def views_both_ways(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    def cut(y):
        return y.reshape(y.shape[0], heads, y.shape[1], -1)
    parts = (cut(x @ weight) for weight in (query_weight, key_weight, value_weight))
    return mixed(*parts, (x.shape[-1] / heads) ** -0.5, mask).reshape(x.shape) @ output_weight


@multi_head_attention.mistake("cuts the tokens first, and projects each part by its own block of the matrix",
                              hint="Change the last number of a token. Does the query of head 0 change in the "
                                   "formula? And in your code?")
def cut_before_projecting(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    def projected(weight):
        blocks = zip(x.chunk(heads, dim=-1), weight.chunk(heads, dim=0))
        return torch.stack([part @ rows.chunk(heads, dim=1)[head] for head, (part, rows) in enumerate(blocks)], dim=1)
    parts = map(projected, (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, (x.shape[-1] / heads) ** -0.5, mask)) @ output_weight


@multi_head_attention.mistake("merges without exchanging the axes back",
                              hint="Splitting exchanged heads and tokens. What does your merge do about that?")
def merge_by_view(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return mixed(*parts, (x.shape[-1] / heads) ** -0.5, mask).reshape(x.shape) @ output_weight


@multi_head_attention.mistake("forgets the output projection", hint="Which of the four matrices have you not used yet?")
def no_output(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, (x.shape[-1] / heads) ** -0.5, mask))


@multi_head_attention.mistake("attends once with the full width", hint="Where does `heads` appear in your code?")
def one_attention(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    return mixed(x @ query_weight, x @ key_weight, x @ value_weight, x.shape[-1] ** -0.5, mask) @ output_weight


@multi_head_attention.mistake("averages the heads before the output projection",
                              hint="What do the heads of one token become: one average, or one row?")
def heads_averaged(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    mean = mixed(*parts, (x.shape[-1] / heads) ** -0.5, mask).mean(dim=1)
    return mean.repeat(1, 1, heads) @ output_weight


@multi_head_attention.mistake("normalises over the queries",
                              hint="Over which axis must the weights of one query sum to one?")
def over_queries(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    scores = queries @ keys.mT / queries.shape[-1] ** 0.5
    return merge(torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-2) @ values) @ output_weight


@multi_head_attention.mistake("lets the heads of a token attend to each other",
                              hint="Which axes are the last two when you multiply queries and keys?")
def heads_attend(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    parts = ((x @ weight).unflatten(-1, (heads, -1)) for weight in (query_weight, key_weight, value_weight))
    return mixed(*parts, (x.shape[-1] / heads) ** -0.5, mask).flatten(-2) @ output_weight


@multi_head_attention.mistake("transposes the output matrix",
                              hint="On which side of a row is the matrix, and which way round?")
def output_transposed(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(*parts, (x.shape[-1] / heads) ** -0.5, mask)) @ output_weight.T


@multi_head_attention.mistake("cuts the weights off from the gradient",
                              hint="Which of the matrices receive no gradient?")
def detached(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    scores = queries @ keys.mT / queries.shape[-1] ** 0.5
    return merge(torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1).detach() @ values) @ output_weight


@multi_head_attention.mistake("divides by the root of the number of heads",
                              hint="Over how many products is a score of one head summed?")
def scale_of_heads(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(queries, keys, values, heads**-0.5, mask)) @ output_weight


@multi_head_attention.mistake("transposes the three matrices, as if they were from `nn.Linear`",
                              hint="The prompt says `x @ query_weight`. Is that what your code does with this "
                                   "matrix?")
def as_linear(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    return multi_head_attention(x, query_weight.T, key_weight.T, value_weight.T, output_weight, heads, mask)


@multi_head_attention.mistake("gives all heads the result of the first head",
                              hint="Which part of the queries does head 1 read in your code?")
def first_head_for_all(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    results = mixed(queries, keys, values, queries.shape[-1] ** -0.5, mask)
    return merge(results[:, :1].expand_as(results)) @ output_weight


@multi_head_attention.mistake("lets all heads search the keys of the first head",
                              hint="Which keys does head 1 score in your code?")
def first_keys_for_all(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(mixed(queries, keys[:, :1], values, queries.shape[-1] ** -0.5, mask)) @ output_weight


def weighed(make, x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    """The layer with weights that `make` makes of scores and mask."""
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(make(queries @ keys.mT / queries.shape[-1] ** 0.5, mask) @ values) @ output_weight


def filled(scores, hidden, number=-torch.inf):
    return torch.softmax(scores.masked_fill(hidden, number), dim=-1)


@multi_head_attention.mistake("ignores the mask", hint="Where does `mask` appear in your code?")
def mask_ignored(*given):
    return weighed(lambda scores, mask: torch.softmax(scores, dim=-1), *given)


@multi_head_attention.mistake("hides what may be seen",
                              hint="`masked_fill` fills where its mask is True. What does True mean in ours?")
def polarity(*given):
    return weighed(filled, *given)


@multi_head_attention.mistake("adds a large negative number where a key may be seen",
                              hint="What do you add to the score of a key that may be seen, and what should you?")
def added_to_seen(*given):
    return weighed(lambda scores, mask: torch.softmax(scores - 1e9 * mask, dim=-1), *given)


@multi_head_attention.mistake("gives hidden keys a score of 0",
                              hint="Which weight does a score of 0 get? Is it the smallest there is?")
def zero_scores(*given):
    return weighed(lambda scores, mask: torch.softmax(scores * mask, dim=-1), *given)


@multi_head_attention.mistake("fills hidden scores with a number that is not small enough",
                              hint="What if a visible score is below the number you fill in?")
def not_small_enough(*given):
    return weighed(lambda scores, mask: filled(scores, ~mask, -100.0), *given)


@multi_head_attention.mistake("adds the mask to the scores as ones and zeros",
                              hint="By how much does the score of a hidden key differ from the others now?")
def ones_added(*given):
    return weighed(lambda scores, mask: torch.softmax(scores + mask, dim=-1), *given)


@multi_head_attention.mistake("hides after the softmax, and does not share the weight out again",
                              hint="What do the weights of a row sum to now?")
def hidden_after(*given):
    return weighed(lambda scores, mask: torch.softmax(scores, dim=-1) * mask, *given)


@multi_head_attention.mistake("hides after the softmax and divides by what is left, with a small number added",
                              hint="If a hidden score is 25 above the others, how much weight is left for those?")
def small_number_added(*given):
    def shared_out(scores, mask):
        weights = torch.softmax(scores, dim=-1) * mask
        return weights / (weights.sum(dim=-1, keepdim=True) + 1e-9)
    return weighed(shared_out, *given)


@multi_head_attention.mistake("fills in −∞ after the softmax",
                              hint="What should be −∞: a score, or a weight? Which weight should a hidden key have?")
def infinite_weights(*given):
    return weighed(lambda scores, mask: torch.softmax(scores, dim=-1).masked_fill(~mask, -torch.inf), *given)


@multi_head_attention.mistake("hides in the first head only", hint="Change a hidden token. Which heads notice it?")
def first_head_masked(*given):
    return weighed(lambda scores, mask: torch.cat([filled(scores[:, :1], ~mask), scores[:, 1:].softmax(-1)], dim=1),
                   *given)


@multi_head_attention.mistake("hides in the first text only",
                              hint="Which axis of the scores comes first: heads or texts?")
def first_text_masked(*given):
    return weighed(lambda scores, mask: torch.cat([filled(scores[:1], ~mask), scores[1:].softmax(-1)]), *given)


@multi_head_attention.mistake("exchanges queries and keys in the mask",
                              hint="Which axis of the scores is the queries, and which axis of the mask?")
def mask_transposed(*given):
    return weighed(lambda scores, mask: filled(scores, ~mask.T), *given)


@multi_head_attention.mistake("takes the rows of the mask for heads",
                              hint="You put a new axis into the mask. Which axis of the scores does each of the mask's "
                                   "axes meet?")
def rows_for_heads(*given):
    return weighed(lambda scores, mask: filled(scores, ~mask[:, None]), *given)


@multi_head_attention.mistake("takes the rows of the mask for texts",
                              hint="Is this a padding mask, with a row for each text? What are its two axes?")
def rows_for_texts(*given):
    return weighed(lambda scores, mask: filled(scores, ~mask[:, None, None]), *given)


@multi_head_attention.mistake("gives all queries the first row of the mask",
                              hint="Which keys may the last query see, in the example and in your code?")
def first_row_for_all(*given):
    return weighed(lambda scores, mask: filled(scores, ~mask[0]), *given)


@multi_head_attention.mistake("hides later tokens, whatever the mask says",
                              hint="Is every mask causal? What if it is True everywhere?")
def always_causal(*given):
    return weighed(lambda scores, mask: filled(scores, ~torch.ones_like(mask).tril()), *given)


@multi_head_attention.alternative("a loop over the heads")
def by_loop(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    width = x.shape[-1] // heads
    outputs = []
    for head in range(heads):
        part = slice(head * width, (head + 1) * width)
        outputs.append(mixed(x @ query_weight[:, part], x @ key_weight[:, part], x @ value_weight[:, part],
                             width**-0.5, mask))
    return torch.cat(outputs, dim=-1) @ output_weight


@multi_head_attention.alternative("each head's output projected on its own, then added")
def added_up(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    each = mixed(*parts, (x.shape[-1] / heads) ** -0.5, mask)
    return torch.einsum("bhtd,hdm->btm", each, output_weight.unflatten(0, (heads, -1)))


@multi_head_attention.alternative("torch's own attention")
def by_torch(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    parts = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    return merge(torch.nn.functional.scaled_dot_product_attention(*parts, attn_mask=mask)) @ output_weight


@multi_head_attention.alternative("where in place of masked_fill")
def by_where(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    scores = torch.where(mask[None, None], queries @ keys.mT / (x.shape[-1] / heads) ** 0.5, -torch.inf)
    return merge(scores.softmax(dim=-1) @ values) @ output_weight


@multi_head_attention.alternative("a mask of 0 and minus infinity, added")
def by_adding(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    offset = torch.zeros(mask.shape, dtype=x.dtype).masked_fill(mask.logical_not(), -torch.inf)
    scores = queries @ keys.mT / (x.shape[-1] / heads) ** 0.5 + offset
    return merge(torch.softmax(scores, dim=-1) @ values) @ output_weight


@multi_head_attention.alternative("a very small number, before the scores are scaled")
def by_billion(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    queries, keys, values = (split(x @ weight, heads) for weight in (query_weight, key_weight, value_weight))
    scores = (queries @ keys.mT).masked_fill(mask == 0, -1e9) / (x.shape[-1] / heads) ** 0.5
    return merge(torch.softmax(scores, dim=-1) @ values) @ output_weight
