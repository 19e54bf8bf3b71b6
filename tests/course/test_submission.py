"""Notebook files of every kind: read and judged, or refused with one clear message."""


import nbformat
import pytest

from selfattention.course import files
from selfattention.course.cli import commands, main
from selfattention.course.reading import Unreadable, read
from selfattention.course.submission import judge_cells, judge_file
from selfattention.engine.guard.limits import Allowance
from selfattention.engine.process.remote import Cell, Clock, NoProcess, Spawned

RIGHT = """def softmax(scores):
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)"""


def exercise(folder, answers=(), before=""):
    """A copy of the exercise notebook 02 with some answers filled in."""
    notebook = nbformat.read(files.root() / files.place("02_softmax", "exercises"), as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "").removesuffix("-answer")
        if name in dict(answers):
            cell.source = dict(answers)[name]
    notebook.cells[1].source += "\n" + before
    path = folder / "02_softmax.ipynb"
    nbformat.write(notebook, path)
    return path


def statuses(path):
    return {report.exercise: report.status for report in judge_file(path)}


def test_each_exercise_is_judged_by_its_own_function(tmp_path):
    path = exercise(
        tmp_path,
        {
            "softmax": RIGHT,
            "log_softmax": "def log_softmax(scores):\n    return np.log(softmax(scores))",
            "softmax_jacobian": "def softmax_jacobian(w):\n    return wieghts",
        },
    )
    found = {report.exercise: report for report in judge_file(path)}
    assert found["softmax"].status == "passed"
    assert found["softmax_with_temperature"].status == "not attempted"
    assert found["log_softmax"].mistake.name == "takes the logarithm of the finished weights"
    assert found["softmax_jacobian"].status == "error"


def test_the_solutions_pass():
    assert set(statuses(files.root() / files.place("02_softmax", "solutions")).values()) == {"passed"}


def test_a_process_that_ends_costs_one_exercise_only(tmp_path):
    path = exercise(
        tmp_path,
        {
            "softmax": "def softmax(scores):\n    import os; os._exit(1)",
            "log_softmax": "def log_softmax(s):\n    return s - np.logaddexp.reduce(s, axis=-1, keepdims=True)",
        },
    )
    assert statuses(path) == {"softmax": "error", "softmax_with_temperature": "not attempted", "log_softmax": "passed",
                              "softmax_jacobian": "not attempted"}


def test_a_syntax_error_is_told_where_the_answer_is(tmp_path):
    reports = judge_file(exercise(tmp_path, {"softmax": "def softmax(scores)\n    return scores"}))
    assert (
        reports[0].status == "error" and "SyntaxError" in str(reports[0]) and "def softmax(scores)" in str(reports[0])
    )


def test_a_deleted_answer_is_not_attempted(tmp_path):
    path = exercise(tmp_path, {"softmax": ""})
    assert statuses(path)["softmax"] == "not attempted"


def test_edited_and_deleted_check_cells_change_nothing(tmp_path):
    path = exercise(tmp_path, {"softmax": RIGHT})
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.source = "raise SystemExit"
    notebook.cells = [cell for cell in notebook.cells if cell.id != "log_softmax-check"]
    nbformat.write(notebook, path)
    assert statuses(path)["softmax"] == "passed"


def test_magics_shell_lines_and_plots_do_no_harm(tmp_path):
    lines = "%matplotlib inline\n!pip list\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()\ninput('x')"
    assert statuses(exercise(tmp_path, {"softmax": RIGHT}, before=lines))["softmax"] == "passed"


BAD = {
    "missing": (None, "does not exist"),
    "empty": (b"", "is empty"),
    "not JSON": (b"def softmax(", "not JSON"),
    "not UTF-8": (b"\xff\xfe\x00", "not JSON"),
    "without cells": (b'{"a": 1}', "without cells"),
    "a list": (b"[1, 2]", "without cells"),
    "newer": (b'{"cells": [], "nbformat": 5, "nbformat_minor": 0, "metadata": {}}', "format 5"),
    "no format": (b'{"cells": []}', "format None"),
    "damaged": (b'{"cells": [3], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "damaged"),
    "deep": (b"[" * 100_000, "not JSON"),
    "large": (b'{"a": "' + b"x" * 21 * 2**20 + b'"}', "more than 20 MB"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_gets_one_clear_message_and_status_2(kind, tmp_path, capsys, monkeypatch):
    content, words = BAD[kind]
    path = tmp_path / "02_softmax.ipynb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Unreadable, match=words):
        read(path)
    monkeypatch.setattr("sys.argv", ["selfattention", "check", str(path)])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 2 and words in told and "Traceback" not in told and len(told.splitlines()) == 1


def test_there_is_a_command_for_everything_promised():
    assert set(commands.commands) >= {"start", "lab", "status", "check", "hint", "reset", "doctor", "build"}


def test_a_notebook_that_uses_up_its_time_is_told_so(tmp_path):
    path = exercise(tmp_path, {"softmax": RIGHT})
    cells = read(path).cells
    cells.insert(4, Cell("import time; time.sleep(60)"))
    reports = judge_cells(cells, "02_softmax", Spawned, clock=Clock(Allowance(notebook=20, patience=2)))
    assert [report.status for report in reports] == ["passed", "not attempted", "timeout", "timeout"]
    assert "whole notebook" in str(reports[2])


def test_a_process_that_ends_before_any_learners_code_is_no_fault_of_the_learner(tmp_path):
    class Stillborn(Spawned):
        def __init__(self):
            super().__init__()
            self.end()

    with pytest.raises(NoProcess):
        judge_cells(read(exercise(tmp_path, {"softmax": RIGHT})).cells, "02_softmax", Stillborn)
