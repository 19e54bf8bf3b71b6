from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=4, minutes=12, builds_on="exercise 1", hints=(
    "Two loops: which is the outer one, segments or layers? What does the second segment need of the first?",
    "How many memories are there at a time? What belongs into each of them, and when?",
    "A layer may see its memory while it reads, and the memory becomes a new one afterwards. Which of your lines comes "
    "first?",
))
def read_in_segments(x: Float[Tensor, "batch tokens d_model"], layers: int,
                     layer: Callable[[int, Tensor, Tensor], Tensor], length: int,
                     most: int) -> Float[Tensor, "batch tokens d_model"]:
    r"""Read a text segment by segment, so that each layer sees its memory of the segments before.

    `layer(n, x, memory)` is given: what layer n, counted from 0, makes of a segment `x` and of its memory, both (batch,
    some tokens, d_model). A segment goes through layers 0, 1, …, each of which is given what the one before made; there
    is at least one. A segment has `length` tokens, and the last one what is left. The memory of layer n holds the
    latest `most` (at least 1) of what layer n *was given* in earlier segments, the oldest first; before the first
    segment it has no tokens. Return what the last layer made of all segments, one after the other.
    Gradients must reach `x` within a segment, but go through no memory (Dai et al. 2019, §3.2). In the example layer
    n multiplies by n + 2, and adds n and the sum of its memory.
    """
    memory = [x[:, :0]] * layers
    read = []
    for segment in x.split(length, dim=1):
        for n in range(layers):
            given, segment = segment, layer(n, segment, memory[n])
            memory[n] = torch.cat([memory[n], given], dim=1)[:, -most:].detach()
        read.append(segment)
    return torch.cat(read, dim=1)


def adds_memory(n, x, memory):
    return (n + 2) * x + n + memory.sum(dim=1, keepdim=True)


read_in_segments.example(torch.tensor([[[1.0], [10.0], [100.0]]]), 2, adds_memory, 1, 1)
read_in_segments.example(torch.tensor([[[1.0], [10.0], [100.0], [1000.0], [2.0]]]), 1, adds_memory, 2, 3)


def layers_that_fade(rng, layers, width=3):
    """Each token takes up what stands before it, less the further away it is; each layer has its own matrix."""
    matrices = tensor(rng, layers, width, width) / 2

    def layer(n, x, memory):
        seen = torch.cat([memory, x], dim=1)
        places = torch.arange(seen.shape[1])
        before = (places[memory.shape[1]:, None] - places).to(x.dtype)
        weights = torch.where(before >= 0, 0.6**before.clamp(min=0), 0)
        weights = weights / weights.sum(dim=1, keepdim=True)  # as in attention: who is there takes a share
        return x + torch.tanh(weights @ seen @ matrices[n])
    return layer


@read_in_segments.check("lets each layer see its own memory",
                        hint="Follow the first example with a pencil: what does each of the two layers remember?")
def own_memory(answer, rng):
    for batch, tokens, layers, length, most in ((2, 6, 2, 2, 2), (1, 10, 3, 5, 3), (2, 9, 2, 3, 7)):
        x, layer = tensor(rng, batch, tokens, 3), layers_that_fade(rng, layers)
        given, read = [[] for _ in range(layers)], []
        for start in range(0, tokens, length):
            state = x[:, start:start + length]
            for n in range(layers):
                before = given[n][-most:]
                given[n] = given[n] + list(state.unbind(dim=1))
                state = layer(n, state, torch.stack(before, dim=1) if before else state[:, :0])
            read.append(state)
        probes.equal(answer(x, layers, layer, length, most), torch.cat(read, dim=1))


@read_in_segments.check("works for a short last segment, a single one, and segments of one token",
                        hint="Seven tokens in segments of three: how many tokens has your result?")
def other_lengths(answer, rng):
    for batch, tokens, layers, length, most in ((2, 7, 2, 3, 5), (2, 3, 2, 5, 2), (1, 5, 3, 1, 2), (2, 5, 1, 2, 1)):
        probes.parity(answer, read_in_segments, tensor(rng, batch, tokens, 3), layers, layers_that_fade(rng, layers),
                      length, most)


@read_in_segments.check("lets gradients flow within a segment, and through no memory",
                        hint="Which tokens may the loss of the second segment change?")
def within_segments(answer, rng):
    layer = layers_that_fade(rng, 2)
    probes.gradient_parity(answer, read_in_segments, tensor(rng, 2, 7, 3), 2, layer, 3, 4,
                           cotangent=tensor(rng, 2, 7, 3))


def reads(x, layers, layer, length, most, *, keep="inputs", detached=True, fresh=False, shared=False, early=False,
          cut=True, oldest=False, turned=False):
    """The solution with one thing to be changed at a time."""
    memory, read = [x[:, :0]] * layers, []
    for segment in x.split(length, dim=1):
        if fresh:
            memory = [x[:, :0]] * layers
        for n in range(layers):
            given, place = segment, 0 if shared else n
            if not early:
                segment = layer(n, given, memory[place])
            both = torch.cat([memory[place], given if keep == "inputs" or early else segment], dim=1)
            both = both[:, :most] if oldest else both[:, -most:] if cut else both
            both = both.flip(1) if turned else both
            memory[place] = both.detach() if detached else both
            if early:
                segment = layer(n, given, memory[place])
        read.append(segment)
    return torch.cat(read, dim=1)


@read_in_segments.mistake("fills the memory up with zeros",
                          hint="How many tokens does a memory have before the first segment? A token of zeros is a "
                               "token, and gets weight.")
def zeros_at_first(x, layers, layer, length, most):
    memory, read = [x.new_zeros(len(x), most, x.shape[2])] * layers, []
    for segment in x.split(length, dim=1):
        for n in range(layers):
            given = segment
            segment = layer(n, given, memory[n])
            memory[n] = torch.cat([memory[n], given], dim=1)[:, -most:].detach()
        read.append(segment)
    return torch.cat(read, dim=1)


@read_in_segments.mistake("does not detach the memory",
                          hint="A gradient of the last segment: how far back does it go in your code?")
def not_detached(*given):
    return reads(*given, detached=False)


@read_in_segments.mistake("remembers what a layer made, not what it was given",
                          hint="What shall layer 0 see of the past: vectors like its input, or like its output?")
def outputs_kept(*given):
    return reads(*given, keep="outputs")


@read_in_segments.mistake("forgets everything between segments",
                          hint="Where in your code is the memory made empty: before the first loop, or inside of it?")
def forgets(*given):
    return reads(*given, fresh=True)


@read_in_segments.mistake("has one memory for all layers",
                          hint="How many memories does the prompt speak of, for two layers?")
def shared_memory(*given):
    return reads(*given, shared=True)


@read_in_segments.mistake("puts the segment into the memory before the layer reads it",
                          hint="How often does a layer see a token of the segment in your code?")
def too_early(*given):
    return reads(*given, early=True)


@read_in_segments.mistake("never cuts the memory", hint="Where does `most` appear in your code?")
def never_cut(*given):
    return reads(*given, cut=False)


@read_in_segments.mistake("keeps the oldest tokens", hint="Which tokens are nearest to the next segment?")
def oldest(*given):
    return reads(*given, oldest=True)


@read_in_segments.mistake("keeps the latest tokens in reversed order",
                          hint="The layer takes the last of the memory for the nearest. Which one is it in yours?")
def turned_round(*given):
    return reads(*given, turned=True)


@read_in_segments.mistake("remembers only the last segment", hint="`most` may be longer than a segment. What is kept?")
def last_segment(x, layers, layer, length, most):
    memory, read = [x[:, :0]] * layers, []
    for segment in x.split(length, dim=1):
        for n in range(layers):
            given, segment = segment, layer(n, segment, memory[n])
            memory[n] = given[:, -most:].detach()
        read.append(segment)
    return torch.cat(read, dim=1)


@read_in_segments.mistake("drops a short last segment", hint="Seven tokens in segments of three: what of the seventh?")
def last_dropped(x, layers, layer, length, most):
    whole = x.shape[1] // length * length
    return reads(x[:, :whole], layers, layer, length, most) if whole else x[:, :0]


@read_in_segments.mistake("gives all layers the segment itself",
                          hint="What is layer 1 given: the text, or what layer 0 made of it?")
def not_stacked(x, layers, layer, length, most):
    memory, read = [x[:, :0]] * layers, []
    for segment in x.split(length, dim=1):
        for n in range(layers):
            made = layer(n, segment, memory[n])
            memory[n] = torch.cat([memory[n], segment], dim=1)[:, -most:].detach()
        read.append(made)
    return torch.cat(read, dim=1)


@read_in_segments.mistake("returns the last segment only", hint="How many tokens has the text, and your result?")
def last_only(x, layers, layer, length, most):
    return reads(x, layers, layer, length, most)[:, (x.shape[1] - 1) // length * length:]


@read_in_segments.mistake("uses layer 0 throughout", hint="Which number do you give `layer` the second time?")
def first_layer(x, layers, layer, length, most):
    return reads(x, layers, lambda n, *rest: layer(0, *rest), length, most)


@read_in_segments.mistake("cuts off the gradient between layers as well",
                          hint="Which tensor do you detach: what is remembered, or what is handed on?")
def cut_between(x, layers, layer, length, most):
    return reads(x, layers, lambda n, given, memory: layer(n, given if n == 0 else given.detach(), memory), length,
                 most)


@read_in_segments.mistake("gives every layer the text itself for a memory",
                          hint="What was layer 1 given in the segment before: the text, or what layer 0 made of it?")
def text_remembered(x, layers, layer, length, most):
    read = []
    for start in range(0, x.shape[1], length):
        segment, memory = x[:, start:start + length], x[:, max(start - most, 0):start].detach()
        for n in range(layers):
            segment = layer(n, segment, memory)
        read.append(segment)
    return torch.cat(read, dim=1)


@read_in_segments.mistake("begins with layer 1", hint="From which number on does the prompt count the layers?")
def second_first(x, layers, layer, length, most):
    return reads(x, layers, lambda n, *rest: layer((n + 1) % layers, *rest), length, most)


@read_in_segments.mistake("reads without any gradient",
                          hint="`no_grad` stops everything inside of it. What must not be stopped?")
@torch.no_grad()
def without_gradient(*given):
    return reads(*given)


@read_in_segments.alternative("layer after layer over the whole text")
def layer_by_layer(x, layers, layer, length, most):
    for n in range(layers):
        made = [layer(n, x[:, start:start + length], x[:, max(start - most, 0):start].detach())
                for start in range(0, x.shape[1], length)]
        x = torch.cat(made, dim=1)
    return x


@read_in_segments.alternative("all inputs so far kept, the memory cut out when it is needed")
def kept_in_full(x, layers, layer, length, most):
    given, start, result = [x[:, :0] for _ in range(layers)], 0, torch.zeros_like(x)
    while start < x.shape[1]:
        state = x[:, start:start + length]
        for n in range(layers):
            past = given[n][:, max(given[n].shape[1] - most, 0):]
            given[n] = torch.cat([given[n], state.detach()], dim=1)
            state = layer(n, state, past)
        result = torch.cat([result[:, :start], state, result[:, start + state.shape[1]:]], dim=1)
        start += length
    return result
