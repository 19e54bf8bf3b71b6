"""Wrong answers to chapter 18."""

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
