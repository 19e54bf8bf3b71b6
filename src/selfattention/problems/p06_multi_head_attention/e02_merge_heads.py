import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=2, minutes=6, builds_on="exercise 1", hints=(
    "It is `split_heads` backwards. Which of its two steps comes first now?",
    "Which two axes must be next to each other before they can become one?",
))
def merge_heads(x: Float[Tensor, "batch heads tokens d_head"]) -> Float[Tensor, "batch tokens width"]:
    r"""Put the heads of each token side by side again.

    This is $\mathrm{Concat}(head_1, \dots, head_h)$ (Vaswani et al. 2017, §3.2.2), and undoes `split_heads`. The
    width is that of a head times the number of heads; head 0 comes first.
    """
    return x.transpose(1, 2).flatten(-2)


merge_heads.example(torch.tensor([[[[11.5, 12.0], [21.0, 22.0], [31.0, 32.0]], [[13.5, 14.0], [23.0, 24.0],
                                                                                  [33.0, 34.0]]]]))


@merge_heads.check("puts the heads of each token side by side", hint="What should token 0 be in the example?")
def side_by_side(answer, rng):
    x = tensor(rng, 2, 3, 5, 7)
    probes.equal(answer(x), torch.cat([x[:, head] for head in range(3)], dim=-1))


@merge_heads.check("works for square and for single sizes",
                   hint="With equal sizes a wrong axis goes unnoticed. Can you follow one number?")
def square_sizes(answer, rng):
    for shape in ((3, 3, 3, 3), (1, 1, 2, 3), (2, 3, 1, 1)):
        probes.parity(answer, merge_heads, tensor(rng, *shape))


@merge_heads.mistake("merges without exchanging the axes back",
                     hint="Which two axes are next to each other when you flatten? Do they belong to one token?")
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


@merge_heads.mistake("puts the heads one under the other", hint="How many tokens does your result have?")
def one_under_the_other(x):
    return x.flatten(1, 2)


@merge_heads.alternative("a concatenation")
def concatenated(x):
    return torch.cat(x.unbind(1), dim=-1)


@merge_heads.alternative("permute, contiguous, view")
def by_view(x):
    batch, heads, tokens, d_head = x.shape
    return x.permute(0, 2, 1, 3).contiguous().view(batch, tokens, heads * d_head)
