"""Caches: bytes against real tensors; latent attention against Hugging Face's and against itself, absorbed."""

import pytest
import torch
from torch import nn

from selfattention import masks
from selfattention.efficient.caches import (
    LatentAttention,
    LatentCache,
    LatentSizes,
    held_bytes,
    key_value_bytes,
    latent_bytes,
)
from selfattention.layers import MultiHeadAttention
from selfattention.positions import Rotary

CLOSE = {"rtol": 1e-9, "atol": 1e-11}
SIZES = LatentSizes(d_model=13, heads=3, d_head=5, latent=7, rotary=4)
pytestmark = pytest.mark.usefixtures("float64")


def built(sizes=SIZES):
    layer = LatentAttention(sizes)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.5)
    return layer


def assert_same(ours, theirs, leaves):
    torch.testing.assert_close(ours, theirs, **CLOSE)
    cotangent = torch.randn_like(ours)
    slopes = (torch.autograd.grad(one, leaves, cotangent, retain_graph=True) for one in (ours, theirs))
    for mine, yours in zip(*slopes):
        torch.testing.assert_close(mine, yours, **CLOSE)


@pytest.mark.parametrize("key_heads", [6, 3, 2, 1])
def test_bytes_of_keys_and_values_are_those_of_real_tensors(key_heads):
    layers = [MultiHeadAttention(42, 6, key_heads=key_heads).to(torch.bfloat16) for _ in range(3)]
    cache = [layer.keys_values(torch.randn(2, 11, 42, dtype=torch.bfloat16)) for layer in layers]
    expected = held_bytes(*(part for keys_values in cache for part in keys_values))
    assert key_value_bytes(11, 3, key_heads, 7, texts=2) == expected == 2 * 3 * 2 * 11 * key_heads * 7 * 2


def test_bytes_of_latents_are_those_of_real_tensors():
    cache = built().compress(torch.randn(2, 11, 13))
    assert latent_bytes(11, 1, 7, 4, texts=2, bits=64) == held_bytes(*cache) == 8 * 2 * 11 * (7 + 4)


def test_bytes_of_published_models():
    """Worked out from the papers' sizes: Llama 2 70B has 8 key heads of 128, DeepSeek-V2 512 + 64 a token."""
    assert key_value_bytes(1, 80, 8, 128) == 327_680 and key_value_bytes(1, 80, 64, 128) == 8 * 327_680
    assert latent_bytes(1, 60, 512, 64) == 69_120
    assert key_value_bytes(1, 60, 128, 128) / latent_bytes(1, 60, 512, 64) == pytest.approx(56.9, abs=0.05)
    assert key_value_bytes(1000, 2, 3, 5, bits=4) == 30_000 and key_value_bytes(1, 1, 1, 1, bits=3) == 1


def test_a_view_holds_what_it_is_a_view_of_and_counts_once():
    whole = torch.zeros(100)
    assert held_bytes(whole[:3]) == 800 and held_bytes(whole[:3], whole[50:], torch.zeros(2)) == 816
    assert held_bytes() == 0 and held_bytes(whole[:3].clone()) == 24


def test_equals_hugging_faces_attention(monkeypatch):
    theirs_in = pytest.importorskip("transformers.models.deepseek_v2.modeling_deepseek_v2")
    monkeypatch.setattr(theirs_in, "apply_rotary_emb", in_double_precision)
    config = theirs_in.DeepseekV2Config(
        hidden_size=33, num_attention_heads=3, num_key_value_heads=3, qk_nope_head_dim=5, v_head_dim=5,
        qk_rope_head_dim=4, kv_lora_rank=7, q_lora_rank=None, attention_bias=False, attn_implementation="sdpa")
    theirs = theirs_in.DeepseekV2Attention(config, 0).double()
    ours = built(LatentSizes(d_model=33, heads=3, d_head=5, latent=7, rotary=4))
    theirs.kv_a_layernorm = nn.RMSNorm(7, eps=1e-6)  # theirs rounds to float32
    theirs.load_state_dict({
        "q_proj.weight": ours.query.weight, "o_proj.weight": ours.output.weight,
        "kv_a_proj_with_mqa.weight": torch.cat([ours.down.weight, ours.turned_key.weight]),
        "kv_a_layernorm.weight": ours.norm.weight,
        "kv_b_proj.weight": torch.cat([up.weight.unflatten(0, (3, 5)) for up in (ours.key_up, ours.value_up)],
                                      dim=1).flatten(0, 1)})
    x = torch.randn(2, 11, 33, requires_grad=True)
    turns = torch.exp(1j * torch.arange(11)[:, None] * 10_000.0 ** (-torch.arange(0, 4, 2) / 4))
    mask = masks.causal(11)
    expected, _ = theirs(x, attention_mask=mask[None, None], position_embeddings=turns[None])
    assert_same(ours(x, mask), expected, [x])


def in_double_precision(queries, keys, turns):
    """Hugging Face's `apply_rotary_emb` without its rounding to float32."""
    return tuple(torch.view_as_real(torch.view_as_complex(part.unflatten(-1, (-1, 2)).contiguous()) * turns).flatten(-2)
                 for part in (queries, keys))


@pytest.mark.parametrize("mask", [None, masks.causal(5, 11), torch.rand(2, 5, 11) < 0.7])
def test_the_absorbed_form_is_the_plain_one(mask):
    layer = built()
    x, before = torch.randn(2, 5, 13, requires_grad=True), torch.randn(2, 6, 13, requires_grad=True)
    cache = layer.compress(before).then(layer.compress(x, start=6))
    leaves = [x, before, *layer.parameters()]
    assert_same(layer.attend_absorbed(x, cache, mask, start=6), layer.attend(x, cache, mask, start=6), leaves)


@pytest.mark.parametrize("attend", [LatentAttention.attend, LatentAttention.attend_absorbed])
def test_one_token_at_a_time_gives_the_same_as_all_at_once(attend):
    layer, x = built(), torch.randn(2, 11, 13)
    whole, cache, parts = layer(x, masks.causal(11)), None, []
    for step in (slice(0, 3), slice(3, 4), slice(4, 11)):
        new = layer.compress(x[:, step], step.start)
        cache = new if cache is None else cache.then(new)
        mask = masks.causal(step.stop - step.start, step.stop)
        parts.append(attend(layer, x[:, step], cache, mask, start=step.start))
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, **CLOSE)
    assert held_bytes(*cache) == latent_bytes(11, 1, 7, 4, texts=2, bits=64)


def test_it_is_multi_head_attention_where_nothing_is_compressed():
    """A latent as wide as the token, which is normed already, and turned parts that are zero."""
    layer, usual = built(LatentSizes(d_model=15, heads=3, d_head=5, latent=15, rotary=2)), MultiHeadAttention(
        15, 3, bias=False, rotary=None)
    with torch.no_grad():
        layer.down.weight.copy_(torch.eye(15))
        layer.norm.weight.fill_(1.0)
        layer.turned_key.weight.zero_()
        queries = layer.query.weight.unflatten(0, (3, 7))
        usual.query.weight.copy_(queries[:, :5].flatten(0, 1) * (5 / 7) ** 0.5)  # the scores are divided by √7 here
        usual.key.weight.copy_(layer.key_up.weight)
        usual.value.weight.copy_(layer.value_up.weight)
        usual.output.weight.copy_(layer.output.weight)
    x = nn.functional.rms_norm(torch.randn(2, 11, 15), (15,), eps=1e-6)
    torch.testing.assert_close(layer(x), usual(x), rtol=1e-5, atol=1e-5)


def test_the_turned_key_knows_where_it_stands():
    layer, x = built(), torch.randn(1, 4, 13)
    expected = Rotary(4)(x @ layer.turned_key.weight.T, 6)
    torch.testing.assert_close(layer.compress(x, start=6).turned, expected, **CLOSE)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: key_value_bytes(-1, 2, 3, 4), r"counts of \(-1, 2, 1, 16\)"),
    (lambda: latent_bytes(1, 2, -3, 1), "-2 numbers a token"),
    (lambda: LatentAttention(LatentSizes(13, 3, 5, 7, 3)), "width of 3 is odd"),
    (lambda: built()(torch.ones(2, 5, 12)), r"12 numbers \(2, 5, 12\).*d_model 13"),
    (lambda: built().compress(torch.ones(2, 5, 12)), "d_model 13"),
    (lambda: built().attend(torch.ones(3, 1, 13), LatentCache(torch.ones(2, 5, 7), torch.ones(2, 5, 4))),
     "3 texts of queries and 2 in the cache"),
    (lambda: built().attend_absorbed(torch.ones(3, 1, 13), LatentCache(torch.ones(2, 5, 7), torch.ones(2, 5, 4))),
     "3 texts of queries and 2 in the cache"),
])
def test_what_does_not_fit_is_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()
