"""The GPT itself: its cache, what it may see, its first weights, its sizes, and bad input."""

import math

import pytest
import torch

from selfattention import masks
from selfattention.models.gpt import GPT, Changes, Sizes
from selfattention.training import next_token_loss, true_loss

CLOSE = {"rtol": 1e-9, "atol": 1e-11}
SIZES = Sizes(vocab=29, context=17, d_model=24, heads=4, d_ff=36, layers=3)
TOKENS = torch.tensor([[5, 9, 1, 28, 3, 2, 7], [4, 2, 8, 0, 17, 19, 23]])
CHANGES = [Changes(), Changes(rms_norm=True), Changes(swiglu=True), Changes(rotary=True), Changes(key_heads=2),
           Changes(key_heads=1), Changes(True, True, True, 2)]
pytestmark = pytest.mark.usefixtures("float64")


def spread(model):
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_some_tokens_at_a_time_give_the_same_as_all_at_once_with_gradients(changes):
    model = spread(GPT(SIZES, changes))
    whole, (past, parts) = model(TOKENS), (None, [])
    for step in (slice(0, 1), slice(1, 4), slice(4, 5), slice(5, 7)):
        logits, past = model.decode(TOKENS[:, step], past)
        parts.append(logits)
    in_parts = torch.cat(parts, dim=1)
    torch.testing.assert_close(in_parts, whole, **CLOSE)
    cotangent = torch.randn_like(whole)
    for one, other in zip(*(torch.autograd.grad(output, list(model.parameters()), cotangent)
                            for output in (in_parts, whole))):
        torch.testing.assert_close(one, other, **CLOSE)


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_no_token_sees_a_later_one(changes, as_users_call):
    model = spread(GPT(SIZES, changes))
    vectors = model.embedding(TOKENS[0]).detach()

    def scores(x):  # as if `x` had been looked up in the table
        look_up = model.embedding.register_forward_hook(lambda *_: x[None])
        logits = model(TOKENS[:1])[0]
        look_up.remove()
        return logits

    assert torch.equal(masks.dependence(scores, vectors), masks.causal(7))


def test_a_cache_holds_as_many_heads_as_there_are_key_heads():
    for key_heads in (1, 2, 4):
        _, past = GPT(SIZES, Changes(key_heads=key_heads)).decode(TOKENS)
        assert [keys.shape for keys, _ in past] == [(2, key_heads, 7, 6)] * 3


def test_a_past_is_not_changed_by_going_on_from_it():
    model = spread(GPT(SIZES))
    _, past = model.decode(TOKENS[:, :3])
    before = [(keys.clone(), values.clone()) for keys, values in past]
    one, other = (model.decode(TOKENS[:, place:place + 1], past)[0] for place in (3, 4))
    assert not torch.allclose(one, other)
    assert all(torch.equal(a, b) for pair, other in zip(past, before) for a, b in zip(pair, other))


def test_a_new_model_knows_nothing_and_its_gradients_reach_everything():
    model = GPT(Sizes(vocab=29, context=17, d_model=96, heads=4, d_ff=384, layers=3))
    texts = torch.randint(29, (5, 17))
    loss = next_token_loss(model, texts)
    assert abs(loss.item() - math.log(29)) < 0.1 and abs(true_loss(model, texts) - loss.item()) < 1e-9
    loss.backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in model.parameters())
    inner, added = model.layers[0].feed_forward[0].weight, model.layers[0].feed_forward[2].weight
    assert abs(inner.std() - 0.02) < 1e-3 and abs(added.std() - 0.02 / 6**0.5) < 1e-3


def parameters(changes, sizes=SIZES):
    return sum(parameter.numel() for parameter in GPT(sizes, changes).parameters())


def test_how_many_weights_there_are():
    gpt2_small = Sizes(50257, 1024, 768, 12, 3072, 12, 0.1)
    with torch.device("meta"):
        assert parameters(Changes(), gpt2_small) == 124_439_808  # as counted by Hugging Face
    plain = parameters(Changes())
    assert parameters(Changes(rms_norm=True)) == plain - 7 * 24
    assert parameters(Changes(swiglu=True)) == plain - 3 * (36 + 24)  # the biases
    assert parameters(Changes(rotary=True)) == plain - 17 * 24
    assert parameters(Changes(key_heads=1)) == plain - 3 * 2 * (18 * 24 + 18)


def test_the_weights_of_each_layer():
    model = spread(GPT(SIZES, Changes(key_heads=2)))
    seen = model.weights(TOKENS)
    assert len(seen) == 3
    for weights in seen:
        assert weights.shape == (2, 4, 7, 7) and not weights.requires_grad
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 4, 7), **CLOSE)
        assert (weights.triu(diagonal=1) == 0).all()


def test_dropout_works_in_training_alone():
    model = spread(GPT(Sizes(29, 17, 24, 4, 36, 3, dropout=0.3)))
    assert torch.equal(model(TOKENS), model(TOKENS))
    model.train()
    assert not torch.allclose(model(TOKENS), model(TOKENS))


def test_rotary_positions_have_no_end_and_learned_ones_have():
    long = torch.randint(29, (1, 18))
    assert GPT(SIZES, Changes(rotary=True))(long).shape == (1, 18, 29)
    with pytest.raises(ValueError, match="18 tokens, but only 17 positions were learned"):
        GPT(SIZES)(long)
    _, past = GPT(SIZES).decode(long[:, :17])
    with pytest.raises(ValueError, match="18 tokens, but only 17 positions"):
        GPT(SIZES).decode(long[:, 17:], past)


@pytest.mark.parametrize(("call", "message"), [
    (lambda model: model(TOKENS + 1), "tokens from 1 to 29.*0 to 28"),
    (lambda model: model(TOKENS - 1), "tokens from -1"),
    (lambda model: model(TOKENS[:0]), r"\(0, 7\) are empty"),
    (lambda model: model(TOKENS[0]), r"\(7,\) are empty or no batch"),
    (lambda model: model(TOKENS.double()), "tokens of type torch.float64"),
    (lambda model: model.decode(TOKENS, model.decode(TOKENS[:1])[1]), "3 layers and 1 texts.*3 layers and is given 2"),
    (lambda model: model.decode(TOKENS, model.decode(TOKENS)[1][:2]), "2 layers and 2 texts.*None to begin anew"),
    (lambda model: GPT(Sizes(29, d_model=23, heads=2)), "d_model 23 cannot be cut into 2"),
    (lambda model: GPT(SIZES, Changes(key_heads=3)), "4 heads cannot share 3 key heads"),
    (lambda model: GPT(Sizes(29, d_model=12, heads=4), Changes(rotary=True)), "a width of 3 is odd"),
])
def test_bad_input_is_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call(GPT(SIZES))
