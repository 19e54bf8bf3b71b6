"""What a card shows of two values: where they differ, the part where that begins, and pictures of weights and masks."""

import re

import numpy as np
import pytest
import torch

from selfattention.engine import exercise, probes
from selfattention.engine.door.room import Room
from selfattention.engine.judging import card, tables
from selfattention.engine.judging.judge import judge


def texts(expected, got):
    return tuple(side.text for side in tables.beside(expected, got))


def words(text):
    return text.replace("[", " ").replace("]", " ").split()


def test_what_differs_is_marked_in_both_tables():
    one, other = texts(np.array([[1.0, 0.25], [3.0, 4.0]]), np.array([[1.0, 0.5], [3.0, 4.0]]))
    assert words(one) == ["1.", "0.25*", "3.", "4."] and words(other) == ["1.", "0.5*", "3.", "4."]


def test_rounding_is_not_marked():
    one, other = texts(np.array([1.0, 2.0, 3.0]), np.array([1.0 + 1e-9, 2.0, 4.0]))
    assert [word.count("*") for word in (one, other)] == [1, 1] and "1.*" not in one + other


@pytest.mark.parametrize("kind", [np.array, torch.tensor])
def test_where_all_differs_there_are_no_marks(kind):
    assert "*" not in "".join(texts(kind([1.0, 2.0]), kind([3.0, 4.0])))
    assert texts(kind([True, False]), kind([True, True])) == ("[ True  False*]", "[True  True*]")


def test_nan_and_infinity_are_marked_where_they_are_not_expected():
    _, other = texts(np.array([0.5, np.inf, 1.0]), np.array([np.nan, np.inf, 1.0]))
    assert "nan*" in other and other.count("*") == 1


def test_of_a_large_table_the_part_around_the_first_difference_is_shown():
    expected = np.arange(400.0).reshape(20, 20)
    got = expected.copy()
    got[13, 9:] = 0
    one, other = tables.beside(expected, got)
    assert one.label == "expected[9:17, 6:13]" and other.label == "got[9:17, 6:13]"
    assert one.text.count("*") == other.text.count("*") == 4 and "269.*" in one.text and "268.*" not in one.text
    assert len(one.text.splitlines()) == tables.ROWS


def test_of_a_batch_the_table_is_shown_in_which_the_first_difference_is():
    expected = np.zeros((2, 3, 9, 11))
    got = expected.copy()
    got[1, 2, 0, 10] = got[1, 2, 8, 0] = 5
    one, _ = tables.beside(expected, got)
    assert one.label == "expected[1, 2, 0:8, 4:11]" and one.text.count("*") == 1


def test_a_long_vector_is_cut_too():
    expected = np.arange(100.0)
    got = expected.copy()
    got[98] = -1
    one, other = tables.beside(expected, got)
    assert one.label == "expected[93:100]" and "98.*" in one.text and "-1.*" in other.text


def test_a_part_that_is_as_wide_as_the_table_says_so():
    expected, got = np.zeros((50, 3)), np.zeros((50, 3))
    got[40, 1] = 1
    assert tables.beside(expected, got)[0].label == "expected[36:44, :]"


def test_other_shapes_are_shown_as_they_are():
    assert texts(np.zeros((2, 2)), np.zeros(2)) == ("[[0. 0.]\n [0. 0.]]", "[0. 0.]")


def test_several_values_are_shown_one_under_the_other():
    one, other = texts((np.array([1, 2]), np.array([3])), (np.array([1, 5]), np.array([3])))
    assert (one, other) == ("[1  2*]\n\n[3]", "[1  5*]\n\n[3]")


def test_lists_and_words_are_marked_item_by_item():
    assert texts([[0, 1], [2]], [[0, 2], [2]]) == ("[[0, 1*], [2]]", "[[0, 2*], [2]]")
    assert texts(("e", "s"), ("e", "w")) == ("('e', 's'*)", "('e', 'w'*)")
    assert texts([1, 2], [1]) == ("[1, 2*]", "[1]")
    assert texts("one", None) == ("one", "None")


def test_as_many_digits_as_it_takes():
    assert texts(1.0, 1.00004) == ("1.", "1.00004")
    assert words(texts(np.array([1.0, 2.0]), np.array([1.0001, 2.0]))[1]) == ["1.0001*", "2."]


MASK = np.tri(3, 5, 1) > 0
WEIGHTS = np.full((3, 5), 0.2)


@pytest.mark.parametrize(("expected", "got", "drawn"), [
    (MASK, np.tri(3, 5) > 0, 2), (WEIGHTS, np.eye(3, 5), 2), (WEIGHTS, np.full((3, 5), np.nan), 2),
    (torch.from_numpy(WEIGHTS)[None], torch.eye(3, 5)[None], 2),
    (WEIGHTS * 3, WEIGHTS, 0), (-WEIGHTS, WEIGHTS, 0), (MASK, MASK[:2], 0), (np.array([True]), np.array([False]), 0),
    (np.full((2, 99), 1 / 99), np.zeros((2, 99)), 0), ([1], [2], 0),
])
def test_weights_and_masks_are_drawn(expected, got, drawn):
    drawing = tables.pictures(expected, got)
    assert drawing.count("<svg") == drawing.count('role="img"') == drawing.count("aria-label") == drawn


def test_both_pictures_stay_beside_each_other():
    drawing = tables.pictures(MASK, np.tri(3, 5) > 0)
    assert drawing.startswith('<div style="display:flex;') and "wrap" not in drawing
    assert drawing.count("<div") == drawing.count("</div>") == 1 and drawing.count("max-width:100%;height:auto") == 2


def test_a_picture_says_what_it_shows_and_frames_what_differs():
    drawing = tables.pictures(MASK, np.tri(3, 5) > 0)
    assert "expected: a table of 3 rows and 5 columns, in which 3 numbers differ" in drawing
    assert drawing.count('stroke-width="2"') == 2 * 3
    assert drawing.count('fill="currentColor"') == int(MASK.sum() + (np.tri(3, 5) > 0).sum())


@exercise(points=1)
def doubled(x: np.ndarray) -> np.ndarray:
    """Double."""
    return 2 * x


@doubled.check("doubles", hint="What is twice 2?")
def doubles(answer, rng):
    probes.parity(answer, doubled, rng.normal(size=(2, 3)))


doubled.example(np.array([[1.0, 2.0]]))


def test_the_card_has_the_marks_as_text_and_as_html():
    report = judge(doubled, lambda: Room(lambda x: x * np.arange(2, 2 + x.shape[1])))
    assert "expected (* where they differ)\n      [[2.  4.*]]" in card.as_text(report)
    page = card.as_html(report)
    assert re.search(r'<b style="[^"]*underline[^"]*">4\.\*</b>', page) and "6.*</b>" in page
    assert "color:#" not in page.replace("border-left:4px solid #", ""), "colours are those of the page"


def test_a_star_of_the_learners_own_is_no_mark():
    @exercise(points=1)
    def same(text: str) -> str:
        """Give back."""
        return text

    @same.check("gives back", hint="What came in?")
    def gives_back(answer, rng):
        probes.equal(answer("<b>*</b>"), "<b>*</b>")

    same.example("a * b")
    def answer(text):
        print("so many stars *** x*")
        return text + "<script>*"

    page = card.as_html(judge(same, lambda: Room(answer)))
    assert "<script>" not in page and "&lt;script&gt;*" in page and "x*" in page
    assert "underline" not in page and "where they differ" not in page
