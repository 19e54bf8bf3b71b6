"""The benchmark of the chapter runs and prints what it promises; speed is not tested."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_tables_hold_what_they_should():
    done = subprocess.run([sys.executable, "benchmarks/efficient.py", "speed", "error", "recall", "caches", "gpu",
                           "--largest", "256", "--repeats", "1"], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""})
    assert done.returncode == 0, done.stderr[-3000:]
    errors = re.findall(r"^\| (?:real|whole) numbers \| \d+ \| \S+ \| (\S+) \|", done.stdout, re.MULTILINE)
    assert len(errors) == 8 and float(errors[0]) < 1e-6 and all(float(error) < 1e-6 for error in errors[4:])
    found = dict(re.findall(r"^\| (attention|delta rule) \| ([\d.]+) \|", done.stdout, re.MULTILINE))
    assert found == {"attention": found["attention"], "delta rule": "1.00"}, "the table in which keys come twice"
    counted = re.findall(r"^\| (?:multi|grouped|latent)[^|]*\| (\d+) \| (\d+) \|", done.stdout, re.MULTILINE)
    assert len(counted) == 4 and all(one == other for one, other in counted)
    assert "No GPU here" in done.stdout and done.stdout.count("| by blocks / fused |") == 1
