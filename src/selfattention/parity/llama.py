"""The weights of Hugging Face's Llama for our GPT with all its changes."""

from torch import Tensor, nn

from selfattention.parity.naming import given, renamed, without_copies

LLAMA = {
    r"^model\.embed_tokens\.": "embedding.",
    r"^model\.layers\.": "layers.",
    r"^model\.norm\.weight": "norm.gain",
    r"\binput_layernorm\.weight": "attention_norm.gain",
    r"\bpost_attention_layernorm\.weight": "feed_forward_norm.gain",
    r"\bself_attn\.q_proj\.": "attention.query.",
    r"\bself_attn\.k_proj\.": "attention.key.",
    r"\bself_attn\.v_proj\.": "attention.value.",
    r"\bself_attn\.o_proj\.": "attention.output.",
    r"\bmlp\.(gate|up|down)_proj\.": r"feed_forward.\1.",
}


def from_llama(ours: nn.Module, theirs: nn.Module) -> nn.Module:
    """Give our GPT the weights of a `transformers.LlamaForCausalLM` with a tied head, and return it.

    Theirs turns the first half of a head together with its second half, ours each number with its neighbour: the rows
    of queries and keys change places.

    Raises:  ValueError: a weight has no counterpart, or its counterpart is of another shape.
    """
    weights = {renamed(name, LLAMA): weight for name, weight in without_copies(theirs).items()}
    d_head = theirs.config.head_dim
    return given(ours, {name: _neighbours(weight, d_head) if ".query." in name or ".key." in name else weight
                        for name, weight in weights.items()})


def _neighbours(weight: Tensor, d_head: int) -> Tensor:
    """Rows 0, h, 1, h + 1, … of each head, for h half its width."""
    return weight.unflatten(0, (-1, 2, d_head // 2)).transpose(1, 2).flatten(0, 2)
