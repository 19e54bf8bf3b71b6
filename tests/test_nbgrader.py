"""The real nbgrader validates and autogrades the exercise notebooks as they are."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from selfattention.course import files

pytestmark = pytest.mark.slow

CONFIG = re.compile(r"```python\n(c = get_config\(\)\n.*?)```", re.DOTALL)  # what CONTRIBUTING.md tells teachers
NOTEBOOK = "02_exercises_softmax.ipynb"
HALF = """def softmax(scores):
    import sys
    print("a line on stderr costs no points", file=sys.stderr)
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)"""


def nbgrader(folder, *arguments):
    programs = str(Path(sys.executable).parent)
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": programs + os.pathsep + os.environ["PATH"], "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nbgrader")
    told = (files.root() / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (folder / "nbgrader_config.py").write_text(CONFIG.search(told)[1])
    exercise = nbformat.read(files.root() / files.place("02_softmax", "exercises"), as_version=4)
    wrong = nbformat.read(files.root() / files.place("02_softmax", "exercises"), as_version=4)
    next(cell for cell in wrong.cells if cell.id == "softmax-answer").source = HALF
    right = nbformat.read(files.root() / files.place("02_softmax", "solutions"), as_version=4)
    for place, notebook in (("source/ps", exercise), ("submitted/right/ps", right), ("submitted/wrong/ps", wrong)):
        (folder / place).mkdir(parents=True)
        nbformat.write(notebook, folder / place / NOTEBOOK)
    return folder


def test_validate_tells_right_from_wrong(course):
    assert "Success!" in nbgrader(course, "validate", f"submitted/right/ps/{NOTEBOOK}")
    told = nbgrader(course, "validate", f"submitted/wrong/ps/{NOTEBOOK}")
    assert "VALIDATION FAILED ON 4 CELL(S)" in told


def test_autograde_gives_full_and_partial_points(course):
    nbgrader(course, "generate_assignment", "ps")
    released = nbformat.read(course / "release" / "ps" / NOTEBOOK, as_version=4)
    assert any(cell.source.startswith("def softmax(") for cell in released.cells)
    nbgrader(course, "autograde", "ps")
    nbgrader(course, "export")
    with (course / "grades.csv").open() as file:
        scores = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)}
    assert scores == {"right": (15, 15), "wrong": (3, 15)}
