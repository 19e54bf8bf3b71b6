"""`check` and `hint` as they are called in a notebook: always a card, never a traceback from inside the engine."""

import pytest

from selfattention import check, hint
from selfattention.course.notebook import Notice
from selfattention.engine.judging import card


def called(key, **names):
    """What `check(key)` shows in a notebook with these names defined."""
    namespace = {"check": check, **names}
    exec(f"shown = check({key!r})", namespace)
    return namespace["shown"]


def stub(scores):
    raise NotImplementedError


def endless(scores):
    return endless(scores)


def misspelt(scores):
    return scroes


@pytest.mark.parametrize(("key", "names", "words"), [
    ("02.softmax", {}, "not defined yet"),
    ("02.softmax", {"sofmax": stub}, "There is a `sofmax`"),
    ("02.softmax", {"softmax": 3}, "of type int"),
    ("02.sofmax", {}, "the nearest name is 'softmax'"),
    ("softmax", {}, "with a dot between"),
    ("99.softmax", {}, "no chapter '99'"),
    ("02.softmax", {"softmax": stub}, "not attempted yet"),
    ("02.softmax", {"softmax": lambda scores: None}, "got None: is there a `return`?"),
    ("02.softmax", {"softmax": lambda scores: "a"}, "got text"),
    ("02.softmax", {"softmax": lambda scores: scores.T}, "expected array (batch 2, keys 3), got array (3, 2)"),
    ("02.softmax", {"softmax": lambda scores: scores * float("nan")}, "NaN"),
    ("02.softmax", {"softmax": lambda: 1}, "TypeError"),
    ("02.softmax", {"softmax": endless}, "When does it stop calling itself?"),
    ("02.softmax", {"softmax": misspelt}, "Did you mean `scores`?"),
    ("02.softmax", {"softmax": lambda scores: scores[9]}, "Called with: scores: array (batch 3, keys 5)"),
    ("02.softmax", {"softmax": lambda scores: scores > 0}, "expected numbers"),
    ("02.softmax", {"softmax": lambda scores: [[0.2] * 5] * 3}, "got list"),
    ("02.softmax", {"softmax": type("Strange", (), {"__call__": lambda self, scores: self})()}, "expected array"),
])
def test_every_answer_gets_a_card(key, names, words):
    shown = called(key, **names)
    assert words in repr(shown)
    assert "<div" in shown._repr_html_()


def test_nbgrader_gets_points(monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    import numpy as np

    def softmax(scores):
        exponentials = np.exp(scores)
        return exponentials / exponentials.sum(axis=-1, keepdims=True)

    assert called("02.softmax", softmax=softmax) == 3.0
    assert called("02.softmax") == 0.0


def test_a_hint_shows_code_and_emphasis_as_a_card_does():
    shown = Notice("Which `exp` is *the* largest, 2 * 3 or `a*b*c`? <b> `as long as a line on a narrow page`")
    whole = '<code style="white-space:nowrap">'
    assert (f"{whole}exp</code> is <em>the</em> largest, 2 * 3 or {whole}a*b*c</code>? &lt;b&gt; "
            "<code>as long") in shown._repr_html_()
    assert "`exp` is *the*" in repr(shown)


def test_hints_come_in_steps():
    texts = [repr(hint("02.log_softmax")) for _ in range(3)]
    assert texts[0].startswith("Hint 1 of 2") and texts[1].startswith("Hint 2 of 2") and texts[2] == texts[1]
    assert "No hint" in repr(hint("02.nothing"))


def test_what_an_answer_prints_is_shown_only_on_its_card(capsys):
    def softmax(scores):
        print("shape here", scores.shape)
        return scores.T

    shown = called("02.softmax", softmax=softmax)
    assert "shape here (3, 5)" in repr(shown)
    assert capsys.readouterr().out == ""


def test_markup_in_an_answer_is_shown_not_run():
    shown = called("02.softmax", softmax=lambda scores: (_ for _ in ()).throw(ValueError("<script>alert(1)</script>")))
    assert "<script>" not in shown._repr_html_() and "&lt;script&gt;" in shown._repr_html_()


def test_the_colours_are_legible_in_light_and_dark():
    def luminance(colour):
        channels = [int(colour[start:start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour, _, _ in card.LOOK.values():
        for ground in ("#ffffff", "#111111"):
            bright, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
            assert (bright + 0.05) / (dark + 0.05) >= 3, f"{colour} on {ground}"
