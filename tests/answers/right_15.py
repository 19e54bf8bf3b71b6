"""Right answers to chapter 15."""

import collections
import itertools
import math

import numpy as np
import torch
from torch.nn import functional

from answers import right


@right("15.new_memory", "one stack of everything, then a slice that cannot be negative")
def _(memory, states, most):
    inputs = states[: states.shape[0] - 1]
    everything = torch.concat((memory, inputs), dim=-2).detach()
    n = everything.shape[-2]
    if n > most:
        everything = everything[..., n - most:, :]
    return everything


@right("15.new_memory", "how many of the old ones are still needed")
def _(memory, states, most):
    tokens, remembered = states.shape[2], memory.shape[2]
    new = states[:-1, :, max(tokens - most, 0):]
    room = min(most - new.shape[2], remembered)
    return torch.cat([memory[:, :, remembered - room:], new], dim=2).detach()


@right("15.new_memory", "numpy in between, which knows no gradients")
def _(memory, states, most):
    both = np.concatenate([memory.detach().numpy(), states.detach().numpy()[:-1]], axis=2)
    return torch.from_numpy(both[:, :, ::-1][:, :, :most][:, :, ::-1].copy())


@right("15.new_memory", "indices of the tokens that stay")
def _(memory, states, most):
    with torch.no_grad():
        both = torch.cat([memory, states.narrow(0, 0, memory.shape[0])], 2)
        keep = [place for place in range(both.shape[2]) if place >= both.shape[2] - most]
        return both[:, :, keep]


@right("15.read_in_segments", "a list of memories, each updated right after its layer")
def _(x, layers, layer, length, most):
    batch, tokens, d_model = x.shape
    memories = [torch.zeros(batch, 0, d_model, dtype=x.dtype) for _ in range(layers)]
    outputs = []
    for start in range(0, tokens, length):
        hidden = x[:, start:start + length]
        for n in range(layers):
            given = hidden
            hidden = layer(n, given, memories[n])
            memories[n] = torch.cat([memories[n], given.detach()], dim=1)
            if memories[n].shape[1] > most:
                memories[n] = memories[n][:, memories[n].shape[1] - most:]
        outputs.append(hidden)
    return torch.cat(outputs, 1)


@right("15.read_in_segments", "all inputs of a segment collected, the memories replaced at its end")
def _(x, layers, layer, length, most):
    memory = {n: x.new_zeros(len(x), 0, x.shape[2]) for n in range(layers)}

    def one(segment):
        inputs = [segment]
        for n in range(layers):
            inputs.append(layer(n, inputs[-1], memory[n]))
        for n, given in enumerate(inputs[:-1]):
            memory[n] = torch.cat([memory[n], given], 1).detach()[:, -most:]
        return inputs[-1]

    return torch.cat([one(segment) for segment in torch.split(x, length, dim=1)], dim=1)


@right("15.read_in_segments", "recursion over what is left of the text")
def _(x, layers, layer, length, most):
    def rest(x, memory):
        if x.shape[1] == 0:
            return x
        state, following = x[:, :length], []
        for n, before in enumerate(memory):
            following.append(torch.hstack([before, state.detach()])[:, -most:])
            state = layer(n, state, before)
        return torch.hstack([state, rest(x[:, length:], following)])
    return rest(x, [x[:, :0].detach()] * layers)


@right("15.read_in_segments", "single tokens in queues of limited length")
def _(x, layers, layer, length, most):
    queues = [collections.deque(maxlen=most) for _ in range(layers)]
    made = []
    for start in range(0, x.shape[1], length):
        state = x[:, start:start + length]
        for n, queue in enumerate(queues):
            memory = torch.stack(list(queue), dim=1) if queue else state[:, :0]
            queue.extend(state.detach().unbind(1))
            state = layer(n, state, memory)
        made.append(state)
    return torch.cat(made, dim=1)


@right("15.relative_shift", "places computed, with a boolean mask")
def _(scores):
    q, k = scores.shape[-2:]
    i, j = torch.arange(q)[:, None], torch.arange(k)[None, :]
    distance = k - q + i - j
    column = k - 1 - distance
    taken = torch.gather(scores, -1, column.clamp(0, k - 1).expand_as(scores))
    return torch.where(distance >= 0, taken, torch.zeros_like(taken))


@right("15.relative_shift", "every row rolled by its own number, then tril")
def _(scores):
    q, k = scores.shape[-2:]
    rows = [torch.roll(scores[..., i, :], -(q - 1 - i), dims=-1) for i in range(q)]
    return torch.stack(rows, -2).tril(k - q)


@right("15.relative_shift", "a product with shifted identities")
def _(scores):
    q, k = scores.shape[-2:]
    shifts = torch.stack([torch.eye(k, dtype=scores.dtype).roll(i + 1 - q, dims=1) for i in range(q)])
    return torch.einsum("...ic,icj->...ij", scores, shifts) * torch.ones(q, k, dtype=scores.dtype).tril(k - q)


@right("15.relative_shift", "flat indices")
def _(scores):
    q, k = scores.shape[-2:]
    flat = scores.flatten(-2)
    out = torch.zeros_like(flat)
    from_, to = [], []
    for i, j in itertools.product(range(q), range(k)):
        c = j + q - 1 - i
        if c < k:
            from_.append(i * k + c)
            to.append(i * k + j)
    return out.index_copy(-1, torch.tensor(to), flat[..., from_]).view(scores.shape)


@right("15.xl_scores", "four matrices of scores, added")
def _(queries, keys, distances, u, v):
    nq, nk = len(queries), len(keys)
    distance = (nk - nq + torch.arange(nq)).unsqueeze(1) - torch.arange(nk)
    valid = distance >= 0
    r = distances[distance * valid]
    a = queries @ keys.T
    b = (queries.unsqueeze(1) * r).sum(-1)
    c = (keys * u).sum(-1).expand(nq, nk)
    d = (r * v).sum(-1)
    return torch.where(valid, (a + b + c + d) / math.sqrt(queries.shape[1]), float("-inf"))


@right("15.xl_scores", "row by row, the distances turned round")
def _(queries, keys, distances, u, v):
    rows = []
    for place, query in enumerate(queries, start=len(keys) - len(queries)):
        known, apart = keys[:place + 1], distances[:place + 1].flip(0)
        row = (known @ (query + u) + apart @ (query + v)) / len(u) ** 0.5
        rows.append(torch.cat([row, row.new_full((len(keys) - place - 1,), -torch.inf)]))
    return torch.stack(rows)


@right("15.xl_scores", "cumulated ones for the mask, take_along_dim for the distances")
def _(queries, keys, distances, u, v):
    mask = torch.ones(len(queries), len(keys)).tril(len(keys) - len(queries)).bool()
    apart = mask.flip(1).cumsum(1).flip(1) - 1
    scaled = keys.shape[1] ** -0.5
    place = torch.take_along_dim((queries + v) @ distances.mT, apart.clamp_min(0), dim=1)
    return ((queries + u) @ keys.mT * scaled + place * scaled).masked_fill(mask.logical_not(), -math.inf)


@right("15.xl_scores", "an additive mask, and queries and distances put side by side")
def _(queries, keys, distances, u, v):
    q, k = len(queries), len(keys)
    apart = torch.tensor([[k - q + i - j for j in range(k)] for i in range(q)])
    left = torch.cat([queries + u, queries + v], dim=1) / math.sqrt(keys.size(1))
    right_side = torch.cat([keys.expand(q, -1, -1), distances[apart.clamp(min=0)]], dim=2)
    bias = torch.zeros(q, k, dtype=keys.dtype).masked_fill(apart < 0, -torch.inf)
    return torch.einsum("ie,ije->ij", left, right_side) + bias


@right("15.block_pattern", "three tables, the third one filled by counting")
def _(blocks, window, chosen, random, order):
    half = (window - 1) // 2
    table = torch.zeros(blocks, blocks, dtype=torch.bool)
    for i in range(blocks):
        table[i, max(0, i - half):i + half + 1] = True
    table[:chosen, :] = True
    table[:, :chosen] = True
    before = table.clone()
    for i in range(blocks):
        taken = 0
        for j in order[i]:
            if taken == random:
                break
            if not before[i, j]:
                table[i, j] = True
                taken += 1
    return table


@right("15.block_pattern", "sets of numbers")
def _(blocks, window, chosen, random, order):
    result = []
    for i, takes in enumerate(order.tolist()):
        sees = {j for j in range(blocks) if 2 * abs(i - j) < window or min(i, j) < chosen}
        sees |= set([j for j in takes if j not in sees][:random])
        result.append([j in sees for j in range(blocks)])
    return torch.tensor(result, dtype=torch.bool)


@right("15.block_pattern", "numpy: the place of each block in its row's order, seen ones put last")
def _(blocks, window, chosen, random, order):
    index = np.arange(blocks)
    seen = (np.abs(np.subtract.outer(index, index)) <= window // 2) | (np.minimum.outer(index, index) < chosen)
    rank = np.argsort(order.numpy(), axis=1) + blocks * seen
    place = np.argsort(np.argsort(rank, axis=1), axis=1)
    return torch.from_numpy(seen | (place < np.minimum(random, (~seen).sum(axis=1, keepdims=True))))


@right("15.block_attention", "a dictionary of blocks, concatenated for each row")
def _(queries, keys, values, columns):
    size = queries.shape[0] // columns.shape[0]
    k = dict(enumerate(torch.split(keys, size)))
    v = dict(enumerate(torch.split(values, size)))
    out = []
    for i, row in enumerate(columns):
        q = queries[i * size:(i + 1) * size]
        some_keys = torch.cat([k[int(b)] for b in row])
        some_values = torch.cat([v[int(b)] for b in row])
        out.append(functional.softmax(q.mm(some_keys.t()) / math.sqrt(q.size(1)), dim=-1).mm(some_values))
    return torch.cat(out, dim=0)


@right("15.block_attention", "reshape, einsum over seen blocks, one softmax over both axes")
def _(queries, keys, values, columns):
    blocks, count = columns.shape
    size = len(queries) // blocks
    q = queries.reshape(blocks, size, -1)
    k = keys.reshape(blocks, size, -1)[columns]
    v = values.reshape(blocks, size, -1)[columns]
    scores = torch.einsum("bqd,bckd->bqck", q, k) * keys.shape[1] ** -0.5
    weights = scores.reshape(blocks, size, count * size).softmax(-1).reshape(scores.shape)
    return torch.einsum("bqck,bckd->bqd", weights, v).reshape(len(queries), -1)


@right("15.block_attention", "seen block after seen block with a running maximum")
def _(queries, keys, values, columns):
    blocks = len(columns)
    q, k, v = (x.view(blocks, len(x) // blocks, -1) for x in (queries, keys, values))
    most = torch.full((*q.shape[:2], 1), -math.inf, dtype=q.dtype)
    total, mixed = torch.zeros_like(most), 0
    for seen in columns.T:
        scores = q @ k[seen].transpose(1, 2) / q.shape[2] ** 0.5
        higher = torch.maximum(most, scores.amax(-1, keepdim=True))
        powers, shrink = (scores - higher).exp(), (most - higher).exp()
        total, mixed, most = total * shrink + powers.sum(-1, keepdim=True), mixed * shrink + powers @ v[seen], higher
    return (mixed / total).reshape(len(queries), -1)


@right("15.hops", "a search with a queue from every block")
def _(seen):
    n = len(seen)
    result = torch.full((n, n), -1)
    for start in range(n):
        result[start, start] = 0
        queue = collections.deque([start])
        while queue:
            i = queue.popleft()
            for j in range(n):
                if seen[i, j] and result[start, j] == -1:
                    result[start, j] = result[start, i] + 1
                    queue.append(j)
    return result


@right("15.hops", "layer by layer, sets of what each block knows")
def _(seen):
    n = len(seen)
    knows = [{i} for i in range(n)]
    found = [[0 if i == j else -1 for j in range(n)] for i in range(n)]
    layer, grew = 0, True
    while grew:
        layer, grew, before = layer + 1, False, [set(one) for one in knows]
        for i in range(n):
            for other in torch.where(seen[i])[0].tolist():
                for j in before[other] - knows[i]:
                    found[i][j], grew = layer, True
                    knows[i].add(j)
    return torch.tensor(found)


@right("15.hops", "powers of the table with its diagonal filled, counted while unknown")
def _(seen):
    n = seen.shape[0]
    step = (seen | torch.eye(n, dtype=torch.bool)).float()
    known, unknown = torch.eye(n), torch.zeros(n, n, dtype=torch.long)
    for _ in range(n):
        unknown += (known == 0).long()
        known = ((step @ known) > 0).float()
    return unknown.masked_fill(known == 0, -1)
