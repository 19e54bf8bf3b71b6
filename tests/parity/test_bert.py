"""BERT and its heads against Hugging Face's with copied weights: float64, forward and gradients."""

import pytest
import torch
from torch import nn

from selfattention.layers import LayerNorm
from selfattention.models.bert import Bert, MaskedLanguageModel, QuestionAnswerer, SequenceClassifier, Sizes
from selfattention.parity import from_bert

transformers = pytest.importorskip("transformers")

CLOSE = {"rtol": 1e-9, "atol": 1e-11}
SIZES = Sizes(vocab=31, d_model=14, heads=2, d_ff=23, layers=3, positions=17, segments=3)
TOKENS = torch.tensor([[1, 5, 9, 2, 28, 3, 2, 7, 11, 2, 0], [1, 8, 2, 30, 2, 0, 0, 0, 0, 0, 0],
                       [1, 13, 17, 19, 23, 2, 4, 6, 29, 12, 2]])
SEGMENTS = torch.tensor([[0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 0], [0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0],
                         [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]])
REAL = TOKENS != 0
pytestmark = pytest.mark.usefixtures("float64")


def theirs_of(kind, **more):
    """A model of Hugging Face's with random weights, norms and biases included."""
    config = transformers.BertConfig(
        vocab_size=31, hidden_size=14, num_hidden_layers=3, num_attention_heads=2, intermediate_size=23,
        max_position_embeddings=17, type_vocab_size=3, pad_token_id=0, attn_implementation="eager", **more)
    model = getattr(transformers, kind)(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.5)
    return model


def leaves(ours, theirs):
    """The same weights of both: where each kind of embedding begins, and deep inside."""
    mine, yours = getattr(ours, "bert", ours), getattr(theirs, "bert", theirs)
    one, other = mine.embeddings, yours.embeddings
    first, last = mine.encoder[0], mine.encoder[2]
    begins, ends = yours.encoder.layer[0], yours.encoder.layer[2]
    return list(zip(
        (one.token.weight, one.positions.table, one.segment.weight, one.norm.gain, first.attention.query.weight,
         first.attention.key.bias, first.attention.value.weight, first.around_attention.norm.offset,
         last.feed_forward[0].weight, last.feed_forward[2].bias, last.around_feed_forward.norm.gain),
        (other.word_embeddings.weight, other.position_embeddings.weight, other.token_type_embeddings.weight,
         other.LayerNorm.weight, begins.attention.self.query.weight, begins.attention.self.key.bias,
         begins.attention.self.value.weight, begins.attention.output.LayerNorm.bias, ends.intermediate.dense.weight,
         ends.output.dense.bias, ends.output.LayerNorm.weight)))


def assert_same(got, expected, pairs, counted=None):
    """Values and gradients are equal; `counted` leaves out places that only a padding token has."""
    counted = torch.ones_like(got, dtype=torch.bool) if counted is None else counted
    torch.testing.assert_close(got[counted], expected[counted], **CLOSE)
    cotangent = torch.randn_like(got) * counted
    one = torch.autograd.grad(got, [mine for mine, _ in pairs], cotangent, retain_graph=True)
    other = torch.autograd.grad(expected, [yours for _, yours in pairs], cotangent, retain_graph=True)
    for mine, yours, (weight, _) in zip(one, other, pairs):
        assert yours.abs().max() > 0 and mine.shape == weight.shape
        torch.testing.assert_close(mine, yours, **CLOSE)


def asked(model):
    return model(input_ids=TOKENS, attention_mask=REAL.long(), token_type_ids=SEGMENTS)


def test_the_encoder_and_its_pooler():
    theirs = theirs_of("BertModel")
    ours = from_bert(Bert(SIZES).eval(), theirs)
    got, expected = ours(TOKENS, SEGMENTS), asked(theirs)
    pairs = leaves(ours, theirs)
    assert_same(got, expected.last_hidden_state, pairs, REAL[..., None].expand_as(got))
    pairs.append((ours.pooler.weight, theirs.pooler.dense.weight))
    assert_same(ours.pool(got), expected.pooler_output, pairs)


def test_masked_language_model_with_its_tied_table():
    theirs = theirs_of("BertForMaskedLM")
    ours = from_bert(MaskedLanguageModel(Bert(SIZES)).eval(), theirs)
    got, expected = ours(TOKENS, SEGMENTS), asked(theirs).logits
    pairs = [*leaves(ours, theirs), (ours.bias, theirs.cls.predictions.bias), (ours.norm.gain,
             theirs.cls.predictions.transform.LayerNorm.weight), (ours.transform.weight,
             theirs.cls.predictions.transform.dense.weight)]
    assert_same(got, expected, pairs, REAL[..., None].expand_as(got))
    hidden = TOKENS == 2
    torch.testing.assert_close(ours.scores(ours.bert(TOKENS, SEGMENTS)[hidden]), got[hidden], **CLOSE)


def test_question_answering():
    theirs = theirs_of("BertForQuestionAnswering")
    ours = from_bert(QuestionAnswerer(Bert(SIZES)).eval(), theirs)
    found = asked(theirs)
    got, expected = torch.stack(ours(TOKENS, SEGMENTS)), torch.stack([found.start_logits, found.end_logits])
    pairs = [*leaves(ours, theirs), (ours.output.weight, theirs.qa_outputs.weight),
             (ours.output.bias, theirs.qa_outputs.bias)]
    assert_same(got, expected, pairs, REAL.expand_as(got))


def test_classes_of_texts():
    theirs = theirs_of("BertForSequenceClassification", num_labels=5)
    ours = from_bert(SequenceClassifier(Bert(SIZES), 5).eval(), theirs)
    pairs = [*leaves(ours, theirs), (ours.output.weight, theirs.classifier.weight),
             (ours.bert.pooler.bias, theirs.bert.pooler.dense.bias)]
    assert_same(ours(TOKENS, SEGMENTS), asked(theirs).logits, pairs)


def test_next_sentence():
    theirs = theirs_of("BertForNextSentencePrediction")
    ours = from_bert(SequenceClassifier(Bert(SIZES)).eval(), theirs)
    pairs = [*leaves(ours, theirs), (ours.output.weight, theirs.cls.seq_relationship.weight)]
    assert_same(ours(TOKENS, SEGMENTS), asked(theirs).logits, pairs)


def test_every_norm_has_the_epsilon_of_the_sizes():
    """Where variances are as small as 1e-9, an epsilon of 1e-5 would show."""
    ours = MaskedLanguageModel(Bert(SIZES))
    norms = [module for module in ours.modules() if isinstance(module, LayerNorm)]
    assert len(norms) == 1 + 2 * 3 + 1 and {norm.epsilon for norm in norms} == {1e-12}
    assert {norm.epsilon for norm in Bert(Sizes(7, 14, 2, 23, 1, epsilon=1e-5)).modules()
            if isinstance(norm, LayerNorm)} == {1e-5}
    theirs = theirs_of("BertModel")
    with torch.no_grad():
        for name, table in theirs.embeddings.named_parameters():
            if "LayerNorm" not in name:
                table *= 1e-4
    ours = from_bert(Bert(SIZES).eval(), theirs)
    torch.testing.assert_close(ours(TOKENS, SEGMENTS)[REAL], asked(theirs).last_hidden_state[REAL], **CLOSE)


def test_in_training_a_token_is_dropped_as_often_as_the_sizes_say():
    x = Bert(Sizes(31, 14, 2, 23, 1, positions=701, dropout=0.3)).embeddings(*torch.ones(2, 3, 701).long())
    assert (x == 0).double().mean().item() == pytest.approx(0.3, abs=0.02)  # three deviations of 29,442 draws: 0.008


@pytest.mark.parametrize(("ours", "theirs", "message"), [
    (lambda: SequenceClassifier(Bert(SIZES), 5), lambda: theirs_of("BertForSequenceClassification", num_labels=7),
     r"output.weight \(5, 14\) for \(7, 14\).*same sizes"),
    (lambda: Bert(SIZES), lambda: theirs_of("BertForMaskedLM"), r"ours without one of theirs: \['embeddings.token"),
    (lambda: MaskedLanguageModel(Bert(SIZES)), lambda: theirs_of("BertModel"), r"'transform.weight'.*same sizes"),
])
def test_what_does_not_fit_is_named(ours, theirs, message):
    with pytest.raises(ValueError, match=message):
        from_bert(ours(), theirs())


def test_where_theirs_has_no_pooler_ours_keeps_its_own():
    ours = MaskedLanguageModel(Bert(SIZES))
    before = ours.bert.pooler.weight.clone()
    assert torch.equal(from_bert(ours, theirs_of("BertForMaskedLM")).bert.pooler.weight, before)
