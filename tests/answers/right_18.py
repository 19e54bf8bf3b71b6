"""Right answers to chapter 18."""

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
