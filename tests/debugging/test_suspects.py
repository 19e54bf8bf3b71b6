"""Each suspect has the one mistake that it is said to have, and an exercise knows that mistake by its name."""

import math

import pytest
import torch
from torch.nn import functional

from selfattention import problems
from selfattention.data import steps
from selfattention.debugging import HEALTHY, NUMBERS, reveal, suspect, untrained
from selfattention.debugging.bank import BUGS, ByView, MaskedLate, OverTheBatch, WeightsBySelf, in_bits, unshifted
from selfattention.debugging.small import HEADS, WIDTH, Small
from selfattention.debugging.source import PADDING, floor, pad, texts
from selfattention.layers import MultiHeadAttention

EXERCISES = {one.key: one for chapter in problems.chapters() if chapter < "14" for one in problems.exercises(chapter)}


def known(key, name):
    """The function of a known mistake."""
    return next(one.function for one in EXERCISES[key].mistakes if one.name == name)


def some(count=3, seed=0):
    return texts(count, torch.Generator().manual_seed(seed))


def test_a_symbol_goes_on_from_the_one_before_the_last():
    drawn = some(500)
    moved = (drawn[:, 2:] - drawn[:, :-2]) % steps.SYMBOLS
    assert set(moved.unique().tolist()) == {1, 2, 4} and abs((moved == 1).double().mean() - 0.6) < 0.02
    assert set(drawn[:, 1].unique().tolist()) == set(range(7)), "the second symbol begins anywhere"
    with pytest.raises(ValueError, match="7 tokens cannot be dealt out"):
        texts(2, torch.Generator(), tokens=7)


def test_the_floor_is_the_loss_of_who_knows_the_source():
    drawn = some(4000)
    chances = torch.zeros(7, dtype=torch.float64).index_put((steps.STEPS,), steps.CHANCES)
    losses = -chances[(drawn[:, 2:] - drawn[:, :-2]) % 7].log()
    assert floor() == pytest.approx((math.log(7) + losses.sum(dim=1).mean().item()) / 15, abs=0.005)


def test_the_healthy_model_computes_what_torch_computes(float64):
    """Forward and gradients, by torch's own functions and without our layers."""
    model, tokens = Small().eval(), pad(some(), 2)

    def norm(x, layer):
        return functional.layer_norm(x, (WIDTH,), layer.gain, layer.offset)

    real = tokens != PADDING
    place = (real.cumsum(1) - 1).clamp(min=0)
    x = functional.embedding(tokens, model.embedding.weight) + model.positions.table[place]
    inner = norm(x, model.around_attention.norm)
    cut = [functional.linear(inner, getattr(model.attention, name).weight).view(3, 18, HEADS, -1).transpose(1, 2)
           for name in ("query", "key", "value")]
    mask = torch.ones(18, 18, dtype=torch.bool).tril() & real[:, None, None]
    mixed = functional.scaled_dot_product_attention(*cut, attn_mask=mask | ~mask.any(-1, keepdim=True))
    mixed = mixed * mask.any(-1, keepdim=True)
    x = x + functional.linear(mixed.transpose(1, 2).flatten(2), model.attention.output.weight)
    x = x + model.feed_forward(norm(x, model.around_feed_forward.norm))
    expected = norm(x, model.norm) @ model.embedding.weight.T
    got = model(tokens)
    assert torch.allclose(got, expected, rtol=0, atol=1e-12)
    weights = torch.randn_like(got)
    ours, theirs = (torch.autograd.grad((one * weights).sum(), list(model.parameters())) for one in (got, expected))
    for one, other in zip(ours, theirs):
        assert torch.allclose(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.mistake)
def test_every_bug_is_a_mistake_that_an_exercise_knows(bug):
    assert known(bug.exercise, bug.mistake)
    made = bug.make()
    texts_ = some()
    for part in (bug.loss(made, texts_), bug.loss(made.eval(), texts_)):
        assert part.isfinite() and part.requires_grad, "it runs, and trains"


def test_attention_written_out_is_attention(float64):
    class Right(WeightsBySelf):
        def weigh(self, scores, mask):
            return torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1)

    ours, right = Right(WIDTH, HEADS, bias=False), MultiHeadAttention(WIDTH, HEADS, bias=False)
    ours.load_state_dict(right.state_dict())
    x, mask = torch.randn(3, 7, WIDTH, requires_grad=True), torch.ones(3, 7, 7).tril() > 0
    assert torch.allclose(ours(x, mask=mask), right(x, mask=mask), rtol=0, atol=1e-13)
    weights = torch.randn(3, 7, WIDTH)
    gradients = [torch.autograd.grad((one(x, mask=mask) * weights).sum(), x)[0] for one in (ours, right)]
    assert torch.allclose(*gradients, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("kind", "mistake"), [
    (ByView, "splits and merges by view without exchanging the axes"),
    (MaskedLate, "hides after the softmax, and does not share the weight out again")])
def test_a_planted_attention_replies_as_the_known_mistake_does(kind, mistake, float64):
    layer, x, mask = kind(WIDTH, HEADS, bias=False), torch.randn(3, 8, WIDTH), torch.ones(8, 8).tril() > 0
    matrices = [part.weight.T for part in (layer.query, layer.key, layer.value, layer.output)]
    expected = known("06.multi_head_attention", mistake)(x, *matrices, HEADS, mask)
    assert torch.allclose(layer(x, mask=mask.expand(3, 8, 8)), expected, rtol=0, atol=1e-12)


def test_a_planted_norm_and_planted_losses_reply_as_the_known_mistakes_do(float64):
    norm, x = OverTheBatch(), torch.randn(3, 5, WIDTH)
    norm.gain.data, norm.offset.data = torch.randn(WIDTH), torch.randn(WIDTH)
    expected = known("08.layer_norm", "normalises over the first axis")(x, norm.gain, norm.offset, 1e-5)
    assert torch.allclose(norm(x), expected, rtol=0, atol=1e-12)
    model, drawn = Small().eval(), some()
    expected = known("13.next_token_loss", "counts in bits")(model(drawn), drawn, 1)
    assert in_bits(model, drawn).item() == pytest.approx(expected.item(), abs=1e-12)
    shift = known("13.next_token_loss", "does not shift: each token is scored at its own place")
    both = torch.cat([drawn[:, :1], drawn], dim=1)  # the exercise leaves the first place out
    scores = torch.cat([model(drawn)[:, :1], model(drawn)], dim=1)
    assert unshifted(model, drawn).item() == pytest.approx(shift(scores, both, 1).item(), abs=1e-12)


def test_a_suspect_tells_nothing_and_is_the_same_each_time():
    one = untrained(3)
    assert repr(one) == "Suspect(number=3)"
    for first, again in zip(one.fresh().parameters(), one.fresh().parameters()):
        assert torch.equal(first, again) and first.dtype == torch.float64
    state = torch.get_rng_state()
    untrained(5)
    assert torch.equal(torch.get_rng_state(), state), "nobody else's random numbers change"


def test_a_suspect_is_trained_even_where_no_gradients_are_noted():
    with torch.no_grad():
        one = suspect(2)
    assert one is suspect(2) and len(one.losses) == 150 and one.losses[-1] < 0.1 < one.losses[0]
    assert not one.model.training


@pytest.mark.parametrize("ask", [suspect, untrained, reveal])
def test_there_are_only_so_many(ask, as_users_call):
    with pytest.raises(ValueError, match=f"no suspect 13: they have the numbers 1 to {len(NUMBERS)}, and 0 is the"):
        ask(13)
    with pytest.raises(ValueError, match="no suspect -1"):
        ask(-1)


def test_what_is_revealed_names_the_exercise():
    assert reveal(HEALTHY) == "nothing is wrong" and reveal(1) == "drops the padding (04.combine_masks)"
