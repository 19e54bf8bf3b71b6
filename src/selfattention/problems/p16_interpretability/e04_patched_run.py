from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=4, minutes=10, builds_on="lesson 16, induction heads, proof two", hints=(
    "How far do both runs go side by side? Which of the two goes on then?",
    "`after` is a number of layers. After 0 of them, what is the stream?",
    "Both runs are at the patch. One position of one of them is copied into the other: from where, and to where?",
))
def patched_run(layer: Callable[[int, Tensor], Tensor], layers: int, clean: Float[Tensor, "tokens d_model"],
                damaged: Float[Tensor, "tokens d_model"], after: int,
                position: int) -> Float[Tensor, "tokens d_model"]:
    r"""Run a model on a damaged text, and put in one vector that it had on the clean one.

    `layer(n, x)` is given: the stream that layer n, counted from 0, makes of the stream `x`. `clean` and `damaged` are
    the streams of two texts before the first layer. When the first `after` layers (0 to `layers`) have run on both,
    the vector at `position` of the damaged text is replaced by that of the clean text at the same place, and the other
    layers run on. Return the stream of the mended run after the last layer (Meng et al. 2022, §2.1). `clean` and
    `damaged` must not be changed. In the example layer n adds to each token n + 2 times the one before it.
    """
    for n in range(after):
        clean, damaged = layer(n, clean), layer(n, damaged)
    mended = damaged.clone()
    mended[position] = clean[position]
    for n in range(after, layers):
        mended = layer(n, mended)
    return mended


def takes_from_before(n, x):
    return x + (n + 2) * torch.cat([torch.zeros_like(x[:1]), x[:-1]])


patched_run.example(takes_from_before, 2, torch.tensor([[1.0], [0.0], [0.0]]),
                    torch.tensor([[5.0], [0.0], [0.0]]), 1, 1)
patched_run.example(takes_from_before, 1, torch.tensor([[1.0], [2.0]]), torch.tensor([[5.0], [7.0]]), 0, 0)


def layers_of_attention(rng, layers, width=3):
    """Each token takes up what stands before it, by attention with scores of its own."""
    matrices = tensor(rng, layers, 2, width, width)

    def layer(n, x):
        scores = x @ matrices[n, 0] @ x.T
        hidden = ~torch.ones(scores.shape, dtype=torch.bool).tril()
        return x + torch.tanh(scores.masked_fill(hidden, -torch.inf).softmax(dim=1) @ x @ matrices[n, 1])
    return layer


def traced(layer, layers, clean, damaged, after, position):
    """Both runs written down in full, then the mended one."""
    clean_run, damaged_run = [clean], [damaged]
    for n in range(layers):
        clean_run.append(layer(n, clean_run[-1]))
        damaged_run.append(layer(n, damaged_run[-1]))
    rows = [*damaged_run[after]]
    rows[position] = clean_run[after][position]
    x = torch.stack(rows)
    for n in range(after, layers):
        x = layer(n, x)
    return x


def drawn(rng, layers, tokens):
    return layers_of_attention(rng, layers), tensor(rng, tokens, 3), tensor(rng, tokens, 3)


@patched_run.check("mends one position after so many layers",
                   hint="Follow the first example with a pencil: both streams after one layer, then the patch.")
def mends_one(answer, rng):
    for layers, tokens, after, position in ((3, 5, 1, 2), (2, 7, 1, 0), (5, 3, 3, 1)):
        layer, clean, damaged = drawn(rng, layers, tokens)
        probes.equal(answer(layer, layers, clean, damaged, after, position),
                     traced(layer, layers, clean, damaged, after, position))


@patched_run.check("mends the text itself, or the very last stream",
                   hint="After 0 layers nothing has run. After all of them nothing runs any more.")
def ends(answer, rng):
    for layers, tokens, after, position in ((2, 5, 0, 3), (3, 2, 3, 1), (1, 3, 1, 0), (2, 1, 0, 0)):
        layer, clean, damaged = drawn(rng, layers, tokens)
        probes.equal(answer(layer, layers, clean, damaged, after, position),
                     traced(layer, layers, clean, damaged, after, position))


def run(layer, layers, clean, damaged, after, position, *, source=None, put=None, hold=False):
    """The solution with one thing to be changed at a time."""
    start = clean
    for n in range(after):
        clean, damaged = layer(n, clean), layer(n, damaged)
    mended = damaged.clone()
    taken = start if source == "text" else clean
    if put:
        put(mended, taken)
    else:
        mended[position] = taken[position]
    for n in range(after, layers):
        mended = layer(n, mended)
        if hold:
            clean = layer(n, clean)
            mended[position] = clean[position]
    return mended


@patched_run.mistake("mends the clean run with the damaged one", hint="Which run shall be mended, and with what?")
def other_direction(layer, layers, clean, damaged, after, position):
    return run(layer, layers, damaged, clean, after, position)


@patched_run.mistake("mends all positions", hint="If all positions are from the clean run, what is left of the damage?")
def all_positions(layer, layers, clean, damaged, after, position):
    return run(layer, layers, clean, damaged, after, position, put=lambda mended, taken: mended.copy_(taken))


@patched_run.mistake("mends the next position", hint="Which number does the first position have?")
def next_position(layer, layers, clean, damaged, after, position):
    return run(layer, layers, clean, damaged, after, (position + 1) % len(clean))


@patched_run.mistake("mends the position before", hint="Which number does the first position have?")
def position_before(layer, layers, clean, damaged, after, position):
    return run(layer, layers, clean, damaged, after, position - 1)


@patched_run.mistake("mends all positions up to this one", hint="How many vectors are to be copied?")
def all_up_to(layer, layers, clean, damaged, after, position):
    return run(layer, layers, clean, damaged, after, position, put=lambda mended, taken: mended[:position + 1].copy_(
        taken[:position + 1]))


@patched_run.mistake("mends all positions from this one on", hint="How many vectors are to be copied?")
def all_from(layer, layers, clean, damaged, after, position):
    return run(layer, layers, clean, damaged, after, position, put=lambda mended, taken: mended[position:].copy_(
        taken[position:]))


@patched_run.mistake("mends before the first layer and after each one up to the patch",
                     hint="Once, after so many layers: how often does your code copy?")
def mended_on_the_way(layer, layers, clean, damaged, after, position):
    for n in range(after):
        damaged = damaged.clone()
        damaged[position] = clean[position]
        clean, damaged = layer(n, clean), layer(n, damaged)
    return run(lambda n, x: layer(n + after, x), layers - after, clean, damaged, 0, position)


@patched_run.mistake("mends one layer too late", hint="How many layers have run when `after` is 1?")
def too_late(layer, layers, clean, damaged, after, position):
    return run(layer, layers, clean, damaged, min(after + 1, layers), position)


@patched_run.mistake("mends one layer too early", hint="How many layers have run when `after` is 1?")
def too_early(layer, layers, clean, damaged, after, position):
    return run(layer, layers, clean, damaged, max(after - 1, 0), position)


@patched_run.mistake("mends again after every later layer, too",
                     hint="Once the vector is in, who decides what becomes of it?")
def held(layer, layers, clean, damaged, after, position):
    return run(layer, layers, clean, damaged, after, position, hold=True)


@patched_run.mistake("copies the clean text's vector from before the first layer",
                     hint="The damaged run has had some layers. How many had the vector that you copy?")
def from_the_text(layer, layers, clean, damaged, after, position):
    return run(layer, layers, clean, damaged, after, position, source="text")


@patched_run.mistake("adds the clean vector to the damaged one", hint="Instead of, or in addition to?")
def added(layer, layers, clean, damaged, after, position):
    return run(layer, layers, clean, damaged, after, position,
               put=lambda mended, taken: mended[position].add_(taken[position]))


@patched_run.mistake("stops at the patch: the other layers do not run",
                     hint="How many layers has the stream that you return been through?")
def stops(layer, layers, clean, damaged, after, position):
    return run(layer, after, clean, damaged, after, position)


@patched_run.mistake("runs the layers from the first one again after the patch",
                     hint="Which number has the layer that comes after the patch?")
def from_the_first(layer, layers, clean, damaged, after, position):
    return run(lambda n, x: layer(n, x), layers, *(run(layer, after, one, one, after, 0) for one in (clean, damaged)),
               0, position)


@patched_run.mistake("copies nothing", hint="Where does `position` appear in your code?")
def not_mended(layer, layers, clean, damaged, after, position):
    return run(layer, layers, damaged, damaged, after, position)


@patched_run.alternative("both runs written down")
def written_down(layer, layers, clean, damaged, after, position):
    return traced(layer, layers, clean, damaged, after, position)


@patched_run.alternative("by a mask, in one loop")
def by_mask(layer, layers, clean, damaged, after, position):
    chosen = (torch.arange(len(clean)) == position)[:, None]
    for n in range(layers + 1):
        if n == after:
            damaged = torch.where(chosen, clean, damaged)
        if n < layers:
            clean, damaged = layer(n, clean), layer(n, damaged)
    return damaged
