"""Right answers to chapter 09."""

import functools
import itertools
import math
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from answers import right


@right("09.shift_right", "pad on either side, the end sign scattered at the length")
def _(targets):
    lengths = (targets != 0).sum(dim=1, keepdim=True)
    labels = functional.pad(targets, (0, 1)).scatter(1, lengths, 2)
    return functional.pad(targets, (1, 0), value=1), labels


@right("09.shift_right", "python lists")
def _(targets):
    read, answered = [], []
    for sentence in targets.tolist():
        words = [word for word in sentence if word]
        filling = [0] * (len(sentence) - len(words))
        read.append([1, *words, *filling])
        answered.append([*words, 2, *filling])
    return torch.tensor(read), torch.tensor(answered)


class _Shifted(NamedTuple):
    decoder_input: torch.Tensor
    labels: torch.Tensor


@right("09.shift_right", "a named tuple, the end sign where padding begins")
def _(targets):
    column = targets.new_zeros(len(targets), 1)
    labels = torch.hstack([targets, column])
    before = torch.hstack([column + 1, targets])
    return _Shifted(before, torch.where((labels == 0) & (before != 0), 2, labels))


@right("09.shift_right", "one framed text in numpy, then cut at both ends")
def _(targets):
    framed = np.pad(targets.numpy(), ((0, 0), (1, 1)))
    framed[:, 0] = 1
    labels = framed[:, 1:].copy()
    labels[np.arange(len(labels)), np.count_nonzero(targets.numpy(), axis=1)] = 2
    return [torch.from_numpy(framed[:, :-1].copy()), torch.from_numpy(labels)]


@right("09.shift_right", "the end sign as twice a one-hot vector added")
def _(targets):
    batch, tokens = targets.shape
    labels = torch.zeros(batch, tokens + 1, dtype=targets.dtype)
    labels[:, :-1] = targets
    labels += 2 * functional.one_hot(targets.gt(0).sum(-1), tokens + 1)
    return torch.cat([torch.ones_like(targets[:, :1]), targets], dim=1) if tokens else labels - 1, labels


@right("09.decoder_masks", "tril on a repeated padding mask")
def _(source, target):
    real = (target != 0)[:, None, :]
    return real.repeat(1, target.shape[1], 1).tril(), source.ne(0).unsqueeze(-2)


@right("09.decoder_masks", "sign, ones and products, compared in the end")
def _(source, target):
    seen = torch.ones(target.shape[1], target.shape[1], dtype=torch.long).tril()
    return (torch.einsum("qk,bk->bqk", seen, target.sign()) == 1, source.sign()[:, None] == 1)


@right("09.decoder_masks", "lists of comparisons")
def _(source, target):
    own = [[[k <= q and token != 0 for k, token in enumerate(row)] for q in range(len(row))] for row in target.tolist()]
    return torch.tensor(own), torch.tensor([[list(map(bool, row))] for row in source.tolist()])


@right("09.decoder_masks", "a list of two, numpy's tri and ufuncs")
def _(source, target):
    s, t = source.numpy(), target.numpy()
    masks = np.logical_and(np.tri(t.shape[1], dtype=bool)[None], t[:, None] != 0), np.expand_dims(s != 0, 1)
    return [*map(torch.from_numpy, masks)]


@right("09.cross_attention", "torch's finished attention with a mask, not forbidden here")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    return functional.scaled_dot_product_attention(x @ query_weight, memory @ key_weight, memory @ value_weight,
                                                   attn_mask=memory_mask)


@right("09.cross_attention", "sentence by sentence over the real source tokens alone")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    def one(asking, remembered, real):
        remembered = remembered[real[0]]
        scores = asking @ query_weight @ (remembered @ key_weight).T / math.sqrt(key_weight.shape[1])
        return scores.softmax(dim=1) @ (remembered @ value_weight)
    return torch.stack([one(*sentence) for sentence in zip(x, memory, memory_mask, strict=True)])


@right("09.cross_attention", "a bilinear form, a large negative bias, powers over their sum")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    form = query_weight @ key_weight.T
    scores = torch.einsum("btm,mn,bsn->bts", x, form, memory) / torch.sqrt(torch.tensor(key_weight.size(1)))
    scores = torch.where(memory_mask, scores, torch.finfo(scores.dtype).min)
    powers = torch.exp(scores - scores.amax(-1, keepdim=True))
    return powers @ memory @ value_weight / powers.sum(dim=-1, keepdim=True)


@right("09.cross_attention", "logsumexp over a masked copy that is changed in place")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    scores = (x @ query_weight * key_weight.shape[1] ** -0.5).bmm((memory @ key_weight).permute(0, 2, 1))
    scores.masked_fill_(~memory_mask, -math.inf)
    return scores.sub(scores.logsumexp(dim=2, keepdim=True)).exp().bmm(memory @ value_weight)


@right("09.decoder_layer", "reduce over sublayers that are numbered by enumerate")
def _(x, memory, attention, cross_attention, feed_forward, norm):
    steps = enumerate([attention, lambda y: cross_attention(y, memory), feed_forward], start=1)
    return functools.reduce(lambda y, step: norm(step[0], y + step[1](y)), steps, x)


@right("09.decoder_layer", "partials of norm in a loop")
def _(x, memory, attention, cross_attention, feed_forward, norm):
    norms = [functools.partial(norm, i) for i in (1, 2, 3)]
    sublayers = [(attention,), (cross_attention, memory), (feed_forward,)]
    for normed, (sublayer, *more) in zip(norms, sublayers, strict=True):
        x = normed(sublayer(x, *more) + x)
    return x


@right("09.decoder_layer", "a module with a counter of its norms")
def _(x, memory, attention, cross_attention, feed_forward, norm):
    class Residual(nn.Module):
        counter = itertools.count(1)

        def __init__(self, sublayer):
            super().__init__()
            self.sublayer, self.i = sublayer, next(self.counter)

        def forward(self, y):
            return norm(self.i, y.clone().add_(self.sublayer(y)))
    return nn.Sequential(Residual(attention), Residual(lambda y: cross_attention(y, memory)), Residual(feed_forward))(x)


@right("09.transformer", "functional.embedding and reduce over the layers")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    def embed(tokens, table):
        return functional.embedding(tokens, table) * table.shape[1] ** 0.5 + positions[:tokens.shape[1]]
    memory = functools.reduce(lambda y, i: encoder_layer(i, y), range(layers), embed(source, tables[0]))
    top = functools.reduce(lambda y, i: decoder_layer(i, y, memory), range(layers), embed(target, tables[1]))
    return functional.linear(top, tables[1])


@right("09.transformer", "one-hot rows times the tables, recursion over the layers")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    source_table, target_table = tables

    def embed(tokens, table):
        rows = functional.one_hot(tokens.long(), len(table)).to(table.dtype) @ (table * math.sqrt(table.shape[-1]))
        return rows + positions.narrow(0, 0, tokens.shape[-1])

    def through(layer, count, y, *more):
        return y if count == 0 else layer(count - 1, through(layer, count - 1, y, *more), *more)
    memory = through(encoder_layer, layers, embed(source, source_table))
    decoded = through(decoder_layer, layers, embed(target, target_table), memory)
    return torch.einsum("btd,vd->btv", decoded, target_table)


@right("09.transformer", "a helper class, a float32 root")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    return _Model(tables, positions, layers).run(source, target, encoder_layer, decoder_layer)


class _Model:

    def __init__(self, tables, positions, layers):
        self.tables, self.positions, self.layers = tables, positions, layers
        self.scale = torch.sqrt(torch.tensor(positions.shape[1]))

    def vectors(self, side, tokens):
        places = torch.arange(tokens.shape[1]).expand_as(tokens)
        return torch.index_select(self.tables[side], 0, tokens.flatten()).view(*tokens.shape, -1) * self.scale \
            + self.positions[places]

    def run(self, source, target, encoder_layer, decoder_layer):
        memory, x = self.vectors(0, source), self.vectors(1, target)
        for i in range(self.layers):
            memory = encoder_layer(i, memory)
        for i in range(self.layers):
            x = decoder_layer(i, x, memory)
        return x.matmul(self.tables[1].T)


@right("09.token_loss", "torch's cross entropy with ignore_index, not forbidden here")
def _(logits, labels):
    return functional.cross_entropy(logits.transpose(1, 2), labels, ignore_index=0)


@right("09.token_loss", "the real tokens selected first, then logsumexp")
def _(logits, labels):
    real = labels > 0
    chosen = logits[real]
    return (chosen.logsumexp(-1) - chosen.take_along_dim(labels[real][:, None], 1)[:, 0]).mean()


@right("09.token_loss", "a weight of zero for class 0 in nll_loss")
def _(logits, labels):
    weight = torch.ones(logits.shape[-1], dtype=logits.dtype)
    weight[0] = 0
    return functional.nll_loss(logits.flatten(0, 1).log_softmax(1), labels.flatten(), weight=weight)


@right("09.token_loss", "one-hot labels whose first column is cut, in an einsum")
def _(logits, labels):
    answers = functional.one_hot(labels, logits.shape[-1]).to(logits.dtype)
    answers[..., 0] = 0
    return -torch.einsum("btv,btv->", answers, torch.log_softmax(logits, dim=-1)) / answers.sum()


@right("09.token_loss", "logaddexp of the other words' gaps, token by token")
def _(logits, labels):
    losses = []
    for row, label in zip(logits.flatten(0, 1), labels.flatten().tolist(), strict=True):
        if label:
            gaps = torch.cat([row[:label], row[label + 1:]]) - row[label]
            losses.append(torch.logaddexp(gaps.logsumexp(0), gaps.new_zeros(())))
    return torch.stack(losses).mean()


@right("09.smooth_labels", "rows of a smoothed identity")
def _(labels, vocab, epsilon):
    return torch.eye(vocab).lerp(torch.full((vocab, vocab), 1 / vocab), epsilon)[labels]


@right("09.smooth_labels", "a comparison with every word")
def _(labels, vocab, epsilon):
    return (labels.unsqueeze(-1) == torch.arange(vocab)) * (1 - epsilon) + epsilon / vocab


@right("09.smooth_labels", "filled by index into numpy's full, in doubles")
def _(labels, vocab, epsilon):
    filled = np.full((*labels.shape, vocab), epsilon / vocab)
    np.put_along_axis(filled, labels.numpy()[..., None], 1 - epsilon + epsilon / vocab, axis=-1)
    return torch.from_numpy(filled)


@right("09.smooth_labels", "scatter_add into a float32 buffer")
def _(labels, vocab, epsilon):
    share = torch.full((*labels.shape, vocab), epsilon / vocab)
    return share.scatter_add(-1, labels[..., None], torch.full((*labels.shape, 1), 1 - epsilon))


@right("09.learning_rate", "the two ramps written out, a sentence of ifs")
def _(step, d_model, warmup):
    if step == 0:
        return 0.0
    return 1 / math.sqrt(d_model * step) if step >= warmup else step / (warmup * math.sqrt(d_model * warmup))


@right("09.learning_rate", "the harmonic form with infinity at step 0, in numpy")
def _(step, d_model, warmup):
    with np.errstate(divide="ignore"):
        falling = np.float64(step) ** -0.5
    return np.minimum(falling, step * np.float64(warmup) ** -1.5) / np.sqrt(d_model)


@right("09.learning_rate", "logarithms, and a minimum of them")
def _(step, d_model, warmup):
    if not step:
        return 0.0
    log = math.log(step)
    return math.exp(min(-log / 2, log - 1.5 * math.log(warmup)) - math.log(d_model) / 2)


@right("09.learning_rate", "decimals, turned to a float in the end")
def _(step, d_model, warmup):
    s, d, w = map(Decimal, (step, d_model, warmup))
    rising = s / (w * w.sqrt())
    return float((min(1 / s.sqrt(), rising) if s else rising) / d.sqrt())


@right("09.learning_rate", "float32 tensors, clamped so that step 0 divides by nothing bad")
def _(step, d_model, warmup):
    s = torch.tensor(float(step))
    return torch.minimum(s.clamp(min=1e-9).rsqrt(), s * warmup ** -1.5).div(d_model ** 0.5).item()


@right("09.greedy", "a buffer of the full length that is cut at the end")
def _(source, next_logits, most):
    batch = len(source)
    written = torch.zeros(batch, most + 1, dtype=torch.long)
    written[:, 0] = 1
    over = torch.zeros(batch, dtype=torch.bool)
    length = 0
    while length < most and not over.all():
        best = next_logits(source, written[:, :length + 1].clone())[:, -1].argmax(dim=-1)
        best[over] = 0
        length += 1
        written[:, length] = best
        over |= best == 2
    return written[:, 1:length + 1]


@right("09.greedy", "columns in a list, over when a column before held the end sign")
def _(source, next_logits, most):
    columns = [source.new_ones(len(source))]
    for _step in range(most):
        tokens = torch.stack(columns, dim=1)
        over = (tokens == 2).any(dim=1)
        if over.all():
            break
        columns.append(torch.where(over, 0, next_logits(source, tokens)[:, -1, :].max(dim=-1).indices))
    return torch.stack(columns, dim=1)[:, 1:]


@right("09.greedy", "recursion that returns what is still to be written")
def _(source, next_logits, most):
    def rest(tokens, left):
        going = ~(tokens == 2).any(1)
        if left == 0 or not going.any():
            return tokens[:, 1:]
        best = next_logits(source, tokens).select(1, -1).topk(1).indices
        return rest(torch.cat([tokens, best * going[:, None]], dim=1), left - 1)
    return rest(torch.ones(len(source), 1, dtype=torch.long), most)


@right("09.greedy", "each sentence by itself, padded to a rectangle by zip_longest")
def _(source, next_logits, most):
    def write(sentence):
        words = [1]
        while len(words) <= most and words[-1] != 2:
            words.append(int(next_logits(sentence[None], torch.tensor([words]))[0, -1].argmax()))
        return words[1:]
    columns = list(itertools.zip_longest(*map(write, source), fillvalue=0))
    return torch.tensor(columns, dtype=torch.long).reshape(len(columns), len(source)).T


@right("09.greedy", "argmax of every place, of which the last is kept")
def _(source, next_logits, most):
    tokens, alive = torch.ones_like(source[:, :1]), torch.ones_like(source[:, :1])
    for _step in itertools.repeat(None, most):
        if not alive.sum():
            break
        tokens = torch.hstack([tokens, next_logits(source, tokens).argmax(-1)[:, -1:] * alive])
        alive = alive * tokens[:, -1:].ne(2)
    return tokens[:, 1:]


@right("09.decoder_layer", "the given functions called by the names in the prompt")
def _(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(i=1, x=x + attention(x=x))
    x = norm(i=2, x=x + cross_attention(x=x, memory=memory))
    return norm(i=3, x=x + feed_forward(x=x))


@right("09.transformer", "the given functions called by the names in the prompt")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory, x = (table[tokens] * math.sqrt(table.shape[1]) + positions[:tokens.shape[1]]
                 for table, tokens in zip(tables, (source, target), strict=True))
    for i in range(layers):
        memory = encoder_layer(i=i, x=memory)
    for i in range(layers):
        x = decoder_layer(i=i, x=x, memory=memory)
    return x @ tables[1].mT


@right("09.greedy", "the given function called by the names in the prompt")
def _(source, next_logits, most):
    tokens = source.new_full((len(source), 1), 1)
    while tokens.shape[1] <= most and not tokens.eq(2).any(dim=1).all():
        best = next_logits(source=source, tokens=tokens)[:, -1].argmax(-1)
        tokens = torch.column_stack([tokens, best.masked_fill(tokens.eq(2).any(dim=1), 0)])
    return tokens[:, 1:]


@right("09.learning_rate", "an infinity at step 0, only a warning in numpy")
def _(step, d_model, warmup):
    return float(min(np.float64(step) ** -0.5, step / warmup ** 1.5) * d_model ** -0.5)


@right("09.token_loss", "a loss module with summed reduction, divided by the count")
def _(logits, labels):
    loss = nn.CrossEntropyLoss(ignore_index=0, reduction="sum")
    return loss(logits.reshape(-1, logits.size(-1)), labels.reshape(-1)) / torch.count_nonzero(labels)
