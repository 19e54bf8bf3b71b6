import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=2, minutes=5, builds_on="lesson 17, the karate club", hints=(
    "Which nodes say nothing about what was learned, because they were told?",
    "Which class does a row of scores speak for?",
    "A share of what: which number stands below the line?",
))
def unlabelled_accuracy(scores: Float[Tensor, "nodes classes"], labels: Int[Tensor, " nodes"],
                        given: Bool[Tensor, " nodes"]) -> float:
    r"""Say what share of the nodes whose label was *not* given gets the right class.

    A node's class is the one with the highest score. `given` is `True` where the label was told in training; those
    nodes do not count, neither above the line nor below it. Where every label was given there is nothing to measure:
    raise a `ValueError`.
    """
    if given.all():
        raise ValueError(f"the labels of all {len(given)} nodes were given: hold some back")
    right = scores.argmax(dim=1) == labels
    return right[~given].double().mean().item()


unlabelled_accuracy.example(torch.tensor([[0.0, 9.0], [2.0, 1.0], [0.0, 1.0], [5.0, 3.0]]), torch.tensor([1, 0, 0, 1]),
                            torch.tensor([True, False, False, False]))
unlabelled_accuracy.example(torch.tensor([[1.0, 2.0, 3.0], [3.0, 1.0, 2.0]]), torch.tensor([0, 0]),
                            torch.tensor([True, False]))


def drawn(rng, nodes, classes, told):
    """Scores that are right at about half of the nodes, and more often where the label is given."""
    labels = torch.from_numpy(rng.integers(classes, size=nodes))
    given = torch.zeros(nodes, dtype=torch.bool)
    given[torch.from_numpy(rng.permutation(nodes)[:told])] = True
    scores = tensor(rng, nodes, classes)
    helped = given | torch.from_numpy(rng.random(nodes) < 0.4)
    scores[torch.arange(nodes), labels] += 9.0 * helped
    return scores, labels, given


def counted(scores, labels, given):
    """Node by node."""
    right = [row.tolist().index(max(row.tolist())) == label for row, label, told in
             zip(scores, labels.tolist(), given.tolist()) if not told]
    return sum(right) / len(right)


@unlabelled_accuracy.check("counts the nodes without a label that are right",
                           hint="In the first example three nodes count. How many of them are right?")
def counts(answer, rng):
    for nodes, classes, told in ((23, 3, 5), (31, 5, 7), (13, 2, 2)):
        given = drawn(rng, nodes, classes, told)
        probes.equal(answer(*given), counted(*given))


@unlabelled_accuracy.check("works where nothing was given, and where one node is left",
                           hint="How many nodes stand below the line when all labels but one were given?")
def edges(answer, rng):
    for nodes, classes, told in ((17, 3, 0), (11, 2, 10), (1, 3, 0)):
        given = drawn(rng, nodes, classes, told)
        probes.equal(answer(*given), counted(*given))
    none_right = tensor(rng, 5, 3), torch.zeros(5, dtype=torch.long), torch.arange(5) < 2
    none_right[0][:, 0] = -9.0
    probes.equal(answer(*none_right), 0.0)


@unlabelled_accuracy.check("raises a ValueError where every label was given",
                           hint="What is a mean over no nodes at all?")
def all_given(answer, rng):
    scores, labels, given = drawn(rng, 7, 3, 7)
    probes.raises(answer, ValueError, scores, labels, given)
    few = drawn(rng, 7, 3, 6)
    probes.equal(answer(*few), counted(*few))


def share(scores, labels, counts, below=None, best=torch.argmax):
    right = (best(scores, dim=1) == labels) & counts
    return (right.sum() / (counts.sum() if below is None else below)).item()


def refused(given):
    if given.all():
        raise ValueError("nothing to measure")
    return ~given


@unlabelled_accuracy.mistake("counts all nodes", hint="Two of the nodes were told their label. Do they show anything?")
def all_nodes(scores, labels, given):
    refused(given)
    return share(scores, labels, torch.ones_like(given))


@unlabelled_accuracy.mistake("counts the nodes whose label was given",
                             hint="`given` is True where the label was told. Which nodes are asked for?")
def given_nodes(scores, labels, given):
    refused(given)
    return share(scores, labels, given, below=given.sum().clamp(min=1))


@unlabelled_accuracy.mistake("divides by the number of all nodes",
                             hint="Which nodes stand above the line, and which ones below it?")
def over_all(scores, labels, given):
    return share(scores, labels, refused(given), below=len(labels))


@unlabelled_accuracy.mistake("counts the given ones as right, in the sum above the line alone",
                             hint="May the share be larger than 1?")
def given_above(scores, labels, given):
    right = scores.argmax(dim=1) == labels
    return (right.sum() / refused(given).sum()).item()


@unlabelled_accuracy.mistake("takes the class with the lowest score",
                             hint="Which class does a row of scores speak for?")
def lowest(scores, labels, given):
    return share(scores, labels, refused(given), best=torch.argmin)


@unlabelled_accuracy.mistake("tells the share of errors", hint="Is a good network near 0 or near 1 in your code?")
def errors(scores, labels, given):
    return 1 - share(scores, labels, refused(given))


@unlabelled_accuracy.mistake("tells how many are right, not which share", hint="A share lies between 0 and 1.")
def number(scores, labels, given):
    return share(scores, labels, refused(given), below=1)


@unlabelled_accuracy.mistake("gives NaN or 0 where every label was given",
                             hint="What does the prompt say of a graph whose labels are all given?")
def nothing_raised(scores, labels, given):
    return share(scores, labels, ~given, below=(~given).sum().clamp(min=1))


@unlabelled_accuracy.mistake("tells the percentage", hint="A share lies between 0 and 1.")
def percent(scores, labels, given):
    return 100 * share(scores, labels, refused(given))


@unlabelled_accuracy.mistake("tells the mean probability of the right class",
                             hint="A node is right or wrong. Is that what you add up?")
def probability(scores, labels, given):
    chances = torch.softmax(scores, dim=1)[torch.arange(len(labels)), labels]
    return chances[refused(given)].mean().item()


@unlabelled_accuracy.mistake("looks at class 1 alone: right is what has a positive score there",
                             hint="How many classes are there? Which of the scores is the highest?")
def class_one(scores, labels, given):
    return ((scores[:, 1] > 0).long() == labels)[refused(given)].double().mean().item()


@unlabelled_accuracy.alternative("node by node")
def node_by_node(scores, labels, given):
    right = [int(row.argmax()) == int(label) for row, label, told in zip(scores, labels, given) if not told]
    if not right:
        raise ValueError("no node is left")
    return sum(right) / len(right)


@unlabelled_accuracy.alternative("the score of the label against the largest")
def by_largest(scores, labels, given):
    if not (~given).any():
        raise ValueError("no node is left")
    own = scores.gather(1, labels[:, None])[:, 0]
    return float((own == scores.max(dim=1).values)[~given].double().mean())
