"""The course as a wheel, installed elsewhere, without the repository."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from selfattention.course import files

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The wheel's content in a folder of its own; the packages it needs are those of this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(files.root())],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder


def call(folder, *arguments, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "selfattention", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(folder / "site"), "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_it_starts_checks_and_hints_without_the_repository(unpacked):
    place = subprocess.run(
        [sys.executable, "-c", "import selfattention; print(selfattention.__file__)"],
        cwd=unpacked,
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(unpacked / "site")},
    ).stdout
    assert str(unpacked) in place, "the test must not see the repository's package"
    call(unpacked, "start")
    for folder in files.FOLDERS:
        wanted = {path.name for path in (files.root() / folder).glob("*.ipynb")}
        assert {path.name for path in (unpacked / "work" / folder).glob("*.ipynb")} == wanted
    rows = json.loads(call(unpacked, "check", "02", "--json", code=1))
    assert {row["status"] for row in rows} == {"not attempted"}
    rows = json.loads(call(unpacked, "check", unpacked / "work/solutions/02_solutions_softmax.ipynb", "--json"))
    assert {row["status"] for row in rows} == {"passed"}
    assert call(unpacked, "hint", "02", "softmax").startswith("Hint 1")
    call(unpacked, "build", code=2)
