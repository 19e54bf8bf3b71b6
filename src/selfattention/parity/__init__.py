"""The weights of torch's and Hugging Face's modules for ours, so that both must give the same numbers."""

from selfattention.parity.bert import from_bert
from selfattention.parity.big_bird import force_random_blocks, from_big_bird
from selfattention.parity.geometric import from_geometric
from selfattention.parity.gpt2 import from_gpt2
from selfattention.parity.llama import from_llama
from selfattention.parity.marian import from_marian
from selfattention.parity.recurrent import from_convolution, from_recurrent
from selfattention.parity.swin import from_swin
from selfattention.parity.torch import apart, from_torch, torch_twin
from selfattention.parity.transfo_xl import from_transfo_xl
from selfattention.parity.vit import from_vit

__all__ = ["apart", "force_random_blocks", "from_bert", "from_big_bird", "from_convolution", "from_geometric",
           "from_gpt2", "from_llama", "from_marian", "from_recurrent", "from_swin", "from_torch", "from_transfo_xl",
           "from_vit", "torch_twin"]
