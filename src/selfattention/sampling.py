"""From scores of the next token to a text: filters that leave out unlikely tokens, and writing token after token."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

Logits = Float[Tensor, "*batch vocab"]
Chosen = Int[Tensor, "*batch"]


@runtime_checkable
class Writer(Protocol):
    """What can be asked for the next token: a decoder without a source."""

    context: int

    def decode(self, tokens: Tensor, past: Any = None) -> tuple[Tensor, Any]:
        """Scores of each next token, and the past to pass in next time."""
        ...


def with_temperature(logits: Logits, temperature: float) -> Logits:
    """Logits divided by the temperature: below 1 the likely tokens gain, above 1 the unlikely ones.

    At 0, the limit, only the best token is left (the first, where several are).

    Raises:  ValueError: the temperature is negative, or no finite number.
    """
    if not 0 <= temperature < math.inf:
        raise ValueError(f"a temperature of {temperature}: it divides the logits, so choose 0 (the best token) or more")
    if temperature == 0:
        best = logits.argmax(dim=-1, keepdim=True)
        return torch.full_like(logits, -math.inf).scatter(-1, best, logits.gather(-1, best))
    return logits / temperature


def top_k(logits: Logits, k: int) -> Logits:
    """The logits of the `k` best tokens, −∞ for all others (Fan et al. 2018, §5.4).

    What is as good as the last of them is kept, too.

    Raises:  ValueError: `k` is below 1 or larger than the vocabulary.
    """
    vocab = logits.shape[-1]
    if not 1 <= k <= vocab:
        raise ValueError(f"top-k with k = {k} of {vocab} tokens: k is between 1 and {vocab}")
    return _only(logits, logits >= logits.topk(k, dim=-1).values[..., -1:])


def top_p(logits: Logits, p: float) -> Logits:
    """The logits of the fewest best tokens that together have the probability `p`, −∞ for all others.

    (Nucleus sampling, Holtzman et al. 2020, eq. 2 and 3.) The token with which the sum reaches `p` is kept, so there is
    always one.

    Raises:  ValueError: `p` is not above 0 and at most 1.
    """
    if not 0 < p <= 1:
        raise ValueError(f"top-p with p = {p}: it is a probability above 0, and at most 1")
    if p == 1:
        return logits
    chances, order = torch.softmax(logits, dim=-1).sort(dim=-1, descending=True, stable=True)
    better = chances.cumsum(dim=-1) - chances  # the probability of all that are more likely
    return _only(logits, torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order, better < p))


def min_p(logits: Logits, share: float) -> Logits:
    """The logits of all tokens at least `share` times as likely as the best, −∞ for all others.

    (Nguyen et al. 2024, §3; our `share` is their p_base.)

    Raises:  ValueError: `share` is not between 0 and 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"min-p with a share of {share}: it is a share of the best token's probability, between 0 and "
                         "1")
    chances = torch.softmax(logits, dim=-1)
    return _only(logits, chances >= share * chances.amax(dim=-1, keepdim=True))


def _only(logits: Tensor, kept: Tensor) -> Tensor:
    return logits.masked_fill(~kept, -math.inf)


def best(logits: Logits) -> Chosen:
    """The most likely token: what greedy decoding chooses."""
    return logits.argmax(dim=-1)


@dataclass(frozen=True)
class Sampler:
    """Draws a token by its probability, after the filters in this order: temperature, top-k, top-p, min-p.

    Args:    k, p, share: as of `top_k`, `top_p` and `min_p`; None leaves a filter out. generator: of random numbers.
    """

    temperature: float = 1.0
    k: int | None = None
    p: float | None = None
    share: float | None = None
    generator: torch.Generator | None = None

    def filtered(self, logits: Logits) -> Logits:
        """The logits that are left."""
        logits = with_temperature(logits, self.temperature)
        for keep, number in ((top_k, self.k), (top_p, self.p), (min_p, self.share)):
            if number is not None:
                logits = keep(logits, number)
        return logits

    def __call__(self, logits: Logits) -> Chosen:
        """A token for each row of logits."""
        chances = torch.softmax(self.filtered(logits), dim=-1)
        drawn = torch.multinomial(chances.reshape(-1, chances.shape[-1]), 1, generator=self.generator)
        return drawn.reshape(chances.shape[:-1])


def stream(model: Writer, prompt: Int[Tensor, "batch tokens"], most: int,
           choose: Callable[[Tensor], Tensor] = best, *, cache: bool = True) -> Iterator[Int[Tensor, " batch"]]:
    """Write token after token; each is yielded as soon as it is chosen.

    As soon as prompt and text are longer than the model's context, it reads the last tokens alone. Then each stands at
    another position than before, nothing that was kept is right any more, and all is computed anew for each token.

    Args:    most: tokens to be written. choose: the token of each row of logits, such as `best` or a `Sampler`.
             cache: keep keys and values of earlier tokens; without it all is computed anew, to the same tokens.
    Raises:  ValueError: the prompt is empty or longer than the model's context, or `most` is below 1.
    """
    if prompt.ndim != 2 or prompt.numel() == 0:
        raise ValueError(f"a prompt of shape {tuple(prompt.shape)} is empty or no batch: its axes are texts and "
                         "tokens, at least one of each")
    if prompt.shape[1] > model.context:
        raise ValueError(f"a prompt of {prompt.shape[1]} tokens, but the model reads {model.context} at once: shorten "
                         f"the prompt, for instance to its last {model.context} tokens")
    if most < 1:
        raise ValueError(f"{most} tokens to write: ask for at least 1")
    return _stream(model, prompt, most, choose, cache)


@torch.no_grad()
def _stream(model: Writer, tokens: Tensor, most: int, choose: Callable[[Tensor], Tensor],
            cache: bool) -> Iterator[Tensor]:
    past = None
    for _ in range(most):
        if tokens.shape[1] > model.context or not cache:
            logits, _ = model.decode(tokens[:, -model.context:])
        else:
            logits, past = model.decode(tokens if past is None else tokens[:, -1:], past)
        token = choose(logits[:, -1])
        yield token
        tokens = torch.cat([tokens, token[:, None]], dim=1)


def generate(model: Writer, prompt: Int[Tensor, "batch tokens"], most: int, choose: Callable[[Tensor], Tensor] = best,
             *, cache: bool = True) -> Int[Tensor, "batch most"]:
    """All that `stream` writes, as one tensor, without the prompt.

    Raises:  ValueError: as `stream`.
    """
    return torch.stack(list(stream(model, prompt, most, choose, cache=cache)), dim=1)
