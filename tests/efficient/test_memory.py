"""The count of bytes against arithmetic, and against torch's own allocator."""

import pytest
import torch

from selfattention.efficient.memory import peak_bytes

NUMBERS = 4 * 1000  # bytes


def test_what_is_alive_together_is_added_up():
    x = torch.ones(1000)
    kept = []
    assert peak_bytes(lambda: x + 1) == NUMBERS
    assert peak_bytes(lambda: x + 1 + 1) == 2 * NUMBERS
    assert peak_bytes(lambda: x + 1 + 1 + 1) == 2 * NUMBERS
    assert peak_bytes(lambda: [x + 1 for _ in range(5)]) == 5 * NUMBERS
    assert peak_bytes(lambda: kept.append(x + 1)) == NUMBERS and len(kept) == 1


def test_views_and_changes_in_place_take_nothing():
    x = torch.ones(1000)
    assert peak_bytes(lambda: x.view(10, 100).T[3:].mul_(2)) == 0
    assert peak_bytes(lambda: torch.zeros(1000)[:10]) == NUMBERS


def test_what_backward_keeps_and_makes_counts():
    x = torch.ones(1000, requires_grad=True)
    assert peak_bytes(lambda: x.exp().exp()) == 2 * NUMBERS
    with torch.no_grad():
        assert peak_bytes(lambda: x.exp().exp().exp()) == 2 * NUMBERS
    assert peak_bytes(lambda: x.exp().exp().exp().sum().backward()) > 3 * NUMBERS


@pytest.mark.slow
def test_agrees_with_torchs_allocator(monkeypatch):
    monkeypatch.setenv("KINETO_LOG_LEVEL", "6")
    queries, keys = torch.randn(2, 300, 7), torch.randn(2, 500, 7)

    def call():
        return torch.softmax(queries @ keys.mT, dim=-1) @ keys

    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        call()
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    now = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    assert abs(peak_bytes(call) - most) < 100
