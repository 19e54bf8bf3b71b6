"""Right answers to chapter 10."""

import heapq
import itertools
import math
import operator
import re
import statistics
from collections import Counter, defaultdict, deque, namedtuple
from dataclasses import dataclass
from fractions import Fraction
from functools import partial, reduce

import numpy as np
import torch

from answers import right


@right("10.length_batches", "numpy's stable argsort, split in pieces")
def _(lengths, size):
    order = np.argsort(lengths, kind="stable")
    return [piece.tolist() for piece in np.split(order, range(size, len(order), size))]


@right("10.length_batches", "sorted pairs, taken from an iterator by islice")
def _(lengths, size):
    order = (i for _, i in sorted((n, i) for i, n in enumerate(lengths)))
    return list(iter(lambda: list(itertools.islice(order, size)), []))


@right("10.length_batches", "a heap that is emptied")
def _(lengths, size):
    heap = [(n, i) for i, n in enumerate(lengths)]
    heapq.heapify(heap)
    batches = []
    while heap:
        batches.append([heapq.heappop(heap)[1] for _place in range(min(size, len(heap)))])
    return batches


@right("10.length_batches", "buckets by length, chained, grouped by place // size")
def _(lengths, size):
    buckets = defaultdict(list)
    for i, n in enumerate(lengths):
        buckets[n].append(i)
    chained = itertools.chain.from_iterable(buckets[n] for n in sorted(buckets))
    grouped = itertools.groupby(enumerate(chained), key=lambda pair: pair[0] // size)
    return [[i for _, i in group] for _, group in grouped]


@right("10.length_batches", "a stable torch.sort and split")
def _(lengths, size):
    if not lengths:
        return []
    order = torch.tensor(lengths).sort(stable=True).indices
    return list(map(torch.Tensor.tolist, order.split(size)))


@right("10.most_frequent_pair", "min by negated count and pair")
def _(words, counts):
    found = Counter()
    for word, count in zip(words, counts, strict=True):
        for i in range(1, len(word)):
            found[word[i - 1], word[i]] += count
    return min(found, key=lambda pair: (-found[pair], pair), default=None)


@right("10.most_frequent_pair", "max over the sorted pairs, which keeps the first")
def _(words, counts):
    table = defaultdict(int)
    for word, count in zip(words, counts, strict=True):
        for left, right_ in itertools.pairwise(word):
            table[left, right_] += count
    return max(sorted(table), key=table.__getitem__, default=None)


@right("10.most_frequent_pair", "sorted by count after sorted by pair, a named tuple comes out")
def _(words, counts):
    pair_type = namedtuple("Pair", "left right")
    pairs = [(pair_type(*pair), n) for word, n in zip(words, counts, strict=True) for pair in itertools.pairwise(word)]
    groups = itertools.groupby(sorted(pairs), key=operator.itemgetter(0))
    totals = [(pair, sum(n for _, n in group)) for pair, group in groups]
    totals.sort(key=operator.itemgetter(1), reverse=True)
    return totals[0][0] if totals else None


@right("10.most_frequent_pair", "a heap of (minus count, left, right)")
def _(words, counts):
    total = reduce(lambda t, wc: {**t, **{p: t.get(p, 0) + wc[1] * m for p, m in wc[0].items()}},
                   [(Counter(itertools.pairwise(word)), count) for word, count in zip(words, counts, strict=True)], {})
    heap = [(-count, *pair) for pair, count in total.items()]
    heapq.heapify(heap)
    return tuple(heap[0][1:]) if heap else None


@right("10.merge_pair", "a stack whose top is looked at")
def _(words, pair):
    def merged(word):
        stack = []
        for symbol in word:
            if stack and (stack[-1], symbol) == tuple(pair):
                stack[-1] = stack[-1] + symbol
            else:
                stack.append(symbol)
        return stack
    return list(map(merged, words))


@right("10.merge_pair", "recursion by pattern matching")
def _(words, pair):
    left, right_ = pair

    def merged(word):
        match word:
            case [a, b, *rest] if a == left and b == right_:
                return [a + b, *merged(rest)]
            case [a, *rest]:
                return [a, *merged(rest)]
            case _:
                return []
    return [merged(word) for word in words]


@right("10.merge_pair", "a deque that is emptied from the left")
def _(words, pair):
    result = []
    for word in words:
        waiting, done = deque(word), []
        while waiting:
            first = waiting.popleft()
            if first == pair[0] and waiting and waiting[0] == pair[1]:
                first += waiting.popleft()
            done.append(first)
        result.append(done)
    return result


@right("10.merge_pair", "a regular expression over the word as a text of numbered symbols")
def _(words, pair):
    symbols = {symbol: i for i, symbol in enumerate(sorted({s for word in words for s in word} | set(pair)))}
    names = list(symbols)
    found = re.compile(f"<{symbols[pair[0]]}><{symbols[pair[1]]}>")

    def merged(word):
        text = found.sub("<new>", "".join(f"<{symbols[s]}>" for s in word))
        return ["".join(pair) if name == "new" else names[int(name)] for name in re.findall("<(.*?)>", text)]
    return [merged(word) for word in words]


@right("10.merge_pair", "slices replaced in place on a copy of each word")
def _(words, pair):
    copies = [word.copy() for word in words]
    for word in copies:
        at = 0
        while at < len(word) - 1:
            if word[at:at + 2] == list(pair):
                word[at:at + 2] = ["".join(pair)]
            at += 1
    return copies


@right("10.extend_beams", "heapq.nlargest over lists, then three tensors")
def _(scores, log_probabilities, width):
    every = ((s + p, b, t) for b, (s, row) in enumerate(zip(scores.tolist(), log_probabilities.tolist(), strict=True))
             for t, p in enumerate(row))
    best, parents, tokens = zip(*heapq.nlargest(width, every), strict=True)
    return torch.tensor(best, dtype=scores.dtype), torch.tensor(parents), torch.tensor(tokens)


@right("10.extend_beams", "a descending argsort in numpy, unravel_index")
def _(scores, log_probabilities, width):
    total = np.add.outer(scores.numpy(force=True), np.zeros(log_probabilities.shape[1])) + log_probabilities.numpy(
        force=True)
    order = np.argsort(-total, axis=None)[:width]
    parents, tokens = np.unravel_index(order, total.shape)
    return tuple(map(torch.from_numpy, (total.ravel()[order], parents, tokens)))


@right("10.extend_beams", "the best of each beam first, then the best of these")
def _(scores, log_probabilities, width):
    each = min(width, log_probabilities.shape[1])
    values, tokens = (scores[:, None] + log_probabilities).topk(each, dim=1)
    best, place = values.flatten().topk(width)
    return best, place.div(each, rounding_mode="trunc"), tokens.flatten()[place]


@right("10.extend_beams", "all places sorted by their score in plain python, a list of three")
def _(scores, log_probabilities, width):
    beams, vocab = log_probabilities.shape
    places = list(itertools.product(range(beams), range(vocab)))
    total = {(b, t): float(scores[b] + log_probabilities[b, t]) for b, t in places}
    best = sorted(places, key=total.get, reverse=True)[:width]
    kept = torch.tensor([total[place] for place in best], dtype=scores.dtype)
    return [kept, torch.tensor([b for b, _ in best]), torch.tensor([t for _, t in best])]


@right("10.extend_beams", "a named tuple of sort's first entries, whole numbers of 32 bits")
def _(scores, log_probabilities, width):
    ordered = torch.sort((log_probabilities.T + scores).T.reshape(-1), descending=True)
    place = ordered.indices[:width].int()
    made = namedtuple("Extended", ["scores", "parents", "tokens"])
    vocab = log_probabilities.size(-1)
    return made(ordered.values[:width], place // vocab, torch.remainder(place, vocab))


@right("10.best_ending", "float32 lengths in a tensor, argmax by item")
def _(sentences, scores, alpha):
    chosen = torch.tensor([len(sentence[1:]) for sentence in sentences])
    fair = scores / ((5 + chosen) / 6) ** alpha
    return fair, fair.argmax().item()


@right("10.best_ending", "a list of two, max with a key over the indices")
def _(sentences, scores, alpha):
    fair = [s * (6 / (4 + len(words))) ** alpha for words, s in zip(sentences, scores.tolist(), strict=True)]
    return [torch.tensor(fair, dtype=scores.dtype), max(range(len(fair)), key=fair.__getitem__)]


@right("10.best_ending", "logarithms of the penalty, a numpy integer as index")
def _(sentences, scores, alpha):
    lengths = np.array([sum(token != "<begin>" for token in sentence) for sentence in sentences])
    fair = scores.numpy(force=True) * np.exp(-alpha * (np.log(5 + lengths) - np.log(6)))
    return torch.from_numpy(fair), np.argmax(fair)


@right("10.best_ending", "a dataclass for each ending")
def _(sentences, scores, alpha):
    @dataclass(order=True)
    class Ending:
        score: float
        index: int

    endings = [Ending(float(s) / math.pow((5 + len(words) - 1) / 6, alpha), i)
               for i, (words, s) in enumerate(zip(sentences, scores, strict=True))]
    return scores.new_tensor([ending.score for ending in endings]), max(endings).index


@right("10.links_from_weights", "max over plain lists, without torch")
def _(weights):
    rows = [row[1:-1] for row in weights.tolist()][:-1]
    return [(row.index(max(row)), target) for target, row in enumerate(rows)]


@right("10.links_from_weights", "the signs' columns filled with minus infinity")
def _(weights):
    hidden = weights.detach().clone()
    hidden[:, [0, -1]] = -torch.inf
    return [(column - 1, t) for t, column in enumerate(hidden.argmax(dim=-1)[:-1].tolist())]


@right("10.links_from_weights", "numpy integers zipped into tuples")
def _(weights):
    best = np.argmax(weights.numpy(force=True)[:-1, 1:-1], axis=1)
    return list(zip(best, np.arange(len(best)), strict=True))


@right("10.links_from_weights", "named tuples, narrow and topk")
def _(weights):
    link = namedtuple("Link", "source target")
    inner = weights.narrow(0, 0, len(weights) - 1).narrow(1, 1, weights.shape[1] - 2)
    return list(map(link, inner.topk(1, dim=1).indices[:, 0].tolist(), itertools.count()))


@right("10.alignment_error_rate", "one set of triples for the corpus")
def _(guessed, gold):
    def links(corpus):
        return {(i, *link) for i, sentence in enumerate(corpus) for link in sentence}
    a, g = links(guessed), links(gold)
    return 1 - 2 * len(a & g) / (len(a) + len(g))


@right("10.alignment_error_rate", "the symmetric difference in an exact fraction")
def _(guessed, gold):
    pairs = [(set(a), set(g)) for a, g in zip(guessed, gold, strict=True)]
    return float(Fraction(sum(len(a ^ g) for a, g in pairs), sum(len(a) + len(g) for a, g in pairs)))


@right("10.alignment_error_rate", "running sums of a numpy array of three counts")
def _(guessed, gold):
    both, a, g = np.sum([[len({*x}.intersection(y)), len({*x}), len({*y})] for x, y in zip(guessed, gold)], axis=0)
    return np.float64(1) - 2 * both / (a + g)


@right("10.alignment_error_rate", "dict.fromkeys instead of sets, found links counted in a loop")
def _(guessed, gold):
    found = total = 0
    for a, g in zip(guessed, gold, strict=True):
        a, g = dict.fromkeys(a), dict.fromkeys(g)
        total += len(a) + len(g)
        found += sum(link in g for link in a)
    return (total - 2 * found) / total


@right("10.clipped_matches", "the intersection of two counters")
def _(candidate, reference, n):
    def grams(words):
        return Counter(tuple(words[i:i + n]) for i in range(len(words) - n + 1))
    a, b = grams(candidate), grams(reference)
    return (a & b).total(), a.total()


@right("10.clipped_matches", "matches crossed off a list of the reference's n-grams")
def _(candidate, reference, n):
    left = [reference[i:i + n] for i in range(max(0, len(reference) - n + 1))]
    own = [candidate[i:i + n] for i in range(max(0, len(candidate) - n + 1))]
    matches = 0
    for gram in own:
        if gram in left:
            left.remove(gram)
            matches += 1
    return matches, len(own)


@right("10.clipped_matches", "n shifted copies zipped, a named tuple")
def _(candidate, reference, n):
    def grams(words):
        return list(zip(*(itertools.islice(copy, i, None) for i, copy in enumerate(itertools.tee(words, n)))))
    own, other = grams(candidate), grams(reference)
    made = namedtuple("Matches", "matches total")
    return made(sum(min(own.count(gram), other.count(gram)) for gram in set(own)), len(own))


@right("10.clipped_matches", "sorted n-grams merged with two fingers, a list of two")
def _(candidate, reference, n):
    def grams(words):
        return sorted(tuple(words[i:i + n]) for i, _ in enumerate(words[n - 1:]))
    own, other = grams(candidate), grams(reference)
    i = j = matches = 0
    while i < len(own) and j < len(other):
        if own[i] == other[j]:
            i, j, matches = i + 1, j + 1, matches + 1
        elif own[i] < other[j]:
            i += 1
        else:
            j += 1
    return [matches, len(own)]


@right("10.clipped_matches", "counters subtracted")
def _(candidate, reference, n):
    def grams(words, begin=0):
        part = words[begin:begin + n]
        return Counter() if len(part) < n else Counter([tuple(part)]) + grams(words, begin + 1)
    own = grams(candidate)
    return sum(own.values()) - sum((own - grams(reference)).values()), sum(own.values())


@right("10.bleu", "a geometric mean by statistics")
def _(candidates, references, clipped_matches):
    precisions = []
    for n in range(1, 5):
        counts = [clipped_matches(c, r, n) for c, r in zip(candidates, references, strict=True)]
        matches, totals = zip(*counts, strict=True)
        if not sum(matches):
            return 0.0
        precisions.append(sum(matches) / sum(totals))
    c, r = sum(map(len, candidates)), sum(map(len, references))
    return statistics.geometric_mean(precisions) * math.exp(min(0, 1 - r / c))


@right("10.bleu", "numpy: a table of sentences x n x 2, summed over the sentences")
def _(candidates, references, clipped_matches):
    table = np.array([[clipped_matches(c, r, n) for n in (1, 2, 3, 4)]
                      for c, r in zip(candidates, references, strict=True)])
    matches, totals = table.sum(axis=0).T
    if not matches.all():
        return np.float64(0)
    short = np.sum([len(r) for r in references]) / np.sum([len(c) for c in candidates])
    return np.prod(matches / totals) ** 0.25 * np.exp(np.minimum(0, 1 - short))


@right("10.bleu", "exact fractions until the fourth root")
def _(candidates, references, clipped_matches):
    product = Fraction(1)
    for n in range(4, 0, -1):
        pairs = list(map(partial(lambda n, c, r: clipped_matches(c, r, n), n), candidates, references))
        matches, total = map(sum, zip(*pairs, strict=True))
        if matches == 0:
            return 0.0
        product *= Fraction(matches, total)
    c, r = (len([*itertools.chain(*side)]) for side in (candidates, references))
    return math.sqrt(math.sqrt(product)) * (math.exp(1 - r / c) if c < r else 1)


@right("10.bleu", "a sum of logarithms, zero by a caught error")
def _(candidates, references, clipped_matches):
    def log_precision(n):
        counts = [torch.tensor(clipped_matches(c, r, n)) for c, r in zip(candidates, references, strict=True)]
        matches, total = torch.stack(counts).sum(dim=0).tolist()
        return math.log(matches / total)
    try:
        logs = math.fsum(map(log_precision, range(1, 5))) / 4
        ratio = sum(len(r) for r in references) / sum(len(c) for c in candidates)
    except (ValueError, ZeroDivisionError):
        return 0
    return math.exp(logs - max(ratio - 1, 0))


@right("10.bleu", "the given function called with n by its name")
def _(candidates, references, clipped_matches):
    found, had = Counter(), Counter()
    for candidate, reference in zip(candidates, references, strict=True):
        for n in range(1, 5):
            matches, total = clipped_matches(candidate, reference, n=n)
            found[n] += matches
            had[n] += total
    if min(found.values()) == 0:
        return 0.0
    c, r = sum(map(len, candidates)), sum(map(len, references))
    penalty = 1.0 if c >= r else math.e ** (1 - r / c)
    return penalty * math.prod(found[n] / had[n] for n in found) ** 0.25


@right("10.length_batches", "lists of numpy integers")
def _(lengths, size):
    order = list(np.lexsort((np.arange(len(lengths)), lengths)))
    return [order[begin:begin + size] for begin in range(0, len(order), size)]
