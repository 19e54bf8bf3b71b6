r"""# Exercises 10: training a translator

What stands around a model that translates: batches, pieces of words, a search, and two ways to mark the result. Read
lesson [10](../notebooks/10_training_a_translator.ipynb) first.
"""

import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import groupby, pairwise, product

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes


@exercise(points=2, hints=(
    "You need no lengths in the result, only indices. In which order must the indices stand before you cut?",
    "`sorted` takes a `key`. What is the key of index i? And does `sorted` change the order of equals?",
    "`range` takes a step. At which places of the sorted order does a batch begin?",
))
def length_batches(lengths: list[int], size: int) -> list[list[int]]:
    """Group sentences of similar length, so that little padding is needed.

    `lengths[i]` is the length of sentence i. Order the sentences from the shortest to the longest; equally long ones
    keep the order in which they stand. Cut this order into batches of `size` sentences; the last one may be smaller.
    Return for each batch the list of its sentences' indices, counted from 0.
    """
    order = sorted(range(len(lengths)), key=lambda sentence: lengths[sentence])
    return [order[start:start + size] for start in range(0, len(order), size)]


length_batches.example([5, 2, 9, 2, 4], 2)


def some_lengths(rng, sentences):
    """Lengths in which some are equal, as in every corpus."""
    return rng.integers(3, 4 + sentences // 2, size=sentences).tolist()


def padding(lengths, batches):
    """Places that are filled up when each batch is as wide as its longest sentence."""
    return sum(max(lengths[i] for i in batch) - lengths[j] for batch in batches for j in batch)


@length_batches.check("puts every sentence into exactly one batch",
                      hint="Write all indices of your batches in a row. Which is missing, which stands there twice?")
def every_sentence_once(answer, rng):
    for sentences, size in ((11, 3), (12, 4), (1, 5), (5, 1), (7, 7)):
        batches = answer(some_lengths(rng, sentences), size)
        probes.equal(sorted(int(i) for batch in batches for i in batch), list(range(sentences)),
                     "not every sentence is there exactly once")
        probes.equal([len(batch) for batch in batches][:-1], [size] * (len(batches) - 1), "a batch has another size")


@length_batches.check("goes from short to long, and keeps the order of equally long sentences",
                      hint="Which sentence is the shortest in the example? If there are two: which stands first?")
def short_to_long(answer, rng):
    for sentences, size in ((13, 5), (17, 2), (6, 3)):
        lengths = some_lengths(rng, sentences)
        left, expected = list(range(sentences)), [[]]
        while left:
            shortest = min(lengths[i] for i in left)
            first = next(i for i in left if lengths[i] == shortest)
            left.remove(first)
            if len(expected[-1]) == size:
                expected.append([])
            expected[-1].append(first)
        probes.equal(answer(lengths, size), expected, "the batches differ")


@length_batches.check("needs no more padding than sorted sentences do",
                      hint="Write the lengths, not the indices, of your first batch. Are they close together?")
def little_padding(answer, rng):
    for sentences, size in ((11, 3), (23, 7)):
        lengths = rng.integers(1, 40, size=sentences).tolist()
        batches = answer(lengths, size)
        probes.require({int(i) for batch in batches for i in batch} == set(range(sentences)),
                       "the batches do not hold the indices of all sentences")
        ordered = sorted(lengths)
        least = sum(ordered[min(size * (place // size) + size, sentences) - 1] - length
                    for place, length in enumerate(ordered))
        probes.equal(padding(lengths, [[int(i) for i in batch] for batch in batches]), least,
                     "more places are filled up than need be")


def by_length(lengths):
    return sorted(range(len(lengths)), key=lengths.__getitem__)


def cut(order, size):
    return [order[start:start + size] for start in range(0, len(order), size)]


@length_batches.mistake("does not sort", hint="Which lengths stand side by side in your first batch?")
def not_sorted(lengths, size):
    return cut(list(range(len(lengths))), size)


@length_batches.mistake("drops the last batch when it is not full",
                        hint="Eleven sentences in batches of three: how many sentences does your model never see?")
def last_dropped(lengths, size):
    order = by_length(lengths)
    return [order[batch * size:(batch + 1) * size] for batch in range(len(order) // size)]


@length_batches.mistake("adds an empty batch when the last one is full",
                        hint="Twelve sentences in batches of four: how many batches do you make?")
def empty_batch(lengths, size):
    order = by_length(lengths)
    return [order[batch * size:(batch + 1) * size] for batch in range(len(order) // size + 1)]


@length_batches.mistake("gives each sentence's rank instead of the sentence at each rank",
                        hint="`argsort` twice gives ranks. Is your first number the index of the shortest sentence?")
def ranks(lengths, size):
    return cut(np.argsort(np.argsort(lengths, kind="stable")).tolist(), size)


@length_batches.mistake("begins with the longest", hint="Which sentence stands first in your first batch?")
def longest_first(lengths, size):
    return cut(sorted(range(len(lengths)), key=lambda i: -lengths[i]), size)


@length_batches.mistake("turns the sorted order round, and begins with the longest",
                        hint="Which sentence stands first in your first batch? And which first among equals?")
def turned_round(lengths, size):
    return cut(by_length(lengths)[::-1], size)


@length_batches.mistake("does not cut the order into batches", hint="Where does `size` appear in your code?")
def not_cut(lengths, size):
    return by_length(lengths)


@length_batches.mistake("makes the batches equally large",
                        hint="Thirteen sentences in batches of five: how large are yours? Which alone may be smaller?")
def equally_large(lengths, size):
    parts = np.array_split(np.argsort(lengths, kind="stable"), -(-len(lengths) // size))
    return [part.tolist() for part in parts]


@length_batches.mistake("returns arrays inside the list",
                        hint="Of what type is your first batch? What does an array offer to become a list?")
def arrays_inside(lengths, size):
    return np.split(np.argsort(lengths, kind="stable"), range(size, len(lengths), size))


@length_batches.mistake("turns the order of equally long sentences round",
                        hint="Two sentences are equally long. Which of them comes first in your batches?")
def ties_turned(lengths, size):
    return cut(np.argsort(-np.array(lengths), kind="stable")[::-1].tolist(), size)


@length_batches.mistake("returns lengths instead of indices",
                        hint="How does one find a sentence again by what you return?")
def lengths_returned(lengths, size):
    return cut(sorted(lengths), size)


@length_batches.mistake("looks up each length, and finds the first sentence of that length only",
                        hint="What does `.index` find when two sentences are equally long?")
def looked_up(lengths, size):
    return cut([lengths.index(length) for length in sorted(lengths)], size)


@length_batches.mistake("lets neighbouring batches share a sentence",
                        hint="Where does a slice end: at its last index, or one before?")
def one_shared(lengths, size):
    order = by_length(lengths)
    return [order[start:start + size + 1] for start in range(0, len(order), size)]


@length_batches.mistake("deals the sorted sentences out in turn",
                        hint="Which lengths stand in your first batch: the short ones, or some of each?")
def dealt_out(lengths, size):
    order = by_length(lengths)
    batches = -(-len(order) // size)
    return [order[batch::batches] for batch in range(batches)]


@length_batches.mistake("takes `size` as the number of batches",
                        hint="Is `size` how many batches there are, or how many sentences are in one?")
def size_is_number(lengths, size):
    return cut(by_length(lengths), -(-len(lengths) // size))


@length_batches.mistake("cuts first and sorts inside the batches",
                        hint="Can a short sentence at the end of the list get into your first batch?")
def sorted_inside(lengths, size):
    return [sorted(batch, key=lengths.__getitem__) for batch in cut(list(range(len(lengths))), size)]


@length_batches.mistake("fills the last batch up with sentences it has already used",
                        hint="How often is the shortest sentence in your batches?")
def filled_up(lengths, size):
    order = by_length(lengths)
    return cut(order + order[:-len(order) % size], size)


@length_batches.mistake("begins a new batch at each new length",
                        hint="May sentences of 4 and 5 words share a batch? How many batches do you make?")
def one_length_each(lengths, size):
    groups = groupby(by_length(lengths), key=lengths.__getitem__)
    return [batch for _, group in groups for batch in cut(list(group), size)]


@length_batches.alternative("NumPy's stable argsort, split")
def by_argsort(lengths, size):
    order = np.argsort(lengths, kind="stable")
    return [part.tolist() for part in np.split(order, range(size, len(order), size))]


@length_batches.alternative("pairs of length and index, put into batches one by one")
def one_by_one(lengths, size):
    batches = []
    for place, (_, sentence) in enumerate(sorted((length, i) for i, length in enumerate(lengths))):
        if place % size == 0:
            batches.append([])
        batches[-1].append(sentence)
    return batches


@exercise(points=2, hints=(
    "Which pairs of neighbours are in one word? By how much does each place raise its pair's count?",
    "Which pair does `max` give when two are equally frequent? What could its `key` say?",
))
def most_frequent_pair(words: list[list[str]], counts: list[int]) -> tuple[str, str] | None:
    """Find the pair of neighbouring symbols that byte-pair encoding merges next: the most frequent one.

    Word i is a list of symbols, and it occurs `counts[i]` times in the corpus. A pair is counted at each place where it
    stands inside a word (twice in "a", "a", "a"). Return it as a tuple (left symbol, right symbol). Of equally frequent
    pairs take the alphabetically first: compare the left symbols, and where these are the same, the right ones. Where
    no word has two symbols, return None (Sennrich et al. 2016, algorithm 1).

    Differs: the paper puts a sign at the end of each word, and leaves open which of equally frequent pairs is taken.
    """
    pairs = Counter()
    for word, count in zip(words, counts):
        for pair in pairwise(word):
            pairs[pair] += count
    return min(pairs, key=lambda pair: (-pairs[pair], pair), default=None)


most_frequent_pair.example([list("low"), list("lower"), list("newest"), list("widest")], [5, 2, 6, 3])


def letters(rng, number):
    """Different letters, in a random order."""
    return [chr(ord("a") + int(code)) for code in rng.permutation(26)[:number]]


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
    most_frequent(answer, [[d, e, f], [g, d, e], [d, e, c], [a, b], [c, a, b]], [2, 3, 2, 7, 5])
    most_frequent(answer, [[f, g, c], [a, b, c, a, b], [d, e]], [3, 7, 11])
    most_frequent(answer, [[a, c, b], [a, d, b], [a, c, e, b], [a, f, b]], [3, 2, 3, 2])
    most_frequent(answer, [[b, c], [a, a, a]], [7, 5])


@most_frequent_pair.check("takes the alphabetically first of equally frequent pairs",
                          hint="Which pairs share the first place? Which of them stands first in a dictionary?")
def alphabetically_first(answer, rng):
    for count in (1, 3):
        a, b, c, d, e, f, g = sorted(letters(rng, 7))
        most_frequent(answer, [[c, f], [b, g], [e, a], [g, d]], [count] * 4)
        most_frequent(answer, [[b, e], [b, g], [b, c], [d, a]], [count, count, count, 1])
        most_frequent(answer, [[a + b, c], [a, d], [e, f, g]], [count] * 3)


@most_frequent_pair.check("sees no pair in a word of one symbol",
                          hint="Which pairs are in a word of one symbol? And if all words are such?")
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


@most_frequent_pair.mistake("counts a pair once per word, however often it stands in it",
                            hint="How often does the word a, b, c, a, b hold the pair a, b?")
def once_per_word(words, counts):
    return first_best(pairs_in(words, counts, lambda word: set(pairwise(word))))


@most_frequent_pair.mistake("counts pairs across the end of a word",
                            hint="Are the last symbol of a word and the first of the next neighbours?")
def across_words(words, counts):
    text = [symbol for word, count in zip(words, counts) for _ in range(count) for symbol in word]
    return first_best(Counter(pairwise(text)))


@most_frequent_pair.mistake("takes the last symbol of a word for a pair",
                            hint="What is `word[i:i + 2]` when i is the last place of the word?")
def last_symbol_alone(words, counts):
    return first_best(pairs_in(words, counts, lambda word: [tuple(word[i:i + 2]) for i in range(len(word))]))


@most_frequent_pair.mistake("takes the pair it met first among equally frequent ones",
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
                            hint="What is inside the list that `most_common` gives? And what should be returned?")
def with_count(words, counts):
    pairs = pairs_in(words, counts)
    return sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[0]


@most_frequent_pair.mistake("expects that there is always a pair",
                            hint="What does `max` do with nothing to choose from? When does that happen?")
def always_a_pair(words, counts):
    pairs = pairs_in(words, counts)
    return max(sorted(pairs), key=pairs.get)


@most_frequent_pair.alternative("the highest count first, then the first of its pairs")
def highest_count(words, counts):
    pairs = {}
    for word, count in zip(words, counts):
        for i in range(len(word) - 1):
            pairs[word[i], word[i + 1]] = pairs.get((word[i], word[i + 1]), 0) + count
    return sorted(pair for pair, often in pairs.items() if often == max(pairs.values()))[0] if pairs else None


@exercise(points=2, hints=(
    "Walk along each word and build a new list. At each step: do you look at one symbol, or at two?",
    "When the pair has been found, how far must you go on? And what is there to look at in the last step?",
))
def merge_pair(words: list[list[str]], pair: tuple[str, str]) -> list[list[str]]:
    """Do one merge of byte-pair encoding: put a pair of symbols together wherever it stands.

    Each word is a list of symbols. Walk through it from left to right. Where `pair[0]` stands directly before
    `pair[1]`, put one new symbol in their place: the two texts joined. A symbol goes into one merge at most. Return
    all words, changed or not, in their order (Sennrich et al. 2016, algorithm 1).
    """
    merged = []
    for word in words:
        new = []
        for symbol in word:
            if new and (new[-1], symbol) == pair:
                new[-1] += symbol
            else:
                new.append(symbol)
        merged.append(new)
    return merged


merge_pair.example([list("newest"), list("low"), list("sees"), list("essence")], ("e", "s"))


def merges(answer, words, pair):
    """Held against a recursion: what stands first is merged or not, then comes the rest."""
    def merge(word):
        if word[:2] == [*pair]:
            return ["".join(pair), *merge(word[2:])]
        return word[:1] + merge(word[1:]) if word else []
    probes.equal(answer(words, pair), [merge(word) for word in words], "the words differ")


@merge_pair.check("merges at every place, from left to right",
                  hint="Write down by hand what becomes of a, a, a and of a, b, c, a, b.")
def merges_everywhere(answer, rng):
    a, b, c = letters(rng, 3)
    merges(answer, [[a, b, c, a, b], [b, a, b, a, b], [a, b]], (a, b))
    for length in (3, 4, 5):
        merges(answer, [[a] * length, [b, *[a] * length, c]], (a, a))
    words = [[str(symbol) for symbol in rng.choice([a, b, c], size=size)] for size in (11, 7, 5, 3)]
    merges(answer, words, (a, b))
    merges(answer, words, (c, c))


@merge_pair.check("merges these two whole symbols only, in this order",
                  hint="Is \"th\", \"e\" the pair \"h\", \"e\"? Is \"e\", \"h\"?")
def whole_symbols(answer, rng):
    a, b, c, d, e = letters(rng, 5)
    merges(answer, [[c, a, b], [d + a, b], [a, b + e], [d + a, b + e], [a, b]], (a, b))
    merges(answer, [[a, b + c], [a + b, c], [d, a + b, c, e]], (a, b + c))
    merges(answer, [[b, a], [c, b, a, b], [a, c, b]], (a, b))


@merge_pair.check("leaves words without the pair as they are",
                  hint="How many letters has a word before your merge, and after it?")
def leaves_alone(answer, rng):
    a, b, c, d = letters(rng, 4)
    merges(answer, [[a], [b + c], [d, c, b], [a, c], [a, b]], (a, b))
    merges(answer, [[c, d, a]], (a, b))


def walked(words, found, last=1):
    """Each word from left to right, up to its `last` symbol; where `found(left, right)`, the two are joined."""
    result = []
    for word in words:
        new, at = [], 0
        while at <= len(word) - last:
            two = word[at:at + 2]
            joined = len(two) == 2 and found(*two)
            new.append("".join(two) if joined else word[at])
            at += 2 if joined else 1
        result.append(new)
    return result


@merge_pair.mistake("merges only the first place in each word", hint="What becomes of the last two of a, b, c, a, b?")
def first_place(words, pair):
    result = []
    for word in words:
        at = next((i for i in range(len(word)) if tuple(word[i:i + 2]) == pair), None)
        result.append(list(word) if at is None else [*word[:at], "".join(pair), *word[at + 2:]])
    return result


@merge_pair.mistake("replaces text, and so parts of longer symbols",
                    hint="With `replace`, what becomes of the symbols \"th\", \"e\" when \"h\", \"e\" are merged?")
def replaced(words, pair):
    return [" ".join(word).replace(" ".join(pair), "".join(pair)).split() for word in words]


@merge_pair.mistake("uses a symbol in two merges", hint="How many letters go into a, a, a? How many come out?")
def used_twice(words, pair):
    return [["".join(pair) if tuple(word[i:i + 2]) == pair else symbol for i, symbol in enumerate(word)
             if tuple(word[i:i + 2]) == pair or tuple(word[i - 1:i + 1]) != pair] for word in words]


@merge_pair.mistake("leaves the right symbol of a merged pair in the word",
                    hint="How many letters has a word before your merge, and after it? Where does the walk go on?")
def right_symbol_left(words, pair):
    return [["".join(pair) if tuple(word[i:i + 2]) == pair else symbol for i, symbol in enumerate(word)]
            for word in words]


@merge_pair.mistake("loses the last symbol of a word",
                    hint="How many letters has a word before your merge, and after it? Where does the walk end?")
def last_symbol_lost(words, pair):
    return walked(words, lambda left, right: (left, right) == pair, last=2)


@merge_pair.mistake("merges what reads like the pair when joined",
                    hint="Is \"ab\", \"c\" the pair \"a\", \"bc\"? What does your code compare?")
def joined_alike(words, pair):
    return walked(words, lambda left, right: left + right == "".join(pair))


@merge_pair.mistake("merges the pair in either order", hint="Is \"e\", \"s\" in a word the same as \"s\", \"e\"?")
def either_way(words, pair):
    return walked(words, lambda left, right: pair in ((left, right), (right, left)))


@merge_pair.mistake("merges from right to left", hint="Which two of a, a, a are merged in your code?")
def from_the_right(words, pair):
    turned = walked([word[::-1] for word in words], lambda right, left: (left, right) == pair)
    return [["".join(pair) if symbol == pair[1] + pair[0] else symbol for symbol in word[::-1]] for word in turned]


@merge_pair.mistake("shortens a word while it walks along it",
                    hint="`range(len(word))` was made before the merge. How long is the word afterwards?")
def shortened_on_the_way(words, pair):
    result = [list(word) for word in words]
    for word in result:
        for i in range(len(word) - 1):
            if (word[i], word[i + 1]) == pair:
                word[i:i + 2] = ["".join(pair)]
    return result


@merge_pair.mistake("never finds the pair", hint="Of what type is a slice of a word, and of what type is `pair`?")
def never_found(words, pair):
    return walked(words, lambda left, right: [left, right] == pair)


@merge_pair.alternative("a regular expression, as in the paper")
def by_expression(words, pair):
    import re

    whole = re.compile(r"(?<!\S)" + re.escape(" ".join(pair)) + r"(?!\S)")
    return [whole.sub("".join(pair), " ".join(word)).split(" ") for word in words]


@exercise(points=3, hints=(
    "First make one table: the score of every beam, extended by every token. Which axes has it?",
    "The best may all come from one beam. So over how many numbers must `topk` look at once?",
    "`topk` on a flat table gives places. With 4 tokens to a beam, which beam and which token is place 6?",
))
def extend_beams(scores: Float[Tensor, " beams"], log_probabilities: Float[Tensor, "beams vocab"],
                 width: int) -> tuple[Float[Tensor, " width"], Int[Tensor, " width"], Int[Tensor, " width"]]:
    r"""Do one step of a beam search: extend every beam by every token, and keep the `width` best of all.

    `scores` holds $\log p$ of each beam, a beginning of a sentence; `log_probabilities` holds for each beam
    $\log p(token \mid beam)$ of every next token. Return the `width` largest scores of extended beams, best first; for
    each the number of the beam that it extends (its parent); and the number of the token it adds.
    """
    extended = scores[:, None] + log_probabilities
    best, places = extended.flatten().topk(width)
    vocab = log_probabilities.shape[-1]
    return best, places // vocab, places % vocab


extend_beams.example(torch.tensor([-1.0, -2.5]), torch.tensor([[-0.5, -1.2, -3.0, -3.1], [-0.2, -2.0, -4.0, -5.0]]), 3)


def beams(rng, number, vocab):
    """Scores of some beams, and log probabilities of their next tokens."""
    return (torch.from_numpy(-rng.uniform(1, 4, size=number)),
            torch.from_numpy(2 * rng.normal(size=(number, vocab))).log_softmax(-1))


def every_extension(scores, log_probabilities):
    """All extensions one by one, best first: score, parent, token."""
    found = [(float(scores[beam] + row[token]), beam, token)
             for beam, row in enumerate(log_probabilities) for token in range(len(row))]
    return sorted(found, reverse=True)


def best_of_all(answer, *cases):
    replies = [answer(*case) for case in cases]
    for got, (scores, log_probabilities, width) in zip(replies, cases):
        expected = every_extension(scores, log_probabilities)[:width]
        for what, one, numbers in zip(("scores", "parents", "tokens"), got, zip(*expected)):
            kind = torch.float64 if what == "scores" else torch.long
            probes.equal(one, torch.tensor(numbers, dtype=kind), f"the {what} differ")


@extend_beams.check("finds the best extensions of all beams, best first",
                    hint="Make the table for the example by hand: two rows of four. Which three numbers are largest?")
def finds_the_best(answer, rng):
    best_of_all(answer, (*beams(rng, 3, 7), 5), (*beams(rng, 5, 3), 2), (*beams(rng, 2, 13), 11))


@extend_beams.check("names the parent and the token whose scores make up the new one",
                    hint="Take your first parent and token. Add the two numbers they point to. Is that your score?")
def names_its_parts(answer, rng):
    for number, vocab, width in ((3, 11, 7), (7, 2, 5)):
        scores, log_probabilities = beams(rng, number, vocab)
        best, parents, tokens = answer(scores, log_probabilities, width)
        for name, places, size in (("parent", parents, number), ("token", tokens, vocab)):
            probes.require(all(int(place) in range(size) for place in places), f"there is no such {name}")
        probes.equal(best, torch.stack([scores[int(parent)] + log_probabilities[int(parent), int(token)]
                                        for parent, token in zip(parents, tokens)]))
        pairs = {(int(parent), int(token)) for parent, token in zip(parents, tokens)}
        probes.require(len(pairs) == width, "an extension is there twice")


@extend_beams.check("lets one good beam have many children, and poor ones none",
                    hint="Must every beam be extended? What if the best three extensions have the same parent?")
def many_children(answer, rng):
    scores, log_probabilities = beams(rng, 3, 5)
    scores[1] += 100.0
    impossible = torch.tensor([-torch.inf, -0.5, -torch.inf], dtype=torch.float64)
    best_of_all(answer, (scores, log_probabilities, 3), (impossible, log_probabilities, 2))


@extend_beams.check("works for one beam and for one place", hint="At the first step there is one beam. What then?")
def one_beam(answer, rng):
    best_of_all(answer, (*beams(rng, 1, 11), 5), (*beams(rng, 5, 7), 1), (*beams(rng, 1, 3), 1))


def chosen(extended, width):
    best, places = extended.flatten().topk(width)
    return best, places // extended.shape[-1], places % extended.shape[-1]


@extend_beams.mistake("exchanges parents and tokens",
                      hint="With 4 tokens to a beam, which beam is place 6 in: 6 // 4, or 6 % 4?")
def parts_exchanged(scores, log_probabilities, width):
    best, parents, tokens = chosen(scores[:, None] + log_probabilities, width)
    return best, tokens, parents


@extend_beams.mistake("divides places by the number of beams",
                      hint="How many places belong to one beam: as many as there are beams, or tokens?")
def by_beams(scores, log_probabilities, width):
    best, places = (scores[:, None] + log_probabilities).flatten().topk(width)
    return best, places // len(scores), places % len(scores)


@extend_beams.mistake("divides places by the width",
                      hint="How many places belong to one beam? Does that depend on the width?")
def by_width(scores, log_probabilities, width):
    best, places = (scores[:, None] + log_probabilities).flatten().topk(width)
    return best, places // width, places % width


@extend_beams.mistake("divides without rounding down",
                      hint="Is your parent a whole number? What does `/` give for 6 and 4?")
def not_rounded(scores, log_probabilities, width):
    best, places = (scores[:, None] + log_probabilities).flatten().topk(width)
    return best, places / log_probabilities.shape[-1], places % log_probabilities.shape[-1]


@extend_beams.mistake("keeps as many as there were beams", hint="Where does `width` appear in your code?")
def as_many_as_before(scores, log_probabilities, width):
    return chosen(scores[:, None] + log_probabilities, len(scores))


@extend_beams.mistake("returns places in the flat table as tokens",
                      hint="Is your token number below the size of the vocabulary?")
def places_returned(scores, log_probabilities, width):
    best, places = (scores[:, None] + log_probabilities).flatten().topk(width)
    return best, places // log_probabilities.shape[-1], places


@extend_beams.mistake("forgets the scores of the parents",
                      hint="Two beams can go on equally well. Which is better, when one began worse?")
def parents_forgotten(scores, log_probabilities, width):
    return chosen(log_probabilities, width)


@extend_beams.mistake("chooses by the whole score, but returns the token's alone",
                      hint="What will the next step add to? Does it know how the sentence began?")
def part_returned(scores, log_probabilities, width):
    _, parents, tokens = chosen(scores[:, None] + log_probabilities, width)
    return log_probabilities[parents, tokens], parents, tokens


@extend_beams.mistake("takes the best extension of each beam",
                      hint="May two of the best extensions have the same parent?")
def one_child_each(scores, log_probabilities, width):
    values, tokens = (scores[:, None] + log_probabilities).max(dim=1)
    best, parents = values.topk(min(width, len(scores)))
    return best, parents, tokens[parents]


@extend_beams.mistake("extends only the best beam",
                      hint="Can the second best beam become the best one? Where would you see it?")
def best_beam_only(scores, log_probabilities, width):
    parent = int(scores.argmax())
    best, tokens = (scores[parent] + log_probabilities[parent]).topk(min(width, log_probabilities.shape[-1]))
    return best, torch.full_like(tokens, parent), tokens


@extend_beams.mistake("multiplies logarithms", hint="Probabilities are multiplied. What is done with their logarithms?")
def multiplied(scores, log_probabilities, width):
    return chosen(scores[:, None] * log_probabilities, width)


@extend_beams.mistake("adds probabilities to logarithms", hint="Which of your two summands is a logarithm?")
def probabilities_added(scores, log_probabilities, width):
    return chosen(scores[:, None] + log_probabilities.exp(), width)


@extend_beams.mistake("returns probabilities instead of logarithms",
                      hint="What becomes of a product of a thousand probabilities? What will the next step add to?")
def as_probabilities(scores, log_probabilities, width):
    return chosen((scores[:, None] + log_probabilities).exp(), width)


@extend_beams.mistake("normalises over all extensions again",
                      hint="The extensions' probabilities sum to less than one. Is that an error?")
def normalised_again(scores, log_probabilities, width):
    extended = scores[:, None] + log_probabilities
    return chosen(extended.flatten().log_softmax(-1).unflatten(0, extended.shape), width)


@extend_beams.mistake("keeps the worst", hint="A logarithm of a probability is negative. Is −5 better than −1?")
def worst(scores, log_probabilities, width):
    extended = scores[:, None] + log_probabilities
    best, places = extended.flatten().topk(width, largest=False)
    return best, places // extended.shape[-1], places % extended.shape[-1]


@extend_beams.mistake("returns them worst first", hint="Which of your scores stands first: the largest?")
def worst_first(scores, log_probabilities, width):
    return tuple(part.flip(0) for part in chosen(scores[:, None] + log_probabilities, width))


@extend_beams.mistake("adds a row of scores where a column is needed",
                      hint="`scores` has the shape (beams), the table (beams, vocab). Which axes meet when you add?")
def row_of_scores(scores, log_probabilities, width):
    return chosen(scores + log_probabilities, width)


@extend_beams.alternative("a sorted list of all extensions")
def by_sorting(scores, log_probabilities, width):
    found = sorted(((scores[beam] + row[token], beam, token) for beam, row in enumerate(log_probabilities)
                    for token in range(len(row))), key=lambda extension: float(extension[0]), reverse=True)[:width]
    best, parents, tokens = zip(*found)
    return torch.stack(best), torch.tensor(parents), torch.tensor(tokens)


@extend_beams.alternative("the best of each beam first, then the best of these")
def in_two_steps(scores, log_probabilities, width):
    few = min(width, log_probabilities.shape[-1])
    values, tokens = log_probabilities.topk(few, dim=-1)
    best, places = (values + scores.unsqueeze(-1)).reshape(-1).sort(descending=True)
    return best[:width], torch.div(places, few, rounding_mode="floor")[:width], tokens.reshape(-1)[places[:width]]


@exercise(points=2, hints=(
    "How many tokens did the model choose for \"<begin> a dog <end>\"? That is $n$.",
    "Write the divisor for n = 1. A score is negative: does dividing by a number above 1 raise or lower it?",
))
def best_ending(sentences: list[list[str]], scores: Float[Tensor, " sentences"],
                alpha: float) -> tuple[Float[Tensor, " sentences"], int]:
    r"""Compare finished sentences so that long ones are not punished for their length.

    `scores` holds $\log p$ of each whole sentence. Divide it by $((5 + n) / 6)^\alpha$ (Wu et al. 2016, eq. 14,
    without their coverage penalty), where $n$ counts the tokens that the model chose: all but the begin sign, which it
    was given; the end sign counts. Return the new scores, and the index of the best sentence by them.
    """
    chosen = torch.tensor([len(sentence) - 1 for sentence in sentences])
    normalised = scores / ((5 + chosen) / 6) ** alpha
    return normalised, int(normalised.argmax())


best_ending.example([["<begin>", "a", "dog", "<end>"], ["<begin>", "a", "dog", "runs", "on", "the", "grass", "<end>"]],
                    torch.tensor([-4.0, -4.5]), 1.0)


def endings(rng, *lengths):
    """Finished sentences of so many words."""
    return [["<begin>", *map(str, rng.choice(["a", "dog", "runs", "on", "the", "grass"], size=length)), "<end>"]
            for length in lengths]


def some_scores(rng, number):
    """Float32, as a model gives them: a divisor made of whole numbers is no finer."""
    return torch.from_numpy(-rng.uniform(2, 9, size=number)).float()


def compared(answer, *cases):
    """Held against the formula as it stands in the paper: two powers, one by one."""
    replies = [answer(*case) for case in cases]
    for (sentences, scores, alpha), (normalised, best) in zip(cases, replies):
        expected = [float(score) * (5 + 1) ** alpha / (5 + len(sentence[1:])) ** alpha
                    for sentence, score in zip(sentences, scores)]
        probes.equal(normalised, torch.tensor(expected), "the new scores differ")
        probes.equal(best, expected.index(max(expected)), "another sentence is the best")


@best_ending.check("divides by the penalty of each length",
                   hint="Compute the divisor for 7 tokens and α = 1 by hand. What is it in your code?")
def divides(answer, rng):
    compared(answer, *((endings(rng, 3, 11, 5, 2, 7), some_scores(rng, 5), alpha) for alpha in (0.6, 1.0, 0.2)))


@best_ending.check("lets a long sentence win over a likelier short one",
                   hint="Which sentence of the example is likelier? Which should be chosen?")
def long_may_win(answer, rng):
    scores = torch.from_numpy(rng.uniform(-0.1, 0.1, size=3)).float() - torch.tensor([4.0, 3.0, 3.6])
    compared(answer, (endings(rng, 5, 2, 13), scores, 0.8))


@best_ending.check("compares plain scores at α = 0, and takes a sentence that is alone",
                   hint="What is any number to the power of 0?")
def plain_at_zero(answer, rng):
    compared(answer, (endings(rng, 7, 1, 3), some_scores(rng, 3), 0.0), (endings(rng, 0), some_scores(rng, 1), 0.6),
             (endings(rng, 5), some_scores(rng, 1), 0.6))


def tokens_of(sentences, without=1):
    return torch.tensor([len(sentence) - without for sentence in sentences])


def with_best(normalised):
    return normalised, int(normalised.argmax())


@best_ending.mistake("does not normalise", hint="Where does `alpha` appear in your code?")
def plain(sentences, scores, alpha):
    return with_best(scores)


@best_ending.mistake("normalises, but chooses by the plain scores", hint="Which scores does your `argmax` look at?")
def chosen_before(sentences, scores, alpha):
    return scores / ((5 + tokens_of(sentences)) / 6) ** alpha, int(scores.argmax())


@best_ending.mistake("divides by the length", hint="What does your code divide by for a sentence of one token?")
def mean_of_tokens(sentences, scores, alpha):
    return with_best(scores / tokens_of(sentences))


@best_ending.mistake("divides by a power of the length",
                     hint="Some libraries do so. What does the formula add to n, and divide by?")
def power_of_length(sentences, scores, alpha):
    return with_best(scores / tokens_of(sentences) ** alpha)


@best_ending.mistake("multiplies by the penalty",
                     hint="A score of −4 times 2 is −8. Did that help the long sentence?")
def multiplied_by_penalty(sentences, scores, alpha):
    return with_best(scores * ((5 + tokens_of(sentences)) / 6) ** alpha)


@best_ending.mistake("counts the begin sign", hint="Did the model choose the first token of a sentence?")
def begin_counted(sentences, scores, alpha):
    return with_best(scores / ((5 + tokens_of(sentences, 0)) / 6) ** alpha)


@best_ending.mistake("does not count the end sign", hint="Which of a sentence's tokens did the model choose itself?")
def end_not_counted(sentences, scores, alpha):
    return with_best(scores / ((5 + tokens_of(sentences, 2)) / 6) ** alpha)


@best_ending.mistake("raises only the numerator to the power",
                     hint="What is inside the brackets that carry the exponent?")
def numerator_only(sentences, scores, alpha):
    return with_best(scores / ((5 + tokens_of(sentences)) ** alpha / 6))


@best_ending.mistake("forgets the 6", hint="What should the divisor be for a single token? What is yours?")
def six_forgotten(sentences, scores, alpha):
    return with_best(scores / (5 + tokens_of(sentences)) ** alpha)


@best_ending.mistake("divides by 6 only the n", hint="What stands above the fraction's bar: n, or a sum?")
def sum_not_divided(sentences, scores, alpha):
    return with_best(scores / (5 + tokens_of(sentences) / 6) ** alpha)


@best_ending.mistake("multiplies by α instead of raising to it", hint="What should the divisor be at α = 0?")
def factor(sentences, scores, alpha):
    return with_best(scores / ((5 + tokens_of(sentences)) / 6 * alpha))


@best_ending.mistake("divides probabilities", hint="Which is to be divided: p, or its logarithm?")
def of_probabilities(sentences, scores, alpha):
    return with_best(scores.exp() / ((5 + tokens_of(sentences)) / 6) ** alpha)


@best_ending.mistake("takes the lowest score for the best", hint="Which is likelier: a log probability of −9 or of −2?")
def lowest(sentences, scores, alpha):
    normalised = scores / ((5 + tokens_of(sentences)) / 6) ** alpha
    return normalised, int(normalised.argmin())


@best_ending.alternative("one sentence after the other")
def one_after_another(sentences, scores, alpha):
    values = [score / ((5 + len(words[1:])) / 6) ** alpha for words, score in zip(sentences, scores)]
    return torch.stack(values), max(range(len(values)), key=lambda i: float(values[i]))


@best_ending.alternative("logarithms of the penalty")
def by_logarithms(sentences, scores, alpha):
    counted = torch.tensor([sum(word != "<begin>" for word in words) for words in sentences], dtype=scores.dtype)
    normalised = scores * torch.exp(-alpha * (torch.log(5 + counted) - math.log(6)))
    return normalised, torch.argmax(normalised)


@exercise(points=2, hints=(
    "Which rows and columns of the table belong to words? Cut the others off first.",
    "What is the number of a source word in the cut table, and what in the whole one?",
))
def links_from_weights(weights: Float[Tensor, "target_tokens source_tokens"]) -> list[tuple[int, int]]:
    """Guess from attention weights which source word each target word translates.

    Row t holds the weights with which target token t was chosen; the rows are the target words, then the end sign. The
    columns are the source's begin sign, its words, and its end sign, as many models read it (the lesson's own reads the
    words alone). Return for each target *word*, in order, the pair (source word, target word) of the source *word* it
    looks at most. Words are counted from 0 on both sides; signs are never linked.
    """
    strongest = weights[:-1, 1:-1].argmax(dim=-1)
    return [(source, target) for target, source in enumerate(strongest.tolist())]


links_from_weights.example(torch.tensor([[0.1, 0.2, 0.5, 0.1, 0.1],
                                         [0.5, 0.1, 0.1, 0.2, 0.1],
                                         [0.0, 0.1, 0.1, 0.1, 0.7]]))


def attention(rng, target, source):
    """Weights for so many words on both sides, with the signs around them."""
    return torch.from_numpy(rng.normal(size=(target + 1, source + 2))).softmax(-1)


def linked(answer, *tables):
    replies = [answer(weights) for weights in tables]
    for links, weights in zip(replies, tables):
        rows, columns = weights.shape
        expected = []
        for target in range(rows - 1):
            best = 1
            for column in range(1, columns - 1):
                if weights[target, column] > weights[target, best]:
                    best = column
            expected.append((best - 1, target))
        probes.equal(links, expected, "the links differ")


def raised(weights, rows, column, by):
    """The same weights, but those rows look more at that column."""
    weights = weights.clone()
    weights[rows, column] += by
    return weights / weights.sum(dim=-1, keepdim=True)


@links_from_weights.check("links each target word with its strongest source word",
                          hint="Follow the first row of the example: which column, and which word is that?")
def strongest_word(answer, rng):
    linked(answer, attention(rng, 7, 11), attention(rng, 11, 3))


@links_from_weights.check("never links a sign, however strong its weight is",
                          hint="Look at the second row of the example: the strongest column is no word. What now?")
def no_signs(answer, rng):
    linked(answer, *(raised(attention(rng, 5, 7), slice(None), sign, 1.0) for sign in (0, -1)))


@links_from_weights.check("links several target words with one source word, and others with none",
                          hint="Two target words can translate one source word. How many links must there be?")
def shared_words(answer, rng):
    weights = raised(raised(attention(rng, 5, 3), slice(1, 4), 3, 2.0), 0, 1, 1.0)
    linked(answer, weights, attention(rng, 1, 5), attention(rng, 2, 1))


@links_from_weights.mistake("looks for the strongest target word of each source word",
                            hint="How many links do you return: one for each target word, or for each source word?")
def wrong_axis(weights):
    return [(source, target) for source, target in enumerate(weights[:-1, 1:-1].argmax(dim=0).tolist())]


@links_from_weights.mistake("puts the target word first in a pair", hint="In which order is a pair asked for?")
def target_first(weights):
    return [(target, source) for target, source in enumerate(weights[:-1, 1:-1].argmax(dim=-1).tolist())]


@links_from_weights.mistake("returns the source words alone", hint="A link has two ends. Which does your result name?")
def sources_alone(weights):
    return weights[:-1, 1:-1].argmax(dim=-1).tolist()


@links_from_weights.mistake("counts words from 1 on both sides",
                            hint="Which number has the first word? And in your pairs?")
def from_one(weights):
    return [(source + 1, target + 1) for target, source in enumerate(weights[:-1, 1:-1].argmax(dim=-1).tolist())]


@links_from_weights.mistake("counts source words from the begin sign",
                            hint="Which number has the first word of the source? And in your pairs?")
def offset_left(weights):
    return [(source + 1, target) for target, source in enumerate(weights[:-1, 1:-1].argmax(dim=-1).tolist())]


@links_from_weights.mistake("lets the signs win, then takes their column off",
                            hint="What becomes of a word that looks at the begin sign most? Is −1 a word?")
def signs_win(weights):
    return [(source - 1, target) for target, source in enumerate(weights[:-1].argmax(dim=-1).tolist())]


@links_from_weights.mistake("takes the signs for words", hint="What are the first and the last column? And their row?")
def signs_are_words(weights):
    return [(source, target) for target, source in enumerate(weights[:-1].argmax(dim=-1).tolist())]


@links_from_weights.mistake("takes only the begin sign off", hint="Which two columns of the source are no words?")
def end_left(weights):
    return [(source, target) for target, source in enumerate(weights[:-1, 1:].argmax(dim=-1).tolist())]


@links_from_weights.mistake("links the end sign of the target, too", hint="How many target words are in the example?")
def end_linked(weights):
    return [(source, target) for target, source in enumerate(weights[:, 1:-1].argmax(dim=-1).tolist())]


@links_from_weights.mistake("takes the first row off instead of the last",
                            hint="Which row belongs to the end sign? Which word does row 0 choose?")
def first_row_off(weights):
    return [(source, target) for target, source in enumerate(weights[1:, 1:-1].argmax(dim=-1).tolist())]


@links_from_weights.mistake("leaves out target words whose strongest token is a sign",
                            hint="Is there a link for each target word? Which source *word* does it look at most?")
def left_out(weights):
    last = weights.shape[-1] - 1
    return [(source - 1, target) for target, source in enumerate(weights[:-1].argmax(dim=-1).tolist())
            if 0 < source < last]


@links_from_weights.mistake("links where a weight is above the average",
                            hint="How many links does each target word get in your code?")
def above_average(weights):
    words = weights[:-1, 1:-1]
    return [(int(source), int(target)) for target, source in (words > words.mean(dim=-1, keepdim=True)).nonzero()]


@links_from_weights.mistake("takes the weakest source word", hint="What does a large weight say about two words?")
def weakest(weights):
    return [(source, target) for target, source in enumerate(weights[:-1, 1:-1].argmin(dim=-1).tolist())]


@links_from_weights.alternative("NumPy")
def links_by_numpy(weights):
    words = np.asarray(weights)[:-1, 1:-1]
    return list(zip(np.argmax(words, axis=1).tolist(), range(len(words))))


@links_from_weights.alternative("signs shut out by minus infinity")
def signs_shut_out(weights):
    open_ = weights.clone()
    open_[:, [0, -1]] = -torch.inf
    return [(int(row.argmax()) - 1, target) for target, row in enumerate(open_[:-1])]


@exercise(points=3, hints=(
    "Which of two lists' links are in both? Python's sets answer that with one sign.",
    "Count over the whole corpus first: links guessed, links in gold, links in both. When do you divide?",
))
def alignment_error_rate(guessed: list[list[tuple[int, int]]], gold: list[list[tuple[int, int]]]) -> float:
    r"""Mark guessed links against right ones: 0 where all are right, 1 where none is.

    $1 - 2\,|A \cap G| / (|A| + |G|)$, where $A$ are all links guessed in the corpus and $G$ all gold links (Och and Ney
    2003; here all gold links are sure). `guessed[i]` and `gold[i]` hold the pairs (source word, target word) of
    sentence i, in any order; what stands there twice is one link. Count over the whole corpus, then divide once.
    """
    right = sum(len(set(one) & set(other)) for one, other in zip(guessed, gold))
    links = sum(len(set(one)) + len(set(other)) for one, other in zip(guessed, gold))
    return 1 - 2 * right / links


alignment_error_rate.example([[(0, 0), (2, 1)], [(0, 0), (1, 1), (1, 2)]],
                             [[(0, 0), (1, 1), (2, 1)], [(0, 0), (2, 1), (1, 3), (2, 3)]])


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
                            hint="Count for the example: links guessed, gold links, links in both. Then the formula.")
def whole_corpus(answer, rng):
    one, two, three = rng.integers(2, 13, size=3).tolist()
    marked(answer, corpus_of_links(rng, (one, 3, 1), (7, 2, 5), (1, 1, 11)), corpus_of_links(rng, (two, 7, 2)),
           corpus_of_links(rng, (three, 0, 3), (2, 3, 0)))


@alignment_error_rate.check("is 0 where all links are right and 1 where none is",
                            hint="Guess exactly the gold links, in another order. What must come out?")
def ends_of_the_scale(answer, rng):
    probes.equal(answer(*corpus_of_links(rng, (5, 0, 0), (7, 0, 0))), 0.0, "all links are right, but it is not 0")
    probes.equal(answer(*corpus_of_links(rng, (0, 3, 5), (0, 2, 7))), 1.0, "no link is right, but it is not 1")
    probes.equal(answer([[(0, 0)]], [[(0, 1)]]), 1.0, "no link is right, but it is not 1")


@alignment_error_rate.check("counts a link once, and each sentence's links for themselves",
                            hint="Is link (0, 0) of sentence 0 the same as link (0, 0) of sentence 1? And given twice?")
def counted_once(answer, rng):
    (one, two), (first, second) = corpus_of_links(rng, (3, 2, 5), (2, 5, 1))
    marked(answer, ([one + one[1:4], two], [first, [*second, second[0]]]), ([one, two, one], [first, second, second]),
           ([one, []], [[], first]), ([one + one[:3]], [first + one[:2]]))


@alignment_error_rate.check("takes sentences without links",
                            hint="What do you divide by in a sentence without links?")
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


@alignment_error_rate.mistake("asks only how many guessed links are right",
                              hint="Someone guesses one single link, and it is right. Is that a perfect alignment?")
def precision_only(guessed, gold):
    right, ours, _ = totals(guessed, gold)
    return 1 - right / ours


@alignment_error_rate.mistake("asks only how many gold links were found",
                              hint="Someone links every word with every word. Is that a perfect alignment?")
def recall_only(guessed, gold):
    right, _, theirs = totals(guessed, gold)
    return 1 - right / theirs


@alignment_error_rate.mistake("averages precision and recall",
                              hint="Someone links one word rightly, of 100. Is your error rate near 1, or near 1/2?")
def mean_of_both(guessed, gold):
    right, ours, theirs = totals(guessed, gold)
    return 1 - (right / ours + right / theirs) / 2


@alignment_error_rate.mistake("divides by the links that are in either",
                              hint="A link in both lists: how often does |A| + |G| count it, how often |A ∪ G|?")
def jaccard(guessed, gold):
    right, ours, theirs = totals(guessed, gold)
    return 1 - right / (ours + theirs - right)


@alignment_error_rate.mistake("forgets the factor 2", hint="All links are right. What does your code give?")
def no_factor(guessed, gold):
    right, ours, theirs = totals(guessed, gold)
    return 1 - right / (ours + theirs)


@alignment_error_rate.mistake("returns the agreement instead of the error",
                              hint="All links are right. How large should an error rate be then?")
def agreement(guessed, gold):
    right, ours, theirs = totals(guessed, gold)
    return 2 * right / (ours + theirs)


@alignment_error_rate.mistake("returns percent", hint="No link is right. What should come out then?")
def in_percent(guessed, gold):
    right, ours, theirs = totals(guessed, gold)
    return 100 * (1 - 2 * right / (ours + theirs))


@alignment_error_rate.mistake("reads the guessed pairs the other way round",
                              hint="Which side comes first in a guessed pair? And in a gold one?")
def other_way_round(guessed, gold):
    right, ours, theirs = totals([[(target, source) for source, target in one] for one in guessed], gold)
    return 1 - 2 * right / (ours + theirs)


@alignment_error_rate.mistake("compares links one by one in the order of the lists",
                              hint="The same links in another order: are they the same alignment?")
def in_order(guessed, gold):
    right = sum(link == other for one, two in zip(guessed, gold) for link, other in zip(one, two))
    return 1 - 2 * right / sum(len(set(one)) + len(set(other)) for one, other in zip(guessed, gold))


@alignment_error_rate.mistake("counts a link as often as it is listed",
                              hint="A link stands there twice. How many links is that? Where does your code see it?")
def counted_twice(guessed, gold):
    right = sum(link in other for one, other in zip(guessed, gold) for link in one)
    return 1 - 2 * right / sum(len(one) + len(other) for one, other in zip(guessed, gold))


@alignment_error_rate.mistake("counts a link twice only in the sum below the bar",
                              hint="`len` of a list, or of a set? Which of the two do you use where?")
def listed_below(guessed, gold):
    right, _, _ = totals(guessed, gold)
    return 1 - 2 * right / sum(len(one) + len(other) for one, other in zip(guessed, gold))


@alignment_error_rate.mistake("throws the links of all sentences into one set",
                              hint="Word 0 is linked with word 0 in two sentences. How many links is that?")
def one_set(guessed, gold):
    ours, theirs = ({link for one in side for link in one} for side in (guessed, gold))
    return 1 - 2 * len(ours & theirs) / (len(ours) + len(theirs))


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


@exercise(points=2, hints=(
    "List the candidate's n-grams first. At how many places of a sentence of seven words can a 3-gram begin?",
    "A candidate holds an n-gram three times, its reference twice. How many of the three find a partner?",
    "A `Counter` says how often each n-gram is there. What does `&` do with two of them?",
))
def clipped_matches(candidate: list[str], reference: list[str], n: int) -> tuple[int, int]:
    """Count how many n-grams of a candidate translation are found in its reference, and how many it has.

    An n-gram is `n` words directly behind each other; one begins at every place where `n` words are left, so a sentence
    of fewer than `n` words has none. Return two numbers: how many n-grams of the candidate are found in the reference,
    where equal n-grams count at most as often as the reference holds them; and how many n-grams the candidate has
    (Papineni et al. 2002, §2.1).

    Differs: the paper allows several references for a sentence.
    """
    ours, theirs = (Counter(tuple(words[i:i + n]) for i in range(len(words) - n + 1))
                    for words in (candidate, reference))
    return (ours & theirs).total(), ours.total()


clipped_matches.example(["a", "dog", "runs", "on", "the", "the", "the"],
                        ["a", "dog", "runs", "on", "the", "wet", "grass", "now"], 1)

WORDS = ("a", "dog", "runs", "on", "the", "wet", "grass")


def some_words(rng, number):
    return [WORDS[i] for i in rng.integers(len(WORDS), size=number)]


def translations(rng, *sentences):
    """Candidates and references that begin alike: for each sentence the words in common, then those of each."""
    candidates, references = [], []
    for common, of_candidate, of_reference in sentences:
        beginning = some_words(rng, common)
        candidates.append(beginning + some_words(rng, of_candidate))
        references.append(beginning + some_words(rng, of_reference))
    return candidates, references


def crossed_off(candidate, reference, n):
    """Each n-gram of the candidate crosses one off in the reference."""
    left = [reference[i:i + n] for i in range(len(reference) - n + 1)]
    found = there = 0
    for i in range(len(candidate) - n + 1):
        there += 1
        if candidate[i:i + n] in left:
            left.remove(candidate[i:i + n])
            found += 1
    return found, there


def matched(answer, *cases):
    replies = [answer(*case) for case in cases]
    for got, case in zip(replies, cases):
        for what, one, other in zip(("n-grams found", "n-grams there"), got, crossed_off(*case)):
            probes.equal(one, other, f"the number of {what} differs")


@clipped_matches.check("counts an n-gram at most as often as the reference holds it",
                       hint="The example says \"the\" three times. How many of them find a partner?")
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


@clipped_matches.check("takes sentences of fewer than n words",
                       hint="How many 4-grams has a sentence of three words? And one of two?")
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
                         hint="A set forgets how often. How often is an n-gram counted that both hold twice?")
def different_ones(candidate, reference, n):
    return clipped([*set(n_grams(candidate, n))], [*set(n_grams(reference, n))])


@clipped_matches.mistake("returns how many n-grams the reference has",
                         hint="Whose n-grams are asked for in the second number?")
def total_of_reference(candidate, reference, n):
    return clipped(n_grams(candidate, n), n_grams(reference, n))[0], len(n_grams(reference, n))


@clipped_matches.mistake("leaves out the last n-gram of each sentence",
                         hint="How many 2-grams are in a sentence of three words? How many does your `range` see?")
def last_left_out(candidate, reference, n):
    return clipped(n_grams(candidate[:-1], n), n_grams(reference[:-1], n))


@clipped_matches.mistake("returns the number of words as that of n-grams",
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
                         hint="The reference begins with one more word. How many matches are left in your code?")
def same_place(candidate, reference, n):
    ours, theirs = n_grams(candidate, n), n_grams(reference, n)
    return sum(one == other for one, other in zip(ours, theirs)), len(ours)


@clipped_matches.alternative("the smaller count of each n-gram")
def smaller_counts(candidate, reference, n):
    ours, theirs = (list(zip(*(words[i:] for i in range(n)))) for words in (candidate, reference))
    return sum(min(ours.count(gram), theirs.count(gram)) for gram in set(ours)), len(ours)


@exercise(points=3, ready_made=("sacrebleu.corpus_bleu", "bleu"), hints=(
    "Make four sums of matches and four sums of totals. What do you add up over, and what stays apart?",
    "Then three lines: four precisions, their geometric mean, the penalty. When is the logarithm of 0 asked for?",
))
def bleu(candidates: list[list[str]], references: list[list[str]],
         clipped_matches: Callable[[list[str], list[str], int], tuple[int, int]]) -> float:
    r"""Mark the translations of a whole corpus with one number from 0 to 1.

    `references[i]` belongs to `candidates[i]`; both are lists of words. `clipped_matches(candidate, reference, n)` is
    given and counts for one sentence, as in the exercise above. $\mathrm{BLEU} = BP \cdot (p_1 p_2 p_3 p_4)^{1/4}$
    (Papineni et al. 2002, §2.3). $p_n$: the matches of all sentences, divided by the n-grams of all candidates.
    $BP = e^{1 - r/c}$ where all candidates together have fewer words, $c$, than all references, $r$; otherwise 1.
    Where nothing matches for some n from 1 to 4, BLEU is 0.

    Differs: the paper allows several references for a sentence.
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
            hint="Add up for the example, for each n: what matches, and what is there. When do you divide?")
def over_the_corpus(answer, rng):
    rated(answer, translations(rng, (5, 2, 2), (7, 6, 6), (11, 1, 1)), translations(rng, (6, 5, 2), (5, 1, 4)),
          translations(rng, (0, 3, 5), (11, 2, 0), (2, 1, 1)))


@bleu.check("punishes a corpus that is too short, and none that is too long",
            hint="Compare all words of the candidates with all words of the references. Which are fewer?")
def brevity(answer, rng):
    rated(answer, translations(rng, (5, 1, 7), (7, 3, 2)), translations(rng, (7, 5, 2), (5, 3, 4)),
          translations(rng, (6, 0, 5)), translations(rng, (6, 5, 0)))


@bleu.check("is 1 for the references themselves, and 0 where nothing matches for some n",
            hint="How many 4-grams has a sentence of three words? And what is the logarithm of 0?")
def ends_of_the_range(answer, rng):
    _, references = translations(rng, (7, 2, 3), (2, 1, 3))
    probes.equal(answer(references, references, crossed_off), 1.0, "the references themselves should get 1")
    for candidate in (["the", "dog", "runs", "a"], ["a", "dog", "runs"], ["now"], ["a"], []):
        probes.equal(answer([candidate], [["a", "dog", "runs", "on"]], crossed_off), 0.0,
                     "nothing matches for some n, but it is not 0")
    rated(answer, ([[], *references], [["a"], *references]))


def summed(candidates, references, count, lengths=(1, 2, 3, 4)):
    """For each n, the matches and the n-grams of the whole corpus."""
    return [tuple(map(sum, zip(*(count(*sentence, n) for sentence in zip(candidates, references))))) for n in lengths]


def geometric(shares):
    return math.prod(found / max(there, 1) for found, there in shares) ** (1 / len(shares))


def penalty(candidates, references):
    ours, theirs = sum(map(len, candidates)), sum(map(len, references))
    return math.exp(min(0.0, 1 - theirs / max(ours, 1)))


@bleu.mistake("joins all sentences to one text",
              hint="Are the last word of a sentence and the first of the next one a 2-gram?")
def one_text(candidates, references, count):
    ours, theirs = ([word for words in side for word in words] for side in (candidates, references))
    return geometric(summed([ours], [theirs], count)) * penalty(candidates, references)


@bleu.mistake("averages the scores of the sentences",
              hint="One sentence of two words: what is its score, and what does it do to your average?")
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
              hint="One of four precisions is 0. What is your mean then, and what does the formula give?")
def arithmetic(candidates, references, count):
    shares = summed(candidates, references, count)
    return sum(found / max(there, 1) for found, there in shares) / 4 * penalty(candidates, references)


@bleu.mistake("multiplies the precisions without taking the fourth root",
              hint="All four precisions are 1/2. What is their geometric mean?")
def no_root(candidates, references, count):
    return geometric(summed(candidates, references, count)) ** 4 * penalty(candidates, references)


@bleu.mistake("has no brevity penalty",
              hint="A candidate repeats only the four words it is sure of. What stops it from getting 1?")
def no_penalty(candidates, references, count):
    return geometric(summed(candidates, references, count))


@bleu.mistake("rewards candidates that are too long",
              hint="What is e^(1 − r/c) when c is larger than r? Is that what the text asks for?")
def long_rewarded(candidates, references, count):
    ours, theirs = sum(map(len, candidates)), sum(map(len, references))
    return geometric(summed(candidates, references, count)) * math.exp(1 - theirs / max(ours, 1))


@bleu.mistake("exchanges r and c in the penalty", hint="Which of r and c are the candidates' words?")
def exchanged(candidates, references, count):
    return geometric(summed(candidates, references, count)) * penalty(references, candidates)


@bleu.mistake("hands the reference over as the candidate",
              hint="In which order does `clipped_matches` take the two? Whose n-grams do you divide by?")
def handed_over_wrongly(candidates, references, count):
    return geometric(summed(references, candidates, count)) * penalty(candidates, references)


@bleu.mistake("counts n from 0", hint="Which n does your loop see? With which does `range` begin?")
def from_zero(candidates, references, count):
    return geometric(summed(candidates, references, count, range(4))) * penalty(candidates, references)


@bleu.mistake("stops at n = 3", hint="Which n does your loop see? What does `range` leave out?")
def up_to_three(candidates, references, count):
    return geometric(summed(candidates, references, count, range(1, 4))) * penalty(candidates, references)


@bleu.mistake("returns percent", hint="From where to where should the score go?")
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


@bleu.alternative("a table in NumPy")
def in_a_table(candidates, references, count):
    table = np.array([[count(*sentence, n) for n in range(1, 5)] for sentence in zip(candidates, references)])
    found, there = table.sum(axis=0).T
    if (found == 0).any():
        return 0
    precisions = found / there
    return np.prod(precisions) ** 0.25 * penalty(candidates, references)
