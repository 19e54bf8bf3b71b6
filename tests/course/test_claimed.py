"""The page of all that is said and claimed, and the README's short table, are what the notebooks say today."""

import re

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread

from selfattention import problems
from selfattention.claims.folklore import SAYINGS
from selfattention.claims.statements import chapter
from selfattention.course import claimed, files, writer
from selfattention.plots import course_map, look


def test_both_pages_are_fresh():
    assert not claimed.stale(), "run `make notebooks`"


def rows(text):
    return re.findall(r"^\| (?!claim|commonly said|---)(.*) \|$", text, re.MULTILINE)


def test_the_page_has_every_saying_and_every_claim_once():
    every = [one.key for one in claimed.claims()]
    numbers = dict.fromkeys(key[:2] for key in every)
    assert every == [f"{number}.{name}" for number in numbers for name in chapter(number)]
    assert list(numbers) == [name[:2] for name in problems.chapters()], "each chapter claims something"
    said, claims = claimed.page().split("\n## ", 2)[1:]
    assert len(rows(said)) == len(SAYINGS) and len(rows(claims)) == len(every)


def test_a_saying_stands_beside_what_its_claims_measured_and_how_they_held():
    measured, tried = {one.key: one for one in claimed.claims()}, claimed.held()
    for saying, row in zip(SAYINGS, rows(claimed.page())):
        said, verdict, holds, figures, chapters, held = row.split(" | ")
        assert (said, verdict, holds) == (saying.said, f"**{saying.verdict}**", saying.holds)
        for key in saying.claims:
            assert measured[key].verdict == "holds" and measured[key].figure in figures
            assert measured[key].link in chapters and tried[key] in held


def test_the_readme_shows_the_dozen_that_surprise_most():
    surprising = [saying for saying in SAYINGS if saying.surprising]
    assert len(surprising) == 12 and len({saying.claims[0][:2] for saying in surprising}) >= 11
    readme = (files.root() / "README.md").read_text(encoding="utf-8")
    assert all(f"| {saying.said} | **{saying.verdict}** |" in readme for saying in surprising)
    assert claimed.PAGE in readme


def test_a_table_between_the_markers_is_replaced_and_nothing_else():
    before = "a\n<!-- claims -->\nOUTDATED\n<!-- end of claims -->\nb\n"
    after = claimed.in_readme(before)
    assert after.startswith("a\n<!-- claims -->\n| commonly said |")
    assert after.endswith("|\n<!-- end of claims -->\nb\n")
    assert "OUTDATED" not in after and claimed.in_readme(after) == after


def test_the_map_of_the_readme_is_the_courses_map():
    """Drawn anew it is the same, but for how letters are smoothed."""
    stored = imread(files.root() / writer.MAP)[..., :3]
    figure = course_map(10)
    figure.set_dpi(look.DOTS)
    sheet = FigureCanvasAgg(figure)
    sheet.draw()
    drawn = np.asarray(sheet.buffer_rgba())[..., :3] / 255
    assert drawn.shape == stored.shape and np.abs(drawn - stored).mean() < 0.01
