"""A lesson is a page for a beginner: pictures, short cells, claims that hold, and an end that leads on."""

import json
import re

import nbformat
import pytest

from selfattention import problems
from selfattention.course import files, standing, way

FIRST = ("00", "01", "02")
LIMITS = {"lines": 130, "cells": 18, "cell": 15, "width": 100, "kilobytes": 700, "picture": 100}
# Each with its reason; the number is what it has.
BEYOND: dict[tuple[str, str], int] = {}


def limit(lesson, what):
    return BEYOND.get((lesson, what), LIMITS[what])


@pytest.fixture(params=way.lessons())
def lesson(request):
    return request.param


@pytest.fixture
def notebook(lesson):
    return nbformat.read(files.root() / "notebooks" / f"{lesson}.ipynb", as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def lines(cell):
    return [line for line in cell.source.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def pictures(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])
            if "image/png" in output.get("data", {})]


def test_it_is_short_enough_for_a_beginner(lesson, notebook):
    cells = code(notebook)
    assert len(cells) <= limit(lesson, "cells")
    assert sum(len(lines(cell)) for cell in cells) <= limit(lesson, "lines")
    assert max(len(lines(cell)) for cell in cells) <= limit(lesson, "cell")
    assert max(len(line) for cell in cells for line in cell.source.splitlines()) <= limit(lesson, "width")


def test_it_shows_its_idea_before_the_first_formula_and_has_pictures_enough(lesson, notebook):
    assert len(pictures(notebook)) >= (4 if lesson.startswith(FIRST) else 5)
    seen = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "$$" in cell.source:
            break
        seen += sum("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
    assert seen >= 2, "the map and the idea"
    assert any("(course_map(" in cell.source for cell in code(notebook)[:3]), "the map opens the lesson"


def test_its_pictures_are_small_and_say_their_numbers(lesson, notebook):
    for output in pictures(notebook):
        assert len(output.data["image/png"]) * 3 // 4 <= 1024 * limit(lesson, "picture")
        alternative, caption = output.metadata["image/png"]["alt"], output.data["text/plain"]
        assert alternative.startswith(caption) and len(alternative) > len(caption) + 20
        assert len(caption) > 30
    assert len(json.dumps(notebook)) <= 1024 * limit(lesson, "kilobytes")


@pytest.mark.parametrize("place", ["notebooks/00_start_here.ipynb", *(
    files.place(chapter, "exercises") for chapter in problems.chapters())])
def test_the_points_that_a_notebook_shows_are_those_of_today(place):
    """They come from all exercises, so a notebook that has not changed may show old ones."""
    notebook = nbformat.read(files.root() / place, as_version=4)
    (cell,) = (cell for cell in code(notebook) if cell.source.endswith("progress()"))
    text, worth = cell.outputs[0].data["text/plain"], standing.worth()
    assert f"0 of {sum(sum(points.values()) for points in worth.values())} points" in text
    assert all(f"  {chapter[:2]} · " in text for chapter in worth)


def test_its_claims_hold(notebook):
    cells = [cell for cell in code(notebook) if any(tag.startswith("claim:") for tag in cell.metadata.get("tags", []))]
    assert cells
    for cell in cells:
        shown = "".join(output.get("data", {}).get("text/plain", "") for output in cell.outputs)
        assert shown.count("Verdict:  holds") == 1, cell.source


def test_it_ends_with_what_to_take_along_a_quiz_sources_and_the_way_on(lesson, notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    wanted = ["What to take along", "Five questions", "Where to read on"]
    assert [heading for heading in headings if heading in wanted] == wanted
    assert text.count("<details>") == text.count("</details>") >= 5
    assert "bibliography.ipynb" in text
    end = text.split("## Where to read on")[1]
    order = way.lessons()
    if lesson != order[-1]:
        assert f"{order[order.index(lesson) + 1]}.ipynb" in end
    if lesson == way.lessons_of(lesson)[-1]:
        assert files.place(way.chapter_of_lesson(lesson), "exercises") in end


@pytest.mark.parametrize("page", ["notebooks/00_start_here.ipynb", "README.md"])
def test_the_start_and_the_readme_list_every_lesson(page):
    text = (files.root() / page).read_text(encoding="utf-8")
    places = [text.find(f"({'notebooks/' * (page == 'README.md')}{lesson}.ipynb)") for lesson in way.lessons()[1:]]
    assert min(places) > 0 and places == sorted(places)


def test_its_guesses_are_counted_at_the_end(notebook):
    assert "tally()" in code(notebook)[-1].source
