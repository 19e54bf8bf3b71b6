"""Right answers to chapter 18."""

import math

import numpy as np
import torch
from torch.nn import functional

from answers import right


@right("18.image_patches", "unfold of the tensor along height and width")
def _(images, patch):
    b, c, h, w = images.shape
    if h % patch != 0:
        raise ValueError("height")
    if w % patch != 0:
        raise ValueError("width")
    windows = images.unfold(2, patch, patch).unfold(3, patch, patch)  # b c rows columns patch patch
    return windows.movedim(1, 3).reshape(b, h // patch * (w // patch), c * patch**2)


@right("18.image_patches", "split into rows, then into columns")
def _(images, patch):
    if (images.shape[-2] % patch, images.shape[-1] % patch) != (0, 0):
        raise ValueError(f"{tuple(images.shape)} and {patch}")
    out = []
    for strip in images.split(patch, dim=2):
        for piece in strip.split(patch, dim=3):
            out.append(piece.reshape(len(images), 1, -1))
    return torch.cat(out, dim=1)


@right("18.image_patches", "an index of pixels for each patch")
def _(images, patch):
    h, w = images.shape[2:]
    if h % patch or w % patch:
        raise ValueError("no multiple")
    pixels = torch.arange(h * w).reshape(h // patch, patch, w // patch, patch).transpose(1, 2)
    return images.flatten(2)[:, :, pixels.reshape(-1, patch * patch)].permute(0, 2, 1, 3).flatten(2)


@right("18.vit_tokens", "a table that is filled in place")
def _(patches, projection, bias, class_token, positions):
    x = positions.repeat(patches.shape[0], 1, 1)
    x[:, 0] += class_token
    x[:, 1:] += torch.einsum("dn,bpn->bpd", projection, patches) + bias
    return x


@right("18.vit_tokens", "functional.linear, and the class token stacked on")
def _(patches, projection, bias, class_token, positions):
    vectors = functional.linear(patches, projection, bias)
    cls = torch.stack([class_token] * patches.shape[0]).unsqueeze(1)
    return torch.concat((cls, vectors), dim=-2) + positions.unsqueeze(0)


@right("18.vit_tokens", "token by token along the first axis")
def _(patches, projection, bias, class_token, positions):
    rows = [(class_token + positions[0]).expand(len(patches), -1)]
    for place in range(patches.shape[1]):
        rows.append(patches[:, place] @ projection.t() + bias + positions[place + 1])
    return torch.stack(rows, dim=1)


@right("18.weights_over_image", "a loop that paints squares")
def _(weights, height, width, patch):
    row = weights.mean(0)[0]
    row = row[1:] / row[1:].sum()
    image = torch.zeros(height, width, dtype=weights.dtype)
    place = 0
    for top in range(0, height, patch):
        for left in range(0, width, patch):
            image[top:top + patch, left:left + patch] = row[place]
            place += 1
    return image


@right("18.weights_over_image", "nearest neighbours by interpolate")
def _(weights, height, width, patch):
    seen = weights[:, 0, 1:].sum(0)
    grid = (seen / seen.sum()).view(1, 1, height // patch, width // patch)
    return functional.interpolate(grid, scale_factor=patch, mode="nearest")[0, 0]


@right("18.weights_over_image", "numpy's repeat")
def _(weights, height, width, patch):
    w = weights.numpy()[:, 0, 1:].mean(axis=0)
    w = (w / w.sum()).reshape(height // patch, width // patch)
    return torch.from_numpy(np.repeat(np.repeat(w, patch, axis=0), patch, axis=1))


@right("18.weights_over_image", "expanded axes")
def _(weights, height, width, patch):
    mean = weights.mean(dim=0)[0, 1:]
    grid = mean.unflatten(0, (height // patch, width // patch)) / mean.sum()
    return grid[:, None, :, None].expand(-1, patch, -1, patch).reshape(height, width)


@right("18.channel_attention", "image by image")
def _(x, down, up):
    out = []
    for image in x:
        z = image.flatten(1).mean(1)
        s = torch.sigmoid(up @ functional.relu(down @ z))
        out.append(image * s.view(-1, 1, 1))
    return torch.stack(out)


@right("18.channel_attention", "linear layers and keepdim")
def _(x, down, up):
    z = x.mean((-1, -2))
    s = functional.linear(functional.linear(z, down).relu(), up).sigmoid()
    return x * s[..., None, None].expand_as(x)


@right("18.channel_attention", "places last, so that the gates stand on the last axis")
def _(x, down, up):
    places = x.permute(0, 2, 3, 1)
    z = places.sum(dim=(1, 2)) / (x.shape[2] * x.shape[3])
    hidden = torch.maximum(z @ down.T, torch.zeros((), dtype=x.dtype))
    return (places * (hidden @ up.T).sigmoid()[:, None, None]).permute(0, 3, 1, 2)


# Windows and scales.


@right("18.in_windows", "permute, as in the authors' code")
def _(x, size, inside):
    h, w, d = x.shape
    cut = x.view(h // size, size, w // size, size, d).permute(0, 2, 1, 3, 4).contiguous().view(-1, size * size, d)
    made = inside(cut)
    made = made.view(h // size, w // size, size, size, d).permute(0, 2, 1, 3, 4).contiguous()
    return made.view(h, w, d)


@right("18.in_windows", "einops-like string of an einsum, done with chunks")
def _(x, size, inside):
    strips = x.chunk(x.shape[0] // size, dim=0)
    cut = torch.stack([part.reshape(size * size, -1) for strip in strips
                       for part in strip.chunk(x.shape[1] // size, dim=1)])
    made = list(inside(cut).reshape(len(cut), size, size, x.shape[2]))
    across = x.shape[1] // size
    rows = [torch.hstack(made[start:start + across]) for start in range(0, len(made), across)]
    return torch.vstack(rows)


@right("18.in_windows", "torch's unfold for the windows, an index for the way back")
def _(x, size, inside):
    height, width, d = x.shape
    cut = x.unfold(0, size, size).unfold(1, size, size).permute(0, 1, 3, 4, 2).reshape(-1, size**2, d)
    made = inside(cut)
    row, column = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    window = torch.div(row, size, rounding_mode="floor") * (width // size) + column // size
    return made[window, row % size * size + column % size]


@right("18.shift_mask", "set of pairs, with the coordinates in the image")
def _(height, width, size, shift):
    r = torch.roll(torch.arange(height), -shift)
    c = torch.roll(torch.arange(width), -shift)
    out = torch.zeros(height * width // size**2, size**2, size**2, dtype=torch.bool)
    for n in range(len(out)):
        top, left = n // (width // size) * size, n % (width // size) * size
        for p in range(size**2):
            for q in range(size**2):
                one, two = r[top + p // size] < shift, r[top + q // size] < shift
                three, four = c[left + p % size] < shift, c[left + q % size] < shift
                out[n, p, q] = bool(one == two) and bool(three == four)
    return out


@right("18.shift_mask", "a product over rows and columns")
def _(height, width, size, shift):
    def side(length):
        late = (torch.arange(length) >= length - shift).view(-1, size)
        return late[:, :, None] == late[:, None, :]
    rows, columns = side(height), side(width)
    both = rows[:, None, :, None, :, None] & columns[None, :, None, :, None, :]
    return both.reshape(-1, size * size, size * size)


@right("18.shift_mask", "a picture that is painted, rolled and cut")
def _(height, width, size, shift):
    picture = np.zeros((height, width), dtype=int)
    picture[:shift] += 1
    picture[:, :shift] += 10
    picture = np.roll(picture, (-shift, -shift), axis=(0, 1))
    cut = picture.reshape(height // size, size, width // size, size).swapaxes(1, 2).reshape(-1, size**2)
    return torch.from_numpy(cut[:, :, None] == cut[:, None, :])


@right("18.relative_index", "four loops and a counter")
def _(height, width):
    numbers = {}
    for a in range(-(height - 1), height):
        for b in range(-(width - 1), width):
            numbers[a, b] = len(numbers)
    table = torch.zeros(height * width, height * width, dtype=torch.long)
    for i in range(height * width):
        for j in range(height * width):
            table[i, j] = numbers[i // width - j // width, i % width - j % width]
    return table


@right("18.relative_index", "divmod and broadcasting")
def _(height, width):
    p = torch.arange(height * width)
    wide = 2 * width - 1
    base = p // width * wide + p % width
    return base.unsqueeze(1) - base.unsqueeze(0) + (height - 1) * wide + (width - 1)


@right("18.relative_index", "numpy's indices")
def _(height, width):
    rows, columns = np.indices((height, width)).reshape(2, -1)
    down = np.subtract.outer(rows, rows) - (1 - height)
    across = np.subtract.outer(columns, columns) - (1 - width)
    return torch.as_tensor(np.ravel_multi_index((down, across), (2 * height - 1, 2 * width - 1)))


@right("18.merge_patches", "four slices with names")
def _(x):
    upper_left, lower_left = x[0::2, 0::2, :], x[1::2, 0::2, :]
    upper_right, lower_right = x[0::2, 1::2, :], x[1::2, 1::2, :]
    return torch.cat((upper_left, lower_left, upper_right, lower_right), dim=2)


@right("18.merge_patches", "rows first, then columns")
def _(x):
    tall = torch.cat([x[::2], x[1::2]], dim=2)
    return torch.cat([tall[:, ::2], tall[:, 1::2]], dim=2)


@right("18.merge_patches", "two loops and a list")
def _(x):
    rows = []
    for i in range(x.shape[0] // 2):
        row = []
        for j in range(x.shape[1] // 2):
            square = x[2 * i:2 * i + 2, 2 * j:2 * j + 2]
            row.append(square.transpose(0, 1).flatten())
        rows.append(torch.stack(row))
    return torch.stack(rows)


@right("18.near_and_far", "pooling by torch's kernel")
def _(query, keys, values, near, count):
    n = len(keys) - near

    def pooled(x):
        if n == 0:
            return x[:0]
        return functional.avg_pool1d(x[:n].T[None], count)[0].T
    k = torch.cat([pooled(keys), keys[n:]])
    v = torch.cat([pooled(values), values[n:]])
    bias = torch.zeros(len(k), dtype=k.dtype)
    bias[:n // count] = math.log(count)
    return functional.softmax(k.mv(query) / math.sqrt(query.shape[0]) + bias, 0) @ v


@right("18.near_and_far", "each far token takes the key and value of its group")
def _(query, keys, values, near, count):
    n, k, v = len(keys) - near, [], []
    for i in range(len(keys)):
        start = i // count * count
        group = slice(start, start + count) if i < n else slice(i, i + 1)
        k.append(keys[group].mean(0))
        v.append(values[group].mean(0))
    scores = torch.stack([one.dot(query) for one in k]) / keys.shape[1] ** 0.5
    weights = scores.softmax(0)
    return sum(weight * one for weight, one in zip(weights, v))


@right("18.near_and_far", "a matrix that pools")
def _(query, keys, values, near, count):
    n = len(keys) - near
    pool = torch.zeros(n // count + near, len(keys), dtype=keys.dtype)
    for i in range(len(keys)):
        pool[i // count if i < n else n // count + i - n, i] = 1
    size = pool.sum(1)
    pool = pool / size[:, None]
    scores = (pool @ keys) @ query * len(query) ** -0.5 + size.log()
    return torch.exp(scores - torch.logsumexp(scores, 0)) @ (pool @ values)
