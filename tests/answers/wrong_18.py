"""Wrong answers to chapter 18."""

import math

import torch

from answers import wrong


# Windows and scales.


@wrong("18.in_windows", "transposed twice: rows of windows are exchanged with rows of pixels on the way back")
def _(x, size, inside):
    h, w, d = x.shape
    cut = x.view(h // size, size, w // size, size, d).permute(0, 2, 1, 3, 4).reshape(-1, size * size, d)
    made = inside(cut).view(h // size, w // size, size, size, d)
    return made.permute(2, 0, 3, 1, 4).reshape(h, w, d)


@wrong("18.in_windows", "permute(0, 2, 1, 3) with the wrong view: windows are bands as wide as the grid")
def _(x, size, inside):
    h, w, d = x.shape
    made = inside(x.reshape(h // size, size * w, d).reshape(-1, size * size, d))
    return made.reshape(h, w, d)


@wrong("18.in_windows", "the result of `inside` is added to the grid")
def _(x, size, inside):
    h, w, d = x.shape
    cut = x.view(h // size, size, w // size, size, d).permute(0, 2, 1, 3, 4).reshape(-1, size * size, d)
    made = inside(cut).view(h // size, w // size, size, size, d)
    return x + made.permute(0, 2, 1, 3, 4).reshape(h, w, d)


@wrong("18.in_windows", "windows in reverse order")
def _(x, size, inside):
    h, w, d = x.shape
    cut = x.view(h // size, size, w // size, size, d).permute(0, 2, 1, 3, 4).reshape(-1, size * size, d)
    made = inside(cut.flip(0)).flip(0).view(h // size, w // size, size, size, d)
    return made.permute(0, 2, 1, 3, 4).reshape(h, w, d)


@wrong("18.in_windows", "one strip of windows at a time")
def _(x, size, inside):
    h, w, d = x.shape
    strips = []
    for top in range(0, h, size):
        strip = x[top:top + size].view(size, w // size, size, d).transpose(0, 1).reshape(-1, size * size, d)
        strips.append(inside(strip).view(-1, size, size, d).transpose(0, 1).reshape(size, w, d))
    return torch.cat(strips)


@wrong("18.in_windows", "windows that overlap by half would be needed elsewhere; here the grid is shifted first")
def _(x, size, inside):
    h, w, d = x.shape
    shift = size // 2
    rolled = x.roll((-shift, -shift), (0, 1))
    cut = rolled.view(h // size, size, w // size, size, d).permute(0, 2, 1, 3, 4).reshape(-1, size * size, d)
    made = inside(cut).view(h // size, w // size, size, size, d).permute(0, 2, 1, 3, 4).reshape(h, w, d)
    return made.roll((shift, shift), (0, 1))


@wrong("18.in_windows", "the features are axis 0 in the view")
def _(x, size, inside):
    h, w, d = x.shape
    cut = x.permute(2, 0, 1).reshape(d, h // size, size, w // size, size).permute(1, 3, 2, 4, 0)
    made = inside(cut.reshape(-1, size * size, d)).view(cut.shape)
    return made.permute(4, 0, 2, 1, 3).reshape(h, w, d)


@wrong("18.shift_mask", "compares rows of the window only with their neighbours: exclusive or")
def _(height, width, size, shift):
    rows, columns = torch.arange(height) >= height - shift, torch.arange(width) >= width - shift
    part = rows[:, None] ^ columns
    cut = part.reshape(height // size, size, width // size, size).transpose(1, 2).reshape(-1, size**2)
    return cut[:, :, None] == cut[:, None]


@wrong("18.shift_mask", "only the pixels that came around both ways are apart")
def _(height, width, size, shift):
    rows, columns = torch.arange(height) >= height - shift, torch.arange(width) >= width - shift
    part = rows[:, None] & columns
    cut = part.reshape(height // size, size, width // size, size).transpose(1, 2).reshape(-1, size**2)
    return cut[:, :, None] == cut[:, None]


@wrong("18.shift_mask", "what came around, by either way, is one part")
def _(height, width, size, shift):
    rows, columns = torch.arange(height) >= height - shift, torch.arange(width) >= width - shift
    part = rows[:, None] | columns
    cut = part.reshape(height // size, size, width // size, size).transpose(1, 2).reshape(-1, size**2)
    return cut[:, :, None] == cut[:, None]


@wrong("18.shift_mask", "half of the window, whatever the shift is")
def _(height, width, size, shift):
    half = size // 2
    rows, columns = torch.arange(height) >= height - half, torch.arange(width) >= width - half
    part = 2 * rows[:, None] + columns
    cut = part.reshape(height // size, size, width // size, size).transpose(1, 2).reshape(-1, size**2)
    return cut[:, :, None] == cut[:, None]


@wrong("18.shift_mask", "each place sees itself and nothing else")
def _(height, width, size, shift):
    windows = height * width // size**2
    return torch.eye(size**2, dtype=torch.bool).expand(windows, -1, -1)


@wrong("18.shift_mask", "the columns' border is counted from the height")
def _(height, width, size, shift):
    rows, columns = torch.arange(height) >= height - shift, torch.arange(width) >= height - shift
    part = 2 * rows[:, None] + columns
    cut = part.reshape(height // size, size, width // size, size).transpose(1, 2).reshape(-1, size**2)
    return cut[:, :, None] == cut[:, None]


@wrong("18.shift_mask", "a causal order sneaks in: who came around may be seen, but does not see")
def _(height, width, size, shift):
    rows, columns = torch.arange(height) >= height - shift, torch.arange(width) >= width - shift
    part = 2 * rows[:, None] + columns
    cut = part.reshape(height // size, size, width // size, size).transpose(1, 2).reshape(-1, size**2)
    return cut[:, :, None] <= cut[:, None]


@wrong("18.shift_mask", "numbers of 0 and −100, as they would be added to scores")
def _(height, width, size, shift):
    rows, columns = torch.arange(height) >= height - shift, torch.arange(width) >= width - shift
    part = 2 * rows[:, None] + columns
    cut = part.reshape(height // size, size, width // size, size).transpose(1, 2).reshape(-1, size**2)
    return torch.where(cut[:, :, None] == cut[:, None], 0.0, -100.0)


@wrong("18.relative_index", "rows and columns come from divmod by the height")
def _(height, width):
    p = torch.arange(height * width)
    r, c = p // height, p % height
    return (r[:, None] - r + height - 1) * (2 * width - 1) + c[:, None] - c + width - 1


@wrong("18.relative_index", "one less in the factor: 2·width − 2")
def _(height, width):
    p = torch.arange(height * width)
    r, c = p // width, p % width
    return (r[:, None] - r + height - 1) * (2 * width - 2) + c[:, None] - c + width - 1


@wrong("18.relative_index", "the column's start is forgotten")
def _(height, width):
    p = torch.arange(height * width)
    r, c = p // width, p % width
    return (r[:, None] - r + height - 1) * (2 * width - 1) + c[:, None] - c


@wrong("18.relative_index", "the row's start is forgotten")
def _(height, width):
    p = torch.arange(height * width)
    r, c = p // width, p % width
    return (r[:, None] - r) * (2 * width - 1) + c[:, None] - c + width - 1


@wrong("18.relative_index", "queries and keys exchanged: the transposed table")
def _(height, width):
    p = torch.arange(height * width)
    r, c = p // width, p % width
    return ((r[:, None] - r + height - 1) * (2 * width - 1) + c[:, None] - c + width - 1).T


@wrong("18.relative_index", "numbers from 1")
def _(height, width):
    p = torch.arange(height * width)
    r, c = p // width, p % width
    return (r[:, None] - r + height - 1) * (2 * width - 1) + c[:, None] - c + width


@wrong("18.relative_index", "width and height exchanged in both starts and the factor")
def _(height, width):
    p = torch.arange(height * width)
    r, c = p // width, p % width
    return (r[:, None] - r + width - 1) * (2 * height - 1) + c[:, None] - c + height - 1


@wrong("18.relative_index", "the factor is the height")
def _(height, width):
    p = torch.arange(height * width)
    r, c = p // width, p % width
    return (r[:, None] - r + height - 1) * (2 * height) + c[:, None] - c + width - 1


@wrong("18.merge_patches", "lower left and upper left exchanged in the first column only")
def _(x):
    return torch.cat([x[1::2, 0::2], x[0::2, 0::2], x[0::2, 1::2], x[1::2, 1::2]], dim=-1)


@wrong("18.merge_patches", "the slices are put below each other")
def _(x):
    return torch.cat([x[0::2, 0::2], x[1::2, 0::2], x[0::2, 1::2], x[1::2, 1::2]], dim=0)


@wrong("18.merge_patches", "only the columns are merged")
def _(x):
    return torch.cat([x[:, 0::2], x[:, 1::2]], dim=-1)


@wrong("18.merge_patches", "the sum of the four")
def _(x):
    return x[0::2, 0::2] + x[1::2, 0::2] + x[0::2, 1::2] + x[1::2, 1::2]


@wrong("18.merge_patches", "reshape(h/2, 2, w/2, 2) and no second exchange: reading order")
def _(x):
    h, w, d = x.shape
    return x.reshape(h // 2, 2, w // 2, 2, d).permute(0, 2, 1, 3, 4).reshape(h // 2, w // 2, 4 * d)


@wrong("18.merge_patches", "lower right in place of upper right")
def _(x):
    return torch.cat([x[0::2, 0::2], x[1::2, 0::2], x[1::2, 1::2], x[1::2, 1::2]], dim=-1)


@wrong("18.merge_patches", "every second place from the second on, twice over")
def _(x):
    return torch.cat([x[0::2, 1::2], x[1::2, 1::2], x[0::2, 0::2], x[1::2, 0::2]], dim=-1)


@wrong("18.merge_patches", "the squares are averaged, then repeated to the width")
def _(x):
    mean = (x[0::2, 0::2] + x[1::2, 0::2] + x[0::2, 1::2] + x[1::2, 1::2]) / 4
    return mean.repeat(1, 1, 4)


@wrong("18.near_and_far", "the mean over all far tokens: a single summary")
def _(query, keys, values, near, count):
    n = len(keys) - near
    if n == 0:
        k, v, bias = keys, values, torch.zeros(len(keys))
    else:
        k = torch.cat([keys[:n].mean(0, keepdim=True), keys[n:]])
        v = torch.cat([values[:n].mean(0, keepdim=True), values[n:]])
        bias = torch.cat([torch.tensor([math.log(n)]), torch.zeros(near)])
    return torch.softmax(k @ query / math.sqrt(len(query)) + bias, 0) @ v


@wrong("18.near_and_far", "the votes are given to the near tokens")
def _(query, keys, values, near, count):
    n = len(keys) - near
    k, v = (torch.cat([x[:n].reshape(n // count, count, -1 if n else x.shape[1]).mean(1), x[n:]])
            for x in (keys, values))
    bias = torch.cat([torch.zeros(n // count), torch.full((near,), math.log(count))])
    return torch.softmax(k @ query / math.sqrt(len(query)) + bias, 0) @ v


@wrong("18.near_and_far", "the score of a summary is multiplied by the count")
def _(query, keys, values, near, count):
    n = len(keys) - near
    k, v = (torch.cat([x[:n].reshape(n // count, count, x.shape[1]).mean(1), x[n:]]) for x in (keys, values))
    scores = k @ query / math.sqrt(len(query))
    scores = torch.cat([scores[:n // count] * count, scores[n // count:]])
    return torch.softmax(scores, 0) @ v


@wrong("18.near_and_far", "the weights of summaries are multiplied after the softmax and do not sum to 1")
def _(query, keys, values, near, count):
    n = len(keys) - near
    k, v = (torch.cat([x[:n].reshape(n // count, count, x.shape[1]).mean(1), x[n:]]) for x in (keys, values))
    weights = torch.softmax(k @ query / math.sqrt(len(query)), 0)
    return torch.cat([weights[:n // count] * count, weights[n // count:]]) @ v


@wrong("18.near_and_far", "everything is pooled, the near tokens too, where it comes out even")
def _(query, keys, values, near, count):
    n = len(keys) // count * count
    k, v = (torch.cat([x[:n].reshape(n // count, count, x.shape[1]).mean(1), x[n:]]) for x in (keys, values))
    bias = torch.cat([torch.full((n // count,), math.log(count)), torch.zeros(len(keys) - n)])
    return torch.softmax(k @ query / math.sqrt(len(query)) + bias, 0) @ v


@wrong("18.near_and_far", "the mean divides by one less")
def _(query, keys, values, near, count):
    n = len(keys) - near
    k, v = (torch.cat([x[:n].reshape(n // count, count, x.shape[1]).sum(1) / max(count - 1, 1), x[n:]])
            for x in (keys, values))
    bias = torch.cat([torch.full((n // count,), math.log(count)), torch.zeros(near)])
    return torch.softmax(k @ query / math.sqrt(len(query)) + bias, 0) @ v


@wrong("18.near_and_far", "the last token of each group stands for it")
def _(query, keys, values, near, count):
    n = len(keys) - near
    k, v = (torch.cat([x[:n][count - 1::count], x[n:]]) for x in (keys, values))
    bias = torch.cat([torch.full((n // count,), math.log(count)), torch.zeros(near)])
    return torch.softmax(k @ query / math.sqrt(len(query)) + bias, 0) @ v


@wrong("18.near_and_far", "near values are left out of the sum")
def _(query, keys, values, near, count):
    n = len(keys) - near
    k, v = (torch.cat([x[:n].reshape(n // count, count, x.shape[1]).mean(1), x[n:]]) for x in (keys, values))
    bias = torch.cat([torch.full((n // count,), math.log(count)), torch.zeros(near)])
    weights = torch.softmax(k @ query / math.sqrt(len(query)) + bias, 0)
    return weights[:n // count] @ v[:n // count]
