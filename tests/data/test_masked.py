"""Texts between their signs, hidden tokens, and pairs that follow one another or do not."""

import pytest
import torch

from selfattention.data.masked import (
    CLS,
    MASK,
    NOT_ASKED,
    PADDING,
    SEP,
    SPECIAL,
    framed,
    labelled,
    masked_tokens,
    next_sentences,
    vocabulary,
)

VOCAB = 53


def many(count, generator):
    """Texts of 1 to 40 words, and an unknown word in each second one."""
    lengths = torch.randint(1, 41, (count,), generator=generator).tolist()
    texts = [torch.randint(len(SPECIAL), VOCAB, (length,), generator=generator).tolist() for length in lengths]
    for text in texts[::2]:
        text.insert(0, 3)
    return framed(texts).tokens


def test_a_text_or_two_between_their_signs():
    one = framed([[7, 8], [9]])
    assert one.tokens.tolist() == [[1, 7, 8, 2], [1, 9, 2, 0]] and not one.segments.any()
    pair = framed([[7, 8], [9]], [[5], [6, 7, 8, 9]])
    assert pair.tokens.tolist() == [[1, 7, 8, 2, 5, 2, 0, 0], [1, 9, 2, 6, 7, 8, 9, 2]]
    assert pair.segments.tolist() == [[0, 0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1, 1, 1]]
    assert torch.equal(pair.to("cpu").segments, pair.segments)


def test_words_come_after_the_five_signs():
    words = vocabulary([["good", "soup"], ["good"]])
    assert words.words == [*SPECIAL, "good", "soup"]
    assert [SPECIAL[number] for number in (PADDING, CLS, SEP, MASK)] == ["[PAD]", "[CLS]", "[SEP]", "[MASK]"]
    assert words.encode(["good", "bread"], unknown=True) == [5, SPECIAL.index("[UNK]")]
    with pytest.raises(ValueError, match="'bread' is not among the 2 words"):
        words.encode(["bread"])


def test_special_tokens_and_padding_are_never_chosen_and_every_text_has_its_share():
    tokens = many(700, torch.Generator().manual_seed(0))
    _, labels = masked_tokens(tokens, VOCAB, torch.Generator().manual_seed(1))
    chosen = labels != NOT_ASKED
    assert (tokens[chosen] >= len(SPECIAL)).all() and torch.equal(labels[chosen], tokens[chosen])
    for row, some in zip(tokens, chosen):
        words = int((row >= len(SPECIAL)).sum())
        assert int(some.sum()) == max(1, round(0.15 * words)) or words % 10 == 0  # a half is rounded either way
        assert abs(int(some.sum()) - 0.15 * words) <= 1


def test_eight_in_ten_are_hidden_one_is_exchanged_one_is_left():
    tokens = many(9000, torch.Generator().manual_seed(2))
    read, labels = masked_tokens(tokens, VOCAB, torch.Generator().manual_seed(3))
    chosen = labels != NOT_ASKED
    assert torch.equal(read[~chosen], tokens[~chosen])
    hidden, same = read[chosen] == MASK, read[chosen] == tokens[chosen]
    exchanged = read[chosen][~hidden & ~same]
    assert exchanged.min() == len(SPECIAL) and exchanged.max() == VOCAB - 1
    draws, words = int(chosen.sum()), VOCAB - len(SPECIAL)
    # Of 28,000 draws three standard deviations are at most 0.007; a random word is the true one now and then.
    for share, expected in ((hidden, 0.8), (same, 0.1 + 0.1 / words)):
        three = 3 * (expected * (1 - expected) / draws) ** 0.5
        assert share.double().mean().item() == pytest.approx(expected, abs=three)


def test_every_place_is_chosen_as_often_as_any_other():
    tokens = framed([[7] * 20] * 4000).tokens
    _, labels = masked_tokens(tokens, VOCAB, torch.Generator().manual_seed(4))
    shares = (labels != NOT_ASKED).double().mean(dim=0)[1:21]
    assert shares.sum().item() == pytest.approx(3) and (shares - 0.15).abs().max() < 0.02  # three deviations: 0.017


def test_the_same_generator_hides_the_same_and_all_can_be_asked_for():
    tokens = many(5, torch.Generator().manual_seed(5))
    one, other = (masked_tokens(tokens, VOCAB, torch.Generator().manual_seed(6)) for _ in range(2))
    assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])
    _, labels = masked_tokens(tokens, VOCAB, torch.Generator(), share=1.0)
    assert torch.equal(labels != NOT_ASKED, tokens >= len(SPECIAL))


def test_a_second_sentence_follows_or_is_of_another_text():
    texts = [[[100 * text + place] for place in range(2 + text % 3)] for text in range(2, 999)]
    firsts, seconds, labels = next_sentences(texts, torch.Generator().manual_seed(7))
    for (first,), (second,), label in zip(firsts, seconds, labels.tolist()):
        if label == 0:
            assert second == first + 1
        else:
            assert second // 100 != first // 100
    assert labels.double().mean().item() == pytest.approx(0.5, abs=0.05)
    assert {first[0] % 100 for first in firsts} == {0, 1, 2}


@pytest.mark.parametrize(("call", "message"), [
    (lambda: framed([[7], []]), "2 texts, of which some are empty"),
    (lambda: framed([]), "0 texts"),
    (lambda: framed([[7], [8]], [[9], []]), "2 texts, of which some are empty"),
    (lambda: framed([[7], [8]], [[9]]), "2 first texts and 1 second ones"),
    (lambda: masked_tokens(framed([[7]]).tokens, VOCAB, torch.Generator(), share=0.0), "share of 0.0"),
    (lambda: masked_tokens(framed([[7]]).tokens, VOCAB, torch.Generator(), share=1.5), "share of 1.5"),
    (lambda: masked_tokens(framed([[7]]).tokens, 7, torch.Generator()), "the numbers 0 to 6"),
    (lambda: masked_tokens(framed([[-1]]).tokens, 7, torch.Generator()), "the numbers 0 to 6"),
    (lambda: masked_tokens(torch.zeros(2, 0).long(), 7, torch.Generator()), r"tokens \(2, 0\)"),
    (lambda: masked_tokens(framed([[7], [3]]).tokens, VOCAB, torch.Generator()), "text 1 of 2 has no word"),
    (lambda: next_sentences([[[5], [6]]], torch.Generator()), "1 texts of"),
    (lambda: next_sentences([[[5], [6]], [[7]]], torch.Generator()), r"2 texts of \[2, 1\]"),
    (lambda: next_sentences([], torch.Generator()), "0 texts of"),
])
def test_bad_input_is_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call()


def test_labels_stand_before_their_texts():
    texts = [["hot", "soup"], ["soup"]]
    words = vocabulary(texts)
    soup, hot = words.encode(["soup", "hot"])
    assert labelled(words, texts, [1, 0]).tolist() == [[1, CLS, hot, soup, SEP], [0, CLS, soup, SEP, PADDING]]
    with pytest.raises(ValueError, match="2 texts and 1 labels"):
        labelled(words, texts, [1])
