"""Chapter 16 in longer runs: what followed this symbol before, by one layer of attention and by two; prints Markdown.

    python benchmarks/induction.py                                  one and two layers, three seeds, 600 steps
    python benchmarks/induction.py --layers 1 --steps 3000 --seeds 5
    python benchmarks/induction.py --layers 2 --heads 4 --steps 200

Right answers are counted at the last question of 500 new texts. Scores are of the best head: of layer 1 for the token
before, of the last layer for what followed. Lost is what share of the answers a model of two layers loses without its
best previous-token head, without its best induction head, and without all heads of layer 2. Seconds are those of the
processor, on one thread.
"""

import argparse
import time
from functools import partial

import torch
from timing import processor, row  # one thread, before torch is there

from selfattention.data import repeats
from selfattention.data.asked import Stream, accuracy, loss
from selfattention.interpretability import changing_heads, effects, induction_score, previous_token_score
from selfattention.models.attention_only import AttentionOnly, Sizes
from selfattention.training import Recipe, fit, muon


def trained(layers: int, heads: int, steps: int, seed: int) -> None:
    """Train one model, and print its row."""
    torch.manual_seed(seed)
    model = AttentionOnly(Sizes(repeats.SYMBOLS, heads=heads, layers=layers))
    test = repeats.last(repeats.texts(500, torch.Generator().manual_seed(10**6)))
    started = time.process_time()
    course = fit(model, Stream(repeats.texts, 32, seed), Recipe(steps, 2e-2, warmup=20, seed=seed), loss=loss,
                 make=partial(muon, times=2), every=max(steps // 20, 1), watch=lambda model: accuracy(model, test))
    seconds = time.process_time() - started
    weights = model.weights(test.texts)
    previous, induction = previous_token_score(weights[0]), induction_score(weights[-1], test.texts, last=1)
    looks = enumerate(course.watched, start=1)
    late = next((f"{max(steps // 20, 1) * look}" for look, share in looks if share > 0.8), "–")
    lost = ["–"] * 3
    if layers > 1:
        table = effects(model.attentions, lambda: accuracy(model, test))
        whole = accuracy(model, test)
        with changing_heads(model.attentions[1], torch.zeros_like):
            without = whole - accuracy(model, test)
        lost = [f"{one:.2f}" for one in (table[0, previous.argmax()], table[-1, induction.argmax()], without)]
    row(f"{layers}", f"{seed}", f"{course.watched[-1]:.3f}", late, f"{previous.max():.2f}", f"{induction.max():.2f}",
        *lost, f"{seconds:.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--heads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    print(f"{processor()}, one thread; {chosen.steps} steps of 32 texts, {chosen.heads} heads a layer; blind guess "
          f"{repeats.CHANCE:.2f}\n")
    row("layers", "seed", "right", "step of 0.8", "previous-token score", "induction score", "lost without it",
        "without the induction head", "without layer 2", "seconds")
    row(*["---"] * 10)
    for count in chosen.layers:
        for number in range(chosen.seeds):
            trained(count, chosen.heads, chosen.steps, number)
