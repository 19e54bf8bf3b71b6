"""From a model to a sentence: token by token, with what was computed for the earlier ones kept."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.data.batches import padded
from selfattention.data.bilingual import Bilingual
from selfattention.data.sentences import Pair
from selfattention.data.words import BEGIN, END, PADDING


@runtime_checkable
class Translator(Protocol):
    """What can be decoded from: it reads a source once, then scores next tokens given the past."""

    def encode(self, source: Tensor) -> Any:
        """Read the source."""
        ...

    def decode(self, target: Tensor, memory: Any, past: Any = None) -> tuple[Tensor, Any]:
        """Scores of the next tokens, and the past to pass in next time."""
        ...


@torch.no_grad()
def greedy(model: Translator, source: Int[Tensor, "batch source"], most: int = 64) -> Int[Tensor, "batch target"]:
    """Take the best next token, again and again, until every sentence has ended.

    Args:    most: tokens after which a sentence is cut off.
    Returns: the tokens with the end sign, padded after it.
    Raises:  ValueError: `most` is below 1.
    """
    _require_room(most)
    memory, past = model.encode(source), None
    token = torch.full((len(source), 1), BEGIN, device=source.device)
    ended = torch.zeros(len(source), dtype=torch.bool, device=source.device)
    tokens = []
    for _ in range(most):
        logits, past = model.decode(token, memory, past)
        token = logits[:, -1].argmax(dim=-1).masked_fill(ended, PADDING)[:, None]
        tokens.append(token)
        ended |= token[:, 0] == END
        if ended.all():
            break
    return torch.cat(tokens, dim=1)


@torch.no_grad()
def greedy_without_cache(model: Translator, source: Int[Tensor, "batch source"],
                         most: int = 64) -> Int[Tensor, "batch target"]:
    """The same tokens as `greedy`, each computed anew from the beginning: what the cache is held against."""
    _require_room(most)
    memory = model.encode(source)
    tokens = torch.full((len(source), 1), BEGIN, device=source.device)
    for _ in range(most):
        best = model.decode(tokens, memory)[0][:, -1].argmax(dim=-1)
        ended = (tokens == END).any(dim=1)
        tokens = torch.cat([tokens, best.masked_fill(ended, PADDING)[:, None]], dim=1)
        if (tokens == END).any(dim=1).all():
            break
    return tokens[:, 1:]


@torch.no_grad()
def beam(model: Translator, source: Int[Tensor, "batch source"], width: int = 4, most: int = 64,
         penalty: float = 0.6) -> Int[Tensor, "batch target"]:
    r"""Keep the `width` best beginnings of each sentence, and return the best ending found.

    Endings are compared by $\log p / ((5 + n) / 6)^\alpha$ for n tokens (Wu et al. 2016, eq. 14), so that long
    ones are not punished for their length; `penalty` is their $\alpha$.

    Differs: without their coverage penalty.

    Raises:  ValueError: `width` or `most` is below 1.
    """
    _require_room(most)
    if width < 1:
        raise ValueError(f"a beam of width {width} keeps nothing: use at least 1")
    batch = len(source)
    memory = model.encode(source.repeat_interleave(width, dim=0))
    tokens = torch.full((batch * width, 1), BEGIN, device=source.device)
    # All beams of a sentence begin alike: only the first counts, or the same beginning would be kept `width` times.
    scores = torch.full((batch, width), -torch.inf, device=source.device)
    scores[:, 0] = 0.0
    best = tokens.new_full((batch, most), PADDING)
    best_score = scores.new_full((batch,), -torch.inf)
    past, new = None, tokens
    for length in range(1, most + 1):
        logits, past = model.decode(new, memory, past)
        extended = scores[..., None] + logits[:, -1].log_softmax(dim=-1).unflatten(0, (batch, width))
        vocab = extended.shape[-1]
        finished = extended[..., END].max(dim=1)
        normalised = finished.values / _length(length, penalty)
        better = normalised > best_score
        rows = tokens.unflatten(0, (batch, width))[torch.arange(batch), finished.indices, 1:]
        ending = torch.cat([rows, rows.new_full((batch, 1), END)], dim=1)
        best[better, :length], best[better, length:] = ending[better], PADDING
        best_score = torch.where(better, normalised, best_score)
        extended[..., END] = -torch.inf
        scores, chosen = extended.flatten(1).topk(width, dim=1)
        # Scores only fall and the divisor only grows up to `most`: this is the best any beginning can still reach.
        if (scores[:, 0] / _length(most, penalty) < best_score).all() or length == most:
            break
        parents = (chosen // vocab + width * torch.arange(batch, device=source.device)[:, None]).flatten()
        new = (chosen % vocab).view(-1, 1)
        tokens = torch.cat([tokens[parents], new], dim=1)
        past = [tuple(tensor[parents] for tensor in pair) for pair in past]
    missing = best_score == -torch.inf
    best[missing, :tokens.shape[1] - 1] = tokens.unflatten(0, (batch, width))[missing, 0, 1:]
    used = (best != PADDING).any(dim=0).nonzero()
    return best[:, :int(used.max()) + 1 if len(used) else 1]


def _require_room(most: int) -> None:
    if most < 1:
        raise ValueError(f"at most {most} tokens leave no room for a sentence: allow at least 1")


def _length(tokens: int, penalty: float) -> float:
    return ((5 + tokens) / 6) ** penalty


def translated(model: Translator, sources: Sequence[Sequence[int]], search: Callable[..., Tensor] = greedy,
               size: int = 100, device: torch.device | str = "cpu") -> list[list[int]]:
    """The target tokens of many sentences, in the order given, found in batches of similar length.

    Args:    search: `greedy`, `beam`, or another function of model and source. size: sentences in a batch.
    """
    order = sorted(range(len(sources)), key=lambda number: len(sources[number]))
    found: list[list[int]] = [[] for _ in sources]
    for start in range(0, len(order), size):
        chosen = order[start:start + size]
        tokens = search(model, padded([sources[number] for number in chosen]).to(device))
        for number, row in zip(chosen, tokens.tolist()):
            found[number] = row
    return found


def translations(model: Translator, coder: Bilingual, pairs: Sequence[Pair],
                 search: Callable[..., Tensor] = greedy) -> list[str]:
    """What the model makes of the source of each pair, as sentences."""
    return [" ".join(coder.target.decode(tokens)) for tokens in translated(model, coder.sources(pairs), search)]


def share_right(model: Translator, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]],
                search: Callable[..., Tensor] = greedy) -> float:
    """The share of sentences that the model writes exactly right, from the first token to the end sign.

    Raises:  ValueError: not as many targets as sources, or none.
    """
    if len(sources) != len(targets) or not targets:
        raise ValueError(f"{len(sources)} sources and {len(targets)} targets: each needs the other, at least one pair")
    longest = max(map(len, targets)) + 1  # what goes on for longer is wrong anyway
    found = translated(model, sources, partial(search, most=longest))
    return sum(tokens[:len(target) + 1] == [*target, END] for tokens, target in zip(found, targets)) / len(targets)


@torch.no_grad()
def log_probability(model: Translator, source: Int[Tensor, "batch source"],
                    target: Int[Tensor, "batch target"]) -> Float[Tensor, " batch"]:
    """How likely the model finds whole sentences, in nats: the sum over their tokens, the end sign included."""
    begin = torch.full((len(target), 1), BEGIN, device=target.device)
    logits, _ = model.decode(torch.cat([begin, target[:, :-1]], dim=1), model.encode(source))
    of_tokens = logits.log_softmax(dim=-1).gather(-1, target[..., None])[..., 0]
    return of_tokens.masked_fill(target == PADDING, 0.0).sum(dim=-1)
