"""Chapter 15 in longer runs than a lesson has time for; prints tables in Markdown.

    python benchmarks/long_context.py stream --memory 0 1 2 --seconds 90 --seeds 3
    python benchmarks/long_context.py stream --memory 1 --longer 2 4 --seconds 120 --seeds 3
    python benchmarks/long_context.py recall --seconds 60 --seeds 3
    python benchmarks/long_context.py cost

`stream` asks a Transformer-XL for what was told one to four segments ago, with a memory of so many segments, and then
with a longer one, as it is and after some more training; `recall` asks for four pairs at the beginning of 256 tokens,
with a window, with BigBird and with full attention; `cost` is time and memory of the attention alone. Seconds are those
of the processor, on one thread: other programs take none of them.
"""

import argparse
import dataclasses
import statistics
import time
from functools import partial

from learning import learned
from timing import processor, row

import torch  # isort: skip  (timing sets the number of threads before)

from selfattention.data import asked, recall, stream
from selfattention.efficient.block_sparse import sparse_attention
from selfattention.efficient.memory import peak_bytes
from selfattention.efficient.patterns import CausalPattern, Pattern, edges
from selfattention.models import bigbird, transformer_xl

BATCH = 64
PAIRS, TOKENS, BLOCK = 4, 256, 16
PATTERNS = {"window of 2 blocks": CausalPattern(BLOCK, first=0, random=0), "BigBird": CausalPattern(BLOCK),
            "full": CausalPattern(TOKENS)}  # one block: each token sees all before it


def by_distance(memory: int, seconds: float, seed: int, longer: list[int]) -> None:
    """A Transformer-XL whose layers remember so many segments: accuracy by distance in segments.

    Args:    longer: memories with which the trained model reads in the end: as it is, and after a third of the time
             with that memory.
    """
    torch.manual_seed(seed)
    sizes = transformer_xl.Sizes(recall.VOCAB, layers=2, memory=memory * stream.TOKENS, dropout=0.0)
    model = transformer_xl.TransformerXL(sizes)
    test = stream.texts(500, torch.Generator().manual_seed(10**6))

    def told(name: str, model: transformer_xl.TransformerXL, step: int, spent: float) -> None:
        row(name, f"{seed}", f"{step}", f"{spent:.0f}",
            *(f"{share:.2f}" for share in stream.accuracies(model, test).values()))

    step, spent = 0, 0.0
    for step, spent in learned(model, stream.Stream(BATCH, seed=seed), stream.loss, seconds, seconds / 6, seed, down=0):
        told(f"{memory}", model, step, spent)
    for segments in longer:
        reader = transformer_xl.TransformerXL(dataclasses.replace(sizes, memory=segments * stream.TOKENS))
        reader.load_state_dict(model.state_dict())  # no weight depends on how long the memory is
        told(f"{memory}, reads with {segments}", reader.eval(), step, spent)
        for more, took in learned(reader, stream.Stream(BATCH, seed=seed + 1000), stream.loss, seconds / 3, seconds / 3,
                                  seed, down=0):
            told(f"{memory}, then {segments}", reader, step + more, spent + took)


def by_pattern(name: str, seconds: float, seed: int) -> None:
    """A model of two layers with this pattern: accuracy of the recall."""
    torch.manual_seed(seed)
    model = bigbird.BigBird.rotary(bigbird.Sizes(recall.VOCAB, layers=2, dropout=0.0), PATTERNS[name])
    fillers = TOKENS - 3 * PAIRS
    test = recall.texts(500, torch.Generator().manual_seed(10**6), PAIRS, fillers)
    batches = asked.Stream(partial(recall.texts, pairs=PAIRS, fillers=fillers), BATCH, seed)
    for step, spent in learned(model, batches, asked.loss, seconds, seconds / 6, seed, down=0):
        row(name, f"{edges(PATTERNS[name], TOKENS) / TOKENS**2:.2f}", f"{seed}", f"{step}", f"{spent:.0f}",
            f"{asked.accuracy(model, test):.2f}")


def cost(repeats: int = 5) -> None:
    """Attention alone, two heads of 64: BigBird by blocks of 64 against torch's fused kernel over all tokens."""
    print("\n| tokens | edges / tokens² | BigBird, forward | full | full / BigBird | with backward | full | "
          "full / BigBird | MiB, BigBird | MiB, scores of full |\n|" + "---|" * 10)
    pattern = Pattern(64)
    for tokens in (1024, 2048, 4096, 8192, 16384):
        leaves = [torch.randn(1, 2, tokens, 64, requires_grad=True) for _ in range(3)]
        ways = {"ours": lambda leaves=leaves, seen=pattern.seen(tokens): sparse_attention(*leaves, seen),
                "full": lambda leaves=leaves: torch.nn.functional.scaled_dot_product_attention(*leaves)}
        times = {(name, learns): [] for learns in (False, True) for name in ways}
        for _ in range(repeats + 1):  # in turn; the first round warms up
            for name, learns in times:
                started = time.process_time()
                with torch.set_grad_enabled(learns):
                    mixed = ways[name]()
                if learns:
                    torch.autograd.grad(mixed.sum(), leaves)
                times[name, learns].append(time.process_time() - started)
        medians = {key: statistics.median(values[1:]) for key, values in times.items()}
        figures = []
        for learns in (False, True):
            ours, full = medians["ours", learns], medians["full", learns]
            figures += [f"{ours * 1000:.0f} ms", f"{full * 1000:.0f} ms", f"{full / ours:.1f}"]
        needed = peak_bytes(lambda ways=ways, leaves=leaves: torch.autograd.grad(ways["ours"]().sum(), leaves))
        row(f"{tokens}", f"{edges(pattern, tokens) / tokens**2:.3f}", *figures, f"{needed / 2**20:.0f}",
            f"{2 * 4 * tokens**2 / 2**20:.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("part", choices=["stream", "recall", "cost"])
    parser.add_argument("--memory", type=int, nargs="+", default=[0, 1, 2], help="in segments (stream)")
    parser.add_argument("--longer", type=int, nargs="*", default=[], help="memories to read with after it (stream)")
    parser.add_argument("--patterns", nargs="+", default=list(PATTERNS), choices=list(PATTERNS), help="(recall)")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the processor, for each training")
    parser.add_argument("--seeds", type=int, default=1, help="how many trainings of each kind")
    chosen = parser.parse_args()
    print(f"{processor()}, one thread")
    if chosen.part == "stream":
        print("\n| memory, segments | seed | step | seconds | 1 segment ago | 2 | 3 | 4 |\n|" + "---|" * 8)
        for remembered in chosen.memory:
            for number in range(chosen.seeds):
                by_distance(remembered, chosen.seconds, number, chosen.longer)
    elif chosen.part == "recall":
        print("\n| attention | edges / tokens² | seed | step | seconds | recall |\n|" + "---|" * 6)
        for kind in chosen.patterns:
            for number in range(chosen.seeds):
                by_pattern(kind, chosen.seconds, number)
    else:
        cost()
