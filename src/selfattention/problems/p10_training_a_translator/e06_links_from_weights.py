import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes


@exercise(points=2, minutes=6, builds_on="lesson 10, who looks at what", hints=(
    "Which rows and columns of the table belong to words? Cut the others off first.",
    "What is the number of a source word in the cut table, and what is it in the whole one?",
))
def links_from_weights(weights: Float[Tensor, "target_tokens source_tokens"]) -> list[tuple[int, int]]:
    """Guess from attention weights which source word each target word translates.

    Row t holds the weights with which target token t was chosen; the rows are the target words, then the end sign. The
    columns are the source's begin sign, its words, and its end sign, as many models read it (the lesson's own model
    reads only the words). Return a list with a pair of numbers (source word, target word) for each target *word*, in
    order; the source word is the *word* it looks at most. Words are counted from 0 on both sides. Signs are never
    linked.
    """
    strongest = weights[:-1, 1:-1].argmax(dim=-1)
    return [(source, target) for target, source in enumerate(strongest.tolist())]


links_from_weights.example(torch.tensor([[0.1, 0.2, 0.5, 0.1, 0.1],
                                         [0.5, 0.1, 0.1, 0.2, 0.1],
                                         [0.0, 0.1, 0.1, 0.1, 0.7]]))
links_from_weights.example(torch.tensor([[0.0, 0.25, 0.5, 0.25], [0.0, 0.25, 0.125, 0.625], [0.5, 0.0, 0.0, 0.5]]))


def attention(rng, target, source):
    """Weights for so many words on both sides, with the signs around them."""
    return torch.from_numpy(rng.normal(size=(target + 1, source + 2))).softmax(-1)


def linked(answer, *tables):
    replies = [answer(weights) for weights in tables]
    for links, weights in zip(replies, tables):
        rows, columns = weights.shape
        expected = []
        for target in range(rows - 1):
            best = 1
            for column in range(1, columns - 1):
                if weights[target, column] > weights[target, best]:
                    best = column
            expected.append((best - 1, target))
        probes.equal(links, expected, "the links differ")


def raised(weights, rows, column, by):
    """The same weights, but those rows look more at that column."""
    weights = weights.clone()
    weights[rows, column] += by
    return weights / weights.sum(dim=-1, keepdim=True)


@links_from_weights.check("links each target word with its strongest source word",
                          hint="In the example's first row, which column is the strongest, and which word is that?")
def strongest_word(answer, rng):
    linked(answer, attention(rng, 7, 11), attention(rng, 11, 3))


@links_from_weights.check("never links a sign, however strong its weight is",
                          hint="In the example's second row, the strongest column is not a word. What now?")
def no_signs(answer, rng):
    linked(answer, *(raised(attention(rng, 5, 7), slice(None), sign, 1e4) for sign in (0, -1)))


@links_from_weights.check("links several target words with one source word, and others with none",
                          hint="Two target words can translate the same source word. How many links must there be?")
def shared_words(answer, rng):
    weights = raised(raised(attention(rng, 5, 3), slice(1, 4), 3, 2.0), 0, 1, 1.0)
    linked(answer, weights, attention(rng, 1, 5), attention(rng, 2, 1))


@links_from_weights.mistake("looks for the strongest target word of each source word",
                            hint="How many links do you return: one for each target word, or for each source word?")
def wrong_axis(weights):
    return [(source, target) for source, target in enumerate(weights[:-1, 1:-1].argmax(dim=0).tolist())]


@links_from_weights.mistake("puts the target word first in a pair", hint="In which order is a pair asked for?")
def target_first(weights):
    return [(target, source) for target, source in enumerate(weights[:-1, 1:-1].argmax(dim=-1).tolist())]


@links_from_weights.mistake("returns only the source words",
                            hint="A link has two ends. Which of them does your result name?")
def sources_alone(weights):
    return weights[:-1, 1:-1].argmax(dim=-1).tolist()


@links_from_weights.mistake("counts words from 1 on both sides",
                            hint="Which number should the first word have? And in your pairs?")
def from_one(weights):
    return [(source + 1, target + 1) for target, source in enumerate(weights[:-1, 1:-1].argmax(dim=-1).tolist())]


@links_from_weights.mistake("counts source words from the begin sign",
                            hint="Which number should the first word of the source have? And in your pairs?")
def offset_left(weights):
    return [(source + 1, target) for target, source in enumerate(weights[:-1, 1:-1].argmax(dim=-1).tolist())]


@links_from_weights.mistake("lets the signs win, then subtracts 1 for the begin sign",
                            hint="What does a word get that looks most at the begin sign? Is −1 a word?")
def signs_win(weights):
    return [(source - 1, target) for target, source in enumerate(weights[:-1].argmax(dim=-1).tolist())]


@links_from_weights.mistake("takes the source's signs for words",
                            hint="What are the first and the last column of the table?")
def signs_are_words(weights):
    return [(source, target) for target, source in enumerate(weights[:-1].argmax(dim=-1).tolist())]


@links_from_weights.mistake("removes only the begin sign", hint="Which two columns of the source are not words?")
def end_left(weights):
    return [(source, target) for target, source in enumerate(weights[:-1, 1:].argmax(dim=-1).tolist())]


@links_from_weights.mistake("links the end sign of the target, too", hint="How many target words are in the example?")
def end_linked(weights):
    return [(source, target) for target, source in enumerate(weights[:, 1:-1].argmax(dim=-1).tolist())]


@links_from_weights.mistake("removes the first row instead of the last",
                            hint="Which row belongs to the end sign? Which word does row 0 choose?")
def first_row_off(weights):
    return [(source, target) for target, source in enumerate(weights[1:, 1:-1].argmax(dim=-1).tolist())]


@links_from_weights.mistake("leaves out target words whose strongest token is a sign",
                            hint="Is there a link for each target word? Which source *word* does it look at most?")
def left_out(weights):
    last = weights.shape[-1] - 1
    return [(source - 1, target) for target, source in enumerate(weights[:-1].argmax(dim=-1).tolist())
            if 0 < source < last]


@links_from_weights.mistake("links wherever a weight is above the average",
                            hint="How many links does each target word get in your code?")
def above_average(weights):
    words = weights[:-1, 1:-1]
    return [(int(source), int(target)) for target, source in (words > words.mean(dim=-1, keepdim=True)).nonzero()]


@links_from_weights.mistake("takes the weakest source word", hint="What does a large weight say about two words?")
def weakest(weights):
    return [(source, target) for target, source in enumerate(weights[:-1, 1:-1].argmin(dim=-1).tolist())]


@links_from_weights.alternative("NumPy")
def links_by_numpy(weights):
    words = np.asarray(weights)[:-1, 1:-1]
    return list(zip(np.argmax(words, axis=1).tolist(), range(len(words))))


@links_from_weights.alternative("signs excluded by minus infinity")
def signs_shut_out(weights):
    open_ = weights.clone()
    open_[:, [0, -1]] = -torch.inf
    return [(int(row.argmax()) - 1, target) for target, row in enumerate(open_[:-1])]
