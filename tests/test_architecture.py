"""Imports point one way, generated text names no machine, and the tree has no rooms without a name."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "selfattention"

# A room may import the rooms named for it, and nothing else of the course.
ALLOWED = {
    "": {"course"},  # the front door hands `check` and `hint` on, when asked
    "masks": set(),
    "positions": {"masks"},
    "arrays": set(),
    "attention": {"masks", "positions"},
    "layers": {"attention", "masks", "positions"},
    "recurrence": set(),
    "convolution": set(),
    "patches": set(),
    "channels": set(),
    "efficient": {"attention", "layers", "masks", "positions"},
    "models": {"layers", "recurrence", "convolution", "patches", "channels", "efficient", "attention", "masks",
               "positions"},
    "interpretability": {"layers"},
    "parity": {"layers"},
    "claims": set(),
    "data": set(),
    "training": set(),
    "debugging": {"data", "layers", "masks", "positions", "training"},
    "decoding": {"data"},
    "sampling": set(),
    "compression": set(),
    "alignment": set(),
    "plots": set(),
    "source": set(),
    "engine": set(),
    "problems": {"engine", "masks", "positions", "arrays", "attention", "layers", "recurrence", "convolution",
                 "patches", "channels", "efficient", "models"},
    "lessons": {"engine", "masks", "positions", "arrays", "attention", "layers", "recurrence", "convolution",
                "patches", "channels", "efficient", "models", "claims", "data", "training",
                "interpretability", "alignment", "decoding",
                "sampling", "compression", "debugging", "plots", "source", "parity", "course", ""},
    "course": {"engine", "problems", "claims", "plots", ""},
    "__main__": {"course"},
}
# The same among the rooms of the engine; its front door hands on what an exercise is made of.
ENGINE = {
    "__init__": {"judging"},
    "guard": set(),
    "door": {"guard"},
    "process": {"door", "guard"},
    "comparison": {"door"},
    "judging": {"door", "comparison"},
}


def room(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "selfattention":
            rest = node.module.split(".")[1:]
            if rest:
                yield rest[0]
            else:
                for alias in node.names:
                    known = (PACKAGE / alias.name).is_dir() or (PACKAGE / f"{alias.name}.py").is_file()
                    yield alias.name if known else ""
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "selfattention":
                    yield [*alias.name.split("."), ""][1]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    here = room(path)
    assert here in ALLOWED, f"{here} is a new room: say here what it may import"
    beyond = set(imported_rooms(path)) - ALLOWED[here] - {here}
    assert not beyond, f"{here} must not import {sorted(beyond)}"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("engine/**/*.py")), ids=lambda path: path.parent.name + path.stem)
def test_imports_of_the_engine_point_one_way(path):
    here = path.relative_to(PACKAGE / "engine").with_suffix("").parts[0]
    rooms = re.findall(r"^ *from selfattention\.engine\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert not re.search(r"from selfattention\.engine import|import selfattention", path.read_text(encoding="utf-8"))
    beyond = set(rooms) - ENGINE[here] - {here}
    assert not beyond, f"{here} must not import {sorted(beyond)}"


def test_a_report_does_not_know_what_draws_it():
    """A report is data; what draws or judges it imports it, not the other way round."""
    text = (PACKAGE / "engine" / "judging" / "report.py").read_text(encoding="utf-8")
    assert set(re.findall(r"judging\.(\w+) import|judging import (\w+)", text)) == {("definition", "")}


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("models/*.py")), ids=lambda path: path.name)
def test_no_model_imports_another(path):
    assert not re.search(r"selfattention\.models\.", path.read_text(encoding="utf-8"))


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_file_names_a_machine():
    machine = re.compile(r"/(?:home|root|Users|work)/\w|/tmp/(?!\w*\.py)\w|\\Users\\")
    for path in tracked():
        read = path.is_file() and path.suffix in {".py", ".md", ".ipynb", ".yml", ".toml", ".txt", ""}
        if read and path != Path(__file__):
            assert not machine.search(path.read_text(encoding="utf-8")), path


def test_no_room_is_called_utils():
    assert not [path for path in PACKAGE.rglob("*.py") if path.stem in {"utils", "common", "helpers", "misc"}]


def test_no_two_files_of_tests_share_a_name():
    """Run together, pytest takes the second for the first and stops."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py")]
    assert sorted(names) == sorted(set(names))
