"""Scratch folders go away: with their process, or with the next one where that was killed; those in use stay."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from selfattention.engine.guard import scratch
from selfattention.engine.guard.scratch import Folder, sweep

KILLED = """
import os, signal
from selfattention.engine.guard.scratch import Folder
folder = Folder()
(folder.path / "inner").mkdir()
(folder.path / "inner" / "file").write_text("x")
print(folder.path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
LIVING = """
from selfattention.engine.guard.scratch import Folder
folder = Folder()
print(folder.path, flush=True)
input()
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(scratch, "_swept", [])
    return tmp_path


def started(program, place):
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True, env={**os.environ, "TMPDIR": str(place)})
    return process, Path(process.stdout.readline().strip())


def test_a_folder_goes_away_with_all_that_is_in_it(place):
    with Folder() as folder:
        (folder.path / "deep" / "er").mkdir(parents=True)
        assert folder.path.parent == place
    assert not list(place.iterdir())


def test_what_a_killed_process_left_is_removed_by_the_next_and_what_is_in_use_stays(place):
    killed, left = started(KILLED, place)
    killed.wait()
    living, used = started(LIVING, place)  # which is itself the next
    assert not left.exists() and used.exists()
    with Folder():
        sweep()
        assert used.exists()
    living.communicate("\n")
    sweep()
    assert not list(place.iterdir())


def test_what_is_not_ours_stays(place):
    outside = place / "elsewhere"
    outside.mkdir()
    (place / f"{scratch.PREFIX}link").symlink_to(outside)
    (place / f"{scratch.PREFIX}file").write_text("a file")
    (place / "other").mkdir()
    sweep()
    assert {path.name for path in place.iterdir()} == {"elsewhere", "selfattention-link", "selfattention-file", "other"}


def test_links_inside_are_not_followed(place):
    outside = place / "elsewhere"
    outside.mkdir(mode=0o755)
    (outside / "kept").write_text("kept")
    with Folder() as folder:
        (folder.path / "link").symlink_to(outside)
        closed = folder.path / "closed"
        closed.mkdir()
        (closed / "link").symlink_to(outside)
        closed.chmod(0)
    assert (outside / "kept").exists() and outside.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in place.iterdir()] == ["elsewhere"]


def test_many_that_make_and_sweep_at_once_lose_none(place):
    lost = []

    def work():
        for _ in range(60):
            sweep()
            with Folder() as folder:
                sweep()
                if not (folder.path / scratch.LOCK).exists():
                    lost.append(folder.path)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sweep()  # two that remove one folder at the same moment may leave it, empty
    assert not lost and not list(place.iterdir())
