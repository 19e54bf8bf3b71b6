"""Who came first: the answer hangs on the order alone, and no bag of words can know it."""

import pytest
import torch

from selfattention.data import order


def test_the_answer_is_who_came_first():
    made = order.texts(106, torch.Generator().manual_seed(1))
    assert made.texts.shape == (106, 12) and made.answers.shape == (106, 1)
    for text, (answer,) in zip(made.texts, made.answers.tolist()):
        words = order.sentence(text).split()
        assert words[-1] == "?" and words.count("dog") == words.count("man") == 1
        assert set(words[:-1]) <= {"dog", "man", *order.OTHERS}
        assert order.WORDS[answer] == ("dog first" if words.index("dog") < words.index("man") else "man first")


def test_every_bag_of_words_occurs_with_both_answers():
    made = order.texts(106, torch.Generator().manual_seed(2))
    bags = order.bags(made.texts)
    assert torch.equal(bags[::2], bags[1::2]) and (bags.sum(dim=1) == 12).all()
    assert (made.answers[::2] != made.answers[1::2]).all()
    assert not torch.equal(made.texts[::2], made.texts[1::2])


def test_the_best_use_of_a_bag_is_half_of_the_answers_or_all_where_bags_differ():
    made = order.texts(106, torch.Generator().manual_seed(2))
    assert order.best_bag(made) == 0.5
    assert order.best_bag(order.Asked(made.texts[::2], made.answers[::2])) > 0.9
    thrice = order.Asked(made.texts[:1].repeat(3, 1), torch.tensor([[4], [5], [5]]))
    assert order.best_bag(thrice) == 2 / 3


def test_both_stand_anywhere_and_either_may_be_the_first_text_of_two():
    made = order.texts(4000, torch.Generator().manual_seed(3))
    places = (made.texts == order.WORDS.index("dog")).int().argmax(dim=1).bincount(minlength=11)
    # 4,000 dogs at 11 places, and two texts that share their places are no two draws: 5 standard deviations of 25
    assert (places - 4000 / 11).abs().max() < 125
    first = made.answers[::2, 0] == order.WORDS.index("dog first")
    assert abs(first.double().mean().item() - 0.5) < 0.06  # 2,000 draws: 5 standard deviations of 0.011


def test_the_same_generator_gives_the_same_texts():
    one, other = (order.texts(8, torch.Generator().manual_seed(4), words=2).texts for _ in range(2))
    assert torch.equal(one, other) and one.shape == (8, 3)


@pytest.mark.parametrize(("count", "words"), [(0, 11), (7, 11), (8, 1)])
def test_bad_sizes_are_refused(count, words):
    with pytest.raises(ValueError, match=f"{count} texts of {words} words.*even"):
        order.texts(count, torch.Generator(), words)
