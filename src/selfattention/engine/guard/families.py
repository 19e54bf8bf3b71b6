"""Kinds of ready-made work, and who does it."""


def _members(operators: str, *others: str) -> tuple[str, ...]:
    return (*(f"aten::{name}" for name in operators.split()), *others)


# Who does a kind of work. An operator of torch counts however it is reached: as a function or method of that name
# anywhere in torch, by compiled code, or deep in another function. `a.b` is a function, or a class with its methods;
# a name without a dot is a whole library. What a version of torch does not have cannot be called there.
_ENCODER_LAYER = _members(
    "_transformer_encoder_layer_fwd",
    "torch.nn.TransformerEncoderLayer", "torch.nn.TransformerEncoder", "torch.nn.TransformerDecoderLayer",
    "torch.nn.TransformerDecoder", "torch.nn.Transformer")
_MULTI_HEAD = _ENCODER_LAYER + _members(
    "_native_multi_head_attention _triton_multi_head_attention",
    "torch.nn.MultiheadAttention", "torch.nn.functional.multi_head_attention_forward")
_ATTENTION = _MULTI_HEAD + _members(
    "scaled_dot_product_attention _scaled_dot_product_attention_math _scaled_dot_product_attention_math_for_mps "
    "_scaled_dot_product_flash_attention _scaled_dot_product_flash_attention_for_cpu "
    "_scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention "
    "_scaled_dot_product_fused_attention_overrideable _triton_scaled_dot_attention _flash_attention_forward "
    "_flash_attention_forward_no_dropout_inplace _efficient_attention_forward _cudnn_attention_forward "
    "_safe_softmax",  # all that is seen of compiled attention with three axes
    "torch.nn.functional.scaled_dot_product_attention", "torch.nn.attention.flex_attention.flex_attention",
    "torch.nn.attention.varlen.varlen_attn")
_LOG_SOFTMAX = _members(
    "log_softmax _log_softmax special_log_softmax _sparse_log_softmax cross_entropy_loss",
    "torch.log_softmax", "torch.Tensor.log_softmax", "torch.nn.functional.log_softmax", "torch.special.log_softmax",
    "torch.sparse.log_softmax", "torch.distributions.Categorical", "scipy.special.log_softmax")
FAMILIES: dict[str, tuple[str, ...]] = {
    "encoder layer": _ENCODER_LAYER,
    "multi-head attention": _MULTI_HEAD,
    "attention": _ATTENTION,
    # log(sum(exp)) is a step of it, which an answer may take from a library.
    "log softmax": _LOG_SOFTMAX,
    # Attention with identity matrices as keys and values is a softmax, and so is exp of its logarithm.
    "softmax": _LOG_SOFTMAX + _ATTENTION + _members(
        "softmax _softmax special_softmax _masked_softmax _sparse_softmax _nested_tensor_softmax_with_shape",
        "quantized::softmax", "torch.softmax", "torch.Tensor.softmax", "torch.nn.functional.softmax",
        "torch.special.softmax", "torch.sparse.softmax", "scipy.special.softmax", "sklearn.utils.extmath.softmax"),
    # Other norms do it for tokens that were given another shape. Mean and variance are steps of it.
    "layer norm": _ENCODER_LAYER + _members(
        "layer_norm native_layer_norm rms_norm _fused_rms_norm group_norm native_group_norm instance_norm batch_norm "
        "native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_functional "
        "_native_batch_norm_legit_no_training _batch_norm_impl_index _batch_norm_with_update "
        "_batch_norm_with_update_functional _batch_norm_no_update cudnn_batch_norm miopen_batch_norm "
        "quantized_batch_norm",
        "quantized::layer_norm", "quantized::group_norm", "quantized::instance_norm", "quantized::batch_norm",
        "quantized::batch_norm1d", "quantized::batch_norm2d", "quantized::batch_norm3d", "torch.layer_norm",
        "torch.nn.functional.layer_norm", "torch.nn.functional.group_norm", "torch.nn.functional.instance_norm",
        "torch.nn.functional.batch_norm", "torch.nn.functional.rms_norm", "torch.nn.functional.local_response_norm"),
    # Whole layers and single steps: a layer over one token is a step.
    "recurrent layer": _members(
        "rnn_tanh rnn_relu gru lstm rnn_tanh_cell rnn_relu_cell gru_cell lstm_cell _thnn_fused_gru_cell "
        "_thnn_fused_lstm_cell _cudnn_rnn miopen_rnn mkldnn_rnn_layer quantized_gru quantized_lstm quantized_gru_cell "
        "quantized_lstm_cell quantized_rnn_relu_cell quantized_rnn_tanh_cell",
        "torch.nn.RNN", "torch.nn.GRU", "torch.nn.LSTM", "torch.nn.RNNCell", "torch.nn.GRUCell", "torch.nn.LSTMCell"),
    "bleu": ("sacrebleu", "nltk.translate"),
}
