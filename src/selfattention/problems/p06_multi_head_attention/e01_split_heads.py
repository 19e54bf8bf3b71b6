import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=8, builds_on="lesson 06, heads and axes", hints=(
    "Write down the shape after each step. Which step moves an axis, and which only cuts one?",
    "`unflatten` cuts one axis into two; `transpose` exchanges two. A reshape alone never moves a number past another.",
))
def split_heads(x: Float[Tensor, "batch tokens width"], heads: int) -> Float[Tensor, "batch heads tokens d_head"]:
    r"""Cut each token's projected vector into heads, and put the heads before the tokens.

    `x` holds queries, keys or values: tokens that have been projected already. Of *each* of these vectors, head 0
    gets the first `width / heads` numbers, head 1 the next, and so on.
    """
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


split_heads.example(torch.tensor([[[11.5, 12.0, 13.0, 14.0], [21.5, 22.0, 23.0, 24.0], [31.5, 32.0, 33.0, 34.0]]]), 2)
split_heads.example(torch.tensor([[[11.5, 12.0, 13.0], [21.0, 22.0, 23.0]]]), 3)


@split_heads.check("gives each head its part of each token",
                   hint="In the example, which numbers of the second token belong to head 0?")
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
                     hint="Whose numbers are in row 0 of your head 0: one token's, or several tokens'?")
def view_alone(x, heads):
    return x.reshape(x.shape[0], heads, x.shape[1], -1)


@split_heads.mistake("leaves the heads after the tokens", hint="In which order are the axes asked for?")
def not_moved(x, heads):
    return x.unflatten(-1, (heads, -1))


@split_heads.mistake("deals the numbers out to the heads in turn", hint="Which numbers of a token belong to head 0?")
def dealt_out(x, heads):
    return x.unflatten(-1, (-1, heads)).permute(0, 3, 1, 2)


@split_heads.mistake("gives every head d_head = heads", hint="How many numbers does a head have for each token?")
def sizes_exchanged(x, heads):
    return x.unflatten(-1, (-1, heads)).transpose(1, 2)


@split_heads.mistake("cuts up the texts of the batch, not the tokens' numbers",
                     hint="Which axis is to be cut? Follow the first number of the second text.")
def cuts_the_batch(x, heads):
    batch, tokens, width = x.shape
    return x.reshape(heads, batch, tokens, width // heads).transpose(0, 1)


@split_heads.mistake("mixes up tokens and numbers in each head",
                     hint="`.mT` exchanges the last two axes. Are those the two that have to be exchanged?")
def wrong_pair(x, heads):
    return x.mT.reshape(x.shape[0], heads, x.shape[1], -1)


@split_heads.alternative("view and permute")
def by_permute(x, heads):
    batch, tokens, width = x.shape
    return x.view(batch, tokens, heads, width // heads).permute(0, 2, 1, 3)


@split_heads.alternative("chunks, stacked")
def by_chunks(x, heads):
    return torch.stack(x.chunk(heads, dim=-1), dim=1)
