"""What honest people hand in is read: large, oddly encoded, without metadata, under any name."""

import json
import time
from pathlib import Path

import pytest

from selfattention import problems
from selfattention.course import files, outputs, reading
from selfattention.course.reading import Notebook, Unreadable, chapter_of, parse, read
from selfattention.engine.process.remote import Cell

SOLUTION = json.loads((files.root() / files.place("02_softmax", "solutions")).read_text(encoding="utf-8"))
PLACE = Path("02_softmax.ipynb")


def with_source(source):
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
        {"cell_type": "markdown", "source": source},
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}]}


def only_cell(content):
    (cell,) = parse(content, PLACE).cells
    return cell.source


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_encoding_of_unicode_is_read(encoding):
    text = json.dumps(with_source("# größer als 😀"), ensure_ascii=False)
    assert only_cell(text.encode(encoding)) == "# größer als 😀"


def test_single_letters_of_old_windows_are_read_and_what_is_no_letter_is_a_question_mark():
    text = json.dumps(with_source("# schön – größer"), ensure_ascii=False).encode()
    mixed = text.replace("ö".encode(), b"\xf6", 3).replace("–".encode(), b"\x96\x81")
    assert only_cell(mixed) == "# schön –? größer"
    assert only_cell(json.dumps(with_source("x = '\ud800'")).encode()) == "x = '?'"


def test_a_notebook_full_of_plots_is_read(tmp_path):
    notebook = with_source("x = 1")
    notebook["cells"][1]["outputs"] = [{"data": {"image/png": "A" * 10**6}}] * 45
    notebook["cells"][0]["attachments"] = {"a.png": {"image/png": "B" * 10**6}}
    notebook["metadata"]["widgets"] = {"state": ["C" * 10**6]}
    path = tmp_path / "02_softmax.ipynb"
    path.write_text(json.dumps(notebook))
    assert path.stat().st_size > 40 * 2**20
    assert read(path).cells == parse(path.read_bytes(), path).cells == [Cell("x = 1")]


def test_a_file_that_is_too_large_is_not_even_read(tmp_path, monkeypatch):
    path = tmp_path / "02_softmax.ipynb"
    with path.open("wb") as file:
        file.truncate(reading.LARGEST_FILE_BYTES + 1)  # without taking any place
    with pytest.raises(Unreadable, match="512 MB are read: open it, choose Edit > Clear Outputs"):
        read(path)


def bare(chapter, kind):
    """A chapter's cells as one has them whose platform has thrown all metadata away."""
    cells = json.loads((files.root() / files.place(chapter, kind)).read_text(encoding="utf-8"))["cells"]
    return [Cell("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("chapter", problems.chapters())
@pytest.mark.parametrize("folder", ["exercises", "solutions"])
def test_the_functions_tell_the_chapter_where_nothing_else_does(chapter, folder):
    for name in ("softmax.ipynb", "HW-02.ipynb", "2_softmax.ipynb", "01 final.ipynb", "Untitled3.ipynb"):
        assert chapter_of(Notebook(bare(chapter, folder), ""), Path(name)) == chapter


def test_name_and_metadata_come_before_the_functions_and_a_number_after_them():
    cells = bare("02_softmax", "solutions")
    assert chapter_of(Notebook(cells, ""), Path("my 04_masks copy.ipynb")) == "04_masks"
    assert chapter_of(Notebook(cells, "04_masks"), Path("Untitled.ipynb")) == "04_masks"
    assert chapter_of(Notebook([Cell("x = 1")], ""), Path("04 mine.ipynb")) == "04_masks"
    assert chapter_of(Notebook([Cell("", "causal_mask")], ""), Path("Untitled.ipynb")) == "04_masks"


@pytest.mark.parametrize("source", ['check("04.causal_mask")', "hint('04.padding_mask')",
                                    "  async  def causal_mask (n):",
                                    "def causal_mask(n): pass\ndef padding_mask(n): pass\ndef softmax(s): pass"])
def test_what_is_checked_tells_the_chapter_as_well_and_the_most_named_wins(source):
    assert chapter_of(Notebook([Cell("\n" + source)], ""), Path("my notes.ipynb")) == "04_masks"


@pytest.mark.parametrize("source", ["\n" * 50_000, "def softmax" + " " * 10**6, "async " * 10**5, 'check("02.' * 10**5,
                                    'check("02.' + "x" * 10**6, "def " * 10**5, "    " * 10**5 + "\n"])
def test_no_text_of_a_cell_takes_long_to_look_through(source):
    began = time.process_time()
    assert _told(source) is None
    assert time.process_time() - began < 10  # gone through from each of its lines again, the first takes a minute


def _told(source):
    problems.names()
    try:
        return chapter_of(Notebook([Cell(source)], ""), Path("my notes.ipynb"))
    except Unreadable:
        return None


@pytest.mark.parametrize("source", ["x = 1", "def softmax(x): pass\ndef causal_mask(n): pass", "softmax(x)",
                                    "# def softmax"])
def test_what_nothing_tells_is_refused_with_the_remedy(source):
    with pytest.raises(Unreadable, match=r"belongs to no chapter.*02_exercises_softmax\.ipynb"):
        chapter_of(Notebook([Cell(source)], ""), Path("my notes.ipynb"))


def test_the_names_are_those_of_the_exercises():
    assert problems.names() == {chapter: {exercise.name for exercise in problems.exercises(chapter)}
                                for chapter in problems.chapters()}


def test_the_kind_is_told_by_the_metadata():
    for kind in ("lesson", "exercises", "solutions"):
        assert read(files.root() / files.place("02_softmax", kind)).kind == kind
    assert parse(json.dumps(with_source("x")).encode(), PLACE).kind == ""


@pytest.mark.parametrize("chapter", problems.chapters())
def test_the_cells_tell_the_kind_where_the_metadata_are_lost(chapter):
    def told(kind, metadata):
        tree = json.loads((files.root() / files.place(chapter, kind)).read_text(encoding="utf-8"))
        tree["metadata"] = metadata
        for cell in tree["cells"]:
            cell["metadata"] = {}
        return parse(json.dumps(tree).encode(), PLACE).kind

    kinds = [told(kind, {}) for kind in ("lesson", "exercises", "solutions")]
    assert kinds == ["lesson", "exercises", "exercises"]
    assert told("exercises", {"selfattention": {"kind": ["odd"]}}) == "exercises"


def test_a_claim_in_the_exercises_makes_no_lesson_of_them():
    cell = {"cell_type": "code", "source": "claim(1)\ndef softmax(scores): ...", "metadata": {}}
    assert parse(json.dumps({"nbformat": 4, "cells": [cell]}).encode(), PLACE).kind == "lesson"
    cell["metadata"] = {"nbgrader": {"grade_id": "softmax-answer"}}
    assert parse(json.dumps({"nbformat": 4, "cells": [cell]}).encode(), PLACE).kind == "exercises"


def test_outputs_in_too_many_pieces_are_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(outputs, "MOST_TOKENS", 1000)
    notebook = with_source("x = 1")
    notebook["cells"][1]["outputs"] = [""] * 1001
    with pytest.raises(Unreadable, match="Clear Outputs of All Cells"):
        parse(json.dumps(notebook).encode(), PLACE)


def test_a_folder_is_no_notebook(tmp_path):
    with pytest.raises(Unreadable, match="cannot be read"):
        read(tmp_path)


def test_an_old_notebook_is_read():
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""},
           "worksheets": [{"cells": [{"cell_type": "code", "language": "python", "input": "x = 1", "outputs": []}]}]}
    assert parse(json.dumps(old).encode(), Path("old")).cells == [Cell("x = 1")]
