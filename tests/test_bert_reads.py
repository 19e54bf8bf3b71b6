"""BERT itself: what it sees, what has no influence, which spans it finds, and what it refuses."""

import pytest
import torch

from selfattention.models.bert import (
    Bert,
    MaskedLanguageModel,
    QuestionAnswerer,
    SequenceClassifier,
    Sizes,
    gap_loss,
    label_loss,
)

SIZES = Sizes(vocab=31, d_model=14, heads=2, d_ff=23, layers=2, positions=13, dropout=0.1)
TOKENS = torch.tensor([[1, 5, 9, 2, 28, 3, 2], [1, 8, 2, 30, 2, 0, 0], [1, 13, 2, 4, 6, 29, 2]])
SEGMENTS = torch.tensor([[0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1, 1]])
CLOSE = {"rtol": 1e-9, "atol": 1e-11}
pytestmark = pytest.mark.usefixtures("float64")


def test_every_token_sees_both_sides_and_no_padding():
    bert = Bert(SIZES).eval()
    whole = bert(TOKENS, SEGMENTS)
    torch.testing.assert_close(bert(TOKENS[1:2, :5], SEGMENTS[1:2, :5]), whole[1:2, :5], **CLOSE)
    changed = TOKENS.clone()
    changed[0, 5] = 17
    moved = (bert(changed, SEGMENTS) - whole).abs().amax(dim=-1) > 1e-6
    assert moved[0].all() and not moved[1:].any()
    segments = SEGMENTS.clone()
    segments[0, 4] = 0
    assert ((bert(TOKENS, segments) - whole).abs().amax(dim=-1)[0] > 1e-6).all()


def test_without_segments_all_are_0():
    bert = Bert(SIZES).eval()
    assert torch.equal(bert(TOKENS), bert(TOKENS, torch.zeros_like(TOKENS)))


def test_weights_of_every_layer():
    seen = Bert(SIZES).weights(TOKENS, SEGMENTS)
    assert [tuple(weights.shape) for weights in seen] == [(3, 2, 7, 7)] * 2
    for weights in seen:
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 2, 7), **CLOSE)
        assert (weights[1, ..., 5:] == 0).all() and (weights[0] > 0).all()


def test_heads_share_one_body_and_every_weight_learns():
    bert = Bert(SIZES)
    language, following = MaskedLanguageModel(bert), SequenceClassifier(bert)
    x = bert(TOKENS, SEGMENTS)
    (language.scores(x)[:, 2].square().sum() + following.scores(x).square().sum()).backward()
    for name, parameter in [*language.named_parameters(), *following.named_parameters()]:
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name
    assert language.bert is following.bert


def test_the_best_span_is_that_of_a_search():
    answerer = QuestionAnswerer(Bert(SIZES)).eval()
    torch.nn.init.normal_(answerer.output.weight, std=3)
    tokens = torch.randint(5, 31, (41, 13))
    sizes = torch.randint(1, 9, (41, 1))
    segments = ((torch.arange(13) >= 3) & (torch.arange(13) < 3 + sizes)).long()
    tokens = tokens.masked_fill(torch.arange(13) >= 3 + sizes, 0)
    starts, ends = (scores.detach() for scores in answerer(tokens, segments))
    for longest in (1, 3, 13):
        for row, got in enumerate(answerer.spans(tokens, segments, longest).tolist()):
            last = 3 + int(sizes[row])
            spans = [(float(starts[row, i] + ends[row, j]), [i, j]) for i in range(3, last) for j in range(i, last)
                     if j - i < longest]
            assert got == max(spans)[1]


def test_padding_in_segment_1_is_no_answer():
    answerer = QuestionAnswerer(Bert(SIZES)).eval()
    segments = SEGMENTS.clone()
    segments[1, 3:] = 1
    assert (answerer.spans(TOKENS, segments, 7)[1] <= 4).all()


@pytest.mark.parametrize(("call", "message"), [
    (lambda bert: bert(TOKENS[0]), r"\(7,\) are empty or no batch"),
    (lambda bert: bert(TOKENS[:0]), r"\(0, 7\) are empty"),
    (lambda bert: bert(TOKENS[:, :0]), r"\(3, 0\) are empty"),
    (lambda bert: bert(TOKENS, SEGMENTS[:, :5]), r"segments \(3, 5\) and tokens \(3, 7\) differ"),
    (lambda bert: bert(TOKENS, SEGMENTS[:1]), r"segments \(1, 7\) and tokens \(3, 7\) differ"),
    (lambda bert: bert(TOKENS + 3), "tokens from 3 to 33, but there are vectors for 0 to 30"),
    (lambda bert: bert(TOKENS - 1), "tokens from -1 to 29"),
    (lambda bert: bert(TOKENS, SEGMENTS + 1), "segments from 1 to 2, but there are vectors for 0 to 1"),
    (lambda bert: bert(TOKENS.double()), "tokens of type torch.float64"),
    (lambda bert: bert(TOKENS, SEGMENTS.bool()), "segments of type torch.bool"),
    (lambda bert: bert(TOKENS.repeat(1, 2)), "14 tokens, but only 13 positions were learned"),
    (lambda bert: SequenceClassifier(bert, 1), "1 classes"),
    (lambda bert: QuestionAnswerer(bert).spans(TOKENS, SEGMENTS, 0), "answers of at most 0 tokens"),
    (lambda bert: QuestionAnswerer(bert).spans(TOKENS, 0 * SEGMENTS), r"\[0, 0, 0\] tokens in segment 1"),
    (lambda bert: Bert(Sizes(31, d_model=14, heads=3)), "d_model 14 cannot be cut into 3 equal heads"),
])
def test_bad_input_is_named(call, message, as_users_call):
    with pytest.raises(ValueError, match=message):
        call(Bert(SIZES))


@pytest.mark.parametrize("segments", [[], [SEGMENTS]], ids=["one text", "two texts"])
def test_the_loss_of_gaps_counts_what_was_asked_for_as_torch_does_over_all_places(segments):
    model, labels = MaskedLanguageModel(Bert(SIZES)).eval(), TOKENS.masked_fill(TOKENS < 9, -100)
    total, count = gap_loss(model, torch.stack([TOKENS, labels, *segments]))
    mean = torch.nn.functional.cross_entropy(model(TOKENS, *segments).flatten(0, 1), labels.flatten())
    assert count == (labels != -100).sum()
    torch.testing.assert_close(total / count, mean, **CLOSE)


def test_the_loss_of_labels_is_that_of_the_text_behind_each():
    model, labels = SequenceClassifier(Bert(SIZES), classes=3).eval(), torch.tensor([2, 0, 1])
    total, count = label_loss(model, torch.cat([labels[:, None], TOKENS], dim=1))
    each = [-torch.log_softmax(model(text[None])[0], dim=0)[label] for text, label in zip(TOKENS, labels)]
    assert count == 3
    torch.testing.assert_close(total, sum(each), **CLOSE)
