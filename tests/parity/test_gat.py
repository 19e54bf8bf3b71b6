"""Graph attention against torch_geometric's GATConv and GATv2Conv, and against dense attention: float64."""

import math
import tempfile

import pytest
import torch
from torch import nn
from torch.nn import functional

from selfattention import masks
from selfattention.attention import attention
from selfattention.models.gat import (
    GATLayer,
    GATv2Layer,
    MeanLayer,
    NodeClassifier,
    averaged,
    edge_mask,
    mix_by_edges,
    neighbourhood_softmax,
    side_by_side,
    with_loops,
)
from selfattention.parity.geometric import from_geometric

CLOSE = {"rtol": 1e-10, "atol": 1e-12}
NODES, FEATURES = 11, 5
# One way only; node 9 is read and reads nothing, node 10 has no edge at all; 3 reads itself; one edge is there twice.
EDGES = torch.tensor([[0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 0, 3, 1, 1], [1, 2, 0, 5, 4, 3, 6, 7, 8, 0, 0, 2, 3, 6, 6]])
LAYERS = {"GATConv": GATLayer, "GATv2Conv": GATv2Layer}
JOINS = {True: side_by_side, False: averaged}
pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture
def geometric(tmp_path, monkeypatch):
    """torch_geometric's layers; what they generate goes where pytest tidies up."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return pytest.importorskip("torch_geometric.nn")


def random_weights(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    return module


def assert_same(got, expected, leaves):
    torch.testing.assert_close(got, expected, **CLOSE)
    cotangent = torch.randn_like(got)
    one, other = (torch.autograd.grad(output, some, cotangent) for output, some in zip((got, expected), leaves))
    for mine, yours in zip(one, other, strict=True):
        torch.testing.assert_close(mine.reshape(yours.shape), yours, **CLOSE)


@pytest.mark.parametrize("loops", [True, False], ids=["loops", "no loops"])
@pytest.mark.parametrize("concat", [True, False], ids=["side by side", "averaged"])
@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("name", LAYERS)
def test_equals_torch_geometric(name, heads, concat, loops, geometric):
    theirs = random_weights(getattr(geometric, name)(FEATURES, 7, heads, concat=concat, add_self_loops=loops))
    ours = from_geometric(LAYERS[name](FEATURES, 7, heads, join=JOINS[concat]), theirs)
    x = torch.randn(NODES, FEATURES, requires_grad=True)
    got = ours(x, with_loops(EDGES, NODES) if loops else EDGES)
    names = {"project.weight": "lin.weight", "key_vector": "att_src", "query_vector": "att_dst", "offset": "bias",
             "key.weight": "lin_l.weight", "query.bias": "lin_r.bias", "vector": "att"}
    mine = dict(ours.named_parameters())
    pairs = [(mine[one], theirs.get_parameter(names[one])) for one in names if one in mine]
    assert len(pairs) == 4
    assert_same(got, theirs(x, EDGES), [[x, *(one for one, _ in pairs)], [x, *(other for _, other in pairs)]])


def test_another_layers_weights_are_refused(geometric):
    with pytest.raises(ValueError, match="Make both with the same sizes"):
        from_geometric(GATLayer(FEATURES, 7), geometric.GATv2Conv(FEATURES, 7))
    with pytest.raises(ValueError, match="of another shape"):
        from_geometric(GATLayer(FEATURES, 7), geometric.GATConv(FEATURES, 5))


@pytest.mark.parametrize("layer", [GATLayer, GATv2Layer, MeanLayer])
def test_by_edges_is_the_softmax_of_all_pairs_under_the_mask(layer):
    layer, x = random_weights(layer(FEATURES, 7, 3)), torch.randn(NODES, FEATURES)
    edges = with_loops(torch.unique(EDGES, dim=1), NODES)
    keys = layer.projected(x)[1]
    hidden = ~edge_mask(edges, NODES)[..., None]
    weights = torch.softmax(layer.table(x).masked_fill(hidden, -math.inf), dim=1)
    expected = torch.einsum("qkh,khd->qhd", weights, keys).flatten(1) + layer.offset
    leaves = list(layer.key.parameters() if isinstance(layer, GATv2Layer) else layer.project.parameters())
    assert_same(layer(x, edges), expected, [leaves, leaves])


@pytest.mark.parametrize("mask", [None, masks.causal(7)], ids=["complete", "causal"])
def test_attention_over_a_text_is_attention_over_a_graph(mask):
    leaves = [torch.randn(7, width, requires_grad=True) for width in (5, 5, 3)]
    queries, keys, values = leaves
    edges = (torch.ones(7, 7, dtype=torch.bool) if mask is None else mask).nonzero().T.flip(0)
    scores = (queries[edges[1]] * keys[edges[0]]).sum(dim=1) / math.sqrt(5)
    weights = neighbourhood_softmax(scores, edges[1], 7)
    assert_same(mix_by_edges(weights[:, None], values[:, None], edges)[:, 0], attention(*leaves, mask),
                [leaves, leaves])


@pytest.mark.parametrize("layer", LAYERS.values())
def test_nodes_may_be_renamed(layer):
    layer, x, order = random_weights(layer(FEATURES, 7, 2)), torch.randn(NODES, FEATURES), torch.randperm(NODES)
    torch.testing.assert_close(layer(x[order], order.argsort()[EDGES]), layer(x, EDGES)[order], **CLOSE)


@pytest.mark.parametrize("layer", [GATLayer, GATv2Layer])
def test_a_node_depends_on_its_in_neighbours_alone(layer):
    layer = random_weights(layer(FEATURES, 7, 2))
    depends = masks.dependence(lambda x: layer(x, EDGES), torch.randn(NODES, FEATURES))
    seen = edge_mask(EDGES, NODES)
    # A GAT's query moves all its scores alike where LeakyReLU does not bend, so a node need not depend on itself.
    off = ~torch.eye(NODES, dtype=torch.bool)
    assert torch.equal(depends & off, seen & off)


@pytest.mark.parametrize("layer", LAYERS.values())
def test_isolated_nodes_and_huge_scores_stay_finite(layer):
    layer, x = random_weights(layer(FEATURES, 7, 2)), (1e4 * torch.randn(NODES, FEATURES)).requires_grad_()
    got = layer(x, EDGES)
    assert torch.equal(got[9:], layer.offset.expand(2, -1)) and got.isfinite().all()
    assert torch.equal(layer(x, EDGES[:, :0]), layer.offset.expand(NODES, -1)), "a graph without edges"
    got.sin().sum().backward()
    assert all(one.grad.isfinite().all() for one in (x, *layer.parameters()))


def test_weights_of_each_node_sum_to_one_and_are_what_a_hook_sees():
    layer, seen = random_weights(GATv2Layer(FEATURES, 7, 3, dropout=0.5)).eval(), []
    layer.weights.register_forward_hook(lambda module, given, result: seen.append(given[0]))
    layer(torch.randn(NODES, FEATURES), EDGES)
    sums = torch.zeros(NODES, 3).index_add(0, EDGES[1], seen[0])
    assert torch.allclose(sums[:9], torch.ones(9, 3)) and not sums[9:].any()


def test_gat_ranks_keys_alike_for_all_queries_and_gatv2_does_not():
    x = torch.randn(NODES, FEATURES)
    orders = {}
    for name, kind in LAYERS.items():
        layer = random_weights(kind(FEATURES, 7))
        orders[name] = {tuple(row.argsort().tolist()) for row in layer.table(x)[..., 0]}
    assert len(orders["GATConv"]) == 1 and len(orders["GATv2Conv"]) == NODES


def test_the_classifier_is_its_two_layers():
    model = random_weights(NodeClassifier(FEATURES, 3, GATv2Layer, width=7, heads=2)).eval()
    x, edges = torch.randn(NODES, FEATURES), with_loops(EDGES, NODES)
    expected = model.outer(functional.elu(model.inner(x, edges)), edges)
    torch.testing.assert_close(model(x, EDGES), expected, **CLOSE)
    assert expected.shape == (NODES, 3) and model.outer.heads == 1
    assert not torch.equal(model.train()(x, EDGES), expected), "dropout"


def test_loops_are_added_once_and_a_mask_has_targets_down():
    assert torch.equal(with_loops(torch.tensor([[1, 0, 1], [0, 0, 1]]), 3), torch.tensor([[1, 0, 1, 2], [0, 0, 1, 2]]))
    mask = edge_mask(torch.tensor([[1, 1], [0, 0]]), 2)
    assert mask.tolist() == [[False, True], [False, False]]


@pytest.mark.parametrize(("shape", "edges", "told"), [
    ((3, 4), torch.zeros(2, 1, dtype=torch.long), r"nodes \(3, 4\) for a layer of 5 features"),
    ((5,), torch.zeros(2, 1, dtype=torch.long), "a row of 5 numbers for each node"),
    ((3, 5), torch.zeros(2, 1), r"\(2, 1\) and type torch.float32: give whole numbers in two rows"),
    ((3, 5), torch.zeros(4, 2, dtype=torch.long), r"\(4, 2\).*the sources and the targets"),
    ((3, 5), torch.tensor([[0, 3], [1, 1]]), "from 3 to 1 names a node that is not there: 3 nodes"),
    ((3, 5), torch.tensor([[0, 1], [1, 3]]), "from 1 to 3 names a node that is not there.*0 to 2"),
    ((3, 5), torch.tensor([[0, -1], [1, 1]]), "from -1 to 1 names a node that is not there")])
@pytest.mark.parametrize("layer", LAYERS.values())
def test_what_does_not_fit_is_refused(layer, shape, edges, told, as_users_call):
    with pytest.raises(ValueError, match=told):
        layer(FEATURES, 7)(torch.zeros(shape), edges)


def test_edges_that_do_not_fit_weights_or_a_mask_are_refused(as_users_call):
    with pytest.raises(ValueError, match=r"weights \(3, 1\) and edges \(2, 15\)"):
        mix_by_edges(torch.ones(3, 1), torch.ones(NODES, 1, 2), EDGES)
    with pytest.raises(ValueError, match="from 9 to 0 names a node that is not there: 9 nodes"):
        edge_mask(EDGES, 9)
    for edges, told in (([[0, 3], [1, 1]], "from 3 to 1"), ([[0, 1], [1, 3]], "from 1 to 3"),
                        ([[0, -1], [1, 1]], "from -1 to 1")):
        with pytest.raises(ValueError, match=f"{told} names a node that is not there: 3 nodes"):
            mix_by_edges(torch.ones(2, 1), torch.ones(3, 1, 2), torch.tensor(edges))
    with pytest.raises(ValueError, match="to 3 names a node that is not there: 3 nodes"):
        neighbourhood_softmax(torch.ones(2), torch.tensor([1, 3]), 3)
    with pytest.raises(ValueError, match=r"scores \(2,\) and targets \(3,\)"):
        neighbourhood_softmax(torch.ones(2), torch.tensor([1, 0, 2]), 3)


def test_without_attention_a_node_takes_the_mean_of_those_it_reads():
    layer, x = random_weights(MeanLayer(FEATURES, 7)), torch.randn(NODES, FEATURES)
    got, values = layer(x, EDGES), layer.project(x)
    for node in range(9):
        mean = values[EDGES[0, EDGES[1] == node]].mean(dim=0) + layer.offset
        torch.testing.assert_close(got[node], mean, **CLOSE)
