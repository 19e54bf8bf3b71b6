"""Chapter 14 beside torch's own, in one run: speed, growth, error, recall, caches; prints tables in Markdown.

    python benchmarks/efficient.py                     all
    python benchmarks/efficient.py speed error         some of: speed, growth, error, recall, caches, gpu
    python benchmarks/efficient.py growth --largest 2048 --repeats 3

Seconds are those of the processor, on one thread: other programs take none of them, but they slow down the caches. So
compare the ratios, which are medians over rounds in which all are measured in turn. `gpu` is the Triton kernel beside
torch's, where there is a GPU and Triton.
"""

import argparse
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from timing import processor, row

os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # torch's profiler tells of every start otherwise
import torch
from torch.nn.functional import scaled_dot_product_attention as fused

from selfattention.attention import attention
from selfattention.efficient import caches
from selfattention.efficient.blockwise import blockwise_attention
from selfattention.efficient.capacity import corrected_sum, found_again, plain_sum
from selfattention.efficient.linear import (
    causal_linear_attention,
    chunked_delta_rule,
    chunked_linear_attention,
    delta_rule,
    linear_attention,
)
from selfattention.efficient.memory import peak_bytes
from selfattention.efficient.windows import windowed_attention

WIDTH, SMALLEST, WINDOW, DRAWS = 64, 512, 128, 10
Call = Callable[[], object]


def drawn(tokens: int, seed: int = 0, width: int = WIDTH) -> list[torch.Tensor]:
    """Queries, keys and values of one head."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(1, 1, tokens, width, generator=generator) for _ in range(3)]


def processor_seconds(call: Call) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def in_turn(calls: dict[str, Call], repeats: int) -> dict[str, list[float]]:
    """Seconds of each call in each round; what the first round warms up does not count."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats + 1):
        for name, call in calls.items():
            times[name].append(processor_seconds(call))
    return {name: values[1:] for name, values in times.items()}


def ratio(times: dict[str, list[float]], one: str, other: str) -> str:
    return f"{statistics.median(a / b for a, b in zip(times[one], times[other])):.2f}"


def backward(function: Callable, parts: list[torch.Tensor]) -> Call:
    leaves = [part.clone().requires_grad_() for part in parts]
    return lambda: torch.autograd.grad(function(*leaves).sum(), leaves)


def causal(function: Callable, name: str = "causal") -> Callable:
    return lambda *parts: function(*parts, **{name: True})


def formula(queries, keys, values):
    """Attention as its formula reads, with all scores in one table."""
    return torch.softmax(queries @ keys.mT / math.sqrt(queries.shape[-1]), dim=-1) @ values


def masked(queries, keys, values):
    """The same under a causal mask."""
    scores = queries @ keys.mT / math.sqrt(queries.shape[-1])
    future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return torch.softmax(scores.masked_fill(future, -math.inf), dim=-1) @ values


def with_mask(queries, keys, values):
    """The package's readable function under a causal mask."""
    return attention(queries, keys, values, torch.ones(queries.shape[-2], keys.shape[-2], dtype=torch.bool).tril())


def speed(largest: int, repeats: int) -> None:
    """Blockwise attention beside torch's fused one and two with a table of weights, at half of the largest n."""
    tokens = largest // 2
    parts = drawn(tokens)
    print(f"\n| n = {tokens}, d = {WIDTH}, float32 ({repeats} rounds) | fused | by blocks | the formula "
          "| `attention` | by blocks / fused | formula / by blocks | `attention` / by blocks |\n"
          "|---|---|---|---|---|---|---|---|")
    plain = (fused, blockwise_attention, formula, attention)
    hidden = (causal(fused, "is_causal"), causal(blockwise_attention), masked, with_mask)
    for name, four in (("forward", plain), ("forward, causal", hidden), ("forward and backward", plain)):
        calls = {label: backward(function, parts) if "backward" in name else lambda function=function: function(*parts)
                 for label, function in zip(("fused", "ours", "formula", "readable"), four)}
        times = in_turn(calls, repeats)
        row(name, *(f"{statistics.median(values):.2f} s" for values in times.values()),
            ratio(times, "ours", "fused"), ratio(times, "formula", "ours"), ratio(times, "readable", "ours"))


def unit(keys: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(keys, dim=-1)


KINDS: dict[str, Callable] = {
    "the formula": formula,
    "fused": fused,
    "by blocks": blockwise_attention,
    "by blocks, causal": causal(blockwise_attention),
    f"window of {WINDOW}": lambda *parts: windowed_attention(*parts, WINDOW),
    "linear, in chunks": lambda *parts: chunked_linear_attention(*parts),
    "linear, token by token": lambda *parts: causal_linear_attention(*parts),
    "delta rule, in chunks": lambda queries, keys, values: chunked_delta_rule(
        queries, unit(keys), values, torch.ones(keys.shape[:-1])),
    "delta rule, token by token": lambda queries, keys, values: delta_rule(
        queries, unit(keys), values, torch.ones(keys.shape[:-1])),
}


def growth(largest: int, repeats: int) -> None:
    """Time and memory by n, and the exponents with which they grow over the last two doublings and over all."""
    sizes = [SMALLEST << step for step in range(1 + int(math.log2(largest / SMALLEST)))]
    heads = " | ".join(f"{size}" for size in sizes)
    for what, unit_name in (("processor seconds", "s"), ("memory, the most at any time", "MiB")):
        print(f"\n| {what} ({unit_name}) by n, d = {WIDTH}, forward | {heads} | exponent, last two doublings | over "
              f"all |\n|---{'|---' * (len(sizes) + 2)}|")
        for name, function in KINDS.items():
            figures = []
            for size in sizes:
                parts = drawn(size)
                with torch.no_grad():
                    if unit_name == "s":
                        function(*parts)
                        figures.append(statistics.median(processor_seconds(lambda: function(*parts))
                                                         for _ in range(max(1, repeats if size < 4096 else 3))))
                    else:
                        figures.append(allocated(lambda: function(*parts)) / 2**20)
            row(name, *(f"{figure:.3g}" for figure in figures), f"{exponent(sizes[-3:], figures[-3:]):.2f}",
                f"{exponent(sizes, figures):.2f}")
    resident(largest)


def exponent(sizes: list[int], figures: list[float]) -> float:
    """The slope of the line through the logarithms of both."""
    return statistics.linear_regression(list(map(math.log, sizes)), list(map(math.log, figures))).slope


def allocated(call: Call) -> int:
    """The most bytes that torch's allocator held for a call, what kernels take for themselves included."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        call()
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    now = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most


CHILD = """
import sys, torch
sys.path.insert(0, {folder!r})
import efficient
def status(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name + ":")) / 1024
parts, small = efficient.drawn({tokens}), efficient.drawn(600)
with torch.no_grad():
    efficient.KINDS[{kind!r}](*small)
    open("/proc/self/clear_refs", "w").write("5")
    before = status("VmRSS")
    efficient.KINDS[{kind!r}](*parts)
print(status("VmHWM") - before)
"""


def resident(largest: int) -> None:
    """What the operating system gives a process of its own for one call, beside what is counted in tensors (Linux)."""
    if not os.path.exists("/proc/self/clear_refs"):
        return
    print(f"\n| MiB at n = {largest} | resident memory of the process | torch's allocator | counted in tensors |\n"
          "|---|---|---|---|")
    for kind in ("the formula", "fused", "by blocks"):
        code = CHILD.format(folder=os.path.dirname(os.path.abspath(__file__)), tokens=largest, kind=kind)
        seen = float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
        parts = drawn(largest)
        with torch.no_grad():
            row(kind, f"{seen:.1f}", f"{allocated(lambda: KINDS[kind](*parts)) / 2**20:.1f}",
                f"{peak_bytes(lambda: KINDS[kind](*parts)) / 2**20:.1f}")
    call = backward(blockwise_attention, drawn(largest))
    row("by blocks, forward and backward", "", f"{allocated(call) / 2**20:.1f}", f"{peak_bytes(call) / 2**20:.1f}")


def error(largest: int, _: int) -> None:
    """In float32 against float64, in the norm, relative; with scores that are exact in float32, and that are not."""
    tokens = min(2048, largest)
    print(f"\n| relative error in float32, n = {tokens}, d = {WIDTH} | largest score | fused | by blocks | the "
          "formula | gradients: fused | by blocks | the formula |\n|---|---|---|---|---|---|---|---|")
    for whole in (False, True):
        for scale in (1, 10, 100, 1000):
            queries, keys, values = drawn(tokens)
            if whole:
                queries, keys = (4 * queries).round(), (4 * keys).round()
            parts = [scale * queries, keys, values]
            most = float((parts[0] @ keys.mT).abs().max() / WIDTH**0.5)
            true = results(formula, [part.double() for part in parts])
            found = [results(function, parts) for function in (fused, blockwise_attention, formula)]
            outputs = [f"{off(one[:1], true[:1]):.1e}" for one in found]
            slopes = [f"{off(one[1:], true[1:]):.1e}" for one in found]
            row("whole numbers" if whole else "real numbers", f"{most:.0f}", *outputs, *slopes)


def results(function: Callable, parts: list[torch.Tensor]) -> list[torch.Tensor]:
    leaves = [part.clone().requires_grad_() for part in parts]
    output = function(*leaves)
    cotangent = torch.randn(output.shape, generator=torch.Generator().manual_seed(1)).to(output.dtype)
    return [output.detach(), *torch.autograd.grad(output, leaves, cotangent)]


def off(found: list[torch.Tensor], true: list[torch.Tensor]) -> float:
    return max(float((one - other).norm() / other.norm()) for one, other in zip(found, true))


def recall(largest: int, _: int) -> None:
    """So many keys with a value each are read; then each key is asked for. Whose value is most like what comes out?"""
    sizes = [size for size in (16, 32, 64, 128, 256, 512, 1024) if size <= largest]
    heads = " | ".join(f"{size} keys" for size in sizes)
    kinds = {"attention": attention, "linear attention": linear_attention,
             "the same, the mean taken out of the values": lambda queries, keys, values: linear_attention(
                 queries, keys, values - values.mean(dim=-2, keepdim=True)),
             "linear attention without φ and normaliser": plain_sum, "delta rule": corrected_sum}
    for times in (1, 2):
        again = "" if times == 1 else ", each read twice, with another value, of which the second counts"
        print(f"\n| keys found again, {WIDTH} numbers wide{again}; mean of {DRAWS} draws | {heads} |\n"
              f"|---{'|---' * len(sizes)}|")
        for name, answer in kinds.items():
            shares = (found_again(answer, size, times, draws=DRAWS, width=WIDTH).double().mean() for size in sizes)
            row(name, *(f"{share:.2f}" for share in shares))
    late = found_again(corrected_sum, 256, draws=DRAWS, width=WIDTH).double().mean(dim=0).unflatten(0, (4, 64))
    print("\n| of 256 keys in the delta rule's table, as told | first 64 | next 64 | next 64 | last 64 |\n"
          "|---|---|---|---|---|")
    row("found again", *(f"{share:.2f}" for share in late.mean(dim=1)))


def cached(largest: int, repeats: int) -> None:
    """Bytes of caches by arithmetic and as real tensors; one decoding step of latent attention, plain and absorbed."""
    from selfattention.layers import MultiHeadAttention

    d_model, heads, tokens = 1024, 16, min(2048, largest)
    x = torch.randn(1, tokens, d_model)
    print(f"\n| cache of one layer, {tokens} tokens, {heads} heads of 64, float32 | bytes by arithmetic | of real "
          "tensors | times multi-head |\n|---|---|---|---|")
    most = caches.key_value_bytes(tokens, 1, heads, 64, bits=32)
    with torch.no_grad():
        for name, key_heads in (("multi-head", 16), ("grouped, 4 key heads", 4), ("multi-query", 1)):
            kept = MultiHeadAttention(d_model, heads, key_heads=key_heads).keys_values(x)
            counted = caches.key_value_bytes(tokens, 1, key_heads, 64, bits=32)
            row(name, f"{counted}", f"{caches.held_bytes(*kept)}", f"1/{most / counted:.1f}")
        layer = caches.LatentAttention(caches.LatentSizes(d_model, heads, 64, 128, 32))
        cache, new = layer.compress(x), torch.randn(1, 1, d_model)
        counted = caches.latent_bytes(tokens, 1, 128, 32, bits=32)
        row("latent, 128 + 32", f"{counted}", f"{caches.held_bytes(*cache)}", f"1/{most / counted:.1f}")
        times = in_turn({"plain": lambda: layer.attend(new, cache, start=tokens),
                         "absorbed": lambda: layer.attend_absorbed(new, cache, start=tokens)}, repeats)
    print("\n| one new token of latent attention | plain | absorbed | plain / absorbed |\n|---|---|---|---|")
    row(f"{tokens} tokens in the cache", *(f"{1000 * statistics.median(values):.1f} ms" for values in times.values()),
        ratio(times, "plain", "absorbed"))


def gpu(largest: int, repeats: int) -> None:
    """The Triton kernel beside torch's fused attention on a GPU, forward, in turn."""
    if not torch.cuda.is_available():
        print("\nNo GPU here, so the Triton kernel is not timed.")
        return
    from selfattention.efficient.triton_kernel import triton_attention

    print("\n| forward on the GPU, 16 heads, d = 64 | fused | Triton | Triton / fused | largest difference |\n"
          "|---|---|---|---|---|")
    for kind in (torch.float16, torch.float32):
        for tokens in (2048, largest):
            parts = [torch.randn(1, 16, tokens, WIDTH, device="cuda", dtype=kind) for _ in range(3)]
            times: dict[str, list[float]] = {"fused": [], "Triton": []}
            for _ in range(repeats + 3):
                for name, function in (("fused", fused), ("Triton", triton_attention)):
                    torch.cuda.synchronize()
                    started = time.perf_counter()
                    function(*parts)
                    torch.cuda.synchronize()
                    times[name].append(time.perf_counter() - started)
            times = {name: values[3:] for name, values in times.items()}
            apart = float((fused(*parts) - triton_attention(*parts)).abs().max())
            row(f"{str(kind).removeprefix('torch.')}, n = {tokens}",
                *(f"{1000 * statistics.median(values):.2f} ms" for values in times.values()),
                ratio(times, "Triton", "fused"), f"{apart:.1e}")


PARTS = {"speed": speed, "growth": growth, "error": error, "recall": recall, "caches": cached, "gpu": gpu}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="part")
    parser.add_argument("--largest", type=int, default=16_384, help="tokens")
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args()
    print(f"{processor()}, torch {torch.__version__}, {torch.get_num_threads()} thread")
    for part in given.parts or PARTS:
        PARTS[part](given.largest, given.repeats)
