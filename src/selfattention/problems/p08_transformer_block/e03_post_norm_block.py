from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p08_transformer_block.shared import TWO_TOKENS, average, centre, double, parts, square


@exercise(points=3, minutes=6, builds_on="lesson 08, the way past each sublayer", hints=(
    "A block has two steps of the same kind. Write the first: what is added to what, and what is normalised?",
    "What is the x of the second step: the block's input, or the first step's result?",
))
def post_norm_block(x: Float[Tensor, "batch tokens d_model"], attention: Callable[[Tensor], Tensor],
                    norm_1: Callable[[Tensor], Tensor], feed_forward: Callable[[Tensor], Tensor],
                    norm_2: Callable[[Tensor], Tensor]) -> Float[Tensor, "batch tokens d_model"]:
    r"""Build the block of 2017: a way past each sublayer, and a norm after it.

    $\mathrm{LayerNorm}(x + \mathrm{Sublayer}(x))$, first with attention and its norm, then with the feed-forward layer
    and its own norm (Vaswani et al. 2017, §3.1). All four are functions of a tensor that return one of the same shape.
    In the example, `attention` takes the mean of the tokens, `norm_1` subtracts each token's own mean, `feed_forward`
    squares, and `norm_2` doubles.
    """
    x = norm_1(x + attention(x))
    return norm_2(x + feed_forward(x))


post_norm_block.example(TWO_TOKENS[None], average, centre, square, double)


@post_norm_block.check("adds, then normalises, twice", hint="Work through the example with a pencil: four steps.")
def adds_then_normalises(answer, rng):
    x, (attention, norm_1, feed, norm_2) = tensor(rng, 2, 5, 7), parts(rng)
    first = attention(x).add(x)
    first = norm_1(first)
    expected = norm_2(feed(first).add(first))
    probes.equal(answer(x, attention, norm_1, feed, norm_2), expected)


@post_norm_block.check("passes the input on when the sublayers give nothing",
                       hint="What is left of x when both sublayers are 0?")
def passes_on(answer, rng):
    x, (_, norm_1, _, norm_2) = tensor(rng, 1, 3, 7), parts(rng)
    probes.equal(answer(x, torch.zeros_like, norm_1, torch.zeros_like, norm_2), norm_2(norm_1(x)))


@post_norm_block.mistake("normalises before the sublayers",
                         hint="That is pre-norm, from the next exercise. Where is the norm in the formula?")
def pre_instead(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(norm_1(x))
    return x + feed_forward(norm_2(x))


@post_norm_block.mistake("normalises only the sublayers' results", hint="What is inside the brackets of LayerNorm(…)?")
def norm_inside(x, attention, norm_1, feed_forward, norm_2):
    x = x + norm_1(attention(x))
    return x + norm_2(feed_forward(x))


@post_norm_block.mistake("has no way past the attention", hint="If attention gave zeros, what would be left of x?")
def attention_not_passed(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(attention(x))
    return norm_2(x + feed_forward(x))


@post_norm_block.mistake("has no way past the feed-forward layer",
                         hint="If the feed-forward layer gave zeros, what would be left?")
def feed_forward_not_passed(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x + attention(x))
    return norm_2(feed_forward(x))


@post_norm_block.mistake("has no residual connections at all", hint="The formula has a plus. What is on its left?")
def no_residuals(x, attention, norm_1, feed_forward, norm_2):
    return norm_2(feed_forward(norm_1(attention(x))))


@post_norm_block.mistake("uses the first norm twice", hint="Which of the four functions have you not used yet?")
def one_norm(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x + attention(x))
    return norm_1(x + feed_forward(x))


@post_norm_block.mistake("adds the block's input a second time",
                         hint="What is x in the second step: the input, or the first step's result?")
def input_again(x, attention, norm_1, feed_forward, norm_2):
    first = norm_1(x + attention(x))
    return norm_2(x + feed_forward(first))


@post_norm_block.mistake("runs the sublayers in parallel",
                         hint="What does the feed-forward layer read: the block's x, or the first step's result?")
def in_parallel(x, attention, norm_1, feed_forward, norm_2):
    return norm_2(norm_1(x + attention(x) + feed_forward(x)))


@post_norm_block.mistake("puts the feed-forward layer first", hint="Which sublayer comes first?")
def wrong_order(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x + feed_forward(x))
    return norm_2(x + attention(x))


@post_norm_block.mistake("forgets the first norm",
                         hint="How many norms does a block have? What does the second step read?")
def first_norm_lost(x, attention, norm_1, feed_forward, norm_2):
    x = x + attention(x)
    return norm_2(x + feed_forward(x))


@post_norm_block.mistake("forgets the last norm", hint="What is the last thing done in each step of the formula?")
def last_norm_lost(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x + attention(x))
    return x + feed_forward(x)


@post_norm_block.mistake("normalises before and after", hint="How many times is each norm applied in the formula?")
def both_sides(x, attention, norm_1, feed_forward, norm_2):
    x = norm_1(x + attention(norm_1(x)))
    return norm_2(x + feed_forward(norm_2(x)))


@post_norm_block.mistake("exchanges the two norms", hint="Which norm belongs to which step of the formula?")
def norms_exchanged(x, attention, norm_1, feed_forward, norm_2):
    return post_norm_block(x, attention, norm_2, feed_forward, norm_1)


@post_norm_block.alternative("a loop over the two steps")
def by_loop(x, attention, norm_1, feed_forward, norm_2):
    for sublayer, norm in ((attention, norm_1), (feed_forward, norm_2)):
        x = norm(sublayer(x) + x)
    return x
