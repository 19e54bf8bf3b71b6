"""Swin against Hugging Face's, and its windows against loops over pixels: float64, forward and gradients."""

import itertools

import pytest
import torch
from torch import nn

from selfattention.attention import attention
from selfattention.efficient.grids import grid, relative_index, window_mask, windows
from selfattention.models.swin import Sizes, Swin, WindowAttention, merge
from selfattention.parity.swin import from_swin

CLOSE = {"rtol": 1e-9, "atol": 1e-11}
SIZES = Sizes(classes=5, channels=2, patch=2, width=6, depths=(2, 1, 2), heads=(1, 2, 3), window=3, expansion=3)
pytestmark = pytest.mark.usefixtures("float64")


def random_weights(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


@pytest.fixture
def theirs():
    transformers = pytest.importorskip("transformers")
    return random_weights(transformers.SwinForImageClassification(transformers.SwinConfig(
        image_size=24, num_channels=2, patch_size=2, embed_dim=6, depths=[2, 1, 2], num_heads=[1, 2, 3], window_size=3,
        mlp_ratio=3.0, num_labels=5, drop_path_rate=0.0, attn_implementation="sdpa")).double()).train()


@pytest.mark.parametrize("sides", [(24, 48), (48, 24), (24, 24)])
def test_equals_hugging_faces_model(theirs, sides):
    """Grids of 12 × 24, 6 × 12 and 3 × 6: shifted in the first stage, one window high in the last."""
    ours, images = from_swin(Swin(SIZES), theirs), torch.randn(2, 2, *sides)
    mine, yours = images.clone().requires_grad_(), images.clone().requires_grad_()
    got, expected = ours.encode(mine), theirs.swin(yours).last_hidden_state
    assert got.shape[1:3] == (sides[0] // 8, sides[1] // 8)
    torch.testing.assert_close(got.flatten(1, 2), expected, **CLOSE)
    scores, wanted = ours(mine), theirs(yours).logits
    torch.testing.assert_close(scores, wanted, **CLOSE)
    cotangent = torch.randn_like(scores)
    scores.backward(cotangent)
    wanted.backward(cotangent)
    torch.testing.assert_close(mine.grad, yours.grad, **CLOSE)
    for weight in theirs.parameters():
        weight.data = weight.grad
    for name, gradient in from_swin(Swin(SIZES), theirs).named_parameters():  # the same table for the gradients
        torch.testing.assert_close(ours.get_parameter(name).grad, gradient.data, **CLOSE)


def test_a_model_without_classes_keeps_our_head(theirs):
    ours = Swin(SIZES)
    before = ours.head.weight.clone()
    from_swin(ours, theirs.swin)
    assert torch.equal(ours.head.weight, before)
    assert torch.equal(ours.last_norm.gain, theirs.swin.layernorm.weight)


def neighbours(height, width, size, shift):
    """Who sees whom in the image itself: borders of windows stand `shift` after every multiple of the size."""
    def window(row, column):
        return (row - shift) // size, (column - shift) // size

    places = list(itertools.product(range(height), range(width)))
    return torch.tensor([[window(*query) == window(*key) for key in places] for query in places])


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_shifted_windows_are_attention_in_the_image_under_a_mask(shift):
    """No roll, no windows: all pairs of pixels, those of one window seen, with the bias of their displacement."""
    layer = random_weights(WindowAttention(10, 2, 3, shift))
    x = torch.randn(2, 6, 9, 10, requires_grad=True)
    mask, bias = neighbours(6, 9, 3, shift), torch.zeros(2, 54, 54)
    for query, key in mask.nonzero().tolist():
        down, across = query // 9 - key // 9, query % 9 - key % 9
        bias[:, query, key] = layer.table[(down + 2) * 5 + across + 2]
    queries, keys, values = (projection(x).flatten(1, 2).unflatten(2, (2, 5)).transpose(1, 2)
                             for projection in (layer.query, layer.key, layer.value))
    mixed = attention(queries, keys, values, mask, bias).transpose(1, 2).flatten(2)
    got, expected = layer(x), layer.output(mixed).unflatten(1, (6, 9))
    torch.testing.assert_close(got, expected, **CLOSE)
    leaves, cotangent = [x, *layer.parameters()], torch.randn_like(got)
    for one, other in zip(*(torch.autograd.grad(output, leaves, cotangent) for output in (got, expected))):
        torch.testing.assert_close(one, other, **CLOSE)


def test_windows_and_back_and_merging_by_loops():
    x = torch.randn(2, 6, 9, 5)
    cut = windows(x, 3)
    assert cut.shape == (2, 6, 9, 5) and torch.equal(grid(cut, 6, 9), x)
    merged = merge(x[:, :, :8])
    for row, column in itertools.product(range(6), range(8)):
        window, place = row // 3 * 3 + column // 3, row % 3 * 3 + column % 3
        assert torch.equal(cut[:, window, place], x[:, row, column])
        part = 5 * (row % 2 + 2 * (column % 2))
        assert torch.equal(merged[:, row // 2, column // 2, part:part + 5], x[:, row, column])


@pytest.mark.parametrize(("height", "width", "size", "shift"), [(6, 9, 3, 1), (6, 9, 3, 2), (4, 8, 4, 2), (6, 4, 2, 0)])
def test_the_mask_lets_neighbours_alone_see_each_other(height, width, size, shift):
    places = torch.arange(height * width).view(1, height, width, 1).double()
    (cut,) = windows(places.roll((-shift, -shift), (1, 2)), size)[..., 0].long()
    seen, mask = neighbours(height, width, size, shift), window_mask(height, width, size, shift)
    for numbers, table in zip(cut, mask, strict=True):
        for (row, query), (column, key) in itertools.product(enumerate(numbers), enumerate(numbers)):
            # Pixels of one window in the image, but for those that the border of the image cuts off.
            assert table[row, column] == seen[query, key]


def test_the_index_is_a_number_for_each_displacement():
    index, found = relative_index(3), {}
    for query, key in itertools.product(range(9), repeat=2):
        away = (query // 3 - key // 3, query % 3 - key % 3)
        assert found.setdefault(away, int(index[query, key])) == index[query, key]
    assert sorted(found.values()) == list(range(25)) and found[0, 0] == 12 and found[-2, -2] == 0 and found[0, 1] == 13


def test_two_images_do_not_meet_and_no_pixel_reaches_beyond_its_windows():
    model = random_weights(Swin(Sizes(classes=3, channels=1, patch=1, width=4, depths=(1,), heads=(2,), window=4)))
    x = torch.randn(2, 1, 8, 8)
    changed = x.clone()
    changed[1, 0, 3, 5] += 1
    moved = (model.encode(changed) - model.encode(x)).abs().sum(dim=-1) > 0
    expected = torch.zeros(2, 8, 8, dtype=torch.bool)
    expected[1, :4, 4:] = True
    assert torch.equal(moved, expected)


BAD = {
    "larger than the image": (lambda: windows(torch.ones(1, 2, 6, 1), 3), r"3 × 3 is larger than the grid of 2 × 6"),
    "no multiple": (lambda: windows(torch.ones(1, 6, 7, 1), 3), r"6 × 7 .* windows of 3 × 3: pad it to 6 × 9"),
    "no window": (lambda: windows(torch.ones(1, 6, 6, 1), 0), "at least one place"),
    "not square": (lambda: grid(torch.ones(1, 2, 6, 1), 3, 4), "6 places are not square"),
    "too few": (lambda: grid(torch.ones(1, 3, 4, 1), 4, 4), "3 windows of 2 × 2 do not fill .* 4 × 4: it has 4"),
    "shift too far": (lambda: window_mask(6, 6, 3, 3), "shift of 3 for windows of 3 × 3: choose 0 to 2"),
    "shift below 0": (lambda: WindowAttention(4, 2, 3, -1), "shift of -1 .* choose 0 to 2"),
    "odd": (lambda: merge(torch.ones(1, 4, 3, 1)), "4 × 3 cannot be merged .* even"),
    "patch": (lambda: Swin(SIZES)(torch.ones(1, 2, 24, 25)), r"24 × 25 .* patches of 2 × 2: .* 24 × 26"),
    "channels": (lambda: Swin(SIZES)(torch.ones(1, 3, 24, 24)), r"\(1, 3, 24, 24\).*channels \(2\)"),
    "none": (lambda: Swin(SIZES)(torch.ones(0, 2, 24, 24)), "at least one"),
    "image and window": (lambda: Swin(SIZES)(torch.ones(1, 2, 28, 24)), r"14 × 12 .* windows of 3 × 3: pad it to 15"),
    "small image": (lambda: Swin(SIZES)(torch.ones(1, 2, 4, 24)), "larger than the grid of 2 × 12"),
    "stages": (lambda: Sizes(depths=(2, 2), heads=(2,)), "2 stages have layers and 1 have heads"),
    "no stage": (lambda: Sizes(depths=(), heads=()), "at least one stage"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_with_both_sides_and_the_remedy(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()


def test_weights_of_another_size_are_refused(theirs):
    with pytest.raises(ValueError, match="of another shape"):
        from_swin(Swin(Sizes(5, 2, 2, 6, (2, 1, 2), (1, 2, 3), window=4, expansion=3)), theirs)
