"""The attention-only model against a computation by loops over heads and tokens, in float64, with its gradients."""

import math

import pytest
import torch

from selfattention.models.attention_only import FASTER, AttentionOnly, Sizes

pytestmark = pytest.mark.usefixtures("float64")
SIZES = Sizes(vocab=11, d_model=6, heads=2, layers=3, furthest=3)
TOKENS = torch.randint(11, (2, 7), generator=torch.Generator().manual_seed(0))


def model(sizes=SIZES):
    made = AttentionOnly(sizes)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return made


def by_loops(model, text):
    """Scores for one text: each head on its own, token after token."""
    width = model.sizes.d_model // model.sizes.heads
    stream = [model.embedding.weight[token] for token in text.tolist()]
    for layer in model.layers:
        added = [vector for vector in stream]
        for head in range(model.sizes.heads):
            rows = slice(head * width, (head + 1) * width)
            q, k, v = (getattr(layer.attention, part).weight[rows] for part in ("query", "key", "value"))
            for query in range(len(stream)):
                scores = []
                for key in range(query + 1):
                    far = min(query - key, model.sizes.furthest)
                    bias = FASTER * layer.distances.table[head, model.sizes.furthest - far]
                    scores.append((q @ stream[query]) @ (k @ stream[key]) / math.sqrt(width) + bias)
                powers = torch.stack(scores).exp()
                mixed = sum(power * (v @ stream[key]) for key, power in enumerate(powers)) / powers.sum()
                added[query] = added[query] + layer.attention.output.weight[:, rows] @ mixed
        stream = added
    return torch.stack([model.unembedding.weight @ vector for vector in stream])


def test_equals_a_computation_by_loops_with_its_gradients():
    some = model()
    expected = torch.stack([by_loops(some, text) for text in TOKENS])
    got = some(TOKENS)
    torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-11)
    cotangent, leaves = torch.randn_like(got), list(some.parameters())
    for mine, theirs in zip(*(torch.autograd.grad(one, leaves, cotangent) for one in (got, expected))):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-10)


def test_no_token_sees_a_later_one_and_weights_are_causal():
    some, changed = model(), TOKENS.clone()
    changed[:, 4] = (changed[:, 4] + 1) % 11
    moved = (some(TOKENS) - some(changed)).abs().sum(dim=2) > 0
    assert not moved[:, :4].any() and moved[:, 4:].all()
    weights = some.weights(TOKENS)
    assert len(weights) == 3 and all(one.shape == (2, 2, 7, 7) and not one.triu(1).any() for one in weights)
    torch.testing.assert_close(weights[1].sum(dim=-1), torch.ones(2, 2, 7))


def test_longer_texts_than_there_are_distances_and_a_single_token_work():
    some = model()
    assert some(torch.zeros(1, 29, dtype=torch.long)).shape == (1, 29, 11)
    torch.testing.assert_close(some(TOKENS[:, :1]), some(TOKENS)[:, :1])


def test_of_one_layer_a_token_before_the_earlier_one_does_not_reach_a_key():
    """Why one layer cannot: exchanging the token before a key changes what the last token mixes by that token alone."""
    some = model(Sizes(vocab=11, d_model=6, heads=2, layers=1, furthest=9))
    one = torch.tensor([[0, 1, 2, 3, 0]])
    with torch.no_grad():
        before = some.attentions[0].keys_values(some.embedding(one))[0][..., 1, :]
        after = some.attentions[0].keys_values(some.embedding(torch.tensor([[5, 1, 2, 3, 0]])))[0][..., 1, :]
    assert torch.equal(before, after)


@pytest.mark.parametrize(("tokens", "told"), [
    (torch.zeros(2, 0, dtype=torch.long), "shape .2, 0. are empty"), (torch.zeros(3, dtype=torch.long), "no batch"),
    (torch.tensor([[0, 11]]), "from 0 to 11, but the vocabulary has the numbers 0 to 10")])
def test_bad_tokens_are_refused(tokens, told, as_users_call):
    with pytest.raises(ValueError, match=told):
        model()(tokens)


def test_heads_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="d_model 6 cannot be cut into 4"):
        AttentionOnly(Sizes(vocab=11, d_model=6, heads=4))
