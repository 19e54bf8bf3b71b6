import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from selfattention.engine import exercise, probes
from selfattention.problems.p10_training_a_translator.shared import crossed_off, translations


@exercise(points=3, minutes=12, builds_on="exercise 8", ready_made=("sacrebleu.corpus_bleu", "bleu"), hints=(
    "Make four sums of matches and four sums of totals. What do you sum over, and what do you keep apart?",
    "Then three lines: four precisions, their geometric mean, the penalty. When might you take the logarithm of 0?",
))
def bleu(candidates: list[list[str]], references: list[list[str]],
         clipped_matches: Callable[[list[str], list[str], int], tuple[int, int]]) -> float:
    r"""Mark the translations of a whole corpus with one number from 0 to 1.

    `references[i]` belongs to `candidates[i]`; both are lists of words. `clipped_matches(candidate, reference, n)` is
    given and counts for one sentence, as in exercise 8. $\mathrm{BLEU} = BP \cdot (p_1 p_2 p_3 p_4)^{1/4}$ (Papineni et
    al. 2002, §2.3). $p_n$ is the number of matches in all sentences, divided by the number of n-grams of all
    candidates. $BP = e^{1 - r/c}$ if all candidates together have fewer words, $c$, than all references, $r$; otherwise
    it is 1. If nothing matches for some n from 1 to 4, BLEU is 0. A candidate may be empty.

    The paper differs: it allows several references for a sentence.
    """
    logarithms = []
    for n in range(1, 5):
        counted = [clipped_matches(candidate, reference, n) for candidate, reference in zip(candidates, references)]
        matches, total = map(sum, zip(*counted))
        if matches == 0:
            return 0.0
        logarithms.append(math.log(matches / total))
    c, r = sum(map(len, candidates)), sum(map(len, references))
    return math.exp(sum(logarithms) / 4 + min(0.0, 1 - r / c))


bleu.example([["a", "dog", "runs", "on", "the", "grass"], ["a", "dog"]],
             [["a", "dog", "runs", "on", "the", "wet", "grass"], ["the", "dog"]], crossed_off)


def rated(answer, *corpora):
    """Held against exact fractions and the formula as it stands."""
    replies = [answer(*corpus, crossed_off) for corpus in corpora]
    for score, (candidates, references) in zip(replies, corpora):
        precisions = Fraction(1)
        for n in range(1, 5):
            counted = [crossed_off(*sentence, n) for sentence in zip(candidates, references)]
            precisions *= Fraction(sum(found for found, _ in counted), sum(there for _, there in counted) or 1)
        ours, theirs = sum(map(len, candidates)), sum(map(len, references))
        penalty = math.e ** (1 - theirs / ours) if 0 < ours < theirs else 1.0
        probes.equal(score, float(precisions) ** 0.25 * penalty, "the score differs")


@bleu.check("counts over the whole corpus, then takes the geometric mean",
            hint="In the example, add up for each n: what matches, and what is there? When do you divide?")
def over_the_corpus(answer, rng):
    rated(answer, translations(rng, (5, 2, 2), (7, 6, 6), (11, 1, 1)), translations(rng, (6, 5, 2), (5, 1, 4)),
          translations(rng, (0, 3, 5), (11, 2, 0), (2, 1, 1)))


@bleu.check("punishes a corpus that is too short, but not one that is too long",
            hint="Compare all words of the candidates with all words of the references. Which are fewer?")
def brevity(answer, rng):
    rated(answer, translations(rng, (5, 1, 7), (7, 3, 2)), translations(rng, (7, 5, 2), (5, 3, 4)),
          translations(rng, (6, 0, 5)), translations(rng, (6, 5, 0)))


@bleu.check("is 1 for the references themselves, and 0 if nothing matches for some n",
            hint="How many 4-grams does a sentence of three words have? And what is the logarithm of 0?")
def ends_of_the_range(answer, rng):
    _, references = translations(rng, (7, 2, 3), (2, 1, 3))
    probes.equal(answer(references, references, crossed_off), 1.0, "the references themselves should get 1")
    for candidate in (["the", "dog", "runs", "a"], ["a", "dog", "runs"], ["now"], ["a"], []):
        probes.equal(answer([candidate], [["a", "dog", "runs", "on"]], crossed_off), 0.0,
                     "nothing matches for some n, but the score is not 0")
    rated(answer, ([[], *references], [["a"], *references]))


def summed(candidates, references, count, lengths=(1, 2, 3, 4)):
    """For each n, the matches and the n-grams of the whole corpus."""
    return [tuple(map(sum, zip(*(count(*sentence, n) for sentence in zip(candidates, references))))) for n in lengths]


def geometric(shares):
    return math.prod(found / max(there, 1) for found, there in shares) ** (1 / len(shares))


def penalty(candidates, references):
    ours, theirs = sum(map(len, candidates)), sum(map(len, references))
    return math.exp(min(0.0, 1 - theirs / max(ours, 1)))


@bleu.mistake("joins all sentences into one text",
              hint="Are the last word of a sentence and the first of the next one a 2-gram?")
def one_text(candidates, references, count):
    ours, theirs = ([word for words in side for word in words] for side in (candidates, references))
    return geometric(summed([ours], [theirs], count)) * penalty(candidates, references)


@bleu.mistake("averages the scores of the sentences",
              hint="What is the score of a sentence of two words, and what does it do to your average?")
def mean_of_scores(candidates, references, count):
    return sum(geometric(summed([one], [other], count)) * penalty([one], [other])
               for one, other in zip(candidates, references)) / len(candidates)


@bleu.mistake("averages the precisions of the sentences",
              hint="Does a sentence of 2 words weigh as much as one of 20 in your precision?")
def mean_of_precisions(candidates, references, count):
    rows = [[found / max(there, 1) for found, there in summed([one], [other], count)]
            for one, other in zip(candidates, references)]
    return math.prod(sum(column) / len(rows) for column in zip(*rows)) ** 0.25 * penalty(candidates, references)


@bleu.mistake("takes the arithmetic mean of the precisions",
              hint="If one of the four precisions is 0, what is your mean, and what does the formula give?")
def arithmetic(candidates, references, count):
    shares = summed(candidates, references, count)
    return sum(found / max(there, 1) for found, there in shares) / 4 * penalty(candidates, references)


@bleu.mistake("multiplies the precisions without taking the fourth root",
              hint="If all four precisions are 1/2, what is their geometric mean?")
def no_root(candidates, references, count):
    return geometric(summed(candidates, references, count)) ** 4 * penalty(candidates, references)


@bleu.mistake("has no brevity penalty",
              hint="A candidate repeats only the four words it is sure of. What stops it from getting 1?")
def no_penalty(candidates, references, count):
    return geometric(summed(candidates, references, count))


@bleu.mistake("rewards candidates that are too long",
              hint="What is e^(1 − r/c) when c is larger than r? What does the prompt ask for then?")
def long_rewarded(candidates, references, count):
    ours, theirs = sum(map(len, candidates)), sum(map(len, references))
    return geometric(summed(candidates, references, count)) * math.exp(1 - theirs / max(ours, 1))


@bleu.mistake("exchanges r and c in the penalty", hint="Which of r and c are the candidates' words?")
def exchanged(candidates, references, count):
    return geometric(summed(candidates, references, count)) * penalty(references, candidates)


@bleu.mistake("passes the reference as the candidate",
              hint="In which order does `clipped_matches` take the two? Whose n-grams do you divide by?")
def handed_over_wrongly(candidates, references, count):
    return geometric(summed(references, candidates, count)) * penalty(candidates, references)


@bleu.mistake("counts n from 0", hint="Which n does your loop see? What does `range` begin with?")
def from_zero(candidates, references, count):
    return geometric(summed(candidates, references, count, range(4))) * penalty(candidates, references)


@bleu.mistake("stops at n = 3", hint="Which n does your loop see? What does `range` leave out?")
def up_to_three(candidates, references, count):
    return geometric(summed(candidates, references, count, range(1, 4))) * penalty(candidates, references)


@bleu.mistake("returns a percentage", hint="What is the highest score that the prompt allows?")
def percent(candidates, references, count):
    return 100 * geometric(summed(candidates, references, count)) * penalty(candidates, references)


@bleu.mistake("leaves out the precisions that are 0",
              hint="What should the score be where no 4-gram is found?")
def zeros_left_out(candidates, references, count):
    shares = [share for share in summed(candidates, references, count) if share[0]]
    return geometric(shares) * penalty(candidates, references) if shares else 0.0


@bleu.mistake("divides by zero when candidates are short",
              hint="How many 4-grams are in a sentence of three words? What do you divide by?")
def zero_division(candidates, references, count):
    precisions = [found / there for found, there in summed(candidates, references, count)]
    return math.prod(precisions) ** 0.25 * penalty(candidates, references)


@bleu.mistake("takes the logarithm of 0", hint="Which precision can be 0? What is its logarithm?")
def logarithm_of_zero(candidates, references, count):
    logarithms = [math.log(found / max(there, 1)) for found, there in summed(candidates, references, count)]
    return math.exp(sum(logarithms) / 4) * penalty(candidates, references)


@bleu.mistake("multiplies by c / r itself", hint="What does the formula do with 1 − r / c before it multiplies?")
def ratio_itself(candidates, references, count):
    ours, theirs = sum(map(len, candidates)), sum(map(len, references))
    return geometric(summed(candidates, references, count)) * min(1.0, ours / theirs)


@bleu.alternative("a table in NumPy")
def in_a_table(candidates, references, count):
    table = np.array([[count(*sentence, n) for n in range(1, 5)] for sentence in zip(candidates, references)])
    found, there = table.sum(axis=0).T
    if (found == 0).any():
        return 0
    precisions = found / there
    return np.prod(precisions) ** 0.25 * penalty(candidates, references)
