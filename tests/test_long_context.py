"""How far a memory and a pattern of blocks reach, that nothing learns through them, and what bad input gets."""

import collections
import re

import pytest
import torch
from torch import nn

from selfattention import masks
from selfattention.efficient.block_sparse import sparse_attention
from selfattention.efficient.patterns import CausalPattern, Pattern, dense_mask, edges, hops
from selfattention.models.bigbird import BigBird, SparseAttention
from selfattention.models.bigbird import Sizes as BigBirdSizes
from selfattention.models.transformer_xl import Sizes, TransformerXL, new_memory, relative_shift
from selfattention.parity.big_bird import force_random_blocks


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def xl(layers=2, memory=5, width=6):
    model = TransformerXL(Sizes(29, d_model=width, heads=2, d_ff=11, layers=layers, memory=memory)).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model


@pytest.mark.parametrize(("layers", "memory", "furthest"),
                         [(1, 3, 3), (2, 3, 6), (3, 3, 9), (2, 6, 12), (2, 5, None), (2, 0, 0)])
def test_a_token_reaches_layers_times_memory_before_its_segment(layers, memory, furthest):
    """By the Jacobian, with a memory that is not cut off from the gradient."""
    model = xl(layers, memory, width=4).double()

    def read(x):
        remembered, parts = [x[None, :0]] * layers, []
        for segment in x[None].split(3, dim=1):
            out, inputs = model.read(segment, remembered)
            both = [torch.cat(pair, dim=1) for pair in zip(remembered, inputs)]
            remembered = [one[:, max(one.shape[1] - memory, 0):] for one in both]
            parts.append(out[0])
        return torch.cat(parts)

    reached = masks.dependence(read, torch.randn(15, 4, dtype=torch.float64))
    places = torch.arange(15)
    sees = (places <= places[:, None]) & (places >= (places // 3 * 3)[:, None] - memory)
    assert torch.equal(reached, torch.linalg.matrix_power(sees.double(), layers) > 0)
    if furthest is not None:
        assert int(reached[12].nonzero()[0]) == 12 - furthest, "from the first token of the last segment"


def test_no_gradient_goes_into_the_memory():
    model = xl()
    memory = [torch.randn(2, 5, 6, requires_grad=True) for _ in range(2)]
    _, kept = model(torch.randint(29, (2, 3)), memory)
    assert not any(one.requires_grad for one in kept)
    first, second = torch.randint(29, (2, 2, 3))
    model.embedding.weight.grad = None
    remembered = model(first)[1]
    model(second, remembered)[0][..., :1].sum().backward()
    learned = model.embedding.weight.grad.abs().sum(dim=1) > 0
    assert learned[second.unique()].all(), "the segment itself"
    assert not learned[[token for token in first.unique().tolist() if token not in second and token != 0]].any()


def test_what_is_remembered_is_what_the_layer_was_given():
    model = xl(memory=4)
    tokens = torch.randint(29, (2, 3))
    _, memory = model(tokens)
    torch.testing.assert_close(memory[0], model.embed(tokens))
    torch.testing.assert_close(memory[1], model.layers[0](memory[0], memory[0][:, :0]))
    old = torch.arange(2 * 5 * 6.0).reshape(2, 5, 6)
    assert torch.equal(new_memory(old[:, :3], old[:, 3:], 4), old[:, 1:])
    assert new_memory(old, old, 0).shape == (2, 0, 6)


def near(pattern, row, column):
    """Whether a block is in the window of another, in words."""
    if isinstance(pattern, CausalPattern):
        return row - pattern.window < column <= row
    return abs(row - column) <= pattern.window // 2


PATTERNS = [Pattern(3), Pattern(2, window=5, first=2, last=0, random=2, seed=3), Pattern(2, 1, 0, 0, 4),
            CausalPattern(3), CausalPattern(2, window=3, first=2, last=1, random=1), CausalPattern(1, 1, 0, random=0)]


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_a_pattern_is_a_window_global_and_random_blocks(pattern):
    blocks = 13
    seen, causal = pattern.seen(blocks * pattern.block), isinstance(pattern, CausalPattern)
    for row in range(blocks):
        settled = [near(pattern, row, column) or column < pattern.first or row < pattern.first
                   or column >= blocks - pattern.last or row >= blocks - pattern.last for column in range(blocks)]
        allowed = [not causal or column <= row for column in range(blocks)]
        sure = [one and other for one, other in zip(settled, allowed)]
        assert all(seen[row, column] for column in range(blocks) if sure[column])
        assert not any(seen[row, column] for column in range(blocks) if not allowed[column])
        assert int(seen[row].sum()) == min(sum(sure) + pattern.random, sum(allowed))
    assert torch.equal(seen, pattern.seen(blocks * pattern.block)), "chosen once"


def test_random_blocks_differ_by_seed_and_layer_and_are_spread():
    assert not torch.equal(Pattern(3).seen(60), Pattern(3, seed=1).seen(60))
    model = BigBird.rotary(BigBirdSizes(29, layers=3), CausalPattern(3, seed=5))
    assert [layer.attention.pattern.seed for layer in model.layers] == [5, 6, 7]
    times = sum(Pattern(1, 1, 0, 0, random=3, seed=seed).seen(13).long() for seed in range(400))
    drawn = times[~torch.eye(13, dtype=torch.bool)].double() / 400
    # 3 of 12: four standard deviations of a share of 400 are 0.087; there are 156 of them, so a little more
    assert (drawn - 0.25).abs().max() < 0.1


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_edges_are_the_places_of_the_dense_mask(pattern):
    tokens = 11 * pattern.block
    mask = dense_mask(pattern, tokens)
    assert edges(pattern, tokens) == int(mask.sum())
    assert not isinstance(pattern, CausalPattern) or not mask.triu(1).any()
    for query, key in ((0, 0), (tokens - 1, 0), (tokens // 2, tokens // 3)):
        blocks = pattern.seen(tokens)[query // pattern.block, key // pattern.block]
        assert bool(mask[query, key]) == bool(blocks) or query // pattern.block == key // pattern.block


def steps_from(seen, start):
    steps, queue = {start: 0}, collections.deque([start])
    while queue:
        block = queue.popleft()
        for other in seen[block].nonzero()[:, 0].tolist():
            if other not in steps:
                steps[other] = steps[block] + 1
                queue.append(other)
    return [steps.get(block, -1) for block in range(len(seen))]


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_hops_are_those_of_a_search_with_a_queue(pattern):
    seen = pattern.seen(17 * pattern.block)
    assert hops(seen).tolist() == [steps_from(seen, block) for block in range(17)]
    lonely = seen & torch.rand(17, 17).lt(0.2)
    assert hops(lonely).tolist() == [steps_from(lonely, block) for block in range(17)]


def test_a_window_needs_a_layer_for_each_step_and_bigbird_two_at_any_length():
    for blocks in (16, 32, 64):
        assert hops(CausalPattern(1, first=0, random=0).seen(blocks)).max() == blocks - 1
        assert hops(Pattern(1, first=0, last=0, random=0).seen(blocks)).max() == blocks - 1
        assert hops(Pattern(1).seen(4 * blocks)).max() == 2


def test_edges_grow_in_proportion_to_the_length():
    counts = [edges(Pattern(16), tokens) for tokens in (2048, 4096, 8192)]
    assert counts[2] - counts[1] == 2 * (counts[1] - counts[0])


SEEN = torch.eye(4, dtype=torch.bool)


def heads(tokens=12, width=5, batch=2):
    return torch.ones(batch, 2, tokens, width)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: xl()(torch.ones(2, 3).long(), [torch.ones(3, 5, 6)] * 2), r"\(3, 5, 6\) for 2 texts.*its own memory"),
    (lambda: xl()(torch.ones(2, 3).long(), [torch.ones(2, 5, 7)] * 2), r"\(2, 5, 7\) for 2 texts and vectors of 6"),
    (lambda: xl()(torch.ones(2, 3).long(), [torch.ones(2, 6)] * 2), r"\(2, 6\) for 2 texts"),
    (lambda: xl()(torch.ones(2, 3).long(), [torch.ones(2, 5, 6)]), "1 layers for a model of 2"),
    (lambda: xl()(torch.ones(2, 0).long()), r"\(2, 0\).*at least one of each"),
    (lambda: xl()(torch.ones(2, 3)), "torch.float32: give whole numbers"),
    (lambda: xl()(torch.full((2, 3), 29)), "from 29 to 29.*0 to 28"),
    (lambda: xl(memory=-1), "a memory of -1 states"),
    (lambda: relative_shift(torch.ones(5, 3)), "5 queries and 3 distances"),
    (lambda: Pattern(0), "a block needs at least one token"),
    (lambda: Pattern(3, random=-1), "no number may be negative"),
    (lambda: Pattern(3, window=4), "a window of 4 blocks.*choose 3 or 5"),
    (lambda: CausalPattern(3, window=0), "at least the block itself"),
    (lambda: Pattern(3).seen(13), "13 tokens cannot be cut into blocks of 3: pad the texts to 15"),
    (lambda: dense_mask(Pattern(3), 0), "0 tokens cannot be cut into blocks of 3: pad the texts to 3"),
    (lambda: edges(CausalPattern(16), 250), "250 tokens.*pad the texts to 256"),
    (lambda: sparse_attention(heads(13), heads(13), heads(13), SEEN), r"\(2, 2, 13, 5\).*a multiple of the blocks"),
    (lambda: sparse_attention(heads(), heads(8), heads(8), SEEN), r"keys \(2, 2, 8, 5\).*equally many tokens"),
    (lambda: sparse_attention(heads(), heads(), heads(8), SEEN), r"values \(2, 2, 8, 5\).*equally many tokens"),
    (lambda: sparse_attention(heads(), heads(), heads(), SEEN[:, :3]), r"for \(4, 3\) blocks"),
    (lambda: sparse_attention(heads(), heads(), heads(), SEEN & (torch.arange(4) != 2)), "block 2 of 4 sees nothing"),
    (lambda: sparse_attention(heads(), heads(), heads(), SEEN, SEEN), r"within is \(4, 4\) for blocks of 3 tokens"),
    (lambda: sparse_attention(heads(), heads(), heads(), SEEN, real=torch.ones(2, 13).bool()),
     r"real is \(2, 13\) for 2 texts of 12 tokens"),
    (lambda: sparse_attention(heads(), heads(width=7), heads(), SEEN), "differ in their last axis"),
    (lambda: SparseAttention(6, 2, Pattern(3))(torch.ones(2, 12, 6), mask=torch.ones(2, 12, 12).bool()),
     r"a mask \(2, 12, 12\) for x \(2, 12, 6\).*\(texts, 1, tokens\)"),
    (lambda: SparseAttention(6, 2, Pattern(3))(torch.ones(2, 12, 6), torch.ones(2, 12, 6)), "a memory or a bias"),
    (lambda: BigBird.rotary(BigBirdSizes(29), CausalPattern(16))(torch.ones(2, 40).long()),
     "40 tokens cannot be cut into blocks of 16: pad the texts to 48"),
    (lambda: BigBird.paper(BigBirdSizes(29, positions=32), Pattern(16))(torch.ones(2, 48).long()),
     "48 tokens, but only 32 positions"),
    (lambda: BigBird.paper(BigBirdSizes(29), Pattern(3))(torch.ones(12).long()), r"\(12,\).*texts and tokens"),
    (lambda: BigBird.paper(BigBirdSizes(29), Pattern(3))(torch.full((1, 12), -1)), "from -1 to -1.*0 to 28"),
])
def test_bad_input_is_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()


def test_random_blocks_that_hugging_faces_cannot_have_are_refused():
    theirs = nn.Module()
    theirs.encoder = nn.Module()
    theirs.encoder.layer = nn.ModuleList([nn.Module(), nn.Module()])
    with pytest.raises(ValueError, match="1 patterns for 2 layers"):
        force_random_blocks(theirs, [Pattern(3).seen(33)])
    with pytest.raises(ValueError, match=r"rows with \[0, 1\] random blocks"):
        force_random_blocks(theirs, [Pattern(3).seen(15)] * 2)


@pytest.mark.slow
@pytest.mark.parametrize(("part", "figures"), [(["stream", "--memory", "1", "--longer", "2", "4", "--attached"], 8),
                                                 (["recall"], 6)])
def test_the_recipes_for_longer_runs_train_and_print_their_rows(part, figures, recipe):
    told = recipe("long_context", *part, "--seconds", "0.1")
    rows = re.findall(r"^\| (?!-)\w[^\n]+\|$", told, re.MULTILINE)[1:]
    names = {one.split("|")[1] for one in rows}  # a fast machine has several rows of the first
    assert len(names) == (5 if "stream" in part else 3), "with each longer memory as it is, and after more training"
    assert all(one.count("|") == figures + 1 for one in rows)
