"""Claims: how a measured number becomes text, when a claim stops a lesson, what the reader sees of a guess."""

import math
import re
from pathlib import Path

import nbformat
import pytest

from selfattention.claims import Limits, Measured, axis, claim, rounded, stated, tally, verdict
from selfattention.claims.statements import chapter, find
from selfattention.claims.verdict import Tally, Verdict, compared, is_near
from selfattention.course import files

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "benchmarks" / "README.md"


@pytest.mark.parametrize(("measured", "text"), [
    (Measured(value=0.606, digits=1), "0.6"),
    (Measured(value=0.9999, digits=2), "1.00"),
    (Measured(value=-0.01, digits=1), "0.0"),
    (Measured(value=93.4, digits=-1), "90"),
    (Measured(value=1050624.0, digits=0), "1,050,624"),
    (Measured(value=1050624.0, exactly=1050624), "1,050,624"),
    (Measured(value=3.0, exactly=4), "3"),
    (Measured(value=3e-14, below=1e-12), "less than 10⁻¹²"),
    (Measured(value=2.5e-7, below=1e-12), "2.5·10⁻⁷"),
    (Measured(value=0.97, above=0.9), "more than 0.9"),
    (Measured(value=0.87, above=0.9), "0.87"),
    (Measured(value=2.03, above=1.9, below=2.1), "1.9 to 2.1"),
    (Measured(value=2.03, digits=1, above=1.9, below=2.1), "2.0"),
    (Measured(value=math.nan, below=1), "nan"),
])
def test_a_number_as_text(measured, text):
    assert str(measured) == f"{measured}" == text


def test_numbers_at_both_ends_of_a_rounding_step_read_alike():
    assert {rounded(value, 1) for value in (0.5501, 0.6, 0.6499)} == {"0.6"}


@pytest.mark.parametrize(("value", "limits", "holds"), [
    (0.5, Limits(above=0.5), False), (0.5, Limits(below=0.5), False), (0.5, Limits(exactly=0.5), True),
    (0.6, Limits(above=0.5, below=0.7), True), (math.nan, Limits(above=0), False), (1, Limits(exactly=2), False),
    (math.nan, Limits(digits=1), False), (math.inf, Limits(above=1), False), (5, Limits(digits=0), True)])
def test_limits_are_not_included_and_nan_is_never_within(value, limits, holds):
    assert limits.measured(value).holds is holds


def test_a_number_without_digits_or_limits_cannot_be_shown():
    with pytest.raises(ValueError, match="a number needs digits or limits"):
        Limits()


def test_a_claim_that_could_not_fail_is_none():
    with pytest.raises(ValueError, match="nothing measured could contradict the claim 'much is more'"):
        stated("much is more", "{share}", share=Limits(digits=1))


def test_a_figure_shows_only_numbers_with_limits_and_a_guess_is_one_of_them():
    with pytest.raises(ValueError, match="shows other, but its numbers are share"):
        stated("much is more", "{other}", share=Limits(above=1))
    with pytest.raises(ValueError, match="asks for other, but its numbers are share"):
        stated("much is more", "{share}", guess="other", share=Limits(above=1))


MUCH = stated("much is more", "{share} of all, {extra} others", guess="share", share=Limits(digits=1, above=0.5),
              extra=Limits(exactly=1))


def shown(share, guess=None):
    numbers = {"share": share, "extra": 1}
    return Verdict(MUCH, {name: MUCH.numbers[name].measured(value) for name, value in numbers.items()}, guess)


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setattr(verdict, "find", {"99.much": MUCH, "99.more": MUCH}.__getitem__)
    monkeypatch.setattr(verdict, "_guesses", {})


def test_a_claim_that_holds_is_shown_and_one_that_does_not_stops_the_lesson(known, capsys):
    claim("99.much", share=0.61, extra=1)
    assert capsys.readouterr().out == ("Guess:    You made no guess: set it above and run both cells again.\n"
                                       "Claim:    much is more\nMeasured: 0.6 of all, 1 others\nVerdict:  holds\n")
    with pytest.raises(AssertionError, match=r"much is more \(share is 0\.41, expected more than 0\.5\)"):
        claim("99.much", share=0.41, extra=1)
    assert "Verdict:  does NOT hold" in capsys.readouterr().out


def test_numbers_that_do_not_belong_to_the_claim_are_refused_with_both_sides(known):
    with pytest.raises(ValueError, match=r"99\.much is about share, extra, but it was given share, shore"):
        claim("99.much", share=0.6, shore=1)


@pytest.mark.parametrize("guess", ["0.5", True, [0.5]])
def test_a_guess_is_a_number(known, guess):
    with pytest.raises(TypeError, match=r"a guess is a number, such as 0\.5 or 20"):
        claim("99.much", guess, share=0.6, extra=1)


def test_an_unknown_claim_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="chapter 03 makes no claim 'x'; it makes score-spread"):
        find("03.x")
    with pytest.raises(ValueError, match="no chapter '77' makes claims; 00, 01"):
        find("77.x")


@pytest.mark.parametrize(("guess", "measured", "unit", "text", "near"), [
    (0.5, Measured(value=0.9349, above=0.9), "", "0.5; measured 0.935: off by 0.43.", False),
    (20, Measured(value=1234.5, digits=0), "times", "20 times; measured 1,234 times: 62 times too small.", False),
    (1000, Measured(value=710.0, digits=0), "", "1,000; measured 710: off by 290.", False),
    (30, Measured(value=25.0, digits=0), "times", "30 times; measured 25 times: 1.2 times too large.", True),
    (15, Measured(value=15.0, digits=0), "", "15; measured 15: right.", True),
    (0, Measured(value=0.0, exactly=0), "", "0; measured 0: right.", True),
    (0, Measured(value=25.0, digits=0), "times", "0 times; measured 25 times: off by 25.", False),
])
def test_how_far_off_a_guess_is(guess, measured, unit, text, near):
    assert compared(guess, measured, unit) == text
    assert is_near(guess, measured, unit) is near


def test_without_a_guess_the_card_is_the_same_on_every_machine():
    """nbval compares it: what was measured stands in it only as far as its digits or limits go."""
    one, other = shown(0.561), shown(0.639)
    assert one._repr_html_() == other._repr_html_() and repr(one) == repr(other)
    assert "<svg" not in one._repr_html_()


def test_a_guess_stands_on_an_axis_with_what_was_measured_and_factors_by_their_ratio():
    def places(guess, value, unit):
        drawn = axis.drawn(guess, Measured(value=value, digits=0), unit)
        return tuple(float(re.search(mark, drawn)[1]) for mark in (r'circle cx="([\d.]+)"', r'path d="M([\d.]+) 26l'))

    low, high = places(1.0, 3.0, "")
    assert low < high and places(3.0, 1.0, "") == (high, low)
    def share(unit):
        zero, (near, far) = axis.MARGIN, places(10.0, 1000.0, unit)
        return (near - zero) / (far - zero)

    assert share("") == pytest.approx(0.01, abs=0.005) and share("times") == pytest.approx(1 / 3, abs=0.005)
    assert axis.drawn(1.0, Measured(value=math.inf, digits=0)) == ""
    assert axis.drawn(math.nan, Measured(value=1.0, digits=0)) == ""


def test_a_card_shows_the_guess_the_figure_and_the_verdict_and_no_script(known):
    page = shown(0.7, 0.5)._repr_html_()
    for words in ("✓</span> This claim holds", "much is more", "0.7 of all, 1 others", "off by 0.2", "<svg",
                  'aria-label="Axis'):
        assert words in page
    assert "<script" not in page and "http" not in page


def test_the_tally_counts_the_guesses_of_the_notebook(known, capsys):
    tally()
    claim("99.much", 0.6, share=0.61, extra=1)
    claim("99.more", 0.1, share=0.61, extra=1)
    capsys.readouterr()
    tally()
    assert capsys.readouterr().out.splitlines() == ["You made 2 of 2 guesses, and 1 came near.",
                                                    "≈ 99.much: 0.6; measured 0.61: off by 0.01.",
                                                    "· 99.more: 0.1; measured 0.61: off by 0.51."]
    assert repr(Tally({})) == "Nothing was asked yet: run the cells above first."


def claims_of_the_lessons():
    for path in sorted((files.root() / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for tag in cell.metadata.get("tags", []):
                if tag.startswith("claim:"):
                    yield path.stem[:2], tag.removeprefix("claim:"), cell.source


def test_every_claim_that_is_stated_is_measured_by_its_cell_and_in_this_order():
    measured = {}
    for number, name, source in claims_of_the_lessons():
        assert re.findall(r'claim\("([\w.-]+)"', source) == [f"{number}.{name}"], f"{number}.{name}"
        measured.setdefault(number, []).append(name)
    assert measured == {number: list(chapter(number)) for number in measured}
    assert set(measured) == {path.stem[1:] for path in (ROOT / "src/selfattention/claims").glob("c[0-9][0-9].py")}


def test_every_claim_was_tried_elsewhere_and_held_each_time():
    """`make claims` measures them under other instruction sets, thread counts and seeds, and keeps this table."""
    rows = re.findall(r"^\| (\d\d) \| ([\w-]+) \| (\d+) of (\d+) \|.*\| (\d+) of (\d+) \|$",
                      TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(chapter, name) for chapter, name, *_ in rows] == \
        [(number, name) for number, name, _ in claims_of_the_lessons()], "run `make claims`"
    for number, name, held, runs, alike, others in rows:
        assert held == runs and int(runs) >= 8 and alike == others, f"{number}: {name}"
