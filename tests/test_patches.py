"""Images as patches: against loops, torch's own unfold and convolution, and what bad input gets."""

import re

import pytest
import torch
from torch import nn

from selfattention import patches
from selfattention.channels import SqueezeExcitation, channel_gates
from selfattention.models.hybrid import ConvolutionalStem
from selfattention.models.vit import ImageClassifier, Sizes, ViT

pytestmark = pytest.mark.usefixtures("float64")


def images(*shape):
    return torch.randn(*shape, requires_grad=True)


def assert_same_gradient(ours, theirs, leaf):
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    cotangent = torch.randn_like(ours)
    one, other = (torch.autograd.grad(output, leaf, cotangent)[0] for output in (ours, theirs))
    torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("shape", "patch"), [((2, 3, 10, 15), 5), ((1, 1, 2, 6), 2), ((3, 2, 7, 7), 7),
                                             ((2, 5, 3, 2), 1)])
def test_cut_is_what_a_loop_and_unfold_give_and_join_undoes_it(shape, patch):
    x = images(*shape)
    ours = patches.cut(x, patch)
    looped = torch.stack([torch.stack([image[:, row:row + patch, column:column + patch].flatten()
                                       for row in range(0, shape[2], patch) for column in range(0, shape[3], patch)])
                          for image in x])
    assert_same_gradient(ours, looped, x)
    assert_same_gradient(ours, nn.functional.unfold(x, patch, stride=patch).transpose(1, 2), x)
    assert_same_gradient(patches.join(ours, *shape[1:]), x * 1, x)


def test_a_projection_of_patches_is_a_convolution_with_its_stride():
    x, convolution = images(2, 3, 10, 15), nn.Conv2d(3, 7, 5, stride=5)
    projected = patches.cut(x, 5) @ convolution.weight.flatten(1).T + convolution.bias
    assert_same_gradient(projected, convolution(x).flatten(2).transpose(1, 2), x)


def test_patches_in_another_order_are_those_of_the_image_and_each_image_has_its_own():
    x = images(2, 3, 4, 6)
    order = torch.stack([torch.randperm(6), torch.randperm(6)])
    moved = patches.reordered(x, 2, order)
    for image, was, places in zip(moved, x, order.tolist()):
        for place, chosen in enumerate(places):
            (row, column), (old_row, old_column) = divmod(place, 3), divmod(chosen, 3)
            assert (image[:, 2 * row:2 * row + 2, 2 * column:2 * column + 2]
                    == was[:, 2 * old_row:2 * old_row + 2, 2 * old_column:2 * old_column + 2]).all()
    torch.testing.assert_close(patches.reordered(x, 2, order[:1])[1], patches.reordered(x[1:], 2, order[:1])[0])
    back = patches.reordered(moved, 2, order.argsort(dim=1))
    assert_same_gradient(back, x * 1, x)


def test_the_gates_of_channels_are_those_of_a_loop():
    x, layer = images(2, 14, 3, 5), SqueezeExcitation(14, 2)
    parameters = (layer.down.weight, layer.down.bias, layer.up.weight, layer.up.bias)
    rows = []
    for image in x:
        means = [sum(channel[row, column] for row in range(3) for column in range(5)) / 15 for channel in image]
        inner = [(sum(w * z for w, z in zip(weights, means)) + offset).clamp(min=0)
                 for weights, offset in zip(*parameters[:2])]
        rows.append(torch.stack([1 / (1 + torch.exp(-sum(w * z for w, z in zip(weights, inner)) - offset))
                                 for weights, offset in zip(*parameters[2:])]))
    assert (rows[0] - rows[1]).abs().max() > 1e-3, "or both images have the gates of an empty one"
    torch.testing.assert_close(channel_gates(x, *parameters), torch.stack(rows), rtol=1e-12, atol=1e-12)
    assert_same_gradient(layer(x), x * torch.stack(rows)[:, :, None, None], x)


def test_gates_know_no_place_and_positions_tell_it_to_a_vit():
    x, order = images(2, 4, 4, 6), torch.stack([torch.randperm(24), torch.randperm(24)])
    layer = SqueezeExcitation(4, 2)
    torch.testing.assert_close(layer.gates(patches.reordered(x, 1, order)), layer.gates(x))
    sizes = Sizes(image=(4, 6), patch=2, channels=4, d_model=14, heads=2, d_ff=23, dropout=0.0)
    blind, sighted = (make(sizes).eval() for make in (ViT.orderless, ViT.paper))
    order = order[:, :6].argsort(dim=1)
    moved = patches.reordered(x, 2, order)
    torch.testing.assert_close(blind(moved)[:, 0], blind(x)[:, 0])
    torch.testing.assert_close(blind(moved)[:, 1:], blind(x)[:, 1:].gather(1, order[..., None].expand(-1, -1, 14)))
    assert (sighted(moved)[:, 0] - sighted(x)[:, 0]).abs().max() > 1e-3


def test_a_picture_without_ink_and_one_of_a_single_patch():
    sizes = Sizes(image=(3, 3), patch=3, channels=2, d_model=14, heads=2, d_ff=23, dropout=0.0)
    model = ImageClassifier(ViT.paper(sizes), 5).eval()
    assert model(torch.zeros(1, 2, 3, 3)).shape == (1, 5)
    (weights, _) = model.encoder.weights(torch.randn(1, 2, 3, 3))
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(1, 2, 2))


SMALL = Sizes(image=(4, 6), patch=2, channels=3, d_model=14, heads=2)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: patches.cut(torch.ones(1, 3, 8, 9), 2), "8 × 9 pixels.*patches of 2 × 2.*pad the image"),
    (lambda: patches.cut(torch.ones(1, 3, 7, 8), 2), "7 × 8 pixels.*patches of 2 × 2.*multiples"),
    (lambda: patches.cut(torch.ones(1, 3, 8, 8), 0), "patches of 0 × 0.*choose another patch"),
    (lambda: Sizes(image=(28, 28), patch=16).grid, "28 × 28 pixels.*patches of 16 × 16.*choose another patch"),
    (lambda: ViT.paper(Sizes(image=(8, 9), patch=4)), "8 × 9 pixels.*patches of 4 × 4.*pad the image"),
    (lambda: ViT.orderless(Sizes(image=(8, 9), patch=4)), "8 × 9 pixels.*patches of 4 × 4.*pad the image"),
    (lambda: ViT.paper(SMALL)(torch.ones(2, 3, 6, 4)), r"\(2, 3, 6, 4\).*built for \(batch, 3, 4, 6\).*scale"),
    (lambda: ViT.paper(SMALL)(torch.ones(2, 1, 4, 6)), r"\(2, 1, 4, 6\).*built for \(batch, 3, 4, 6\)"),
    (lambda: ViT.paper(SMALL)(torch.ones(3, 4, 6)), r"\(3, 4, 6\).*axes are images, channels, height and width"),
    (lambda: ViT.paper(SMALL)(torch.ones(0, 3, 4, 6)), r"\(0, 3, 4, 6\).*built for"),
    (lambda: ViT.paper(Sizes(d_model=15, heads=2)), "15.*2 equal heads"),
    (lambda: ImageClassifier(ViT.paper(SMALL), 1), "1 classes: .*at least 2"),
    (lambda: patches.join(torch.ones(1, 4, 12), 3, 4, 6), r"4 patches of 12 numbers.*3 channels and 4 × 6 pixels"),
    (lambda: patches.join(torch.ones(1, 6, 11), 3, 4, 6), r"6 patches of 11 numbers.*3 channels and 4 × 6 pixels"),
    (lambda: patches.reordered(torch.ones(2, 1, 4, 6), 2, torch.zeros(2, 6).long()), r"orders \(2, 6\).*6 patches"),
    (lambda: patches.reordered(torch.ones(2, 1, 4, 6), 2, torch.arange(5)[None]), r"orders \(1, 5\).*6 patches"),
    (lambda: SqueezeExcitation(10, 4), "10 channels cannot be made 4 times fewer.*divisor"),
    (lambda: SqueezeExcitation(8, 4)(torch.ones(2, 4, 8, 8)), r"\(2, 4, 8, 8\) of 4 channels.*built for 8"),
    (lambda: ConvolutionalStem((1,), ()), r"channels \[1\] and strides \[\].*at least one convolution"),
    (lambda: ConvolutionalStem((1, 8), (1, 2)), r"channels \[1, 8\] and strides \[1, 2\]"),
])
def test_bad_input_is_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.slow
def test_the_recipe_for_longer_runs_trains_and_prints_its_rows(recipe):
    kinds = ["hybrid with channel attention", "ViT, strips in place of patches", "convolutions alone"]
    told = recipe("images", "--seconds", "0.1", "--kinds", *kinds)
    rows = re.findall(r"^\| (?!-)\w[^\n]+\|$", told, re.MULTILINE)[1:]
    assert [one.split("|")[1].strip() for one in rows] == [*kinds, "logistic regression", "SVM", "SVM, shifted too"]
    assert all(one.count("|") == 8 for one in rows)
