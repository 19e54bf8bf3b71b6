"""Associative recall at growing distance: five ways to mix, equally large, after the same number of steps; Markdown.

    python benchmarks/recall.py                                      4 pairs, three seeds, 600 steps: about an hour
    python benchmarks/recall.py --pairs 8 --steps 1000               8 pairs
    python benchmarks/recall.py --kinds attention gru --fillers 16 64 --seeds 1 --steps 150

Each kind is trained anew at each distance, with Muon for the matrices inside and Adam for all else, or with `--adam`
alone. A figure is the median over the seeds of the share of values recalled in 512 new texts; in brackets stand
the smallest and the largest. Seconds are those of the processor, on one thread.
"""

import argparse
import functools
import statistics
import time

import torch
from timing import processor, row  # one thread, before torch is there

from selfattention.data import recall
from selfattention.data.asked import Stream, accuracy, loss
from selfattention.models.sequence import MIXINGS, SequenceModel, Sizes, equally_large, parameter_count
from selfattention.training import Recipe, adam, fit, muon

RATES = {"muon": 2e-3, "adam": 3e-3}


def trained(kind: str, sizes: Sizes, make, arguments, seed: int) -> tuple[float, float]:
    """The share of values recalled at the end, and the processor's seconds."""
    torch.manual_seed(seed)
    model, name = SequenceModel(kind, sizes), "adam" if arguments.adam else "muon"
    rate = RATES[name] if arguments.rate is None else arguments.rate
    started = time.process_time()
    fit(model, Stream(make, 64, seed), Recipe(steps=arguments.steps, rate=rate, warmup=20, seed=seed), loss=loss,
        make=adam if arguments.adam else muon)
    seconds = time.process_time() - started
    return accuracy(model, make(512, torch.Generator().manual_seed(10**9))), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", choices=MIXINGS, default=list(MIXINGS))
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--fillers", type=int, nargs="+", default=[0, 16, 64])
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--width", type=int, default=64, help="of attention; the others get as many parameters")
    parser.add_argument("--rate", type=float, help="the learning rate")
    parser.add_argument("--adam", action="store_true", help="Adam alone")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    base = Sizes(vocab=recall.VOCAB, width=arguments.width)
    parameters = parameter_count(SequenceModel("attention", base))
    print(f"{processor()}, torch {torch.__version__}; {arguments.pairs} pairs, {arguments.steps} steps of 64 texts, "
          f"seeds {arguments.seeds}, {'Adam' if arguments.adam else 'Muon and Adam'}; guessing: {recall.CHANCE:.2f}\n")
    row("kind", "parameters", *(f"{fillers} fillers" for fillers in arguments.fillers), "ms a step")
    row("---", *["---"] * (len(arguments.fillers) + 2))
    for kind in arguments.kinds:
        sizes = base if kind == "attention" else equally_large(kind, base, parameters)
        cells, seconds = [], 0.0
        for fillers in arguments.fillers:
            make = functools.partial(recall.texts, pairs=arguments.pairs, fillers=fillers)
            runs = [trained(kind, sizes, make, arguments, seed) for seed in range(arguments.seeds)]
            found = [share for share, _ in runs]
            seconds += sum(one for _, one in runs)
            cells.append(f"{statistics.median(found):.2f} ({min(found):.2f}–{max(found):.2f})")
        trainings = arguments.seeds * len(arguments.fillers)
        row(kind, f"{parameter_count(SequenceModel(kind, sizes)):,}", *cells,
            f"{1000 * seconds / trainings / arguments.steps:.0f}")


if __name__ == "__main__":
    main()
