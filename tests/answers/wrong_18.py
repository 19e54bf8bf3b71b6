"""Wrong answers to chapter 18."""

import math

import torch
from torch.nn import functional

from answers import wrong


@wrong("18.image_patches", "a view with the right shape and the numbers where they were")
def _(images, patch):
    b, c, h, w = images.shape
    if h % patch or w % patch:
        raise ValueError("no multiple")
    return images.contiguous().view(b, h // patch * (w // patch), c * patch * patch)


@wrong("18.image_patches", "the channels stay in front: all of channel 0 is in the first tokens")
def _(images, patch):
    b, c, h, w = images.shape
    if h % patch or w % patch:
        raise ValueError("no multiple")
    x = images.reshape(b, c, h // patch, patch, w // patch, patch).transpose(3, 4)
    return x.reshape(b, h // patch * (w // patch), c * patch * patch)


@wrong("18.image_patches", "the two axes within a patch come before the channel, as in images on disk")
def _(images, patch):
    if images.shape[2] % patch or images.shape[3] % patch:
        raise ValueError("no multiple")
    windows = images.unfold(2, patch, patch).unfold(3, patch, patch)
    return windows.permute(0, 2, 3, 4, 5, 1).flatten(3).flatten(1, 2)


@wrong("18.image_patches", "transpose of the wrong two axes")
def _(images, patch):
    b, c, h, w = images.shape
    if h % patch or w % patch:
        raise ValueError("no multiple")
    x = images.reshape(b, c, h // patch, patch, w // patch, patch).permute(0, 2, 4, 3, 1, 5)
    return x.reshape(b, -1, c * patch * patch)


@wrong("18.image_patches", "an assert in place of a ValueError")
def _(images, patch):
    b, c, h, w = images.shape
    assert h % patch == 0 and w % patch == 0
    x = images.reshape(b, c, h // patch, patch, w // patch, patch)
    return x.permute(0, 2, 4, 1, 3, 5).reshape(b, -1, c * patch * patch)


@wrong("18.image_patches", "the multiple is tested against the number of patches")
def _(images, patch):
    b, c, h, w = images.shape
    if (h * w) // (patch * patch) * patch * patch != h * w:
        raise ValueError("no multiple")
    x = images[:, :, :h // patch * patch, :w // patch * patch]
    x = x.reshape(b, c, h // patch, patch, w // patch, patch)
    return x.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)


@wrong("18.image_patches", "patches are read from right to left")
def _(images, patch):
    b, c, h, w = images.shape
    if h % patch or w % patch:
        raise ValueError("no multiple")
    x = images.reshape(b, c, h // patch, patch, w // patch, patch).permute(0, 2, 4, 1, 3, 5)
    return x.flip(2).flatten(3).flatten(1, 2)


@wrong("18.image_patches", "patches from the bottom up")
def _(images, patch):
    if images.shape[2] % patch or images.shape[3] % patch:
        raise ValueError("no multiple")
    found = [images[:, :, top:top + patch, left:left + patch].flatten(1)
             for top in reversed(range(0, images.shape[2], patch)) for left in range(0, images.shape[3], patch)]
    return torch.stack(found, dim=1)


@wrong("18.image_patches", "the loop runs over columns of patches first")
def _(images, patch):
    if images.shape[2] % patch or images.shape[3] % patch:
        raise ValueError("no multiple")
    found = [images[:, :, top:top + patch, left:left + patch].flatten(1)
             for left in range(0, images.shape[3], patch) for top in range(0, images.shape[2], patch)]
    return torch.stack(found, dim=1)


@wrong("18.image_patches", "every second number of a patch is from the wrong side: the last two axes exchanged")
def _(images, patch):
    if images.shape[2] % patch or images.shape[3] % patch:
        raise ValueError("no multiple")
    windows = images.unfold(2, patch, patch).unfold(3, patch, patch)
    return windows.permute(0, 2, 3, 1, 5, 4).flatten(3).flatten(1, 2)


@wrong("18.vit_tokens", "class token appended, positions as they are")
def _(patches, projection, bias, class_token, positions):
    x = functional.linear(patches, projection, bias)
    cls = class_token.repeat(len(patches), 1, 1)
    return torch.cat([x, cls], dim=1) + positions[None]


@wrong("18.vit_tokens", "positions 0 to n − 1 for the patches, the last one for the class token")
def _(patches, projection, bias, class_token, positions):
    x = functional.linear(patches, projection, bias) + positions[:-1]
    cls = (class_token + positions[-1]).repeat(len(patches), 1, 1)
    return torch.cat([cls, x], dim=1)


@wrong("18.vit_tokens", "the class token is added to all tokens, and there is none of its own")
def _(patches, projection, bias, class_token, positions):
    return functional.linear(patches, projection, bias) + class_token + positions[1:]


@wrong("18.vit_tokens", "positions only for the class token")
def _(patches, projection, bias, class_token, positions):
    x = functional.linear(patches, projection, bias)
    return torch.cat([(class_token + positions[0]).repeat(len(x), 1, 1), x], dim=1)


@wrong("18.vit_tokens", "the same position for all patches")
def _(patches, projection, bias, class_token, positions):
    x = functional.linear(patches, projection, bias) + positions[1]
    return torch.cat([(class_token + positions[0]).repeat(len(x), 1, 1), x], dim=1)


@wrong("18.vit_tokens", "the class token goes to the first image only")
def _(patches, projection, bias, class_token, positions):
    x = functional.linear(patches, projection, bias)
    x = torch.cat([x.new_zeros(len(x), 1, x.shape[2]), x], dim=1)
    x[0, 0] = class_token
    return x + positions


@wrong("18.vit_tokens", "the class token is copied by torch.tensor, so that it does not learn")
def _(patches, projection, bias, class_token, positions):
    x = functional.linear(patches, projection, bias)
    cls = torch.tensor(class_token.tolist(), dtype=x.dtype).expand(len(x), 1, -1)
    return torch.cat([cls, x], dim=1) + positions


@wrong("18.vit_tokens", "the order of the patches is turned")
def _(patches, projection, bias, class_token, positions):
    x = functional.linear(patches.flip(1), projection, bias)
    return torch.cat([class_token.expand(len(x), 1, -1), x], dim=1) + positions


@wrong("18.vit_tokens", "divided by the root of d_model")
def _(patches, projection, bias, class_token, positions):
    x = functional.linear(patches, projection, bias) / projection.shape[0] ** 0.5
    return torch.cat([class_token.expand(len(x), 1, -1), x], dim=1) + positions


@wrong("18.weights_over_image", "the column of the class token, divided")
def _(weights, height, width, patch):
    seen = weights.mean(0)[1:, 0]
    grid = (seen / seen.sum()).view(height // patch, width // patch)
    return grid.repeat_interleave(patch, 0).repeat_interleave(patch, 1)


@wrong("18.weights_over_image", "what the class token gives to itself is still in the sum")
def _(weights, height, width, patch):
    seen = weights[:, 0].mean(0)
    seen = seen / seen.sum()
    return seen[1:].view(height // patch, width // patch).repeat_interleave(patch, 0).repeat_interleave(patch, 1)


@wrong("18.weights_over_image", "the sum over the heads, not divided")
def _(weights, height, width, patch):
    seen = weights[:, 0, 1:].sum(0).view(height // patch, width // patch)
    return seen.repeat_interleave(patch, 0).repeat_interleave(patch, 1)


@wrong("18.weights_over_image", "each head is divided by its own sum")
def _(weights, height, width, patch):
    seen = torch.stack([head[0, 1:] / head[0, 1:].sum() for head in weights]).mean(0)
    return seen.view(height // patch, width // patch).repeat_interleave(patch, 0).repeat_interleave(patch, 1)


@wrong("18.weights_over_image", "repeat where repeat_interleave was meant")
def _(weights, height, width, patch):
    seen = weights[:, 0, 1:].mean(0)
    return (seen / seen.sum()).view(height // patch, width // patch).repeat(patch, patch)


@wrong("18.weights_over_image", "the grid has columns for rows")
def _(weights, height, width, patch):
    seen = weights[:, 0, 1:].mean(0)
    grid = (seen / seen.sum()).view(width // patch, height // patch).T
    return grid.repeat_interleave(patch, 0).repeat_interleave(patch, 1)


@wrong("18.weights_over_image", "spread along the height only, then cut to shape")
def _(weights, height, width, patch):
    seen = weights[:, 0, 1:].mean(0)
    grid = (seen / seen.sum()).view(height // patch, width // patch)
    return grid.repeat_interleave(patch, 0).repeat(1, patch)


@wrong("18.weights_over_image", "scaled so that the largest is 1")
def _(weights, height, width, patch):
    seen = weights[:, 0, 1:].mean(0)
    grid = (seen / seen.max()).view(height // patch, width // patch)
    return grid.repeat_interleave(patch, 0).repeat_interleave(patch, 1)


@wrong("18.weights_over_image", "the last head alone")
def _(weights, height, width, patch):
    seen = weights[-1, 0, 1:]
    grid = (seen / seen.sum()).view(height // patch, width // patch)
    return grid.repeat_interleave(patch, 0).repeat_interleave(patch, 1)


@wrong("18.weights_over_image", "upside down, as plots with the origin below would have it")
def _(weights, height, width, patch):
    seen = weights[:, 0, 1:].mean(0)
    grid = (seen / seen.sum()).view(height // patch, width // patch).flip(0)
    return grid.repeat_interleave(patch, 0).repeat_interleave(patch, 1)


@wrong("18.weights_over_image", "divided by what the first head gives to the patches")
def _(weights, height, width, patch):
    seen = weights[:, 0, 1:].mean(0) / (1 - weights[0, 0, 0])
    grid = seen.view(height // patch, width // patch)
    return grid.repeat_interleave(patch, 0).repeat_interleave(patch, 1)


@wrong("18.weights_over_image", "the heads are multiplied, as if all of them had to agree")
def _(weights, height, width, patch):
    seen = weights[:, 0, 1:].prod(0)
    grid = (seen / seen.sum()).view(height // patch, width // patch)
    return grid.repeat_interleave(patch, 0).repeat_interleave(patch, 1)


@wrong("18.weights_over_image", "the mean over the heads and over their queries, of the patches' columns")
def _(weights, height, width, patch):
    seen = weights.mean(0).mean(0)[1:]
    grid = (seen / seen.sum()).reshape(height // patch, width // patch)
    return torch.kron(grid, torch.ones(patch, patch, dtype=grid.dtype))


@wrong("18.channel_attention", "the mean runs over the width only, then over all that is left by a max")
def _(x, down, up):
    z = x.mean(dim=3).amax(dim=2)
    return x * torch.sigmoid(functional.relu(z @ down.T) @ up.T)[:, :, None, None]


@wrong("18.channel_attention", "mean over all images as in a batch norm")
def _(x, down, up):
    z = x.mean(dim=(0, 2, 3))
    return x * torch.sigmoid(up @ functional.relu(down @ z))[:, None, None]


@wrong("18.channel_attention", "a softmax over the channels")
def _(x, down, up):
    s = torch.softmax(functional.relu(x.mean((2, 3)) @ down.T) @ up.T, dim=-1)
    return x * s[:, :, None, None]


@wrong("18.channel_attention", "GELU in place of the maximum with 0")
def _(x, down, up):
    s = torch.sigmoid(functional.gelu(x.mean((2, 3)) @ down.T) @ up.T)
    return x * s[:, :, None, None]


@wrong("18.channel_attention", "the maximum with 0 before the first matrix")
def _(x, down, up):
    s = torch.sigmoid(functional.relu(x.mean((2, 3))) @ down.T @ up.T)
    return x * s[:, :, None, None]


@wrong("18.channel_attention", "the root of the mean square in place of the mean")
def _(x, down, up):
    z = x.square().mean((2, 3)).sqrt()
    return x * torch.sigmoid(functional.relu(z @ down.T) @ up.T)[:, :, None, None]


@wrong("18.channel_attention", "the median in place of the mean")
def _(x, down, up):
    z = x.flatten(2).median(dim=2).values
    return x * torch.sigmoid(functional.relu(z @ down.T) @ up.T)[:, :, None, None]


@wrong("18.channel_attention", "gates computed without gradients")
def _(x, down, up):
    with torch.no_grad():
        s = torch.sigmoid(functional.relu(x.mean((2, 3)) @ down.T) @ up.T)
    return x * s[:, :, None, None]


@wrong("18.channel_attention", "the result is added to the input")
def _(x, down, up):
    s = torch.sigmoid(functional.relu(x.mean((2, 3)) @ down.T) @ up.T)[:, :, None, None]
    return x * (1 + s)


@wrong("18.channel_attention", "divided by one place fewer, as a variance would be")
def _(x, down, up):
    places = x.shape[2] * x.shape[3]
    z = x.sum((2, 3)) / max(places - 1, 1)
    return x * torch.sigmoid(functional.relu(z @ down.T) @ up.T)[:, :, None, None]


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


@wrong("18.near_and_far", "the votes are the number of near tokens")
def _(query, keys, values, near, count):
    n = len(keys) - near
    k, v = (torch.cat([x[:n].reshape(n // count, count, x.shape[1]).mean(1), x[n:]]) for x in (keys, values))
    bias = torch.cat([torch.full((n // count,), math.log(near)), torch.zeros(near)])
    return torch.softmax(k @ query / math.sqrt(len(query)) + bias, 0) @ v


@wrong("18.near_and_far", "scaled by the root of how many keys are seen")
def _(query, keys, values, near, count):
    n = len(keys) - near
    k, v = (torch.cat([x[:n].reshape(n // count, count, x.shape[1]).mean(1), x[n:]]) for x in (keys, values))
    bias = torch.cat([torch.full((n // count,), math.log(count)), torch.zeros(near)])
    return torch.softmax(k @ query / math.sqrt(len(k)) + bias, 0) @ v


@wrong("18.near_and_far", "keys take the place of values")
def _(query, keys, values, near, count):
    n = len(keys) - near
    k, v = (torch.cat([x[:n].reshape(n // count, count, x.shape[1]).mean(1), x[n:]]) for x in (keys, values))
    bias = torch.cat([torch.full((n // count,), math.log(count)), torch.zeros(near)])
    return (torch.softmax(k @ query / math.sqrt(len(query)) + bias, 0) @ k)[:v.shape[1]]


@wrong("18.near_and_far", "each group has its largest key, by its length, for a key")
def _(query, keys, values, near, count):
    n = len(keys) - near
    groups = keys[:n].reshape(n // count, count, keys.shape[1])
    longest = groups.norm(dim=2).argmax(dim=1)
    k = torch.cat([groups[torch.arange(len(groups)), longest], keys[n:]])
    v = torch.cat([values[:n].reshape(n // count, count, values.shape[1]).mean(1), values[n:]])
    bias = torch.cat([torch.full((n // count,), math.log(count)), torch.zeros(near)])
    return torch.softmax(k @ query / math.sqrt(len(query)) + bias, 0) @ v


@wrong("18.near_and_far", "log1p: one token too many in each vote")
def _(query, keys, values, near, count):
    n = len(keys) - near
    k, v = (torch.cat([x[:n].reshape(n // count, count, x.shape[1]).mean(1), x[n:]]) for x in (keys, values))
    bias = torch.cat([torch.full((n // count,), math.log1p(count)), torch.zeros(near)])
    return torch.softmax(k @ query / math.sqrt(len(query)) + bias, 0) @ v


@wrong("18.in_windows", "the grid is turned upside down on the way back")
def _(x, size, inside):
    h, w, d = x.shape
    cut = x.view(h // size, size, w // size, size, d).permute(0, 2, 1, 3, 4).reshape(-1, size * size, d)
    made = inside(cut).view(h // size, w // size, size, size, d)
    return made.permute(0, 2, 1, 3, 4).reshape(h, w, d).flip(0)
