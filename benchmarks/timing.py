"""What benchmarks share: time that passes, a line of a table, and the name of the machine. One thread, unless told."""

import os
import platform
import time

os.environ["OMP_NUM_THREADS"] = "1"


def seconds(call) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(int(share * len(times)), len(times) - 1)]


def row(what: str, *figures: str) -> None:
    print(f"| {what} | {' | '.join(figures)} |", flush=True)


def milliseconds(value: float) -> str:
    return f"{value * 1000:.0f} ms"


def processor() -> str:
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
