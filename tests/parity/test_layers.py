"""Layers against torch's with copied weights: float64, forward and gradients, distinct primes."""

import pytest
import torch
from torch import nn

from selfattention import masks
from selfattention.attention import attention
from selfattention.layers import (
    DecoderLayer,
    EncoderLayer,
    FeedForward,
    LayerNorm,
    MultiHeadAttention,
    PostNorm,
    PreNorm,
    layer_norm,
    merge_heads,
    split_heads,
    watching,
)
from selfattention.parity import from_torch
from selfattention.positions import Rotary, alibi, rotate

pytestmark = pytest.mark.usefixtures("float64")
CLOSE = {"rtol": 1e-10, "atol": 1e-12}
D_MODEL, HEADS, D_FF, BATCH, QUERIES, KEYS = 14, 2, 23, 3, 5, 7


def random_weights(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


def assert_same(ours, theirs, leaves):
    torch.testing.assert_close(ours, theirs, **CLOSE)
    cotangent = torch.randn_like(ours)
    one, other = (torch.autograd.grad(output, leaves, cotangent, retain_graph=True) for output in (ours, theirs))
    for ours, theirs in zip(one, other):
        torch.testing.assert_close(ours, theirs, **CLOSE)


def leaves(*shapes):
    return [torch.randn(*shape, requires_grad=True) for shape in shapes]


def test_split_and_merge_undo_each_other():
    x = torch.randn(BATCH, KEYS, D_MODEL)
    heads = split_heads(x, HEADS)
    assert heads.shape == (BATCH, HEADS, KEYS, D_MODEL // HEADS)
    assert torch.equal(heads[1, 1, 4], x[1, 4, D_MODEL // HEADS:])
    assert torch.equal(merge_heads(heads), x)


@pytest.mark.parametrize("mask", ["none", "causal", "padding", "both"])
def test_multi_head_attention_is_torchs(mask):
    theirs = random_weights(nn.MultiheadAttention(D_MODEL, HEADS, batch_first=True))
    ours = MultiHeadAttention(D_MODEL, HEADS)
    from_torch(ours, theirs)
    x, memory = leaves((BATCH, QUERIES, D_MODEL), (BATCH, KEYS, D_MODEL))
    causal = masks.causal(QUERIES, KEYS) if mask in ("causal", "both") else None
    padding = masks.padding(torch.tensor([7, 3, 5]), KEYS) if mask in ("padding", "both") else None
    used = [found for found in (causal, padding) if found is not None]
    with watching(ours) as seen:
        got = ours(x, memory, masks.combine(*used) if used else None)
    for need_weights in (False, True):
        expected, weights = theirs(x, memory, memory, attn_mask=None if causal is None else ~causal,
                             key_padding_mask=None if padding is None else ~padding[:, 0], need_weights=need_weights,
                                   average_attn_weights=False)
        assert_same(got, expected, [x, memory])
    torch.testing.assert_close(seen[0][0], weights, **CLOSE)
    assert_same(ours(x, memory, masks.combine(*used) if used else None), got, [x, memory, *ours.parameters()])
    ours(x, memory)
    assert len(seen[0]) == 1, "outside of `watching` nothing is collected"


def test_grouped_heads_are_full_heads_with_repeated_keys():
    grouped = random_weights(MultiHeadAttention(42, 6, key_heads=2))
    full = MultiHeadAttention(42, 6)
    state = grouped.state_dict()
    for name in ("key", "value"):
        for kind in ("weight", "bias"):
            parts = state[f"{name}.{kind}"].unflatten(0, (2, 7))
            state[f"{name}.{kind}"] = torch.stack([parts[head // 3] for head in range(6)]).flatten(0, 1)
    full.load_state_dict(state)
    (x,) = leaves((BATCH, KEYS, 42))
    assert_same(grouped(x), full(x), [x])


def test_rotary_heads_and_biases_reach_the_scores():
    layer = random_weights(MultiHeadAttention(12, 2, rotary=Rotary(6)))
    x = torch.randn(BATCH, KEYS, 12)
    bias = alibi(2, KEYS, KEYS)
    heads = []
    for head in range(2):
        part = slice(6 * head, 6 * head + 6)
        queries, keys, values = (linear(x)[..., part] for linear in (layer.query, layer.key, layer.value))
        queries, keys = (rotate(found, torch.arange(KEYS)) for found in (queries, keys))
        heads.append(attention(queries, keys, values, bias=bias[head]))
    torch.testing.assert_close(layer(x, bias=bias), layer.output(torch.cat(heads, dim=-1)), **CLOSE)


def test_layer_norm_is_torchs():
    theirs = random_weights(nn.LayerNorm(D_MODEL))
    ours = LayerNorm(D_MODEL)
    from_torch(ours, theirs)
    (x,) = leaves((BATCH, KEYS, D_MODEL))
    assert_same(ours(x), theirs(x), [x])
    assert_same(ours(x * 1e-4), theirs(x * 1e-4), [x])
    assert_same(layer_norm(x, ours.gain, ours.offset), theirs(x), [x])
    assert_same(layer_norm(x * 1e-4, ours.gain, ours.offset), ours(x * 1e-4), [x, ours.gain, ours.offset])


@pytest.mark.parametrize(("residual", "first"), [(PostNorm, False), (PreNorm, True)])
def test_encoder_layer_is_torchs(residual, first):
    theirs = random_weights(nn.TransformerEncoderLayer(D_MODEL, HEADS, D_FF, dropout=0.3, batch_first=True,
                                                       norm_first=first)).eval()
    ours = EncoderLayer(MultiHeadAttention(D_MODEL, HEADS), FeedForward(D_MODEL, D_FF), residual, dropout=0.3).eval()
    from_torch(ours, theirs)
    (x,) = leaves((BATCH, KEYS, D_MODEL))
    padding = masks.padding(torch.tensor([7, 3, 5]), KEYS)
    assert_same(ours(x, padding), theirs(x, src_key_padding_mask=~padding[:, 0]), [x])


@pytest.mark.parametrize(("residual", "first"), [(PostNorm, False), (PreNorm, True)])
def test_decoder_layer_is_torchs(residual, first):
    theirs = random_weights(nn.TransformerDecoderLayer(D_MODEL, HEADS, D_FF, dropout=0.3, batch_first=True,
                                                       norm_first=first)).eval()
    ours = DecoderLayer(MultiHeadAttention(D_MODEL, HEADS), MultiHeadAttention(D_MODEL, HEADS),
                        FeedForward(D_MODEL, D_FF), residual, dropout=0.3).eval()
    from_torch(ours, theirs)
    x, memory = leaves((BATCH, QUERIES, D_MODEL), (BATCH, KEYS, D_MODEL))
    padding, causal = masks.padding(torch.tensor([7, 3, 5]), KEYS), masks.causal(QUERIES)
    got, _ = ours(x, ours.cross_attention.keys_values(memory), causal, padding)
    expected = theirs(x, memory, tgt_mask=~causal, memory_key_padding_mask=~padding[:, 0])
    assert_same(got, expected, [x, memory])


def test_dropout_changes_training_only():
    layer = EncoderLayer(MultiHeadAttention(D_MODEL, HEADS), FeedForward(D_MODEL, D_FF), dropout=0.5)
    x = torch.randn(BATCH, KEYS, D_MODEL)
    assert not torch.equal(layer(x), layer(x))
    layer.eval()
    assert torch.equal(layer(x), layer(x))


@pytest.mark.parametrize(("make", "message"), [
    (lambda: MultiHeadAttention(14, 3), "14 cannot be cut into 3"),
    (lambda: MultiHeadAttention(14, 7, key_heads=2), "7 heads cannot share 2"),
    (lambda: split_heads(torch.ones(2, 3, 14), 3), "14 cannot be cut into 3"),
    (lambda: MultiHeadAttention(14, 0), "0 heads"),
    (lambda: MultiHeadAttention(14, 7, key_heads=0), "0 key heads"),
    (lambda: MultiHeadAttention(14, 7)(torch.ones(2, 3, 13)), r"13 numbers \(2, 3, 13\).*d_model 14"),
    (lambda: MultiHeadAttention(14, 7)(torch.ones(2, 3, 14), torch.ones(5, 3, 14)), "2 texts of queries and 5 of keys"),
])
@pytest.mark.usefixtures("as_users_call")
def test_sizes_that_do_not_fit_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
