"""The weights of Hugging Face's BERT for ours."""

from torch import nn

from selfattention.parity.naming import given, renamed

BERT = {
    r"\bword_embeddings\.": "token.",
    r"\bposition_embeddings\.weight$": "positions.table",
    r"\btoken_type_embeddings\.": "segment.",
    r"\bencoder\.layer\.": "encoder.",
    r"\battention\.self\.": "attention.",
    r"\battention\.output\.LayerNorm\.": "around_attention.norm.",
    r"\battention\.output\.dense\.": "attention.output.",
    r"\bintermediate\.dense\.": "feed_forward.0.",
    r"(\d)\.output\.LayerNorm\.": r"\1.around_feed_forward.norm.",
    r"(\d)\.output\.dense\.": r"\1.feed_forward.2.",
    r"\bpooler\.dense\.": "pooler.",
    r"^cls\.predictions\.transform\.dense\.": "transform.",
    r"^cls\.predictions\.transform\.": "",
    r"^cls\.predictions\.bias$": "bias",
    r"^(cls\.seq_relationship|classifier|qa_outputs)\.": "output.",
    r"\bLayerNorm\.": "norm.",
}
TIED = "cls.predictions.decoder."  # the table of embeddings and the bias once more


def from_bert(ours: nn.Module, theirs: nn.Module) -> nn.Module:
    """Give ours the weights of Hugging Face's, and return it.

    Args:    theirs: `BertModel` for our `Bert`; `BertForMaskedLM` for `MaskedLanguageModel`; for `SequenceClassifier`
             `BertForSequenceClassification` or `BertForNextSentencePrediction`; `BertForQuestionAnswering` for
             `QuestionAnswerer`. Where theirs has no pooler, ours keeps its own.
    Raises:  ValueError: a weight has no counterpart, or its counterpart is of another shape.
    """
    weights = {renamed(name, BERT): weight for name, weight in theirs.state_dict().items() if not name.startswith(TIED)}
    pooled = any("pooler." in name for name in weights)
    return given(ours, weights, keeps=() if pooled else ("pooler.", "bert.pooler."))
