"""The recipe for real text runs from end to end, where its data lie beside the checkout."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
