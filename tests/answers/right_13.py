"""Right answers to chapter 13."""

import functools
import itertools
import math
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from answers import right


@right("13.next_token_loss", "cross_entropy on flattened slices")
def _(logits, tokens, prompt):
    vocab = logits.shape[-1]
    return functional.cross_entropy(logits[:, prompt - 1:-1].reshape(-1, vocab), tokens[:, prompt:].reshape(-1))


@right("13.next_token_loss", "all losses first, then a mask of places")
def _(logits, tokens, prompt):
    losses = nn.CrossEntropyLoss(reduction="none")(logits[:, :-1].mT, tokens[:, 1:])
    counted = torch.arange(1, tokens.shape[1]) >= prompt
    return losses.masked_select(counted).mean()


@right("13.next_token_loss", "one-hot rows times log probabilities")
def _(logits, tokens, prompt):
    wanted = functional.one_hot(tokens[:, prompt:], logits.size(-1)).to(logits.dtype)
    predicted = logits[:, prompt - 1:tokens.size(1) - 1].log_softmax(-1)
    return -(wanted * predicted).sum() / wanted.sum()


@right("13.next_token_loss", "two loops and logsumexp")
def _(logits, tokens, prompt):
    total, count = 0.0, 0
    for scores, text in zip(logits, tokens, strict=True):
        for place in range(prompt, len(text)):
            row = scores[place - 1]
            total, count = total + torch.logsumexp(row, 0) - row[text[place]], count + 1
    return total / count


@right("13.bits_per_character", "numpy, one division at the end")
def _(losses, pieces):
    return np.sum(losses) / (np.log(2) * len("".join(pieces)))


@right("13.bits_per_character", "each loss as the logarithm to base 2 of an inverse probability")
def _(losses, pieces):
    bits = [math.log2(1 / math.exp(-loss)) for loss in losses]
    return math.fsum(bits) / sum(len(piece) for piece in pieces)


@right("13.bits_per_character", "a loop that counts both")
def _(losses, pieces):
    nats = characters = 0
    for loss, piece in zip(losses, pieces):
        nats += loss
        for _ in piece:
            characters += 1
    return nats / characters / 0.6931471805599453


@right("13.bits_per_character", "a tensor of weights: the mean over characters of what each costs")
def _(losses, pieces):
    lengths = torch.tensor([len(piece) for piece in pieces])
    costs = torch.tensor(losses, dtype=torch.float64) / lengths
    return (costs.repeat_interleave(lengths).mean() * math.log2(math.e)).item()


@right("13.top_k", "kthvalue from below")
def _(logits, k):
    threshold = torch.kthvalue(logits, logits.shape[-1] - k + 1, dim=-1, keepdim=True).values
    return torch.where(logits < threshold, float("-inf"), logits)


@right("13.top_k", "numpy's partition")
def _(logits, k):
    scores = logits.numpy().copy()
    threshold = np.partition(scores, -k, axis=-1)[:, -k]
    scores[scores < threshold[:, None]] = -np.inf
    return torch.from_numpy(scores)


@right("13.top_k", "row by row, in a clone")
def _(logits, k):
    result = logits.clone()
    for row in result:
        limit = sorted(row.tolist())[-k]
        row[row < limit] = -math.inf
    return result


@right("13.top_k", "added penalty: 0 or minus infinity")
def _(logits, k):
    limit = torch.amin(torch.topk(logits, k)[0], dim=1, keepdim=True)
    return logits + torch.zeros_like(logits).masked_fill_(logits.lt(limit), -torch.inf)


@right("13.top_p", "the removed ones shifted by one place, as in Hugging Face's old example")
def _(logits, p):
    scores, places = torch.sort(logits, descending=True)
    removed = functional.softmax(scores, dim=-1).cumsum(dim=-1) >= p
    removed[:, 1:] = removed[:, :-1].clone()
    removed[:, 0] = False
    return logits.masked_fill(removed.scatter(1, places, removed), -float("inf"))


@right("13.top_p", "put back by sorting the places once more")
def _(logits, p):
    scores, places = logits.sort(dim=-1, descending=True)
    chances = scores.softmax(dim=-1)
    kept = (chances.cumsum(-1) - chances) < p
    scores = scores.masked_fill(~kept, -math.inf)
    return scores.gather(-1, places.argsort(dim=-1))


@right("13.top_p", "a loop with itertools.accumulate")
def _(logits, p):
    filtered = torch.full_like(logits, -math.inf)
    for row, scores in enumerate(logits):
        chances = torch.softmax(scores, -1)
        order = chances.argsort(descending=True).tolist()
        sums = itertools.accumulate(chances[order].tolist())
        needed = next((n for n, total in enumerate(sums, start=1) if total >= p), len(order))
        filtered[row, order[:needed]] = scores[order[:needed]]
    return filtered


@right("13.top_p", "how many are needed, by searchsorted; their smallest logit is the threshold")
def _(logits, p):
    scores = logits.sort(dim=-1, descending=True).values
    sums = scores.softmax(-1).cumsum(-1)
    needed = torch.searchsorted(sums, torch.full((len(logits), 1), p, dtype=sums.dtype)).clamp(max=scores.shape[1] - 1)
    return torch.where(logits >= scores.gather(1, needed), logits, -torch.inf)


@right("13.draw_probabilities", "filtered logits, one softmax more")
def _(logits, temperature, share):
    if temperature == 0:
        best = logits.argmax(-1, keepdim=True)
        return torch.zeros_like(logits).scatter(-1, best, 1.0)
    scaled = logits / temperature
    p = scaled.softmax(-1)
    return scaled.masked_fill(p < share * p.max(-1, keepdim=True).values, -math.inf).softmax(-1)


@right("13.draw_probabilities", "numpy with shifted scores")
def _(logits, temperature, share):
    scores = logits.numpy()
    shifted = scores - scores.max(axis=1, keepdims=True)
    if temperature == 0:
        return torch.from_numpy((shifted == 0).astype(float))
    powers = np.exp(shifted / temperature)
    powers = np.where(powers < share, 0, powers)
    return torch.from_numpy(powers / powers.sum(axis=1, keepdims=True))


@right("13.draw_probabilities", "row by row, with log_softmax")
def _(logits, temperature, share):
    return torch.stack([_drawn(row, temperature, share) for row in logits])


def _drawn(row, temperature, share):
    if not temperature:
        return functional.one_hot(row.argmax(), len(row)).double()
    chances = functional.log_softmax(row / temperature, 0).exp()
    kept = [chance if chance >= share * chances.max() else chance * 0 for chance in chances]
    return torch.stack(kept) / sum(kept)


@right("13.draw_probabilities", "l1-normalised with nn.functional.normalize")
def _(logits, temperature, share):
    temperature = max(temperature, 1e-7)
    chances = torch.softmax((logits - logits.amax(1, keepdim=True)) / temperature, dim=1)
    return functional.normalize(chances * chances.ge(share * chances.amax(1, keepdim=True)), p=1, dim=1)


@right("13.generate", "negative slice, argmax with keepdim")
def _(prompt, next_logits, most, context):
    text = prompt
    for _ in range(most):
        window = text if text.shape[1] <= context else text[:, -context:]
        text = torch.hstack([text, next_logits(window)[:, -1].argmax(dim=-1, keepdim=True)])
    return text


@right("13.generate", "recursion")
def _(prompt, next_logits, most, context):
    def more(text, left):
        if left == 0:
            return text
        scores = next_logits(text[:, max(text.shape[1] - context, 0):])
        return more(torch.cat((text, scores[:, -1, :].topk(1).indices), 1), left - 1)
    return more(prompt, most)


@right("13.generate", "a list of columns")
def _(prompt, next_logits, most, context):
    columns = list(prompt.unbind(dim=1))
    while len(columns) < prompt.shape[1] + most:
        logits = next_logits(torch.stack(columns[-context:], dim=1))
        columns.append(torch.max(logits[:, -1], dim=1)[1])
    return torch.stack(columns, dim=1)


@right("13.generate", "reduce")
def _(prompt, next_logits, most, context):
    def step(text, _):
        return torch.cat([text, next_logits(text[..., -context:]).argmax(-1)[:, -1:]], -1)
    return functools.reduce(step, range(most), prompt)


class _Kept(NamedTuple):
    output: torch.Tensor
    keys: torch.Tensor
    values: torch.Tensor


@right("13.cached_attention", "a named tuple, the mask from two ranges of positions")
def _(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    past, new = past_keys.size(1), x.size(1)
    here = torch.arange(past, past + new)
    x = x + positions[here]
    keys = torch.cat((past_keys, x @ key_weight), 1)
    values = torch.cat((past_values, x @ value_weight), 1)
    later = torch.arange(past + new)[None, :] > here[:, None]
    scores = torch.einsum("bqd,bkd->bqk", x @ query_weight, keys) * keys.size(-1) ** -0.5
    return _Kept(scores.masked_fill(later, -math.inf).softmax(-1).bmm(values), keys, values)


@right("13.cached_attention", "the mask as two blocks: all of the past, and a triangle")
def _(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    new, past = x.shape[1], past_keys.shape[1]
    h = x + positions[past:past + new].unsqueeze(0)
    q, k, v = h.matmul(query_weight), h.matmul(key_weight), h.matmul(value_weight)
    k, v = torch.hstack([past_keys, k]), torch.hstack([past_values, v])
    mask = torch.hstack([torch.zeros(new, past), torch.full((new, new), -torch.inf).triu(1)])
    weights = nn.Softmax(dim=-1)(q @ k.mT / math.sqrt(q.shape[-1]) + mask)
    return weights @ v, k, v


@right("13.cached_attention", "each new token on its own, over what it may see")
def _(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    start, outputs = past_keys.shape[1], []
    moved = torch.stack([x[:, i] + positions[start + i] for i in range(x.shape[1])], dim=1)
    keys = torch.cat([past_keys, moved @ key_weight], dim=-2)
    values = torch.cat([past_values, moved @ value_weight], dim=-2)
    for i in range(x.shape[1]):
        query = (moved[:, i] @ query_weight).unsqueeze(1)
        scores = query @ keys[:, :start + i + 1].transpose(-1, -2) / math.sqrt(keys.shape[-1])
        outputs.append(functional.softmax(scores, dim=-1) @ values[:, :start + i + 1])
    return [torch.cat(outputs, dim=1), keys, values]


@right("13.cached_attention", "numpy, with a tri that is shifted")
def _(x, positions, query_weight, key_weight, value_weight, past_keys, past_values):
    x, positions, wq, wk, wv, pk, pv = (part.numpy() for part in (x, positions, query_weight, key_weight, value_weight,
                                                                  past_keys, past_values))
    past, new = pk.shape[1], x.shape[1]
    x = x + positions[past:past + new]
    k, v = np.concatenate([pk, x @ wk], 1), np.concatenate([pv, x @ wv], 1)
    scores = np.where(np.tri(new, past + new, past, dtype=bool), x @ wq @ k.swapaxes(1, 2) / np.sqrt(k.shape[-1]),
                      -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return tuple(map(torch.from_numpy, (weights @ v, k, v)))
