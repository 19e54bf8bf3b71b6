from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=8, builds_on="exercise 3 of chapter 08", hints=(
    "Chapter 08's post-norm block has two steps of one kind. Here there are three: which sublayer is between those?",
    "Which sublayer takes the memory, and what does it ask with: the layer's input, or the first step's result?",
))
def decoder_layer(x: Float[Tensor, "batch target d_model"], memory: Float[Tensor, "batch source d_model"],
                  attention: Callable[[Tensor], Tensor], cross_attention: Callable[[Tensor, Tensor], Tensor],
                  feed_forward: Callable[[Tensor], Tensor],
                  norm: Callable[[int, Tensor], Tensor]) -> Float[Tensor, "batch target d_model"]:
    r"""Put a decoder layer of 2017 together from its three sublayers.

    Self-attention, then attention to the memory, then the feed-forward layer, each as
    $\mathrm{LayerNorm}(x + \mathrm{Sublayer}(x))$ (Vaswani et al. 2017, §3.1). All four functions are given, masks
    included: `attention(x)`; `cross_attention(x, memory)`, which asks with `x`; `feed_forward(x)`; and `norm(i, x)`,
    norm i of the layer's three, counted from 1. In the example, the sublayers double, take the mean of the
    memory, and square; norm i multiplies by i.
    """
    x = norm(1, x + attention(x))
    x = norm(2, x + cross_attention(x, memory))
    return norm(3, x + feed_forward(x))


decoder_layer.example(torch.tensor([[[1.0, 0.0], [0.0, 0.5]]]), torch.tensor([[[1.0, 2.0], [3.0, 2.0], [5.0, 2.0]]]),
                      lambda x: 2 * x, lambda x, memory: memory.mean(dim=1, keepdim=True) + 0 * x, lambda x: x * x,
                      lambda i, x: i * x)


def asks_by_product(x, memory):
    """Each token times the mean of the memory."""
    return x * memory.mean(dim=1, keepdim=True)


decoder_layer.example(torch.tensor([[[1.0, 0.0], [0.0, 0.5]]]), torch.tensor([[[1.0, 2.0], [3.0, 2.0], [5.0, 2.0]]]),
                      lambda x: 2 * x, asks_by_product, lambda x: x * x, lambda i, x: i * x)


def decoder_parts(rng):
    """Three sublayers and three norms, different each time and easy to tell apart."""
    mix, read, bend, gains = tensor(rng, 7, 7) / 3, tensor(rng, 7, 7) / 3, tensor(rng, 7, 7) / 3, tensor(rng, 3, 7)
    return (lambda x: x.cumsum(dim=1) @ mix, lambda x, memory: torch.softmax(x @ memory.mT, dim=-1) @ memory @ read,
            lambda x: torch.tanh(x @ bend),
            lambda i, x: (x - x.mean(dim=-1, keepdim=True)) * gains[i - 1] + i)


@decoder_layer.check("runs three sublayers, each added and normalised",
                     hint="Work through the example with a pencil: three steps of two lines each.")
def three_sublayers(answer, rng):
    for batch, target, source in ((2, 3, 5), (1, 5, 2)):
        x, memory = tensor(rng, batch, target, 7), tensor(rng, batch, source, 7)
        attention, cross, feed, norm = decoder_parts(rng)
        first = norm(1, torch.add(attention(x), x))
        second = norm(2, torch.add(cross(first, memory), first))
        probes.equal(answer(x, memory, attention, cross, feed, norm), norm(3, torch.add(feed(second), second)))


@decoder_layer.check("tells source and target apart where they are equally long",
                     hint="Which of the two asks in `cross_attention`, and which is read as it is?")
def source_and_target(answer, rng):
    x, memory, parts = tensor(rng, 2, 3, 7), tensor(rng, 2, 3, 7), decoder_parts(rng)
    probes.parity(answer, decoder_layer, x, memory, *parts)


@decoder_layer.check("passes its input on when the sublayers give nothing",
                     hint="What is left of x when all three sublayers are 0?")
def input_passes(answer, rng):
    x, (*_, norm) = tensor(rng, 1, 3, 7), decoder_parts(rng)
    got = answer(x, tensor(rng, 1, 5, 7), torch.zeros_like, lambda x, memory: 0 * x, torch.zeros_like, norm)
    probes.equal(got, norm(3, norm(2, norm(1, x))))


@decoder_layer.mistake("attends to the memory first", hint="In which order does the prompt name the three sublayers?")
def memory_first(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + cross_attention(x, memory))
    x = norm(2, x + attention(x))
    return norm(3, x + feed_forward(x))


@decoder_layer.mistake("has no way past the cross-attention",
                       hint="If the source had nothing to say, what would be left of the target?")
def no_way_past_memory(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + attention(x))
    x = norm(2, cross_attention(x, memory))
    return norm(3, x + feed_forward(x))


@decoder_layer.mistake("has no way past its own attention", hint="If `attention` gave zeros, what would be left of x?")
def no_way_past_attention(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, attention(x))
    x = norm(2, x + cross_attention(x, memory))
    return norm(3, x + feed_forward(x))


@decoder_layer.mistake("has no ways past its sublayers at all", hint="The formula has a plus. What is on its left?")
def no_ways_past(x, memory, attention, cross_attention, feed_forward, norm):
    return norm(3, feed_forward(norm(2, cross_attention(norm(1, attention(x)), memory))))


@decoder_layer.mistake("lets the memory ask",
                       hint="Whose tokens come out of `cross_attention`? How many should there be?")
def memory_asks(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + attention(x))
    x = norm(2, x + cross_attention(memory, x))
    return norm(3, x + feed_forward(x))


@decoder_layer.mistake("lets the target look at itself twice", hint="Where does `memory` appear in your code?")
def itself_twice(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + attention(x))
    x = norm(2, x + cross_attention(x, x))
    return norm(3, x + feed_forward(x))


@decoder_layer.mistake("asks with the layer's input instead of the first step's result",
                       hint="What is x in the second step: the layer's input, or the first step's result?")
def asks_with_input(x, memory, attention, cross_attention, feed_forward, norm):
    first = norm(1, x + attention(x))
    second = norm(2, first + cross_attention(x, memory))
    return norm(3, second + feed_forward(second))


@decoder_layer.mistake("adds the layer's input in every step",
                       hint="What is added in the second step: the layer's input, or the first step's result?")
def input_every_time(x, memory, attention, cross_attention, feed_forward, norm):
    first = norm(1, x + attention(x))
    second = norm(2, x + cross_attention(first, memory))
    return norm(3, x + feed_forward(second))


@decoder_layer.mistake("normalises before the sublayers",
                       hint="That is pre-norm. Where is the norm in the formula?")
def norm_before(x, memory, attention, cross_attention, feed_forward, norm):
    x = x + attention(norm(1, x))
    x = x + cross_attention(norm(2, x), memory)
    return x + feed_forward(norm(3, x))


@decoder_layer.mistake("uses the first norm three times", hint="Which numbers do you give to `norm`?")
def one_norm(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + attention(x))
    x = norm(1, x + cross_attention(x, memory))
    return norm(1, x + feed_forward(x))


@decoder_layer.mistake("normalises the memory, too", hint="What does the formula normalise: x, or the memory?")
def memory_normed(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + attention(x))
    x = norm(2, x + cross_attention(x, norm(2, memory)))
    return norm(3, x + feed_forward(x))


@decoder_layer.mistake("runs both attentions side by side",
                       hint="What does the cross-attention ask with: the layer's input, or the first step's result?")
def side_by_side(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(2, norm(1, x + attention(x) + cross_attention(x, memory)))
    return norm(3, x + feed_forward(x))


@decoder_layer.mistake("leaves out the feed-forward layer", hint="Which of the four functions have you not used yet?")
def no_feed_forward(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + attention(x))
    return norm(2, x + cross_attention(x, memory))


@decoder_layer.mistake("counts the norms from 0", hint="Which number does the prompt give to the first norm?")
def norms_from_zero(x, memory, attention, cross_attention, feed_forward, norm):
    return decoder_layer(x, memory, attention, cross_attention, feed_forward, lambda i, x: norm(i - 1, x))


@decoder_layer.mistake("normalises only the sublayers' results",
                       hint="What is inside the brackets of the norm in the formula?")
def norm_inside(x, memory, attention, cross_attention, feed_forward, norm):
    x = x + norm(1, attention(x))
    x = x + norm(2, cross_attention(x, memory))
    return x + norm(3, feed_forward(x))


@decoder_layer.alternative("a loop over the three steps")
def three_by_loop(x, memory, attention, cross_attention, feed_forward, norm):
    steps = (attention, lambda inner: cross_attention(inner, memory), feed_forward)
    for number, sublayer in enumerate(steps, start=1):
        x = norm(number, sublayer(x) + x)
    return x
