"""Handwritten digits of 8 × 8 pixels that come with scikit-learn: split, shifted, and judged by its rivals.

They are the test part of a collection at UCI (Alpaydin and Kaynak 1998), written by 13 people. A split by chance puts
digits of each of them on both sides, so what is measured here is new digits of known hands, which are easier than those
of new ones.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

SIDE, CLASSES, COUNT = 8, 10, 1797
DARKEST = 16  # pixels are whole numbers up to this one
Model = Callable[[Float[Tensor, "batch 1 8 8"]], Float[Tensor, "batch classes"]]  # scores each digit, by its logits


@dataclass(frozen=True)
class Digits:
    """Images with pixels from 0 (paper) to 1 (ink), and which digit each one is."""

    images: Float[Tensor, "batch 1 8 8"]
    labels: Int[Tensor, " batch"]

    def __len__(self) -> int:
        """How many."""
        return len(self.labels)

    def to(self, device: torch.device | str) -> "Digits":
        """The same on another device."""
        return Digits(self.images.to(device), self.labels.to(device))


def split(seed: int = 0, test: int = 450) -> tuple[Digits, Digits]:
    """The digits to learn from and those to test with, as many of each kind in both as can be; always the same two.

    Raises:  ValueError: one of the two parts would have fewer than ten digits.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    if not CLASSES <= test <= COUNT - CLASSES:
        raise ValueError(f"{test} of {COUNT} digits for the test: leave at least {CLASSES} for each of the two parts")
    pixels, labels = load_digits(return_X_y=True)
    learned, tested = train_test_split(np.arange(COUNT), test_size=test, random_state=seed, stratify=labels)
    images = torch.from_numpy(pixels / DARKEST).to(torch.get_default_dtype()).view(-1, 1, SIDE, SIDE)
    numbers = torch.from_numpy(labels).long()
    return tuple(Digits(images[part], numbers[part]) for part in (learned, tested))


def shifted(images: Float[Tensor, "batch 1 8 8"], down: Int[Tensor, " batch"],
            right: Int[Tensor, " batch"]) -> Float[Tensor, "batch 1 8 8"]:
    """Each image moved by so many pixels (negative: up, left); what leaves is lost, and paper comes in.

    Raises:  ValueError: not a shift for each image.
    """
    if not len(images) == len(down) == len(right):
        raise ValueError(f"{len(images)} images, shifts {tuple(down.shape)} and {tuple(right.shape)}: give each image "
                         "two")
    most = int(max(down.abs().max(), right.abs().max())) if len(images) else 0
    padded = nn.functional.pad(images[:, 0], (most,) * 4)
    rows = (torch.arange(SIDE) + most - down[:, None])[:, :, None]
    columns = (torch.arange(SIDE) + most - right[:, None])[:, None, :]
    return padded[torch.arange(len(images))[:, None, None], rows, columns][:, None]


@dataclass(frozen=True)
class ShiftedBatches:
    """Endless batches, found by their step, in which each image is moved by up to `most` pixels down or up and aside.

    Args:    digits: to draw from, with replacement. size: images in a batch.
    """

    digits: Digits
    size: int
    most: int = 1
    seed: int = 0

    def __getitem__(self, step: int) -> Digits:
        """The batch of this step."""
        draw = torch.Generator().manual_seed(self.seed * 1_000_000 + step)
        chosen = torch.randint(len(self.digits), (self.size,), generator=draw)
        down, right = torch.randint(-self.most, self.most + 1, (2, self.size), generator=draw)
        return Digits(shifted(self.digits.images[chosen], down, right), self.digits.labels[chosen])


def loss(model: Model, batch: Digits) -> tuple[Tensor, Tensor]:
    """The sum of the losses of all images in nats, and how many there are: what `training.Trainer` asks for."""
    return (nn.functional.cross_entropy(model(batch.images), batch.labels, reduction="sum"),
            torch.tensor(len(batch), device=batch.labels.device))


@torch.no_grad()
def accuracy(model: Model, digits: Digits) -> float:
    """The share of the images that get their digit."""
    return (model(digits.images).argmax(dim=1) == digits.labels).double().mean().item()


def rivals(train: Digits, test: Digits) -> dict[str, float]:
    """The shares that two methods without any attention get right, from the same pixels.

    scikit-learn's logistic regression and its support vector machine (SVM) with the usual kernel, both as they are
    where nothing is said; and the same SVM, when it learns from every digit at its place and moved by one pixel in
    eight directions.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    steps = torch.tensor([(down, right) for down in (0, -1, 1) for right in (0, -1, 1)])
    moved = Digits(torch.cat([shifted(train.images, *shift.expand(len(train), 2).T) for shift in steps]),
                   train.labels.repeat(len(steps)))
    found = {}
    for name, method, learned in (("logistic regression", LogisticRegression(max_iter=1000), train),
                                  ("SVM", SVC(), train), ("SVM, shifted too", SVC(), moved)):
        method.fit(learned.images.flatten(1).double().numpy(), learned.labels.numpy())
        found[name] = float(method.score(test.images.flatten(1).double().numpy(), test.labels.numpy()))
    return found
