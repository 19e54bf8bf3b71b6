"""The Triton kernel, interpreted in a process of its own, against torch's attention in float64."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("triton", reason="Triton is not installed")
pytestmark = pytest.mark.slow

INTERPRETED = """
import json
import torch
from torch.nn.functional import scaled_dot_product_attention
from selfattention.efficient.triton_kernel import triton_attention

torch.manual_seed(0)
found = {}
for name, batch, queries, keys, causal, dtype, scale, block in (
        ("float64", (2, 3), 37, 53, False, torch.float64, 1, 16), ("causal", (2,), 53, 53, True, torch.float64, 1, 16),
        ("last positions", (), 5, 53, True, torch.float64, 1, 32), ("one", (), 1, 1, True, torch.float64, 1, 16),
        ("huge", (2,), 17, 67, False, torch.float64, 1000, 16), ("float32", (2,), 37, 53, True, torch.float32, 1, 16),
        ("wide", (), 3, 5, False, torch.float64, 1, 16)):
    d_k, d_v = (33, 40) if name == "wide" else (7, 11)
    parts = [torch.randn(*batch, *size, dtype=dtype) for size in ((queries, d_k), (keys, d_k), (keys, d_v))]
    parts[0] *= scale
    mask = torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries) if causal else None
    expected = scaled_dot_product_attention(*(part.double() for part in parts), attn_mask=mask)
    got = triton_attention(*parts, causal=causal, block=block)
    assert got.dtype == dtype and got.shape == expected.shape
    found[name] = float((got - expected).abs().max())
future = [torch.randn(48, 8) for _ in range(3)]
future[2][16:] = torch.nan
found["read of the future"] = float(triton_attention(*future, causal=True, block=16)[:16].isnan().sum())
print(json.dumps(found))
"""
REFUSED = """
import torch
from selfattention.efficient.triton_kernel import triton_attention

ones = torch.ones
for call in (lambda: triton_attention(ones(5, 2), ones(7, 2), ones(7, 3), block=24),
             lambda: triton_attention(ones(5, 2), ones(7, 2), ones(7, 3), block=8),
             lambda: triton_attention(ones(5, 2), ones(7, 3), ones(7, 3)),
             lambda: triton_attention(ones(5, 2), ones(0, 2), ones(0, 3)),
             lambda: triton_attention(ones(7, 2), ones(5, 2), ones(5, 3), causal=True),
             lambda: triton_attention(ones(5, 2), ones(7, 2), ones(7, 3))):
    try:
        call()
    except ValueError as error:
        print(error)
"""


def run(code, **environment):
    kept = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**kept, **environment})
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_interpreted_kernel_equals_torchs_attention():
    found = json.loads(run(INTERPRETED, TRITON_INTERPRET="1"))
    assert found.pop("float32") < 1e-6
    assert found.pop("read of the future") == 0
    assert len(found) == 6 and max(found.values()) < 1e-12, found


def test_what_does_not_fit_is_named():
    told = run(REFUSED).splitlines()
    parts = ("blocks of 24 tokens", "blocks of 8 tokens", "queries (5, 2), keys (7, 3)", "no keys (0, 2)",
             "7 queries and 5 keys", "tensors on cpu, but the kernel runs on a GPU")
    assert len(told) == len(parts) and all(part in line for part, line in zip(parts, told)), told
