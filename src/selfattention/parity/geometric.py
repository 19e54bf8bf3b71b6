"""The weights of torch_geometric's graph attention for ours."""

from torch import nn

from selfattention.parity.naming import given, renamed

# Theirs calls the source of an edge "l" or "src" and its target "r" or "dst".
GAT = {
    r"^lin(_src)?\.": "project.",
    r"^att_src$": "key_vector",
    r"^att_dst$": "query_vector",
    r"^bias$": "offset",
}
GATV2 = {
    r"^lin_l\.": "key.",
    r"^lin_r\.": "query.",
    r"^att$": "vector",
    r"^bias$": "offset",
}


def from_geometric(ours: nn.Module, theirs: nn.Module) -> nn.Module:
    """Give our `GATLayer` the weights of a `GATConv`, or our `GATv2Layer` those of a `GATv2Conv`, and return it.

    Raises:  ValueError: a weight has no counterpart, or its counterpart is of another shape (also where theirs looks at
             features of edges, has a way past, or no bias).
    """
    state = theirs.state_dict()
    names = GATV2 if "att" in state else GAT
    return given(ours, {renamed(name, names): weight.squeeze(0) if name.startswith("att") and weight.ndim == 3
                        else weight for name, weight in state.items()})
