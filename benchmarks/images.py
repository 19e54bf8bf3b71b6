"""Chapter 18's digits in longer runs than a lesson has time for; prints a table in Markdown.

    python benchmarks/images.py --seconds 20 --seeds 3
    python benchmarks/images.py --kinds hybrid --seconds 40 --seeds 10

Each model is trained for so many seconds of the processor, on one thread, on digits moved by up to one pixel, with Muon
for the matrices and Adam for all else; a seed chooses the split, the weights and the batches. Figures are shares of the
450 digits of the test part that are right. Rivals are scikit-learn's, on the same splits.
"""

import argparse
import statistics

from learning import learned
from timing import processor, row

import torch  # isort: skip  (timing sets the number of threads before)
from torch import nn

from selfattention.channels import SqueezeExcitation
from selfattention.data import digits
from selfattention.models.hybrid import ConvolutionalStem, Hybrid
from selfattention.models.vit import BEGINNING, ImageClassifier, Sizes, ViT
from selfattention.patches import cut, join, reordered

ON_PIXELS = Sizes(dropout=0.0)
ON_FEATURES = Sizes(image=(4, 4), patch=1, channels=64, layers=1)


class Before(nn.Module):
    """Does something to the images before the model sees them: the same to all."""

    def __init__(self, change, model: nn.Module) -> None:
        super().__init__()
        self.change, self.model = change, model

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.model(self.change(images))


class Convolutions(nn.Module):
    """The stem alone: its features' means over all places, and scores of them."""

    def __init__(self, *more: nn.Module) -> None:
        super().__init__()
        self.features, self.output = nn.Sequential(stem(), *more), nn.Linear(64, digits.CLASSES)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.output(self.features(images).mean(dim=(2, 3)))


def stem() -> nn.Module:
    return ConvolutionalStem((1, 32, 32, 64), (1, 1, 2))


def vit(make=ViT.paper, sizes: Sizes = ON_PIXELS) -> nn.Module:
    return ImageClassifier(make(sizes), digits.CLASSES)


def in_another_order(patch: int, model: nn.Module) -> nn.Module:
    """All images are shuffled in one and the same way."""
    order = torch.randperm((digits.SIDE // patch) ** 2, generator=torch.Generator().manual_seed(0))[None]
    return Before(lambda images: reordered(images, patch, order), model)


def strips(images: torch.Tensor) -> torch.Tensor:
    """Patch by patch what a reshape without a permute would cut: strips of 1 × 4 pixels."""
    return join(images.reshape(cut(images, 2).shape), 1, digits.SIDE, digits.SIDE)


def begun_small() -> nn.Module:
    """Class token and positions begin with the authors' standard deviation of 0.02."""
    model = vit()
    with torch.no_grad():
        for begun in (model.encoder.class_token, model.encoder.positions.table):
            begun *= 0.02 / BEGINNING
    return model


KINDS = {
    "ViT": vit,
    "ViT, positions begin at 0.02": begun_small,
    "ViT without positions": lambda: vit(ViT.orderless),
    "ViT, patches shuffled alike in all images": lambda: in_another_order(2, vit()),
    "ViT, strips in place of patches": lambda: Before(strips, vit()),
    "hybrid": lambda: Hybrid(stem(), vit(sizes=ON_FEATURES)),
    "hybrid, patches shuffled alike in all images": lambda: in_another_order(
        2, Hybrid(stem(), vit(sizes=ON_FEATURES))),
    "hybrid with channel attention": lambda: Hybrid(nn.Sequential(stem(), SqueezeExcitation(64)),
                                                    vit(sizes=ON_FEATURES)),
    "convolutions alone": Convolutions,
    "convolutions with channel attention": lambda: Convolutions(SqueezeExcitation(64)),
}


def shares(kind: str, seconds: float, seed: int) -> tuple[int, float, float]:
    """Steps, seconds, and the share of the test part that is right in the end."""
    torch.manual_seed(seed)
    model, (train, test) = KINDS[kind](), digits.split(seed)
    batches = digits.ShiftedBatches(train, 64, seed=seed)
    for step, spent in learned(model, batches, digits.loss, seconds, seconds, seed, down=1.0):
        pass
    return step, spent, digits.accuracy(model, test)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--seconds", type=float, default=20.0, help="of the processor, for each training")
    parser.add_argument("--seeds", type=int, default=1, help="how many trainings of each kind")
    chosen = parser.parse_args()
    print(f"{processor()}, one thread\n\n| method | parameters | steps | seconds | right, median | worst | best |")
    print("|" + "---|" * 7)
    for kind in chosen.kinds:
        runs = [shares(kind, chosen.seconds, seed) for seed in range(chosen.seeds)]
        found = [share for _, _, share in runs]
        parameters = sum(parameter.numel() for parameter in KINDS[kind]().parameters())
        row(kind, f"{parameters:,}", f"{statistics.median(step for step, _, _ in runs):.0f}",
            f"{statistics.median(spent for _, spent, _ in runs):.0f}",
            *(f"{of(found):.3f}" for of in (statistics.median, min, max)))
    rivals = [digits.rivals(*digits.split(seed)) for seed in range(chosen.seeds)]
    for name in rivals[0]:
        found = [one[name] for one in rivals]
        row(name, "", "", "", *(f"{of(found):.3f}" for of in (statistics.median, min, max)))


if __name__ == "__main__":
    main()
