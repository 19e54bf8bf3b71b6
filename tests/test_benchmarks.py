"""What stands beside the course: the recipe for real text, trying the lessons elsewhere, and what a step launches."""

import importlib.util
import itertools
import math
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from selfattention.data.characters import TextBatches
from selfattention.models.gpt import GPT, Sizes
from selfattention.positions import sinusoidal
from selfattention.training import cross_entropy, muon

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="the captions of Multi30k do not lie beside the checkout")
def test_the_recipe_for_multi30k_trains_translates_and_goes_on_where_it_stopped(tmp_path):
    command = [sys.executable, "benchmarks/multi30k.py", "--data", str(DATA), "--out", str(tmp_path), "--batch", "4",
               "--width", "16", "--layers", "1", "--pieces", "300", "--threads", "1"]
    for steps, here in (("2", 2), ("3", 1)):
        done = subprocess.run([*command, "--steps", steps], cwd=ROOT, capture_output=True, text=True,
                              env={**os.environ, "OMP_NUM_THREADS": "1"})
        assert done.returncode == 0, done.stderr[-3000:]
        assert len(re.findall(r"^(?:greedy|beam of 4): BLEU \d+\.\d .*version:", done.stdout, re.MULTILINE)) == 2
        assert f"trained for {steps} steps, {here} of them in this run" in done.stdout
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {"beam.fr", "checkpoint.safetensors", "greedy.fr", "pieces.json"}
    assert len((tmp_path / "beam.fr").read_text(encoding="utf-8").splitlines()) == 1000


@pytest.mark.slow
def test_a_training_step_launches_no_more_than_torchs():
    """On a GPU the number of operations decides; without one it is counted, not timed."""
    done = subprocess.run([sys.executable, "benchmarks/gpu.py"], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "CUDA_VISIBLE_DEVICES": ""})
    assert done.returncode == 0, done.stderr[-3000:]
    rows = re.findall(r"^\| 6 \+ 6 layers, ([\w ]+) \| (\d+) \| (\d+) \|", done.stdout, re.MULTILINE)
    assert [kind for kind, *_ in rows] == ["float32", "bf16 autocast"]
    for kind, ours, theirs in rows:
        assert 0 < int(ours) <= int(theirs), kind


@pytest.mark.slow
def test_the_recipe_for_characters_trains_compares_writes_and_decodes(recipe):
    small = ["--width", "16", "--layers", "1", "--heads", "2", "--context", "32", "--stride", "32", "--batch", "2",
             "--threads", "1", "--processor", "--seconds", "0.5"]
    for options, expected in (
            (["--orders", "2", "3"], [r"\| gzip \| 2\.\d+ \|", r"n-grams with back-off, n = 3 \| \d\.\d+",
                                      r"GPT with [\d,]+ weights, 0\.5 seconds, \d+ steps, seed 0 \| \d\.\d+"]),
            (["--orders", "2", "--models", "2", "--bfloat16"], [r"the mean of their probabilities, seed 0 \| \d\.\d+"]),
            (["--changes"], [r"\| GPT-2 \|", r"\| rotary positions \|", r"\| all four \| [\d,]+ \| \d+ \| \d\.\d+"]),
            (["--decoding", "--tokens", "9"], [r"\| GPT-2 .* \| yes \|", r"\| all four changes .* \| yes \|"])):
        told = recipe("gpt", *small, *options)
        for pattern in expected:
            assert re.search(pattern, told), (pattern, told)


@pytest.mark.slow
def test_the_recipes_for_bert_pre_train_tune_and_mark_answers(recipe):
    small = ["--seconds", "0.05", "--seeds", "1", "--steps", "2", "--labels", "8"]
    for options, expected in (
            (["labels"], r"^\| 8 \| 0\.\d+ \| (?:0\.\d+ \(0\.\d+–0\.\d+\) \| ){6}[+-]\d\.\d+ \|$"),
            (["answers", "--ways", "hidden", "one"],
             r"^\| hidden words first \| 0 \| \d+ \| \d+ (?:\| \d+\.\d ){4}\|$(?s:.*)"
             r"^\| shorter first, Muon and sinusoids, one segment \| 0 \| \d+ \| \d+ (?:\| \d+\.\d ){4}\|$"),
            *([(["reviews", "--folder", str(DATA)], r"^\| BERT, from scratch, 1 seeds \| 0\.\d+ \(")]
              if DATA.is_dir() else [])):
        told = recipe("bert", *options, *small)
        assert re.search(expected, told, re.MULTILINE), told


LESSON = """
# %%
import random

import numpy as np
import torch

from selfattention.claims import Limits, claim, stated, statements

numbers = {f"number_{place}": Limits(digits=3, above=0) for place in range(6)}
statements.find = {
    "99.of-the-seed": stated("the seed decides", "{number_0}", **numbers),
    "99.does-not-hold": stated("more is less", "{number}", number=Limits(digits=1, below=0.5))}.__getitem__

# %% tags=["claim:of-the-seed"]
torch.manual_seed(1)
drawn = [torch.rand(()).item(), torch.rand((), generator=torch.Generator().manual_seed(1)).item(),
         np.random.default_rng(1).random(), np.random.default_rng([1, 2]).random(), random.Random(1).random(),
         random.Random("1").random()]
claim("99.of-the-seed", **dict(zip(numbers, drawn)))

# %% tags=["claim:does-not-hold"]
claim("99.does-not-hold", number=0.6)

# %%
raise ValueError("broken here")
"""


def benchmark(name, monkeypatch):
    """A benchmark's module."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    spec = importlib.util.spec_from_file_location(f"{name}_of_the_benchmarks", ROOT / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def claims(monkeypatch):
    return benchmark("claims", monkeypatch)


def test_threads_that_share_a_batch_learn_what_one_does(monkeypatch):
    """Unequal shares, tokens that do not count in one of them, a weight that is not used, Muon in shares as well."""
    learning = benchmark("learning", monkeypatch)

    def loss(model, batch):
        return cross_entropy(model[0](batch[:, :-1]), batch[:, 1:])

    def trained(threads):
        torch.manual_seed(0)
        model = nn.ModuleList([GPT(Sizes(17, 11, 14, 1, 23, 1)).double(), nn.Linear(3, 3)])
        batches = TextBatches(torch.arange(131) % 13, 7, 5)
        means = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.0))  # the last weights alone
        found = learning.learned(model, batches, loss, 3, 1, 0, make=partial(muon, shares=threads), threads=threads,
                                 now=itertools.count().__next__, each=lambda: means.update_parameters(model))
        steps = [step for step, _ in found]
        assert means.n_averaged == len(steps), "called once after each step"
        assert all(torch.equal(*both) for both in zip(means.module.parameters(), model.parameters(), strict=True))
        return steps, model

    steps, one = trained(1)
    assert steps == [1, 2, 3], "a second passes from one look at this clock to the next"
    again, two = trained(2)
    assert again == steps and torch.equal(one[1].weight, two[1].weight)
    for expected, weight in zip(one.parameters(), two.parameters(), strict=True):
        torch.testing.assert_close(weight, expected, rtol=0, atol=1e-6)


def test_texts_grow_with_the_time_that_has_passed(monkeypatch):
    seconds = iter([100, 100, 104, 105, 107, 108, 200])  # asked for once at the beginning, then each time
    length = benchmark("learning", monkeypatch).growing({2: 0.5, 3: 0.8}, 6, 10, seconds.__next__)
    assert [length() for _ in range(6)] == [2, 2, 3, 3, 6, 6]


def test_answers_begin_with_sinusoids_where_that_is_said(monkeypatch, float64):
    bert = benchmark("bert", monkeypatch)
    sizes = bert.Sizes(17, 12, d_ff=11, positions=7)
    ways = {way.name: way for way in bert.WAYS}
    table = ways["shorter first, Muon and sinusoids"].model(sizes).bert.embeddings.positions.table
    torch.testing.assert_close(table, sinusoidal(7, 12) / 6**0.5)
    torch.testing.assert_close(table.square().sum(dim=1), torch.ones(7))  # as long as what it replaces
    other = ways["shorter first, Muon alone"].model(sizes).bert.embeddings.positions.table
    assert not torch.allclose(other, table, atol=0.1)


def test_an_attached_memory_gives_the_same_scores_and_lets_gradients_through(monkeypatch):
    long_context = benchmark("long_context", monkeypatch)
    for memory in (0, 3, 5):
        torch.manual_seed(0)
        sizes = long_context.transformer_xl.Sizes(29, 6, 2, 7, memory=memory, dropout=0.0)
        ours, attached = (kind(sizes).double() for kind in (long_context.transformer_xl.TransformerXL,
                                                            long_context.Attached))
        attached.load_state_dict(ours.state_dict())
        first, second = torch.randint(0, 14, (2, 5)), torch.randint(15, 29, (2, 5))
        for model, through in ((ours, False), (attached, memory > 0)):
            scores = model(second, model(first)[1])[0]
            torch.testing.assert_close(scores, ours(second, ours(first)[1])[0])
            slopes = torch.autograd.grad(scores[..., 15:].square().sum(), model.embedding.weight)[0]
            assert bool(slopes[first.unique()].any()) is through


def test_a_lesson_is_run_under_other_seeds_threads_and_instructions(claims, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(claims, "KEPT", tmp_path / "kept")
    lesson = tmp_path / "99_lesson.py"
    lesson.write_text(LESSON)
    ways = claims.variations()
    assert len(ways) >= 8 and {"as it stands", "two threads"} < {way.name for way in ways}
    chosen = [way for way in ways if way.name in ("as it stands", "seeds 1", "seeds 2")]
    chosen.insert(1, claims.Variation("default", claims.instructions("default")))
    results = claims.measure([lesson], chosen)
    numbers = {name: [one["value"] for one in result["claims"]["of-the-seed"]["measured"]]
               for (_, name), result in results.items()}
    assert numbers["as it stands"] == numbers["default"]
    for place in range(6):
        assert len({numbers[name][place] for name in ("as it stands", "seeds 1", "seeds 2")}) == 3, "not shifted"
    made = claims.rows([lesson], chosen, results)
    assert [whole for _, whole in made] == [True, False] and "| 0 of 4 |" in made[1][0]
    assert "broken here" in capsys.readouterr().err
    monkeypatch.setattr(claims.subprocess, "run", None)
    assert claims.measure([lesson], chosen) == results, "what was measured is not measured again"


ALL_SOLUTIONS = """
from selfattention import problems
from selfattention.engine.door.room import Room
from selfattention.engine.judging.judge import judge
for chapter in problems.chapters():
    for exercise in problems.exercises(chapter):
        for seed in range(3):
            report = judge(exercise, lambda: Room(exercise.function), seed)
            if report.earned != exercise.points:
                print(exercise.key, seed, report)
"""


def test_every_solution_passes_where_sums_are_added_in_another_order(claims):
    """On plain processors a row's dot product may depend on the place of the row: equal ones need not be equal."""
    done = subprocess.run([sys.executable, "-c", ALL_SOLUTIONS], capture_output=True, text=True,
                          env={**os.environ, **claims.instructions("default")})
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


def test_the_room_to_a_limit_is_counted_in_spreads(claims):
    def limits(**given):
        return {"above": -math.inf, "below": math.inf, "exactly": None, **given}

    assert claims.room([5.0, 6.0], limits(above=-3.0)) == pytest.approx(8)
    assert claims.room([5.0, 6.0], limits(above=0.0, below=8.0)) == pytest.approx(2)
    assert claims.room([-5.0, 6.0], limits(below=0.5)) == pytest.approx(-0.5)
    assert claims.room([1e-7, 1e-6], limits(below=1e-4)) == pytest.approx(99e-6 / 9e-7)
    assert claims.room([10.0, 100.0], limits(above=1.0)) == pytest.approx(1), "by ratios, which suit it better"
    assert claims.room([3, 3], limits(exactly=3)) == math.inf and claims.room([3, 4], limits(exactly=3)) == -math.inf
