"""tinyshakespeare from a folder: whole, verified, and split."""

from pathlib import Path

import pytest

from selfattention.data import shakespeare as module
from selfattention.data.fetch import NotFetched, digest
from selfattention.data.shakespeare import shakespeare, split

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.mark.skipif(not (DATA / "tinyshakespeare.txt").is_file(), reason="tinyshakespeare lies not beside the checkout")
def test_the_real_text():
    text = shakespeare(DATA)
    assert len(text) == 1_115_394 and text.startswith("First Citizen:\nBefore we proceed any further")
    train, held_out = split(text)
    assert train + held_out == text and len(held_out) == 111_539


@pytest.mark.parametrize("name", ["tinyshakespeare.txt", "input.txt"])
def test_from_a_folder_under_either_name(tmp_path, monkeypatch, name):
    (tmp_path / name).write_text("To be, or not\n", encoding="utf-8")
    with pytest.raises(NotFetched, match=f"{name} is not the expected file"):
        shakespeare(tmp_path)
    monkeypatch.setattr(module, "SHA256", digest(tmp_path / name))
    assert shakespeare(tmp_path) == "To be, or not\n"


def test_a_folder_without_it_is_named(tmp_path):
    with pytest.raises(NotFetched, match=r"tinyshakespeare\.txt does not exist"):
        shakespeare(tmp_path)


def test_shares_that_leave_a_side_empty(as_users_call):
    for share in (0.0, 1.0, -0.5, 0.001):
        with pytest.raises(ValueError, match=f"a share of {share} of 10 characters"):
            split("0123456789", share)
