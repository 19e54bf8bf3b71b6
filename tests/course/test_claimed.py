"""The page of all claims and the README's short table are what the notebooks say today."""

import re

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread

from selfattention.claims.statements import chapter
from selfattention.course import claimed, files, writer
from selfattention.plots import course_map, look


def test_both_pages_are_fresh():
    assert not claimed.stale(), "run `make notebooks`"


def test_the_page_has_every_claim_once():
    every = [one.key for one in claimed.claims()]
    numbers = dict.fromkeys(key[:2] for key in every)
    assert every == [f"{number}.{name}" for number in numbers for name in chapter(number)]
    assert len(re.findall(r"^\| (?!claim|-)", claimed.page(), re.MULTILINE)) == len(every)


def test_the_readme_shows_the_twelve_that_surprise_most():
    surprising = [one for one in claimed.claims() if one.surprising]
    assert len(surprising) == 12 and len({one.lesson[:2] for one in surprising}) >= 11
    readme = (files.root() / "README.md").read_text(encoding="utf-8")
    assert all(one.statement in readme for one in surprising) and claimed.PAGE in readme


def test_a_table_between_the_markers_is_replaced_and_nothing_else():
    before = "a\n<!-- claims -->\nOUTDATED\n<!-- end of claims -->\nb\n"
    after = claimed.in_readme(before)
    assert after.startswith("a\n<!-- claims -->\n| chapter |") and after.endswith("|\n<!-- end of claims -->\nb\n")
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
