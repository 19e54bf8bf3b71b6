"""`progress()` and `selfattention status` show the same points, and say what they do not know."""

import json
import linecache
import os
import time

import pytest
from test_updating import find, load, save

from selfattention import check, problems, progress
from selfattention.course import files, memory, standing
from selfattention.course.progress import Progress, bar, by_chapter
from selfattention.course.standing import CHANGED, UNKNOWN, Row, following
from selfattention.course.workspace import Workspace

RIGHT = """def softmax(scores):
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)"""
WRONG = RIGHT.replace("axis=-1", "axis=0")
FILE = "exercises/02_exercises_softmax.ipynb"


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A working copy, with the current folder where its exercises' kernels have it."""
    folder = tmp_path / "work"
    Workspace(folder).start()
    monkeypatch.chdir(folder / "exercises")
    monkeypatch.setattr(standing, "_checked_here", {})
    return folder


def run(source, key="02.softmax"):
    """Run an answer and its check as a kernel does: the text of a cell can be found again."""
    name = f"<cell {time.monotonic_ns()}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    namespace = {"check": check}
    exec("import numpy as np", namespace)
    exec(compile(source, name, "exec"), namespace)
    return eval(f"check({key!r})", namespace)


def write(folder, name, source):
    notebook = load(folder / FILE)
    find(notebook, f"{name}-answer")["source"] = source
    save(folder / FILE, notebook)


def row(name="softmax"):
    return next(one for one in progress().rows if one.exercise == name)


def older(path, seconds=60):
    """As if a file had been saved a minute ago."""
    os.utime(path, (time.time() - seconds,) * 2)


def test_points_and_names_are_those_of_the_exercises():
    assert standing.worth() == {chapter: {exercise.name: exercise.points for exercise in problems.exercises(chapter)}
                                for chapter in problems.chapters()}


def test_a_pass_is_shown_at_once_and_stays_after_saving(copy):
    assert progress().earned == 0 and row().state == "not attempted"
    run(WRONG)
    assert (row().state, row().earned, row().told) == ("failed", 0, "normalises over the queries instead of the keys")
    assert "Next: softmax_with_temperature" in repr(run(RIGHT))
    assert (row().state, row().earned) == ("passed", 4), "the file is not saved yet"
    write(copy, "softmax", RIGHT)
    assert (row().state, row().earned) == ("passed", 4), "saved afterwards, with what was checked"
    write(copy, "softmax", RIGHT + "\n\nhelp_text = 1")
    assert row().state == "passed", "the function is the same"
    write(copy, "softmax", WRONG)
    assert row().state == CHANGED and "`selfattention status` checks it" in repr(progress())
    older(copy / FILE)
    assert row().state == "passed", "saved before it was checked: the notebook in the browser is newer"


def test_what_status_has_judged_is_shown_until_the_code_changes(copy):
    space = Workspace(copy)
    rows = [{"exercise": name, "earned": points, "status": "passed"}
            for name, points in standing.worth()["02_softmax"].items()]
    write(copy, "softmax", RIGHT)
    space.remember(copy / FILE, rows)
    assert progress().earned == 15
    run("def softmax(scores):\n    return scores")
    assert row().state == "failed", "of two that hold the later one counts"
    space.remember(copy / FILE, rows)
    assert progress().earned == 15
    notebook = load(copy / FILE)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=3)
    save(copy / FILE, notebook)
    assert progress().earned == 15 and space.remembered(copy / FILE) == rows, "outputs change nothing"
    write(copy, "softmax", WRONG)
    assert row().state == CHANGED and space.remembered(copy / FILE) is None
    run(WRONG)
    assert row().state == "failed", "what was checked last counts"


def test_an_answer_that_nobody_has_checked_and_a_file_that_cannot_be_read(copy):
    write(copy, "log_softmax", "def log_softmax(scores):\n    return 1")
    assert row("log_softmax").state == UNKNOWN and row("softmax").state == "not attempted"
    (copy / FILE).write_text("{")
    assert {one.state for one in progress().rows if one.chapter == "02_softmax"} == {UNKNOWN}
    (copy / FILE).unlink()
    assert row().state == "not attempted" and len(progress().rows) == sum(map(len, standing.worth().values()))


@pytest.mark.parametrize("folder", ["solutions", "notebooks"])
def test_what_solutions_and_lessons_show_is_nobodys_points(copy, monkeypatch, folder):
    monkeypatch.chdir(copy / folder)
    assert "Next" not in repr(run(RIGHT))
    assert progress().earned == 0


def test_outside_of_a_working_copy_it_says_so_and_counts_what_this_kernel_has_checked(copy, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert "lies in no working copy" in repr(progress()) and progress().earned == 0
    assert "Next: softmax_with_temperature" in repr(run(RIGHT))
    assert progress().earned == 4 and "no working copy" in progress()._repr_html_()
    assert not (tmp_path / memory.MEMORY).exists()


@pytest.mark.parametrize("content", ["", "[]", '{"checked": 3, "results": [], "written": 1}', "{"])
def test_a_damaged_memory_is_begun_anew(content, copy):
    (copy / memory.MEMORY).write_text(content)
    assert progress().earned == 0
    run(RIGHT)
    assert progress().earned == 4


def test_what_cannot_be_remembered_is_still_judged(copy, monkeypatch):
    def full(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(files, "write_whole", full)
    assert "passed, 4 of 4 points" in repr(run(RIGHT))


def test_it_runs_nothing_and_is_fast(copy, monkeypatch):
    from selfattention.course import submission

    monkeypatch.setattr(submission, "judge_file", None)
    progress()
    began = time.process_time()
    progress()._repr_html_()
    assert time.process_time() - began < 0.5


def rows(**states):
    """Two chapters of two exercises, with these states."""
    return [Row(chapter, name, 2, 2.0 * (state == "passed"), state) for chapter, names in (
        ("01_dot_products", ("a", "b")), ("02_softmax", ("c", "d"))) for name in names
        for state in [states.get(name, "not attempted")]]


@pytest.mark.parametrize(("states", "passed", "words", "place"), [
    ({}, "", "01 · Dot products", "notebooks/01_dot_products.ipynb"),
    ({"a": "failed"}, "", "a in chapter 01", "exercises/01_exercises_dot_products.ipynb"),
    ({"a": "passed"}, "", "b in chapter 01", "exercises/01_exercises_dot_products.ipynb"),
    ({"a": "passed", "b": "passed"}, "", "02 · Softmax", "notebooks/02_softmax.ipynb"),
    ({"a": "passed"}, "01.a", "b", "exercises/01_exercises_dot_products.ipynb"),
    ({"b": "passed"}, "01.b", "a", "exercises/01_exercises_dot_products.ipynb"),
    ({"a": "passed", "b": "passed", "c": "failed"}, "01.b", "02 · Softmax", "notebooks/02_softmax.ipynb"),
    ({"c": "passed", "d": "passed"}, "02.d", "01 · Dot products", "notebooks/01_dot_products.ipynb"),
])
def test_what_comes_next(states, passed, words, place):
    found = following(rows(**states), passed)
    assert found.words.startswith(words) and found.place == place
    assert (files.root() / found.place).is_file()


def test_when_all_is_passed_nothing_comes_next():
    done = rows(a="passed", b="passed", c="passed", d="passed")
    assert following(done) is following(done, "02.d") is None
    assert "nothing, all is passed" in repr(Progress(done)) and "nothing, all is passed" in Progress(done)._repr_html_()


def test_the_card_has_every_exercise_every_sum_and_a_link(copy):
    page = Progress(rows(a="passed", c=CHANGED))._repr_html_().replace("&nbsp;", " ")
    for words in ("✓ a 2/2", "○ b 0/2", "? c 0/2", "2 / 4", "0 / 4", "<strong>2 of 8 points</strong>",
                  'href="../exercises/01_exercises_dot_products.ipynb"', ">selfattention status</code>"):
        assert words in page, words
    assert "<script" not in page and "http" not in page
    assert [bar(*one) for one in ((0, 4), (3.9, 4), (4, 4))] == ["░" * 10, "█" * 9 + "░", "█" * 10]


def test_a_chapter_of_several_lessons_is_called_by_the_lesson_of_its_name():
    shown = [Row("16_interpretability", "rollout", 3, 0.0, "not attempted")]
    assert [title for title, _ in by_chapter(shown)] == ["16 · Interpretability"]


def test_on_a_narrow_page_a_name_is_broken_at_its_underscores():
    page = Progress([Row("02_softmax", "softmax_with_temperature", 3, 0.0, "not attempted")])._repr_html_()
    assert "○&nbsp;softmax_<wbr>with_<wbr>temperature&nbsp;0/3" in page and "nowrap\">0 / 3" in page


def test_status_shows_the_same(copy):
    from click.testing import CliRunner

    from selfattention.course.cli import commands

    write(copy, "softmax", RIGHT)
    shown = CliRunner().invoke(commands, ["status"], catch_exceptions=False).output
    assert f"4 of {progress().points} points." in shown and f"4 of {progress().points} points" in repr(progress())
    assert progress().earned == 4 and row().state == "passed"
    assert json.loads((copy / memory.MEMORY).read_text())["results"]["02_exercises_softmax.ipynb"]["rows"]


def test_status_runs_nothing_where_nothing_was_attempted(copy, monkeypatch):
    from click.testing import CliRunner

    from selfattention.course import submission
    from selfattention.course.cli import commands

    judged = []
    monkeypatch.setattr(submission, "judge_file", lambda path: judged.append(path.name) or [])
    assert f"0 of {progress().points} points" in CliRunner().invoke(commands, ["status"], catch_exceptions=False).output
    former = copy / "exercises" / "01_dot_products.ipynb"
    (copy / "exercises" / "01_exercises_dot_products.ipynb").rename(former)
    CliRunner().invoke(commands, ["status"], catch_exceptions=False)
    assert not judged
    untouched = (copy / FILE).read_bytes()
    write(copy, "softmax", RIGHT)
    CliRunner().invoke(commands, ["status"], catch_exceptions=False)
    (copy / FILE).write_bytes(untouched)
    CliRunner().invoke(commands, ["status"], catch_exceptions=False)
    assert judged == ["02_exercises_softmax.ipynb"] * 2, "what was once answered and is no more is judged again"
