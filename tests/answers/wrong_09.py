"""Wrong answers to chapter 09."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from answers import wrong


@wrong("09.shift_right", "the end sign stands in the last column, behind the padding")
def _(targets):
    batch = targets.shape[0]
    begin = torch.full((batch, 1), 1)
    end = torch.full((batch, 1), 2)
    return torch.cat([begin, targets], dim=1), torch.cat([targets, end], dim=1)


@wrong("09.shift_right", "nothing is widened: the input drops the last column and the labels have no end sign")
def _(targets):
    decoder_input = torch.roll(targets, 1, dims=1)
    decoder_input[:, 0] = 1
    return decoder_input, targets


@wrong("09.shift_right", "all padding in the labels becomes an end sign")
def _(targets):
    column = targets.new_zeros(len(targets), 1)
    decoder_input = torch.cat([column + 1, targets], 1)
    labels = torch.cat([targets, column], 1)
    labels[labels == 0] = 2
    return decoder_input, labels


@wrong("09.shift_right", "the end sign goes to the first 0, which is taken to be column 0 in a row without any")
def _(targets):
    batch, n = targets.shape
    decoder_input = torch.cat([torch.ones(batch, 1, dtype=targets.dtype), targets], dim=1)
    end = (targets == 0).int().argmax(dim=1) if n else torch.zeros(batch, dtype=torch.long)
    labels = torch.cat([targets, torch.zeros(batch, 1, dtype=targets.dtype)], dim=1)
    labels[torch.arange(batch), end] = 2
    return decoder_input, labels


@wrong("09.shift_right", "the decoder input is the labels moved by one: it has shorter sentences' end signs")
def _(targets):
    batch, n = targets.shape
    lengths = (targets != 0).sum(dim=1)
    labels = torch.zeros(batch, n + 1, dtype=targets.dtype)
    labels[:, :n] = targets
    labels[torch.arange(batch), lengths] = 2
    decoder_input = torch.roll(labels, 1, dims=1)
    decoder_input[:, 0] = 1
    return decoder_input, labels


@wrong("09.shift_right", "an empty sentence gets no end sign")
def _(targets):
    batch, n = targets.shape
    inputs = torch.zeros(batch, n + 1, dtype=torch.long)
    labels = torch.zeros(batch, n + 1, dtype=torch.long)
    for b in range(batch):
        words = [w for w in targets[b].tolist() if w != 0]
        inputs[b, 0] = 1
        for i, w in enumerate(words):
            inputs[b, i + 1] = w
            labels[b, i] = w
            if i == len(words) - 1:
                labels[b, i + 1] = 2
    return inputs, labels


@wrong("09.shift_right", "word 3 is not counted as a word, so the end sign comes too early")
def _(targets):
    lengths = (targets > 3).sum(1, keepdim=True)
    pad = torch.zeros_like(targets[:, :1]) if targets.shape[1] else targets.new_zeros(len(targets), 1)
    labels = torch.cat([targets, pad], 1).scatter(1, lengths, 2)
    return torch.cat([pad + 1, targets], 1), labels


@wrong("09.shift_right", "the labels are not shifted: they begin with the begin sign as the input does")
def _(targets):
    begin = targets.new_ones(targets.shape[0], 1)
    decoder_input = torch.cat([begin, targets], dim=1)
    return decoder_input, decoder_input.clone()


@wrong("09.decoder_masks", "rows of padding queries are all False")
def _(source, target):
    n = target.shape[1]
    real = target != 0
    causal = torch.ones(n, n, dtype=torch.bool).tril()
    return causal & real[:, None, :] & real[:, :, None], (source != 0)[:, None, :]


@wrong("09.decoder_masks", "the self-attention mask does not hide padding")
def _(source, target):
    batch, n = target.shape
    causal = torch.tril(torch.ones(n, n, dtype=torch.bool)).expand(batch, n, n)
    return causal, (source != 0).unsqueeze(1)


@wrong("09.decoder_masks", "tokens see themselves and later ones: the wrong triangle")
def _(source, target):
    n = target.size(1)
    causal = torch.ones(n, n).triu().bool()
    return causal & (target != 0).unsqueeze(1), (source != 0).unsqueeze(1)


@wrong("09.decoder_masks", "tokens do not see themselves")
def _(source, target):
    n = target.shape[-1]
    i = torch.arange(n)
    earlier = i[None, :] < i[:, None]
    return earlier[None] & (target != 0)[:, None, :], (source != 0)[:, None, :]


@wrong("09.decoder_masks", "the padding of the target hides the queries' rows, not the keys' columns")
def _(source, target):
    n = target.shape[1]
    see = torch.ones(n, n, dtype=torch.bool).tril()[None]
    return see & (target != 0)[:, :, None], (source != 0)[:, None]


@wrong("09.decoder_masks", "the masks are True where a query may not attend")
def _(source, target):
    n = target.shape[1]
    later = torch.ones(n, n, dtype=torch.bool).triu(1)
    return later | (target == 0)[:, None, :], (source == 0)[:, None, :]


@wrong("09.decoder_masks", "signs in the source are hidden with the padding: only numbers above 2 are let through")
def _(source, target):
    n = target.shape[1]
    causal = torch.ones(n, n, dtype=torch.bool).tril()
    return causal & (target > 0)[:, None, :], (source > 2)[:, None, :]


@wrong("09.decoder_masks", "the second mask has a row for every query, not an axis of length 1")
def _(source, target):
    b, n = target.shape
    causal = torch.ones(n, n, dtype=torch.bool).tril()
    first = causal & (target != 0).view(b, 1, n)
    second = (source != 0).unsqueeze(1).expand(-1, n, -1)
    return first, second


@wrong("09.cross_attention", "the queries come from the memory and the keys from x")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    q = memory @ query_weight
    k = x @ key_weight
    v = memory @ value_weight
    scores = k @ q.transpose(1, 2) / math.sqrt(key_weight.shape[1])
    return scores.masked_fill(~memory_mask, -math.inf).softmax(-1) @ v


@wrong("09.cross_attention", "the scores are divided by the root of d_model")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    q, k, v = x @ query_weight, memory @ key_weight, memory @ value_weight
    scores = q @ k.mT / x.shape[-1] ** 0.5
    scores = torch.where(memory_mask, scores, float("-inf"))
    return torch.softmax(scores, dim=-1) @ v


@wrong("09.cross_attention", "the memory is detached, so no gradient reaches it")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    memory = memory.detach()
    q = x @ query_weight
    k = memory @ key_weight
    v = memory @ value_weight
    scores = q @ k.transpose(-2, -1) / math.sqrt(k.shape[-1])
    scores = scores.masked_fill(~memory_mask, float("-inf"))
    return torch.softmax(scores, dim=-1) @ v


@wrong("09.cross_attention", "the weights are computed without gradients, so queries and keys never learn")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    with torch.no_grad():
        scores = (x @ query_weight) @ (memory @ key_weight).mT / math.sqrt(key_weight.shape[-1])
        weights = scores.masked_fill(memory_mask.logical_not(), -math.inf).softmax(-1)
    return weights @ (memory @ value_weight)


@wrong("09.cross_attention", "masked scores are set to 0 before the softmax, which still gives them weight")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    q, k, v = x @ query_weight, memory @ key_weight, memory @ value_weight
    scores = torch.einsum("btk,bsk->bts", q, k) / math.sqrt(q.shape[-1])
    return torch.softmax(scores * memory_mask, dim=-1) @ v


@wrong("09.cross_attention", "the mask is laid on the weights behind the softmax, so they no longer sum to 1")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    q, k, v = x @ query_weight, memory @ key_weight, memory @ value_weight
    weights = torch.softmax(q @ k.mT / math.sqrt(k.shape[-1]), dim=-1)
    return (weights * memory_mask) @ v


@wrong("09.cross_attention", "the softmax runs over the target tokens")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    q, k, v = x @ query_weight, memory @ key_weight, memory @ value_weight
    scores = q @ k.transpose(1, 2) / math.sqrt(k.shape[-1])
    scores = scores.masked_fill(~memory_mask, -1e9)
    return torch.softmax(scores, dim=1) @ v


@wrong("09.cross_attention", "padding gets a score of -100, which real scores can fall below")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    q, k, v = x @ query_weight, memory @ key_weight, memory @ value_weight
    scores = q @ k.mT / math.sqrt(k.shape[-1])
    return scores.masked_fill(~memory_mask, -100.0).softmax(dim=-1) @ v


@wrong("09.cross_attention", "one row of weights for the whole sentence: the scores are averaged over the queries")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    q, k, v = x @ query_weight, memory @ key_weight, memory @ value_weight
    scores = (q @ k.mT / math.sqrt(k.shape[-1])).mean(dim=1, keepdim=True)
    weights = scores.masked_fill(~memory_mask, -math.inf).softmax(-1)
    return (weights @ v).expand(-1, x.shape[1], -1)


@wrong("09.cross_attention", "divided by d_k itself, not by its root")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    q, k, v = x @ query_weight, memory @ key_weight, memory @ value_weight
    scores = (q @ k.mT / k.shape[-1]).masked_fill(~memory_mask, -math.inf)
    return scores.softmax(-1) @ v


@wrong("09.cross_attention", "the values come from x, as in self-attention; with unequal lengths it fails")
def _(x, memory, query_weight, key_weight, value_weight, memory_mask):
    q, k, v = x @ query_weight, memory @ key_weight, x @ value_weight
    scores = q @ k.mT / math.sqrt(k.shape[-1])
    return scores.masked_fill(~memory_mask, -math.inf).softmax(-1) @ v


@wrong("09.decoder_layer", "attention to the memory comes before self-attention")
def _(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + cross_attention(x, memory))
    x = norm(2, x + attention(x))
    return norm(3, x + feed_forward(x))


@wrong("09.decoder_layer", "no way past the cross-attention")
def _(x, memory, attention, cross_attention, feed_forward, norm):
    h = norm(1, x + attention(x))
    h = norm(2, cross_attention(h, memory))
    return norm(3, h + feed_forward(h))


@wrong("09.decoder_layer", "the norms are counted from 0")
def _(x, memory, attention, cross_attention, feed_forward, norm):
    for i, sublayer in enumerate([attention, lambda y: cross_attention(y, memory), feed_forward]):
        x = norm(i, x + sublayer(x))
    return x


@wrong("09.decoder_layer", "cross-attention asks with the layer's input, not with what self-attention made of it")
def _(x, memory, attention, cross_attention, feed_forward, norm):
    a = norm(1, x + attention(x))
    b = norm(2, a + cross_attention(x, memory))
    return norm(3, b + feed_forward(b))


@wrong("09.decoder_layer", "the norm covers the sublayer alone, and x is added behind it")
def _(x, memory, attention, cross_attention, feed_forward, norm):
    x = x + norm(1, attention(x))
    x = x + norm(2, cross_attention(x, memory))
    return x + norm(3, feed_forward(x))


@wrong("09.decoder_layer", "memory and x are exchanged: the memory asks")
def _(x, memory, attention, cross_attention, feed_forward, norm):
    x = norm(1, x + attention(x))
    x = norm(2, x + cross_attention(memory, x))
    return norm(3, x + feed_forward(x))


@wrong("09.decoder_layer", "every way past adds the layer's first input")
def _(x, memory, attention, cross_attention, feed_forward, norm):
    h = norm(1, x + attention(x))
    h = norm(2, x + cross_attention(h, memory))
    return norm(3, x + feed_forward(h))


@wrong("09.decoder_layer", "pre-norm: each norm before its sublayer")
def _(x, memory, attention, cross_attention, feed_forward, norm):
    x = x + attention(norm(1, x))
    x = x + cross_attention(norm(2, x), memory)
    x = x + feed_forward(norm(3, x))
    return x


@wrong("09.transformer", "the embeddings are not multiplied by the root of d_model")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    memory = tables[0][source] + positions[:source.shape[1]]
    x = tables[1][target] + positions[:target.shape[1]]
    for i in range(layers):
        memory = encoder_layer(i, memory)
    for i in range(layers):
        x = decoder_layer(i, x, memory)
    return x @ tables[1].T


@wrong("09.transformer", "the root of d_model multiplies the positions as well")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    scale = math.sqrt(positions.shape[-1])

    def embed(tokens, table):
        return (table[tokens] + positions[:tokens.shape[1]]) * scale

    memory = embed(source, tables[0])
    for i in range(layers):
        memory = encoder_layer(i, memory)
    x = embed(target, tables[1])
    for i in range(layers):
        x = decoder_layer(i, x, memory)
    return x @ tables[1].mT


@wrong("09.transformer", "decoder layer i reads what encoder layer i gives, not the last one's")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    d = positions.shape[1]
    memory = tables[0][source] * d ** 0.5 + positions[:source.shape[1]]
    x = tables[1][target] * d ** 0.5 + positions[:target.shape[1]]
    for i in range(layers):
        memory = encoder_layer(i, memory)
        x = decoder_layer(i, x, memory)
    return x @ tables[1].T


@wrong("09.transformer", "a softmax over the scores")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    root = math.sqrt(tables[0].shape[1])
    memory = tables[0][source] * root + positions[:source.size(1)]
    for i in range(layers):
        memory = encoder_layer(i, memory)
    x = tables[1][target] * root + positions[:target.size(1)]
    for i in range(layers):
        x = decoder_layer(i, x, memory)
    return torch.softmax(x @ tables[1].T, dim=-1)


@wrong("09.transformer", "the target is embedded and scored with the source's table")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    table = tables[0]
    root = math.sqrt(table.shape[1])
    memory = functional.embedding(source, table) * root + positions[:source.shape[1]]
    for i in range(layers):
        memory = encoder_layer(i, memory)
    x = functional.embedding(target.clamp(max=len(table) - 1), table) * root + positions[:target.shape[1]]
    for i in range(layers):
        x = decoder_layer(i, x, memory)
    return x @ table.T


@wrong("09.transformer", "the row of `positions` is picked by the token's number, not by its place")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    root = math.sqrt(positions.shape[1])
    last = len(positions) - 1
    memory = tables[0][source] * root + positions[source.clamp(max=last)]
    x = tables[1][target] * root + positions[target.clamp(max=last)]
    for i in range(layers):
        memory = encoder_layer(i, memory)
    for i in range(layers):
        x = decoder_layer(i, x, memory)
    return x @ tables[1].T


@wrong("09.transformer", "layers are counted from 1")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    root = math.sqrt(positions.shape[-1])
    memory = tables[0][source] * root + positions[torch.arange(source.shape[1])]
    x = tables[1][target] * root + positions[torch.arange(target.shape[1])]
    for i in range(1, layers + 1):
        memory = encoder_layer(i, memory)
    for i in range(1, layers + 1):
        x = decoder_layer(i, x, memory)
    return x @ tables[1].T


@wrong("09.transformer", "each encoder layer reads the embedded source, so only the last one has an effect")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    root = math.sqrt(positions.shape[-1])
    embedded = tables[0][source] * root + positions[:source.shape[1]]
    for i in range(layers):
        memory = encoder_layer(i, embedded)
    x = tables[1][target] * root + positions[:target.shape[1]]
    for i in range(layers):
        x = decoder_layer(i, x, memory)
    return x @ tables[1].T


@wrong("09.transformer", "the root is that of the vocabulary's size, not of d_model")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    source_table, target_table = tables
    memory = source_table[source] * math.sqrt(len(source_table)) + positions[:source.shape[1]]
    x = target_table[target] * math.sqrt(len(target_table)) + positions[:target.shape[1]]
    for i in range(layers):
        memory = encoder_layer(i, memory)
    for i in range(layers):
        x = decoder_layer(i, x, memory)
    return x @ target_table.T


@wrong("09.transformer", "padding tokens get a vector of zeros")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    def embed(tokens, table):
        vectors = table[tokens] * math.sqrt(table.shape[1]) + positions[:tokens.shape[1]]
        return vectors * (tokens != 0).unsqueeze(-1)

    memory, x = embed(source, tables[0]), embed(target, tables[1])
    for i in range(layers):
        memory = encoder_layer(i, memory)
    for i in range(layers):
        x = decoder_layer(i, x, memory)
    return x @ tables[1].T


@wrong("09.token_loss", "padding counts like a word")
def _(logits, labels):
    return functional.cross_entropy(logits.flatten(0, 1), labels.flatten())


@wrong("09.token_loss", "the losses of padding are 0 but still counted below the line")
def _(logits, labels):
    log_p = torch.log_softmax(logits, dim=-1)
    loss = -log_p.gather(-1, labels.unsqueeze(-1)).squeeze(-1)
    return (loss * (labels != 0)).mean()


@wrong("09.token_loss", "the mean of the sentences' means, not of all real tokens")
def _(logits, labels):
    losses = functional.cross_entropy(logits.transpose(1, 2), labels, reduction="none")
    real = (labels != 0).to(losses.dtype)
    per_sentence = (losses * real).sum(1) / real.sum(1).clamp(min=1)
    return per_sentence.mean()


@wrong("09.token_loss", "the logarithm of a softmax that may round to 0")
def _(logits, labels):
    p = torch.softmax(logits, dim=-1)
    picked = p.gather(-1, labels[..., None])[..., 0]
    real = labels != 0
    return -torch.log(picked[real]).mean()


@wrong("09.token_loss", "a small number inside the logarithm caps the loss")
def _(logits, labels):
    real = labels != 0
    p = torch.softmax(logits[real], dim=-1)
    picked = p[torch.arange(len(p)), labels[real]]
    return -torch.log(picked + 1e-9).mean()


@wrong("09.token_loss", "the padding word is taken out of the softmax")
def _(logits, labels):
    hidden = logits.clone()
    hidden[..., 0] = -math.inf
    return functional.cross_entropy(hidden.flatten(0, 1), labels.flatten(), ignore_index=0)


@wrong("09.token_loss", "the sum of the losses, not their mean")
def _(logits, labels):
    return functional.cross_entropy(logits.mT, labels, ignore_index=0, reduction="sum")


@wrong("09.token_loss", "in bits: the logarithm to base 2")
def _(logits, labels):
    log_p = logits.log_softmax(-1) / math.log(2)
    real = labels != 0
    return -log_p.gather(-1, labels.unsqueeze(-1)).squeeze(-1)[real].mean()


@wrong("09.token_loss", "exponentials without subtracting the maximum overflow for large logits")
def _(logits, labels):
    chosen = logits.gather(-1, labels[..., None]).squeeze(-1)
    loss = torch.log(torch.exp(logits).sum(-1)) - chosen
    real = labels.ne(0)
    return loss[real].sum() / real.sum()


@wrong("09.token_loss", "tokens are left out where the model's best word is padding, not where the label is")
def _(logits, labels):
    losses = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
    real = logits.argmax(-1).flatten() != 0
    return (losses * real).sum() / real.sum().clamp(min=1)


@wrong("09.token_loss", "all axes of length 1 are squeezed away, so one sentence or one token fails")
def _(logits, labels):
    log_p = torch.log_softmax(logits, -1)
    picked = log_p.gather(-1, labels.unsqueeze(-1)).squeeze()
    return -picked[labels != 0].mean()


@wrong("09.token_loss", "logits are clamped to -50 and 50 against overflow")
def _(logits, labels):
    safe = logits.clamp(-50, 50)
    chosen = safe.gather(-1, labels[..., None]).squeeze(-1)
    loss = safe.exp().sum(-1).log() - chosen
    return loss[labels != 0].mean()


@wrong("09.smooth_labels", "epsilon is shared among the other words alone")
def _(labels, vocab, epsilon):
    hot = functional.one_hot(labels, vocab).float()
    return hot * (1 - epsilon) + (1 - hot) * epsilon / (vocab - 1)


@wrong("09.smooth_labels", "the true word keeps 1 - epsilon and gets no share of epsilon, so rows sum to less than 1")
def _(labels, vocab, epsilon):
    out = torch.full((*labels.shape, vocab), epsilon / vocab)
    return out.scatter(-1, labels.unsqueeze(-1), 1 - epsilon)


@wrong("09.smooth_labels", "the row of token 0 is set to zero as if it were padding")
def _(labels, vocab, epsilon):
    hot = torch.nn.functional.one_hot(labels, num_classes=vocab).float()
    smooth = hot * (1 - epsilon) + epsilon / vocab
    smooth[labels == 0] = 0
    return smooth


@wrong("09.smooth_labels", "every word gets the whole epsilon")
def _(labels, vocab, epsilon):
    return (1 - epsilon) * functional.one_hot(labels, vocab) + epsilon


@wrong("09.smooth_labels", "labels are taken to have one axis: more axes or none fail")
def _(labels, vocab, epsilon):
    out = torch.full((len(labels), vocab), epsilon / vocab)
    for row, label in enumerate(labels):
        out[row, label.item()] += 1 - epsilon
    return out


@wrong("09.smooth_labels", "the true word keeps 1 and only the others get epsilon / vocab")
def _(labels, vocab, epsilon):
    hot = functional.one_hot(labels, vocab)
    return torch.where(hot == 1, 1.0, epsilon / vocab)


@wrong("09.smooth_labels", "the width is guessed from the largest label; `vocab` only divides epsilon")
def _(labels, vocab, epsilon):
    hot = functional.one_hot(labels).float()
    return hot * (1 - epsilon) + epsilon / vocab


@wrong("09.learning_rate", "step 0 divides by zero")
def _(step, d_model, warmup):
    return d_model ** -0.5 * min(step ** -0.5, step * warmup ** -1.5)


@wrong("09.learning_rate", "the maximum is taken where the minimum is asked for")
def _(step, d_model, warmup):
    if step == 0:
        return 0.0
    return d_model ** -0.5 * max(step ** -0.5, step * warmup ** -1.5)


@wrong("09.learning_rate", "step 0 is treated as step 1")
def _(step, d_model, warmup):
    step = max(step, 1)
    return (1 / math.sqrt(d_model)) * min(1 / math.sqrt(step), step * warmup ** -1.5)


@wrong("09.learning_rate", "the power -1.5 takes step with it")
def _(step, d_model, warmup):
    if step == 0:
        return 0.0
    return d_model ** (-0.5) * min(step ** (-0.5), (step * warmup) ** (-1.5))


@wrong("09.learning_rate", "the rate stays at its peak behind the warm-up")
def _(step, d_model, warmup):
    rise = min(step, warmup) / warmup
    return d_model ** -0.5 * warmup ** -0.5 * rise


@wrong("09.learning_rate", "steps are counted from 0, so each update has the rate of the next one")
def _(step, d_model, warmup):
    n = step + 1
    return d_model ** -0.5 * min(n ** -0.5, n * warmup ** -1.5)


@wrong("09.learning_rate", "multiplied by the root of d_model, not divided by it")
def _(step, d_model, warmup):
    if step < 1:
        return 0.0
    return math.sqrt(d_model) * min(1 / math.sqrt(step), step / warmup ** 1.5)


@wrong("09.learning_rate", "linear decay behind the warm-up: 1/step where 1/sqrt(step) is asked for")
def _(step, d_model, warmup):
    if step <= warmup:
        return d_model ** -0.5 * step * warmup ** -1.5
    return d_model ** -0.5 * warmup ** 0.5 / step


@wrong("09.greedy", "a sentence goes on behind its end sign, with no padding")
def _(source, next_logits, most):
    tokens = torch.ones(len(source), 1, dtype=torch.long)
    for _ in range(most):
        new = next_logits(source, tokens)[:, -1].argmax(-1)
        tokens = torch.cat([tokens, new[:, None]], dim=1)
        if (tokens == 2).any(dim=1).all():
            break
    return tokens[:, 1:]


@wrong("09.greedy", "it stops as soon as one sentence is over")
def _(source, next_logits, most):
    tokens = torch.ones(source.shape[0], 1, dtype=torch.long)
    for _ in range(most):
        best = next_logits(source, tokens)[:, -1, :].argmax(dim=-1, keepdim=True)
        tokens = torch.cat([tokens, best], dim=1)
        if (best == 2).any():
            break
    return tokens[:, 1:]


@wrong("09.greedy", "it stops only when all sentences end at the same step; padding follows only right behind the end")
def _(source, next_logits, most):
    tokens = torch.ones(source.shape[0], 1, dtype=torch.long)
    for _ in range(most):
        best = next_logits(source, tokens)[:, -1].argmax(-1)
        best = torch.where(tokens[:, -1] == 2, 0, best)
        tokens = torch.cat([tokens, best.unsqueeze(1)], 1)
        if (best == 2).all():
            break
    return tokens[:, 1:]


@wrong("09.greedy", "it never stops early: padding is written up to `most`")
def _(source, next_logits, most):
    batch = source.shape[0]
    tokens = torch.full((batch, 1), 1)
    over = torch.zeros(batch, dtype=torch.bool)
    for _ in range(most):
        word = next_logits(source, tokens)[:, -1].argmax(dim=-1)
        word[over] = 0
        over |= word == 2
        tokens = torch.cat([tokens, word[:, None]], dim=1)
    return tokens[:, 1:]


@wrong("09.greedy", "the begin sign is returned with the rest")
def _(source, next_logits, most):
    tokens = torch.ones(len(source), 1, dtype=torch.long)
    over = torch.zeros(len(source), dtype=torch.bool)
    while tokens.shape[1] <= most and not over.all():
        best = next_logits(source, tokens)[:, -1].argmax(-1).masked_fill(over, 0)
        tokens = torch.cat([tokens, best[:, None]], 1)
        over = over | (best == 2)
    return tokens


@wrong("09.greedy", "the begin sign counts as one of the `most` tokens")
def _(source, next_logits, most):
    tokens = torch.ones(len(source), 1, dtype=torch.long)
    over = torch.zeros(len(source), dtype=torch.bool)
    while tokens.shape[1] < most and not over.all():
        best = next_logits(source, tokens)[:, -1].argmax(-1).masked_fill(over, 0)
        tokens = torch.cat([tokens, best[:, None]], 1)
        over = over | (best == 2)
    return tokens[:, 1:]


@wrong("09.greedy", "only the newest token is shown to the model, not all so far")
def _(source, next_logits, most):
    current = torch.ones(len(source), 1, dtype=torch.long)
    over = torch.zeros(len(source), 1, dtype=torch.bool)
    written = []
    for _ in range(most):
        current = next_logits(source, current)[:, -1].argmax(-1, keepdim=True).masked_fill(over, 0)
        written.append(current)
        over = over | (current == 2)
        if over.all():
            break
    return torch.cat(written, dim=1)


@wrong("09.greedy", "the end signs are turned into padding")
def _(source, next_logits, most):
    tokens = torch.ones(len(source), 1, dtype=torch.long)
    over = torch.zeros(len(source), dtype=torch.bool)
    for _ in range(most):
        best = next_logits(source, tokens)[:, -1].argmax(-1)
        over = over | (best == 2)
        best = best.masked_fill(over, 0)
        tokens = torch.cat([tokens, best[:, None]], 1)
        if over.all():
            break
    return tokens[:, 1:]


@wrong("09.greedy", "the best token is read at the first place, not at the last")
def _(source, next_logits, most):
    tokens = torch.ones(len(source), 1, dtype=torch.long)
    over = torch.zeros(len(source), dtype=torch.bool)
    for _ in range(most):
        best = next_logits(source, tokens)[:, 0].argmax(-1).masked_fill(over, 0)
        tokens = torch.cat([tokens, best[:, None]], 1)
        over |= best == 2
        if over.all():
            break
    return tokens[:, 1:]


@wrong("09.greedy", "a sentence also counts as over when the model chooses padding")
def _(source, next_logits, most):
    tokens = torch.ones(len(source), 1, dtype=torch.long)
    for _ in range(most):
        best = next_logits(source, tokens)[:, -1].argmax(-1)
        done = (tokens[:, -1] == 2) | (tokens[:, -1] == 0)
        best = best.masked_fill(done, 0)
        tokens = torch.cat([tokens, best[:, None]], 1)
        if ((best == 2) | (best == 0)).all():
            break
    return tokens[:, 1:]


@wrong("09.greedy", "all axes of length 1 are squeezed away, so a batch of one sentence fails")
def _(source, next_logits, most):
    tokens = torch.ones(len(source), 1, dtype=torch.long)
    over = torch.zeros(len(source), dtype=torch.bool)
    for _ in range(most):
        last = next_logits(source, tokens)[:, -1:].squeeze()
        best = last.argmax(dim=1).masked_fill(over, 0)
        tokens = torch.cat([tokens, best[:, None]], 1)
        over = over | (best == 2)
        if over.all():
            break
    return tokens[:, 1:]


@wrong("09.transformer", "nn.Embedding copies of the tables, which no gradient leaves")
def _(source, target, tables, positions, layers, encoder_layer, decoder_layer):
    embeddings = [nn.Embedding.from_pretrained(table) for table in tables]
    places = nn.Embedding.from_pretrained(positions)

    def vectors(tokens, embedding):
        return embedding(tokens) * math.sqrt(embedding.embedding_dim) + places(torch.arange(tokens.shape[1]))[None]
    stream = vectors(source, embeddings[0])
    for i in range(layers):
        stream = encoder_layer(i, stream)
    memory, stream = stream, vectors(target, embeddings[1])
    for i in range(layers):
        stream = decoder_layer(i, stream, memory)
    return stream @ embeddings[1].weight.T


@wrong("09.token_loss", "NumPy in between, so no gradient comes back")
def _(logits, labels):
    scores, right_words = logits.numpy(force=True), labels.numpy()
    chosen = np.take_along_axis(scores, right_words[..., None], axis=-1)[..., 0]
    return torch.tensor(np.average(np.logaddexp.reduce(scores, axis=-1) - chosen, weights=right_words != 0))
