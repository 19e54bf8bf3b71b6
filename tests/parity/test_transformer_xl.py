"""Transformer-XL against scores added up one by one, and against Hugging Face's: float64, forward and gradients.

Hugging Face removed the model with release 5, and from 4.48 on its forward pass ends in a TypeError. To run its test:

    pip install --target old "transformers==4.35.2" "tokenizers<0.19" "huggingface_hub<0.26"
    PYTHONPATH=old python -m pytest tests/parity/test_transformer_xl.py
"""

import math
from functools import partial

import pytest
import torch
from torch import nn

from selfattention.models.transformer_xl import RelativeAttention, Sizes, TransformerXL, new_memory, relative_shift
from selfattention.parity.transfo_xl import from_transfo_xl
from selfattention.positions import sinusoidal

CLOSE = {"rtol": 1e-9, "atol": 1e-11}
SIZES = Sizes(vocab=29, d_model=14, heads=2, d_ff=23, layers=3, memory=7, dropout=0.1)
pytestmark = pytest.mark.usefixtures("float64")


def random_weights(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


def assert_same(ours, theirs, leaves, close=CLOSE):
    torch.testing.assert_close(ours, theirs, **close)
    cotangent = torch.randn_like(ours)
    one, other = (torch.autograd.grad(output, leaves, cotangent, retain_graph=True) for output in (ours, theirs))
    for mine, yours in zip(one, other):
        torch.testing.assert_close(mine, yours, **close)


def one_by_one(layer, x, memory):
    """Each score as the sum of its four terms, with the distance spelled out; plain loops (Dai et al. 2019, §3.3)."""
    width = x.shape[2] // layer.heads
    sinusoids = sinusoidal(x.shape[1] + memory.shape[1], x.shape[2]).to(x)
    outputs = []
    for text, before in zip(x, memory):
        seen = torch.cat([before, text])
        for place, token in enumerate(text, start=len(before)):
            heads = []
            for head in range(layer.heads):
                part = slice(head * width, (head + 1) * width)
                query = layer.query.weight[part] @ token
                u, v = layer.u[head, 0], layer.v[head, 0]
                scores = []
                for other in range(place + 1):
                    key = layer.key.weight[part] @ seen[other]
                    distance = layer.distance.weight[part] @ sinusoids[place - other]
                    scores.append((query @ key + query @ distance + u @ key + v @ distance) / math.sqrt(width))
                powers = [score.exp() for score in scores]
                heads.append(sum(power / sum(powers) * (layer.value.weight[part] @ seen[other])
                                 for other, power in enumerate(powers)))
            outputs.append(layer.output.weight @ torch.cat(heads))
    return torch.stack(outputs).reshape(x.shape)


@pytest.mark.parametrize("remembered", [0, 1, 5, 11])
def test_attention_is_the_four_terms_added_up_one_by_one(remembered):
    layer = random_weights(RelativeAttention(14, 2))
    x = torch.randn(2, 5, 14, requires_grad=True)
    memory = torch.randn(2, remembered, 14, requires_grad=True)
    assert_same(layer(x, memory), one_by_one(layer, x, memory), [x, memory, *layer.parameters()])


def test_the_shift_is_an_index_of_distances():
    scores = torch.randn(3, 2, 5, 11, requires_grad=True)
    shifted = relative_shift(scores)
    for query in range(5):
        for key in range(query + 7):
            distance = query + 6 - key  # six keys stand before the first query
            assert torch.equal(shifted[..., query, key], scores[..., query, 10 - distance])
    assert torch.equal(relative_shift(scores[..., :1, :]), scores[..., :1, :]), "one query stands at the last key"


def whole_model(model, segments):
    """The model over a text at once: every layer sees what its memory would hold, by a mask; no gradient is cut off."""
    sizes, length = model.sizes, segments[0].shape[1]
    x = model.embed(torch.cat(segments, dim=1))
    places = torch.arange(x.shape[1])
    start = places // length * length
    seen = (places <= places[:, None]) & (places >= start[:, None] - sizes.memory)
    for layer in model.layers:
        attention, width = layer.attention, sizes.d_model // sizes.heads
        queries, keys, values = (part(x).unflatten(-1, (sizes.heads, width)).transpose(1, 2)
                                 for part in (attention.query, attention.key, attention.value))
        away = (places[:, None] - places).clamp(min=0)
        distances = attention.distance(sinusoidal(len(places), sizes.d_model).to(x))[away]
        distances = distances.unflatten(-1, (sizes.heads, width))
        scores = (torch.einsum("bhqd,bhkd->bhqk", queries, keys) + torch.einsum("bhqd,qkhd->bhqk", queries, distances)
                  + torch.einsum("hd,bhkd->bhk", attention.u[:, 0], keys)[:, :, None]
                  + torch.einsum("hd,qkhd->hqk", attention.v[:, 0], distances)) / math.sqrt(width)
        mixed = scores.masked_fill(~seen, -math.inf).softmax(dim=-1) @ values
        x = layer.around_attention.norm(x + attention.output(mixed.transpose(1, 2).flatten(2)))
        x = layer.around_feed_forward.norm(x + layer.feed_forward(x))
    return x @ model.embedding.weight.T


def test_segments_with_memory_are_the_whole_text_with_a_mask():
    model = random_weights(TransformerXL(SIZES)).eval()
    segments = list(torch.randint(29, (3, 20)).split(5, dim=1))
    memory, parts = None, []
    for segment in segments:
        logits, memory = model(segment, memory)
        parts.append(logits)
        assert [tuple(one.shape) for one in memory] == [(3, min(5 * len(parts), 7), 14)] * 3
    torch.testing.assert_close(torch.cat(parts, dim=1), whole_model(model, segments), **CLOSE)


def test_the_first_segment_gives_the_gradients_of_the_whole_text():
    model = random_weights(TransformerXL(SIZES)).eval()
    tokens = torch.randint(29, (3, 5))
    assert_same(model(tokens)[0], whole_model(model, [tokens]), list(model.parameters()))


def test_equals_hugging_faces(monkeypatch):
    transformers = pytest.importorskip("transformers")
    if not hasattr(transformers, "TransfoXLModel"):
        pytest.skip(f"transformers {transformers.__version__} has no Transformer-XL any more: see above")
    theirs = transformers.TransfoXLModel(transformers.TransfoXLConfig(
        vocab_size=29, cutoffs=[], d_model=14, d_embed=14, n_head=2, d_head=7, d_inner=23, div_val=1, n_layer=3,
        mem_len=7, clamp_len=-1, same_length=False, dropout=0.0, dropatt=0.0, untie_r=True, pre_lnorm=False,
        proj_share_all_but_first=False, adaptive=False)).double()
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)  # its scores go through float32 when masked
    theirs.pos_emb.inv_freq = 10_000.0 ** (-torch.arange(0, 14, 2) / 14)
    random_weights(theirs)
    ours = from_transfo_xl(TransformerXL(SIZES), theirs)
    ours.eval(), theirs.eval()
    memory, mems = [torch.zeros(3, 7, 14) for _ in range(3)], None  # theirs begins with zeros, which it looks at
    pairs = list(zip(ours.layers, theirs.layers))
    leaves = [[layer.attention.u for layer, _ in pairs], [layer.dec_attn.r_w_bias for _, layer in pairs]]
    leaves[0] += [layer.attention.v for layer, _ in pairs] + [ours.embedding.weight]
    leaves[1] += [layer.dec_attn.r_r_bias for _, layer in pairs] + [theirs.word_emb.emb_layers[0].weight]
    for length in (5, 5, 3, 11):
        tokens = torch.randint(29, (3, length))
        found = theirs(tokens, mems=mems)
        vectors, inputs = ours.read(ours.embed(tokens), memory)
        torch.testing.assert_close(vectors, found.last_hidden_state, **CLOSE)
        cotangent = torch.randn_like(vectors)
        one, other = (torch.autograd.grad(output, some, cotangent)
                      for output, some in zip((vectors, found.last_hidden_state), leaves))
        for mine, yours in zip(one, other):
            torch.testing.assert_close(mine.reshape(yours.shape), yours, **CLOSE)
        memory, mems = list(map(partial(new_memory, most=7), memory, inputs)), found.mems
        for kept, their_own in zip(memory, mems):
            torch.testing.assert_close(kept, their_own.transpose(0, 1), **CLOSE)
