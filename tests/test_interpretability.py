"""The tools that look into a model: against models whose weights were changed, and runs written down step by step."""

import copy

import pytest
import torch
from torch import nn

from selfattention import masks
from selfattention.interpretability import (
    averaged,
    changing,
    changing_heads,
    cut,
    effects,
    head_means,
    induction_score,
    lens,
    patched,
    patched_head,
    previous_token_score,
    recording,
    recording_heads,
    rollout,
    traced,
    written,
    zeroed,
)
from selfattention.layers import MultiHeadAttention
from selfattention.models import gpt
from selfattention.models.attention_only import AttentionOnly, Sizes

pytestmark = pytest.mark.usefixtures("float64")
TEXTS, OTHERS = torch.randint(11, (2, 3, 7), generator=torch.Generator().manual_seed(0))


def randomised(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module.eval()


@pytest.fixture
def plain():
    return randomised(AttentionOnly(Sizes(vocab=11, d_model=6, heads=3, layers=2)))


@pytest.fixture
def full():
    return randomised(gpt.GPT(gpt.Sizes(vocab=11, context=13, d_model=6, heads=3, d_ff=5, layers=2)))


def attentions(model):
    return [layer.attention for layer in model.layers]


@pytest.fixture(params=["plain", "full"])
def model(request):
    return request.getfixturevalue(request.param)


def without(model, layer, head):
    """A model whose output matrix has zeros where this head comes in."""
    other = copy.deepcopy(model)
    with torch.no_grad():
        attentions(other)[layer].output.weight[:, 2 * head:2 * head + 2] = 0
    return other


@pytest.mark.parametrize(("layer", "head"), [(0, 0), (0, 2), (1, 1)])
def test_a_zeroed_head_is_one_whose_part_of_the_output_matrix_is_zero(model, layer, head):
    before, other = model(TEXTS), without(model, layer, head)
    with zeroed(attentions(model), layer, head):
        got = model(TEXTS)
    torch.testing.assert_close(got, other(TEXTS))
    leaves, others = (one.layers[0].attention.value.weight for one in (model, other))
    cotangent = torch.randn_like(got)
    torch.testing.assert_close(*(torch.autograd.grad(output, leaf, cotangent)[0] for output, leaf in (
        (got, leaves), (other(TEXTS), others))))
    torch.testing.assert_close(model(TEXTS), before)


def test_a_mean_is_a_constant_that_moves_into_an_offset(full):
    means = head_means(lambda: full(OTHERS), attentions(full))
    assert [one.shape for one in means] == [(3, 7, 2)] * 2
    other = without(full, 0, 1)
    part = full.layers[0].attention.output.weight[:, 2:4]
    with averaged(attentions(full), 0, 1, means):
        got = full(TEXTS)
    with changing(other.layers[0].attention.output, lambda output: output + means[0][1] @ part.T):
        torch.testing.assert_close(got, other(TEXTS))
    with recording_heads(*attentions(full)) as seen:
        full(OTHERS)
    torch.testing.assert_close(means[1], torch.stack([one for one in seen[1][0]]).mean(dim=0))


def test_effects_are_what_is_lost_head_by_head(model):
    def measure():
        return model(TEXTS)[:, -1, 3].mean()

    table = effects(attentions(model), measure)
    for layer in range(2):
        for head in range(3):
            lost = measure() - without(model, layer, head)(TEXTS)[:, -1, 3].mean()
            assert table[layer, head].item() == pytest.approx(lost.item(), abs=1e-10)
    with torch.no_grad():
        same = head_means(lambda: model(TEXTS[:1]), attentions(model))
        alone = effects(attentions(model), lambda: model(TEXTS[:1])[:, -1, 3].mean(), same)
    assert alone.abs().max() < 1e-12, "the mean over one text is that text"


def test_what_heads_write_sums_to_what_the_attention_gives(full, plain):
    with recording(*(one.output for one in attentions(full))) as outputs, recording_heads(*attentions(full)) as mixed:
        full(TEXTS)
    for attention, output, heads in zip(attentions(full), outputs, mixed):
        torch.testing.assert_close(written(attention, heads[0]).sum(dim=1) + attention.output.bias, output[0])
    with recording(*plain.layers) as streams, recording_heads(*plain.attentions) as mixed:
        scores = plain(TEXTS)
    added = sum(written(attention, heads[0]).sum(dim=1) for attention, heads in zip(plain.attentions, mixed))
    torch.testing.assert_close(plain.embedding(TEXTS) + added, streams[-1][0])
    torch.testing.assert_close(plain.unembedding(plain.embedding(TEXTS) + added), scores)


def run(model, x, first):
    """The layers of the plain model from one on, and the scores."""
    for layer in model.layers[first:]:
        x = layer(x, masks.causal(x.shape[1]))
    return model.unembedding(x)


@pytest.mark.parametrize("positions", [2, -3, torch.tensor([0, 6, -2])])
def test_a_patched_run_goes_on_from_the_mended_stream(plain, positions):
    parts = [plain.embedding, *plain.layers]
    with recording(*parts) as calls:
        plain(OTHERS)
    with recording(*parts) as here:
        plain(TEXTS)
    for layer in range(3):
        x = here[layer][0].clone()
        for text in range(3):
            place = positions if isinstance(positions, int) else int(positions[text])
            x[text, place] = calls[layer][0][text, place]
        with patched(parts, layer, [stream for stream, in calls], positions):
            torch.testing.assert_close(plain(TEXTS), run(plain, x, layer))


def test_layers_that_give_tuples_can_be_patched_and_all_of_it_gives_the_other_run(full):
    with recording(*full.layers) as calls:
        other = full(OTHERS)
    sources = [stream for stream, in calls]
    with patched(full.layers, 1, sources, 4):
        got = full(TEXTS)
    torch.testing.assert_close(got[:, 4], other[:, 4])
    torch.testing.assert_close(got[:, [0, 6]], full(TEXTS)[:, [0, 6]])
    table = traced(full.layers, sources, [4, -1], lambda: full(TEXTS)[:, 4].sum())
    assert table[1, 0].item() == pytest.approx(other[:, 4].sum().item())
    assert table[1, 1].item() == pytest.approx(full(TEXTS)[:, 4].sum().item())
    with patched(full.layers, 0, sources, 4):
        assert table[0, 0].item() == pytest.approx(full(TEXTS)[:, 4].sum().item())


def test_a_patched_head_gives_what_it_gave_in_the_other_run(plain):
    with recording_heads(*plain.attentions) as calls:
        plain(OTHERS)
    sources = [mixed for mixed, in calls]
    with patched_head(plain.attentions, 0, 1, sources), recording_heads(*plain.attentions) as seen:
        plain(TEXTS)
    with recording_heads(*plain.attentions) as own:
        plain(TEXTS)
    assert torch.equal(seen[0][0][:, 1], sources[0][:, 1]) and torch.equal(seen[0][0][:, [0, 2]], own[0][0][:, [0, 2]])
    assert not torch.equal(seen[1][0], own[1][0])


@pytest.mark.parametrize("head", [None, 2])
def test_a_cut_look_loses_what_it_brought(plain, head):
    with recording(*plain.layers) as streams:
        plain(TEXTS)
    values = plain.attentions[1].value(streams[0][0][:, 2]).unflatten(1, (3, 2))
    weights = plain.weights(TEXTS)[1][:, :, 5, 2]
    parts = plain.attentions[1].output.weight.T.unflatten(0, (3, 2))
    brought = torch.einsum("bh,bhd,hdm->bhm", weights, values, parts)
    brought = brought.sum(dim=1) if head is None else brought[:, head]
    expected = streams[1][0].clone()
    expected[:, 5] -= brought
    with cut(plain.attentions, 1, query=-2, key=2, head=head):
        torch.testing.assert_close(plain(TEXTS), plain.unembedding(expected))


def test_nothing_stays_behind_even_after_an_error(model):
    before = model(TEXTS)
    with pytest.raises(RuntimeError, match="stop"), zeroed(attentions(model), 0, 0), recording(*model.layers), \
            recording_heads(*attentions(model)), cut(attentions(model), 0, 1, 0):
        raise RuntimeError("stop")
    assert torch.equal(model(TEXTS), before)
    for module in model.modules():
        assert not module._forward_hooks and not module._forward_pre_hooks


def test_rollout_adds_up_all_ways():
    weights = [torch.rand(2, 3, 4, 4).tril().softmax(dim=-1) for _ in range(3)]
    expected = torch.zeros(2, 4, 4)
    for text in range(2):
        for top in range(4):
            share = [float(top == other) for other in range(4)]
            for layer in reversed(weights):
                mean = layer[text].mean(dim=0)
                share = [0.3 * share[to] + 0.7 * sum(share[at] * mean[at, to].item() for at in range(4))
                         for to in range(4)]
            expected[text, top] = torch.tensor(share)
    torch.testing.assert_close(rollout(weights, share=0.7), expected)
    torch.testing.assert_close(rollout(weights).sum(dim=-1), torch.ones(2, 4))
    torch.testing.assert_close(rollout(weights, share=0.0), torch.eye(4).expand(2, 4, 4))


@pytest.mark.parametrize("last", [None, 4])
def test_scores_of_heads_read_text_by_text(last):
    tokens, weights = torch.randint(3, (5, 9)), torch.rand(5, 2, 9, 9).softmax(dim=-1)
    sums = []
    for text, table in zip(tokens.tolist(), weights):
        for query in range(0 if last is None else 9 - last, 9):
            places = [place + 1 for place in range(query) if text[place] == text[query]]
            if places:
                sums.append(table[:, query, places].sum(dim=1))
    torch.testing.assert_close(induction_score(weights, tokens, last), torch.stack(sums).mean(dim=0))
    pairs = torch.stack([weights[:, :, at, at - 1] for at in range(1, 9)])
    torch.testing.assert_close(previous_token_score(weights), pairs.mean(dim=(0, 1)))


def test_a_lens_reads_the_last_state_as_the_model_does(full):
    with recording(*full.layers) as calls:
        scores = full(TEXTS)
    states = lens([stream for stream, in calls], lambda x: full.norm(x) @ full.embedding.weight.T)
    assert states.shape == (2, 3, 7, 11)
    torch.testing.assert_close(states[-1], scores)
    shallow = copy.deepcopy(full)
    del shallow.layers[1]
    torch.testing.assert_close(states[0], shallow(TEXTS))


REFUSED = {
    "a layer": (lambda m: zeroed(m.attentions, 2, 0), "layer 2 of 2: choose one from 0 to 1"),
    "a layer below": (lambda m: zeroed(m.attentions, -1, 0), "layer -1 of 2"),
    "a head": (lambda m: zeroed(m.attentions, 1, 3), "head 3 of layer 1, which has 3 heads: choose one from 0 to 2"),
    "a head to cut": (lambda m: cut(m.attentions, 1, 0, 0, head=3), "head 3 of layer 1, which has 3 heads"),
    "a head to average": (lambda m: averaged(m.attentions, 0, 5, [torch.zeros(3, 7, 2)] * 2), "head 5 of layer 0"),
    "a head to patch": (lambda m: patched_head(m.attentions, 0, -1, [TEXTS, TEXTS]), "head -1 of layer 0"),
    "means": (lambda m: averaged(m.attentions, 0, 1, [torch.zeros(3, 7, 2)]), "1 tables of means for 2 attentions"),
    "sources": (lambda m: patched(m.layers, 0, [torch.zeros(3, 7, 6)], 1), "2 layers and 1 sources"),
    "a position": (lambda m: patched(m.layers, 0, [torch.zeros(3, 7, 6)] * 2, 7),
                   "position 7 of a text of 7 tokens: choose one from 0 to 6, or from -7 to -1"),
    "positions": (lambda m: patched(m.layers, 0, [torch.zeros(3, 7, 6)] * 2, torch.tensor([0, 1, -8])),
                  "position -8 of a text of 7 tokens"),
    "too few positions": (lambda m: patched(m.layers, 0, [torch.zeros(3, 7, 6)] * 2, torch.tensor([0, 1])),
                          r"positions of shape \(2,\) for 3 texts"),
    "no attention": (lambda m: effects([], lambda: 1.0), "attentions with no heads"),
    "heads that differ": (lambda m: effects([m.attentions[0], MultiHeadAttention(6, 2)], lambda: 1.0), r"\[3, 2\]"),
    "a model not run": (lambda m: head_means(lambda: None, m.attentions), "attention 0 of 2 was called 0 times"),
    "heads of another": (lambda m: written(m.attentions[0], torch.zeros(1, 2, 7, 2)), "2 heads of 2 .* has 3 of 2"),
    "no weights": (lambda m: rollout([]), "weights of 0 layers"),
    "other texts": (lambda m: rollout([torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 3, 3)]), "weights of 2 layers"),
    "a share": (lambda m: rollout([torch.zeros(1, 1, 2, 2)], 1.5), "a share of 1.5"),
    "a single token": (lambda m: previous_token_score(torch.ones(1, 1, 1, 1)), "between single tokens"),
    "tokens that do not fit": (lambda m: induction_score(torch.zeros(1, 1, 2, 2), TEXTS), r"\(1, 1, 2, 2\) and .*3, 7"),
    "no repetition": (lambda m: induction_score(torch.zeros(1, 1, 2, 2), torch.tensor([[0, 1]])), "occurred before"),
    "too many asked": (lambda m: induction_score(torch.zeros(1, 1, 2, 2), torch.tensor([[0, 0]]), 3), "last 3 of 2"),
    "no state": (lambda m: lens([], lambda x: x), "0 states"),
    "states that differ": (lambda m: lens([torch.zeros(1, 2, 3), torch.zeros(1, 3, 3)], lambda x: x), "2 states"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_exist_is_refused_with_both_sides(plain, what, as_users_call):
    ask, told = REFUSED[what]
    with pytest.raises(ValueError, match=told):
        ask(plain)


def test_what_shows_only_in_use_is_refused_there(plain, as_users_call):
    other = [torch.zeros(3, 5, 6)] * 2
    heads = [torch.zeros(3, 3, 5, 2)] * 2
    for change, told in ((patched(plain.layers, 0, other, 1), r"gives \(3, 7, 6\), the other gave \(3, 5, 6\)"),
                         (patched_head(plain.attentions, 0, 1, heads), "run the model on as many texts"),
                         (averaged(plain.attentions, 0, 1, [torch.zeros(3, 5, 2)] * 2), r"means \(5, 2\) .* \(7, 2\)"),
                         (cut(plain.attentions, 0, query=7, key=0), "position 7 of a text of 7"),
                         (cut(plain.attentions, 0, query=0, key=-8), "position -8 of a text of 7")):
        with pytest.raises(ValueError, match=told), change:
            plain(TEXTS)


def test_all_heads_of_a_layer_can_be_changed_at_once(plain):
    with changing_heads(plain.attentions[1], torch.zeros_like):
        torch.testing.assert_close(plain(TEXTS), plain.unembedding(plain.layers[0](plain.embedding(TEXTS),
                                                                                   masks.causal(7))))


def test_the_recipe_for_longer_runs_trains_and_prints_its_rows(recipe):
    told = recipe("induction", "--steps", "2", "--seeds", "1")
    rows = [line for line in told.splitlines() if line.startswith(("| 1 |", "| 2 |"))]
    assert len(rows) == 2 and all(row.count("|") == 11 for row in rows)
