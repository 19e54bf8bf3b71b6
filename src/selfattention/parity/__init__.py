"""The weights of torch's and Hugging Face's modules for ours, so that both must give the same numbers."""

from selfattention.parity.marian import from_marian
from selfattention.parity.torch import apart, from_torch, torch_twin

__all__ = ["apart", "from_marian", "from_torch", "torch_twin"]
