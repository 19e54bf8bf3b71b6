"""The karate club: networkx's graph, two labels, and label propagation against Kirchhoff's equations."""

import networkx
import numpy as np
import pytest
import torch

from selfattention.data import karate


def test_the_club_is_networkxs():
    club, graph = karate.club(), networkx.karate_club_graph()
    assert {tuple(edge) for edge in club.edges.T.tolist()} == set(graph.to_directed().edges)
    assert club.edges.shape == (2, 156) and torch.equal(club.features, torch.eye(34))
    assert [karate.SIDES[label] for label in club.labels] == [graph.nodes[node]["club"] for node in range(34)]
    assert club.given.nonzero()[:, 0].tolist() == [0, 33] and club.labels[club.given].tolist() == [0, 1]


def test_other_members_may_be_told():
    assert karate.club([3, 20, 5]).given.nonzero()[:, 0].tolist() == [3, 5, 20]


@pytest.mark.parametrize(("told", "said"), [
    ([0, 3], "no label is given for class 1.*such as 33"), ([33], "no label is given for class 0"),
    ([], "no label is given for class 0, 1"), ([0, 34], r"\[0, 34\]: the club has those from 0 to 33"),
    ([-1, 0], "from 0 to 33")])
def test_a_side_without_a_label_and_members_that_are_not_there_are_refused(told, said):
    with pytest.raises(ValueError, match=said):
        karate.club(told)


def test_label_propagation_solves_its_equations():
    """Each member without a label is the mean of its neighbours (Zhu et al. 2003, eq. 2)."""
    for told in (karate.LEADERS, (16, 26)):
        club = karate.club(told)
        links = np.zeros((34, 34))
        links[tuple(club.edges.numpy())] = 1
        given = club.given.numpy()
        laplacian = np.diag(links.sum(axis=1)) - links
        share = np.linalg.solve(laplacian[~given][:, ~given], links[~given][:, given] @ club.labels[given].numpy())
        found = karate.label_propagation(club)
        assert np.array_equal(found[~given].numpy(), share > 0.5) and torch.equal(found[given], club.labels[given])


def test_loss_and_accuracy_look_at_their_own_members():
    club = karate.club()
    scores = torch.randn(34, 2, generator=torch.Generator().manual_seed(0), requires_grad=True)
    loss = karate.loss(lambda features, edges: scores, club)
    assert torch.isclose(loss, -(scores.log_softmax(1)[0, 0] + scores.log_softmax(1)[33, 1]) / 2)
    loss.backward()
    assert scores.grad.abs().sum(1).nonzero()[:, 0].tolist() == [0, 33]
    wrong = club.labels.clone()
    wrong[[0, 33, 5]] = 1 - wrong[[0, 33, 5]]
    assert karate.accuracy(wrong, club) == 31 / 32


def test_positions_keep_friends_together():
    places, club = karate.positions(), karate.club()
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    assert places.shape == (34, 2) and apart[tuple(club.edges.numpy())].mean() < 0.7 * apart.mean()
