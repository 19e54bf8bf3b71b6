"""The weights of torch's recurrent layers and of its convolution for ours."""

from torch import nn

from selfattention.parity.naming import given, renamed

# torch numbers the layers at the end of each name; ours stand in a list, so the number goes first.
RECURRENT = {
    r"^weight_ih_l(\d+)": r"\1.from_token.weight",
    r"^weight_hh_l(\d+)": r"\1.from_hidden.weight",
    r"^bias_ih_l(\d+)": r"\1.from_token.bias",
    r"^bias_hh_l(\d+)": r"\1.from_hidden.bias",
}


def from_recurrent(ours: nn.Module, theirs: nn.RNNBase) -> nn.Module:
    """Give ours the weights of an `nn.RNN`, `nn.GRU` or `nn.LSTM`, and return it.

    Args:    ours: a `Recurrent` for one layer, an `nn.ModuleList` of them for one or several.
    Raises:  ValueError: a weight has no counterpart, or one of another shape (also where torch's has both directions,
             no biases, or projections), or torch's has another function than tanh.
    """
    if getattr(theirs, "nonlinearity", "tanh") != "tanh":
        raise ValueError(f"torch's layer has {theirs.nonlinearity} for its nonlinearity, ours has tanh: make it with "
                         "nonlinearity=\"tanh\"")
    weights = {renamed(name, RECURRENT): weight for name, weight in theirs.state_dict().items()}
    if not isinstance(ours, nn.ModuleList):
        weights = {name.removeprefix("0."): weight for name, weight in weights.items()}
    return given(ours, weights)


def from_convolution(ours: nn.Module, theirs: nn.Conv1d) -> nn.Module:
    """Give our causal convolution the weights of an `nn.Conv1d`, and return it.

    Raises:  ValueError: torch's has no bias, another number of taps or widths, several groups, or a stride; or another
             dilation than ours.
    """
    if theirs.stride != (1,) or theirs.dilation != (ours.dilation,):
        raise ValueError(f"torch's convolution has a stride of {theirs.stride[0]} and a dilation of "
                         f"{theirs.dilation[0]}, ours 1 and {ours.dilation}: make both alike")
    weights = {f"window.{name}": weight.flatten(1) if name == "weight" else weight
               for name, weight in theirs.state_dict().items()}
    return given(ours, weights)
