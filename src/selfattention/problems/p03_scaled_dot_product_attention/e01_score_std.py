import math

import numpy as np

from selfattention.engine import exercise, probes


@exercise(points=3, minutes=8, builds_on="lesson 03, why scores are divided", hints=(
    "Begin with d = 1: the score is one product of two independent numbers with mean 0. What is its variance?",
    "Variances of independent numbers add up; standard deviations do not. How many products are added?",
))
def score_std(d: int, query_std: float, key_std: float) -> float:
    r"""Predict the standard deviation of a dot product before anything is computed.

    The $d$ numbers of a query are independent, with mean 0 and standard deviation `query_std`; so are those of a key,
    with `key_std`. The product of two such numbers has the variance `query_std`² · `key_std`², and the variances of the
    $d$ products add up. Return the standard deviation of the score $q \cdot k$: the square root of its variance.
    """
    return math.sqrt(d) * query_std * key_std


score_std.example(512, 1.0, 1.0)
score_std.example(4, 3.0, 0.5)


@score_std.check("predicts what 40,000 random pairs show",
                 hint="For d = 1, what is the standard deviation of a product of two numbers?")
def predicts_pairs(answer, rng):
    for d, query_std, key_std in ((2, 1.0, 1.0), (7, 2.0, 0.3)):
        queries, keys = rng.normal(size=(2, 40_000, d))
        measured = (queries * query_std * keys * key_std).sum(axis=-1).std()
        predicted = answer(d, query_std, key_std)
        # The spread of 40,000 scores is itself uncertain by some 0.5 %; a wrong law is off by 20 % and more.
        probes.require(abs(predicted / measured - 1) < 0.05,
                       f"predicted {predicted:.3g}, measured {measured:.3g} for d = {d}")


@score_std.check("follows the law exactly", hint="What happens to your prediction when d is four times as large?")
def follows_the_law(answer, rng):
    query_std, key_std = rng.uniform(0.2, 3, size=2)
    for d in (1, 7, 512):
        probes.equal(answer(d, query_std, key_std), score_std(d, query_std, key_std))


@score_std.mistake("returns the variance",
                   hint="A standard deviation has the unit of the scores, a variance its square. Which do you return?")
def variance(d, query_std, key_std):
    return d * query_std**2 * key_std**2


@score_std.mistake("adds standard deviations instead of variances",
                   hint="When products have random signs, does their sum grow in proportion to d?")
def stds_added(d, query_std, key_std):
    return d * query_std * key_std


@score_std.mistake("adds the spreads of queries and keys",
                   hint="Is a score made of sums of their numbers, or of products?")
def spreads_added(d, query_std, key_std):
    return math.sqrt(d) * (query_std + key_std)


@score_std.mistake("forgets the spread of the keys",
                   hint="If the keys are twice as long, do the scores stay as they are?")
def keys_forgotten(d, query_std, key_std):
    return math.sqrt(d) * query_std


@score_std.mistake("assumes a spread of 1 on both sides", hint="Where do `query_std` and `key_std` enter your code?")
def unit_spread(d, query_std, key_std):
    return math.sqrt(d)


@score_std.mistake("takes the root of the standard deviations as well",
                   hint="Which numbers are under your root: variances or standard deviations?")
def root_of_spreads(d, query_std, key_std):
    return math.sqrt(d * query_std * key_std)


@score_std.mistake("does not depend on d", hint="A sum of 512 products and a sum of one: which varies more?")
def without_d(d, query_std, key_std):
    return query_std * key_std


@score_std.mistake("divides by the root of d", hint="Does a sum of more terms spread less?")
def divided_by_root(d, query_std, key_std):
    return query_std * key_std / math.sqrt(d)


@score_std.mistake("adds the variances of queries and keys",
                   hint="Is a score made of sums of their numbers, or of products? What is the variance of a product?")
def variances_added(d, query_std, key_std):
    return math.sqrt(d * (query_std**2 + key_std**2))


@score_std.mistake("rounds the root of d down to a whole number",
                   hint="What is the root of 2, and what does your code use instead?")
def root_cut(d, query_std, key_std):
    return math.isqrt(d) * query_std * key_std


@score_std.alternative("the root of the summed variances")
def root_of_variance(d, query_std, key_std):
    return np.sqrt(d * query_std**2 * key_std**2)


@score_std.alternative("a loop over the products")
def loop_of_variances(d, query_std, key_std):
    total = 0.0
    for _ in range(d):
        total += (query_std * key_std) ** 2
    return total**0.5
