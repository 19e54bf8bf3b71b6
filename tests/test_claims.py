"""Claims: how a measured number becomes text, when a claim stops a lesson, and whether all were tried elsewhere."""

import math
import re
from pathlib import Path

import nbformat
import pytest

from selfattention.claims import Measured, claim, guessed, rounded
from selfattention.course import files

TABLE = Path(__file__).resolve().parents[1] / "benchmarks" / "README.md"


@pytest.mark.parametrize(("measured", "text"), [
    (Measured(0.606, digits=1), "0.6"),
    (Measured(0.9999, digits=2), "1.00"),
    (Measured(-0.01, digits=1), "0.0"),
    (Measured(93.4, digits=-1), "90"),
    (Measured(1050624, digits=0), "1,050,624"),
    (Measured(1050624, exactly=1050624), "1,050,624"),
    (Measured(3, exactly=4), "3"),
    (Measured(3e-14, below=1e-12), "less than 1e-12"),
    (Measured(0.97, above=0.9), "more than 0.9"),
    (Measured(0.87, above=0.9), "0.87"),
    (Measured(2.03, above=1.9, below=2.1), "1.9 to 2.1"),
    (Measured(2.03, digits=1, above=1.9, below=2.1), "2.0"),
    (Measured(math.nan, below=1), "nan"),
])
def test_a_number_as_text(measured, text):
    assert str(measured) == f"{measured}" == text


def test_numbers_at_both_ends_of_a_rounding_step_read_alike():
    assert {rounded(value, 1) for value in (0.5501, 0.6, 0.6499)} == {"0.6"}


@pytest.mark.parametrize(("measured", "holds"), [
    (Measured(0.5, above=0.5), False), (Measured(0.5, below=0.5), False), (Measured(0.5, exactly=0.5), True),
    (Measured(0.6, above=0.5, below=0.7), True), (Measured(math.nan, above=0), False), (Measured(1, exactly=2), False),
    (Measured(math.nan, digits=1), False), (Measured(math.inf, above=1), False), (Measured(5, digits=0), True)])
def test_limits_are_not_included_and_nan_is_never_within(measured, holds):
    assert measured.holds is holds


def test_a_number_without_digits_or_limits_cannot_be_shown():
    with pytest.raises(ValueError, match=r"0\.5 was measured with neither digits nor limits"):
        Measured(0.5)


def test_a_claim_that_holds_is_printed_and_one_that_does_not_stops_the_lesson(capsys):
    claim("much is more", "0.6", Measured(0.61, digits=1, above=0.5))
    assert capsys.readouterr().out == "Claim:    much is more\nMeasured: 0.6\nVerdict:  holds\n"
    with pytest.raises(AssertionError, match=r"much is more \(0\.4; 0\.41, expected more than 0\.5\)"):
        claim("much is more", "0.4", Measured(0.41, digits=1, above=0.5), Measured(1, exactly=1))
    assert "Verdict:  does NOT hold" in capsys.readouterr().out


def test_a_claim_that_could_not_fail_is_none():
    with pytest.raises(ValueError, match="nothing measured could contradict the claim 'much is more'"):
        claim("much is more", "0.6", Measured(0.6, digits=1))


def test_a_guess_is_shown_beside_the_number_and_the_number_alone_as_in_the_claim(capsys):
    share = Measured(0.9349, above=0.9)
    guessed(None, share)
    guessed(0.5, share)
    guessed(20, Measured(1234.5, digits=0), "times")
    assert capsys.readouterr().out.splitlines() == [
        "Measured: more than 0.9. You made no guess: set it above and run both cells again.",
        "You guessed 0.5; measured 0.935: off by 0.43.",
        "You guessed 20 times; measured 1,234 times: off by 1.2e+03."]


def claims_of_the_lessons():
    for path in sorted((files.root() / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for tag in cell.metadata.get("tags", []):
                if tag.startswith("claim:"):
                    yield path.stem[:2], tag.removeprefix("claim:")


def test_every_claim_was_tried_elsewhere_and_held_each_time():
    """`make claims` measures them under other instruction sets, thread counts and seeds, and keeps this table."""
    rows = re.findall(r"^\| (\d\d) \| ([\w-]+) \| (\d+) of (\d+) \|.*\| (\d+) of (\d+) \|$",
                      TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(chapter, name) for chapter, name, *_ in rows] == list(claims_of_the_lessons()), "run `make claims`"
    for chapter, name, held, runs, alike, compared in rows:
        assert held == runs and int(runs) >= 8 and alike == compared, f"{chapter}: {name}"
