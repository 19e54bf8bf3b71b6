"""The certificate sums up a working copy: points, whole chapters, guesses that came near. It runs nothing."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_updating import load, save

from selfattention import certificate, problems
from selfattention.claims import statements
from selfattention.claims.measured import shortly
from selfattention.claims.verdict import UNGUESSED, Verdict, compared
from selfattention.course import cli, standing
from selfattention.course.certificate import GUESSED, MODELS, NO_COPY, Certificate, Guesses, drawn_up, number
from selfattention.course.standing import Row
from selfattention.course.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
FILE, LESSON = "exercises/02_exercises_softmax.ipynb", "notebooks/02_softmax.ipynb"


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A working copy, with the current folder where its exercises' kernels have it."""
    folder = tmp_path / "work"
    Workspace(folder).start()
    monkeypatch.chdir(folder / "exercises")
    monkeypatch.setattr(standing, "_checked_here", {})
    return folder


def remember(folder, state="passed", share=1):
    """As if chapter 02 had been judged."""
    rows = [{"exercise": name, "earned": points * share, "status": state}
            for name, points in standing.worth()["02_softmax"].items()]
    Workspace(folder).remember(folder / FILE, rows)


def guess(folder, off, lesson=LESSON):
    """Guess every number of a lesson as far off as that factor; returns how many there are."""
    notebook, count = load(folder / lesson), 0
    for cell in notebook["cells"]:
        tags = [tag for tag in cell["metadata"].get("tags", []) if tag.startswith("claim:")]
        if not tags:
            continue
        claim = statements.find(f"{lesson.partition('/')[2][:2]}.{tags[0].removeprefix('claim:')}")
        values = {name: limits.measured(2.0) for name, limits in claim.numbers.items()}
        card = repr(Verdict(claim, values, 2.0 * off))
        cell["outputs"] = [{"output_type": "display_data", "metadata": {},
                            "data": {"text/plain": card.splitlines(keepends=True)}}]
        count += bool(claim.guess)
    save(folder / lesson, notebook)
    return count


def test_a_fresh_copy_has_nothing_yet_and_knows_what_there_is(copy):
    found = certificate()
    assert isinstance(found, Certificate) and not found.built
    asked = sum(bool(claim.guess) for chapter in problems.chapters()
                for claim in statements.chapter(chapter[:2]).values())
    assert found.guessed == Guesses(asked)
    points = sum(sum(names.values()) for names in standing.worth().values())
    text = repr(found)
    assert f"0 of {points} points, 0 of " in text and f"0 of {asked} guesses made" in text
    assert f"0 of {len(problems.chapters())} chapters built from end to end (✓)." in text


def test_a_chapter_is_built_when_all_its_exercises_are_passed(copy):
    remember(copy)
    text = repr(certificate())
    assert "✓ ██████████  15 / 15  02 · Softmax\n" in text and certificate().built == ["02 · Softmax"]
    assert f"1 of {len(problems.chapters())} chapters built from end to end" in text
    assert certificate().written == list(standing.worth()["02_softmax"])
    assert "\nWritten by you: softmax, " in text and "<code>softmax</code>" in certificate()._repr_html_()
    remember(copy, "failed", 0.5)
    assert "○ █████░░░░░ 7.5 / 15  02 · Softmax" in repr(certificate()) and not certificate().built
    assert not certificate().written and "Written" not in repr(certificate()) + certificate()._repr_html_()


def test_the_models_of_a_chapter_that_is_built_are_named(copy):
    assert not certificate().models and "Models" not in repr(certificate()) + certificate()._repr_html_()
    rows = [Row("17_graph_attention", "edge_attention", 3, 3.0, "passed", "")]
    both = Certificate(rows, {})
    assert both.models == ["GAT", "GATv2"]
    assert "\nModels you have written the parts of: GAT, GATv2.\n" in repr(both)
    assert ">Models you have written the parts of: GAT, GATv2.<" in both._repr_html_()


def test_every_model_of_the_certificate_has_its_row_and_its_chapter_in_the_readme():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    table = [line.split("|") for line in lines if "](src/selfattention/" in line]
    for chapter, names in MODELS.items():
        for name in names:
            assert any(name in row[1] and chapter in row[5] for row in table), name


@pytest.mark.parametrize(("off", "is_near"), [(1, True), (1.05, True), (4, False)])
def test_guesses_are_read_from_the_lessons(copy, off, is_near):
    count = guess(copy, off)
    assert count
    near = count if is_near else 0
    assert certificate().guesses["02"] == Guesses(count, count, near)
    assert f"02 · Softmax ({near} of {count} guesses near)" in repr(certificate())
    assert f"; {near} came near." in repr(certificate())


def test_two_lessons_of_a_chapter_count_together(copy):
    lessons = ("notebooks/08_transformer_block.ipynb", "notebooks/08_transformer_depth.ipynb")
    made = sum(guess(copy, 1, lesson) for lesson in lessons)
    assert certificate().guesses["08"] == Guesses(made, made, made)


def test_without_a_guess_nothing_counts(copy):
    notebook = load(copy / LESSON)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "display_data", "metadata": {},
                                "data": {"text/plain": f"Guess:    {UNGUESSED}\nClaim:    so\nMeasured: 1"}}]
    save(copy / LESSON, notebook)
    assert certificate().guesses["02"].made == 0


def test_a_claim_that_asks_for_no_guess_counts_none(copy):
    quiet = next(name for name, claim in statements.chapter("04").items() if not claim.guess)
    notebook = load(copy / "notebooks/04_masks.ipynb")
    cell = next(one for one in notebook["cells"] if f"claim:{quiet}" in one["metadata"].get("tags", []))
    cell["outputs"] = [{"output_type": "display_data", "metadata": {},
                        "data": {"text/plain": "Guess:    1; measured 1: right."}}]
    save(copy / "notebooks/04_masks.ipynb", notebook)
    assert certificate().guesses["04"].made == 0


DAMAGED = [b"", b"{", b"[]",
           b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "", "metadata": {"tags": 3}}]}',
           b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "", "outputs": [7, {"data": {"text/plain": 3}}, '
           b'{"data": 5}], "metadata": {"tags": ["claim:shift", "claim:nonsense", 3]}}]}',
           b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "", "outputs": [{"data": {"text/plain": '
           b'"Guess:    many; measured few: right."}}], "metadata": {"tags": ["claim:nonsense"]}}]}']


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_lesson_shows_no_guess(copy, content):
    (copy / LESSON).write_bytes(content)
    found = certificate()
    assert found.guesses["02"].made == 0 and found.guesses["02"].asked > 0


def test_an_empty_working_copy_is_summed_up_as_well(tmp_path):
    (tmp_path / ".selfattention.json").write_text("{}")
    found = drawn_up(Workspace(tmp_path))
    assert not found.built and found.guessed.made == 0 and sum(row.earned for row in found.rows) == 0


def test_outside_of_a_working_copy_it_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert repr(certificate()) == NO_COPY


def test_nothing_is_run_or_written(copy):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    certificate()
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_the_page_says_what_the_text_says_and_needs_no_colours(copy):
    remember(copy)
    guess(copy, 1)
    found = certificate()
    page = found._repr_html_()
    words = re.sub("</?code>", "", page)
    words = re.sub(r"<[^>]+>", " ", words)
    for line in repr(found).splitlines()[-4:]:
        assert line in words
    assert page.count("<tr") == len(problems.chapters()) and page.count('role="img"') == len(problems.chapters())
    assert "✓" in words and "<script" not in page and "http" not in page
    assert not re.search(r"(?<![-\w])(?:color|background):\s*(?:#fff|#000|white|black)", page), "as the page has them"


def test_what_stands_in_it_cannot_break_the_page():
    found = Certificate([Row("02_softmax", "softmax", 4, told="<b>")], {})
    assert "<b>" not in found._repr_html_()


def test_the_command_prints_it(copy):
    remember(copy)
    result = CliRunner().invoke(cli.commands, ["certificate", "--work", str(copy)])
    assert result.exit_code == 0 and result.output == repr(drawn_up(Workspace(copy))) + "\n"


def test_the_command_says_where_there_are_no_exercises(tmp_path):
    result = CliRunner().invoke(cli.commands, ["certificate", "--work", str(tmp_path / "nowhere")])
    assert result.exit_code == 1 and "`selfattention start` writes them" in result.output


@pytest.mark.parametrize("value", [0, 0.5, -0.25, 1234.0, 1e6, 2e-7, 1e-9, -3e-8, -1e-12, 0.898, 63])
@pytest.mark.parametrize("unit", ["", "times", "tokens back"])
def test_numbers_are_read_as_cards_write_them(value, unit):
    assert number(shortly(value)) == pytest.approx(value, rel=0.006)
    limits = statements.Limits(digits=1).measured(5.0)
    found = GUESSED.search(f"Guess:    {compared(value, limits, unit)}")
    assert number(found["guess"]) == pytest.approx(value, rel=0.006) and number(found["measured"]) == 5


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="could not convert"):
        number("many")
