"""The rival that reads no order: a bag of words, weighted by TF-IDF, and logistic regression (Spärck Jones 1972)."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

import torch
from jaxtyping import Float
from torch import Tensor

Words = Sequence[str]


class BagOfWords:
    r"""Tells two kinds of texts apart by which words they hold, and how often.

    A word counts $\ln\frac{1 + n}{1 + n_w} + 1$ each time it stands in a text, where $n_w$ of the $n$ texts to learn
    from hold it; each text's numbers are divided by the root of the sum of their squares. Weights and offset are those
    with the smallest sum of all losses and half of the weights' squares. That is what scikit-learn's `TfidfVectorizer`
    and `LogisticRegression` do where nothing is said.

    Args:    texts, labels: to learn from; labels are 0 and 1.
    Raises:  ValueError: not as many labels as texts, labels other than 0 and 1 or all the same, or an empty text.
    """

    def __init__(self, texts: Sequence[Words], labels: Sequence[int]) -> None:
        if len(texts) != len(labels) or {*labels} != {0, 1}:
            raise ValueError(f"{len(texts)} texts and {len(labels)} labels, which are {sorted({*labels})}: each text "
                             "needs one, and both 0 and 1 must be there")
        held = Counter(word for text in texts for word in {*text})
        self.numbers = {word: number for number, word in enumerate(sorted(held))}
        self.rarity = {word: math.log((1 + len(texts)) / (1 + count)) + 1 for word, count in held.items()}
        self.weights = torch.zeros(len(held), 1, dtype=torch.float64, requires_grad=True)
        self.offset = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        features, truth = self._features(texts), torch.tensor(labels, dtype=torch.float64)
        optimizer = torch.optim.LBFGS([self.weights, self.offset], max_iter=500, line_search_fn="strong_wolfe")

        def loss() -> Tensor:
            optimizer.zero_grad()
            total = torch.nn.functional.binary_cross_entropy_with_logits(
                self._scores(*features), truth, reduction="sum") + self.weights.square().sum() / 2
            total.backward()
            return total

        optimizer.step(loss)
        self.weights, self.offset = self.weights.detach(), self.offset.detach()

    def scores(self, texts: Sequence[Words]) -> Float[Tensor, " texts"]:
        """The logits of label 1; words that were never seen do not count.

        Raises:  ValueError: no text is given, or one is empty.
        """
        return self._scores(*self._features(texts))

    def accuracy(self, texts: Sequence[Words], labels: Sequence[int]) -> float:
        """The share of texts that get their label."""
        return float(((self.scores(texts) > 0) == torch.tensor(labels).bool()).double().mean())

    def _scores(self, words: Tensor, begins: Tensor, values: Tensor) -> Tensor:
        return torch.nn.functional.embedding_bag(
            words, self.weights, begins, mode="sum", per_sample_weights=values)[:, 0] + self.offset

    def _features(self, texts: Sequence[Words]) -> tuple[Tensor, Tensor, Tensor]:
        """All texts' words one after the other, where each text begins, and what each word counts in its text."""
        if not texts or not all(len(text) for text in texts):
            raise ValueError(f"one of {len(texts)} texts is empty, or there is none: leave empty texts out")
        words, values, sizes = [], [], []
        for text in texts:
            counts = Counter(word for word in text if word in self.numbers)
            numbers = [count * self.rarity[word] for word, count in counts.items()]
            length = math.hypot(*numbers)
            words += [self.numbers[word] for word in counts]
            values += [number / length for number in numbers]
            sizes.append(len(counts))
        begins = [0, *accumulate(sizes[:-1])]
        return (torch.tensor(words, dtype=torch.long), torch.tensor(begins),
                torch.tensor(values, dtype=torch.float64))
