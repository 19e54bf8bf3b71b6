"""The weights of Hugging Face's GPT-2 for ours."""

import re

from torch import nn

from selfattention.parity.naming import given, renamed, without_copies

GPT2 = {
    r"^transformer\.wte\.": "embedding.",
    r"^transformer\.wpe\.weight": "positions.table",
    r"^transformer\.h\.": "layers.",
    r"^transformer\.ln_f\.": "norm.",
    r"\bln_1\.": "attention_norm.",
    r"\bln_2\.": "feed_forward_norm.",
    r"\battn\.c_proj\.": "attention.output.",
    r"\battn\.c_attn\.": "attention.in.",
    r"\bmlp\.c_fc\.": "feed_forward.0.",
    r"\bmlp\.c_proj\.": "feed_forward.2.",
}
TRANSPOSED = re.compile(r"\.c_(attn|proj|fc)\.weight$")  # theirs are (in, out), those of nn.Linear (out, in)


def from_gpt2(ours: nn.Module, theirs: nn.Module) -> nn.Module:
    """Give our GPT the weights of a `transformers.GPT2LMHeadModel`, and return it.

    Raises:  ValueError: a weight has no counterpart, or its counterpart is of another shape.
    """
    weights = {}
    for name, weight in without_copies(theirs).items():
        weight = weight.T if TRANSPOSED.search(name) else weight
        name = renamed(name, GPT2)
        if ".in." in name:  # queries, keys and values are one matrix
            for part, third in zip(("query", "key", "value"), weight.chunk(3)):
                weights[name.replace(".in.", f".{part}.")] = third
        else:
            weights[name] = weight
    return given(ours, weights)
