"""One model, five ways to mix tokens: recurrent (three cells), convolutional, or attention, and all else the same."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from selfattention import masks
from selfattention.convolution import DilatedStack
from selfattention.layers import FeedForward, LayerNorm, MultiHeadAttention, PreNorm
from selfattention.positions import Rotary
from selfattention.recurrence import ELMAN, GRU, LSTM, Cell, Recurrent

SLACK = 0.05  # by which share a rival may have more parameters


@dataclass(frozen=True)
class Sizes:
    """The numbers that make a model.

    Args:    vocab: tokens that it reads and scores. width: numbers in the vector of a token, and in the state of a
             recurrent layer. wider: how much wider the feed-forward layers are inside; 0 for none. heads: of attention.
             taps, dilations: of the convolutions, one after another in each layer.
    """

    vocab: int
    width: int = 64
    layers: int = 2
    wider: int = 4
    heads: int = 2
    taps: int = 3
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16)


class Attending(nn.Module):
    """Causal self-attention with rotary positions."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(width, heads, rotary=Rotary(width // heads))

    def forward(self, x: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        """Each token mixes itself and those before it."""
        return self.attention(x, mask=masks.causal(x.shape[1], device=x.device))

    def rounds(self, x: Float[Tensor, "batch tokens width"]) -> Iterator[Float[Tensor, "batch tokens width"]]:
        """One round is enough: what `forward` gives."""
        yield self(x)

    def flops(self, tokens: int) -> int:
        """Additions and multiplications in the matrix products for one text; the masked half is computed, too."""
        width = self.attention.query.in_features
        return 8 * tokens * width**2 + 4 * tokens**2 * width


class Recurring(nn.Module):
    """A recurrent layer as wide as its input, which starts each text from the state zero."""

    def __init__(self, cell: Cell, width: int) -> None:
        super().__init__()
        self.recurrent = Recurrent(cell, width, width)

    def forward(self, x: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        """The hidden vector at each token."""
        return self.recurrent(x)[0]

    def rounds(self, x: Float[Tensor, "batch tokens width"]) -> Iterator[Float[Tensor, "batch tokens width"]]:
        """As many rounds as tokens."""
        return self.recurrent.rounds(x)

    def flops(self, tokens: int) -> int:
        """Additions and multiplications in the matrix products for one text."""
        return self.recurrent.flops(tokens)


# What mixes the tokens of a layer, by the name of its kind.
MIXINGS: dict[str, Callable[[Sizes], nn.Module]] = {
    "rnn": lambda sizes: Recurring(ELMAN, sizes.width),
    "gru": lambda sizes: Recurring(GRU, sizes.width),
    "lstm": lambda sizes: Recurring(LSTM, sizes.width),
    "convolution": lambda sizes: DilatedStack(sizes.width, sizes.taps, sizes.dilations),
    "attention": lambda sizes: Attending(sizes.width, sizes.heads),
}


class Layer(nn.Module):
    """Mixing, then the feed-forward layer where there is one, each in a pre-norm residual connection."""

    def __init__(self, mixing: nn.Module, width: int, d_ff: int) -> None:
        super().__init__()
        self.mixing, self.around_mixing = mixing, PreNorm(width)
        self.feed_forward = FeedForward(width, d_ff) if d_ff else None
        self.around_feed_forward = PreNorm(width) if d_ff else None

    def forward(self, x: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        """One layer."""
        x = self.around_mixing(x, self.mixing)
        return self.around_feed_forward(x, self.feed_forward) if self.feed_forward else x


class SequenceModel(nn.Module):
    """Scores each next token from the tokens so far: embedding, layers, norm, scores by the embedding's own matrix.

    Args:    kind: what mixes the tokens, a name in `MIXINGS`.
    Raises:  ValueError: there is no such kind, or the sizes do not fit it.
    """

    def __init__(self, kind: str, sizes: Sizes) -> None:
        super().__init__()
        if kind not in MIXINGS:
            raise ValueError(f"no mixing is called {kind!r}: choose one of {', '.join(MIXINGS)}")
        self.kind, self.sizes = kind, sizes
        self.embedding = nn.Embedding(sizes.vocab, sizes.width)
        nn.init.normal_(self.embedding.weight, std=sizes.width**-0.5)
        self.layers = nn.ModuleList([Layer(MIXINGS[kind](sizes), sizes.width, sizes.wider * sizes.width)
                                     for _ in range(sizes.layers)])
        self.norm = LayerNorm(sizes.width)

    def forward(self, tokens: Int[Tensor, "batch tokens"]) -> Float[Tensor, "batch tokens vocab"]:
        """Scores (logits) of each next token.

        Raises:  ValueError: no text or no tokens, or a token that is not in the vocabulary.
        """
        if tokens.ndim != 2 or tokens.numel() == 0:
            raise ValueError(f"tokens of shape {tuple(tokens.shape)} are empty or no batch: the axes are texts and "
                             "tokens, at least one of each")
        try:
            x = self.embedding(tokens) * self.sizes.width**0.5
        except IndexError:
            raise ValueError(f"tokens from {int(tokens.min())} to {int(tokens.max())}, but the vocabulary has the "
                             f"numbers 0 to {self.sizes.vocab - 1}: was another vocabulary used?") from None
        for layer in self.layers:
            x = layer(x)
        return self.norm(x) @ self.embedding.weight.T

    def flops(self, tokens: int) -> int:
        """Additions and multiplications in the matrix products for one text of so many tokens, forward.

        A step of training costs three times as much, as each product has two in its gradient. What is done number by
        number (norms, gates, softmax) is not counted.
        """
        width, wider = self.sizes.width, self.sizes.wider
        mixing = sum(layer.mixing.flops(tokens) for layer in self.layers)
        feed_forward = self.sizes.layers * 4 * tokens * width * wider * width
        return mixing + feed_forward + 2 * tokens * width * self.sizes.vocab


def parameter_count(model: nn.Module) -> int:
    """How many numbers are learned."""
    return sum(parameter.numel() for parameter in model.parameters())


def equally_large(kind: str, sizes: Sizes, parameters: int) -> Sizes:
    """The sizes with the width at which a model of this kind has as many parameters, rather some more than fewer.

    Raises:  ValueError: no width comes within 5 %.
    """
    def parameters_at(width: int) -> int:
        with torch.device("meta"):
            return parameter_count(SequenceModel(kind, replace(sizes, width=width)))

    step = 2 * sizes.heads if kind == "attention" else 1  # each head is cut into pairs, to be turned
    below, enough = 0, step
    while parameters_at(enough) < parameters:
        below, enough = enough, 2 * enough
    while enough - below > step:
        middle = (below + enough) // (2 * step) * step
        below, enough = (middle, enough) if parameters_at(middle) < parameters else (below, middle)
    counts = {width: parameters_at(width) for width in (enough, below) if width}
    for width, count in counts.items():
        if abs(count - parameters) <= SLACK * parameters:
            return replace(sizes, width=width)
    found = " and ".join(f"{count:,} at width {width}" for width, count in counts.items())
    raise ValueError(f"no {kind} of {sizes.layers} layers has {parameters:,} parameters or nearly so, but {found}: "
                     "ask for more parameters or fewer layers")


def seconds(layer: Callable[[Tensor], Tensor], x: Tensor, tries: int = 3) -> float:
    """The processor's seconds forward and backward: the least of some tries, as what else is running only adds."""
    taken = []
    for _ in range(tries):
        started = time.process_time()
        layer(x).square().mean().backward()
        taken.append(time.process_time() - started)
    return min(taken)


def dependent_products(output: Tensor) -> int:
    """The longest chain of matrix products in which each needs the one before: no parallel machine shortens it.

    Counted in the graph that torch has noted for `output`; one of torch's fused attentions counts as the two it holds.

    Raises:  ValueError: there is no graph.
    """
    if output.grad_fn is None:
        raise ValueError("the output has no graph: compute it from weights or inputs that require gradients, and not "
                         "under torch.no_grad()")
    longest: dict[object, int] = {}
    waiting = [(output.grad_fn, False)]
    while waiting:
        node, seen = waiting.pop()
        if node in longest:
            continue
        before = [other for other, _ in node.next_functions if other is not None]
        if seen:
            longest[node] = max((longest[other] for other in before), default=0) + _products(node.name())
        else:
            waiting += [(node, True), *((other, False) for other in before)]
    return longest[output.grad_fn]


def _products(name: str) -> int:
    return 2 if name.startswith("ScaledDotProduct") else int(name.startswith(("MmB", "AddmmB", "BmmB", "BaddbmmB")))
