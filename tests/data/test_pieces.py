"""Pieces of words: any text comes back, frequent words stay whole, and what is damaged is named."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfattention.data.pieces import Pieces
from selfattention.data.words import BEGIN, END, PADDING, UNKNOWN

TEXTS = ["a dog sees a cat", "two dogs see the cat", "un chien voit le garçon", "the dog sees the dog"] * 5
PIECES = Pieces(TEXTS, size=300)


@given(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])).filter(str.strip))
@settings(max_examples=200, deadline=None)
def test_any_text_comes_back(text):
    numbers = PIECES.encode(text)
    assert PIECES.decode(numbers) == text
    assert min(numbers) > UNKNOWN and max(numbers) < len(PIECES)


def test_special_tokens_are_signs_and_not_text():
    numbers = PIECES.encode("dog")
    assert PIECES.decode([BEGIN, *numbers, END, *numbers]) == "dog"
    assert PIECES.decode([*numbers, PADDING, PADDING]) == "dog"
    written = PIECES.encode("<end>")
    assert END not in written and PIECES.decode(written) == "<end>"


def test_frequent_words_are_whole_and_rare_ones_are_not():
    assert PIECES.pieces("a dog sees") == ["a", " dog", " sees"]
    assert len(PIECES.pieces("zebra")) > 2
    assert "".join(PIECES.pieces("the zebras")) == "the zebras"


def test_the_first_merge_is_the_most_frequent_pair():
    learned = Pieces(["xab yab zab xa"], size=261)  # room for one merge: a and b meet three times, x and a twice
    assert learned.pieces("xab") == ["x", "ab"]


def test_saving_and_loading(tmp_path):
    PIECES.save(tmp_path / "pieces.json")
    again = Pieces.load(tmp_path / "pieces.json")
    assert again.encode("un chien <end>") == PIECES.encode("un chien <end>") and len(again) == len(PIECES)
    (tmp_path / "pieces.json").write_text("{")
    for path in (tmp_path / "pieces.json", tmp_path / "nowhere.json"):
        with pytest.raises(ValueError, match="holds no pieces"):
            Pieces.load(path)


def test_bad_input():
    with pytest.raises(ValueError, match=r"100 pieces are too few: .* alone are 260"):
        Pieces(TEXTS, size=100)
    with pytest.raises(ValueError, match="empty"):
        PIECES.encode(" ")


def test_without_the_library_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ImportError, match="pip install 'tokenizers"):
        Pieces(TEXTS)
