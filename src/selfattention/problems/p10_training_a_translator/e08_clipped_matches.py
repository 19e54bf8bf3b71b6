from collections import Counter

from selfattention.engine import exercise, probes
from selfattention.problems.p10_training_a_translator.shared import WORDS, crossed_off, some_words, translations


@exercise(points=2, minutes=10, builds_on="lesson 10, how translations are marked", hints=(
    "List the candidate's n-grams first. At how many places of a sentence of seven words can a 3-gram begin?",
    "If a candidate has an n-gram three times and its reference twice, how many of the three find a partner?",
    "A `Counter` says how often each n-gram occurs. What does `&` do with two of them?",
))
def clipped_matches(candidate: list[str], reference: list[str], n: int) -> tuple[int, int]:
    """Count how many n-grams of a candidate translation are found in its reference, and how many it has in all.

    An n-gram is `n` words in a row; one begins at every place where `n` words are left, so a sentence of fewer than `n`
    words has none; a sentence may be empty. Return two whole numbers: how many n-grams of the candidate are found in
    the reference, where equal n-grams count at most as often as the reference has them; and how many n-grams the
    candidate has (Papineni et al. 2002, §2.1).

    The paper differs: it allows several references for a sentence.
    """
    ours, theirs = (Counter(tuple(words[i:i + n]) for i in range(len(words) - n + 1))
                    for words in (candidate, reference))
    return (ours & theirs).total(), ours.total()


clipped_matches.example(["a", "dog", "runs", "on", "the", "the", "the"],
                        ["a", "dog", "runs", "on", "the", "wet", "grass", "now"], 1)
clipped_matches.example(["a", "dog"], ["the", "dog", "runs"], 3)
clipped_matches.example(["a", "dog", "runs"], ["dog", "runs", "on"], 2)


def matched(answer, *cases):
    replies = [answer(*case) for case in cases]
    for got, case in zip(replies, cases):
        for what, one, other in zip(("n-grams found", "n-grams there"), got, crossed_off(*case)):
            probes.equal(one, other, f"the number of {what} differs")


@clipped_matches.check("counts an n-gram at most as often as the reference has it",
                       hint="The example's candidate has \"the\" three times. How many of them find a partner?")
def clips(answer, rng):
    word, *others = (WORDS[i] for i in rng.permutation(len(WORDS)))
    few, many = [word] * int(rng.integers(3, 6)), [word] * int(rng.integers(6, 11))
    matched(answer, ([*others, *few], [*others, word, others[0]], 1), (many, [word, *others, word], 1),
            (many, [*others, *few], 2), ([word, *others, word], few, 1))


@clipped_matches.check("counts the n-grams of n words, at every place",
                       hint="Write down all 2-grams of the example's candidate. How many are there?")
def at_every_place(answer, rng):
    for n in (1, 2, 3, 5):
        (one, two), (first, second) = translations(rng, (7, 4, 6), (5, 8, 2))
        matched(answer, (one, first, n), (two, second, n), (one, [*second, *one], n), (first, first, n))
    a, b, c = (WORDS[i] for i in rng.permutation(len(WORDS))[:3])
    matched(answer, ([a, b], [b, a], 2), ([a, b + c], [a + b, c], 2), ([c, a, b], [c, b, a, c], 3))


@clipped_matches.check("accepts sentences of fewer than n words",
                       hint="How many 4-grams does a sentence of three words have? And one of two?")
def short_sentences(answer, rng):
    for n in (2, 3, 5):
        short, words = some_words(rng, n - 1), some_words(rng, int(rng.choice((7, 11, 13))))
        matched(answer, (short, short, n), (short, words, n), (words, short, n), (["a"], words, n), ([], words, n))


def n_grams(words, n):
    return [tuple(words[i:i + n]) for i in range(len(words) - n + 1)]


def clipped(ours, theirs):
    """Matches and total of two lists of n-grams."""
    return (Counter(ours) & Counter(theirs)).total(), len(ours)


@clipped_matches.mistake("does not clip the counts",
                         hint="A candidate says only \"the the the the\". How many words match in your code?")
def not_clipped(candidate, reference, n):
    return sum(gram in n_grams(reference, n) for gram in n_grams(candidate, n)), len(n_grams(candidate, n))


@clipped_matches.mistake("counts each different n-gram once",
                         hint="A set forgets how often. How often do you count an n-gram that both have twice?")
def different_ones(candidate, reference, n):
    return clipped([*set(n_grams(candidate, n))], [*set(n_grams(reference, n))])


@clipped_matches.mistake("returns how many n-grams the reference has",
                         hint="Whose n-grams does the second number count?")
def total_of_reference(candidate, reference, n):
    return clipped(n_grams(candidate, n), n_grams(reference, n))[0], len(n_grams(reference, n))


@clipped_matches.mistake("leaves out the last n-gram of each sentence",
                         hint="How many 2-grams are in a sentence of three words? How many does your `range` see?")
def last_left_out(candidate, reference, n):
    return clipped(n_grams(candidate[:-1], n), n_grams(reference[:-1], n))


@clipped_matches.mistake("returns the number of words as the number of n-grams",
                         hint="How many 4-grams are in a sentence of seven words?")
def words_counted(candidate, reference, n):
    return clipped(n_grams(candidate, n), n_grams(reference, n))[0], len(candidate)


@clipped_matches.mistake("lets the number of n-grams fall below 0",
                         hint="What does your formula give for a sentence of no words?")
def below_zero(candidate, reference, n):
    return clipped(n_grams(candidate, n), n_grams(reference, n))[0], len(candidate) - n + 1


@clipped_matches.mistake("cuts the sentences into pieces that do not overlap",
                         hint="Which 2-grams are in \"a dog runs\"? Is \"dog runs\" among yours?")
def in_blocks(candidate, reference, n):
    return clipped(n_grams(candidate, n)[::n], n_grams(reference, n)[::n])


@clipped_matches.mistake("compares only n-grams at the same place",
                         hint="If the reference begins with one more word, how many matches are left in your code?")
def same_place(candidate, reference, n):
    ours, theirs = n_grams(candidate, n), n_grams(reference, n)
    return sum(one == other for one, other in zip(ours, theirs)), len(ours)


@clipped_matches.mistake("joins the words of an n-gram without a space",
                         hint="Are \"a\", \"bc\" and \"ab\", \"c\" the same 2-gram?")
def joined(candidate, reference, n):
    return clipped(*(["".join(gram) for gram in n_grams(words, n)] for words in (candidate, reference)))


@clipped_matches.mistake("loses the order of the words in an n-gram",
                         hint="Is \"dog bites\" the same 2-gram as \"bites dog\"?")
def order_lost(candidate, reference, n):
    return clipped(*([tuple(sorted(gram)) for gram in n_grams(words, n)] for words in (candidate, reference)))


@clipped_matches.mistake("counts shorter pieces at the end of a sentence, too",
                         hint="How many words does the last n-gram you count have?")
def shorter_ones(candidate, reference, n):
    return clipped(*([tuple(words[i:i + n]) for i in range(len(words))] for words in (candidate, reference)))


@clipped_matches.alternative("the smaller count of each n-gram")
def smaller_counts(candidate, reference, n):
    ours, theirs = (list(zip(*(words[i:] for i in range(n)))) for words in (candidate, reference))
    return sum(min(ours.count(gram), theirs.count(gram)) for gram in set(ours)), len(ours)
