"""Chapter 17 over more seeds than a lesson has time for; prints tables in Markdown.

    python benchmarks/graphs.py karate --seeds 20
    python benchmarks/graphs.py karate --seeds 20 --draw
    python benchmarks/graphs.py karate --seeds 20 --start 1
    python benchmarks/graphs.py lookup --pairs 4 8 16 32 --seeds 3

`karate` tells the members of the karate club apart from two labels, those of the two leaders, or with `--draw` of one
member of each side drawn anew for each seed; beside them label propagation. `--start` is the size of all weights at the
start, as a share of the usual. `lookup` asks for the value of a key among so many. Seconds are those of the processor,
on one thread.
"""

import argparse
import statistics
import time

import numpy as np
from timing import processor, row

import torch  # isort: skip  (timing sets the number of threads before)

from selfattention.data import karate, lookups
from selfattention.layers import watching
from selfattention.models.gat import GATLayer, GATv2Layer, MeanLayer, NodeClassifier, NodeReader, with_loops
from selfattention.training import train

LAYERS = {"GAT": GATLayer, "GATv2": GATv2Layer, "equal weights": MeanLayer}


def classified(layer: type, club: karate.Club, seed: int, steps: int, start: float) -> tuple[float, float]:
    """What a trained network does: the share of the other members that it tells apart, and whom it listens to.

    The second number is the mean weight of the edges between the sides, where 1 is an equal share of each target's
    edges, divided by that of the edges within.
    """
    torch.manual_seed(seed)
    model = NodeClassifier(34, 2, layer, dropout=0.0, start=start)
    train(model, lambda: club, [0.01] * steps, karate.loss)
    edges = with_loops(club.edges, 34)
    with watching(model.outer) as [calls], torch.no_grad():
        found = karate.accuracy(model(club.features, club.edges).argmax(dim=1), club)
    shares = calls[0][:, 0] * torch.bincount(edges[1])[edges[1]]
    between, proper = club.labels[edges[0]] != club.labels[edges[1]], edges[0] != edges[1]
    return found, (shares[between].mean() / shares[proper & ~between].mean()).item()


def sides(seeds: int, steps: int, draw: bool, start: float) -> None:
    """All layers on the karate club, seed by seed."""
    print("\n| | mean | least | weights between sides / within | seconds a training | right of 32, seed by seed |\n|"
          + "---|" * 6)
    labels, clubs = karate.club().labels.numpy(), []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        told = [int(rng.choice(np.flatnonzero(labels == side))) for side in (0, 1)] if draw else karate.LEADERS
        clubs.append(karate.club(told))
    ways = {name: lambda club, seed, layer=layer: classified(layer, club, seed, steps, start)
            for name, layer in LAYERS.items()}
    ways["label propagation"] = lambda club, seed: (karate.accuracy(karate.label_propagation(club), club), 1.0)
    for name, way in ways.items():
        started = time.process_time()
        found, heard = zip(*[way(club, seed) for seed, club in enumerate(clubs)])
        row(name, f"{statistics.mean(found):.3f}", f"{min(found):.3f}",
            f"{statistics.mean(heard):.2f}: " + " ".join(f"{share:.2f}" for share in heard),
            f"{(time.process_time() - started) / seeds:.2f}", " ".join(f"{32 * share:.0f}" for share in found))


def read(pairs: list[int], seeds: int, steps: int) -> None:
    """All layers on dictionaries of so many pairs."""
    print("\n| pairs | layer | right, seed by seed | a guess among the values there | seconds a training |\n|"
          + "---|" * 5)
    for count in pairs:
        test = lookups.graphs(100, count, torch.Generator().manual_seed(10**6))
        for name, layer in LAYERS.items():
            found, started = [], time.process_time()
            for seed in range(seeds):
                torch.manual_seed(seed)
                generator = torch.Generator().manual_seed(seed)
                model = NodeReader(3 * count, 2 * count, layer, width=4 * count)
                train(model, lambda count=count, generator=generator: lookups.graphs(32, count, generator),
                      [0.01] * steps, lookups.loss)
                found.append(lookups.accuracy(model, test))
            row(f"{count}", name, " ".join(f"{share:.2f}" for share in found), f"{1 / count:.2f}",
                f"{(time.process_time() - started) / seeds:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("part", choices=["karate", "lookup"])
    parser.add_argument("--seeds", type=int, default=20, help="how many trainings of each kind")
    parser.add_argument("--steps", type=int, help="of each training; 100 for karate, 300 for lookup")
    parser.add_argument("--draw", action="store_true", help="labels of members drawn at random (karate)")
    parser.add_argument("--start", type=float, default=0.1, help="size of the weights at first, a share of the usual")
    parser.add_argument("--pairs", type=int, nargs="+", default=[4, 8, 16, 32], help="in a dictionary (lookup)")
    chosen = parser.parse_args()
    print(f"{processor()}, one thread")
    if chosen.part == "karate":
        sides(chosen.seeds, chosen.steps or 100, chosen.draw, chosen.start)
    else:
        read(chosen.pairs, chosen.seeds, chosen.steps or 300)
