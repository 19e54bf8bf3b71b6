"""Chapter 18's windows and scales in longer runs than a lesson has time for; prints tables in Markdown.

    python benchmarks/scales.py digits --seconds 30 --seeds 3
    python benchmarks/scales.py text --seconds 60 --seeds 3

`digits` trains a Swin of two scales on scikit-learn's digits, with shifted windows and with windows that stay where
they are. `text` asks models of two layers, with full attention and with far tokens pooled, for one of four values at
the beginning of 64 tokens, and for the symbol that occurs most often. Seconds are those of the processor, one thread.
"""

import argparse
from functools import partial

from learning import learned
from timing import processor, row

import torch  # isort: skip  (timing sets the number of threads before)
from torch import nn

from selfattention.data import asked, digits, recall
from selfattention.efficient.scales import MultiscaleAttention, pairs
from selfattention.layers import EncoderLayer, FeedForward, LayerNorm, PreNorm
from selfattention.models import swin
from selfattention.models.bigbird import BigBird, Sizes
from selfattention.positions import Rotary
from selfattention.training import adam

BATCH, TOKENS, BLOCK, WIDTH, SYMBOLS = 64, 64, 4, 64, 4
SWIN = swin.Sizes(classes=digits.CLASSES, channels=1, patch=2, width=32, depths=(2, 2), heads=(2, 4), window=2,
                  expansion=2)


def of_digits(shifted: bool, seconds: float, seed: int) -> None:
    """Patches of 2 × 2 pixels, so a grid of 4 × 4, and after a merging of 2 × 2."""
    torch.manual_seed(seed)
    train, test = digits.split(seed)
    model = swin.Swin(SWIN)
    for step in model.steps() if not shifted else ():
        if isinstance(step, swin.SwinLayer):
            step.attention.shift = 0
    for step, spent in learned(model, digits.ShiftedBatches(train, BATCH, seed=seed), digits.loss, seconds, seconds,
                               seed, make=adam):
        row("shifted" if shifted else "not shifted", f"{seed}", f"{step}", f"{spent:.0f}",
            f"{digits.accuracy(model, test):.3f}")


def most_frequent(count: int, generator: torch.Generator) -> asked.Asked:
    """Texts of a few symbols, each symbol with a chance of its own; at the end, which occurs most often?"""
    chances = torch.rand(count, SYMBOLS, generator=generator)
    texts = torch.multinomial(chances, TOKENS - 1, replacement=True, generator=generator)
    answers = nn.functional.one_hot(texts, SYMBOLS).sum(dim=1).argmax(dim=1)
    return asked.Asked(nn.functional.pad(texts, (0, 1), value=SYMBOLS), answers[:, None])


TASKS = {"one of four values": partial(recall.texts, pairs=4, fillers=TOKENS - 12), "most frequent": most_frequent}


def of_texts(task: str, block: int, seconds: float, seed: int) -> None:
    """Two causal layers; with a block as long as the text, that is full attention."""
    torch.manual_seed(seed)
    layers = [EncoderLayer(MultiscaleAttention(WIDTH, 2, block, rotary=Rotary(WIDTH // 2)),
                           FeedForward(WIDTH, 4 * WIDTH), PreNorm) for _ in range(2)]
    model = BigBird(Sizes(recall.VOCAB, d_model=WIDTH, dropout=0.0), layers, None, nn.Identity(), LayerNorm(WIDTH))
    test = TASKS[task](500, torch.Generator().manual_seed(10**6))
    for step, spent in learned(model, asked.Stream(TASKS[task], BATCH, seed), asked.loss, seconds, seconds, seed):
        row(f"{task}, {'full' if block >= TOKENS else 'by scales'}", f"{pairs(TOKENS, block)}", f"{seed}", f"{step}",
            f"{asked.accuracy(model, test):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("digits", "text"))
    parser.add_argument("--seconds", type=float, default=30, help="of the processor, for each training")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each kind")
    given = parser.parse_args()
    print(f"{processor()}, one thread\n")
    if given.part == "digits":
        print("| windows | seed | steps | seconds | right |\n|" + "---|" * 5)
        for shifted in (True, False):
            for seed in range(given.seeds):
                of_digits(shifted, given.seconds, seed)
    else:
        print("| question | scores a text | seed | steps | right |\n|" + "---|" * 5)
        for task in TASKS:
            for block in (TOKENS, BLOCK):
                for seed in range(given.seeds):
                    of_texts(task, block, given.seconds, seed)


if __name__ == "__main__":
    main()
