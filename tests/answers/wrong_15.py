"""Wrong answers to chapter 15."""

import math

import torch
from torch.nn import functional

from answers import wrong


@wrong("15.new_memory", "the states are not cut: the last layer's output is remembered as if a layer were given it")
def _(memory, states, most):
    both = torch.cat([memory, states[-len(memory):]], dim=2)
    return both[:, :, max(0, both.shape[2] - most):].detach()


@wrong("15.new_memory", "the slice is written from the end, so a memory of 0 keeps all")
def _(memory, states, most):
    inputs = states[:-1].detach()
    return torch.cat([memory.detach(), inputs], dim=2)[..., -most:, :]


@wrong("15.new_memory", "only the new part is detached; the old memory still has its graph")
def _(memory, states, most):
    both = torch.cat([memory, states[:-1].detach()], dim=2)
    start = both.shape[2] - most
    return both[:, :, start if start > 0 else 0:]


@wrong("15.new_memory", "nothing is detached, only cloned")
def _(memory, states, most):
    both = torch.cat([memory, states[:-1]], dim=-2).clone()
    return both[:, :, max(both.size(2) - most, 0):]


@wrong("15.new_memory", "the memory comes after the new tokens")
def _(memory, states, most):
    with torch.no_grad():
        both = torch.cat((states[:-1], memory), dim=2)
        return both[:, :, max(both.shape[2] - most, 0):]


@wrong("15.new_memory", "the first `most` tokens are kept")
def _(memory, states, most):
    return torch.cat([memory, states[:-1]], 2).detach().narrow(2, 0, min(most, memory.shape[2] + states.shape[2]))


@wrong("15.new_memory", "the length of the memory is never more than it was before")
def _(memory, states, most):
    both = torch.cat([memory, states[:-1]], 2).detach()
    keep = min(most, memory.shape[2]) if memory.shape[2] else min(most, both.shape[2])
    return both[:, :, both.shape[2] - keep:]


@wrong("15.new_memory", "where the segment is long enough the old ones are right, else they are forgotten")
def _(memory, states, most):
    return states[:-1, :, max(states.shape[2] - most, 0):].detach()


@wrong("15.read_in_segments", "the memory is written from what the layer made")
def _(x, layers, layer, length, most):
    memory = [x[:, :0] for _ in range(layers)]
    out = []
    for segment in torch.split(x, length, 1):
        h = segment
        for n in range(layers):
            h = layer(n, h, memory[n])
            memory[n] = torch.cat([memory[n], h.detach()], 1)[:, -most:]
        out.append(h)
    return torch.cat(out, 1)


@wrong("15.read_in_segments", "the gradient flows through all segments")
def _(x, layers, layer, length, most):
    memory = [x[:, :0] for _ in range(layers)]
    out = []
    for start in range(0, x.shape[1], length):
        h = x[:, start:start + length]
        for n in range(layers):
            old = memory[n]
            memory[n] = torch.cat([old, h], dim=1)[:, -most:]
            h = layer(n, h, old)
        out.append(h)
    return torch.cat(out, dim=1)


@wrong("15.read_in_segments", "each layer sees the text's own vectors as its memory")
def _(x, layers, layer, length, most):
    out = []
    for start in range(0, x.shape[1], length):
        memory = x[:, max(0, start - most):start].detach()
        h = x[:, start:start + length]
        for n in range(layers):
            h = layer(n, h, memory)
        out.append(h)
    return torch.cat(out, dim=1)


@wrong("15.read_in_segments", "the memory holds `most` segments in place of tokens")
def _(x, layers, layer, length, most):
    memory = [[] for _ in range(layers)]
    out = []
    for segment in x.split(length, dim=1):
        h = segment
        for n in range(layers):
            before = torch.cat(memory[n][-most:], dim=1) if memory[n] else h[:, :0]
            memory[n].append(h.detach())
            h = layer(n, h, before)
        out.append(h)
    return torch.cat(out, dim=1)


@wrong("15.read_in_segments", "the list of memories is one list, so every layer writes into the same place")
def _(x, layers, layer, length, most):
    memory = x[:, :0]
    out = []
    for segment in x.split(length, dim=1):
        for n in range(layers):
            given = segment
            segment = layer(n, given, memory)
            memory = torch.cat([memory, given], dim=1)[:, -most:].detach()
        out.append(segment)
    return torch.cat(out, dim=1)


@wrong("15.read_in_segments", "the whole text is read without gradients")
def _(x, layers, layer, length, most):
    memory = [x[:, :0]] * layers
    out = []
    with torch.no_grad():
        for segment in x.split(length, dim=1):
            for n in range(layers):
                given = segment
                segment = layer(n, given, memory[n])
                memory[n] = torch.cat([memory[n], given], dim=1)[:, -most:]
            out.append(segment)
    return torch.cat(out, dim=1)


@wrong("15.read_in_segments", "the memory is empty again in every segment")
def _(x, layers, layer, length, most):
    out = []
    for segment in x.split(length, dim=1):
        for n in range(layers):
            segment = layer(n, segment, segment[:, :0])
        out.append(segment)
    return torch.cat(out, dim=1)


@wrong("15.read_in_segments", "the layers are counted from 1")
def _(x, layers, layer, length, most):
    memory = [x[:, :0]] * layers
    out = []
    for segment in x.split(length, dim=1):
        for n in range(layers):
            given = segment
            segment = layer((n + 1) % layers, given, memory[n])
            memory[n] = torch.cat([memory[n], given], dim=1)[:, -most:].detach()
        out.append(segment)
    return torch.cat(out, dim=1)


@wrong("15.relative_shift", "the columns are turned round instead of moved")
def _(scores):
    return scores.flip(-1).tril(scores.shape[-1] - scores.shape[-2])


@wrong("15.relative_shift", "each row is rolled to the left by its own number, the last one most")
def _(scores):
    q, k = scores.shape[-2:]
    rows = [torch.roll(scores[..., i, :], -i, dims=-1) for i in range(q)]
    return torch.stack(rows, dim=-2).tril(k - q)


@wrong("15.relative_shift", "the trick of the paper, but nothing is hidden after it")
def _(scores):
    q, k = scores.shape[-2:]
    padded = functional.pad(scores, (1, 0))
    return padded.reshape(*scores.shape[:-2], k + 1, q)[..., 1:, :].reshape(*scores.shape)


@wrong("15.relative_shift", "rolled rightly, but what came around is left")
def _(scores):
    q = scores.shape[-2]
    return torch.stack([scores[..., i, :].roll(i + 1 - q, -1) for i in range(q)], dim=-2)


@wrong("15.relative_shift", "hidden by tril without the memory: the first query sees one key")
def _(scores):
    q = scores.shape[-2]
    return torch.stack([scores[..., i, :].roll(i + 1 - q, -1) for i in range(q)], dim=-2).tril()


@wrong("15.relative_shift", "the rows move by one less, so the last but one does not move")
def _(scores):
    q, k = scores.shape[-2:]
    rows = []
    for i in range(q):
        left = max(q - 2 - i, 0)
        rows.append(functional.pad(scores[..., i, left:], (0, left)))
    return torch.stack(rows, dim=-2).tril(k - q)


@wrong("15.relative_shift", "zeros come in on the left: the rows move to the right")
def _(scores):
    q, k = scores.shape[-2:]
    rows = [functional.pad(scores[..., i, :k - (q - 1 - i)], (q - 1 - i, 0)) for i in range(q)]
    return torch.stack(rows, dim=-2)


@wrong("15.xl_scores", "u belongs to the distances and v to the keys")
def _(queries, keys, distances, u, v):
    nq, nk = len(queries), len(keys)
    a = (torch.arange(nq) + nk - nq)[:, None] - torch.arange(nk)
    r = distances[a.clamp(min=0)]
    content = (queries + v) @ keys.T
    place = torch.einsum("id,ijd->ij", queries + u, r)
    return ((content + place) / math.sqrt(keys.shape[-1])).masked_fill(a < 0, -math.inf)


@wrong("15.xl_scores", "distances are numbered from the oldest key")
def _(queries, keys, distances, u, v):
    nq, nk = len(queries), len(keys)
    a = (torch.arange(nq) + nk - nq)[:, None] - torch.arange(nk)
    r = distances.flip(0)[a.clamp(min=0)]
    content = (queries + u) @ keys.T
    place = torch.einsum("id,ijd->ij", queries + v, r)
    return ((content + place) / math.sqrt(keys.shape[-1])).masked_fill(a < 0, -math.inf)


@wrong("15.xl_scores", "the distance has no sign: keys after the query are scored, too")
def _(queries, keys, distances, u, v):
    nq, nk = len(queries), len(keys)
    a = ((torch.arange(nq) + nk - nq)[:, None] - torch.arange(nk)).abs()
    r = distances[a]
    content = (queries + u) @ keys.T
    place = torch.einsum("id,ijd->ij", queries + v, r)
    return (content + place) / math.sqrt(keys.shape[-1])


@wrong("15.xl_scores", "only two of the four terms are divided")
def _(queries, keys, distances, u, v):
    nq, nk = len(queries), len(keys)
    a = (torch.arange(nq) + nk - nq)[:, None] - torch.arange(nk)
    r = distances[a.clamp(min=0)]
    score = (queries @ keys.T + torch.einsum("id,ijd->ij", queries, r)) / math.sqrt(keys.shape[-1])
    return (score + (keys @ u)[None] + r @ v).masked_fill(a < 0, -math.inf)


@wrong("15.xl_scores", "the term of u and the keys is missing")
def _(queries, keys, distances, u, v):
    nq, nk = len(queries), len(keys)
    a = (torch.arange(nq) + nk - nq)[:, None] - torch.arange(nk)
    r = distances[a.clamp(min=0)]
    score = queries @ keys.T + torch.einsum("id,ijd->ij", queries + v, r)
    return (score / math.sqrt(keys.shape[-1])).masked_fill(a < 0, -math.inf)


@wrong("15.xl_scores", "hidden keys get 0, not minus infinity")
def _(queries, keys, distances, u, v):
    nq, nk = len(queries), len(keys)
    a = (torch.arange(nq) + nk - nq)[:, None] - torch.arange(nk)
    r = distances[a.clamp(min=0)]
    score = (queries + u) @ keys.T + torch.einsum("id,ijd->ij", queries + v, r)
    return (score / math.sqrt(keys.shape[-1])).masked_fill(a < 0, 0.0)


@wrong("15.xl_scores", "the queries are taken for the first positions")
def _(queries, keys, distances, u, v):
    a = torch.arange(len(queries))[:, None] - torch.arange(len(keys))
    r = distances[a.clamp(min=0)]
    score = (queries + u) @ keys.T + torch.einsum("id,ijd->ij", queries + v, r)
    return (score / math.sqrt(keys.shape[-1])).masked_fill(a < 0, -math.inf)


@wrong("15.block_pattern", "the window has `window` blocks on each side")
def _(blocks, window, chosen, random, order):
    seen = torch.zeros(blocks, blocks, dtype=torch.bool)
    for i in range(blocks):
        for j in range(blocks):
            seen[i, j] = abs(i - j) <= window or i < chosen or j < chosen
    for i in range(blocks):
        free = [j for j in order[i].tolist() if not seen[i, j]][:random]
        for j in free:
            seen[i, j] = True
    return seen


@wrong("15.block_pattern", "the first `random` of the order are taken, whether they are seen or not")
def _(blocks, window, chosen, random, order):
    p = torch.arange(blocks)
    seen = ((p[:, None] - p).abs() <= window // 2) | (p < chosen) | (p < chosen)[:, None]
    return seen.scatter(1, order[:, :random], True)


@wrong("15.block_pattern", "random blocks are drawn anew, whatever the order says")
def _(blocks, window, chosen, random, order):
    p = torch.arange(blocks)
    seen = ((p[:, None] - p).abs() <= window // 2) | (p < chosen) | (p < chosen)[:, None]
    for i in range(blocks):
        free = (~seen[i]).nonzero()[:, 0]
        seen[i, free[torch.randperm(len(free))[:random]]] = True
    return seen


@wrong("15.block_pattern", "global blocks are seen by all, but see only what others see")
def _(blocks, window, chosen, random, order):
    p = torch.arange(blocks)
    seen = ((p[:, None] - p).abs() <= window // 2) | (p < chosen)
    for i in range(blocks):
        free = [j for j in order[i].tolist() if not seen[i, j]]
        seen[i, free[:random]] = True
    return seen


@wrong("15.block_pattern", "global blocks stand at both ends")
def _(blocks, window, chosen, random, order):
    p = torch.arange(blocks)
    ends = (p < chosen) | (p >= blocks - chosen)
    seen = ((p[:, None] - p).abs() <= window // 2) | ends | ends[:, None]
    for i in range(blocks):
        free = [j for j in order[i].tolist() if not seen[i, j]]
        seen[i, free[:random]] = True
    return seen


@wrong("15.block_pattern", "a block does not see itself unless it is global or drawn")
def _(blocks, window, chosen, random, order):
    p = torch.arange(blocks)
    seen = ((p[:, None] - p).abs() <= window // 2) | (p < chosen) | (p < chosen)[:, None]
    for i in range(blocks):
        free = [j for j in order[i].tolist() if not seen[i, j]]
        seen[i, free[:random]] = True
    return seen & ((p[:, None] != p) | (p < chosen))


@wrong("15.block_pattern", "one random block too many")
def _(blocks, window, chosen, random, order):
    p = torch.arange(blocks)
    seen = ((p[:, None] - p).abs() <= window // 2) | (p < chosen) | (p < chosen)[:, None]
    for i in range(blocks):
        taken = 0
        for j in order[i].tolist():
            if not seen[i, j]:
                seen[i, j] = True
                taken += 1
            if taken > random:
                break
    return seen


@wrong("15.block_attention", "a mask on the scores of all pairs")
def _(queries, keys, values, columns):
    blocks, size = len(columns), len(queries) // len(columns)
    seen = torch.zeros(blocks, blocks)
    for i, row in enumerate(columns):
        seen[i, row] = 1
    mask = torch.kron(seen, torch.ones(size, size)) == 1
    return functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)


@wrong("15.block_attention", "each seen block has its own softmax, and the results are averaged")
def _(queries, keys, values, columns):
    size = len(queries) // len(columns)
    out = []
    for q, row in zip(queries.split(size), columns.tolist()):
        parts = [functional.softmax(q @ keys[b * size:(b + 1) * size].T / math.sqrt(q.shape[1]), -1)
                 @ values[b * size:(b + 1) * size] for b in row]
        out.append(sum(parts) / len(parts))
    return torch.cat(out)


@wrong("15.block_attention", "the size of a block is taken for the number of blocks")
def _(queries, keys, values, columns):
    blocks = len(columns)
    q, k, v = (x.unflatten(0, (-1, blocks)).transpose(0, 1) for x in (queries, keys, values))
    k, v = k[columns].flatten(1, 2), v[columns].flatten(1, 2)
    return ((q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v).transpose(0, 1).flatten(0, 1)


@wrong("15.block_attention", "the block itself is always seen, too")
def _(queries, keys, values, columns):
    size, out = len(queries) // len(columns), []
    for i, row in enumerate(columns.tolist()):
        places = torch.cat([torch.arange(b * size, (b + 1) * size) for b in sorted({i, *row})])
        out.append(functional.scaled_dot_product_attention(queries[i * size:(i + 1) * size], keys[places],
                                                           values[places]))
    return torch.cat(out)


@wrong("15.block_attention", "the scores are divided by the root of the number of keys seen")
def _(queries, keys, values, columns):
    q, k, v = (x.unflatten(0, (len(columns), -1)) for x in (queries, keys, values))
    k, v = k[columns].flatten(1, 2), v[columns].flatten(1, 2)
    return (torch.softmax(q @ k.mT / math.sqrt(k.shape[1]), -1) @ v).flatten(0, 1)


@wrong("15.block_attention", "no scaling")
def _(queries, keys, values, columns):
    q, k, v = (x.unflatten(0, (len(columns), -1)) for x in (queries, keys, values))
    k, v = k[columns].flatten(1, 2), v[columns].flatten(1, 2)
    return torch.einsum("bqk,bkd->bqd", torch.softmax(torch.einsum("bqd,bkd->bqk", q, k), -1), v).flatten(0, 1)


@wrong("15.block_attention", "only the first key of each seen block is looked at")
def _(queries, keys, values, columns):
    size = len(queries) // len(columns)
    q = queries.unflatten(0, (len(columns), -1))
    k, v = keys[columns * size], values[columns * size]
    return (torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, -1) @ v).flatten(0, 1)


@wrong("15.hops", "the table is transposed: from whom does it take how long to me")
def _(seen):
    n = len(seen)
    d = torch.where(seen.T, 1, n + 1)
    d[range(n), range(n)] = 0
    for k in range(n):
        d = torch.minimum(d, d[:, k:k + 1] + d[k:k + 1])
    return torch.where(d > n, -1, d)


@wrong("15.hops", "what cannot be reached is 0")
def _(seen):
    n = len(seen)
    d = torch.where(seen, 1, n + 1)
    d[range(n), range(n)] = 0
    for k in range(n):
        d = torch.minimum(d, d[:, k:k + 1] + d[k:k + 1])
    return torch.where(d > n, 0, d)


@wrong("15.hops", "a block that does not see itself does not know itself")
def _(seen):
    n = len(seen)
    d = torch.where(seen, 1, n + 1)
    d[seen.diagonal(), seen.diagonal()] = 0
    for k in range(n):
        d = torch.minimum(d, d[:, k:k + 1] + d[k:k + 1])
    d[range(n), range(n)] = torch.where(seen.diagonal(), 0, d.diagonal())
    return torch.where(d > n, -1, d)


@wrong("15.hops", "three rounds are thought to be enough")
def _(seen):
    known, found = torch.eye(len(seen)).bool(), torch.eye(len(seen)).long() - 1
    for layer in (1, 2, 3):
        more = known | ((seen.float() @ known.float()) > 0)
        found[more & ~known] = layer
        known = more
    return found


@wrong("15.hops", "the number of layers is counted from 1")
def _(seen):
    known, found = torch.eye(len(seen)).bool(), torch.eye(len(seen)).long() * 2 - 1
    for layer in range(2, len(seen) + 2):
        more = known | ((seen.float() @ known.float()) > 0)
        found[more & ~known] = layer
        known = more
    return found


@wrong("15.hops", "links are walked in both directions")
def _(seen):
    n, graph = len(seen), seen | seen.T
    result = []
    for start in range(n):
        steps, queue = {start: 0}, [start]
        for i in queue:
            for j in range(n):
                if graph[i, j] and j not in steps:
                    steps[j] = steps[i] + 1
                    queue.append(j)
        result.append([steps.get(j, -1) for j in range(n)])
    return torch.tensor(result)


@wrong("15.hops", "a depth-first search takes the first way it finds, not the shortest")
def _(seen):
    n, result = len(seen), []
    for start in range(n):
        steps, stack = {start: 0}, [start]
        while stack:
            i = stack.pop()
            for j in range(n):
                if seen[i, j] and j not in steps:
                    steps[j] = steps[i] + 1
                    stack.append(j)
        result.append([steps.get(j, -1) for j in range(n)])
    return torch.tensor(result)


@wrong("15.new_memory", "the batch and the tokens are exchanged: the cut goes through the texts")
def _(memory, states, most):
    both = torch.cat([memory, states[:-1]], dim=2).transpose(1, 2).detach()
    return both[:, :, max(both.shape[2] - most, 0):].transpose(1, 2)


@wrong("15.new_memory", "the first layer's states are taken for all layers")
def _(memory, states, most):
    new = states[:1].expand(len(memory), -1, -1, -1)
    both = torch.cat([memory, new], dim=2)
    return both[:, :, max(both.shape[2] - most, 0):].detach()


@wrong("15.read_in_segments", "the memory is cut by what the text has, so one token too many is kept")
def _(x, layers, layer, length, most):
    memory = [x[:, :0]] * layers
    out = []
    for segment in x.split(length, dim=1):
        for n in range(layers):
            given = segment
            segment = layer(n, given, memory[n])
            memory[n] = torch.cat([memory[n], given], dim=1)[:, -(most + 1):].detach()
        out.append(segment)
    return torch.cat(out, dim=1)


@wrong("15.read_in_segments", "the segments are cut from the end, so the first one is the short one")
def _(x, layers, layer, length, most):
    memory = [x[:, :0]] * layers
    out, first = [], x.shape[1] % length
    parts = ([x[:, :first]] if first else []) + list(x[:, first:].split(length, dim=1))
    for segment in parts:
        if segment.shape[1] == 0:
            continue
        for n in range(layers):
            given = segment
            segment = layer(n, given, memory[n])
            memory[n] = torch.cat([memory[n], given], dim=1)[:, -most:].detach()
        out.append(segment)
    return torch.cat(out, dim=1)


@wrong("15.relative_shift", "hidden are the last columns of every row, as many as there are other queries")
def _(scores):
    q, k = scores.shape[-2:]
    rows = [scores[..., i, :].roll(i + 1 - q, -1) for i in range(q)]
    seen = torch.arange(k) < k - q + 1
    return torch.stack(rows, dim=-2) * seen


@wrong("15.xl_scores", "d is the number of keys")
def _(queries, keys, distances, u, v):
    nq, nk = len(queries), len(keys)
    a = (torch.arange(nq) + nk - nq)[:, None] - torch.arange(nk)
    r = distances[a.clamp(min=0)]
    score = (queries + u) @ keys.T + torch.einsum("id,ijd->ij", queries + v, r)
    return (score / math.sqrt(nk)).masked_fill(a < 0, -math.inf)


@wrong("15.xl_scores", "u and v are one vector")
def _(queries, keys, distances, u, v):
    nq, nk = len(queries), len(keys)
    a = (torch.arange(nq) + nk - nq)[:, None] - torch.arange(nk)
    score = torch.einsum("id,ijd->ij", queries + u, keys + distances[a.clamp(min=0)])
    return (score / math.sqrt(keys.shape[1])).masked_fill(a < 0, -math.inf)


@wrong("15.xl_scores", "distances are counted from 1, the own place from 0")
def _(queries, keys, distances, u, v):
    nq, nk = len(queries), len(keys)
    a = (torch.arange(nq) + nk - nq)[:, None] - torch.arange(nk)
    r = distances[(a + 1).clamp(0, nk - 1)]
    score = (queries + u) @ keys.T + torch.einsum("id,ijd->ij", queries + v, r)
    return (score / math.sqrt(keys.shape[1])).masked_fill(a < 0, -math.inf)


@wrong("15.block_pattern", "the window is closed to a ring: the last block sees the first")
def _(blocks, window, chosen, random, order):
    p = torch.arange(blocks)
    gap = (p[:, None] - p).abs()
    seen = (torch.minimum(gap, blocks - gap) <= window // 2) | (p < chosen) | (p < chosen)[:, None]
    for i in range(blocks):
        free = [j for j in order[i].tolist() if not seen[i, j]]
        seen[i, free[:random]] = True
    return seen


@wrong("15.block_attention", "columns are sorted and doubled entries would be dropped; values are found before sorting")
def _(queries, keys, values, columns):
    q, k, v = (x.unflatten(0, (len(columns), -1)) for x in (queries, keys, values))
    k, v = k[columns.sort(dim=1)[0]].flatten(1, 2), v[columns].flatten(1, 2)
    return (torch.softmax(q @ k.mT / k.shape[-1] ** 0.5, -1) @ v).flatten(0, 1)


@wrong("15.block_attention", "all blocks get the keys of the first block's row")
def _(queries, keys, values, columns):
    q, k, v = (x.unflatten(0, (len(columns), -1)) for x in (queries, keys, values))
    k, v = k[columns[0]].flatten(0, 1), v[columns[0]].flatten(0, 1)
    return (torch.softmax(q @ k.mT / k.shape[-1] ** 0.5, -1) @ v).flatten(0, 1)


@wrong("15.hops", "the layers are counted while nothing new comes, so all that is reached gets the last number")
def _(seen):
    n = len(seen)
    step = seen | torch.eye(n).bool()
    found = torch.full((n, n), -1)
    known = torch.eye(n).bool()
    for layer in range(n):
        found[known & ~torch.eye(n).bool()] = layer
        known = (step.float() @ known.float()) > 0
    found[torch.eye(n).bool()] = 0
    return found
