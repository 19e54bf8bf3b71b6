"""Dictionaries as graphs: read edge by edge."""

import pytest
import torch

from selfattention.data.lookups import accuracy, graphs, loss


def test_the_label_is_the_value_of_the_key_node_that_has_the_same_key():
    batch = graphs(7, 5, torch.Generator().manual_seed(0))
    assert batch.features.shape == (70, 15) and batch.edges.shape == (2, 7 * 25) and batch.asks.sum() == 35
    assert not batch.asks[batch.edges[0]].any() and batch.asks[batch.edges[1]].all(), "queries read keys"
    assert not batch.features[batch.asks, 5:].any(), "a query has no value"
    assert torch.equal(batch.edges[0] // 10, batch.edges[1] // 10), "each graph for itself"
    found = {}
    for source, target in batch.edges.T.tolist():
        if torch.equal(batch.features[source, :5], batch.features[target, :5]):
            assert target not in found, "one key fits"
            found[target] = int(batch.features[source, 5:].argmax())
    assert found == {node: int(batch.labels[node]) for node in batch.asks.nonzero()[:, 0].tolist()}


def test_values_are_dealt_anew_and_the_same_state_gives_the_same():
    one, other, more = (graphs(11, 5, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.features, other.features) and not torch.equal(one.labels, more.labels)
    dealt = one.labels[one.asks].view(11, 5)
    assert all(len(row.unique()) == 5 for row in dealt) and set(dealt.flatten().tolist()) == set(range(10))


def test_loss_and_accuracy_are_those_of_the_queries():
    batch = graphs(3, 5, torch.Generator().manual_seed(0))

    def right(features, edges):
        return 50.0 * torch.nn.functional.one_hot(batch.labels, 10) * batch.asks[:, None]

    assert loss(right, batch) < 1e-6 and accuracy(right, batch) == 1
    assert accuracy(lambda features, edges: -right(features, edges), batch) == 0


@pytest.mark.parametrize(("count", "pairs"), [(0, 3), (3, 0)])
def test_nothing_to_look_up_is_refused(count, pairs):
    with pytest.raises(ValueError, match=f"{count} graphs of {pairs} pairs"):
        graphs(count, pairs, torch.Generator())
