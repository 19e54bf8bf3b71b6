"""Every link of every notebook leads somewhere, in the repository and in a learner's working copy."""

import itertools
import re
import urllib.parse
from pathlib import Path

import nbformat
import pytest

from selfattention import problems
from selfattention.course import files, way
from selfattention.course.updating import update

CODE = re.compile(r"```.*?```|`[^`\n]*`|\$[^$]*\$", re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)|<(?:a|img)\b[^>]*?(?:href|src)=[\"']([^\"']+)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
COURSE = sorted(f"{folder}/{path.name}" for folder in files.FOLDERS for path in (files.root() / folder).glob("*.ipynb"))


def texts(path):
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]


def targets(text):
    """Where a text links to within the course."""
    for found in LINK.findall(CODE.sub("", text)):
        target = "".join(found)
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors(path):
    """What JupyterLab calls the headings of a notebook."""
    found = [heading for text in texts(path) for heading in HEADING.findall(text)]
    return {re.sub(r"[`*$]", "", heading).replace(" ", "-") for heading in found}


def dead(path):
    """The links of a notebook that lead nowhere."""
    for text in texts(path):
        for target in targets(text):
            place, _, anchor = urllib.parse.unquote(target).partition("#")
            other = path.parent / place if place else path
            if not other.is_file() or (anchor and anchor not in anchors(other)):
                yield target


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learner") / "work"
    update(folder)
    return folder


@pytest.mark.parametrize("place", COURSE)
def test_no_link_is_dead(place, copy):
    assert list(dead(files.root() / place)) == [], "in the repository"
    assert list(dead(copy / place)) == [], "in a working copy, which has the three folders and nothing else"


def test_dead_links_are_found(tmp_path):
    text = ("[a](a.ipynb) [b](b.ipynb#Two-words) [c](b.ipynb#No) [d](#Own) [e](#Two-words) `[x](y)` $a[i](j)$ "
            "[f](https://example.org) ![g](g.png) <a href='h.ipynb'>h</a>\n\n## Own\n```\n[z](z)\n```")
    for name, source in (("n", text), ("b", "## Two `words`")):
        cells = [nbformat.v4.new_markdown_cell(source)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
    assert list(dead(tmp_path / "n.ipynb")) == ["a.ipynb", "b.ipynb#No", "#Two-words", "g.png", "h.ipynb"]


@pytest.mark.parametrize("place", COURSE)
def test_the_line_of_links_stands_below_the_title_and_names_the_neighbours(place):
    cells = nbformat.read(files.root() / place, as_version=4).cells
    kind, about = cells[1].id, nbformat.read(files.root() / place, as_version=4).metadata["selfattention"]
    assert kind == "way"
    name = Path(place).stem if about["kind"] in ("lesson", "page") else about["chapter"]
    assert cells[1].source == way.line(about["kind"], name)


def spaced(line):
    """A line of links with usual spaces; in it, labels hold no usual ones, so that each stays on one line."""
    assert not re.search(r"\[[^]]* [^]]*\]| \|", line), line
    return line.replace("\N{NO-BREAK SPACE}", " ")


def test_the_way_goes_through_all_lessons_and_back():
    order = way.lessons()
    assert order == sorted(order) and {way.chapter_of_lesson(lesson) for lesson in order} == set(problems.chapters())
    for before, after in itertools.pairwise(order):
        assert f"[{way.title(after)} →]({after}.ipynb)" in spaced(way.line("lesson", before))
        assert spaced(way.line("lesson", after)).startswith(f"[← {way.title(before)}]({before}.ipynb) | ")
    assert "←" not in way.line("lesson", order[0]) and "→" not in way.line("lesson", order[-1])


def test_the_links_of_each_kind(monkeypatch, tmp_path):
    for name, title in (("02_softmax", "02 · Softmax"), ("03_scaled_dot_product_attention", "03 · Scaled"),
                        ("03_torch", "03 · In torch"), ("glossary", "Glossary"), ("bibliography", "Papers")):
        (tmp_path / f"{name}.py").write_text(f"# %% [markdown]\n# # {title}\n#\n# # no title", encoding="utf-8")
    monkeypatch.setattr(way, "LESSONS", tmp_path)
    way.title.cache_clear()
    third = "03_scaled_dot_product_attention"
    assert spaced(way.line("lesson", "03_torch")) == (
        f"[← 03 · Scaled]({third}.ipynb) | [03 · Exercises](../exercises/03_exercises_{third[3:]}.ipynb) | "
        f"[03 · Solutions](../solutions/03_solutions_{third[3:]}.ipynb) | [Glossary](glossary.ipynb)")
    assert spaced(way.line("exercises", third)) == (
        f"[03 · Scaled](../notebooks/{third}.ipynb) | [03 · In torch](../notebooks/03_torch.ipynb) | "
        f"[03 · Solutions](../solutions/03_solutions_{third[3:]}.ipynb) | "
        "[04 · Exercises →](04_exercises_masks.ipynb) | [Glossary](../notebooks/glossary.ipynb)")
    assert way.line("solutions", problems.chapters()[-1]).count("|") == 1
    assert spaced(way.line("page", "glossary")) == "[02 · Softmax](02_softmax.ipynb) | [Papers](bibliography.ipynb)"
    way.title.cache_clear()
