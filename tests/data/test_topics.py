"""The text behind help(): whatever Python runs this, its sections are there once, and on one side alone."""

import sys
import types

import pytest

from selfattention.data import topics
from selfattention.data.fetch import NotFetched

MADE = {"b": 'The "if" statement\n******************\n\nIt is  chosen.\n\n\nMore\n====\n\nAbout it.\n',
        "a": 'Statements\n**********\n\n\nThe "if" statement\n==================\n\nIt is chosen.\n\n\n'
             "Loops\n=====\n\nAgain.\n",
        "c": "No heading here.\n\nFormats\n~~~~~~~\n\n   +---+\n   | x |\n   +---+\n\n   a = 1\n   ---\n"}


@pytest.fixture
def made(monkeypatch):
    """A Python with three topics of ours, two of which share a section."""
    module = types.ModuleType("pydoc_data.topics")
    module.topics = MADE
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", module)
    topics.sections.cache_clear()
    yield
    topics.sections.cache_clear()


def test_sections_are_cut_at_headings_and_are_there_once(made):
    assert [title for title, _ in topics.sections()] == ['The "if" statement', "Loops", "More", "No heading here.",
                                                         "Formats"]
    texts = [text for _, text in topics.sections()]
    assert texts[0] == 'The "if" statement\n==================\n\nIt is chosen.' and texts[3] == "No heading here."
    assert texts[4].startswith("Formats\n~~~~~~~\n\n   +---+") and texts[4].endswith("---")


def paragraphs(text):
    return {" ".join(paragraph.split()) for paragraph in text.split("\n\n")}


def test_this_pythons_text():
    every = topics.sections()
    train, held_out = topics.split()
    whole = sum(len(text) for _, text in every)
    assert len(every) > 100 and whole > 300_000
    assert 0.09 * whole < len(held_out) < 0.11 * whole and train and len(train) + len(held_out) >= whole
    assert topics.split() == (train, held_out)
    for title, text in every:
        assert (text in train) is not (text in held_out), title
        assert (f"\n\n{title}\n" in f"\n\n{train}") is not (f"\n\n{title}\n" in f"\n\n{held_out}"), title
    long = {paragraph for paragraph in paragraphs(held_out) if len(paragraph) > 120}
    assert len(long) > 50 and len(long & paragraphs(train)) < 0.03 * len(long)  # a formula of the manual at most


def test_other_shares_hold_out_more_or_less():
    lengths = [len(topics.split(share).held_out) for share in (0.02, 0.1, 0.5)]
    assert lengths == sorted(lengths) and lengths[0] > 0
    for share in (0.0, 1.0, -0.1):
        with pytest.raises(ValueError, match=f"a share of {share} held out"):
            topics.split(share)


def test_a_python_without_the_text_is_told_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    topics.sections.cache_clear()
    with pytest.raises(NotFetched, match=r"no pydoc_data\.topics.*python\.org"):
        topics.sections()
    topics.sections.cache_clear()
