"""The task of two marks: a question in front, eight words, and the numbers of the two marked ones asked in order."""

import torch

from selfattention.data import marked


def test_the_answers_are_the_numbers_of_the_marked_words_a_before_b():
    x, answers = marked.texts(53, torch.Generator().manual_seed(1))
    assert x.shape == (53, 1 + marked.WORDS, marked.WIDTH) and answers.shape == (53, 2 * marked.NUMBERS)
    for text, answer in zip(x.tolist(), answers.tolist()):
        names = marked.names(torch.tensor(text))
        assert names[0] == "?" and sorted(names[1:]) == ["A", "B", *["·"] * (marked.WORDS - 2)]
        wanted = text[names.index("A")][:marked.NUMBERS] + text[names.index("B")][:marked.NUMBERS]
        assert answer == wanted


def test_the_question_holds_no_numbers_and_the_marks_stand_anywhere():
    x, _ = marked.texts(500, torch.Generator().manual_seed(2))
    assert not x[:, 0, :marked.NUMBERS].any()
    places = x[:, 1:, marked.MARKS["A"]].sum(dim=0)
    assert (places > 30).all(), "each of eight places about as often"


def test_the_same_generator_gives_the_same_texts():
    one, other = (marked.texts(7, torch.Generator().manual_seed(3))[0] for _ in range(2))
    assert torch.equal(one, other)
