"""The three notebook folders are what the writer writes, and safe to publish."""

import ast
import json
import re

import nbformat
import pytest

from selfattention import problems
from selfattention.course import exercise_texts, files, way, writer

COMMITTED = sorted(path for folder in files.FOLDERS for path in (files.root() / folder).glob("*.ipynb"))
CHAPTERS = problems.chapters()


def named(path):
    return f"{path.parent.name}/{path.name}"


def checks_in(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            yield cell


def test_every_notebook_is_fresh():
    assert [named(path) for path in writer.stale()] == [], "run `make notebooks`"


def test_every_lesson_has_exercises_and_every_exercise_a_lesson():
    assert sorted({lesson[:2] for lesson in way.lessons()}) == [chapter[:2] for chapter in CHAPTERS]
    assert set(CHAPTERS) <= set(way.lessons()), "the first lesson of a chapter is called like it"


def test_writing_twice_changes_nothing():
    assert [writer._bare(notebook) for _, notebook in writer.everything()] == [
        writer._bare(notebook) for _, notebook in writer.everything()]


def test_a_changed_cell_makes_a_notebook_stale(tmp_path):
    path, notebook = next(writer.everything())
    copy = tmp_path / "copy.ipynb"
    copy.write_bytes(path.read_bytes())
    assert writer.is_fresh(copy, notebook)
    notebook.cells[1].source += "\n# changed"
    assert not writer.is_fresh(copy, notebook)


@pytest.mark.parametrize("path", COMMITTED, ids=named)
class TestNotebook:
    def test_it_is_valid_and_its_cell_ids_are_unique(self, path):
        raw = json.loads(path.read_text(encoding="utf-8"))
        nbformat.validate(raw)
        ids = [cell["id"] for cell in raw["cells"]]
        assert len(set(ids)) == len(ids)

    def test_it_was_run_without_errors_or_warnings(self, path):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                assert output.output_type != "error"
                assert output.get("name") != "stderr", output.get("text")

    def test_its_figures_are_small_and_described(self, path):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                if "image/png" in output.get("data", {}):
                    assert len(output.data["image/png"]) * 3 // 4 <= 100 * 1024
                    assert len(output.metadata["image/png"]["alt"]) > 40

    def test_it_holds_no_machine_path_and_no_address(self, path):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                text = str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
                assert not re.search(r"/home/|/tmp/|/root/| at 0x[0-9a-f]+", text), text

    def test_its_links_lead_somewhere(self, path):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                for target in re.findall(r"\]\(([^)#]+)\)", cell.source):
                    if not target.startswith("http"):
                        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_stored_check_reports_not_attempted_or_passed(chapter):
    for kind, words in (("exercises", "not attempted yet"), ("solutions", "passed")):
        found = list(checks_in(files.root() / files.place(chapter, kind)))
        assert len(found) == len(problems.exercises(chapter))
        for cell in found:
            (output,) = cell.outputs
            assert words in output.data["text/plain"].splitlines()[0]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_set_up_imports_what_answers_use_and_nothing_of_the_checks(chapter):
    cells = {cell.id: cell.source for cell in writer.solution_notebook(chapter).cells}
    answers = "\n".join(source for name, source in cells.items() if name.endswith("-answer"))
    for node in ast.parse(exercise_texts.set_up(chapter)).body:
        for name in node.names:
            assert re.search(rf"\b{name.asname or name.name.split('.')[0]}\b", answers), f"{name.name} is not used"
    assert "selfattention" not in exercise_texts.set_up(chapter)
    assert cells["set-up"] == f"{exercise_texts.set_up(chapter)}\n\nfrom selfattention import check, hint"


def test_what_is_printed_bit_by_bit_is_stored_as_one_output():
    printed = [nbformat.v4.new_output("stream", name=name, text=text)
               for name, text in (("stdout", "a"), ("stdout", "b\n"), ("stderr", "!"), ("stdout", "c"))]
    picture = nbformat.v4.new_output("display_data", data={"text/plain": "x"})
    joined = writer._joined([*printed, picture, nbformat.v4.new_output("stream", name="stdout", text="d")])
    assert [output.get("text") for output in joined] == ["ab\n", "!", "c", None, "d"]
