"""Do the lessons' claims hold on other processors, with other thread counts and for other seeds?

    python benchmarks/claims.py               every lesson (half an hour on two cores); prints a table in Markdown
    python benchmarks/claims.py 09 10         these lessons only
    python benchmarks/claims.py --seeds 20    with twenty other sets of seeds in place of six
    python benchmarks/claims.py --write       the table also goes into README.md beside this file

Each lesson runs as it stands, then with one thing changed at a time: the instruction set, the number of threads, the
seeds. What has been measured is kept under build/claims and not measured again while lesson and package are the same,
so an interrupted run goes on where it was. Exit status: 0 where every claim held in every run, else 1.
"""

import argparse
import concurrent.futures
import contextlib
import hashlib
import io
import json
import math
import os
import re
import subprocess
import sys
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "selfattention"
README = Path(__file__).with_name("README.md")
KEPT = ROOT / "build" / "claims"
SEEDS = 6
SHIFT = 10_007  # added to every seed of a lesson, once, twice, …: a prime, so that no two seeds meet
STRANGERS = {"engine", "problems", "course", "lessons", "plots"}  # rooms on which no claim depends
# What oneDNN, MKL and OpenBLAS call the instruction sets that torch knows; all four must take the same one.
INSTRUCTIONS = {"default": ("SSE41", "SSE4_2", "Nehalem"), "avx2": ("AVX2", "AVX2", "Haswell"),
                "avx512": ("AVX512_CORE", "AVX512", "SkylakeX")}


@dataclass(frozen=True, eq=False)
class Variation:
    """One way to run a lesson; `environment` is what differs from an ordinary run."""

    name: str
    environment: dict[str, str] = field(default_factory=dict)
    shift: int = 0
    threads: int = 1

    @property
    def same_numbers(self) -> bool:
        """Whether the reader's text must be the same: only other seeds may give other digits."""
        return self.shift == 0


def variations(seeds: int = SEEDS) -> list[Variation]:
    """The lesson as it stands first; then instruction sets that this processor has, threads, and seeds."""
    import torch

    native = torch.backends.cpu.get_cpu_capability().lower()
    sets = list(INSTRUCTIONS)[:list(INSTRUCTIONS).index(native) + 1] if native in INSTRUCTIONS else []
    return [Variation("as it stands"),
            *(Variation(name, instructions(name)) for name in sets if name != native),
            Variation("two threads", threads=2),
            *(Variation(f"seeds {number}", shift=number * SHIFT) for number in range(1, seeds + 1))]


def instructions(name: str) -> dict[str, str]:
    """The environment in which torch, oneDNN, MKL, OpenBLAS and NumPy keep to an instruction set."""
    import numpy._core._multiarray_umath as umath

    newer = {"default": umath.__cpu_dispatch__, "avx512": [],
             "avx2": [one for one in umath.__cpu_dispatch__ if "512" in one or one == "X86_V4"]}[name]
    onednn, mkl, openblas = INSTRUCTIONS[name]
    return {"ATEN_CPU_CAPABILITY": name, "ONEDNN_MAX_CPU_ISA": onednn, "MKL_ENABLE_INSTRUCTIONS": mkl,
            "OPENBLAS_CORETYPE": openblas, "NPY_DISABLE_CPU_FEATURES": " ".join(newer)}


def lessons(wanted: list[str]) -> list[Path]:
    """The lessons that start with one of `wanted`, or all, in their order."""
    found = [path for path in sorted((PACKAGE / "lessons").glob("[0-9][0-9]_*.py"))
             if not wanted or path.stem.startswith(tuple(wanted))]
    if not found:
        sys.exit(f"claims: no lesson starts with {', '.join(wanted)}")
    return found


# In the process of one run:

def shift_seeds(shift: int) -> None:
    """Add `shift` to every seed that Python, NumPy and torch are given from now on."""
    import random

    import numpy as np
    import torch

    def moved(seed):
        if isinstance(seed, (list, tuple)):
            return [moved(seed[0]), *seed[1:]]
        if isinstance(seed, np.random.Generator):
            return seed  # was made with a seed already
        return f"{seed} {shift}" if isinstance(seed, str) else seed + shift

    class Random(random.Random):
        def __init__(self, seed=None):
            super().__init__(seed if seed is None else moved(seed))

    class Generator(torch.Generator):
        def manual_seed(self, seed):
            return super().manual_seed(moved(seed))

    default_rng, manual_seed = np.random.default_rng, torch.manual_seed
    random.Random, torch.Generator = Random, Generator
    np.random.default_rng = lambda seed=None: default_rng(seed if seed is None else moved(seed))
    torch.manual_seed = lambda seed: manual_seed(moved(seed))


def run_here(lesson: Path, shift: int) -> dict:
    """Run a lesson cell by cell; what its claims measured and printed, and where it broke."""
    import jupytext
    import matplotlib

    from selfattention import claims, plots
    from selfattention.claims import statements

    matplotlib.use("agg")
    if shift:
        shift_seeds(shift)
    found, seen = {}, []

    def claim(key, guess=None, /, **values):
        stated = statements.find(key)
        numbers = {name: limits.measured(values[name]) for name, limits in stated.numbers.items()}
        figure = stated.figure.format(**numbers)
        print(f"{stated.statement}: {figure}")
        seen.append((stated.statement, figure, [asdict(one) for one in numbers.values()]))

    claims.claim, plots.show = claim, lambda figure, caption: print(caption)
    namespace, texts = {"__name__": "__main__"}, []
    for cell in jupytext.read(lesson, fmt="py:percent").cells:
        if cell.cell_type != "code":
            continue
        tags = [tag for tag in cell.metadata.get("tags", []) if tag.startswith("claim:")]
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile(cell.source, lesson.name, "exec"), namespace)
        except Exception:
            return {"claims": found, "texts": texts, "broke": traceback.format_exc(limit=-3)}
        texts.append(printed.getvalue())
        for statement, figure, measured in seen:
            found[tags[0].removeprefix("claim:")] = {"statement": statement, "figure": figure, "measured": measured,
                                                     "text": printed.getvalue()}
        seen.clear()
    return {"claims": found, "texts": texts, "broke": ""}


# In the process that starts them:

def fingerprint(lesson: Path) -> str:
    """Changes when the lesson's code, or what it is made of, does; its prose changes no number."""
    rooms = [path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] not in STRANGERS]
    parts = [path.read_bytes() for path in [*rooms, ROOT / "constraints.txt"]]
    parts += [line for line in lesson.read_bytes().splitlines() if line.startswith(b"# %%") or line[:1] != b"#"]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def run(lesson: Path, variation: Variation) -> dict:
    """What a lesson's claims measured under a variation, from an earlier run where there is one."""
    place = KEPT / f"{lesson.stem} {variation.name} {fingerprint(lesson)}.json"
    if place.is_file():
        return json.loads(place.read_text(encoding="utf-8"))
    environment = {**os.environ, **variation.environment, "OMP_NUM_THREADS": str(variation.threads),
                   "MKL_NUM_THREADS": str(variation.threads), "PYTHONHASHSEED": "0"}
    done = subprocess.run([sys.executable, __file__, "--run", str(lesson), "--shift", str(variation.shift)],
                          env=environment, capture_output=True, text=True, cwd=ROOT / "notebooks")
    try:
        result = json.loads(done.stdout)
    except json.JSONDecodeError:
        return {"claims": {}, "texts": [], "broke": done.stderr or f"ended with {done.returncode}"}
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_suffix(".new")
    beside.write_text(json.dumps(result), encoding="utf-8")
    beside.replace(place)
    return result


def measure(chosen: list[Path], ways: list[Variation]) -> dict[tuple[str, str], dict]:
    """All runs: one thread each side by side, then those with two threads, which need both cores, alone."""
    from tqdm import tqdm

    jobs = [(lesson, way) for lesson in reversed(chosen) for way in ways]  # the longest are the last ones: begin there
    results = {}
    with tqdm(total=len(jobs), unit="run", disable=None) as bar:
        for threads in sorted({way.threads for way in ways}):
            part = [job for job in jobs if job[1].threads == threads]
            with concurrent.futures.ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // threads)) as pool:
                running = {pool.submit(run, *job): job for job in part}
                for done in concurrent.futures.as_completed(running):
                    lesson, way = running[done]
                    results[lesson.stem, way.name] = done.result()
                    bar.update()
    return results


def number(value: float) -> str:
    """Three digits are enough to compare."""
    whole = value == int(value) or abs(value) >= 1000
    return f"{value + 0.0:,.0f}" if whole and abs(value) < 1e9 else f"{value:.3g}"


def range_of(values: list[float]) -> str:
    """The smallest and the largest of the runs."""
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} to {high}"


def room(values: list[float], limits: dict) -> float:
    """How far the worst run is from its limit, in units of what the runs spread; infinite where they do not spread.

    Measured in differences and, where nothing is negative, in ratios; the larger counts: an error of 1e-7 under a limit
    of 1e-5 is far away though its runs differ threefold.
    """
    if limits["exactly"] is not None:
        return math.inf if set(values) == {limits["exactly"]} else -math.inf

    def apart(numbers, low, high):
        worst, spread = min(min(numbers) - low, high - max(numbers)), max(numbers) - min(numbers)
        return worst / spread if spread else math.copysign(math.inf, worst)

    low, high = limits["above"], limits["below"]
    found = apart(values, low, high)
    if min(values) > 0 and (low > 0 or low == -math.inf < high < math.inf):
        logs = [math.log(value) for value in values]
        found = max(found, apart(logs, math.log(low) if low > 0 else -math.inf, math.log(high)))
    return found


def rows(chosen: list[Path], ways: list[Variation], results: dict) -> list[tuple[str, bool]]:
    """A line of the table for each claim, and whether it held in every run."""
    from selfattention.claims import Measured

    made = []
    for lesson in chosen:
        runs = {way: results[lesson.stem, way.name] for way in ways}
        for way, result in runs.items():
            if result["broke"]:
                print(f"{lesson.stem} broke, {way.name}:\n{result['broke']}", file=sys.stderr)
            for number, (one, other) in enumerate(zip(runs[ways[0]]["texts"], result["texts"]), start=1):
                if way.same_numbers and one != other:
                    print(f"{lesson.stem}, code cell {number}, prints otherwise, {way.name}:\n{one}---\n{other}",
                          file=sys.stderr)
        for name, first in runs[ways[0]]["claims"].items():
            there = {way: result["claims"][name] for way, result in runs.items() if name in result["claims"]}
            held = sum(all(Measured(**one).holds for one in claim["measured"]) for claim in there.values())
            alike = [claim["text"] == first["text"] for way, claim in there.items() if way.same_numbers]
            figures, rooms = [], []
            for place, limits in enumerate(first["measured"]):
                values = [claim["measured"][place]["value"] for claim in there.values()]
                bound = Measured(**{**limits, "digits": 0}).expected
                figures.append(range_of(values) + (f" ({bound})" if bound else ""))
                if bound:
                    rooms.append(room(values, limits))
            least = min(rooms)
            apart = "does not vary" if least == math.inf else f"{least:.1f}"
            whole = held == len(ways) and all(alike)
            made.append((f"| {lesson.stem[:2]} | {name} | {held} of {len(ways)} | {'; '.join(figures)} | {apart} | "
                         f"{sum(alike)} of {len(alike)} |", whole))
    return made


HEAD = ("| chapter | claim | held | range over all runs (limit) | room of the worst run | same text |\n"
        "|---|---|---|---|---|---|")


def with_table(readme: str, table: str) -> str:
    """The README's text with the table between its two markers."""
    markers = re.compile(r"(<!-- claims -->\n).*?(\n<!-- end of claims -->)", re.DOTALL)
    return markers.sub(lambda found: found[1] + table + found[2], readme)


def main() -> None:
    """Measure, print, and say by the exit status whether all held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lessons", nargs="*", metavar="NN")
    parser.add_argument("--seeds", type=int, default=SEEDS, metavar="N", help="other sets of seeds (%(default)s)")
    parser.add_argument("--write", action="store_true", help="put the table of all lessons into benchmarks/README.md")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--shift", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        print(json.dumps(run_here(arguments.run, arguments.shift), default=float))
        return
    if arguments.write and arguments.lessons:
        parser.error("--write takes all lessons: leave their numbers out")
    chosen, ways = lessons(arguments.lessons), variations(arguments.seeds)
    made = rows(chosen, ways, measure(chosen, ways))
    table = "\n".join([HEAD, *(line for line, _ in made)])
    print(f"Runs of each lesson: {', '.join(way.name for way in ways)}.\n\n{table}")
    if arguments.write:
        README.write_text(with_table(README.read_text(encoding="utf-8"), table), encoding="utf-8")
    missed = sum(not whole for _, whole in made)
    print(f"\n{len(made) - missed} of {len(made)} claims held in every run.")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
