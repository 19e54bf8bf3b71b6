from collections import Counter
from itertools import pairwise, product

from selfattention.engine import exercise, probes
from selfattention.problems.p10_training_a_translator.shared import letters


@exercise(points=2, minutes=10, builds_on="lesson 10, pieces of words", hints=(
    "Which pairs of neighbours are in one word? How much does each place add to its pair's count?",
    "Which pair does `max` give when two are equally frequent? What could its `key` say?",
))
def most_frequent_pair(words: list[list[str]], counts: list[int]) -> tuple[str, str] | None:
    """Find the pair of neighbouring symbols that byte-pair encoding merges next: the most frequent one.

    Word i is a list of symbols, and it occurs `counts[i]` times in the corpus. A pair is counted at each place where it
    occurs inside a word (twice in "a", "a", "a"). Return it as a tuple (left symbol, right symbol). Of equally frequent
    pairs, take the alphabetically first: compare the left symbols, and where these are the same, the right ones. If no
    word has two symbols, return None (Sennrich et al. 2016, algorithm 1).

    The paper differs: it puts a sign at the end of each word, and leaves open which of equally frequent pairs is taken.
    """
    pairs = Counter()
    for word, count in zip(words, counts):
        for pair in pairwise(word):
            pairs[pair] += count
    return min(pairs, key=lambda pair: (-pairs[pair], pair), default=None)


most_frequent_pair.example([list("low"), list("lower"), list("newest"), list("widest")], [5, 2, 6, 3])
most_frequent_pair.example([["a", "b"], ["a", "b"], ["c", "d"]], [1, 1, 5])
most_frequent_pair.example([["a"], ["b"], ["c", "d"]], [3, 3, 1])


def most_frequent(answer, words, counts):
    """Held against the slow way: try every pair that could be, in alphabetical order."""
    best, most = None, 0
    for pair in product(sorted({symbol for word in words for symbol in word}), repeat=2):
        often = sum(count * sum(word[i:i + 2] == [*pair] for i in range(len(word)))
                    for word, count in zip(words, counts))
        if often > most:
            best, most = pair, often
    probes.equal(answer(words, counts), best, "another pair is the most frequent")


@most_frequent_pair.check("counts a pair at each place, as often as its words occur",
                          hint="A word occurs 11 times in the corpus. How many times does each of its pairs occur?")
def counts_places(answer, rng):
    a, b, c, d, e, f, g = letters(rng, 7)
    most_frequent(answer, [[d, e, f], [g, d, e], [d, e, c], [a, b]], [4, 4, 4, 11])
    most_frequent(answer, [[d, e, f], [g, d, e], [d, e, c], [a, b], [c, a, b]], [2, 3, 2, 7, 5])
    most_frequent(answer, [[f, g, c], [a, b, c, a, b], [d, e]], [3, 7, 11])
    most_frequent(answer, [[a, c, b], [a, d, b], [a, c, e, b], [a, f, b]], [3, 2, 3, 2])
    most_frequent(answer, [[b, c], [a, a, a]], [7, 5])
    most_frequent(answer, [[a, b], [c, d], [a, b]], [3, 4, 2])  # a word that is listed twice


@most_frequent_pair.check("takes the alphabetically first of equally frequent pairs",
                          hint="Which pairs are equally frequent? Which of them would come first in a dictionary?")
def alphabetically_first(answer, rng):
    for count in (1, 3):
        a, b, c, d, e, f, g = sorted(letters(rng, 7))
        most_frequent(answer, [[c, f], [b, g], [e, a], [g, d]], [count] * 4)
        most_frequent(answer, [[b, e], [b, g], [b, c], [d, a]], [count, count, count, 1])
        most_frequent(answer, [[a + b, c], [a, d], [e, f, g]], [count] * 3)


@most_frequent_pair.check("finds no pair in a word of one symbol",
                          hint="How many pairs are in a word of one symbol? What if all words are like that?")
def no_pair(answer, rng):
    a, b, c, d, e, f = letters(rng, 6)
    most_frequent(answer, [[a], [b + c]], [3, 5])
    most_frequent(answer, [[a], [b, c], [d, e, f]], [11, 7, 2])


def pairs_in(words, counts, places=pairwise):
    """How often each pair occurs; `places(word)` gives the pairs of one word."""
    pairs = Counter()
    for word, count in zip(words, counts):
        for pair in places(word):
            pairs[pair] += count
    return pairs


def first_best(pairs):
    return min(pairs, key=lambda pair: (-pairs[pair], pair), default=None)


@most_frequent_pair.mistake("counts each word once, however often it occurs",
                            hint="Where does `counts` appear in your code?")
def counts_ignored(words, counts):
    return first_best(pairs_in(words, [1] * len(words)))


@most_frequent_pair.mistake("counts a pair once per word, however often it occurs in it",
                            hint="How often does the pair a, b occur in the word a, b, c, a, b?")
def once_per_word(words, counts):
    return first_best(pairs_in(words, counts, lambda word: set(pairwise(word))))


@most_frequent_pair.mistake("counts pairs across the end of a word",
                            hint="Is the last symbol of a word a neighbour of the next word's first?")
def across_words(words, counts):
    text = [symbol for word, count in zip(words, counts) for _ in range(count) for symbol in word]
    return first_best(Counter(pairwise(text)))


@most_frequent_pair.mistake("takes the last symbol of a word for a pair",
                            hint="What is `word[i:i + 2]` when i is the last place of the word?")
def last_symbol_alone(words, counts):
    return first_best(pairs_in(words, counts, lambda word: [tuple(word[i:i + 2]) for i in range(len(word))]))


@most_frequent_pair.mistake("takes the pair it met first of equally frequent ones",
                            hint="If two pairs are equally frequent, what decides in your code: the alphabet?")
def first_met(words, counts):
    pairs = pairs_in(words, counts)
    return max(pairs, key=pairs.get, default=None)


@most_frequent_pair.mistake("takes the alphabetically last of equally frequent pairs",
                            hint="`max` looks for the most frequent pair. What does it look for among equals?")
def alphabetically_last(words, counts):
    pairs = pairs_in(words, counts)
    return max(pairs, key=lambda pair: (pairs[pair], pair), default=None)


@most_frequent_pair.mistake("orders equally frequent pairs by their joined text",
                            hint="Which comes first: \"a\", \"d\" or \"ab\", \"c\"? Which symbols are compared first?")
def joined_order(words, counts):
    pairs = pairs_in(words, counts)
    return min(pairs, key=lambda pair: (-pairs[pair], "".join(pair)), default=None)


@most_frequent_pair.mistake("returns the pair together with its count",
                            hint="What is in the list that `most_common` gives? And what should be returned?")
def with_count(words, counts):
    pairs = pairs_in(words, counts)
    return sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[0]


@most_frequent_pair.mistake("expects that there is always a pair",
                            hint="What does `max` do with nothing to choose from? When does that happen?")
def always_a_pair(words, counts):
    pairs = pairs_in(words, counts)
    return max(sorted(pairs), key=pairs.get)


@most_frequent_pair.mistake("overwrites the count of a pair it has met before",
                            hint="If a pair is in two words, which of the two counts is left in your table?")
def count_overwritten(words, counts):
    pairs = Counter()
    for word, count in zip(words, counts):
        for pair in pairwise(word):
            pairs[pair] = count
    return first_best(pairs)


@most_frequent_pair.alternative("the highest count first, then the first of its pairs")
def highest_count(words, counts):
    pairs = {}
    for word, count in zip(words, counts):
        for i in range(len(word) - 1):
            pairs[word[i], word[i + 1]] = pairs.get((word[i], word[i + 1]), 0) + count
    return sorted(pair for pair, often in pairs.items() if often == max(pairs.values()))[0] if pairs else None
