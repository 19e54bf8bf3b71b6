"""How many bits a character of a text costs, when one may learn from another text first: packers, and counting.

A model that gives the next character the probability p can write it in −log₂ p bits (Shannon 1948), so that language
models and packers compete in one unit.
"""

import bz2
import gzip
import lzma
import math
from collections import Counter, defaultdict
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda text: gzip.compress(text, 9),
    "bz2": lambda text: bz2.compress(text, 9),
    "xz": lambda text: lzma.compress(text, preset=9 | lzma.PRESET_EXTREME),
}


def compressed_bits(train: str, held_out: str) -> dict[str, float]:
    """Bits a character of each packer: by how much the packed text grows when `held_out` follows `train`.

    gzip looks back 32 KiB, bz2 sees blocks of 900 kB, xz looks back 64 MiB.

    Raises:  ValueError: one of the texts is empty.
    """
    _require_texts(train, held_out)
    before, both = train.encode(), (train + held_out).encode()
    return {name: 8 * (len(pack(both)) - len(pack(before))) / len(held_out) for name, pack in PACKERS.items()}


@torch.no_grad()
def token_nats(model: Callable[[Tensor], Tensor], tokens: Int[Tensor, " text"], context: int,
               stride: int) -> Float[Tensor, " text"]:
    r"""What each token of a text costs a language model, $-\ln p$, that reads it in windows of `context` tokens.

    Each window predicts the next `stride` tokens, so that all but the first few have at least `context` − `stride`
    tokens before them. The first token of all, which nothing predicts, costs as much as if all were equally likely.

    Args:    model: gives scores (batch, tokens, vocab) of each next token; put it into evaluation mode before.
    Raises:  ValueError: the text is empty, or a stride is not between 1 and the context.
    """
    if len(tokens) == 0 or not 1 <= stride <= context:
        raise ValueError(f"a text of {len(tokens)} tokens in windows of {context}, of which {stride} are predicted: "
                         "the text needs a token, and the stride is between 1 and the context")
    nats = [torch.tensor([math.log(model(tokens[None, :1]).shape[-1])], dtype=torch.float64)]
    for begin in range(1, len(tokens), stride):
        end = min(begin + stride, len(tokens))
        start = max(end - 1 - context, 0)
        scores = model(tokens[None, start:end - 1])[0, begin - 1 - start:]
        nats.append(torch.nn.functional.cross_entropy(scores, tokens[begin:end], reduction="none").cpu().double())
    return torch.cat(nats)


def model_bits(model: Callable[[Tensor], Tensor], tokens: Int[Tensor, " text"], context: int, stride: int) -> float:
    """Bits a token of a text: the mean of `token_nats`, to the base 2.

    Raises:  ValueError: as `token_nats`.
    """
    return mixed_bits(token_nats(model, tokens, context, stride))


def mixed_bits(*nats: Float[Tensor, " text"]) -> float:
    r"""Bits a token of a text where several predictors have the same say: $p = (p_1 + \dots + p_k)/k$.

    Args:    nats: what each token costs by each of them, $-\ln p_i$.
    Raises:  ValueError: there is none, or they are of texts of different lengths.
    """
    lengths = [len(each) for each in nats]
    if len(set(lengths)) != 1:
        raise ValueError(f"costs of texts of {' and '.join(map(str, lengths))} tokens: all must be of the same text"
                         if lengths else "costs of no predictor: give at least one")
    return (math.log(len(nats)) - torch.stack(nats).neg().logsumexp(dim=0)).mean().item() / math.log(2)


class NGrams:
    r"""Predicts a character from the few before it, by counting: modified Kneser–Ney (Chen & Goodman 1999, §3).

    $p(c \mid h) = (n(hc) - D(n(hc)) + \sum_{c'} D(n(hc'))\, p(c \mid h')) / n(h)$, where $h'$ is $h$ without its first
    character, and the discounts $D$ come from how many counts are 1, 2, 3 and 4. For all but the longest $h$, $n(hc)$
    counts the different characters that stand before $hc$.

    Args:    alphabet: the characters that can occur. order: characters looked at, the predicted one included.
    Raises:  ValueError: no text, an order below 1, or a character of the text that is not in the alphabet.
    Differs: no discount is below 0, and each is 1/2 where the text is too small to tell; below all histories every
             character of the alphabet is equally likely.
    """

    def __init__(self, text: str, alphabet: str, order: int) -> None:
        _require_texts(text, alphabet)
        if order < 1 or not set(text) <= set(alphabet):
            raise ValueError(f"an order of {order}, and {sorted(set(text) - set(alphabet)) or 'nothing'} beyond the "
                             "alphabet: look at one character at least, and let the alphabet have those of all texts")
        self.order, self.size = order, len(set(alphabet))
        counts: list[dict[str, Counter[str]]] = [defaultdict(Counter) for _ in range(order)]
        for place, character in enumerate(text):
            history = text[max(place - order + 1, 0):place]
            counts[len(history)][history][character] += 1
        for longer, shorter in zip(counts[:0:-1], counts[-2::-1]):
            for history, following in longer.items():
                shorter[history[1:]].update(dict.fromkeys(following, 1))
        self._counts, self._discounts = counts, [_discounts(level) for level in counts]

    def probability(self, character: str, history: str) -> float:
        """How likely the character is after these ones; only the last `order` − 1 of them are looked at."""
        chance = 1 / self.size
        for length in range(min(self.order, len(history) + 1)):
            following = self._counts[length].get(history[len(history) - length:])
            if following is None:  # nor has a longer history been seen
                break
            discounts, total = self._discounts[length], following.total()
            taken = sum(discounts[min(count, 3)] for count in following.values())
            count = following[character]
            chance = (count - discounts[min(count, 3)] + taken * chance) / total
        return chance

    def nats(self, text: str) -> Float[Tensor, " text"]:
        r"""What each character of a text costs, $-\ln p$.

        Raises:  ValueError: the text is empty.
        """
        _require_texts(text)
        return -torch.tensor([self.probability(character, text[max(place - self.order + 1, 0):place])
                              for place, character in enumerate(text)], dtype=torch.float64).log()

    def bits(self, text: str) -> float:
        """Bits a character of a text.

        Raises:  ValueError: the text is empty.
        """
        return mixed_bits(self.nats(text))


def _discounts(level: dict[str, Counter[str]]) -> tuple[float, ...]:
    """What is taken from counts of 0, 1, 2, and 3 or more (Chen & Goodman 1999, eq. 17)."""
    seen = Counter(count for following in level.values() for count in following.values())
    if not all(seen[count] for count in (1, 2, 3)):  # too small a text to tell
        return 0.0, 0.5, 0.5, 0.5
    share = seen[1] / (seen[1] + 2 * seen[2])
    return 0.0, *(max(count - (count + 1) * share * seen[count + 1] / seen[count], 0.0) for count in (1, 2, 3))


def _require_texts(*texts: str) -> None:
    if not all(texts):
        raise ValueError(f"texts of {' and '.join(str(len(text)) for text in texts)} characters: none may be empty")
