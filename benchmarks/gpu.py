"""A training step on a GPU, ours against torch.nn.Transformer in turn; without one, the operations it would launch.

    python benchmarks/gpu.py

A GPU waits for what it is told: where a step consists of many small operations, their number decides. torch's own
dispatcher counts them on any machine.
"""

import collections
import statistics
import time

import torch
from models import VOCAB, Torchs
from timing import row
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode

from selfattention.attention import attention, fused_attention
from selfattention.models.transformer import Sizes, Transformer

WIDTH, LAYERS, BATCH, TOKENS, REPEATS = 512, 6, 64, 64, 20
KINDS = {"float32": None, "bf16 autocast": torch.bfloat16}
# They only describe where numbers lie, or make room for them; a GPU has nothing to do.
NO_WORK = {"detach", "empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "_unsafe_view",
           "lift_fresh", "_local_scalar_dense"}


class Operations(TorchDispatchMode):
    """While entered, counts the operations that compute something."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: collections.Counter[str] = collections.Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        if not function.is_view and function.namespace == "aten" and name not in NO_WORK:
            self.counted[name] += 1
        return function(*args, **(kwargs or {}))


def models(width: int, layers: int) -> dict[str, nn.Module]:
    """Ours and torch's of the same size; neither drops weights of attention, so that both may take a fused kernel."""
    sizes = Sizes(VOCAB, VOCAB, width, 8, 4 * width, layers, 0.1)
    theirs = Torchs(sizes)
    for module in theirs.modules():
        if isinstance(module, nn.MultiheadAttention):
            module.dropout = 0.0
    return {"ours": Transformer.paper(sizes), "torch": theirs}


def stepper(model: nn.Module, source: torch.Tensor, target: torch.Tensor, kind: torch.dtype | None):
    """A training step of a model: forward, backward, clipping, Adam."""
    adam = torch.optim.Adam(model.parameters(), 1e-4, foreach=True)

    def step() -> None:
        with torch.autocast(source.device.type, kind or torch.bfloat16, enabled=kind is not None):
            logits = model(source, target[:, :-1]).flatten(0, 1)
        nn.functional.cross_entropy(logits.float(), target[:, 1:].flatten(), ignore_index=0).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        adam.zero_grad()

    return step


def batch(sentences: int, tokens: int, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Random sentences, some of them padded."""
    source = torch.randint(4, VOCAB, (sentences, tokens), device=device)
    source[::3, -3:] = 0
    return source, torch.randint(4, VOCAB, (sentences, tokens + 1), device=device)


def operations(kind: torch.dtype | None, layers: int = LAYERS) -> dict[str, collections.Counter]:
    """What a training step of each model launches, by operation; the sizes of the numbers play no part."""
    found = {}
    for name, model in models(64, layers).items():
        step = stepper(model.train(), *batch(4, 20, "cpu"), kind)
        step()
        with Operations() as seen:
            step()
        found[name] = seen.counted
    return found


def milliseconds(kind: torch.dtype | None) -> dict[str, float]:
    """The median time of a training step of each model on the GPU, measured in turn."""
    data = batch(BATCH, TOKENS, "cuda")
    steps = {name: stepper(model.cuda().train(), *data, kind) for name, model in models(WIDTH, LAYERS).items()}
    times = {name: [] for name in steps}
    for _ in range(REPEATS + 5):
        for name, step in steps.items():
            torch.cuda.synchronize()
            started = time.perf_counter()
            step()
            torch.cuda.synchronize()
            times[name].append(1000 * (time.perf_counter() - started))
    return {name: statistics.median(values[5:]) for name, values in times.items()}


def largest_difference(backend: SDPBackend, kind: torch.dtype) -> float:
    """Between a fused kernel of the GPU and attention by its formula, in values and gradients, with an empty row."""
    generator = torch.Generator("cuda").manual_seed(0)
    leaves = [torch.randn(3, 2, tokens, 64, generator=generator, device="cuda", dtype=kind, requires_grad=True)
              for tokens in (40, 56, 56)]
    mask = torch.rand(3, 1, 40, 56, generator=generator, device="cuda") < 0.7
    mask[1, :, 7] = False
    exact = [leaf.detach().double().requires_grad_() for leaf in leaves]
    with sdpa_kernel(backend):
        output = fused_attention(*leaves, mask)
        found = [output, *torch.autograd.grad(output.sum(), leaves)]
    output = attention(*exact, mask)
    wanted = [output, *torch.autograd.grad(output.sum(), exact)]
    return max((one.double() - other).abs().max().item() for one, other in zip(found, wanted))


def on_the_gpu() -> None:
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}; width {WIDTH}, {LAYERS} + {LAYERS} layers, "
          f"{BATCH} sentences of {TOKENS} tokens, {REPEATS} steps in turn\n")
    print("| a training step | ours | torch.nn.Transformer | ours / torch |\n|---|---|---|---|")
    for name, kind in KINDS.items():
        found = milliseconds(kind)
        row(name, f"{found['ours']:.1f} ms", f"{found['torch']:.1f} ms", f"{found['ours'] / found['torch']:.2f}")
    print("\n| a fused kernel against the formula | type | largest difference |\n|---|---|---|")
    for backend in (SDPBackend.EFFICIENT_ATTENTION, SDPBackend.CUDNN_ATTENTION, SDPBackend.MATH):
        for kind in (torch.float32, torch.bfloat16):
            try:
                row(backend.name, str(kind), f"{largest_difference(backend, kind):.1e}")
            except RuntimeError as error:
                row(backend.name, str(kind), f"is not to be had: {str(error).splitlines()[0]}")


def without_one() -> None:
    print("There is no GPU here, so nothing was timed. What a training step launches:\n")
    print("| operations of a training step | ours | torch.nn.Transformer | ours / torch |\n|---|---|---|---|")
    for name, kind in KINDS.items():
        ours, theirs = (counted.total() for counted in operations(kind).values())
        row(f"{LAYERS} + {LAYERS} layers, {name}", f"{ours}", f"{theirs}", f"{ours / theirs:.2f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    on_the_gpu() if torch.cuda.is_available() else without_one()
