"""The command line as a learner uses it, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from selfattention.course import files

RIGHT = """def softmax(scores):
    return np.exp(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True))"""


def call(*arguments, cwd, code=0, encoding="utf-8"):
    done = subprocess.run([sys.executable, "-m", "selfattention", *map(str, arguments)], cwd=cwd, capture_output=True,
                          text=True, encoding=encoding, env={**os.environ, "PYTHONIOENCODING": encoding})
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def answer(path, name, source):
    notebook = nbformat.read(path, as_version=4)
    next(cell for cell in notebook.cells if cell.id == f"{name}-answer").source = source
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    call("start", cwd=folder)
    return folder


def test_start_writes_what_is_missing_and_overwrites_nothing(tmp_path):
    told = call("start", "my course", cwd=tmp_path)
    count = sum(len(list((files.root() / folder).glob("*.ipynb"))) for folder in files.FOLDERS)
    assert f"{count} files written" in told
    mine = tmp_path / "my course" / "exercises" / "02_exercises_softmax.ipynb"
    mine.write_text("mine")
    (tmp_path / "my course" / "exercises" / "01_exercises_dot_products.ipynb").unlink()
    told = call("update", "my course", cwd=tmp_path)
    assert f"2 files written, {count - 2} were there" in told
    assert "exercises/02_exercises_softmax.ipynb cannot be read (its text is not JSON) and is left as it is; the new " \
           "version is exercises/02_exercises_softmax.new.ipynb." in told
    assert mine.read_text() == "mine"
    assert "0 files written" in call("start", "my course", cwd=tmp_path)


def test_a_lesson_in_the_working_copy_does_not_give_the_guesses_away(course):
    notebook = nbformat.read(course / "work" / "notebooks" / "02_softmax.ipynb", as_version=4)
    first = next(number for number, cell in enumerate(notebook.cells) if cell.source.startswith("guess_"))
    shown = [bool(cell.get("outputs")) for cell in notebook.cells]
    assert any(shown[:first]) and not any(shown[first:])
    assert all(cell.execution_count is None for cell in notebook.cells[first:] if cell.cell_type == "code")
    solution = nbformat.read(course / "work" / "solutions" / "02_solutions_softmax.ipynb", as_version=4)
    assert sum(bool(cell.get("outputs")) for cell in solution.cells) == 4


def test_check_json_status_hint_and_reset(course):
    path = course / "work" / "exercises" / "02_exercises_softmax.ipynb"
    answer(path, "softmax", RIGHT)
    answer(path, "log_softmax", "def log_softmax(scores):\n    return np.log2(softmax(scores))")
    answer(path, "softmax_with_temperature", "def softmax_with_temperature(scores, temperature):\n"
                                             "    return np.roll(softmax(scores / temperature), 1, axis=-1)")
    rows = json.loads(call("check", "02", "--json", "--seed", 7, cwd=course, code=1))
    assert [set(row) for row in rows] == [
        {"chapter", "exercise", "points", "earned", "status", "claim", "mistake", "comparison", "hint", "used",
         "seconds"}
    ] * len(rows)
    found = {row["exercise"]: row for row in rows}
    assert found["softmax"]["status"] == "passed" and found["softmax"]["earned"] == found["softmax"]["points"]
    assert found["log_softmax"]["mistake"] == "uses the logarithm to base 2"
    assert found["softmax_jacobian"]["status"] == "not attempted"
    assert [bool(found[name]["mistake"]) for name in ("softmax", "log_softmax", "softmax_with_temperature")] == [
        False, True, False]
    assert "one place later along" in found["softmax_with_temperature"]["comparison"], "found by comparison"
    assert found["softmax_with_temperature"]["hint"] == "" and not found["log_softmax"]["comparison"]

    for _ in range(2):  # the second time from memory
        told = call("status", cwd=course)
        assert "passed" in told and "Next:" in told and "00_start_here" in told

    first, second = (call("hint", "02", "softmax", cwd=course) for _ in range(2))
    assert first.startswith("Hint 1") and second.startswith("Hint 2")

    before = path.read_bytes()
    told = call("reset", "2", cwd=course)
    (backup,) = (course / "work" / "backups").iterdir()
    assert backup.read_bytes() == before and backup.name in told
    assert "NotImplementedError" in path.read_text()


def test_check_tells_a_person_and_gives_0_for_the_solutions(course):
    assert "passed" in call("check", files.root() / files.place("02_softmax", "solutions"), cwd=course)
    assert "not attempted" in call("check", "02", cwd=course, code=1)


def test_an_output_that_lacks_the_signs_is_written_all_the_same(course):
    assert "o mean_over_tokens: not attempted" in call("check", "00", cwd=course, code=1, encoding="cp1252")


def test_one_bad_file_among_good_ones_gives_1(course, tmp_path):
    right = files.root() / files.place("02_softmax", "solutions")
    told = call("check", right, tmp_path / "no.ipynb", cwd=course, code=1)
    assert "does not exist" in told and "passed" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "77"], "no chapter '77'"),
        (["hint", "02", "sofmax"], "the nearest name is 'softmax'"),
        (["check"], "selfattention start"),
        (["status"], "selfattention start"),
        (["reset", "x"], "no chapter"),
        (["nonsense"], "nonsense"),
        (["check", "--seed", "-1"], "seed"),
    ],
)
def test_bad_calls_get_one_message_and_status_2(arguments, words, tmp_path):
    assert words in call(*arguments, cwd=tmp_path, code=2)


def test_doctor_finds_this_machine_ready(course):
    told = call("doctor", cwd=course)
    assert "torch" in told and "Python" in told and "free memory" in told


def test_doctor_names_a_remedy(monkeypatch):
    from selfattention.course import doctor

    monkeypatch.setattr(doctor.metadata, "version", lambda name: "0.0.1")
    findings = {finding.what: finding for finding in doctor._packages()}
    assert findings["torch"].remedy.startswith("python -m pip install")


@pytest.mark.skipif(os.name == "nt", reason="signals differ on Windows")
def test_watch_checks_again_after_a_save_and_ends_on_ctrl_c(tmp_path):
    call("start", cwd=tmp_path)
    path = tmp_path / "work" / "exercises" / "02_exercises_softmax.ipynb"
    watching = subprocess.Popen([sys.executable, "-m", "selfattention", "check", "02", "--watch"], cwd=tmp_path,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        for line in watching.stdout:
            if "points\n" in line and " of " in line and line[0].isdigit():
                break
        time.sleep(1)
        answer(path, "softmax", RIGHT)
        for line in watching.stdout:
            if "✓ softmax: passed" in line:
                break
        else:
            pytest.fail("the saved answer was not checked")
        watching.send_signal(signal.SIGINT)
        assert watching.wait(timeout=30) == 130
        assert "Traceback" not in watching.stderr.read()
    finally:
        watching.kill()
    nbformat.validate(nbformat.read(path, as_version=4))


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.ipynb"
    path.write_text("old")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.write_whole(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_the_package_and_its_help_load_no_heavy_library():
    code = ("import sys, selfattention; from selfattention.course import cli\n"
            "sys.argv = ['selfattention', '--help']\ncli.main()\n"
            "print(sorted({'torch', 'numpy', 'nbformat', 'IPython', 'matplotlib', 'rich'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_checking_numpy_exercises_loads_no_torch():
    code = (
        "import sys, numpy as np\nfrom selfattention import check\n"
        "def softmax(s): return s\nr = check('02.softmax').report\n"
        "assert r.status == 'failed'\nprint('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False", done.stderr
