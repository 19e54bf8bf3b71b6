from itertools import groupby

import numpy as np

from selfattention.engine import exercise, probes


@exercise(points=2, minutes=8, builds_on="lesson 10, batches", hints=(
    "The result holds no lengths, only indices. In which order must the indices be before you cut?",
    "`sorted` takes a `key`. What is the key of index i? And does `sorted` change the order of equal ones?",
    "`range` takes a step. At which places in the sorted order does a batch begin?",
))
def length_batches(lengths: list[int], size: int) -> list[list[int]]:
    """Group sentences of similar length, so that little padding is needed.

    `lengths[i]` is the length of sentence i. Order the sentences from the shortest to the longest; equally long ones
    keep their order. Cut the result into batches of `size` sentences; the last one may be smaller. Return a list of
    lists: for each batch, the indices of its sentences, counted from 0.
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
                      hint="Write all indices of your batches in a row. Is one missing, or there twice?")
def every_sentence_once(answer, rng):
    for sentences, size in ((11, 3), (12, 4), (1, 5), (5, 1), (7, 7)):
        batches = answer(some_lengths(rng, sentences), size)
        probes.equal(sorted(int(i) for batch in batches for i in batch), list(range(sentences)),
                     "not every sentence is there exactly once")
        probes.equal([len(batch) for batch in batches][:-1], [size] * (len(batches) - 1), "a batch has another size")


@length_batches.check("goes from short to long, and keeps the order of equally long sentences",
                      hint="Which sentence is the shortest in the example? If there are two, which comes first?")
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


@length_batches.check("leaves no more padding than sorted sentences need",
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


@length_batches.mistake("does not sort", hint="Which lengths are side by side in your first batch?")
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


@length_batches.mistake("begins with the longest", hint="Which sentence comes first in your first batch?")
def longest_first(lengths, size):
    return cut(sorted(range(len(lengths)), key=lambda i: -lengths[i]), size)


@length_batches.mistake("reverses the sorted order, and so begins with the longest",
                        hint="Which sentence comes first in your first batch? And which of two equally long ones?")
def turned_round(lengths, size):
    return cut(by_length(lengths)[::-1], size)


@length_batches.mistake("does not cut the order into batches", hint="Where does `size` appear in your code?")
def not_cut(lengths, size):
    return by_length(lengths)


@length_batches.mistake("makes the batches equally large",
                        hint="Thirteen sentences in batches of five: how large are yours? Which one may be smaller?")
def equally_large(lengths, size):
    parts = np.array_split(np.argsort(lengths, kind="stable"), -(-len(lengths) // size))
    return [part.tolist() for part in parts]


@length_batches.mistake("returns arrays inside the list",
                        hint="What is the type of your first batch? How does an array become a list?")
def arrays_inside(lengths, size):
    return np.split(np.argsort(lengths, kind="stable"), range(size, len(lengths), size))


@length_batches.mistake("reverses the order of equally long sentences",
                        hint="Two sentences are equally long. Which of them comes first in your batches?")
def ties_turned(lengths, size):
    return cut(np.argsort(-np.array(lengths), kind="stable")[::-1].tolist(), size)


@length_batches.mistake("returns lengths instead of indices",
                        hint="Can a sentence be found again from what you return?")
def lengths_returned(lengths, size):
    return cut(sorted(lengths), size)


@length_batches.mistake("looks up each length, and finds only the first sentence of that length",
                        hint="What does `.index` find when two sentences are equally long?")
def looked_up(lengths, size):
    return cut([lengths.index(length) for length in sorted(lengths)], size)


@length_batches.mistake("lets neighbouring batches share a sentence",
                        hint="Does a slice include its end index?")
def one_shared(lengths, size):
    order = by_length(lengths)
    return [order[start:start + size + 1] for start in range(0, len(order), size)]


@length_batches.mistake("deals out the sorted sentences in turn",
                        hint="Which lengths are in your first batch: the short ones, or some of each?")
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


@length_batches.mistake("fills up the last batch with sentences it has already used",
                        hint="How often is the shortest sentence in your batches?")
def filled_up(lengths, size):
    order = by_length(lengths)
    return cut(order + order[:-len(order) % size], size)


@length_batches.mistake("begins a new batch at each new length",
                        hint="May sentences of 4 and 5 words share a batch? How many batches do you make?")
def one_length_each(lengths, size):
    groups = groupby(by_length(lengths), key=lengths.__getitem__)
    return [batch for _, group in groups for batch in cut(list(group), size)]


@length_batches.mistake("fills one list again and again, so that every batch becomes the last one",
                        hint="How many lists does your code make? What becomes of a batch when its list is cleared?")
def one_list(lengths, size):
    batch, batches = [], []
    for sentence in by_length(lengths):
        if len(batch) == size:
            batch.clear()
        if not batch:
            batches.append(batch)
        batch.append(sentence)
    return batches


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
