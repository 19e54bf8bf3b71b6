"""A prediction is open when it is asked: nothing that a reader has seen by then gives its answer away."""

import json
import re
from dataclasses import dataclass

import pytest

from selfattention.claims.statements import find
from selfattention.course import files, way
from selfattention.course.workspace import Workspace

ASKS = re.compile(r'claim\("(?P<key>[\w.-]+)", (?P<guess>guess_\w+)')
TOO_COMMON = {*map(str, range(10)), "100"}  # numbers that stand everywhere and tell nothing
WORDS = 8  # as many of a statement's words in a row are the statement


@dataclass
class Page:
    """What a reader of a lesson sees, cell by cell; of outputs, what a fresh working copy holds."""

    cells: list[dict]

    def source(self, place):
        return "".join(self.cells[place]["source"])

    def seen(self, place):
        outputs = [part for output in self.cells[place].get("outputs", [])
                   for part in (output.get("text", ""), *output.get("data", {}).values(),
                                *(one.get("alt", "") for one in output.get("metadata", {}).values()
                                  if isinstance(one, dict)))]
        return "\n".join([self.source(place), *("".join(part) for part in outputs if len("".join(part)) < 20_000)])

    def predictions(self):
        for place, cell in enumerate(self.cells):
            if cell["cell_type"] == "code" and (asks := ASKS.search(self.source(place))):
                yield place, asks["key"], asks["guess"]


def numbers(text):
    """The numbers of a text as they are written, without the zeros that say nothing."""
    found = re.findall(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w]|\.\d)", text)
    return {format(float(one.replace(",", "")), ".10g") for one in found if one.strip(",")}


def answer(key, figure):
    """The numbers with which the figure of a claim answers what the reader was asked."""
    claim = find(key)
    pattern = re.escape(claim.figure)
    for name in claim.numbers:
        part = re.escape("{" + name + "}")
        pattern = pattern.replace(part, f"(?P<{name}>.+?)", 1).replace(part, ".+?")
    asked = re.fullmatch(pattern, figure)
    text = asked[claim.guess] if asked and claim.guess in asked.groupdict() else claim.numbers[claim.guess].expected
    return numbers(text) - TOO_COMMON


def runs(text):
    words = re.findall(r"[^\W\d_]+|√?\d+", text.lower())
    return {tuple(words[start:start + WORDS]) for start in range(len(words) - WORDS + 1)}


def given_away(page, place, key, figure):
    """What a reader has seen of the answer when the measuring cell, at `place`, is run."""
    section = next(start for start in range(place, -1, -1) if page.cells[start]["cell_type"] == "markdown"
                   and re.search(r"^##? ", page.source(start), re.MULTILINE))
    near = "\n".join(page.seen(one) for one in range(section, place)) + "\n" + page.source(place)
    below = page.source(place + 1).split("\n\n")[0] if place + 1 < len(page.cells) and \
        page.cells[place + 1]["cell_type"] == "markdown" else ""
    before = "\n".join(page.seen(one) for one in range(place)) + "\n" + page.source(place)
    asked = numbers(page.source(place - 1))  # from where to where one may guess
    return ({f"the number {one}, before" for one in answer(key, figure) & numbers(near) - asked}
            | {f"the number {one}, on the same screen" for one in answer(key, figure) & numbers(below)}
            | {f"the statement: {' '.join(run)}" for run in runs(find(key).statement) & runs(before)})


def figure_of(cell):
    text = "\n".join("".join(output.get("data", {}).get("text/plain", "")) for output in cell["outputs"])
    return re.search(r"^Measured:\s+(.*)", text, re.MULTILINE)[1]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    space = Workspace(tmp_path_factory.mktemp("predictions") / "work")
    space.start()
    return space.folder


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


@pytest.mark.parametrize("lesson", way.lessons())
def test_nothing_gives_an_answer_away(lesson, copy):
    page, stored = (Page(cells(root / "notebooks" / f"{lesson}.ipynb")) for root in (copy, files.root()))
    told = {key: found for place, key, _ in page.predictions()
            if (found := given_away(page, place, key, figure_of(stored.cells[place])))}
    assert not told


@pytest.mark.parametrize("lesson", way.lessons())
def test_each_question_has_its_guess_and_then_its_measurement(lesson):
    page = Page(cells(files.root() / "notebooks" / f"{lesson}.ipynb"))
    asked = list(page.predictions())
    assert asked
    for place, key, guess in asked:
        assert find(key).guess, f"{key} takes no guess"
        assert page.source(place - 1).startswith(f"{guess} = None"), f"{key}: the guess stands elsewhere"
        assert "**Predict" in page.source(place - 2), f"{key}: nothing asks for the guess"
    waiting = {key for _, key, _ in asked}
    for cell in page.cells:
        for key in re.findall(r'claim\("([\w.-]+)"', "".join(cell["source"])):
            assert not find(key).guess or key in waiting, f"{key} asks for a guess that is not taken"


@pytest.mark.parametrize("lesson", way.lessons())
def test_from_the_first_guess_on_the_working_copy_holds_no_output(lesson, copy):
    page = cells(copy / "notebooks" / f"{lesson}.ipynb")
    first = next(place for place, cell in enumerate(page) if "".join(cell["source"]).startswith("guess_"))
    assert not any(cell.get("outputs") for cell in page[first:])
    assert any(cell.get("outputs") for cell in page[:first]), "what stands before tells nothing and may stay"


def test_what_gives_an_answer_away_is_found():
    """The finder itself, on pages that leak in one way each."""
    key, figure = "03.score-spread", "standard deviation at d = 512: 22.6 before, 1.00 after (√512 = 22.6)"

    def page(title="# A title", question="**Predict first:** how much?", printed="", measure="", after="Why so."):
        outputs = [{"output_type": "stream", "text": printed}] if printed else []
        return Page([{"cell_type": "markdown", "source": f"{title}\n\n## The section"},
                     {"cell_type": "code", "source": "x = 1", "outputs": outputs},
                     {"cell_type": "markdown", "source": question},
                     {"cell_type": "code", "source": "guess_std = None  # your guess", "outputs": []},
                     {"cell_type": "code", "source": f'{measure}claim("{key}", guess_std, raw=1)', "outputs": []},
                     {"cell_type": "markdown", "source": after}])

    assert not given_away(page(), 4, key, figure)
    for leak in (page(question="It is 22.6 or so. **Predict first:** how much?"), page(printed="std 22.6"),
                 page(measure="assert 22.60 > 1\n"), page(after="The 22.6 is the root of 512."),
                 page(title="# Scores spread like √d, divided by √d they spread by 1")):
        assert given_away(leak, 4, key, figure)
    assert not given_away(page(title="# A story of 22.6"), 4, "03.score-spread", figure.replace("22.6", "33.1"))
