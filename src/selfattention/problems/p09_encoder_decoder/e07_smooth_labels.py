import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=2, minutes=8, builds_on="lesson 09, the loss", hints=(
    "ε is shared out equally. Among how many words? Is the true one among them?",
    "Start from a row of zeros with a single 1. How much of it is kept, and what is added everywhere?",
))
def smooth_labels(labels: Int[Tensor, "*batch"], vocab: int, epsilon: float) -> Float[Tensor, "*batch vocab"]:
    r"""Turn each label into a distribution that is not quite sure.

    The true word keeps $1 - \varepsilon$, and $\varepsilon$ is shared out equally among **all** words of the
    vocabulary, the true one included (Szegedy et al. 2016, §7; Vaswani et al. 2017, §5.4 has $\varepsilon = 0.1$;
    `label_smoothing` in torch does the same). Other code sometimes shares $\varepsilon$ among the other words only.
    Here token 0 is a word like any other.
    """
    sure = torch.nn.functional.one_hot(labels, vocab).double()
    return (1 - epsilon) * sure + epsilon / vocab


smooth_labels.example(torch.tensor([2, 0]), 4, 0.2)


@smooth_labels.check("gives each word its share",
                     hint="Write down the first row of the example: what do the three wrong words get?")
def each_share(answer, rng):
    for shape, vocab, epsilon in (((5,), 7, 0.1), ((2, 3), 11, 0.3), ((1, 1), 2, 0.1), ((), 3, 0.2)):
        labels = torch.from_numpy(rng.integers(0, vocab, size=shape))
        expected = torch.tensor([[epsilon / vocab + (1 - epsilon if word == label else 0) for word in range(vocab)]
                                 for label in labels.reshape(-1).tolist()], dtype=torch.float64)
        probes.equal(answer(labels, vocab, epsilon), expected.view(*shape, vocab))


@smooth_labels.check("is a distribution, from quite sure to knowing nothing",
                     hint="What must a row be at ε = 0, and what at ε = 1?")
def from_sure_to_nothing(answer, rng):
    labels = torch.from_numpy(rng.integers(0, 5, size=(3, 7)))
    for epsilon in (0.0, 0.4, 1.0):
        got = answer(labels, 5, epsilon)
        probes.sums_to_one(got)
        probes.parity(lambda *_, got=got: got, smooth_labels, labels, 5, epsilon)


@smooth_labels.check("gives the loss that torch gives",
                     hint="The loss is −Σ q log p. Which q does torch's `label_smoothing` use?")
def loss_of_torch(answer, rng):
    logits, labels = tensor(rng, 5, 13), torch.from_numpy(rng.integers(0, 13, size=5))
    expected = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)
    targets = answer(labels, 13, 0.1)
    probes.equal(-(targets.double() * logits.log_softmax(dim=-1)).sum(dim=-1).mean().to(targets.dtype), expected)


def sure(labels, vocab):
    return torch.nn.functional.one_hot(labels, vocab).double()


@smooth_labels.mistake("shares ε among the other words only",
                       hint="That convention exists, too. Among how many words is ε shared here?")
def among_others(labels, vocab, epsilon):
    hot = sure(labels, vocab)
    return (1 - epsilon) * hot + (1 - hot) * epsilon / (vocab - 1)


@smooth_labels.mistake("takes ε from the true word and gives it to nobody", hint="What do your rows sum to?")
def given_to_nobody(labels, vocab, epsilon):
    return (1 - epsilon) * sure(labels, vocab)


@smooth_labels.mistake("gives all words a share, but takes nothing from the true one",
                       hint="Where do the shares come from? What do your rows sum to?")
def taken_from_nobody(labels, vocab, epsilon):
    return sure(labels, vocab) + epsilon / vocab


@smooth_labels.mistake("gives the true word no share of ε, and that share to nobody else",
                       hint="What do your rows sum to? Whose share is missing?")
def share_missing(labels, vocab, epsilon):
    hot = sure(labels, vocab)
    return (1 - epsilon) * hot + (1 - hot) * epsilon / vocab


@smooth_labels.mistake("gives every word ε instead of a share of it", hint="How many words share one ε?")
def epsilon_each(labels, vocab, epsilon):
    return (1 - epsilon) * sure(labels, vocab) + epsilon


@smooth_labels.mistake("exchanges ε and 1 − ε", hint="How sure of the true word should the target be at ε = 0.1?")
def sides_exchanged(labels, vocab, epsilon):
    return epsilon * sure(labels, vocab) + (1 - epsilon) / vocab


@smooth_labels.mistake("shares ε among the words of the batch", hint="Does your row change when another label does?")
def over_the_batch(labels, vocab, epsilon):
    hot = sure(labels, vocab)
    return (1 - epsilon) * hot + epsilon * hot.flatten(0, -2).mean(dim=0)


@smooth_labels.mistake("smooths nothing", hint="Where does `epsilon` appear in your code?")
def nothing_smoothed(labels, vocab, epsilon):
    return sure(labels, vocab)


@smooth_labels.mistake("leaves the true word at 1, and gives each of the others a share",
                       hint="What do your rows sum to?")
def true_word_kept(labels, vocab, epsilon):
    return sure(labels, vocab).clamp(min=epsilon / vocab)


@smooth_labels.alternative("filled first, then the true word added")
def filled_first(labels, vocab, epsilon):
    targets = torch.full((*labels.shape, vocab), epsilon / vocab)
    return targets.scatter_add(-1, labels[..., None], torch.full((*labels.shape, 1), 1 - epsilon))


@smooth_labels.alternative("lerp from sure to uniform")
def by_lerp(labels, vocab, epsilon):
    hot = torch.eye(vocab)[labels]
    return torch.lerp(hot, torch.full_like(hot, 1 / vocab), epsilon)
