"""Chapter 15 in longer runs than a lesson has time for; prints tables in Markdown.

    python benchmarks/long_context.py stream --memory 0 1 2 4 --seconds 90 --seeds 3
    python benchmarks/long_context.py stream --memory 2 --attached --seconds 90 --seeds 3
    python benchmarks/long_context.py stream --memory 1 --longer 2 4 --seconds 90 --seeds 3
    python benchmarks/long_context.py recall --seconds 60 --seeds 3
    python benchmarks/long_context.py cost

`stream` asks a Transformer-XL for what was told one to four segments ago, with a memory of so many segments; the first
texts are shorter, of two and of three segments. Then with a longer memory, as the model is and after some more
training; or with a memory that gradients reach. `recall` asks for four pairs at the beginning of 256 tokens,
with a window, with BigBird and with full attention; `cost` is time and memory of the attention alone. Seconds are those
of the processor, on one thread: other programs take none of them.
"""

import argparse
import dataclasses
import statistics
import time
from functools import partial

from learning import clock, growing, learned
from timing import processor, row

import torch  # isort: skip  (timing sets the number of threads before)

from selfattention.data import asked, recall, stream
from selfattention.efficient.block_sparse import sparse_attention
from selfattention.efficient.memory import peak_bytes
from selfattention.efficient.patterns import CausalPattern, Pattern, edges
from selfattention.models import bigbird, transformer_xl
from selfattention.training import muon

BATCH, DECAY = 64, 0.3  # texts in a batch; weight decay of Muon's matrices
SEGMENTS, SHORTER = 6, {2: 0.3, 3: 0.5}  # of a text; texts of so many until this share of the time is over (stream)
PAIRS, TOKENS, BLOCK = 4, 256, 16
PATTERNS = {"window of 2 blocks": CausalPattern(BLOCK, first=0, random=0), "BigBird": CausalPattern(BLOCK),
            "full": CausalPattern(TOKENS)}  # one block: each token sees all before it


class Attached(transformer_xl.TransformerXL):
    """Gradients reach what it remembers: a segment is trained for what later ones need of it, too."""

    def remember(self, memory: transformer_xl.Memory, inputs: transformer_xl.Memory) -> transformer_xl.Memory:
        joined = [torch.cat(both, dim=1) for both in zip(memory, inputs)]
        return [both[:, max(both.shape[1] - self.sizes.memory, 0):] for both in joined]


def by_distance(memory: int, seconds: float, seed: int, arguments) -> None:
    """A Transformer-XL whose layers remember so many segments: accuracy by distance in segments."""
    torch.manual_seed(seed)
    sizes = transformer_xl.Sizes(recall.VOCAB, layers=2, memory=memory * stream.TOKENS, dropout=0.0)
    kind = Attached if arguments.attached else transformer_xl.TransformerXL
    name = f"{memory}, attached" if arguments.attached else f"{memory}"
    model, test = kind(sizes), stream.texts(500, torch.Generator().manual_seed(10**6))

    def told(name: str, model: transformer_xl.TransformerXL, step: int, spent: float) -> None:
        row(name, f"{seed}", f"{step}", f"{spent:.0f}",
            *(f"{share:.2f}" for share in stream.accuracies(model, test).values()))

    def trained(model: transformer_xl.TransformerXL, seconds: float, every: float, seed: int, shares: dict[int, float]):
        length = growing(shares, SEGMENTS, seconds, clock(1))
        batches = asked.Stream(lambda count, generator: stream.texts(count, generator, length()), BATCH, seed)
        return learned(model, batches, stream.loss, seconds, every, seed, make=partial(muon, decay=DECAY), down=0)

    step, spent = 0, 0.0
    for step, spent in trained(model, seconds, seconds / 6, seed, SHORTER):
        told(name, model, step, spent)
    for segments in arguments.longer:
        reader = kind(dataclasses.replace(sizes, memory=segments * stream.TOKENS))
        reader.load_state_dict(model.state_dict())  # no weight depends on how long the memory is
        told(f"{name}, reads with {segments}", reader.eval(), step, spent)
        for more, took in trained(reader, seconds / 3, seconds / 3, seed + 1000, {}):
            told(f"{name}, then {segments}", reader, step + more, spent + took)


def by_pattern(name: str, seconds: float, seed: int) -> None:
    """A model of two layers with this pattern: accuracy of the recall."""
    torch.manual_seed(seed)
    model = bigbird.BigBird.rotary(bigbird.Sizes(recall.VOCAB, layers=2, dropout=0.0), PATTERNS[name])
    fillers = TOKENS - 3 * PAIRS
    test = recall.texts(500, torch.Generator().manual_seed(10**6), PAIRS, fillers)
    batches = asked.Stream(partial(recall.texts, pairs=PAIRS, fillers=fillers), BATCH, seed)
    for step, spent in learned(model, batches, asked.loss, seconds, seconds / 6, seed,
                               make=partial(muon, decay=DECAY), down=0):
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
    parser.add_argument("--longer", type=int, nargs="*", default=[],
                        help="memories to read with in the end: as the model is, and after a third of the time more "
                             "(stream)")
    parser.add_argument("--attached", action="store_true", help="let gradients reach the memory (stream)")
    parser.add_argument("--patterns", nargs="+", default=list(PATTERNS), choices=list(PATTERNS), help="(recall)")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the processor, for each training")
    parser.add_argument("--seeds", type=int, default=1, help="how many trainings of each kind")
    chosen = parser.parse_args()
    print(f"{processor()}, one thread")
    if chosen.part == "stream":
        print("\n| memory, segments | seed | step | seconds | 1 segment ago | 2 | 3 | 4 |\n|" + "---|" * 8)
        for remembered in chosen.memory:
            for number in range(chosen.seeds):
                by_distance(remembered, chosen.seconds, number, chosen)
    elif chosen.part == "recall":
        print("\n| attention | edges / tokens² | seed | step | seconds | recall |\n|" + "---|" * 6)
        for kind in chosen.patterns:
            for number in range(chosen.seeds):
                by_pattern(kind, chosen.seconds, number)
    else:
        cost()
