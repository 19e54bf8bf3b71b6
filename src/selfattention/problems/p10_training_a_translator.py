r"""# Exercises 10: training a translator

What stands around a model that translates: batches, pieces of words, a search, and two ways to mark the result. Read
lesson [10](../notebooks/10_training_a_translator.ipynb) first.
"""

import math
from collections import Counter
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


@exercise(points=4, hints=(
    "First count: for each word, which pairs of neighbours are in it? By how much does each raise its pair's count?",
    "Then choose one pair. What does `max` give when two pairs are equally frequent? What could its `key` say?",
    "Then walk along each word with a new, growing list. When the pair has been found, how far must you go on?",
))
def merge_pair(words: list[list[str]], counts: list[int]) -> list[list[str]]:
    """Do one step of byte-pair encoding: merge the most frequent pair of neighbouring symbols, everywhere.

    Word i is a list of symbols, and it occurs `counts[i]` times in the corpus. A pair is counted at each place where it
    stands inside a word (twice in "a", "a", "a"). Of equally frequent pairs take the alphabetically first: the one with
    the first left symbol, then with the first right one. Merge it wherever it stands, in each word from left to right;
    a symbol is used once. Where there is no pair at all, nothing changes (Sennrich et al. 2016, algorithm 1).

    Differs: the paper puts a sign at the end of each word, and leaves open which of equally frequent pairs is taken.
    """
    pairs = Counter()
    for word, count in zip(words, counts):
        for pair in pairwise(word):
            pairs[pair] += count
    if not pairs:
        return words
    best = min(pairs, key=lambda pair: (-pairs[pair], pair))
    merged = []
    for word in words:
        new = []
        for symbol in word:
            if new and (new[-1], symbol) == best:
                new[-1] += symbol
            else:
                new.append(symbol)
        merged.append(new)
    return merged


merge_pair.example([list("low"), list("lower"), list("newest"), list("widest")], [5, 2, 6, 3])


def letters(rng, number):
    """Different letters, in a random order."""
    return [chr(ord("a") + int(code)) for code in rng.permutation(26)[:number]]


def shuffled(rng, words, counts):
    order = rng.permutation(len(words))
    return [words[i] for i in order], [counts[i] for i in order]


def merged_by_trying(words, counts):
    """The slow way: try every pair that could be, in alphabetical order, then merge by recursion."""
    def often(pair):
        places = (sum(word[i:i + 2] == [*pair] for i in range(len(word))) for word in words)
        return sum(count * number for count, number in zip(counts, places))

    def merge(word, pair):
        if word[:2] == [*pair]:
            return ["".join(pair), *merge(word[2:], pair)]
        return word[:1] + merge(word[1:], pair) if word else []

    best, most = None, 0
    for pair in product(sorted({symbol for word in words for symbol in word}), repeat=2):
        if often(pair) > most:
            best, most = pair, often(pair)
    return [merge(word, best) if best else word for word in words]


def merges(answer, words, counts):
    probes.equal(answer(words, counts), merged_by_trying(words, counts), "the words differ")


@merge_pair.check("counts a pair at each place, as often as its words occur",
                  hint="A word occurs 11 times in the corpus. How many times does each of its pairs occur?")
def counts_places(answer, rng):
    a, b, c, d, e, f, g = letters(rng, 7)
    merges(answer, *shuffled(rng, [[a, b], [c, a, b], [d, e, f], [g, d, e], [d, e, c]], [7, 5, 2, 3, 2]))
    merges(answer, *shuffled(rng, [[a, b, c, a, b], [d, e], [f, g, c]], [7, 11, 3]))
    merges(answer, *shuffled(rng, [[a, b, c], [b, a, d], [e, f]], [5, 3, 7]))
    merges(answer, [[a, c, b], [a, d, b], [a, c, e, b], [a, f, b]], [3, 2, 3, 2])
    merges(answer, *shuffled(rng, [[a, a, a], [b, c]], [5, 7]))


@merge_pair.check("takes the alphabetically first of equally frequent pairs",
                  hint="Which pairs share the first place? Which of them stands first in a dictionary?")
def alphabetically_first(answer, rng):
    for count in (1, 3):
        a, b, c, d, e, f, g = sorted(letters(rng, 7))
        merges(answer, [[c, f], [b, g], [e, a], [g, d]], [count] * 4)
        merges(answer, [[b, e], [b, g], [b, c], [d, a]], [count, count, count, 1])


@merge_pair.check("merges whole symbols, at every place, from left to right",
                  hint="Write down by hand what becomes of a, a, a and of a, b, c, a, b.")
def merges_everywhere(answer, rng):
    a, b, c, d, e, f, _ = letters(rng, 7)
    merges(answer, [[c, a, b], [d + a, b], [a, b + e], [d + a, b + e], [a, b]], [2, 1, 1, 1, 7])
    merges(answer, *shuffled(rng, [[a, b + c], [a + b, c], [d, e], [f, e]], [3, 4, 5, 2]))
    merges(answer, [[a, b, c, a, b], [b, a, b, a, b]], [3, 2])
    for length in (3, 4, 5):
        merges(answer, [[a] * length, [b, *[a] * length, c], [d, e, f]], [5, 7, 2])
    words = [[str(symbol) for symbol in rng.choice([a, b, c], size=size)] for size in (11, 7, 5, 3)]
    merges(answer, words, [3, 2, 7, 5])


@merge_pair.check("leaves alone what holds no pair", hint="Which pairs are in a word of one symbol?")
def leaves_alone(answer, rng):
    a, b, c, d, e, f, _ = letters(rng, 7)
    merges(answer, [[a], [b + c]], [3, 5])
    merges(answer, [[a], [b, c], [d, e, f]], [11, 7, 2])
    merges(answer, [[a, b]], [1])


def pairs_in(words, counts):
    pairs = Counter()
    for word, count in zip(words, counts):
        for pair in pairwise(word):
            pairs[pair] += count
    return pairs


def first_best(pairs):
    return min(pairs, key=lambda pair: (-pairs[pair], pair)) if pairs else None


def merged(words, pair):
    """Each word with the pair merged; nothing where there is no pair."""
    result = []
    for word in words:
        new, at = [], 0
        while at < len(word):
            found = pair is not None and tuple(word[at:at + 2]) == pair
            new.append("".join(pair) if found else word[at])
            at += 2 if found else 1
        result.append(new)
    return result


@merge_pair.mistake("counts each word once, however often it occurs",
                    hint="Where does `counts` appear in your code?")
def counts_ignored(words, counts):
    return merged(words, first_best(pairs_in(words, [1] * len(words))))


@merge_pair.mistake("takes the pair it met first among equally frequent ones",
                    hint="If two pairs are equally frequent, what decides in your code: the alphabet?")
def first_met(words, counts):
    pairs = pairs_in(words, counts)
    return merged(words, max(pairs, key=pairs.get) if pairs else None)


@merge_pair.mistake("takes the alphabetically last of equally frequent pairs",
                    hint="`max` looks for the most frequent pair. What does it look for among equals?")
def alphabetically_last(words, counts):
    pairs = pairs_in(words, counts)
    return merged(words, max(pairs, key=lambda pair: (pairs[pair], pair)) if pairs else None)


@merge_pair.mistake("merges only the first place in each word", hint="What becomes of the last two of a, b, c, a, b?")
def first_place(words, counts):
    pair, result = first_best(pairs_in(words, counts)), []
    for word in words:
        at = next((i for i in range(len(word)) if tuple(word[i:i + 2]) == pair), None)
        result.append(list(word) if at is None else [*word[:at], "".join(pair), *word[at + 2:]])
    return result


@merge_pair.mistake("counts pairs across the end of a word",
                    hint="Are the last symbol of a word and the first of the next neighbours?")
def across_words(words, counts):
    text = [symbol for word, count in zip(words, counts) for _ in range(count) for symbol in word]
    return merged(words, first_best(Counter(pairwise(text))))


@merge_pair.mistake("replaces text, and so parts of longer symbols",
                    hint="With `replace`, what becomes of the symbols \"th\", \"e\" when \"h\", \"e\" are merged?")
def replaced(words, counts):
    pair = first_best(pairs_in(words, counts))
    if pair is None:
        return words
    return [" ".join(word).replace(" ".join(pair), "".join(pair)).split() for word in words]


@merge_pair.mistake("uses a symbol in two merges", hint="How many letters go into a, a, a? How many come out?")
def used_twice(words, counts):
    pair, result = first_best(pairs_in(words, counts)), []
    for word in words:
        new = []
        for i, symbol in enumerate(word):
            if tuple(word[i:i + 2]) == pair:
                new.append("".join(pair))
            elif i == 0 or tuple(word[i - 1:i + 1]) != pair:
                new.append(symbol)
        result.append(new)
    return result


@merge_pair.mistake("leaves the right symbol of a merged pair in the word",
                    hint="How many letters has a word before your merge, and after it? Where does the walk go on?")
def right_symbol_left(words, counts):
    pair = first_best(pairs_in(words, counts))
    return [["".join(pair) if tuple(word[i:i + 2]) == pair else symbol for i, symbol in enumerate(word)]
            for word in words]


@merge_pair.mistake("loses the last symbol of a word",
                    hint="How many letters has a word before your merge, and after it? Where does the walk end?")
def last_symbol_lost(words, counts):
    pair, result = first_best(pairs_in(words, counts)), []
    for word in words:
        new, at = [], 0
        while at < len(word) - 1:
            found = (word[at], word[at + 1]) == pair
            new.append("".join(pair) if found else word[at])
            at += 2 if found else 1
        result.append(new)
    return result


@merge_pair.mistake("takes pairs for the same that read the same when joined",
                    hint="The pairs \"a\", \"bc\" and \"ab\", \"c\": are they one pair in your count?")
def joined_alike(words, counts):
    pairs, result = Counter(), []
    for word, count in zip(words, counts):
        for pair in pairwise(word):
            pairs["".join(pair)] += count
    best = first_best(pairs)
    for word in words:
        new, at = [], 0
        while at < len(word):
            found = at + 1 < len(word) and word[at] + word[at + 1] == best
            new.append(best if found else word[at])
            at += 2 if found else 1
        result.append(new)
    return result


@merge_pair.mistake("merges from right to left", hint="Which two of a, a, a are merged in your code?")
def from_the_right(words, counts):
    pair = first_best(pairs_in(words, counts))
    turned = merged([word[::-1] for word in words], pair[::-1] if pair else None)
    return [["".join(pair) if symbol == "".join(pair[::-1]) else symbol for symbol in word[::-1]] if pair
            else word[::-1] for word in turned]


@merge_pair.mistake("takes a pair and its reverse for the same",
                    hint="Is \"e\", \"s\" in a word the same as \"s\", \"e\"?")
def either_way(words, counts):
    pairs, result = Counter(), []
    for word, count in zip(words, counts):
        for pair in pairwise(word):
            pairs[tuple(sorted(pair))] += count
    best = first_best(pairs)
    for word in words:
        new, at = [], 0
        while at < len(word):
            found = tuple(sorted(word[at:at + 2])) == best
            new.append("".join(word[at:at + 2]) if found else word[at])
            at += 2 if found else 1
        result.append(new)
    return result


@merge_pair.mistake("counts a pair once per word, however often it stands in it",
                    hint="How often does the word a, b, c, a, b hold the pair a, b?")
def once_per_word(words, counts):
    pairs = Counter()
    for word, count in zip(words, counts):
        for pair in set(pairwise(word)):
            pairs[pair] += count
    return merged(words, first_best(pairs))


@merge_pair.mistake("does not count places that overlap",
                    hint="The text counts the pair a, a in a, a, a: at how many places does it stand?")
def no_overlaps(words, counts):
    pairs = pairs_in(words, counts)
    for pair in pairs:
        alone = merged(words, pair)
        pairs[pair] = sum(count * (len(word) - len(new)) for word, new, count in zip(words, alone, counts))
    return merged(words, first_best(pairs))


@merge_pair.mistake("shortens a word while it walks along it",
                    hint="`range(len(word))` was made before the merge. How long is the word afterwards?")
def shortened_on_the_way(words, counts):
    pair, result = first_best(pairs_in(words, counts)), [list(word) for word in words]
    for word in result:
        for i in range(len(word) - 1):
            if (word[i], word[i + 1]) == pair:
                word[i:i + 2] = ["".join(pair)]
    return result


@merge_pair.mistake("expects that there is always a pair",
                    hint="What does `max` do with nothing to choose from? When does that happen?")
def always_a_pair(words, counts):
    pairs = pairs_in(words, counts)
    return merged(words, max(sorted(pairs), key=pairs.get))


@merge_pair.alternative("an index that jumps over what was merged")
def by_index(words, counts):
    pairs = pairs_in(words, counts)
    if not pairs:
        return words
    most = max(pairs.values())
    return merged(words, sorted(pair for pair, often in pairs.items() if often == most)[0])


@merge_pair.alternative("a regular expression, as in the paper")
def by_expression(words, counts):
    import re

    pair = first_best(pairs_in(words, counts))
    if pair is None:
        return words
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
    marked(answer, corpus_of_links(rng, (2, 3, 1), (7, 2, 5), (1, 1, 11)), corpus_of_links(rng, (3, 7, 2)),
           corpus_of_links(rng, (5, 0, 3), (2, 3, 0)))


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
    (one, two), (first, second) = corpus_of_links(rng, (3, 2, 7), (5, 1, 2))
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


@exercise(points=4, hints=(
    "First for one sentence and one n: list the candidate's n-grams. How many find a partner in the reference, if each "
    "partner may be used once?",
    "Two `Counter`s joined by `&` keep the smaller count of each. Add up over all sentences before you divide.",
    "Then three lines: four precisions, their geometric mean, the penalty. When is the logarithm of 0 asked for?",
))
def bleu(candidates: list[list[str]], references: list[list[str]]) -> float:
    r"""Mark translations by the words and phrases they share with a reference: a number from 0 to 1.

    $\mathrm{BLEU} = BP \cdot (p_1 p_2 p_3 p_4)^{1/4}$ over a whole corpus (Papineni et al. 2002, §2.3). $p_n$: of all
    n-grams of all candidates, the share that is found in their *own* reference, where an n-gram is found at most as
    often as the reference holds it. $BP = e^{1 - r/c}$ where all candidates together have fewer words, $c$, than the
    references, $r$; otherwise 1. Where no n-gram of some n is found, BLEU is 0. `references[i]` belongs to
    `candidates[i]`; both are lists of words.

    Differs: the paper allows several references for a sentence.
    """
    found, there = [0] * 4, [0] * 4
    for candidate, reference in zip(candidates, references):
        for n in range(1, 5):
            ours, theirs = (Counter(zip(*(words[i:] for i in range(n)))) for words in (candidate, reference))
            found[n - 1] += (ours & theirs).total()
            there[n - 1] += ours.total()
    if min(found) == 0:
        return 0.0
    mean = math.exp(sum(math.log(one / other) for one, other in zip(found, there)) / 4)
    return mean * min(1.0, math.exp(1 - sum(map(len, references)) / sum(map(len, candidates))))


bleu.example([["a", "dog", "runs", "on", "the", "the", "the"]],
             [["a", "dog", "runs", "on", "the", "wet", "grass", "now"]])

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


def bleu_by_crossing_off(candidates, references):
    """Each n-gram of a candidate crosses one off in its reference; precisions are fractions."""
    product_of_all = Fraction(1)
    for n in range(1, 5):
        found = there = 0
        for candidate, reference in zip(candidates, references):
            left = [reference[i:i + n] for i in range(len(reference) - n + 1)]
            for i in range(len(candidate) - n + 1):
                there += 1
                if candidate[i:i + n] in left:
                    left.remove(candidate[i:i + n])
                    found += 1
        product_of_all *= Fraction(found, max(there, 1))
    ours, theirs = sum(map(len, candidates)), sum(map(len, references))
    penalty = math.e ** (1 - theirs / ours) if 0 < ours < theirs else 1.0
    return float(product_of_all) ** 0.25 * penalty


def rated(answer, *corpora):
    replies = [answer(*corpus) for corpus in corpora]
    for score, corpus in zip(replies, corpora):
        probes.equal(score, bleu_by_crossing_off(*corpus), "the score differs")


@bleu.check("counts a phrase at most as often as its own reference holds it",
            hint="The example says \"the\" three times. How many of them find a partner?")
def clips(answer, rng):
    word, *others = (WORDS[i] for i in rng.permutation(len(WORDS)))
    (candidate,), (reference,) = translations(rng, (7, 2, 1))
    rated(answer, ([[*others, word, word, word]], [[*others, word, others[0]]]),
          ([candidate + candidate[:5], [word] * 5], [reference, [word, *others]]),
          ([candidate, others[:5] + candidate], [reference + others, others[:5] + reference[2:]]))


@bleu.check("counts over the whole corpus, then takes the geometric mean",
            hint="Add up over all sentences: n-grams found, n-grams there. Only then divide, for each n.")
def over_the_corpus(answer, rng):
    rated(answer, translations(rng, (5, 2, 2), (7, 6, 6), (11, 1, 1)), translations(rng, (6, 5, 2), (5, 1, 4)),
          translations(rng, (0, 3, 5), (11, 2, 0), (2, 1, 1)))


@bleu.check("punishes a corpus that is too short, and none that is too long",
            hint="Compare all words of the candidates with all words of the references. Which are fewer?")
def brevity(answer, rng):
    rated(answer, translations(rng, (5, 1, 7), (7, 3, 2)), translations(rng, (7, 5, 2), (5, 3, 4)),
          translations(rng, (6, 0, 5)), translations(rng, (6, 5, 0)))


@bleu.check("is 1 for the reference itself, and 0 where no phrase of some length is found",
            hint="How many phrases of four words has a sentence of three? And what is the logarithm of 0?")
def ends_of_the_range(answer, rng):
    _, references = translations(rng, (7, 2, 3), (2, 1, 3))
    probes.equal(answer(references, references), 1.0, "the reference itself should get 1")
    replies = [answer([candidate], [["a", "dog", "runs", "on"]]) for candidate in
               (["the", "dog", "runs", "a"], ["a", "dog", "runs"], ["now"], ["a"], [])]
    for score in replies:
        probes.equal(score, 0.0, "no phrase of some length is found, but it is not 0")
    rated(answer, ([[], *references], [["a"], *references]))


def n_grams(words, n):
    return [tuple(words[i:i + n]) for i in range(len(words) - n + 1)]


def found_in(candidate, reference):
    """n-grams found and n-grams there, for n from 1 to 4."""
    counted = [(Counter(n_grams(candidate, n)), Counter(n_grams(reference, n))) for n in range(1, 5)]
    return [((ours & theirs).total(), ours.total()) for ours, theirs in counted]


def summed(candidates, references, count=found_in):
    """The same, added up over the corpus."""
    return [tuple(map(sum, zip(*rows))) for rows in zip(*map(count, candidates, references))]


def geometric(shares):
    return math.prod(found / max(there, 1) for found, there in shares) ** (1 / len(shares))


def penalty(candidates, references):
    ours, theirs = sum(map(len, candidates)), sum(map(len, references))
    return math.exp(min(0.0, 1 - theirs / max(ours, 1)))


@bleu.mistake("does not clip the counts",
              hint="A candidate says only \"the the the the\". How good is it in your code?")
def not_clipped(candidates, references):
    def count(candidate, reference):
        return [(sum(gram in n_grams(reference, n) for gram in n_grams(candidate, n)), len(n_grams(candidate, n)))
                for n in range(1, 5)]
    return geometric(summed(candidates, references, count)) * penalty(candidates, references)


@bleu.mistake("clips over the whole corpus, not in each sentence",
              hint="May a word find its partner in the reference of another sentence?")
def clipped_by_corpus(candidates, references):
    shares = []
    for n in range(1, 5):
        ours, theirs = (Counter(gram for words in side for gram in n_grams(words, n))
                        for side in (candidates, references))
        shares.append(((ours & theirs).total(), ours.total()))
    return geometric(shares) * penalty(candidates, references)


@bleu.mistake("joins all sentences to one text",
              hint="Are the last word of a sentence and the first of the next one a phrase?")
def one_text(candidates, references):
    ours, theirs = ([word for words in side for word in words] for side in (candidates, references))
    return geometric(found_in(ours, theirs)) * penalty(candidates, references)


@bleu.mistake("averages the scores of the sentences",
              hint="One sentence of two words: what is its score, and what does it do to your average?")
def mean_of_scores(candidates, references):
    return sum(geometric(found_in(one, other)) * penalty([one], [other])
               for one, other in zip(candidates, references)) / len(candidates)


@bleu.mistake("averages the precisions of the sentences",
              hint="Does a sentence of 2 words weigh as much as one of 20 in your precision?")
def mean_of_precisions(candidates, references):
    rows = [[found / max(there, 1) for found, there in found_in(one, other)]
            for one, other in zip(candidates, references)]
    return math.prod(sum(column) / len(rows) for column in zip(*rows)) ** 0.25 * penalty(candidates, references)


@bleu.mistake("takes the arithmetic mean of the precisions",
              hint="One of four precisions is 0. What is your mean then, and what does the formula give?")
def arithmetic(candidates, references):
    shares = summed(candidates, references)
    return sum(found / max(there, 1) for found, there in shares) / 4 * penalty(candidates, references)


@bleu.mistake("multiplies the precisions without taking the fourth root",
              hint="All four precisions are 1/2. What is their geometric mean?")
def no_root(candidates, references):
    return geometric(summed(candidates, references)) ** 4 * penalty(candidates, references)


@bleu.mistake("has no brevity penalty",
              hint="A candidate repeats only the four words it is sure of. What stops it from getting 1?")
def no_penalty(candidates, references):
    return geometric(summed(candidates, references))


@bleu.mistake("rewards candidates that are too long",
              hint="What is e^(1 − r/c) when c is larger than r? Is that what the text asks for?")
def long_rewarded(candidates, references):
    ours, theirs = sum(map(len, candidates)), sum(map(len, references))
    return geometric(summed(candidates, references)) * math.exp(1 - theirs / max(ours, 1))


@bleu.mistake("punishes candidates that are too long, too",
              hint="Which of the two is punished: too short, or too long? What does precision do about the other?")
def long_punished(candidates, references):
    ours, theirs = sum(map(len, candidates)), sum(map(len, references))
    return geometric(summed(candidates, references)) * math.exp(1 - max(ours, theirs) / max(min(ours, theirs), 1))


@bleu.mistake("exchanges r and c in the penalty", hint="Which of r and c are the candidates' words?")
def exchanged(candidates, references):
    ours, theirs = sum(map(len, candidates)), sum(map(len, references))
    return geometric(summed(candidates, references)) * math.exp(min(0.0, 1 - ours / theirs))


@bleu.mistake("takes the plain ratio of the lengths as penalty",
              hint="What is the penalty at half the length: 1/2, or what does the formula say?")
def plain_ratio(candidates, references):
    ours, theirs = sum(map(len, candidates)), sum(map(len, references))
    return geometric(summed(candidates, references)) * min(1.0, ours / theirs)


@bleu.mistake("punishes each short sentence, even where the corpus is long enough",
              hint="Over what are r and c counted: a sentence, or the corpus?")
def shorts_punished(candidates, references):
    theirs = sum(map(len, references))
    excess = sum(max(len(other) - len(one), 0) for one, other in zip(candidates, references))
    return geometric(summed(candidates, references)) * math.exp(-excess / max(theirs - excess, 1))


@bleu.mistake("divides by the references' phrases",
              hint="Precision, or recall? Whose phrases are asked about: \"of all n-grams of …\"?")
def recall(candidates, references):
    found, there = summed(candidates, references), summed(references, candidates)
    return geometric([(one, all_) for (one, _), (_, all_) in zip(found, there)]) * penalty(candidates, references)


@bleu.mistake("counts single words only", hint="Put a candidate's words in another order. Does your score fall?")
def words_only(candidates, references):
    return geometric(summed(candidates, references)[:1]) * penalty(candidates, references)


@bleu.mistake("stops at phrases of three words", hint="Which n does your loop see? What does `range` leave out?")
def up_to_three(candidates, references):
    return geometric(summed(candidates, references)[:3]) * penalty(candidates, references)


@bleu.mistake("counts phrases of four words only", hint="How many precisions go into the mean?")
def only_four(candidates, references):
    return geometric(summed(candidates, references)[3:]) * penalty(candidates, references)


@bleu.mistake("counts each different phrase once",
              hint="A set forgets how often. How often may a phrase be found that the reference holds twice?")
def different_ones(candidates, references):
    def count(candidate, reference):
        return [(len(set(n_grams(candidate, n)) & set(n_grams(reference, n))), len(set(n_grams(candidate, n))))
                for n in range(1, 5)]
    return geometric(summed(candidates, references, count)) * penalty(candidates, references)


@bleu.mistake("leaves out the last phrase of each sentence",
              hint="How many phrases of two words are in a sentence of three? How many does your `range` see?")
def last_left_out(candidates, references):
    def grams(words, n):
        return Counter(n_grams(words, n)[:-1])

    def count(candidate, reference):
        return [((grams(candidate, n) & grams(reference, n)).total(), grams(candidate, n).total()) for n in range(1, 5)]
    return geometric(summed(candidates, references, count)) * penalty(candidates, references)


@bleu.mistake("divides all four by the number of words",
              hint="How many phrases of four words are in a sentence of seven? What do you divide by?")
def words_below(candidates, references):
    shares = summed(candidates, references)
    return geometric([(found, shares[0][1]) for found, _ in shares]) * penalty(candidates, references)


@bleu.mistake("leaves out the lengths of which the candidates have no phrase",
              hint="What should the score be where there is no phrase of four words?")
def lengths_left_out(candidates, references):
    shares = [share for share in summed(candidates, references) if share[1]]
    return geometric(shares) * penalty(candidates, references) if shares else 0.0


@bleu.mistake("returns percent", hint="From where to where should the score go?")
def percent(candidates, references):
    return 100 * geometric(summed(candidates, references)) * penalty(candidates, references)


@bleu.mistake("leaves out the precisions that are 0",
              hint="What should the score be where no phrase of four words is found?")
def zeros_left_out(candidates, references):
    shares = [share for share in summed(candidates, references) if share[0]]
    return geometric(shares) * penalty(candidates, references) if shares else 0.0


@bleu.mistake("divides by zero when candidates are short",
              hint="How many phrases of four words are in a sentence of three? What do you divide by?")
def zero_division(candidates, references):
    product_of_all = 1.0
    for found, there in summed(candidates, references):
        product_of_all *= found / there
    return product_of_all ** 0.25 * penalty(candidates, references)


@bleu.mistake("takes the logarithm of 0", hint="Which precision can be 0? What is its logarithm?")
def logarithm_of_zero(candidates, references):
    logarithms = [math.log(found / max(there, 1)) for found, there in summed(candidates, references)]
    return math.exp(sum(logarithms) / 4) * penalty(candidates, references)


@bleu.alternative("partners crossed off one by one")
def by_crossing_off(candidates, references):
    return bleu_by_crossing_off(candidates, references)


@bleu.alternative("logarithms, minus infinity for nothing found")
def by_log_sum(candidates, references):
    total = 0.0
    for found, there in summed(candidates, references):
        total += 0.25 * (math.log(found / there) if found else -math.inf)
    ours, theirs = sum(map(len, candidates)), sum(map(len, references))
    return math.exp(total + (1 - theirs / ours if ours < theirs and ours else 0.0))
