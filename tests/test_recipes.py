"""The recipes of docs/universities.md: the blocks that need no other system run as they stand there."""

import base64
import csv
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
import yaml

from selfattention.course import files

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="the recipes are for Linux")]

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "universities.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^<!-- tried: (\w+) -->\n```\w+\n(.*?)^```$", PAGE, re.M | re.S))
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NBGRADER = re.search(r"^```python\n(c = get_config.*?)^```$", CONTRIBUTING, re.M | re.S)[1]
NAME = "02_exercises_softmax.ipynb"
HALF = """def softmax(scores):
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)"""
PROGRAMS = Path(sys.executable).parent
POINTS = {"ada": 15, "emmy": 3}


def bash(lines, folder, **environment):
    """Run lines as a GitHub step does, with the course's programs on the path."""
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(["bash", "-e", "-c", lines], cwd=folder, capture_output=True, text=True, timeout=300,
                          env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", **environment})


def submission(student):
    """All right, or half of one exercise right."""
    kind = "solutions" if student == "ada" else "exercises"
    notebook = nbformat.read(files.root() / files.place("02_softmax", kind), as_version=4)
    if student != "ada":
        next(cell for cell in notebook.cells if cell.id == "softmax-answer").source = HALF
    return nbformat.writes(notebook)


def hand_in(student, folder):
    folder.mkdir(parents=True)
    (folder / NAME).write_text(submission(student), encoding="utf-8")


def totals(path, student="student", total="total"):
    with path.open(encoding="utf-8") as file:
        return {row[student]: float(row[total]) for row in csv.DictReader(file)}


def test_the_plain_way(tmp_path):
    for student in POINTS:
        hand_in(student, tmp_path / "submissions" / student)
    done = bash(BLOCKS["plain"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert totals(tmp_path / "report" / "grades.csv") == POINTS


def test_numbers_of_moodle_and_canvas(tmp_path):
    names = {"moodle.zip": ("Ada X_11_assignsubmission_file_/a/{}", "Emmy X_12_assignsubmission_file_{}"),
             "canvas.zip": ("xada_11_901_{}", "xemmy_LATE_12_902_{}")}
    for archive, places in names.items():
        with zipfile.ZipFile(tmp_path / archive, "w") as file:
            for student, place in zip(POINTS, places):
                file.writestr(place.format(NAME), submission(student))
    done = bash(BLOCKS["numbers"], tmp_path)
    assert done.returncode == 0, done.stderr
    for report in ("by-number", "by-id"):
        assert totals(tmp_path / report / "grades.csv") == {"11": 15, "12": 3}


def test_the_link_of_nbgitpuller():
    done = subprocess.run([sys.executable, "-c", BLOCKS["link"]], capture_output=True, text=True, check=True)
    link = urlsplit(done.stdout.strip())
    query = {name: value for name, [value] in parse_qs(link.query, strict_parsing=True).items()}
    assert (link.scheme, link.path) == ("https", "/hub/user-redirect/git-pull")
    folder = query["repo"].rsplit("/")[-1]
    assert query["urlpath"] == f"lab/tree/{folder}/exercises/{NAME}" and query["branch"] == "main"
    assert (files.root() / files.place("02_softmax", "exercises")).exists()


def test_nbgrader_gives_the_same_points(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text(NBGRADER, encoding="utf-8")
    source = tmp_path / "source" / "02_softmax"
    source.mkdir(parents=True)
    (source / NAME).write_bytes((files.root() / files.place("02_softmax", "exercises")).read_bytes())
    for student in POINTS:
        hand_in(student, tmp_path / "submitted" / student / "02_softmax")
    steps = ("generate_assignment 02_softmax", "autograde 02_softmax", "export")
    done = bash("\n".join([*(f"nbgrader {step}" for step in steps), BLOCKS["nbgrader"]]), tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    theirs, ours = tmp_path / "grades.csv", tmp_path / "report" / "nbgrader.csv"
    assert totals(theirs, "student_id", "score") == totals(ours, "student_id", "score") == POINTS
    assert theirs.read_text().splitlines()[0] == ours.read_text().splitlines()[0]


@pytest.fixture
def gradescope(tmp_path):
    """Gradescope's folders, with `run_autograder` and the installed course in its place."""
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "selfattention").symlink_to(PROGRAMS / "selfattention")
    (tmp_path / "submission").mkdir()
    program = tmp_path / "run_autograder"
    program.write_text(BLOCKS["gradescope"], encoding="utf-8")

    def run():
        done = subprocess.run([sys.executable, program], cwd=tmp_path, capture_output=True, text=True, timeout=300,
                              env={**os.environ, "AUTOGRADER": str(tmp_path)})
        assert done.returncode == 0, done.stderr
        return json.loads((tmp_path / "results" / "results.json").read_text(encoding="utf-8"))

    return tmp_path, run


def test_run_autograder(gradescope):
    root, run = gradescope
    hand_in("emmy", root / "submission" / "in a folder")
    (root / "submission" / "01_dot_products.ipynb").write_bytes(
        (files.root() / files.place("01_dot_products", "solutions")).read_bytes())
    result = run()
    assert result["score"] == 3 and len(result["tests"]) == 4
    for test in result["tests"]:
        assert test["name"].startswith("02.") and test["status"] in ("passed", "failed") and test["output"]
        assert 0 <= test["score"] <= test["max_score"]


def test_run_autograder_without_a_notebook_and_without_a_grader(gradescope):
    root, run = gradescope
    result = run()
    assert result["score"] == 0 and "there is no notebook" in result["output"]
    (root / "venv" / "bin" / "selfattention").unlink()
    (root / "venv" / "bin" / "selfattention").symlink_to("/bin/false")
    result = run()
    assert result["score"] == 0 and "did not start" in result["output"]


def test_setup_is_bash():
    assert subprocess.run(["bash", "-n"], input=BLOCKS["setup"], text=True).returncode == 0


def test_the_workflow(tmp_path):
    workflow = yaml.load(BLOCKS["workflow"], yaml.BaseLoader)  # the safe loader takes `on` for a yes
    assert workflow["name"] == "Autograding Tests" and list(workflow["jobs"]) == ["run-autograding-tests"]
    steps = workflow["jobs"]["run-autograding-tests"]["steps"]
    grade, report = next(step for step in steps if "id" in step), steps[-1]
    name = f"{grade['id'].upper()}_RESULTS"
    assert report["with"]["runners"] == grade["id"]
    assert report["env"] == {name: f"${{{{ steps.{grade['id']}.outputs.result }}}}"}
    hand_in("emmy", tmp_path / "repository" / "exercises")
    done = bash(grade["run"], tmp_path / "repository", RUNNER_TEMP=str(tmp_path),
                GITHUB_OUTPUT=str(tmp_path / "output"))
    assert done.returncode == 0, done.stderr
    assert "Known mistake" in done.stdout
    key, _, value = (tmp_path / "output").read_text().strip().partition("=")
    result = json.loads(base64.b64decode(value, validate=True))
    assert key == "result" and result["version"] == 1 and result["status"] == "fail" and result["max_score"] == 15
    assert sum(test["score"] for test in result["tests"]) == 3
    assert all(test["status"] in ("pass", "fail", "error") and test["name"] for test in result["tests"])


def test_check_is_red_until_all_is_right_and_nbval_is_not(tmp_path):
    (tmp_path / "exercises").mkdir()
    target = tmp_path / "exercises" / NAME
    for content, status in ((submission("ada"), 0), (submission("emmy"), 1)):
        target.write_text(content, encoding="utf-8")
        assert bash(BLOCKS["check"], tmp_path).returncode == status
    target.write_bytes((files.root() / files.place("02_softmax", "exercises")).read_bytes())
    assert bash(BLOCKS["check"], tmp_path).returncode == 1
    done = bash(f"pytest --nbval-lax -p no:cacheprovider exercises/{NAME}", tmp_path)
    assert done.returncode == 0, done.stdout[-3000:]
