import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=10, builds_on="lesson 16, induction heads, proof one", hints=(
    "How many things are added up to make the stream after the layer? What happens to each of them?",
    "`fill` stands where the head's own numbers stood. What is done with a head's numbers before they reach the "
    "stream?",
))
def ablated(x: Float[Tensor, "tokens d_model"], mixed: Float[Tensor, "heads tokens d_head"],
            output: Float[Tensor, "heads d_head d_model"], head: int,
            fill: Float[Tensor, " d_head"]) -> Float[Tensor, "tokens d_model"]:
    r"""Give the residual stream after an attention layer in which one head is replaced.

    `x` is the stream before the layer, `mixed[h]` what head h mixed out of the values, and `output[h]` its part of the
    output matrix: without a change the stream after the layer is x plus, for every head, its mixed values times its
    part. In place of what head `head` (counted from 0) mixed, each token is to get `fill`: zeros for a zero ablation,
    the head's mean for a mean ablation. All else stays as it is, and the tensors given must not be changed.
    """
    replaced = mixed.clone()
    replaced[head] = fill
    return x + (replaced @ output).sum(dim=0)


def given(*numbers):
    return torch.tensor(numbers)


ablated.example(given([1.0, 0.0], [0.0, 1.0]), given([[1.0], [2.0]], [[3.0], [4.0]]),
                given([[10.0, 0.0]], [[0.0, 100.0]]), 1, given(0.0))
ablated.example(given([1.0, 0.0], [0.0, 1.0]), given([[1.0], [2.0]], [[3.0], [4.0]]),
                given([[10.0, 0.0]], [[0.0, 100.0]]), 0, given(5.0))


def drawn(rng, tokens, heads, d_head, d_model):
    return tensor(rng, tokens, d_model), tensor(rng, heads, tokens, d_head), tensor(rng, heads, d_head, d_model)


def added_up(x, mixed, output, head, fill):
    """Token after token, head after head."""
    rows = []
    for token, start in enumerate(x):
        row = start.clone()
        for number in range(len(mixed)):
            row += (fill if number == head else mixed[number, token]) @ output[number]
        rows.append(row)
    return torch.stack(rows)


@ablated.check("leaves out a head, and nothing but this head",
               hint="In the first example head 1 writes into the second column. What must still stand there?")
def one_head(answer, rng):
    for tokens, heads, d_head, d_model, head in ((3, 2, 5, 7, 1), (5, 3, 2, 11, 0), (2, 5, 3, 3, 3)):
        sizes = drawn(rng, tokens, heads, d_head, d_model)
        nothing = torch.zeros(d_head, dtype=torch.float64)
        probes.equal(answer(*sizes, head, nothing), added_up(*sizes, head, nothing))


@ablated.check("puts the same mean in its place at every token",
               hint="`fill` has as many numbers as a head. What leads from a head to the stream?")
def a_mean(answer, rng):
    for tokens, heads, d_head, d_model, head in ((3, 2, 5, 7, 0), (1, 3, 3, 3, 2), (5, 1, 2, 3, 0), (7, 3, 5, 2, 1)):
        x, mixed, output = drawn(rng, tokens, heads, d_head, d_model)
        fill = mixed[head].mean(dim=0) + tensor(rng, d_head)
        probes.equal(answer(x, mixed, output, head, fill), added_up(x, mixed, output, head, fill))


def written(mixed, output, head, fill):
    replaced = mixed.clone()
    replaced[head] = fill
    return (replaced @ output).sum(dim=0)


@ablated.mistake("leaves the stream out: what goes past the layer is lost",
                 hint="Does `x` appear in your sum? What does a head add itself to?")
def no_residual(x, mixed, output, head, fill):
    return written(mixed, output, head, fill)


@ablated.mistake("takes the whole layer out", hint="How many heads did you replace, and how many were you asked to?")
def whole_layer(x, mixed, output, head, fill):
    return x + fill @ output[head]


@ablated.mistake("changes nothing: the head is still there", hint="Where do `head` and `fill` appear in your code?")
def still_there(x, mixed, output, head, fill):
    return x + (mixed @ output).sum(dim=0)


@ablated.mistake("keeps this head and takes the others out", hint="Which heads remain, and which one goes?")
def others_out(x, mixed, output, head, fill):
    return x + mixed[head] @ output[head]


@ablated.mistake("adds what is to replace the head to what it gives", hint="Instead of, or in addition to?")
def added_on_top(x, mixed, output, head, fill):
    return x + (mixed @ output).sum(dim=0) + fill @ output[head]


@ablated.mistake("always puts zero in its place", hint="Where does `fill` appear in your code?")
def always_zero(x, mixed, output, head, fill):
    return x + written(mixed, output, head, torch.zeros_like(fill))


@ablated.mistake("takes out the next head: counts heads from 1", hint="Which number does the first head have?")
def counted_from_one(x, mixed, output, head, fill):
    return x + written(mixed, output, head - 1, fill)


@ablated.mistake("subtracts the head from the stream: it must have been added first",
                 hint="Start from `x`. Was the head's share ever in it?")
def subtracted(x, mixed, output, head, fill):
    return x - mixed[head] @ output[head] + fill @ output[head]


@ablated.mistake("makes the other heads larger, as dropout does",
                 hint="What are the other heads to give: what they gave before, or more?")
def rescaled(x, mixed, output, head, fill):
    replaced = mixed * len(mixed) / max(len(mixed) - 1, 1)
    replaced[head] = fill
    return x + (replaced @ output).sum(dim=0)


@ablated.mistake("replaces a token in place of a head", hint="Which axis of `mixed` are the heads? Count from 0.")
def wrong_axis(x, mixed, output, head, fill):
    replaced = mixed.clone()
    replaced[:, head % mixed.shape[1]] = fill
    return x + (replaced @ output).sum(dim=0)


@ablated.mistake("takes the mean over the heads, not their sum", hint="Each head adds itself. And three of them?")
def averaged(x, mixed, output, head, fill):
    return x + written(mixed, output, head, fill) / len(mixed)


@ablated.mistake("replaces all heads from this one on", hint="How many heads does `mixed[head:]` hold?")
def all_from_here(x, mixed, output, head, fill):
    replaced = mixed.clone()
    replaced[head:] = fill
    return x + (replaced @ output).sum(dim=0)


@ablated.mistake("replaces the head at the last token only", hint="At how many tokens does the head give something?")
def last_token_only(x, mixed, output, head, fill):
    replaced = mixed.clone()
    replaced[head, -1] = fill
    return x + (replaced @ output).sum(dim=0)


@ablated.mistake("uses the output matrix of the first head for all", hint="Which part of the matrix belongs to head 1?")
def one_matrix(x, mixed, output, head, fill):
    return x + written(mixed, output[:1].expand_as(output), head, fill)


@ablated.alternative("everything, then the difference of one head")
def by_difference(x, mixed, output, head, fill):
    everything = x + torch.einsum("htd,hdm->tm", mixed, output)
    return everything + (fill - mixed[head]) @ output[head]


@ablated.alternative("one product for all heads")
def one_product(x, mixed, output, head, fill):
    rows = list(mixed.unbind())
    rows[head] = fill.expand_as(rows[head])
    return x + torch.cat(rows, dim=1) @ output.flatten(0, 1)
