"""Characters as numbers, and pieces of a text."""

import pytest
import torch

from selfattention.data.characters import Characters, TextBatches, pieces


def test_every_character_has_a_number_and_comes_back():
    characters = Characters("die Brücke — über den Fluß\n")
    assert characters.characters == list("\n BFbcdeiklnrußü—") and len(characters) == 17
    numbers = characters.encode("über den Fluß\n")
    assert numbers.dtype == torch.long and characters.decode(numbers) == "über den Fluß\n"
    assert characters.decode(numbers.tolist()) == "über den Fluß\n" and characters.decode([]) == ""


def test_pieces_begin_anywhere_and_are_as_the_text():
    text = torch.arange(100, 113)
    drawn = pieces(text, 400, 5, torch.Generator().manual_seed(0))
    assert drawn.shape == (400, 5) and set(drawn[:, 0].tolist()) == set(range(100, 109))
    assert torch.equal(drawn, drawn[:, :1] + torch.arange(5))
    assert torch.equal(drawn, pieces(text, 400, 5, torch.Generator().manual_seed(0)))
    assert torch.equal(pieces(text, 2, 13), text.expand(2, 13))


def test_a_batch_of_text_is_found_by_its_step():
    text = torch.arange(100, 1100)
    batches = TextBatches(text, length=5, size=3)
    assert batches[7].shape == (3, 5) and torch.equal(batches[7], batches[7])
    assert not torch.equal(batches[7], batches[8])
    assert not torch.equal(batches[7], TextBatches(text, length=5, size=3, seed=1)[7])


@pytest.mark.parametrize(("call", "message"), [
    (lambda: Characters("abc").encode("bad"), "'d' not among the 3 known characters"),
    (lambda: Characters("abc").encode(""), "the text is empty"),
    (lambda: pieces(torch.arange(7), 3, 8), "3 pieces of 8 tokens from a text of 7: .*no longer than the text"),
    (lambda: pieces(torch.arange(7), 0, 3), "0 pieces"), (lambda: pieces(torch.arange(7), 1, 0), "1 pieces of 0"),
])
def test_bad_input_is_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()
