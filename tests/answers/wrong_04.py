"""Wrong answers to chapter 04."""

import torch

from answers import wrong


@wrong("04.causal_mask", "queries stand at the first positions: no shift when there are more keys than queries")
def _(queries, keys):
    return torch.tril(torch.ones(queries, keys, dtype=torch.bool))


@wrong("04.causal_mask", "a query does not see itself")
def _(queries, keys):
    return torch.ones(queries, keys, dtype=torch.bool).tril(diagonal=keys - queries - 1)


@wrong("04.causal_mask", "inverted: True where a later token is hidden")
def _(queries, keys):
    return torch.ones(queries, keys, dtype=torch.bool).triu(keys - queries + 1)


@wrong("04.causal_mask", "shift in the wrong direction: queries - keys")
def _(queries, keys):
    return torch.tril(torch.ones(queries, keys), diagonal=queries - keys).bool()


@wrong("04.causal_mask", "sees one token too many: the query's position counted from 1, the key's from 0")
def _(queries, keys):
    q = torch.arange(keys - queries, keys)[:, None] + 1
    k = torch.arange(keys)[None, :]
    return k <= q


@wrong("04.causal_mask", "numbers 0 and 1 instead of a boolean mask")
def _(queries, keys):
    return torch.tril(torch.ones(queries, keys), diagonal=keys - queries)


@wrong("04.causal_mask", "triu instead of tril: sees itself and what stands after it")
def _(queries, keys):
    return torch.triu(torch.ones(queries, keys, dtype=torch.bool), diagonal=keys - queries)


@wrong("04.padding_mask", "inverted: True for the filling")
def _(lengths, keys):
    return (torch.arange(keys) >= lengths[:, None])[:, None, :]


@wrong("04.padding_mask", "one filling token too many counts as real: <= instead of <")
def _(lengths, keys):
    position = torch.arange(keys)
    return position[None, None, :] <= lengths[:, None, None]


@wrong("04.padding_mask", "no axis for the queries")
def _(lengths, keys):
    return torch.arange(keys).unsqueeze(0) < lengths.unsqueeze(1)


@wrong("04.padding_mask", "as wide as the longest sentence instead of keys")
def _(lengths, keys):
    longest = int(lengths.max())
    return torch.arange(longest)[None, None, :] < lengths[:, None, None]


@wrong("04.padding_mask", "padding in front instead of at the end")
def _(lengths, keys):
    return torch.arange(keys)[None, None, :] >= (keys - lengths)[:, None, None]


@wrong("04.padding_mask", "only the last token of each sentence is True")
def _(lengths, keys):
    return torch.arange(keys)[None, None, :] == lengths[:, None, None] - 1


@wrong("04.padding_mask", "the axis of length 1 stands behind the keys instead of before")
def _(lengths, keys):
    mask = torch.arange(keys) < lengths[:, None]
    return mask.unsqueeze(-1)


@wrong("04.combine_masks", "or instead of and")
def _(causal, padding):
    return causal | padding


@wrong("04.combine_masks", "multiplies as floats, so the result is not boolean")
def _(causal, padding):
    return causal.float() * padding.float()


@wrong("04.combine_masks", "adds the two boolean masks, which is an or")
def _(causal, padding):
    return causal.unsqueeze(0) + padding


@wrong("04.combine_masks", "True where both masks say the same, also where both forbid")
def _(causal, padding):
    return causal == padding


@wrong("04.combine_masks", "the padding of the first sentence is used for all sentences")
def _(causal, padding):
    both = causal & padding[0]
    return both.expand(padding.shape[0], -1, -1)


@wrong("04.combine_masks", "padding hides queries instead of keys: its axes are exchanged")
def _(causal, padding):
    return causal[None] & padding.transpose(1, 2)


@wrong("04.combine_masks", "takes padding for True where it is filling")
def _(causal, padding):
    return causal.logical_and(~padding)


@wrong("04.combine_masks", "the padding is checked for the last query only, the others stay causal")
def _(causal, padding):
    result = causal.repeat(padding.shape[0], 1, 1)
    result[:, -1] &= padding[:, 0]
    return result


@wrong("04.masked_weights", "a query that may attend to nothing gets NaN")
def _(scores, mask):
    return torch.softmax(scores.masked_fill(~mask, float("-inf")), dim=-1)


@wrong("04.masked_weights", "a query that may attend to nothing gets equal weights")
def _(scores, mask):
    return scores.masked_fill(~mask, -1e9).softmax(dim=-1)


@wrong("04.masked_weights", "NaN is replaced in the result only, so the gradient is still NaN")
def _(scores, mask):
    penalty = torch.zeros(mask.shape, dtype=scores.dtype).masked_fill(~mask, float("-inf"))
    weights = torch.softmax(scores + penalty, dim=-1)
    return torch.nan_to_num(weights, nan=0.0)


@wrong("04.masked_weights", "torch.where picks 0 for empty rows after the NaN has arisen, so the gradient is NaN")
def _(scores, mask):
    weights = (scores + torch.log(mask.to(scores.dtype))).softmax(-1)
    anything = mask.any(dim=-1, keepdim=True)
    return torch.where(anything, weights, torch.zeros_like(weights))


@wrong("04.masked_weights", "hides after the softmax without making the others sum to one again")
def _(scores, mask):
    return torch.softmax(scores, dim=-1) * mask


@wrong("04.masked_weights", "hidden scores become 0 instead of minus infinity, so hidden keys get weight")
def _(scores, mask):
    return torch.softmax(scores * mask, dim=-1)


@wrong("04.masked_weights", "hidden keys get the score -10000, as large as that of some visible keys")
def _(scores, mask):
    weights = scores.masked_fill(~mask, -1e4).softmax(-1)
    return weights * mask.any(-1, keepdim=True)


@wrong("04.masked_weights", "hides the keys that may be seen: mask not negated in masked_fill")
def _(scores, mask):
    weights = scores.masked_fill(mask, -1e30).softmax(dim=-1)
    return weights.masked_fill(mask, 0.0)


@wrong("04.masked_weights", "the maximum is taken over hidden keys too, so visible keys far below it get 0")
def _(scores, mask):
    powers = torch.exp(scores - scores.amax(dim=-1, keepdim=True)) * mask
    total = powers.sum(dim=-1, keepdim=True)
    return powers / torch.where(total > 0, total, torch.ones_like(total))


@wrong("04.masked_weights", "softmax over all keys first, which rounds to 0 what is far below a hidden score")
def _(scores, mask):
    weights = scores.softmax(-1).masked_fill(~mask, 0.0)
    return weights / weights.sum(-1, keepdim=True).clamp_min(1e-9)


@wrong("04.masked_weights", "boolean indexing does not broadcast, so a mask shared by the batch fails")
def _(scores, mask):
    filled = scores.clone()
    filled[~mask] = -1e30
    return filled.softmax(dim=-1) * mask


@wrong("04.masked_weights", "no maximum subtracted, so large scores overflow")
def _(scores, mask):
    powers = torch.where(mask, scores, torch.full_like(scores, -1e30)).exp()
    total = powers.sum(-1, keepdim=True)
    return powers / total.masked_fill(total == 0, 1.0)


@wrong("04.masked_weights", "fills the hidden scores in place, so the scores passed in are changed")
def _(scores, mask):
    hidden = scores.detach()
    hidden.masked_fill_(~mask, -1e30)
    return torch.softmax(scores, dim=-1) * mask


@wrong("04.masked_weights", "an empty row is seen only if the whole mask is empty, else it gets NaN")
def _(scores, mask):
    if not mask.any():
        return torch.zeros_like(scores)
    return torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1)


@wrong("04.masked_weights", "detaches all weights as soon as one row is empty, so no row gets a gradient")
def _(scores, mask):
    weights = scores.masked_fill(~mask, -torch.inf).softmax(-1)
    if not mask.any(-1).all():
        weights = weights.detach().nan_to_num(0.0)
    return weights


@wrong("04.masked_weights", "softmax over the queries instead of the keys")
def _(scores, mask):
    weights = scores.masked_fill(~mask, -1e30).softmax(dim=-2)
    return weights * mask


@wrong("04.leaks", "changes the last token only, so leaks between earlier tokens go unseen")
def _(model, x):
    changed = x.clone()
    changed[-1] += 1.0
    return not torch.allclose(model(x)[:-1], model(changed)[:-1])


@wrong("04.leaks", "looks at the first output only")
def _(model, x):
    before = model(x)[0]
    for t in range(1, len(x)):
        other = x.clone()
        other[t] = torch.randn_like(other[t])
        if not torch.allclose(model(other)[0], before):
            return True
    return False


@wrong("04.leaks", "looks at the output of the changed token too, so every model leaks that reads its own token")
def _(model, x):
    before = model(x)
    for t in range(len(x)):
        other = x.clone()
        other[t] += 1.0
        if not torch.equal(model(other)[:t + 1], before[:t + 1]):
            return True
    return False


@wrong("04.leaks", "one output too few: a leak from the very next token goes unseen")
def _(model, x):
    before = model(x)
    for t in range(1, len(x)):
        other = x.clone()
        other[t] = other[t] * -3 + 0.7
        if (model(other)[:t - 1] - before[:t - 1]).abs().sum() > 1e-9:
            return True
    return False


@wrong("04.leaks", "returns within the loop: only the first changed token is examined")
def _(model, x):
    before = model(x)
    for t in range(1, len(x)):
        other = x.clone()
        other[t] = torch.randn_like(other[t])
        same = torch.allclose(model(other)[:t], before[:t])
        return not same
    return False


@wrong("04.leaks", "changes x itself and does not put it back")
def _(model, x):
    before = model(x).clone()
    for t in range(len(x) - 1, 0, -1):
        x[t] += 1.0
        if not torch.allclose(model(x)[:t], before[:t]):
            return True
    return False


@wrong("04.leaks", "compares without the absolute value, so outputs that fall go unseen")
def _(model, x):
    before = model(x)
    for t in range(1, len(x)):
        other = x.clone()
        other[t] += 1.0
        if (model(other)[:t] - before[:t]).max() > 1e-8:
            return True
    return False


@wrong("04.leaks", "takes the gradient of the sum of an output's numbers, which is 0 where they always sum to one")
def _(model, x):
    probe = x.detach().clone().requires_grad_(True)
    out = model(probe)
    for t in range(len(x) - 1):
        grad, = torch.autograd.grad(out[t].sum(), probe, retain_graph=True, allow_unused=True)
        if grad is not None and grad[t + 1:].abs().max() > 1e-10:
            return True
    return False


@wrong("04.leaks", "reverses the later tokens, which a model that adds them up does not notice")
def _(model, x):
    before = model(x)
    for t in range(1, len(x)):
        other = torch.cat([x[:t], x[t:].flip(0)])
        if not torch.allclose(model(other)[:t], before[:t]):
            return True
    return False


@wrong("04.leaks", "adds the same number to all features, which a model that centres each token does not notice")
def _(model, x):
    before = model(x)
    for t in range(1, len(x)):
        other = x.clone()
        other[t] += 5.0
        if not torch.allclose(model(other)[:t], before[:t], atol=1e-10):
            return True
    return False


@wrong("04.leaks", "doubles the token, which a model that brings each token to length one does not notice")
def _(model, x):
    before = model(x)
    for t in range(1, len(x)):
        other = x.clone()
        other[t] *= 2
        if not torch.allclose(model(other)[:t], before[:t], atol=1e-10):
            return True
    return False


@wrong("04.leaks", "changes the first feature of a token only")
def _(model, x):
    before = model(x)
    for t in range(1, x.shape[0]):
        other = x.clone()
        other[t, 0] += 2.5
        if not torch.allclose(model(other)[:t], before[:t], atol=1e-10):
            return True
    return False


@wrong("04.leaks", "a tolerance of 0.01 lets small leaks through")
def _(model, x):
    before = model(x)
    for t in range(1, len(x)):
        other = x.clone()
        other[t] = torch.randn_like(other[t])
        if (model(other)[:t] - before[:t]).abs().max() > 1e-2:
            return True
    return False


@wrong("04.leaks", "looks into the past: whether a later output changes when an earlier token does")
def _(model, x):
    before = model(x)
    for t in range(len(x) - 1):
        other = x.clone()
        other[t] += 1.0
        if not torch.allclose(model(other)[t + 1:], before[t + 1:]):
            return True
    return False


@wrong("04.leaks", "a text of one token fails: the maximum of nothing")
def _(model, x):
    before = model(x)
    differences = []
    for t in range(1, len(x)):
        other = x.clone()
        other[t] = torch.randn_like(other[t])
        differences.append((model(other) - before)[:t].abs().max().item())
    return max(differences) > 1e-9


@wrong("04.leaks", "compares the sums of the earlier outputs, in which changes can cancel")
def _(model, x):
    before = model(x)
    for t in range(1, len(x)):
        other = x.clone()
        other[t] = torch.randn_like(other[t])
        if abs(model(other)[:t].sum() - before[:t].sum()) > 1e-8:
            return True
    return False


@wrong("04.leaks", "the result of the last round overwrites the others")
def _(model, x):
    before = model(x)
    leaky = False
    for t in range(1, len(x)):
        other = x.clone()
        other[t] = torch.randn_like(other[t])
        leaky = not torch.allclose(model(other)[:t], before[:t])
    return leaky


@wrong("04.causal_mask", "square mask of the keys cut to its first rows instead of its last")
def _(queries, keys):
    square = torch.ones(keys, keys, dtype=torch.bool).tril()
    return square[:queries]


@wrong("04.padding_mask", "a negative slice from the end, which hides all keys where none is to be hidden")
def _(lengths, keys):
    mask = torch.ones(len(lengths), 1, keys, dtype=torch.bool)
    for b, length in enumerate(lengths.tolist()):
        mask[b, 0, -(keys - length):] = False
    return mask


@wrong("04.padding_mask", "all sentences share one list, so each gets the places of the longest")
def _(lengths, keys):
    rows = [[False] * keys] * len(lengths)
    for b, length in enumerate(lengths.tolist()):
        for k in range(length):
            rows[b][k] = True
    return torch.tensor(rows)[:, None, :]


@wrong("04.masked_weights", "scores are cut off at 80 so that exp does not overflow")
def _(scores, mask):
    powers = scores.clamp(-80, 80).exp() * mask
    return powers / powers.sum(dim=-1, keepdim=True).clamp_min(1e-40)


@wrong("04.masked_weights", "one maximum for all rows, so rows far below it get only zeros")
def _(scores, mask):
    top = scores.masked_fill(~mask, -1e30).max().detach()
    powers = (scores - top).masked_fill(~mask, -torch.inf).exp()
    total = powers.sum(-1, keepdim=True)
    return powers / total.masked_fill(total == 0, 1.0)


@wrong("04.leaks", "compares the outputs at t - 1 only, so a leak over a greater distance goes unseen")
def _(model, x):
    before = model(x)
    for t in range(1, len(x)):
        other = x.clone()
        other[t] = torch.randn_like(other[t])
        if not torch.allclose(model(other)[t - 1], before[t - 1]):
            return True
    return False


@wrong("04.leaks", "tries one token drawn at random")
def _(model, x):
    t = int(torch.randint(0, len(x), ()))
    other = x.clone()
    other[t] = torch.randn_like(other[t])
    return not torch.allclose(model(other)[:t], model(x)[:t])


@wrong("04.leaks", "forgets to change anything: compares a text with itself")
def _(model, x):
    for t in range(1, len(x)):
        other = x
        other = other + 0.0
        before = model(other)
        if not torch.equal(model(other)[:t], before[:t]):
            return True
    return False


@wrong("04.leaks", "skips the last token: range ends one too early")
def _(model, x):
    before = model(x)
    for t in range(1, len(x) - 1):
        other = x.clone()
        other[t] = torch.randn_like(other[t])
        if not torch.allclose(model(other)[:t], before[:t]):
            return True
    return False


@wrong("04.leaks", "gradients only of the sum of all outputs, which mixes past and future")
def _(model, x):
    probe = x.detach().clone().requires_grad_(True)
    model(probe)[:-1].sum().backward()
    return bool((probe.grad[1:].abs() > 1e-12).any())
