import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p04_masks.e01_causal_mask import causal_mask


@exercise(points=5, minutes=15, builds_on="exercise 1 of chapter 02 and lesson 04", hints=(
    "What must the score of a hidden key be, so that its weight is exactly 0 and the others still sum to one?",
    "Which weights does a softmax give a row in which *every* score is −∞? Print it.",
    "An empty row needs harmless scores before the softmax and zeros after it. A NaN that is patched afterwards can "
    "still sit in the gradient.",
))
def masked_weights(scores: Float[Tensor, "*batch queries keys"],
                   mask: Bool[Tensor, "*#batch #queries keys"]) -> Float[Tensor, "*batch queries keys"]:
    r"""Turn scores into weights that ignore what the mask hides.

    Hidden keys get a weight of exactly 0; the weights of the others sum to one, as if the hidden ones were not there. A
    query that may attend to **nothing** gets weights of 0 throughout, and its gradient is 0, not NaN. `mask` may have
    fewer axes than `scores`, or axes of length 1: it is broadcast. Scores may be as large as ±10⁴. Gradients must reach
    them.
    """
    empty = ~mask.any(dim=-1, keepdim=True)
    weights = torch.softmax(scores.masked_fill(~mask & ~empty, -math.inf), dim=-1)
    return weights.masked_fill(~mask, 0.0)


EXAMPLE_SCORES = torch.tensor([[0.0, 1.0, 2.0], [0.0, 0.0, 5.0], [1.0, 1.0, 1.0]], dtype=torch.float64)
masked_weights.example(EXAMPLE_SCORES, torch.tensor([[True, True, False], [True, True, False], [False, False, False]]))
masked_weights.example(EXAMPLE_SCORES + 9999, causal_mask(3, 3))
masked_weights.example(torch.tensor([[0.0, 1.0, 5000.0]]), torch.tensor([[True, True, False]]))


def open_mask(rng, *shape):
    """A random mask in which every row has at least one open place."""
    mask = torch.from_numpy(rng.random(shape) < 0.6)
    mask[..., 0] |= ~mask.any(dim=-1)
    return mask


@masked_weights.check("gives hidden keys no weight, and the others all of it",
                      hint="What do your weights sum to over the visible keys?")
def as_if_absent(answer, rng):
    scores, mask = tensor(rng, 3, 5), open_mask(rng, 3, 5)
    mask[1, 2] = mask[2, 3] = False
    scores[1] = 0.0  # as good a score as any other
    weights = answer(scores, mask)
    for query in range(3):
        probes.equal(
            weights[query, mask[query]],
            torch.softmax(scores[query, mask[query]], dim=-1),
            "the visible keys do not share all the weight",
        )
        probes.require(bool((weights[query, ~mask[query]] == 0).all()), "a hidden key has some weight")


@masked_weights.check("hides just as well when scores are huge",
                      hint="Is the number you fill in small enough for any score?")
def huge_masked(answer, rng):
    scores = torch.round(8 * tensor(rng, 3, 5)) / 8 - 10_000.0  # nothing of them is lost in float32
    mask = open_mask(rng, 3, 5)
    scores[1] += 19_000.0  # what is huge for one query is little for another
    mask[:, 4], scores[:, 4] = False, 10_000.0
    probes.equal(answer(scores, mask), masked_weights(scores, mask))
    scores[:, 0], mask[:, 0] = 4000.0, True  # among those that are seen, too, one stands far above the others
    probes.equal(answer(scores, mask), masked_weights(scores, mask))


@masked_weights.check("works for a batch, with one mask for all or one for each",
                      hint="Which axes does the mask have, and which do the scores have?")
def batched_masks(answer, rng):
    scores = tensor(rng, 2, 13, 3, 5)
    for mask in (open_mask(rng, 3, 5), open_mask(rng, 2, 1, 3, 5), open_mask(rng, 2, 1, 1, 5)):
        probes.parity(answer, masked_weights, scores, mask)


@masked_weights.check("gives an empty row zeros, not NaN",
                      hint="What is the softmax of a row in which all scores are −∞?")
def empty_row(answer, rng):
    mask = open_mask(rng, 3, 5)
    mask[1] = False
    probes.parity(answer, masked_weights, tensor(rng, 3, 5), mask)


@masked_weights.check("keeps NaN out of the gradient",
                      hint="Zero times NaN is NaN. Where does the NaN first arise: before or after your patch?")
def clean_gradient(answer, rng):
    mask = open_mask(rng, 3, 5)
    mask[2] = False
    probes.gradient_parity(answer, masked_weights, tensor(rng, 3, 5), mask, cotangent=tensor(rng, 3, 5))
    scores, mask = torch.round(8 * tensor(rng, 3, 5)) / 8, torch.ones(3, 5, dtype=torch.bool)
    scores[:, 4], mask[:, 4], mask[2] = 1e4, False, False
    probes.gradient_parity(answer, masked_weights, scores, mask, cotangent=tensor(rng, 3, 5))


def filled(scores, mask, number):
    return torch.softmax(scores.masked_fill(~mask, number), dim=-1)


@masked_weights.mistake("fills hidden scores with 0",
                        hint="Which weight does a score of 0 get? Is it the smallest there is?")
def filled_with_zero(scores, mask):
    return filled(scores, mask, 0.0)


@masked_weights.mistake("fills hidden scores with a number that is not small enough",
                        hint="What if a visible score is below the number you fill in?")
def filled_with_hundred(scores, mask):
    return filled(scores, mask, -100.0)


@masked_weights.mistake("fills hidden scores with −10⁹, so that an empty row attends to everything",
                        hint="If all scores of a row are equal, which weights come out?")
def filled_with_billion(scores, mask):
    return filled(scores, mask, -1e9)


@masked_weights.mistake("leaves NaN in an empty row",
                        hint="What is 0 divided by 0? In which row of your weights does that happen?")
def nan_in_empty_row(scores, mask):
    return filled(scores, mask, -math.inf)


@masked_weights.mistake("adds −∞ and patches the NaN after the softmax, where the gradient still has it",
                        hint="`nan_to_num` repairs the result. Run `backward`: what is the gradient of the scores?")
def patched(scores, mask):
    offset = torch.zeros(mask.shape, dtype=scores.dtype).masked_fill(~mask, -math.inf)
    return torch.softmax(scores + offset, dim=-1).nan_to_num(0.0)


@masked_weights.mistake("hides after the softmax, and does not share the weight out again",
                        hint="What do the weights of a row sum to now?")
def hidden_after(scores, mask):
    return torch.softmax(scores, dim=-1) * mask


@masked_weights.mistake("hides after the softmax and divides by what is left",
                        hint="If a hidden score is 20,000 larger, what is left for the visible keys after the softmax?")
def shared_out_again(scores, mask):
    weights = torch.softmax(scores, dim=-1) * mask
    return weights / weights.sum(dim=-1, keepdim=True)


@masked_weights.mistake("lets huge hidden scores round the visible weights to 0, then shares out what is left",
                        hint="If a hidden score is 20,000 larger, what is left for the visible keys after the softmax?")
def shared_out_safely(scores, mask):
    weights = torch.softmax(scores, dim=-1) * mask
    return weights / (weights.sum(dim=-1, keepdim=True) + 1e-9)


@masked_weights.mistake("divides by the sum over all rows",
                        hint="What do the weights of *one* query sum to? Which axis does your sum run over?")
def over_everything(scores, mask):
    weights = torch.softmax(scores.masked_fill(~mask, -1e30), dim=-1) * mask
    return weights / weights.sum()


@masked_weights.mistake("fills hidden scores with +∞",
                        hint="Which score gives a weight of 0: a very large or a very small one?")
def plus_infinity(scores, mask):
    return filled(scores, mask, math.inf)


@masked_weights.mistake("hides what may be seen",
                        hint="`masked_fill` fills where its mask is True. What does True mean in ours?")
def polarity(scores, mask):
    return torch.softmax(scores.masked_fill(mask, -math.inf), dim=-1)


@masked_weights.mistake("multiplies the scores by the mask",
                        hint="A score of 0 is not the absence of a key. Which weight does it get?")
def multiplied(scores, mask):
    return torch.softmax(scores * mask, dim=-1) * mask


@masked_weights.mistake("ignores the mask", hint="Where does `mask` appear in your code?")
def mask_ignored(scores, mask):
    return torch.softmax(scores, dim=-1)


@masked_weights.mistake("runs the softmax over the queries",
                        hint="Over which axis must the visible weights sum to one?")
def over_queries(scores, mask):
    return torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-2)


@masked_weights.alternative("minus infinity from the boolean, and a safe row")
def additive_infinity(scores, mask):
    mask = mask.expand(scores.shape)
    empty = ~mask.any(dim=-1, keepdim=True)
    offset = torch.zeros_like(scores).masked_fill(~(mask | empty), -math.inf)
    return torch.softmax(scores + offset, dim=-1) * mask


@masked_weights.alternative("exponentials of the visible scores, then their share")
def visible_exponentials(scores, mask):
    top = scores.masked_fill(~mask, -math.inf).amax(dim=-1, keepdim=True)
    top = torch.where(top.isinf(), torch.zeros_like(top), top).detach()
    powers = torch.exp(torch.where(mask, scores - top, torch.tensor(-math.inf, dtype=scores.dtype)))
    total = powers.sum(dim=-1, keepdim=True)
    return powers / torch.where(total > 0, total, torch.ones_like(total))


@masked_weights.alternative("masked_fill, whose gradient is 0 where it filled, then nan_to_num")
def filled_and_patched(scores, mask):
    return filled(scores, mask, -math.inf).nan_to_num(0.0)


@masked_weights.alternative("where, and zeros after it")
def where_then_zero(scores, mask):
    weights = torch.softmax(torch.where(mask, scores, torch.full_like(scores, -1e30)), dim=-1)
    return torch.where(mask, weights, torch.zeros_like(weights))
