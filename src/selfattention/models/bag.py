"""The rival that reads no order: a bag of words, weighted by TF-IDF, and logistic regression (Spärck Jones 1972)."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Words = Sequence[str]


class BagOfWords:
    """Tells two kinds of texts apart by which words they hold, and how often: scikit-learn does it, as it is set.

    Args:    texts, labels: to learn from; labels are 0 and 1.
    Raises:  ValueError: not as many labels as texts, labels other than 0 and 1 or all the same, or an empty text.
    """

    def __init__(self, texts: Sequence[Words], labels: Sequence[int]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        if len(texts) != len(labels) or {*labels} != {0, 1}:
            raise ValueError(f"{len(texts)} texts and {len(labels)} labels, which are {sorted({*labels})}: each text "
                             "needs one, and both 0 and 1 must be there")
        _require_words(texts)
        # The texts are lists of words already: nothing is left for the vectorizer to cut.
        self.pipeline = make_pipeline(TfidfVectorizer(analyzer=list), LogisticRegression(max_iter=1000, tol=1e-8))
        self.pipeline.fit(texts, np.array(labels))

    def scores(self, texts: Sequence[Words]) -> Float[Tensor, " texts"]:
        """The logits of label 1; words that were never seen do not count.

        Raises:  ValueError: no text is given, or one is empty.
        """
        _require_words(texts)
        return torch.from_numpy(self.pipeline.decision_function(texts))

    def accuracy(self, texts: Sequence[Words], labels: Sequence[int]) -> float:
        """The share of texts that get their label; a ValueError where there is none, or one is empty."""
        return float(((self.scores(texts) > 0) == torch.tensor(labels).bool()).double().mean())


def _require_words(texts: Sequence[Words]) -> None:
    if not texts or not all(len(text) for text in texts):
        raise ValueError(f"one of {len(texts)} texts is empty, or there is none: leave empty texts out")
