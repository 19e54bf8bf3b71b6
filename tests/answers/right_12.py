"""Right answers to chapter 12."""

import collections
import itertools
import math
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from answers import right


@right("12.choose_masked", "python lists: sort the places of the words by their draws")
def _(tokens, draws, every):
    result = torch.zeros(tokens.shape, dtype=torch.bool)
    for b in range(tokens.shape[0]):
        places = [t for t in range(tokens.shape[1]) if tokens[b, t] >= 5]
        places.sort(key=lambda t: float(draws[b, t]))
        for t in places[:math.ceil(len(places) / every)]:
            result[b, t] = True
    return result


@right("12.choose_masked", "each word counts how many words of its text have a smaller draw")
def _(tokens, draws, every):
    words = tokens > 4
    smaller = (draws[:, None, :] < draws[:, :, None]) & words[:, None, :]
    rank = smaller.sum(-1)
    return words & (rank * every < words.sum(-1, keepdim=True))


@right("12.choose_masked", "numpy: sorted places scattered back")
def _(tokens, draws, every):
    t, d = tokens.numpy(), draws.numpy()
    words = t >= 5
    order = np.argsort(np.where(words, d, np.inf), axis=1)
    count = -(-words.sum(1, keepdims=True) // every)
    taken = np.arange(t.shape[1])[None] < count
    chosen = np.zeros(t.shape, dtype=bool)
    np.put_along_axis(chosen, order, taken, axis=1)
    return torch.from_numpy(chosen)


@right("12.choose_masked", "topk of the negated draws, row by row")
def _(tokens, draws, every):
    rows = []
    for row, numbers in zip(tokens, draws):
        words = row.gt(4)
        k = int((words.sum() + every - 1).div(every, rounding_mode="floor"))
        best = torch.where(words, -numbers, -torch.inf).topk(k).indices
        rows.append(torch.isin(torch.arange(len(row)), best))
    return torch.stack(rows)


@right("12.hide_chosen", "one loop over all places")
def _(tokens, chosen, digits, random_words):
    read, labels = tokens.tolist(), []
    for b, row in enumerate(tokens.tolist()):
        labels.append([])
        for t, token in enumerate(row):
            if not chosen[b, t]:
                labels[-1].append(-100)
                continue
            labels[-1].append(token)
            if digits[b, t] < 8:
                read[b][t] = 4
            elif digits[b, t] == 8:
                read[b][t] = int(random_words[b, t])
    return torch.tensor(read), torch.tensor(labels)


class _Hidden(NamedTuple):
    read: torch.Tensor
    labels: torch.Tensor


@right("12.hide_chosen", "masked_fill and nested where, as a named tuple")
def _(tokens, chosen, digits, random_words):
    new = torch.where(digits < 8, torch.full_like(tokens, 4), torch.where(digits < 9, random_words, tokens))
    return _Hidden(torch.where(chosen, new, tokens), tokens.masked_fill(chosen.logical_not(), -100))


@right("12.hide_chosen", "arithmetic with ones and zeros")
def _(tokens, chosen, digits, random_words):
    picked = chosen.long()
    hide, swap = picked * (digits <= 7), picked * (digits == 8)
    read = tokens * (1 - hide - swap) + 4 * hide + random_words * swap
    return [read, picked * tokens - 100 * (1 - picked)]


@right("12.hide_chosen", "numpy's select")
def _(tokens, chosen, digits, random_words):
    t, c, d, r = (x.numpy() for x in (tokens, chosen, digits, random_words))
    read = np.select([~c, d < 8, d == 8], [t, np.full_like(t, 4), r], default=t)
    return torch.from_numpy(read), torch.from_numpy(np.where(c, t, -100))


@right("12.masked_loss", "cross_entropy of the flattened batch, told what to ignore")
def _(logits, labels):
    vocab = logits.shape[-1]
    return functional.cross_entropy(logits.reshape(-1, vocab), labels.reshape(-1), ignore_index=-100)


@right("12.masked_loss", "a loop over places, the logits less their largest")
def _(logits, labels):
    losses = []
    for row, wanted in zip(logits, labels.tolist()):
        for numbers, label in zip(row, wanted):
            if label == -100:
                continue
            shifted = numbers - numbers.max()
            losses.append(shifted.exp().sum().log() - shifted[label])
    return torch.stack(losses).mean()


@right("12.masked_loss", "logsumexp less the label's logit, picked by nonzero")
def _(logits, labels):
    b, t = torch.nonzero(labels != -100, as_tuple=True)
    return (torch.logsumexp(logits[b, t], -1) - logits[b, t, labels[b, t]]).sum() / b.numel()


@right("12.masked_loss", "one-hot targets that are zero where nothing is asked")
def _(logits, labels):
    asked = labels.ne(-100)
    hot = functional.one_hot(labels.clamp_min(0), logits.shape[-1]) * asked[..., None]
    return -(hot * functional.log_softmax(logits, dim=2)).sum() / asked.sum()


@right("12.masked_loss", "the loss of torch's module, transposed to its order of axes")
def _(logits, labels):
    return nn.CrossEntropyLoss()(logits.transpose(1, 2), labels)


@right("12.frame_pair", "copies by slicing, a while loop")
def _(first, second, width):
    a, b = first[:], second[:]
    while len(a) + len(b) > width - 3:
        if len(a) > len(b):
            a = a[:-1]
        else:
            b = b[:-1]
    tokens = [1] + a + [2] + b + [2]  # noqa: RUF005
    segments = [0] * (2 + len(a)) + [1] * (1 + len(b))
    while len(tokens) < width:
        tokens.append(0)
        segments.append(0)
    return tokens, segments


@right("12.frame_pair", "two deques, then tokens zipped with their segments")
def _(first, second, width):
    texts = collections.deque(first), collections.deque(second)
    while sum(map(len, texts)) + 3 > width:
        texts[0 if len(texts[0]) > len(texts[1]) else 1].pop()
    pairs = [(1, 0), *((word, 0) for word in texts[0]), (2, 0), *((word, 1) for word in texts[1]), (2, 1)]
    tokens, segments = map(list, zip(*pairs, *[(0, 0)] * (width - len(pairs))))
    return tokens, segments


@right("12.frame_pair", "lists filled by their places")
def _(first, second, width):
    a, b = len(first), len(second)
    for _ in range(max(0, a + b + 3 - width)):
        if a > b:
            a -= 1
        else:
            b -= 1
    tokens, segments = [0] * width, [0] * width
    tokens[:a + b + 3] = itertools.chain([1], first[:a], [2], second[:b], [2])
    segments[a + 2:a + b + 3] = [1] * (b + 1)
    return tokens, segments


@right("12.bert_embeddings", "plain look-ups, positions by arange")
def _(tokens, segments, token_table, position_table, segment_table, norm):
    places = torch.arange(tokens.size(1))
    x = token_table[tokens]
    x = x + position_table[places]
    x = x + segment_table[segments]
    return norm(x)


@right("12.bert_embeddings", "functional.embedding and index_select")
def _(tokens, segments, token_table, position_table, segment_table, norm):
    b, n = tokens.shape
    rows = [functional.embedding(tokens, token_table), functional.embedding(segments, segment_table),
            position_table.index_select(0, torch.arange(n)).expand(b, -1, -1)]
    return norm(torch.stack(rows).sum(dim=0))


@right("12.bert_embeddings", "text by text, stacked")
def _(tokens, segments, token_table, position_table, segment_table, norm):
    return torch.stack([norm((token_table[text] + segment_table[which] + position_table[:len(text)])[None])[0]
                        for text, which in zip(tokens, segments)])


@right("12.bert_encoder", "the mask by comparison, a plain loop")
def _(tokens, segments, embed, layer, layers):
    visible = tokens.ne(0).unsqueeze(1)
    hidden = embed(tokens, segments)
    for i in range(layers):
        hidden = layer(i, hidden, visible)
    return hidden


@right("12.bert_encoder", "recursion from the last layer")
def _(tokens, segments, embed, layer, layers):
    def after(i):
        if i < 0:
            return embed(tokens, segments)
        return layer(i, after(i - 1), (tokens > 0).view(len(tokens), 1, -1))
    return after(layers - 1)


@right("12.bert_encoder", "every text alone, without its padding, then padded with what padding sees")
def _(tokens, segments, embed, layer, layers):
    lengths = (tokens != 0).sum(dim=1)
    mask = torch.arange(tokens.shape[1])[None, None] < lengths[:, None, None]
    x = embed(tokens, segments)
    for i, m in enumerate([mask] * layers):
        x = layer(i, x, m)
    return x


@right("12.classify", "matmul, tanh, matmul")
def _(x, pooler_weight, pooler_bias, class_weight, class_bias):
    cls = x[:, 0, :]
    return torch.matmul(torch.tanh(torch.matmul(cls, pooler_weight) + pooler_bias), class_weight) + class_bias


@right("12.classify", "addmm, twice")
def _(x, pooler_weight, pooler_bias, class_weight, class_bias):
    return torch.addmm(class_bias, torch.addmm(pooler_bias, x.select(1, 0), pooler_weight).tanh(), class_weight)


@right("12.classify", "tanh as a shifted sigmoid, einsum")
def _(x, pooler_weight, pooler_bias, class_weight, class_bias):
    inner = torch.einsum("bd,dp->bp", x[:, 0], pooler_weight) + pooler_bias
    pooled = 2 * torch.sigmoid(2 * inner) - 1
    return torch.einsum("bp,pc->bc", pooled, class_weight) + class_bias


@right("12.classify", "text by text")
def _(x, pooler_weight, pooler_bias, class_weight, class_bias):
    return torch.stack([(text[0] @ pooler_weight + pooler_bias).tanh() @ class_weight + class_bias for text in x])


@right("12.best_span", "max over a list of tuples")
def _(starts, ends, inside, longest):
    places = [i for i, here in enumerate(inside.tolist()) if here]
    score, i, j = max((starts[i].item() + ends[j].item(), i, j) for i in places for j in places
                      if i <= j < i + longest)
    return i, j, score


@right("12.best_span", "one diagonal after another")
def _(starts, ends, inside, longest):
    starts, ends = (x.masked_fill(~inside, -torch.inf) for x in (starts, ends))
    best = None
    for length in range(1, min(longest, len(starts)) + 1):
        sums = starts[:len(starts) - length + 1] + ends[length - 1:]
        value, place = sums.max(0)
        if best is None or value.item() > best[2]:
            best = int(place), int(place) + length - 1, value.item()
    return best


@right("12.best_span", "numpy, cut to the text and moved back")
def _(starts, ends, inside, longest):
    s, e, (places,) = starts.numpy(), ends.numpy(), np.nonzero(inside.numpy())
    offset, size = places[0], len(places)
    sums = s[places][:, None] + e[places][None]
    i, j = np.indices((size, size))
    sums = np.where((j >= i) & (j - i < longest), sums, -np.inf)
    a, b = np.unravel_index(sums.argmax(), sums.shape)
    return int(a + offset), int(b + offset), float(sums[a, b])


@right("12.best_span", "for each last token the best first one")
def _(starts, ends, inside, longest):
    answers = []
    for j in range(len(ends)):
        for i in range(max(0, j - longest + 1), j + 1):
            if inside[i] and inside[j]:
                answers.append(((starts[i] + ends[j]).item(), (i, j)))
    score, (i, j) = max(answers)
    return [i, j, score]


@right("12.answer_scores", "two Counters, common words by min")
def _(predicted, gold):
    def clean(words):
        return [w.lower() for w in words if w.lower() not in {"a", "an", "the"}]
    p, g = clean(predicted), clean(gold)
    if len(p) == 0 or len(g) == 0:
        same = float(p == g)
        return same, same
    cp, cg = collections.Counter(p), collections.Counter(g)
    m = sum(min(cp[w], cg[w]) for w in cp)
    return float(p == g), 2 * m / (len(p) + len(g))


@right("12.answer_scores", "precision and recall as in SQuAD's script")
def _(predicted, gold):
    p = [word.lower() for word in predicted if word.lower() not in ("a", "an", "the")]
    g = [word.lower() for word in gold if word.lower() not in ("a", "an", "the")]
    exact = int(p == g)
    common = collections.Counter(p) & collections.Counter(g)
    same = sum(common.values())
    if not p or not g:
        return exact, int(p == g)
    if same == 0:
        return exact, 0
    precision, recall = same / len(p), same / len(g)
    return exact, 2 * precision * recall / (precision + recall)


@right("12.answer_scores", "sorted lists merged")
def _(predicted, gold):
    p, g = (list(filter(lambda w: w not in "a an the".split(), map(str.lower, words)))  # noqa: SIM905
            for words in (predicted, gold))
    one, other, m = sorted(p), sorted(g), 0
    while one and other:
        if one[-1] == other[-1]:
            m += 1
            one.pop(), other.pop()
        elif one[-1] > other[-1]:
            one.pop()
        else:
            other.pop()
    total = len(p) + len(g)
    return (1.0 if p == g else 0.0), (2 * m / total if total else 1.0)
