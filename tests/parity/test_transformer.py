"""The whole encoder–decoder against torch's and Hugging Face's with copied weights: float64, forward and gradients."""

import math

import pytest
import torch
from torch import nn

from selfattention import masks
from selfattention.layers import LayerNorm, PostNorm, PreNorm
from selfattention.models import plain
from selfattention.models.transformer import Sizes, Transformer, stacks
from selfattention.parity import apart, from_marian, from_torch, torch_twin

pytestmark = pytest.mark.usefixtures("float64")
CLOSE = {"rtol": 1e-9, "atol": 1e-11}
SIZES = Sizes(source_vocab=29, target_vocab=31, d_model=14, heads=2, d_ff=23, layers=3, dropout=0.1)
SOURCE = torch.tensor([[5, 9, 1, 28, 3, 2, 7], [4, 2, 8, 0, 0, 0, 0], [11, 13, 17, 19, 23, 0, 0]])
TARGET = torch.tensor([[1, 6, 30, 2, 9], [1, 7, 7, 4, 0], [1, 12, 29, 8, 3]])


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize(("residual", "first"), [(PostNorm, False), (PreNorm, True)])
def test_equals_torchs_transformer(residual, first):
    theirs = nn.Transformer(14, 2, 3, 3, 23, dropout=0.1, batch_first=True, norm_first=first)
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.5)
    encoder, decoder = stacks(SIZES, residual, lambda: None)
    ours = Transformer(SIZES, encoder, decoder, None, norm=lambda: LayerNorm(14))
    from_torch(ours, theirs)
    ours.eval(), theirs.eval()
    blocked = SOURCE == 0
    got = ours(SOURCE, TARGET)
    source, target = (table(tokens) * math.sqrt(14) for table, tokens in
                      ((ours.source_embedding, SOURCE), (ours.target_embedding, TARGET)))
    output = theirs(source, target, tgt_mask=~masks.causal(5), src_key_padding_mask=blocked,
                    memory_key_padding_mask=blocked)
    expected = output @ ours.target_embedding.weight.T
    assert_same(got, expected, [ours.source_embedding.weight, ours.target_embedding.weight])


def assert_same(ours, theirs, leaves):
    torch.testing.assert_close(ours, theirs, **CLOSE)
    cotangent = torch.randn_like(ours)
    one, other = (torch.autograd.grad(output, leaves, cotangent) for output in (ours, theirs))
    for mine, yours in zip(one, other):
        torch.testing.assert_close(mine, yours, **CLOSE)


def test_equals_marian():
    transformers = pytest.importorskip("transformers")
    sizes = Sizes(31, 31, d_model=14, heads=2, d_ff=23, layers=3, dropout=0.1)
    theirs = transformers.MarianMTModel(transformers.MarianConfig(
        vocab_size=31, decoder_vocab_size=31, d_model=14, encoder_layers=3, decoder_layers=3, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=23, decoder_ffn_dim=23, activation_function="relu",
        scale_embedding=True, pad_token_id=0, eos_token_id=2, decoder_start_token_id=1, forced_eos_token_id=None,
        max_position_embeddings=64, attn_implementation="eager")).double()

    def positions(tokens, start=0):  # theirs: all sines, then all cosines
        return theirs.model.encoder.embed_positions.weight[start:start + tokens]

    ours = Transformer(sizes, *stacks(sizes, PostNorm, lambda: None), None)
    ours.positions = positions_module(positions)
    for name, parameter in theirs.named_parameters():
        if "embed_positions" not in name:
            nn.init.normal_(parameter, std=0.5)
    from_marian(ours, theirs)
    ours.eval(), theirs.eval()
    got = ours(SOURCE, TARGET)
    expected = theirs(input_ids=SOURCE, attention_mask=(SOURCE != 0).long(), decoder_input_ids=TARGET).logits
    torch.testing.assert_close(got, expected, **CLOSE)
    cotangent = torch.randn_like(got)
    (shared,) = torch.autograd.grad(expected, [theirs.model.shared.weight], cotangent)
    parts = torch.autograd.grad(got, [ours.source_embedding.weight, ours.target_embedding.weight], cotangent)
    # Theirs gives the vector of the padding token no gradient from the input side.
    torch.testing.assert_close(sum(parts)[1:], shared[1:], **CLOSE)


def positions_module(function):
    class Positions(nn.Module):
        def forward(self, tokens, start=0):
            return function(tokens, start)
    return Positions()


@pytest.mark.parametrize("make", [Transformer.paper, Transformer.rotary])
def test_one_token_at_a_time_gives_the_same_as_all_at_once(make):
    model = make(Sizes(29, 31, d_model=28, heads=2, d_ff=23, layers=2)).eval()
    whole = model(SOURCE, TARGET)
    memory, past, parts = model.encode(SOURCE), None, []
    for step in (slice(0, 1), slice(1, 3), slice(3, 5)):
        logits, past = model.decode(TARGET[:, step], memory, past)
        parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, **CLOSE)


def test_padding_and_the_future_have_no_influence():
    model = Transformer.rotary(Sizes(29, 31, d_model=28, heads=2, d_ff=23, layers=2)).eval()
    whole = model(SOURCE, TARGET)
    torch.testing.assert_close(model(SOURCE[1:2, :3], TARGET[1:2]), whole[1:2], **CLOSE)
    changed = TARGET.clone()
    changed[:, 3:] = 5
    torch.testing.assert_close(model(SOURCE, changed)[:, :3], whole[:, :3], **CLOSE)
    assert not torch.allclose(model(SOURCE, changed)[:, 3:], whole[:, 3:])


@pytest.mark.parametrize(("call", "message"), [
    (lambda model: model(SOURCE.clamp(max=28) + 1, TARGET), "tokens from 1 to 29.*0 to 28"),
    (lambda model: model(SOURCE, TARGET - 2), "tokens from -2"),
    (lambda model: model.encode(SOURCE[:0]), r"\(0, 7\) is empty"),
    (lambda model: model.encode(SOURCE[:, :0]), r"\(3, 0\) is empty"),
    (lambda model: model(SOURCE, TARGET[:2]), r"a target of shape \(2, 5\) for 3 encoded sources"),
    (lambda model: model(SOURCE[:1], TARGET), r"a target of shape \(3, 5\) for 1 encoded sources"),
    (lambda model: model(SOURCE[0], TARGET), r"\(7,\) is empty or no batch"),
    (lambda model: model(SOURCE.double(), TARGET), "tokens of type torch.float64"),
    (lambda model: model(SOURCE, TARGET[:, :0]), r"a target of shape \(3, 0\) for 3"),
])
def test_bad_tokens_are_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call(Transformer.paper(SIZES))


@pytest.mark.parametrize(("ours", "theirs", "message"), [
    (lambda: Transformer.paper(SIZES), lambda: nn.Transformer(14, 2, 3, 3, 23, batch_first=True),
     r"theirs without a place here: \['encoder_norm.weight', 'encoder_norm.bias', 'decoder_norm.weight'"),
    (lambda: Transformer.paper(SIZES), lambda: nn.Transformer(14, 2, 3, 2, 23, batch_first=True),
     r"ours without one of theirs: \['decoder.2.attention.query.weight'"),
    (lambda: LayerNorm(13), lambda: nn.LayerNorm(14), r"gain \(13,\) for \(14,\).*same sizes"),
    (lambda: LayerNorm(14), lambda: nn.Linear(14, 14), r"gain \(14,\) for \(14, 14\)"),
])
def test_what_does_not_fit_is_named(ours, theirs, message):
    with pytest.raises(ValueError, match=message):
        from_torch(ours(), theirs())


def test_the_plain_version_gives_the_same_scores_and_gradients():
    model = Transformer.paper(SIZES).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.5)
    leaves = [model.source_embedding.weight, model.target_embedding.weight]
    assert_same(plain.decode(model, TARGET, *plain.encode(model, SOURCE)), model(SOURCE, TARGET), leaves)


def test_a_twin_has_the_same_weights_and_what_is_apart_is_measured():
    ours = Transformer.paper(SIZES).eval()
    theirs = torch_twin(ours)
    assert max(apart(ours, theirs, SOURCE, TARGET).values()) < 1e-12
    with torch.no_grad():
        ours.decoder[1].cross_attention.value.weight[0] += 0.1
    assert min(apart(ours, theirs, SOURCE, TARGET).values()) > 1e-6


def test_the_weights_of_all_three_attentions():
    model = Transformer.rotary(Sizes(29, 31, d_model=28, heads=2, d_ff=23, layers=3)).eval()
    seen = model.weights(SOURCE, TARGET)
    assert [len(kind) for kind in seen] == [3, 3, 3]
    for kind, (queries, keys) in zip(seen, [(7, 7), (5, 5), (5, 7)]):
        for weights in kind:
            assert weights.shape == (3, 2, queries, keys) and not weights.requires_grad
            torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 2, queries), **CLOSE)
    assert (seen.decoder[0].triu(diagonal=1) == 0).all() and (seen.cross[2][1, ..., 3:] == 0).all()
