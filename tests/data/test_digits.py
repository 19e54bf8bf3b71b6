"""Digits: the split is fixed and fair, shifts are those of NumPy, rivals learn."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from selfattention.data import digits


def test_the_split_is_fixed_fair_and_without_overlap():
    train, test = digits.split()
    again = digits.split()
    assert len(train) == 1347 and len(test) == 450
    for one, other in zip((train, test), again):
        assert (one.images == other.images).all() and (one.labels == other.labels).all()
    assert (digits.split(seed=1)[1].labels != test.labels).any()
    counts = test.labels.bincount(minlength=10)
    assert counts.min() >= 43 and counts.max() <= 46  # 1,797 digits, of each kind 174 to 183, and a quarter of them
    pixels = np.concatenate([train.images.flatten(1).numpy(), test.images.flatten(1).numpy()]) * 16
    whole = load_digits().data
    assert sorted(map(tuple, pixels.tolist())) == sorted(map(tuple, whole.tolist()))


def test_images_have_the_pixels_and_labels_of_the_package():
    train, _ = digits.split(seed=3)
    known = {tuple(row): label for row, label in zip(*load_digits(return_X_y=True))}
    for image, label in zip(train.images[:50], train.labels[:50].tolist()):
        assert known[tuple((16 * image).flatten().tolist())] == label
    assert train.images.min() == 0 and train.images.max() == 1


def test_shifts_move_and_bring_paper_in():
    images = torch.randn(5, 1, 8, 8)
    down, right = torch.tensor([0, 1, -2, 3, 0]), torch.tensor([0, 0, 1, -3, 9])
    moved = digits.shifted(images, down, right)
    for image, was, rows, columns in zip(moved, images, down.tolist(), right.tolist()):
        expected = np.zeros((8, 8), dtype=np.float32)
        for row in range(8):
            for column in range(8):
                if 0 <= row - rows < 8 and 0 <= column - columns < 8:
                    expected[row, column] = was[0, row - rows, column - columns]
        np.testing.assert_array_equal(image[0].numpy(), expected)


def test_a_batch_is_found_by_its_step():
    train, _ = digits.split()
    batches = digits.ShiftedBatches(train, 16)
    assert (batches[3].images == batches[3].images).all() and (batches[3].images != batches[4].images).any()
    assert (batches[3].images != digits.ShiftedBatches(train, 16, seed=1)[3].images).any()
    still = digits.ShiftedBatches(train, 16, most=0)[0]
    known = {tuple(image.flatten().tolist()) for image in train.images}
    assert all(tuple(image.flatten().tolist()) in known for image in still.images)
    moved = digits.ShiftedBatches(train, 500)[0]
    ink = moved.images.flatten(1).sum(dim=1)
    assert len(moved) == 500 and moved.labels.unique().numel() == 10 and (ink > 0).all()


def test_loss_and_accuracy_count_images():
    batch = digits.Digits(torch.zeros(4, 1, 8, 8), torch.tensor([1, 1, 2, 3]))

    def model(images):
        return torch.log(torch.tensor([[0.1, 0.5, 0.2, 0.2]])).repeat(len(images), 1)

    total, count = digits.loss(model, batch)
    assert count == 4 and total.item() == pytest.approx(-2 * np.log(0.5) - 2 * np.log(0.2), rel=1e-6)
    assert digits.accuracy(model, batch) == 0.5
    assert len(batch.to("cpu")) == 4


def test_rivals_learn():
    train, test = digits.split()
    some = digits.Digits(train.images[:300], train.labels[:300])
    found = digits.rivals(some, test)
    assert list(found) == ["logistic regression", "SVM", "SVM, shifted too"]
    assert min(found.values()) > 0.85 and found["SVM"] > found["logistic regression"]


@pytest.mark.parametrize(("call", "message"), [
    (lambda: digits.split(test=3), "3 of 1797 digits.*at least 10"),
    (lambda: digits.split(test=1790), "1790 of 1797 digits.*at least 10"),
    (lambda: digits.shifted(torch.ones(2, 1, 8, 8), torch.ones(2).long(), torch.ones(3).long()),
     r"2 images, shifts \(2,\) and \(3,\)"),
])
def test_bad_input_is_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()
