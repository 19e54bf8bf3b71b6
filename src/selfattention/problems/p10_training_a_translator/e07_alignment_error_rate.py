from fractions import Fraction
from itertools import product

from selfattention.engine import exercise, probes


@exercise(points=3, minutes=10, builds_on="exercise 6", hints=(
    "Which links are in both lists? Python's sets answer that with a single operator.",
    "First count over the whole corpus: guessed links, gold links, links in both. When do you divide?",
))
def alignment_error_rate(guessed: list[list[tuple[int, int]]], gold: list[list[tuple[int, int]]]) -> float:
    r"""Mark guessed links against the right ones: 0 if all are right, 1 if none is.

    $1 - 2\,|A \cap G| / (|A| + |G|)$, where $A$ are all links guessed in the corpus and $G$ all gold links (Och and Ney
    2003; here all gold links are sure). `guessed[i]` and `gold[i]` hold the pairs (source word, target word) of
    sentence i, in any order; a pair that is listed twice is one link, and a list may be empty, though not all of
    them. Count over the whole corpus, then divide once.
    """
    right = sum(len(set(one) & set(other)) for one, other in zip(guessed, gold))
    links = sum(len(set(one)) + len(set(other)) for one, other in zip(guessed, gold))
    return 1 - 2 * right / links


alignment_error_rate.example([[(0, 0), (2, 1)], [(0, 0), (1, 1), (1, 2)]],
                             [[(0, 0), (1, 1), (2, 1)], [(0, 0), (2, 1), (1, 3), (2, 3)]])
alignment_error_rate.example([[(0, 0), (0, 0)], [(1, 1)]], [[(0, 0)], [(1, 2), (0, 1)]])


def some_links(rng, both, guessed_only, gold_only):
    """Links of a sentence, guessed and gold, in a random order."""
    places = [(source, target) for source in range(5) for target in range(7)]
    drawn = [places[i] for i in rng.permutation(len(places))[:both + guessed_only + gold_only]]
    guessed, gold = drawn[:both + guessed_only], drawn[:both] + drawn[both + guessed_only:]
    return [guessed[i] for i in rng.permutation(len(guessed))], [gold[i] for i in rng.permutation(len(gold))]


def corpus_of_links(rng, *sentences):
    guessed, gold = zip(*(some_links(rng, *numbers) for numbers in sentences))
    return list(guessed), list(gold)


def marked(answer, *corpora):
    """Held against a count, one link after the other, in fractions."""
    rates = [answer(*corpus) for corpus in corpora]
    for rate, (guessed, gold) in zip(rates, corpora):
        right = links = 0
        for one, other in zip(guessed, gold):
            for source, target in product(range(9), repeat=2):
                inside = one.count((source, target)) > 0, other.count((source, target)) > 0
                links += sum(inside)
                right += all(inside)
        probes.equal(rate, float(1 - Fraction(2 * right, links)), "the error rate differs")


@alignment_error_rate.check("counts over the whole corpus, then divides once",
                            hint="In the example, how many links are guessed, how many gold, how many both?")
def whole_corpus(answer, rng):
    one, two, three = rng.integers(2, 13, size=3).tolist()
    marked(answer, corpus_of_links(rng, (one, 3, 1), (7, 2, 5), (1, 1, 11)), corpus_of_links(rng, (two, 7, 2)),
           corpus_of_links(rng, (three, 0, 3), (2, 3, 0)))


@alignment_error_rate.check("is 0 if all links are right and 1 if none is",
                            hint="Guess exactly the gold links, in another order. What must come out?")
def ends_of_the_scale(answer, rng):
    probes.equal(answer(*corpus_of_links(rng, (5, 0, 0), (7, 0, 0))), 0.0, "all links are right, but the rate is not 0")
    probes.equal(answer(*corpus_of_links(rng, (0, 3, 5), (0, 2, 7))), 1.0, "no link is right, but the rate is not 1")
    probes.equal(answer([[(0, 0)]], [[(0, 1)]]), 1.0, "no link is right, but the rate is not 1")


@alignment_error_rate.check("counts a link once, and each sentence's links separately",
                            hint="Is link (0, 0) of sentence 0 the same as (0, 0) of sentence 1? And one listed twice?")
def counted_once(answer, rng):
    (one, two), (first, second) = corpus_of_links(rng, (3, 2, 5), (2, 5, 1))
    marked(answer, ([one + one[1:4], two], [first, [*second, second[0]]]), ([one, two, one], [first, second, second]),
           ([one, []], [[], first]), ([one + one[:3]], [first + one[:2]]))
    for other in ((11, 1), (2, 2)):  # not the same link as (1, 11), nor as (1, 12), however they are written down
        probes.equal(answer([[(1, 10 + other[1]), (2, 3)]], [[other, (2, 3)]]), 0.5, "two links are taken for one")


@alignment_error_rate.check("accepts sentences without links",
                            hint="What does your code divide by in a sentence without links?")
def without_links(answer, rng):
    (one, two), (first, second) = corpus_of_links(rng, (int(rng.integers(2, 13)), 2, 7), (5, 1, 2))
    marked(answer, ([[], two], [[], second]), ([one, [], two], [first, second, []]))


def totals(guessed, gold):
    return (sum(len(set(one) & set(other)) for one, other in zip(guessed, gold)),
            sum(len(set(one)) for one in guessed), sum(len(set(other)) for other in gold))


@alignment_error_rate.mistake("averages the sentences' error rates",
                              hint="Does a sentence of 2 links weigh as much as one of 20 in your code?")
def mean_of_sentences(guessed, gold):
    rates = []
    for one, other in zip(guessed, gold):
        right, ours, theirs = totals([one], [other])
        rates.append(1 - 2 * right / (ours + theirs))
    return sum(rates) / len(rates)


@alignment_error_rate.mistake("averages the error rates of the sentences that have links",
                              hint="Does a sentence of 2 links weigh as much as one of 20 in your code?")
def mean_where_linked(guessed, gold):
    counted = [totals([one], [other]) for one, other in zip(guessed, gold) if one or other]
    return sum(1 - 2 * right / (ours + theirs) for right, ours, theirs in counted) / len(counted)


@alignment_error_rate.mistake("looks only at how many guessed links are right",
                              hint="If someone guesses a single link, and it is right, is that a perfect alignment?")
def precision_only(guessed, gold):
    right, ours, _ = totals(guessed, gold)
    return 1 - right / ours


@alignment_error_rate.mistake("looks only at how many gold links were found",
                              hint="If someone links every word with every word, is that a perfect alignment?")
def recall_only(guessed, gold):
    right, _, theirs = totals(guessed, gold)
    return 1 - right / theirs


@alignment_error_rate.mistake("averages precision and recall",
                              hint="Someone guesses one of 100 gold links, and no other. Is your rate near 1 or 1/2?")
def mean_of_both(guessed, gold):
    right, ours, theirs = totals(guessed, gold)
    return 1 - (right / ours + right / theirs) / 2


@alignment_error_rate.mistake("divides by the links that are in either list",
                              hint="A link is in both lists. How often does |A| + |G| count it, and how often |A ∪ G|?")
def jaccard(guessed, gold):
    right, ours, theirs = totals(guessed, gold)
    return 1 - right / (ours + theirs - right)


@alignment_error_rate.mistake("forgets the factor 2", hint="What does your code give when all links are right?")
def no_factor(guessed, gold):
    right, ours, theirs = totals(guessed, gold)
    return 1 - right / (ours + theirs)


@alignment_error_rate.mistake("returns the agreement instead of the error",
                              hint="If all links are right, how large should an error rate be?")
def agreement(guessed, gold):
    right, ours, theirs = totals(guessed, gold)
    return 2 * right / (ours + theirs)


@alignment_error_rate.mistake("returns a percentage", hint="What should come out if no link is right?")
def in_percent(guessed, gold):
    right, ours, theirs = totals(guessed, gold)
    return 100 * (1 - 2 * right / (ours + theirs))


@alignment_error_rate.mistake("reads the guessed pairs the other way round",
                              hint="Which side comes first in a guessed pair? And in a gold pair?")
def other_way_round(guessed, gold):
    right, ours, theirs = totals([[(target, source) for source, target in one] for one in guessed], gold)
    return 1 - 2 * right / (ours + theirs)


@alignment_error_rate.mistake("compares links one by one in the order of the lists",
                              hint="The same links in another order: are they the same alignment?")
def in_order(guessed, gold):
    right = sum(link == other for one, two in zip(guessed, gold) for link, other in zip(one, two))
    return 1 - 2 * right / sum(len(set(one)) + len(set(other)) for one, other in zip(guessed, gold))


@alignment_error_rate.mistake("counts a link as often as it is listed",
                              hint="If a link is listed twice, how many links is that? And in your code?")
def counted_twice(guessed, gold):
    right = sum(link in other for one, other in zip(guessed, gold) for link in one)
    return 1 - 2 * right / sum(len(one) + len(other) for one, other in zip(guessed, gold))


@alignment_error_rate.mistake("counts a repeated link twice, but only in the number it divides by",
                              hint="Where do you take `len` of a list, and where of a set?")
def listed_below(guessed, gold):
    right, _, _ = totals(guessed, gold)
    return 1 - 2 * right / sum(len(one) + len(other) for one, other in zip(guessed, gold))


@alignment_error_rate.mistake("puts the links of all sentences into one set",
                              hint="Word 0 is linked with word 0 in two sentences. How many links is that?")
def one_set(guessed, gold):
    ours, theirs = ({link for one in side for link in one} for side in (guessed, gold))
    return 1 - 2 * len(ours & theirs) / (len(ours) + len(theirs))


@alignment_error_rate.mistake("uses whole-number division",
                              hint="Which numbers between 0 and 1 can `//` give?")
def whole_numbers(guessed, gold):
    right, ours, theirs = totals(guessed, gold)
    return 1.0 - 2 * right // (ours + theirs)


@alignment_error_rate.alternative("links marked with their sentence")
def with_sentence(guessed, gold):
    ours, theirs = ({(number, *link) for number, one in enumerate(side) for link in one} for side in (guessed, gold))
    return 1 - 2 * len(ours & theirs) / (len(ours) + len(theirs))


@alignment_error_rate.alternative("one minus the harmonic mean of precision and recall")
def harmonic(guessed, gold):
    right, ours, theirs = totals(guessed, gold)
    if right == 0:
        return 1
    precision, recall = right / ours, right / theirs
    return 1 - 2 * precision * recall / (precision + recall)
