"""A newer version of the course arrives while a learner is in the middle: nothing of theirs is lost."""

import copy
import json
import shutil

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfattention.course import cells, files, memory
from selfattention.course.updating import update

EXERCISES, LESSON = "exercises/02_exercises_softmax.ipynb", "notebooks/02_softmax.ipynb"
SOLUTIONS = "solutions/02_solutions_softmax.ipynb"
ANSWER = "def softmax(scores):\n    return scores  # mine"
NAMES = ("softmax", "softmax_with_temperature", "log_softmax", "softmax_jacobian")


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def save(path, notebook):
    path.write_text(json.dumps(notebook), encoding="utf-8")


def text(notebook):
    return ["".join(cell["source"]) for cell in notebook["cells"]]


def find(notebook, name):
    return next(cell for cell in notebook["cells"] if name in cells.names(cell))


def code(source, **more):
    return {"cell_type": "code", "id": f"mine-{abs(hash(str(source)))}", "metadata": {}, "outputs": [],
            "execution_count": None, "source": source, **more}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of one chapter: `course.publish` brings out a newer version of it."""
    root = tmp_path / "course"
    for place in (EXERCISES, LESSON, SOLUTIONS):
        (root / place).parent.mkdir(parents=True)
        shutil.copy(files.root() / place, root / place)
    monkeypatch.setattr(files, "root", lambda: root)
    return Course(root, tmp_path / "work")


class Course:
    def __init__(self, root, work):
        self.root, self.work = root, work

    def publish(self, *places):
        """A newer version: every cell has another text, but for those that ask for a guess."""
        for place in places or (EXERCISES, LESSON, SOLUTIONS):
            notebook = load(self.root / place)
            for cell in notebook["cells"]:
                source = "".join(cell["source"])
                stub = "    raise NotImplementedError"
                last = "" if source.startswith("guess") else "\n# new"
                cell["source"] = source.replace(stub, f"    ...  # new\n{stub}") + last
            save(self.root / place, notebook)

    def told(self):
        return {step.path.relative_to(self.work).as_posix(): step.told for step in update(self.work) if step.told}

    def change(self, place, change):
        notebook = load(self.work / place)
        change(notebook)
        save(self.work / place, notebook)

    def now(self, place=EXERCISES):
        return load(self.work / place)

    def backups(self):
        return sorted((self.work / "backups").glob("*"))


def ran(notebook):
    """As JupyterLab saves it after everything was run: other outputs and numbers, lines in lists, other metadata."""
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.99"}
    for number, cell in enumerate(notebook["cells"]):
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
        cell["metadata"]["collapsed"] = True
        if cell["cell_type"] == "code":
            cell.update(execution_count=number, outputs=[{"output_type": "stream", "name": "stdout", "text": ["x"]}])


def test_answers_and_own_cells_are_carried_over(course):
    update(course.work)

    def learn(notebook):
        find(notebook, "softmax-answer")["source"] = ANSWER
        place = notebook["cells"].index(find(notebook, "softmax-check"))
        notebook["cells"].insert(place, code("softmax(np.eye(2))", outputs=[
            {"output_type": "stream", "name": "stdout", "text": "seen"}]))

    course.change(EXERCISES, learn)
    before = (course.work / EXERCISES).read_bytes()
    course.publish()
    line = course.told()[EXERCISES]
    (kept,) = course.backups()
    assert line == (f"is the new version now with your softmax with 1 cell of your own; the old one is "
                    f"backups/{kept.name}")
    assert kept.read_bytes() == before
    now, fresh = course.now(), load(course.root / EXERCISES)
    nbformat.validate(now)
    own = text(now).index("softmax(np.eye(2))")
    check = "".join(find(fresh, "softmax-check")["source"])
    assert text(now)[own - 1:own + 2] == [ANSWER, "softmax(np.eye(2))", check]
    assert now["cells"][own]["outputs"][0]["text"] == "seen"
    assert find(now, "softmax-check")["outputs"] == [] != find(now, "log_softmax-check")["outputs"]
    assert find(now, "progress")["outputs"] == [] != find(fresh, "progress")["outputs"]
    others = [one for one in text(now) if one not in (ANSWER, "softmax(np.eye(2))")]
    assert others == [one for one in text(fresh) if one != text({"cells": [find(fresh, "softmax-answer")]})[0]]
    assert course.told() == {} and course.backups() == [kept], "the second time nothing is to be done"


def stripped(notebook):
    """As after a platform that throws away ids and metadata (format 4.4 has no ids)."""
    notebook.update(nbformat_minor=4, metadata={})
    for cell in notebook["cells"]:
        cell.pop("id", None)
        cell["metadata"] = {}


def colab(notebook):
    notebook.update(nbformat_minor=0, metadata={"colab": {"provenance": []}})
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"] = {"id": cell.pop("id"), "outputId": f"x{number}", "colab": {"base_uri": "https://localhost/"}}


def colab_with_names_of_its_own(notebook):
    colab(notebook)
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"]["id"] = f"aB3-{number}"


def visual_studio_code(notebook):
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"{number:08x}"
        cell["metadata"]["vscode"] = {"languageId": "python"}


def windows(notebook):
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n") + "\r\n"


def shuffled(notebook):
    notebook["cells"].reverse()


@pytest.mark.parametrize("way", [ran, windows, visual_studio_code, colab])
def test_what_was_only_run_and_saved_is_replaced_without_a_backup(way, course):
    update(course.work)
    for place in (EXERCISES, LESSON, SOLUTIONS):
        course.change(place, way)
    before = course.now()
    assert course.told() == {}, "there is no newer version"
    assert load(course.work / EXERCISES) == before, "and so nothing is written"
    course.publish()
    told = course.told()
    assert set(told) == {EXERCISES, LESSON, SOLUTIONS}
    assert all("you had written nothing" in line for line in told.values())
    for place in told:
        assert text(course.now(place)) == text(load(course.root / place))
    assert course.backups() == []


@pytest.mark.parametrize("way", [colab, visual_studio_code, windows])
def test_an_answer_that_its_text_does_not_tell_is_known_by_the_name_of_its_cell(way, course):
    update(course.work)

    def learn(notebook):
        find(notebook, "softmax-answer")["source"] = "from mine import softmax"
        way(notebook)

    course.change(EXERCISES, learn)
    course.publish()
    course.told()
    assert find(course.now(), "softmax-answer")["source"] == "from mine import softmax"


@pytest.mark.parametrize("way", [ran, stripped, colab, colab_with_names_of_its_own, visual_studio_code, windows,
                                 shuffled])
def test_answers_are_found_whatever_program_has_saved_them(way, course):
    update(course.work)

    def learn(notebook):
        for name in NAMES[1:]:
            source = f"from math import pi\n\ndef {name}(scores, x=1):\n    return {name!r}"
            find(notebook, f"{name}-answer")["source"] = source
        way(notebook)

    course.change(EXERCISES, learn)
    course.publish()
    assert "with your softmax_with_temperature, log_softmax, softmax_jacobian;" in course.told()[EXERCISES]
    now = course.now()
    nbformat.validate(now)
    for name in NAMES[1:]:
        assert f"return {name!r}" in find(now, f"{name}-answer")["source"]
    assert "# new\n    raise NotImplementedError" in find(now, "softmax-answer")["source"]
    assert list(map(cells.key, now["cells"])) == list(map(cells.key, load(course.root / EXERCISES)["cells"]))


def test_of_two_versions_of_an_answer_the_last_counts_and_both_stay(course):
    update(course.work)

    def learn(notebook):
        first = find(notebook, "softmax-answer")
        first["source"] = "def softmax(scores):\n    return 1"
        second = {**copy.deepcopy(first), "id": "again", "source": "def softmax(scores):\n    return 2"}
        third = {**copy.deepcopy(first), "id": "third", "source": "helper = 3"}
        notebook["cells"].insert(notebook["cells"].index(first), third)
        notebook["cells"].insert(notebook["cells"].index(first) + 1, second)

    course.change(EXERCISES, learn)
    course.publish()
    course.told()
    assert "return 2" in find(course.now(), "softmax-answer")["source"]
    order = text(course.now())
    graded = [cell for cell in course.now()["cells"] if "nbgrader" in cell["metadata"]]
    assert len(graded) == 2 * len(NAMES), "nbgrader refuses two cells of one name"
    assert order.index("helper = 3") == order.index("def softmax(scores):\n    return 1") - 1
    assert order.index("def softmax(scores):\n    return 1") == order.index("def softmax(scores):\n    return 2") - 1


def test_own_cells_above_everything_stay_there_in_their_order(course):
    update(course.work)
    course.change(EXERCISES, lambda notebook: notebook["cells"].insert(0, code("one = 1")))
    course.change(EXERCISES, lambda notebook: notebook["cells"].insert(1, code("two = 2")))
    course.publish()
    course.told()
    assert text(course.now())[:2] == ["one = 1", "two = 2"]


def test_a_stub_that_comes_back_does_not_hide_an_answer_that_stands_elsewhere(course):
    update(course.work)

    def learn(notebook):
        both = f"{ANSWER}\n\ndef log_softmax(scores):\n    return 5"
        find(notebook, "softmax-answer")["source"] = both
        notebook["cells"].remove(find(notebook, "log_softmax-answer"))

    course.change(EXERCISES, learn)
    course.publish()
    course.told()
    assert find(course.now(), "log_softmax-answer")["source"] == "# Your `log_softmax` stands in another cell."
    course.publish()
    course.told()
    assert find(course.now(), "log_softmax-answer")["source"] == "# Your `log_softmax` stands in another cell."


def test_what_was_written_into_cells_of_the_courses_stands_beside_them_or_in_the_backup(course):
    update(course.work)

    def learn(notebook):
        find(notebook, "set-up")["source"] += "\nimport math"
        find(notebook, "softmax-check")["source"] += "\n\nprint(softmax([1]))"
        find(notebook, "log_softmax-check")["source"] = 'check("02.log_softmax", seed=5)'
        find(notebook, "softmax_jacobian-prompt")["source"] += "\nMy notes."

    course.change(EXERCISES, learn)
    course.publish()
    assert course.told()[EXERCISES].endswith("; your changes to softmax_jacobian-prompt are only there")
    order = text(course.now())
    keys = [cells.key(cell) for cell in course.now()["cells"]]
    assert "import math" in order[keys.index("set-up") + 1]
    assert "print(softmax([1]))" in order[keys.index("softmax-check") - 1]
    assert "seed=5" not in "".join(order)
    assert "My notes." in "".join(text(load(course.backups()[0])))


def test_guesses_are_carried_over_and_a_lesson_that_was_changed_otherwise_stays(course):
    update(course.work)

    def guess(notebook):
        asking = next(cell for cell in notebook["cells"] if "".join(cell["source"]).startswith("guess_overflow"))
        asking["source"] = "guess_overflow = 700"

    course.change(LESSON, guess)
    assert course.told() == {}
    course.publish(LESSON)
    assert "with your guesses; the old one is backups/02_softmax." in course.told()[LESSON]
    now = course.now(LESSON)
    assert "guess_overflow = 700" in text(now) and all("# new" in one or one.startswith("guess") for one in text(now))
    assert not any(cell.get("outputs") for cell in now["cells"][text(now).index("guess_overflow = 700"):])
    assert course.told() == {}

    course.change(LESSON, lambda notebook: notebook["cells"].append(code("my_own = 1")))
    mine = (course.work / LESSON).read_bytes()
    assert course.told() == {}, "what has not changed is not written beside"
    course.publish(LESSON)
    assert course.told() == {LESSON: "holds changes of yours and is left as it is; the new version is "
                                     "notebooks/02_softmax.new.ipynb"}
    assert (course.work / LESSON).read_bytes() == mine
    assert text(course.now("notebooks/02_softmax.new.ipynb")) == text(load(course.root / LESSON))
    assert course.told() == {}, "it is offered once"
    (course.work / "notebooks/02_softmax.new.ipynb").unlink()
    assert course.told() == {}
    course.publish(LESSON)
    assert "02_softmax.new.ipynb" in course.told()[LESSON]
    course.change("notebooks/02_softmax.new.ipynb", lambda notebook: notebook["cells"].append(code("here, too")))
    course.publish(LESSON)
    assert "notebooks/02_softmax.new-2.ipynb" in course.told()[LESSON], "what was edited is not overwritten"


@pytest.mark.parametrize("content", [b"", b"no notebook", b'{"cells": 3}', b'{"nbformat": 3, "worksheets": []}',
                                     b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 1}]}',
                                     "größer".encode("cp1252"), b'{"nbformat": 4, "cells": [1]}'])
@pytest.mark.parametrize("place", [EXERCISES, LESSON])
def test_what_cannot_be_read_stays_and_the_new_one_is_written_beside_it(content, place, course):
    update(course.work)
    (course.work / place).write_bytes(content)
    for _ in range(2):
        update(course.work)
        assert (course.work / place).read_bytes() == content
    other = place.replace(".ipynb", ".new.ipynb")
    assert text(course.now(other)) == text(load(course.root / place))
    assert len(list((course.work / place).parent.iterdir())) == 2


def test_files_with_the_old_names_are_carried_over(course):
    """A working copy from before: other names, nothing remembered, and an older version."""
    (course.work / "exercises").mkdir(parents=True)
    (course.work / "solutions").mkdir()
    old = load(course.root / EXERCISES)
    old["cells"] = [cell for cell in old["cells"] if cell["id"] not in ("way", "progress")]
    find(old, "log_softmax-answer")["source"] = "def log_softmax(scores):\n    return 5"
    old["cells"].append(code("notes = 1"))
    save(course.work / "exercises/02_softmax.ipynb", old)
    save(course.work / "solutions/02_softmax.ipynb", load(course.root / SOLUTIONS))
    save(course.work / memory.MEMORY, {"hints": {"02.softmax": 1}})
    course.publish()
    told = course.told()
    assert "with your log_softmax with 1 cell of your own" in told[EXERCISES]
    assert [path.name[:11] for path in course.backups()] == ["02_softmax."] * 2
    assert [path.name for path in (course.work / "exercises").iterdir()] == ["02_exercises_softmax.ipynb"]
    assert [path.name for path in (course.work / "solutions").iterdir()] == ["02_solutions_softmax.ipynb"]
    now = course.now()
    assert "return 5" in find(now, "log_softmax-answer")["source"]
    assert "# new\n    raise" in find(now, "softmax-answer")["source"], "an older stub is no answer"
    assert memory.recall(course.work)["hints"] == {"02.softmax": 1}
    assert course.told() == {}


def test_an_old_name_beside_work_under_the_new_one_is_left_alone(course):
    update(course.work)
    course.change(EXERCISES, lambda notebook: find(notebook, "softmax-answer").update(source=ANSWER))
    former = course.work / "exercises/02_softmax.ipynb"
    former.write_bytes((course.root / EXERCISES).read_bytes())
    assert "is left as it is, and so is exercises/02_softmax.ipynb" in course.told()[EXERCISES]
    assert former.exists() and ANSWER in text(course.now())
    former.write_bytes(b"{")
    assert "cannot be read" in course.told()[EXERCISES]
    assert former.read_bytes() == b"{" and ANSWER in text(course.now())


def test_a_lesson_from_before_is_replaced_only_where_it_is_known(course):
    (course.work / "notebooks").mkdir(parents=True)
    shutil.copy(course.root / LESSON, course.work / LESSON)
    save(course.work / memory.MEMORY, {})
    assert course.told() == {}
    course.publish(LESSON)
    assert "you had written nothing" in course.told()[LESSON], "it was recognised the first time, and noted"
    save(course.work / memory.MEMORY, {})
    course.publish(LESSON)
    assert "is left as it is" in course.told()[LESSON], "nobody can tell who wrote this"


@pytest.mark.parametrize("number", range(1, 9))
def test_an_interruption_loses_nothing_and_may_be_repeated(number, course, monkeypatch):
    update(course.work)
    former = course.work / "exercises/02_softmax.ipynb"
    course.change(EXERCISES, lambda notebook: find(notebook, "softmax-answer").update(source=ANSWER))
    (course.work / EXERCISES).rename(former)
    course.change(LESSON, lambda notebook: notebook["cells"].append(code("my_own = 1")))
    course.publish()
    write, count = files.write_whole, iter(range(1, 100))

    def interrupted(*args, **kwargs):
        if next(count) == number:
            raise KeyboardInterrupt
        write(*args, **kwargs)

    monkeypatch.setattr(files, "write_whole", interrupted)
    try:
        update(course.work)
    except KeyboardInterrupt:
        assert any(ANSWER in text(load(path)) for path in course.work.rglob("*.ipynb"))
    else:
        assert number > 5
    monkeypatch.setattr(files, "write_whole", write)
    course.told()
    assert find(course.now(), "softmax-answer")["source"] == ANSWER
    assert "my_own = 1" in text(course.now(LESSON)) and not former.exists()
    assert text(course.now("notebooks/02_softmax.new.ipynb")) == text(load(course.root / LESSON))
    assert course.told() == {}


def test_what_another_program_has_damaged_is_mended_and_its_text_kept(course):
    update(course.work)
    odd = code("mine = 1", outputs=[{"output_type": "unheard of"}], id="not a valid id!")
    course.change(EXERCISES, lambda notebook: notebook["cells"].insert(3, odd))
    course.publish()
    course.told()
    nbformat.validate(course.now())
    assert "mine = 1" in text(course.now())


def test_what_is_written_is_what_jupyterlab_would_store(course):
    from ipykernel.ipkernel import IPythonKernel

    update(course.work)
    raw = (course.work / EXERCISES).read_text(encoding="utf-8")
    assert load(course.work / EXERCISES)["metadata"]["language_info"] == IPythonKernel.language_info
    assert nbformat.writes(nbformat.reads(raw, as_version=4)) + "\n" == raw


LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
SOURCES = st.one_of(
    st.lists(LINES, min_size=1, max_size=4).map("\n".join),
    st.sampled_from(NAMES).map(lambda name: f"def {name}(scores):\n    return {name!r}  # mine"),
    st.sampled_from(NAMES).map(lambda name: f'check("02.{name}")\nmine = 1'),
    st.sampled_from(NAMES).map(lambda name: f"## 1 · `{name}` (3 points)\nmine"),
    st.just("def softmax(scores):\n    raise NotImplementedError  # mine"))
EDITS = st.lists(st.tuples(st.sampled_from(["write", "add", "delete", "move", "copy", "type", "strip"]),
                           st.integers(0, 30), st.integers(0, 30), SOURCES), max_size=8)


def edit(notebook, edits):
    """Do to a notebook what people and programs do."""
    found = notebook["cells"]
    for what, one, other, source in edits:
        place = one % len(found) if found else 0
        if what == "add" or not found:
            found.insert(place, code(source))
        elif what == "write":
            found[place]["source"] = source
        elif what == "delete":
            del found[place]
        elif what == "move":
            found.insert(other % len(found), found.pop(place))
        elif what == "copy":
            found.insert(other % len(found), copy.deepcopy(found[place]))
        elif what == "type":
            markdown = found[place]["cell_type"] == "code"
            found[place] = code(found[place]["source"]) if not markdown else {
                "cell_type": "markdown", "id": f"m{one}{other}", "metadata": {}, "source": found[place]["source"]}
        elif what == "strip":
            stripped(notebook)


def lines(notebook):
    return {line.strip() for cell in notebook["cells"] for line in cells.source(cell).splitlines()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS, place=st.sampled_from([EXERCISES, LESSON]), remembers=st.booleans(), twice=st.booleans())
def test_no_line_of_a_learner_is_ever_lost(course, edits, place, remembers, twice):
    pristine = {one: (files.root() / one).read_bytes() for one in (EXERCISES, LESSON, SOLUTIONS)}
    try:
        update(course.work)
        course.change(place, lambda notebook: edit(notebook, edits))
        mine = lines(course.now(place)) - lines(load(course.root / place))
        if not remembers:
            save(course.work / memory.MEMORY, {})
        for _ in range(1 + twice):
            course.publish()
            course.told()
        there = [load(path) for path in course.work.rglob("*.ipynb")]
        assert mine <= set().union(*map(lines, there))
        for notebook in there:
            if notebook["metadata"].get("selfattention", {}).get("kind") == "exercises":
                nbformat.validate(notebook)
        assert course.told() == {}
    finally:
        shutil.rmtree(course.work)
        for one, content in pristine.items():
            (course.root / one).write_bytes(content)
