import numpy as np
from jaxtyping import Float

from selfattention.engine import exercise, probes


@exercise(points=4, minutes=15, builds_on="lesson 04, a loss below the entropy", hints=(
    "Whoever knows the source has a loss at each token, too. What is it, if the token's chance was 0.3?",
    "You have two losses at each token. By how much is the model ahead, token by token?",
    "Of n numbers you know the mean and the standard deviation. By how much does a mean of n such numbers vary?",
))
def evidence_of_a_leak(losses: Float[np.ndarray, " tokens"], chances: Float[np.ndarray, " tokens"]) -> float:
    r"""Tell how sure it is that a model knows more than can be known.

    `losses` has the model's loss in nats at each token of fresh texts, `chances` the probability with which the source
    drew that token. The lead $d_t$ is the loss of somebody who knows the source, $-\log(\text{chance})$, minus the
    model's; an honest model's is at most 0 on average. Return the mean lead divided by its standard error,

    $$\bar d \Big/ \frac{s}{\sqrt n}, \qquad s^2 = \frac{1}{n - 1} \sum_{t=1}^n (d_t - \bar d)^2,$$

    as a Python number. With hundreds of tokens, luck is no explanation from about 4 on. There are at least two tokens,
    and not all leads are equal.
    """
    leads = -np.log(chances) - losses
    return float(leads.mean() / (leads.std(ddof=1) / np.sqrt(len(leads))))


evidence_of_a_leak.example(np.array([0.1, 0.4, 1.5]), np.array([0.6, 0.3, 0.1]))
evidence_of_a_leak.example(np.array([0.9, 1.0, 2.0, 0.7]), np.array([0.6, 0.3, 0.1, 0.6]))


def by_loop(losses, chances):
    """The same, number by number."""
    leads = [-np.log(chance) - loss for loss, chance in zip(losses.tolist(), chances.tolist())]
    mean = sum(leads) / len(leads)
    variance = sum((lead - mean) ** 2 for lead in leads) / (len(leads) - 1)
    return mean * len(leads) ** 0.5 / variance ** 0.5


def drawn(rng, tokens, better):
    """Losses of a model that is better or worse than the source by so many nats, and the source's chances."""
    chances = rng.choice([0.6, 0.3, 0.1], size=tokens, p=[0.6, 0.3, 0.1])
    return np.abs(-np.log(chances) - better + rng.normal(size=tokens) / 3), chances


@evidence_of_a_leak.check("is large for a model that leaks",
                          hint="At which tokens is the model ahead, and by how much?")
def leaking(answer, rng):
    for tokens in (7, 23, 101):
        probes.parity(answer, by_loop, *drawn(rng, tokens, 0.4))


@evidence_of_a_leak.check("is not large for an honest model", hint="What is the sign of your result where the model is "
                                                                  "worse than the source?")
def honest(answer, rng):
    for tokens in (5, 11, 97):
        probes.parity(answer, by_loop, *drawn(rng, tokens, -0.3))


@evidence_of_a_leak.check("works for two tokens and for many",
                          hint="How does the standard error of a mean fall with the number of tokens?")
def few_and_many(answer, rng):
    for tokens in (2, 3, 1009):
        probes.parity(answer, by_loop, *drawn(rng, tokens, 0.1))


def ratio(leads, *, spread=None, ddof=1, root=True):
    """The solution with one thing to be changed at a time."""
    spread = leads.std(ddof=ddof) if spread is None else spread
    return float(leads.mean() / (spread / (np.sqrt(len(leads)) if root else 1)))


@evidence_of_a_leak.mistake("divides the variance by n, not by n − 1", hint="What does `std` divide by, if you say "
                                                                           "nothing? And the formula?")
def over_n(losses, chances):
    return ratio(-np.log(chances) - losses, ddof=0)


@evidence_of_a_leak.mistake("divides by the standard deviation of one lead, not by that of their mean",
                            hint="Does your result grow with the number of tokens?")
def without_root(losses, chances):
    return ratio(-np.log(chances) - losses, root=False)


@evidence_of_a_leak.mistake("subtracts the other way round", hint="Is your result positive where the model is better?")
def reversed_sign(losses, chances):
    return ratio(losses + np.log(chances))


@evidence_of_a_leak.mistake("counts the source's loss in bits", hint="In which unit are the model's losses?")
def in_bits(losses, chances):
    return ratio(-np.log2(chances) - losses)


@evidence_of_a_leak.mistake("takes the spread of the losses, not that of the leads",
                            hint="Which numbers is the mean taken of? And whose spread do you divide by?")
def spread_of_losses(losses, chances):
    return ratio(-np.log(chances) - losses, spread=losses.std(ddof=1))


@evidence_of_a_leak.mistake("adds up the variances of the two losses, as if these had nothing to do with each other",
                            hint="A rare token is dear for both. What of that is left in their difference?")
def unpaired(losses, chances):
    source = -np.log(chances)
    return ratio(source - losses, spread=np.sqrt(source.var(ddof=1) + losses.var(ddof=1)))


@evidence_of_a_leak.mistake("takes the spread of the source's losses, not that of the leads",
                            hint="Which numbers is the mean taken of? And whose spread do you divide by?")
def spread_of_source(losses, chances):
    source = -np.log(chances)
    return ratio(source - losses, spread=source.std(ddof=1))


@evidence_of_a_leak.mistake("compares the two chances, not the two losses",
                            hint="What is the lead made of, by the prompt: of losses, or of chances?")
def chances_compared(losses, chances):
    return ratio(np.exp(-losses) - chances)


@evidence_of_a_leak.mistake("takes the chance itself for a loss", hint="What is the loss of a token whose chance is 1?")
def chance_as_loss(losses, chances):
    return ratio(chances - losses)


@evidence_of_a_leak.mistake("forgets the minus sign of the source's loss",
                            hint="Is the logarithm of a chance positive or negative? And a loss?")
def no_minus(losses, chances):
    return ratio(np.log(chances) - losses)


@evidence_of_a_leak.mistake("returns the mean lead", hint="How sure is a lead of 0.1 nats after two tokens? After a "
                                                         "thousand?")
def mean_only(losses, chances):
    return float((-np.log(chances) - losses).mean())


@evidence_of_a_leak.mistake("divides by the variance, not by its root", hint="Which of s and s² stands in the formula?")
def by_variance(losses, chances):
    leads = -np.log(chances) - losses
    return ratio(leads, spread=leads.var(ddof=1))


@evidence_of_a_leak.mistake("returns the size of the evidence without its sign",
                            hint="Is a model that is worse than the source a leak?")
def without_sign(losses, chances):
    return abs(ratio(-np.log(chances) - losses))


@evidence_of_a_leak.mistake("takes the root of n − 1", hint="Under which root does n − 1 stand, and under which n?")
def root_of_less(losses, chances):
    leads = -np.log(chances) - losses
    return float(leads.mean() / leads.std(ddof=1) * np.sqrt(len(leads) - 1))


evidence_of_a_leak.alternative("number by number")(by_loop)


@evidence_of_a_leak.alternative("from the sums of leads and of their squares")
def from_sums(losses, chances):
    leads, n = np.log(1 / chances) - losses, losses.size
    squares = (leads ** 2).sum() - leads.sum() ** 2 / n
    return leads.sum() / np.sqrt(n * squares / (n - 1))
