from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p08_transformer_block.shared import TWO_TOKENS, average, centre, double, parts, square


@exercise(points=3, minutes=6, builds_on="exercise 3", hints=(
    "In a pre-norm block x itself is never normalised. What is?",
    "Which x is on the left of the plus, and what goes into the sublayer? Are they the same?",
))
def pre_norm_block(x: Float[Tensor, "batch tokens d_model"], attention: Callable[[Tensor], Tensor],
                   norm_1: Callable[[Tensor], Tensor], feed_forward: Callable[[Tensor], Tensor],
                   norm_2: Callable[[Tensor], Tensor]) -> Float[Tensor, "batch tokens d_model"]:
    r"""Build the block of most later models: a norm before each sublayer, and a free way past both.

    $x + \mathrm{Sublayer}(\mathrm{LayerNorm}(x))$, first with attention and its norm, then with the feed-forward layer
    and its own norm (Xiong et al. 2020, §3.3). The x on the left of the plus has passed through no norm. In the
    example, `attention` takes the mean of the tokens, `norm_1` subtracts each token's own mean, `feed_forward` squares,
    and `norm_2` doubles.
    """
    x = x + attention(norm_1(x))
    return x + feed_forward(norm_2(x))


pre_norm_block.example(TWO_TOKENS[None], average, centre, square, double)


@pre_norm_block.check("normalises, then adds, twice", hint="Work through the example with a pencil: four steps.")
def normalises_then_adds(answer, rng):
    x, (attention, norm_1, feed, norm_2) = tensor(rng, 2, 5, 7), parts(rng)
    first = torch.add(x, attention(norm_1(x)))
    probes.equal(answer(x, attention, norm_1, feed, norm_2), torch.add(first, feed(norm_2(first))))


@pre_norm_block.check("is the identity when the sublayers give nothing", hint="What happens to x itself in your code?")
def identity(answer, rng):
    x, (_, norm_1, _, norm_2) = tensor(rng, 1, 3, 7), parts(rng)
    probes.equal(answer(x, torch.zeros_like, norm_1, torch.zeros_like, norm_2), x)


@pre_norm_block.mistake("adds to the normed input",
                        hint="What is added to the sublayer's result: x, or its normed version?")
def adds_to_normed(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x)
    x = x + attention(x)
    x = norm_2(x)
    return x + feed_forward(x)


@pre_norm_block.mistake("normalises after the sum", hint="That is post-norm. Where is the norm in the formula?")
def post_instead(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x + attention(x))
    return norm_2(x + feed_forward(x))


@pre_norm_block.mistake("normalises the sublayers' results",
                        hint="Does the norm get what goes into the sublayer, or what comes out?")
def norm_of_result(x, attention, norm_1, feed_forward, norm_2):
    x = x + norm_1(attention(x))
    return x + norm_2(feed_forward(x))


@pre_norm_block.mistake("uses the first norm twice", hint="Which of the four functions have you not used yet?")
def norm_shared(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(norm_1(x))
    return x + feed_forward(norm_1(x))


@pre_norm_block.mistake("forgets the second norm", hint="How many norms does a block have?")
def second_norm_lost(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(norm_1(x))
    return x + feed_forward(x)


@pre_norm_block.mistake("forgets the first norm", hint="How many norms does a block have?")
def first_norm_left_out(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(x)
    return x + feed_forward(norm_2(x))


@pre_norm_block.mistake("has no residual connections", hint="The formula has a plus. What is on its left?")
def nothing_passed(x, attention, norm_1, feed_forward, norm_2):
    return feed_forward(norm_2(attention(norm_1(x))))


@pre_norm_block.mistake("adds the block's input in the second step", hint="What is x in the second step?")
def first_x_again(x, attention, norm_1, feed_forward, norm_2):
    first = x + attention(norm_1(x))
    return x + feed_forward(norm_2(first))


@pre_norm_block.mistake("runs the sublayers in parallel",
                        hint="Some later models do so. What does the feed-forward layer read here?")
def both_at_once(x, attention, norm_1, feed_forward, norm_2):
    return x + attention(norm_1(x)) + feed_forward(norm_2(x))


@pre_norm_block.mistake("gives both sublayers the same normed tokens",
                        hint="What did attention change? Does the feed-forward layer see it?")
def normed_once(x, attention, norm_1, feed_forward, norm_2):
    normed_x = norm_1(x)
    x = x + attention(normed_x)
    return x + feed_forward(normed_x)


@pre_norm_block.mistake("has no way past the attention", hint="If attention gave zeros, what would be left of x?")
def attention_only(x, attention, norm_1, feed_forward, norm_2):
    x = attention(norm_1(x))
    return x + feed_forward(norm_2(x))


@pre_norm_block.mistake("has no way past the feed-forward layer",
                        hint="If the feed-forward layer gave zeros, what would be left?")
def feed_forward_only(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(norm_1(x))
    return feed_forward(norm_2(x))


@pre_norm_block.mistake("normalises once more at the end",
                        hint="A whole stack ends with a norm of its own. Does a block?")
def norm_at_the_end(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(norm_1(x))
    return norm_2(x + feed_forward(norm_2(x)))


@pre_norm_block.mistake("exchanges the two norms", hint="Which norm belongs to which step of the formula?")
def norms_exchanged(x, attention, norm_1, feed_forward, norm_2):
    return pre_norm_block(x, attention, norm_2, feed_forward, norm_1)


@pre_norm_block.alternative("a loop over the two steps")
def pre_by_loop(x, attention, norm_1, feed_forward, norm_2):
    for sublayer, norm in ((attention, norm_1), (feed_forward, norm_2)):
        x = sublayer(norm(x)) + x
    return x
