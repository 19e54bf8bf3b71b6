"""Wrong answers to chapter 06."""

import math

import torch

from answers import wrong


def _split(x, heads):
    batch, tokens, width = x.shape
    return x.view(batch, tokens, heads, width // heads).transpose(1, 2)


def _merge(x):
    return x.transpose(1, 2).flatten(2)


def _attend(q, k, v, scale=None, mask=None):
    scale = math.sqrt(q.shape[-1]) if scale is None else scale
    scores = q @ k.transpose(-2, -1) / scale
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return torch.softmax(scores, dim=-1) @ v


@wrong("06.split_heads", "reshapes straight to heads before tokens, so a head gets the numbers of some tokens only")
def _(x, heads):
    batch, tokens, width = x.shape
    return x.reshape(batch, heads, tokens, width // heads)


@wrong("06.split_heads", "heads stay behind the tokens: the transpose is missing")
def _(x, heads):
    batch, tokens, width = x.shape
    return x.view(batch, tokens, heads, width // heads)


@wrong("06.split_heads", "deals the numbers out in turn: head 0 gets every heads-th number")
def _(x, heads):
    batch, tokens, width = x.shape
    return x.view(batch, tokens, width // heads, heads).permute(0, 3, 1, 2)


@wrong("06.split_heads", "pieces of heads numbers each, so there are d_head heads")
def _(x, heads):
    return torch.stack(x.split(heads, dim=-1), dim=1)


@wrong("06.split_heads", "gives the heads in reverse order")
def _(x, heads):
    parts = list(x.chunk(heads, dim=-1))
    return torch.stack(parts[::-1], dim=1)


@wrong("06.split_heads", "d_head stands before the tokens")
def _(x, heads):
    batch, tokens, width = x.shape
    return x.reshape(batch, tokens, heads, width // heads).permute(0, 2, 3, 1)


@wrong("06.split_heads", "puts heads before the batch")
def _(x, heads):
    return torch.stack(x.chunk(heads, dim=-1), dim=0)


@wrong("06.merge_heads", "reshapes without putting tokens before heads")
def _(x):
    batch, heads, tokens, d_head = x.shape
    return x.reshape(batch, tokens, heads * d_head)


@wrong("06.merge_heads", "interleaves: first numbers of all heads, then second ones")
def _(x):
    batch, heads, tokens, d_head = x.shape
    return x.permute(0, 2, 3, 1).reshape(batch, tokens, heads * d_head)


@wrong("06.merge_heads", "averages the heads instead of joining them")
def _(x):
    return x.mean(dim=1)


@wrong("06.merge_heads", "joins the heads one after another along the tokens")
def _(x):
    return torch.cat(x.unbind(dim=1), dim=1)


@wrong("06.merge_heads", "view after transpose fails, as the numbers do not lie in that order")
def _(x):
    batch, heads, tokens, d_head = x.shape
    return x.transpose(1, 2).view(batch, tokens, heads * d_head)


@wrong("06.merge_heads", "leaves heads and their numbers as two axes")
def _(x):
    return x.transpose(1, 2).contiguous()


@wrong("06.merge_heads", "joins the heads in reverse order")
def _(x):
    return _merge(x.flip(1))


@wrong("06.multi_head_attention", "divides by the root of d_model instead of d_head")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    return _merge(_attend(q, k, v, math.sqrt(x.shape[-1]), mask=mask)) @ output_weight


@wrong("06.multi_head_attention", "forgets the output matrix")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    return _merge(_attend(q, k, v, mask=mask))


@wrong("06.multi_head_attention", "merges by reshape without putting tokens before heads")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    return _attend(q, k, v, mask=mask).reshape(x.shape) @ output_weight


@wrong("06.multi_head_attention", "one attention over the whole width: never split into heads")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    d_head = x.shape[-1] // heads
    q, k, v = x @ query_weight, x @ key_weight, x @ value_weight
    return _attend(q, k, v, math.sqrt(d_head), mask=mask) @ output_weight


@wrong("06.multi_head_attention", "splits by reshape, so heads mix different tokens")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    b, t, d = x.shape
    q, k, v = ((x @ w).reshape(b, heads, t, d // heads) for w in (query_weight, key_weight, value_weight))
    return _attend(q, k, v, mask=mask).reshape(b, t, d) @ output_weight


@wrong("06.multi_head_attention", "splits x first and takes a diagonal block of each matrix for each head")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    size = x.shape[-1] // heads
    outs = []
    for h in range(heads):
        part = slice(h * size, (h + 1) * size)
        q = x[..., part] @ query_weight[part, part]
        k = x[..., part] @ key_weight[part, part]
        v = x[..., part] @ value_weight[part, part]
        outs.append(_attend(q, k, v, mask=mask))
    return torch.cat(outs, dim=-1) @ output_weight


@wrong("06.multi_head_attention", "takes rows instead of columns of each matrix for a head")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    size = x.shape[-1] // heads
    outs = []
    for h in range(heads):
        rows = slice(h * size, (h + 1) * size)
        q, k, v = (x @ w[rows].T for w in (query_weight, key_weight, value_weight))
        outs.append(_attend(q, k, v, mask=mask))
    return torch.cat(outs, dim=-1) @ output_weight


@wrong("06.multi_head_attention", "attends among the heads of one token: the heads are not put before the tokens")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    b, t, d = x.shape
    q, k, v = ((x @ w).view(b, t, heads, d // heads) for w in (query_weight, key_weight, value_weight))
    return _attend(q, k, v, mask=mask).reshape(b, t, d) @ output_weight


@wrong("06.multi_head_attention", "adds x to the result, as a block would")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    return x + _merge(_attend(q, k, v, mask=mask)) @ output_weight


@wrong("06.multi_head_attention", "output matrix transposed, as in a torch Linear")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    return torch.nn.functional.linear(_merge(_attend(q, k, v, mask=mask)), output_weight)


@wrong("06.multi_head_attention", "divides by the root of the number of heads")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    return _merge(_attend(q, k, v, heads ** 0.5, mask=mask)) @ output_weight


@wrong("06.multi_head_attention", "softmax over the axis of the queries")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    weights = torch.softmax((q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~mask, -math.inf), dim=2)
    return _merge(weights @ v) @ output_weight


@wrong("06.parameter_count", "key_heads ignored: keys and values as wide as queries")
def _(d_model, heads, key_heads, bias):
    count = 4 * d_model * d_model
    return count + 4 * d_model if bias else count


@wrong("06.parameter_count", "biases of keys and values as long as those of queries")
def _(d_model, heads, key_heads, bias):
    kv = d_model // heads * key_heads
    count = 2 * d_model * d_model + 2 * d_model * kv
    if bias:
        count += 4 * d_model
    return count


@wrong("06.parameter_count", "output projection forgotten")
def _(d_model, heads, key_heads, bias):
    kv = key_heads * (d_model // heads)
    rows = d_model + int(bias)
    return rows * d_model + 2 * rows * kv


@wrong("06.parameter_count", "one bias number a projection instead of one an output")
def _(d_model, heads, key_heads, bias):
    kv = key_heads * (d_model // heads)
    return 2 * d_model ** 2 + 2 * d_model * kv + (4 if bias else 0)


@wrong("06.parameter_count", "values forgotten: keys counted once for both")
def _(d_model, heads, key_heads, bias):
    kv = key_heads * (d_model // heads)
    rows = d_model + bias
    return 2 * rows * d_model + rows * kv


@wrong("06.parameter_count", "integer division first: key_heads // heads is 0 with fewer key heads")
def _(d_model, heads, key_heads, bias):
    kv = d_model * (key_heads // heads)
    rows = d_model + bias
    return 2 * rows * d_model + 2 * rows * kv


@wrong("06.parameter_count", "every head has matrices of the full width d_model")
def _(d_model, heads, key_heads, bias):
    q = o = heads * d_model * d_model
    k = v = key_heads * d_model * d_model
    total = q + k + v + o
    if bias:
        total += 2 * heads * d_model + 2 * key_heads * d_model
    return total


@wrong("06.parameter_count", "keys and values read from their own width: its square instead of d_model times it")
def _(d_model, heads, key_heads, bias):
    kv = key_heads * d_model // heads
    return 2 * d_model * d_model + 2 * kv * kv + (2 * d_model + 2 * kv) * bias


@wrong("06.parameter_count", "heads and key_heads exchanged in the width of keys and values")
def _(d_model, heads, key_heads, bias):
    kv = heads * (d_model // key_heads)
    return 2 * (d_model + bias) * (d_model + kv)


@wrong("06.parameter_count", "bias counted although bias is False: the flag is ignored")
def _(d_model, heads, key_heads, bias):
    kv = key_heads * (d_model // heads)
    return 2 * (d_model + 1) * d_model + 2 * (d_model + 1) * kv


@wrong("06.parameter_count", "precedence: without bias, nothing but 0 is returned")
def _(d_model, heads, key_heads, bias):
    kv = key_heads * (d_model // heads)
    weights = 2 * d_model * d_model + 2 * d_model * kv
    return weights + 2 * d_model + 2 * kv if bias else 0


@wrong("06.grouped_query_attention", "key heads are tiled, so heads 0 and 2 share instead of 0 and 1")
def _(queries, keys, values):
    times = queries.shape[1] // keys.shape[1]
    return _attend(queries, keys.repeat(1, times, 1, 1), values.repeat(1, times, 1, 1))


@wrong("06.grouped_query_attention", "only the values are shared in the wrong order; the keys are right")
def _(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    k = keys.repeat_interleave(group, dim=1)
    v = values.repeat(1, group, 1, 1)
    return _attend(queries, k, v)


@wrong("06.grouped_query_attention", "all heads use the mean of the key heads")
def _(queries, keys, values):
    return _attend(queries, keys.mean(dim=1, keepdim=True), values.mean(dim=1, keepdim=True))


@wrong("06.grouped_query_attention", "all heads use key head 0, as if there were only one")
def _(queries, keys, values):
    return _attend(queries, keys[:, :1], values[:, :1])


@wrong("06.grouped_query_attention", "repeats each key head twice whatever the size of a group")
def _(queries, keys, values):
    return _attend(queries, keys.repeat_interleave(2, dim=1), values.repeat_interleave(2, dim=1))


@wrong("06.grouped_query_attention", "groups the queries as (group, key head) instead of (key head, group)")
def _(queries, keys, values):
    b, h, t, d = queries.shape
    key_heads = keys.shape[1]
    grouped = queries.reshape(b, h // key_heads, key_heads, t, d)
    out = _attend(grouped, keys.unsqueeze(1), values.unsqueeze(1))
    return out.reshape(b, h, t, d)


@wrong("06.grouped_query_attention", "scores are not scaled")
def _(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    k, v = (t.repeat_interleave(group, dim=1) for t in (keys, values))
    return torch.softmax(queries @ k.mT, dim=-1) @ v


@wrong("06.grouped_query_attention", "divides by the root of the full width, heads times d_head")
def _(queries, keys, values):
    heads, d_head = queries.shape[1], queries.shape[3]
    group = heads // keys.shape[1]
    k, v = (t.repeat_interleave(group, dim=1) for t in (keys, values))
    return _attend(queries, k, v, math.sqrt(heads * d_head))


@wrong("06.grouped_query_attention", "picks the key head by the remainder: head % key_heads")
def _(queries, keys, values):
    outs = []
    for h in range(queries.shape[1]):
        g = h % keys.shape[1]
        outs.append(_attend(queries[:, h], keys[:, g], values[:, g]))
    return torch.stack(outs, dim=1)


@wrong("06.grouped_query_attention", "divides the head's number by key_heads instead of by the size of a group")
def _(queries, keys, values):
    key_heads = keys.shape[1]
    outs = []
    for h in range(queries.shape[1]):
        g = min(h // key_heads, key_heads - 1)
        outs.append(_attend(queries[:, h], keys[:, g], values[:, g]))
    return torch.stack(outs, dim=1)


@wrong("06.grouped_query_attention", "averages the queries of each group, so that all its heads give the same")
def _(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    q = queries.unflatten(1, (keys.shape[1], group)).mean(dim=2)
    out = _attend(q, keys, values)
    return out.repeat_interleave(group, dim=1)


@wrong("06.multi_head_attention", "the heads are put side by side in reverse order")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    outs = []
    for h in range(heads):
        outs.insert(0, _attend(q[:, h], k[:, h], v[:, h], mask=mask))
    return torch.cat(outs, dim=-1) @ output_weight


@wrong("06.multi_head_attention", "each head attends with its own queries but with the keys of head 0")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    return _merge(_attend(q, k[:, :1], v, mask=mask)) @ output_weight


@wrong("06.multi_head_attention", "values are the tokens themselves: the matrix of the values is not used")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(part, heads) for part in (x @ query_weight, x @ key_weight, x))
    return _merge(_attend(q, k, v, mask=mask)) @ output_weight


@wrong("06.multi_head_attention", "each head is multiplied by the first rows of the output matrix")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    rows = output_weight[:x.shape[-1] // heads]
    return sum(_attend(q[:, h], k[:, h], v[:, h], mask=mask) @ rows for h in range(heads))


@wrong("06.multi_head_attention", "the weights are detached, so no gradient reaches queries and keys")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    weights = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~mask, -math.inf).softmax(-1).detach()
    return _merge(weights @ v) @ output_weight


@wrong("06.parameter_count", "output projection without bias")
def _(d_model, heads, key_heads, bias):
    kv = key_heads * (d_model // heads)
    count = 2 * d_model * d_model + 2 * d_model * kv
    if bias:
        count += d_model + 2 * kv
    return count


@wrong("06.grouped_query_attention", "expand works with one key head only")
def _(queries, keys, values):
    heads = queries.shape[1]
    return _attend(queries, keys.expand(-1, heads, -1, -1), values.expand(-1, heads, -1, -1))


@wrong("06.grouped_query_attention", "leaves the axis of the groups in the result")
def _(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    grouped = queries.unflatten(1, (keys.shape[1], group))
    return _attend(grouped, keys.unsqueeze(2), values.unsqueeze(2))


@wrong("06.grouped_query_attention", "softmax over the queries instead of the keys")
def _(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    k, v = (t.repeat_interleave(group, dim=1) for t in (keys, values))
    return torch.softmax(queries @ k.mT / math.sqrt(queries.shape[-1]), dim=-2) @ v


@wrong("06.grouped_query_attention", "adds a causal mask nobody asked for")
def _(queries, keys, values):
    group = queries.shape[1] // keys.shape[1]
    k, v = (t.repeat_interleave(group, dim=1) for t in (keys, values))
    scores = queries @ k.mT / math.sqrt(queries.shape[-1])
    past = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    return scores.masked_fill(~past, -torch.inf).softmax(-1) @ v


@wrong("06.multi_head_attention", "hidden scores get 1e-9, where -1e9 was meant")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    scores = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(mask == 0, 1e-9)
    return _merge(scores.softmax(-1) @ v) @ output_weight


@wrong("06.multi_head_attention", "hides in the first text only: the first axis of the scores was taken for the heads")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    scores[0, :, ~mask] = -math.inf
    return _merge(scores.softmax(-1) @ v) @ output_weight


@wrong("06.multi_head_attention", "adds the mask as if it were 0 where one may look, and True were what is hidden")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    scores = q @ k.mT / math.sqrt(q.shape[-1]) + mask.double() * -1e9
    return _merge(scores.softmax(-1) @ v) @ output_weight


@wrong("06.multi_head_attention", "unsqueezes the mask at the wrong place, so that each head has a row of it")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    return _merge(torch.where(mask.unsqueeze(1), scores, -math.inf).softmax(-1) @ v) @ output_weight


@wrong("06.multi_head_attention", "zeroes hidden weights when the softmax has been taken, and leaves it at that")
def _(x, query_weight, key_weight, value_weight, output_weight, heads, mask):
    q, k, v = (_split(x @ w, heads) for w in (query_weight, key_weight, value_weight))
    weights = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)
    return _merge(weights.masked_fill(~mask, 0.0) @ v) @ output_weight
