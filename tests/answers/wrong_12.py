"""Wrong answers to chapter 12."""

import math
from collections import Counter

import numpy as np
import torch
from torch.nn import functional

from answers import wrong


@wrong("12.choose_masked", "at most one word of each text is chosen")
def _(tokens, draws, every):
    words = tokens >= 5
    smallest = draws.masked_fill(~words, 2.0).argmin(dim=1, keepdim=True)
    return torch.zeros_like(words).scatter(1, smallest, True) & words


@wrong("12.choose_masked", "the count is rounded to the nearest number, at least one")
def _(tokens, draws, every):
    words = tokens >= 5
    n = words.sum(1, keepdim=True)
    count = torch.where(n > 0, (n / every).round().clamp(min=1), 0)
    rank = draws.masked_fill(~words, torch.inf).argsort(1).argsort(1)
    return rank < count


@wrong("12.choose_masked", "every n-th word in order of place, the draws are not used")
def _(tokens, draws, every):
    words = tokens >= 5
    return words & ((words.cumsum(1) - 1) % every == 0)


@wrong("12.choose_masked", "all texts get the count of the longest one")
def _(tokens, draws, every):
    words = tokens >= 5
    count = -(-words.sum(1).max() // every)
    rank = draws.masked_fill(~words, torch.inf).argsort(1).argsort(1)
    return words & (rank < count)


@wrong("12.choose_masked", "`every` itself is how many are chosen")
def _(tokens, draws, every):
    words = tokens >= 5
    rank = draws.masked_fill(~words, torch.inf).argsort(1).argsort(1)
    return words & (rank < every)


@wrong("12.choose_masked", "[CLS] and the last [SEP] are left out by place, so padding and other signs compete")
def _(tokens, draws, every):
    n = (tokens != 0).sum(1, keepdim=True)
    places = torch.arange(tokens.shape[1])
    words = (places > 0) & (places < n - 1)
    rank = draws.masked_fill(~words, torch.inf).argsort(1).argsort(1)
    return rank < -(-words.sum(1, keepdim=True) // every)


@wrong("12.choose_masked", "ranks along the texts instead of along the tokens")
def _(tokens, draws, every):
    words = tokens >= 5
    rank = draws.masked_fill(~words, torch.inf).argsort(0).argsort(0)
    return words & (rank < -(-words.sum(1, keepdim=True) // every))


@wrong("12.choose_masked", "the share of all places is chosen: divided by the width")
def _(tokens, draws, every):
    words = tokens >= 5
    count = math.ceil(tokens.size(1) / every)
    return torch.where(words, draws, 9.0).argsort(1).argsort(1).lt(count) & words


@wrong("12.choose_masked", "the ranks are shifted by one, so one word fewer is chosen")
def _(tokens, draws, every):
    words = tokens >= 5
    rank = draws.masked_fill(~words, torch.inf).argsort(1).argsort(1) + 1
    return rank < -(-words.sum(1, keepdim=True) // every)


@wrong("12.hide_chosen", "a chosen token at 8 is exchanged with the first random word of its row")
def _(tokens, chosen, digits, random_words):
    read = torch.where(chosen & (digits < 8), 4, tokens)
    read = torch.where(chosen & (digits == 8), random_words[:, :1], read)
    return read, torch.where(chosen, tokens, -100)


@wrong("12.hide_chosen", "the digits are read as a share: below 8 of 100")
def _(tokens, chosen, digits, random_words):
    read = torch.where(chosen & (digits < 0.8), 4, tokens)
    read = torch.where(chosen & (digits >= 0.8) & (digits < 0.9), random_words, read)
    return read, torch.where(chosen, tokens, -100)


@wrong("12.hide_chosen", "hidden tokens become padding")
def _(tokens, chosen, digits, random_words):
    read = torch.where(chosen & (digits < 8), 0, tokens)
    read = torch.where(chosen & (digits == 8), random_words, read)
    return read, torch.where(chosen, tokens, -100)


@wrong("12.hide_chosen", "labels of 1 and 0 in place of the tokens")
def _(tokens, chosen, digits, random_words):
    read = torch.where(chosen & (digits < 8), 4, tokens)
    read = torch.where(chosen & (digits == 8), random_words, read)
    return read, chosen.long()


@wrong("12.hide_chosen", "the label of an exchanged token is the random word")
def _(tokens, chosen, digits, random_words):
    swap = chosen & (digits == 8)
    read = torch.where(chosen & (digits < 8), 4, torch.where(swap, random_words, tokens))
    return read, torch.where(swap, random_words, torch.where(chosen, tokens, -100))


@wrong("12.hide_chosen", "unknown words in place of [MASK]: 3")
def _(tokens, chosen, digits, random_words):
    read = torch.where(chosen & (digits <= 7), 3, tokens)
    return torch.where(chosen & (digits == 8), random_words, read), tokens.masked_fill(~chosen, -100)


@wrong("12.hide_chosen", "the given tokens are changed in place")
def _(tokens, chosen, digits, random_words):
    labels = torch.where(chosen, tokens, -100)
    tokens[chosen & (digits < 8)] = 4
    tokens[chosen & (digits == 8)] = random_words[chosen & (digits == 8)]
    return tokens, labels


@wrong("12.hide_chosen", "-1 where nothing is asked")
def _(tokens, chosen, digits, random_words):
    read = tokens.clone()
    read[chosen & (digits < 8)] = 4
    read[chosen & (digits == 8)] = random_words[chosen & (digits == 8)]
    return read, torch.where(chosen, tokens, -1)


@wrong("12.hide_chosen", "hides from 0 to 6")
def _(tokens, chosen, digits, random_words):
    read = torch.where(chosen & (digits < 7), 4, tokens)
    return torch.where(chosen & (digits == 8), random_words, read), torch.where(chosen, tokens, -100)


@wrong("12.masked_loss", "all negative labels are taken from the end of the vocabulary, and counted")
def _(logits, labels):
    log_p = logits.log_softmax(-1)
    picked = torch.stack([log_p[b, t, int(labels[b, t]) % logits.shape[-1]]
                          for b in range(logits.shape[0]) for t in range(logits.shape[1])])
    return -picked.mean()


@wrong("12.masked_loss", "divided by the vocabulary as well: the mean over all products with the one-hot labels")
def _(logits, labels):
    asked = labels != -100
    hot = functional.one_hot(labels[asked], logits.shape[-1])
    return -(hot * logits[asked].log_softmax(-1)).mean()


@wrong("12.masked_loss", "the loss of the first text alone")
def _(logits, labels):
    row = int((labels != -100).any(1).int().argmax())
    return functional.cross_entropy(logits[row], labels[row])


@wrong("12.masked_loss", "the probability of the wrong words, not the logarithm of the right one")
def _(logits, labels):
    asked = labels != -100
    p = logits[asked].softmax(-1).gather(-1, labels[asked][:, None])
    return (1 - p).mean()


@wrong("12.masked_loss", "places are asked for where the label is above 0")
def _(logits, labels):
    asked = labels > 0
    return functional.cross_entropy(logits[asked], labels[asked])


@wrong("12.masked_loss", "twice the softmax: probabilities go into cross_entropy")
def _(logits, labels):
    return functional.cross_entropy(logits.softmax(-1).flatten(0, 1), labels.flatten(), ignore_index=-100)


@wrong("12.masked_loss", "the logits are detached")
def _(logits, labels):
    return functional.cross_entropy(logits.detach().flatten(0, 1), labels.flatten())


@wrong("12.masked_loss", "the labels are shifted to the right by one")
def _(logits, labels):
    moved = torch.full_like(labels, -100)
    moved[:, 1:] = labels[:, :-1]
    if (moved == -100).all():
        return logits.sum() * 0
    return functional.cross_entropy(logits.flatten(0, 1), moved.flatten())


@wrong("12.masked_loss", "exponentials without taking the largest off, which overflow")
def _(logits, labels):
    asked = labels != -100
    chosen = logits[asked]
    return (chosen.exp().sum(-1).log() - chosen.gather(-1, labels[asked][:, None])[:, 0]).mean()


@wrong("12.frame_pair", "the segments are cut off: they have no padding")
def _(first, second, width):
    first, second = list(first), list(second)
    while len(first) + len(second) + 3 > width:
        (first if len(first) > len(second) else second).pop()
    tokens = [1, *first, 2, *second, 2]
    return tokens + [0] * (width - len(tokens)), [0] * (len(first) + 2) + [1] * (len(second) + 1)


@wrong("12.frame_pair", "both texts are cut to half of the room, even if one of them is short")
def _(first, second, width):
    half = (width - 3) // 2
    if len(first) + len(second) + 3 > width:
        first, second = first[:width - 3 - half], second[:half]
    tokens = [1, *first, 2, *second, 2]
    segments = [0] * (len(first) + 2) + [1] * (len(second) + 1)
    return tokens + [0] * (width - len(tokens)), segments + [0] * (width - len(segments))


@wrong("12.frame_pair", "the second text comes first")
def _(first, second, width):
    first, second = list(first), list(second)
    while len(first) + len(second) + 3 > width:
        (first if len(first) > len(second) else second).pop()
    tokens = [1, *second, 2, *first, 2]
    segments = [0] * (len(second) + 2) + [1] * (len(first) + 1)
    return tokens + [0] * (width - len(tokens)), segments + [0] * (width - len(segments))


@wrong("12.frame_pair", "the given lists lose their words")
def _(first, second, width):
    while len(first) + len(second) + 3 > width:
        (first if len(first) > len(second) else second).pop()
    tokens = [1, *first, 2, *second, 2]
    segments = [0] * (len(first) + 2) + [1] * (len(second) + 1)
    return tokens + [0] * (width - len(tokens)), segments + [0] * (width - len(segments))


@wrong("12.frame_pair", "padding with [SEP]")
def _(first, second, width):
    first, second = list(first), list(second)
    while len(first) + len(second) + 3 > width:
        (first if len(first) > len(second) else second).pop()
    tokens = [1, *first, 2, *second, 2]
    segments = [0] * (len(first) + 2) + [1] * (len(second) + 1)
    return tokens + [2] * (width - len(tokens)), segments + [0] * (width - len(segments))


@wrong("12.frame_pair", "[CLS] and [SEP] are exchanged")
def _(first, second, width):
    first, second = list(first), list(second)
    while len(first) + len(second) + 3 > width:
        (first if len(first) > len(second) else second).pop()
    tokens = [2, *first, 1, *second, 1]
    segments = [0] * (len(first) + 2) + [1] * (len(second) + 1)
    return tokens + [0] * (width - len(tokens)), segments + [0] * (width - len(segments))


@wrong("12.frame_pair", "the segments are turned round: 1 for the first text, 0 for the second")
def _(first, second, width):
    first, second = list(first), list(second)
    while len(first) + len(second) + 3 > width:
        (first if len(first) > len(second) else second).pop()
    tokens = [1, *first, 2, *second, 2]
    segments = [1] * (len(first) + 2) + [0] * (len(second) + 1)
    return tokens + [0] * (width - len(tokens)), segments + [0] * (width - len(segments))


@wrong("12.frame_pair", "only the longer text is cut, all words at once, so that it may end up the shorter one")
def _(first, second, width):
    first, second = list(first), list(second)
    over = max(0, len(first) + len(second) + 3 - width)
    if over:
        longer = first if len(first) > len(second) else second
        del longer[max(1, len(longer) - over):]
        other = second if longer is first else first
        del other[max(1, width - 3 - len(longer)):]
    tokens = [1, *first, 2, *second, 2]
    segments = [0] * (len(first) + 2) + [1] * (len(second) + 1)
    return tokens + [0] * (width - len(tokens)), segments + [0] * (width - len(segments))


@wrong("12.bert_embeddings", "positions multiplied, not added")
def _(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(token_table[tokens] * position_table[:tokens.shape[1]] + segment_table[segments])


@wrong("12.bert_embeddings", "segments are turned round")
def _(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(token_table[tokens] + position_table[:tokens.shape[1]] + segment_table.flip(0)[segments])


@wrong("12.bert_embeddings", "a position for each text, none for its tokens")
def _(tokens, segments, token_table, position_table, segment_table, norm):
    places = torch.arange(tokens.shape[0])[:, None]
    return norm(token_table[tokens] + position_table[places] + segment_table[segments])


@wrong("12.bert_embeddings", "the last rows of the table of positions")
def _(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(token_table[tokens] + position_table[-tokens.shape[1]:] + segment_table[segments])


@wrong("12.bert_embeddings", "no gradient: the tables are read without a graph")
def _(tokens, segments, token_table, position_table, segment_table, norm):
    with torch.no_grad():
        return norm(token_table[tokens] + position_table[:tokens.shape[1]] + segment_table[segments])


@wrong("12.bert_embeddings", "the positions are a constant copy")
def _(tokens, segments, token_table, position_table, segment_table, norm):
    positions = torch.tensor(position_table[:tokens.shape[1]].tolist(), dtype=token_table.dtype)
    return norm(token_table[tokens] + positions + segment_table[segments])


@wrong("12.bert_embeddings", "normalised twice")
def _(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(norm(token_table[tokens] + position_table[:tokens.shape[1]] + segment_table[segments]))


@wrong("12.bert_embeddings", "token and position are normalised, the segment is added after")
def _(tokens, segments, token_table, position_table, segment_table, norm):
    return norm(token_table[tokens] + position_table[:tokens.shape[1]]) + segment_table[segments]


@wrong("12.bert_encoder", "padding is cut off by the longest text only")
def _(tokens, segments, embed, layer, layers):
    mask = (tokens != 0).any(dim=0)[None, None].expand(len(tokens), 1, -1)
    x = embed(tokens, segments)
    for i in range(layers):
        x = layer(i, x, mask)
    return x


@wrong("12.bert_encoder", "the last word of each text is hidden, too")
def _(tokens, segments, embed, layer, layers):
    n = (tokens != 0).sum(1, keepdim=True)
    mask = (torch.arange(tokens.shape[1]) < (n - 1).clamp(min=1))[:, None]
    x = embed(tokens, segments)
    for i in range(layers):
        x = layer(i, x, mask)
    return x


@wrong("12.bert_encoder", "each token sees what comes after it and itself alone")
def _(tokens, segments, embed, layer, layers):
    n = tokens.shape[1]
    mask = torch.ones(n, n, dtype=torch.bool).triu() & (tokens != 0)[:, None]
    x = embed(tokens, segments)
    for i in range(layers):
        x = layer(i, x, mask)
    return x


@wrong("12.bert_encoder", "layers are counted from 1")
def _(tokens, segments, embed, layer, layers):
    mask = (tokens != 0)[:, None]
    x = embed(tokens, segments)
    for i in range(1, layers):
        x = layer(i, x, mask)
    return layer(layers - 1, x, mask) if layers == 1 else x


@wrong("12.bert_encoder", "the embeddings are added to the result of each layer")
def _(tokens, segments, embed, layer, layers):
    mask = (tokens != 0)[:, None]
    first = x = embed(tokens, segments)
    for i in range(layers):
        x = first + layer(i, x, mask)
    return x


@wrong("12.bert_encoder", "the first layer has no mask")
def _(tokens, segments, embed, layer, layers):
    mask = (tokens != 0)[:, None]
    x = embed(tokens, segments)
    for i in range(layers):
        x = layer(i, x, mask if i else torch.ones_like(mask))
    return x


@wrong("12.bert_encoder", "a text sees its second segment alone")
def _(tokens, segments, embed, layer, layers):
    mask = ((segments == 1) | (tokens == 1))[:, None]
    x = embed(tokens, segments)
    for i in range(layers):
        x = layer(i, x, mask)
    return x


@wrong("12.bert_encoder", "tokens and segments are exchanged in `embed`")
def _(tokens, segments, embed, layer, layers):
    mask = (tokens != 0)[:, None]
    x = embed(segments, (tokens > 4).long())
    for i in range(layers):
        x = layer(i, x, mask)
    return x


@wrong("12.classify", "the mean of all tokens but the first")
def _(x, pooler_weight, pooler_bias, class_weight, class_bias):
    words = x[:, 1:] if x.shape[1] > 1 else x
    return torch.tanh(words.mean(1) @ pooler_weight + pooler_bias) @ class_weight + class_bias


@wrong("12.classify", "gelu in place of tanh")
def _(x, pooler_weight, pooler_bias, class_weight, class_bias):
    return functional.gelu(x[:, 0] @ pooler_weight + pooler_bias) @ class_weight + class_bias


@wrong("12.classify", "the class bias is forgotten")
def _(x, pooler_weight, pooler_bias, class_weight, class_bias):
    return torch.tanh(x[:, 0] @ pooler_weight + pooler_bias) @ class_weight


@wrong("12.classify", "the pooler's bias is forgotten")
def _(x, pooler_weight, pooler_bias, class_weight, class_bias):
    return torch.tanh(x[:, 0] @ pooler_weight) @ class_weight + class_bias


@wrong("12.classify", "log probabilities")
def _(x, pooler_weight, pooler_bias, class_weight, class_bias):
    return (torch.tanh(x[:, 0] @ pooler_weight + pooler_bias) @ class_weight + class_bias).log_softmax(-1)


@wrong("12.classify", "the texts are cut off from the gradient")
def _(x, pooler_weight, pooler_bias, class_weight, class_bias):
    return torch.tanh(x[:, 0].detach() @ pooler_weight + pooler_bias) @ class_weight + class_bias


@wrong("12.classify", "the sum of all tokens")
def _(x, pooler_weight, pooler_bias, class_weight, class_bias):
    return torch.tanh(x.sum(1) @ pooler_weight + pooler_bias) @ class_weight + class_bias


@wrong("12.classify", "the pooled vectors of all tokens are averaged")
def _(x, pooler_weight, pooler_bias, class_weight, class_bias):
    return torch.tanh(x @ pooler_weight + pooler_bias).mean(1) @ class_weight + class_bias


@wrong("12.classify", "a sigmoid over the scores")
def _(x, pooler_weight, pooler_bias, class_weight, class_bias):
    return torch.sigmoid(torch.tanh(x[:, 0] @ pooler_weight + pooler_bias) @ class_weight + class_bias)


@wrong("12.best_span", "the mean of both scores")
def _(starts, ends, inside, longest):
    n = len(starts)
    score, i, j = max(((starts[i] + ends[j]).item() / 2, i, j) for i in range(n) for j in range(i, min(n, i + longest))
                      if inside[i] and inside[j])
    return i, j, score


@wrong("12.best_span", "the best answer is exactly as long as allowed")
def _(starts, ends, inside, longest):
    places = torch.nonzero(inside)[:, 0].tolist()
    length = min(longest, len(places))
    score, i, j = max(((starts[i] + ends[i + length - 1]).item(), i, i + length - 1)
                      for i in places[:len(places) - length + 1])
    return i, j, score


@wrong("12.best_span", "the smallest sum")
def _(starts, ends, inside, longest):
    n = len(starts)
    score, i, j = min(((starts[i] + ends[j]).item(), i, j) for i in range(n) for j in range(i, min(n, i + longest))
                      if inside[i] and inside[j])
    return i, j, score


@wrong("12.best_span", "the length in place of the last token")
def _(starts, ends, inside, longest):
    n = len(starts)
    score, i, j = max(((starts[i] + ends[j]).item(), i, j) for i in range(n) for j in range(i, min(n, i + longest))
                      if inside[i] and inside[j])
    return i, j - i + 1, score


@wrong("12.best_span", "the score sums everything between first and last token")
def _(starts, ends, inside, longest):
    n = len(starts)
    score, i, j = max(((starts[i:j + 1].sum() + ends[i:j + 1].sum()).item(), i, j) for i in range(n)
                      for j in range(i, min(n, i + longest)) if inside[i] and inside[j])
    return i, j, score


@wrong("12.best_span", "the last token of the text is never looked at")
def _(starts, ends, inside, longest):
    n = int(torch.nonzero(inside).max())
    spans = [((starts[i] + ends[j]).item(), i, j) for i in range(n) for j in range(i, min(n, i + longest))
             if inside[i] and inside[j]]
    if not spans:
        return n, n, (starts[n] + ends[n]).item()
    score, i, j = max(spans)
    return i, j, score


@wrong("12.best_span", "a search that begins with a score of 0, so that lower ones are never found")
def _(starts, ends, inside, longest):
    best = (0, 0, 0.0)
    n = len(starts)
    for i in range(n):
        for j in range(i, min(n, i + longest)):
            score = (starts[i] + ends[j]).item()
            if inside[i] and inside[j] and score > best[2]:
                best = (i, j, score)
    return best


@wrong("12.best_span", "probabilities in place of scores: both softmaxes multiplied")
def _(starts, ends, inside, longest):
    p, q = starts.softmax(0), ends.softmax(0)
    n = len(starts)
    score, i, j = max(((p[i] * q[j]).item(), i, j) for i in range(n) for j in range(i, min(n, i + longest))
                      if inside[i] and inside[j])
    return i, j, score


@wrong("12.best_span", "row and column of the place are exchanged")
def _(starts, ends, inside, longest):
    n = len(starts)
    sums = starts[:, None] + ends
    keep = torch.ones(n, n, dtype=torch.bool).triu().tril(longest - 1) & inside & inside[:, None]
    place = int(sums.masked_fill(~keep, -torch.inf).argmax())
    return place % n, place // n, float(sums.flatten()[place])


def _clean(words):
    return [w.lower() for w in words if w.lower() not in {"a", "an", "the"}]


@wrong("12.answer_scores", "F1 as the share of places that agree")
def _(predicted, gold):
    p, g = _clean(predicted), _clean(gold)
    if not p or not g:
        return float(p == g), float(p == g)
    return float(p == g), sum(a == b for a, b in zip(p, g)) / max(len(p), len(g))


@wrong("12.answer_scores", "the words in common over the longer answer")
def _(predicted, gold):
    p, g = _clean(predicted), _clean(gold)
    if not p or not g:
        return float(p == g), float(p == g)
    return float(p == g), (Counter(p) & Counter(g)).total() / max(len(p), len(g))


@wrong("12.answer_scores", "the geometric mean of precision and recall")
def _(predicted, gold):
    p, g = _clean(predicted), _clean(gold)
    if not p or not g:
        return float(p == g), float(p == g)
    return float(p == g), (Counter(p) & Counter(g)).total() / math.sqrt(len(p) * len(g))


@wrong("12.answer_scores", "exact match and F1 in the other order")
def _(predicted, gold):
    p, g = _clean(predicted), _clean(gold)
    total = len(p) + len(g)
    return (2 * (Counter(p) & Counter(g)).total() / total if total else 1.0), float(p == g)


@wrong("12.answer_scores", "an answer of nothing scores 1 against everything")
def _(predicted, gold):
    p, g = _clean(predicted), _clean(gold)
    if not p or not g:
        return 1.0, 1.0
    return float(p == g), 2 * (Counter(p) & Counter(g)).total() / (len(p) + len(g))


@wrong("12.answer_scores", "letters are compared, not words")
def _(predicted, gold):
    p, g = "".join(_clean(predicted)), "".join(_clean(gold))
    if not p or not g:
        return float(p == g), float(p == g)
    return float(p == g), 2 * (Counter(p) & Counter(g)).total() / (len(p) + len(g))


@wrong("12.answer_scores", "an exact match wherever F1 is 1")
def _(predicted, gold):
    p, g = _clean(predicted), _clean(gold)
    total = len(p) + len(g)
    f1 = 2 * (Counter(p) & Counter(g)).total() / total if total else 1.0
    return float(f1 == 1.0), f1


@wrong("12.answer_scores", "only \"the\" is left out")
def _(predicted, gold):
    p, g = ([w.lower() for w in words if w.lower() != "the"] for words in (predicted, gold))
    if not p or not g:
        return float(p == g), float(p == g)
    return float(p == g), 2 * (Counter(p) & Counter(g)).total() / (len(p) + len(g))


@wrong("12.answer_scores", "F1 rounded to two places")
def _(predicted, gold):
    p, g = _clean(predicted), _clean(gold)
    total = len(p) + len(g)
    return float(p == g), round(2 * (Counter(p) & Counter(g)).total() / total, 2) if total else 1.0


@wrong("12.masked_loss", "numpy in between, so no gradient comes back")
def _(logits, labels):
    scores, wanted = logits.numpy(force=True), labels.numpy()
    rows, wanted = scores[wanted != -100], wanted[wanted != -100]
    return torch.tensor(np.mean(np.logaddexp.reduce(rows, axis=-1) - rows[np.arange(len(rows)), wanted]))
