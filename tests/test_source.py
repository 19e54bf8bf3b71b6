"""The course's own code on a lesson's page: as it stands, without docstrings."""

import html
import re

import pytest
from IPython.core.formatters import DisplayFormatter

from selfattention import arrays, layers
from selfattention.source import Source, show_source


def test_a_function_is_shown_without_its_docstring(capsys):
    show_source(arrays.softmax)
    assert capsys.readouterr().out.splitlines() == [
        'def softmax(scores: Float[np.ndarray, "*batch keys"]) -> Float[np.ndarray, "*batch keys"]:',
        "    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))",
        "    return exponentials / exponentials.sum(axis=-1, keepdims=True)", ""]


def test_a_method_is_shown_at_the_left_below_its_class_and_a_class_with_its_methods(capsys):
    show_source(layers.PostNorm.forward)
    assert capsys.readouterr().out.startswith("# PostNorm\ndef forward(self")
    show_source(layers.LayerNorm)
    shown = capsys.readouterr().out
    assert shown.startswith("class LayerNorm(") and "def forward(" in shown and '"""' not in shown


def test_on_a_page_nothing_is_broken_and_all_is_as_it_stands():
    text = 'def longest(x: "a < b"):\n    return None if x is notable else 1e-3  # & so on'
    page = Source(text)._repr_html_()
    assert html.unescape(re.sub("<[^>]*>", "", page)) == text
    assert page.startswith('<pre style="white-space:pre;overflow-x:auto') and "<script" not in page
    coloured = re.findall(r"editor-(\w+)-color,inherit\)\">([^<]*)<", page)
    assert coloured == [("keyword", "def"), ("string", '"a &lt; b"'), ("keyword", "return"), ("keyword", "None"),
                        ("keyword", "if"), ("keyword", "is"), ("keyword", "else"), ("number", "1e-3"),
                        ("comment", "# &amp; so on")]


def test_ipython_too_leaves_an_empty_line_before_what_comes_next():
    assert DisplayFormatter().format(Source("x = 1"))[0]["text/plain"] == "x = 1\n"


def test_what_was_not_written_in_python_is_refused():
    with pytest.raises(TypeError):
        show_source(len)
