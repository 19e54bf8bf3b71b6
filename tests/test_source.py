"""The course's own code on a lesson's page: as it stands, without docstrings."""

import pytest

from selfattention import arrays, layers
from selfattention.source import show_source


def test_a_function_is_shown_without_its_docstring(capsys):
    show_source(arrays.softmax)
    assert capsys.readouterr().out.splitlines() == [
        'def softmax(scores: Float[np.ndarray, "*batch keys"]) -> Float[np.ndarray, "*batch keys"]:',
        "    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))",
        "    return exponentials / exponentials.sum(axis=-1, keepdims=True)"]


def test_a_method_is_shown_at_the_left_and_a_class_with_its_methods(capsys):
    show_source(layers.PostNorm.forward)
    assert capsys.readouterr().out.startswith("def forward(self")
    show_source(layers.LayerNorm)
    shown = capsys.readouterr().out
    assert shown.startswith("class LayerNorm(") and "def forward(" in shown and '"""' not in shown


def test_what_was_not_written_in_python_is_refused():
    with pytest.raises(TypeError):
        show_source(len)
