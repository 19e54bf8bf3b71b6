"""BigBird against Hugging Face's in block-sparse mode, and against dense attention under the same pattern: float64."""

import math

import pytest
import torch
from torch import nn

from selfattention import masks
from selfattention.attention import attention
from selfattention.efficient.block_sparse import sparse_attention
from selfattention.efficient.patterns import CausalPattern, Pattern, dense_mask
from selfattention.models.bigbird import BigBird, Sizes, SparseAttention
from selfattention.parity.big_bird import force_random_blocks, from_big_bird
from selfattention.positions import Rotary

CLOSE = {"rtol": 1e-9, "atol": 1e-11}
LENGTHS = torch.tensor([33, 22, 31])  # whole blocks of padding, and a part of one
TOKENS = torch.randint(1, 29, (3, 33), generator=torch.Generator().manual_seed(0)).masked_fill(
    torch.arange(33) >= LENGTHS[:, None], 0)
pytestmark = pytest.mark.usefixtures("float64")


def random_weights(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


def assert_same(ours, theirs, leaves, cotangent=None):
    torch.testing.assert_close(ours, theirs, **CLOSE)
    cotangent = torch.randn_like(ours) if cotangent is None else cotangent
    one, other = (torch.autograd.grad(output, some, cotangent) for output, some in zip((ours, theirs), leaves))
    for mine, yours in zip(one, other, strict=True):
        torch.testing.assert_close(mine, yours, **CLOSE)


@pytest.mark.parametrize("random", [1, 2])
def test_equals_hugging_faces_block_sparse_model(random):
    transformers = pytest.importorskip("transformers")
    theirs = transformers.BigBirdModel(transformers.BigBirdConfig(
        vocab_size=29, hidden_size=14, num_hidden_layers=3, num_attention_heads=2, intermediate_size=23, block_size=3,
        num_random_blocks=random, max_position_embeddings=37, attention_type="block_sparse", pad_token_id=0,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, layer_norm_eps=1e-5), add_pooling_layer=False)
    theirs = random_weights(theirs.double()).train()  # in evaluation it has no random blocks
    pattern = Pattern(block=3, random=random)
    sizes = Sizes(29, d_model=14, heads=2, d_ff=23, layers=3, positions=37, dropout=0.0)
    ours = from_big_bird(BigBird.paper(sizes, pattern), theirs)
    force_random_blocks(theirs, [layer.attention.pattern.seen(33) for layer in ours.layers])
    real = TOKENS != 0
    got = ours.encode(TOKENS, real)
    expected = theirs(input_ids=TOKENS, attention_mask=real.long()).last_hidden_state
    assert theirs.attention_type == "block_sparse", "shorter texts make it change to full attention"
    mine, yours = ([module.get_parameter(name) for name in names] for module, names in (
        (ours, ["positions.table", "first_norm.gain", "layers.0.attention.query.weight",
                "layers.1.attention.key.bias", "layers.2.feed_forward.0.weight"]),
        (theirs, ["embeddings.position_embeddings.weight", "embeddings.LayerNorm.weight",
                  "encoder.layer.0.attention.self.query.weight", "encoder.layer.1.attention.self.key.bias",
                  "encoder.layer.2.intermediate.dense.weight"])))
    # What stands at padding is nobody's: theirs are zero before the layer's last product, ours are what it sees.
    keep = real[..., None]
    cotangent = torch.randn_like(got) * keep
    table = [ours.token.weight, theirs.embeddings.word_embeddings.weight]
    torch.testing.assert_close(got * keep, expected * keep, **CLOSE)
    one, other = (torch.autograd.grad(output, [*some, words], cotangent)
                  for output, some, words in zip((got, expected), (mine, yours), table))
    for found, wanted in zip(one[:-1], other[:-1]):
        torch.testing.assert_close(found, wanted, **CLOSE)
    torch.testing.assert_close(one[-1][1:], other[-1][1:], **CLOSE)  # theirs gives the padding's vector no gradient


PATTERNS = {
    "paper": Pattern(block=3, random=2), "window alone": Pattern(3, window=5, first=0, last=0, random=0),
    "global alone": Pattern(3, window=1, first=2, last=1, random=0),
    "random alone": Pattern(3, window=1, first=0, last=0, random=3, seed=5), "blocks of one": Pattern(1, random=2),
    "one block": Pattern(33), "causal": CausalPattern(3), "causal, window alone": CausalPattern(3, 3, 0, random=0),
    "causal, all blocks": CausalPattern(3, window=11), "causal, one block": CausalPattern(33),
}


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@pytest.mark.parametrize("padded", [False, True])
def test_by_block_is_dense_attention_under_the_same_pattern(pattern, padded):
    leaves = [torch.randn(3, 2, 33, width, requires_grad=True) for width in (5, 5, 7)]
    real = torch.arange(33) < LENGTHS[:, None] if padded else None
    mask = dense_mask(pattern, 33)
    mask = mask if real is None else (mask & real[:, None])[:, None]
    got = sparse_attention(*leaves, pattern.seen(33), pattern.within(), real)
    assert_same(got, attention(*leaves, mask), [leaves, leaves])


def test_huge_scores_stay_finite_and_a_block_that_sees_only_padding_is_zero():
    queries, keys, values = (torch.randn(1, 1, 12, 5, requires_grad=True) for _ in range(3))
    real = torch.tensor([[True] * 3 + [False] * 9])
    pattern = Pattern(3, window=1, first=0, last=0, random=0)
    got = sparse_attention(1e4 * queries, keys, values, pattern.seen(12), None, real)
    assert (got[..., 3:, :] == 0).all() and got[..., :3, :].any()
    got.sum().backward()
    assert all(x.grad.isfinite().all() for x in (queries, keys, values))


@pytest.mark.parametrize("pattern", [Pattern(3, random=2), CausalPattern(3)], ids=["both ways", "causal"])
def test_the_layer_is_multi_head_attention_with_the_dense_mask(pattern):
    sparse = random_weights(SparseAttention(12, 2, pattern, rotary=Rotary(6)))
    dense = parent(sparse, dense_mask(pattern, 33))
    x = torch.randn(3, 33, 12, requires_grad=True)
    real = torch.arange(33) < LENGTHS[:, None]
    leaves = [x, *sparse.parameters()]
    assert_same(sparse(x, mask=real[:, None]), dense(x, real), [leaves, leaves])


def parent(layer, mask):
    """The parent's own forward pass with the weights of `layer`."""
    return lambda x, real: super(SparseAttention, layer).forward(x, mask=mask & real[:, None])


def test_padding_and_what_no_layer_reaches_have_no_influence():
    sizes = Sizes(29, d_model=12, heads=2, d_ff=23, layers=2, positions=37, dropout=0.0)
    model, real = random_weights(BigBird.paper(sizes, Pattern(3))).eval(), TOKENS != 0
    torch.testing.assert_close(model.encode(TOKENS + 3 * ~real, real)[1, :22], model.encode(TOKENS, real)[1, :22],
                               **CLOSE)
    window = random_weights(BigBird.rotary(sizes, CausalPattern(3, window=2, first=0, random=0))).eval()
    later = TOKENS[:1].clone()
    later[0, 12] = (TOKENS[0, 12] + 1) % 29
    moved = (window(TOKENS[:1]) - window(later)).abs().sum(dim=(0, 2)) > 0
    assert not moved[:12].any() and not moved[21:].any(), "two layers of two blocks: to the end of block 4 + 2"
    assert moved[12:21].all()


def test_one_block_is_full_causal_attention():
    sizes = Sizes(29, d_model=12, heads=2, d_ff=23, layers=2, dropout=0.0)
    model = random_weights(BigBird.rotary(sizes, CausalPattern(33))).eval()
    x = model.token(TOKENS) * math.sqrt(12)
    real = TOKENS != 0
    for layer in model.layers:
        inner = layer.around_attention.norm(x)
        x = x + super(SparseAttention, layer.attention).forward(inner, mask=masks.causal(33) & real[:, None])
        x = x + layer.feed_forward(layer.around_feed_forward.norm(x))
    leaves = list(model.parameters())
    assert_same(model(TOKENS, real), model.last_norm(x) @ model.token.weight.T, [leaves, leaves])
