import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.engine.door.room import AnswerRaised
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=8, builds_on="lesson 15, a memory, by hand", hints=(
    "In the example there are two layers and three states. Which states were given to a layer, and which one to none?",
    "Put old and new one after the other, along the axis of the tokens. At which end stand the latest?",
    "What is remembered shall be numbers and nothing more. How does a tensor forget where it came from?",
))
def new_memory(memory: Float[Tensor, "layers batch remembered d_model"],
               states: Float[Tensor, "more batch tokens d_model"],
               most: int) -> Float[Tensor, "layers batch kept d_model"]:
    r"""Say what each layer remembers after it has read a segment.

    `states[0]` is what the first layer was given; `states[1]` is what it made of that, and what the second layer was
    given, and so on, so there is one more of them than there are layers. `memory[n]` belongs to the layer that was
    given `states[n]`. A layer remembers its *inputs*, the oldest first: what it remembered already, then the new ones,
    and of these the latest `most` tokens, or all where there are no more. Both `remembered` and `most` may be 0. No
    gradient may go from the result into `memory` or `states` (Dai et al. 2019, §3.2).
    """
    both = torch.cat([memory, states[:-1]], dim=2)
    return both[:, :, max(both.shape[2] - most, 0):].detach()


def told(*rows):
    """Layers of one text whose vectors are single numbers."""
    return torch.tensor(rows)[:, None, :, None]


new_memory.example(told([1.0, 2.0], [10.0, 20.0]), told([3.0, 4.0], [30.0, 40.0], [300.0, 400.0]), 3)
new_memory.example(told([1.0, 2.0], [10.0, 20.0]), told([3.0, 4.0], [30.0, 40.0], [300.0, 400.0]), 0)
new_memory.example(told([1.0], [10.0]), told([3.0], [30.0], [300.0]), 3)


def drawn(rng, layers, batch, remembered, tokens):
    return tensor(rng, layers, batch, remembered, 3), tensor(rng, layers + 1, batch, tokens, 3)


@new_memory.check("keeps the latest inputs of each layer, the oldest first",
                  hint="Follow the example with a pencil. What stands in the first row, and what in the second?")
def keeps_the_latest(answer, rng):
    for layers, batch, remembered, tokens, most in ((2, 5, 5, 4, 3), (3, 2, 4, 7, 5), (2, 2, 5, 3, 7)):
        memory, states = drawn(rng, layers, batch, remembered, tokens)
        expected = []
        for old, given in zip(memory, states):
            tokens_so_far = [*old.unbind(dim=1), *given.unbind(dim=1)]
            expected.append(torch.stack(tokens_so_far[-most:], dim=1))
        probes.equal(answer(memory, states, most), torch.stack(expected))


@new_memory.check("works where nothing is remembered, where all of it fits, and for a memory of 0",
                  hint="What is `x[-0:]`? And what shall come when there are fewer tokens than `most`?")
def edges(answer, rng):
    for layers, batch, remembered, tokens, most in ((2, 3, 0, 5, 3), (1, 2, 2, 3, 7), (2, 1, 0, 2, 7), (2, 2, 5, 3, 0),
                                                    (1, 1, 0, 1, 1), (3, 2, 4, 2, 1)):
        probes.parity(answer, new_memory, *drawn(rng, layers, batch, remembered, tokens), most)


@new_memory.check("lets no gradient into what is remembered",
                  hint="Where does the gradient of the next segment's loss stop?")
def cut_off(answer, rng):
    memory, states = drawn(rng, 2, 3, 5, 2)
    try:
        found = answer.gradients(memory, states, 3, cotangent=tensor(rng, 2, 3, 3, 3))
    except AnswerRaised as error:
        if "cut off from its inputs" not in error.raised.message:
            raise
    else:
        into = "`memory`" if found["0"].any() else "`states`"
        raise probes.ClaimFailed(f"a gradient goes into {into}")
    probes.parity(answer, new_memory, memory, states, 3)  # to raise something is not enough


def kept(both, most):
    return both[:, :, max(both.shape[2] - most, 0):]


def both_kinds(memory, states):
    return torch.cat([memory, states[:-1]], dim=2)


@new_memory.mistake("does not detach", hint="How long would the gradient's way be after a thousand segments?")
def not_detached(memory, states, most):
    return kept(both_kinds(memory, states), most)


@new_memory.mistake("detaches the old memory, but not what is new",
                    hint="In the next segment, what is new now is remembered, too. Where does its gradient stop?")
def new_not_detached(memory, states, most):
    return kept(both_kinds(memory.detach(), states), most)


@new_memory.mistake("remembers each layer's output in place of its input",
                    hint="What was the first layer given: `states[0]` or `states[1]`? What shall it see next time?")
def outputs_kept(memory, states, most):
    return kept(torch.cat([memory, states[1:]], dim=2), most).detach()


@new_memory.mistake("keeps the oldest in place of the latest",
                    hint="At which end stand the latest? What would this memory hold after ten segments?")
def oldest_kept(memory, states, most):
    return both_kinds(memory, states)[:, :, :most].detach()


@new_memory.mistake("puts the new in front of the old", hint="Read the example's memory from left to right, as a text.")
def new_first(memory, states, most):
    return kept(torch.cat([states[:-1], memory], dim=2), most).detach()


@new_memory.mistake("puts the latest first", hint="Read the example's memory from left to right, as a text.")
def latest_first(memory, states, most):
    return kept(both_kinds(memory, states), most).flip(2).detach()


@new_memory.mistake("forgets what was remembered", hint="Where does `memory` appear in your code?")
def old_forgotten(memory, states, most):
    return kept(states[:-1], most).detach()


@new_memory.mistake("never forgets", hint="Where does `most` appear in your code?")
def never_forgets(memory, states, most):
    return both_kinds(memory, states).detach()


@new_memory.mistake("keeps everything where `most` is 0", hint="What is `x[-0:]` in Python?")
def minus_zero(memory, states, most):
    return both_kinds(memory, states)[:, :, -most:].detach()


@new_memory.mistake("counts from the end where there are fewer tokens than `most`",
                    hint="Five tokens so far, and `most` is 7: what is `x[5 - 7:]` in Python?")
def below_zero(memory, states, most):
    both = both_kinds(memory, states)
    return both[:, :, both.shape[2] - most:].detach()


@new_memory.mistake("keeps one token too few", hint="Count the tokens that you keep when `most` is 3.")
def one_too_few(memory, states, most):
    return kept(both_kinds(memory, states), max(most - 1, 0)).detach()


@new_memory.mistake("keeps `most` of the old ones, and all the new ones besides",
                    hint="How many tokens does your result have when `most` is 3?")
def cut_before(memory, states, most):
    return torch.cat([kept(memory, most), states[:-1]], dim=2).detach()


@new_memory.mistake("returns the states after the last layer, too",
                    hint="How many layers are there, and how many states? Which one is given to no layer?")
def one_layer_more(memory, states, most):
    padded = torch.cat([memory, torch.zeros_like(memory[:1])])
    return kept(torch.cat([padded, states], dim=2), most).detach()


@new_memory.mistake("fills up with zeros to `most`",
                    hint="Would a token that never was get a weight in the next segment? What does the prompt say?")
def filled_up(memory, states, most):
    both = kept(both_kinds(memory, states), most)
    return torch.nn.functional.pad(both, (0, 0, most - both.shape[2], 0)).detach()


@new_memory.mistake("cuts the axis of the texts", hint="Which axis of the four are the tokens? Count from 0.")
def texts_cut(memory, states, most):
    both = both_kinds(memory, states)
    return both[:, max(both.shape[1] - most, 0):].detach()


@new_memory.mistake("remembers the mean of the segment only",
                    hint="How many tokens did the segment have, and how many of them are in your memory?")
def mean_kept(memory, states, most):
    return kept(torch.cat([memory, states[:-1].mean(dim=2, keepdim=True)], dim=2), most).detach()


@new_memory.alternative("layer by layer, without gradients")
@torch.no_grad()
def by_layer(memory, states, most):
    made = []
    for old, given in zip(memory, states):
        both = torch.cat((old, given), dim=1)
        made.append(both[:, both.shape[1] - min(most, both.shape[1]):])
    return torch.stack(made)


@new_memory.alternative("narrowed, detached first")
def by_narrow(memory, states, most):
    both = torch.cat([memory.detach(), states.detach()[:len(memory)]], dim=-2)
    length = min(most, both.shape[-2])
    return both.narrow(-2, both.shape[-2] - length, length)
