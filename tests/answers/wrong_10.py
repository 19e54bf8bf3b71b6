"""Wrong answers to chapter 10."""

import math
from collections import Counter
from itertools import pairwise

import torch

from answers import wrong


@wrong("10.length_batches", "from the longest to the shortest")
def _(lengths, size):
    order = sorted(range(len(lengths)), key=lambda i: lengths[i], reverse=True)
    return [order[i:i + size] for i in range(0, len(order), size)]


@wrong("10.length_batches", "the lengths are returned, not the indices")
def _(lengths, size):
    ordered = sorted(lengths)
    return [ordered[start:start + size] for start in range(0, len(ordered), size)]


@wrong("10.length_batches", "the last batch is lost when it is smaller")
def _(lengths, size):
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    return [order[b * size:(b + 1) * size] for b in range(len(lengths) // size)]


@wrong("10.length_batches", "equally long sentences are all found at the first one's index")
def _(lengths, size):
    batches, batch = [], []
    for length in sorted(lengths):
        batch.append(lengths.index(length))
        if len(batch) == size:
            batches.append(batch)
            batch = []
    if batch:
        batches.append(batch)
    return batches


@wrong("10.length_batches", "a selection sort that swaps, which does not keep the order of equally long sentences")
def _(lengths, size):
    order = list(range(len(lengths)))
    for i in range(len(order)):
        smallest = min(range(i, len(order)), key=lambda j: lengths[order[j]])
        order[i], order[smallest] = order[smallest], order[i]
    return [order[i:i + size] for i in range(0, len(order), size)]


@wrong("10.length_batches", "equally long sentences in reverse order: sorted downwards and then turned round")
def _(lengths, size):
    order = sorted(range(len(lengths)), key=lambda i: lengths[i], reverse=True)[::-1]
    return [order[i:i + size] for i in range(0, len(order), size)]


@wrong("10.length_batches", "`size` is taken for the number of batches")
def _(lengths, size):
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    per_batch = math.ceil(len(order) / size) or 1
    return [order[i:i + per_batch] for i in range(0, len(order), per_batch)]


@wrong("10.length_batches", "the indices inside a batch are sorted again")
def _(lengths, size):
    order = [i for _, i in sorted((n, i) for i, n in enumerate(lengths))]
    return [sorted(order[i:i + size]) for i in range(0, len(order), size)]


@wrong("10.length_batches", "a new batch begins at each new length")
def _(lengths, size):
    batches = []
    previous = None
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if not batches or len(batches[-1]) == size or lengths[i] != previous:
            batches.append([])
        batches[-1].append(i)
        previous = lengths[i]
    return batches


@wrong("10.most_frequent_pair", "how often a word occurs is not used")
def _(words, counts):
    pairs = Counter()
    for word in words:
        pairs.update(pairwise(word))
    if not pairs:
        return None
    return min(pairs, key=lambda p: (-pairs[p], p))


@wrong("10.most_frequent_pair", "of equally frequent pairs the first one seen is taken")
def _(words, counts):
    pairs = Counter()
    for word, count in zip(words, counts, strict=True):
        for pair in pairwise(word):
            pairs[pair] += count
    if not pairs:
        return None
    return pairs.most_common(1)[0][0]


@wrong("10.most_frequent_pair", "of equally frequent pairs the alphabetically last is taken")
def _(words, counts):
    pairs = {}
    for word, count in zip(words, counts):
        for left, right in pairwise(word):
            pairs[left, right] = pairs.get((left, right), 0) + count
    if len(pairs) == 0:
        return None
    return max((n, pair) for pair, n in pairs.items())[1]


@wrong("10.most_frequent_pair", "a pair counts once in a word, however often it stands there")
def _(words, counts):
    totals = Counter()
    for word, count in zip(words, counts):
        for pair in set(pairwise(word)):
            totals[pair] += count
    return min(totals, key=lambda p: (-totals[p], p)) if totals else None


@wrong("10.most_frequent_pair", "fails where no word has two symbols")
def _(words, counts):
    totals = Counter()
    for word, count in zip(words, counts):
        for i in range(len(word) - 1):
            totals[word[i], word[i + 1]] += count
    most = max(totals.values())
    return min(pair for pair, n in totals.items() if n == most)


@wrong("10.most_frequent_pair", "equally frequent pairs are compared by their joined text, not symbol by symbol")
def _(words, counts):
    totals = Counter()
    for word, count in zip(words, counts):
        for pair in pairwise(word):
            totals[pair] += count
    if not totals:
        return None
    return sorted(totals, key=lambda pair: (-totals[pair], "".join(pair)))[0]


@wrong("10.most_frequent_pair", "overlapping pairs are not counted: once in a, a, a")
def _(words, counts):
    totals = Counter()
    for word, count in zip(words, counts):
        i = 0
        while i < len(word) - 1:
            pair = (word[i], word[i + 1])
            totals[pair] += count
            if word[i] == word[i + 1]:
                i += 1
            i += 1
    return min(totals, key=lambda p: (-totals[p], p)) if totals else None


@wrong("10.most_frequent_pair", "equally frequent pairs are compared by the left symbol alone")
def _(words, counts):
    totals = Counter()
    for word, count in zip(words, counts):
        for pair in pairwise(word):
            totals[pair] += count
    if not totals:
        return None
    return min(totals, key=lambda p: (-totals[p], p[0]))


@wrong("10.most_frequent_pair", "pairs are also counted across the border of two words")
def _(words, counts):
    totals = Counter()
    last = None
    for word, count in zip(words, counts):
        for symbol in word:
            if last is not None:
                totals[last, symbol] += count
            last = symbol
    return min(totals, key=lambda p: (-totals[p], p)) if totals else None


@wrong("10.merge_pair", "only the first place in a word is merged")
def _(words, pair):
    result = []
    for word in words:
        word = list(word)
        for i in range(len(word) - 1):
            if (word[i], word[i + 1]) == pair:
                word[i:i + 2] = [pair[0] + pair[1]]
                break
        result.append(word)
    return result


@wrong("10.merge_pair", "the merge is done on text with spaces, and also finds the pair at the edges of longer symbols")
def _(words, pair):
    return [" ".join(word).replace(" ".join(pair), "".join(pair)).split() for word in words]


@wrong("10.merge_pair", "neighbours are compared by their joined text, so another split of it is merged, too")
def _(words, pair):
    new = "".join(pair)
    merged = []
    for word in words:
        out, i = [], 0
        while i < len(word):
            if i + 1 < len(word) and word[i] + word[i + 1] == new:
                out.append(new)
                i += 2
            else:
                out.append(word[i])
                i += 1
        merged.append(out)
    return merged


@wrong("10.merge_pair", "the last symbol of a word is lost where it is not merged")
def _(words, pair):
    merged = []
    for word in words:
        out = []
        i = 0
        while i < len(word) - 1:
            if word[i] == pair[0] and word[i + 1] == pair[1]:
                out.append(word[i] + word[i + 1])
                i += 2
            else:
                out.append(word[i])
                i += 1
        merged.append(out)
    return merged


@wrong("10.merge_pair", "a symbol can go into two merges: the walk does not jump over the second one")
def _(words, pair):
    left, right = pair
    result = []
    for word in words:
        new = []
        for i, symbol in enumerate(word):
            if symbol == left and word[i + 1:i + 2] == [right]:
                new.append(left + right)
            elif symbol == right and i > 0 and word[i - 1] == left:
                continue
            else:
                new.append(symbol)
        result.append(new)
    return result


@wrong("10.merge_pair", "from right to left")
def _(words, pair):
    result = []
    for word in words:
        word = list(word)
        i = len(word) - 2
        while i >= 0:
            if tuple(word[i:i + 2]) == tuple(pair):
                word[i:i + 2] = [pair[0] + pair[1]]
                i -= 1
            i -= 1
        result.append(word)
    return result


@wrong("10.merge_pair", "words in which nothing is merged are left out")
def _(words, pair):
    result = []
    for word in words:
        out, i, changed = [], 0, False
        while i < len(word):
            if tuple(word[i:i + 2]) == pair:
                out.append("".join(pair))
                changed = True
                i += 2
            else:
                out.append(word[i])
                i += 1
        if changed:
            result.append(out)
    return result


@wrong("10.merge_pair", "the pair is also merged in the opposite order")
def _(words, pair):
    result = []
    for word in words:
        out, i = [], 0
        while i < len(word):
            if i < len(word) - 1 and {word[i], word[i + 1]} == set(pair):
                out.append(word[i] + word[i + 1])
                i += 2
            else:
                out.append(word[i])
                i += 1
        result.append(out)
    return result


@wrong("10.merge_pair", "the words that were given are changed themselves")
def _(words, pair):
    for word in words:
        i = 0
        while i < len(word) - 1:
            if word[i] == pair[0] and word[i + 1] == pair[1]:
                word[i] = pair[0] + pair[1]
                del word[i + 1]
            i += 1
    return words


@wrong("10.extend_beams", "the best extension of each beam, so all of them cannot come from one beam")
def _(scores, log_probabilities, width):
    best, tokens = log_probabilities.max(dim=-1)
    total, parents = (scores + best).sort(descending=True)
    return total[:width], parents[:width], tokens[parents][:width]


@wrong("10.extend_beams", "the scores are multiplied with the log-probabilities, not added")
def _(scores, log_probabilities, width):
    vocab = log_probabilities.shape[1]
    total = scores[:, None] * log_probabilities
    best, index = total.flatten().topk(width)
    return best, index // vocab, index % vocab


@wrong("10.extend_beams", "the beams' own scores are left out")
def _(scores, log_probabilities, width):
    best, index = torch.topk(log_probabilities.reshape(-1), width)
    return best, index // log_probabilities.shape[1], index % log_probabilities.shape[1]


@wrong("10.extend_beams", "the place is taken apart with the number of beams, not of tokens")
def _(scores, log_probabilities, width):
    beams = log_probabilities.shape[0]
    best, index = (scores.unsqueeze(1) + log_probabilities).view(-1).topk(width)
    return best, index // beams, index % beams


@wrong("10.extend_beams", "each beam keeps only as many tokens as there are beams, which is too few for a larger width")
def _(scores, log_probabilities, width):
    beams, vocab = log_probabilities.shape
    k = min(beams, vocab)
    values, tokens = log_probabilities.topk(k, dim=-1)
    candidates = (scores[:, None] + values).flatten()
    best, index = candidates.topk(min(width, len(candidates)))
    return best, index // k, tokens.flatten()[index]


@wrong("10.extend_beams", "worst first")
def _(scores, log_probabilities, width):
    total = scores[:, None] + log_probabilities
    order = total.flatten().argsort()[-width:]
    return total.flatten()[order], order // total.shape[1], order % total.shape[1]


@wrong("10.extend_beams", "the parent is rounded to the nearest, not down")
def _(scores, log_probabilities, width):
    vocab = log_probabilities.shape[-1]
    best, index = (scores[:, None] + log_probabilities).flatten().topk(width)
    parents = torch.round(index / vocab).long()
    return best, parents, index % vocab


@wrong("10.extend_beams", "a token is taken from one beam only: the best beam for each")
def _(scores, log_probabilities, width):
    per_token, parent = (scores[:, None] + log_probabilities).max(dim=0)
    best, token = per_token.topk(min(width, len(per_token)))
    return best, parent[token], token


@wrong("10.extend_beams", "parents and tokens are returned in exchanged order")
def _(scores, log_probabilities, width):
    total = log_probabilities + scores.reshape(-1, 1)
    best, where = total.reshape(-1).topk(width)
    parents = torch.div(where, total.shape[1], rounding_mode="floor")
    return best, where - parents * total.shape[1], parents


@wrong("10.best_ending", "the begin sign is counted")
def _(sentences, scores, alpha):
    n = torch.tensor([len(s) for s in sentences])
    new = scores / ((5 + n) / 6) ** alpha
    return new, int(new.argmax())


@wrong("10.best_ending", "the end sign is not counted")
def _(sentences, scores, alpha):
    n = torch.tensor([len([w for w in s if w not in ("<begin>", "<end>")]) for s in sentences])
    new = scores / ((5 + n) / 6) ** alpha
    return new, new.argmax().item()


@wrong("10.best_ending", "the index is that of the best old score")
def _(sentences, scores, alpha):
    lengths = torch.tensor([len(s) - 1 for s in sentences], dtype=scores.dtype)
    penalty = ((5 + lengths) / 6).pow(alpha)
    return scores / penalty, int(scores.argmax())


@wrong("10.best_ending", "divided by n to the power of alpha")
def _(sentences, scores, alpha):
    new = torch.stack([score / (len(s) - 1) ** alpha for s, score in zip(sentences, scores)])
    return new, int(torch.argmax(new))


@wrong("10.best_ending", "precedence: alpha belongs to the 6 alone")
def _(sentences, scores, alpha):
    n = torch.tensor([len(s) - 1 for s in sentences])
    new = scores / ((5 + n) / 6 ** alpha)
    return new, int(new.argmax())


@wrong("10.best_ending", "multiplied by the penalty, not divided by it")
def _(sentences, scores, alpha):
    n = torch.tensor([len(s) - 1 for s in sentences])
    new = scores * ((5 + n) / 6) ** alpha
    return new, int(new.argmax())


@wrong("10.best_ending", "the index is that of the smallest: scores below 0 are taken for costs")
def _(sentences, scores, alpha):
    n = torch.tensor([len(s) - 1 for s in sentences])
    new = scores / ((5 + n) / 6) ** alpha
    return new, int(new.argmin())


@wrong("10.best_ending", "n is the number of different tokens")
def _(sentences, scores, alpha):
    n = torch.tensor([len(set(s) - {"<begin>"}) for s in sentences])
    new = scores / ((5 + n) / 6) ** alpha
    return new, int(new.argmax())


@wrong("10.best_ending", "alpha multiplies the penalty where it should be its exponent")
def _(sentences, scores, alpha):
    n = torch.tensor([len(s) - 1.0 for s in sentences])
    new = scores / (alpha * (5 + n) / 6)
    return new, int(new.argmax())


@wrong("10.links_from_weights", "columns are counted with the begin sign, so each source word is one too far")
def _(weights):
    rows = weights[:-1, 1:-1]
    return [(int(row.argmax()) + 1, t) for t, row in enumerate(rows)]


@wrong("10.links_from_weights", "the signs of the source can be chosen, and give -1 or a word too many")
def _(weights):
    best = weights[:-1].argmax(dim=-1) - 1
    return [(s, t) for t, s in enumerate(best.tolist())]


@wrong("10.links_from_weights", "the target's end sign is linked, too")
def _(weights):
    best = weights[:, 1:-1].argmax(dim=1)
    return [(int(s), t) for t, s in enumerate(best)]


@wrong("10.links_from_weights", "target words that look most at a sign are left out")
def _(weights):
    links = []
    last = weights.shape[1] - 1
    for t in range(weights.shape[0] - 1):
        s = int(weights[t].argmax())
        if 0 < s < last:
            links.append((s - 1, t))
    return links


@wrong("10.links_from_weights", "the pairs are (target word, source word)")
def _(weights):
    words = weights[:-1, 1:-1]
    return [(t, int(words[t].argmax())) for t in range(len(words))]


@wrong("10.links_from_weights", "the source's end sign can be chosen")
def _(weights):
    return [(s, t) for t, s in enumerate(weights[:-1, 1:].argmax(-1).tolist())]


@wrong("10.links_from_weights", "one link for each source word: the maximum is taken along the targets")
def _(weights):
    words = weights[:-1, 1:-1]
    best = words.argmax(dim=0).tolist()
    return [(s, t) for s, t in enumerate(best)]


@wrong("10.links_from_weights", "the first row is cut as if the target had a begin sign")
def _(weights):
    words = weights[1:, 1:-1]
    return [(int(s), t) for t, s in enumerate(words.argmax(dim=-1))]


@wrong("10.links_from_weights", "a source word is given to one target word only: later ones take what is left")
def _(weights):
    words = weights[:-1, 1:-1].clone()
    links = []
    for t in range(words.shape[0]):
        s = int(words[t].argmax())
        links.append((s, t))
        words[:, s] = -1
    return links


@wrong("10.alignment_error_rate", "the mean of the sentences' rates, not one rate over the corpus")
def _(guessed, gold):
    rates = []
    for a, g in zip(guessed, gold):
        a, g = set(a), set(g)
        if len(a) + len(g) == 0:
            continue
        rates.append(1 - 2 * len(a & g) / (len(a) + len(g)))
    return sum(rates) / len(rates)


@wrong("10.alignment_error_rate", "links are thrown together without their sentence")
def _(guessed, gold):
    a = {link for links in guessed for link in links}
    g = {link for links in gold for link in links}
    return 1 - 2 * len(a & g) / (len(a) + len(g))


@wrong("10.alignment_error_rate", "links that stand there twice count twice below the line")
def _(guessed, gold):
    hits = sum(len(set(a) & set(g)) for a, g in zip(guessed, gold))
    total = sum(len(a) + len(g) for a, g in zip(guessed, gold))
    return 1 - 2 * hits / total


@wrong("10.alignment_error_rate", "a guessed link that stands there twice is two hits and two guesses")
def _(guessed, gold):
    hits = size = 0
    for a, g in zip(guessed, gold):
        hits += sum(link in g for link in a)
        size += len(a) + len(set(g))
    return 1 - 2 * hits / size


@wrong("10.alignment_error_rate", "divided by the union, where the two sizes should be added; the 2 is gone with it")
def _(guessed, gold):
    both = either = 0
    for a, g in zip(guessed, gold):
        both += len(set(a) & set(g))
        either += len(set(a) | set(g))
    return 1 - both / either


@wrong("10.alignment_error_rate", "how many are right is returned, not 1 minus that")
def _(guessed, gold):
    a = {(i, link) for i, links in enumerate(guessed) for link in links}
    g = {(i, link) for i, links in enumerate(gold) for link in links}
    return 2 * len(a & g) / (len(a) + len(g))


@wrong("10.alignment_error_rate", "precedence: only |A| divides, and |G| is added")
def _(guessed, gold):
    a = {(i, *link) for i, links in enumerate(guessed) for link in links}
    g = {(i, *link) for i, links in enumerate(gold) for link in links}
    return 1 - 2 * len(a & g) / len(a) + len(g)


@wrong("10.alignment_error_rate", "the factor 2 is missing, so even a perfect guess gets one half")
def _(guessed, gold):
    hit = sum(len(set(a).intersection(g)) for a, g in zip(guessed, gold))
    size = sum(len(set(a)) for a in guessed) + sum(len(set(g)) for g in gold)
    return 1 - hit / size


@wrong("10.alignment_error_rate", "links are compared place by place, so their order matters")
def _(guessed, gold):
    hits, size = 0, 0
    for a, g in zip(guessed, gold):
        a, g = list(dict.fromkeys(a)), list(dict.fromkeys(g))
        hits += sum(x == y for x, y in zip(a, g))
        size += len(a) + len(g)
    return 1 - 2 * hits / size


@wrong("10.alignment_error_rate", "sentences without guesses are skipped together with their gold links")
def _(guessed, gold):
    hits = size = 0
    for a, g in zip(guessed, gold):
        if not a:
            continue
        hits += len(set(a) & set(g))
        size += len(set(a)) + len(set(g))
    return 1 - 2 * hits / size if size else 1.0


@wrong("10.clipped_matches", "not clipped: each n-gram counts as often as the candidate holds it")
def _(candidate, reference, n):
    def grams(words):
        return [tuple(words[i:i + n]) for i in range(len(words) - n + 1)]

    there = set(grams(reference))
    mine = grams(candidate)
    return sum(g in there for g in mine), len(mine)


@wrong("10.clipped_matches", "different n-grams are counted, each once")
def _(candidate, reference, n):
    c = {tuple(candidate[i:i + n]) for i in range(len(candidate) - n + 1)}
    r = {tuple(reference[i:i + n]) for i in range(len(reference) - n + 1)}
    return len(c & r), len(c)


@wrong("10.clipped_matches", "the last n-gram of each sentence is forgotten")
def _(candidate, reference, n):
    c = Counter(tuple(candidate[i:i + n]) for i in range(len(candidate) - n))
    r = Counter(tuple(reference[i:i + n]) for i in range(len(reference) - n))
    return sum((c & r).values()), sum(c.values())


@wrong("10.clipped_matches", "the number of n-grams falls below 0 for a candidate much shorter than n")
def _(candidate, reference, n):
    c = Counter(tuple(candidate[i:i + n]) for i in range(len(candidate) - n + 1))
    r = Counter(tuple(reference[i:i + n]) for i in range(len(reference) - n + 1))
    return sum(min(k, r[g]) for g, k in c.items()), len(candidate) - n + 1


@wrong("10.clipped_matches", "n-grams are joined without a gap, so different ones can be taken for equal")
def _(candidate, reference, n):
    c = Counter("".join(candidate[i:i + n]) for i in range(len(candidate) - n + 1))
    r = Counter("".join(reference[i:i + n]) for i in range(len(reference) - n + 1))
    return sum((c & r).values()), sum(c.values())


@wrong("10.clipped_matches", "the second number counts the reference's n-grams")
def _(candidate, reference, n):
    c = Counter(zip(*(candidate[k:] for k in range(n))))
    r = Counter(zip(*(reference[k:] for k in range(n))))
    return sum((c & r).values()), sum(r.values())


@wrong("10.clipped_matches", "the order of the words inside an n-gram is lost")
def _(candidate, reference, n):
    c = Counter(tuple(sorted(candidate[i:i + n])) for i in range(len(candidate) - n + 1))
    r = Counter(tuple(sorted(reference[i:i + n])) for i in range(len(reference) - n + 1))
    return (c & r).total(), c.total()


@wrong("10.clipped_matches", "the n-grams do not overlap: the sentence is cut into pieces of n words")
def _(candidate, reference, n):
    c = Counter(tuple(candidate[i:i + n]) for i in range(0, len(candidate) - n + 1, n))
    r = Counter(tuple(reference[i:i + n]) for i in range(0, len(reference) - n + 1, n))
    return sum((c & r).values()), sum(c.values())


@wrong("10.clipped_matches", "shorter pieces at the end of a sentence count as n-grams, too")
def _(candidate, reference, n):
    c = Counter(tuple(candidate[i:i + n]) for i in range(len(candidate)))
    r = Counter(tuple(reference[i:i + n]) for i in range(len(reference)))
    return sum((c & r).values()), sum(c.values())


@wrong("10.clipped_matches", "clipped as a whole: the sum of matches is cut, not each n-gram's")
def _(candidate, reference, n):
    mine = [tuple(candidate[i:i + n]) for i in range(len(candidate) - n + 1)]
    theirs = [tuple(reference[i:i + n]) for i in range(len(reference) - n + 1)]
    found = sum(1 for g in mine if g in theirs)
    return min(found, len(theirs)), len(mine)


@wrong("10.clipped_matches", "n-grams are looked up in the reference's text, and also found inside longer words")
def _(candidate, reference, n):
    text = " ".join(reference)
    grams = Counter(" ".join(candidate[i:i + n]) for i in range(len(candidate) - n + 1))
    return sum(min(count, text.count(gram)) for gram, count in grams.items()), sum(grams.values())


@wrong("10.bleu", "the mean of the sentences' scores")
def _(candidates, references, clipped_matches):
    total = 0.0
    for cand, ref in zip(candidates, references):
        product = 1.0
        for n in range(1, 5):
            matches, count = clipped_matches(cand, ref, n)
            product *= matches / count if count else 0
        bp = 1 if len(cand) >= len(ref) or not cand else math.exp(1 - len(ref) / len(cand))
        total += bp * product ** 0.25
    return total / len(candidates)


@wrong("10.bleu", "no limit to 1: long candidates get a factor above 1")
def _(candidates, references, clipped_matches):
    logs = 0
    for n in range(1, 5):
        pairs = [clipped_matches(c, r, n) for c, r in zip(candidates, references)]
        matches, total = sum(m for m, _ in pairs), sum(t for _, t in pairs)
        if matches == 0:
            return 0.0
        logs += math.log(matches / total) / 4
    c = sum(map(len, candidates))
    r = sum(map(len, references))
    return math.exp(1 - r / c) * math.exp(logs)


@wrong("10.bleu", "the precisions' arithmetic mean, not their geometric one")
def _(candidates, references, clipped_matches):
    precisions = []
    for n in (1, 2, 3, 4):
        m = t = 0
        for c, r in zip(candidates, references):
            a, b = clipped_matches(c, r, n)
            m, t = m + a, t + b
        if m == 0:
            return 0.0
        precisions.append(m / t)
    c, r = sum(len(s) for s in candidates), sum(len(s) for s in references)
    bp = 1.0 if c >= r else math.exp(1 - r / c)
    return bp * sum(precisions) / 4


@wrong("10.bleu", "the lengths compared are the numbers of sentences, so shortness is never punished")
def _(candidates, references, clipped_matches):
    product = 1.0
    for n in range(1, 5):
        counts = [clipped_matches(c, r, n) for c, r in zip(candidates, references)]
        matches = sum(x[0] for x in counts)
        total = sum(x[1] for x in counts)
        if matches == 0:
            return 0.0
        product *= matches / total
    c, r = len(candidates), len(references)
    bp = math.exp(1 - r / c) if c < r else 1
    return bp * product ** (1 / 4)


@wrong("10.bleu", "the ratio in the brevity penalty is turned round: 1 - c/r")
def _(candidates, references, clipped_matches):
    product = 1.0
    for n in range(1, 5):
        counts = [clipped_matches(c, r, n) for c, r in zip(candidates, references)]
        matches, total = map(sum, zip(*counts))
        if not matches:
            return 0.0
        product *= matches / total
    c, r = sum(map(len, candidates)), sum(map(len, references))
    bp = 1.0 if c >= r else math.exp(1 - c / r)
    return bp * product ** 0.25


@wrong("10.bleu", "the brevity penalty is the mean of the sentences' penalties")
def _(candidates, references, clipped_matches):
    log_sum = 0.0
    for n in range(1, 5):
        matches = total = 0
        for cand, ref in zip(candidates, references):
            m, t = clipped_matches(cand, ref, n)
            matches += m
            total += t
        if matches == 0:
            return 0.0
        log_sum += math.log(matches / total)
    penalties = [min(1.0, math.exp(1 - len(r) / len(c))) if c else 0.0 for c, r in zip(candidates, references)]
    return sum(penalties) / len(penalties) * math.exp(log_sum / 4)


@wrong("10.bleu", "the fourth root is forgotten")
def _(candidates, references, clipped_matches):
    result = 1.0
    for n in range(1, 5):
        counts = [clipped_matches(c, r, n) for c, r in zip(candidates, references)]
        matches, total = sum(m for m, _ in counts), sum(t for _, t in counts)
        if matches == 0:
            return 0.0
        result *= matches / total
    c, r = sum(map(len, candidates)), sum(map(len, references))
    return result * (math.exp(1 - r / c) if c < r else 1)


@wrong("10.bleu", "where nothing matches for some n, that n is skipped")
def _(candidates, references, clipped_matches):
    logs = []
    for n in range(1, 5):
        counts = [clipped_matches(c, r, n) for c, r in zip(candidates, references)]
        matches, total = sum(m for m, _ in counts), sum(t for _, t in counts)
        if matches > 0:
            logs.append(math.log(matches / total))
    if not logs:
        return 0.0
    c, r = sum(map(len, candidates)), sum(map(len, references))
    bp = math.exp(1 - r / c) if c < r else 1.0
    return bp * math.exp(sum(logs) / len(logs))


@wrong("10.bleu", "candidate and reference are exchanged when counting, so it is recall")
def _(candidates, references, clipped_matches):
    product = 1.0
    for n in range(1, 5):
        counts = [clipped_matches(r, c, n) for c, r in zip(candidates, references)]
        matches, total = sum(m for m, _ in counts), sum(t for _, t in counts)
        if matches == 0:
            return 0.0
        product *= matches / total
    c, r = sum(map(len, candidates)), sum(map(len, references))
    bp = math.exp(1 - r / c) if c < r else 1.0
    return bp * product ** 0.25


@wrong("10.bleu", "n runs from 1 to 3 only")
def _(candidates, references, clipped_matches):
    product = 1.0
    for n in range(1, 4):
        counts = [clipped_matches(c, r, n) for c, r in zip(candidates, references)]
        matches, total = sum(m for m, _ in counts), sum(t for _, t in counts)
        if matches == 0:
            return 0.0
        product *= matches / total
    c, r = sum(map(len, candidates)), sum(map(len, references))
    bp = math.exp(1 - r / c) if c < r else 1.0
    return bp * product ** (1 / 3)


@wrong("10.bleu", "fails where all candidates are too short to have an n-gram of some n")
def _(candidates, references, clipped_matches):
    precisions = []
    for n in range(1, 5):
        counts = [clipped_matches(c, r, n) for c, r in zip(candidates, references)]
        precisions.append(sum(m for m, _ in counts) / sum(t for _, t in counts))
    c, r = sum(map(len, candidates)), sum(map(len, references))
    bp = math.exp(1 - r / c) if c < r else 1.0
    return bp * math.prod(precisions) ** 0.25


@wrong("10.bleu", "each precision is the mean of the sentences' precisions")
def _(candidates, references, clipped_matches):
    product = 1.0
    for n in range(1, 5):
        shares = []
        for c, r in zip(candidates, references):
            m, t = clipped_matches(c, r, n)
            if t:
                shares.append(m / t)
        if sum(shares) == 0:
            return 0.0
        product *= sum(shares) / len(shares)
    c, r = sum(map(len, candidates)), sum(map(len, references))
    bp = math.exp(1 - r / c) if c < r else 1.0
    return bp * product ** 0.25


@wrong("10.bleu", "0 as soon as one sentence matches nothing for some n, not the whole corpus")
def _(candidates, references, clipped_matches):
    product = 1.0
    for n in range(1, 5):
        matches = total = 0
        for candidate, reference in zip(candidates, references):
            found, there = clipped_matches(candidate, reference, n)
            if found == 0:
                return 0.0
            matches += found
            total += there
        product *= matches / total
    c, r = sum(map(len, candidates)), sum(map(len, references))
    bp = math.exp(1 - r / c) if c < r else 1.0
    return bp * product ** 0.25


@wrong("10.bleu", "the factor for short corpora is c/r itself, without the exponential")
def _(candidates, references, clipped_matches):
    logs = []
    for n in range(1, 5):
        counts = [clipped_matches(c, r, n) for c, r in zip(candidates, references)]
        matches, total = sum(m for m, _ in counts), sum(t for _, t in counts)
        if matches == 0:
            return 0.0
        logs.append(math.log(matches / total))
    c, r = sum(map(len, candidates)), sum(map(len, references))
    return min(1.0, c / r) * math.exp(sum(logs) / 4)
