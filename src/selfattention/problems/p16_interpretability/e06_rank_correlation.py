import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=4, minutes=12, builds_on="lesson 16, weight and effect", hints=(
    "How many are smaller than this one? That says nearly all about its rank.",
    "Three values share the ranks 4, 5 and 6. Which rank does each of them get, so that all ranks still sum to the "
    "same?",
    "Once there are ranks: how does a correlation treat the mean of each side, and the size of each side?",
))
def rank_correlation(weights: Float[Tensor, " keys"], effects: Float[Tensor, " keys"]) -> Float[Tensor, ""]:
    r"""Say how well the order of the weights agrees with the order of the effects: Spearman's rank correlation.

    Rank the weights, the smallest first; values that are equal share the mean of the ranks they take up. Do the same
    with the effects. The result is the correlation of the two lists of ranks (Pearson's: the sum of the products of
    their deviations from the mean, divided by the root of the product of the sums of squares): 1 where both have the
    same order, −1 where one is the other turned round, and 0 where all weights, or all effects, are equal.
    """
    def ranks(values: Tensor) -> Tensor:
        smaller = (values < values[:, None]).sum(dim=1)
        equal = (values == values[:, None]).sum(dim=1)
        return smaller + equal / 2

    one, other = ((place := ranks(values)) - place.mean() for values in (weights, effects))
    size = (one.square().sum() * other.square().sum()).sqrt()
    return (one @ other / size if size > 0 else size).to(weights.dtype)


rank_correlation.example(torch.tensor([0.1, 0.2, 0.7]), torch.tensor([3.0, 1.0, 4.0]))
rank_correlation.example(torch.tensor([0.4, 0.1, 0.1, 0.4]), torch.tensor([1.0, 0.0, 0.5, 0.2]))
rank_correlation.example(torch.tensor([0.5, 0.5]), torch.tensor([1.0, 2.0]))


def sorted_ranks(values):
    """The places of a sorted list, those of equal values averaged, in a loop."""
    order, ranks = sorted(values), {}
    for value in order:
        places = [place for place, one in enumerate(order, start=1) if one == value]
        ranks[value] = sum(places) / len(places)
    return [ranks[value] for value in values]


def by_loop(weights, effects):
    one, other = sorted_ranks(weights.tolist()), sorted_ranks(effects.tolist())
    middle = (len(one) + 1) / 2
    both = sum((a - middle) * (b - middle) for a, b in zip(one, other))
    size = (sum((a - middle)**2 for a in one) * sum((b - middle)**2 for b in other))**0.5
    return torch.tensor(both / size if size else 0.0, dtype=weights.dtype)


def drawn(rng, keys, ties):
    scores = tensor(rng, keys)
    effects = (scores + 1.5 * tensor(rng, keys)) ** 3
    if ties:
        scores, effects = (scores * 2).round() / 2, (effects / 2).round()
    return scores, effects


@rank_correlation.check("compares orders, not sizes", hint="If the largest weight were ten times as large, what then?")
def orders(answer, rng):
    for keys in (5, 7, 11, 13, 17, 29):
        weights, effects = drawn(rng, keys, ties=False)
        probes.equal(answer(weights.softmax(dim=0), effects), by_loop(weights, effects))


@rank_correlation.check("gives equal values the mean of their ranks",
                        hint="In the second example two weights are 0.1. Which ranks do they take up together?")
def ties(answer, rng):
    for keys in (11, 13, 17, 19, 23, 31):
        weights, effects = drawn(rng, keys, ties=True)
        probes.equal(answer(weights, effects), by_loop(weights, effects))


@rank_correlation.check("is 1, −1 or 0 where it must be", hint="What is there to divide by where all are equal?")
def edges(answer, rng):
    scores = tensor(rng, 7)
    alike = torch.full_like(scores, 0.25)
    for weights, effects, expected in ((scores, 5 + scores.exp(), 1.0), (scores, -scores, -1.0), (scores, alike, 0.0),
                                       (alike, scores, 0.0), (alike[:1], scores[:1], 0.0),
                                       (scores[:2], scores[:2].exp(), 1.0)):
        probes.equal(answer(weights, effects), torch.tensor(expected, dtype=weights.dtype))
    weights, effects = drawn(rng, 19, ties=True)
    probes.equal(answer(effects, weights), by_loop(effects, weights))


def correlation(one, other):
    one, other = one.double() - one.double().mean(), other.double() - other.double().mean()
    size = (one.square().sum() * other.square().sum()).sqrt()
    return one @ other / size if size > 0 else size


def shared(values):
    return (values < values[:, None]).sum(dim=1) + (values == values[:, None]).sum(dim=1) / 2


@rank_correlation.mistake("correlates the values themselves, not their ranks", hint="Which rank has the largest one?")
def of_values(weights, effects):
    return correlation(weights, effects)


@rank_correlation.mistake("ranks equal values by their places in the list",
                          hint="Two weights are equal. Does it matter which of them stands first?")
def ties_by_place(weights, effects):
    return correlation(*(values.argsort(stable=True).argsort() for values in (weights, effects)))


@rank_correlation.mistake("gives equal values the smallest of their ranks",
                          hint="What do all ranks sum to, with ties and without?")
def smallest_rank(weights, effects):
    return correlation(*((values < values[:, None]).sum(dim=1) for values in (weights, effects)))


@rank_correlation.mistake("gives equal values the largest of their ranks",
                          hint="What do all ranks sum to, with ties and without?")
def largest_rank(weights, effects):
    return correlation(*((values <= values[:, None]).sum(dim=1) for values in (weights, effects)))


@rank_correlation.mistake("counts equal values as one, so that later ranks are too small",
                          hint="Two are smallest. Which rank does the next one have?")
def dense_ranks(weights, effects):
    return correlation(*(values.unique(return_inverse=True)[1] for values in (weights, effects)))


@rank_correlation.mistake("takes what sorts the values for their ranks",
                          hint="The order says which value comes first. Which place has the first value?")
def order_for_ranks(weights, effects):
    return correlation(*(values.argsort(stable=True) for values in (weights, effects)))


@rank_correlation.mistake("ranks one side from the largest down", hint="What is the result when both sides are equal?")
def one_side_turned(weights, effects):
    return correlation(shared(weights), shared(-effects))


@rank_correlation.mistake("uses the formula with squared differences, which is right without ties only",
                          hint="Where do ties appear in 1 − 6 Σd² / (n³ − n)?")
def by_differences(weights, effects):
    count = len(weights)
    if count < 2 or weights.unique().numel() == 1 or effects.unique().numel() == 1:
        return torch.zeros((), dtype=weights.dtype)
    return 1 - 6 * (shared(weights) - shared(effects)).square().sum().double() / (count**3 - count)


@rank_correlation.mistake("forgets the sign of the effects", hint="Is an effect of −3 larger or smaller than one of 1?")
def sizes_of_effects(weights, effects):
    return correlation(shared(weights), shared(effects.abs()))


@rank_correlation.mistake("counts pairs in the same order (Kendall's correlation)",
                          hint="A correlation of ranks: how far apart two ranks are counts, too.")
def by_pairs(weights, effects):
    one, other = ((values[:, None] - values).sign().double() for values in (weights, effects))
    size = (one.square().sum() * other.square().sum()).sqrt()
    return (one * other).sum() / size if size > 0 else size


@rank_correlation.mistake("does not subtract the mean rank", hint="What is the correlation of two opposite orders?")
def not_centred(weights, effects):
    one, other = shared(weights).double(), shared(effects).double()
    if one.unique().numel() == 1 or other.unique().numel() == 1:
        return torch.zeros((), dtype=torch.float64)
    return one @ other / (one.square().sum() * other.square().sum()).sqrt()


@rank_correlation.mistake("ranks the weights, but not the effects", hint="Which of the two sides have ranks?")
def one_side_ranked(weights, effects):
    return correlation(shared(weights), effects)


@rank_correlation.mistake("does not divide by the size of both sides: a covariance",
                          hint="Twice as many tokens in the same order: may the result be larger than 1?")
def covariance(weights, effects):
    one, other = (ranks.double() - ranks.double().mean() for ranks in (shared(weights), shared(effects)))
    return (one * other).mean()


@rank_correlation.mistake("divides by the product of the sums of squares, without its root",
                          hint="What is the correlation of a list with itself?")
def no_root(weights, effects):
    one, other = (ranks.double() - ranks.double().mean() for ranks in (shared(weights), shared(effects)))
    size = one.square().sum() * other.square().sum()
    return one @ other / size if size > 0 else size


@rank_correlation.mistake("lets equal weights share a rank, but not equal effects",
                          hint="Two effects are equal. Does it matter which of them stands first?")
def one_side_by_place(weights, effects):
    if effects.unique().numel() == 1:
        return torch.zeros((), dtype=weights.dtype)
    return correlation(shared(weights), effects.argsort(stable=True).argsort())


@rank_correlation.mistake("squares the correlation", hint="Can your result be negative?")
def squared(weights, effects):
    return correlation(shared(weights), shared(effects)).square()


@rank_correlation.mistake("is NaN where all values of a side are equal", hint="What is 0 divided by 0?")
def nothing_to_divide_by(weights, effects):
    one, other = (shared(values).double() - shared(values).double().mean() for values in (weights, effects))
    return one @ other / (one.square().sum() * other.square().sum()).sqrt()


@rank_correlation.alternative("sorted lists in Python")
def in_python(weights, effects):
    return by_loop(weights, effects)


@rank_correlation.alternative("the mean of the ranks from below and from above")
def from_both_ends(weights, effects):
    sides = []
    for values in (weights, effects):
        below = torch.searchsorted(values.sort().values, values)
        above = torch.searchsorted(values.sort().values, values, right=True)
        sides.append((below + above + 1).double() / 2)
    if min(len(side.unique()) for side in sides) == 1:
        return torch.zeros((), dtype=weights.dtype)
    return torch.corrcoef(torch.stack(sides))[0, 1]
