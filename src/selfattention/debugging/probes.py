"""Probes: questions to a model that have a number for an answer. Beyond which number something is wrong: `examine`."""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from selfattention import masks
from selfattention.debugging.source import PADDING, VOCAB, floor, pad, texts
from selfattention.debugging.suspects import Suspect
from selfattention.layers import watching
from selfattention.training import train, true_loss

SAMPLE = 400  # texts for a loss: its standard error is under 0.02 nats
STEPS = 100  # of a training on the same few texts


def sample(count: int = 4, seed: int = 9) -> Int[Tensor, "count tokens"]:
    """Fresh texts, the same ones for every model."""
    return texts(count, torch.Generator().manual_seed(seed))


@torch.no_grad()
def change_before(model: nn.Module, tokens: Int[Tensor, "batch tokens"]) -> Float[Tensor, "changed outputs"]:
    """How much each output before token t moves when token t of the first text is changed, for each t; the rest is 0.

    Every other symbol is tried in its place: a model may treat two of them alike.
    """
    original, moved = model(tokens)[0], torch.zeros(tokens.shape[1], tokens.shape[1], dtype=torch.float64)
    for t in range(1, tokens.shape[1]):
        for symbol in range(PADDING):
            changed = tokens.clone()
            changed[0, t] = symbol
            moved[t, :t] = moved[t, :t].maximum((model(changed)[0] - original)[:t].abs().amax(dim=-1))
    return moved


def future(suspect: Suspect) -> float:
    """Change token t: how much does any output before t move?"""
    return change_before(suspect.model, sample()).max().item()


def dependence(model: nn.Module, tokens: Int[Tensor, "batch tokens"]) -> Bool[Tensor, "tokens tokens"]:
    """Which output of the first text depends on which of its tokens, by the Jacobian (chapter 06)."""
    vectors, real = model.embed(tokens).detach(), tokens != PADDING
    return masks.dependence(lambda x: model.read(torch.cat([x[None], vectors[1:]]), real)[0][0], vectors[0])


def blindness(suspect: Suspect) -> float:
    """Of all earlier tokens and the token itself, which share does an output not depend on?"""
    depends = dependence(suspect.model, sample())
    past = masks.causal(len(depends))
    return (past & ~depends).sum().item() / past.sum().item()


@torch.no_grad()
def row_sums(suspect: Suspect) -> float:
    """How far from 1 is the sum of a row of weights, at most?"""
    with watching(suspect.model.attention) as seen:
        suspect.model(sample())
    return (seen[0][0].sum(dim=-1) - 1).abs().max().item()


@torch.no_grad()
def padding(suspect: Suspect) -> float:
    """Put padding in front: how much do the outputs of the real tokens move?"""
    tokens = sample()
    return (suspect.model(pad(tokens, 3))[:, 3:] - suspect.model(tokens)).abs().max().item()


@torch.no_grad()
def batch(suspect: Suspect) -> float:
    """A text alone and among others: how much do its outputs differ?"""
    tokens = sample()
    return (suspect.model(tokens[:1]) - suspect.model(tokens)[:1]).abs().max().item()


@torch.no_grad()
def order(suspect: Suspect) -> float:
    """Exchange two different tokens before the last: does the last output move, as it should?"""
    tokens = sample()
    swapped, last = tokens.clone(), tokens.shape[1] - 1
    first = next(place for place in range(last - 2, 0, -1) if tokens[0, place] != tokens[0, last - 1])
    swapped[0, [first, last - 1]] = tokens[0, [last - 1, first]]
    return (suspect.model(swapped) - suspect.model(tokens))[0, -1].abs().max().item()


@torch.no_grad()
def cache(suspect: Suspect) -> float:
    """Token by token with a cache, and all at once: how much do the outputs differ?"""
    tokens, past, steps = sample(), None, []
    for token in tokens.split(1, dim=1):
        scores, past = suspect.model.decode(token, past)
        steps.append(scores)
    return (torch.cat(steps, dim=1) - suspect.model(tokens)).abs().max().item()


@torch.no_grad()
def twice(suspect: Suspect) -> float:
    """The same text twice in evaluation mode: how much do the outputs differ?"""
    tokens = sample(1)
    return (suspect.model(tokens) - suspect.model(tokens)).abs().max().item()


@torch.enable_grad()
def gradients(suspect: Suspect) -> dict[str, float]:
    """The largest gradient of each parameter before training, by its name; 0 where none arrives."""
    model = suspect.fresh().eval()
    suspect.loss(model, sample(32)).backward()
    return {name: 0.0 if one.grad is None else one.grad.abs().max().item() for name, one in model.named_parameters()}


def without_gradient(suspect: Suspect) -> float:
    """How many matrices and vectors of the model get no gradient before training?"""
    return float(sum(largest < 1e-14 for largest in gradients(suspect).values()))


@torch.no_grad()
def start(suspect: Suspect) -> float:
    """How far is the loss before training from that of a blind guess, the logarithm of the vocabulary?"""
    return abs(suspect.loss(suspect.fresh().eval(), sample(SAMPLE)).item() - math.log(VOCAB))


@torch.no_grad()
def fresh_loss(suspect: Suspect) -> float:
    """The loss on fresh texts, measured as in the model's own training, without dropout."""
    return suspect.loss(suspect.model, sample(SAMPLE)).item()


def below_the_floor(suspect: Suspect) -> float:
    """How far below the source's own loss is the trained model's, on fresh texts?"""
    return floor() - fresh_loss(suspect)


@torch.no_grad()
def in_use(suspect: Suspect) -> float:
    """How much larger is the loss where the model is given only what stands before each token?"""
    fresh = sample(SAMPLE // 2)
    return true_loss(suspect.model, fresh) - suspect.loss(suspect.model, fresh).item()


@torch.enable_grad()
def by_heart(suspect: Suspect) -> list[float]:
    """The losses of a training on the same four texts again and again."""
    model, few = suspect.fresh().float(), sample()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return train(model, lambda: few, [0.01] * STEPS, suspect.loss)


def one_batch(suspect: Suspect) -> float:
    """What loss is left after a training on the same four texts?"""
    return by_heart(suspect)[-1]
