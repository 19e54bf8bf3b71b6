"""The GPT against Hugging Face's GPT-2 and Llama with copied weights, its parts against torch's: float64, gradients."""

import pytest
import torch
from torch import nn

from selfattention.layers import LayerNorm, RMSNorm, SwiGLU, rms_norm
from selfattention.models.gpt import GPT, Changes, Sizes
from selfattention.parity import from_gpt2, from_llama

CLOSE = {"rtol": 1e-9, "atol": 1e-11}
SIZES = Sizes(vocab=29, context=17, d_model=14, heads=2, d_ff=23, layers=3)
TOKENS = torch.tensor([[5, 9, 1, 28, 3, 2, 7, 0, 11, 5, 5], [4, 2, 8, 0, 17, 19, 23, 6, 6, 13, 20]])
pytestmark = pytest.mark.usefixtures("float64")


def gpt2(sizes=SIZES):
    transformers = pytest.importorskip("transformers")
    theirs = transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=sizes.vocab, n_positions=sizes.context, n_embd=sizes.d_model, n_layer=sizes.layers,
        n_head=sizes.heads, n_inner=sizes.d_ff, attn_implementation="eager", bos_token_id=None, eos_token_id=None))
    return spread(theirs)


class Doubled:
    """torch, but what asks for float32 gets float64: Llama takes it for its norms and angles, whatever comes."""

    float = float32 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


@pytest.fixture
def doubled(monkeypatch):
    monkeypatch.setattr("transformers.models.llama.modeling_llama.torch", Doubled())


def llama(sizes, changes, tied=True):
    transformers = pytest.importorskip("transformers")
    theirs = transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=sizes.vocab, max_position_embeddings=sizes.context, hidden_size=sizes.d_model,
        num_hidden_layers=sizes.layers, num_attention_heads=sizes.heads, num_key_value_heads=changes.key_heads,
        intermediate_size=2 * sizes.d_ff // 3, attention_bias=True, tie_word_embeddings=tied, bos_token_id=None,
        eos_token_id=None, attn_implementation="eager"))
    return spread(theirs)


def spread(theirs):
    """Random weights that are large enough for every part to matter, also where a new model has ones and zeros."""
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.5)
    return theirs.double().eval()


def assert_same_scores_and_gradients(ours, theirs, give):
    """Gradients of all weights: those of ours are given to a copy of theirs' names by the same table as the weights."""
    got, expected = ours(TOKENS), theirs(input_ids=TOKENS).logits
    torch.testing.assert_close(got, expected, **CLOSE)
    cotangent = torch.randn_like(got)
    got.backward(cotangent)
    expected.backward(cotangent)
    mine = {name: parameter.grad for name, parameter in ours.named_parameters()}
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.copy_(parameter.grad)
    wanted = dict(give(ours, theirs).named_parameters())
    assert set(mine) == set(wanted)
    for name, gradient in mine.items():
        torch.testing.assert_close(gradient, wanted[name].data, rtol=1e-8, atol=1e-10, msg=name)


def test_equals_gpt2():
    theirs = gpt2()
    assert_same_scores_and_gradients(from_gpt2(GPT(SIZES), theirs).eval(), theirs, from_gpt2)


@pytest.mark.parametrize("key_heads", [1, 2, 4])
def test_with_all_changes_it_equals_llama(key_heads, doubled):
    sizes, changes = Sizes(29, 17, d_model=24, heads=4, d_ff=36, layers=3), Changes(True, True, True, key_heads)
    theirs = llama(sizes, changes)
    assert_same_scores_and_gradients(from_llama(GPT(sizes, changes), theirs).eval(), theirs, from_llama)


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"ours without one of theirs: \['layers.2.*same sizes"):
        from_gpt2(GPT(SIZES), gpt2(Sizes(29, 17, d_model=14, heads=2, d_ff=23, layers=2)))
    with pytest.raises(ValueError, match=r"positions.table \(13, 14\) for \(17, 14\)"):
        from_gpt2(GPT(Sizes(29, 13, d_model=14, heads=2, d_ff=23, layers=3)), gpt2())
    sizes, changes = Sizes(29, 17, d_model=24, heads=4, d_ff=36, layers=1), Changes(True, True, True, 2)
    with pytest.raises(ValueError, match=r"theirs without a place here: \['lm_head.weight'\]"):
        from_llama(GPT(sizes, changes), llama(sizes, changes, tied=False))


def test_rms_norm_equals_torchs():
    ours, theirs = RMSNorm(13, epsilon=1e-3), nn.RMSNorm(13, eps=1e-3)
    nn.init.normal_(ours.gain)
    theirs.load_state_dict({"weight": ours.gain.detach()})
    x = (torch.randn(2, 3, 13) + 1).requires_grad_()
    outputs = ours(x), theirs(x), rms_norm(x, ours.gain, 1e-3)
    cotangent = torch.randn_like(x)
    slopes = [torch.autograd.grad(output, [x, gain], cotangent)
              for output, gain in zip(outputs, (ours.gain, theirs.weight, ours.gain))]
    for output, slope in zip(outputs[::2], slopes[::2]):
        torch.testing.assert_close(output, outputs[1], **CLOSE)
        torch.testing.assert_close(slope, slopes[1], **CLOSE)
    torch.testing.assert_close(RMSNorm(13)(x).square().mean(dim=-1), torch.ones(2, 3), rtol=1e-4, atol=0)


def test_an_rms_norm_of_a_centred_vector_is_a_layer_norm():
    x = torch.randn(5, 13)
    x = x - x.mean(dim=-1, keepdim=True)
    torch.testing.assert_close(RMSNorm(13, 1e-5)(x), LayerNorm(13, 1e-5)(x), **CLOSE)


def test_swiglu_equals_the_formula_number_by_number():
    layer, x = SwiGLU(5, 7).requires_grad_(False), torch.randn(3, 5)
    gate, up = x @ layer.gate.weight.T, x @ layer.up.weight.T
    inner = [[float(g / (1 + torch.exp(-g)) * u) for g, u in zip(*rows)] for rows in zip(gate, up)]
    torch.testing.assert_close(layer(x), torch.tensor(inner) @ layer.down.weight.T, **CLOSE)
    assert sum(p.numel() for p in SwiGLU(6, 2 * 12 // 3).parameters()) == 2 * 6 * 12
