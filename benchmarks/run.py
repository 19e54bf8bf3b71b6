"""Measures what the course promises about speed, as medians of repeated runs; prints a table in Markdown.

    python benchmarks/run.py            all
    python benchmarks/run.py checks     some of: checks, start, lessons, models, translator, optimizers

Beside it stand the recipe for real text, multi30k.py, and the class grader against its peers, grading.py.

Absolute times belong to the machine named above the table; compare the ratios.
"""

import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

from timing import milliseconds, percentile, processor, row, seconds

REPEATS = 9
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))


def checks() -> None:
    """A check in the notebook, from call to card: solutions, known mistakes, and answers that nobody foresaw."""
    import answers

    import selfattention
    from selfattention import problems

    exercises = [exercise for chapter in problems.chapters() for exercise in problems.exercises(chapter)]

    def timed(exercise, function) -> list[float]:
        namespace = {exercise.name: function, "selfattention": selfattention}
        code = compile(f"selfattention.check({exercise.key!r})._repr_html_()", "cell", "exec")
        exec(code, namespace)  # the first run loads what the exercise needs, such as torch
        return [seconds(lambda: exec(code, namespace)) for _ in range(REPEATS)]

    right = [time for exercise in exercises for time in timed(exercise, exercise.function)]
    wrong = {(exercise.key, mistake.name): timed(exercise, mistake.function)
             for exercise in exercises for mistake in exercise.mistakes}
    every = right + [time for times in wrong.values() for time in times]
    slowest = max(wrong, key=lambda key: statistics.median(wrong[key]))
    keys = {exercise.key: exercise for exercise in exercises}
    others = [one for one in answers.written() if not one.right]
    unforeseen = [time for one in others for time in timed(keys[one.exercise], one.function)]
    counts = f"{len(exercises)} exercises, {len(wrong)} mistakes, {REPEATS} runs"
    print(f"\n| a check, from call to card ({counts}) | median | 95th percentile |")
    print("|---|---|---|")
    row("all", milliseconds(statistics.median(every)), milliseconds(percentile(every, 0.95)))
    row("right answers", milliseconds(statistics.median(right)), milliseconds(percentile(right, 0.95)))
    row(f"{len(others)} wrong answers by readers of the prompts, compared where no mistake is known",
        milliseconds(statistics.median(unforeseen)), milliseconds(percentile(unforeseen, 0.95)))
    row(f"slowest mistake: {slowest[0]}, {slowest[1]}", milliseconds(statistics.median(wrong[slowest])),
        milliseconds(percentile(wrong[slowest], 0.95)))


def start() -> None:
    """Start-up of the package and of the command line, beside an empty Python and numpy, in turn."""
    commands = {"an empty Python": ["-c", "pass"], "import selfattention": ["-c", "import selfattention"],
                "from selfattention import check": ["-c", "from selfattention import check"],
                "selfattention --help": ["-m", "selfattention", "--help"], "import numpy": ["-c", "import numpy"],
                "import torch": ["-c", "import torch"]}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(REPEATS):
        for name, command in commands.items():
            times[name].append(seconds(lambda command=command: subprocess.run(
                [sys.executable, *command], check=True, stdout=subprocess.DEVNULL)))
    medians = {name: statistics.median(values) for name, values in times.items()}
    empty = medians["an empty Python"]
    print(f"\n| start-up ({REPEATS} runs in turn) | median | above an empty Python | times `import numpy` |")
    print("|---|---|---|---|")
    for name, value in medians.items():
        row(name, milliseconds(value), milliseconds(value - empty), f"{value / medians['import numpy']:.2f}")


def lessons() -> None:
    """Every lesson from top to bottom in a fresh kernel."""
    from selfattention.course import files, way, writer

    print("\n| lesson (3 runs) | median |\n|---|---|")
    for lesson in way.lessons():
        runs = [seconds(lambda lesson=lesson: writer.run(writer.lesson_notebook(lesson), files.root() / "notebooks"))
                for _ in range(3)]
        row(lesson, f"{statistics.median(runs):.1f} s")


if __name__ == "__main__":
    print(f"{processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}")
    import translator  # here, because torch counts threads when it is imported
    from models import models

    parts = {"checks": checks, "start": start, "lessons": lessons, "models": models,
             "translator": translator.translator, "optimizers": translator.optimizers}
    for wanted in sys.argv[1:] or parts:
        parts[wanted]()
